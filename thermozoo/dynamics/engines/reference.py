"""The reference engine: NumPy, written to be read; the oracle of every other engine."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.base import Drive, Dynamics, check_held
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

    @formula.default
    def _formula(self) -> StepFormula:
        return trace_step(self.dynamics.integrator)

    @bound.default
    def _bound(self) -> Bound:
        d = self.dynamics
        constants = {"dt": d.dt, "mobility": d.computer.mobility, "kT": d.computer.temperature}
        return self.formula.bind(values_of(d.integrator), **constants)

    def _evaluate(
        self, name: str, expression: Any, x: Array, held: list[Array], forces: list[Array], noises: Any
    ) -> Array:
        f = self.formula
        arguments = [f.x, *f.variables.values(), *f.forces[: len(forces)], *f.noises]
        return self.bound.function(name, arguments, expression)(x, *held, *forces, *noises)[0]

    def _step(
        self,
        x: Array,
        imposed: Array | float,
        noises: list[Array],
        variables: dict[str, Array] | None = None,
        first: Array | None = None,
    ) -> Any:
        """Return the states after one step, and with auxiliary variables these and the last force as well.

        Parameters
        ----------
        x : ndarray, shape (B, n)
            States before it.
        imposed : ndarray or float
            The drive's force.
        noises : list of ndarray
            Its noises.
        variables : dict of str to ndarray, optional
            Auxiliary variables before it.
        first : ndarray, optional
            The first force, where the last step's is the same.
        """
        f = self.formula
        held = [] if variables is None else [variables[name] for name in f.variables]
        forces: list[Array] = []
        clamped = ~self.dynamics.computer.layout.free
        places: list[Array] = []
        for k, stage in enumerate(f.stages):
            at = x
            if stage != f.x:
                at = self._evaluate(f"stage_{k}", stage, x, held, forces, noises)
                at[:, clamped] = x[:, clamped]  # clamped units act on others from where they are
            places.append(at)
            if k == 0 and first is not None:
                forces.append(first)
            else:
                forces.append(imposed - self.dynamics.one_computer.gradient(at))
        # where the last force is that of the state after the step, both are one number, bit for bit
        after = places[-1] if f.carries else self._evaluate("step", f.result, x, held, forces, noises)
        if variables is None:
            return after
        moved = {name: self._evaluate(f"after_{name}", one, x, held, forces, noises) for name, one in f.after.items()}
        return after, moved, forces[-1] if f.carries else None

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
        variables: dict[str, Array] | None = None,
    ) -> None:
        """See `thermozoo.dynamics.engines.base.Stepper.advance`."""
        check_numbers(first_step, steps, trajectories)
        check_held(self.dynamics, variables)
        layout = self.dynamics.computer.layout
        free, clamped = layout.free, ~layout.free
        force: Array | None = None
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
            if variables:
                after, moved, last = self._step(x, imposed, noises, variables, force)
                # a drive may change from one step to the next, and its force with it
                force = last if drive is None else None
                for name, values in moved.items():
                    variables[name][:, free] = values[:, free]
            else:
                after = self._step(x, imposed, noises)
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
