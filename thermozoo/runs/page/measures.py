"""How the page writes what outputs were measured by, beside real images and imitations."""

from __future__ import annotations

from collections.abc import Mapping

from thermozoo.digits import fixed, significant
from thermozoo.quality import Quality

__all__ = ["head_and_rows", "reasons"]

#: What a measure is called, with the decimals that it is written with; three digits where none are said.
_MEASURES: Mapping[str, tuple[str, int | None]] = {
    "frechet_components": ("Frechet distance, components", None),
    "frechet_features": ("Frechet distance, features", None),
    "precision": ("precision", 2),
    "recall": ("recall", 2),
    "nearest": ("nearest", 3),
    "diversity": ("diversity", 2),
    "judged_right": ("judged right", 2),
    "confidence": ("confidence", 2),
}


def head_and_rows(quality: Quality) -> tuple[list[str], list[list[str]]]:
    """Return the heading and the rows of a table, with the columns that at least one row has."""
    known = [key for key in _MEASURES if any(getattr(row, key) is not None for row in quality.rows)]
    rows = [[row.name, *(_cell(getattr(row, key), _MEASURES[key][1]) for key in known)] for row in quality.rows]
    return ["", *(_MEASURES[key][0] for key in known)], rows


def _cell(value: float | None, places: int | None) -> str:
    if value is None:
        return ""
    return significant(value) if places is None else fixed(value, places)


def reasons(withheld: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what could not be had, together where the reason is the same, and the reason."""
    by_reason: dict[str, list[str]] = {}
    for key, why in withheld.items():
        by_reason.setdefault(why, []).append(_MEASURES.get(key, (key, None))[0])
    return [(", ".join(names), why) for why, names in by_reason.items()]
