"""What comes after the results: each piece that fails is named, and takes nothing with it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from thermozoo.errors import shown
from thermozoo.runs.folder import RunFolder, write_json, write_text
from thermozoo.runs.page import render_page
from thermozoo.runs.place import figure_file
from thermozoo.runs.progress import Reporter
from thermozoo.runs.report_file import read_report, report_json
from thermozoo.runs.results import Report

__all__ = ["Extras", "draw_each", "reason_of"]


class Extras:
    """Adds to a run folder that holds the results already.

    An interruption ends what is under way and all that would follow but the page; the results stay.

    Parameters
    ----------
    folder : RunFolder
        The folder.
    reporter : Reporter
        Says what is missing.
    """

    def __init__(self, folder: RunFolder, reporter: Reporter) -> None:
        self._folder = folder
        self._reporter = reporter
        self._interrupted = False
        self._pictures: dict[str, bytes] = {}
        self._missing: dict[str, str] = {}

    @property
    def interrupted(self) -> bool:
        """Whether something is missing because it was interrupted."""
        return self._interrupted

    @contextlib.contextmanager
    def kept(self, what: str) -> Iterator[None]:
        """Say of a block that it failed or was interrupted, and go on."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            self._interrupted = self._interrupted or isinstance(error, KeyboardInterrupt)
            self._say(what, reason_of(error))

    def draw(self, drawings: Mapping[str, Callable[[], bytes]]) -> None:
        """Draw figures one by one and write each at once."""
        with self.kept("figures"):
            for name, result in draw_each(drawings, stopped=self._interrupted):
                if isinstance(result, str):
                    self._missing[name] = result
                    self._say(f"figure {name}", result)
                    continue
                self._pictures[name] = result
                with self.kept(figure_file(name)):
                    self._folder.add(figure_file(name), functools.partial(_write_bytes, result))

    def page(self, config_toml: str, report: Report, manifest: Mapping[str, Any]) -> Path | None:
        """Write the page, and the times of all phases; return the page's path, None where there is none."""
        kept, _ = report_json(report)
        return self.write_page(
            kept,
            manifest,
            lambda pictures, missing: render_page(read_report(kept), config_toml, pictures, manifest, missing),
        )

    def write_page(
        self,
        report: Mapping[str, Any],
        manifest: Mapping[str, Any],
        render: Callable[[Mapping[str, bytes], Mapping[str, str]], str],
    ) -> Path | None:
        """Write report, manifest and the page that `render` makes of pictures and of why others are missing."""
        with self.kept("report.json, manifest.json"):
            self._folder.add("report.json", lambda path: write_json(path, report))
            self._folder.add("manifest.json", lambda path: write_json(path, manifest))
        written = None
        with self.kept("page"):
            page = render(self._pictures, self._missing)
            self._folder.add("report.html", lambda path: write_text(path, page))
            written = self._folder.path / "report.html"
        return written

    def _say(self, what: str, reason: str) -> None:
        self._reporter.warn(f"{what}: missing, {reason}; the results are in {self._folder.path}")


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def draw_each(
    drawings: Mapping[str, Callable[[], bytes]], *, stopped: bool = False
) -> Iterator[tuple[str, bytes | str]]:
    """Yield the file of each figure, or why it could not be drawn; an interruption ends the drawing."""
    for name, draw in drawings.items():
        result: bytes | str = "interrupted"
        if not stopped:
            try:
                result = draw()
            except KeyboardInterrupt:
                stopped = True
            except Exception as error:  # a picture is no reason to lose anything: it is named, with the error
                result = reason_of(error)
        yield name, result


def reason_of(error: BaseException) -> str:
    """Return an error in a short line."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return shown(f"{type(error).__name__}: {error}", 200)
