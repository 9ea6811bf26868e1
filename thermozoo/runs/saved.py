"""A run folder read again, and its page made again from what is in it."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thermozoo.computer.datasets import read_dataset, replace_file
from thermozoo.computer.files import load_all
from thermozoo.computer.term import ASYMMETRY
from thermozoo.errors import ConfigError, DataError, ThermozooError, shown
from thermozoo.given_files import read_regular
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.claim import holder_of
from thermozoo.runs.extras import draw_each
from thermozoo.runs.figures import Drawing, Results, draw_results
from thermozoo.runs.folder import write_text
from thermozoo.runs.page import render_page
from thermozoo.runs.place import FIGURES, LARGEST_TEXT, figure_file
from thermozoo.runs.plugin_files import with_copies
from thermozoo.runs.prototypes import Prototypes
from thermozoo.runs.report_file import read_report
from thermozoo.runs.results import Report
from thermozoo.runs.saved_task import task_page_again

__all__ = ["page_again", "read_results"]

#: What every manifest has.
_MANIFEST = {"versions": dict, "plugins": list, "engine": dict}

#: What a file that holds something else makes of the sentences of a page.
_FOREIGN = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)

#: Methods whose loss has a curve.
_WITH_A_CURVE = ("descent", "online")

#: How the files of figures begin.
_SIGNATURES = {".png": b"\x89PNG\r\n\x1a\n", ".gif": b"GIF89a"}


def page_again(folder: Path, catalogue: Callable[[], Catalogue], note: Callable[[str], None]) -> Path:
    """Write ``report.html`` of a run folder from its other files; return its path.

    Figures are those in ``figures``; one that is not there is drawn again where the folder holds what it shows, or else
    named on the page.

    Parameters
    ----------
    folder : Path
        The folder of a run.
    catalogue : callable
        Returns the plugins that are installed or were asked for; called only where a figure is to be drawn.
    note : callable
        Says a line to the user.

    Raises
    ------
    ConfigError
        With one line for each file that is missing or does not hold what a run writes.
    OutputError
        When the page cannot be written.
    """
    import jinja2

    name = shown(folder, 200)
    holder = holder_of(folder)
    if holder is not None and holder[1]:
        raise DataError(f"{name}: a run is writing this folder ({holder[0] or 'just started'}): wait for its end")
    if not os.path.isdir(folder):  # unlike Path.is_dir, it takes every name
        raise DataError(f"{name}: no such folder; expected the folder of a run")
    faults: list[str] = []
    texts = {file: _text(folder / file, faults) for file in ("config.toml", "report.json", "manifest.json")}
    if len(faults) == len(texts):
        raise DataError(f"{name} is not the folder of a run: it has no {', '.join(texts)}")
    config = _parsed(folder / "config.toml", texts, tomllib.loads, {}, faults)
    table = _parsed(folder / "report.json", texts, json.loads, {}, faults)
    manifest = _parsed(folder / "manifest.json", texts, json.loads, _MANIFEST, faults)
    if "task" in table and not faults:
        return task_page_again(folder, texts["config.toml"], table, manifest, catalogue, note)
    report = _report(folder / "report.json", table, faults)
    if faults or report is None:
        raise ConfigError(faults)
    pictures, missing = {}, {}
    try:
        for figure, found in _pictures(folder, config, report, catalogue):
            if isinstance(found, str):
                missing[figure] = found
                note(f"figure {figure}: missing, {found}")
            else:
                pictures[figure] = found
        page = render_page(report, texts["config.toml"], pictures, manifest, missing)
    except (*_FOREIGN, jinja2.UndefinedError) as error:
        raise DataError(
            f"{name}: config.toml, report.json or manifest.json does not hold what a run writes: "
            f"{type(error).__name__}: {shown(error)}"
        ) from error
    replace_file(folder / "report.html", lambda path: write_text(path, page))
    return folder / "report.html"


def _text(path: Path, faults: list[str]) -> str:
    """Return the text of a file; where it cannot be read, an empty one after adding a fault."""
    try:
        return read_regular(path, LARGEST_TEXT).decode("utf-8")
    except OSError as error:
        faults.append(f"{shown(path, 200)}: cannot be read: {error.strerror or error}")
    except UnicodeDecodeError:
        faults.append(f"{shown(path, 200)}: not text")
    return ""


def _parsed(
    path: Path, texts: Mapping[str, str], parse: Callable[[str], Any], keys: Mapping[str, type], faults: list[str]
) -> dict[str, Any]:
    """Return what a file holds; what is wrong with it is added to the faults."""
    if not texts[path.name]:
        if not any(fault.startswith(shown(path, 200)) for fault in faults):
            faults.append(f"{shown(path, 200)}: empty")
        return {}
    try:
        content = parse(texts[path.name])
    except (ValueError, RecursionError) as error:
        faults.append(f"{shown(path, 200)}: damaged: {shown(error, 100)}")
        return {}
    if not isinstance(content, dict):
        faults.append(f"{shown(path, 200)}: expected a table of what a run writes, got {type(content).__name__}")
        return {}
    wrong = [key for key, kind in keys.items() if not _is(content.get(key), kind)]
    if wrong:
        faults.append(f"{shown(path, 200)}: not what a run writes: {', '.join(wrong)} missing or of another type")
    return content


def _report(path: Path, found: Mapping[str, Any], faults: list[str]) -> Report | None:
    """Return the report that a file holds, or None after adding what is wrong with it, if that was not done before."""
    try:
        return read_report(found)
    except ConfigError as error:
        if not any(fault.startswith(shown(path, 200)) for fault in faults):
            faults += [f"{shown(path, 200)}: not what a run writes: {line}" for line in error.faults]
    return None


def _is(value: Any, kind: type) -> bool:
    if kind in (int, float):
        return isinstance(value, int | float if kind is float else int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _pictures(
    folder: Path, config: Mapping[str, Any], report: Report, catalogue: Callable[[], Catalogue]
) -> Iterator[tuple[str, bytes | str]]:
    """Yield every figure of a run, from its file or drawn again, or why it is missing."""
    known = [figure for figure in FIGURES if figure != "loss" or report.method in _WITH_A_CURVE]
    files = {figure: _picture(folder / figure_file(figure)) for figure in known}
    reason, drawings = "the run folder does not hold what it shows", {}
    if any(files[figure] is None for figure in known if figure != "codes"):
        try:
            drawings = _drawings(folder, report, catalogue)
        except (ThermozooError, OSError, *_FOREIGN) as error:
            reason = f"it cannot be drawn again: {shown(error, 200)}"
    # whether hidden units were shown a code, the folder does not say
    expected = set(known) - {"codes"} - set(() if report.comparison else ["comparison"])
    computer = config.get("computer", {})
    if len(computer.get("units", ())) < 2 or "interaction" in computer:
        expected.discard("couplings")  # every unit shows the image, or tuples may be no pairs
    for figure, found in files.items():
        if found is not None:
            yield figure, found
        elif figure in drawings:
            yield from draw_each({figure: drawings[figure]})
        elif figure in expected:
            yield figure, reason


def _picture(path: Path) -> bytes | None:
    try:
        content = read_regular(path)
    except OSError:
        return None
    return content if content.startswith(_SIGNATURES[path.suffix]) else None


def _drawings(folder: Path, report: Report, catalogue: Callable[[], Catalogue]) -> dict[str, Drawing]:
    """Return what draws the figures of which the folder holds all that they show."""
    results = read_results(folder, report, with_copies(folder / "config.toml", catalogue()))
    return draw_results(results)


def read_results(folder: Path, report: Report, catalogue: Catalogue) -> Results:
    """Read what figures show from ``computer.nc`` and ``samples.nc``.

    Raises
    ------
    DataError
        When one of them is missing or damaged.
    """
    loaded = load_all(folder / "computer.nc", catalogue)
    program = next(iter(loaded.values())) if isinstance(loaded, dict) else loaded
    path = folder / "samples.nc"
    try:
        samples = read_dataset(path)
        height, width = (int(samples.attrs[f"image_{side}"]) for side in ("height", "width"))
        kT = float(samples.attrs["temperature_kT_in_E0"])
        # the device may have had a force that the computer of the file, which is the ideal one, has not
        terms = [*program.term_names, *([ASYMMETRY] if f"heat_{ASYMMETRY}" in samples else [])]
        heat = {name: samples[f"heat_{name.replace('-', '_')}"].values / kT for name in terms}
        images, labels = samples["prototype"].values, samples["label"].values
        names = {int(label): str(name) for label, name in report.class_names.items()}
        return Results(
            computer=program.computers[-1],
            windows=report.windows,
            prototypes=Prototypes(images, labels, (height, width), np.empty((0, images.shape[1])), labels[:0], names),
            times=samples["time"].values,
            final=samples["state"].values,
            shown=samples["shown_state"].values,
            heat=heat,
            comparison=report.comparison or (),
            condition=samples["condition"].values if "condition" in samples else None,
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DataError(f"{shown(path, 200)} does not hold the samples of a run: {shown(error, 100)}") from error
