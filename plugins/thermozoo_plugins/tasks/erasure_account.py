"""What the task `erasure` tells of its figures."""

from __future__ import annotations

import math

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.erasure_figures import ErasureFigures

__all__ = ["account_of"]


def account_of(figures: ErasureFigures) -> Account:
    """Return the answer, and what stands behind it."""
    least = math.log(2)
    answer = (
        f"Erasing a bit in {figures.durations[-1]:g} units of time costs "
        f"{plus_minus(figures.work_mean_kT, figures.work_se_kT, 2)} kT of work on average, where Landauer's bound is "
        f"ln 2 = {least:.4f} kT; {figures.success:.2%} of {figures.trajectories:,} bits were erased."
    )
    fitted = (
        "No fit against the duration: that takes four durations in which 99.5 % of the bits are erased; take longer "
        "ones, or more of them."
    )
    if figures.limit_kT is not None and figures.limit_se_kT is not None and figures.expected_kT is not None:
        off = abs(figures.limit_kT - least) / figures.limit_se_kT
        away = abs(figures.work_mean_kT - figures.expected_kT) / figures.work_se_kT
        fitted = (
            f"Endless erasure: {plus_minus(figures.limit_kT, figures.limit_se_kT, 2)} kT by the works of "
            f"{figures.fitted} durations, {off:.1f} standard errors from ln 2. With ln 2 given, the excess falls as "
            f"({plus_minus(figures.excess_kT or 0.0, figures.excess_se_kT or 0.0, 2)}) kT / duration, which is "
            f"{figures.expected_kT:.4f} kT in the slowest: {away:.1f} standard errors away."
        )
    off = abs(figures.jarzynski - 1) / figures.jarzynski_se if figures.jarzynski_se > 0 else 0.0
    equality = (
        f"Jarzynski: twice the mean of exp(-W / kT), of the bits that end where they should, is "
        f"{plus_minus(figures.jarzynski, figures.jarzynski_se, 2)}; exact is 1, {off:.1f} standard errors away."
    )
    cost = (
        f"Cost: {plus_minus(figures.heat_mean_kT, figures.heat_se_kT, 2)} kT of heat a bit, which scatters by "
        f"{figures.heat_std_kT:.2g} kT: {figures.heat_below_limit:.1%} of the bits release less than ln 2; "
        f"{sum(figures.durations):.4g} units of time of {figures.trajectories:,} bits in all."
    )
    how = (
        f"A double well with a barrier of {figures.barrier_kT:.3g} kT begins in equilibrium, either state as likely as "
        "the other. Its barrier is lowered, it is tilted, the barrier raised, and the tilt taken away. Bits are "
        "independent of each other: error bars are standard deviations over the root of their number. By the second "
        "law the mean work is at least ln 2 less the entropy that is left where some bits are not erased. The energy "
        "is what it was, so that the mean of exp(-W / kT) is 1 over all bits; what ends in either half of the states, "
        "those that are erased and those that are not, contributes 1/2. Bits that are not erased are few, and their "
        "half is not seen where erasure is slow."
    )
    rows = [
        (
            f"{t:g}",
            plus_minus(figures.work_by_duration_kT[k], figures.work_by_duration_se_kT[k], 2),
            f"{figures.bound_by_duration_kT[k]:.4f}",
            f"{figures.success_by_duration[k]:.4f}",
            plus_minus(figures.jarzynski_by_duration[k], figures.jarzynski_by_duration_se[k], 2),
        )
        for k, t in enumerate(figures.durations)
    ]
    head = ("duration", "work [kT]", "least by the second law [kT]", "erased", "Jarzynski")
    return Account(
        title="Erasure of a bit",
        answer=answer,
        paragraphs=[fitted, equality, cost, how],
        tables=[TextTable(head, rows, "Erasures by duration, with standard errors")],
        lines=[fitted, equality, cost],
    )
