r"""The linear equations of the minimum of a quadratic loss, and their solution by conjugate gradients.

The unknowns are couplings J and coefficients :math:`\lambda` of single units: biases, and changes of on-site
parameters. The loss is

.. math:: L = L_0 + c_J \cdot J + c_\lambda \cdot \lambda + \tfrac12 (J \cdot H_{JJ} J + 2 \lambda \cdot H_{\lambda J} J
    + \lambda \cdot H_{\lambda\lambda} \lambda).

:math:`H_{\lambda\lambda}` acts on each unit alone, so the coefficients are eliminated exactly, and conjugate gradients
run over the couplings only; so are the couplings to clamped units, whose states have no noise
(`thermozoo.training.least_squares.noiseless`). H is never formed: a product with it is a few products of matrices
(`thermozoo.training.least_squares.pair_sums`).
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import TrainingError
from thermozoo.training.least_squares.noiseless import Noiseless, noiseless_of
from thermozoo.training.least_squares.pair_sums import PairSums

__all__ = ["NormalEquations", "Solution", "Unknowns"]

Array = npt.NDArray[np.float64]

#: Iterations after which the residual is computed afresh: its recurrence drifts by rounding.
_REFRESH = 50


@attrs.frozen(eq=False)
class Unknowns:
    """Couplings and local coefficients, side by side.

    Parameters
    ----------
    couplings : ndarray, shape (E,)
        In the order of the computer's couplings.
    local : ndarray, shape (P, n)
        Coefficients of single units; the first row is the biases.
    """

    couplings: Array
    local: Array


@attrs.frozen(eq=False)
class Solution:
    """A solution and how good it is.

    Parameters
    ----------
    unknowns : Unknowns
        The minimum.
    iterations : int
        Products with H that it took.
    residual : float
        Preconditioned norm of the residual over that of the right-hand side.
    decrease : float
        Loss where all unknowns are zero, less its minimum.
    determined : ndarray of bool, shape (E,)
        Which couplings any data touch; those to clamped units that hold zero are not, and are zero here.
    """

    unknowns: Unknowns
    iterations: int
    residual: float
    decrease: float
    determined: npt.NDArray[np.bool_]


@attrs.frozen(eq=False)
class NormalEquations:
    """A quadratic loss.

    Parameters
    ----------
    pairs : PairSums
        Second moments between units.
    moments : ndarray, shape (P, P, n)
        Second moments of the regressors of a unit with each other.
    weight : ndarray, shape (n,)
        Second derivative of the loss of each unit by its gradient; zero for clamped units.
    gradient : Unknowns
        Gradient where all unknowns are zero.
    free : ndarray of bool, shape (P, n)
        Which local coefficients are unknowns; the others are zero.
    ridge : float
        Added to the second derivative by each coupling, relative to the mean of these.
    """

    pairs: PairSums
    moments: Array
    weight: Array
    gradient: Unknowns
    free: npt.NDArray[np.bool_]
    ridge: float = 0.0
    _noiseless: tuple[Noiseless, ...] = attrs.field(init=False, repr=False)
    _scale: Array = attrs.field(init=False, repr=False)
    _inverse: Array = attrs.field(init=False, repr=False)

    @_noiseless.default
    def _find_noiseless(self) -> tuple[Noiseless, ...]:
        return noiseless_of(self.pairs, self.moments, self.weight, self.free)

    @_scale.default
    def _make_scale(self) -> Array:
        return self.pairs.scale(self.weight)

    @_inverse.default
    def _invert(self) -> Array:
        """Return the inverse of the free part of every unit's own second moments, shape (n, P, P)."""
        own = np.moveaxis(self.moments, -1, 0) * self.weight[:, None, None]
        free = (self.free & (self.weight > 0)).T
        for one in self._noiseless:
            free[one.units, 0] = False  # the bias is one of them
            own[:, 1:, 1:] -= np.einsum("pki,qki->ipq", one.local, one.local) * self.weight[:, None, None]
        both = free[:, :, None] & free[:, None, :]
        scale = np.sqrt(np.where(free, np.einsum("ipp->ip", own), 1.0))
        if not np.all(scale > 0):
            raise TrainingError(
                f"no data determine a local coefficient of unit {np.argmin(scale.min(axis=1))}: its regressor "
                "vanishes; train fewer parameters"
            )
        unit = np.where(both, own / (scale[:, :, None] * scale[:, None, :]), np.eye(len(self.free)))
        values, vectors = np.linalg.eigh(unit)
        if values.size and values.min() < 1e-10:
            raise TrainingError(
                f"the bias and the on-site parameters of unit {np.argmin(values.min(axis=1))} cannot be told apart "
                "by the data; train fewer potential_parameters"
            )
        inverse = np.einsum("ipk,ik,iqk->ipq", vectors, 1 / values, vectors)
        result: Array = np.where(both, inverse / (scale[:, :, None] * scale[:, None, :]), 0.0)
        return result

    def holding(self, held: npt.NDArray[np.bool_], values: Array) -> NormalEquations:
        """Return the equations of the rest with some local coefficients, shape (P, n), held at values (zero elsewhere).

        The held ones are not among the unknowns of the result; where they are not zero they shift its gradient.
        """
        if not held.any():
            return self
        shift = self.apply(Unknowns(np.zeros_like(self.gradient.couplings), values))
        shifted = Unknowns(self.gradient.couplings + shift.couplings, self.gradient.local + shift.local)
        return attrs.evolve(self, gradient=shifted, free=self.free & ~held)

    def _check_numbers(self, curvature: Array) -> None:
        """Raise TrainingError when anything of the equations is not a number: no comparison would find it later."""
        parts = {
            "gradient by the couplings": self.gradient.couplings,
            "gradient by biases and on-site parameters": self.gradient.local,
            "second derivative by the couplings": curvature,
            "second moments of biases and on-site parameters": self.moments,
        }
        for what, values in parts.items():
            if not np.isfinite(values).all():
                raise TrainingError(
                    f"the {what} is not finite: a force, or its derivative by a trained parameter, is no number at a "
                    "state that the data visit"
                )

    def _eliminate(self, by_local: Array, by_noiseless: list[Array]) -> tuple[Array, list[Array]]:
        """Return the local coefficients, and amounts of noiseless regressors, at which gradients by them vanish.

        Of shapes (P, n), and (r, n) for each of the noiseless.
        """
        for one, by_amount in zip(self._noiseless, by_noiseless, strict=True):
            correction = np.einsum("pki,ki->pi", one.local, by_amount)
            by_local = np.concatenate([by_local[:1], by_local[1:] - correction])
        local: Array = -np.einsum("ipq,qi->pi", self._inverse, by_local)
        amounts = []
        for one, by_amount in zip(self._noiseless, by_noiseless, strict=True):
            amount = np.divide(by_amount, -self.weight, out=np.zeros_like(by_amount), where=one.units)
            amounts.append(amount - np.einsum("pki,pi->ki", one.local, local[1:]))
        return local, amounts

    def _reduced(self, couplings: Array, gradient: Unknowns | None) -> tuple[Array, Array, list[Array]]:
        """Return the gradient by couplings among free units, and what was eliminated from it.

        Parameters
        ----------
        couplings : ndarray, shape (E,)
            Couplings; zero where noiseless regressors are eliminated.
        gradient : Unknowns, optional
            Of a loss that is quadratic about zero; None where only the second derivative is wanted.
        """
        structure = self.pairs.couplings
        by_noiseless = []
        for one in self._noiseless:
            field = structure.with_vector(couplings).gradient(one.states) * (self.weight * one.units)
            if gradient is not None:
                field += one.gradient(gradient.couplings, gradient.local[0])
            by_noiseless.append(field)
        amounts: list[Array] = []

        def respond(by_couplings: Array) -> Array:
            by_local = self.weight * by_couplings
            if gradient is not None:
                by_local += gradient.local
            local, found = self._eliminate(by_local, by_noiseless)
            amounts.extend(found)
            return local

        image, local = self.pairs.product(couplings, respond, self.weight)
        for one, amount in zip(self._noiseless, amounts, strict=True):
            image += structure.contract(self.weight * amount, one.states)
        if gradient is not None:
            image += gradient.couplings
        return image, local, amounts

    def apply(self, unknowns: Unknowns) -> Unknowns:
        """Return H times the unknowns, without ridge, for all coefficients, free or not."""
        back = np.zeros_like(unknowns.local)

        def respond(by_couplings: Array) -> Array:
            back[:] = by_couplings
            return unknowns.local

        couplings, _ = self.pairs.product(unknowns.couplings, respond, self.weight)
        back += np.einsum("pqi,qi->pi", self.moments, unknowns.local)
        return Unknowns(couplings, self.weight * back)

    def loss(self, unknowns: Unknowns) -> float:
        """Return the loss, less its value where all unknowns are zero, without ridge."""
        image = self.apply(unknowns)
        total = unknowns.couplings @ (self.gradient.couplings + 0.5 * image.couplings)
        return float(total + np.sum(unknowns.local * (self.gradient.local + 0.5 * image.local)))

    def solve(
        self,
        *,
        tolerance: float = 1e-8,
        most_iterations: int = 5000,
        start: Array | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Solution:
        """Find the minimum by preconditioned conjugate gradients.

        Parameters
        ----------
        tolerance : float
            On the residual, relative to the right-hand side, in the norm of the preconditioner.
        most_iterations : int
            After which to give up.
        start : ndarray, shape (E,), optional
            A guess of the couplings.
        progress : callable, optional
            Receives the fraction of the digits asked for that are right.

        Raises
        ------
        TrainingError
            When the equations are not positive definite, or the tolerance is not reached.
        """
        # What no data touch (a coupling to a clamped unit that holds zero) has no equation and stays zero.
        curvature = self.pairs.curvature(self.weight)
        self._check_numbers(curvature)
        determined = curvature > 0
        touched = determined.copy()
        for one in self._noiseless:
            touched[one.edges] = False
        shift = self.ridge * float(curvature[touched].mean()) if touched.any() else 0.0
        scale = np.where(self._scale > 0, self._scale, curvature) + shift
        inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=touched)

        def product(couplings: Array) -> Array:
            image, *_ = self._reduced(couplings, None)
            image += shift * couplings
            return np.where(touched, image, 0.0)

        constant, *_ = self._reduced(np.zeros_like(inverse), self.gradient)
        right = np.where(touched, -constant, 0.0)
        couplings = np.zeros_like(right) if start is None else np.where(touched, start, 0.0)
        residual = right - product(couplings) if start is not None else right.copy()
        goal = float(np.sqrt(right @ (inverse * right)))
        direction = inverse * residual
        square = float(residual @ direction)
        iterations = 0
        while not np.sqrt(square) <= tolerance * goal:
            if not np.isfinite(square):
                raise TrainingError(
                    f"conjugate gradients left the range of numbers after {iterations} iterations: the data determine "
                    "some couplings badly; take a ridge (training.ridge) or method = 'moments'"
                )
            if iterations == most_iterations:
                raise TrainingError(
                    f"conjugate gradients did not reach a relative residual of {tolerance:g} in {most_iterations} "
                    f"iterations (reached {np.sqrt(square) / goal:.1e}): the data determine some couplings badly; "
                    "raise the tolerance, or take a ridge (training.ridge) or method = 'moments'"
                )
            image = product(direction)
            bend = float(direction @ image)
            if not bend > 0:
                raise TrainingError(
                    f"the equations are not positive definite (curvature {bend:.1e} along a direction): the data do "
                    "not determine all couplings; couple fewer units, or take a ridge (training.ridge) or method = "
                    "'moments'"
                )
            couplings += (square / bend) * direction
            iterations += 1
            if iterations % _REFRESH == 0:
                residual = right - product(couplings)
            else:
                residual -= (square / bend) * image
            preconditioned = inverse * residual
            before, square = square, float(residual @ preconditioned)
            direction *= square / before
            direction += preconditioned
            if progress is not None:
                progress(min(1.0, max(0.0, np.log(max(np.sqrt(square) / goal, 1e-300)) / np.log(tolerance))))
        _, local, amounts = self._reduced(couplings, self.gradient)
        for one, amount in zip(self._noiseless, amounts, strict=True):
            one.fill(amount, couplings, local)
        unknowns = Unknowns(couplings, local)
        reached = float(np.sqrt(square)) / goal if goal > 0 else 0.0
        return Solution(unknowns, iterations, reached, -self.loss(unknowns), determined)
