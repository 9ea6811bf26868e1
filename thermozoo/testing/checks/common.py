"""Checks that every kind of plugin shares."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from thermozoo.interfaces import INTERFACES, Plugin
from thermozoo.parameters import doc_of
from thermozoo.symbolic.trace import flat_parameters
from thermozoo.testing.context import Context
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply, Measured
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import parameter_values, with_values

_EQUATION = re.compile(r"\.\. math::|:math:|\$[^$]+\$")


@check(
    *INTERFACES,
    claim="The docstring states the equation and a reference, and every setting has a sentence.",
)
def documented(context: Context) -> Measured:
    """Read the docstring; a data set needs no equation."""
    doc = inspect.getdoc(context.cls) if context.cls.__dict__.get("__doc__") else None
    missing = []
    if not doc:
        missing.append("a docstring")
    else:
        if context.cls.kind != "dataset" and not _EQUATION.search(doc):
            missing.append("its equation (a '.. math::' line)")
        if not re.search(r"^References$\n-+\n\S", doc, flags=re.MULTILINE):
            missing.append("a 'References' section")
    missing += [
        f"a sentence on {field.name} (doc=...)"
        for field in attrs.fields(context.cls)
        if field.init and not doc_of(field)
    ]
    if missing:
        raise CheckFailed(f"{context.title} lacks {', '.join(missing)}")
    return Measured(f"{len(str(doc).splitlines())} lines")


def settings_of(plugin: Any) -> dict[str, Any]:
    """Return a plugin's settings as a config writes them; settings that TOML cannot hold are left out."""
    found: dict[str, Any] = {}
    for field in attrs.fields(type(plugin)):
        value = getattr(plugin, field.name)
        if not field.init:
            continue
        if isinstance(value, Plugin):
            found[field.alias] = settings_of(value)
        elif isinstance(value, np.ndarray):
            found[field.alias] = value.tolist()
        elif isinstance(value, tuple):
            found[field.alias] = list(value)
        elif isinstance(value, (bool, int, float, str, list, dict)):
            found[field.alias] = value
    return found


def _rebuilt(plugin: Any, table: dict[str, Any]) -> Any:
    """Return a plugin built from a table that was read from a config."""
    arguments: dict[str, Any] = {}
    for field in attrs.fields(type(plugin)):
        if field.alias in table:
            held = getattr(plugin, field.name)
            value = table[field.alias]
            arguments[field.alias] = _rebuilt(held, value) if isinstance(held, Plugin) else value
        elif field.init and field.default is attrs.NOTHING:
            arguments[field.alias] = getattr(plugin, field.name)
    return type(plugin)(**arguments)


@check(*INTERFACES, claim="A config that is written and read back gives the same plugin.")
def round_trip(context: Context) -> Measured:
    """Write parameters and settings as TOML, read them, build the plugin, compare."""
    import tomli_w

    if not [f for f in attrs.fields(context.cls) if f.init]:
        raise DoesNotApply("it has neither parameters nor settings")

    def claim(values: dict[str, float]) -> None:
        plugin = with_values(context.plugin, values)
        table = tomllib.loads(tomli_w.dumps(settings_of(plugin)))
        again = _rebuilt(plugin, table)
        before = {name: value for name, _, value in flat_parameters(plugin)}
        after = {name: value for name, _, value in flat_parameters(again)}
        if not set(values) <= set(before) or again != plugin or before != after:
            raise CheckFailed(
                "a config round trip changes it",
                {"written": table, "read": settings_of(again)},
            )
        for name, value in values.items():
            if before[name] != value:
                raise CheckFailed(f"{name} was set to {value!r} and reads {before[name]!r}", {"parameters": values})

    tried = for_all(parameter_values(context.plugin), claim, seed=context.integer("round-trip"), examples=20)
    return Measured(f"{tried} settings")


@check(
    "potential",
    "integrator",
    "objective",
    "protocol",
    claim="The formula is one real expression of one unit, the same whenever it is asked for.",
)
def one_formula(context: Context) -> Measured:
    """Trace the formula twice; where it is a plain function of a number, call it with numbers too."""
    import sympy

    from thermozoo.symbolic import trace

    plugin = context.plugin
    kind = context.cls.kind
    readers: dict[str, Callable[[], Any]] = {
        "potential": lambda: trace.trace_energy(plugin).energy,
        "integrator": lambda: trace.trace_step(plugin).result,
        "objective": lambda: trace.trace_loss(plugin).loss,
        "protocol": lambda: trace.trace_intensity(plugin).intensity,
    }
    first, second = readers[kind](), readers[kind]()
    if first != second:
        raise CheckFailed(
            f"two calls of the formula give two expressions: {first} and {second}; a formula may depend on "
            "nothing but its "
            "arguments and the declared parameters"
        )
    if kind in ("potential", "protocol"):
        _numbers_agree(context, first)
    return Measured(f"{sympy.count_ops(first)} operations")


def _numbers_agree(context: Context, expression: Any) -> None:
    """Compare calls of the author's method with numbers to the traced expression."""
    plugin = context.plugin
    from thermozoo.symbolic.trace import trace_energy, trace_intensity

    values = {name: value for name, _, value in flat_parameters(plugin)}
    if context.cls.kind == "potential":
        energy = trace_energy(plugin)
        symbols, points = energy.parameters, [{energy.x: v} for v in (-1.7, -0.3, 0.2, 1.3, 4.1)]
        call = plugin.energy
    else:
        intensity = trace_intensity(plugin)
        symbols = intensity.parameters
        points = [{intensity.t: f * 2.0, intensity.duration: 2.0} for f in (0.0, 0.3, 0.9, 1.0)]
        call = plugin.intensity
    for point in points:
        here = {**point, **{symbols[k]: v for k, v in values.items() if np.ndim(v) == 0}}
        expected = complex(expression.evalf(30, subs=here))
        try:
            got = complex(call(*point.values()))
        except Exception:
            # a formula may insist on symbols; then there is only the expression
            return
        same = abs(got - expected) <= 1e-9 * (1.0 + abs(expected)) or (got != got and expected != expected)
        if not same:
            raise CheckFailed(
                f"called with numbers the formula gives {got.real:g}, called with symbols {expected.real:g}: "
                "it must not look at "
                "the type or the value of its arguments",
                {"arguments": [float(v) for v in point.values()], "parameters": values},
            )
