"""The interface of an objective: the loss of one unit for one step, or the contrast of data with the model."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Protocol

from thermozoo.errors import PluginClassError
from thermozoo.interfaces.kind import DT, KT, MOBILITY, Quantity
from thermozoo.interfaces.plugin import Plugin

__all__ = ["ContrastSymbols", "LossSymbols", "Objective"]


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


class ContrastSymbols(Protocol):
    """The symbols that an objective's `contrast` receives.

    Attributes
    ----------
    energy_data : expression
        V of the computer being trained, in a state whose visible units show an image of the data [energy].
    energy_model : expression
        V in a state of its own equilibrium [energy].
    kT : expression
        Temperature.
    """

    energy_data: Any
    energy_model: Any
    kT: Any


class Objective(
    Plugin,
    kind="objective",
    formula=("step_loss", "contrast"),
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
    checks=("objective", "objective_scale", "objective_training", "objective_contrast"),
):
    """Loss l(x, x', g, g') of one unit for one step; or the contrast of states of the data with states of the model.

    The author writes `step_loss`, of which the loss of a step is the sum over units, or `contrast`, which knows no
    step; not both. The gradients for couplings, biases and trainable on-site parameters follow by the chain rule. Of
    the suite, what speaks of steps, of the loss of one and of what reversed trajectories recover (`finite`,
    `gradients`, `descent`, `recovery`, `quadratic-claim`, `likelihood-scale`, `training-loss`, `training-minimum`), a
    contrast cannot pass and is not asked; `contrast-linear` and `contrast-gradient` hold it against enumeration
    instead.

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
        in the mean where the computer is exact. False: no claim, and the absolute scale of the loss means nothing. Of
        a contrast: the mean of its gradient is that of the negative log-likelihood of the data, in nats.
    """

    __slots__ = ()

    quadratic: ClassVar[bool | None] = None
    direction: ClassVar[Literal["reverse", "forward"]] = "reverse"
    likelihood: ClassVar[bool] = False

    def step_loss(self, s: LossSymbols) -> Any:
        """Return the loss of one unit for one step, a pure number, as an expression of the symbols `s`."""
        raise NotImplementedError

    def contrast(self, s: ContrastSymbols) -> Any:
        """Return what falls as the model comes nearer to the data, a pure number, as an expression of the symbols `s`.

        It is linear in both energies: means over the data and over the model are taken apart.
        """
        raise NotImplementedError

    @classmethod
    def of_states(cls) -> bool:
        """Tell whether it compares states of the data with states of the model, and is no loss of a step."""
        return cls.contrast is not Objective.contrast

    @classmethod
    def formula_name(cls) -> str:
        """Return which of the two formulas it has."""
        return "contrast" if cls.of_states() else "step_loss"

    @classmethod
    def quantities(cls) -> tuple[Quantity, ...]:
        """Return what its formula is called with."""
        return _OF_STATES if cls.of_states() else cls.declared.symbols

    @classmethod
    def check_modules(cls) -> tuple[str, ...]:
        """Return the modules of checks that are about it: those of a contrast, or the others."""
        contrast = "objective_contrast"
        return (contrast,) if cls.of_states() else tuple(m for m in cls.declared.checks if m != contrast)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse an objective that has neither formula, or both."""
        super().__init_subclass__(**kwargs)
        if (cls.step_loss is not Objective.step_loss) == cls.of_states():
            both = "both step_loss(s) and contrast(s)" if cls.of_states() else "neither step_loss(s) nor contrast(s)"
            raise PluginClassError(f"{cls.__qualname__} defines {both}: write one of them.")


_OF_STATES = (
    Quantity("energy_data", "energy of a state that shows the data", latex=r"V_\text{data}"),
    Quantity("energy_model", "energy of a state of the model's equilibrium", latex=r"V_\text{model}"),
    KT,
)
