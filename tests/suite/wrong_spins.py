"""Discrete units, their integrators and engines, with one fault each."""

from __future__ import annotations

import attrs
import numpy as np
import sympy
from wrong_engines import engine, hotter
from wrong_subjects import DOC, Wrong

from thermozoo import Integrator, Potential, parameter
from thermozoo.computer import coloring
from thermozoo.dynamics.engines.reference import ReferenceStepper


@attrs.frozen
class SoundSpin(Potential):
    __doc__ = DOC
    name = "sound-spin"
    states = (-1, 1)
    h: float = parameter(0.4, unit="energy", doc="field")

    def energy(self, x):
        return -self.h * x


@attrs.frozen
class SquareSpin(Potential):
    __doc__ = DOC
    name = "square-spin"
    states = (-1, 1)
    h: float = parameter(0.4, unit="energy", doc="field")

    def energy(self, x):
        return x**2 - self.h * x


def chosen(s, p):
    return sympy.Piecewise((1, s.uniform() < p), (-1, True))


@attrs.frozen
class SoundBath(Integrator):
    __doc__ = DOC
    name = "sound-bath"
    updates = "by color"

    def step(self, s):
        return chosen(s, 1 / (1 + sympy.exp(-2 * s.force(s.x) / s.kT)))


@attrs.frozen
class UnusedUniform(Integrator):
    __doc__ = DOC
    name = "unused-uniform"
    updates = "by color"

    def step(self, s):
        s.uniform()
        return chosen(s, 1 / (1 + sympy.exp(-2 * s.force(s.x) / s.kT)))


@attrs.frozen
class NoFactorTwo(Integrator):
    __doc__ = DOC
    name = "no-factor-two"
    updates = "by color"

    def step(self, s):
        return chosen(s, 1 / (1 + sympy.exp(-s.force(s.x) / s.kT)))


@attrs.frozen
class AntiMetropolis(Integrator):
    __doc__ = DOC  # flips with the probability of staying
    name = "anti-metropolis"
    updates = "by color"

    def step(self, s):
        p = sympy.exp(2 * s.x * s.force(s.x) / s.kT)
        return sympy.Piecewise((1, sympy.Or(s.x < 0, s.uniform() < p)), (-1, True))


class AllAtOnce(ReferenceStepper):
    """Updates all units at once, coupled or not."""

    def begin(self, *start, **options):
        object.__setattr__(self, "colors", (slice(None),))
        return super().begin(*start, **options)


def one_color(computer):
    return (np.flatnonzero(computer.layout.free),)


SPINS = [
    Wrong("an energy that is not linear", "linear", SquareSpin),
    Wrong("engine: twice too hot for spins", "state-probabilities", SoundSpin, engine(change=hotter(2.0))),
    Wrong("a uniform number that is drawn and not used", "choice", UnusedUniform),
    Wrong("the factor 2 is missing in the exponent", "update-balance", NoFactorTwo),
    Wrong("a weight of the wrong sign", "update-balance", AntiMetropolis),
    Wrong(
        "core: coupled spins of one color",
        "step-stationary",
        SoundBath,
        also={"engine-updates"},  # whose own order is that of the colors
        patch=(coloring, "units_by_color", one_color),
    ),
    Wrong("engine: all spins at once", "engine-updates", SoundBath, engine(AllAtOnce)),
]
