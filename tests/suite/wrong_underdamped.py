"""Integrators with auxiliary variables and one fault each."""

from __future__ import annotations

import attrs
from sympy import exp, sqrt
from wrong_engines import RowNoise, WorkSign, engine, hotter
from wrong_subjects import DOC, Wrong

from thermozoo import Integrator
from thermozoo.interfaces import Variable

MASS = 0.8


def kicks(s, friction=1, noise=None):
    """Half a kick, half a drift, friction and noise, half a drift, half a kick."""
    kick, c = s.dt / (2 * MASS), exp(-friction * s.dt / (s.mobility * MASS))
    v = s.v + kick * s.force(s.x)
    x = s.x + s.dt / 2 * v
    v = c * v + (sqrt((1 - c**2) * s.kT / MASS) if noise is None else noise) * s.noise()
    x = x + s.dt / 2 * v
    return {"x": x, "v": v + kick * s.force(x)}


class Underdamped:
    """What the integrators below share."""

    __slots__ = ()
    weak_order = 2
    variables = {"v": Variable(parity=-1, doc="velocity", unit="1 / time")}

    def energy(self, s):
        return MASS * s.v**2 / 2

    def step(self, s):
        return kicks(s)


@attrs.frozen
class SoundKicks(Underdamped, Integrator):
    __doc__ = DOC
    name = "sound-kicks"


@attrs.frozen
class TwiceTheFriction(Underdamped, Integrator):
    __doc__ = DOC
    name = "twice-the-friction"

    def step(self, s):
        return kicks(s, friction=2)


@attrs.frozen
class ForgotTemperature(Underdamped, Integrator):
    __doc__ = DOC
    name = "forgot-temperature"
    variables = {"v": Variable(parity=-1, doc="velocity", start=lambda plugin, s: s.noise() / sqrt(MASS))}

    def step(self, s):
        return kicks(s, noise=sqrt((1 - exp(-2 * s.dt / (s.mobility * MASS))) / MASS))


@attrs.frozen
class StartsHot(Underdamped, Integrator):
    __doc__ = DOC
    name = "starts-hot"
    variables = {"v": Variable(parity=-1, doc="velocity", start=lambda plugin, s: sqrt(2 * s.kT / MASS) * s.noise())}


@attrs.frozen
class KicksLate(Underdamped, Integrator):
    __doc__ = DOC
    name = "kicks-late"

    def step(self, s):
        c = exp(-s.dt / (s.mobility * MASS))
        x = s.x + s.dt * s.v
        v = s.v + s.dt / MASS * s.force(x)
        return {"x": x, "v": c * v + sqrt((1 - c**2) * s.kT / MASS) * s.noise()}


@attrs.frozen
class ShortTimeNoise(Underdamped, Integrator):
    __doc__ = DOC
    name = "short-time-noise"

    def step(self, s):
        return kicks(s, noise=sqrt(2 * s.kT * s.dt / s.mobility) / MASS)


@attrs.frozen
class EvenVelocity(Underdamped, Integrator):
    __doc__ = DOC
    name = "even-velocity"
    variables = {"v": Variable(parity=1, doc="velocity")}


UNDERDAMPED = [
    Wrong("twice the friction", "variables-drift", TwiceTheFriction),
    Wrong(
        "no temperature in the noise of v", "variables-equilibrium", ForgotTemperature, also={"variables-deterministic"}
    ),
    Wrong("velocities that start twice too hot", "variables-start", StartsHot),
    Wrong("claims order 2 with one kick a step", "variables-deterministic", KicksLate),
    Wrong("claims weak order 2 with noise for short times", "variables-order", ShortTimeNoise),
    Wrong("a velocity that does not turn with time", "variables-reversal", EvenVelocity),
    Wrong("engine: noise numbered by row", "variables-engines", SoundKicks, engine(RowNoise)),
    Wrong(
        "engine: 30 % too hot",
        "variables-sampled",
        SoundKicks,
        engine(change=hotter(1.3)),
        also={"variables-engines"},
    ),
    Wrong("engine: work with the wrong sign", "variables-first-law", SoundKicks, engine(WorkSign)),
]
