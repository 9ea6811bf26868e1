"""The tables of a run's page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from thermozoo.digits import count, decimals, fixed, is_number, plain, plus_minus, quantity, significant
from thermozoo.runs.device import Device
from thermozoo.runs.imperfect import Imperfect
from thermozoo.runs.page.classes import asked_table, classes_table
from thermozoo.runs.page.measures import head_and_rows
from thermozoo.runs.page.numbers import duration
from thermozoo.runs.page.table import Table
from thermozoo.runs.results import GUESSING, NO_OTHER_CLASS, UNKNOWN_CLASS, Report

__all__ = ["IMPERFECT", "device_rows", "imperfect_rows", "plugin_copies", "tables_of"]

#: Columns of the comparison, in order: key, heading with unit, key of the error.
_COMPARISON = (
    ("loss_final", "loss per step", None),
    ("likelihood_gain_nats", "likelihood gain [nats]", "likelihood_gain_se"),
    ("heat_mean_kT", "heat [kT]", "heat_std_kT"),
    ("mean_best_correlation", "best correlation", "best_correlation_std"),
    ("seconds", "time [s]", None),
)
#: Words in keys that name a unit.
_UNITS = {"joules": "J", "seconds": "s", "watts": "W", "kelvin": "K", "nats": "nats", "kT": "kT"}

_QUANTITIES = {"joules": "energy", "seconds": "time", "watts": "power"}

#: Heads of the table of imperfections.
IMPERFECT = ("name", "imperfection", "change of all strengths", "seed")

#: What hardware costs beside its heat.
_UNPUBLISHED = {"idle_watts": "power while idle", "readout_joules": "energy of a readout"}

#: What is missing from a comparison, by the reason for which the judge's verdicts are withheld.
_WITHHELD = {
    GUESSING: (
        "no coverage and no fraction in classes where the judge is not clearly better than guessing, so that it says "
        "nothing about the outputs"
    ),
    UNKNOWN_CLASS: "no coverage and no fraction in classes: the judge does not know every class that was trained on",
    NO_OTHER_CLASS: "no fraction in classes: the data set has no other class that an output could fall into",
}

#: What the manifest says of how the run was computed.
_ENGINE = ("engine", "precision", "noise")


def tables_of(report: Report, manifest: Mapping[str, Any], asked: bool = False) -> dict[str, Table]:
    """Return the tables of the page by their section; `asked`: whether outputs were asked for by class."""
    tables = {
        "generation": asked_table(report) if asked else Table([]),
        "quality": classes_table(report),
        "measures": _measures(report),
        "cost": _terms(report.heat_by_term_kT),
        "hardware": Table(device_rows(report.hardware)),
        "imperfections": Table(imperfect_rows(report.imperfections), list(IMPERFECT), numbers=False),
        "training": Table(_rows(report.training), folded="Figures of the solver"),
        "comparison": _comparison([attrs.asdict(row) for row in report.comparison or ()]),
        "time": _seconds(report.seconds),
        "provenance": _provenance(report, manifest),
    }
    return {section: table for section, table in tables.items() if table.rows}


def device_rows(device: Device | None) -> list[list[str]]:
    """Return name and value of what one result takes on hardware; what nobody has published is said to be not known."""
    if device is None:
        return []
    told = {key: value for key, value in attrs.asdict(device).items() if key not in ("description", "sample")}
    unknown = [[name, "not known"] for key, name in _UNPUBLISHED.items() if told[key] is None]
    known = [[name, _measured(key, told[key])] for key, name in _UNPUBLISHED.items() if told[key] is not None]
    return _rows({key: value for key, value in told.items() if key not in _UNPUBLISHED}) + known + unknown


def imperfect_rows(imperfections: Sequence[Imperfect] | None) -> list[list[str]]:
    """Return name, plugin with settings, relative change of the strengths, and seed of each imperfection."""
    rows = []
    for one in imperfections or ():
        settings = ", ".join(f"{key} {_measured('', value)}" for key, value in one.settings.items() if value != [])
        change = "all, from zero" if one.change is None else f"{100 * one.change:.3g} %" if one.change else "none"
        rows.append([one.name, f"{one.plugin} ({settings})" if settings else one.plugin, change, str(one.seed)])
    return rows


def _measures(report: Report) -> Table:
    """Return the measures of outputs, real images and imitations."""
    head, rows = head_and_rows(report.quality) if report.quality else ([], [])
    return Table(rows, head)


def _terms(terms: Mapping[str, float]) -> Table:
    """Return the mean heat by term of the energy, with its sum."""
    table = {**terms, "total": sum(terms.values())}
    # One more decimal than four digits of the largest, so that a column adds up by eye.
    largest = max(abs(value) for value in table.values()) or 1.0
    places = decimals(largest, 5) if math.isfinite(largest) else 0
    rows = [[_name(name), f"{fixed(value, places)} kT"] for name, value in table.items()]
    return Table(rows, ["term of the energy", "mean heat released"], total=True)


def _comparison(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the methods side by side, with the columns that at least one of them has."""
    known = {key for column in _COMPARISON for key in (column[0], column[2]) if key} | {"judge_withheld"}
    columns = [c for c in _COMPARISON if any(is_number(row.get(c[0])) for row in rows)]
    others = dict.fromkeys(
        key
        for row in rows
        for key, value in row.items()
        if key not in known and key != "method" and (is_number(value) or isinstance(value, str))
    )
    table = []
    for row in rows:
        cells = [str(row.get("method", ""))]
        for key, _, error in columns:
            value = row.get(key)
            digits = {"loss_final": 6, "heat_mean_kT": 4, "likelihood_gain_nats": 5}.get(key, 3)
            if not is_number(value):
                cells.append("")
            elif error and is_number(row.get(error)):
                cells.append(plus_minus(value, row[error], digits=3 if row[error] > 1 else 2))
            else:
                cells.append(significant(value, digits))
        cells += ["" if row.get(key) is None else _measured(key, row[key]) for key in others]
        table.append(cells)
    head = ["method", *(heading for _, heading, _ in columns), *(_name(key) for key in others)]
    note = "Heat: mean ± standard deviation over samples; likelihood gain: mean ± standard error"
    withheld = {row["judge_withheld"]: None for row in rows if row.get("judge_withheld")}
    return Table(table, head, "; ".join([note, *(_WITHHELD[reason] for reason in withheld)]))


