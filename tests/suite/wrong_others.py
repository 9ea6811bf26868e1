"""Objectives, connectivities, protocols and data sets with one fault each."""

from __future__ import annotations

import attrs
import numpy as np
import sympy
from wrong_engines import WorkSign, engine, one_sided, reversed_vector
from wrong_potentials import tanh
from wrong_subjects import DOC, Wrong

from thermozoo import Connectivity, Dataset, Objective, Protocol, option, parameter
from thermozoo.computer.couplings import DenseCouplings


def residual(s):
    return -(s.x_next - s.x) + s.mobility * s.gradient_next * s.dt


def scale(s):
    return 4 * s.mobility * s.kT * s.dt


@attrs.frozen
class LogLoss(Objective):
    __doc__ = DOC
    name = "log-loss"

    def step_loss(self, s):
        return residual(s) ** 2 / scale(s) + sympy.log(s.x)


@attrs.frozen
class WrongDerivative(Objective):
    __doc__ = DOC
    name = "wrong-derivative"

    def step_loss(self, s):
        return residual(s) ** 2 / scale(s) + tanh(s.gradient_next)


@attrs.frozen
class NoGradient(Objective):
    __doc__ = DOC
    name = "no-gradient"

    def step_loss(self, s):
        return (s.x_next - s.x) ** 2 / scale(s)


@attrs.frozen
class IncrementSign(Objective):
    __doc__ = DOC
    name = "increment-sign"
    quadratic = True

    def step_loss(self, s):
        return (s.x_next - s.x + s.mobility * s.gradient_next * s.dt) ** 2 / scale(s)


@attrs.frozen
class ForceInUnitsOfTemperature(Objective):
    __doc__ = DOC
    name = "force-in-units-of-temperature"
    quadratic = True

    def step_loss(self, s):  # right at kT = 1/2 only
        drift = s.mobility * s.gradient_next / (2 * s.kT) * s.dt
        return (-(s.x_next - s.x) + drift) ** 2 / (4 * s.mobility * s.kT * s.dt)


@attrs.frozen
class TheOtherDirection(Objective):
    __doc__ = DOC
    name = "the-other-direction"
    quadratic = True
    direction = "forward"

    def step_loss(self, s):  # right for the reverse
        return residual(s) ** 2 / scale(s)


@attrs.frozen
class TwiceTheLikelihood(Objective):
    __doc__ = DOC
    name = "twice-the-likelihood"
    quadratic = True
    likelihood = True

    def step_loss(self, s):  # its gradient is r / kT, not r / (2 kT): same minimum, same direction, another scale
        return 2 * residual(s) ** 2 / scale(s)


@attrs.frozen
class RightAtOneTimeStep(Objective):
    __doc__ = DOC
    name = "right-at-one-time-step"
    quadratic = True
    likelihood = True

    def step_loss(self, s):
        return residual(s) ** 2 / (4 * s.mobility * s.kT * 0.02)


@attrs.frozen
class NotNormalized(Objective):
    """Of 1/2 in the mean at every dt, but no density."""

    __doc__ = DOC
    name = "not-normalized"
    quadratic = True
    likelihood = True

    def step_loss(self, s):
        return residual(s) ** 2 / (8 * s.mobility * s.kT * s.dt) + sympy.Rational(1, 4)


@attrs.frozen
class AwayFromTheData(Objective):
    __doc__ = DOC
    name = "away-from-the-data"

    def contrast(self, s):
        return (s.energy_model - s.energy_data) / s.kT


@attrs.frozen
class ContrastAtOneTemperature(Objective):
    __doc__ = DOC
    name = "contrast-at-one-temperature"
    likelihood = True

    def contrast(self, s):
        return (s.energy_data - s.energy_model) / sympy.Rational(2, 5)


@attrs.frozen
class FourthPower(Objective):
    __doc__ = DOC
    name = "fourth-power"
    quadratic = True

    def step_loss(self, s):
        return (residual(s) ** 2 / scale(s)) ** 2


