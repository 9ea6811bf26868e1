"""Everything that follows from a formula: one list for the command line and for the zoo's pages."""

from __future__ import annotations

import attrs
import pytest
import sympy
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama, StochasticHeun
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import Quartic
from thermozoo_plugins.protocols import LinearFade

from thermozoo import Potential, parameter
from thermozoo.symbolic.overview import derived_formulas


@attrs.frozen
class Ripple(Potential):
    """Its energy is no polynomial, and a product."""

    name = "ripple"
    k: float = parameter(1.0, unit="energy", doc="stiffness")

    def energy(self, x):
        return self.k * (1 + sympy.sin(x)) * (1 - sympy.sin(x)) + self.k * x**2


@pytest.mark.parametrize(
    ("plugin", "names"),
    [
        (Quartic(), "energy, force, curvature, by J2, by J4"),
        (EulerMaruyama(), "stage 0, step, mean, variance, action"),
        (StochasticHeun(), "stage 0, stage 1, step"),
        (ReverseLikelihood(), "loss, by gradient at x', by gradient at x"),
        (LinearFade(), "intensity"),
        (Dense(), ""),
    ],
)
def test_what_follows_from_a_formula(plugin, names):
    formulas = derived_formulas(plugin)
    assert ", ".join(f.name for f in formulas) == names
    for formula in formulas:
        assert formula.equation.lhs == sympy.Symbol(formula.left)
        assert formula.equation.rhs == formula.right
        assert " = " in formula.latex
        assert formula.title[0].isupper()


def test_force_and_curvature_are_written_term_by_term():
    x, k = sympy.symbols("x k", real=True)
    _, force, curvature, _ = derived_formulas(Ripple())
    assert all(isinstance(f.right, sympy.Add) for f in (force, curvature))
    energy = k * (1 + sympy.sin(x)) * (1 - sympy.sin(x)) + k * x**2
    same = {s: sympy.Symbol(str(s), real=True) for f in (force, curvature) for s in f.right.free_symbols}
    assert sympy.simplify(force.right.xreplace(same) + sympy.diff(energy, x)) == 0
    assert sympy.simplify(curvature.right.xreplace(same) - sympy.diff(energy, x, 2)) == 0
