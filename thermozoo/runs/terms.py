"""Further terms of the energy that a config describes, and what they weigh."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.connect import pairs_of
from thermozoo.computer.couplings import block_size
from thermozoo.computer.layout import Layout
from thermozoo.computer.patterns import load_patterns
from thermozoo.computer.term import Term
from thermozoo.computer.terms import couple, project
from thermozoo.config.faults import Faults, inside
from thermozoo.config.schema import Config
from thermozoo.config.terms import DATA, CouplingTerm, PatternTerm
from thermozoo.errors import DataError, ParameterError, ShapeError, ThermozooError
from thermozoo.interfaces import Connectivity
from thermozoo.parameters import fields_of
from thermozoo.runs.prototypes import Prototypes
from thermozoo.training.noising import image_group

__all__ = ["built_terms", "check_terms", "count_of", "of_connectivity", "pattern_bytes"]


def built_terms(config: Config, layout: Layout, prototypes: Prototypes | None, faults: Faults) -> dict[str, Term]:
    """Return the further terms of a config; what is wrong with one is a fault at its table.

    Parameters
    ----------
    config : Config
        The config, with the size of every group.
    layout : Layout
        Groups of units.
    prototypes : Prototypes or None
        The images that are learned; none where the task reads no data.
    faults : Faults
        Receives the faults.
    """
    found: dict[str, Term] = {}
    for name, one in config.terms.items():
        with _of_term(name, one, faults):
            if isinstance(one, CouplingTerm):
                found[name] = couple(one.connectivity, layout, one.interaction)
            else:
                found[name] = _projections(one, layout, prototypes)
    return found


def check_terms(config: Config, faults: Faults) -> bool:
    """Add as a fault what a term's connectivity says of the groups, or of its file; return whether none does."""
    before = faults.added
    layout = Layout(config.sizes, clamped=config.clamped)
    for name, one in config.terms.items():
        if isinstance(one, CouplingTerm):
            with _of_term(name, one, faults):
                count_of(one.connectivity, layout)
    return faults.added == before


@contextlib.contextmanager
def _of_term(name: str, one: PatternTerm | CouplingTerm, faults: Faults) -> Iterator[None]:
    """Add what is wrong with a term as a fault at its table."""
    path = inside("computer.terms", name)
    where = f"{path}.{'patterns' if isinstance(one, PatternTerm) else 'connectivity'}"
    try:
        yield
    except DataError as error:
        faults.add(where, str(error), also=[path])
    except ShapeError as error:
        faults.add(where, str(error), also=[path, "computer.units"])
    except ParameterError as error:
        faults.add(f"{path}.weights" if str(error).startswith("weights") else path, str(error), also=[path])
    except ThermozooError as error:
        faults.add(path, str(error))


def _projections(one: PatternTerm, layout: Layout, prototypes: Prototypes | None) -> Term:
    table = one.table
    patterns: npt.NDArray[np.floating[Any]]
    patterns = prototypes.images if table.patterns == DATA and prototypes else load_patterns(table.patterns)
    return project(
        one.projection,
        layout,
        patterns,
        groups=table.groups or (image_group(layout),),
        weights=table.weights or None,
        normalize=table.normalize,
    )


@contextlib.contextmanager
def of_connectivity(config: Config, faults: Faults) -> Iterator[None]:
    """Add as a fault what the connectivity says of the groups, or of the file that it reads."""
    try:
        yield
    except (ShapeError, DataError) as error:
        keys = [f"computer.connectivity.{field.alias}" for field in fields_of(config.connectivity) if field.init]
        faults.add("computer.connectivity", str(error), also=[*keys, "computer.connectivity.plugin", "computer.units"])


def count_of(connectivity: Connectivity, layout: Layout) -> tuple[int, bool]:
    """Return how many tuples a connectivity couples, without making couplings, and whether they are dense blocks."""
    pairs, edges = pairs_of(connectivity, layout)
    if pairs is None:
        return 0 if edges is None else len(edges), False
    return sum(block_size((layout.slice(a), layout.slice(b))) for a, b in pairs), True


def pattern_bytes(config: Config, images: int) -> int:
    """Return the bytes of the patterns of all terms, in double precision and in that of the states."""
    layout = Layout(config.sizes, clamped=config.clamped)
    total = 0
    for one in config.terms.values():
        if not isinstance(one, PatternTerm):
            continue
        units = sum(layout.sizes[group] for group in one.table.groups or (image_group(layout),))
        path = Path(one.table.patterns)
        held = 8 * images * units if one.table.patterns == DATA else path.stat().st_size if path.exists() else 0
        total += 2 * held
    return total
