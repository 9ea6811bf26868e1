"""What the task `erasure` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["ErasureFigures"]


@attrs.frozen(kw_only=True)
class ErasureFigures:
    """What the task `erasure` finds; error bars are standard errors by the spread of trajectories, all independent."""

    trajectories: Annotated[int, Key("bits that are erased in each duration, with noise of their own")]
    barrier_kT: Annotated[float, Key("barrier between the two states of the bit at rest", "kT")]
    durations: Annotated[tuple[float, ...], Key("of the erasures, the slowest last", "time")]
    work_by_duration_kT: Annotated[tuple[float, ...], Key("mean work of each duration", "kT")]
    work_by_duration_se_kT: Annotated[tuple[float, ...], Key("its standard error", "kT")]
    success_by_duration: Annotated[
        tuple[float, ...], Key("share of the bits that each duration leaves in the state asked for")
    ]
    success_by_duration_se: Annotated[
        tuple[float, ...], Key("its standard error, above zero where none or all are (two more of each are counted)")
    ]
    bound_by_duration_kT: Annotated[
        tuple[float, ...],
        Key("least mean work by the second law at this share of success: $\\ln 2$ less the entropy that is left", "kT"),
    ]
    jarzynski_by_duration: Annotated[
        tuple[float, ...],
        Key(
            "twice the mean of $e^{-W / k_BT}$ over all bits, where those that end in the other state count as 0: 1 in "
            "any duration; of fast ones few bits decide, and error bars are too small"
        ),
    ]
    jarzynski_by_duration_se: Annotated[tuple[float, ...], Key("its standard error")]
    work_mean_kT: Annotated[float, Key("mean work of the slowest", "kT")]
    work_se_kT: Annotated[float, Key("its standard error", "kT")]
    success: Annotated[float, Key("share of the bits that the slowest leaves in the state asked for")]
    success_se: Annotated[float, Key("its standard error")]
    heat_mean_kT: Annotated[float, Key("mean heat that the slowest releases", "kT")]
    heat_se_kT: Annotated[float, Key("its standard error", "kT")]
    heat_std_kT: Annotated[float, Key("standard deviation of the heat over the bits", "kT")]
    heat_below_limit: Annotated[
        float, Key("share of the bits that release less than $k_BT \\ln 2$: the bound holds for the mean alone")
    ]
    jarzynski: Annotated[float, Key("`jarzynski_by_duration` of the slowest")]
    jarzynski_se: Annotated[float, Key("its standard error")]
    fitted: Annotated[
        int, Key("durations that the fits use: the slowest ones, in which 99.5 % of the bits are erased at least")
    ]
    excess_kT: Annotated[
        float | None,
        Key(
            "$a$ of the fit $\\ln 2 + a / t + b / t^2$ to the work; `null` where fewer than 4 are fitted",
            "kT time",
        ),
    ]
    excess_se_kT: Annotated[float | None, Key("its standard error; `null` with it", "kT time")]
    curvature_kT: Annotated[float | None, Key("$b$ of that fit; `null` with it", "kT time^2")]
    expected_kT: Annotated[float | None, Key("that fit in the slowest duration; `null` with it", "kT")]
    limit_kT: Annotated[
        float | None,
        Key("$c$ of the fit $c + a / t + b / t^2$, the work of an endless erasure; `null` with the other fit", "kT"),
    ]
    limit_se_kT: Annotated[float | None, Key("its standard error; `null` with it", "kT")]
    reference: Annotated[
        dict[str, float],
        Key("what is known exactly: `limit_kT` is $\\ln 2$ (Landauer), and `jarzynski` 1 in any duration"),
    ]
    error_bars: Annotated[dict[str, float], Key("the standard error of each of these")]
