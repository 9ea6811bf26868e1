r"""The noise of the compiled engine: the numbers of `thermozoo.dynamics.noise` as vector code.

The radius is sqrt(-2 ln u) with u = 2^e m, m in [sqrt(1/2), sqrt(2)). In single precision

    ln(1 + z) = z - z^2 / 2 + z^3 p(z),

in double precision, with s = z / (2 + z) and w = s^2,

    ln(1 + z) = z - (z^2 / 2 - s (z^2 / 2 + w p(w))).

The turn a lies in [-1/2, 1/2): sin(2 pi a) is folded onto a quarter turn, where it is a p(a^2), and cos(2 pi a) =
sin(2 pi (1/4 - |a|)). The polynomials are Chebyshev fits whose errors are below the rounding errors of their precision.
"""

from __future__ import annotations

from typing import Any

from numba.extending import intrinsic

from thermozoo.dynamics.engines.elementary import LN2, LOGARITHM
from thermozoo.dynamics.engines.number_writer import AheadWriter, BatchWriter, UnitWriter, typed_numbers
from thermozoo.dynamics.engines.quarter_turn import SINE_DOUBLE, SINE_SINGLE
from thermozoo.dynamics.engines.vectors import INT32, INT64, SINGLE, Vector

__all__ = ["normal_numbers_ahead", "normal_numbers_batch", "normal_numbers_unit"]


def _radius(word: Vector, element: Any) -> Vector:
    """Return sqrt(-2 ln u)."""
    u = ((word >> 1).to(SINGLE) * 2.0**-31 + 2.0**-32).to(element)
    integer, digits, root_half = (INT32, 23, 0x3F3504F3) if element == SINGLE else (INT64, 52, 0x3FE6A09E667F3BCD)
    bits = u.bits(integer)
    exponent = (bits - root_half).signed_shift(digits)
    z = (bits - (exponent << digits)).bits(element) - 1.0
    e = exponent.to(element)
    square = z * z
    high, low = LN2[element]
    if element == SINGLE:
        small = (z.polynomial(LOGARITHM[element]) * z).times(square, e * low)
        log = e.times(high, z + square.times(-0.5, small))
    else:
        s = z / (z + 2.0)
        w = s * s
        half = square * 0.5
        small = s.times(half + w * w.polynomial(LOGARITHM[element]), e * low)
        log = e.times(high, z - (half - small))
    return (log * -2.0).call("sqrt")


def _quarter(turn: Vector) -> Vector:
    """Return sin(2 pi turn) of at most a quarter turn."""
    coefficients = SINE_SINGLE if turn.element == SINGLE else SINE_DOUBLE
    return turn * (turn * turn).polynomial(coefficients)


def _angle(word: Vector, element: Any) -> tuple[Vector, Vector]:
    """Return cosine and sine of 2 pi turn."""
    turn = word.to(SINGLE) * 2.0**-32
    sign = turn.bits(INT32) & -0x80000000
    size = (turn.bits(INT32) & 0x7FFFFFFF).bits(SINGLE)
    cosine = _quarter(0.25 - size.to(element))
    folded = (size.minimum(0.5 - size).bits(INT32) | sign).bits(SINGLE)
    return cosine, _quarter(folded.to(element))


def _pair(first: Vector, second: Vector, element: Any) -> tuple[Vector, Vector]:
    """Return the two normal numbers that two words make."""
    radius = _radius(first, element)
    cosine, sine = _angle(second, element)
    return radius * cosine, radius * sine


#: ``normal_numbers_batch(out, out_at, stride, chunks, block, units, numbers, numbers_at, step, stream, keys)``: the
#: numbers of the first units of a block, for one or several chunks of as many trajectories as a cache line holds (their
#: numbers stand in `numbers`), as [unit][trajectory], a chunk `stride` numbers after the other. There may be as many
#: chunks as have 64 units in all.
normal_numbers_batch = intrinsic(typed_numbers("normal", _pair, BatchWriter))

#: ``normal_numbers_unit(out, out_at, block, blocks, numbers, numbers_at, step, stream, keys)``: those of all units of
#: up to 16 blocks of one trajectory, as [unit].
normal_numbers_unit = intrinsic(typed_numbers("normal", _pair, UnitWriter))

#: ``normal_numbers_ahead(out, out_at, lines, shift, numbers, numbers_at, step, stream, keys)``: those of the first
#: 2^shift <= 16 units of one trajectory in this step and the following, as [step][unit], up to 16 lines of 16 numbers.
normal_numbers_ahead = intrinsic(typed_numbers("normal", _pair, AheadWriter))
