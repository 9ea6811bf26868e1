"""Imperfections with one fault each."""

from __future__ import annotations

import attrs
import numpy as np
from wrong_subjects import DOC, Wrong

from thermozoo import Imperfection, parameter


@attrs.frozen
class Harmless(Imperfection):
    __doc__ = DOC
    name = "harmless"

    def realise(self, computer, random):
        return computer


@attrs.frozen
class Warmer(Imperfection):
    __doc__ = DOC
    name = "warmer"

    def realise(self, computer, random):
        return attrs.evolve(computer, temperature=2 * computer.temperature)


@attrs.frozen
class Strayed(Imperfection):
    __doc__ = DOC
    name = "strayed"

    def terms(self):
        return ("coupling",)

    def realise(self, computer, random):
        halved = computer.with_strengths_of("coupling", computer.couplings.vector / 2)
        return halved.with_strengths_of("bias", computer.biases / 2)


@attrs.frozen
class UnseededDevice(Imperfection):
    __doc__ = DOC
    name = "unseeded-device"

    def realise(self, computer, random):
        factors = np.random.default_rng().normal(1.0, 0.1, computer.couplings.size)
        return computer.with_strengths_of("coupling", factors * computer.couplings.vector)


@attrs.frozen
class GlobalDevice(Imperfection):
    __doc__ = DOC
    name = "global-device"

    def read(self, states, random):
        np.random.seed(1)
        return states + np.random.normal(size=states.shape)


@attrs.frozen
class InPlace(Imperfection):
    __doc__ = DOC
    name = "in-place"

    def read(self, states, random):
        states *= 2.0
        return states


@attrs.frozen
class Swelling(Imperfection):
    __doc__ = DOC
    name = "swelling"
    gain: float = parameter(1.0, unit="1", above=0, doc="a gain that may be large")

    def stored(self, values, random):
        return np.exp(1e3 * self.gain) * values


@attrs.frozen
class Summed(Imperfection):
    __doc__ = DOC
    name = "summed"

    def read(self, states, random):
        return states.sum(axis=-1)


@attrs.frozen
class Faster(Imperfection):
    __doc__ = DOC
    name = "faster"

    def moved(self, integrator):
        return f"{integrator.name}, but faster"


@attrs.frozen
class Elsewhere(Imperfection):
    __doc__ = DOC
    name = "elsewhere"

    def driven(self):
        from thermozoo_plugins.protocols import Ramp

        return {"pressure": Ramp()}


IMPERFECTIONS = [
    Wrong("leaves everything as it is", "effect", Harmless),
    Wrong("a device at another temperature", "machine", Warmer),
    Wrong("says couplings, and changes biases too", "terms", Strayed),
    Wrong("random numbers without a seed", "repeatable", UnseededDevice),
    Wrong("seeds NumPy's global random numbers", "repeatable", GlobalDevice),
    Wrong("doubles the states that it is given", "inputs-unchanged", InPlace),
    Wrong("overflows at large parameters", "stores", Swelling),
    Wrong("one reading for all units", "reads", Summed),
    Wrong("moves by a text", "moves", Faster),
    Wrong("drifts what no computer has", "drifts", Elsewhere),
]
