"""What the task `anneal` tells of its figures."""

from __future__ import annotations

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.anneal_figures import AnnealFigures
from thermozoo_plugins.tasks.tempering_account import exchanges, travel

__all__ = ["account_of"]


def _answer(figures: AnnealFigures) -> str:
    of = f"{figures.variables:,} variables"
    found = (
        f"The largest cut found of a graph of {figures.variables:,} vertices is {figures.best_cut:,.9g}"
        if figures.kind == "max-cut"
        else f"The lowest energy found of {of} is {figures.best_energy:,.9g}"
        if figures.kind == "ising"
        else f"The least value found of a QUBO of {of} is {figures.best_energy:,.9g}"
    )
    return f"{found}{_off(figures)}."


def _off(figures: AnnealFigures) -> str:
    """Return how far that is from what is known."""
    if not figures.reference:
        return "; nothing is known to compare it with"
    cut = figures.kind == "max-cut"
    known = figures.reference["best_cut" if cut else "best_energy"]
    if figures.best_energy == figures.target:
        return f", and {known:,.9g} is known ({figures.target_source}): that is it"
    better = "beyond it" if figures.best_energy < figures.target else "off"
    part = f"{abs(figures.gap):.2%} " if figures.gap is not None else ""
    return f", where {known:,.9g} is known ({figures.target_source}): {part}{better}"


def _success(figures: AnnealFigures) -> str:
    within = f"come within {figures.within:.3g} (relative) of" if figures.within else "reach"
    what = "it" if figures.reference else "the best of them"
    found = (
        f"Success: {plus_minus(100 * figures.success, 100 * figures.success_se, 2)} % of {figures.reads:,} reads "
        f"{within} {what}"
    )
    high = figures.time_to_solution_99_high
    upper = "any number" if high is None else f"{high:,.4g}"
    interval = f"between {figures.time_to_solution_99_low:,.4g} and {upper}"
    if figures.time_to_solution_99 is None:
        return f"{found}; a success with 99 % takes {figures.time_to_solution_99_low:,.4g} sweeps at least (95 %)."
    return (
        f"{found}; one of them does with 99 % after {figures.time_to_solution_99:,.4g} sweeps ({interval}, 95 %), "
        f"which are {figures.time_to_solution_99_duration:,.4g} time constants, and "
        f"{figures.time_to_solution_99_seconds:,.3g} s here."
    )


def _cost(figures: AnnealFigures) -> str:
    """Return what a read cost, in kT where units were annealed."""
    time = (
        f"{figures.sweeps:,} sweeps in {figures.duration:,.4g} time constants; {figures.seconds_per_read:.3g} s here, "
        f"{figures.updates_per_second / 1e6:,.3g} million updates of units a second."
    )
    if figures.heat_mean_kT is None or figures.heat_se_kT is None:
        return f"Cost of a read: {time}"
    work = f" {figures.work_mean_kT:,.4g} kT of work and" if figures.work_mean_kT else ""
    heat = plus_minus(figures.heat_mean_kT, figures.heat_se_kT, 2)
    return f"Cost of a read:{work} {heat} kT of heat (kT at its end), {time}"


def account_of(figures: AnnealFigures) -> Account:
    """Return the answer, and what stands behind it."""
    missing = f", {figures.gap_mean:.2%} off" if figures.gap_mean is not None else ""
    spread = (
        f"Reads: mean energy {plus_minus(figures.energy_mean, figures.energy_se, 2)}{missing}, standard deviation "
        f"{figures.energy_std:.3g}; {figures.distinct:,} different answers of {figures.reads:,} reads."
    )
    cost = _cost(figures)
    relation = (
        f"Cut and energy: {figures.relation}; the best energy {figures.best_energy:,.9g} is a cut of "
        f"{figures.best_cut:,.9g}."
    )
    how = (
        f"The problem's {figures.couplings:,} pairs are couplings between {figures.units}, which are read as spins; "
        f"each read begins with units that nothing couples, and has noise of its own. Its states were looked at "
        f"{figures.observations:,} times, and the lowest energy among them is its answer. Reads are independent: an "
        "error bar is their standard deviation over the root of their number. Several reads one after the other have "
        "a success with 99 % after ln 0.01 / ln (1 - p) of them, where a share p succeeds."
    )
    names = ("lowest", "25 %", "half", "75 %", "all")
    rows = [
        (name, f"{energy:,.9g}", f"{(figures.weight - energy) / 2:,.9g}")
        for name, energy in zip(names, figures.energy_quantiles, strict=True)
    ]
    success, travelled = _success(figures), travel(figures)
    return Account(
        title="Annealing" if figures.acceptance is None else "Parallel tempering",
        answer=_answer(figures),
        paragraphs=[success, spread, *travelled, relation, cost, how],
        tables=[TextTable(("reads", "energy at most", "cut at least"), rows, "Energies of reads"), *exchanges(figures)],
        lines=[success, spread, *travelled, relation, cost],
    )
