"""Checks that every kind of plugin shares."""

from __future__ import annotations

import contextlib
import copy
import inspect
import re
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from thermozoo.config.plugins import resolved_plugin
from thermozoo.errors import FormulaError
from thermozoo.interfaces import Encoding, Imperfection, Projection
from thermozoo.interfaces.tree import values_of, with_values
from thermozoo.parameters import doc_of
from thermozoo.registry.discovery import defined_at
from thermozoo.registry.files import from_file
from thermozoo.testing import saved
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import ProbeQuartic
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import parameter_values

if TYPE_CHECKING:
    from thermozoo.symbolic.called import Called

_EQUATION = re.compile(r"\.\. math::|:math:|\$[^$]+\$")


@check(
    claim="The docstring states the equation and a reference, and every setting has a sentence.",
)
def documented(context: Context) -> Measured:
    """Read the docstring; a data set needs no equation, and a single file is not required to have any of it."""
    doc = inspect.getdoc(context.cls) if context.cls.__dict__.get("__doc__") else None
    missing = []
    if not doc:
        missing.append("a docstring")
    else:
        if context.cls.declared.equation and not _EQUATION.search(doc):
            missing.append("its equation (a '.. math::' line)")
        if not re.search(r"^References$\n-+\n\S", doc, flags=re.MULTILINE):
            missing.append("a 'References' section")
    missing += [
        f"a sentence on {field.name} (doc=...)"
        for field in attrs.fields(context.cls)
        if field.init and not doc_of(field)
    ]
    if missing and from_file(context.cls):
        raise DoesNotApply(f"it is a single file; an installed plugin would need {', '.join(missing)}")
    if missing:
        raise CheckFailed(f"{context.title} lacks {', '.join(missing)}")
    return Measured("missing parts", 0, 0, 0, detail=f"{len(str(doc).splitlines())} lines")


@check(
    claim="The class is frozen; a config that is written and read back gives the same plugin, and so does a computer's "
    "file.",
)
def round_trip(context: Context) -> Measured:
    """Write it as TOML, as a config that names it and, if a computer holds it, in a computer's file; read, compare."""
    if not _clamped(context.plugin):
        raise CheckFailed(f"{context.title} can be changed after it was made: decorate it with @attrs.frozen")
    _name_is_free(context)
    if not [f for f in attrs.fields(context.cls) if f.init]:
        raise DoesNotApply("it has neither parameters nor settings")

    def claim(values: dict[str, float]) -> None:
        plugin = with_values(context.plugin, values)
        for name, value in values_of(plugin).items():
            if name in values and value != values[name]:
                raise CheckFailed(f"{name} was set to {values[name]!r} and reads {value!r}", {"parameters": values})
        _same("its settings, written as TOML and given to the class,", plugin, saved.from_class(plugin))
        if not plugin.declared.table and not isinstance(
            plugin, Encoding | Imperfection | Projection
        ):  # which stand by name
            return  # no config names one
        first, second = saved.from_config(plugin)
        _same("a config that names it", plugin, first)
        _same("the resolved config of a run with it", plugin, second)

    tried = for_all(parameter_values(context.plugin), claim, seed=context.integer("round-trip"), examples=20)
    if context.cls.kind == "potential":
        _file_round_trip(context)
    if context.cls.kind == "interaction" and context.plugin.order == 2:
        _interaction_round_trip(context)
    return Measured("settings that differ", 0, 0, 0, detail=f"{tried} settings")


def _name_is_free(context: Context) -> None:
    """Refuse a name that an installed plugin has: a config that gives it would mean two, and a run refuses both."""
    kind, name = context.cls.kind, context.cls.name
    for record in context.plugins().records:
        other = record.plugin
        if other is None or (record.kind, record.name) != (kind, name) or other is context.cls:
            continue
        if defined_at(other) != defined_at(context.cls):
            raise CheckFailed(
                f"{name!r} is taken: a {kind} of {record.source.title} ({defined_at(other)}) is called so, and a "
                "config cannot mean both; give it another name"
            )


def _clamped(plugin: Any) -> bool:
    """Whether attrs refuses every assignment to the plugin."""
    try:
        copy.copy(plugin).assigned = None
    except attrs.exceptions.FrozenError:
        return True
    except AttributeError:  # for want of a slot: fields can still be assigned to
        return False
    return False


