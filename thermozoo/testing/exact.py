"""One-sided derivatives of a potential in many digits, each with an error that the differences themselves give.

No smoothness is assumed: a difference quotient is taken at two steps, and its error is what it changes between them.
Where the two sides agree the function is smooth to that order; where they do not, it has an edge, and its derivative
there is that of either side or anything between. Where a quotient does not settle there is no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from thermozoo.testing.author import DIGITS, authored, evaluate, exact_value, limit

__all__ = ["DIGITS", "Exact", "Sides", "evaluate"]

#: Step of a difference in units of a typical size, and the factor by which the second step is shorter. The shorter
#: step leaves 28 correct digits of a second derivative.
_STEP, _SHORTER = "1e-25", "1e-6"

#: What the change between two steps is multiplied with: enough for a quotient that settles like the step to the 1/100.
_SAFETY = 10


@attrs.frozen
class Sides:
    """A derivative as limits from several sides.

    Parameters
    ----------
    values : tuple
        The limits, mpmath numbers.
    error : mpf
        Of any of them: what they change with a shorter step, and rounding.
    """

    values: tuple[Any, ...]
    error: Any

    @property
    def low(self) -> Any:
        """The smallest limit."""
        return min(self.values)

    @property
    def high(self) -> Any:
        """The largest limit."""
        return max(self.values)

    def settled(self, unit: float) -> bool:
        """Whether the limits exist: their error is small beside them or a unit."""
        size = max(map(abs, self.values)) + abs(unit)
        return bool(self.error <= 1e-6 * size)

    def edge(self, unit: float) -> bool:
        """Whether the sides differ by more than their error."""
        return bool(self.high - self.low > 2 * self.error + 1e-12 * (abs(self.low) + abs(self.high) + abs(unit)))

    def gap(self, value: Any, unit: float) -> float:
        """Return the relative distance of a value from the limits and all between, beyond their error."""
        distance = max(self.low - value, value - self.high, 0) - self.error
        if distance != distance:
            return float("inf")
        nearest = self.low if abs(value - self.low) < abs(value - self.high) else self.high
        return float(max(distance, 0) / (abs(nearest) + 1e-5 * abs(unit)))


@attrs.frozen(eq=False)
class Exact:
    """A potential with fixed parameters, evaluated to `DIGITS` digits from its author's own formula.

    Parameters
    ----------
    potential : Potential
        The plugin.
    values : mapping
        Parameter values by dotted name.
    """

    potential: Any
    values: Mapping[str, float]

    def energy(self, x: Any, values: Mapping[str, Any] | None = None, digits: int = DIGITS) -> Any:
        """Return U(x), or its limit where the formula is 0/0, in many digits; complex or infinite if it is none."""
        import mpmath

        mpmath.mp.dps = digits
        formula = authored(self.potential)
        chosen = values or self.values
        symbols = (formula.x, *formula.parameters.values())
        numbers = [mpmath.mpf(x), *(mpmath.mpf(chosen[name]) for name in formula.parameters)]
        for divider in formula.dividers:  # where it is small, terms cancel to as many digits
            small = abs(exact_value(symbols, divider, numbers))
            if 0 < small < 1:
                mpmath.mp.dps = max(mpmath.mp.dps, digits + int(-2 * mpmath.log10(small)))
        value = exact_value(symbols, formula.energy, numbers)
        mpmath.mp.dps = digits
        if value == value:
            return value
        lifted = limit(formula.energy, dict(zip(symbols, numbers, strict=True)), formula.x)
        mpmath.mp.dps = digits
        return lifted

    def first(self, x: float, width: float) -> Sides:
        """Return dU/dx from the left and from the right."""
        center, here, digits = self._here(x)

        def quotients(h: Any) -> list[Any]:
            left, right = (self.energy(center + k * h, digits=digits) for k in (-1, 1))
            return [(here - left) / h, (right - here) / h]

        return _limits(quotients, width, _rounding(here, digits, width))

    def second(self, x: float, width: float) -> Sides:
        """Return d2U/dx2 from the left and from the right, of the one-sided slopes."""
        center, here, digits = self._here(x)

        def quotients(h: Any) -> list[Any]:
            l1, l2, r1, r2 = (self.energy(center + k * h, digits=digits) for k in (-1, -2, 1, 2))
            return [(here - 2 * l1 + l2) / h**2, (r2 - 2 * r1 + here) / h**2]

        return _limits(quotients, width, _rounding(here, digits, width, width))

    def by_parameter(self, x: float, name: str, width: float) -> tuple[Sides, Sides]:
        """Return dU/dp from both sides of the parameter, and d2U/dxdp from the four quadrants about (x, p)."""
        import mpmath

        center, here, digits = self._here(x)
        value = mpmath.mpf(self.values[name])
        size = max(abs(self.values[name]), 1e-3)

        def at(i: int, j: int, h: Any) -> Any:
            return self.energy(center + i * h * width, {**self.values, name: value + j * h * size}, digits)

        def slopes(h: Any) -> list[Any]:
            return [j * (at(0, j, h) - here) / (h * size) for j in (-1, 1)]

        def mixed(h: Any) -> list[Any]:
            return [
                i * j * (at(i, j, h) - at(i, 0, h) - at(0, j, h) + here) / (h**2 * size * width)
                for i in (-1, 1)
                for j in (-1, 1)
            ]

        rounding = _rounding(here, digits, size), _rounding(here, digits, size, width)
        return _limits(slopes, 1.0, rounding[0]), _limits(mixed, 1.0, rounding[1])

    def beside(self, x: float, width: float, side: int) -> Any:
        """Return a state just outside of those that differences at x are taken at."""
        import mpmath

        mpmath.mp.dps = DIGITS
        return mpmath.mpf(x) + side * 4 * mpmath.mpf(_STEP) * width

    def _here(self, x: float) -> tuple[Any, Any, int]:
        """Return the state, its energy, and digits with which a large energy is as well resolved as a small one."""
        import mpmath

        mpmath.mp.dps = DIGITS
        here = self.energy(mpmath.mpf(x))
        digits = DIGITS
        if mpmath.isfinite(here) and abs(here) > 1:
            digits += int(mpmath.log10(abs(here))) + 1
        mpmath.mp.dps = digits
        center = mpmath.mpf(x)
        return center, self.energy(center, digits=digits), digits


def _limits(quotients: Callable[[Any], list[Any]], width: float, rounding: Any) -> Sides:
    """Return the quotients at the shorter of two steps, with what they change by as their error."""
    import mpmath

    h = mpmath.mpf(_STEP) * width
    coarse, fine = quotients(h), quotients(h * mpmath.mpf(_SHORTER))
    changes = [abs(a - b) for a, b in zip(coarse, fine, strict=True)]
    return Sides(tuple(fine), _SAFETY * max(changes) + rounding)


def _rounding(energy: Any, digits: int, *sizes: float) -> Any:
    """Return the error by rounding of a quotient with one step for each size."""
    import mpmath

    step = mpmath.mpf(_STEP) * mpmath.mpf(_SHORTER)
    return 16 * mpmath.mpf(10) ** -digits * (abs(energy) + 1) / mpmath.fprod(step * size for size in sizes)
