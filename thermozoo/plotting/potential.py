"""One unit: its energy, its force and where it is found in equilibrium."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermozoo.errors import ShapeError
from thermozoo.plotting.style import GRAY, PALETTE, WIDTH, finite_array, new_figure, styled, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_potential"]

#: Height of a panel with the gap below it [inch].
_PANEL = 1.35

#: Beside the panels, for the labels of their axes [inch].
_MARGIN = 0.9


@styled
def plot_potential(
    x: ArrayLike,
    energy: ArrayLike,
    force: ArrayLike,
    density: ArrayLike | None = None,
    curvature: ArrayLike | None = None,
    title: str = "",
    formula: str = "",
    *,
    density_label: str = r"density $\propto e^{-U/kT}$",
) -> Figure:
    """Show energy, force and, if given, Boltzmann density and curvature of one uncoupled unit.

    The panels share the state's axis, and stable states (where the force changes sign from plus to
    minus) are marked in all of them: a minimum of the energy, a zero of the force and a peak of
    the density must coincide. A wrong sign shows at once.

    Parameters
    ----------
    x : (n,) array
        Increasing states [1].
    energy : (n,) array
        U(x) [E0].
    force : (n,) array
        -dU/dx [E0].
    density : (n,) array, optional
        Boltzmann density [1]; a driven unit has none.
    curvature : (n,) array, optional
        d2U/dx2 [E0].
    title, formula : str
        Name of the potential, and its formula as LaTeX without dollar signs; a formula that
        matplotlib cannot set, or that is wider than the figure, is left out.
    density_label : str
        Label of the density's axis, to say the temperature.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If the arrays do not match, are empty or hold values that are not finite.
    """
    states = finite_array(x, "states of the potential figure", 1)
    panels = [
        ("energy $U$ [$E_0$]", finite_array(energy, "energy", 1), PALETTE["blue"]),
        ("force $-U'$ [$E_0$]", finite_array(force, "force", 1), PALETTE["vermilion"]),
    ]
    if curvature is not None:
        values = finite_array(curvature, "curvature", 1)
        panels.append(("curvature $U''$ [$E_0$]", values, PALETTE["purple"]))
    if density is not None:
        panels.append((density_label, finite_array(density, "density", 1), PALETTE["green"]))
    for label, values, _ in panels:
        if len(values) != len(states):
            raise ShapeError(
                f"potential figure: {len(states)} states but {len(values)} values of the "
                f"{label.split()[0]}; give one value a state."
            )

    figure = new_figure(0.6 + _PANEL * len(panels))
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    stable = _stable_states(states, panels[1][1])
    for axes, (label, values, color) in zip(grid, panels, strict=True):
        axes.plot(states, values, color=color, marker="o" if len(states) == 1 else None)
        # no longer than its panel is high, so that it does not run into its neighbor
        axes.set_ylabel(wrapped(label, _PANEL))
        if label == density_label:
            axes.fill_between(states, values, color=color, alpha=0.15, linewidth=0)
            axes.set_ylim(bottom=0)
        else:
            axes.axhline(0, color=GRAY, linewidth=0.7)
        for state in stable:
            axes.axvline(state, color=GRAY, linewidth=0.9, linestyle=":")
    grid[-1].set_xlabel("state $x$" + ("   (dotted: stable)" if len(stable) else ""))
    if len(states) > 1:
        grid[-1].set_xlim(states[0], states[-1])
    figure.align_ylabels()
    heading = "    ".join(part for part in (title, f"${formula}$" if formula else "") if part)
    # a formula that is too long would run out of the figure; the name alone says which potential it is
    shown = heading if heading and _width(heading) < WIDTH - _MARGIN else title
    if shown:
        grid[0].set_title(shown)
    return figure


def _stable_states(x: NDArray[np.float64], force: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the force goes from pushing right to pushing left."""
    signs = np.sign(force)
    held = np.flatnonzero(signs)
    found = []
    for a, b in itertools.pairwise(held):
        if not signs[a] > 0 > signs[b]:
            continue
        if b > a + 1:  # the force is zero at a state, or along a flat bottom
            found.append(x[a + 1 : b].mean())
        else:
            found.append(x[a] + force[a] / (force[a] - force[b]) * (x[b] - x[a]))
    return np.array(found)


def _width(heading: str) -> float:
    """Return how wide a title is [inch]: infinitely, if matplotlib cannot set its formula (one with branches)."""
    from matplotlib import rcParams
    from matplotlib.textpath import TextPath

    try:
        return float(TextPath((0, 0), heading, size=rcParams["axes.titlesize"]).get_extents().width) / 72
    except ValueError:
        return float("inf")
