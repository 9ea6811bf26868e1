"""What a kernel is given, in groups.

They cross from Python to machine code as plain tuples, which numba recognizes without looking at their classes at every
call, and are named again inside.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "DriveArguments", "LawArguments", "NoiseArguments", "Output", "PackedCouplings", "Scratch", "Sharing",
    "TermArguments",
]  # fmt: skip

Array = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class PackedCouplings(NamedTuple):
    """Couplings in the order in which a kernel reads them.

    Parameters
    ----------
    table : ndarray of int, shape (entries, 5)
        Dense parts: first row, tiles, first column, columns, place in `packed`.
    packed : ndarray
        Their numbers.
    starts, columns, values : ndarray
        Compressed rows of sparse couplings, or slices of such; all empty where there are none.
    """

    table: Indices
    packed: Array
    starts: Indices
    columns: npt.NDArray[np.int32]
    values: Array


class TermArguments(NamedTuple):
    """Coupling terms that are not products of two states, one after the other; see `term_packing`.

    Parameters
    ----------
    table, packed : ndarray
        Dense parts, as in `PackedCouplings`, of the terms whose energy separates.
    parts : ndarray of int
        Which rows of the table each of them has: from one entry to the next.
    sums : ndarray
        Sums over rows of J, a number a unit, of those that use them.
    places : ndarray of int, shape (sets, 4)
        Where `starts`, `heads`, `values` and `columns` of each set of tuples begin.
    starts : ndarray of int
        Where the entries of each row (of each slice of rows) start, counted in entries.
    heads : ndarray
        The other units of each entry; in slices, the first of a line of consecutive units, or -1 - k for the k-th line
        of `columns`.
    values : ndarray
        Strengths of the entries.
    columns : ndarray
        Lines of units that are not consecutive.
    constants : ndarray
        Constants of the interactions and projections.
    projections : ndarray of int, shape (terms, 5)
        Of terms over projections: how many patterns, where they begin in `weights`, and to how many they are filled
        up; which of the kernel's formulas; where its constants begin. Their patterns and the transpose of these are the
        last `parts`.
    weights : ndarray
        Weights of patterns, and their logarithms; see `projection_packing`.
    """

    table: Indices
    parts: Indices
    packed: Array
    sums: Array
    places: Indices
    starts: Indices
    heads: npt.NDArray[np.int32]
    values: Array
    columns: npt.NDArray[np.int32]
    constants: Array
    projections: Indices
    weights: Array


class LawArguments(NamedTuple):
    """A law of motion without its couplings.

    Parameters
    ----------
    bias, coefficients, constants : ndarray
        b, of as many units as a chunk has room for; constants of each unit, one row a constant; constants of the step.
    ranges, range_starts : ndarray of int
        Ranges of free units, with their potential, and which of them lie in each block of units.
    """

    bias: Array
    coefficients: Array
    constants: Array
    ranges: Indices
    range_starts: Indices


class Sharing(NamedTuple):
    """How chunks are shared out among threads.

    Parameters
    ----------
    members : int
        Threads that work on a chunk together.
    slots : int
        Sets of scratch.
    group : int
        Chunks that take turns.
    size : int
        Numbers of a chunk.
    in_place : bool
        Whether states are updated where they are.
    ahead : int
        Where the noise of several steps of a trajectory of few units is drawn at once: the logarithm, to the base 2, of
        the units that are drawn in each step. Else -1.
    """

    members: int
    slots: int
    group: int
    size: int
    in_place: bool
    ahead: int


class NoiseArguments(NamedTuple):
    """Which noise: stream, keys of the rounds, numbers of the trajectories."""

    stream: int
    keys: Indices
    numbers: Indices


class DriveArguments(NamedTuple):
    """An imposed signal.

    Parameters
    ----------
    signals, intensity : ndarray
        Signals in the layout of states (empty: none), and the intensity of each step (several protocols: 1).
    intensities : ndarray, shape (steps, protocols)
        Intensities of several protocols, with which signals are multiplied before each step.
    protocols : ndarray, shape (n,)
        The protocol of each unit; empty where there is one.
    runs : ndarray of int, shape (runs, 3)
        The same as runs of units: first unit, last unit plus 1, protocol.
    working : bool
        Whether its work is asked for.
    changes, shares : ndarray, shapes (steps,) and (steps, protocols)
        Change of the intensities before each step: a common factor and, of several protocols, the share of each.
    sources, which : ndarray
        Signals as they were given, and the signal of each trajectory.
    """

    signals: Array
    intensity: Array
    intensities: Array
    protocols: Indices
    runs: Indices
    working: bool
    changes: Doubles
    shares: Doubles
    sources: Doubles
    which: Indices


class Scratch(NamedTuple):
    """Room for states after a step, forces, stages, kept forces, noise, imposed forces, sums of the work, products.

    Of coupling terms that separate, `products` holds every function of states and its product with J; `projected`
    holds projections of states on patterns, and what each pattern adds. Beside them are the auxiliary variables
    of units, one after the other, each in the layout of states.
    """

    spare: Array
    force: Array
    point: Array
    kept: Array
    normal: Array
    imposed: Array
    partial: Doubles
    products: Array
    projected: Array
    variables: Array


class Output(NamedTuple):
    """What is written beside states.

    Parameters
    ----------
    rows : int
        Trajectories.
    worked : ndarray, shape (rows,)
        Receives the work.
    recording : bool
        Whether states are recorded.
    record : ndarray, shape (steps, rows, n)
        Receives them.
    """

    rows: int
    worked: Doubles
    recording: bool
    record: Array
