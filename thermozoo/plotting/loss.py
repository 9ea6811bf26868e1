"""Loss per step during training, against its floor where that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermozoo.errors import ShapeError
from thermozoo.plotting.style import GRAY, PALETTE, axes_of, finite_array, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_loss"]

#: A level is drawn into the figure unless it would squeeze the curves into less than this part of
#: the axis.
_SMALLEST_PART = 0.12


@styled
def plot_loss(
    steps: ArrayLike,
    training: ArrayLike,
    validation: ArrayLike,
    *,
    floor: float | None = None,
    initial: float | None = None,
    xlabel: str = "cycle of training",
    validation_steps: ArrayLike | None = None,
) -> Figure:
    """Show training and validation loss per time step and, where it is known, the mean of a perfect model.

    The losses of a good and of a perfect computer differ by parts in a thousand: the left axis
    gives them in full, without an offset, and the right axis their distance from N/2, the mean loss of a perfect model
    where the loss is the action of the reverse step.

    Parameters
    ----------
    steps : (n,) array
        Where the losses were taken, such as the cycle of training.
    training : (n,) array
        Mean reverse loss per time step [1] of the noising trajectories trained on.
    validation : (n,) array
        The loss per step of one fixed noising trajectory [1], which follows the training.
    floor : float, optional
        N/2 [1], N the number of units that move; None for an objective or integrator for which that is not the mean
        loss of a perfect model: neither the level nor the right axis is drawn then.
    initial : float, optional
        Held-out loss of the untrained computer [1].
    xlabel : str
        What `steps` counts.
    validation_steps : array, optional
        Where `validation` was taken, if elsewhere than `steps`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If the arrays do not match, are empty or hold values that are not finite.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv 2506.15121, eq. 7.
    """
    from matplotlib.ticker import MaxNLocator

    x = finite_array(steps, "steps of the loss figure", 1)
    at = x if validation_steps is None else finite_array(validation_steps, "validation steps", 1)
    held_out = finite_array(validation, "validation loss", 1)
    trained = finite_array(training, "training loss", 1)
    if len(at) != len(held_out) or len(trained) != len(x):
        raise ShapeError(
            f"loss figure: {len(x)} steps, {len(trained)} training and "
            f"{len(held_out)} validation losses at {len(at)} steps; give one loss a step."
        )

    figure = new_figure(2.9)
    axes = axes_of(figure)
    _draw_training(axes, x, trained)
    few = len(at) <= 2
    axes.plot(
        at,
        held_out,
        color=PALETTE["blue"],
        linestyle="--" if few else "-",
        marker="o" if len(at) <= 30 else None,
        markersize=6 if few else 3.5,
        # two sets, whose levels differ by as much as single trajectories scatter
        label="one fixed trajectory (validation)",
        zorder=4,
    )
    curves = np.concatenate([trained, held_out])
    notes = _draw_levels(axes, curves, floor, initial)
    if few:
        for position, value in zip(at, held_out, strict=True):
            # Away from the line that joins the two points.
            above = value == held_out.max()
            axes.annotate(
                f"{value:.2f}",
                (position, value),
                xytext=(0, 7 if above else -7),
                textcoords="offset points",
                ha="center",
                va="bottom" if above else "top",
                color=PALETTE["blue"],
                fontsize=9,
            )
        axes.margins(x=0.35, y=0.22)
    center = float(curves.mean()) if floor is None else floor
    scale = 1e-3 * max(abs(center), 1.0)
    if max(np.ptp(curves), np.abs(curves - center).max()) < 1e-3 * scale:
        axes.set_ylim(center - scale, center + scale)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))  # trajectories and cycles are counted
    if len(x) == 1:
        axes.set_xticks(x)
    _label(axes, floor, xlabel)
    handles, labels = axes.get_legend_handles_labels()
    title = "\n".join(notes)
    axes.legend(handles, labels, loc="best", title=title or None, title_fontsize=8.5)
    return figure


def _draw_training(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Draw the training loss; where it is long and noisy, also its moving mean."""
    color = PALETTE["orange"]
    window = max(5, len(y) // 20)
    if len(y) < 30:
        axes.plot(x, y, color=color, marker="o", markersize=3.5, label="training trajectories")
        return
    axes.plot(x, y, color=color, alpha=0.5, linewidth=0.7, label="training trajectories")
    total = np.cumsum(np.concatenate([[0.0], y]))
    mean = (total[window:] - total[:-window]) / window
    center = (x[window - 1 :] + x[: len(x) - window + 1]) / 2
    axes.plot(center, mean, color=color, linewidth=1.5, label=f"their mean over {window} points")


def _draw_levels(
    axes: Axes,
    curves: NDArray[np.float64],
    floor: float | None,
    initial: float | None,
) -> list[str]:
    """Draw N/2 and the untrained computer as levels, or return in words what is too far."""
    notes = []
    low, high = float(curves.min()), float(curves.max())
    levels = [] if floor is None else [(floor, f"perfect model: $N/2$ = {floor:g}", "-")]
    if initial is not None:
        levels.append((initial, f"untrained: {initial:.2f}", ":"))
    for value, text, style in levels:
        whole = max(high, value) - min(low, value)
        # A curve without extent has nothing to be squeezed.
        if high > low and high - low < _SMALLEST_PART * whole:
            notes.append(f"beyond this axis, {text}")
        else:
            axes.axhline(value, color=GRAY, linewidth=1.1, linestyle=style, label=text, zorder=1)
    return notes


def _label(axes: Axes, floor: float | None, xlabel: str) -> None:
    """Write the axes: the loss in full at the left, its distance from N/2, where that is known, at the right."""
    from matplotlib.ticker import ScalarFormatter

    axes.set_ylabel("reverse loss per time step")
    axes.set_xlabel(xlabel)
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    if floor is None:
        return

    def above(loss: Any) -> Any:
        return loss - floor

    def back(distance: Any) -> Any:
        return distance + floor

    right = axes.secondary_yaxis("right", functions=(above, back))
    right.set_ylabel("distance from $N/2$")
    right.spines["right"].set_visible(True)
