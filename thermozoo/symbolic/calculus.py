"""Derivatives as a unit feels them: of either side where a function jumps, and without quotients of powers.

sympy writes the derivative of |x|^p as p |x|^p sign(x) / |x|, which is 0 / 0 at x = 0 only. Powers of one base are
joined here, so that it is p |x|^(p - 1) sign(x).
"""

from __future__ import annotations

from typing import Any

import sympy

from thermozoo.symbolic.stable import with_tanh

__all__ = ["derivative", "joined", "with_limits"]


def derivative(expression: sympy.Expr, symbol: sympy.Symbol, x: sympy.Symbol) -> sympy.Expr:
    """Return the derivative by a symbol, without what it is at the single states where the expression jumps.

    Parameters
    ----------
    expression : Expr
        What is differentiated.
    symbol : Symbol
        By what.
    x : Symbol
        The state.

    Examples
    --------
    >>> x, p = sympy.Symbol("x", real=True), sympy.Symbol("p", positive=True)
    >>> derivative(sympy.Abs(x) ** p, x, x)
    p*Abs(x)**(p - 1)*sign(x)
    """
    # between its steps a staircase is a constant
    steps = {e: sympy.Dummy(real=True) for e in expression.atoms(sympy.floor, sympy.ceiling)}
    flat = expression.xreplace(steps) if steps else expression
    smooth = _away_from_jumps(sympy.diff(flat, symbol), x)
    if steps:
        smooth = smooth.xreplace({dummy: e for e, dummy in steps.items()})
    return joined(with_tanh(smooth), x)


