"""[task]: which tables the task of a config reads, and what is said of those that belong to others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from thermozoo.config.faults import Faults
from thermozoo.config.schema import TABLES
from thermozoo.interfaces import Task
from thermozoo.registry.catalogue import Catalogue

__all__ = ["tables_read"]


def tables_read(
    tables: Mapping[str, Any], known: Sequence[str], catalogue: Catalogue, faults: Faults
) -> Collection[str]:
    """Return the tables that the task of a config reads; a given one that belongs to other tasks is a fault.

    Where the task is not known, which is a fault of its own, nothing is said of them, and all are read.

    Parameters
    ----------
    tables : mapping
        The config.
    known : sequence of str
        The tables that there are.
    catalogue : Catalogue
        The tasks that it may name.
    faults : Faults
        Receives the faults.
    """
    home, key = Task.declared.table, Task.declared.key
    table = tables.get(home, {})
    chosen = table.get(key, TABLES[home].default_plugin) if isinstance(table, Mapping) else None
    names = catalogue.names(Task.kind)
    if chosen not in names:
        return known
    of = {name: catalogue.get(Task, name).tables for name in names}  # type: ignore[type-abstract]
    readers = {one: [name for name in names if one in of[name]] for one in known}
    # the table of a kind that no task declares is anybody's
    reads = [one for one in known if one == home or one in of[chosen] or not readers[one]]
    for one in tables:
        if one in known and one not in reads:
            whose = f"the task{'s' * (len(readers[one]) > 1)} {', '.join(readers[one])}"
            faults.add(one, f"[{one}] belongs to {whose}, and {chosen!r} does not read it: leave it out", also=[home])
    return reads
