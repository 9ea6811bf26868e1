"""Formulas written so that no intermediate value overflows where the result is an ordinary number.

exp(u) is too large for a double beyond u = 709 and for a single beyond u = 88, while tanh(u) is 1 and log(cosh(u)) is
u - log(2). Differentiation makes such quotients from harmless energies: log(cosh(x)) has the derivative
sinh(x)/cosh(x). Every rule is an identity for real numbers; a form that cannot overflow is left as it is.
"""

from __future__ import annotations

import sympy

__all__ = ["stable", "with_tanh"]


def with_tanh(expression: sympy.Expr) -> sympy.Expr:
    """Return an expression with sinh(u)/cosh(u) written as tanh(u).

    Examples
    --------
    >>> from sympy.abc import x
    >>> with_tanh(sympy.sinh(x)**2 / sympy.cosh(x)**3)
    tanh(x)**2/cosh(x)
    """
    if not expression.has(sympy.sinh, sympy.cosh):
        return expression
    return expression.replace(lambda e: e.is_Mul and e.has(sympy.sinh) and e.has(sympy.cosh), _tanh_of)


def stable(expression: sympy.Expr) -> sympy.Expr:
    r"""Return an expression without avoidable overflow: the form that code is generated from.

    - sinh(u)/cosh(u) is tanh(u);
    - c - c tanh(u)^2 is c/cosh(u)^2, and c tanh(u)^n - c tanh(u)^(n + 2) likewise;
    - exp(u)/(a + exp(u)) is exp(u - m)/(a exp(-m) + exp(u - m)) with m = max(0, u), the largest exponent;
    - log(cosh(u)) is \|u\| + log(1 + exp(-2\|u\|)) - log(2), and near u = 0, where it is u^2/2, 2 atanh(tanh(u/2)^2);
    - log(sinh(u)), times any other factor, likewise from \|u\| = 1 on;
    - log(a + exp(u)) is m + log(a exp(-m) + exp(u - m)) with the same m.

    Examples
    --------
    >>> x = sympy.Symbol("x", real=True)
    >>> stable(sympy.log(1 + sympy.exp(2 * x)))
    log(exp(2*x - Max(0, 2*x)) + exp(-Max(0, 2*x))) + Max(0, 2*x)
    """
    if not expression.has(sympy.exp, sympy.sinh, sympy.cosh, sympy.tanh):
        return expression
    expression = with_tanh(expression.replace(_is_hyperbolic_quotient, sympy.expand_mul))
    expression = expression.replace(lambda e: e.is_Add and e.has(sympy.tanh), _without_saturation)
    expression = expression.replace(lambda e: e.is_Mul and e.has(sympy.exp), _quotient)
    return expression.replace(sympy.log, _logarithm)


def _tanh_of(product: sympy.Expr) -> sympy.Expr:
    powers = product.as_powers_dict()
    for u in [base.args[0] for base in powers if isinstance(base, sympy.sinh)]:
        above, below = powers[sympy.sinh(u)], powers.get(sympy.cosh(u), sympy.Integer(0))
        if above.is_Integer and below.is_Integer and above * below < 0:
            n = min(abs(above), abs(below)) * sympy.sign(above)
            product *= sympy.tanh(u) ** n * sympy.cosh(u) ** n / sympy.sinh(u) ** n
    return product


def _is_hyperbolic_quotient(product: sympy.Expr) -> bool:
    """Whether this divides a sum with sinh or cosh by one of them, which with_tanh sees term by term only."""
    functions = (sympy.sinh, sympy.cosh)
    return bool(
        product.is_Mul
        and any(f.is_Pow and f.exp.is_negative and isinstance(f.base, functions) for f in product.args)
        and any(f.is_Add and f.has(*functions) for f in product.args)
    )


