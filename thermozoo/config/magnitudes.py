"""Numbers that are sound one by one and cannot be reckoned with together: the fault of the one farthest from usual."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.computer.computer import Computer
from thermozoo.config.faults import Faults
from thermozoo.config.settings import settings_of
from thermozoo.config.tables import ComputerTable, DynamicsTable
from thermozoo.dynamics.engines import PRECISIONS
from thermozoo.errors import ParameterError
from thermozoo.interfaces import Plugin
from thermozoo.interfaces.tree import flat_parameters

__all__ = ["check_equilibria", "check_noise", "least_usual_of_a_step"]


#: Powers of ten from its default beyond which a number is to blame for what another one shows.
_UNUSUAL = 6.0


def _least_usual(values: Mapping[str, tuple[float, float]], otherwise: str = "") -> str:
    """Return the key whose value is farthest from its default, by its logarithm.

    Parameters
    ----------
    values : mapping of str to (float, float)
        Value and default of each key.
    otherwise : str
        What is returned instead where no value is far from its default.
    """

    def decades(key: str) -> float:
        value, default = (abs(v) for v in values[key])
        return abs(math.log10(value / default)) if value and default else 0.0

    farthest = max(values, key=decades)
    return otherwise if otherwise and decades(farthest) < _UNUSUAL else farthest


def least_usual_of_a_step(
    computer: ComputerTable, dynamics: DynamicsTable, plugins: Mapping[str, Sequence[Plugin]], otherwise: str = ""
) -> str:
    """Return the key that is least usual among those that set what a step does.

    Parameters
    ----------
    computer, dynamics : table
        Temperature, mobility and time step.
    plugins : mapping of str to sequence of Plugin
        Plugins whose parameters count as well, by the table that they stand in; where it may be one of several tables,
        their common one is returned and not the key.
    otherwise : str
        What is returned instead where no value is far from its default.
    """
    found: dict[str, tuple[float, float]] = {}
    for table, values, names in (("computer", computer, ("mobility", "temperature")), ("dynamics", dynamics, ("dt",))):
        declared = settings_of(type(values))
        found |= {f"{table}.{name}": (getattr(values, name), declared[name].default) for name in names}
    home = {}
    for table, several in plugins.items():
        for k, plugin in enumerate(several):
            for name, spec, value in flat_parameters(plugin):
                key = f"{table}.{name}" if len(several) == 1 else f"{table}, {k}: {name}"
                found[key] = (float(np.abs(value).max()), spec.default)
                home[key] = key if len(several) == 1 else table
    farthest = _least_usual(found, otherwise)
    return home.get(farthest, farthest)


def check_equilibria(units: Computer, faults: Faults) -> float | None:
    """Return the largest root mean square of a free unit in equilibrium; None after adding a fault.

    A unit that has an equilibrium at the default temperature and none at the config's is no fault of its potential.
    """
    largest = 0.0
    for where, one in units.onsite.parts():
        if not units.layout.free[where.start]:
            continue
        if one.period is not None:  # states lie anywhere on the circle, with an equilibrium or without
            largest = max(largest, one.period / 2)
            continue
        unit = one.at(slice(0, 1)) if not any(np.ndim(v) for v in one.values.values()) else one
        try:
            found = unit_boltzmann(unit, units.temperature, points=257)
        except ParameterError as error:
            usual = float(settings_of(ComputerTable)["temperature"].default)
            try:
                unit_boltzmann(unit, usual, points=257)
            except ParameterError:
                faults.add("computer.potential", str(error), also=["computer.potential"])
            else:
                faults.add("computer.temperature", f"at a temperature of {units.temperature:g}, {error}")
            return None
        largest = max(largest, float(np.sqrt(found.mean(found.x**2)).max()))
    return largest


def check_noise(
    computer: ComputerTable,
    dynamics: DynamicsTable,
    size: float,
    plugins: Mapping[str, Sequence[Plugin]],
    faults: Faults,
) -> None:
    """Add a fault where the noise of a step is lost to rounding, or is no number of the states' precision.

    Parameters
    ----------
    computer, dynamics : table
        Temperature, mobility, time step and precision.
    size : float
        Root mean square of the states.
    plugins : mapping of str to sequence of Plugin
        The potentials, which set that size, by their table.
    faults : Faults
        Receives it.
    """
    numbers = np.finfo(PRECISIONS[dynamics.precision])
    variance = 2 * computer.mobility * computer.temperature * dynamics.dt
    if float(numbers.tiny) < variance < float(numbers.max) and math.sqrt(variance) > float(numbers.eps) * size:
        return
    spacing = float(numbers.eps) * size
    faults.add(
        least_usual_of_a_step(computer, dynamics, plugins),
        f"the noise of a step, sqrt(2 mobility temperature dt) = {math.sqrt(variance):.2g}, cannot be told from "
        f"rounding in {dynamics.precision} precision, where states of size {size:.2g} lie {spacing:.1g} apart: choose "
        "numbers nearer to 1",
        also=["computer.mobility", "computer.temperature", "dynamics.dt", "computer.potential"],
    )
