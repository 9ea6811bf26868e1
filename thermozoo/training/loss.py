"""The loss of observed steps under a computer, and its gradient, from the formulas of an objective."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, finite_array, instance, positive
from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines import Dynamics
from thermozoo.errors import ArgumentError, ParameterError, ShapeError
from thermozoo.interfaces import Objective
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.derive import LossGradients, loss_gradients
from thermozoo.symbolic.formula import Bound

__all__ = ["StepLoss"]

Array = npt.NDArray[np.floating[Any]]


def _weights(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    weights: npt.NDArray[np.float64] = finite_array("weights", values, ("n",))
    if weights.size and weights.min() < 0:
        raise ParameterError(f"weights must not be negative, got {weights.min():g} for unit {weights.argmin()}")
    return weights


@attrs.frozen(eq=False)
class StepLoss:
    """Loss of steps x -> x' under a computer: the sum over free units of the objective, or a weighted one.

    `thermozoo.training.noising.Noising.loss` makes the loss of its own steps. With weights it is a weighted likelihood:
    no longer the action of a path, and its minimum no longer that of greatest likelihood.

    Parameters
    ----------
    objective : Objective
        The plugin.
    dt : float
        Time step [time].
    weights : ndarray, shape (n,), optional
        What the loss of each unit is multiplied by (default: one for each free unit); clamped units count nothing.
    """

    objective: Objective = checked(instance, Objective)
    dt: float = checked(positive)
    weights: npt.NDArray[np.float64] | None = attrs.field(default=None, converter=attrs.converters.optional(_weights))
    derived: LossGradients = attrs.field(init=False, repr=False)

    @derived.default
    def _derived(self) -> LossGradients:
        return loss_gradients(self.objective)

    def bound(self, computer: Computer) -> Bound:
        """Return the loss with the numbers of objective, time step and computer."""
        constants = {"dt": self.dt, "mobility": computer.mobility, "kT": computer.temperature}
        return self.derived.formula.bind(values_of(self.objective), **constants)

    def check(self, dynamics: Dynamics) -> None:
        """Raise unless this is a loss of the steps of a law of motion, and of its units.

        Raises
        ------
        ArgumentError
            When it has another time step.
        ShapeError
            When it has not one weight for each unit.
        """
        if self.dt != dynamics.dt:
            raise ArgumentError(
                f"the loss is that of steps of dt = {self.dt:g}, but noising takes steps of {dynamics.dt:g}: make it "
                "by noising.loss(objective)"
            )
        if self.weights is not None and len(self.weights) != dynamics.computer.n:
            raise ShapeError(
                f"weights must have one value for each of {dynamics.computer.n} units, got {len(self.weights)}"
            )
        computer = dynamics.one_computer
        idle = np.flatnonzero(computer.layout.free & (self.weights_of(computer) == 0))
        if idle.size:
            raise ParameterError(
                f"weights of free units must be positive, got 0 for unit {idle[0]}: nothing would determine its bias"
            )

    def weights_of(self, computer: Computer) -> npt.NDArray[np.float64]:
        """Return what the loss of each unit counts, shape (n,): zero for clamped ones."""
        return np.where(computer.layout.free, 1.0 if self.weights is None else self.weights, 0.0)

    @property
    def _arguments(self) -> list[Any]:
        f = self.derived.formula
        return [f.x_next, f.x, f.gradient, f.gradient_next]

    def _gradients(
        self, computer: Computer, x: Array, x_next: Array, known: Array | None = None
    ) -> tuple[Array | float, Array]:
        """Return dV at x and at x'; zero where the loss does not use it."""
        f = self.derived.formula
        here = computer.gradient(x) if f.loss.has(f.gradient) else 0.0
        return here, computer.gradient(x_next) if known is None else known

    def by_unit(self, computer: Computer, x: Array, x_next: Array, gradient_next: Array | None = None) -> Array:
        """Return the loss of every unit and step, without weights, shape of `x`; see `value`."""
        g, g_next = self._gradients(computer, x, x_next, gradient_next)
        function = self.bound(computer).function("loss", self._arguments, self.derived.formula.loss)
        return function(x_next, x, g, g_next)[0]

    def value(self, computer: Computer, x: Array, x_next: Array, gradient_next: Array | None = None) -> Array:
        """Return the loss of every step, summed over free units in double precision, shape (...) of x (..., n).

        Parameters
        ----------
        computer : Computer
            The computer.
        x, x_next : ndarray, shape (..., n)
            States before and after each observed step.
        gradient_next : ndarray, shape (..., n), optional
            dV at `x_next`, where the caller has it already.
        """
        losses = self.by_unit(computer, x, x_next, gradient_next)
        if self.weights is not None:
            losses *= self.weights.astype(losses.dtype)
        total: Array = losses[..., computer.layout.free].sum(axis=-1, dtype=np.float64)
        return total

    def responses(self, computer: Computer, x: Array, x_next: Array) -> tuple[Array, Array, Array | None]:
        """Return weighted loss by unit, r = dl/dg' and q = dl/dg (None where it vanishes); zero on clamped units."""
        g, g_next = self._gradients(computer, x, x_next)
        found = self._responses(computer, x, x_next, g, g_next)
        if self.weights is not None:
            # not in place: r and q may be one array, where they are one expression
            found = tuple(array * self.weights.astype(array.dtype) for array in found)
        loss, r, q = (np.where(computer.layout.free, array, 0.0) for array in found)
        return loss, r, None if self.derived.by_gradient == 0 else q

    def _responses(self, computer: Computer, x: Array, x_next: Array, g: Any, g_next: Any) -> tuple[Array, ...]:
        d = self.derived
        expressions = (d.formula.loss, d.by_gradient_next, d.by_gradient)
        function = self.bound(computer).function("responses", self._arguments, *expressions)
        found: tuple[Array, ...] = function(x_next, x, g, g_next)
        return found

    def responses_at(
        self, computer: Computer, x: Array, x_next: Array, gradient: Array, gradient_next: Array
    ) -> tuple[Array, Array | None, Array | None]:
        """Return loss, r = dl/dg' and q = dl/dg at gradients that are given, of any units, without weights.

        None where r or q vanishes; `computer` gives mobility and temperature.
        """
        loss, r, q = self._responses(computer, x, x_next, gradient, gradient_next)
        return loss, None if self.derived.by_gradient_next == 0 else r, None if self.derived.by_gradient == 0 else q

    def gradient(self, computer: Computer, x: Array, x_next: Array) -> tuple[float, Array]:
        """Return the summed loss of the steps and its gradient by the computer's trainable parameters.

        With r = dl/dg' and q = dl/dg,  dl/db_i = r_i + q_i,  and of strengths the contraction of their term with r at
        x' and with q at x; of bilinear couplings  dl/dJ_ij = r_i x'_j + r_j x'_i + q_i x_j + q_j x_i.

        Parameters
        ----------
        computer : Computer
            The computer.
        x, x_next : ndarray, shape (..., n)
            States before and after each observed step.

        Returns
        -------
        float, ndarray of shape (P,)
            In the order of ``computer.parameters`` [1 / energy].
        """
        loss, r, q = self.responses(computer, x, x_next)
        terms = (computer.couplings, *computer.terms.values())
        strengths = [term.contract(r, x_next) for term in terms]
        biases = r.sum(axis=tuple(range(r.ndim - 1)), dtype=np.float64)
        if q is not None:
            strengths = [one + term.contract(q, x) for one, term in zip(strengths, terms, strict=True)]
            biases = biases + q.sum(axis=tuple(range(q.ndim - 1)), dtype=np.float64)
        gradient = np.concatenate([*strengths, biases[computer.trainable_biases]])
        return float(loss.sum(dtype=np.float64)), gradient

    def gradient_by_parameter(self, computer: Computer, group: str, name: str, x: Array, x_next: Array) -> Array:
        """Return the gradient by an on-site parameter of a group, one entry a unit, summed over the steps.

        dl/dp_i = r_i d2U/dxdp(x'_i) + q_i d2U/dxdp(x_i)
        """
        _, r, q = self.responses(computer, x, x_next)
        where = computer.layout.slice(group)
        one = computer.onsite.sites[group]
        mixed = one.formulas.gradient_by_parameter[name]
        axes = tuple(range(x.ndim - 1))
        total = (r[..., where] * one.evaluate(f"by_{name}", mixed, x_next[..., where])).sum(axis=axes)
        if q is not None:
            total = total + (q[..., where] * one.evaluate(f"by_{name}", mixed, x[..., where])).sum(axis=axes)
        result: Array = total
        return result
