"""What sampling a Boltzmann machine of images gives: figures, and the data set of a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.boltzmann_figures import BoltzmannFigures, Shown
from thermozoo_plugins.tasks.boltzmann_learning import VISIBLE
from thermozoo_plugins.tasks.boltzmann_reference import known_figures

if TYPE_CHECKING:
    import xarray

__all__ = ["Sampled", "doubts_of", "figures_of", "samples_of"]

Array = npt.NDArray[np.floating[Any]]

#: Fraction of the updates that the first and the last gap are means over.
_TENTH = 10


@attrs.frozen(eq=False)
class Sampled:
    """What learning and sampling leave.

    Parameters
    ----------
    images : Prototypes
        The learned images.
    shown : ndarray, shape (images, visible)
        States that show them.
    gaps : ndarray, shape (updates,)
        Difference of means at each update.
    start, generated, relaxed : ndarray, shape (samples, visible)
        Visible units before couplings were switched on, after a generation, and after the relaxation.
    heat, heat_relaxed : ndarray, shape (samples,)
        Heat until then [kT].
    trace : Trace
        Energy, and resemblance with the learned images, in the relaxation.
    """

    images: Any
    shown: Array
    gaps: Array
    start: Any = None
    generated: Any = None
    relaxed: Any = None
    heat: Any = None
    heat_relaxed: Any = None
    trace: Any = None


def _mean(values: Array) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def _shown(images: Any, outputs: Array, time: float, untrained: Array | None = None) -> Shown:
    """Return how good outputs are."""
    outputs = outputs.astype(np.float64)
    correlations = images.correlations(outputs)
    nearest, nearest_se = _mean(correlations.max(axis=1))
    counts = np.bincount(correlations.argmax(axis=1), minlength=len(images.images))
    quality = images.quality(outputs, untrained)
    row: dict[str, Any] = attrs.asdict(quality.rows[0]) if quality is not None else {}
    right, several = row.get("judged_right"), len(outputs)
    # two more of each: the error bar is above zero where none or all are right
    spread = None if right is None else math.sqrt(_laplace(right, several) * (1 - _laplace(right, several)) / several)
    names = ("diversity", "frechet_components", "frechet_features", "precision", "recall")
    return Shown(
        time=time,
        nearest=nearest,
        nearest_se=nearest_se,
        judged_right=right,
        judged_right_se=spread,
        shares=tuple((counts / several).tolist()),
        **{name: row.get(name) for name in names},
    )


def _laplace(share: float, several: int) -> float:
    return (share * several + 2) / (several + 4)


def figures_of(task: Any, config: Any, computer: Any, sampled: Sampled) -> BoltzmannFigures:
    """Return the figures of a run."""
    from thermozoo import effective_sample_size, split_r_hat

    step = config.dynamics.dt * computer.mobility
    duration, relaxing = step * config.dynamics.steps, step * round(task.relaxation * config.dynamics.steps)
    trace = sampled.trace.values
    moving = [one for one in trace if np.ptp(one) > 0]
    every = step * task.observe_every * sampled.trace.every

    def time(one: Array) -> float:
        return float(every * one.size / effective_sample_size(one, ranked=False))

    resemblance = trace[1:]
    tenth = max(1, len(sampled.gaps) // _TENTH)
    heat, heat_se = _mean(sampled.heat)
    later, later_se = _mean(sampled.heat_relaxed)
    generated = _shown(sampled.images, sampled.generated, duration, sampled.start)
    ours = {
        "heat_mean_kT": (heat, heat_se),
        "nearest": (generated.nearest, generated.nearest_se),
        "judged_right": (generated.judged_right, generated.judged_right_se),
    }
    known = known_figures(sampled.images.images, duration)
    return BoltzmannFigures(
        units="continuous units" if computer.onsite.potentials[VISIBLE].states is None else "p-bits",
        images=len(sampled.shown),
        visible=sampled.shown.shape[1],
        hidden=computer.n - sampled.shown.shape[1],
        couplings=computer.couplings.size,
        coupling_norm_kT=float(np.linalg.norm(computer.couplings.vector) / computer.temperature),
        updates=task.updates,
        persistent=task.persistent,
        gap_first=float(sampled.gaps[:tenth].mean()),
        gap_last=float(sampled.gaps[-tenth:].mean()),
        samples=len(sampled.heat),
        generated=generated,
        relaxed=_shown(sampled.images, sampled.relaxed, duration + relaxing),
        heat_mean_kT=heat,
        heat_se_kT=heat_se,
        heat_relaxed_kT=later,
        heat_relaxed_se_kT=later_se,
        autocorrelation_time_energy=time(trace[0]),
        autocorrelation_time_slowest=max(time(one) for one in moving) if moving else math.nan,
        r_hat=max((split_r_hat(one) for one in moving), default=math.nan),
        switched=float((resemblance[:, :, 0].argmax(axis=0) != resemblance[:, :, -1].argmax(axis=0)).mean()),
        reference={name: value for name, (value, _) in known.items()},
        error_bars={name: math.hypot(se, ours[name][1] or 0.0) for name, (_, se) in known.items()},
    )


def samples_of(sampled: Sampled, step: float) -> xarray.Dataset:
    """Return images, what was learned when, and traces, with dimensions and units."""
    import xarray

    from thermozoo import autocorrelation

    height, width = sampled.images.shape
    pixel = ("row", "column")

    def pictures(states: Array) -> tuple[tuple[str, ...], Array]:
        return ("sample", *pixel), np.asarray(states, dtype=np.float32).reshape(-1, height, width)

    trace = sampled.trace.values
    return xarray.Dataset(
        {
            "learned": (("image", *pixel), sampled.images.images.astype(np.float32).reshape(-1, height, width)),
            "shown": (("image", *pixel), sampled.shown.astype(np.float32).reshape(-1, height, width)),
            "start": pictures(sampled.start),
            "generated": pictures(sampled.generated),
            "relaxed": pictures(sampled.relaxed),
            "gap": ("update", sampled.gaps, {"long_name": "difference of means of data and model"}),
            "energy": ("time", trace[0].mean(axis=0), {"units": "kT", "long_name": "mean energy in the relaxation"}),
            "autocorrelation": (
                ("quantity", "time"),
                np.stack([autocorrelation(one) for one in trace]),
                {"long_name": "of the energy, and of the resemblance with each learned image, about the mean of all"},
            ),
        },
        coords={
            "label": ("image", sampled.images.labels),
            "time": (
                "time",
                step * sampled.trace.every * np.arange(trace.shape[2]),
                {"units": "1 / (mobility E0)", "long_name": "time since the end of the generation, or lag"},
            ),
        },
    )


def doubts_of(figures: BoltzmannFigures) -> list[str]:
    """Return what is to be doubted about the figures."""
    found = []
    if not figures.r_hat <= 1.01:
        found.append(
            f"chains do not agree: split R-hat is {figures.r_hat:.3g}, above 1.01, so that the time to equilibrate is "
            "longer than autocorrelation says; take a longer task.relaxation, or fewer images"
        )
    if figures.gap_last > figures.gap_first:
        found.append(
            "learning went away from the data: the difference of means is larger in the last tenth of the updates than "
            "in the first; take a smaller task.learning_rate"
        )
    return found
