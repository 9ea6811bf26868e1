"""The compiled engine of discrete units: one color after the other, in kernels written from the step's formula.

It does what `thermozoo.dynamics.engines.reference` does, with the same uniform numbers; probabilities differ by
rounding. A trajectory's bits are the same for any number of threads, any batch, split and layout.
"""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.coloring import units_by_color
from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines.arrangement import chunks_abreast
from thermozoo.dynamics.engines.base import Drive, Dynamics, check_held
from thermozoo.dynamics.engines.color_kernel import ColorKernel, write_color_kernel
from thermozoo.dynamics.engines.color_rows import Places, Rows, fields, in_places, places_of, rows_of
from thermozoo.dynamics.engines.kernel_cache import Kernel, compiled_before, load_kernel
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.dynamics.engines.philox import round_keys
from thermozoo.dynamics.engines.thread_group import counters, run_threads
from thermozoo.dynamics.engines.vectors import LINE
from thermozoo.dynamics.noise import NoiseKey, check_numbers
from thermozoo.dynamics.threads import available_threads
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.trace import StepFormula, trace_step

__all__ = ["ColorStepper"]

Array = npt.NDArray[np.floating[Any]]
Colors = tuple[npt.NDArray[np.int64], ...]

#: Units of a block of random numbers.
_BLOCK = 64

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
    _laws: dict[bool, _Law] = attrs.field(init=False, factory=dict, repr=False)

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

    def law(self, unit_layout: bool) -> _Law:
        """Return the law as the arrays of one layout."""
        if unit_layout not in self._laws:
            source = self.kernel_source(unit_layout)
            kernel = load_kernel(self._name(unit_layout), source.text)
            self._laws[unit_layout] = _Law(
                self.dynamics, self.step, source, kernel, self.rows, self.colors, unit_layout
            )
        return self._laws[unit_layout]

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
        """See `thermozoo.dynamics.engines.base.Stepper.advance`; discrete units have no variables."""
        check_held(self.dynamics, variables)
        check_numbers(first_step, steps, trajectories)
        if steps == 0 or len(x) == 0:
            return
        law = self.law(self.unit_layout(len(x)))
        batch = _Batch(law, x, trajectories, self.threads or available_threads())
        # a law whose values are driven is another one in each step
        driven = self.dynamics.at(first_step) is not self.dynamics
        if drive is None and record is None and not driven:
            batch.advance(key, first_step, steps)
            batch.write_back()
            return
        signal = None if drive is None else drive.signals.astype(np.float64)[drive.which]
        for k in range(first_step, first_step + steps):
            if driven:
                batch.take_law(law.of(self.dynamics.at(k)))
            if drive is not None and signal is not None:
                if work is not None:
                    work -= drive.work(signal, k, x.astype(np.float64))
                batch.impose(drive.on_units(k + 1) * signal)
            batch.advance(key, k, 1)
            batch.write_back()
            if record is not None:
                record[k - first_step] = x


