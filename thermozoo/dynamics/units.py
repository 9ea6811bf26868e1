"""Which units an integrator can update: continuous ones all together, or discrete ones color by color."""

from __future__ import annotations

import numpy as np
import sympy

from thermozoo.computer.computer import Computer
from thermozoo.computer.discrete import check_multilinear, states_in_words
from thermozoo.computer.terms.circulating import circulating_force
from thermozoo.errors import ParameterError, ShapeError
from thermozoo.interfaces import Integrator, Potential
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.formula import cached_by_formula
from thermozoo.symbolic.trace import trace_step

__all__ = ["check_units", "choices", "why_not_updated"]


@cached_by_formula(32)
def choices(integrator: Integrator) -> tuple[float, ...] | None:
    """Return the numbers among which a step chooses, in ascending order; None where it is no choice of numbers."""
    result = sympy.piecewise_fold(trace_step(integrator).result.rewrite(sympy.Piecewise))
    if not isinstance(result, sympy.Piecewise) or not all(one.expr.is_number for one in result.args):
        return None
    return tuple(sorted({float(one.expr) for one in result.args}))


def why_not_updated(group: str, potential: Potential, integrator: Integrator) -> str | None:
    """Return None where an integrator can update the free units of a group, else why not and what to do."""
    units = f"the potential {potential.name!r} of group {group!r}"
    name = f"the integrator {integrator.name!r}"
    if integrator.updates == "together":
        if potential.states is None:
            return None
        return (
            f"{units} has the states {states_in_words(potential)}, and {name} moves continuous units: take an "
            "integrator of discrete units, such as 'heat-bath'"
        )
    if potential.states is None:
        return (
            f"{units} is that of continuous units, and {name} updates discrete ones: take an integrator of continuous "
            "units, such as 'euler-maruyama', or a potential of discrete ones, such as 'spin'"
        )
    chosen = choices(integrator)
    if chosen != tuple(map(float, potential.states)):
        written = "no choice of numbers" if chosen is None else f"a choice of {', '.join(f'{c:g}' for c in chosen)}"
        return f"{units} has the states {states_in_words(potential)}, and the step of {name} is {written}: take another"
    return None


def check_units(computer: Computer, integrator: Integrator) -> None:
    """Raise ParameterError where an integrator cannot update the free units of a computer, ShapeError where it is of
    another number of units.
    """
    layout = computer.layout
    for name, value in values_of(integrator).items():
        if np.ndim(value) and np.shape(value) != (layout.n,):
            raise ShapeError(
                f"{name} of the integrator {integrator.name!r} must be a number or one value for each of {layout.n} "
                f"units, got an array of shape {np.shape(value)}"
            )
    for group, potential in computer.onsite.potentials.items():
        if group in layout.clamped or not layout.sizes[group]:
            continue
        reason = why_not_updated(group, potential, integrator)
        if reason is not None:
            raise ParameterError(reason)
    if integrator.updates == "by color":
        _refuse_circulating(computer, integrator)
        check_multilinear(computer)


def _refuse_circulating(computer: Computer, integrator: Integrator) -> None:
    """Refuse asymmetric couplings of units that are updated by differences of an energy."""
    if circulating_force(computer) is not None:
        raise ParameterError(
            f"couplings are asymmetric, so that not all forces have an energy, and the integrator {integrator.name!r} "
            "updates units by differences of it: take symmetric couplings, or continuous units"
        )
