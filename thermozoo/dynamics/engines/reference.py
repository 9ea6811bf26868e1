"""The reference engine: NumPy, written to be read; the oracle of every other engine."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.base import Drive, Dynamics
from thermozoo.dynamics.noise import NoiseKey, check_numbers, normals
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.formula import Bound
from thermozoo.symbolic.trace import StepFormula, trace_step

__all__ = ["ReferenceEngine", "ReferenceStepper"]

Array = npt.NDArray[np.floating[Any]]


@attrs.frozen(eq=False)
class ReferenceStepper:
    """A law of motion as a loop over steps."""

    dynamics: Dynamics
    formula: StepFormula = attrs.field(init=False)
    bound: Bound = attrs.field(init=False)
    #: The index of the driven values that act, where values are driven.
    index: int = attrs.field(init=False, default=0)

    @formula.default
    def _formula(self) -> StepFormula:
        return trace_step(self.dynamics.integrator)

    @bound.default
    def _bound(self) -> Bound:
        return self._bound_at(self.dynamics.computer.temperature)

    def _bound_at(self, kT: float) -> Bound:
        d = self.dynamics
        return self.formula.bind(values_of(d.integrator), dt=d.dt, mobility=d.computer.mobility, kT=kT)

    def _of_step(self, step: int) -> ReferenceStepper:
        """Return the law of motion of a step, with its driven values."""
        driven = self.dynamics.driven
        if driven is None:
            return self
        law = copy.copy(self)
        object.__setattr__(law, "index", step + 1)
        object.__setattr__(law, "bound", self._bound_at(driven.kT(self.dynamics.one_computer, step + 1)))
        return law

    def _gradient(self, x: Array) -> Array:
        computer, driven = self.dynamics.one_computer, self.dynamics.driven
        return computer.gradient(x) if driven is None else driven.gradient(computer, x, self.index)

    def _evaluate(self, name: str, expression: Any, x: Array, forces: list[Array], noises: list[Array]) -> Array:
        f = self.formula
        arguments = [f.x, *f.forces[: len(forces)], *f.noises]
        return self.bound.function(name, arguments, expression)(x, *forces, *noises)[0]

    def _step(self, x: Array, imposed: Array | float, noises: list[Array]) -> Array:
        """Return the states after one step; `imposed` is the drive's force."""
        forces: list[Array] = []
        clamped = ~self.dynamics.computer.layout.free
        for k, stage in enumerate(self.formula.stages):
            at = x
            if stage != self.formula.x:
                at = self._evaluate(f"stage_{k}", stage, x, forces, noises)
                at[:, clamped] = x[:, clamped]  # clamped units act on others from where they are
            forces.append(imposed - self._gradient(at))
        return self._evaluate("step", self.formula.result, x, forces, noises)

    @staticmethod
    def _work(drive: Drive, signal: Array, k: int, x: Array) -> Array | float:
        """Return the sum over protocols of (a_k+1 - a_k) s . x_k of their units, shape (B,)."""
        total: Array | float = 0.0
        for intensity, units in drive.protocols:
            change = intensity[k + 1] - intensity[k]
            if change != 0.0:
                total = total + change * np.einsum("bi,bi->b", signal[:, units], x[:, units])
        return total

    def advance(
        self,
        x: Array,
        *,
        key: NoiseKey,
        first_step: int,
        steps: int,
        trajectories: npt.NDArray[np.int64],
        drive: Drive | None = None,
        record: Array | None = None,
        work: npt.NDArray[np.float64] | None = None,
    ) -> None:
        """See `thermozoo.dynamics.engines.base.Stepper.advance`."""
        check_numbers(first_step, steps, trajectories)
        layout = self.dynamics.computer.layout
        clamped = ~layout.free
        signal = drive.signals.astype(np.float64)[drive.which] if drive is not None else None
        for k in range(first_step, first_step + steps):
            imposed: Array | float = 0.0
            if drive is not None and signal is not None:
                if work is not None:
                    work -= self._work(drive, signal, k, x.astype(np.float64))
                imposed = (drive.on_units(k + 1) * signal).astype(x.dtype)
            noises = [
                normals(key, k, trajectories, layout.n, draw, x.dtype) for draw in range(len(self.formula.noises))
            ]
            after = self._of_step(k)._step(x, imposed, noises)
            after[:, clamped] = x[:, clamped]
            x[:] = after
            if record is not None:
                record[k - first_step] = x


class ReferenceEngine:
    """NumPy engine."""

    name = "reference"

    @property
    def details(self) -> dict[str, Any]:
        """What a manifest says of the engine: nothing besides its name."""
        return {}

    def available(self) -> None:
        """Return None: it needs NumPy alone."""

    def prepare(self, dynamics: Dynamics) -> ReferenceStepper:
        """Return the law of motion as a loop over steps."""
        return ReferenceStepper(dynamics)
