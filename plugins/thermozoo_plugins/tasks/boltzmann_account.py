"""What the task `boltzmann` tells of its figures."""

from __future__ import annotations

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.boltzmann_figures import BoltzmannFigures, Shown

__all__ = ["account_of"]


def account_of(figures: BoltzmannFigures) -> Account:
    """Return the answer, and what stands behind it."""
    first, later, known = figures.generated, figures.relaxed, figures.reference
    heat = plus_minus(figures.heat_mean_kT, figures.heat_se_kT, 2)
    answer = (
        f"In {first.time:.4g} time constants a Boltzmann machine of {figures.units} makes images that correlate "
        f"{plus_minus(first.nearest, first.nearest_se, 2)} with the nearest learned one, at {heat} kT of heat each"
        + (
            f"; the generative Langevin computer reaches {known['nearest']:.3f} at {known['heat_mean_kT']:,.0f} kT in "
            "the same time."
            if known
            else "."
        )
    )
    forgets = figures.r_hat <= 1.01
    equilibrate = (
        f"Time to equilibrate: {figures.autocorrelation_time_slowest:.3g} time constants by the slowest autocorrelation"
        f" (energy: {figures.autocorrelation_time_energy:.3g})"
        + (
            f", split R-hat {figures.r_hat:.3f}."
            if forgets
            else f", a lower bound: split R-hat is {figures.r_hat:.3g}, and {1 - figures.switched:.1%} of the chains "
            f"show the same learned image after {later.time - first.time:.4g} more."
        )
    )
    cost = (
        f"Cost: {heat} kT of heat an image and {first.time:.4g} time constants 1/(mobility E0); until the end of the "
        f"relaxation {plus_minus(figures.heat_relaxed_kT, figures.heat_relaxed_se_kT, 2)} kT."
    )
    learning = (
        f"Learning: {figures.updates:,} updates brought the root mean square difference of <x_i x_j> and <x_i> between "
        f"data and model from {figures.gap_first:.3g} to {figures.gap_last:.3g}."
    )
    shown = sum(share > 0 for share in first.shares)
    kinds = (
        f"Of {figures.images:,} learned images {shown:,} come out, the most frequent one in {max(first.shares):.1%} of "
        f"{figures.samples:,} images; the data have each in {1 / figures.images:.1%}."
    )
    how = (
        f"The machine has {figures.visible:,} visible and {figures.hidden:,} hidden units and {figures.couplings:,} "
        "couplings. An image is generated as by the Langevin computer: couplings are switched on while units are in "
        "equilibrium without them, and what units release from then on is heat. A time step of p-bits, in which each "
        "is updated once, counts as dynamics.dt."
    )
    return Account(
        title="A Boltzmann machine of images",
        answer=answer,
        paragraphs=[equilibrate, kinds, learning, cost, how],
        tables=[_table(figures)],
        lines=[equilibrate, kinds, cost],
    )


def _table(figures: BoltzmannFigures) -> TextTable:
    known = figures.reference

    def row(title: str, one: Shown, heat: float, heat_se: float) -> tuple[str, ...]:
        right = "not known"
        if one.judged_right is not None and one.judged_right_se is not None:
            right = plus_minus(one.judged_right, one.judged_right_se, 2)
        return (
            title,
            f"{one.time:.4g}",
            plus_minus(one.nearest, one.nearest_se, 2),
            right,
            plus_minus(heat, heat_se, 2),
        )

    rows = [
        row("generated", figures.generated, figures.heat_mean_kT, figures.heat_se_kT),
        row("relaxed", figures.relaxed, figures.heat_relaxed_kT, figures.heat_relaxed_se_kT),
    ]
    if known:
        rows.append(
            (
                "Langevin computer",
                f"{figures.generated.time:.4g}",
                f"{known['nearest']:.4f}",
                f"{known['judged_right']:.3f}",
                f"{known['heat_mean_kT']:,.0f}",
            )
        )
    head = ("images", "time", "nearest learned image", "judged right", "heat [kT]")
    return TextTable(head, rows, "Quality and heat; time in 1/(mobility E0), standard errors")
