"""What tasks with parallel tempering tell of their ladders, and what is to be doubted about these."""

from __future__ import annotations

from typing import Any

from thermozoo import TextTable, plus_minus

__all__ = ["doubts_of", "exchanges", "travel"]


def _least(figures: Any) -> int:
    """Return the rung whose exchanges with the next are accepted least."""
    return min(range(len(figures.acceptance)), key=figures.acceptance.__getitem__)


def travel(figures: Any) -> list[str]:
    """Return how replicas travelled, where they did; figures have `temperatures`, `acceptance` and `round_trips`."""
    if figures.acceptance is None or figures.temperatures is None or figures.round_trips is None:
        return []
    worst = _least(figures)
    return [
        f"Tempering: {len(figures.temperatures):,} rungs from kT = {figures.temperatures[0]:.3g} to "
        f"{figures.temperatures[-1]:.3g}; exchanges are accepted least between kT = "
        f"{figures.temperatures[worst]:.3g} and {figures.temperatures[worst + 1]:.3g}, "
        f"{figures.acceptance[worst]:.1%}; {plus_minus(figures.round_trips, figures.round_trips_se or 0.0, 2)} round "
        "trips of the replicas of a ladder."
    ]


def exchanges(figures: Any) -> list[TextTable]:
    """Return how many exchanges were accepted by rung, where there are rungs."""
    if figures.acceptance is None or figures.temperatures is None:
        return []
    pairs = zip(figures.temperatures, figures.temperatures[1:], figures.acceptance, strict=False)
    rows = [(str(k), f"{cold:.4g}", f"{hot:.4g}", f"{share:.1%}") for k, (cold, hot, share) in enumerate(pairs)]
    return [TextTable(("rung", "kT", "kT of the next", "exchanges accepted"), rows, "Exchanges by rung")]


def doubts_of(figures: Any) -> list[str]:
    """Return what is to be doubted where replicas do not travel between the coldest and the hottest rung."""
    if figures.round_trips is None or figures.round_trips >= 1:
        return []
    return [
        f"replicas hardly travel: {figures.round_trips:.2g} round trips of a ladder from its coldest to its "
        "hottest rung and back; take rungs that are closer where few exchanges are accepted, or a longer "
        "dynamics.duration"
    ]
