"""The sine of a turn, sin(2 pi a) = a p(a^2) for |a| <= 1/4, of the normal numbers of engines.

Coefficients of p in ascending order, Chebyshev fits whose errors are below the rounding errors of their precision.
"""

from __future__ import annotations

__all__ = ["SINE_DOUBLE", "SINE_SINGLE"]

SINE_SINGLE = (
    6.2831852801544065,
    -41.3416806133465153,
    81.6024763689251797,
    -76.5811726442787245,
    39.7598270853191011,
)
SINE_DOUBLE = (
    6.28318530717958648, -41.3417022403997602, 81.605249276075051, -76.7058597530607231, 42.0586939448287014,
    -15.0946425727019742, 3.81995243486680902, -0.718118921891065832, 0.104183090870646484, -0.0116830828813074924,
)  # fmt: skip
