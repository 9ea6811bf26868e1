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
from thermozoo.dynamics.engines.color_law import ColorLaw, Colors, is_dense
from thermozoo.dynamics.engines.color_rows import Rows, rows_of
from thermozoo.dynamics.engines.kept_fields import can_keep
from thermozoo.dynamics.engines.kernel_cache import compiled_before, load_kernel
from thermozoo.dynamics.engines.vectors import LINE
from thermozoo.dynamics.threads import available_threads
from thermozoo.symbolic.trace import StepFormula, trace_step

__all__ = ["ColorStepper"]

#: Entries of a row, in the mean, above which trajectories lie side by side even where there is only one: numbers of
#: several units are then gathered one by one.
_LONG_ROW = 32

#: Entries of a row, in the mean, above which the fields of few trajectories are kept: units of a color are then few,
#: and their neighbors lie anywhere.
_SHORT_ROW = 8

#: Units from which the fields of densely coupled ones are kept, however many trajectories there are.
_MANY = 128


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
    layout : str or None
        ``"kept"``, ``"unit"`` or ``"batch"``; None for the quickest.
    """

    dynamics: Dynamics
    threads: int | None = None
    width: int | None = None
    layout: str | None = None
    step: StepFormula = attrs.field(init=False, repr=False)
    rows: dict[int, Rows] = attrs.field(init=False, repr=False)
    colors: Colors = attrs.field(init=False, repr=False)
    _laws: dict[str, ColorLaw] = attrs.field(init=False, factory=dict, repr=False)

    @step.default
    def _step(self) -> StepFormula:
        return trace_step(self.dynamics.integrator)

    @rows.default
    def _rows(self) -> dict[int, Rows]:
        return rows_of(self.dynamics.one_computer)

    @colors.default
    def _colors(self) -> Colors:
        return units_by_color(self.dynamics.one_computer)

    def layout_of(self, trajectories: int) -> str:
        """Return the layout: ``"kept"``, ``"unit"`` or ``"batch"``, see `write_color_kernel`."""
        if self.layout is not None:
            return self.layout
        if self.width is not None:
            return "unit" if self.width == 1 else "batch"
        line = LINE // np.dtype(self.dynamics.dtype).itemsize
        entries = sum(len(one.values) for one in self.rows.values())
        free = sum(map(len, self.colors))
        few = 2 * trajectories <= line
        if self._kept_is_quicker(few, entries, free):
            return "kept"
        if not few or entries > _LONG_ROW * free:
            return "batch"
        return "unit" if free >= 2 * line * len(self.colors) else "batch"

    def _kept_is_quicker(self, few: bool, entries: int, free: int) -> bool:
        dense = is_dense(self.rows, self.colors) and free >= _MANY
        if not dense and not (few and entries > _SHORT_ROW * free):
            return False
        driven = self.dynamics.driven
        values_driven = driven is not None and bool(driven.amplitudes or driven.parameters)
        return not values_driven and can_keep(self.dynamics.one_computer, self.rows, self.step)

    def kernel_source(self, layout: str) -> ColorKernel:
        """Return the kernel's source for one layout."""
        d = self.dynamics
        single = d.precision == "single"
        return write_color_kernel(self.step, d.integrator.name, tuple(self.rows), single=single, layout=layout)

    def _name(self, layout: str) -> str:
        d = self.dynamics
        parts = [d.integrator.name, *map(str, self.rows), d.precision, layout]
        return "_".join(p.replace("-", "_") for p in parts)

    def compiled_before(self, trajectories: int, steps: int) -> bool:
        """Return whether the kernel for such a batch would not have to be compiled."""
        layout = self.layout_of(trajectories)
        return compiled_before(self._name(layout), self.kernel_source(layout).text)

    def law(self, layout: str) -> ColorLaw:
        """Return the law as the arrays of one layout."""
        if layout not in self._laws:
            source = self.kernel_source(layout)
            kernel = load_kernel(self._name(layout), source.text)
            self._laws[layout] = ColorLaw(self.dynamics, self.step, source, kernel, self.rows, self.colors, layout)
        return self._laws[layout]

    def begin(
        self, start: Resting, drive: Drive | None = None, *, working: bool = True, stretch: int = STRETCH
    ) -> ColorBatch:
        """See `thermozoo.dynamics.engines.base.Stepper.begin`; discrete units have no variables."""
        state = start.state()
        check_held(self.dynamics, state.variables)
        layout = self.layout_of(len(state.x))
        # a signal changes all fields in every step
        law = self.law("batch" if layout == "kept" and drive is not None else layout)
        return ColorBatch(law, state, drive, working, self.threads or available_threads())
