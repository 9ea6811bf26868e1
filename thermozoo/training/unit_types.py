"""Kinds of units: those with one on-site energy share one Fokker-Planck solution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.onsite import OnSiteEnergy, UnitEnergy
from thermozoo.constraints import constraints_of
from thermozoo.errors import TrainingError, nearest
from thermozoo.interfaces import Potential
from thermozoo.interfaces.tree import with_values
from thermozoo.symbolic.derive import PotentialFormulas

__all__ = ["UnitType", "trainable_forces", "trained_together", "unit_types", "with_parameters"]


@attrs.frozen(eq=False)
class UnitType:
    """Units that have one on-site energy.

    Parameters
    ----------
    site : UnitEnergy
        The potential; every parameter is a number.
    units : ndarray of int, shape (U,)
        Which units.
    """

    site: UnitEnergy
    units: npt.NDArray[np.int64]


def unit_types(computer: Computer) -> list[UnitType]:
    """Group the units that move by formula and parameter values."""
    found: dict[Any, tuple[UnitEnergy, list[npt.NDArray[np.int64]]]] = {}
    free = computer.layout.free
    for where, site in computer.onsite.parts():
        units = np.arange(where.start, where.stop)
        names = [name for name, value in site.values.items() if np.ndim(value)]
        if names:
            table = np.stack([site.values[name] for name in names], axis=1)
            _, first, unit_type = np.unique(table, axis=0, return_index=True, return_inverse=True)
            unit_type = unit_type.ravel()
        else:
            first, unit_type = np.zeros(1, dtype=np.int64), np.zeros(len(units), dtype=np.int64)
        for k, representative in enumerate(first):
            values = {n: float(v[representative] if np.ndim(v) else v) for n, v in site.values.items()}
            key = (site.formulas.energy, site.period, tuple(values.items()))
            members = units[(unit_type == k) & free[where]]
            if len(members):
                found.setdefault(key, (attrs.evolve(site, values=values), []))[1].append(members)
    return [UnitType(site, np.sort(np.concatenate(parts))) for site, parts in found.values()]


def trainable_forces(computer: Computer, names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which units have each of the named on-site parameters, shape (names, n).

    Raises
    ------
    TrainingError
        When no unit that moves has a parameter of that name, the energy is not linear in it, or in several of them
        together, or a constraint relates several of them.
    """
    layout = computer.layout
    has = np.zeros((len(names), layout.n), dtype=bool)
    known: set[str] = set()
    for group, site in computer.onsite.sites.items():
        if group in layout.clamped:
            continue
        formulas = site.formulas
        known |= set(formulas.parameters)
        mine = [name for name in names if name in formulas.parameters]
        _check_linear(type(site.potential).__name__, formulas, mine)
        if refusal := trained_together(site.potential, mine):
            raise TrainingError(f"potential_parameters: {refusal}")
        for name in mine:
            has[list(names).index(name), layout.slice(group)] = True
    for name, row in zip(names, has, strict=True):
        if not row.any():
            listed = ", ".join(sorted(known)) or "none"
            raise TrainingError(
                f"potential_parameters: no unit that moves has a parameter {name!r}{nearest(name, known)}; "
                f"parameters: {listed}"
            )
    return has


def trained_together(potential: Potential, names: Sequence[str]) -> str:
    """Return why parameters of a potential cannot be trained together, empty where they can.

    Training moves each parameter between bounds of its own, which a constraint gives to one of its parameters only.
    """
    for one in constraints_of(potential):
        several = [name for name in one.names if name in names]
        if len(several) > 1:
            return (
                f"expected one trained parameter in each constraint, got {' and '.join(several)} in {one.text} of "
                f"{potential.name!r}: train one of them"
            )
    return ""


def _check_linear(owner: str, formulas: PotentialFormulas, names: Sequence[str]) -> None:
    """Raise TrainingError unless the force is linear in the named parameters together."""
    symbols = {formulas.parameters[name] for name in names}
    for name in names:
        if formulas.gradient_by_parameter[name].free_symbols & symbols:
            raise TrainingError(
                f"potential_parameters: the energy of {owner} is not linear in {', '.join(names)}, so the loss is not "
                f"quadratic in {name}; parameters that it is linear in, one at a time: "
                f"{', '.join(formulas.linear_parameters) or 'none'}"
            )


def with_parameters(computer: Computer, changes: dict[str, npt.NDArray[np.float64]]) -> Computer:
    """Return the computer with on-site parameters changed, each by one value a unit, shape (n,)."""
    layout = computer.layout
    potentials = {}
    for group, site in computer.onsite.sites.items():
        potential = site.potential
        for name, change in changes.items():
            if group in layout.clamped or name not in site.values or not layout.sizes[group]:
                continue
            value = np.broadcast_to(site.values[name], (layout.sizes[group],)) + change[layout.slice(group)]
            potential = with_values(potential, {name: value})
        potentials[group] = potential
    return attrs.evolve(computer, onsite=OnSiteEnergy(layout, potentials))
