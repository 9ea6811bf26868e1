"""What annealing a problem leaves: the best state of each read."""

from __future__ import annotations

import html
from collections.abc import Hashable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.digits import count, plain, plus_minus, significant
from thermozoo.problems.problem import IsingProblem

__all__ = ["Annealed"]

Array = npt.NDArray[np.floating[Any]]

#: What is sought of each kind of problem.
_SOUGHT = {"max-cut": "largest cut", "ising": "lowest energy", "qubo": "least value"}


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Annealed:
    """The best states that annealing has found, one a read.

    Parameters
    ----------
    problem : IsingProblem
        What was asked.
    states : ndarray of int8, shape (reads, n)
        The best state that each read has shown, as spins -1 and 1.
    energies : ndarray, shape (reads,)
        Their energies [energy].
    method : str
        ``"anneal"`` or ``"tempering"``.
    sweeps : int
        Updates of every unit in a read, at each temperature.
    temperatures : ndarray
        kT from the first sweep to the last, hot and cold; of tempering that of each rung, the coldest first [energy].
    integrator : str
        How units were updated.
    engine : str
        What updated them.
    seed : int
        Seed of all random numbers.
    acceptance : ndarray, shape (rungs - 1,), or None
        Of tempering: share of the exchanges of each rung with the next that were accepted.
    round_trips : ndarray of int, shape (reads,), or None
        Of tempering: how often replicas of a ladder went from the coldest rung to the hottest and back.

    Attributes
    ----------
    objective : ndarray, shape (reads,)
        What is asked of the states: cuts, energies, or values of a QUBO.
    best : float
        The best of them.
    best_state : ndarray of int8, shape (n,)
        A state that has it.
    assignment : dict
        The same as the value of each variable by its label: of a QUBO 0 and 1, else -1 and 1.
    """

    problem: IsingProblem
    states: npt.NDArray[np.int8]
    energies: Array
    method: str
    sweeps: int
    temperatures: Array
    integrator: str
    engine: str
    seed: int
    acceptance: Array | None = None
    round_trips: npt.NDArray[np.int64] | None = None

    @property
    def objective(self) -> Array:
        """What is asked of the states, shape (reads,): cuts, energies, or values of a QUBO."""
        found: Array = self.problem.objective_of_energy(self.energies)
        return found

    @property
    def best(self) -> float:
        """The best objective of all reads."""
        return float(self.objective[self.energies.argmin()])

    @property
    def best_state(self) -> npt.NDArray[np.int8]:
        """A state that has it, as spins, shape (n,)."""
        found: npt.NDArray[np.int8] = self.states[self.energies.argmin()]
        return found

    @property
    def assignment(self) -> dict[Hashable, int]:
        """The value of each variable in it by label: of a QUBO 0 and 1, else -1 and 1."""
        return self.problem.assignments(self.best_state[None])[0]

    def to_sampleset(self) -> Any:
        """Return the states as a dimod ``SampleSet``, a row a read, with the model's labels, values and energies."""
        return self.problem.to_sampleset(self.states)

    def _lines(self) -> list[tuple[str, str]]:
        """Return what it says of itself, a name and a text each."""
        reads = len(self.energies)
        mean, error = float(self.objective.mean()), None
        if reads > 1:
            error = float(self.objective.std(ddof=1)) / reads**0.5
        cold, hot = float(self.temperatures.min()), float(self.temperatures.max())
        how = f"cooled from kT = {significant(hot)} to {significant(cold)}"
        if self.method == "tempering":
            how = f"at {len(self.temperatures)} temperatures, kT = {significant(cold)} to {significant(hot)}"
        return [
            (_SOUGHT[self.problem.kind], plain(self.best)),
            ("mean of reads", plus_minus(mean, error)),
            ("reads that have it", f"{int((self.energies == self.energies.min()).sum())} of {count(reads)}"),
            ("variables", count(self.problem.n)),
            ("a read", f"{count(self.sweeps)} sweeps of {self.integrator}, {how}"),
            ("engine, seed", f"{self.engine}, {self.seed}"),
        ]

    def __repr__(self) -> str:
        return "annealed\n" + "\n".join(f"  {name}: {said}" for name, said in self._lines())

    def _repr_html_(self) -> str:
        """Show the best of the reads in a notebook."""
        rows = "".join(f"<tr><th>{html.escape(n)}</th><td>{html.escape(said)}</td></tr>" for n, said in self._lines())
        return f"<table>{rows}</table>"
