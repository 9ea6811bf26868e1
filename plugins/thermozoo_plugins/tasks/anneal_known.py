"""The largest cuts that are known of the graphs of the G-set; few are proven, and lists disagree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thermozoo_plugins.tasks.anneal_reads import Known

__all__ = ["known_of"]

#: Vertices by the number of a graph, up to each of these numbers.
_VERTICES = (
    (21, 800), (42, 2000), (47, 1000), (50, 3000), (54, 1000), (59, 5000), (64, 7000), (65, 8000), (66, 9000),
    (72, 10_000), (77, 14_000), (81, 20_000),
)  # fmt: skip

#: Cuts of a page of the authors of breakout local search.
_BENLIC = {
    25: 13340, 26: 13328, 27: 3341, 28: 3298, 29: 3405, 30: 3413, 31: 3309, 36: 7678, 38: 7687, 39: 2408, 40: 2400,
    41: 2405, 42: 2481, 47: 6657, 51: 3848, 52: 3851, 53: 3850, 54: 3852, 55: 10294, 56: 4012, 57: 3492, 58: 19263,
    59: 6078, 60: 14176, 61: 5789, 62: 4868, 64: 8735, 65: 5558, 66: 6360, 67: 6940, 70: 9541, 72: 6998, 77: 9926,
    81: 14030,
}  # fmt: skip

#: Those of another list, of graphs that the page does not name.
_LISTED = {
    1: 11624, 2: 11620, 3: 11622, 4: 11646, 5: 11631, 6: 2178, 7: 2006, 8: 2005, 9: 2054, 10: 2000, 11: 564, 12: 556,
    13: 582, 14: 3064, 15: 3050, 16: 3052, 17: 3047, 18: 992, 19: 906, 20: 941, 21: 931, 22: 13359, 23: 13344,
    24: 13337, 32: 1410, 33: 1382, 34: 1384, 35: 7687, 37: 7691, 43: 6660, 44: 6650, 45: 6654, 46: 6649, 48: 6000,
    49: 6000, 50: 5880,
}  # fmt: skip

_SOURCES = (
    (_BENLIC, "Benlic and Hao 2013, not proven"),
    (_LISTED, "the list of AOCoptimizer.jl, not proven"),
    ({63: 27047}, "arXiv:2510.21105, not proven"),
)


def known_of(path: str, problem: Any) -> Known | None:
    """Return the largest cut that is known of a graph, as an energy, where its file is named like one of the G-set.

    Parameters
    ----------
    path : str
        Its file, such as ``"G22"`` or ``"G22.txt"``.
    problem : IsingProblem
        What it holds; a graph of another size is another graph.
    """
    stem = Path(path).stem
    digits = stem[1:]
    if problem.kind != "max-cut" or stem[:1] not in ("G", "g") or not (digits.isascii() and digits.isdecimal()):
        return None
    number = int(digits)
    vertices = next((n for last, n in _VERTICES if number <= last), 0)
    for cuts, source in _SOURCES:
        if number in cuts and problem.n == vertices:
            return Known(float(problem.energy_of_objective(cuts[number])), source)
    return None
