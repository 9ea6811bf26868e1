"""On-site energies of a whole computer: the potentials of its groups, evaluated on arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.layout import Layout
from thermozoo.computer.states import floating
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Potential
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.derive import PotentialFormulas, potential_formulas

__all__ = ["OnSiteEnergy", "UnitEnergy", "unit_energy"]

Array = npt.NDArray[np.floating[Any]]


@attrs.frozen(eq=False)
class UnitEnergy:
    """One potential with its parameter values, ready to be evaluated.

    Parameters
    ----------
    potential : Potential
        The plugin.
    formulas : PotentialFormulas
        What was derived from it.
    values : dict of str to float or ndarray
        Parameter values by dotted name: a number, or one value per unit.
    amplitude : float
        A factor of the energy, where a schedule drives it.
    """

    potential: Potential
    formulas: PotentialFormulas
    values: dict[str, Any]
    amplitude: float = 1.0

    def evaluate(self, name: str, expression: Any, x: Array) -> Array:
        """Return an expression of the state and the parameters at `x`, shape (..., units)."""
        f = self.formulas
        found = f.bind(self.values).function(name, [f.x], expression, variable=f.x)(x)[0]
        return found if self.amplitude == 1.0 else found * found.dtype.type(self.amplitude)

    def energy(self, x: Array) -> Array:
        """Return U(x), shape of `x` [energy]."""
        return self.evaluate("energy", self.formulas.energy, x)

    def gradient(self, x: Array) -> Array:
        """Return dU/dx, shape of `x` [energy]."""
        return self.evaluate("gradient", self.formulas.gradient, x)

    def curvature(self, x: Array) -> Array:
        """Return d2U/dx2, shape of `x` [energy]."""
        return self.evaluate("curvature", self.formulas.curvature, x)

    @property
    def period(self) -> float | None:
        """Circumference of the circle on which states live; None: they live on a line."""
        return self.potential.period

    @property
    def driven(self) -> bool:
        """Whether a turn of the circle changes the energy of a unit, so that a current flows and none is at rest."""
        climb = self.formulas.climb
        return climb is not None and bool(np.any(self.evaluate("climb", climb, np.zeros(1)) != 0.0))

    def at(self, units: Any) -> UnitEnergy:
        """Return the site of some of the units only (an index into the group)."""
        picked = {k: v[units] if np.ndim(v) else v for k, v in self.values.items()}
        return attrs.evolve(self, values=picked)

    def columns(self) -> UnitEnergy:
        """Return the site with per-unit values as columns, to be evaluated on a grid for each unit."""
        stacked = {k: v[:, None] if np.ndim(v) else v for k, v in self.values.items()}
        return attrs.evolve(self, values=stacked)


def unit_energy(potential: Potential) -> UnitEnergy:
    """Return a potential ready to be evaluated."""
    values = values_of(potential)
    return UnitEnergy(potential, potential_formulas(potential), values)


@attrs.frozen(eq=False)
class OnSiteEnergy:
    """The on-site part of a computer: one potential a group.

    Parameters
    ----------
    layout : Layout
        Groups of units.
    potentials : dict of str to Potential
        The potential of each group.
    amplitude : float
        A factor of all of it, where a schedule drives it.
    """

    layout: Layout
    potentials: dict[str, Potential]
    amplitude: float = 1.0
    sites: dict[str, UnitEnergy] = attrs.field(init=False, repr=False)

    @sites.default
    def _sites(self) -> dict[str, UnitEnergy]:
        missing = [g for g in self.layout.groups if g not in self.potentials]
        if missing:
            raise ShapeError(f"no potential is given for group {missing[0]!r}")
        strange = [g for g in self.potentials if g not in self.layout.sizes]
        if strange:
            raise ShapeError(
                f"a potential is given for {strange[0]!r}, which is no group; groups: {', '.join(self.layout.groups)}"
            )
        sites = {g: unit_energy(self.potentials[g]) for g in self.layout.groups}
        if self.amplitude != 1.0:
            sites = {g: attrs.evolve(one, amplitude=self.amplitude) for g, one in sites.items()}
        for group, one in sites.items():
            for name, value in one.values.items():
                if np.ndim(value) and len(value) != self.layout.sizes[group]:
                    raise ShapeError(
                        f"{name} of group {group!r} has {len(value)} values, but the group has "
                        f"{self.layout.sizes[group]} units"
                    )
        return sites

    def scaled(self, factor: float) -> OnSiteEnergy:
        """Return it with its energy times a factor."""
        return attrs.evolve(self, amplitude=self.amplitude * factor)

    def parts(self) -> Iterator[tuple[slice, UnitEnergy]]:
        """Yield (positions, site) of every group that has units."""
        for group, one in self.sites.items():
            where = self.layout.slice(group)
            if where.stop > where.start:
                yield where, one

    def energy(self, x: Array) -> Array:
        """Return the sum of on-site energies of states of shape (..., n), shape (...)."""
        x = floating(x, self.layout.n)
        total = np.zeros(x.shape[:-1], dtype=x.dtype)
        for where, one in self.parts():
            total += one.energy(x[..., where]).sum(axis=-1)
        return total

    def gradient(self, x: Array) -> Array:
        """Return dU_i/dx_i of states of shape (..., n), same shape."""
        x = floating(x, self.layout.n)
        result = np.empty_like(x)
        for where, one in self.parts():
            result[..., where] = one.gradient(x[..., where])
        return result

    def curvature(self, x: Array) -> Array:
        """Return d2U_i/dx_i2 of states of shape (..., n), same shape."""
        x = floating(x, self.layout.n)
        result = np.empty_like(x)
        for where, one in self.parts():
            result[..., where] = one.curvature(x[..., where])
        return result
