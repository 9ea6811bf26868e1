"""The page of a run folder made again, where the task is not `generate`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from thermozoo.computer.datasets import read_dataset, replace_file
from thermozoo.errors import DataError, ThermozooError, shown
from thermozoo.given_files import read_regular
from thermozoo.interfaces import Task
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.extras import draw_each
from thermozoo.runs.folder import write_text
from thermozoo.runs.page.task import render_task_page
from thermozoo.runs.place import picture_file
from thermozoo.runs.plugin_files import with_copies
from thermozoo.runs.surroundings import drawings_of
from thermozoo.runs.task_report import TaskReport, read_task_report

__all__ = ["task_and_report", "task_page_again"]

#: How a PNG file begins.
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def task_and_report(
    folder: Path, content: Mapping[str, Any], catalogue: Callable[[], Catalogue]
) -> tuple[Task, TaskReport]:
    """Return the task of a run folder and its report; the plugin files that it holds are read with it.

    Raises
    ------
    DataError, ConfigError, UnknownNameError
        When the report is not that of a task that is installed.
    """
    try:
        return read_task_report(content, with_copies(folder / "config.toml", catalogue()))
    except ThermozooError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{shown(folder / 'report.json', 200)} is not what a run writes: {shown(error, 100)}"
        ) from error


def task_page_again(
    folder: Path,
    config_toml: str,
    content: Mapping[str, Any],
    manifest: Mapping[str, Any],
    catalogue: Callable[[], Catalogue],
    note: Callable[[str], None],
) -> Path:
    """Write ``report.html`` of a run folder again; see `thermozoo.runs.saved.page_again`."""
    task, report = task_and_report(folder, content, catalogue)
    path = folder / "samples.nc"
    samples = read_dataset(path) if path.exists() else None
    try:
        tomllib.loads(config_toml)
        captions = {name: one.caption for name, one in task.pictures(report.figures, samples).items()}
        drawings = drawings_of(task, report.figures, samples)
        pictures, missing = {}, {}
        for name, draw in drawings.items():
            kept = _picture(folder / picture_file(name))
            [(_, found)] = [(name, kept)] if kept is not None else list(draw_each({name: draw}))
            if isinstance(found, str):
                missing[name] = found
                note(f"figure {name}: missing, {found}")
            else:
                pictures[name] = found
        page = render_task_page(task, report, config_toml, pictures, captions, manifest, missing)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise DataError(
            f"{shown(folder, 200)}: config.toml, report.json, samples.nc or manifest.json does not hold what a run "
            f"writes: {type(error).__name__}: {shown(error, 200)}"
        ) from error
    replace_file(folder / "report.html", lambda out: write_text(out, page))
    return folder / "report.html"


def _picture(path: Path) -> bytes | None:
    try:
        found = read_regular(path)
    except OSError:
        return None
    return found if found.startswith(_SIGNATURE) else None
