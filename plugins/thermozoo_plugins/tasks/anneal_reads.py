"""What reads say together: how many succeed, how long a solution takes, and what it cost."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.anneal_figures import AnnealFigures
from thermozoo_plugins.tasks.tempering import Ladders

__all__ = ["Known", "Reads", "cut_weight", "figures_of", "reads_needed", "share", "wilson"]

Array = npt.NDArray[np.float64]

#: Normal quantile of two-sided 95 %.
_Z = 1.959963984540054

#: The share of attempts that a time to solution promises.
_SURE = 0.99

#: Rounding of an energy, relative to all of its terms.
_ROUNDING = 1e-9


@attrs.frozen
class Known:
    """An energy that is known.

    Parameters
    ----------
    energy : float
        The energy.
    source : str
        Where it is from.
    """

    energy: float
    source: str


@attrs.frozen(eq=False)
class Reads:
    """What was found.

    Parameters
    ----------
    energies : ndarray, shape (reads,)
        The lowest energy of each.
    states : ndarray of int8, shape (reads, variables)
        Its state.
    seconds : float
        How long all took together.
    observations : int
        How often states were looked at.
    heat, work : ndarray, shape (reads,), or None
        What each released, and what was done on it [kT at the end]; None of tempering.
    ladders : Ladders or None
        The rungs of tempering.
    """

    energies: Array
    states: npt.NDArray[np.int8]
    seconds: float
    observations: int
    heat: Array | None = None
    work: Array | None = None
    ladders: Ladders | None = None


def cut_weight(problem: Any) -> float:
    """Return W of cut = (W - E) / 2: all weights of the graph, fields being those with one more vertex, and the offset.

    A pair contributes J s s' = J - 2 J (s != s') to the energy, and a field h s = h - 2 h (s != 1).
    """
    return float(problem.total_weight + problem.fields.sum() + problem.offset)


def share(found: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the share of what is true, and its standard error.

    The error is that of the share with two more of each kind, by Agresti and Coull: it is not zero where none is true,
    or all are.
    """
    count, all_ = int(found.sum()), len(found)
    widened = (count + 2) / (all_ + 4)
    return count / all_, math.sqrt(widened * (1 - widened) / (all_ + 4))


def wilson(count: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    p, z2 = count / of, _Z**2
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of**2))
    return (0.0 if count == 0 else middle - half), (1.0 if count == of else middle + half)


def _mean(values: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def reads_needed(p: float) -> float:
    """Return after how many reads one has succeeded with 99 %: at least one, where a share p of them succeeds."""
    if p <= 0:
        return math.inf
    return 1.0 if p >= _SURE else math.log(1 - _SURE) / math.log1p(-p)


def figures_of(
    problem: Any,
    reads: Reads,
    known: Known | None,
    *,
    within: float,
    units: str,
    sweeps: int,
    duration: float,
) -> AnnealFigures:
    """Return the figures of reads; without an energy that is known, the best of them is the target."""
    energies, count = reads.energies, len(reads.energies)
    best, weight = float(energies.min()), cut_weight(problem)
    target = known or Known(best, "the best of these reads")
    wanted = float(problem.objective_of_energy(target.energy))
    # how much is missing, as an energy: of a cut, half of it is missing from the cut
    missing = (energies - target.energy) / (2 if problem.maximized else 1)
    scale = float(np.abs(problem.strengths).sum() + np.abs(problem.fields).sum() + abs(problem.offset))
    reached = missing <= within * abs(wanted) + _ROUNDING * scale
    p, p_se = share(reached)
    low, high = wilson(int(reached.sum()), count)
    needed = reads_needed(p)
    per_read = reads.seconds / count
    energy_mean, energy_se = _mean(energies)
    heat_mean, heat_se = (None, None) if reads.heat is None else _mean(reads.heat)
    ladders = reads.ladders
    trips, trips_se = (None, None) if ladders is None else _mean(ladders.round_trips)

    def after(one: float) -> float | None:
        return one * needed if math.isfinite(needed) else None

    return AnnealFigures(
        kind=problem.kind,
        variables=problem.n,
        couplings=len(problem.edges),
        units=units,
        method="anneal" if ladders is None else "tempering",
        reads=count,
        sweeps=sweeps,
        duration=duration,
        observations=reads.observations,
        best_energy=best,
        best_cut=(weight - best) / 2,
        weight=weight,
        relation=f"cut = (W - E) / 2 with W = {weight:g}",
        energy_mean=energy_mean,
        energy_se=energy_se,
        energy_std=float(energies.std(ddof=1)),
        energy_quantiles=tuple(np.quantile(energies, [0, 0.25, 0.5, 0.75, 1]).tolist()),
        distinct=len(np.unique(reads.states, axis=0)),
        target=target.energy,
        target_source=target.source,
        within=within,
        gap=float(missing.min()) / abs(wanted) if known and wanted else None,
        gap_mean=float(missing.mean()) / abs(wanted) if known and wanted else None,
        success=p,
        success_se=p_se,
        time_to_solution_99=after(sweeps),
        time_to_solution_99_low=sweeps * reads_needed(high),
        time_to_solution_99_high=sweeps * reads_needed(low) if low > 0 else None,
        time_to_solution_99_duration=after(duration),
        time_to_solution_99_seconds=after(per_read),
        seconds_per_read=per_read,
        updates_per_second=count * sweeps * problem.n / reads.seconds,
        heat_mean_kT=heat_mean,
        heat_se_kT=heat_se,
        work_mean_kT=None if reads.work is None else float(reads.work.mean()),
        temperatures=None if ladders is None else ladders.temperatures,
        acceptance=None if ladders is None else ladders.acceptance,
        round_trips=trips,
        round_trips_se=trips_se,
        reference={} if known is None else {"best_energy": known.energy, "best_cut": (weight - known.energy) / 2},
        error_bars={"energy_mean": energy_se, "success": p_se},
    )
