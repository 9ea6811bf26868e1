"""Values at given times, linear in between."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import attrs

from thermozoo import Protocol, option, parameter
from thermozoo.errors import DataError, ParameterError
from thermozoo_plugins.encodings.table_files import read_table

#: Most rows of a table: each is a term of the formula.
_ROWS = 300


@attrs.frozen
class Table(Protocol):
    r"""Values at given times, linear in between.

    .. math:: c(t) = A \left[ c_i + (c_{i+1} - c_i)\, \frac{t - t_i}{t_{i+1} - t_i} \right],
        \qquad t_i < t \le t_{i+1}

    with A a factor, c_i the value at the time t_i, and t the time. Before the first time it is the first value, after
    the last one the last. Times and values are lists, or the two columns of a file: comma-separated numbers (``.csv``,
    lines that begin with # are comments), or a NumPy array (``.npy``).

    References
    ----------
    None: the values are the user's.

    Examples
    --------
    >>> from thermozoo_plugins.protocols import Table
    >>> protocol = Table(times=(0.0, 1.0, 3.0), values=(2.0, 4.0, 0.0))
    >>> [float(protocol.intensity(t, 4.0)) for t in (0.0, 0.5, 1.0, 2.0, 4.0)]
    [2.0, 3.0, 4.0, 2.0, 0.0]
    """

    name = "table"

    amplitude: float = parameter(1.0, unit="1", doc="factor of all values", symbol="A")
    times: tuple[float, ...] = option((0.0, 1.0), doc="times [time]", converter=tuple)
    values: tuple[float, ...] = option((0.0, 1.0), doc="value at each time", converter=tuple)
    file: str = option("", doc="a file of times and values instead, .csv or .npy")

    def __attrs_post_init__(self) -> None:
        """Refuse what is no table."""
        rows = self._rows()
        late = [k for k in range(1, len(rows)) if not rows[k][0] > rows[k - 1][0]]
        if late:
            raise ParameterError(
                f"times of a protocol 'table' must increase, got {rows[late[0]][0]:g} after {rows[late[0] - 1][0]:g}"
            )

    def _rows(self) -> list[tuple[float, float]]:
        """Return (time, value) of every row."""
        if self.file:
            defaults = attrs.fields(Table)
            if self.times != defaults.times.default or self.values != defaults.values.default:
                raise ParameterError("a protocol 'table' has times and values, or a file that holds them, got both")
            wanted = "two columns, times and values, of numbers"
            found = read_table(Path(self.file).expanduser(), wanted)
            if found.shape[1] != 2:
                raise DataError(f"the table {self.file} has {found.shape[1]} columns; expected {wanted}")
            rows = [(float(time), float(value)) for time, value in found]
        else:
            if len(self.times) != len(self.values):
                raise ParameterError(
                    f"a protocol 'table' needs a value for each of its times, got {len(self.times)} times and "
                    f"{len(self.values)} values"
                )
            rows = [(float(time), float(value)) for time, value in zip(self.times, self.values, strict=True)]
            strange = [one for row in rows for one in row if not abs(one) < float("inf")]
            if strange:
                raise ParameterError(f"times and values of a protocol 'table' must be finite, got {strange[0]}")
        if not 1 <= len(rows) <= _ROWS:
            raise ParameterError(f"a protocol 'table' needs 1 to {_ROWS} times, got {len(rows)}")
        return rows

    def intensity(self, t: Any, duration: Any) -> Any:
        """Return c(t)."""
        rows = self._rows()
        slopes = [(other - value) / (end - begin) for (begin, value), (end, other) in itertools.pairwise(rows)]
        turns = [after - before for before, after in itertools.pairwise([0.0, *slopes, 0.0])]
        # as a sum of kinks: nested branches of many rows are no code that Python takes
        kinks = sum(turn / 2 * abs(t - time) for turn, (time, _) in zip(turns, rows, strict=True) if turn)
        return self.amplitude * ((rows[0][1] + rows[-1][1]) / 2 + kinks)
