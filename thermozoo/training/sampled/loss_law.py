"""Loss and computer as the arrays that kernels of training read, where kernels can be written for them."""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import DenseCouplings
from thermozoo.dynamics.engines.kernel_cache import Kernel, load_kernel
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.derive import PotentialFormulas
from thermozoo.symbolic.formula import formula_key
from thermozoo.training.loss import StepLoss
from thermozoo.training.sampled.loss_source import LossSource, write_loss_kernel
from thermozoo.training.sampled.slots import PlacedBlock, Slots

__all__ = ["LossLaw", "Products", "loss_law"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]

#: Ranges of units that groups and couplings tell apart, at most: each begins a line of its own.
_SEGMENTS = 64

#: Sets of arrays that are kept: of whole stretches and of the last ones, of learning and of validation.
_KEPT = 6

#: Lines of rows that a thread takes at a time, where units are rows of a product.
_CHUNK = 7


@attrs.frozen(eq=False)
class Products:
    """The products J x of a structure as tables of tasks; lines are of units.

    Parameters
    ----------
    across, back : ndarray of bool, shape (lines,)
        Whether a line is among columns, or among rows, of blocks.
    outputs : ndarray of int, shape (tasks, 3)
        Line of columns, and its entries.
    entries : ndarray of int, shape (entries, 3)
        First line of the rows, place of the panel, rows.
    returns : ndarray of int, shape (tasks, 4)
        First slot of rows, how many, and their entries.
    reentries : ndarray of int, shape (entries, 4)
        Place of the first row, distance of panels, first line of the columns, columns.
    """

    across: npt.NDArray[np.bool_]
    back: npt.NDArray[np.bool_]
    outputs: Indices
    entries: Indices
    returns: Indices
    reentries: Indices

    @classmethod
    def of(cls, slots: Slots, blocks: tuple[PlacedBlock, ...]) -> Products:
        """Return the tasks of blocks, none for none."""
        line = slots.line
        across, back = np.zeros(slots.count, dtype=bool), np.zeros(slots.count, dtype=bool)
        outputs: list[tuple[int, ...]] = []
        entries: list[tuple[int, ...]] = []
        returns: list[tuple[int, ...]] = []
        reentries: list[tuple[int, ...]] = []
        for lines in slots.lines:
            for at in range(lines.start, lines.stop):
                first = len(entries)
                for b in blocks:
                    if b.columns.start <= at < b.columns.stop:
                        panel = b.place + (at - b.columns.start) * b.height * line
                        entries.append((b.rows.start, panel, (b.rows.stop - b.rows.start) * line))
                if len(entries) > first:
                    across[at] = True
                    outputs.append((at, first, len(entries)))
            for at in range(lines.start, lines.stop, _CHUNK):
                end, first = min(at + _CHUNK, lines.stop), len(reentries)
                for b in blocks:
                    if b.rows.start <= at < b.rows.stop and not b.diagonal:
                        row = b.place + (at - b.rows.start) * line * line
                        columns = (b.columns.stop - b.columns.start) * line
                        reentries.append((row, b.height * line, b.columns.start, columns))
                if len(reentries) > first:
                    back[at:end] = True
                    returns.append((at * line, (end - at) * line, first, len(reentries)))
        return cls(
            across,
            back,
            *(
                np.array(rows, dtype=np.int64).reshape(-1, wide)
                for rows, wide in ((outputs, 3), (entries, 3), (returns, 4), (reentries, 4))
            ),
        )

    @property
    def tables(self) -> tuple[Any, ...]:
        """All of it, as kernels read it."""
        return self.across, self.back, self.outputs, self.entries, self.returns, self.reentries


