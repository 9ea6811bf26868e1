"""What the task `sample` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["SampleFigures"]


@attrs.frozen(kw_only=True)
class SampleFigures:
    """What the task `sample` finds; error bars are standard errors by the spread of chains, which are independent."""

    chains: Annotated[int, Key("trajectories with noise of their own")]
    observations: Annotated[int, Key("of each chain, after relaxation")]
    duration: Annotated[float, Key("of each chain, after relaxation", "1/(mobility E0)")]
    units: Annotated[tuple[int, ...], Key("units of which the lists below speak, the first free ones unless chosen")]
    mean: Annotated[tuple[float, ...], Key("mean state of each of these units")]
    mean_se: Annotated[tuple[float, ...], Key("its standard error")]
    variance: Annotated[tuple[float, ...], Key("variance of the state of each of these units")]
    variance_se: Annotated[tuple[float, ...], Key("its standard error")]
    energy_kT: Annotated[float, Key("mean energy", "kT")]
    energy_se_kT: Annotated[float, Key("its standard error", "kT")]
    energy_std_kT: Annotated[float, Key("standard deviation of the energy: its square is a heat capacity in k", "kT")]
    heat_mean_kT: Annotated[
        float | None,
        Key(
            "mean heat released while the coupled computer relaxed: what it cost to be there; `null` of tempering", "kT"
        ),
    ]
    heat_se_kT: Annotated[float | None, Key("its standard error; `null` with it", "kT")]
    autocorrelation_time_energy: Annotated[
        float, Key("integrated autocorrelation time of the energy", "1/(mobility E0)")
    ]
    autocorrelation_time_slowest: Annotated[
        float, Key("the longest one of energy and of these units", "1/(mobility E0)")
    ]
    effective_samples_energy: Annotated[float, Key("effective sample size of the energy, of all chains")]
    effective_samples_least: Annotated[float, Key("the least one of energy and of these units, by ranks")]
    r_hat: Annotated[float, Key("the largest split R-hat of energy and of these units, by ranks: 1 where chains agree")]
    virial: Annotated[
        float | None,
        Key(
            "mean of the sum over free units of $x_i \\partial V / \\partial x_i$, over $n k_BT$; `null` where states "
            "are discrete or live on a circle"
        ),
    ]
    virial_se: Annotated[float | None, Key("its standard error; `null` with it")]
    power_kT: Annotated[
        float | None,
        Key(
            "heat that asymmetric couplings go on releasing, in a unit of time 1/(mobility E0), by the work of their "
            "force along the path: there is no equilibrium; absent where all forces have an energy",
            "kT",
            optional=True,
        ),
    ] = None
    power_se_kT: Annotated[float | None, Key("its standard error; absent without it", "kT", optional=True)] = None
    temperatures: Annotated[
        tuple[float, ...] | None,
        Key(
            "$k_BT$ of the rungs of tempering, the coldest first, of which all other figures are; absent without it",
            "E0",
            optional=True,
        ),
    ] = None
    acceptance: Annotated[
        tuple[float, ...] | None,
        Key(
            "share of the exchanges of each rung with the next that were accepted, after relaxation; absent with them",
            optional=True,
        ),
    ] = None
    round_trips: Annotated[
        float | None,
        Key(
            "mean round trips of a ladder's replicas after relaxation, coldest to hottest and back, all together; "
            "absent with them",
            optional=True,
        ),
    ] = None
    round_trips_se: Annotated[float | None, Key("its standard error; absent with it", optional=True)] = None
    reference: Annotated[
        dict[str, float], Key("what is known exactly: in equilibrium `virial` is 1 for any energy that confines")
    ]
    error_bars: Annotated[dict[str, float], Key("the standard error of each of these")]
