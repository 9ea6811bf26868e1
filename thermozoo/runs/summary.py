"""What came of a run, in a few lines."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["summary"]


def summary(report: dict[str, Any]) -> list[str]:
    """Return the result of a run in a few lines."""
    names = report["class_names"]
    counts = ", ".join(f"{names.get(label, label)}: {count}" for label, count in report["class_counts"].items())
    seconds = sum(report["seconds"].values())
    several = report["samples"] > 1
    gain = ""
    if report["likelihood_gain_nats"] is not None:
        gain = f", likelihood gain {_with_error(report['likelihood_gain_nats'], report['likelihood_gain_se'])} nats"
    perfect = "" if report["loss_perfect"] is None else f" (perfect {report['loss_perfect']:g})"
    lines = [
        f"trained ({report['method']}): loss per step {report['loss_initial']:.2f} -> {report['loss_final']:.2f}"
        f"{perfect}{gain}",
        f"generated {report['samples']:,} {'images' if several else 'image'} ({counts}; {report['inverted']} "
        f"inverted), {'mean best' if several else 'best'} |correlation| {report['mean_best_correlation']:.3f}",
        f"heat {_with_error(report['heat_mean_kT'], report['heat_std_kT'])} kT (mean +- standard deviation)"
        if several
        else f"heat {_digits(report['heat_mean_kT'], report['heat_mean_kT'])} kT (one sample)",
    ]
    if report["thermodynamic_advantage"] is not None:
        lines[-1] += f"; thermodynamic advantage {report['thermodynamic_advantage']:.2g}"
    lines.append(f"seed {report['seed']}, engine {report['engine']}, {seconds:.1f} s")
    return lines


def _with_error(value: float, error: float) -> str:
    """Write a value and its error with two significant digits of the error, or all before the point."""
    return f"{_digits(value, error)} +- {_digits(error, error)}"


def _digits(value: float, of: float) -> str:
    """Write a value with as many decimals as two significant digits of another number need."""
    if of == 0 or not math.isfinite(of):
        return f"{value:.4g}"
    decimals = max(0, 1 - math.floor(math.log10(abs(of))))
    return f"{value:,.{decimals}f}" if decimals <= 6 else f"{value:.2g}"
