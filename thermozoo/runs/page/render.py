"""The page of a run: one HTML file that says in words what was run and what came out."""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from thermozoo.runs.page import outcome, wording
from thermozoo.runs.page.captions import caption, section_of
from thermozoo.runs.page.tables import (
    Table,
    class_table,
    comparison_table,
    details_table,
    hardware_table,
    judge_table,
    plugin_copies,
    plugin_files,
    provenance_table,
    remaining_table,
    seconds_table,
    term_table,
)
from thermozoo.runs.report_file import report_json
from thermozoo.runs.results import Report

__all__ = ["render_page"]


@attrs.frozen
class Picture:
    """A figure: PNG in base 64, width on the page [pixel], title and explanation."""

    data: str
    width: int | None
    title: str
    text: str

    @property
    def alt(self) -> str:
        """Text in place of the image."""
        return f"{self.title} {self.text}".strip()


@attrs.frozen
class Section:
    """A part of the page: its name, title, paragraphs, tables and figures."""

    name: str
    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Picture] = ()


def render_page(
    report: Report,
    config_toml: str,
    figures: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    missing: Mapping[str, str] | None = None,
) -> str:
    """Return the page of a run as one HTML file without any reference to the outside.

    Parameters
    ----------
    report : Report
        What is in ``report.json``.
    config_toml : str
        The resolved config, from which the page describes computer and training.
    figures : mapping of str to bytes
        PNG files by name (``heat``, ``ledger``, ...); each goes to the section it belongs to.
    manifest : mapping
        What is in ``manifest.json``.
    missing : mapping of str to str, optional
        Why figures are not there, by name.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    tomllib.TOMLDecodeError
        If the config is no TOML.
    """
    import jinja2

    config = tomllib.loads(config_toml)
    values = {key: value for key, value in report_json(report)[0].items() if value is not None}
    pictures: dict[str, list[Picture]] = {}
    for name, png in figures.items():
        pictures.setdefault(section_of(name), []).append(_picture(name, png, values, config))
    sections = [
        Section("computer", "What the computer is", wording.computer(values, config)),
        Section(
            "training",
            "How it was trained",
            wording.training(values, config),
            details_table(values.get("training")),
        ),
        Section(
            "generation",
            "What it generated",
            outcome.generation(values),
            class_table(values.get("class_counts"), values.get("class_names")),
        ),
        Section(
            "quality",
            "How good the outputs are",
            outcome.quality(values),
            judge_table(values.get("judge"), values.get("class_names")),
        ),
        Section(
            "cost",
            "What it cost",
            outcome.cost(values, config),
            term_table(values.get("heat_by_term_kT")),
        ),
        Section(
            "hardware",
            "What it would need as hardware",
            outcome.hardware(values.get("hardware")),
            hardware_table(values.get("hardware")),
        ),
        Section("comparison", "Methods compared", (), comparison_table(values.get("comparison"))),
        Section("figures", "More figures"),
        Section("more", "More results", (), remaining_table(values)),
        Section("time", "Where the time went", (), seconds_table(values.get("seconds"))),
        Section("provenance", "Where it comes from", (), provenance_table(values, manifest)),
    ]
    absent: dict[str, list[str]] = {}
    for name, reason in (missing or {}).items():
        title, _ = caption(name, values, config)
        absent.setdefault(section_of(name), []).append(f"{title} This figure is missing: {reason}.")
    filled = [
        attrs.evolve(
            part, paragraphs=[*part.paragraphs, *absent.get(part.name, ())], figures=pictures.get(part.name, ())
        )
        for part in sections
    ]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        title=_title(config),
        headline=outcome.headline(values, config),
        tiles=outcome.tiles(values),
        sections=[part for part in filled if part.paragraphs or part.tables or part.figures],
        plugin_files=plugin_files(manifest),
        plugin_copies=plugin_copies(manifest),
        config=config_toml,
        manifest=json.dumps(manifest, indent=2, ensure_ascii=False, default=str) if manifest else "",
    )


def _title(config: Mapping[str, Any]) -> str:
    """Return the title: potential and data set, as far as the config names them."""
    potential = config.get("computer", {}).get("potential", {}).get("plugin")
    data = config.get("data", {}).get("plugin")
    kind = f"A {potential} computer" if potential else "A thermodynamic computer"
    return f"{kind} trained on {data}" if data else kind


def _picture(name: str, png: bytes, report: Mapping[str, Any], config: Mapping[str, Any]) -> Picture:
    """Return the figure with half its pixels as width, so that it is crisp on dense screens."""
    title, text = caption(name, report, config)
    # Bytes 16 to 20 of a PNG are its width.
    pixels = int.from_bytes(png[16:20], "big") if png[:4] == b"\x89PNG" else 0
    return Picture(base64.b64encode(png).decode("ascii"), pixels // 2 or None, title, text)
