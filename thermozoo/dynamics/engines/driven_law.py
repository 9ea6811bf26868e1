"""What a kernel is given of a law of motion whose values are driven: the same arrays, with the numbers of one step.

A driven law goes step by step, with the states left in the kernel's layout in between: the kernel itself knows of no
schedule, so that a law that is not driven keeps its speed and its bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.arguments import LawArguments, PackedCouplings
from thermozoo.dynamics.engines.laws import Law, LawFormulas, aligned

__all__ = ["arguments_of_step"]


def arguments_of_step(formulas: LawFormulas, law: Law, step: int) -> tuple[PackedCouplings, LawArguments]:
    """Return couplings and the other arguments of a law in one step."""
    driven, index, arguments = formulas.dynamics.driven, step + 1, law.arguments
    if driven is None:
        return law.couplings, arguments
    computer = formulas.dynamics.one_computer
    changed: dict[str, Any] = {}
    if driven.parameters or "on-site" in driven.amplitudes:
        changed["coefficients"] = formulas.coefficients(law.source, len(arguments.bias), index)
    if driven.temperature is not None:
        changed["constants"] = formulas.constants(law.source, driven.kT(computer, index))
    if "bias" in driven.amplitudes:
        changed["bias"] = _times(arguments.bias, driven.amplitudes["bias"][index])
    couplings = law.couplings
    if "coupling" in driven.amplitudes:
        c = driven.amplitudes["coupling"][index]
        couplings = couplings._replace(packed=_times(couplings.packed, c), values=_times(couplings.values, c))
    return couplings, arguments._replace(**changed)


def _times(numbers: npt.NDArray[np.floating[Any]], factor: float) -> npt.NDArray[np.floating[Any]]:
    """Return numbers times a factor, on a cache line of their own."""
    result = aligned(len(numbers), numbers.dtype)
    np.multiply(numbers, numbers.dtype.type(factor), out=result)
    return result
