"""What a wrong subject is: a plugin, an engine or a part of the core with one fault, and who must see it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from thermozoo.testing import Report, Status, verify
from thermozoo.testing.registry import checks_for
from thermozoo.testing.runner import context_for, run_check

DOC = """A wrong plugin.

.. math:: U(x)

References
----------
None.
"""


@attrs.frozen
class Wrong:
    """One fault.

    `check` must see it; `also` are the checks that cannot help seeing it too; everything else must hold, not apply,
    or not be run because it needs one of those.
    """

    title: str
    check: str
    plugin: Any
    engines: Callable[[], tuple[Any, ...]] | None = None
    also: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    patch: tuple[Any, str, Any] | None = None

    @contextlib.contextmanager
    def planted(self) -> Iterator[None]:
        """With the fault in the core, if that is where it is."""
        if self.patch is None:
            yield
            return
        owner, name, replacement = self.patch
        kept = owner.__dict__[name]
        setattr(owner, name, replacement)
        try:
            yield
        finally:
            setattr(owner, name, kept)

    def _engines(self):
        from thermozoo.dynamics.engines import engine_named

        return self.engines() if self.engines else (engine_named("reference"),)

    @property
    def named(self):
        """The named check."""
        return next(c for c in checks_for(self.plugin) if c.name == self.check)

    def named_outcome(self, seed: int = 0):
        """Run the named check only."""
        with self.planted():
            context = context_for(self.plugin, seed=seed, engines=self._engines())
            return run_check(self.named, context)

    def report(self, seed: int = 0) -> Report:
        """Run the whole suite, in the smallest profile that has the named check."""
        with self.planted():
            return verify(self.plugin, profile=self.named.level, seed=seed, engines=self._engines())

    @property
    def function(self):
        """The named check's function: some kinds share a check, others have one of the same name."""
        return self.named.function


def caught(report: Report) -> set[str]:
    """Return the checks that spoke against the subject."""
    return {o.check for o in report.with_status(Status.FAILED, Status.CRASHED)}
