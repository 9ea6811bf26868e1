r"""A term of the energy over projections on patterns.

.. math:: V_p = c\, G\!\left(\sum_k w_k f(m_k \cdot x)\right)

Two products: z = M x, and the transpose of M with what every pattern adds to the force.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array, instance, integer_array, names_of
from thermozoo.computer.settings import plugin_identity
from thermozoo.computer.states import floating
from thermozoo.computer.term import Term
from thermozoo.errors import ParameterError, ShapeError
from thermozoo.interfaces import Projection, UnitLayout
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.projection import ProjectionFormulas, projection_formulas

__all__ = ["ProjectionTerm", "project"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


@attrs.frozen(eq=False, slots=False)
class ProjectionTerm(Term):
    """The energy of projections of some units on patterns.

    It has no strengths that training changes: patterns and weights are given, and `vector` is empty.

    Parameters
    ----------
    n : int
        Number of units of the computer.
    projection : Projection
        The energy, as a function of sums over patterns.
    patterns : ndarray, shape (K, m)
        One pattern a row.
    units : ndarray of int, shape (m,)
        The units that a pattern has an entry for, each once.
    weights : ndarray, shape (K,)
        Weight of each pattern in the sums; above zero where what is summed up is an exponential.
    amplitude : float
        Factor of the energy.
    """

    n: int
    projection: Projection
    patterns: Array
    units: Indices
    weights: Array
    amplitude: float = 1.0

    def __attrs_post_init__(self) -> None:
        finite_array("patterns", self.patterns, ("K", len(self.units)), "one row a pattern, one entry a unit")
        integer_array("units", self.units, ("m",), at_most=self.n - 1)
        finite_array("weights", self.weights, (len(self.patterns),), "one weight a pattern")
        if not len(self.patterns):
            raise ShapeError("patterns must have at least one row, got none")
        if len(np.unique(self.units)) != len(self.units):
            raise ShapeError("units must be different ones, got one more than once")
        if any(one.exponent is not None for one in self.formulas.sums) and (self.weights <= 0).any():
            raise ParameterError(
                f"weights of the patterns of {self.projection.name!r} must be above zero, as it adds up exponentials, "
                f"got {self.weights.min():g}: leave the pattern out"
            )

    @property
    def vector(self) -> Array:  # type: ignore[override]
        """Return no strengths: none is trained."""
        return np.empty(0)

    @property
    def elements(self) -> Array:
        """Return the entries of its patterns, row by row: these a device stores."""
        return self.patterns.ravel()

    def with_elements(self, elements: npt.ArrayLike) -> ProjectionTerm:
        """Return the term with other patterns, of as many entries."""
        values = finite_array("entries of patterns", elements, (self.patterns.size,))
        return attrs.evolve(self, patterns=np.array(values, dtype=np.float64).reshape(self.patterns.shape))

    @property
    def summary(self) -> str:
        """How many patterns."""
        return f"{len(self.patterns):,} patterns"

    @functools.cached_property
    def formulas(self) -> ProjectionFormulas:
        """What is derived from the energy."""
        return projection_formulas(self.projection)

    @functools.cached_property
    def _functions(self) -> tuple[list[Any], Any, Any]:
        """Return functions: of z, what each sum adds up and its slope; of what is held, G and its derivatives."""
        f = self.formulas
        bound = f.bind(values_of(self.projection))
        inner = [
            bound.function("inner", [f.z], one.expression if one.exponent is None else one.exponent, one.slope)
            for one in f.sums
        ]
        held = [one.held for one in f.sums]
        return inner, bound.function("outer", held, f.outer), bound.function("slopes", held, *f.outer_slopes)

    @functools.cached_property
    def _casts(self) -> dict[Any, tuple[Array, Array]]:
        return {}

    def _cast(self, dtype: Any) -> tuple[Array, Array]:
        """Return patterns and weights in a data type."""
        if dtype not in self._casts:
            self._casts[dtype] = self.patterns.astype(dtype), self.weights.astype(dtype)
        return self._casts[dtype]

    def _sums(self, x: Array) -> tuple[list[Array], list[Array]]:
        """Return what is held of each sum, shape (...), and what a pattern adds to its derivative, shape (..., K)."""
        patterns, weights = self._cast(x.dtype)
        z = x[..., self.units] @ patterns.T
        held, added = [], []
        for one, function in zip(self.formulas.sums, self._functions[0], strict=True):
            value, slope = (np.broadcast_to(part, z.shape) for part in function(z))
            if one.exponent is None:
                held.append(value @ weights)
                added.append(weights * slope)
                continue
            value = value + np.log(weights)
            largest = value.max(axis=-1, keepdims=True)
            share = np.exp(value - largest)
            whole = share.sum(axis=-1, keepdims=True)
            held.append((largest + np.log(whole))[..., 0])
            added.append(share / whole * slope)
        return held, added

    def energy(self, x: Array) -> Array:
        """Return the energy; see `Term.energy`."""
        held, _ = self._sums(floating(x, self.n))
        (energy,) = self._functions[1](*held)
        total: Array = self.amplitude * np.broadcast_to(energy, held[0].shape)
        return total

    def gradient(self, x: Array) -> Array:
        """Return the derivative by the states; see `Term.gradient`."""
        x = floating(x, self.n)
        held, added = self._sums(x)
        coefficients = np.zeros_like(added[0])
        for slope, one in zip(self._functions[2](*held), added, strict=True):
            coefficients += np.broadcast_to(slope, held[0].shape)[..., np.newaxis] * one
        total = np.zeros_like(x)
        total[..., self.units] = x.dtype.type(self.amplitude) * (coefficients @ self._cast(x.dtype)[0])
        return total

    def contract(self, r: Array, x: Array) -> Array:
        """Return nothing: there are no strengths."""
        return np.empty(0)

    def with_vector(self, vector: npt.ArrayLike) -> ProjectionTerm:
        """Return the term itself; `vector` must be empty."""
        finite_array("strengths", vector, (0,), "patterns and weights are not trained")
        return self

    def scaled(self, factor: float) -> ProjectionTerm:
        """Return the term with its energy times a factor."""
        return attrs.evolve(self, amplitude=self.amplitude * factor)

    def identity(self) -> bytes:
        """Return the plugin with its parameters, the patterns and all that goes with them."""
        numbers = (self.patterns, self.weights, np.asarray(self.amplitude))
        return (
            b"projections "
            + plugin_identity(self.projection)
            + str(self.patterns.shape).encode()
            + np.ascontiguousarray(self.units, dtype="<i8").tobytes()
            + b"".join(np.ascontiguousarray(one, dtype="<f8").tobytes() for one in numbers)
        )


def project(
    projection: Projection,
    layout: UnitLayout,
    patterns: npt.ArrayLike,
    *,
    groups: Iterable[str] | str = (),
    weights: npt.ArrayLike | None = None,
    normalize: bool = False,
) -> ProjectionTerm:
    """Return the term of an energy of projections.

    Parameters
    ----------
    projection : Projection
        The energy, as a function of sums over patterns.
    layout : UnitLayout
        Groups of units: ``computer.layout``.
    patterns : array_like, shape (K, m)
        One pattern a row, with an entry for every unit of the groups.
    groups : iterable of str, or str
        Groups that are projected, side by side; none: all.
    weights : array_like, shape (K,), optional
        Weight of each pattern (default: 1).
    normalize : bool
        Whether patterns are scaled to length one.

    Raises
    ------
    ParameterError
        When patterns or weights are not finite, or a pattern that is to be scaled is zero.
    ShapeError
        When they do not fit the groups, or a group does not exist.

    Examples
    --------
    >>> import thermozoo as tz
    >>> computer = tz.assemble({"unit": 2}, tz.get("quadratic"), tz.get("dense"))
    >>> memory = project(tz.get("modern-hopfield", beta=1000), computer.layout, [[3, 4], [4, -3]], normalize=True)
    >>> print(computer.with_terms({"memory": memory}).gradient([0.6, 0.8]).round(3))
    [0.6 0.8]
    """
    instance("projection", projection, Projection)
    names = names_of("groups", groups) or tuple(layout.sizes)
    units = np.concatenate([np.arange(layout.slice(name).start, layout.slice(name).stop) for name in names])
    remedy = f"one row a pattern, one entry for each unit of {', '.join(names)}"
    rows = np.array(finite_array("patterns", patterns, ("K", len(units)), remedy), dtype=np.float64)
    if normalize:
        lengths = np.linalg.norm(rows, axis=1)
        if not lengths.all():
            raise ParameterError(f"pattern {int(np.argmin(lengths))} is zero: it cannot be scaled to length one")
        rows /= lengths[:, np.newaxis]
    given = np.ones(len(rows)) if weights is None else finite_array("weights", weights, (len(rows),))
    return ProjectionTerm(layout.n, projection, rows, units, np.array(given, dtype=np.float64))
