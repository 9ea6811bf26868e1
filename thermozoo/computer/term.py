"""What a term of the energy between units is."""

from __future__ import annotations

import abc
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = ["Term"]

Array = npt.NDArray[np.floating[Any]]


class Term(abc.ABC):
    """A term of the energy between units, linear in its strengths.

    Attributes
    ----------
    n : int
        Number of units.
    vector : ndarray, shape (E,)
        Strengths that training may change [energy]; empty where there are none.
    """

    n: int
    vector: Array

    @property
    def size(self) -> int:
        """Number of strengths."""
        return int(self.vector.size)

    @abc.abstractmethod
    def energy(self, x: Array) -> Array:
        """Return the energy of states of shape (..., n), shape (...)."""

    @abc.abstractmethod
    def gradient(self, x: Array) -> Array:
        """Return its derivative by the states of shape (..., n), same shape, in the data type of `x`."""

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
