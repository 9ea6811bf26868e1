"""Formulas of plugins in symbols: energy, step, loss, intensity."""

from __future__ import annotations

import attrs
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Integrator, Objective, Potential, Protocol
from thermozoo.symbolic.called import called, called_if_written
from thermozoo.symbolic.formula import Formula

__all__ = [
    "EnergyFormula",
    "IntensityFormula",
    "LossFormula",
    "StepFormula",
    "trace_energy",
    "trace_intensity",
    "trace_loss",
    "trace_step",
]


@attrs.frozen
class EnergyFormula(Formula):
    """Energy of one unit in symbols.

    Parameters
    ----------
    x : Symbol
        State.
    energy : Expr
        U(x; parameters).
    written_gradient : Expr or None
        dU/dx as the author wrote it, if so.
    """

    x: sympy.Symbol
    energy: sympy.Expr
    written_gradient: sympy.Expr | None


@attrs.frozen
class StepFormula(Formula):
    """One step of an integrator in symbols.

    Parameters
    ----------
    stages : tuple of Expr
        Where each force is evaluated, in terms of `x`, earlier `forces` and `noises`.
    forces : tuple of Symbol
        The force that each stage returns.
    noises : tuple of Symbol
        Independent standard normal numbers.
    uniforms : tuple of Symbol
        Independent numbers, uniform between 0 and 1.
    result : Expr
        The state after the step.
    x, dt, mobility, kT : Symbol
        The symbols of the step.
    variables : dict of str to Symbol
        Auxiliary variables before the step.
    after : dict of str to Expr
        Auxiliary variables after the step.
    kinetic : Expr
        Kinetic energy of the auxiliary variables, zero where they have none [energy].
    """

    x: sympy.Symbol
    dt: sympy.Symbol
    mobility: sympy.Symbol
    kT: sympy.Symbol
    stages: tuple[sympy.Expr, ...]
    forces: tuple[sympy.Symbol, ...]
    noises: tuple[sympy.Symbol, ...]
    uniforms: tuple[sympy.Symbol, ...]
    result: sympy.Expr
    variables: dict[str, sympy.Symbol] = attrs.field(factory=dict)
    after: dict[str, sympy.Expr] = attrs.field(factory=dict)
    kinetic: sympy.Expr = sympy.Integer(0)

    @property
    def carries(self) -> bool:
        """Whether the last force of a step is the first of the next one: a step then takes one force less."""
        return len(self.stages) > 1 and self.stages[0] == self.x and self.stages[-1] == self.result


@attrs.frozen
class LossFormula(Formula):
    """Loss of one unit for one step in symbols.

    Parameters
    ----------
    x, x_next : Symbol
        State before and after the step.
    gradient, gradient_next : Symbol
        dV at `x` and at `x_next`.
    dt, mobility, kT : Symbol
        The symbols of the step.
    loss : Expr
        l, a pure number.
    """

    x: sympy.Symbol
    x_next: sympy.Symbol
    gradient: sympy.Symbol
    gradient_next: sympy.Symbol
    dt: sympy.Symbol
    mobility: sympy.Symbol
    kT: sympy.Symbol
    loss: sympy.Expr


@attrs.frozen
class IntensityFormula(Formula):
    """Intensity of a protocol in symbols.

    Parameters
    ----------
    t, duration : Symbol
        Time since the start, and when the protocol ends.
    intensity : Expr
        a(t).
    """

    t: sympy.Symbol
    duration: sympy.Symbol
    intensity: sympy.Expr


def trace_energy(potential: Potential) -> EnergyFormula:
    """Call a potential's formula with symbols.

    Raises
    ------
    FormulaError
        When it does not return one real expression of `x` and the declared parameters.
    """
    energy = called(potential)
    written = called_if_written(potential, "gradient")
    gradient = None if written is None else written.expression
    return EnergyFormula(
        **energy.symbols, parameters=energy.parameters, energy=energy.expression, written_gradient=gradient
    )


def trace_step(integrator: Integrator) -> StepFormula:
    """Call an integrator's step with symbols.

    Raises
    ------
    FormulaError
        When it does not return one real expression of these symbols and the declared parameters for its state and each
        auxiliary variable, or its kinetic energy asks for forces or noise.
    """
    step = called(integrator)
    variables = {name: step.symbols[name] for name in type(integrator).variables}
    kinetic = called_if_written(integrator, "energy", required=True)
    assert kinetic is not None
    if any(kinetic.requests.values()) or kinetic.expression.has(step.symbols["x"], step.symbols["dt"]):
        raise FormulaError(
            f"{type(integrator).__name__}.energy is the kinetic energy of the auxiliary variables: expected an "
            f"expression of {', '.join(variables) or 'none'}, mobility, kT and parameters, got {kinetic.expression}"
        )
    return StepFormula(
        **{name: symbol for name, symbol in step.symbols.items() if name not in variables},
        stages=tuple(at for _, at in step.requests["force"]),
        forces=tuple(symbol for symbol, _ in step.requests["force"]),
        noises=tuple(symbol for symbol, _ in step.requests["noise"]),
        uniforms=tuple(symbol for symbol, _ in step.requests["uniform"]),
        result=step.expression,
        parameters=step.parameters,
        variables=variables,
        after=step.others,
        kinetic=kinetic.expression,
    )


def trace_loss(objective: Objective) -> LossFormula:
    """Call an objective's loss with symbols.

    Raises
    ------
    FormulaError
        When it does not return one real expression of these symbols and the declared parameters, or is a contrast.
    """
    if objective.of_states():
        raise FormulaError(
            f"{objective.name!r} compares states of the data with states of the model and is no loss of a step: what "
            "trains by observed steps needs one, such as 'reverse-likelihood'"
        )
    loss = called(objective)
    return LossFormula(**loss.symbols, loss=loss.expression, parameters=loss.parameters)


def trace_intensity(protocol: Protocol) -> IntensityFormula:
    """Call a protocol's intensity with symbols.

    Raises
    ------
    FormulaError
        When it does not return one real expression of these symbols and the declared parameters.
    """
    intensity = called(protocol)
    return IntensityFormula(**intensity.symbols, intensity=intensity.expression, parameters=intensity.parameters)
