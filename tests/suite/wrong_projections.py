"""Energies of projections with one fault each, and faults of engines and of the core that they show."""

from __future__ import annotations

import attrs
import numpy as np
import sympy
from wrong_engines import engine, hotter, weaker_force
from wrong_potentials import tanh
from wrong_subjects import DOC, Wrong

from thermozoo import Projection, parameter
from thermozoo.computer.terms import ProjectionTerm


@attrs.frozen
class SoundMemory(Projection):
    __doc__ = DOC
    name = "sound-memory"
    beta: float = parameter(4.0, unit="1/energy", above=0, doc="sharpness")

    def energy(self, s):
        return -sympy.log(s.sum(sympy.exp(self.beta * s.z))) / self.beta


@attrs.frozen
class Overflows(Projection):
    __doc__ = DOC
    name = "overflows"
    beta: float = parameter(4.0, unit="1/energy", above=0, doc="sharpness")

    def energy(self, s):
        return -sympy.log(s.sum(sympy.cosh(self.beta * s.z))) / self.beta


@attrs.frozen
class NoLogarithm(Projection):
    __doc__ = DOC
    name = "no-logarithm"

    def energy(self, s):
        return -sympy.log(s.sum(s.z))


@attrs.frozen
class WrongSlope(Projection):
    __doc__ = DOC
    name = "wrong-slope"

    def energy(self, s):
        return -s.sum(tanh(s.z))


_gradient = ProjectionTerm.gradient


def by_place(self, x):
    """A first pattern that counts a little more, in the force alone."""
    weights = np.ones(len(self.patterns))
    weights[0] += 1e-7
    return _gradient(attrs.evolve(self, weights=self.weights * weights), x)


PROJECTIONS = [
    Wrong("overflows", "finite", Overflows),
    Wrong("the logarithm of what is negative", "finite", NoLogarithm),
    Wrong("a function with a wrong derivative", "derivatives", WrongSlope),
    Wrong(
        "core: the first pattern counts more",
        "patterns",
        SoundMemory,
        also={"derivatives"},
        patch=(ProjectionTerm, "gradient", by_place),
    ),
    Wrong("engine: force too weak", "engine-force", SoundMemory, engine(change=weaker_force)),
    Wrong("engine: 30 % too hot", "detailed-balance", SoundMemory, engine(change=hotter(1.3))),
]
