"""What the task `anneal` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["AnnealFigures"]


@attrs.frozen(kw_only=True)
class AnnealFigures:
    """What the task `anneal` finds; error bars are standard errors by the spread of reads, all independent."""

    kind: Annotated[str, Key("what is asked: `max-cut`, the largest cut; `ising` or `qubo`, the least energy or value")]
    variables: Annotated[int, Key("variables of the problem")]
    couplings: Annotated[int, Key("pairs of variables that its energy couples")]
    units: Annotated[str, Key("what the variables are: `p-bits`, `double wells` or `phases`")]
    method: Annotated[str, Key("`anneal`, or `tempering` where rungs of several temperatures exchange states")]
    reads: Annotated[int, Key("anneals or ladders, each with noise and a beginning of its own")]
    sweeps: Annotated[int, Key("updates of every unit in a read: time steps, at all rungs together")]
    duration: Annotated[float, Key("how long a read takes", "time constants")]
    observations: Annotated[int, Key("how often the states of a read were looked at; its energy is the lowest seen")]
    best_energy: Annotated[float, Key("lowest energy of all reads: of a QUBO its value, of a graph $W - 2\\,$cut")]
    best_cut: Annotated[
        float,
        Key(
            "the cut at it, $(W - E) / 2$: weights between the two sides; of a problem that is no graph, of the graph "
            "whose weights are its couplings, and its fields those with one more vertex"
        ),
    ]
    weight: Annotated[float, Key("$W$ of that relation: all weights, and the offset of the energy")]
    relation: Annotated[str, Key("how cut and energy are related, with the numbers")]
    energy_mean: Annotated[float, Key("mean over reads of the lowest energy of each")]
    energy_se: Annotated[float, Key("its standard error")]
    energy_std: Annotated[float, Key("standard deviation of the energies of reads")]
    energy_quantiles: Annotated[tuple[float, ...], Key("0, 25, 50, 75 and 100 % of the reads have at most this energy")]
    distinct: Annotated[int, Key("different states among the answers of reads; two of opposite spins are two")]
    target: Annotated[
        float, Key("what a read succeeds by reaching, as an energy: `task.target`, what is known, or the best read")
    ]
    target_source: Annotated[str, Key("where the target is from")]
    within: Annotated[float, Key("how far from the target a read may be that succeeds, relative to the target")]
    gap: Annotated[
        float | None, Key("relative distance of the best read from the target; negative below it; `null` without one")
    ]
    gap_mean: Annotated[float | None, Key("mean relative distance of reads from the target; `null` without one")]
    success: Annotated[float, Key("share of the reads that reach the target")]
    success_se: Annotated[
        float, Key("its standard error, above zero where none or all do (two more of each are counted)")
    ]
    time_to_solution_99: Annotated[
        float | None,
        Key(
            "sweeps after which one read of several, one after the other, has succeeded with 99 %: sweeps times "
            "$\\ln 0.01 / \\ln (1 - p)$, at least one read; `null` where none succeeds",
            "sweeps",
        ),
    ]
    time_to_solution_99_low: Annotated[
        float, Key("lower end of its 95 % interval, by Wilson's interval of the share", "sweeps")
    ]
    time_to_solution_99_high: Annotated[float | None, Key("upper end; `null` where the share may be zero", "sweeps")]
    time_to_solution_99_duration: Annotated[
        float | None, Key("the same in time constants; `null` with it", "time constants")
    ]
    time_to_solution_99_seconds: Annotated[
        float | None,
        Key("the same on this machine, where all reads went at once; `null` with it", "second", clocked=True),
    ]
    seconds_per_read: Annotated[
        float, Key("how long this machine took for all reads, over their number", "second", clocked=True)
    ]
    updates_per_second: Annotated[
        float, Key("updates of units in a second on this machine, observations included", clocked=True)
    ]
    heat_mean_kT: Annotated[
        float | None, Key("mean heat that a read releases, over $k_BT$ at its end; `null` of tempering", "kT")
    ]
    heat_se_kT: Annotated[float | None, Key("its standard error; `null` with it", "kT")]
    work_mean_kT: Annotated[
        float | None,
        Key("mean work of what is driven, but for the temperature, which does none; `null` of tempering", "kT"),
    ]
    temperatures: Annotated[
        tuple[float, ...] | None, Key("$k_BT$ of the rungs of tempering, the coldest first; `null` of an anneal", "E0")
    ]
    acceptance: Annotated[
        tuple[float, ...] | None,
        Key("share of the exchanges of each rung with the next that were accepted; `null` of an anneal"),
    ]
    round_trips: Annotated[
        float | None,
        Key("mean round trips of a ladder's replicas, coldest to hottest and back, all together; `null` of an anneal"),
    ]
    round_trips_se: Annotated[float | None, Key("its standard error; `null` with it")]
    reference: Annotated[
        dict[str, float],
        Key("what is known, by planting, enumeration or `task.target`: `best_energy` and `best_cut`; empty otherwise"),
    ]
    error_bars: Annotated[dict[str, float], Key("the standard error of each of these")]
