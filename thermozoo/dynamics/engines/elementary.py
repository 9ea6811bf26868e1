r"""Sine, cosine, exponential, hyperbolic tangent and logarithm as vector code.

An argument is reduced by its nearest multiple of pi / 2 or ln 2, which is subtracted in parts, each by one fused
multiply-add: the difference with the first part is exact. What is left is a polynomial's work (coefficients: S. L.
Moshier, Cephes Mathematical Library; of the exponential in double precision, Taylor's). Every number is worked out by
itself and in one order, so that its bits depend neither on those beside it nor on the length of registers. Errors are
below two units in the last place.

Where a function says of some places that they are beyond it (huge phases; no logarithm of an ordinary number), those,
and only those, are taken from the mathematical library, number by number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from thermozoo.dynamics.engines.vectors import DOUBLE, INT32, INT64, SINGLE, Vector

__all__ = ["ELEMENTARY", "LN2", "LOGARITHM"]

#: Polynomials of ln(1 + z), in single precision of z and in double precision of z^2 / (2 + z)^2: Chebyshev fits.
LOGARITHM = {
    SINGLE: (
        0.333333311800300481, -0.24999996957950882, 0.200007157488921017, -0.166678023195012541, 0.142490576456974804,
        -0.124256873314511061, 0.116854199234867393, -0.114797338466376356, 0.0697161147145117783,
    ),
    DOUBLE: (
        0.666666666666666665, 0.40000000000000877, 0.285714285708036118, 0.222222223917139174, 0.181817956401329063,
        0.153862397028146582, 0.132687731386568852, 0.130866261478401021,
    ),
}  # fmt: skip

#: ln 2 in two parts; the first has so few digits that its product with an exponent is exact.
LN2 = {SINGLE: (0.693359375, -2.12194440e-4), DOUBLE: (6.93147180369123816490e-01, 1.90821492927058770002e-10)}

#: pi / 2 in three parts, each the rounded remainder of those before it.
_HALF_PI = {
    SINGLE: (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    DOUBLE: (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
}

#: Above these, phases are left to the library: their multiples of pi / 2 have too many digits.
_LARGEST = {SINGLE: 1e6, DOUBLE: 1e9}

#: 1.5 times the power of two whose last digit is 1: added to a number, it rounds it to a whole one.
_WHOLE = {SINGLE: 1.5 * 2.0**23, DOUBLE: 1.5 * 2.0**52}

_SINE = {
    SINGLE: (-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4),
    DOUBLE: (
        -1.66666666666666307295e-1, 8.33333333332211858878e-3, -1.98412698295895385996e-4, 2.75573136213857245213e-6,
        -2.50507477628578072866e-8, 1.58962301576546568060e-10,
    ),
}  # fmt: skip
_COSINE = {
    SINGLE: (4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5),
    DOUBLE: (
        4.16666666666665929218e-2, -1.38888888888730564116e-3, 2.48015872888517045348e-5, -2.75573141792967388112e-7,
        2.08757008419747316778e-9, -1.13585365213876817300e-11,
    ),
}  # fmt: skip
_EXPONENTIAL = {
    SINGLE: (
        5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4,
    ),
    DOUBLE: tuple(1.0 / math.factorial(k) for k in range(2, 14)),
}  # fmt: skip

#: Beyond these, an exponential is zero or infinite.
_EXPONENTS = {SINGLE: (-104.0, 89.0), DOUBLE: (-746.0, 710.0)}

_TANGENT = (-3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3)
_TANGENT_ABOVE = (-1.61468768441708447952e3, -9.92877231001918586564e1, -9.64399179425052238628e-1)
_TANGENT_BELOW = (4.84406305325125486048e3, 2.23548839060100448583e3, 1.12811678491632931402e2, 1.0)

#: A function of lines: its values, and in which places they count (None: in all).
Elementary = Callable[[Vector], tuple[Vector, Any]]


def _integers(element: Any) -> tuple[Any, int, int]:
    """Return the integers of a number's size, the digits of its fraction, and what its exponent is counted from."""
    return (INT32, 23, 127) if element == SINGLE else (INT64, 52, 1023)


def _where(a: Vector, condition: Any, then: Vector, otherwise: Vector) -> Vector:
    return Vector(a.builder, a.builder.select(condition, then.value, otherwise.value))


def _compared(a: Vector, sign: str, number: float) -> Any:
    return a.builder.fcmp_ordered(sign, a.value, a.like(number))


