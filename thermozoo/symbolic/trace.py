"""Calling an author's formula with symbols, and saying clearly what is wrong when that fails."""

from __future__ import annotations

import contextlib
import linecache
import re
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import sympy

from thermozoo.errors import FormulaError, ThermozooError
from thermozoo.interfaces import Integrator, Objective, Plugin, Potential, Protocol
from thermozoo.parameters import Parameter, fields_of, parameters_of

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

#: Seconds after which a formula that has not returned is taken to loop for ever.
TIME_LIMIT = 20.0

#: Names that differ between sympy and the numeric modules that authors reach for first.
_RENAMED = {
    "abs": "Abs",
    "absolute": "Abs",
    "fabs": "Abs",
    "maximum": "Max",
    "minimum": "Min",
    "power": "Pow",
    "arctan": "atan",
    "arcsin": "asin",
    "arccos": "acos",
    "arctanh": "atanh",
    "arcsinh": "asinh",
    "where": "Piecewise",
    "heaviside": "Heaviside",
    "sign": "sign",
    "expm1": "exp",
    "log1p": "log",
}


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
    """Loss of one unit for one step in symbols."""

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
    """Intensity of a protocol in symbols."""

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


def _symbol(name: str, spec: Parameter) -> sympy.Symbol:
    low = spec.above if spec.above is not None else spec.at_least
    high = spec.below if spec.below is not None else spec.at_most
    assumptions: dict[str, bool] = {"real": True}
    if low is not None and low >= 0:
        assumptions["positive" if low > 0 or spec.above is not None else "nonnegative"] = True
    if high is not None and high <= 0:
        assumptions["negative" if high < 0 or spec.below is not None else "nonpositive"] = True
    return sympy.Symbol(name.replace(".", "_"), **assumptions)


def _twin(plugin: Any, prefix: str = "") -> tuple[Any, dict[str, sympy.Symbol]]:
    """Return a twin of `plugin` whose parameters are symbols, and the symbols by dotted name."""
    symbols = {prefix + s.name: _symbol(prefix + s.name, s) for s in parameters_of(plugin)}
    values: dict[str, Any] = {}
    for field in fields_of(plugin):
        held = getattr(plugin, field.name)
        if prefix + field.name in symbols:
            values[str(field.alias)] = symbols[prefix + field.name]
        elif isinstance(held, Plugin):
            values[str(field.alias)], inner = _twin(held, f"{prefix}{field.name}.")
            symbols.update(inner)
        elif field.init:
            values[str(field.alias)] = held
    return type(plugin)(**values), symbols


