"""Formulas of plugins in symbols: energy, step, loss, intensity."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo.interfaces import Integrator, Objective, Potential, Protocol
from thermozoo.interfaces.twin import check_names, twin_of
from thermozoo.symbolic.formula import Formula
from thermozoo.symbolic.guard import call, scalar_expression

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
    owner = type(potential).__name__
    twin, symbols = twin_of(potential)
    x = sympy.Symbol("x", real=True)
    check_names(owner, symbols, [x])
    allowed = {x, *symbols.values()}
    energy = scalar_expression(call(twin.energy, owner, x), twin.energy, owner, allowed)
    written = call(twin.gradient, owner, x)
    gradient = None if written is None else scalar_expression(written, twin.gradient, owner, allowed)
    return EnergyFormula(x=x, parameters=symbols, energy=energy, written_gradient=gradient)


class _Step:
    """The symbols that an integrator's step sees; records where forces and noises are asked for."""

    def __init__(self) -> None:
        self.x = sympy.Symbol("x", real=True)
        self.dt = sympy.Symbol("dt", positive=True)
        self.mobility = sympy.Symbol("mobility", positive=True)
        self.kT = sympy.Symbol("kT", positive=True)
        self._stages: list[sympy.Expr] = []
        self._forces: list[sympy.Symbol] = []
        self._noises: list[sympy.Symbol] = []

    def force(self, at: Any) -> sympy.Symbol:
        self._stages.append(sympy.sympify(at))
        self._forces.append(sympy.Symbol(f"force_{len(self._forces)}", real=True))
        return self._forces[-1]

    def noise(self) -> sympy.Symbol:
        self._noises.append(sympy.Symbol(f"noise_{len(self._noises)}", real=True))
        return self._noises[-1]


def trace_step(integrator: Integrator) -> StepFormula:
    """Call an integrator's step with symbols.

    Raises
    ------
    FormulaError
        When it does not return one real expression of these symbols and the declared parameters.
    """
    owner = type(integrator).__name__
    twin, symbols = twin_of(integrator)
    s = _Step()
    value = call(twin.step, owner, s)
    own = [s.x, s.dt, s.mobility, s.kT, *s._forces, *s._noises]
    check_names(owner, symbols, own)
    allowed = {*own, *symbols.values()}
    result = scalar_expression(value, twin.step, owner, allowed)
    for stage in s._stages:
        scalar_expression(stage, twin.step, owner, allowed)
    return StepFormula(
        x=s.x,
        dt=s.dt,
        mobility=s.mobility,
        kT=s.kT,
        stages=tuple(s._stages),
        forces=tuple(s._forces),
        noises=tuple(s._noises),
        result=result,
        parameters=symbols,
    )


class _Loss:
    """The symbols that an objective's step_loss sees."""

    def __init__(self) -> None:
        self.x = sympy.Symbol("x", real=True)
        self.x_next = sympy.Symbol("x_next", real=True)
        self.gradient = sympy.Symbol("gradient", real=True)
        self.gradient_next = sympy.Symbol("gradient_next", real=True)
        self.dt = sympy.Symbol("dt", positive=True)
        self.mobility = sympy.Symbol("mobility", positive=True)
        self.kT = sympy.Symbol("kT", positive=True)


def trace_loss(objective: Objective) -> LossFormula:
    """Call an objective's loss with symbols.

    Raises
    ------
    FormulaError
        When it does not return one real expression of these symbols and the declared parameters.
    """
    owner = type(objective).__name__
    twin, symbols = twin_of(objective)
    s = _Loss()
    check_names(owner, symbols, vars(s).values())
    allowed = {*vars(s).values(), *symbols.values()}
    loss = scalar_expression(call(twin.step_loss, owner, s), twin.step_loss, owner, allowed)
    return LossFormula(**vars(s), loss=loss, parameters=symbols)


def trace_intensity(protocol: Protocol) -> IntensityFormula:
    """Call a protocol's intensity with symbols.

    Raises
    ------
    FormulaError
        When it does not return one real expression of these symbols and the declared parameters.
    """
    owner = type(protocol).__name__
    twin, symbols = twin_of(protocol)
    t = sympy.Symbol("t", nonnegative=True)
    duration = sympy.Symbol("duration", positive=True)
    check_names(owner, symbols, [t, duration])
    value = call(twin.intensity, owner, t, duration)
    intensity = scalar_expression(value, twin.intensity, owner, {t, duration, *symbols.values()})
    return IntensityFormula(t=t, duration=duration, intensity=intensity, parameters=symbols)
