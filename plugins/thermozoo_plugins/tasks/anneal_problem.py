"""The problem of the task `anneal`: from a file, or a planted spin glass; and what is known of its best energy."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError, ParameterError
from thermozoo_plugins.tasks.anneal_reads import Known

__all__ = ["MOST_ENUMERATED", "Asked", "asked_of", "enumerated", "known_of", "seconds_to_enumerate"]

#: Variables of the largest problem whose states are all gone through, and of the one with which that is timed.
MOST_ENUMERATED, _TIMED = 24, 16


@attrs.frozen(eq=False)
class Asked:
    """A problem, and what is known of it before the run.

    Parameters
    ----------
    problem : IsingProblem
        The problem.
    known : Known or None
        Its least energy, where that is known.
    planted : ndarray of int8, shape (variables,), or None
        A state that has it, of a planted problem.
    side : int
        Sites along each side of its lattice; 0 where it has none.
    """

    problem: Any
    known: Known | None = None
    planted: npt.NDArray[np.int8] | None = None
    side: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of the energy."""
        problem, sha = self.problem, hashlib.sha256()
        for one in (problem.fields, problem.edges, problem.strengths, np.array([problem.offset])):
            sha.update(np.ascontiguousarray(one).data)
        return sha.hexdigest()

    def check(self, digest: str, path: str) -> None:
        """Refuse to go on with another problem than that of a digest; `path` is its file.

        Raises
        ------
        DataError
            When it is another one.
        """
        if self.digest != digest:
            raise DataError(
                f"task.graph: {path} holds another problem here than when the run began: leave it as it is until the "
                "run ends, alike for all workers"
            )


def asked_of(graph: str, kind: str, side: int, seed: int) -> Asked:
    """Return the problem of a file, or, without one, a planted spin glass.

    Raises
    ------
    DataError, ParameterError
        When the file cannot be read, or is no problem.
    """
    from thermozoo import ising_problem, planted_spin_glass

    if graph:
        problem = ising_problem(graph, kind or None)
        return Asked(problem, known_of(graph, problem))
    made = planted_spin_glass(side, seed)
    return Asked(made.problem, Known(made.energy, "planted"), made.state, side)


def known_of(path: str, problem: Any) -> Known | None:
    """Return the largest cut that is known of a graph, as an energy, where its file is named like one of the G-set.

    Parameters
    ----------
    path : str
        Its file, such as ``"G22"`` or ``"G22.txt"``.
    problem : IsingProblem
        What it holds; a graph of another size is another graph.
    """
    from thermozoo import best_known

    if problem.kind != "max-cut":
        return None
    try:
        found = best_known(Path(path).stem.upper())
    except ParameterError:  # which is not in the list
        return None
    if (found.vertices, found.edges) != (problem.n, len(problem.edges)):
        return None
    source = next(name for name, cut in found.cuts if cut == found.highest)
    return Known(float(problem.energy_of_objective(found.highest)), f"{found.instance} by {source}, not proven")


def enumerated(problem: Any) -> Known:
    """Return the least energy of a problem of few variables, by enumeration."""
    return Known(float(problem.optima(keep=1).energy), "enumeration")


def seconds_to_enumerate(problem: Any) -> float:
    """Return how long that will take [second], by a smaller problem."""
    import time

    few = min(problem.n, _TIMED)
    inside = (problem.edges < few).all(axis=1)
    smaller = type(problem)(problem.fields[:few], problem.edges[inside], problem.strengths[inside])
    begun = time.perf_counter()
    smaller.optima(keep=1)
    return float((max(0.0, time.perf_counter() - begun)) * 2 ** (problem.n - few))
