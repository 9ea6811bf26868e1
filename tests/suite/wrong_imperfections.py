"""Imperfections with one fault each."""

from __future__ import annotations

import attrs
import numpy as np
from wrong_subjects import DOC, Wrong

from thermozoo import Imperfection, directed_strengths, parameter, with_directed_strengths


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


@attrs.frozen
class Reciprocal(Imperfection):
    __doc__ = DOC
    name = "reciprocal"

    def nonreciprocal(self, computer, random):
        return computer.with_strengths_of("coupling", computer.couplings.vector / 2)


@attrs.frozen
class EvenWays(Imperfection):
    __doc__ = DOC
    name = "even-ways"

    def nonreciprocal(self, computer, random):
        there, back = directed_strengths(computer)
        return with_directed_strengths(computer, there / 2, back / 2)


@attrs.frozen
class DirectedAndHotter(Imperfection):
    __doc__ = DOC
    name = "directed-and-hotter"

    def nonreciprocal(self, computer, random):
        there, back = directed_strengths(computer)
        hotter = attrs.evolve(computer, temperature=2 * computer.temperature)
        return with_directed_strengths(hotter, there, back / 2)


@attrs.frozen
class DirectedAndStrayed(Imperfection):
    __doc__ = DOC
    name = "directed-and-strayed"

    def terms(self):
        return ("coupling",)

    def nonreciprocal(self, computer, random):
        there, back = directed_strengths(computer)
        strayed = computer.with_strengths_of("bias", computer.biases / 2)
        return with_directed_strengths(strayed, there, back / 2)


@attrs.frozen
class UnseededDirections(Imperfection):
    __doc__ = DOC
    name = "unseeded-directions"

    def nonreciprocal(self, computer, random):
        there, back = directed_strengths(computer)
        return with_directed_strengths(computer, there, np.random.default_rng().normal(1.0, 0.1, back.size) * back)


IMPERFECTIONS = [
    Wrong("leaves everything as it is", "effect", Harmless),
    Wrong("a device at another temperature", "machine", Warmer),
    Wrong("says couplings, and changes biases too", "terms", Strayed),
    Wrong("says forces without an energy, and has none", "directions", Reciprocal),
    Wrong("both directions of every coupling alike", "directions", EvenWays),
    Wrong("directed couplings at another temperature", "directions", DirectedAndHotter),
    Wrong("directs couplings, and changes biases too", "terms", DirectedAndStrayed),
    Wrong("directions of couplings without a seed", "repeatable", UnseededDirections),
    Wrong("random numbers without a seed", "repeatable", UnseededDevice),
    Wrong("seeds NumPy's global random numbers", "repeatable", GlobalDevice),
    Wrong("doubles the states that it is given", "inputs-unchanged", InPlace),
    Wrong("overflows at large parameters", "stores", Swelling),
    Wrong("one reading for all units", "reads", Summed),
    Wrong("moves by a text", "moves", Faster),
    Wrong("drifts what no computer has", "drifts", Elsewhere),
]
