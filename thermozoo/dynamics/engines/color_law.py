"""A law of motion of discrete units as arrays: what a kernel is given of it, beside states and noise."""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.engines.color_kernel import ColorKernel
from thermozoo.dynamics.engines.color_rows import Places, Rows, fields, in_places, places_of, rows_of
from thermozoo.dynamics.engines.kept_fields import MARGIN_OF_KT, KeptFields, kept_fields
from thermozoo.dynamics.engines.kernel_cache import Kernel
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.dynamics.engines.vectors import LINE
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.trace import StepFormula

__all__ = ["BLOCK", "ColorLaw", "Colors", "is_dense"]

Array = npt.NDArray[np.floating[Any]]
Colors = tuple[npt.NDArray[np.int64], ...]

#: Share of all others with which units are coupled, in the mean, above which their rows are a matrix.
_DENSE = 0.5

#: Units of a block of random numbers.
BLOCK = 64


def is_dense(rows: dict[int, Rows], colors: Colors) -> bool:
    """Return whether most units are coupled with each other."""
    free = sum(map(len, colors))
    return sum(len(one.values) for one in rows.values()) > _DENSE * free**2


@attrs.frozen(eq=False, slots=False)
class ColorLaw:
    """Everything about a law of motion of discrete units that one layout needs, as arrays."""

    dynamics: Dynamics
    step: StepFormula
    source: ColorKernel
    kernel: Kernel
    rows: dict[int, Rows]
    colors: Colors
    layout: str

    @property
    def unit_layout(self) -> bool:
        """Whether a trajectory's units lie side by side."""
        return self.layout != "batch"

    def of(self, dynamics: Dynamics) -> ColorLaw:
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
        if self.layout == "kept":  # side by side in the order in which they are updated, whatever their color
            return places_of(self.computer, (self.order,), self.line)
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
        if self.layout == "kept":
            return ()
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
    def kept(self) -> tuple[Rows, KeptFields]:
        """Rows of units in their places, in the precision of states, and the same as whole numbers."""
        dtype, places = self.dynamics.dtype, self.places
        assert places is not None
        [rows] = self.rows.values()
        counts = np.diff(rows.starts)[self.order]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        entry = np.repeat(rows.starts[self.order] - starts[:-1], counts) + np.arange(starts[-1])
        others = places.place[rows.others[0][entry]].astype(np.int32)
        placed = Rows(starts, (others,), rows.values[entry].astype(dtype))
        dense = is_dense(self.rows, self.colors)
        return placed, kept_fields(placed, self.arranged(self.field, 1), places, dense, dtype)

    @functools.cached_property
    def constants(self) -> Array:
        """Constants of the step, and zero."""
        return np.array([*self._constants(self.computer.temperature), 0.0], dtype=self.dynamics.dtype)

    def kept_entries(self, hottest: float) -> tuple[Any, ...]:
        """Return what the kernel reads that keeps fields, where no step is hotter [energy]."""
        rows, kept = self.kept
        dtype = np.dtype(self.dynamics.dtype)
        margin = max(kept.margin, MARGIN_OF_KT[dtype.itemsize] * hottest) if kept.margin else 0.0
        scales = np.array([kept.quantum, margin], dtype)
        return rows.starts, rows.others[0], rows.values, kept.whole, kept.doubled, kept.matrix, kept.inner, scales

    def constants_at(self, temperatures: Array) -> Array:
        """Return the constants of several steps, one step's after the other, and zero."""
        kT = self.step.kT
        if all(one.is_rational_function(kT) for one in self.source.constants):
            table = np.stack(
                [np.broadcast_to(one, temperatures.shape) for one in self._constants(temperatures)], axis=1
            )
        else:  # what NumPy does with an array may be rounded otherwise than what it does with a number
            table = np.array([self._constants(float(one)) for one in temperatures])
        return np.append(table.ravel(), 0.0).astype(self.dynamics.dtype)

    def _constants(self, kT: Any) -> list[Any]:
        d, own = self.dynamics, values_of(self.dynamics.integrator)
        bound = self.step.bind(own, dt=d.dt, mobility=self.computer.mobility, kT=kT)
        return [bound.function("constant", [], one)()[0] for one in self.source.constants]

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

    def rows_of(self, arranged: Array, rows: int) -> Array:
        """Return what lies in the layout of states as rows, shape (rows, n)."""
        if self.places is not None:
            return np.ascontiguousarray(arranged.reshape(rows, -1)[:, self.places.place])
        result = np.empty((rows, self.computer.n), self.dynamics.dtype)
        for chunk, part in enumerate(arranged.reshape(-1, self.computer.n, self.line)):
            into = result[chunk * self.line : (chunk + 1) * self.line]
            into[:] = part[:, : len(into)].T
        return result
