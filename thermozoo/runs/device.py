"""What a run would take in the laboratory: the model's units of time and of energy on hardware."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo.config.schema import Config
from thermozoo.interfaces import Cost
from thermozoo.keys import Key
from thermozoo.thermodynamics.hardware import PRESETS, Hardware

__all__ = ["Device", "device_of", "hardware_of"]


@attrs.frozen(kw_only=True)
class Device:
    """One result in laboratory units: an image of `generate`, of other tasks what they say."""

    preset: Annotated[str | None, Key("preset of the config; `null` without")]
    description: Annotated[str, Key("the device in words")]
    sample: Annotated[str, Key("what one sample is, of which the figures below speak")] = "one image"
    time_unit_seconds: Annotated[float, Key("what $1/(\\mu E_0)$ is", "s")]
    temperature_kelvin: Annotated[float, Key("temperature", "K")]
    seconds_per_sample: Annotated[float, Key("time of a sample", "s")]
    joules_per_sample: Annotated[float, Key("mean heat of a sample", "J")]
    watts: Annotated[float, Key("mean power of the heat", "W")]
    idle_watts: Annotated[
        float | None, Key("power drawn while nothing happens; `null` where it is not known, and not in `watts`", "W")
    ] = None
    readout_joules: Annotated[
        float | None, Key("energy of reading a sample; `null` where it is not known, and not in the heat", "J")
    ] = None


def hardware_of(config: Config) -> Hardware | None:
    """Return the hardware of a config, its own values before those of its preset; None where it names none."""
    table = config.hardware
    if table is None:
        return None
    base = PRESETS[table.preset or "electrical"]
    return Hardware(
        time_unit=table.time_unit or base.time_unit,
        temperature=table.temperature or base.temperature,
        description=base.description if table.preset else "values of the config",
        inertia=base.inertia if table.preset else True,
        idle_watts=base.idle_watts if table.idle_watts is None else table.idle_watts,
        readout_joules=base.readout_joules if table.readout_joules is None else table.readout_joules,
    )


def device_of(config: Config, cost: Cost | None) -> Device | None:
    """Return seconds, joules and watts of what a task cost; None without a [hardware] table, or where it says nothing.

    Parameters
    ----------
    config : Config
        The config.
    cost : Cost or None
        Time and heat in units of the model.
    """
    hardware, table = hardware_of(config), config.hardware
    if hardware is None or table is None or cost is None:
        return None
    seconds = hardware.seconds(cost.time)
    joules = hardware.joules(cost.heat_kT)
    return Device(
        preset=table.preset,
        description=hardware.description,
        sample=cost.of,
        time_unit_seconds=hardware.time_unit,
        temperature_kelvin=hardware.temperature,
        seconds_per_sample=seconds,
        joules_per_sample=joules,
        watts=joules / seconds,
        idle_watts=hardware.idle_watts,
        readout_joules=hardware.readout_joules,
    )
