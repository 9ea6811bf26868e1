"""What the task `sample` tells of its figures, and what is to be doubted about them."""

from __future__ import annotations

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.sample_figures import SampleFigures
from thermozoo_plugins.tasks.tempering_account import doubts_of, exchanges, travel
from thermozoo_plugins.tasks.tempering_settings import TEMPERING

__all__ = ["account_of", "doubts"]


def _cost(figures: SampleFigures) -> str:
    """Return what it cost; rungs of several temperatures exchange states, and have no heat."""
    time = f"{figures.duration:.4g} time constants 1/(mobility E0) of"
    if figures.temperatures is not None:
        return f"Cost: {time} {figures.chains:,} ladders of {len(figures.temperatures):,} rungs."
    if figures.heat_mean_kT is None or figures.heat_se_kT is None:
        return f"Cost: {time} {figures.chains:,} chains."
    heat = plus_minus(figures.heat_mean_kT, figures.heat_se_kT, 2)
    return f"Cost: {heat} kT of heat a chain to relax, and {time} {figures.chains:,} chains."


def account_of(figures: SampleFigures) -> Account:
    """Return the answer, and what stands behind it."""
    answer = (
        f"The mean energy in equilibrium is {plus_minus(figures.energy_kT, figures.energy_se_kT, 2)} kT, from "
        f"{figures.effective_samples_energy:,.0f} effective samples."
    )
    known = ""
    if figures.virial is not None and figures.virial_se is not None:
        off = (figures.virial - 1) / figures.virial_se if figures.virial_se > 0 else 0.0
        known = (
            f"Virial theorem: the mean of the sum of x dV/dx over n kT is "
            f"{plus_minus(figures.virial, figures.virial_se, 2)}; exact is 1, {abs(off):.1f} standard errors away."
        )
    agree = (
        f"Chains: split R-hat {figures.r_hat:.4f} at most, {figures.effective_samples_least:,.0f} effective samples at "
        f"least; autocorrelation time {figures.autocorrelation_time_energy:.3g} of the energy, "
        f"{figures.autocorrelation_time_slowest:.3g} of the slowest [1/(mobility E0)]."
    )
    tempered = figures.temperatures is not None
    steady = ""
    if figures.power_kT is not None and figures.power_se_kT is not None:
        answer = answer.replace("in equilibrium", "in the steady state")
        steady = (
            "Couplings are asymmetric: there is no equilibrium but a steady state, which goes on releasing "
            f"{plus_minus(figures.power_kT, figures.power_se_kT, 2)} kT of heat a chain in a time 1/(mobility E0). "
            "Heat is counted by the path, with the work of a force that has no energy."
        )
    rows = [
        (
            str(unit),
            plus_minus(figures.mean[k], figures.mean_se[k], 2),
            plus_minus(figures.variance[k], figures.variance_se[k], 2),
        )
        for k, unit in enumerate(figures.units)
    ]
    who = "ladders, of whose rungs the coldest is a chain" if tempered else "chains"
    cost, travelled = _cost(figures), travel(figures)
    how = (
        f"{figures.chains:,} {who}, each with noise of its own, were observed {figures.observations:,} times. Their "
        "means are independent of each other, whatever the correlations within a chain: an error bar is their standard "
        f"deviation over the root of their number. The energy scatters by {figures.energy_std_kT:.4g} kT."
    )
    return Account(
        title="Steady state of a computer" if steady else "Equilibrium of a computer",
        answer=answer,
        paragraphs=[text for text in (known, agree, *travelled, cost, steady, how) if text],
        tables=[
            TextTable(("unit", "mean", "variance"), rows, "States of units, with standard errors"),
            *exchanges(figures),
        ],
        lines=[text for text in (known, agree, *travelled, cost, steady) if text],
    )


def doubts(figures: SampleFigures) -> list[str]:
    """Return what is to be doubted about the figures."""
    found = []
    if figures.r_hat > 1.01:
        steady = figures.power_kT is not None  # which has no energies to exchange states by
        found.append(
            f"chains do not agree: split R-hat is {figures.r_hat:.3f}, above 1.01, so that error bars may be too "
            "small; take a longer dynamics.duration or task.relaxation"
            + ("" if steady or figures.temperatures is not None else f', or task.method = "{TEMPERING}"')
        )
    if figures.virial is not None and figures.virial_se is not None:
        off = abs(figures.virial - 1)
        if off > 4 * figures.virial_se and off > 0.02:
            found.append(
                f"the virial is {figures.virial:.3f} and not 1: the time step is too long for this computer, or it "
                "has not relaxed; take a smaller dynamics.dt, or another integrator"
            )
    return found + doubts_of(figures)
