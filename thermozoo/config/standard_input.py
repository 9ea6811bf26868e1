"""A config that comes through standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from thermozoo.config.read import bounded, parse_bytes
from thermozoo.errors import ConfigError

__all__ = ["is_standard_input", "read_standard_input"]

#: How messages call it.
_NAME = "standard input"


def is_standard_input(config: str | Path | None) -> bool:
    """Tell whether what is given as a config means standard input."""
    return config is not None and str(config) == "-"


def read_standard_input() -> tuple[str, dict[str, Any]]:
    """Read TOML from standard input, to its end; return its name and its tables.

    Raises
    ------
    ConfigError
        When it is no TOML.
    """
    if sys.stdin is None:
        raise ConfigError([f"{_NAME}: it is closed; expected a TOML config"])
    try:
        content = bounded(sys.stdin.buffer)
    except ValueError as error:
        raise ConfigError([f"{_NAME}: {error}"]) from None
    except OSError as error:
        raise ConfigError([f"{_NAME}: cannot be read: {error.strerror or error}; expected a TOML config"]) from None
    try:
        return _NAME, parse_bytes(content)
    except ValueError as error:
        raise ConfigError([f"{_NAME}: {error}"]) from None
