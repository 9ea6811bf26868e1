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
    inertia : bool
        Whether its units have a mass (a capacitance, an inductance), so that they may be underdamped.
    idle_watts, readout_joules : float, optional
        Power that the device draws while nothing happens, and energy of reading a result; None where they are not
        known.
    """

    time_unit: float = checked(positive)
    temperature: float = checked(positive)
    description: str = "values of the config"
    inertia: bool = True
    idle_watts: float | None = None
    readout_joules: float | None = None

    def seconds(self, time: float) -> float:
        """Return a model time in seconds."""
        return number("time", time) * self.time_unit

    def joules(self, heat_kT: float) -> float:
        """Return a heat in joule."""
        return number("heat_kT", heat_kT) * BOLTZMANN * self.temperature


#: Orders of magnitude of three technologies, not figures of a device that was built: a config states those of its own.
#: Times are those that Whitelam (2026) gives for units of each. An electrical unit is a node of capacitance C that
#: relaxes through a resistance R with the time constant R C: it has no inertia. A mechanical one is a cantilever or
#: membrane (Dago et al. 2021: resonance near a kilohertz), a superconducting one the flux in a loop, cooled by liquid
#: helium. Nobody has published what such computers draw while idle, or what reading them costs.
PRESETS: dict[str, Hardware] = {
    "electrical": Hardware(1e-6, 300.0, "RC nodes of 1 megohm and 1 picofarad at room temperature", inertia=False),
    "mechanical": Hardware(1e-3, 300.0, "micro-resonators that relax in a millisecond at room temperature"),
    "superconducting": Hardware(1e-9, 4.2, "flux loops that relax in a nanosecond in liquid helium"),
}
