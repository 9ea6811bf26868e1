"""What the task `stochastic-attention` tells of its figures."""

from __future__ import annotations

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.stochastic_attention_figures import StochasticAttentionFigures

__all__ = ["account_of"]

#: What a reader looks for, in this order.
_FIGURES = ("novelty", "diversity", "energy")


def account_of(figures: StochasticAttentionFigures) -> Account:
    """Return the answer, and what stands behind it."""
    said = "; ".join(_at(figures, k) for k in range(len(figures.inverse_temperatures)))
    answer = f"Sampling by attention to {figures.images:,} images: {said}."
    away = _away(figures, _FIGURES)
    known = (
        f"Reference: at most {max(away):.1f} standard errors from a loop in NumPy with other noise, in {len(away)} "
        "figures."
        if away
        else "Reference: no figures of another program are stored for these images and settings."
    )
    virial = (
        f"Equilibrium: the virial is {_listed(figures, 'virial')}; exact is 1, at most "
        f"{max(_away(figures, ('virial',)), default=0.0):.1f} standard errors away."
    )
    recalled = ", ".join(
        f"{share:.0%} at beta = {beta:g}"
        for share, beta in zip(figures.recalled, figures.inverse_temperatures, strict=True)
    )
    memory = f"Recall: the image at which its chain began is the one that a sample resembles most in {recalled}."
    cost = (
        f"Cost: {_listed(figures, 'heat_mean_kT', 'heat_se_kT')} kT of heat that a chain releases (below zero: takes "
        f"up), and {figures.duration:g} time constants of {figures.chains:,} chains a temperature."
    )
    how = (
        f"Each chain begins at a stored image drawn at random, with noise of its own, and is looked at "
        f"{figures.snapshots:,} times once it has relaxed. Chains are independent of each other; snapshots of one "
        "chain are not, and are averaged before the spread is taken. Diversity is a mean over pairs: its error bar is "
        "found by leaving out one chain after the other."
    )
    rows = [
        (name, f"{beta:g}", _text(figures, name, k), *_known(figures, name, k))
        for k, beta in enumerate(figures.inverse_temperatures)
        for name in (*_FIGURES, "virial")
    ]
    lines = [known, virial, memory, cost]
    return Account(
        title="Sampling by attention",
        answer=answer,
        paragraphs=[*lines, how],
        tables=[
            TextTable(
                ("figure", "beta", "found", "reference", "standard errors away"),
                rows,
                "Figures by inverse temperature, with standard errors",
            )
        ],
        lines=lines,
    )


def _at(figures: StochasticAttentionFigures, k: int) -> str:
    named = [f"{name} {_text(figures, name, k)}" for name in _FIGURES]
    return f"at beta = {figures.inverse_temperatures[k]:g} {', '.join(named)}"


def _text(figures: StochasticAttentionFigures, name: str, k: int, error: str = "") -> str:
    return plus_minus(getattr(figures, name)[k], getattr(figures, error or f"{name}_se")[k], 2)


def _listed(figures: StochasticAttentionFigures, name: str, error: str = "") -> str:
    return ", ".join(_text(figures, name, k, error) for k in range(len(figures.inverse_temperatures)))


def _known(figures: StochasticAttentionFigures, name: str, k: int) -> tuple[str, str]:
    """Return the reference of a figure, and how many standard errors it is away."""
    known = figures.reference.get(name, ())
    expected = known[k] if k < len(known) else None
    error = figures.error_bars[name][k] if expected is not None else None
    if expected is None or not error:
        return "", ""
    return f"{expected:.4g}", f"{abs(getattr(figures, name)[k] - expected) / error:.1f}"


def _away(figures: StochasticAttentionFigures, names: tuple[str, ...]) -> list[float]:
    """Return the distances from what is known, in standard errors."""
    texts = [_known(figures, name, k)[1] for k in range(len(figures.inverse_temperatures)) for name in names]
    return [float(text) for text in texts if text]
