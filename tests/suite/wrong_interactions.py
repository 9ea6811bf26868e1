"""Interactions with one fault each, and faults of engines and of the core that units which they couple show."""

from __future__ import annotations

import attrs
import numpy as np
import sympy
from wrong_engines import ReferenceStepper, engine, hotter, weaker_force, with_the_wrong_sign
from wrong_potentials import tanh
from wrong_subjects import DOC, Wrong

from thermozoo import Interaction
from thermozoo.computer.couplings import EdgeCouplings
from thermozoo.computer.terms import TupleCouplings
from thermozoo.dynamics.schedule import Driven


@attrs.frozen
class SoundPair(Interaction):
    __doc__ = DOC
    name = "sound-pair"
    symmetric = True

    def energy(self, *x):
        return (x[0] - x[1]) ** 2 / 2


@attrs.frozen
class SoundTriple(Interaction):
    __doc__ = DOC
    name = "sound-triple"
    order = 3
    symmetric = True

    def energy(self, *x):
        return x[0] * x[1] * x[2]


@attrs.frozen
class Coulomb(Interaction):
    __doc__ = DOC
    name = "coulomb"
    symmetric = True

    def energy(self, *x):
        return 1 / sympy.Abs(x[0] - x[1])


@attrs.frozen
class Switch(Interaction):
    __doc__ = DOC
    name = "switch"

    def energy(self, *x):
        return sympy.Heaviside(x[0] - 1, 0) * x[1]


@attrs.frozen
class WrongSlope(Interaction):
    __doc__ = DOC
    name = "wrong-slope"
    symmetric = True

    def energy(self, *x):
        return tanh(x[0]) * tanh(x[1])


@attrs.frozen
class OneSided(Interaction):
    __doc__ = DOC
    name = "one-sided"
    symmetric = True

    def energy(self, *x):
        return x[0] ** 2 * x[1]


@attrs.frozen
class DeniesExchange(Interaction):
    __doc__ = DOC
    name = "denies-exchange"
    symmetric = False

    def energy(self, *x):
        return sympy.cos(x[0] - x[1])


class PushesOne(ReferenceStepper):
    """Adds a force to the first unit."""

    def _step(self, x, imposed, noises, *rest):
        moved = super()._step(x, imposed, noises, *rest)
        moved[:, 0] += 1e-3
        return moved


def coarse(dynamics):
    """No step shorter than a hundred and twenty-fifth."""
    return attrs.evolve(dynamics, dt=max(dynamics.dt, 0.008))


def half_product(self, x):
    result = np.zeros_like(x)
    i, j = self.edges.T
    for row, states in zip(result.reshape(-1, self.n), x.reshape(-1, self.n), strict=True):
        np.add.at(row, i, self.vector * states[j])
    return result


def first_place_only(self, r, x):
    slopes = self._functions[1](*self._states(x))
    return np.einsum("bi,bi->i", self._states(r)[0], slopes[0])


INTERACTIONS = [
    Wrong("infinite where two states are alike", "finite", Coulomb),
    Wrong("an energy that jumps", "finite", Switch),
    Wrong("a function with a wrong derivative", "derivatives", WrongSlope),
    Wrong("claims that units may be exchanged", "exchange", OneSided),
    Wrong("denies that units may be exchanged", "exchange", DeniesExchange),
    Wrong("engine: force too weak", "engine-force", SoundPair, engine(change=weaker_force)),
    Wrong(
        "core: one half of the sparse product",
        "separable-path",
        SoundPair,
        patch=(EdgeCouplings, "product", half_product),
    ),
    Wrong("engine: a force on one unit", "third-law", SoundPair, engine(PushesOne), also={"engine-force"}),
    Wrong(
        "core: only the first unit of a tuple",
        "contraction",
        SoundTriple,
        patch=(TupleCouplings, "contract", first_place_only),
    ),
    Wrong("engine: no step below 0.008", "clock-speed", SoundPair, engine(change=coarse)),
    Wrong("engine: 30 % too hot", "detailed-balance", SoundPair, engine(change=hotter(1.3))),
    Wrong(
        "core: work of driven values with the wrong sign",
        "driven-strength",
        SoundPair,
        patch=(Driven, "work", with_the_wrong_sign),
    ),
]