def _away_from_jumps(differentiated: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    smooth = differentiated.replace(sympy.DiracDelta, lambda *arguments: sympy.Integer(0))
    # a step function is its own power on either side of its edge
    smooth = smooth.replace(
        lambda e: e.is_Pow and isinstance(e.base, sympy.Heaviside) and e.exp.is_positive, lambda power: power.base
    )
    # sign(x)^2 is 1 on either side of zero, and so is the curvature of a smooth energy of Abs(x) at zero itself
    return smooth.replace(
        lambda e: e.is_Pow and isinstance(e.base, sympy.sign) and e.exp.is_even and _single_zeros(e.base.args[0], x),
        lambda power: sympy.Integer(1),
    )


def _single_zeros(expression: sympy.Expr, x: sympy.Symbol) -> bool:
    """Whether an expression is a polynomial of x that is not zero over a whole interval."""
    return bool(expression.has(x) and expression.is_polynomial(x))


def joined(expression: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """Return an expression with the powers of one base joined, where one of the exponents is no integer.

    Parameters
    ----------
    expression : Expr
        Any.
    x : Symbol
        The state; powers of what does not depend on it stay.
    """
    if not any(_broken(e, x) for e in expression.atoms(sympy.Pow)):
        return expression
    expression = sympy.expand_power_base(expression)
    expression = expression.replace(lambda e: e.is_Mul and e.has(x), lambda e: _joined_product(e, x))
    return expression.replace(lambda e: e.is_Add and e.has(x), lambda e: _collected(e, x))


def _broken(power: Any, x: sympy.Symbol) -> bool:
    """Whether this is a power of something of x whose exponent is not an integer, or divides by a modulus."""
    if not power.is_Pow or not power.base.has(x) or power.exp.has(x):
        return False
    divides_by_modulus = isinstance(power.base, sympy.Abs) and power.exp.is_negative is True
    return power.exp.is_integer is not True or divides_by_modulus


def _ratio(part: sympy.Expr, base: sympy.Expr, x: sympy.Symbol) -> sympy.Expr | None:
    """Return part / base where that is a number or a parameter."""
    if part.is_number or not part.has(x):
        return None
    ratio = part / base
    if ratio.has(x):
        ratio = sympy.cancel(ratio)
    return None if ratio.has(x) else ratio


def _joined_product(product: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    powers = dict(product.as_powers_dict())
    for base in [b for b, e in powers.items() if _broken(sympy.Pow(b, e, evaluate=False), x)]:
        total, factor = powers.get(base, 0), sympy.Integer(1)
        inner = base.args[0] if isinstance(base, sympy.Abs) else base
        for other, exponent in list(powers.items()):
            if other == base or not exponent.is_integer:
                continue
            content = other.args[0] if isinstance(other, sympy.Abs) else other
            ratio = _ratio(content, inner, x)
            if ratio is None:
                continue
            if isinstance(base, sympy.Abs):  # x = sign(x) |x|
                factor *= sympy.Abs(ratio) ** exponent
                if content is other and exponent.is_odd:
                    factor *= sympy.sign(content)
            elif content is other:
                factor *= ratio**exponent
            else:  # |x| beside a root of x, which is not negative where it is real
                factor *= sympy.Abs(ratio) ** exponent
            total += exponent
            del powers[other]
        del powers[base]
        rest = sympy.Mul(*(b**e for b, e in powers.items()))
        product = _away_from_jumps(rest * factor, x) * base ** sympy.expand(total)
        if isinstance(base, sympy.Abs) and total.is_odd and product.has(sympy.sign(inner)):
            product = product.xreplace({sympy.sign(inner): sympy.Integer(1), base**total: inner**total})
        powers = dict(product.as_powers_dict())
    return product


def _collected(total: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """Collect the terms of a sum that share a power, which would be infinity less infinity where it is infinite."""
    shared: dict[Any, list[Any]] = {}
    rest = []
    for term in total.args:
        factors = sympy.Mul.make_args(term)
        powers = [f for f in factors if _broken(f, x)]
        if len(powers) == 1:
            shared.setdefault(powers[0], []).append(sympy.Mul(*(f for f in factors if f != powers[0])))
        else:
            rest.append(term)
    if all(len(terms) == 1 for terms in shared.values()):
        return total
    return sympy.Add(*rest, *(sympy.factor_terms(sympy.Add(*terms)) * power for power, terms in shared.items()))


def with_limits(expression: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    r"""Return an expression with the values that its terms tend to where one factor is zero and another infinite.

    u^a log(u) is 0 where u is zero and a positive, and c(p) u^e(p) is 0 where the parameters make c zero, such as the
    curvature p (p - 1) \|x\|^(p - 2) at p = 1.
    """
    expression = expression.replace(lambda e: e.is_Mul and e.has(x), lambda e: _zero_factor(e, x))
    if not any(e.has(x) for e in expression.atoms(sympy.log)):
        return expression
    apart = expression.replace(lambda e: e.is_Mul and e.has(sympy.log), sympy.expand_mul)
    limits = apart.replace(lambda e: e.is_Mul and e.has(sympy.log), lambda e: _log_at_zero(e, x))
    return expression if limits == apart else limits


def _zero_factor(product: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """Write a product of a power of the state with a factor of the same parameters as its exponent so."""
    for power in product.args:
        if not (power.is_Pow and power.base.has(x)) or power.exp.has(x) or power.exp.is_nonnegative:
            continue
        parameters = power.exp.free_symbols
        factors = [f for f in product.args if not f.has(x) and f.free_symbols & parameters and not f.is_nonzero]
        if factors:
            return sympy.Piecewise((0, sympy.Eq(sympy.Mul(*factors), 0)), (product, True), evaluate=False)
    return product


def _log_at_zero(product: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """Write a factor u^a log(u) of a product so."""
    for factor in sympy.Mul.make_args(product):
        logarithm, n = factor.as_base_exp()
        if not (isinstance(logarithm, sympy.log) and n.is_Integer and n > 0):
            continue
        inside, _ = logarithm.args[0].as_base_exp()
        inside = inside.args[0] if isinstance(inside, sympy.Abs) else inside
        for other in sympy.Mul.make_args(product):
            base, exponent = other.as_base_exp()
            content = base.args[0] if isinstance(base, sympy.Abs) else base
            if exponent.has(x) or exponent.is_nonpositive or _ratio(content, inside, x) is None:
                continue
            pair = sympy.Piecewise(
                (0, sympy.And(sympy.Eq(content, 0), exponent > 0)), (other * logarithm**n, True), evaluate=False
            )
            return sympy.Mul(*(f for f in sympy.Mul.make_args(product) if f not in (other, factor)), pair)
    return product
