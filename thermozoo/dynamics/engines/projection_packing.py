"""Patterns in the order in which kernels read them; see `thermozoo.dynamics.engines.projection_source`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.layout import Layout
from thermozoo.dynamics.engines.packing import pack_parts
from thermozoo.dynamics.engines.products import BLOCK
from thermozoo.dynamics.engines.projection_forces import ProjectionForce, kinds_of

__all__ = ["pack_patterns", "pack_weights"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


def _runs(units: Indices, kept: npt.NDArray[np.bool_]) -> list[tuple[slice, slice]]:
    """Return runs of consecutive units that are kept, and where their entries are in a pattern."""
    where = np.flatnonzero(kept)
    if not len(where):
        return []
    breaks = np.flatnonzero((np.diff(where) != 1) | (np.diff(units[where]) != 1)) + 1
    runs = []
    for part in np.split(where, breaks):
        entries, first = slice(int(part[0]), int(part[-1]) + 1), int(units[part[0]])
        runs.append((slice(first, first + len(part)), entries))
    return runs


def pack_patterns(force: ProjectionForce, layout: Layout, dtype: Any, unit_layout: bool) -> list[tuple[Indices, Array]]:
    """Return tables and numbers of the patterns M, and of their transpose times the amplitude, on free units."""
    term = force.term
    units = np.asarray(term.units, dtype=np.int64)
    whole = slice(0, len(term.patterns))
    forward = [
        (whole, run, term.patterns[:, entries]) for run, entries in _runs(units, np.ones(len(units), dtype=bool))
    ]
    back = [
        (run, whole, term.amplitude * term.patterns[:, entries].T) for run, entries in _runs(units, layout.free[units])
    ]
    return [pack_parts(parts, dtype, unit_layout) for parts in (forward, back)]


def pack_weights(forces: Sequence[ProjectionForce], constants: Sequence[int], dtype: Any) -> tuple[Indices, Array]:
    """Return how many patterns each term has and where they are, its formula and `constants`, and the weights.

    Weights are followed by their logarithms, both filled up by whole blocks of patterns, and one more, with patterns of
    weight zero. In the scratch of a kernel, projections lie as weights do, and what patterns add as logarithms do.
    """
    table, parts, begin = [], [np.zeros(0)], 0
    for force, kind, constant in zip(forces, kinds_of(forces)[1], constants, strict=True):
        given = force.term.weights
        padded = (-(-len(given) // BLOCK) + 1) * BLOCK
        numbers = np.zeros((2, padded))
        numbers[1] = -np.inf
        numbers[0, : len(given)] = given
        np.log(given, out=numbers[1, : len(given)], where=given > 0)
        table.append((len(given), begin, padded, kind, constant))
        parts.append(numbers.ravel())
        begin += 2 * padded
    return np.array(table, dtype=np.int64).reshape(-1, 5), np.concatenate(parts).astype(dtype)
