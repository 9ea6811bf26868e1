"""Tuples of units under way from the lines of a file: each is looked at where its line is known."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError, shown

__all__ = ["EdgeSource", "EdgeTable", "Tuples"]

#: The most that a unit's number may be: groups have at most so many units.
MOST = 2**31 - 1


@attrs.frozen(eq=False)
class EdgeTable:
    """The tuples of a file.

    Parameters
    ----------
    file : str
        Its name, for messages.
    units : ndarray of int, shape (E, k)
        Units, numbered from 0.
    strengths : ndarray, shape (E,), or None
        Where the file has them [energy].
    lines : ndarray of int, shape (E,)
        Where in the file each tuple stands.
    n : int or None
        Number of units, where the file says it.
    header : int
        The line that says so.
    """

    file: str
    units: npt.NDArray[np.int64]
    strengths: npt.NDArray[np.float64] | None
    lines: npt.NDArray[np.int64]
    n: int | None = None
    header: int = 1


@attrs.frozen
class EdgeSource:
    """A file that is read.

    Parameters
    ----------
    file : str
        Its name, for messages.
    lines : list of str
        Its lines.
    word : str
        What a member of a tuple is called.
    loops : bool
        Whether a pair may name one twice: the diagonal of a matrix has a meaning.
    """

    file: str
    lines: list[str]
    word: str = "unit"
    loops: bool = False

    def numbered(self, comment: str = "", after: int = 0) -> Iterator[tuple[int, str]]:
        """Yield number and text of the lines after one of them, without those that are empty or begin with a word."""
        for number, line in enumerate(self.lines[after:], after + 1):
            text = line.strip()
            if text and not (comment and text.startswith(comment)):
                yield number, text

    def fault(self, line: int, message: str) -> DataError:
        """Return what is raised for a line."""
        return DataError(f"{self.file}, line {line}: {message}")

    def whole(self, line: int, cell: str, what: str) -> int:
        """Return a whole number that is written in digits."""
        digits = cell[1:] if cell[:1] in ("+", "-") else cell
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
            raise self.fault(line, f"expected {what}, a whole number, got {_cell(cell)}")
        return int(cell)

    def real(self, line: int, cell: str) -> float:
        """Return a finite number."""
        try:
            value = float(cell) if "_" not in cell else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.fault(line, f"expected a strength, a finite number, got {_cell(cell)}")
        return value


def _cell(cell: str) -> str:
    return f"'{shown(cell, 40)}'" if cell else "nothing"


@attrs.define(eq=False)
class Tuples:
    """Tuples that are read one by one.

    Parameters
    ----------
    source : EdgeSource
        Where from.
    first : int
        The number of the first unit, as the file counts.
    n : int or None
        How many units there are, where the file says it.
    header : int
        The line that says so.

    Attributes
    ----------
    order : int
        Units of a tuple.
    """

    source: EdgeSource
    first: int
    n: int | None = None
    header: int = 1
    order: int = attrs.field(init=False, default=2)
    # of machine numbers: a list of tuples takes ten times the memory
    _units: array[int] = attrs.field(init=False, factory=lambda: array("q"))
    _lines: array[int] = attrs.field(init=False, factory=lambda: array("q"))
    _strengths: array[float] = attrs.field(init=False, factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, line: int, cells: Sequence[str], strength: str | None = None) -> None:
        """Add the tuple of a line; all have the same order."""
        last = MOST if self.n is None else self.first + self.n - 1
        word = self.source.word
        units = [self.source.whole(line, cell, f"the number of a {word}") for cell in cells]
        for unit in units:
            if not self.first <= unit <= last:
                upper = "" if self.n is None else f" to {last}"
                raise self.source.fault(line, f"no {word} {unit}: {word}s are numbered from {self.first}{upper}")
        if len(set(units)) < len(units) and not (self.source.loops and len(units) == 2):
            twice = next(unit for unit in units if units.count(unit) > 1)
            what = f"couples {word} {twice} with itself" if len(units) == 2 else f"names {word} {twice} twice"
            raise self.source.fault(line, f"{what}: leave the line out")
        self.order = len(units)
        self._units.extend(units)
        self._lines.append(line)
        if strength is not None:
            self._strengths.append(self.source.real(line, strength))

    @property
    def units(self) -> npt.NDArray[np.int64]:
        """Units as the file numbers them, shape (E, k)."""
        return np.array(self._units, dtype=np.int64).reshape(-1, self.order)

    @property
    def lines(self) -> npt.NDArray[np.int64]:
        """Where each tuple stands, shape (E,)."""
        return np.array(self._lines, dtype=np.int64)

    @property
    def strengths(self) -> npt.NDArray[np.float64] | None:
        """The strength of each tuple, shape (E,); None where there are none."""
        return np.array(self._strengths) if self._strengths else None

    def table(self, kept: npt.NDArray[np.bool_] | None = None, ordered: bool = False) -> EdgeTable:
        """Return all tuples, each once, or those that are kept, shape (E,); if `ordered`, (i, j) is not (j, i)."""
        if not self:
            raise DataError(f"{self.source.file} lists no tuple of {self.source.word}s: expected at least one")
        units, lines, strengths = self.units, self.lines, self.strengths
        named = units if ordered else np.sort(units, axis=1)
        if kept is not None:
            units, lines, named = units[kept], lines[kept], named[kept]
            strengths = None if strengths is None else strengths[kept]
        self.refuse_again(named, lines)
        return EdgeTable(self.source.file, units - self.first, strengths, lines, self.n, self.header)

    def refuse_again(self, tuples: npt.NDArray[np.int64], lines: npt.NDArray[np.int64]) -> None:
        """Raise for the first line that holds a tuple, units in order, of an earlier one."""
        order = np.lexsort(tuples.T[::-1])  # stable: of equal tuples, the first of the file comes first
        again = order[1:][(tuples[order[1:]] == tuples[order[:-1]]).all(axis=1)]
        if len(again):
            k = int(again.min())
            before = int(lines[np.flatnonzero((tuples[:k] == tuples[k]).all(axis=1))[0]])
            named = " and ".join(map(str, tuples[k])) if self.order == 2 else ", ".join(map(str, tuples[k]))
            raise self.source.fault(
                int(lines[k]),
                f"couples the {self.source.word}s {named} again, as line {before} does: leave one of the lines out",
            )
