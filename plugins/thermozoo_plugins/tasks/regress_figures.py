"""What the task `regress` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["RegressFigures"]

_TIME = "1/(mu E0)"


@attrs.frozen(kw_only=True)
class RegressFigures:
    """What the task `regress` finds; errors are root-mean-square ones over test inputs, with standard errors by shots.

    The shots at an input have noise of their own. With `bias` the error of the mean of infinitely many of them, and
    `spread` their root-mean-square deviation, the squares of both add up to the square of `rmse`.
    """

    rmse: Annotated[float, Key("error of one shot")]
    rmse_se: Annotated[float, Key("its standard error")]
    rmse_of_mean: Annotated[float, Key("error of the mean of all shots at an input")]
    rmse_of_mean_se: Annotated[float, Key("its standard error")]
    bias: Annotated[
        float | None,
        Key("error of the mean of infinitely many shots; `null` where shots are too few to tell it from 0"),
    ]
    spread: Annotated[float, Key("root-mean-square deviation of shots from their mean")]
    best_constant: Annotated[float, Key("error of the best constant")]
    teacher_rmse: Annotated[float, Key("error of the digital teacher")]
    heat_per_answer_kT: Annotated[float, Key("mean heat that one shot releases", "kT")]
    heat_se_kT: Annotated[float, Key("its standard error", "kT")]
    duration: Annotated[float, Key("time of a shot", _TIME)]
    function: Annotated[str, Key("what was learned: the name of the function, or the file of its points")]
    hidden: Annotated[int, Key("hidden units of computer and teacher")]
    training_inputs: Annotated[int, Key("inputs that teacher and computer were trained on")]
    test_inputs: Annotated[int, Key("inputs that both were judged by")]
    shots: Annotated[int, Key("shots at each of these")]
    times: Annotated[tuple[float, ...], Key("times at which the output was read", _TIME)]
    rmse_at: Annotated[tuple[float, ...], Key("error of one shot that is read at each of these times")]
    rmse_of_mean_at: Annotated[tuple[float, ...], Key("the same of the mean of all shots")]
    sizes: Annotated[
        tuple[int, ...], Key("hidden units of the computers that were trained, the last one the run's own")
    ]
    rmse_by_size: Annotated[tuple[float, ...], Key("error of one shot of each of these")]
    rmse_by_size_se: Annotated[tuple[float, ...], Key("their standard errors")]
    rmse_of_mean_by_size: Annotated[tuple[float, ...], Key("the same of the mean of all shots")]
    rmse_of_mean_by_size_se: Annotated[tuple[float, ...], Key("their standard errors")]
    teacher_rmse_by_size: Annotated[tuple[float, ...], Key("error of the teacher of each")]
    heat_by_size_kT: Annotated[tuple[float, ...], Key("mean heat that one shot of each releases", "kT")]
    loss_by_round: Annotated[
        tuple[float, ...],
        Key(
            "mean negative log-likelihood of a unit and step, less its constant, of the ideal trajectories and of each "
            "round of bent ones; 1/2 where the computer follows them exactly"
        ),
    ]
    missed_by_round: Annotated[
        tuple[float, ...],
        Key("error of the mean of the bent trajectories of each round, at training inputs, before it was learned from"),
    ]
    reference: Annotated[dict[str, float], Key("`rmse` and `rmse_of_mean` of the teacher at the same inputs")]
    error_bars: Annotated[dict[str, float], Key("the standard error of the difference between each and the figure")]
