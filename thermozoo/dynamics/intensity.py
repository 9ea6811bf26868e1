"""The intensity of a protocol in numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from thermozoo.errors import ParameterError
from thermozoo.interfaces import Protocol
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.defined import evaluable
from thermozoo.symbolic.guard import where_written
from thermozoo.symbolic.trace import trace_intensity

__all__ = ["intensity_of"]


def intensity_of(protocol: Protocol, duration: float) -> Callable[[npt.ArrayLike], npt.NDArray[np.float64]]:
    """Return a protocol's a(t) [energy] as a function of times, in double precision; it is traced once.

    Parameters
    ----------
    protocol : Protocol
        The plugin.
    duration : float
        Its duration [time].

    Raises
    ------
    FormulaError
        When the protocol's formula is not symbolic.
    ParameterError
        From the function, when the intensity is not finite at one of the times.
    """
    formula = trace_intensity(protocol)
    bound = formula.bind(values_of(protocol), duration=duration)
    function = bound.function("intensity", [formula.t], evaluable(formula.intensity, formula.t))

    def intensity(times: npt.ArrayLike) -> npt.NDArray[np.float64]:
        t = np.asarray(times, dtype=np.float64)
        found = np.asarray(function(t)[0], dtype=np.float64)
        if not np.isfinite(found).all():
            first = np.argmin(np.isfinite(found))
            raise ParameterError(
                f"protocol {protocol.name!r}: the intensity is {found.flat[first]} at t = {t.flat[first]:g} "
                f"({where_written(protocol.intensity)}); expected a finite number from t = 0 to t = {duration:g}"
            )
        return found

    return intensity
