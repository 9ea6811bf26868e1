"""One pytest test for each check of a plugin."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from thermozoo.dynamics.engines import Engine
from thermozoo.errors import ParameterError
from thermozoo.interfaces import Plugin
from thermozoo.testing.outcomes import Outcome, Status
from thermozoo.testing.registry import Check, checks_for
from thermozoo.testing.report import explained

if TYPE_CHECKING:
    import pytest

__all__ = ["PROFILE_VARIABLE", "BoundCheck", "parametrize_with_checks"]

#: Environment variable that chooses the profile when pytest has no option for it.
PROFILE_VARIABLE = "THERMOZOO_PROFILE"


@attrs.frozen(eq=False)
class BoundCheck:
    """A check bound to a plugin; calling it is the test.

    Parameters
    ----------
    check : Check
        The check.
    plugin : Plugin or type
        Instance or class.
    seed : int
        Of everything random.
    engines : tuple of Engine or None
        What checks of dynamics run on (None: all).
    """

    check: Check
    plugin: Any
    seed: int = 0
    engines: tuple[Engine, ...] | None = None

    @property
    def level(self) -> str:
        """The smallest profile that runs it."""
        return self.check.level

    def run(self, profile: str | None = None) -> Outcome:
        """Return the outcome."""
        from thermozoo.testing.runner import context_for, run_check

        chosen = profile or os.environ.get(PROFILE_VARIABLE, "quick")
        context = context_for(self.plugin, profile=chosen, seed=self.seed, engines=self.engines)
        return run_check(self.check, context)

    def __call__(self, profile: str | None = None) -> None:
        """Run the check; skip where it does not apply, raise where it fails or crashes."""
        import pytest

        chosen = profile or os.environ.get(PROFILE_VARIABLE, "quick")
        if self.level == "full" and chosen != "full":
            pytest.skip("runs in the full profile only")
        outcome = self.run(chosen)
        if outcome.status is Status.DOES_NOT_APPLY:
            pytest.skip(f"does not apply: {outcome.reason}")
        if outcome.status is Status.NOT_RUN:
            pytest.skip(f"not run: {outcome.reason}")
        if outcome.status is Status.CRASHED:
            pytest.fail(f"check crashed: {explained(outcome)}\n{outcome.details}", pytrace=False)
        if outcome.status is Status.FAILED:
            pytest.fail(explained(outcome), pytrace=False)


def parametrize_with_checks(
    *plugins: Plugin | type[Plugin],
    expected_failures: Mapping[str, str] | None = None,
    seed: int = 0,
    engines: Iterable[Engine] | None = None,
) -> pytest.MarkDecorator:
    """Return a decorator that makes a test function with the argument ``check`` one test for each check.

    Parameters
    ----------
    *plugins : Plugin or type
        Instances or classes.
    expected_failures : mapping of str to str
        Reason by name of the check; strict: a check that holds although it is listed fails the test.
    seed : int
        Of everything random.
    engines : iterable of Engine, optional
        What checks of dynamics run on.

    Raises
    ------
    ParameterError
        When an expected failure names no check.

    Examples
    --------
    >>> from thermozoo.testing import parametrize_with_checks
    >>> from thermozoo_plugins.potentials import Quartic
    >>> @parametrize_with_checks(Quartic)
    ... def test_plugin(check):
    ...     check()
    """
    import pytest

    expected = dict(expected_failures or {})
    chosen = None if engines is None else tuple(engines)
    cases = []
    names = set()
    for plugin in plugins:
        cls = plugin if isinstance(plugin, type) else type(plugin)
        for one in checks_for(plugin):
            names.add(one.name)
            reason = expected.get(one.name)
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            title = one.name if len(plugins) == 1 else f"{cls.name}-{one.name}"
            cases.append(pytest.param(BoundCheck(one, plugin, seed, chosen), id=title, marks=marks))
    unknown = sorted(set(expected) - names)
    if unknown:
        raise ParameterError(f"no check is called {unknown[0]!r}; checks: {', '.join(sorted(names))}")
    return pytest.mark.parametrize("check", cases)
