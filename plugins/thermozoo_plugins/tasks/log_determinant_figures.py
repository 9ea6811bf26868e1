"""What the task `log-determinant` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["LogDeterminantFigures"]

#: A number of each duration.
_Numbers = tuple[float, ...]


@attrs.frozen(kw_only=True)
class LogDeterminantFigures:
    """What the task `log-determinant` finds; error bars are by the spread of trajectories, which are independent."""

    dimension: Annotated[int, Key("rows of the matrix")]
    condition: Annotated[float, Key("condition number of the matrix")]
    eigenvalue_smallest: Annotated[
        float, Key("smallest eigenvalue of the matrix in the units of the computer, its slowest mode", "E0")
    ]
    eigenvalue_largest: Annotated[
        float, Key("largest eigenvalue of the matrix in the units of the computer, its stiffest mode", "E0")
    ]
    chains: Annotated[int, Key("trajectories of each direction and duration, with noise of their own")]
    relaxation: Annotated[float, Key("of the coupled computer, before it is driven", "1/(mobility E0)")]
    durations: Annotated[_Numbers, Key("in which couplings are driven, the slowest last", "1/(mobility E0)")]
    log_determinant: Annotated[
        float, Key("natural logarithm of the determinant, by Bennett's acceptance ratio in the slowest duration")
    ]
    log_determinant_se: Annotated[float, Key("its standard error")]
    jarzynski: Annotated[float, Key("the same by Jarzynski's equality, of the work of coupling alone")]
    jarzynski_se: Annotated[float, Key("its standard error; too small where a warning says so")]
    jarzynski_reverse: Annotated[
        float, Key("the same by Jarzynski's equality, of the work of taking couplings away alone")
    ]
    jarzynski_reverse_se: Annotated[float, Key("its standard error; too small where a warning says so")]
    uncoupled: Annotated[float, Key("sum of the logarithms of the diagonal: the log determinant without couplings")]
    free_energy_kT: Annotated[float, Key("free energy of coupling, by Bennett's acceptance ratio", "kT")]
    free_energy_se_kT: Annotated[float, Key("its standard error", "kT")]
    upper: Annotated[float, Key("a bound of the log determinant from above: that of the mean work of coupling")]
    upper_se: Annotated[float, Key("its standard error")]
    lower: Annotated[float, Key("a bound from below: that of the mean work of taking couplings away")]
    lower_se: Annotated[float, Key("its standard error")]
    dissipated_kT: Annotated[float, Key("mean work of both directions of the slowest together: heat of a cycle", "kT")]
    dissipated_se_kT: Annotated[float, Key("its standard error", "kT")]
    spread_kT: Annotated[float, Key("standard deviation of the work of the slowest, the larger one", "kT")]
    overlap: Annotated[
        float,
        Key(
            "of the work of both directions in the slowest: 1 where distributions are the same, 0 where they are apart"
        ),
    ]
    log_determinant_by_duration: Annotated[_Numbers, Key("`log_determinant` of each duration")]
    log_determinant_by_duration_se: Annotated[_Numbers, Key("its standard error")]
    jarzynski_by_duration: Annotated[_Numbers, Key("`jarzynski` of each duration")]
    jarzynski_by_duration_se: Annotated[_Numbers, Key("its standard error")]
    jarzynski_reverse_by_duration: Annotated[_Numbers, Key("`jarzynski_reverse` of each duration")]
    jarzynski_reverse_by_duration_se: Annotated[_Numbers, Key("its standard error")]
    upper_by_duration: Annotated[_Numbers, Key("`upper` of each duration")]
    lower_by_duration: Annotated[_Numbers, Key("`lower` of each duration")]
    overlap_by_duration: Annotated[_Numbers, Key("`overlap` of each duration")]
    step_bias: Annotated[
        float, Key("what the time step adds to the log determinant of slow protocols, found from the integrator")
    ]
    left_over: Annotated[
        float, Key("about what may be missing because the computer that was driven down began to relax uncoupled")
    ]
    reference: Annotated[dict[str, float], Key("each of these by a digital factorization, found afterwards")]
    error_bars: Annotated[dict[str, float], Key("the standard error of each of these")]
