"""The pytest plugin: an option for the profile. It imports nothing of thermozoo when pytest starts."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["pytest_addoption", "pytest_configure", "pytest_report_header"]

_VARIABLE = "THERMOZOO_PROFILE"


def pytest_addoption(parser: Any, pluginmanager: Any) -> None:
    """Add ``--thermozoo-profile``."""
    _leave_alone(pluginmanager)
    group = parser.getgroup("thermozoo", "verification of thermozoo plugins")
    group.addoption(
        "--thermozoo-profile",
        choices=("quick", "full"),
        default=None,
        help=f"how thoroughly parametrize_with_checks verifies (default: ${_VARIABLE} or quick)",
    )


def _leave_alone(pluginmanager: Any) -> None:
    """Have pytest import thermozoo as it is.

    Of a distribution that has a plugin for it pytest compiles every module anew, so that failed asserts say more: about
    a second the first time. Those here are for type checkers. Where pytest keeps no such names, so be it.
    """
    names = getattr(getattr(pluginmanager, "rewrite_hook", None), "_must_rewrite", None)
    if isinstance(names, set):
        names -= {"thermozoo", "thermozoo_plugins"}


def pytest_configure(config: Any) -> None:
    """Hand the profile to the checks, through the environment so that parallel workers see it too."""
    chosen = config.getoption("--thermozoo-profile")
    if chosen:
        os.environ[_VARIABLE] = chosen


def pytest_report_header(config: Any) -> str | None:
    """Say the profile where it was chosen."""
    chosen = os.environ.get(_VARIABLE)
    return f"thermozoo profile: {chosen}" if chosen else None