@attrs.frozen
class BothWays(Connectivity):
    __doc__ = DOC
    name = "both-ways"

    def edges(self, layout):
        i = np.arange(layout.n - 1)
        return np.concatenate([np.stack([i, i + 1], axis=1), np.stack([i + 1, i], axis=1)])


@attrs.frozen
class NaiveRing(Connectivity):
    __doc__ = DOC
    name = "naive-ring"

    def edges(self, layout):
        i = np.arange(layout.n)
        return np.stack([i, (i + 1) % layout.n], axis=1)


@attrs.frozen
class Unseeded(Connectivity):
    __doc__ = DOC
    name = "unseeded"

    def edges(self, layout):
        order = np.random.default_rng().permutation(layout.n)
        return np.stack([order[:-1], order[1:]], axis=1)


@attrs.frozen
class TwoMinds(Connectivity):
    __doc__ = DOC
    name = "two-minds"

    def blocks(self, layout):
        return [(group, group) for group in layout.sizes]

    def edges(self, layout):
        i = np.arange(layout.n - 1)
        return np.stack([i, i + 1], axis=1)


@attrs.frozen
class AllOfOne(Connectivity):
    __doc__ = DOC
    name = "all-of-one"

    def blocks(self, layout):
        names = list(layout.sizes)
        return [(a, b) for k, a in enumerate(names) for b in names[k:]]


@attrs.frozen
class Triples(Connectivity):
    """Three units a tuple, the next ones round: right, but that two units come round to the first."""

    __doc__ = DOC
    name = "triples"

    def edges(self, layout):
        i = np.arange(layout.n)
        return np.stack([i, (i + 1) % layout.n, (i + 2) % layout.n], axis=1)[: None if layout.n > 3 else 1]


@attrs.frozen
class UnitTwice(Connectivity):
    __doc__ = DOC
    name = "unit-twice"

    def edges(self, layout):  # the last of a row is the first
        i = np.arange(layout.n - 2)
        return np.stack([i, i + 1, np.where(i == layout.n - 3, i, i + 2)], axis=1)


@attrs.frozen
class OneStrengthShort(Connectivity):
    __doc__ = DOC
    name = "one-strength-short"

    def edges(self, layout):
        i = np.arange(layout.n - 1)
        return np.stack([i, i + 1], axis=1)

    def strengths(self, layout):
        return np.ones(max(1, layout.n - 2))


@attrs.frozen
class AnyFile(Connectivity):
    __doc__ = DOC
    name = "any-file"
    path: str = option("", doc="file")

    def edges(self, layout):
        if self.path:
            with open(self.path) as stream:
                stream.read()
        i = np.arange(layout.n - 1)
        return np.stack([i, i + 1], axis=1)


@attrs.frozen
class Singular(Protocol):
    __doc__ = DOC
    name = "singular"
    amplitude: float = parameter(1.0, unit="energy", doc="strength")

    def intensity(self, t, duration):
        return self.amplitude / (t / duration - sympy.Rational(1, 2))


@attrs.frozen
class Fade(Protocol):
    __doc__ = DOC
    name = "fade"
    amplitude: float = parameter(1.0, unit="energy", doc="strength")

    def intensity(self, t, duration):
        return self.amplitude * (1 - t / duration)


@attrs.frozen
class TakenKey(Protocol):
    __doc__ = DOC
    name = "taken-key"
    hidden: float = parameter(1.0, unit="1", doc="a key that the table of protocols has already")

    def intensity(self, t, duration):
        return self.hidden * t / duration


@attrs.define
class Mutable(Protocol):
    __doc__ = DOC
    name = "mutable"
    amplitude: float = parameter(1.0, unit="energy", doc="strength")

    def intensity(self, t, duration):
        return self.amplitude * (1 - t / duration)


def dots(n=6):
    return np.random.default_rng(1).uniform(size=(n, 4, 4)), np.arange(n) % 2


@attrs.frozen
class Flat(Dataset):
    __doc__ = DOC
    name = "flat"

    def load(self):
        images, labels = dots()
        return images.reshape(6, 16), labels


