"""Stable states against closed forms, and the window that they are looked for in."""

import attrs
import numpy as np
import pytest
import sympy
from thermozoo_plugins.potentials import DoubleWell, Quartic

from thermozoo import Potential, parameter
from thermozoo.computer.minima import stable_states
from thermozoo.computer.onsite import unit_energy
from thermozoo.computer.support import confining_window
from thermozoo.errors import ParameterError


@attrs.frozen
class Written(Potential):
    """Any energy of the state and one length."""

    name = "written-of-minima"

    text: str = "x**2"
    a: float = parameter(1.0, above=0, unit="1", doc="Length.")

    def energy(self, x):
        return sympy.sympify(self.text, locals={"x": x, "a": self.a})


def places(potential, kT=0.1):
    return [one.x for one in stable_states(unit_energy(potential), kT)]


def test_one_well_and_two():
    assert places(Quartic()) == pytest.approx([0.0], abs=1e-12)
    deep = np.sqrt(2.0 / (2 * 0.5))
    assert places(DoubleWell(J2=-2.0, J4=0.5)) == pytest.approx([-deep, deep], rel=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_wells_of_any_size_are_found(scale):
    found = places(Written("(x / a)**4 - (x / a)**2", a=scale))
    assert found == pytest.approx([-scale / np.sqrt(2), scale / np.sqrt(2)], rel=1e-9)


def test_wells_on_both_sides_of_a_barrier_are_found():
    """The slope is (x - 1)(x - 3)(x - 5), and the barrier at 3 is 4 high, 40 kT."""
    assert places(Written("x**4/4 - 3*x**3 + 23*x**2/2 - 15*x")) == pytest.approx([1.0, 5.0], rel=1e-9)


def test_a_well_that_no_unit_visits_is_left_out():
    """The slope is (x - 1)(x - 3)(x - 6): the well at 1 is 125/12 above the one at 6, 104 kT."""
    text = "x**4/4 - 10*x**3/3 + 27*x**2/2 - 18*x"
    assert places(Written(text)) == pytest.approx([6.0], rel=1e-9)
    assert places(Written(text), kT=1.0) == pytest.approx([1.0, 6.0], rel=1e-9)


@pytest.mark.parametrize("power", [4, 6, 8])
def test_a_minimum_without_curvature_is_one(power):
    """Beside it the slope of the expanded power is the rounding of its terms."""
    expanded = sympy.expand((sympy.Symbol("x") - 1) ** power)
    [one] = stable_states(unit_energy(Written(str(expanded))), 0.1)
    assert one.x == pytest.approx(1.0, abs=1e-3)


def test_a_flat_bottom_has_ends():
    [one] = stable_states(unit_energy(Written("Max(0, Abs(x - 1) - 3*a/4)**2")), 0.1)
    assert one.flat == pytest.approx((0.25, 1.75), abs=1e-9)
    assert 0.25 <= one.x <= 1.75


@pytest.mark.parametrize("text", ["-x**2", "x", "cos(x)"])
def test_what_does_not_confine_has_no_stable_states(text):
    with pytest.raises(ParameterError, match="does not confine a unit"):
        places(Written(text))


def test_a_window_is_the_least_power_of_two_that_confines_all_units():
    stiffness = np.array([[1.0], [1e-4]])
    width, confined = confining_window(lambda x: stiffness * x**2, 2, 40.0)
    assert (width, confined.tolist()) == (1024.0, [True, True])  # 1e-4 512^2 is 26
    width, confined = confining_window(lambda x: np.where(stiffness == 1.0, x**2, x), 2, 40.0)
    assert (width, confined.tolist()) == (np.inf, [True, False])


def test_a_window_holds_what_a_barrier_hides():
    """The well at 20 is lower than the one at 0, and seen from a window that ends at 8."""
    width, _ = confining_window(lambda x: np.minimum(x**2, (x - 20) ** 2 - 1), 1, 40.0)
    assert width == 32.0
