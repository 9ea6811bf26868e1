"""What the task `logic-gate` tells of its figures."""

from __future__ import annotations

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.logic_gate_figures import LogicGateFigures

__all__ = ["account_of", "clamped_bits"]


def clamped_bits(names: tuple[str, ...], pattern: str) -> str:
    """Return what a pattern clamps, in words."""
    return ", ".join(f"{name} = {bit}" for name, bit in zip(names, pattern, strict=True) if bit != ".")


def _percent(value: float, error: float) -> str:
    return f"{plus_minus(100 * value, 100 * error, 2)} %"


def _away(value: float, error: float, exact: float) -> float:
    return abs(value - exact) / error if error > 0 else 0.0


def _read(direction: str, shares: dict[str, float], errors: dict[str, float], exact: dict[str, float]) -> str:
    """Return how a truth table was read: the pattern that does worst, and how far all are from enumeration."""
    worst = min(shares, key=shares.__getitem__)
    off = max(_away(shares[pattern], errors[pattern], exact[pattern]) for pattern in shares)
    return (
        f"Read {direction}: right in {_percent(shares[worst], errors[worst])} of samples or more (least where {worst} "
        f"is clamped); {len(shares)} patterns, at most {off:.1f} standard errors from enumeration."
    )


def account_of(figures: LogicGateFigures) -> Account:
    """Return the answer, and what stands behind it."""
    held = clamped_bits(figures.bits, figures.clamp)
    where = f"with {held} clamped" if held else "with nothing clamped"
    off = _away(figures.satisfied, figures.satisfied_se, figures.satisfied_exact)
    answer = (
        f"The gate {figures.gate!r} {where} is satisfied in {_percent(figures.satisfied, figures.satisfied_se)} of "
        f"samples; exact is {100 * figures.satisfied_exact:.4g} %, {off:.1f} standard errors away."
    )
    if not figures.possible:
        state = max(figures.probabilities, key=figures.probabilities.__getitem__)
        share = _percent(figures.probabilities[state], figures.probabilities_se[state])
        answer = (
            f"The gate {figures.gate!r} cannot have {held}: it is frustrated, and its likeliest state is {state}, in "
            f"{share} of samples; exact is {100 * figures.reference[state]:.4g} %."
        )
    known = (
        f"Distribution: {figures.total_variation:.2g} from enumeration in total variation; "
        f"{figures.total_variation_expected:.2g} is expected of {figures.effective_samples:,.0f} effective samples."
    )
    forwards = _read("forwards", figures.forwards, figures.forwards_se, figures.forwards_exact)
    backwards = _read("backwards", figures.backwards, figures.backwards_se, figures.backwards_exact)
    cost = (
        f"Cost: {plus_minus(figures.heat_mean_kT, figures.heat_se_kT, 2)} kT of heat a chain from random bits to "
        f"equilibrium, and {figures.sweeps:,} sweeps of {figures.chains:,} chains."
    )
    how = (
        f"{figures.chains:,} chains a pattern, each with noise of its own, were observed {figures.observations:,} "
        "times. Their shares are independent of each other, whatever the correlations within a chain: an error bar is "
        "their standard deviation over the root of their number, and at least one over the effective samples. "
        f"Bits are in the order {' '.join(figures.bits)}."
    )
    states = [
        (state, plus_minus(share, figures.probabilities_se[state], 2), f"{figures.reference[state]:.4g}")
        for state, share in figures.probabilities.items()
    ]
    read = [
        (pattern, direction, _percent(shares[pattern], errors[pattern]), f"{100 * exact[pattern]:.4g} %")
        for direction, shares, errors, exact in (
            ("forwards", figures.forwards, figures.forwards_se, figures.forwards_exact),
            ("backwards", figures.backwards, figures.backwards_se, figures.backwards_exact),
        )
        for pattern in shares
    ]
    lines = [known, forwards, backwards, cost]
    return Account(
        title="Invertible logic",
        answer=answer,
        paragraphs=[*lines, how],
        tables=[
            TextTable(("clamped", "read", "satisfied", "exact"), read, "The truth table, read both ways"),
            TextTable(("state", "probability", "enumeration"), states, f"States {where}, with standard errors"),
        ],
        lines=lines,
    )
