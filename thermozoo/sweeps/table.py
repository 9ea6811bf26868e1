"""The table of a sweep: every number that the points report, as CSV and as NetCDF."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from thermozoo.computer.datasets import replace_file, write_dataset
from thermozoo.runs.folder import write_text
from thermozoo.sweeps.identity import Identity
from thermozoo.sweeps.over import Over, exact_text, value_text
from thermozoo.sweeps.points import Point

if TYPE_CHECKING:
    import xarray

__all__ = ["Table", "axis_values"]


@attrs.frozen
class Table:
    """What has come of a sweep so far.

    Parameters
    ----------
    identity : Identity
        The sweep.
    points : tuple of Point
        Its points.
    states : tuple of str
        What each is.
    figures : tuple of dict of str to float
        The numbers that each reports.
    """

    identity: Identity
    points: tuple[Point, ...]
    states: tuple[str, ...]
    figures: tuple[dict[str, float], ...]

    @classmethod
    def of(cls, identity: Identity, points: list[Point]) -> Table:
        """Return the table of what the folder holds now."""
        return cls(identity, tuple(points), tuple(p.state for p in points), tuple(p.figures for p in points))

    @property
    def names(self) -> list[str]:
        """The numbers that any point reports, in the order of the reports; a key that is swept is none of them."""
        found = dict.fromkeys(name for one in self.figures for name in one)
        return [name for name in found if name not in {one.key for one in self.identity.over}]

    def column(self, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return a number by point, NaN where it is not reported."""
        return np.array([one.get(name, math.nan) for one in self.figures])

    def write_csv(self, folder: Path) -> None:
        """Write ``table.csv``: number and state of every point, its values, and its numbers."""
        keys, names = [one.key for one in self.identity.over], self.names
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["point", "state", *keys, *names])
        for point, state, figures in zip(self.points, self.states, self.figures, strict=True):
            values = [value_text(point.values[key]) for key in keys]
            numbers = ["" if math.isnan(figures.get(name, math.nan)) else repr(figures[name]) for name in names]
            writer.writerow([point.number, state, *values, *numbers])
        replace_file(folder / "table.csv", lambda path: write_text(path, text.getvalue()))

    def write_netcdf(self, folder: Path) -> None:
        """Write ``table.nc``: `dataset`."""
        write_dataset(self.dataset(), folder / "table.nc")

    def dataset(self) -> xarray.Dataset:
        """Return the table with a dimension for each key, or one for the points where keys go together."""
        import xarray

        over, names = self.identity.over, self.names
        number = np.array([point.number for point in self.points])
        if self.identity.together:
            coordinates = {
                one.key: ("point", axis_values([point.values[one.key] for point in self.points])) for one in over
            }
            columns = {name: ("point", self.column(name)) for name in names}
            found = {"state": ("point", np.array(self.states)), **columns}
            return xarray.Dataset(found, {"point": number, **coordinates}, self._about())
        shape = tuple(len(one.values) for one in over)
        places = tuple(np.array([self._place(point, one) for point in self.points]) for one in over)

        def spread(values: Any, missing: Any) -> Any:
            array = np.full(shape, missing, dtype=np.asarray([missing, *values]).dtype)
            array[places] = values
            return array

        dims = tuple(one.key for one in over)
        spread_out: dict[str, Any] = {
            "point": (dims, spread(number, 0)),
            "state": (dims, spread(self.states, "")),
            **{name: (dims, spread(self.column(name), math.nan)) for name in names},
        }
        return xarray.Dataset(spread_out, {one.key: axis_values(one.values) for one in over}, self._about())

    @staticmethod
    def _place(point: Point, over: Over) -> int:
        return [exact_text(value) for value in over.values].index(exact_text(point.values[over.key]))

    def _about(self) -> dict[str, str]:
        return {"config_source": self.identity.source, "thermozoo": self.identity.thermozoo}


def axis_values(values: Any) -> np.ndarray[Any, Any]:
    """Return the values of a key as an axis: numbers where all are, else text."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return np.array(values, dtype=np.float64 if any(isinstance(v, float) for v in values) else np.int64)
    return np.array([value_text(value) for value in values])
