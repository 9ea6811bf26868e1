"""What the task `log-determinant` tells of its figures."""

from __future__ import annotations

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.log_determinant_figures import LogDeterminantFigures

__all__ = ["account_of"]


def _away(figures: LogDeterminantFigures, name: str) -> str:
    """Return how far a figure is from the digital one."""
    error = figures.error_bars[name]
    off = abs(getattr(figures, name) - figures.reference[name])
    return f"{off / error:.1f} standard errors away" if error > 0 else f"{off:.2g} away"


def account_of(figures: LogDeterminantFigures) -> Account:
    """Return the answer, and what stands behind it."""
    n, exact = figures.dimension, figures.reference["log_determinant"]
    answer = (
        f"The log determinant of a matrix of {n} x {n} with condition number {figures.condition:.4g} is "
        f"{plus_minus(figures.log_determinant, figures.log_determinant_se, 2)} by the work of coupling and uncoupling "
        f"its units; the digital answer is {exact:.6g}, {_away(figures, 'log_determinant')}."
    )
    one_way = (
        f"By one direction alone (Jarzynski): {plus_minus(figures.jarzynski, figures.jarzynski_se, 2)} coupling, "
        f"{_away(figures, 'jarzynski')}; {plus_minus(figures.jarzynski_reverse, figures.jarzynski_reverse_se, 2)} "
        f"uncoupling, {_away(figures, 'jarzynski_reverse')}. Mean work alone bounds it: "
        f"{figures.lower:.6g} to {figures.upper:.6g}."
    )
    trust = (
        f"Work scatters by {figures.spread_kT:.2g} kT, and both directions overlap by {figures.overlap:.0%}. The time "
        f"step adds {figures.step_bias:.1g}, and the relaxation leaves {figures.left_over:.1g} or less."
    )
    time = figures.relaxation + 2 * sum(figures.durations)
    cost = (
        f"Cost: {plus_minus(figures.dissipated_kT, figures.dissipated_se_kT, 2)} kT of heat for a trajectory that is "
        f"coupled and uncoupled in the slowest way, and {time:,.0f} time constants 1/(mobility E0) of "
        f"{figures.chains:,} trajectories in all."
    )
    how = (
        f"Units that are not coupled have the determinant of the diagonal, whose logarithm is {figures.uncoupled:.6g}. "
        "From there couplings were driven up to those of the matrix, and, of a computer that had relaxed with them, "
        "down again. The free energy of coupling is kT / 2 times what couplings add to the log determinant. "
        "Trajectories are independent of each other, and error bars are by their spread. The digital answer was found "
        "afterwards, to be compared with."
    )
    rows = [
        (
            f"{t:g}",
            plus_minus(figures.log_determinant_by_duration[k], figures.log_determinant_by_duration_se[k], 2),
            plus_minus(figures.jarzynski_by_duration[k], figures.jarzynski_by_duration_se[k], 2),
            plus_minus(figures.jarzynski_reverse_by_duration[k], figures.jarzynski_reverse_by_duration_se[k], 2),
            f"{figures.overlap_by_duration[k]:.3f}",
        )
        for k, t in enumerate(figures.durations)
    ]
    head = ("duration", "both directions", "coupling alone", "uncoupling alone", "overlap")
    return Account(
        title="A log determinant",
        answer=answer,
        paragraphs=[one_way, trust, cost, how],
        tables=[TextTable(head, rows, "Log determinants by duration, with standard errors")],
        lines=[one_way, trust, cost],
    )
