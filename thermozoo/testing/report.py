"""Outcomes in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo.testing.outcomes import Outcome, Report, Status, skipped_by_profile

__all__ = ["case_lines", "explained", "summary"]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) or "none"
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, threshold=12)
    return str(value)


def case_lines(outcome: Outcome) -> list[str]:
    """Return the smallest counterexample, one line an entry, and the line of the formula."""
    lines = []
    source = ""
    for name, value in outcome.counterexample.items():
        if name == "source":
            source = str(value)
        elif name == "parameters":
            lines.append(f"with {_value(value)}")
        else:
            lines.append(f"at {name} = {_value(value)}")
    if source:
        lines += ["generated code:", *("  " + text for text in source.rstrip().splitlines())]
    if outcome.line:
        lines.append(f"formula: {outcome.line}")
    return lines


def explained(outcome: Outcome) -> str:
    """Return claim, reason, counterexample and formula of an outcome that does not hold."""
    text = [f"{outcome.check}: {outcome.reason}", f"  claim: {outcome.claim}"]
    if outcome.figure and outcome.figure != outcome.reason:
        text.append(f"  measured: {outcome.figure}")
    return "\n".join([*text, *("  " + line for line in case_lines(outcome))])


def summary(report: Report) -> str:
    """Return one line that counts what became of the checks."""
    counts = {status: len(report.with_status(status)) for status in Status}
    skipped = sum(map(skipped_by_profile, report.outcomes))
    words = [f"{counts[s]} {s}" for s in Status if counts[s] and s is not Status.NOT_RUN]
    if counts[Status.NOT_RUN] - skipped:
        words.append(f"{counts[Status.NOT_RUN] - skipped} not run")
    if skipped:
        words.append(f"{skipped} left to the full profile")
    grade = "" if report.grade is None else f", worst derivative grade {report.grade:.1f}"
    return f"{report.kind} {report.name}: {', '.join(words)}{grade}, {report.seconds:.1f} s"
