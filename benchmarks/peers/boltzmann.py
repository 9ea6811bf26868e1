"""Moments of few quartic units in equilibrium, each coupled to every other with the same strength, by quadrature.

The couplings are g (sum_i x_i^2 - S^2) / 2 with S the sum of all states and g = -J > 0, and exp(a S^2 / 2) is the mean
of exp(h S) over a normal field h of variance a = g / kT. So every moment is an integral over h of integrals over one
state.
"""

from __future__ import annotations

import math

_POINTS, _REACH = 400, 2.0


def moments(units: int, j2: float, j4: float, coupling: float, temperature: float) -> dict[str, float]:
    """Return the means of x^2, x^4 and, of several units, x_i x_j; the coupling is zero or negative."""
    g = -coupling if units > 1 else 0.0
    step = 2 * _REACH / _POINTS
    grid = [-_REACH + step * k for k in range(_POINTS + 1)]
    spread = math.sqrt(g / temperature)
    fields = [8 * spread * k / 100 for k in range(-100, 101)] if g else [0.0]
    total, sums = 0.0, {"x^2": 0.0, "x^4": 0.0, "x_i x_j": 0.0}
    for h in fields:
        weights = [math.exp(h * x - ((j2 + g / 2) * x**2 + j4 * x**4) / temperature) * step for x in grid]
        z, first, square, fourth = (sum(w * x**k for w, x in zip(weights, grid, strict=True)) for k in (0, 1, 2, 4))
        density = math.exp(-((h / spread) ** 2) / 2) if g else 1.0
        total += density * z**units
        sums["x^2"] += density * z ** (units - 1) * square
        sums["x^4"] += density * z ** (units - 1) * fourth
        if units > 1:
            sums["x_i x_j"] += density * z ** (units - 2) * first**2
    return {name: value / total for name, value in sums.items() if units > 1 or name != "x_i x_j"}
