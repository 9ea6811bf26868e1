"""Formulas of plugins in symbols: energy, step, loss, intensity."""

from __future__ import annotations

import attrs
import sympy

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
        When it does not return one real expression of these symbols and the declared parameters.
    """
    step = called(integrator)
    return StepFormula(
        **step.symbols,
        stages=tuple(at for _, at in step.requests["force"]),
        forces=tuple(symbol for symbol, _ in step.requests["force"]),
        noises=tuple(symbol for symbol, _ in step.requests["noise"]),
        uniforms=tuple(symbol for symbol, _ in step.requests["uniform"]),
        result=step.expression,
        parameters=step.parameters,
    )


def trace_loss(objective: Objective) -> LossFormula:
    """Call an objective's loss with symbols.

    Raises
    ------
    FormulaError
        When it does not return one real expression of these symbols and the declared parameters.
    """
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
