"""Integrators with one fault each."""

from __future__ import annotations

import attrs
import sympy
from sympy import sqrt
from wrong_engines import CoinFlips, SharedNoise, Tiring, engine
from wrong_subjects import DOC, Wrong

from thermozoo import Integrator


def xi(s):
    return sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()


@attrs.frozen
class SoundStep(Integrator):
    __doc__ = DOC
    name = "sound-step"
    weak_order = 1

    def step(self, s):
        return s.x + s.mobility * s.force(s.x) * s.dt + xi(s)


@attrs.frozen
class UnusedNoise(Integrator):
    __doc__ = DOC
    name = "unused-noise"

    def step(self, s):
        s.noise()
        return s.x + s.mobility * s.force(s.x) * s.dt + xi(s)


@attrs.frozen
class SquaredTemperature(Integrator):
    __doc__ = DOC
    name = "squared-temperature"
    weak_order = 1

    def step(self, s):
        return s.x + s.mobility * s.force(s.x) * s.dt + sympy.sqrt(4 * s.mobility * s.kT**2 * s.dt) * s.noise()


@attrs.frozen
class HalfVariance(Integrator):
    __doc__ = DOC
    name = "half-variance"

    def step(self, s):
        return s.x + s.mobility * s.force(s.x) * s.dt + sqrt(s.mobility * s.kT * s.dt) * s.noise()


@attrs.frozen
class ForgotMobility(Integrator):
    __doc__ = DOC
    name = "forgot-mobility"

    def step(self, s):
        return s.x + s.force(s.x) * s.dt + xi(s)


@attrs.frozen
class ColdPredictor(Integrator):
    __doc__ = DOC
    name = "cold-predictor"
    weak_order = 2

    def step(self, s):
        here = s.mobility * s.force(s.x) * s.dt
        there = s.mobility * s.force(s.x + here) * s.dt  # the noise is missing in the predictor
        return s.x + (here + there) / 2 + xi(s)


@attrs.frozen
class SpuriousDrift(Integrator):
    __doc__ = DOC
    name = "spurious-drift"

    def step(self, s):
        return s.x + s.mobility * (s.force(s.x) + s.kT * sympy.tanh(s.x)) * s.dt + xi(s)


@attrs.frozen
class SpuriousStiffness(Integrator):
    __doc__ = DOC
    name = "spurious-stiffness"

    def step(self, s):
        return s.x + s.mobility * (s.force(s.x) - s.kT * s.x) * s.dt + xi(s)


@attrs.frozen
class DividesByState(Integrator):
    __doc__ = DOC
    name = "divides-by-state"

    def step(self, s):
        return s.x * sympy.exp(s.mobility * s.force(s.x) * s.dt / s.x) + xi(s)


@attrs.frozen
class OwnClock(Integrator):
    __doc__ = DOC
    name = "own-clock"
    weak_order = 1

    def step(self, s):
        return s.x + s.mobility * s.force(s.x) * s.dt * (1 + s.dt / 20) + xi(s)


INTEGRATORS = [
    Wrong("a drift that knows how long the step is", "clock-speed", OwnClock),
    Wrong("a noise that is drawn and not used", "noise-once", UnusedNoise),
    Wrong("half the variance of the noise", "noise-variance", HalfVariance),
    Wrong("a noise that is right at kT = 1/2 only", "noise-variance", SquaredTemperature, also={"clock-speed"}),
    Wrong("no mobility in the drift", "deterministic-limit", ForgotMobility),
    Wrong("claims weak order 2 with a predictor without noise", "weak-order", ColdPredictor),
    Wrong("a drift that grows with temperature", "stationarity", SpuriousDrift),
    Wrong("a stiffness that grows with temperature", "linear-variance", SpuriousStiffness, also={"stationarity"}),
    Wrong("divides by the state, which may be zero", "every-potential", DividesByState, also={"deterministic-limit"}),
    Wrong("engine: coin flips for noise", "transition-histogram", SoundStep, engine(CoinFlips)),
    Wrong("engine: two units share their noise", "noise-independent", SoundStep, engine(SharedNoise)),
    Wrong("engine: weaker noise after 2000 steps", "long-run", SoundStep, engine(Tiring)),
]
