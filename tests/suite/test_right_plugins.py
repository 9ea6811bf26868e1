"""Unusual plugins that are right must not be rejected: energies with kinks, branches with rounded edges."""

from __future__ import annotations

import attrs
import pytest
import sympy

from thermozoo import Potential, option, parameter
from thermozoo.dynamics.engines import engine_named
from thermozoo.testing import Status, checks_for, saved
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.checks.potential_paths import has_kink
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.runner import context_for, run_check


def stiffness():
    return parameter(1.0, unit="energy", above=0, doc="stiffness")


@attrs.frozen
class Vee(Potential):
    name = "vee"
    stable_states = 1
    k: float = stiffness()

    def energy(self, x):
        return self.k * (sympy.Abs(x) + x**4)


@attrs.frozen
class HalfWall(Potential):
    name = "half-wall"
    stable_states = 1
    k: float = stiffness()
    place: float = parameter(0.5, unit="1", doc="where the wall begins")

    def energy(self, x):
        return self.k * sympy.Max(0, x - self.place) ** 2 + x**2


@attrs.frozen
class Step(Potential):
    name = "step"
    stable_states = 1
    k: float = stiffness()

    def energy(self, x):
        return self.k * sympy.Heaviside(x) * x**2 + x**2


@attrs.frozen
class Huber(Potential):
    """Its branches meet at the square root of a parameter, which rounding moves."""

    name = "huber"
    stable_states = 1
    k: float = stiffness()
    c: float = parameter(0.5, unit="1", above=0, doc="square of where the parabola ends")

    def energy(self, x):
        edge = sympy.sqrt(self.c)
        return self.k * sympy.Piecewise((x**2 / 2, x**2 <= self.c), (edge * (sympy.Abs(x) - edge / 2), True))


@attrs.frozen
class LogCosh(Potential):
    """Its cosh is too large for a double long before its energy is."""

    name = "log-cosh"
    stable_states = 1
    k: float = stiffness()
    A: float = parameter(0.5, unit="energy", at_least=0, doc="strength of the tanh in the force")

    def energy(self, x):
        return self.k * x**2 / 2 + self.A * sympy.log(sympy.cosh(x))


@attrs.frozen
class SmoothEdge(Potential):
    """The same energy up to a constant, written with exp(-Abs(x)): smooth, though Abs(x) is not."""

    name = "smooth-edge"
    stable_states = 1
    k: float = stiffness()

    def energy(self, x):
        return self.k * x**2 / 2 + sympy.Abs(x) + sympy.log((1 + sympy.exp(-2 * sympy.Abs(x))) / 2)


@attrs.frozen
class TwoExponentials(Potential):
    """Sums of exponentials: of x and a constant, of x and -x."""

    name = "two-exponentials"
    stable_states = 1
    k: float = stiffness()

    def energy(self, x):
        return self.k * x**2 + sympy.log(1 + sympy.exp(2 * x)) - x + sympy.log(sympy.exp(x) + sympy.exp(-x))


#: What looks at derivatives and code; the rest looks at trajectories.
DERIVED = {"force", "curvature", "parameter-derivatives", "stable-states", "generated-code", "engine-force"}


@pytest.mark.parametrize("cls", [Vee, *(pytest.param(c, marks=pytest.mark.long) for c in (HalfWall, Step, Huber))])
def test_a_potential_whose_force_bends_or_jumps_passes(cls):
    passes(cls, both_engines=cls is Vee)


@pytest.mark.parametrize(
    "cls", [pytest.param(c, marks=pytest.mark.long) for c in (LogCosh, SmoothEdge, TwoExponentials)]
)
def test_a_potential_whose_exponentials_overflow_passes(cls):
    passes(cls, both_engines=True)


def passes(cls, both_engines):
    engines = ("reference", "compiled") if both_engines else ("reference",)
    context = context_for(cls, engines=[engine_named(name) for name in engines])
    outcomes = [run_check(check, context) for check in checks_for(cls) if check.name in DERIVED]
    assert len(outcomes) == len(DERIVED)
    assert [(o.check, o.reason) for o in outcomes if o.status is not Status.PASSED] == []


@attrs.frozen
class Corner(Potential):
    """Its corner stands where a parameter puts it, which the full profile draws."""

    name = "corner"
    stable_states = 1
    place: float = parameter(0.5, unit="1", at_least=0.1, at_most=1, doc="where the force jumps")

    def energy(self, x):
        return x**2 + sympy.Abs(x - self.place)


def test_a_corner_is_found_wherever_a_drawn_parameter_puts_it():
    for place in (0.5, 0.9):
        assert has_kink(UnitOracle(Corner(place=place), KT))
    assert not has_kink(UnitOracle(HalfWall(), KT))


