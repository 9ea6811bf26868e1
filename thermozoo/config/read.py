"""Reading the tables of a config, and overriding single keys."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from thermozoo.errors import ConfigError

__all__ = ["DEFAULT", "given_by", "override", "read_config"]

#: Name of the built-in config.
DEFAULT = "three-digits"


def read_config(path: Path | None) -> tuple[str, dict[str, Any]]:
    """Read a TOML file, or the built-in config; return its name and its tables.

    Raises
    ------
    ConfigError
        When the file is missing or no TOML.
    """
    if path is None:
        text = resources.files("thermozoo.config").joinpath(f"defaults/{DEFAULT}.toml").read_text("utf-8")
        return f"built-in {DEFAULT}.toml", tomllib.loads(text)
    try:
        return str(path), tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file; expected a TOML config"]) from None
    except IsADirectoryError:
        raise ConfigError([f"{path}: a folder; expected a TOML config"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror or error}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: not text; expected a TOML config"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None


def override(tables: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """Return the tables with ``table.key=value`` assignments applied; a value is TOML, or else a string."""
    result = _copy(tables)
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(parts):
            raise ConfigError([f"--set {assignment}: expected table.key=value"])
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text.strip()
        place = result
        for part in parts[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise ConfigError([f"--set {assignment}: {part} is a value, not a table"])
        place[parts[-1]] = value
    return result


def given_by(tables: Mapping[str, Any], assignments: Iterable[str]) -> list[str]:
    """Return what assignments give instead of the tables: keys, or the outermost table that is there only for them."""
    found = []
    for assignment in assignments:
        parts = assignment.partition("=")[0].strip().split(".")
        place: Any = tables
        for depth, part in enumerate(parts):
            if not isinstance(place, Mapping) or part not in place:
                parts = parts[: depth + 1]
                break
            place = place[part]
        found.append(".".join(parts))
    return found


def _copy(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copy(v) if isinstance(v, dict) else v for k, v in tables.items()}
