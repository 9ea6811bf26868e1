"""The page of a run: one HTML file that says in words what was run and what came out."""

from __future__ import annotations

import base64
import functools
import json
import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from markupsafe import Markup

from thermozoo.runs.page import numbers
from thermozoo.runs.page.classes import disagreement
from thermozoo.runs.page.commands import next_commands, plugin_options
from thermozoo.runs.page.described import Described
from thermozoo.runs.page.measures import reasons
from thermozoo.runs.page.novelty import Novelty
from thermozoo.runs.page.tables import plugin_copies, tables_of
from thermozoo.runs.results import Report
from thermozoo.thermodynamics.advantage import (
    BOLTZMANN,
    DENOISING_STEPS,
    JOULE_PER_MAC,
    ROOM_TEMPERATURE,
    denoiser_layers,
    denoiser_operations,
)
from thermozoo.thermodynamics.hardware import PRESETS

if TYPE_CHECKING:
    import jinja2

__all__ = ["Picture", "environment", "render_page"]

#: The section of the page in which a figure stands; others stand in one of their own.
_PLACES = {
    "prototypes": "generation",
    "outputs": "generation",
    "generation": "course",
    "generations": "course",
    "codes": "course",
    "noising": "training",
    "couplings": "training",
    "loss": "training",
    "heat": "cost",
    "ledger": "cost",
    "comparison": "comparison",
}


@attrs.frozen
class Picture:
    """A figure: a file in base 64, its kind, width on the page [pixel]."""

    data: str
    kind: str
    width: int | None

    @classmethod
    def of(cls, file: bytes) -> Picture:
        """Return a PNG file with half its pixels as width, so that it is crisp on dense screens, or a GIF as it is."""
        data = base64.b64encode(file).decode("ascii")
        if file.startswith(b"GIF"):
            return cls(data, "gif", int.from_bytes(file[6:8], "little"))
        # Bytes 16 to 20 of a PNG are its width.
        pixels = int.from_bytes(file[16:20], "big") if file[:4] == b"\x89PNG" else 0
        return cls(data, "png", pixels // 2 or None)


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
        PNG and GIF files by name (``heat``, ``ledger``, ...); each goes to the section it belongs to.
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
    jinja2.UndefinedError
        If the config is not a resolved one.
    """
    config = tomllib.loads(config_toml)
    machine = Described.of(config)
    # programs for classes are asked for each class also where the config names none
    asked = bool(config.get("generation", {}).get("condition") or config.get("training", {}).get("by_class"))
    time = machine.duration * config["computer"]["mobility"]
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            report=report,
            config=config,
            machine=machine,
            denoiser={
                "kelvin": ROOM_TEMPERATURE,
                "kT": BOLTZMANN * ROOM_TEMPERATURE,
                "layers": denoiser_layers(machine.pixels),
                "operations": denoiser_operations(machine.pixels),
                "joules": JOULE_PER_MAC,
                "steps": DENOISING_STEPS,
            },
            asked=asked,
            driven=bool(config.get("schedule")),
            beside={row.name: row for row in (report.quality.rows if report.quality else ())},
            judged=_judged(report),
            disagreement=disagreement(report),
            loss_scatter=_loss_scatter(report, config, machine),
            novelty=Novelty.of(report.quality),
            presets={name: (one.description, one.seconds(time)) for name, one in PRESETS.items()},
            commands=next_commands(report, config, manifest, min(machine.steps, machine.generation_steps)),
            tables=tables_of(report, manifest, asked),
            pictures=_by_section({name: Picture.of(png) for name, png in figures.items()}),
            missing=_by_section(missing or {}),
            plugin_options=plugin_options(manifest),
            plugin_copies=plugin_copies(manifest),
            config_toml=config_toml,
            manifest=json.dumps(manifest, indent=2, ensure_ascii=False, default=str) if manifest else "",
        )
    )


def _by_section(named: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what belongs to figures by the section in which they stand."""
    found: dict[str, dict[str, Any]] = {}
    for name, one in named.items():
        found.setdefault(_PLACES.get(name, "figures"), {})[name] = one
    return found


def _judged(report: Report) -> int:
    """Return how many outputs the perceptron has judged, which of very many are not all."""
    verdicts = (report.quality and report.quality.confusion) or {}
    return sum(sum(counts.values()) for counts in verdicts.values()) or report.samples


def _loss_scatter(report: Report, config: Mapping[str, Any], machine: Described) -> float | None:
    """Return by how much the mean loss of a perfect model scatters about N/2 on held-out steps, None where not known.

    The loss of a step of a perfect model is half of a chi-squared number with N degrees of freedom, which has the mean
    N/2 and the variance N/2; steps are independent. With weights of groups it is another.
    """
    training = config["training"]
    if not report.loss_perfect or training.get("weights") or not training.get("held_out"):
        return None
    return math.sqrt(report.loss_perfect / (machine.steps * training["held_out"]))


@functools.cache
def environment() -> jinja2.Environment:
    """Return what reads the templates beside this module."""
    import jinja2

    found = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
    )
    found.filters |= {
        "bits": math.log2,
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
        "flat": _flat,
        "reasons": reasons,
        **{one.__name__: one for one in numbers.FILTERS},
    }
    found.globals["loss_pair"] = numbers.loss_pair
    return found


def _flat(text: str) -> Markup:
    """Return prose of a template on one line; a space that must not break stays what it is."""
    return Markup(re.sub("[ \n]+", " ", text).strip())
