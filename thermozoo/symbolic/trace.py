"""Formulas of plugins in symbols: energy, step, loss, intensity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import sympy

from thermozoo.interfaces import Integrator, Objective, Plugin, Potential, Protocol
from thermozoo.parameters import Parameter, fields_of, parameters_of
from thermozoo.symbolic.called import called, called_if_written

__all__ = [
    "EnergyFormula",
    "IntensityFormula",
    "LossFormula",
    "StepFormula",
    "flat_parameters",
    "trace_energy",
    "trace_intensity",
    "trace_loss",
    "trace_step",
]


@attrs.frozen
class EnergyFormula:
    """Energy of one unit in symbols.

    Parameters
    ----------
    x : Symbol
        State.
    parameters : dict of str to Symbol
        Symbol of each parameter, by its (dotted) name.
    energy : Expr
        U(x; parameters).
    written_gradient : Expr or None
        dU/dx as the author wrote it, if so.
    """

    x: sympy.Symbol
    parameters: dict[str, sympy.Symbol]
    energy: sympy.Expr
    written_gradient: sympy.Expr | None


@attrs.frozen
class StepFormula:
    """One step of an integrator in symbols.

    Parameters
    ----------
    stages : tuple of Expr
        Where each force is evaluated, in terms of `x`, earlier `forces` and `noises`.
    forces : tuple of Symbol
        The force that each stage returns.
    noises : tuple of Symbol
        Independent standard normal numbers.
    result : Expr
        The state after the step.
    x, dt, mobility, kT : Symbol
        The symbols of the step.
    parameters : dict of str to Symbol
        Symbols of the integrator's own parameters.
    """

    x: sympy.Symbol
    dt: sympy.Symbol
    mobility: sympy.Symbol
    kT: sympy.Symbol
    stages: tuple[sympy.Expr, ...]
    forces: tuple[sympy.Symbol, ...]
    noises: tuple[sympy.Symbol, ...]
    result: sympy.Expr
    parameters: dict[str, sympy.Symbol]


@attrs.frozen
class LossFormula:
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
    parameters : dict of str to Symbol
        Symbols of the objective's own parameters.
    """

    x: sympy.Symbol
    x_next: sympy.Symbol
    gradient: sympy.Symbol
    gradient_next: sympy.Symbol
    dt: sympy.Symbol
    mobility: sympy.Symbol
    kT: sympy.Symbol
    loss: sympy.Expr
    parameters: dict[str, sympy.Symbol]


@attrs.frozen
class IntensityFormula:
    """Intensity of a protocol in symbols.

    Parameters
    ----------
    t, duration : Symbol
        Time since the start, and when the protocol ends.
    intensity : Expr
        a(t).
    parameters : dict of str to Symbol
        Symbols of the protocol's own parameters.
    """

    t: sympy.Symbol
    duration: sympy.Symbol
    intensity: sympy.Expr
    parameters: dict[str, sympy.Symbol]


def flat_parameters(plugin: Plugin) -> Iterator[tuple[str, Parameter, Any]]:
    """Yield (dotted name, declaration, value) of a plugin's parameters and of those of the plugins that it holds."""
    for spec in parameters_of(plugin):
        yield spec.name, spec, getattr(plugin, spec.name)
    for field in fields_of(plugin):
        held = getattr(plugin, field.name)
        if isinstance(held, Plugin):
            for name, spec, value in flat_parameters(held):
                yield f"{field.name}.{name}", spec, value


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
