"""The page of a run whose task is not `generate`: what the task tells, and where it comes from."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from thermozoo.digits import significant
from thermozoo.interfaces import Task, TextTable
from thermozoo.parameters import doc_of, fields_of
from thermozoo.runs.page.commands import plugin_options
from thermozoo.runs.page.render import Picture, environment
from thermozoo.runs.page.tables import IMPERFECT, device_rows, imperfect_rows
from thermozoo.runs.task_report import TaskReport

__all__ = ["render_task_page"]


def render_task_page(
    task: Task,
    report: TaskReport,
    config_toml: str,
    pictures: Mapping[str, bytes],
    captions: Mapping[str, str],
    manifest: Mapping[str, Any],
    missing: Mapping[str, str],
) -> str:
    """Return the page of a run as one HTML file without any reference to the outside.

    Parameters
    ----------
    task : Task
        The task.
    report : TaskReport
        What is in ``report.json``.
    config_toml : str
        The resolved config.
    pictures : mapping of str to bytes
        PNG files by name, the most telling first.
    captions : mapping of str to str
        What they show.
    manifest : mapping
        What is in ``manifest.json``.
    missing : mapping of str to str
        Why pictures are not there, by name.
    """
    account = task.account(report.figures)
    given = tomllib.loads(config_toml).get(Task.declared.table, {})
    docs = {str(field.alias): doc_of(field) for field in fields_of(task)}
    rows = [(key, json.dumps(value), docs.get(key, "")) for key, value in given.items() if key in docs]
    times = [(phase, f"{significant(taken, 3)} s") for phase, taken in report.seconds.items()]
    return (
        environment()
        .get_template("task.html.jinja")
        .render(
            title=account.title or task.name,
            account=account,
            report=report,
            pictures={name: Picture.of(png) for name, png in pictures.items()},
            captions={name: captions.get(name, name) for name in pictures},
            missing=missing,
            device=TextTable((), device_rows(report.hardware)),
            imperfect=TextTable(IMPERFECT, imperfect_rows(report.imperfections), numbers=False),
            settings=TextTable(("setting", "value", "meaning"), rows, numbers=False) if rows else None,
            times=TextTable((), times),
            plugin_options=plugin_options(manifest),
            config_toml=config_toml,
            manifest=json.dumps(manifest, indent=2, ensure_ascii=False, default=str),
        )
    )
