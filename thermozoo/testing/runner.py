"""Running checks and keeping apart what can become of them."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import mpmath
import numpy as np

from thermozoo.clock import since
from thermozoo.dynamics.engines import Engine
from thermozoo.errors import DataError, FormulaError, ParameterError
from thermozoo.interfaces import Plugin
from thermozoo.interfaces.tree import values_of
from thermozoo.registry.catalogue import Catalogue
from thermozoo.symbolic.time_limit import time_limit as limited
from thermozoo.testing.context import Context, available_engines
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import (
    ONLY_FULL,
    CannotRun,
    CheckFailed,
    DoesNotApply,
    Outcome,
    Report,
    Status,
)
from thermozoo.testing.registry import Check, checks_for, kind_of
from thermozoo.testing.side_effects import watched

__all__ = ["TIME_LIMIT", "context_for", "run_check", "verify"]

#: For how long a check may run unless its caller says otherwise [second]: the longest take a minute on a slow machine.
TIME_LIMIT = 300.0


def context_for(
    plugin: Plugin | type[Plugin],
    *,
    profile: str = "quick",
    seed: int = 0,
    engines: Iterable[Engine] | None = None,
    catalogue: Catalogue | None = None,
) -> Context:
    """Return the context in which a plugin (class or instance) is checked.

    Raises
    ------
    ParameterError
        When a class needs settings that have no default, or a parameter has one value per unit.
    """
    given: Any = plugin
    if isinstance(plugin, type):
        required = [f.name for f in attrs.fields(given) if f.init and f.default is attrs.NOTHING]
        if required:
            raise ParameterError(
                f"{plugin.__name__} has settings without a default: {', '.join(required)}; give an instance, or "
                "--set name=value on the command line"
            )
        given = given()
    several = [name for name, value in values_of(given).items() if np.ndim(value)]
    if several:
        raise ParameterError(
            f"{given.name!r} is verified with one number for each parameter, and {several[0]} has one value per unit: "
            "give a number (the checks try values per unit by themselves)"
        )
    return Context(
        plugin=given,
        profile=profile,
        seed=seed,
        engines=available_engines() if engines is None else tuple(engines),
        catalogue=catalogue,
    )


class _OutOfTimeError(BaseException):
    """A check takes too long; no plugin that catches every Exception catches it."""


def run_check(check: Check, context: Context, time_limit: float = TIME_LIMIT) -> Outcome:
    """Run one check and return what became of it; nothing that a plugin raises passes, but a KeyboardInterrupt."""
    start = time.perf_counter()
    found: dict[str, Any]
    try:
        # oracles raise mpmath's precision, which is global
        with (
            limited(time_limit, _OutOfTimeError),
            watched(),
            mpmath.workdps(mpmath.mp.dps),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")  # a plugin's warnings are its author's; checks look at values
            measured = check.function(context) or Measured()
        found = {"status": Status.PASSED, **_comparison(measured)}
    except CheckFailed as failure:
        found = {
            "status": Status.FAILED,
            "reason": failure.message,
            "counterexample": failure.counterexample,
            "line": failure.line or context.line,
            **_comparison(failure.measured or Measured()),
        }
    except DoesNotApply as answer:
        found = {"status": Status.DOES_NOT_APPLY, "reason": str(answer)}
    except (CannotRun, DataError) as answer:
        found = {"status": Status.NOT_RUN, "reason": str(answer)}
    except _OutOfTimeError as error:
        found = _out_of_time(context, error, time_limit)
    except FormulaError as error:  # the plugin's fault, and its message already names file and line
        found = {"status": Status.FAILED, "reason": str(error), "line": context.line}
    except (Exception, SystemExit) as error:
        inside = _plugin_frame(context, error)
        said = f"{type(error).__name__}: {error}" if str(error) else f"{type(error).__name__} (without a message)"
        frame = inside or traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename}, line {frame.lineno}"
        found = {
            "status": Status.FAILED if inside else Status.CRASHED,
            "reason": f"the plugin raised {said} ({place})" if inside else f"{said} ({place})",
            "counterexample": _case(vars(error).get("case")),
            "details": traceback.format_exc(),
            "line": context.line,
        }
    return Outcome(
        check=check.name,
        claim=check.claim,
        level=check.level,
        seconds=since(start),
        **found,
    )


def _out_of_time(context: Context, error: BaseException, limit: float) -> dict[str, Any]:
    """Return what is said of a check that did not end: it is the plugin's fault only where that was at work."""
    said = f"did not end within {limit:g} s"
    inside = _plugin_frame(context, error)
    if inside is None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename}, line {frame.lineno}"
        return {
            "status": Status.NOT_RUN,
            "reason": f"the check {said}, and was not at work in the plugin ({place}): raise the limit (--time-limit)",
        }
    return {
        "status": Status.FAILED,
        "reason": f"the plugin {said}: it was at work in {inside.name} ({inside.filename}, line {inside.lineno}); does "
        "it loop for ever, or wait? Raise the limit (--time-limit) if it only needs longer",
        "line": context.line,
    }