@attrs.frozen(eq=False, slots=False)
class _Law:
    """Everything about a law of motion that one layout needs, as arrays."""

    dynamics: Dynamics
    step: StepFormula
    source: ColorKernel
    kernel: Kernel
    rows: dict[int, Rows]
    colors: Colors
    unit_layout: bool

    def of(self, dynamics: Dynamics) -> _Law:
        """Return the law of other values, with the same units, colors and places."""
        old, new = self.computer, dynamics.one_computer
        same = new.couplings is old.couplings and all(one is old.terms[name] for name, one in new.terms.items())
        rows = self.rows if same else rows_of(new)
        law = attrs.evolve(self, dynamics=dynamics, rows=rows)
        kept = ("places", "size", "order", "structure", *(("entries",) if same else ()))
        vars(law).update({name: getattr(self, name) for name in kept})
        return law

    @property
    def computer(self) -> Computer:
        """The computer."""
        return self.dynamics.one_computer

    @property
    def line(self) -> int:
        """Numbers in a cache line."""
        return LINE // np.dtype(self.dynamics.dtype).itemsize

    @functools.cached_property
    def places(self) -> Places | None:
        """Places of units that lie side by side."""
        return places_of(self.computer, self.colors, self.line) if self.unit_layout else None

    @functools.cached_property
    def size(self) -> int:
        """Numbers of a chunk."""
        return len(self.places.unit) if self.places is not None else self.computer.n * self.line

    @functools.cached_property
    def order(self) -> npt.NDArray[np.int64]:
        """Free units, color after color."""
        return np.concatenate(self.colors) if self.colors else np.zeros(0, dtype=np.int64)

    @functools.cached_property
    def structure(self) -> tuple[Any, ...]:
        """Which units are updated when, and where their random numbers lie."""
        places = self.places
        order = np.zeros(0, dtype=np.int64) if self.unit_layout else self.order
        lines = places.lines if places is not None else np.zeros(1, dtype=np.int64)
        unit = places.unit if places is not None else np.zeros(0, dtype=np.int32)
        return order, lines, unit, self.computer.n

    @functools.cached_property
    def entries(self) -> tuple[tuple[npt.NDArray[Any], ...], ...]:
        """Rows as the kernel reads them: starts, other units, strengths of each order."""
        dtype = self.dynamics.dtype
        found: list[tuple[npt.NDArray[Any], ...]] = []
        for rows in self.rows.values():
            if self.places is not None:
                cut = in_places(rows, self.places, dtype)
                found.append((cut.starts, *cut.others, cut.values))
                continue
            counts = np.diff(rows.starts)[self.order]
            starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
            entry = np.repeat(rows.starts[self.order] - starts[:-1], counts) + np.arange(starts[-1])
            found.append((starts, *(one[entry] for one in rows.others), rows.values[entry].astype(dtype)))
        return tuple(found)

    @functools.cached_property
    def constants(self) -> Array:
        """Constants of the step, and zero."""
        d, own = self.dynamics, values_of(self.dynamics.integrator)
        bound = self.step.bind(own, dt=d.dt, mobility=self.computer.mobility, kT=self.computer.temperature)
        numbers = [bound.function("constant", [], one)()[0] for one in self.source.constants]
        return np.array([*numbers, 0.0], dtype=d.dtype)

    @functools.cached_property
    def field(self) -> Array:
        """The part of dV/dx that depends on no other unit, shape (n,)."""
        return fields(self.computer)

    def arranged(self, values: Array, rows: int) -> Array:
        """Return values of shape (rows, n), or (n,) for all, in the layout of states."""
        if self.places is not None:
            chosen = np.atleast_2d(values)[:, self.places.unit]
            result = aligned(chosen.size, self.dynamics.dtype)
            result[:] = chosen.ravel()
            return result
        line = self.line
        chunks = -(-rows // line) if values.ndim > 1 else 1
        result = aligned(chunks * self.size, self.dynamics.dtype)
        view = result.reshape(chunks, -1, line)
        if values.ndim == 1:
            view[:] = values[:, None]
            return result
        for chunk in range(chunks):
            part = values[chunk * line : (chunk + 1) * line]
            view[chunk, :, : len(part)] = part.T
        return result


class _Batch:
    """States in the kernel's layout, and the calls of the kernel."""

    def __init__(self, law: _Law, x: Array, trajectories: npt.NDArray[np.int64], threads: int) -> None:
        self.law, self.x, dtype = law, x, law.dynamics.dtype
        self.chunks = len(x) if law.unit_layout else -(-len(x) // law.line)
        self.states = law.arranged(x, len(x))
        self.numbers = np.zeros(self.chunks * (1 if law.unit_layout else law.line), dtype=np.int64)
        self.numbers[: len(x)] = trajectories
        together = law.unit_layout and self.chunks < threads
        self.threads = threads if together else min(threads, self.chunks)
        self.members = threads if together else 1
        units = law.computer.n
        # few units: the random numbers of several chunks are drawn at once
        self.group = 1 if law.unit_layout else chunks_abreast(-(-self.chunks // self.threads), units)
        room = -(-units // _BLOCK) * _BLOCK * (1 if law.unit_layout else law.line)
        slots = 1 if together else self.threads
        self.uniform = aligned(slots * law.source.draws * room, dtype)
        self.field, self.own_field = law.arranged(law.field, 1), False

    def take_law(self, law: _Law) -> None:
        """Go on by the law of other values."""
        self.law, self.field, self.own_field = law, law.arranged(law.field, 1), False

    def impose(self, force: Array) -> None:
        """Add a force on the units of each trajectory, shape (B, n)."""
        self.field, self.own_field = self.law.arranged(self.law.field - force, len(self.x)), True

    def advance(self, key: NoiseKey, first_step: int, steps: int) -> None:
        """Do steps."""
        law = self.law
        arguments = (
            first_step,
            steps,
            self.members,
            law.size,
            self.field,
            self.own_field,
            *law.structure,
            law.entries,
            law.constants,
            self.numbers,
            key.stream,
            round_keys(key.words),
            self.uniform,
            self.group,
        )
        alone = (*arguments[:2], 1, *arguments[3:])
        law.kernel.call_first(0, self.states[:0], counters(), *alone)
        shared = counters()
        run_threads(lambda member: law.kernel.advance(member, self.states, shared, *arguments), self.threads)

    def write_back(self) -> None:
        """Write the states back to where they came from."""
        law, view = self.law, self.states.reshape(self.chunks, -1)
        if law.places is not None:
            self.x[:] = view[:, law.places.place]
            return
        for chunk, part in enumerate(view.reshape(self.chunks, -1, law.line)):
            into = self.x[chunk * law.line : (chunk + 1) * law.line]
            into[:] = part[:, : len(into)].T
