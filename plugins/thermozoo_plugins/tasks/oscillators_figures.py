"""What the task `oscillators` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["OscillatorsFigures"]


@attrs.frozen(kw_only=True)
class OscillatorsFigures:
    """What the task `oscillators` finds; error bars are standard errors by the spread of samples, all independent."""

    samples: Annotated[int, Key("images that each computer generates, from the same states in equilibrium")]
    duration: Annotated[float, Key("of a generation", "1/(mu E0)")]
    masses: Annotated[tuple[float, ...], Key("masses of units, rising", "energy time^2")]
    steps: Annotated[tuple[int, ...], Key("time steps of a generation with each mass")]
    heat_by_mass_kT: Annotated[tuple[float, ...], Key("mean heat of each mass, with its kinetic part", "kT")]
    heat_by_mass_se_kT: Annotated[tuple[float, ...], Key("its standard error", "kT")]
    kinetic_by_mass_kT: Annotated[
        tuple[float, ...], Key("kinetic part of that heat: kinetic energy that is lost from start to end", "kT")
    ]
    kinetic_by_mass_se_kT: Annotated[tuple[float, ...], Key("its standard error", "kT")]
    correlation_by_mass: Annotated[
        tuple[float, ...], Key("mean modulus of the correlation of an output with its nearest prototype, of each mass")
    ]
    correlation_by_mass_se: Annotated[tuple[float, ...], Key("its standard error")]
    mass: Annotated[float, Key("mass of the units that the figures below speak of", "energy time^2")]
    heat_mean_kT: Annotated[float, Key("mean heat of a generation with it", "kT")]
    heat_se_kT: Annotated[float, Key("its standard error", "kT")]
    heat_std_kT: Annotated[float, Key("standard deviation of that heat over the samples", "kT")]
    correlation: Annotated[float, Key("`correlation_by_mass` of it")]
    correlation_se: Annotated[float, Key("its standard error")]
    inverted: Annotated[int, Key("outputs that show the negative of a prototype")]
    class_counts: Annotated[dict[str, int], Key("outputs by the class of their nearest prototype")]
    thermodynamic_advantage: Annotated[
        float | None,
        Key("energy of a digital denoiser over that heat, both at 300 K; `null` where heat is not positive"),
    ]
    heat_limit_kT: Annotated[
        float, Key("heat in the limit of no mass: a straight line through the masses up to `mass`, at zero", "kT")
    ]
    heat_limit_se_kT: Annotated[float, Key("its standard error", "kT")]
    correlation_limit: Annotated[float, Key("correlation in that limit")]
    correlation_limit_se: Annotated[float, Key("its standard error")]
    reference: Annotated[
        dict[str, float], Key("`heat_limit_kT` and `correlation_limit` of the same program with overdamped units")
    ]
    error_bars: Annotated[
        dict[str, float],
        Key("standard error of the difference of either limit and its reference, whose samples begin alike"),
    ]