@pytest.mark.long
def test_the_full_profile_expects_of_a_moving_corner_what_it_expects_of_one_that_stands():
    context = context_for(Corner, profile="full", engines=[engine_named("reference")])
    outcomes = [
        run_check(c, context) for c in checks_for(Corner) if c.name in {"fluctuation-relation", "detailed-balance"}
    ]
    assert [(o.check, o.reason) for o in outcomes if o.status is not Status.PASSED] == []


@attrs.frozen
class Moved(Potential):
    """It holds another potential, which a config gives in a table of its own."""

    name = "moved"
    stable_states = 1
    base: Potential = option(HalfWall(), doc="what is moved")
    by: float = parameter(0.5, unit="1", doc="how far")

    def energy(self, x):
        return self.base.energy(x - self.by)


def test_a_plugin_that_holds_another_comes_back_from_a_config():
    (check,) = (c for c in checks_for(Moved) if c.name == "round-trip")
    outcome = run_check(check, context_for(Moved, engines=()))
    assert (outcome.status, outcome.reason) == (Status.PASSED, "")
    first, resolved = saved.from_config(Moved(base=HalfWall(place=0.25), by=2.0))
    assert first == resolved == Moved(base=HalfWall(place=0.25), by=2.0)


def test_a_plugin_that_no_run_could_use_with_the_probes_is_written_and_read():
    """A unit so stiff that the default time step is unstable is no fault of its own."""
    first, resolved = saved.from_config(HalfWall(k=1e7))
    assert first == resolved == HalfWall(k=1e7)


@attrs.frozen
class Skewed(Potential):
    """One minimum, as it claims, only where stiffnesses and skewness are in a relation."""

    name = "skewed"
    stable_states = 1
    J2: float = parameter(1.0, unit="energy", above=0, doc="stiffness")
    J3: float = parameter(0.5, unit="energy", doc="skewness")
    J4: float = parameter(1.0, unit="energy", above=0, doc="quartic stiffness")

    def energy(self, x):
        return self.J2 * x**2 + self.J3 * x**3 + self.J4 * x**4

    def constraints(self):
        # U'(x) / x = 2 J2 + 3 J3 x + 4 J4 x^2 has no root
        return [9 * self.J3**2 < 32 * self.J2 * self.J4]


@attrs.frozen
class SoftSlope(Potential):
    """It confines only where the trap is steeper than the slope."""

    name = "soft-slope"
    stable_states = 1
    k: float = stiffness()
    w: float = parameter(1.0, unit="1", above=0, doc="width of the trap")
    f: float = parameter(0.5, unit="energy", doc="slope")

    def energy(self, x):
        return self.k * self.w**2 * sympy.log(sympy.cosh(x / self.w)) - self.f * x

    def constraints(self):
        yield abs(self.f) < self.k * self.w


@pytest.mark.parametrize(
    ("cls", "names"),
    [
        (Skewed, {"constraints", "confining", "stable-states"}),
        (SoftSlope, {"constraints", "confining"}),
        pytest.param(Skewed, {check.name for check in checks_for(Skewed)} - {"documented"}, marks=pytest.mark.long),
        pytest.param(SoftSlope, {"round-trip", "finite", "force", "stable-states"}, marks=pytest.mark.long),
    ],
)
def test_a_promise_that_a_constraint_makes_smaller_is_kept(cls, names):
    context = context_for(cls, engines=[engine_named("reference")])
    outcomes = [run_check(check, context) for check in checks_for(cls) if check.name in names]
    assert len(outcomes) == len(names)
    assert [(o.check, o.reason) for o in outcomes if not o.holds] == []


@pytest.mark.parametrize(("cls", "check"), [(Skewed, "stable-states"), (SoftSlope, "confining")])
def test_without_its_constraint_the_promise_is_broken_and_the_remedy_named(cls, check):
    body = {name: value for name, value in vars(cls).items() if name in ("energy", "name", "stable_states")}
    fields = {
        f.name: parameter(f.default, unit="1", doc="one", above=f.metadata["thermozoo.parameter"]["above"])
        for f in attrs.fields(cls)
    }
    free = attrs.make_class("Free", fields, bases=(Potential,), frozen=True, class_body=body)
    (one,) = (c for c in checks_for(free) if c.name == check)
    outcome = run_check(one, context_for(free, engines=()))
    assert outcome.status is Status.FAILED
    if check == "confining":
        assert "state their relation in constraints(), such as return [abs(self.f) < self.k]" in outcome.reason