def _number(a: Vector, number: float) -> Vector:
    return Vector(a.builder, a.like(number))


def _nearest(a: Vector) -> tuple[Vector, Vector]:
    """Return the nearest whole numbers of small numbers, and bits that end with them."""
    shifted = a + _WHOLE[a.element]
    return shifted - _WHOLE[a.element], shifted.bits(_integers(a.element)[0])


def _phase(quarters: int) -> Elementary:
    """Return the sine of what is so many quarter turns ahead."""

    def apply(a: Vector) -> tuple[Vector, Any]:
        b, element = a.builder, a.element
        integer, _, _ = _integers(element)
        inside = _compared(a.call("fabs"), "<=", _LARGEST[element])
        x = _where(a, inside, a, _number(a, 0.0))
        n, bits = _nearest(x * (2.0 / math.pi))
        for part in _HALF_PI[element]:
            x = n.times(-part, x)
        square = x * x
        sine = (square * square.polynomial(_SINE[element])).times(x, x)
        cosine = (square * square).times(square.polynomial(_COSINE[element]), square.times(-0.5, 1.0))
        turned = bits + quarters
        odd = b.trunc((turned & 1).value, ir.VectorType(ir.IntType(1), a.count))
        value = _where(a, odd, cosine, sine)
        sign = (turned & 2) << (30 if element == SINGLE else 62)
        return (value.bits(integer) ^ sign).bits(element), inside

    return apply


def _exponential(a: Vector) -> Vector:
    element = a.element
    integer, digits, bias = _integers(element)
    least, most = _EXPONENTS[element]
    x = _where(a, _compared(a, ">", least), a, _number(a, least))
    x = _where(a, _compared(x, "<", most), x, _number(a, most))
    n, _ = _nearest(x * (1.0 / math.log(2.0)))
    high, low = LN2[element]
    r = n.times(-low, n.times(-high, x))
    value = (r * r).times(r.polynomial(_EXPONENTIAL[element]), r + 1.0)
    # a power of two that is no ordinary number is the product of two that are
    half, _ = _nearest(n * 0.5)
    for power in (half, n - half):
        exponent = (power + (_WHOLE[element] + bias)).bits(integer) << digits
        value = value * exponent.bits(element)
    return _where(a, a.builder.fcmp_unordered("uno", a.value, a.value), a, value)


def _hyperbolic_tangent(a: Vector) -> tuple[Vector, Any]:
    integer, _, _ = _integers(a.element)
    square = a * a
    if a.element == SINGLE:
        small = (square * square.polynomial(_TANGENT)).times(a, a)
    else:
        quotient = square.polynomial(_TANGENT_ABOVE) / square.polynomial(_TANGENT_BELOW)
        small = (square * quotient).times(a, a)
    size = a.call("fabs")
    large = 1.0 - _number(a, 2.0) / (_exponential(size + size) + 1.0)
    lowest = -(2**31) if a.element == SINGLE else -(2**63)
    signed = (large.bits(integer) | (a.bits(integer) & lowest)).bits(a.element)
    return _where(a, _compared(size, ">=", 0.625), signed, small), None


def _logarithm(a: Vector) -> tuple[Vector, Any]:
    b, element = a.builder, a.element
    integer, digits, _ = _integers(element)
    root_half = 0x3F3504F3 if element == SINGLE else 0x3FE6A09E667F3BCD
    ordinary, infinite = (2.0**-126, math.inf) if element == SINGLE else (2.0**-1022, math.inf)
    inside = b.and_(_compared(a, ">=", ordinary), _compared(a, "<", infinite))
    bits = _where(a, inside, a, _number(a, 1.0)).bits(integer)
    exponent = (bits - root_half).signed_shift(digits)
    z = (bits - (exponent << digits)).bits(element) - 1.0
    e = exponent.to(element)
    high, low = LN2[element]
    square = z * z
    if element == SINGLE:
        small = (z.polynomial(LOGARITHM[element]) * z).times(square, e * low)
        return e.times(high, z + square.times(-0.5, small)), inside
    s = z / (z + 2.0)
    w = s * s
    half = square * 0.5
    small = s.times(half + w * w.polynomial(LOGARITHM[element]), e * low)
    return e.times(high, z - (half - small)), inside


#: By their names in sympy.
ELEMENTARY: dict[str, Elementary] = {
    "sin": _phase(0),
    "cos": _phase(1),
    "exp": lambda a: (_exponential(a), None),
    "tanh": _hyperbolic_tangent,
    "log": _logarithm,
}
