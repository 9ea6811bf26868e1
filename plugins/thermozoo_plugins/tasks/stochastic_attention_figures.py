"""What the task `stochastic-attention` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["StochasticAttentionFigures"]


@attrs.frozen(kw_only=True)
class StochasticAttentionFigures:
    """What the task `stochastic-attention` finds: a list has an entry a temperature, in their order.

    Error bars are standard errors by the spread of chains, which are independent of each other.
    """

    images: Annotated[int, Key("stored images")]
    units: Annotated[int, Key("units, one a pixel")]
    chains: Annotated[int, Key("trajectories of each temperature, with starts and noise of their own")]
    snapshots: Annotated[int, Key("states of each chain that are judged")]
    steps: Annotated[int, Key("time steps of each chain up to its last snapshot")]
    duration: Annotated[float, Key("of each chain", "1/(mobility E0)")]
    inverse_temperatures: Annotated[
        tuple[float, ...], Key("the temperatures, as $\\beta = 1 / k_BT$, which is the sharpness as well", "1/E0")
    ]
    novelty: Annotated[tuple[float, ...], Key("mean of 1 minus the largest cosine of a sample with a stored image")]
    novelty_se: Annotated[tuple[float, ...], Key("its standard error")]
    diversity: Annotated[
        tuple[float, ...], Key("mean of 1 minus the cosine over all pairs of samples, those of one chain among them")
    ]
    diversity_se: Annotated[tuple[float, ...], Key("its standard error, by leaving out one chain after the other")]
    energy: Annotated[tuple[float, ...], Key("mean energy of a sample", "E0")]
    energy_se: Annotated[tuple[float, ...], Key("its standard error", "E0")]
    recalled: Annotated[
        tuple[float, ...], Key("share of the samples that resemble the image at which their chain began most")
    ]
    recalled_se: Annotated[tuple[float, ...], Key("its standard error")]
    virial: Annotated[
        tuple[float, ...],
        Key(
            "mean of $x \\cdot \\nabla E$ over $n k_BT$; with `euler-maruyama` of $x \\cdot \\nabla E - \\mu \\Delta t "
            "|\\nabla E|^2 / 2$, which its step keeps exactly"
        ),
    ]
    virial_se: Annotated[tuple[float, ...], Key("its standard error")]
    heat_mean_kT: Annotated[
        tuple[float, ...], Key("mean heat that a chain releases; below zero where it takes up heat as it melts", "kT")
    ]
    heat_se_kT: Annotated[tuple[float, ...], Key("its standard error", "kT")]
    reference: Annotated[
        dict[str, tuple[float | None, ...]],
        Key(
            "what is known: `virial` is 1; `novelty`, `diversity` and `energy` of an independent loop, for the images "
            "and settings that it was run with: `null` at other temperatures, and absent for other images"
        ),
    ]
    error_bars: Annotated[
        dict[str, tuple[float | None, ...]],
        Key("the standard error of the difference between each of these and the figure, that of the loop included"),
    ]
