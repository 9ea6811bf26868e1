"""The verification suite for plugins.

``verify(plugin)`` runs it; ``parametrize_with_checks(plugin)`` makes one test of each check; ``checks_for(plugin)``
lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thermozoo.testing.measured import Measured
    from thermozoo.testing.outcomes import (
        CheckFailed,
        DoesNotApply,
        Outcome,
        Report,
        Status,
    )
    from thermozoo.testing.parametrize import BoundCheck, parametrize_with_checks
    from thermozoo.testing.registry import Check, check, checks_for
    from thermozoo.testing.runner import verify

#: Everything is imported when first used: pytest loads this package at start-up.
_LAZY = {
    "BoundCheck": "parametrize",
    "Check": "registry",
    "CheckFailed": "outcomes",
    "DoesNotApply": "outcomes",
    "Measured": "measured",
    "Outcome": "outcomes",
    "Report": "outcomes",
    "Status": "outcomes",
    "check": "registry",
    "checks_for": "registry",
    "parametrize_with_checks": "parametrize",
    "verify": "runner",
}

__all__ = [
    "BoundCheck",
    "Check",
    "CheckFailed",
    "DoesNotApply",
    "Measured",
    "Outcome",
    "Report",
    "Status",
    "check",
    "checks_for",
    "parametrize_with_checks",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(f"thermozoo.testing.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'thermozoo.testing' has no attribute {name!r}")
