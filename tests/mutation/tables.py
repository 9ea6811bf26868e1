"""The tables of a mutation run, as Markdown."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping
from typing import Any

from operators import CLASSES
from subjects import ROOMS

__all__ = ["tables"]

Verdicts = Iterable[Mapping[str, Any]]


def _caught(one: Mapping[str, Any]) -> bool:
    return one["by"] not in ("survived", "not reached")


def _counted(
    title: str, groups: Iterable[str], verdicts: list[Mapping[str, Any]], of: Any, why: Mapping[str, str]
) -> str:
    lines = [
        f"| {title} | made | by a check | by an error | never ends | survive | of these never run | explained "
        + "| caught [%] |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for group in [*groups, "all"]:
        some = [one for one in verdicts if group in ("all", of(one))]
        by = collections.Counter(one["by"] for one in some)
        left = [one for one in some if not _caught(one)]
        known = sum(_explanation(one, why) is not None for one in left)
        share = f"{100 * (len(some) - len(left)) / len(some):.0f}" if some else ""
        lines.append(
            f"| {group} | {len(some)} | {by['check']} | {by['error']} | {by['time or crash']} | {len(left)} "
            f"| {by['not reached']} | {known} | {share} |"
        )
    return "\n".join(lines)


def _name(one: Mapping[str, Any]) -> str:
    return f"{one['module']} {one['text']}"


def _explanation(one: Mapping[str, Any], why: Mapping[str, str]) -> str | None:
    """Return why a mutant survives: what is said of it, or of all of its module that survive."""
    return why.get(_name(one), why.get(f"{one['module']} *"))


def tables(verdicts: Verdicts, why: Mapping[str, str]) -> str:
    """Return the tables by class, by room and by check, and the survivors with their explanations."""
    found = [one for one in verdicts if one["by"] != "not made"]
    rooms = {module: room for room, modules in ROOMS.items() for module in modules}
    parts = [
        _counted("class", CLASSES, found, lambda one: one["kind"], why),
        _counted("room", ROOMS, found, lambda one: rooms[one["module"].removesuffix("[kernel]")], why),
    ]
    by_check = collections.Counter(one["check"] for one in found if one["by"] in ("check", "error"))
    lines = ["| check | mutants that it caught first |", "|---|---:|"]
    parts.append("\n".join([*lines, *(f"| `{check}` | {count} |" for check, count in by_check.most_common())]))
    lines = ["| survivor | why |", "|---|---|"]
    for one in found:
        if not _caught(one):
            reason = _explanation(one, why) or "**not explained**"
            reason = f"{'not reached' if one['by'] == 'not reached' else 'runs'}: {reason}"
            place = one["module"].removeprefix("thermozoo.").removeprefix("thermozoo_plugins.")
            text = one["text"].replace("|", "\\|")
            lines.append(f"| `{place}` `{text}` | {reason} |")
    parts.append("\n".join(lines))
    return "\n\n".join(parts)
