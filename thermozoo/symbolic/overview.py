"""What follows from the formula of a plugin, as equations to show: on the command line and in the zoo's pages."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Integrator, Interaction, Objective, Plugin, Potential, Projection
from thermozoo.symbolic.action import transition_density
from thermozoo.symbolic.called import called
from thermozoo.symbolic.contrast import contrast_gradients
from thermozoo.symbolic.derive import loss_gradients, potential_formulas
from thermozoo.symbolic.interaction import interaction_formulas
from thermozoo.symbolic.latex import formula_latex
from thermozoo.symbolic.projection import projection_formulas
from thermozoo.symbolic.trace import trace_step

__all__ = ["DerivedFormula", "derived_formulas"]


@attrs.frozen
class DerivedFormula:
    """One equation.

    Parameters
    ----------
    name : str
        What JSON calls it.
    title : str
        What a page calls it.
    left : str
        Its left side, as text.
    right : Expr
        Its right side.
    latex : str
        The equation.
    lifted : Expr or None
        What code is generated from, where the right side is 0 / 0 at single states.
    """

    name: str
    title: str
    left: str
    right: sympy.Expr
    latex: str
    lifted: sympy.Expr | None = None

    @property
    def evaluable(self) -> sympy.Expr:
        """What code is generated from."""
        return self.right if self.lifted is None else self.lifted

    @property
    def equation(self) -> sympy.Eq:
        """The equation as sympy writes it."""
        return sympy.Eq(sympy.Symbol(self.left), self.right, evaluate=False)


def derived_formulas(plugin: Plugin) -> tuple[DerivedFormula, ...]:
    """Return the formula of a plugin and all that follows from it; nothing for a plugin without a formula.

    Parameters
    ----------
    plugin : Plugin
        Of any kind.

    Raises
    ------
    FormulaError
        When the plugin's formula is not symbolic.

    Examples
    --------
    >>> from thermozoo_plugins.potentials import Quartic
    >>> for formula in derived_formulas(Quartic())[:3]:
    ...     print(formula.left, "=", formula.right)
    U(x) = J2*x**2 + J4*x**4
    -U'(x) = -2*J2*x - 4*J4*x**3
    U''(x) = 2*J2 + 12*J4*x**2
    """
    if isinstance(plugin, Potential):
        return tuple(_potential(plugin))
    if isinstance(plugin, Interaction):
        return tuple(_interaction(plugin))
    if isinstance(plugin, Projection):
        return tuple(_projection(plugin))
    if isinstance(plugin, Integrator):
        return tuple(_integrator(plugin))
    if isinstance(plugin, Objective):
        return tuple(_objective(plugin))
    return tuple(_alone(plugin)) if type(plugin).declared.symbols else ()


def _alone(plugin: Plugin) -> Iterator[DerivedFormula]:
    """Yield the formula of a kind from which nothing else is derived."""
    kind = type(plugin).declared
    name, right = kind.formula[0], called(plugin).expression
    latex = f"{kind.written} = {formula_latex(plugin, right)}"
    yield DerivedFormula(name, name.replace("_", " ").capitalize(), kind.written, right, latex)


def _potential(plugin: Potential) -> Iterator[DerivedFormula]:
    lifted = potential_formulas(plugin)
    f = lifted.plain
    for name, left, right, evaluated in (
        ("energy", "U(x)", f.written, lifted.energy),
        # term by term, as energies are written: a wrong sign is easy to see
        ("force", "-U'(x)", sympy.expand_mul(-f.gradient), -lifted.gradient),
        ("curvature", "U''(x)", sympy.expand_mul(f.curvature), lifted.curvature),
    ):
        latex = f"{left} = {formula_latex(plugin, right)}"
        yield DerivedFormula(name, name.capitalize(), left, right, latex, None if f is lifted else evaluated)
    for name, right in f.energy_by_parameter.items():
        left = rf"\frac{{\partial U}}{{\partial {formula_latex(plugin, f.parameters[name])}}}"
        latex = f"{left} = {formula_latex(plugin, right)}"
        evaluated = None if f is lifted else lifted.energy_by_parameter[name]
        yield DerivedFormula(f"by {name}", f"By {name}", f"dU/d{name}", right, latex, evaluated)


def _interaction(plugin: Interaction) -> Iterator[DerivedFormula]:
    f = interaction_formulas(plugin)
    arguments = ", ".join(map(str, f.states))
    left = f"phi({arguments})"
    yield DerivedFormula("energy", "Energy", left, f.energy, rf"\phi({arguments}) = {formula_latex(plugin, f.energy)}")
    for state, gradient in zip(f.states, f.gradients, strict=True):
        # of a tuple of strength one; term by term, as for potentials
        right = sympy.expand_mul(-gradient)
        latex = rf"F_{state} = -\partial_{state} \phi = {formula_latex(plugin, right)}"
        yield DerivedFormula(f"force on {state}", f"Force on ${state}$", f"F_{state}", right, latex)
    if f.products is not None:
        x, y = f.states
        right = sympy.Add(*(one.first * one.second for one in f.products), evaluate=False)
        written = " + ".join(
            rf"\left[{formula_latex(plugin, one.first)}\right]\left[{formula_latex(plugin, one.second)}\right]"
            for one in f.products
        )
        left = "sum_k f_k(x) g_k(y)"
        yield DerivedFormula("products", "As products", left, right, rf"\sum_k f_k({x})\, g_k({y}) = {written}")


def _projection(plugin: Projection) -> Iterator[DerivedFormula]:
    f = projection_formulas(plugin)
    yield DerivedFormula("energy", "Energy", "V_p", f.energy, f"V_p = {formula_latex(plugin, f.energy)}")
    for one in f.sums:
        name, left = str(one.symbol), formula_latex(plugin, one.symbol)
        latex = rf"{left} = \sum_k w_k f(m_k \cdot x), \quad f(z) = {formula_latex(plugin, one.expression)}"
        yield DerivedFormula(f"summand of {name}", f"Summand of ${left}$", "f(z)", one.expression, latex)
        if one.exponent is not None:
            latex = rf"\ln f(z) = {formula_latex(plugin, one.exponent)}"
            title = f"Logarithm, as ${left}$ is held by its own"
            yield DerivedFormula(f"exponent of {name}", title, "ln f(z)", one.exponent, latex)
    latex = rf"-\partial_i V_p = \sum_k w_k m_{{k,i}}\, h(m_k \cdot x), \quad h(z) = {formula_latex(plugin, f.force)}"
    yield DerivedFormula("force", "Force of a pattern", "h(z)", f.force, latex)


def _integrator(plugin: Integrator) -> Iterator[DerivedFormula]:
    step = trace_step(plugin)
    for k, (force, at) in enumerate(zip(step.forces, step.stages, strict=True)):
        at = sympy.Symbol("x'", real=True) if at == step.result else at
        latex = rf"{formula_latex(plugin, force)} = -\partial_i V\left({formula_latex(plugin, at)}\right)"
        yield DerivedFormula(f"stage {k}", f"Stage {k + 1}", str(force), sympy.Function("F")(at), latex)
    yield DerivedFormula("step", "Step", "x'", step.result, f"x' = {formula_latex(plugin, step.result)}")
    for name, right in step.after.items():
        latex = f"{name}' = {formula_latex(plugin, right)}"
        yield DerivedFormula(f"step of {name}", f"Step of {name}", f"{name}'", right, latex)
    if step.kinetic != 0:
        latex = rf"E_\text{{kin}} = {formula_latex(plugin, step.kinetic)}"
        yield DerivedFormula("energy", "Kinetic energy", "E", step.kinetic, latex)
    try:
        density = transition_density(plugin)
    except FormulaError:
        return
    for name, title, left, right, written in (
        ("mean", "Mean of the transition density", "m(x)", density.mean, "m(x)"),
        ("variance", "Variance of the transition density", "sigma^2", density.variance, r"\sigma^2"),
        ("action", "Action", "S(x', x)", density.action, r"-\ln p(x' \mid x) + \text{const.} = S(x', x)"),
    ):
        yield DerivedFormula(name, title, left, right, f"{written} = {formula_latex(plugin, right)}")


def _objective(plugin: Objective) -> Iterator[DerivedFormula]:
    if plugin.of_states():
        c = contrast_gradients(plugin)
        data, model = r"V_\text{data}", r"V_\text{model}"
        for name, title, left, right, written in (
            ("contrast", "Contrast of data and model", "c", c.contrast, "c"),
            ("by data", "Weight of means over the data", "dc/dV_data", c.by_data, rf"\partial c / \partial {data}"),
            (
                "by model",
                "Weight of means over the model",
                "dc/dV_model",
                c.by_model,
                rf"\partial c / \partial {model}",
            ),
        ):
            yield DerivedFormula(name, title, left, right, f"{written} = {formula_latex(plugin, right)}")
        return
    d = loss_gradients(plugin)
    for name, title, left, right, written in (
        ("loss", "Loss of one unit for one step", "l", d.formula.loss, r"\ell"),
        (
            "by gradient at x'",
            "Response to the gradient after the step",
            "r",
            d.by_gradient_next,
            r"r = \frac{\partial \ell}{\partial g'}",
        ),
        (
            "by gradient at x",
            "Response to the gradient before the step",
            "q",
            d.by_gradient,
            r"q = \frac{\partial \ell}{\partial g}",
        ),
    ):
        yield DerivedFormula(name, title, left, right, f"{written} = {formula_latex(plugin, right)}")
