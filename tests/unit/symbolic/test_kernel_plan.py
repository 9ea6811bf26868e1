"""The plan of a kernel, followed by hand with numbers, does the step that it was made from."""

from __future__ import annotations

import math

import pytest
import sympy
from thermozoo_plugins.integrators import EulerMaruyama, LeimkuhlerMatthews, QuarterNoise, StochasticHeun
from thermozoo_plugins.potentials import Quartic

from thermozoo.symbolic.derive import potential_formulas
from thermozoo.symbolic.kernel_plan import gradient_plan, stages_of
from thermozoo.symbolic.trace import trace_step

X, DT, MOBILITY, KT = 0.7, 0.03, 1.7, 0.2
SPREAD = math.sqrt(2 * MOBILITY * KT * DT)


def force(x):
    return -x - 0.3 * math.sin(3 * x)


def euler_maruyama(x, xi):
    return x + MOBILITY * force(x) * DT + SPREAD * xi[0]


def stochastic_heun(x, xi):
    predicted = x + MOBILITY * force(x) * DT + SPREAD * xi[0]
    return x + MOBILITY * (force(x) + force(predicted)) * DT / 2 + SPREAD * xi[0]


def leimkuhler_matthews(y, xi):
    x = y + SPREAD / 2 * xi[0]
    return y + MOBILITY * force(x) * DT + SPREAD * xi[0]


def quarter_noise(x, xi):
    return x + MOBILITY * force(x + SPREAD / 4 * xi[0]) * DT + SPREAD * xi[0]


def follow(formula, noises):
    """Return the state after the step, and how often each noise was drawn."""
    stages, constants = stages_of(formula)
    known = {formula.dt: DT, formula.mobility: MOBILITY, formula.kT: KT}
    values = {str(name): float(expression.subs(known)) for expression, name in constants.items()}
    values["x"], drawn = X, []
    for one in stages:
        if one.force >= 0:
            values[f"force_{one.force}"] = force(values[one.at])
        for j in one.draws:
            values[f"noise_{j}"] = noises[j]
            drawn.append(j)
        if one.value is not None:
            used = {str(s) for s in one.value.free_symbols}
            assert used <= {*one.reads, f"force_{one.force}", *map(str, constants.values())}
            assert set(one.reads) <= used
            values[one.to] = float(one.value.subs({s: values[str(s)] for s in one.value.free_symbols}))
    return values["after"], drawn


@pytest.mark.parametrize(
    ("integrator", "by_hand"),
    [
        (EulerMaruyama(), euler_maruyama),
        (StochasticHeun(), stochastic_heun),
        (LeimkuhlerMatthews(), leimkuhler_matthews),
        (QuarterNoise(), quarter_noise),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_plan_does_the_step(integrator, by_hand):
    formula = trace_step(integrator)
    noises = [0.4, -1.1][: len(formula.noises)]
    after, drawn = follow(formula, noises)
    assert after == pytest.approx(by_hand(X, noises), rel=1e-14)
    assert drawn == list(range(len(formula.noises)))


def test_constants_of_a_unit_are_taken_out_of_a_gradient():
    """What is left has no parameter and no number but in its shape; put back, it is 2 J2 x + 4 J4 x^3."""
    at = sympy.Symbol("at", real=True)
    formulas = potential_formulas(Quartic())
    gradient, constants = gradient_plan(formulas, at)
    j2, j4 = formulas.parameters.values()
    assert gradient.free_symbols == {at, *constants.values()}
    back = gradient.subs({name: expression for expression, name in constants.items()})
    assert sympy.expand(back - 2 * j2 * at - 4 * j4 * at**3) == 0