@attrs.frozen(eq=False, slots=False)
class LossLaw:
    """A loss and a computer for which kernels can be written.

    Parameters
    ----------
    computer : Computer
        Its strengths and trainable biases do not matter.
    loss : StepLoss
        The loss.
    dtype : dtype
        Of states.
    """

    computer: Computer
    loss: StepLoss
    dtype: Any
    _arrays: dict[tuple[Any, ...], tuple[Array, ...]] = attrs.field(init=False, repr=False, factory=dict)

    def arrays(self, name: str, *sizes: int) -> tuple[Array, ...]:
        """Return arrays of so many numbers that whoever asks by a name may write on; they begin as zeros.

        Stretches are of two lengths, the last one shorter: so many are kept.
        """
        key = (name, *sizes)
        if key not in self._arrays:
            if len(self._arrays) == _KEPT:
                del self._arrays[next(iter(self._arrays))]
            self._arrays[key] = tuple(aligned(size, self.dtype) for size in sizes)
        return self._arrays[key]

    @functools.cached_property
    def slots(self) -> Slots:
        """Where units are."""
        couplings = self.computer.couplings
        assert isinstance(couplings, DenseCouplings)
        return Slots(self.computer.layout, couplings, self.dtype)

    @functools.cached_property
    def potentials(self) -> list[tuple[str, PotentialFormulas, list[str]]]:
        """Name, formulas and groups of every different potential of free units."""
        found: dict[Any, tuple[str, PotentialFormulas, list[str]]] = {}
        for group, site in self.computer.onsite.sites.items():
            if group not in self.computer.layout.clamped and self.computer.layout.sizes[group]:
                key = formula_key(site.potential)
                found.setdefault(key, (site.potential.name, site.formulas, []))[2].append(group)
        return list(found.values())

    def source(self, online: bool) -> LossSource:
        """Return the source of a kernel.

        Raises
        ------
        TypeError
            When there is no kernel code for a function.
        """
        return write_loss_kernel(
            self.loss.derived,
            self.loss.objective.name,
            [(name, formulas) for name, formulas, _ in self.potentials],
            single=np.dtype(self.dtype) == np.float32,
            online=online,
        )

    def kernel(self, source: LossSource, online: bool) -> Kernel:
        """Return a kernel."""
        names = [self.loss.objective.name, *(name for name, _, _ in self.potentials), np.dtype(self.dtype).name]
        name = "_".join(one.replace("-", "_") for one in ("online" if online else "gradient", *names))
        return load_kernel(name, source.text)

    @functools.cached_property
    def lines(self) -> Indices:
        """First unit, units, potential and segment of every line."""
        return self.slots.table({g: kind for kind, (_, _, groups) in enumerate(self.potentials) for g in groups})

    @functools.cached_property
    def weight(self) -> Array:
        """What the loss of the unit in each slot counts."""
        return self.slots.spread(self.loss.weights_of(self.computer), self.dtype)

    def coefficients(self, source: LossSource) -> Array:
        """Return the constants of each unit, in slots, row by row."""
        rows = max((len(c) for c in source.coefficients), default=0)
        slots = self.slots
        table = aligned(max(1, rows) * slots.slots, self.dtype).reshape(-1, slots.slots)
        for (_, formulas, groups), expressions in zip(self.potentials, source.coefficients, strict=True):
            for group in groups:
                bound = formulas.bind(self.computer.onsite.sites[group].values)
                where = slots.where[self.computer.layout.slice(group)]
                for row, expression in enumerate(expressions):
                    table[row, where] = bound.function("constant", [], expression)()[0]
        return table.ravel()

    def constants(self, source: LossSource) -> Array:
        """Return the constants of the loss."""
        bound = self.loss.bound(self.computer)
        result = aligned(max(1, len(source.constants)), self.dtype)
        for row, expression in enumerate(source.constants):
            result[row] = bound.function("constant", [], expression)()[0]
        return result

    def placed(self, blocks: tuple[PlacedBlock, ...]) -> Indices:
        """Return first line of rows, lines of rows, line of the column, place, and whether both are one range.

        One row for every panel of the blocks.
        """
        line = self.slots.line
        rows = [
            (
                b.rows.start,
                b.rows.stop - b.rows.start,
                column,
                b.place + (column - b.columns.start) * b.height * line,
                int(b.diagonal),
            )
            for b in blocks
            for column in range(b.columns.start, b.columns.stop)
        ]
        return np.array(rows, dtype=np.int64).reshape(-1, 5)


def loss_law(computer: Computer, loss: StepLoss, dtype: Any) -> LossLaw | None:
    """Return a loss and a computer as kernels read them; None where the formulas are evaluated by NumPy instead.

    Kernels are for dense blocks of couplings by the product of two states, without further terms.
    """
    couplings = computer.couplings
    if not isinstance(couplings, DenseCouplings) or computer.terms or computer.onsite.amplitude != 1.0:
        return None
    if any(np.ndim(value) for value in values_of(loss.objective).values()):
        return None
    law = LossLaw(computer, loss, np.dtype(dtype))
    if len(law.slots.segments) > _SEGMENTS:
        return None
    try:
        law.source(False)
    except TypeError:
        return None
    return law
