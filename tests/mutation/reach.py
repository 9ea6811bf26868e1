"""Which check of which plugin runs which lines of the modules that are changed, and how long it takes."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

from mutants import source_of
from processes import alone, checks_of, context_of
from subjects import ROOMS, SUBJECTS, Subject

__all__ = ["lines_reached"]


def _traced(subject: Subject, name: str) -> dict[str, Any]:
    """Run one check; return its seconds, what became of it, and lines by module."""
    from thermozoo.testing import checks_for
    from thermozoo.testing.runner import run_check

    modules = {str(source_of(module)): module for room in ROOMS.values() for module in room}
    found: dict[str, set[int]] = {}

    def line(frame: Any, event: str, _: Any) -> Any:
        found[frame.f_code.co_filename].add(frame.f_lineno)
        return line

    def call(frame: Any, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in modules:
            return None
        found.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
        return line

    context = context_of(subject)
    [check] = [one for one in checks_for(context.plugin) if one.name == name]
    threading.settrace(call)
    sys.settrace(call)
    start = time.perf_counter()
    try:
        outcome = run_check(check, context)
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    lines = {modules[file]: sorted(numbers) for file, numbers in found.items()}
    return {"subject": str(subject), "check": name, "seconds": seconds, "status": str(outcome.status), "lines": lines}


def _of_subject(subject: Subject) -> list[dict[str, Any]]:
    # formulas that one check has derived are kept: each begins in a process that has derived nothing
    context_of(subject)
    found = []
    for name in checks_of(subject):
        one = alone(lambda name=name: _traced(subject, name), 300)
        if one is not None:
            found.append(one)
    return found


def lines_reached(subjects: Iterable[Subject] = SUBJECTS) -> list[dict[str, Any]]:
    """Return one record for each check of each subject."""
    found: list[dict[str, Any]] = []
    for subject in subjects:
        if subject.compiled:
            continue
        records = alone(lambda subject=subject: _of_subject(subject), 1200) or []
        print(f"{subject}: {len(records)} checks, {sum(r['seconds'] for r in records):.0f} s", file=sys.stderr)
        found += records
    return found
