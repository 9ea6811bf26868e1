"""Outputs by class: as the nearest prototype says, as judges see them, and as they were asked for."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from thermozoo.digits import count
from thermozoo.runs.page.numbers import percent, share
from thermozoo.runs.page.table import Table
from thermozoo.runs.results import Report

__all__ = ["Disagreement", "asked_table", "classes_table", "disagreement"]

#: Difference of the shares of a class that is worth a sentence.
_APART = 0.05


@attrs.frozen
class Disagreement:
    """The class about whose share nearest prototypes and the judge differ most."""

    name: str
    nearest: float
    judge: float


def _shares(counts: Mapping[str, int] | None) -> dict[str, float]:
    total = sum((counts or {}).values()) or 1
    return {label: number / total for label, number in (counts or {}).items()}


def _judged(report: Report) -> Mapping[str, int]:
    return (report.judge and report.judge.counts) or {}


def classes_table(report: Report) -> Table:
    """Return how many outputs there are of each class by the nearest prototype, and beside it by the judge."""
    ways = {"nearest prototype": report.class_counts, "judge": _judged(report)}
    ways = {name: counts for name, counts in ways.items() if counts}
    labels = dict.fromkeys([*report.class_counts, *(label for label, number in _judged(report).items() if number)])
    rows = []
    for label in labels:
        cells = [report.class_names.get(label, label)]
        for counts in ways.values():
            cells += [count(counts[label]), percent(_shares(counts)[label])] if label in counts else ["", ""]
        rows.append(cells)
    return Table(rows, ["class", *(head for name in ways for head in (name, "share"))], "Outputs by class")


def disagreement(report: Report) -> Disagreement | None:
    """Return about which class nearest prototypes and the judge differ most, None where they differ by little."""
    nearest, judge = _shares(report.class_counts), _shares(_judged(report))
    if not judge:
        return None
    label = max({**nearest, **judge}, key=lambda one: abs(nearest.get(one, 0.0) - judge.get(one, 0.0)))
    found = Disagreement(report.class_names.get(label, label), nearest.get(label, 0.0), judge.get(label, 0.0))
    return found if abs(found.nearest - found.judge) > _APART else None


def asked_table(report: Report) -> Table:
    """Return how many outputs of each class that was asked for the perceptron takes for that class."""
    rows = []
    for label, verdicts in ((report.quality and report.quality.confusion) or {}).items():
        total, right = sum(verdicts.values()), verdicts.get(label, 0)
        rows.append([report.class_names.get(label, label), count(total), count(right), share(right / total, total)])
    return Table(rows, ["class asked for", "outputs", "judged as asked", "share (95 % interval)"])
