"""The reference engine: NumPy, written to be read; the oracle of every other engine."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.coloring import units_by_color
from thermozoo.dynamics.core_engines import ReferenceEngine
from thermozoo.dynamics.engines.base import Drive, Dynamics, check_held
from thermozoo.dynamics.engines.batch import STRETCH, Batch, BatchState, Resting
from thermozoo.dynamics.noise import UNIFORM_DRAWS, NoiseKey, normals, uniforms
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.formula import Bound
from thermozoo.symbolic.trace import StepFormula, trace_step

__all__ = ["ReferenceBatch", "ReferenceEngine", "ReferenceStepper"]

Array = npt.NDArray[np.floating[Any]]


@attrs.frozen(eq=False)
class ReferenceStepper:
    """A law of motion as a loop over steps."""

    dynamics: Dynamics
    formula: StepFormula = attrs.field(init=False)
    bound: Bound = attrs.field(init=False)
    colors: tuple[npt.NDArray[np.int64] | slice, ...] = attrs.field(init=False, repr=False)
    #: The index of the driven values that act, where values are driven.
    index: int = attrs.field(init=False, default=0)

    @formula.default
    def _formula(self) -> StepFormula:
        return trace_step(self.dynamics.integrator)

    @bound.default
    def _bound(self) -> Bound:
        return self._bound_at(self.dynamics.kT)

    def _bound_at(self, kT: float | Array) -> Bound:
        d = self.dynamics
        return self.formula.bind(values_of(d.integrator), dt=d.dt, mobility=d.computer.mobility, kT=kT)

    def _of_step(self, step: int) -> ReferenceStepper:
        """Return the law of motion of a step, with its driven values."""
        driven = self.dynamics.driven
        if driven is None:
            return self
        law = copy.copy(self)
        object.__setattr__(law, "index", step + 1)
        if driven.temperature is not None:
            object.__setattr__(law, "bound", self._bound_at(driven.kT(self.dynamics.one_computer, step + 1)))
        return law

    def _gradient(self, x: Array) -> Array:
        computer, driven = self.dynamics.one_computer, self.dynamics.driven
        return computer.gradient(x) if driven is None else driven.gradient(computer, x, self.index)

    @colors.default
    def _colors(self) -> tuple[npt.NDArray[np.int64] | slice, ...]:
        by_color = self.dynamics.integrator.updates == "by color"
        return units_by_color(self.dynamics.one_computer) if by_color else (slice(None),)

    def _evaluate(
        self, name: str, expression: Any, x: Array, held: list[Array], forces: list[Array], noises: Any
    ) -> Array:
        f = self.formula
        arguments = [f.x, *f.variables.values(), *f.forces[: len(forces)], *f.noises, *f.uniforms]
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
            All its random numbers.
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
                forces.append(imposed - self._gradient(at))
        # where the last force is that of the state after the step, both are one number, bit for bit
        after = places[-1] if f.carries else self._evaluate("step", f.result, x, held, forces, noises)
        if variables is None:
            return after
        moved = {name: self._evaluate(f"after_{name}", one, x, held, forces, noises) for name, one in f.after.items()}
        return after, moved, forces[-1] if f.carries else None

    def begin(
        self, start: Resting, drive: Drive | None = None, *, working: bool = True, stretch: int = STRETCH
    ) -> ReferenceBatch:
        """See `thermozoo.dynamics.engines.base.Stepper.begin`."""
        return ReferenceBatch(self, start.state(), drive, working)

    def do_steps(
        self,
        x: Array,
        *,
        key: NoiseKey,
        first_step: int,
        steps: int,
        trajectories: npt.NDArray[np.int64],
        drive: Drive | None,
        signal: npt.NDArray[np.float64] | None,
        record: Array | None,
        work: npt.NDArray[np.float64] | None,
        variables: dict[str, Array],
    ) -> None:
        """Advance states, variables and work in place; `signal` is that of each trajectory, shape (B, n)."""
        layout = self.dynamics.computer.layout
        free, clamped = layout.free, ~layout.free
        force: Array | None = None
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
            law = self._of_step(k)
            if variables:
                after, moved, last = law._step(x, imposed, noises, variables, force)
                # what is driven may change from one step to the next, and the force with it
                force = last if drive is None and self.dynamics.driven is None else None
                for name, values in moved.items():
                    variables[name][:, free] = values[:, free]
                after[:, clamped] = x[:, clamped]
                x[:] = after
            else:
                for units in self.colors:  # all at once, or one color after the other
                    after = law._step(x, imposed, noises)
                    after[:, clamped] = x[:, clamped]
                    x[:, units] = after[:, units]
            if record is not None:
                record[k - first_step] = x


class ReferenceBatch(Batch):
    """A batch whose states are rows.

    Parameters
    ----------
    stepper : ReferenceStepper
        The law of motion.
    start : BatchState
        Where it begins.
    drive : Drive, optional
        Imposed signal.
    working : bool
        Whether its work is added up.
    """

    def __init__(self, stepper: ReferenceStepper, start: BatchState, drive: Drive | None, working: bool) -> None:
        check_held(stepper.dynamics, start.variables)
        super().__init__(start.key, start.trajectories, start.step, start.work, drive, working)
        dtype = stepper.dynamics.dtype
        self.stepper, self._x = stepper, np.array(start.x, dtype, order="C")
        self._variables = {name: np.array(values, dtype, order="C") for name, values in start.variables.items()}
        self._signal = None if drive is None else drive.signals.astype(np.float64)[drive.which]

    def states(self) -> Array:
        """Return a copy of the states."""
        return self._x.copy()

    def variables(self) -> dict[str, Array]:
        """Return copies of the auxiliary variables."""
        return {name: values.copy() for name, values in self._variables.items()}

    def finite(self) -> bool:
        """Return whether all states and variables are finite."""
        return all(bool(np.isfinite(one).all()) for one in (self._x, *self._variables.values()))

    def copy(self) -> ReferenceBatch:
        """Return a batch in the same state."""
        return ReferenceBatch(self.stepper, self.state(), self.drive, self.working)

    @one_blas_thread()
    def _advance(self, steps: int, record: Array | None) -> None:
        self.stepper.do_steps(
            self._x,
            key=self.key,
            first_step=self.step,
            steps=steps,
            trajectories=self.trajectories,
            drive=self.drive,
            signal=self._signal,
            record=record,
            work=self.work if self.working else None,
            variables=self._variables,
        )
