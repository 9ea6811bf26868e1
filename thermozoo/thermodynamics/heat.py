"""The first law: heat, work and energy of every trajectory, by term of the energy.

With fixed parameters Q = V(x_start) - V(x_end) > 0 is heat released. With driven parameters the drive does the work
W = sum_k [V(x_k; lambda_(k+1)) - V(x_k; lambda_k)] and Q = W - (V_end - V_start). All of it in double precision.
A program switches its parameters between windows, and a schedule changes what it drives in every step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import real_array
from thermozoo.dynamics.trajectories import EnergyTerms
from thermozoo.dynamics.windows import Switch
from thermozoo.dynamics.work import DrivenWork
from thermozoo.errors import ParameterError, ShapeError

__all__ = ["HeatLedger", "Observed", "heat_by_window"]

Array = npt.NDArray[np.floating[Any]]


class Observed(Protocol):
    """Energies by term, observed before some steps; `thermozoo.dynamics.trajectories.EnergyTerms` for example."""

    @property
    def steps(self) -> Sequence[int]:
        """The steps."""

    @property
    def terms(self) -> Mapping[str, Array]:
        """Energy by term, each of shape (observations, trajectories) [energy]."""


@attrs.frozen(eq=False)
class HeatLedger:
    """Heat released by every trajectory up to each observed time, by term.

    Parameters
    ----------
    terms : dict of str to ndarray, shape (observations, trajectories)
        Energy by term [energy].
    work : dict of str to ndarray, shape (observations, trajectories)
        Work done on each term since the start, by a drive or by switching parameters [energy]; a term without work
        may be left out.

    Raises
    ------
    ParameterError
        When there is no term, or work is done on what is no term of the energy.
    ShapeError
        When terms or work have different shapes, or hold no observation.
    """

    terms: Mapping[str, Array]
    work: Mapping[str, Array] = attrs.field(factory=dict)

    @classmethod
    def of(cls, energies: Observed, switches: Sequence[Switch] = (), driven: DrivenWork | None = None) -> HeatLedger:
        """Return the ledger of a simulation: observed energies, switches on its way, work of driven values."""
        terms = energies.terms
        work = cls._of_switches(energies, switches) if switches else {}
        if driven is not None:
            for name, sums in driven.at(energies.steps).items():
                work[name] = work[name] + sums if name in work else sums
        return cls(terms, work)

    @staticmethod
    def _of_switches(energies: Observed, switches: Sequence[Switch]) -> dict[str, Array]:
        terms = energies.terms
        booked = {name: [np.zeros_like(values[0])] for name, values in terms.items()}
        for switch in switches:
            for name, sums in booked.items():
                sums.append(sums[-1] + switch.after[name] - switch.before[name])
        # the energy observed at a switch is that of the window that begins
        done = np.searchsorted([switch.step for switch in switches], energies.steps, side="right")
        return {name: np.stack(sums)[done] for name, sums in booked.items()}

    def __attrs_post_init__(self) -> None:
        strange = [name for name in self.work if name not in self.terms]
        if strange:
            raise ParameterError(
                f"work is done on {strange[0]!r}, which is no term of the energy (terms: {', '.join(self.terms)}): "
                "heat is work less the change of energy, so give the energy of that term as well"
            )
        if not self.terms:
            raise ParameterError("a ledger needs at least one term of the energy, got none")
        shape: tuple[int | str, ...] = ("observations", "trajectories")
        for name, values in [*self.terms.items(), *self.work.items()]:
            shape = real_array(f"energy or work of term {name!r}", values, shape).shape
        if shape[0] == 0:
            raise ShapeError("a ledger needs at least one observation, got none")

    @property
    def by_term(self) -> dict[str, Array]:
        """Heat released so far out of each term, shape (observations, trajectories) [energy].

        It is work - (energy - initial energy).
        """
        return {name: self.work.get(name, 0.0) - (energy - energy[0]) for name, energy in self.terms.items()}

    @property
    def heat(self) -> Array:
        """Heat released so far, shape (observations, trajectories) [energy]."""
        total: Array = np.sum(list(self.by_term.values()), axis=0)
        return total

    @property
    def total(self) -> Array:
        """Heat of each whole trajectory, shape (trajectories,) [energy]."""
        final: Array = self.heat[-1]
        return final

    @property
    def total_work(self) -> Array:
        """Work done on each whole trajectory, shape (trajectories,) [energy]."""
        total = np.zeros(next(iter(self.terms.values())).shape[1])
        for work in self.work.values():
            total += work[-1]
        return total

    def means(self) -> dict[str, Array]:
        """Return the mean heat released so far by term, each of shape (observations,) [energy]."""
        return {name: part.mean(axis=1) for name, part in self.by_term.items()}


def heat_by_window(energies: EnergyTerms, switches: Sequence[Switch] = (), driven: DrivenWork | None = None) -> Array:
    """Return the heat that every trajectory released in each window, shape (windows, trajectories) [energy].

    It is the energy lost there, and the work of driven values inside of the window.
    """
    terms = energies.terms
    first, last = ({name: values[k] for name, values in terms.items()} for k in (0, -1))
    begins = [first, *(switch.after for switch in switches)]
    ends = [*(switch.before for switch in switches), last]
    heat = np.stack([sum(a.values()) - sum(b.values()) for a, b in zip(begins, ends, strict=True)])
    if driven is not None:
        edges = [energies.steps[0], *(switch.step for switch in switches), energies.steps[-1]]
        for sums in driven.at(edges).values():
            heat += np.diff(sums, axis=0)
    return heat
