"""What a kernel is given of a law of motion whose values are driven: the same arrays, with the numbers of one step.

A driven law goes step by step, with the states left in the kernel's layout in between: the kernel itself knows of no
schedule, so that a law that is not driven keeps its speed and its bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.arguments import LawArguments, PackedCouplings, TermArguments
from thermozoo.dynamics.engines.laws import Law, LawFormulas, aligned
from thermozoo.dynamics.engines.projection_forces import ProjectionForce
from thermozoo.dynamics.engines.term_forces import Force, TermForce

__all__ = ["arguments_of_step"]


def arguments_of_step(
    formulas: LawFormulas, law: Law, step: int
) -> tuple[PackedCouplings, TermArguments, LawArguments]:
    """Return couplings, further terms and the other arguments of a law in one step."""
    driven, index, arguments = formulas.dynamics.driven, step + 1, law.arguments
    if driven is None:
        return law.couplings, law.terms, arguments
    computer = formulas.dynamics.one_computer
    changed: dict[str, Any] = {}
    if driven.parameters or "on-site" in driven.amplitudes:
        changed["coefficients"] = formulas.coefficients(law.source, len(arguments.bias), index)
    if driven.temperature is not None:
        changed["constants"] = formulas.constants(law.source, driven.kT(computer, index))
    if "bias" in driven.amplitudes:
        changed["bias"] = _times(arguments.bias, driven.amplitudes["bias"][index])
    factors = {name: float(values[index]) for name, values in driven.amplitudes.items()}
    couplings = law.couplings
    if "coupling" in factors:  # of couplings that are further terms to the kernel, these are empty
        c = factors["coupling"]
        couplings = couplings._replace(packed=_times(couplings.packed, c), values=_times(couplings.values, c))
    return couplings, _terms(formulas.terms, law.terms, factors), arguments._replace(**changed)


def _terms(forces: Sequence[Force], terms: TermArguments, factors: Mapping[str, float]) -> TermArguments:
    """Return the strengths of terms times the factors of those that are driven."""
    if not any(force.name in factors for force in forces):
        return terms
    packed, sums, values = (_times(one, 1.0) for one in (terms.packed, terms.sums, terms.values))
    coupled = [force for force in forces if isinstance(force, TermForce)]
    separated = [force for force in coupled if force.products is not None]
    projected = [force for force in forces if isinstance(force, ProjectionForce)]
    starts = np.append(terms.table[:, 4], len(packed))[terms.parts]
    with_sums = [force for force in separated if force.products is not None and force.products.rows]
    units = len(sums) // max(1, len(with_sums))
    of_sets = [force for force in coupled if force.products is None for _ in force.tuples]
    ends = [*terms.places[:, 2].tolist(), len(values)]
    # patterns themselves are not driven: their transpose is, whose products are slopes
    backward = [len(separated) + 2 * p + 1 for p in range(len(projected))]
    parts: list[tuple[Any, Force, int, int]] = [
        *((packed, force, starts[t], starts[t + 1]) for t, force in zip(backward, projected, strict=True)),
        *((packed, force, starts[t], starts[t + 1]) for t, force in enumerate(separated)),
        *((sums, force, t * units, (t + 1) * units) for t, force in enumerate(with_sums)),
        *((values, force, ends[t], ends[t + 1]) for t, force in enumerate(of_sets)),
    ]
    for numbers, force, first, last in parts:
        numbers[first:last] *= numbers.dtype.type(factors.get(force.name, 1.0))
    return terms._replace(packed=packed, sums=sums, values=values)


def _times(numbers: npt.NDArray[np.floating[Any]], factor: float) -> npt.NDArray[np.floating[Any]]:
    """Return numbers times a factor, on a cache line of their own."""
    result = aligned(len(numbers), numbers.dtype)
    np.multiply(numbers, numbers.dtype.type(factor), out=result)
    return result
