"""What the task `regress` tells of its figures."""

from __future__ import annotations

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.regress_figures import RegressFigures

__all__ = ["account_of", "doubts_of"]

#: Times of reading that the table shows.
_READINGS = 10


def account_of(figures: RegressFigures) -> Account:
    """Return the answer, and what stands behind it."""
    one, mean = (
        plus_minus(value, error, 2)
        for value, error in ((figures.rmse, figures.rmse_se), (figures.rmse_of_mean, figures.rmse_of_mean_se))
    )
    answer = (
        f"One shot gives the {figures.function} with a root-mean-square error of {one}, the mean of {figures.shots:,} "
        f"with {mean}; the best constant has {figures.best_constant:.3f}, the digital teacher "
        f"{figures.teacher_rmse:.2g}."
    )
    bias = "too small for so few shots to tell" if figures.bias is None else f"{figures.bias:.2g}"
    parts = f"Of this, {figures.spread:.3g} is the spread of shots; what no number of shots averages out is {bias}."
    best = min(range(len(figures.times)), key=figures.rmse_of_mean_at.__getitem__)
    time = (
        f"Time: the computer was trained for an answer after {figures.duration:g} units of time, out of equilibrium. "
        f"Read at other times up to {figures.times[-1]:g}, the mean is best after {figures.times[best]:g}, and its "
        f"error in the end is {figures.rmse_of_mean_at[-1]:.3g}."
    )
    size = "Size: " + ", ".join(
        f"{found:.3g} with {units:,}" for units, found in zip(figures.sizes, figures.rmse_of_mean_by_size, strict=True)
    )
    size += " hidden units, in the mean of all shots."
    heat = plus_minus(figures.heat_per_answer_kT, figures.heat_se_kT, 2)
    cost = f"Cost: {heat} kT of heat and {figures.duration:g} units of time a shot."
    rounds = len(figures.missed_by_round)
    how = (
        "A digital teacher says where hidden units and the output should be in the end: a hidden unit where a force "
        "takes it that is linear in the input and zero at the unit's threshold, the output where a force takes it that "
        "adds up what hidden units give, by least squares. The computer is trained to take the steps of ideal "
        "trajectories, which go there in straight lines"
        + (
            f", then, {rounds:,} times, those of its own trajectories, which are bent so that the output ends on the "
            "function"
            if rounds
            else ""
        )
        + ". Couplings and biases are solutions of linear equations each time. Shots at inputs that nothing was "
        "trained on begin with all units but the input at zero; error bars are by their noise."
    )
    return Account(
        title=f"The {figures.function} out of equilibrium",
        answer=answer,
        paragraphs=[parts, time, size, cost, how],
        tables=[_by_size(figures), _by_time(figures)],
        lines=[parts, time, size, cost],
    )


def _by_size(figures: RegressFigures) -> TextTable:
    rows = [
        (
            f"{units:,}",
            plus_minus(figures.rmse_by_size[k], figures.rmse_by_size_se[k], 2),
            plus_minus(figures.rmse_of_mean_by_size[k], figures.rmse_of_mean_by_size_se[k], 2),
            f"{figures.teacher_rmse_by_size[k]:.2g}",
            f"{figures.heat_by_size_kT[k]:,.0f}",
        )
        for k, units in enumerate(figures.sizes)
    ]
    head = ("hidden units", "error of one shot", f"of the mean of {figures.shots:,}", "of the teacher", "heat [kT]")
    return TextTable(head, rows, "By the number of hidden units")


def _by_time(figures: RegressFigures) -> TextTable:
    every = max(1, -(-len(figures.times) // _READINGS))
    rows = [
        (f"{figures.times[k]:.3g}", f"{figures.rmse_at[k]:.3f}", f"{figures.rmse_of_mean_at[k]:.3f}")
        for k in range(every - 1, len(figures.times), every)
    ]
    return TextTable(("time of reading", "error of one shot", f"of the mean of {figures.shots:,}"), rows, "By time")


def doubts_of(figures: RegressFigures) -> list[str]:
    """Return what is to be doubted about the figures."""
    said = []
    if figures.rmse_of_mean >= figures.best_constant:
        said.append(
            f"the mean of {figures.shots:,} shots is no better than a constant: take more hidden units "
            "(computer.units), a larger task.gain, or more task.rounds"
        )
    if len(figures.missed_by_round) > 1 and figures.missed_by_round[-1] > figures.missed_by_round[0]:
        said.append(
            f"rounds of bent trajectories made the computer worse, from {figures.missed_by_round[0]:.3g} to "
            f"{figures.missed_by_round[-1]:.3g}: take a smaller task.scale, more task.copies, or fewer task.rounds"
        )
    return said
