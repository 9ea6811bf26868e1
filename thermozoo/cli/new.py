"""``thermozoo new``."""

from __future__ import annotations

import enum
import re
from pathlib import Path
from typing import Annotated

import typer

from thermozoo.errors import ConfigError, OutputError

__all__ = ["Kind", "new", "write_package"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Kind(enum.StrEnum):
    """Kinds of plugin."""

    potential = "potential"
    integrator = "integrator"
    objective = "objective"
    connectivity = "connectivity"
    protocol = "protocol"
    dataset = "dataset"


def new(
    kind: Annotated[Kind, typer.Argument(help="What the plugin is.")],
    name: Annotated[str, typer.Argument(help="Its name: lower-case words joined with hyphens.")],
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Folder to write (default: ./thermozoo-NAME).")
    ] = None,
) -> None:
    """Write a plugin package that works and passes its own tests: change its formula into yours.

    Example: thermozoo new potential tilted-well
    """
    folder = write_package(kind.value, name, directory)
    package = f"thermozoo_{name.replace('-', '_')}"
    print(
        f"wrote {folder}\n"
        f"  the formula is in {folder / 'src' / package / '__init__.py'}\n"
        "next:\n"
        f"  pip install -e '{folder}[test]'\n"
        f"  thermozoo show {name}\n"
        f"  thermozoo verify {name}"
    )


def write_package(kind: str, name: str, directory: Path | None = None) -> Path:
    """Write a plugin package and return its folder.

    Parameters
    ----------
    kind : str
        Kind of plugin.
    name : str
        Name of the plugin.
    directory : Path, optional
        Folder to write; it must be empty or not exist.

    Raises
    ------
    ConfigError
        When the name is not lower-case words joined with hyphens.
    OutputError
        When the folder is not empty or cannot be written.
    """
    import jinja2

    if not _NAME.fullmatch(name):
        raise ConfigError([f"NAME must be lower-case words joined with hyphens, such as 'double-well', got {name!r}"])
    folder = directory or Path(f"thermozoo-{name}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} exists and is not an empty folder: choose another with --dir")
    package = f"thermozoo_{name.replace('-', '_')}"
    class_name = "".join(word.capitalize() for word in name.split("-"))
    values = {
        "kind": kind,
        "name": name,
        "distribution": f"thermozoo-{name}",
        "package": package,
        "class_name": class_name,
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("thermozoo", "scaffold"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    files = {
        folder / "pyproject.toml": "pyproject.toml.jinja",
        folder / "README.md": "README.md.jinja",
        folder / "src" / package / "__init__.py": f"{kind}.py.jinja",
        folder / "tests" / f"test_{name.replace('-', '_')}.py": "test.py.jinja",
    }
    for path, template in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(environment.get_template(template).render(values), encoding="utf-8")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    return folder
