"""Solving a step for its noise gives the transition density."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from scipy import stats

from thermozoo import Integrator, parameter
from thermozoo.errors import FormulaError
from thermozoo.symbolic.action import transition_density


def integrator(formula):
    @attrs.frozen
    class Drawn(Integrator):
        name = "drawn"
        c: float = parameter(0.5, unit="1", doc="a number")

        def step(self, s):
            return formula(self, s)

    return Drawn()


def test_euler_maruyama_has_the_onsager_machlup_action(euler):
    d = transition_density(euler)
    s = d.step
    (force,) = s.forces
    onsager_machlup = (d.x_next - s.x - s.mobility * force * s.dt) ** 2 / (4 * s.mobility * s.kT * s.dt)
    assert sympy.simplify(d.action - onsager_machlup) == 0
    assert sympy.simplify(d.variance - 2 * s.mobility * s.kT * s.dt) == 0


def test_the_density_is_normalized(euler):
    d = transition_density(euler)
    s = d.step
    numbers = {s.x: 0.3, s.forces[0]: -0.7, s.dt: 0.01, s.mobility: 1.5, s.kT: 0.2}
    log_density = sympy.lambdify(d.x_next, d.log_density.subs(numbers))
    mean, spread = 0.3 - 1.5 * 0.7 * 0.01, np.sqrt(2 * 1.5 * 0.2 * 0.01)
    for at in mean + spread * np.array([-3.0, 0.0, 1.2]):
        assert log_density(at) == pytest.approx(stats.norm(mean, spread).logpdf(at), rel=1e-12)


def test_two_noises_add_their_variances():
    d = transition_density(
        integrator(lambda self, s: s.x + self.c * s.dt * s.noise() + 2 * s.noise() + s.force(s.x + s.dt) * s.dt)
    )
    assert sympy.simplify(d.variance - (d.step.parameters["c"] ** 2 * d.step.dt**2 + 4)) == 0
    assert d.step.stages == (d.step.x + d.step.dt,)


def test_multiplicative_noise_keeps_its_state_dependence():
    d = transition_density(integrator(lambda self, s: s.x + s.x * s.noise()))
    assert d.variance == d.step.x**2


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (lambda self, s: s.x + s.noise() ** 2, "not linear in its noise"),
        (lambda self, s: s.x + sympy.sin(s.noise()), "not linear in its noise"),
        (lambda self, s: s.x + (lambda a: a * s.noise())(s.noise()), "not linear in its noise"),
        (lambda self, s: s.x + s.force(s.x + s.noise()) * s.dt, "a position that depends on the noise"),
        (lambda self, s: s.x + s.force(s.x) * s.dt, "uses no noise"),
    ],
    ids=["square", "sine", "product", "noisy stage", "no noise"],
)
def test_a_step_without_closed_density_is_refused(formula, said):
    with pytest.raises(FormulaError, match=said):
        transition_density(integrator(formula))
