"""Potentials with one fault each."""

from __future__ import annotations

import itertools
import math

import attrs
import sympy
from wrong_subjects import DOC, Wrong

from thermozoo import Potential, option, parameter


def stiffness(**bounds):
    return parameter(1.0, unit="energy", doc="stiffness", **(bounds or {"above": 0}))


@attrs.frozen
class Undocumented(Potential):
    name = "undocumented"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2


@attrs.frozen
class Shouting(Potential):
    __doc__ = DOC
    name = "shouting"
    a: float = stiffness()
    label: str = option("unit", converter=lambda v: v + "!", doc="a name that grows whenever it is read")

    def energy(self, x):
        return self.a * x**2


@attrs.frozen
class LooksAtType(Potential):
    __doc__ = DOC
    name = "looks-at-type"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2 if isinstance(x, sympy.Symbol) else 2 * self.a * x**2


@attrs.frozen
class Counting(Potential):
    __doc__ = DOC
    name = "counting"
    a: float = stiffness()
    calls = itertools.count(1)

    def energy(self, x):
        return self.a * x**2 + next(self.calls) * x**4


@attrs.frozen
class Logarithm(Potential):
    __doc__ = DOC
    name = "logarithm"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2 - sympy.log(x)


@attrs.frozen
class SignError(Potential):
    __doc__ = DOC
    name = "sign-error"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2

    def gradient(self, x):
        return -2 * self.a * x


@attrs.frozen
class FactorTwo(Potential):
    __doc__ = DOC
    name = "factor-two"
    a: float = stiffness()
    c: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + self.c * x**4

    def gradient(self, x):
        return 2 * self.a * x + 2 * self.c * x**3


class tanh(sympy.tanh):  # noqa: N801 - carries sympy's name so that code can be printed
    def fdiff(self, argindex=1):
        return 1 - tanh(self.args[0])  # the square is missing


class cos(sympy.cos):  # noqa: N801
    def fdiff(self, argindex=1):
        return sympy.sin(self.args[0])  # the sign is missing


class sin(sympy.sin):  # noqa: N801
    def fdiff(self, argindex=1):
        return cos(self.args[0])


@attrs.frozen
class WrongSlope(Potential):
    __doc__ = DOC
    name = "wrong-slope"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + tanh(x)


@attrs.frozen
class WrongBend(Potential):
    __doc__ = DOC
    name = "wrong-bend"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + sin(x)


@attrs.frozen
class WrongByParameter(Potential):
    __doc__ = DOC
    name = "wrong-by-parameter"
    a: float = stiffness()
    k: float = parameter(0.5, unit="1", doc="asymmetry")

    def energy(self, x):
        return self.a * x**2 + x * tanh(self.k)


@attrs.frozen
class Cubic(Potential):
    __doc__ = DOC
    name = "cubic"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + x**3


@attrs.frozen
class LooseBounds(Potential):
    __doc__ = DOC
    name = "loose-bounds"
    a: float = stiffness()
    c: float = parameter(1.0, unit="energy", doc="quartic stiffness")

    def energy(self, x):
        return self.a * x**2 + self.c * x**4


@attrs.frozen
class OnlyALogarithm(Potential):
    __doc__ = DOC
    name = "only-a-logarithm"
    a: float = stiffness()

    def energy(self, x):
        return self.a * sympy.log(1 + x**2)


@attrs.frozen
class ClaimsTwo(Potential):
    __doc__ = DOC
    name = "claims-two"
    stable_states = 2
    a: float = parameter(-1.0, unit="energy", doc="stiffness")
    c: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + self.c * x**4


@attrs.frozen
class Overflows(Potential):
    __doc__ = DOC
    name = "overflows"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + sympy.log(1 + sympy.sinh(x) ** 2)  # the logarithm of cosh(x) is printed without overflow


@attrs.frozen
class NoCode(Potential):
    __doc__ = DOC
    name = "no-code"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + sympy.besselj(0, x)


@attrs.frozen
class ScalarsOnly(Potential):
    __doc__ = DOC
    name = "scalars-only"
    a: float = stiffness()

    def __attrs_post_init__(self):
        if not self.a > 0:
            raise ValueError("a must be positive")

    def energy(self, x):
        return self.a * x**2


@attrs.frozen
class Jump(Potential):
    __doc__ = DOC
    name = "jump"
    a: float = stiffness()

    def energy(self, x):
        return sympy.Piecewise((self.a * x**2, x < 1), (self.a * x**2 + 1, True))


@attrs.frozen
class Cliff(Potential):
    __doc__ = DOC
    name = "cliff"
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + sympy.erf(10**10 * (x - 0.37)) / 4  # narrower than any step, and smooth between doubles


