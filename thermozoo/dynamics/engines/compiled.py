"""The compiled engine: kernels written from formulas, compiled by numba, run by threads.

It does what `thermozoo.dynamics.engines.reference` does, with the same noise. Products, noise and update of a
trajectory need nothing but its seed, its number and its computer, in an order that is written down: within a
precision, its bits are the same for any number of threads, any batch, split, stride and block width.
"""

from __future__ import annotations

import functools

import attrs
import numpy as np

from thermozoo.dynamics.core_engines import CompiledEngine
from thermozoo.dynamics.engines.arrangement import Arrangement, Load, arrange, widths
from thermozoo.dynamics.engines.base import Drive, Dynamics, check_held
from thermozoo.dynamics.engines.batch import STRETCH, Resting
from thermozoo.dynamics.engines.by_color import ColorStepper
from thermozoo.dynamics.engines.color_kernel import why_not_by_color
from thermozoo.dynamics.engines.compiled_batch import CompiledBatch
from thermozoo.dynamics.engines.kernel_cache import Kernel, compiled_before
from thermozoo.dynamics.engines.kernel_source import KernelSource
from thermozoo.dynamics.engines.laws import Law, LawFormulas, arrange_law
from thermozoo.dynamics.engines.packed_states import PackedStates
from thermozoo.dynamics.engines.state_layout import StateLayout
from thermozoo.dynamics.engines.term_forces import without_kernel
from thermozoo.dynamics.threads import available_threads
from thermozoo.errors import EngineError, ParameterError
from thermozoo.symbolic.trace import trace_step

__all__ = ["CompiledEngine", "CompiledStepper", "compiled_stepper"]


@attrs.define(eq=False)
class CompiledStepper:
    """A law of motion, compiled when it is first advanced.

    Parameters
    ----------
    dynamics : Dynamics
        The law.
    threads : int or None
        Threads; None for as many as there are processors.
    width : int or None
        Trajectories side by side; None for the quickest.
    """

    dynamics: Dynamics
    threads: int | None = None
    width: int | None = None
    formulas: LawFormulas = attrs.field(init=False, repr=False)
    _laws: dict[bool, Law] = attrs.field(init=False, factory=dict, repr=False)

    @formulas.default
    def _formulas(self) -> LawFormulas:
        return LawFormulas(self.dynamics)

    def law(self, unit_layout: bool) -> Law:
        """Return the law as the arrays of one layout."""
        if unit_layout not in self._laws:
            self._laws[unit_layout] = arrange_law(self.formulas, unit_layout)
        return self._laws[unit_layout]

    def kernel_source(self, unit_layout: bool) -> KernelSource:
        """Return the kernel's source for one layout."""
        return self.formulas.source(unit_layout)

    def kernel(self, unit_layout: bool) -> Kernel:
        """Return the kernel for one layout, loaded but perhaps not yet compiled."""
        return self.law(unit_layout).kernel

    def compiled_before(self, trajectories: int, steps: int) -> bool:
        """Return whether the kernel for such a batch would not have to be compiled."""
        f, unit_layout = self.formulas, self._unit_layout(trajectories, min(steps, STRETCH))
        return compiled_before(f.name(unit_layout), f.source(unit_layout).text)

    def arrangement(self, trajectories: int, steps: int, unit_layout: bool | None = None) -> Arrangement:
        """Return how a batch is laid out and shared out; the layout may be given."""
        dense, sparse = self.formulas.multiplications
        load = Load(
            trajectories=trajectories,
            units=self.dynamics.computer.n,
            steps=steps,
            stages=max(1, len(self.formulas.step.stages)),
            dense=dense,
            sparse=sparse,
            itemsize=np.dtype(self.dynamics.dtype).itemsize,
        )
        width = self.width if unit_layout is None else 1 if unit_layout else load.width
        return arrange(load, self.threads or available_threads(), width)

    def _unit_layout(self, trajectories: int, stretch: int) -> bool:
        """Return the layout of a batch that does so many steps at a time; one by one where values are driven."""
        return self.arrangement(trajectories, stretch if self.dynamics.driven is None else 1).unit_layout

    def begin(
        self, start: Resting, drive: Drive | None = None, *, working: bool = True, stretch: int = STRETCH
    ) -> CompiledBatch:
        """See `thermozoo.dynamics.engines.base.Stepper.begin`."""
        names, rows, d = tuple(self.formulas.step.variables), len(start.trajectories), self.dynamics
        unit_layout = self._unit_layout(rows, stretch)
        law = self.law(unit_layout)
        layout = StateLayout.of(law, rows, d.computer.n, d.dtype, unit_layout)
        if not isinstance(start, PackedStates) or not start.fits(layout, names, drive):
            state = start.state()
            check_held(d, state.variables)
            start = PackedStates.of(state, layout, names, drive)
        arrange = functools.partial(self.arrangement, rows, unit_layout=unit_layout)
        return CompiledBatch(self.formulas, law, start, working, arrange)


def compiled_stepper(dynamics: Dynamics, threads: int | None, width: int | None) -> CompiledStepper | ColorStepper:
    """Return a law of motion, as `CompiledEngine.prepare` does where numba can compile.

    Raises
    ------
    EngineError
        When no kernel is written for a term of the energy.
    ParameterError
        When the width is not one of the precision.
    """
    if dynamics.integrator.updates == "by color":
        return _by_color(dynamics, threads, width)
    if trace_step(dynamics.integrator).uniforms:
        raise EngineError(
            f"the compiled engine has no uniform numbers for units that are updated together, which the integrator "
            f"{dynamics.integrator.name!r} draws: take 'reference'"
        )
    reason = without_kernel(dynamics.one_computer)
    if reason is not None:
        raise EngineError(reason)
    allowed = widths(np.dtype(dynamics.dtype).itemsize)
    if width is not None and width not in allowed:
        raise ParameterError(
            f"width must be {' or '.join(map(str, allowed))} in {dynamics.precision} precision, got {width}"
        )
    return CompiledStepper(dynamics, threads, width)


def _by_color(dynamics: Dynamics, threads: int | None, width: int | None) -> ColorStepper:
    """Return the law of motion of discrete units."""
    reason = why_not_by_color(trace_step(dynamics.integrator))
    if reason is not None:
        raise EngineError(
            f"the compiled engine updates units by color in steps of one force and uniform numbers, and the "
            f"integrator {dynamics.integrator.name!r} {reason}: take 'reference'"
        )
    return ColorStepper(dynamics, threads, width)
