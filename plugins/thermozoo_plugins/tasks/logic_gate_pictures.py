"""The picture of the task `logic-gate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo import Picture
from thermozoo_plugins.tasks.logic_gate_account import clamped_bits
from thermozoo_plugins.tasks.logic_gate_figures import LogicGateFigures
from thermozoo_plugins.tasks.logic_gate_hamiltonians import GATES, matches

__all__ = ["pictures_of"]

#: States of a row of three panels, at most.
_BESIDE = 8


def pictures_of(figures: LogicGateFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the picture by its name."""
    beside = len(figures.probabilities) <= _BESIDE
    return {
        "truth-table": Picture(
            lambda figure: _draw(figure, figures, samples, beside),
            "Probabilities of the states of the bits "
            + " ".join(figures.bits)
            + ", sampled (filled, with two standard "
            "errors; rows of the truth table in blue, others in red) beside enumeration (outlined). Where inputs or "
            "outputs are clamped, the probability of each state is that given its own inputs or outputs.",
            height=3.0 if beside else 7.0,
        )
    }


def _draw(figure: Any, figures: LogicGateFigures, samples: Any, beside: bool) -> None:
    panels = figure.subplots(*((1, 3) if beside else (3, 1)))
    states = list(figures.probabilities)
    held = clamped_bits(figures.bits, figures.clamp)
    patterns = [str(pattern) for pattern in samples["pattern"].values]
    of_pattern = {pattern: k for k, pattern in enumerate(patterns)}  # of two that are alike, that of its own kind
    rows: tuple[list[int | None], ...] = (
        [0] * len(states),
        [_row_of(state, figures.forwards, of_pattern) for state in states],
        [_row_of(state, figures.backwards, of_pattern) for state in states],
    )
    titles = (f"{held} clamped" if held else "unclamped", "inputs clamped", "outputs clamped")
    gate = GATES[figures.gate]
    colors = ["C0" if gate.satisfied(state) else "C3" for state in states]
    place = np.arange(len(states))
    for axes, of_state, title in zip(panels, rows, titles, strict=True):
        share, error, exact = (
            np.array([np.nan if row is None else samples[name].values[row, k] for k, row in enumerate(of_state)])
            for name in ("probability", "probability_se", "probability_exact")
        )
        axes.bar(place - 0.2, share, 0.4, yerr=2 * error, color=colors, error_kw={"linewidth": 0.8})
        axes.bar(place + 0.2, exact, 0.4, fill=False, edgecolor="#1a1a1a", linewidth=0.8)
        axes.set_xticks(place, states, rotation=90, fontsize=7)
        axes.set_title(title, fontsize=8.5)
        axes.set_xlim(-0.7, len(states) - 0.3)
        axes.set_ylim(0, None)
        axes.grid(False, axis="x")
    for axes in panels[:1] if beside else panels:
        axes.set_ylabel("probability")


def _row_of(state: str, patterns: Mapping[str, float], of_pattern: Mapping[str, int]) -> int | None:
    """Return the row of the pattern that a state has; None where the gate can have none that does."""
    return next((of_pattern[pattern] for pattern in patterns if matches(state, pattern)), None)
