"""The configs that come with the package, which a command takes by name."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path

__all__ = ["DEFAULT", "packaged", "packaged_name", "packaged_text", "written_as_name"]

#: The one that is taken where none is named.
DEFAULT = "paper"


@functools.cache
def _texts() -> dict[str, str]:
    files = resources.files("thermozoo.config").joinpath("defaults").iterdir()
    return {
        name: one.read_text("utf-8") for name, one in sorted((one.name.removesuffix(".toml"), one) for one in files)
    }


def packaged() -> dict[str, str]:
    """Return the names of the packaged configs and what each is, in a sentence: the comment in its first line."""
    return {name: text.partition("\n")[0].lstrip("# ") for name, text in _texts().items()}


def packaged_text(name: str) -> str:
    """Return the TOML of a packaged config."""
    return _texts()[name]


def packaged_name(config: str | Path | None) -> str | None:
    """Return the name of the packaged config that is meant, None where it is a file.

    A path object is a file, and so is text with a suffix or a folder in it; another word is the packaged config of that
    name before it is a file: what a command does must not depend on what else lies in the working folder.
    """
    if config is None:
        return DEFAULT
    return config if isinstance(config, str) and config in _texts() else None


def written_as_name(config: str | Path) -> bool:
    """Tell whether text may have been meant as the name of a packaged config: no suffix, no folder."""
    return isinstance(config, str) and not Path(config).suffix and Path(config).name == config
