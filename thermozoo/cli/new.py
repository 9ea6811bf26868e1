"""``thermozoo new``."""

from __future__ import annotations

import contextlib
import importlib.util
import keyword
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thermozoo.cli.app import context_of
from thermozoo.errors import ConfigError, DuplicateNameError, OutputError, shown
from thermozoo.interfaces import INTERFACES

if TYPE_CHECKING:
    from thermozoo.registry.catalogue import Catalogue

__all__ = ["new", "write_package"]

#: What a name looks like, and most characters of one: it becomes the name of folders, of a module and of a class.
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 50


def _kind(word: str) -> str:
    """Return what is a kind; refuse another word as typer refuses one that is none of its choices."""
    if word not in INTERFACES:
        raise typer.BadParameter(f"{word!r} is not one of {', '.join(map(repr, INTERFACES))}.")
    return word


def new(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(parser=_kind, help=f"What the plugin is: {', '.join(INTERFACES)}.")],
    name: Annotated[str, typer.Argument(help="Its name: lower-case words joined with hyphens.")],
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Folder to write (default: ./thermozoo-NAME).")
    ] = None,
) -> None:
    """Write a plugin package that works and passes its own tests: change its formula into yours.

    Example: thermozoo new potential sloped-well
    """
    _refuse_bad_name(kind, name)
    _refuse_taken(context_of(ctx).catalogue, kind, name)
    folder = write_package(kind, name, directory)
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


def _class_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _refuse_bad_name(kind: str, name: str) -> None:
    """Raise ConfigError for what is no name, and for names whose class would be called as a word of the template."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise ConfigError(
            [
                f"NAME must be lower-case words joined with hyphens, at most {_LONGEST} characters, such as "
                f"'double-well', got '{shown(name)}'; --dir chooses where the package is written"
            ]
        )
    if keyword.iskeyword(_class_name(name)) or _class_name(name) in ("Any", INTERFACES[kind].__name__):
        raise ConfigError([f"a class cannot be called {_class_name(name)}: choose another NAME than '{name}'"])


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

    _refuse_bad_name(kind, name)
    folder = directory or Path(f"thermozoo-{name}")
    package = _package(name)
    values = {
        "kind": kind,
        "name": name,
        "distribution": f"thermozoo-{name}",
        "package": package,
        "class_name": _class_name(name),
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("thermozoo", "scaffold"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    files = {
        "pyproject.toml": "pyproject.toml.jinja",
        "README.md": "README.md.jinja",
        f"src/{package}/__init__.py": f"{kind}.py.jinja",
        f"tests/test_{name.replace('-', '_')}.py": "test.py.jinja",
    }
    texts = {path: environment.get_template(template).render(values) for path, template in files.items()}
    _write(folder, texts)
    return folder


def _write(folder: Path, texts: dict[str, str]) -> None:
    """Write files into a folder that is empty or not there: all of them or none."""
    where = shown(folder, 150)
    made: list[Path] = []
    try:
        if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(f"{where} exists and is not an empty folder: choose another with --dir")
        for name in texts:
            with contextlib.suppress(FileNotFoundError):
                os.stat(folder / name)  # a name that is too long is refused before any folder is made
        for name, text in texts.items():
            path = folder / name
            for parent in reversed(path.parents):
                if not parent.exists():
                    parent.mkdir()
                    made.append(parent)
            made.append(path)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {where}: {error.strerror or error}") from error
