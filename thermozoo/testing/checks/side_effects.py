"""The check that a plugin does nothing beside returning something; of every kind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from thermozoo.errors import ParameterError, ShapeError
from thermozoo.testing.context import Context
from thermozoo.testing.exercise import Call, calls_of
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import CannotRun, CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.side_effects import SideEffects, fingerprint, watched


@check(
    claim="It prints nothing, and changes nothing but what it returns: neither random states, NumPy's, warnings' and "
    "locale settings, environment and folder of the process, nor what it is given, nor itself.",
)
def side_effects(context: Context) -> Measured:
    """Call all that the author wrote twice: libraries that are imported at first may change what they like."""
    own = fingerprint(context.plugin)
    calls = 0
    try:
        found = calls_of(context)
        while (one := _next(found)) is not None:
            before = fingerprint(one.given)
            if not one.warm:
                _watch(one)
            seen = _watch(one)
            calls += 1
            if said := seen.in_words():
                raise CheckFailed(f"{_named(context, one)} {said}")
            if fingerprint(one.given) != before:
                raise CheckFailed(f"{_named(context, one)} changes what it is given: work on a copy")
            if fingerprint(context.plugin) != own:
                raise CheckFailed(
                    f"{_named(context, one)} changes the plugin itself, which is to be the same at every call: work on "
                    "a copy of its fields"
                )
    except (CheckFailed, CannotRun, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise DoesNotApply(f"calling it raises {type(error).__name__}, of which other checks speak") from error
    if not calls:
        raise DoesNotApply("nothing of it can be called here")
    return Measured("calls with a side effect", 0, 0, 0, detail=f"{calls} calls")


def _next(found: Iterator[Call]) -> Call | None:
    """Return the next call; to know how it is to be called, the plugin is called as well."""
    with watched():
        return next(found, None)


def _watch(one: Call) -> SideEffects:
    with watched() as seen, contextlib.suppress(ShapeError, ParameterError):  # with which it refuses what it is given
        one.make()
    return seen


def _named(context: Context, one: Call) -> str:
    return one.method if " " in one.method else f"{context.title}.{one.method}()"