def _seconds(phases: Mapping[str, float]) -> Table:
    """Return the seconds by phase and their sum."""
    table = {**phases, "total": sum(phases.values())}
    return Table([[_name(name), duration(value)] for name, value in table.items()], ["phase", "time"], total=True)


def _provenance(report: Report, manifest: Mapping[str, Any]) -> Table:
    """Return seed, digests, versions, plugins and engine."""
    rows = [[_name(key), str(getattr(report, key))] for key in ("seed", "config_digest", "parameter_digest")]
    for key in ("versions", "plugins", "python", "machine", *_ENGINE):
        value = manifest.get(key)
        if isinstance(value, Mapping):
            rows.append([_name(key), ", ".join(f"{_name(n)} {_item(v)}" for n, v in _flat(value))])
        elif isinstance(value, list):
            rows.append([_name(key), ", ".join(_item(entry) for entry in value)])
        elif value is not None:
            rows.append([_name(key), str(value)])
    return Table(rows, numbers=False)


def _item(entry: Any) -> str:
    """Write one entry of a list in the manifest on one line."""
    if isinstance(entry, Mapping):
        words = {**entry, "sha256": f"SHA-256 {entry['sha256']}"} if "sha256" in entry else entry
        return " ".join(str(value) for value in words.values() if value is not None)
    if isinstance(entry, list):  # within a list that is parted by commas
        return " and ".join(str(item) for item in entry)
    return str(entry)


def plugin_copies(manifest: Mapping[str, Any]) -> list[str]:
    """Return the copies of plugins' single files in the run folder, each once."""
    entries = manifest.get("plugins", ())
    return list(dict.fromkeys(e["copy"] for e in entries if isinstance(e, Mapping) and e.get("copy")))


def _rows(table: Mapping[str, Any]) -> list[list[str]]:
    """Return name and value of all that a nested table holds."""
    leaves = _flat(table)
    return [[_name(key), _measured(key, value)] for key, value in leaves if value is not None]


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield the leaves of nested tables with their path as key."""
    for key, value in table.items():
        path = f"{prefix} {key}".strip()
        if isinstance(value, Mapping):
            yield from _flat(value, path)
        else:
            yield path, value


def _name(key: str) -> str:
    """Return a key as words, without the unit that it ends in."""
    words = key.replace("_", " ").split()
    if len(words) > 1 and words[-1] in _UNITS:
        words.pop()
    return " ".join(_QUANTITIES.get(word, word) for word in words)


def _measured(key: str, value: Any) -> str:
    """Write a value with the unit that its key ends in."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not is_number(value):
        if isinstance(value, list | tuple):
            return ", ".join(_measured("", item) for item in value)
        return str(value)
    words = key.replace("_", " ").split()
    found = [_UNITS[word] for word in words if word in _UNITS]
    if found and found[-1] in {"J", "s", "W"}:
        return quantity(float(value), found[-1])
    text = count(value) if isinstance(value, int) else plain(float(f"{value:.3e}"))
    return f"{text} {found[-1]}" if found else text
