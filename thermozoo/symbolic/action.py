"""The transition density of an integrator: solve the step for its noise.

A step that is linear in its noise, x' = m(x) + sum_k c_k xi_k, has a normal transition density with mean m and
variance sum_k c_k^2. For Euler-Maruyama the exponent is the Onsager-Machlup action
(x' - x - mu F dt)^2 / (4 mu kT dt).

With auxiliary variables, a step maps (x, v) to (x', v'), and may have fewer noises than results: then the noise is
solved for from as many results as determine it, and the others say which steps are possible at all: the support. A
force at x' is known, as x' is observed.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Integrator
from thermozoo.symbolic.formula import cached_by_formula
from thermozoo.symbolic.trace import StepFormula, trace_step

__all__ = ["TransitionDensity", "is_reversible", "transition_density"]


@attrs.frozen
class TransitionDensity:
    """Normal transition density of one unit for one step, on its support.

    Parameters
    ----------
    step : StepFormula
        The step that it was derived from.
    x_next : Symbol
        State after the step.
    mean, variance : Expr
        Of `x_next`, in terms of the step's symbols and forces.
    action : Expr
        (x' - mean)^2 / (2 variance), a pure number; with auxiliary variables, half the square of the noise.
    log_density : Expr
        -action - ln(2 pi variance) / 2, of those results from which the noise is solved for.
    after : dict of str to Symbol
        Auxiliary variables after the step.
    support : dict of str to Expr
        What is zero for every possible step, by the result that it restricts.
    """

    step: StepFormula
    x_next: sympy.Symbol
    mean: sympy.Expr
    variance: sympy.Expr
    action: sympy.Expr
    log_density: sympy.Expr
    after: dict[str, sympy.Symbol] = attrs.field(factory=dict)
    support: dict[str, sympy.Expr] = attrs.field(factory=dict)


@cached_by_formula(64)
def transition_density(integrator: Integrator) -> TransitionDensity:
    """Derive the transition density of an integrator that is linear in its noise.

    Raises
    ------
    FormulaError
        When the step is not linear in its noise, evaluates a force at a noisy position other than the state after it,
        or uses no noise at all.
    """
    step = trace_step(integrator)
    name = type(integrator).__name__
    if step.uniforms:
        raise FormulaError(f"{name} draws uniform numbers: its step has no closed transition density.")
    noises = set(step.noises)
    if any(stage != step.result and stage.free_symbols & noises for stage in step.stages):
        raise FormulaError(
            f"{name} evaluates a force at a position that depends on the noise: its step is not linear in the "
            f"noise and has no closed transition density."
        )
    results = {**step.after, "x": step.result}
    rows = {key: [sympy.diff(result, noise) for noise in step.noises] for key, result in results.items()}
    if any(c.free_symbols & noises for row in rows.values() for c in row):
        raise FormulaError(f"{name}.step is not linear in its noise: it has no closed transition density.")
    variance = sum((c**2 for c in rows["x"]), sympy.Integer(0))
    if not _is_product(variance):  # there is nothing to simplify, and sympy's `simplify` takes a while to be imported
        variance = sympy.simplify(variance)
    x_next = sympy.Symbol("x_next", real=True)
    next_ = {key: x_next if key == "x" else sympy.Symbol(f"{key}_next", real=True) for key in results}
    means = {key: result.subs(dict.fromkeys(noises, 0)) for key, result in results.items()}
    solved = _independent(rows)
    if not solved:
        raise FormulaError(f"{name}.step uses no noise: its transition density is a delta function.")
    if solved == ["x"]:
        action = (x_next - means["x"]) ** 2 / (2 * variance)
        determinant = 2 * sympy.pi * variance
    else:
        noise = sympy.Matrix([rows[key] for key in solved])
        covariance = (noise * noise.T).applyfunc(sympy.simplify)
        off = sympy.Matrix([next_[key] - means[key] for key in solved])
        action = (off.T * covariance.inv() * off)[0, 0] / 2
        determinant = (2 * sympy.pi) ** len(solved) * covariance.det()
    support = {}
    for key in results:
        if key not in solved:
            noise = sympy.Matrix([rows[one] for one in solved])
            share = sympy.Matrix([rows[key]]) * noise.T * (noise * noise.T).inv()
            off = sympy.Matrix([next_[one] - means[one] for one in solved])
            support[key] = next_[key] - means[key] - (share.applyfunc(sympy.simplify) * off)[0, 0]
    return TransitionDensity(
        step=step,
        x_next=x_next,
        mean=means["x"],
        variance=variance,
        action=action,
        log_density=-action - sympy.log(determinant) / 2,
        after={key: symbol for key, symbol in next_.items() if key != "x"},
        support=support,
    )


def _is_product(expression: sympy.Expr) -> bool:
    """Whether an expression is a number times powers of symbols."""
    return all(one.is_number or one.as_base_exp()[0].is_Symbol for one in sympy.Mul.make_args(expression))


def _independent(rows: dict[str, list[sympy.Expr]]) -> list[str]:
    """Return results whose noises are independent, as many as there are; the last of them is the state."""
    found: list[str] = []
    for key in rows:
        if sympy.Matrix([rows[one] for one in (*found, key)]).rank(simplify=True) > len(found):
            found.append(key)
    return found


def is_reversible(integrator: Integrator, parities: Mapping[str, int] | None = None) -> bool:
    """Tell whether the time reversal of each possible step is a possible step: a path probability of it is not zero.

    Time reversal takes (x, v) -> (x', v') to (x', e v') -> (x, e v) with the parity e of each variable: the given ones,
    or those that the integrator declares. Where the step evaluates forces elsewhere than in x and x', it is False.

    Examples
    --------
    >>> from thermozoo_plugins.integrators import Baoab, EulerMaruyama
    >>> is_reversible(Baoab()), is_reversible(EulerMaruyama())
    (True, True)
    """
    density = transition_density(integrator)
    step = density.step
    if not density.support:
        return True
    elsewhere = [stage for stage in step.stages if stage not in (step.x, step.result)]
    if elsewhere:
        return False
    here, there = sympy.symbols("force_here force_there", real=True)
    forces = {f: here if stage == step.x else there for f, stage in zip(step.forces, step.stages, strict=True)}
    back = {f: there if stage == step.x else here for f, stage in zip(step.forces, step.stages, strict=True)}
    reverse: dict[sympy.Expr, sympy.Expr] = {step.x: step.result.xreplace(forces), density.x_next: step.x, **back}
    signs = {key: one.parity for key, one in type(integrator).variables.items()} | dict(parities or {})
    for key, sign in signs.items():
        reverse[step.variables[key]] = sign * step.after[key].xreplace(forces)
        reverse[density.after[key]] = sign * step.variables[key]
    # numbers that an author writes as floats must not round: what is zero would not be
    exact = {symbol: sympy.nsimplify(one, rational=True) for symbol, one in reverse.items()}
    supports = [sympy.nsimplify(one, rational=True) for one in density.support.values()]
    return all(sympy.simplify(one.xreplace(exact)) == 0 for one in supports)