def _without_saturation(total: sympy.Expr) -> sympy.Expr:
    """Join terms c tanh(u)^n and -c tanh(u)^(n + 2): far out they are equal, and their difference is lost."""
    for tanh in sorted(total.atoms(sympy.tanh), key=sympy.default_sort_key):
        terms = dict.fromkeys(sympy.Add.make_args(total))
        joined = []
        for term in list(terms):
            partner = -term * tanh**2
            if term in terms and partner in terms:
                joined.append(term / sympy.cosh(tanh.args[0]) ** 2)
                del terms[term], terms[partner]
        if joined:
            total = sympy.Add(*terms, *joined)
    return total


def _split(term: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """Return (c, u) of a term c exp(u); u is 0 where there is no exponential of a variable."""
    powers = dict(term.as_powers_dict())
    u = powers.get(sympy.E, sympy.Integer(0))
    if u.is_number:
        return term, sympy.Integer(0)
    return sympy.Mul(*(base**power for base, power in powers.items() if base != sympy.E)), u


def _exponents(total: sympy.Expr) -> set[sympy.Expr]:
    """Return the exponents of the terms of a sum; none where no exponential of a real variable is among them."""
    found = {_split(term)[1] for term in sympy.Add.make_args(total)}
    return found if any(found) and all(u.is_extended_real for u in found) else set()


def _divided(total: sympy.Expr, by: sympy.Expr) -> sympy.Expr:
    """Return a sum of exponentials divided by exp(by), term by term."""
    return sympy.Add(*(c * sympy.exp(u - by) for c, u in map(_split, sympy.Add.make_args(total))))


def _quotient(product: sympy.Expr) -> sympy.Expr:
    """Divide a numerator and the sum of exponentials below it by the largest of these exponentials."""
    c, v = _split(product)
    powers = dict(c.as_powers_dict())
    for below, power in list(powers.items()):
        exponents = _exponents(below) if below.is_Add and power.is_Integer and power < 0 else set()
        if not exponents:
            continue
        largest, left = sympy.Max(*exponents), -power
        for above, n in list(powers.items()):
            if above.is_Add and n.is_Integer and n > 0 and _exponents(above) and _exponents(above) <= exponents:
                n = min(n, left)
                product *= (_divided(above, largest) / above) ** n * (below / _divided(below, largest)) ** n
                left -= n
        whole = [n for n in (sympy.cancel(v / u) for u in exponents if u) if n.is_Integer and 0 < n <= left]
        if whole:
            n = whole[0]
            product = product / sympy.exp(v) * sympy.exp(v - n * largest)
            product *= (below / _divided(below, largest)) ** n
        return product
    return product


def _logarithm(argument: sympy.Expr, *base: sympy.Expr) -> sympy.Expr:
    whole = sympy.expand_log(sympy.log(argument, *base))
    logs = {
        one: _log_of_sum(one.args[0])
        for one in whole.atoms(sympy.log)
        if one.args[0].has(sympy.exp, sympy.cosh, sympy.sinh)
    }
    return whole.xreplace(logs)


def _log_of_sum(argument: sympy.Expr) -> sympy.Expr:
    if isinstance(argument, sympy.cosh):
        u = argument.args[0]
        size = sympy.Abs(u)
        return sympy.Piecewise(
            (2 * sympy.atanh(sympy.tanh(u / 2) ** 2), size < 1),
            (size + sympy.log(1 + sympy.exp(-2 * size)) - sympy.log(2), True),
            evaluate=False,
        )
    for factor in sympy.Mul.make_args(argument):
        if isinstance(factor, sympy.sinh):
            u = factor.args[0]
            size = sympy.Abs(u)
            scaled = sympy.sign(u) * (1 - sympy.exp(-2 * size)) / 2
            return sympy.Piecewise(
                (sympy.log(argument), size < 1), (size + sympy.log(argument / factor * scaled), True), evaluate=False
            )
    exponents = _exponents(argument) if argument.is_Add else set()
    largest = sympy.Max(*exponents) if exponents else 0
    return largest + sympy.log(_divided(argument, largest)) if largest else sympy.log(argument)