def _same(way: str, plugin: Any, again: Any) -> None:
    before = values_of(plugin)
    after = values_of(again)
    equal = before.keys() == after.keys() and all(np.array_equal(before[k], after[k]) for k in before)
    if again != plugin or not equal:
        raise CheckFailed(
            f"{way} gives another plugin", {"written": resolved_plugin(plugin), "read": resolved_plugin(again)}
        )


def _file_round_trip(context: Context) -> None:
    """Save and load computers whose units have drawn parameters, the same for all units and one value a unit."""
    rng = context.rng("computer-file")

    def claim(values: dict[str, float]) -> None:
        plugins = [with_values(context.plugin, values)]
        several = {
            name: np.resize([values[name], value], saved.UNITS) for name, value in values_of(context.plugin).items()
        }
        with contextlib.suppress(Exception):  # that a validator refuses one value per unit is another check's business
            plugins.append(with_values(context.plugin, several))
        for plugin in plugins:
            try:
                again = saved.from_computer_file(plugin, rng).onsite.potentials["units"]
            except FormulaError:
                return  # without a formula there is no computer to save, as one-formula says
            _same("a computer's file", plugin, again)

    for_all(parameter_values(context.plugin), claim, seed=context.integer("computer-file"), examples=5)


def _interaction_round_trip(context: Context) -> None:
    """Save and load computers whose units are coupled by an interaction with drawn parameters."""
    rng = context.rng("computer-file")

    def claim(values: dict[str, float]) -> None:
        plugin = with_values(context.plugin, values)
        try:
            again = saved.from_computer_file(ProbeQuartic(), rng, plugin)
        except FormulaError:
            return  # without a formula there is no computer to save, as one-formula says
        _same("a computer's file", plugin, again.couplings.interaction)

    for_all(parameter_values(context.plugin), claim, seed=context.integer("computer-file"), examples=5)


@check(
    claim="The formula is one real expression of one unit, the same whenever it is asked for.",
    about=lambda kind: bool(kind.symbols),
)
def one_formula(context: Context) -> Measured:
    """Call the formula with symbols twice; where it is a plain function of numbers, call it with numbers too."""
    import sympy

    from thermozoo.symbolic.called import called

    first, second = called(context.plugin), called(context.plugin)
    if first.expression != second.expression:
        raise CheckFailed(
            f"two calls of the formula give two expressions: {first.expression} and {second.expression}; a formula may "
            "depend on nothing but its arguments and the declared parameters"
        )
    if not context.cls.declared.together:
        _numbers_agree(context, first)
    detail = f"{sympy.count_ops(first.expression)} operations"
    return Measured("calls that differ", 0, 0, 0, detail=detail)


#: Values of a symbol of each sign, taken in turn.
_TRIED = {"real": (-1.7, -0.3, 0.2, 1.3, 4.1), "nonnegative": (0.0, 0.6, 1.8, 2.0), "positive": (2.0,)}


def _value(expression: Any, point: dict[Any, float]) -> complex:
    """Return what an expression is at a point, not-a-number at a pole."""
    import sympy

    exact = {symbol: sympy.Rational(value) for symbol, value in point.items()}  # of floats sympy takes no floor
    try:
        return complex(expression.evalf(30, subs=exact))
    except (ZeroDivisionError, TypeError):  # sympy raises the second where its value has no sign
        return complex("nan")


def _numbers_agree(context: Context, called: Called) -> None:
    """Compare calls of the author's method with numbers to the traced expression."""
    plugin = context.plugin
    values = values_of(plugin)
    method = getattr(plugin, context.cls.formula_name())
    tried = [_TRIED[one.sign] for one in context.cls.quantities()]
    points = [
        # of several states each another
        dict(
            zip(called.symbols.values(), (one[(k + place) % len(one)] for place, one in enumerate(tried)), strict=True)
        )
        for k in range(max(map(len, tried)))
    ]
    for point in points:
        here = {**point, **{called.parameters[k]: v for k, v in values.items() if np.ndim(v) == 0}}
        expected = _value(called.expression, here)
        try:
            got = complex(method(*point.values()))
        except ZeroDivisionError:
            if np.isfinite(expected):
                return
            continue  # a pole for both; whether there may be one is the next check's business
        except Exception:
            # a formula may insist on symbols; then there is only the expression
            return
        same = abs(got - expected) <= 1e-9 * (1.0 + abs(expected)) or (got != got and expected != expected)
        if not same:
            raise CheckFailed(
                f"called with numbers the formula gives {got.real:g}, called with symbols {expected.real:g}: "
                "it must not look at the type or the value of its arguments",
                {"arguments": [float(v) for v in point.values()], "parameters": values},
            )