@attrs.frozen
class TwoMinds(Potential):
    __doc__ = DOC
    name = "two-minds"
    a: float = stiffness()
    c: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + self.c * x**4

    def constraints(self):
        return [self.a < 2 * self.c if isinstance(self.a, sympy.Symbol) else self.a < 3 * self.c]


@attrs.frozen
class OtherEveryTime(Potential):
    __doc__ = DOC
    name = "other-every-time"
    a: float = stiffness()
    c: float = stiffness()
    calls = itertools.count(1)

    def energy(self, x):
        return self.a * x**2 + self.c * x**4

    def constraints(self):
        return [self.a < (1 + next(self.calls)) * self.c]


@attrs.frozen
class ExcludesNothing(Potential):
    __doc__ = DOC
    name = "excludes-nothing"
    a: float = stiffness()
    c: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + self.c * x**4

    def constraints(self):
        return [2 * sympy.sqrt(self.a * self.c) <= self.a + self.c]  # of geometric and arithmetic mean


@attrs.frozen
class LeavesNothing(Potential):
    __doc__ = DOC
    name = "leaves-nothing"
    a: float = stiffness()
    c: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + self.c * x**4

    def constraints(self):
        return [(self.a - 1) ** 2 + (self.c - 1) ** 2 <= 0]


@attrs.frozen
class LooseConstraint(Potential):
    __doc__ = DOC
    name = "loose-constraint"
    a: float = stiffness()
    f: float = parameter(0.5, unit="energy", doc="slope")

    def energy(self, x):
        return self.a * sympy.sqrt(1 + x**2) - self.f * x

    def constraints(self):
        return [abs(self.f) < 2 * self.a]  # the energy rises on both sides for |f| < a


@attrs.frozen
class HalfATurn(Potential):
    __doc__ = DOC
    name = "half-a-turn"
    period = math.pi
    a: float = stiffness()

    def energy(self, x):
        return self.a * sympy.cos(x)


@attrs.frozen
class BarelyRound(Potential):
    __doc__ = DOC
    name = "barely-round"
    period = 2 * math.pi
    a: float = stiffness()
    k: float = parameter(1.0, unit="1", doc="waves a turn")

    def energy(self, x):
        return self.a * sympy.cos(self.k * x)  # of this circle for whole numbers only, the default among them


@attrs.frozen
class TrapOnACircle(Potential):
    __doc__ = DOC
    name = "trap-on-a-circle"
    period = 2 * math.pi
    a: float = stiffness()

    def energy(self, x):
        return self.a * x**2


@attrs.frozen
class Sound(Potential):
    __doc__ = DOC
    name = "sound"
    stable_states = 1
    a: float = stiffness()
    c: float = stiffness()

    def energy(self, x):
        return self.a * x**2 + self.c * x**4


POTENTIALS = [
    Wrong("no docstring", "documented", Undocumented),
    Wrong("a setting that changes whenever it is read", "round-trip", Shouting),
    Wrong("the energy looks at the type of x", "one-formula", LooksAtType),
    Wrong("another energy at every call", "one-formula", Counting),
    Wrong("the logarithm of a negative state", "finite", Logarithm),
    Wrong("hand-written gradient with the wrong sign", "written-gradient", SignError),
    Wrong("hand-written gradient with a factor of two", "written-gradient", FactorTwo),
    Wrong("a function with a wrong derivative", "force", WrongSlope),
    Wrong("a function with a wrong second derivative", "curvature", WrongBend),
    Wrong("a wrong derivative by a parameter", "parameter-derivatives", WrongByParameter),
    Wrong("a cubic", "confining", Cubic),
    Wrong("bounds that allow a negative quartic term", "confining", LooseBounds),
    Wrong("grows like a logarithm only", "confining", OnlyALogarithm),
    Wrong("claims two stable states for either sign of the stiffness", "stable-states", ClaimsTwo),
    Wrong("an intermediate value that overflows", "generated-code", Overflows),
    Wrong("a function for which there is no code", "one-formula", NoCode),
    Wrong("parameters that may not be arrays", "per-unit-parameters", ScalarsOnly),
    Wrong("a constraint that looks at the type of a parameter", "constraints", TwoMinds),
    Wrong("another constraint whenever it is asked for", "constraints", OtherEveryTime),
    Wrong("a constraint that excludes nothing", "constraints", ExcludesNothing),
    Wrong("a constraint that leaves one point", "constraints", LeavesNothing),
    Wrong("a constraint that leaves too much", "confining", LooseConstraint),
    Wrong("a jump between two branches", "continuous", Jump),
    Wrong("a circle of half the circumference", "circle", HalfATurn),
    Wrong("a circle for some parameters only", "circle", BarelyRound),
    Wrong("a trap whose states are said to live on a circle", "circle", TrapOnACircle),
    Wrong("an energy with a cliff, which no state that is visited feels", "fluctuation-relation", Cliff),
]
