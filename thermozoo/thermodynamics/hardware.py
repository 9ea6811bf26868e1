"""What a unit of time and of energy is in the laboratory."""

from __future__ import annotations

import attrs

from thermozoo.arguments import checked, number, positive
from thermozoo.thermodynamics.advantage import BOLTZMANN

__all__ = ["PRESETS", "Hardware"]


@attrs.frozen
class Hardware:
    """Laboratory values of the model's units.

    Parameters
    ----------
    time_unit : float
        Seconds in one unit of time, 1 / (mobility E0).
    temperature : float
        Temperature [kelvin]; heat in kT times k_B T is heat in joule.
    description : str
        Where the values come from.
    """

    time_unit: float = checked(positive)
    temperature: float = checked(positive)
    description: str = "values of the config"

    def seconds(self, time: float) -> float:
        """Return a model time in seconds."""
        return number("time", time) * self.time_unit

    def joules(self, heat_kT: float) -> float:
        """Return a heat in joule."""
        return number("heat_kT", heat_kT) * BOLTZMANN * self.temperature


#: An electrical unit is a node of capacitance C that relaxes through a resistance R: dx/dt = -dV/dx / R with a time
#: constant R C. With 1 kilo-ohm and 1 picofarad, values of an integrated circuit, the unit of time is a nanosecond. A
#: mechanical unit is an overdamped micro-resonator with a relaxation time of a millisecond. Both are orders of
#: magnitude, not figures of a device that was built: a config states those of its own.
PRESETS: dict[str, Hardware] = {
    "electrical": Hardware(1e-9, 300.0, "RC nodes of 1 kilo-ohm and 1 picofarad at room temperature"),
    "mechanical": Hardware(1e-3, 300.0, "overdamped resonators that relax in a millisecond at room temperature"),
}
