"""What the tasks `linear-system` and `inverse` find: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["InverseFigures", "LinearFigures", "LinearSystemFigures"]


#: What both find, in types that say what they mean; error bars are standard errors by the spread of chains.
Dimension = Annotated[int, Key("rows of the matrix")]
EigenvalueSmallest = Annotated[float, Key("smallest eigenvalue of the matrix, the slowest mode", "E0")]
EigenvalueLargest = Annotated[float, Key("largest eigenvalue of the matrix, the stiffest mode", "E0")]
Chains = Annotated[int, Key("trajectories with noise of their own")]
Observations = Annotated[int, Key("of each chain, after relaxation")]
Duration = Annotated[float, Key("of each chain, after relaxation", "1/(mobility E0)")]
Relaxation = Annotated[float, Key("of each chain, before the first observation", "1/(mobility E0)")]
RelativeError = Annotated[
    float, Key("length of the difference from the digital answer, over the length of that answer")
]
RelativeErrorExpected = Annotated[
    float, Key("the same by error bars alone: root of the sum of their squares, over the length of the answer")
]
Inside = Annotated[float, Key("share of entries whose 95 % interval, by Student's t, holds the digital answer")]
Slope = Annotated[
    float, Key("of the expected error over time, both as logarithms, in the last tenth to whole duration: -1/2")
]
StepBias = Annotated[
    float,
    Key("largest relative error that the time step leaves in the variance of a mode, with its sign; means have none"),
]
LeftOver = Annotated[float, Key("largest share of the answer that is missing because states began at zero")]
HeatMeanKT = Annotated[float, Key("mean heat a chain releases as it relaxes from zero", "kT")]
HeatSeKT = Annotated[float, Key("its standard error", "kT")]


@attrs.frozen(kw_only=True)
class LinearSystemFigures:
    """What the task `linear-system` finds."""

    dimension: Dimension
    eigenvalue_smallest: EigenvalueSmallest
    eigenvalue_largest: EigenvalueLargest
    chains: Chains
    observations: Observations
    duration: Duration
    relaxation: Relaxation
    relative_error: RelativeError
    relative_error_expected: RelativeErrorExpected
    inside: Inside
    slope: Slope
    step_bias: StepBias
    left_over: LeftOver
    heat_mean_kT: HeatMeanKT
    heat_se_kT: HeatSeKT
    solution: Annotated[tuple[float, ...], Key("mean state of each unit: x of A x = b")]
    solution_se: Annotated[tuple[float, ...], Key("its standard error")]
    reference: Annotated[dict[str, tuple[float, ...]], Key("`solution` by a digital solver, found afterwards")]
    error_bars: Annotated[dict[str, tuple[float, ...]], Key("the standard error of each of these")]


@attrs.frozen(kw_only=True)
class InverseFigures:
    """What the task `inverse` finds."""

    dimension: Dimension
    eigenvalue_smallest: EigenvalueSmallest
    eigenvalue_largest: EigenvalueLargest
    chains: Chains
    observations: Observations
    duration: Duration
    relaxation: Relaxation
    relative_error: RelativeError
    relative_error_expected: RelativeErrorExpected
    inside: Inside
    slope: Slope
    step_bias: StepBias
    left_over: LeftOver
    heat_mean_kT: HeatMeanKT
    heat_se_kT: HeatSeKT
    inverse: Annotated[
        tuple[tuple[float, ...], ...], Key("mean products of states over $k_BT$, row by row: the inverse of A", "1/E0")
    ]
    inverse_se: Annotated[tuple[tuple[float, ...], ...], Key("its standard error", "1/E0")]
    reference: Annotated[
        dict[str, tuple[tuple[float, ...], ...]], Key("`inverse` by a digital solver, found afterwards", "1/E0")
    ]
    error_bars: Annotated[dict[str, tuple[tuple[float, ...], ...]], Key("the standard error of each of these", "1/E0")]


#: What either finds.
LinearFigures = LinearSystemFigures | InverseFigures
