"""What the task `lyapunov` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key
from thermozoo_plugins.tasks.linear_figures import LinearFigures

__all__ = ["LyapunovFigures"]

_Rows = tuple[tuple[float, ...], ...]


@attrs.frozen(kw_only=True)
class LyapunovFigures(LinearFigures):
    """What the task `lyapunov` finds."""

    step_bias: Annotated[
        float,
        Key(
            "largest relative error that the time step, and inertia where there is any, leaves in the covariance of "
            "two modes, with its sign"
        ),
    ]
    directions_without_noise: Annotated[int, Key("eigenvalues of R that are zero: axes whose bath has no temperature")]
    coldest_kT: Annotated[float, Key("temperature of the coldest bath, half the smallest eigenvalue of R", "kT")]
    hottest_kT: Annotated[float, Key("temperature of the hottest bath, half the largest eigenvalue of R", "kT")]
    heat_flow_kT: Annotated[
        float,
        Key(
            "heat that a chain takes from baths above the mean temperature to those below all the time, by its answer",
            "kT mobility E0",
        ),
    ]
    heat_flow_se_kT: Annotated[float, Key("its standard error", "kT mobility E0")]
    solution: Annotated[_Rows, Key("mean products of states over $k_BT$, row by row: S of A S + S A = R", "1/E0")]
    solution_se: Annotated[_Rows, Key("its standard error", "1/E0")]
    reference: Annotated[dict[str, _Rows], Key("`solution` by a digital solver, found afterwards", "1/E0")]
    error_bars: Annotated[dict[str, _Rows], Key("the standard error of each of these", "1/E0")]
