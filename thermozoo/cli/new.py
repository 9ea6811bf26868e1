"""``thermozoo new``."""

from __future__ import annotations

import enum
import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thermozoo.cli.app import context_of
from thermozoo.errors import ConfigError, DuplicateNameError, OutputError

if TYPE_CHECKING:
    from thermozoo.registry.catalogue import Catalogue

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
    ctx: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="What the plugin is.")],
    name: Annotated[str, typer.Argument(help="Its name: lower-case words joined with hyphens.")],
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Folder to write (default: ./thermozoo-NAME).")
    ] = None,
) -> None:
    """Write a plugin package that works and passes its own tests: change its formula into yours.

    Example: thermozoo new potential tilted-well
    """
    _refuse_taken(context_of(ctx).catalogue, kind.value, name)
    folder = write_package(kind.value, name, directory)
    package = _package(name)
    print(
        f"wrote {folder}\n"
        f"  the formula is in {folder / 'src' / package / '__init__.py'}\n"
        "next:\n"
        f"  pip install -e '{folder}[test]'\n"
        f"  thermozoo show {name}\n"
        f"  thermozoo verify {name}"
    )


def _package(name: str) -> str:
    return f"thermozoo_{name.replace('-', '_')}"


def _refuse_taken(catalogue: Catalogue, kind: str, name: str) -> None:
    """Raise DuplicateNameError when an installed plugin or package has the name already: both could not be loaded."""
    taken = [r for r in catalogue.records if (r.kind, r.name) == (kind, name) and r.plugin is not None]
    if taken:
        raise DuplicateNameError(
            f"a {kind} called {name!r} is installed already, by {taken[0].source.title} ({taken[0].source.target}): "
            "choose another NAME"
        )
    if importlib.util.find_spec(_package(name)) is not None:
        raise DuplicateNameError(f"a package called {_package(name)!r} is installed already: choose another NAME")


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
    package = _package(name)
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
