"""Whether the formulas of a potential are numbers where they have to be, at the parameters that it is given.

Asked once, when the formulas are bound to parameters, so that every command and every way of training gives the same
answer: energy and force are finite at x = 0, where every run starts, the energy is finite everywhere and does not
jump, and nothing that has a limit at a state is lost there to 0 / 0 or to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Potential
from thermozoo.symbolic.calculus import with_limits
from thermozoo.symbolic.formula import Bound
from thermozoo.symbolic.guard import where_written
from thermozoo.symbolic.removable import lifted
from thermozoo.symbolic.smoothness import DIGITS, breaks, dividers, exact_value, switches, undefined, zeros

if TYPE_CHECKING:
    from thermozoo.symbolic.derive import PotentialFormulas

__all__ = ["check_defined", "evaluable", "infinite_curvature", "kinks"]

#: Of the units of a group, each with its own parameters, so many are looked at in many digits.
_UNITS = 8

#: How far beside a state rounding is looked for, in units of max(1, |x|), and how much of a value it may take.
_BESIDE, _LOST = 1e-7, 1e-2


def evaluable(expression: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """Return an expression in the form that code is generated from: with the limits that it has at single states."""
    return with_limits(lifted(expression, x), x)


def check_defined(potential: Potential, formulas: PotentialFormulas, values: Mapping[str, Any]) -> None:
    """Check what was derived from a potential at the parameters that it is given.

    Parameters
    ----------
    potential : Potential
        The plugin.
    formulas : PotentialFormulas
        What was derived from it.
    values : dict of str to float or ndarray
        Parameter values by dotted name: a number, or one value per unit.

    Raises
    ------
    FormulaError
        When energy or force are no finite numbers at x = 0 or at a state where they have a limit, the energy is no
        finite number at any other state, or it jumps.
    """
    if len({np.size(v) for v in values.values() if np.ndim(v)}) > 1:
        return  # of different numbers of units: who joins parameters and units says so
    _check_origin(potential, formulas, values)
    written = formulas.written
    if not any(s.has(formulas.x) for s in switches(written)):
        return
    for one in _units(values):
        numbers = formulas.bind(one).numbers
        bad = undefined(formulas.energy, formulas.x, numbers)
        if bad is not None:
            raise FormulaError(
                f"{_name(potential)}: the energy is {bad[1]} x = {bad[0]:g}{_with(one)}, where noise can take a unit "
                f"({where_written(potential.energy)}). Write an energy that is a finite number at every state."
            )
        _check_branches(potential, formulas, one, numbers)
        jumps = breaks([written], formulas.x, numbers, points=True)
        if jumps:
            first = min(jumps, key=lambda jump: abs(jump.x))
            raise FormulaError(
                f"{_name(potential)}: the energy jumps, so that its force is infinite: by {first.jumps[0]:g} at "
                f"x = {first.x:g}{_with(one)} ({where_written(potential.energy)}). Write a continuous energy."
            )
        _check_limits(potential, formulas, one, numbers)


def kinks(formulas: PotentialFormulas, values: Mapping[str, float]) -> list[tuple[float, float]]:
    """Return the states at which the force jumps, with the height of its jump, in increasing order.

    Parameters
    ----------
    formulas : PotentialFormulas
        What was derived from a potential.
    values : dict of str to float
        A number for each parameter.

    Examples
    --------
    >>> from thermozoo.symbolic.derive import potential_formulas
    >>> from thermozoo_plugins.potentials import Quartic
    >>> kinks(potential_formulas(Quartic()), {"J2": 1.0, "J4": 1.0})
    []
    """
    numbers = formulas.bind({name: float(value) for name, value in values.items()}).numbers
    plain = formulas.plain
    found = breaks([plain.energy, -plain.gradient], formulas.x, numbers)
    return [(one.x, one.jumps[1]) for one in found if one.jumps[1] and np.isfinite(one.jumps[1])]


def infinite_curvature(formulas: PotentialFormulas, values: Mapping[str, Any]) -> list[float]:
    """Return for each unit, or for some of many, a state at which its energy bends without bound: no step is stable.

    Parameters
    ----------
    formulas : PotentialFormulas
        What was derived from a potential.
    values : dict of str to float or ndarray
        Parameter values by dotted name: a number, or one value per unit.

    Examples
    --------
    >>> from thermozoo.symbolic.derive import potential_formulas
    >>> from thermozoo_plugins.potentials import Quartic
    >>> infinite_curvature(potential_formulas(Quartic()), {"J2": 1.0, "J4": 1.0})
    []
    """
    if not any(s.has(formulas.x) for s in switches(formulas.curvature)):
        return []
    found = []
    for one in _units(values):
        numbers = {formulas.parameters[name]: value for name, value in one.items()}
        bad = undefined(formulas.curvature, formulas.x, numbers)
        if bad is not None:
            found.append(bad[0])
    return found


def _name(potential: Potential) -> str:
    return type(potential).__name__


def _with(values: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{name} = {float(value):g}" for name, value in values.items())
    return f" with {listed}" if listed else ""


def _units(values: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    """Yield the parameters of single units: all different ones, or some where there are many."""
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    size = max((a.size for a in arrays.values() if a.ndim), default=1)
    rows = np.unique(np.stack([np.broadcast_to(a, (size,)) for a in arrays.values()]), axis=1) if arrays else None
    if rows is None:
        yield {}
        return
    for column in np.unique(np.linspace(0, rows.shape[1] - 1, _UNITS).round().astype(int)):
        yield {name: float(v) for name, v in zip(arrays, rows[:, column], strict=True)}


def _values_at(bound: Bound, expression: sympy.Expr, x: sympy.Symbol, at: float) -> Any:
    return bound.function("value", [x], expression, variable=x)(np.float64(at))[0]


def _check_origin(potential: Potential, formulas: PotentialFormulas, values: Mapping[str, Any]) -> None:
    """Raise FormulaError when energy or force are no numbers where every run starts."""
    for what, expression in (("energy", formulas.energy), ("force", formulas.gradient)):
        found = np.atleast_1d(_values_at(formulas.bind(values), expression, formulas.x, 0.0))
        bad = ~np.isfinite(found)
        if not bad.any():
            continue
        unit = int(np.argmax(bad))
        one = {name: np.ravel(v)[unit if np.ndim(v) else 0] for name, v in values.items()}
        infinite = "infinite" if np.isinf(found[unit]) else "not a number (0 / 0, or the like)"
        raise FormulaError(
            f"{_name(potential)}: the {what} is {infinite} at x = 0{_with(one)}, where every run starts "
            f"({where_written(potential.energy)}). Choose other parameters, or write an energy that is finite and "
            "smooth there."
        )


def _check_branches(
    potential: Potential, formulas: PotentialFormulas, values: Mapping[str, float], numbers: Mapping[Any, float]
) -> None:
    """Raise FormulaError when no branch of a piecewise formula holds at the state where two of them meet."""
    edges = {r.lhs - r.rhs for p in formulas.written.atoms(sympy.Piecewise) for r in p.atoms(sympy.core.relational.Rel)}
    for edge in sorted(edges, key=sympy.default_sort_key):
        for place in map(float, zeros(edge, formulas.x, numbers)):
            if not np.isfinite(_values_at(formulas.bind(values), formulas.energy, formulas.x, place)):
                raise FormulaError(
                    f"{_name(potential)}: the energy has no value at x = {place:g}{_with(values)}, where no branch of "
                    f"the formula holds ({where_written(potential.energy)}). Write <= for <, or a last branch "
                    "(value, True)."
                )


def _check_limits(
    potential: Potential, formulas: PotentialFormulas, values: Mapping[str, float], numbers: Mapping[Any, float]
) -> None:
    """Raise FormulaError when a limit that energy, force or curvature have at a state is lost to 0 / 0 or rounding."""
    for divider in dividers(formulas.plain.curvature):
        for place in zeros(divider, formulas.x, numbers):
            for what in ("energy", "gradient", "curvature"):
                if _lost(formulas, what, place, numbers):
                    raise FormulaError(
                        f"{_name(potential)}: the {'force' if what == 'gradient' else what} has a limit at "
                        f"x = {float(place):g}{_with(values)}, but the formula is 0 / 0 there, and its terms cancel "
                        f"beside it ({where_written(potential.energy)}). Write it without the quotient, or as a "
                        "function of one number u = a x + b, such as sin(u) / u."
                    )


def _lost(formulas: PotentialFormulas, what: str, place: Any, numbers: Mapping[Any, float]) -> bool:
    """Whether a formula that has a limit at a state is not evaluated there, or beside it, to more than its rounding."""
    import mpmath

    exact, code, x = getattr(formulas.plain, what), getattr(formulas, what), formulas.x
    at = float(place)
    beside = at + _BESIDE * max(1.0, abs(at))
    with mpmath.workdps(DIGITS):
        size = max(mpmath.mpf(1), abs(place))
        steps = [sign * size * mpmath.mpf(distance) for distance in ("1e-20", "1e-22") for sign in (-1, 1)]
        sides = [exact_value(exact, x, place + step, numbers) for step in steps]
        near = exact_value(exact, x, beside, numbers)
        if near is None or None in sides or max(sides) - min(sides) > 1e-9 * (1 + abs(near)):
            return False  # no limit: a pole, a logarithm, a kink, or not defined
    there, here = (float(_values_at(Bound(dict(numbers)), code, x, at)) for at in (at, beside))
    return not (np.isfinite(there) and abs(here - float(near)) <= _LOST * (abs(float(near)) + _LOST))
