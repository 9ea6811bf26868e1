"""Discrete units: which they are, and the energy of a computer as a polynomial that is linear in each of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import Couplings
from thermozoo.errors import ParameterError
from thermozoo.interfaces import Interaction, Potential
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.derive import potential_formulas
from thermozoo.symbolic.formula import cached_by_formula
from thermozoo.symbolic.interaction import interaction_formulas

__all__ = [
    "check_multilinear",
    "check_states",
    "discrete_groups",
    "is_linear",
    "is_multilinear",
    "monomials",
    "refuse_discrete",
    "states_in_words",
]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


def discrete_groups(computer: Computer) -> dict[str, Potential]:
    """Return the potential of each group of discrete units, clamped ones too."""
    layout = computer.layout
    return {
        group: one
        for group, one in computer.onsite.potentials.items()
        if one.states is not None and layout.sizes[group]
    }


def states_in_words(potential: Potential) -> str:
    """Return the states of a discrete unit, as text."""
    return ", ".join(f"{state:g}" for state in potential.states or ())


def refuse_discrete(potential: Potential, what: str) -> None:
    """Raise ParameterError for the potential of a discrete unit; `what` says what needs continuous ones."""
    if potential.states is not None:
        raise ParameterError(
            f"{what} needs units whose states are real numbers, and the potential {potential.name!r} has the states "
            f"{states_in_words(potential)}: sample discrete units with simulate(...) and an integrator that updates by "
            "color, such as 'heat-bath', or take another potential"
        )


def check_states(computer: Computer, x: Array) -> None:
    """Raise ParameterError where a discrete unit has a state that is none of its states; x has shape (B, n)."""
    for group, potential in discrete_groups(computer).items():
        where = computer.layout.slice(group)
        strange = ~np.isin(x[:, where], np.asarray(potential.states, dtype=x.dtype))
        if strange.any():
            row, unit = (int(k) for k in np.argwhere(strange)[0])
            raise ParameterError(
                f"initial states: unit {where.start + unit} ({group}) is discrete, with the states "
                f"{states_in_words(potential)}, and got {x[row, where.start + unit]:g} in trajectory {row}: give each "
                "unit one of its states"
            )


@cached_by_formula(64)
def is_linear(potential: Potential) -> bool:
    """Whether the energy of a unit is linear in its state."""
    return bool(sympy.simplify(potential_formulas(potential).plain.curvature) == 0)


@cached_by_formula(64)
def is_multilinear(interaction: Interaction) -> bool:
    """Whether the energy of a tuple is linear in the state of each of its units."""
    f = interaction_formulas(interaction)
    both = zip(f.gradients, f.states, strict=True)
    return all(sympy.simplify(sympy.diff(gradient, state)) == 0 for gradient, state in both)


def check_multilinear(computer: Computer) -> None:
    """Raise ParameterError where the energy is not linear in the state of every discrete unit.

    Only then is a gradient, times the difference of two states, their difference of energies.
    """
    for group, potential in discrete_groups(computer).items():
        if group not in computer.layout.clamped and not is_linear(potential):
            raise ParameterError(
                f"the potential {potential.name!r} of group {group!r} has the states {states_in_words(potential)} and "
                "an energy that is not linear in x: a discrete unit is updated by its gradient, so write the linear "
                "energy that has the same values at its states"
            )
    for name, term in {"coupling": computer.couplings, **computer.terms}.items():
        interaction = term.interaction if isinstance(term, Couplings) else None
        if isinstance(term, Couplings) and (interaction is None or is_multilinear(interaction)):
            continue
        what = f"the interaction {interaction.name!r}" if interaction is not None else f"a {type(term).__name__}"
        raise ParameterError(
            f"the term {name!r} of the energy, {what}, is not linear in the state of every unit, and discrete units "
            "are updated by their gradient: take 'bilinear', 'three-body' or another product of states"
        )


def monomials(computer: Computer) -> list[tuple[Indices, Array]]:
    """Return the energy between units as products of states: (units, strengths), of shapes (E, order) and (E,).

    Those of order 1 are forces on single units. What depends on no unit is left out.

    Parameters
    ----------
    computer : Computer
        One whose terms are linear in every unit.
    """
    found: list[tuple[Indices, Array]] = []
    for term in (computer.couplings, *computer.terms.values()):
        if not isinstance(term, Couplings) or not term.size:
            continue
        edges, strengths = np.asarray(term.edges, dtype=np.int64), np.asarray(term.vector, dtype=np.float64)
        if term.interaction is None:
            found.append((edges, strengths))
            continue
        formulas = interaction_formulas(term.interaction)
        values = values_of(term.interaction)
        numbers = {symbol: sympy.Float(float(values[name]), 17) for name, symbol in formulas.parameters.items()}
        energy = sympy.Poly(formulas.energy.xreplace(numbers), *formulas.states)
        for powers, coefficient in energy.terms():
            places = list(itertools.compress(range(len(powers)), powers))
            if places:
                found.append((edges[:, places], float(coefficient) * strengths))
    return found
