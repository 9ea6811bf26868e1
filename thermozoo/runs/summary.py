"""What came of a run, in a few lines."""

from __future__ import annotations

from thermozoo.digits import in_ascii, number_text, plus_minus
from thermozoo.interfaces import Task
from thermozoo.runs.results import Report
from thermozoo.runs.task_report import TaskReport

__all__ = ["summary", "task_summary"]


def task_summary(task: Task, report: TaskReport) -> list[str]:
    """Return the result of a run of any other task: its answer first."""
    account = task.account(report.figures)
    end = f"seed {report.seed}, engine {report.engine}, {sum(report.seconds.values()):.1f} s"
    return [in_ascii(line) for line in (account.answer, *account.lines, end)]


def summary(report: Report) -> list[str]:
    """Return the result of a run in a few lines."""
    counts = ", ".join(f"{report.class_names.get(label, label)}: {n}" for label, n in report.class_counts.items())
    several = report.samples > 1
    gain = ""
    if report.likelihood_gain_nats is not None:
        gain = f", likelihood gain {plus_minus(report.likelihood_gain_nats, report.likelihood_gain_se, 2)} nats"
    programs = f", {report.programs} programs" if report.programs > 1 else ""
    perfect = "" if report.loss_perfect is None else f" (perfect {report.loss_perfect:g})"
    heat = f"heat {number_text(report.heat_mean_kT)} kT (one sample)"
    if several:
        of_mean = number_text(report.heat_std_kT / report.samples**0.5)
        heat = (
            f"heat {plus_minus(report.heat_mean_kT, report.heat_std_kT, 2)} kT (mean ± standard deviation; standard "
            f"error of the mean {of_mean})"
        )
    if report.thermodynamic_advantage is not None:
        heat += f"; thermodynamic advantage {report.thermodynamic_advantage:.2g}"
    lines = [
        f"trained ({report.method}{programs}): loss per step {report.loss_initial:.2f} -> {report.loss_final:.2f}"
        f"{perfect}{gain}",
        f"generated {report.samples:,} {'images' if several else 'image'} ({counts}; {report.inverted} inverted), "
        f"{'mean best' if several else 'best'} |correlation| {report.mean_best_correlation:.3f}",
        *_asked(report),
        heat,
        f"seed {report.seed}, engine {report.engine}, {sum(report.seconds.values()):.1f} s",
    ]
    return [in_ascii(line) for line in lines]


def _asked(report: Report) -> list[str]:
    """Return how many outputs show the class that was asked for, where one was."""
    if report.asked is None:
        return []
    told = f"as asked: {report.asked.nearest_as_asked:.1%} resemble a prototype of the class most"
    if report.asked.judged_as_asked is not None:
        told += (
            f", the judge sees {report.asked.judged_as_asked:.1%} as it (of real images it is right about "
            f"{report.asked.judge_accuracy:.1%})"
        )
    return [told]
