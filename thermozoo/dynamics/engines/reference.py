"""The reference engine: NumPy, written to be read; the oracle of every other engine."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.coloring import units_by_color
from thermozoo.dynamics.engines.base import Drive, Dynamics
from thermozoo.dynamics.noise import UNIFORM_DRAWS, NoiseKey, check_numbers, normals, uniforms
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
    colors: tuple[npt.NDArray[np.int64] | slice, ...] = attrs.field(init=False, repr=False)

    @formula.default
    def _formula(self) -> StepFormula:
        return trace_step(self.dynamics.integrator)

    @bound.default
    def _bound(self) -> Bound:
        d = self.dynamics
        constants = {"dt": d.dt, "mobility": d.computer.mobility, "kT": d.computer.temperature}
        return self.formula.bind(values_of(d.integrator), **constants)

    @colors.default
    def _colors(self) -> tuple[npt.NDArray[np.int64] | slice, ...]:
        by_color = self.dynamics.integrator.updates == "by color"
        return units_by_color(self.dynamics.one_computer) if by_color else (slice(None),)

    def _evaluate(self, name: str, expression: Any, x: Array, forces: list[Array], noises: list[Array]) -> Array:
        f = self.formula
        arguments = [f.x, *f.forces[: len(forces)], *f.noises, *f.uniforms]
        return self.bound.function(name, arguments, expression)(x, *forces, *noises)[0]

    def _step(self, x: Array, imposed: Array | float, noises: list[Array]) -> Array:
        """Return all states after a step; `imposed` is the drive's force, `noises` are all random numbers."""
        forces: list[Array] = []
        clamped = ~self.dynamics.computer.layout.free
        for k, stage in enumerate(self.formula.stages):
            at = x
            if stage != self.formula.x:
                at = self._evaluate(f"stage_{k}", stage, x, forces, noises)
                at[:, clamped] = x[:, clamped]  # clamped units act on others from where they are
            forces.append(imposed - self.dynamics.one_computer.gradient(at))
        return self._evaluate("step", self.formula.result, x, forces, noises)

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
                    work -= drive.work(signal, k, x.astype(np.float64))
                imposed = (drive.on_units(k + 1) * signal).astype(x.dtype)
            noises = [
                normals(key, k, trajectories, layout.n, draw, x.dtype) for draw in range(len(self.formula.noises))
            ]
            noises += [
                uniforms(key, k, trajectories, layout.n, UNIFORM_DRAWS + draw, x.dtype)
                for draw in range(len(self.formula.uniforms))
            ]
            for units in self.colors:  # all at once, or one color after the other
                after = self._step(x, imposed, noises)
                after[:, clamped] = x[:, clamped]
                x[:, units] = after[:, units]
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
