"""What a term of the energy between units is."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

__all__ = ["ASYMMETRY", "Term"]

Array = npt.NDArray[np.floating[Any]]

#: What ledgers and files call the force of asymmetric couplings: it is among the terms of a computer, though its energy
#: is zero, as it is an effect of units on each other that has strengths.
ASYMMETRY = "asymmetry"

#: How far states are moved for a difference of gradients, in units of a state.
_STEP = 1e-5


class Term(abc.ABC):
    """A term of the energy between units, linear in its strengths.

    Attributes
    ----------
    n : int
        Number of units.
    vector : ndarray, shape (E,)
        Strengths that training may change [energy]; empty where there are none.
    conservative : bool
        Whether its force is that of its energy; else the force does work that no difference of energies tells.
    """

    conservative: ClassVar[bool] = True

    n: int
    vector: Array

    @property
    def size(self) -> int:
        """Number of strengths."""
        return int(self.vector.size)

    @property
    def summary(self) -> str:
        """What it consists of, in a few words."""
        return f"{self.size:,} strengths"

    @property
    def elements(self) -> Array:
        """What a device stores of it: its strengths, unless it says otherwise."""
        return self.vector

    def with_elements(self, elements: npt.ArrayLike) -> Self:
        """Return the term with other elements, as many; the inverse of `elements`."""
        return self.with_vector(elements)

    @abc.abstractmethod
    def energy(self, x: Array) -> Array:
        """Return the energy of states of shape (..., n), shape (...)."""

    @abc.abstractmethod
    def gradient(self, x: Array) -> Array:
        """Return its derivative by the states of shape (..., n), same shape, in the data type of `x`."""

    def curvature(self, x: Array, v: Array) -> Array:
        """Return the second derivative by the states times a direction of shape (..., n), same shape.

        From central differences of `gradient` in double precision: good to about 1e-9, for bounds of time steps.
        """
        x, v = np.asarray(x, dtype=np.float64), np.asarray(v, dtype=np.float64)
        step = _STEP / max(float(np.abs(v).max(initial=0.0)), np.finfo(np.float64).tiny)
        change: Array = (self.gradient(x + step * v) - self.gradient(x - step * v)) / (2 * step)
        return change

    @abc.abstractmethod
    def contract(self, r: Array, x: Array) -> Array:
        """Return the derivative of sum_i r_i dV/dx_i by every strength, summed over leading dimensions, shape (E,).

        The one contraction that training needs.
        """

    @abc.abstractmethod
    def with_vector(self, vector: npt.ArrayLike) -> Self:
        """Return the same structure with other strengths, shape (E,) [energy]."""

    @abc.abstractmethod
    def scaled(self, factor: float) -> Self:
        """Return the term with its energy times a factor."""

    @abc.abstractmethod
    def identity(self) -> bytes:
        """Return what fixes the term besides its strengths: what a digest is made of."""
