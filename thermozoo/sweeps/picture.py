"""The figure of a sweep: which numbers of the reports it shows, against the keys that were swept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thermozoo.errors import nearest, shown
from thermozoo.sweeps.table import Table, axis_values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_table", "shown_names", "unknown_names"]

#: What a sweep of `generate` shows, unless it is told.
_OF_IMAGES = ("mean_best_correlation", "heat_mean_kT")

#: Numbers that are shown, unless a sweep is told.
_MOST = 4

#: Tables of a report that say nothing of its own about the computer.
_ASIDE = ("seconds", "hardware", "imperfections", "seed", "warnings")


def shown_names(table: Table, wanted: Sequence[str] = ()) -> list[str]:
    """Return the numbers that the figure shows.

    Parameters
    ----------
    table : Table
        What there is.
    wanted : sequence of str
        Those that were asked for; of these, what some point reports. Without: of `generate` the correlation of the
        images and the heat, of another task the first of its own that differ between points.
    """
    names = table.names
    if wanted:
        return [name for name in wanted if name in names]
    if all(name in names for name in _OF_IMAGES):
        return list(_OF_IMAGES)
    own = [name for name in names if _plain(name)]
    varying = [name for name in own if _varies(table.column(name))]
    return (varying or own)[:_MOST]


def unknown_names(table: Table, wanted: Sequence[str]) -> list[str]:
    """Return a line for each number that was asked for and that no point reports."""
    names = table.names
    return [
        f"--show {shown(name)}: no point reports it{nearest(name, names)}; the columns of table.csv are what there is"
        for name in wanted
        if name not in names
    ]


def draw_table(table: Table, names: Sequence[str]) -> Figure:
    """Return the figure of a table that shows these numbers."""
    from thermozoo.plotting.sweep import SweptAxis, SweptFigure, plot_sweep

    over = table.identity.over
    if table.identity.together:  # the first key is the abscissa: the others go with it
        axes = [SweptAxis(over[0].key, axis_values([point.values[over[0].key] for point in table.points]))]

        def arranged(name: str) -> Any:
            return table.column(name)
    else:
        axes = [SweptAxis(one.key, axis_values(one.values)) for one in over]
        dataset = table.dataset()

        def arranged(name: str) -> Any:
            return dataset[name].values

    errors = {name: _error_of(name, table.names) for name in names}
    return plot_sweep(
        axes,
        [
            SweptFigure(name, arranged(name), None if errors[name] is None else arranged(str(errors[name])))
            for name in names
        ],
    )


def _error_of(name: str, names: Sequence[str]) -> str | None:
    """Return the key of the standard error of a number, where a report has one."""
    stem, unit = (name[:-3], "_kT") if name.endswith("_kT") else (name, "")
    found = f"{stem}_se{unit}"
    return found if found in names else None


def _plain(name: str) -> bool:
    """Tell whether a key is a result of its own: not an error bar, a reference or the time that it took."""
    parts = name.split(".")
    return parts[0] not in _ASIDE and not any(
        part.endswith(("_se", "_se_kT", "_std")) or part in ("error_bars", "reference", "references") for part in parts
    )


def _varies(values: Any) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) > 1 and bool(np.ptp(finite) > 0)
