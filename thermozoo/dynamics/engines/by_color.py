"""The compiled engine of discrete units: one color after the other, in kernels written from the step's formula.

It does what `thermozoo.dynamics.engines.reference` does, with the same uniform numbers; probabilities differ by
rounding. A trajectory's bits are the same for any number of threads, any batch, split and layout.
"""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo.computer.coloring import units_by_color
from thermozoo.dynamics.engines.base import Drive, Dynamics, check_held
from thermozoo.dynamics.engines.batch import STRETCH, Resting
from thermozoo.dynamics.engines.color_batch import ColorBatch
from thermozoo.dynamics.engines.color_kernel import ColorKernel, write_color_kernel
from thermozoo.dynamics.engines.color_law import ColorLaw, Colors
from thermozoo.dynamics.engines.color_rows import Rows, rows_of
from thermozoo.dynamics.engines.kernel_cache import compiled_before, load_kernel
from thermozoo.dynamics.engines.vectors import LINE
from thermozoo.dynamics.threads import available_threads
from thermozoo.symbolic.trace import StepFormula, trace_step

__all__ = ["ColorStepper"]

#: Entries of a row, in the mean, above which trajectories lie side by side even where there is only one: numbers of
#: several units are then gathered one by one.
_LONG_ROW = 32


@attrs.define(eq=False)
class ColorStepper:
    """A law of motion of discrete units, compiled when it is first advanced.

    Parameters
    ----------
    dynamics : Dynamics
        The law.
    threads : int or None
        Threads; None for as many as there are processors.
    width : int or None
        Trajectories side by side: 1 for units side by side; None for the quickest.
    """

    dynamics: Dynamics
    threads: int | None = None
    width: int | None = None
    step: StepFormula = attrs.field(init=False, repr=False)
    rows: dict[int, Rows] = attrs.field(init=False, repr=False)
    colors: Colors = attrs.field(init=False, repr=False)
    _laws: dict[bool, ColorLaw] = attrs.field(init=False, factory=dict, repr=False)

    @step.default
    def _step(self) -> StepFormula:
        return trace_step(self.dynamics.integrator)

    @rows.default
    def _rows(self) -> dict[int, Rows]:
        return rows_of(self.dynamics.one_computer)

    @colors.default
    def _colors(self) -> Colors:
        return units_by_color(self.dynamics.one_computer)

    def unit_layout(self, trajectories: int) -> bool:
        """Return whether units of a color lie side by side, or trajectories."""
        if self.width is not None:
            return self.width == 1
        line = LINE // np.dtype(self.dynamics.dtype).itemsize
        entries = sum(len(one.values) for one in self.rows.values())
        free = sum(map(len, self.colors))
        if 2 * trajectories > line or entries > _LONG_ROW * free:
            return False
        return free >= 2 * line * len(self.colors)

    def kernel_source(self, unit_layout: bool) -> ColorKernel:
        """Return the kernel's source for one layout."""
        d = self.dynamics
        single = d.precision == "single"
        orders = tuple(self.rows)
        return write_color_kernel(self.step, d.integrator.name, orders, single=single, unit_layout=unit_layout)

    def _name(self, unit_layout: bool) -> str:
        d = self.dynamics
        parts = [d.integrator.name, *map(str, self.rows), d.precision, "unit" if unit_layout else "batch"]
        return "_".join(p.replace("-", "_") for p in parts)

    def compiled_before(self, trajectories: int, steps: int) -> bool:
        """Return whether the kernel for such a batch would not have to be compiled."""
        unit_layout = self.unit_layout(trajectories)
        return compiled_before(self._name(unit_layout), self.kernel_source(unit_layout).text)

    def law(self, unit_layout: bool) -> ColorLaw:
        """Return the law as the arrays of one layout."""
        if unit_layout not in self._laws:
            source = self.kernel_source(unit_layout)
            kernel = load_kernel(self._name(unit_layout), source.text)
            self._laws[unit_layout] = ColorLaw(
                self.dynamics, self.step, source, kernel, self.rows, self.colors, unit_layout
            )
        return self._laws[unit_layout]

    def begin(
        self, start: Resting, drive: Drive | None = None, *, working: bool = True, stretch: int = STRETCH
    ) -> ColorBatch:
        """See `thermozoo.dynamics.engines.base.Stepper.begin`; discrete units have no variables."""
        state = start.state()
        check_held(self.dynamics, state.variables)
        law = self.law(self.unit_layout(len(state.x)))
        return ColorBatch(law, state, drive, working, self.threads or available_threads())
