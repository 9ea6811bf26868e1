"""N/2 is the mean loss of a perfect model only where the loss is the action of the integrator's reverse step."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from thermozoo_plugins.integrators import EulerMaruyama, LeimkuhlerMatthews, StochasticHeun
from thermozoo_plugins.objectives import ReverseLikelihood

from thermozoo import Integrator, Objective, parameter
from thermozoo.symbolic.reverse import is_reverse_action
from thermozoo.symbolic.trace import trace_loss


def objective(formula):
    @attrs.frozen
    class Written(Objective):
        name = "written"
        scale: float = parameter(1.0, unit="1", above=0, doc="a factor")

        def step_loss(self, s):
            return formula(self, s)

    return Written


def reverse(scale, s):
    return scale * (s.x - s.x_next + s.mobility * s.dt * s.gradient_next) ** 2 / (4 * s.mobility * s.kT * s.dt)


@attrs.frozen
class Colder(Integrator):
    """Euler-Maruyama with its noise scaled."""

    name = "colder"
    scale: float = parameter(1.0, unit="1", above=0, doc="a factor of the noise")

    def step(self, s):
        return (
            s.x + s.mobility * s.force(s.x) * s.dt + self.scale * sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()
        )


@attrs.frozen
class Midpoint(Integrator):
    """Linear in its noise, but the force that enters is not the one at x."""

    name = "midpoint"

    def step(self, s):
        half = s.x + s.mobility * s.force(s.x) * s.dt / 2
        return s.x + s.mobility * s.force(half) * s.dt + sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()


FIRST_PARTY = ReverseLikelihood()


@pytest.mark.parametrize(
    ("loss", "integrator", "expected"),
    [
        (FIRST_PARTY, EulerMaruyama(), True),
        (FIRST_PARTY, Colder(), True),
        (FIRST_PARTY, Colder(scale=0.5), False),
        (FIRST_PARTY, StochasticHeun(), False),
        (FIRST_PARTY, LeimkuhlerMatthews(), False),
        (FIRST_PARTY, Midpoint(), False),
        # another name, the same loss
        (objective(lambda o, s: reverse(o.scale, s))(), EulerMaruyama(), True),
        (objective(lambda o, s: reverse(o.scale, s))(scale=2.0), EulerMaruyama(), False),
        # half the noise has four times the action
        (objective(lambda o, s: reverse(o.scale, s))(scale=4.0), Colder(scale=0.5), True),
        (objective(lambda o, s: reverse(o.scale, s))(scale=np.array([1.0, 2.0])), EulerMaruyama(), False),
        # no gradient, or the wrong one, or a constant beside it
        (objective(lambda o, s: (s.x_next - s.x) ** 2)(), EulerMaruyama(), False),
        (objective(lambda o, s: reverse(1, s) + 1)(), EulerMaruyama(), False),
    ],
)
def test_the_loss_is_compared_with_the_action_of_the_reverse_step(loss, integrator, expected):
    assert is_reverse_action(loss, integrator) is expected


def test_one_half_is_the_mean_of_the_loss_along_reverse_steps():
    """The claim behind it, with steps drawn here: 10 sigma of the mean of xi^2 / 2, whose variance is 1/2."""
    random = np.random.default_rng(8)
    mobility, kT, dt, count = 1.3, 0.2, 0.01, 40_000
    x_next = random.normal(size=count)
    gradient = 2 * x_next + 4 * x_next**3
    x = x_next - mobility * gradient * dt + np.sqrt(2 * mobility * kT * dt) * random.normal(size=count)
    f = trace_loss(FIRST_PARTY)
    loss = sympy.lambdify([f.x, f.x_next, f.gradient_next, f.dt, f.mobility, f.kT], f.loss)
    assert abs(loss(x, x_next, gradient, dt, mobility, kT).mean() - 0.5) < 10 * np.sqrt(0.5 / count)
