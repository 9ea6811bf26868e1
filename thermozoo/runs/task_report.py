"""What ``report.json`` holds of a task other than `generate`: keys that all have, and the task's own figures."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Annotated, Any

import attrs

from thermozoo.errors import ConfigError, DataError
from thermozoo.interfaces import Task
from thermozoo.keys import Key
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.device import Device
from thermozoo.runs.imperfect import Imperfect
from thermozoo.runs.report_file import finite_json, read_as

__all__ = ["CommonReport", "TaskReport", "read_task_report", "table_name", "task_report_json"]


@attrs.frozen(kw_only=True)
class CommonReport:
    """The keys that all tasks but `generate` have."""

    task: Annotated[str, Key("what the run did")]
    engine: Annotated[str, Key("what advanced the states")]
    seed: Annotated[int, Key("given or drawn")]
    config_digest: Annotated[str, Key("SHA-256 of the resolved config")]
    parameter_digest: Annotated[str, Key("SHA-256 of everything that enters the energy of the computer")]
    warnings: Annotated[
        tuple[str, ...], Key("what is to be doubted about the figures, with a remedy; empty where nothing is wrong")
    ] = ()
    hardware: Annotated[
        Device | None, Key("one result in laboratory units; absent without `[hardware]`", optional=True)
    ] = None
    imperfections: Annotated[
        tuple[Imperfect, ...] | None,
        Key(
            "what the device did to what it was asked to be, in order; absent without `[hardware.imperfections]`",
            optional=True,
        ),
    ] = None
    heat_counted: Annotated[
        str | None,
        Key(
            "`by the path` where couplings are asymmetric: the first law then has the work of a force without an "
            "energy in it; absent where heat is known from energies and their driving",
            optional=True,
        ),
    ] = None
    seconds: Annotated[dict[str, float], Key("wall time by phase", "s")]


@attrs.frozen(kw_only=True)
class TaskReport(CommonReport):
    """What ``report.json`` holds; the figures stand under the task's name.

    Parameters
    ----------
    figures : object
        The figures of the task, of the class that it declares.
    """

    figures: Any


def table_name(task: str) -> str:
    """Return the key under which the figures of a task stand."""
    return task.replace("-", "_")


def task_report_json(report: TaskReport) -> tuple[dict[str, Any], list[str]]:
    """Return a report as JSON can hold it, None for what is no finite number, and the names of those."""
    common, seconds = attrs.asdict(report, recurse=False), {"seconds": report.seconds}
    del common["figures"], common["seconds"], common["hardware"], common["imperfections"]
    if report.heat_counted is None:
        del common["heat_counted"]
    if report.hardware is not None:
        common["hardware"] = attrs.asdict(report.hardware)
    if report.imperfections is not None:
        common["imperfections"] = [attrs.asdict(one) for one in report.imperfections]
    hints = typing.get_type_hints(type(report.figures), include_extras=True)
    optional = {name for name, kind in hints.items() if any(key.optional for key in getattr(kind, "__metadata__", ()))}
    own = attrs.asdict(report.figures)
    own = {key: value for key, value in own.items() if value is not None or key not in optional}
    return finite_json(common | {table_name(report.task): own} | seconds)


def read_task_report(content: Mapping[str, Any], catalogue: Catalogue) -> tuple[Task, TaskReport]:
    """Return the task, with its default settings, and the report that ``report.json`` holds.

    Raises
    ------
    ConfigError
        With one line for all keys that are missing, and one for each that is not of its type.
    DataError
        When the task has no figures that could be read.
    UnknownNameError
        When no task of that name is installed.
    """
    name = content["task"]
    if not isinstance(name, str):
        raise ConfigError(["task: expected text"])
    cls: type[Task] = catalogue.get(Task, name)  # type: ignore[type-abstract]
    if cls.figures is None:
        raise DataError(f"the task {name!r} declares no figures: its report cannot be read")
    common = read_as({key: value for key, value in content.items() if key != table_name(name)}, CommonReport)
    figures = read_as(content.get(table_name(name), {}), cls.figures)
    return cls(), TaskReport(figures=figures, **attrs.asdict(common, recurse=False))