@attrs.frozen
class Bytes(Dataset):
    __doc__ = DOC
    name = "bytes"

    def load(self):
        images, labels = dots()
        return np.round(255 * images), labels


@attrs.frozen
class Blank(Dataset):
    __doc__ = DOC
    name = "blank"

    def load(self):
        images, labels = dots()
        images[3] = 0.5
        return images, labels


@attrs.frozen
class Gap(Dataset):
    __doc__ = DOC
    name = "gap"

    def load(self):
        images, labels = dots()
        return images, 2 * labels


@attrs.frozen
class Written(Dataset):
    __doc__ = DOC
    name = "written"

    def load(self):
        images, labels = dots()
        return images, labels.astype(str)


@attrs.frozen
class Shuffled(Dataset):
    __doc__ = DOC
    name = "shuffled"

    def load(self):
        images, labels = dots(40)
        order = np.random.default_rng().permutation(40)
        return images[order], labels[order]


@attrs.frozen
class NoSuchFile(Dataset):
    __doc__ = DOC
    name = "no-such-file"
    path: str = option("", doc="folder")

    def load(self):
        if self.path:
            with open(f"{self.path}/images") as stream:
                stream.read()
        return dots()


OTHERS = [
    Wrong("the logarithm of a state", "finite", LogLoss),
    Wrong("a function with a wrong derivative", "gradients", WrongDerivative),
    Wrong("a loss without the computer in it", "descent", NoGradient),
    Wrong("the increment with a plus sign", "recovery", IncrementSign),
    Wrong("a drift that is right at kT = 1/2 only", "recovery", ForceInUnitsOfTemperature),
    Wrong("claims to be quadratic, is a fourth power", "quadratic-claim", FourthPower),
    Wrong("a reverse step that is said to be a forward one", "recovery", TheOtherDirection),
    Wrong("a likelihood times two", "likelihood-scale", TwiceTheLikelihood),
    Wrong("a likelihood at one time step only", "likelihood-scale", RightAtOneTimeStep),
    Wrong("1/2 in the mean, but no density", "likelihood-scale", NotNormalized),
    Wrong("a contrast with the wrong sign", "contrast-linear", AwayFromTheData),
    Wrong("a contrast that is right at kT = 2/5 only", "contrast-gradient", ContrastAtOneTemperature),
    Wrong("every pair in both orders", "pairs", BothWays),
    Wrong("three units a tuple, one of them twice", "pairs", UnitTwice),
    Wrong("three units a tuple, and one or two in all", "group-sizes", Triples),
    Wrong("one strength less than pairs", "strengths", OneStrengthShort),
    Wrong("FileNotFoundError for a missing list of pairs", "missing-data", AnyFile),
    Wrong("a ring that forgets one and two units", "group-sizes", NaiveRing),
    Wrong("random pairs without a seed", "repeatable", Unseeded),
    Wrong("edges and blocks that differ", "edges-and-blocks", TwoMinds),
    Wrong(
        "core: the parameter vector the wrong way round",
        "parameter-vector",
        AllOfOne,
        patch=(DenseCouplings, "with_vector", reversed_vector),
    ),
    Wrong(
        "core: a product with one half of the matrix", "product", AllOfOne, patch=(DenseCouplings, "product", one_sided)
    ),
    Wrong("a pole in the middle", "finite", Singular),
    Wrong("engine: work with the wrong sign", "work", Fade, engine(WorkSign)),
    Wrong("a parameter whose key the config's table has already", "round-trip", TakenKey),
    Wrong("a class that is not frozen", "round-trip", Mutable),
    Wrong("images as rows", "shapes", Flat),
    Wrong("pixels from 0 to 255", "pixel-range", Bytes),
    Wrong("an image of one gray", "scaling", Blank),
    Wrong("a class without images", "labels", Gap),
    Wrong("labels that are strings", "labels", Written),
    Wrong("another order at every load", "repeatable", Shuffled),
    Wrong("FileNotFoundError for a missing file", "missing-data", NoSuchFile),
]
