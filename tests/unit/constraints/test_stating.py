"""What an author may state as a constraint, and what is said of anything else."""

from __future__ import annotations

import attrs
import pytest
import sympy

from thermozoo import Potential, Protocol, option, parameter
from thermozoo.constraints import constraints_of, constraints_of_class, own_constraints
from thermozoo.errors import FormulaError, ParameterError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.symbolic.latex import formula_latex


def made(body, slope=0.5):
    """A class whose method `constraints` is `body`."""

    @attrs.frozen
    class Made(Potential):
        name = "made"
        k: float = parameter(1.0, unit="energy", above=0, doc="stiffness", symbol=r"\kappa")
        w: float = parameter(2.0, unit="1", above=0, doc="width")
        f: float = parameter(slope, unit="energy", doc="slope")

        def energy(self, x):
            return self.k * x**2 - self.f * x

        def constraints(self):
            return body(self)

    return Made


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (lambda s: [abs(s.f) < s.k * s.w], "|f| < k*w"),
        (lambda s: [s.k * s.w > sympy.Abs(s.f)], "k*w > |f|"),
        (lambda s: abs(s.f) <= s.w, "|f| <= w"),
        (lambda s: (s.w >= s.k,), "w >= k"),
        (lambda s: [sympy.Ne(s.k, s.w)], "k != w"),
        (lambda s: [(s.f < s.k) & (s.f > -s.w)], "f < k and f > -w"),
        (lambda s: [(s.f < s.k) | (s.w > 3) & (s.k > 2)], "f < k or (k > 2 and w > 3)"),
        (lambda s: [~((s.f > s.k) | (s.f > s.w))], "f <= k and f <= w"),
        (lambda s: [sympy.sqrt(s.k) < sympy.Max(s.w, s.f)], "sqrt(k) < Max(f, w)"),
    ],
)
def test_one_relation(body, text):
    (found,) = constraints_of(made(body)())
    assert found.text == text
    assert set(found.names) <= {"k", "w", "f"}


def test_several_relations_in_order_and_from_a_generator():
    cls = made(lambda s: (relation for relation in (s.f < s.k, s.w > s.k)))
    assert [one.text for one in constraints_of_class(cls)] == ["f < k", "w > k"]


def test_no_relation_is_no_constraint():
    assert constraints_of(made(lambda s: [])()) == ()


def test_latex_has_the_symbols_of_the_declarations():
    plugin = made(lambda s: [abs(s.f) < s.k * s.w])()
    assert formula_latex(plugin, constraints_of(plugin)[0].relation) == r"\left|{f}\right| < \kappa w"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (lambda s: None, r"Made.constraints returned None \(.*test_stating.py, line \d+\): return the list"),
        (lambda s: [s.f * s.k], r"constraint 1 of Made is f\*k, no relation .*: a constraint is a relation with <"),
        (lambda s: ["f < k"], "is f < k, no relation"),
        (lambda s: [s.f < s.k, s.k > 0], "constraint 2 of Made is always true within the declared bounds"),
        (lambda s: [s.k < 0], "is always false within the declared bounds"),
        (lambda s: [s.f == s.k], "is always false .*; == and != compare formulas, not values"),
        (lambda s: [s.f != s.k], "is always true"),
        (lambda s: [sympy.Eq(s.f, s.k)], "is an equation, Eq.f, k. .*: numbers are rounded and would break it"),
        (lambda s: [sympy.Symbol("x") < s.k], "depends on undeclared symbols: x .*, not of the state: k, w, f"),
        (lambda s: [sympy.Symbol("on")], "is on, no relation"),
        (lambda s: [sympy.Contains(s.f, sympy.Integers)], r"contains Contains\(f, Integers\)"),
        (lambda s: [s.g < s.k], "names 'g', which is no parameter.*self.NAME: k, w, f"),
        (lambda s: [x < s.k], "names 'x', which is no parameter"),  # noqa: F821
        (lambda s: [0 < s.f < s.k], "asks a relation of symbols for its truth: return several relations, or join"),
        (lambda s: [s.f < s.k and s.f < s.w], "asks a relation of symbols for its truth"),
        (lambda s: [s.f < max(s.k, s.w)], "asks a relation of symbols for its truth"),
        (lambda s: 1 / 0, "raised ZeroDivisionError"),
        (lambda s: sympy.nonsense, "raised AttributeError: module 'sympy' has no attribute 'nonsense'"),
    ],
)
def test_what_is_no_constraint_is_refused_when_the_class_is_made(body, said):
    with pytest.raises(FormulaError, match=said):
        made(body)


def test_defaults_that_break_it_are_refused_when_the_class_is_made():
    said = r"the defaults of Made break what it states: k = 1, w = 2, f = 3 break the constraint \|f\| < k\*w"
    with pytest.raises(ParameterError, match=said):
        made(lambda s: [abs(s.f) < s.k * s.w], slope=3)


def test_a_plugin_file_with_such_a_class_says_so(tmp_path):
    from thermozoo.errors import PluginLoadError

    file = tmp_path / "slope.py"
    file.write_text(
        "import attrs\nfrom thermozoo import Potential, hookimpl, parameter\n\n"
        '@attrs.frozen\nclass Slope(Potential):\n    name = "slope"\n'
        '    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")\n'
        '    f: float = parameter(2.0, unit="energy", doc="slope")\n\n'
        "    def energy(self, x):\n        return self.k * x**2 - self.f * x\n\n"
        "    def constraints(self):\n        return [self.f < self.k]\n\n"
        "@hookimpl\ndef thermozoo_potentials():\n    return [Slope]\n"
    )
    with pytest.raises(PluginLoadError, match=r"the defaults of Slope break .* f < k .*slope.py, line 4"):
        load_catalogue([], files=[file])


def test_a_field_of_that_name_is_refused():
    with pytest.raises(FormulaError, match="must be the method that returns relations of parameters"):

        @attrs.frozen
        class Field(Protocol):
            name = "field"
            constraints: float = parameter(1.0, unit="1", doc="a number")

            def intensity(self, t, duration):
                return self.constraints * t


Base = made(lambda s: [abs(s.f) < s.k * s.w])


@attrs.frozen
class Holding(Potential):
    name = "holding"
    base: Potential = option(Base(), doc="what is shifted")
    by: float = parameter(0.0, unit="1", doc="shift")

    def energy(self, x):
        return self.base.energy(x - self.by)

    def constraints(self):
        return [self.by < self.base.w]


def test_a_plugin_that_holds_another_states_of_both():
    assert [one.text for one in constraints_of(Holding())] == ["by < base.w", "|base.f| < base.k*base.w"]
    assert [one.text for one in own_constraints(Holding())] == ["by < base.w"]
    assert constraints_of(Holding())[1].names == ("base.k", "base.w", "base.f")
