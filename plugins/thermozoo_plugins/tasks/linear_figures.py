"""What the tasks `linear-system` and `inverse` find: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["SHOWN_WHOLE", "InverseFigures", "InverseValues", "LinearFigures", "LinearSystemFigures"]

#: Rows of the largest inverse whose entries stand in the report: of more, they would be megabytes of text.
SHOWN_WHOLE = 64

_Rows = tuple[tuple[float, ...], ...]


@attrs.frozen(kw_only=True)
class LinearFigures:
    """What both find; error bars are standard errors by the spread of chains."""

    dimension: Annotated[int, Key("rows of the matrix")]
    eigenvalue_smallest: Annotated[float, Key("smallest eigenvalue of the matrix, the slowest mode", "E0")]
    eigenvalue_largest: Annotated[float, Key("largest eigenvalue of the matrix, the stiffest mode", "E0")]
    chains: Annotated[int, Key("trajectories with noise of their own")]
    observations: Annotated[int, Key("of each chain, after relaxation")]
    duration: Annotated[float, Key("of each chain, after relaxation", "1/(mobility E0)")]
    relaxation: Annotated[float, Key("of each chain, before the first observation", "1/(mobility E0)")]
    relative_error: Annotated[
        float, Key("length of the difference from the digital answer, over the length of that answer")
    ]
    relative_error_expected: Annotated[
        float, Key("the same by error bars alone: root of the sum of their squares, over the length of the answer")
    ]
    inside: Annotated[float, Key("share of entries whose 95 % interval, by Student's t, holds the digital answer")]
    slope: Annotated[
        float, Key("of the expected error over time, both as logarithms, in the last tenth to whole duration: -1/2")
    ]
    step_bias: Annotated[
        float,
        Key(
            "largest relative error that the time step leaves in the variance of a mode, with its sign; means have none"
        ),
    ]
    left_over: Annotated[float, Key("largest share of the answer that is missing because states began at zero")]
    heat_mean_kT: Annotated[
        float, Key("mean heat a chain releases as it relaxes from zero, that of its velocities included", "kT")
    ]
    heat_se_kT: Annotated[float, Key("its standard error", "kT")]


@attrs.frozen(kw_only=True)
class LinearSystemFigures(LinearFigures):
    """What the task `linear-system` finds."""

    solution: Annotated[tuple[float, ...], Key("mean state of each unit: x of A x = b")]
    solution_se: Annotated[tuple[float, ...], Key("its standard error")]
    reference: Annotated[dict[str, tuple[float, ...]], Key("`solution` by a digital solver, found afterwards")]
    error_bars: Annotated[dict[str, tuple[float, ...]], Key("the standard error of each of these")]


@attrs.frozen(kw_only=True)
class InverseValues:
    """A number for each figure of the task `inverse` that has a known value."""

    trace: Annotated[float, Key("of `trace`", "1/E0")]
    inverse: Annotated[_Rows | None, Key("of `inverse`; `null` where that is absent", "1/E0")] = None


@attrs.frozen(kw_only=True)
class InverseFigures(LinearFigures):
    """What the task `inverse` finds."""

    trace: Annotated[float, Key("sum of the diagonal of the inverse", "1/E0")]
    trace_se: Annotated[float, Key("its standard error", "1/E0")]
    inverse: Annotated[
        _Rows | None,
        Key(
            "mean products of states over $k_BT$, row by row: the inverse of A; absent beyond 64 rows, whose entries "
            "are in `samples.nc` alone, as `inverse`, `inverse_se` and `inverse_reference`",
            "1/E0",
            optional=True,
        ),
    ] = None
    inverse_se: Annotated[_Rows | None, Key("its standard error; absent where `inverse` is", "1/E0", optional=True)] = (
        None
    )
    reference: Annotated[InverseValues, Key("what a digital solver finds, afterwards")]
    error_bars: Annotated[InverseValues, Key("the standard error of each of these")]
