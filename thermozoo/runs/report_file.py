"""``report.json``: a report written as JSON can hold it, and read again."""

from __future__ import annotations

import functools
import math
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory

from thermozoo.errors import ConfigError, shown
from thermozoo.runs.documented import documented, type_text
from thermozoo.runs.results import Report

__all__ = ["finite_json", "read_as", "read_report", "report_json"]

_T = TypeVar("_T")

#: Missing keys that are named; of more, their number is said.
_NAMED = 8


def report_json(report: Report) -> tuple[dict[str, Any], list[str]]:
    """Return a report as JSON can hold it, None for what is no finite number, and the names of those."""
    optional = {name for name, _, key in documented(Report, inherited=False) if key.optional}
    table = attrs.asdict(report)
    return finite_json({key: value for key, value in table.items() if value is not None or key not in optional})


def finite_json(figures: Any, name: str = "") -> tuple[Any, list[str]]:
    """Return figures as JSON can hold them, None for what is no finite number, and the names of those."""
    if isinstance(figures, float) and not math.isfinite(figures):
        return None, [name]
    parts: Any = None
    if isinstance(figures, dict):
        parts = figures.items()
    elif isinstance(figures, list | tuple):
        parts = enumerate(figures)
    if parts is None:
        return figures, []
    found = {key: finite_json(value, f"{name}.{key}".lstrip(".")) for key, value in parts}
    strange = [one for _, names in found.values() for one in names]
    kept = {key: value for key, (value, _) in found.items()}
    return (kept if isinstance(figures, dict) else list(kept.values())), strange


def read_report(content: Any) -> Report:
    """Return the report that ``report.json`` holds; see `read_as`."""
    return read_as(content, Report)


def read_as(content: Any, cls: type[_T]) -> _T:
    """Return the instance of a class of figures that JSON holds; a number that was not finite is NaN again.

    Raises
    ------
    ConfigError
        With one line for all keys that are missing, and one for each that is not of its type.
    """
    try:
        return _converter().structure(content, cls)
    except cattrs.BaseValidationError as error:
        found = [line.partition(" @ ") for line in cattrs.transform_error(error, "", _said)]
    paths = [(said, shown(path.removeprefix("."), 80)) for said, _, path in found]
    missing = [path for said, path in paths if said == "missing"]
    lines = [f"{path}: {said}" for said, path in paths if said != "missing"]
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        lines.insert(0, f"{', '.join(missing[:_NAMED])}{more} missing")
    raise ConfigError(lines)


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    for kind in (str, int, float, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook_factory(_is_table, _table)
    return converter


def _exactly(value: Any, kind: type) -> Any:
    """Return a value of a type; what JSON cannot hold was written as null."""
    if value is None and kind is float:
        return math.nan
    if not isinstance(value, int | float if kind is float else kind) or isinstance(value, bool) is not (kind is bool):
        raise TypeError
    return value


def _is_table(kind: Any) -> bool:
    return attrs.has(kind) or typing.get_origin(kind) is dict


def _table(kind: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    structure = (make_dict_structure_fn if attrs.has(kind) else mapping_structure_factory)(kind, converter)

    def checked(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError
        return structure(value, kind)

    return checked


def _said(error: BaseException, kind: Any) -> str:
    return "missing" if isinstance(error, KeyError) else f"expected {type_text(kind)}"