@contextlib.contextmanager
def _time_limit(what: str) -> Iterator[None]:
    """Stop a formula that does not return; only the main thread of a system with SIGALRM can be interrupted."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def where_written(method: Callable[..., Any]) -> str:
    """Return ``file, line n`` of a method."""
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return f"{code.co_filename}, line {code.co_firstlineno}" if code else "unknown place"


def _explain(method: Callable[..., Any], owner: str, error: BaseException) -> FormulaError:
    """Turn whatever a formula raised into a message that names file, line, call and replacement."""
    code = getattr(method, "__func__", method).__code__
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == code.co_filename]
    name = f"{owner}.{code.co_name}"
    line = frames[-1].lineno if frames else code.co_firstlineno
    source = linecache.getline(code.co_filename, line or 0).strip()
    place = f"{code.co_filename}, line {line}: {source!r}"
    if isinstance(error, TimeoutError):
        return FormulaError(
            f"{name} did not return within {TIME_LIMIT:g} s ({place}): does it loop for ever? A formula is called "
            f"once, "
            "with symbols."
        )
    call = re.search(r"\b(np|numpy|math|scipy|special|jnp|torch)\.(?:\w+\.)*(\w+)\s*\(", source)
    if call:
        function = _RENAMED.get(call[2], call[2])
        return FormulaError(
            f"{name} calls {call[1]}.{call[2]}, which does not take symbols ({place}): write sympy.{function} instead."
        )
    if "truth value" in str(error) or "relational" in str(error):
        return FormulaError(
            f"{name} branches on a symbol ({place}): write sympy.Piecewise((value, condition), (other, True)) instead "
            "of if."
        )
    return FormulaError(
        f"{name} raised {type(error).__name__}: {error} ({place}). A formula is called with sympy symbols: use "
        f"arithmetic "
        "and sympy's functions."
    )


def _call(method: Callable[..., Any], owner: str, *arguments: Any) -> Any:
    try:
        with _time_limit(owner):
            return method(*arguments)
    except ThermozooError:
        raise
    except Exception as error:
        raise _explain(method, owner, error) from error


def _expression(value: Any, method: Callable[..., Any], owner: str, allowed: set[sympy.Symbol]) -> sympy.Expr:
    """Return `value` as a scalar expression of the allowed symbols, or say what it is instead."""
    place = where_written(method)
    name = f"{owner}.{method.__name__}"
    if value is None:
        raise FormulaError(f"{name} returned None ({place}): return the expression.")
    try:
        expression = sympy.sympify(value, strict=True)
    except (sympy.SympifyError, TypeError, ValueError):
        expression = None
    if not isinstance(expression, sympy.Expr) or getattr(expression, "is_Matrix", False):
        raise FormulaError(
            f"{name} must return one expression of one unit, got {type(value).__name__} ({place}): a formula returns a "
            "scalar, never a vector; sums over units are thermozoo's part."
        )
    strange = expression.free_symbols - allowed
    if strange:
        listed = ", ".join(sorted(map(str, strange)))
        known = ", ".join(sorted(map(str, allowed)))
        raise FormulaError(
            f"{name} depends on undeclared symbols: {listed} ({place}); it may use {known}. Declare a parameter with "
            "thermozoo.parameter()."
        )
    bad = expression.atoms(sympy.I, sympy.zoo, sympy.nan, sympy.oo, -sympy.oo)
    if bad or expression.is_real is False:
        raise FormulaError(f"{name} is not a real, finite expression ({place}): {expression}")
    undefined = expression.atoms(sympy.core.function.AppliedUndef)
    if undefined:
        raise FormulaError(f"{name} uses the undefined function {next(iter(undefined)).func} ({place}).")
    return expression


def trace_energy(potential: Potential) -> EnergyFormula:
    """Call a potential's formula with symbols.

    Raises
    ------
    FormulaError
        When it does not return one real expression of `x` and the declared parameters.
    """
    owner = type(potential).__name__
    twin, symbols = _twin(potential)
    x = sympy.Symbol("x", real=True)
    allowed = {x, *symbols.values()}
    energy = _expression(_call(twin.energy, owner, x), twin.energy, owner, allowed)
    written = _call(twin.gradient, owner, x)
    gradient = None if written is None else _expression(written, twin.gradient, owner, allowed)
    return EnergyFormula(x=x, parameters=symbols, energy=energy, written_gradient=gradient)


class _Step:
    """The symbols that an integrator's step sees; records where forces and noises are asked for."""

    def __init__(self) -> None:
        self.x = sympy.Symbol("x", real=True)
        self.dt = sympy.Symbol("dt", positive=True)
        self.mobility = sympy.Symbol("mobility", positive=True)
        self.kT = sympy.Symbol("kT", positive=True)
        self.stages: list[sympy.Expr] = []
        self.forces: list[sympy.Symbol] = []
        self.noises: list[sympy.Symbol] = []

    def force(self, at: Any) -> sympy.Symbol:
        self.stages.append(sympy.sympify(at))
        self.forces.append(sympy.Symbol(f"force_{len(self.forces)}", real=True))
        return self.forces[-1]

    def noise(self) -> sympy.Symbol:
        self.noises.append(sympy.Symbol(f"noise_{len(self.noises)}", real=True))
        return self.noises[-1]


def trace_step(integrator: Integrator) -> StepFormula:
    """Call an integrator's step with symbols."""
    owner = type(integrator).__name__
    twin, symbols = _twin(integrator)
    s = _Step()
    value = _call(twin.step, owner, s)
    allowed = {s.x, s.dt, s.mobility, s.kT, *s.forces, *s.noises, *symbols.values()}
    result = _expression(value, twin.step, owner, allowed)
    for stage in s.stages:
        _expression(stage, twin.step, owner, allowed)
    return StepFormula(
        x=s.x,
        dt=s.dt,
        mobility=s.mobility,
        kT=s.kT,
        stages=tuple(s.stages),
        forces=tuple(s.forces),
        noises=tuple(s.noises),
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
    """Call an objective's loss with symbols."""
    owner = type(objective).__name__
    twin, symbols = _twin(objective)
    s = _Loss()
    allowed = {*vars(s).values(), *symbols.values()}
    loss = _expression(_call(twin.step_loss, owner, s), twin.step_loss, owner, allowed)
    return LossFormula(**vars(s), loss=loss, parameters=symbols)


def trace_intensity(protocol: Protocol) -> IntensityFormula:
    """Call a protocol's intensity with symbols."""
    owner = type(protocol).__name__
    twin, symbols = _twin(protocol)
    t = sympy.Symbol("t", nonnegative=True)
    duration = sympy.Symbol("duration", positive=True)
    value = _call(twin.intensity, owner, t, duration)
    intensity = _expression(value, twin.intensity, owner, {t, duration, *symbols.values()})
    return IntensityFormula(t=t, duration=duration, intensity=intensity, parameters=symbols)
