"""What the task `logic-gate` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["LogicGateFigures"]


@attrs.frozen(kw_only=True)
class LogicGateFigures:
    """What the task `logic-gate` finds; error bars are standard errors by the spread of chains, which are independent.

    Patterns have a character a bit, in the order of `bits`: what it is clamped to, or a point where it is free.
    """

    gate: Annotated[str, Key("name of the gate")]
    bits: Annotated[tuple[str, ...], Key("names of its bits, inputs first; keys of states are in this order")]
    clamp: Annotated[str, Key("pattern of bits that were clamped")]
    temperature: Annotated[float, Key("kT", "E0")]
    chains: Annotated[int, Key("trajectories with noise of their own, of each pattern")]
    observations: Annotated[int, Key("of each chain, after relaxation")]
    sweeps: Annotated[int, Key("of each chain, after relaxation, in each of which every free p-bit has one update")]
    possible: Annotated[int, Key("rows of the truth table that have the clamped bits; 0: the gate is frustrated")]
    probabilities: Annotated[dict[str, float], Key("share of samples in each state of the bits, under `clamp`")]
    probabilities_se: Annotated[
        dict[str, float],
        Key("its standard error, at least one over the effective samples, so that a state never seen has one; "
            "0 for states that `clamp` rules out"),
    ]  # fmt: skip
    effective_samples: Annotated[
        float, Key("as many independent samples would have the same error bars, taken over all states; of all chains")
    ]
    total_variation: Annotated[
        float, Key("half the sum of the absolute differences between `probabilities` and enumeration")
    ]
    total_variation_expected: Annotated[
        float, Key("its mean for as many independent samples of the exact distribution as are effective")
    ]
    satisfied: Annotated[float, Key("share of samples that are rows of the truth table, under `clamp`")]
    satisfied_se: Annotated[float, Key("its standard error")]
    satisfied_exact: Annotated[float, Key("what it is by enumeration")]
    forwards: Annotated[
        dict[str, float], Key("the truth table read forwards: share of rows of it, for each pattern of clamped inputs")
    ]
    forwards_se: Annotated[dict[str, float], Key("its standard error")]
    forwards_exact: Annotated[dict[str, float], Key("what it is by enumeration")]
    backwards: Annotated[
        dict[str, float], Key("and backwards: for each pattern of clamped outputs that the gate can have")
    ]
    backwards_se: Annotated[dict[str, float], Key("its standard error")]
    backwards_exact: Annotated[dict[str, float], Key("what it is by enumeration")]
    heat_mean_kT: Annotated[
        float, Key("mean heat released from random bits to equilibrium, under `clamp`: what it cost to be there", "kT")
    ]
    heat_se_kT: Annotated[float, Key("its standard error", "kT")]
    reference: Annotated[dict[str, float], Key("`probabilities` by enumeration, the Boltzmann distribution")]
    error_bars: Annotated[dict[str, float], Key("the standard error of each of these")]
