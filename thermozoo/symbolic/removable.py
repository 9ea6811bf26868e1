"""Quotients that are 0 / 0 at a state where they have a limit: sin(x) / x, x coth(x), (1 - cos x) / x^2.

Beside such a state the terms of a quotient, and much more those of its derivatives, cancel: of the second derivative of
sin(x) / x nothing is left at 1e-8. Written as f(u) of one number u that is linear in the state, a quotient is replaced
near u = 0 by its power series, which is right to rounding, and stays as it is farther out. The coefficients are
averages of f over a circle around u = 0 (Cauchy's formula) in many digits. They prove that there is a limit: with a
pole inside of the circle the averages that belong to negative powers would not vanish.

References
----------
Fornberg, ACM Trans. Math. Softw. 7, 512 (1981): power series from values on a circle.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import attrs
import sympy

__all__ = ["lifted"]

#: Functions that are analytic wherever they are finite, up to branch cuts; a circle that crosses one shows it.
_ANALYTIC = (
    sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tan, sympy.sinh, sympy.cosh, sympy.tanh, sympy.asin, sympy.acos,
    sympy.atan, sympy.asinh, sympy.acosh, sympy.atanh, sympy.erf, sympy.erfc, sympy.gamma, sympy.loggamma,
)  # fmt: skip

#: Points of the circle, and digits that f is evaluated to on it.
_POINTS, _DIGITS = 128, 40

#: Radii that are tried.
_RADII = tuple(2.0**k for k in range(1, -9, -1))

#: What is left out of a series, relative to its largest term on the circle: less than the rounding of a double.
_NEGLIGIBLE = 1e-18

#: The number u of every quotient.
_U = sympy.Dummy("u", positive=True)


def lifted(expression: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """Return an expression with its removable singularities lifted, where that can be proved; otherwise as it is.

    Parameters
    ----------
    expression : Expr
        Any.
    x : Symbol
        The state.

    Examples
    --------
    >>> x = sympy.Symbol("x", real=True)
    >>> at_zero = lifted(sympy.diff(sympy.sin(x) / x, x, 2), x).subs(x, 0)
    >>> abs(at_zero + sympy.Rational(1, 3)) < 1e-30
    True
    """
    found: dict[Any, Any] = {}
    return _lift(expression, x, found).xreplace(found)


def _lift(expression: Any, x: sympy.Symbol, found: dict[Any, Any]) -> Any:
    """Return an expression with a symbol for every quotient that was lifted, and note what it stands for."""
    if not isinstance(expression, sympy.Expr) or not any(_divides(e, x) for e in expression.atoms(sympy.Pow)):
        return expression
    if expression.is_Add or expression.is_Mul or _divides(expression, x):
        for u in _candidates(expression, x):
            result = _sum_of(expression, u, found)
            if result is not expression:
                return _lift(result, x, found)
        expression = _cancelled(expression, x)
    if not expression.args:
        return expression
    if isinstance(expression, sympy.Piecewise):
        return sympy.Piecewise(*((_lift(e, x, found), condition) for e, condition in expression.args), evaluate=False)
    return expression.func(*(_lift(a, x, found) for a in expression.args))


def _cancelled(expression: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """Return a sum or a product with its rational quotients in lowest terms."""
    terms = sympy.Add.make_args(expression)
    quotients = [t for t in terms if t.is_rational_function(x) and any(_divides(e, x) for e in t.atoms(sympy.Pow))]
    whole = sympy.Add(*quotients)
    if not quotients:
        return expression
    lowest = sympy.cancel(whole)
    below = [sympy.denom(t) for t in quotients]
    below = [d if d.is_polynomial(x) else sympy.denom(sympy.together(t)) for d, t in zip(below, quotients, strict=True)]
    before = sympy.lcm_list(below)
    fewer = sympy.degree(sympy.denom(lowest), x) < sympy.degree(before, x)
    return expression - whole + lowest if fewer else expression


def _divides(power: Any, x: sympy.Symbol) -> bool:
    """Whether this divides by something of x."""
    return bool(power.is_Pow and power.exp.is_extended_negative and power.base.has(x))


@attrs.frozen
class _Number:
    """A number u = a x + b, or its modulus.

    Parameters
    ----------
    text : Expr
        It, as an expression of x.
    forward : dict
        What x is in terms of u, and of the sign of a x + b where u is a modulus.
    sign : Symbol or None
        That sign.
    """

    text: sympy.Expr
    forward: dict[Any, Any]
    sign: sympy.Symbol | None = None


def _candidates(expression: sympy.Expr, x: sympy.Symbol) -> Iterator[_Number]:
    """Yield the numbers that a quotient may be a function of."""
    seen = set()
    places = [a for f in sorted(expression.atoms(sympy.Function), key=sympy.default_sort_key) for a in f.args]
    places += [p.base for p in sorted(expression.atoms(sympy.Pow), key=sympy.default_sort_key)]
    for place in places:
        inner = place.args[0] if isinstance(place, sympy.Abs) else place
        if inner in seen or not isinstance(inner, sympy.Expr) or not inner.has(x):
            continue
        seen.add(inner)
        slope = sympy.diff(inner, x)
        if slope.has(x) or slope.is_zero:
            continue
        offset = inner.xreplace({x: sympy.Integer(0)})
        if expression.has(sympy.Abs, sympy.sign):
            sign = sympy.Dummy("s", real=True)
            yield _Number(sympy.Abs(inner), {x: sympy.expand((sign * _U - offset) / slope)}, sign)
        else:
            yield _Number(inner, {x: sympy.expand((_U - offset) / slope)})


def _split(term: sympy.Expr, number: _Number) -> tuple[sympy.Expr, sympy.Expr] | None:
    """Return (rest, f(u)) of a term, or None where it does not divide by zero at u = 0."""
    rest, function = sympy.Integer(1), sympy.Integer(1)
    for factor in sympy.Mul.make_args(term):
        image = factor.xreplace(number.forward)
        if number.sign is not None:
            image = _with_even_signs(image, number.sign)
        image = image.replace(lambda e: isinstance(e, _ANALYTIC), lambda e: e.func(*map(sympy.expand, e.args)))
        known, unknown = image.as_independent(_U, as_Add=False)
        if unknown.free_symbols == {_U} and _is_analytic(unknown):
            rest, function = rest * known, function * unknown
        elif not unknown.has(_U):
            rest *= known * unknown
        else:
            rest *= factor
    if number.sign is not None:
        rest = _with_even_signs(rest, number.sign)
    if not any(_divides(e, _U) and _vanishes(e.base) for e in function.atoms(sympy.Pow)):
        return None
    numbers, symbols = rest.as_independent(*rest.free_symbols, as_Add=False) if rest.free_symbols else (rest, 1)
    return sympy.sympify(symbols), numbers * function


@functools.lru_cache(maxsize=512)
def _vanishes(divider: sympy.Expr) -> bool:
    """Whether a divider is zero at u = 0, or itself 0 / 0."""
    value = divider.xreplace({_U: sympy.Integer(0)})
    if value.has(sympy.nan, sympy.zoo) or value.is_zero:
        return True
    return bool(value.is_number and abs(value.evalf(_DIGITS)) < _NEGLIGIBLE)


def _with_even_signs(image: sympy.Expr, sign: sympy.Symbol) -> sympy.Expr:
    """Simplify with s = -1 or 1 (u is positive)."""
    one = sympy.Integer(1)
    image = image.xreplace({sympy.Abs(sign): one, sympy.sign(sign): sign})
    return image.replace(
        lambda e: e.is_Pow and e.base == sign and e.exp.is_integer, lambda e: sign if e.exp.is_odd else one
    )


def _is_analytic(function: sympy.Expr) -> bool:
    return all(
        isinstance(e, (*_ANALYTIC, sympy.Add, sympy.Mul, sympy.Pow, sympy.Number, sympy.NumberSymbol, sympy.Symbol))
        for e in sympy.preorder_traversal(function)
    )


def _sum_of(expression: sympy.Expr, number: _Number, found: dict[Any, Any]) -> sympy.Expr:
    """Lift what can be lifted of a sum or of a product: terms that differ in a function of u alone are one quotient."""
    groups: dict[Any, tuple[list[Any], list[Any]]] = {}
    for term in sympy.Add.make_args(expression):
        if (parts := _split(term, number)) is not None:
            terms, functions = groups.setdefault(parts[0], ([], []))
            terms.append(term)
            functions.append(parts[1])
    for rest, (terms, functions) in groups.items():
        whole = sympy.Add(*functions)
        series = _series(whole)
        if series is None:
            continue
        radius, coefficients = series
        u = number.text
        near = _horner(coefficients, u)
        stands = sympy.Dummy(real=True)
        found[stands] = sympy.Piecewise((near, u**2 < radius**2), (whole.xreplace({_U: u}), True), evaluate=False)
        if number.sign is not None:
            (inner,) = u.args
            rest = rest.xreplace({number.sign: sympy.sign(inner)})
        expression = expression - sympy.Add(*terms) + rest * stands if expression.is_Add else rest * stands
    return expression


@functools.lru_cache(maxsize=512)
def _series(function: sympy.Expr) -> tuple[sympy.Float, tuple[Any, ...]] | None:
    """Return the radius within which a power series of u stands for a function, and its coefficients; None without."""
    import mpmath

    with mpmath.workdps(_DIGITS):
        evaluate = sympy.lambdify(_U, function, modules="mpmath")
        turns = [mpmath.expjpi(mpmath.mpf(2 * k) / _POINTS) for k in range(_POINTS)]
        for radius in _RADII:
            try:
                upper = [mpmath.mpmathify(evaluate(radius * turn)) for turn in turns[: _POINTS // 2 + 1]]
            except (ZeroDivisionError, ValueError, OverflowError):
                continue
            if any(mpmath.im(upper[k]) for k in (0, -1)):
                return None  # a function that is real on one side of zero only
            values = [*upper, *(mpmath.conj(v) for v in upper[-2:0:-1])]
            # the terms on the circle, c_n radius^n: powers 0, 1, ..., and from the end -1, -2, ...
            terms = [term / _POINTS for term in _transform(values, turns)]
            largest = max(map(abs, terms))
            if not mpmath.isfinite(largest) or largest == 0:
                continue
            half = _POINTS // 2
            if not all(abs(t) < _NEGLIGIBLE * largest for t in terms[half - 4 :]):
                continue  # a singularity on, inside of or close to the circle
            kept = [mpmath.re(t) if abs(t) >= _NEGLIGIBLE * largest else mpmath.mpf(0) for t in terms[:half]]
            while len(kept) > 1 and kept[-1] == 0:
                kept.pop()
            coefficients = tuple(sympy.Float(str(c / mpmath.mpf(radius) ** n), 40) for n, c in enumerate(kept))
            return sympy.Float(radius), coefficients
    return None


def _transform(values: list[Any], turns: list[Any]) -> list[Any]:
    """Return the sums of values[k] exp(-2 pi i n k / len(values)), by halving; `turns` holds the roots of unity."""
    if len(values) == 1:
        return values
    even, odd = (_transform(values[start::2], turns) for start in (0, 1))
    stride, half = len(turns) // len(values), len(values) // 2
    turned = [turns[-k * stride % len(turns)] * odd[k] for k in range(half)]
    return [*(e + o for e, o in zip(even, turned, strict=True)), *(e - o for e, o in zip(even, turned, strict=True))]


def _horner(coefficients: tuple[Any, ...], u: sympy.Expr) -> sympy.Expr:
    """Return a polynomial in Horner form, in u^2 where it is even or odd."""
    if not any(coefficients[1::2]):
        return _nested(coefficients[::2], u**2)
    if not any(coefficients[::2]):
        return u * _nested(coefficients[1::2], u**2)
    return _nested(coefficients, u)


def _nested(coefficients: tuple[Any, ...], u: sympy.Expr) -> sympy.Expr:
    result = sympy.Integer(0)
    for coefficient in reversed(coefficients):
        result = coefficient + u * result
    return result
