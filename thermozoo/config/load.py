"""From a file, or from tables, to a config whose every fault was reported at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thermozoo.config.consistency import check
from thermozoo.config.faults import Faults, Origin
from thermozoo.config.parse import parse
from thermozoo.config.read import given_by, override, read_config
from thermozoo.config.schema import Config
from thermozoo.config.standard_input import is_standard_input, read_standard_input
from thermozoo.registry.catalogue import Catalogue
from thermozoo.registry.catalogue import catalogue as installed

__all__ = ["check_config", "load_config", "parse_file"]


def load_config(
    path: str | Path | None,
    catalogue: Catalogue | None = None,
    *,
    assignments: Sequence[str] = (),
    seed: int | None = None,
) -> Config:
    """Read a config, and check its keys one by one and against each other.

    Parameters
    ----------
    path : str, Path or None
        Name of a built-in config (``"paper"``; see ``thermozoo run --list``), or TOML file (None: the default one;
        ``-``: standard input). Of a name that a file has too, the built-in config is taken: a file has a suffix or a
        folder, or is given as a `Path`.
    catalogue : Catalogue, optional
        The plugins that it may name (default: the installed ones).
    assignments : sequence of str
        ``table.key=value`` assignments that override the file.
    seed : int, optional
        Overrides the config's; where neither gives one, a seed is drawn and recorded.

    Raises
    ------
    ConfigError
        With every fault of the config.
    """
    return _checked(parse_file(path, catalogue, assignments=assignments, seed=seed))


def check_config(
    tables: Mapping[str, Any], catalogue: Catalogue, source: str, overridden: Sequence[str] = ()
) -> Config:
    """Check the keys of a config's tables one by one and against each other, and build the plugins that they name.

    Parameters
    ----------
    tables : mapping
        The config.
    catalogue : Catalogue
        The plugins that it may name.
    source : str
        Its file, for messages.
    overridden : sequence of str
        Keys, or whole tables, that ``--set`` gave instead of the file.

    Raises
    ------
    ConfigError
        With every fault of the config.
    """
    return _checked(parse(tables, catalogue, Origin(source, overridden)))


def parse_file(
    path: str | Path | None,
    catalogue: Catalogue | None = None,
    *,
    assignments: Sequence[str] = (),
    seed: int | None = None,
) -> Config:
    """Read a config and check its keys one by one: as `load_config`, for who assembles it.

    `thermozoo.runs.assemble.assemble_machine` checks keys against each other and with the data, in one report.

    Raises
    ------
    ConfigError
        With every fault, where a key has one of its own.
    """
    source, written = read_standard_input() if is_standard_input(path) else read_config(path)
    tables = override(written, assignments)
    if seed is not None:
        tables["seed"] = seed
    options = {} if seed is None else {"seed": "--seed"}
    plugins = installed() if catalogue is None else catalogue
    return parse(tables, plugins, Origin(source, given_by(written, assignments), options))


def _checked(config: Config) -> Config:
    faults = Faults(config.origin)
    check(config, faults)
    faults.raise_any()
    return config
