"""Couplings whose two directions have strengths of their own: the energy of one part, and the force without any."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import BilinearCouplings
from thermozoo.computer.discrete import discrete_groups
from thermozoo.computer.term import ASYMMETRY
from thermozoo.computer.terms.circulating import CirculatingForce, circulating_force
from thermozoo.errors import ParameterError

__all__ = ["directed_strengths", "with_directed_strengths"]

Array = npt.NDArray[np.floating[Any]]


def directed_strengths(computer: Computer) -> tuple[Array, Array]:
    """Return the strengths J_ij and J_ji of every coupled pair (i, j), each of shape (E,) [energy].

    They are equal where all forces have an energy. J_ij is how j acts on i.
    """
    symmetric, force = computer.couplings.vector, circulating_force(computer)
    if force is None:
        return symmetric, symmetric
    return symmetric + force.vector, symmetric - force.vector


def with_directed_strengths(computer: Computer, there: npt.ArrayLike, back: npt.ArrayLike) -> Computer:
    """Return the computer with other strengths J_ij and J_ji of every coupled pair.

    It is the inverse of `directed_strengths`. Its couplings are their mean, and half of their difference is a force
    without an energy, even where that is zero.

    Parameters
    ----------
    computer : Computer
        One of continuous units whose couplings are products of two states.
    there, back : array_like, shape (E,)
        How j acts on i, and i on j [energy].

    Raises
    ------
    ParameterError
        When couplings are by another interaction, or units are discrete.

    Examples
    --------
    >>> import thermozoo as tz
    >>> pair = tz.assemble({"unit": 2}, tz.get("quadratic", J2=0.5), tz.get("dense"))
    >>> one_way = tz.with_directed_strengths(pair, [0.0], [1.0])        # unit 0 acts on unit 1, which does not on it
    >>> one_way.gradient([2.0, 3.0]).tolist(), one_way.terms["asymmetry"].matrix().tolist()
    ([2.0, 5.0], [[0.0, -0.5], [0.5, 0.0]])
    """
    couplings = computer.couplings
    if not isinstance(couplings, BilinearCouplings):
        name = getattr(couplings.interaction, "name", type(couplings).__name__)
        raise ParameterError(
            f"couplings by the interaction {name!r} cannot be asymmetric: that is known of 'bilinear' couplings, the "
            "product of two states, alone"
        )
    moving = discrete_groups(computer).keys() - computer.layout.clamped
    if moving:
        raise ParameterError(
            f"the units of group {min(moving)!r} are discrete, and are updated by differences of an energy, which "
            "asymmetric couplings have not: take continuous units"
        )
    one, other = np.asarray(there, dtype=np.float64), np.asarray(back, dtype=np.float64)
    force = CirculatingForce(couplings.with_vector((one - other) / 2))
    found = attrs.evolve(computer, couplings=couplings.with_vector((one + other) / 2))
    return found.with_terms({**computer.terms, ASYMMETRY: force})
