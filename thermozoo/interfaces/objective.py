"""The interface of an objective: the loss of one unit for one step."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Literal, Protocol

from thermozoo.interfaces.kind import DT, KT, MOBILITY, Quantity
from thermozoo.interfaces.plugin import Plugin

__all__ = ["LossSymbols", "Objective"]


class LossSymbols(Protocol):
    """The symbols of one unit that an objective's `step_loss` receives.

    Attributes
    ----------
    x, x_next : expression
        State before and after the observed step.
    gradient, gradient_next : expression
        dV/dx_i of the computer being trained, at `x` and at `x_next` [energy].
    dt, mobility, kT : expression
        Time step, mobility and temperature.
    """

    x: Any
    x_next: Any
    gradient: Any
    gradient_next: Any
    dt: Any
    mobility: Any
    kT: Any


class Objective(
    Plugin,
    kind="objective",
    formula="step_loss",
    symbols=(
        Quantity("x", "state before the step"),
        Quantity("x_next", "state after the step", latex="x'"),
        Quantity("gradient", "dV/dx before the step", latex="g"),
        Quantity("gradient_next", "dV/dx after the step", latex="g'"),
        DT,
        MOBILITY,
        KT,
    ),
    together=True,
    table="training",
    key="objective",
    claims={"quadratic": "quadratic in couplings and biases"},
    checks=("objective", "objective_scale"),
):
    """Loss l(x, x', g, g') of one unit for one step; the loss of a step is the sum over units.

    The author writes `step_loss`; the gradients for couplings, biases and trainable on-site parameters follow by the
    chain rule.

    Attributes
    ----------
    quadratic : bool or None
        Claim: the loss is a quadratic function of couplings and biases (None: no claim).
    direction : str
        Which way the computer that is trained takes an observed step x -> x': ``"reverse"``, from x' to x, as one that
        undoes the forgetting of images; or ``"forward"``, from x to x', as one that follows what it was shown. The
        claims below, and that the minimum is the computer which made the steps, are about steps in this direction.
    likelihood : bool
        Claim: exp(-l) / (4 pi mu kT dt)^(1/2) is the probability density of the step of the Euler-Maruyama scheme in
        this direction. The loss is then a negative log-likelihood in nats, less its constant, and 1/2 a unit and step
        in the mean where the computer is exact. False: no claim, and the absolute scale of the loss means nothing.
    """

    __slots__ = ()

    quadratic: ClassVar[bool | None] = None
    direction: ClassVar[Literal["reverse", "forward"]] = "reverse"
    likelihood: ClassVar[bool] = False

    @abc.abstractmethod
    def step_loss(self, s: LossSymbols) -> Any:
        """Return the loss of one unit for one step, a pure number, as an expression of the symbols `s`."""