def _comparison(measured: Measured) -> dict[str, Any]:
    """Return what an outcome keeps of a comparison."""
    names = ("figure", "value", "expected", "tolerance", "notes", "grade")
    return {name: getattr(measured, name) for name in names}


def _plugin_frame(context: Context, error: BaseException) -> traceback.FrameSummary | None:
    """Return the innermost frame of a method of the plugin that an error came out of; None where it came from us."""
    own = {
        getattr(function, "__code__", None)
        for cls in context.cls.__mro__
        if not cls.__module__.startswith("thermozoo.")
        for member in vars(cls).values()
        for function in (member, getattr(member, "__func__", None), getattr(member, "fget", None))
    } - {None}
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code in own:
            found = traceback.FrameSummary(frame.f_code.co_filename, line, frame.f_code.co_name)
    return found


def _case(case: Any) -> dict[str, Any]:
    """Return a drawn case as a counterexample: parameters and what was drawn beside them."""
    if case is None:
        return {}
    if isinstance(case, dict):
        return {"parameters": case}
    parts = case if isinstance(case, tuple) else (case,)
    found: dict[str, Any] = {}
    for part in parts:
        found["parameters" if isinstance(part, dict) else "drawn"] = part
    return found


def _expected(outcome: Outcome, reason: str) -> Outcome:
    """Turn a failure that was expected into one, and a pass that was not into a failure."""
    if outcome.status is Status.FAILED:
        return attrs.evolve(outcome, status=Status.EXPECTED_FAILURE, reason=f"{reason} ({outcome.reason})")
    if outcome.status is Status.PASSED:
        return attrs.evolve(
            outcome,
            status=Status.FAILED,
            reason=f"was expected to fail ({reason}) but holds: remove the expectation",
        )
    return outcome


def verify(
    plugin: Plugin | type[Plugin],
    *,
    profile: str = "quick",
    seed: int = 0,
    engines: Iterable[Engine] | None = None,
    catalogue: Catalogue | None = None,
    expected_failures: Mapping[str, str] | None = None,
    progress: Callable[[Outcome], None] | None = None,
    time_limit: float = TIME_LIMIT,
) -> Report:
    """Run the suite on one plugin.

    Parameters
    ----------
    plugin : Plugin or type
        Instance, or class (its defaults are taken).
    profile : str
        ``"quick"`` or ``"full"``.
    seed : int
        Of everything random. The statistical checks of one run have together a false-alarm rate below 1e-4.
    engines : iterable of Engine, optional
        What checks of dynamics run on (default: all).
    catalogue : Catalogue, optional
        Installed plugins.
    expected_failures : mapping of str to str
        Reason by name of the check. Strict: a check that holds although it is listed fails.
    progress : callable, optional
        Called with each outcome.
    time_limit : float
        For how long a check may run [second]; in the main thread of a process, where the system has alarms.

    Raises
    ------
    ParameterError
        When an expected failure names no check.
    """
    expected = dict(expected_failures or {})
    checks = checks_for(plugin)
    unknown = sorted(set(expected) - {c.name for c in checks})
    if unknown:
        raise ParameterError(
            f"no check of a {kind_of(plugin)} is called {unknown[0]!r}; checks: {', '.join(c.name for c in checks)}"
        )
    context = context_for(plugin, profile=profile, seed=seed, engines=engines, catalogue=catalogue)
    outcomes: dict[str, Outcome] = {}
    for one in checks:
        lacking = [
            n
            for n in one.needs
            if n in outcomes  # not of a plugin that the needed one does not concern
            and outcomes[n].status in (Status.FAILED, Status.CRASHED, Status.NOT_RUN)
            and outcomes[n].reason != ONLY_FULL
        ]
        if one.level == "full" and profile != "full":
            outcome = Outcome(one.name, one.claim, one.level, Status.NOT_RUN, reason=ONLY_FULL)
        elif lacking:
            outcome = Outcome(one.name, one.claim, one.level, Status.NOT_RUN, reason=f"needs {', '.join(lacking)}")
        else:
            outcome = run_check(one, context, time_limit)
            if one.name in expected:
                outcome = _expected(outcome, expected[one.name])
        outcomes[one.name] = outcome
        if progress is not None:
            progress(outcome)
    return Report(
        kind=kind_of(plugin),
        name=context.cls.name,
        profile=profile,
        seed=seed,
        engines=tuple(e.name for e in context.engines),
        outcomes=tuple(outcomes.values()),
    )
