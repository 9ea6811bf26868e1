"""The check of what a plugin states of its parameters together."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thermozoo.constraints import Constraint, own_constraints
from thermozoo.interfaces import Plugin
from thermozoo.interfaces.tree import flat_parameters, members, values_of
from thermozoo.parameters import is_symbolic, parameters_of
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.lines import formula_line
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import parameter_values, values_within

#: Draws from the bounds alone. One that leaves out a thousandth of them may pass for one that leaves out nothing.
_DRAWS = 400

#: Draws within the constraints.
_DRAWS_WITHIN = 40

#: Relative change of a parameter that rounding does not make.
_ROUNDING = 1e-9


@check(
    claim="Each constraint is one relation of declared parameters, of symbols and of numbers alike; some values within "
    "the bounds satisfy it and some break it.",
    concerns=lambda cls: cls.constraints is not Plugin.constraints,
)
def constraints(context: Context) -> Measured:
    """Draw from the bounds alone, then within the constraints; those of plugins that it holds are for them."""
    from hypothesis import strategies as st

    found = own_constraints(context.plugin)
    if not found:
        raise DoesNotApply("with these settings it states no constraint")
    line = formula_line(context.plugin, "constraints")
    if own_constraints(context.plugin) != found:
        raise CheckFailed("two calls of constraints() give different relations", line=line)
    breaking = dict.fromkeys(found, 0)

    def anywhere(values: dict[str, float]) -> None:
        for one in found:
            breaking[one] += not one.holds(values)
        _numbers_agree(context.plugin, found, values, line)

    bounds = st.fixed_dictionaries({name: values_within(spec) for name, spec, _ in flat_parameters(context.plugin)})
    tried = for_all(bounds, anywhere, seed=context.integer("constraints"), examples=_DRAWS)
    for one, count in breaking.items():
        if not count:
            raise CheckFailed(
                f"{one.text} is broken by 0 of {tried} draws from the bounds, expected some: it excludes nothing. "
                "Remove it, or mend it",
                line=line,
            )
    within: list[dict[str, float]] = []
    for_all(
        parameter_values(context.plugin), within.append, seed=context.integer("constrained"), examples=_DRAWS_WITHIN
    )
    given = values_of(context.plugin)
    for one in found:
        if all(values[name] == given[name] for values in within for name in one.names):
            listed = ", ".join(f"{name} = {given[name]:g}" for name in one.names)
            raise CheckFailed(
                f"{one.text} is satisfied by {listed} and by nothing else that was tried, expected several values: "
                "declare one parameter less and compute it from the others",
                {"parameters": given},
                line=line,
            )
    shares = ", ".join(f"{one.text} broken by {count} of {tried} draws" for one, count in breaking.items())
    return Measured("constraints that exclude nothing or all", 0, 0, 0, detail=shares)


def _numbers_agree(plugin: Any, stated: Sequence[Constraint], values: Mapping[str, float], line: str) -> None:
    """Compare what the author's method says of numbers with the relations that it gave for symbols."""
    try:
        answer = _unchecked(plugin, values).constraints()
        alone = isinstance(answer, (bool, np.bool_)) or is_symbolic(answer)
        given = [bool(one) for one in ([answer] if alone else answer)]
    except Exception:
        return  # it may insist on symbols; then there are only the relations
    expected = [bool(one.holds(values)) for one in stated]
    if given != expected and all(_clear(one, values) for one in stated):
        relations = ", ".join(one.text for one in stated)
        raise CheckFailed(
            f"called with symbols, constraints() gives {relations}, which is {_words(expected)} here; called with "
            f"numbers it gives {_words(given)}: it must not look at the type or the value of its parameters",
            {"parameters": dict(values)},
            line=line,
        )


def _words(truths: Sequence[bool]) -> str:
    return ", ".join(str(one).lower() for one in truths) or "nothing"


def _clear(one: Constraint, values: Mapping[str, float]) -> bool:
    """Whether the values are not at an edge of a constraint, where rounding decides."""
    beside = {name: np.full(2 * len(one.names), values[name]) for name in one.names}
    for k, name in enumerate(one.names):
        beside[name][2 * k : 2 * k + 2] *= [1 - _ROUNDING, 1 + _ROUNDING]
    return len(set(one.holds(beside).tolist())) == 1


def _unchecked(plugin: Any, values: Mapping[str, float]) -> Any:
    """Return a copy of a plugin with numbers that may break its constraints, which its class would refuse."""
    copied = copy.deepcopy(plugin)
    for prefix, one in members(copied):
        for spec in parameters_of(one):
            object.__setattr__(one, spec.name, values[prefix + spec.name])
    return copied
