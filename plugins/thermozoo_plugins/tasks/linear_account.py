"""What the tasks `linear-system` and `inverse` tell of their figures."""

from __future__ import annotations

from collections.abc import Sequence

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.linear_figures import LinearFigures

__all__ = ["account_of"]


def account_of(
    figures: LinearFigures, what: str, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], step: str
) -> Account:
    """Return the answer, and what stands behind it.

    Parameters
    ----------
    figures : LinearFigures
        What was found.
    what : str
        What it is, at the head of the answer.
    title : str
        The page's heading.
    head, rows : sequence
        A table of entries.
    step : str
        What the time step does to the answer.
    """
    n, condition = figures.dimension, figures.eigenvalue_largest / figures.eigenvalue_smallest
    answer = (
        f"{what}, of a matrix of {n} x {n} with condition number {condition:.4g}, is {figures.relative_error:.2%} off "
        f"the digital answer; its error bars say {figures.relative_error_expected:.2%}."
    )
    known = (
        f"Error bars: the 95 % intervals of {figures.inside:.1%} of the entries hold the digital answer. {step} States "
        f"began at zero, of which {figures.left_over:.1g} of the answer is left at most."
    )
    cost = (
        f"Cost: {plus_minus(figures.heat_mean_kT, figures.heat_se_kT, 2)} kT of heat a chain to relax, and "
        f"{figures.relaxation + figures.duration:,.0f} time constants 1/(mobility E0) of {figures.chains:,} chains."
    )
    how = (
        f"{figures.chains:,} chains, each with noise of its own, were observed {figures.observations:,} times. Their "
        "means are independent of each other, whatever the correlations within a chain: an error bar is their standard "
        "deviation over the root of their number. The digital answer was found afterwards, to be compared with."
    )
    return Account(
        title=title,
        answer=answer,
        paragraphs=[known, cost, how],
        tables=[TextTable(head, rows, "Entries with standard errors, the first ones of many")],
        lines=[known, cost],
    )
