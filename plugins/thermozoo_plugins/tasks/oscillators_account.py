"""What the task `oscillators` tells of its figures."""

from __future__ import annotations

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.oscillators_figures import OscillatorsFigures

__all__ = ["account_of"]


def account_of(figures: OscillatorsFigures) -> Account:
    """Return the answer, and what stands behind it."""
    known, errors = figures.reference, figures.error_bars

    def away(name: str) -> str:
        error = errors[name]
        return f"{abs(getattr(figures, name) - known[name]) / error:.1f} standard errors away" if error else "-"

    answer = (
        f"Oscillators of mass {figures.mass:g} release {plus_minus(figures.heat_mean_kT, figures.heat_se_kT, 2)} kT of "
        f"heat an image, {known['heat_limit_kT']:.4g} kT without a mass, and show their prototypes with a correlation "
        f"of {plus_minus(figures.correlation, figures.correlation_se, 2)}, {known['correlation_limit']:.4f} without."
    )
    limit = (
        f"Limit of no mass: {plus_minus(figures.heat_limit_kT, figures.heat_limit_se_kT, 2)} kT, and overdamped "
        f"units release {known['heat_limit_kT']:.4g} kT: {away('heat_limit_kT')}; correlation "
        f"{plus_minus(figures.correlation_limit, figures.correlation_limit_se, 2)}, of overdamped units "
        f"{known['correlation_limit']:.4f}: {away('correlation_limit')}."
    )
    chosen = figures.masses.index(figures.mass)
    kinetic = plus_minus(figures.kinetic_by_mass_kT[chosen], figures.kinetic_by_mass_se_kT[chosen], 2)
    advantage = figures.thermodynamic_advantage
    beside = (
        ""
        if advantage is None
        else f" A digital denoiser takes {advantage:.1e} times as much energy, both at room temperature."
    )
    cost = (
        f"Cost: {figures.duration:g} units of time 1/(mu E0) an image; the kinetic part of the heat is {kinetic} kT."
        f"{beside}"
    )
    shown = ", ".join(f"{count} of {label}" for label, count in figures.class_counts.items())
    outputs = f"Outputs: {shown} by the nearest prototype, {figures.inverted} of {figures.samples} as its negative."
    how = (
        "Couplings are trained by the reverse of overdamped noising. The trained program generates by overdamped units "
        "and then by units of each mass, from the same states in equilibrium with velocities in equilibrium. Heat is "
        "the work of switching less the change of the energy, kinetic energy included. Limits are those of a line "
        "through the masses up to the one named first, sample by sample, so that error bars count what samples have in "
        "common."
    )
    rows = [
        (
            f"{mass:g}",
            f"{figures.steps[k]:,}",
            plus_minus(figures.heat_by_mass_kT[k], figures.heat_by_mass_se_kT[k], 2),
            plus_minus(figures.kinetic_by_mass_kT[k], figures.kinetic_by_mass_se_kT[k], 2),
            plus_minus(figures.correlation_by_mass[k], figures.correlation_by_mass_se[k], 2),
        )
        for k, mass in enumerate(figures.masses)
    ]
    head = ("mass", "time steps", "heat [kT]", "kinetic part [kT]", "correlation")
    return Account(
        title="Images by oscillators",
        answer=answer,
        paragraphs=[limit, cost, outputs, how],
        tables=[TextTable(head, rows, "Generation by mass, with standard errors")],
        lines=[limit, cost, outputs],
    )
