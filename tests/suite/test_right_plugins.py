"""Unusual plugins that are right must not be rejected: energies with kinks, rounded edges, few layouts."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
import sympy

from thermozoo import Connectivity, Potential, option, parameter
from thermozoo.dynamics.engines import engine_named
from thermozoo.errors import ShapeError
from thermozoo.testing import Status, checks_for, saved, verify
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


@attrs.frozen
class Slope(Potential):
    """A log-cosh trap on a slope: terms cancel near zero, and in the curvature far out."""

    name = "slope"
    stable_states = 1
    k: float = stiffness()
    w: float = parameter(1.0, unit="1", above=0, doc="width of the parabola")
    f: float = parameter(0.3, unit="energy", doc="slope")

    def energy(self, x):
        return self.k * self.w**2 * sympy.log(sympy.cosh(x / self.w)) - self.f * x

    def constraints(self):
        return [abs(self.f) < self.k * self.w]


@attrs.frozen
class Langevin(Potential):
    """0 / 0 at zero, and sinh is too large for a double far out."""

    name = "langevin"
    stable_states = 1
    k: float = stiffness()

    def energy(self, x):
        return x**2 / 2 + self.k * sympy.log(sympy.sinh(x) / x)


#: What looks at derivatives and code; the rest looks at trajectories.
DERIVED = {
    "continuous",
    "force",
    "curvature",
    "parameter-derivatives",
    "stable-states",
    "generated-code",
    "engine-force",
}


@pytest.mark.long
@pytest.mark.parametrize("cls", [Vee, HalfWall, Step, Huber])
def test_a_potential_whose_force_bends_or_jumps_passes(cls):
    passes(cls, both_engines=cls is Vee)


@pytest.mark.parametrize(
    "cls", [pytest.param(c, marks=pytest.mark.long) for c in (LogCosh, SmoothEdge, TwoExponentials, Slope, Langevin)]
)
def test_a_potential_whose_exponentials_overflow_passes(cls):
    passes(cls, both_engines=True)


def passes(cls, both_engines):
    engines = ("reference", "compiled") if both_engines else ("reference",)
    context = context_for(cls, engines=[engine_named(name) for name in engines])
    outcomes = [run_check(check, context) for check in checks_for(cls) if check.name in DERIVED]
    assert len(outcomes) == len(DERIVED)
    wrong = [o for o in outcomes if o.status is not Status.PASSED and not o.reason.startswith("it claims no number")]
    assert [(o.check, o.reason) for o in wrong] == []
    assert all(o.tolerance is not None and o.value is not None for o in outcomes if o.status is Status.PASSED)
    return outcomes


def potential(title, formula, **declared):
    """Return a class with the energy `formula(self, x)`; a parameter is declared by its default."""
    parameters = {
        name: parameter(value, unit="1", above=0 if bounded else None, doc=name)
        for name, (value, bounded) in declared.items()
    }
    body = {
        "name": title,
        "energy": lambda self, x: formula(self, x),
        "__annotations__": dict.fromkeys(parameters, float),
        "__module__": __name__,
        **parameters,
    }
    return attrs.frozen(type("Made", (Potential,), body))


POSITIVE, ANY = True, False
SMALL = {
    "hertz": potential("hertz", lambda s, x: s.k * sympy.Abs(x) ** sympy.Rational(5, 2), k=(1.0, POSITIVE)),
}
MORE = {
    "marcus": potential(
        "marcus",
        lambda s, x: sympy.Min(s.k * (x + 1) ** 2 / 2, s.k * (x - 1) ** 2 / 2 + s.e),
        k=(1.0, POSITIVE),
        e=(0.2, ANY),
    ),
    "cube": potential("cube", lambda s, x: s.k * sympy.Abs(x) ** 3, k=(1.0, POSITIVE)),
    "seven-halves": potential(
        "seven-halves", lambda s, x: s.k * sympy.Abs(x) ** sympy.Rational(7, 2), k=(1.0, POSITIVE)
    ),
    "three-halves": potential(
        "three-halves", lambda s, x: s.k * sympy.Abs(x) ** sympy.Rational(3, 2), k=(1.0, POSITIVE)
    ),
    "soft-logarithm": potential(
        "soft-logarithm",
        lambda s, x: s.k * x**2 * sympy.log(x**2 + s.e) + x**4,
        k=(1.0, POSITIVE),
        e=(0.01, POSITIVE),
    ),
    "three-parabolas": potential(
        "three-parabolas",
        lambda s, x: sympy.Min(s.k * (x + 1) ** 2 / 2, s.k * (x - 1) ** 2 / 2 + s.e, s.k * x**2 + s.g),
        k=(1.0, POSITIVE),
        e=(0.2, ANY),
        g=(0.1, ANY),
    ),
    "morse": potential(
        "morse", lambda s, x: s.D * (1 - sympy.exp(-x)) ** 2 + s.k * x**2, D=(1.0, POSITIVE), k=(0.05, POSITIVE)
    ),
    "toda": potential(
        "toda", lambda s, x: s.k * (sympy.exp(-x) + x - 1) + s.c * x**2, k=(1.0, POSITIVE), c=(0.05, POSITIVE)
    ),
    "fput": potential("fput", lambda s, x: x**2 / 2 + s.a * x**3 + s.b * x**4, a=(0.083, ANY), b=(0.25, POSITIVE)),
    "triple-well": potential("triple-well", lambda s, x: s.k * x**2 * (x**2 - 1) ** 2, k=(2.0, POSITIVE)),
    "soft-cusp": potential("soft-cusp", lambda s, x: (x**2 + 1) / 2 - sympy.sqrt(x**2 + s.e), e=(0.04, POSITIVE)),
    "cusp": potential("cusp", lambda s, x: s.k * (sympy.Abs(x) - s.a) ** 2, k=(1.0, POSITIVE), a=(1.0, ANY)),
    "two-springs": potential(
        "two-springs",
        lambda s, x: sympy.Piecewise((s.k * x**2, x < 0), (s.c * x**2, True)),
        k=(1.0, POSITIVE),
        c=(3.0, POSITIVE),
    ),
    "two-walls": potential(
        "two-walls",
        lambda s, x: s.k * sympy.Max(0, x - s.a) ** 2 + s.k * sympy.Max(0, -x - s.a) ** 2 + x**4,
        k=(1.0, POSITIVE),
        a=(0.5, ANY),
    ),
}


@attrs.frozen
class Mixture(Potential):
    """Minus the logarithm of two Gaussians: far out its curvature is a difference of large slopes."""

    name = "mixture"
    m: float = parameter(3.0, unit="1", above=0, at_most=30, doc="position of the two")
    s: float = parameter(1.0, unit="1", at_least=0.3, at_most=3, doc="width of the two")

    def energy(self, x):
        left, right = (sympy.exp(-((x + side * self.m) ** 2) / (2 * self.s**2)) for side in (1, -1))
        return -sympy.log(left + right)


MORE["mixture"] = Mixture


@attrs.frozen
class Locked(Potential):
    """A phase that second harmonics lock to one of two states, the seam of the circle among them."""

    name = "locked"
    stable_states = 2
    period = 2 * math.pi
    k: float = stiffness()

    def energy(self, x):
        return -self.k * sympy.cos(2 * x)


@attrs.frozen
class Triangle(Potential):
    """A wave of straight pieces: its force jumps where a turn begins."""

    name = "triangle"
    stable_states = 1
    period = math.pi
    k: float = stiffness()

    def energy(self, x):
        return self.k * sympy.Abs(sympy.sin(x))


@pytest.mark.parametrize("cls", [Locked, pytest.param(Triangle, marks=pytest.mark.long)])
def test_a_potential_of_a_circle_passes(cls):
    passes(cls, both_engines=False)
    assert has_kink(UnitOracle(cls(), KT)) == (cls is Triangle)


@pytest.mark.parametrize("title", [*SMALL, *(pytest.param(title, marks=pytest.mark.long) for title in MORE)])
def test_a_right_potential_with_few_derivatives_or_far_cancellation_passes(title):
    passes((SMALL | MORE)[title], both_engines=False)


def test_a_jump_of_the_force_is_named_with_what_does_not_hold():
    cls = potential("vee", lambda s, x: s.J * sympy.Abs(x), J=(1.5, POSITIVE))
    [check] = [c for c in checks_for(cls) if c.name == "continuous"]
    outcome = run_check(check, context_for(cls, engines=()))
    assert outcome.status is Status.PASSED
    [note] = outcome.notes
    assert note.startswith("the force jumps by 2 J = 3 at x = 0 (J = 1.5): ")
    for word in ("dt", "curvature", "exact training"):
        assert word in note


def test_a_curvature_that_is_infinite_is_noted():
    cls = MORE["three-halves"]
    [check] = [c for c in checks_for(cls) if c.name == "curvature"]
    outcome = run_check(check, context_for(cls, engines=()))
    assert outcome.status is Status.PASSED
    assert "no finite curvature at x = 0" in outcome.notes[0]


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


def test_the_path_identity_is_judged_with_slopes_whose_terms_cancel():
    """Beside zero, the terms of the slope of (1 - cos x)/x^2 are 1/x times larger than their sum."""
    quotient = potential("quotient", lambda s, x: s.k * (1 - sympy.cos(x)) / x**2 + x**2, k=(1.0, POSITIVE))
    (one,) = (c for c in checks_for(quotient) if c.name == "path-identity")
    outcome = run_check(one, context_for(quotient, engines=[engine_named("reference")]))
    assert outcome.status is Status.PASSED, outcome.reason


@attrs.frozen
class Patch(Connectivity):
    """Made for one number of units, which nothing tells but its refusals."""

    name = "patch"
    units: int = option(40, doc="how many")

    def edges(self, layout):
        if layout.n != self.units:
            raise ShapeError(f"it is for {self.units} units, but the computer has {layout.n}")
        return np.array([(0, self.units - 1)])


@attrs.frozen
class Far(Connectivity):
    """Couples units that only a large computer has."""

    name = "far"

    def edges(self, layout):
        if layout.n < 70:
            raise ShapeError("it needs 70 units")
        return np.array([(0, 69)])


@attrs.frozen
class Triplets(Connectivity):
    name = "triplets"

    def edges(self, layout):
        i = np.arange(layout.n - 2)
        return np.stack([i + 2, i, i + 1], axis=1)

    def strengths(self, layout):
        return np.full(max(0, layout.n - 2), 0.5)


@pytest.mark.parametrize("plugin", [Patch(), Patch(units=90), Patch(units=2), Far(), Triplets()])
def test_connectivities_of_few_layouts_and_of_other_orders(plugin):
    report = verify(plugin, engines=(), expected_failures={"documented": "a test"})
    pairs = not isinstance(plugin, Triplets)
    statuses = {outcome.check: outcome.status for outcome in report.outcomes}
    assert report.holds, [(o.check, o.reason) for o in report.outcomes]
    assert statuses["pairs"] is statuses["repeatable"] is Status.PASSED
    assert statuses["product"] is (Status.PASSED if pairs else Status.DOES_NOT_APPLY)
    assert statuses["strengths"] is (Status.DOES_NOT_APPLY if pairs else Status.PASSED)
