"""Text of reference pages, written from declarations: config, command line, hooks, checks of the suite."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Iterable
from typing import Any

from typer.models import ArgumentInfo, OptionInfo

from thermozoo.cli import app as command_line
from thermozoo.config.schema import COMPUTER_TABLES, TABLES, Setting, settings_of
from thermozoo.config.terms import PatternTable
from thermozoo.config.values import type_name
from thermozoo.interfaces import INTERFACES, Declaration, Task
from thermozoo.registry.catalogue import catalogue
from thermozoo.registry.hookspecs import hooks
from thermozoo.runs.documented import documented, type_text
from thermozoo.runs.results import SECTIONS, Key
from thermozoo.runs.task_report import CommonReport, table_name
from thermozoo.testing import checks_for

__all__ = ["checks_text", "command_line_text", "config_text", "hook_text", "report_text"]


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a MyST table."""
    titles = list(header)
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    lines += [" | ".join(cell.replace("|", r"\|") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _toml(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, (tuple, list)):
        return "`[" + ", ".join(_toml(v).strip("`") for v in value) + "]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _limits(one: Setting) -> str:
    if one.choices:
        return ", ".join(f"`{choice}`" for choice in one.choices)
    low = f"above {one.above:g}" if one.above is not None else ""
    if not low and one.at_least is not None:
        low = f"at least {one.at_least:g}"
    return low if one.below is None else f"{low}, below {one.below:g}".removeprefix(", ")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def config_text() -> str:
    """Return a section for every table of the config, written from its declaration."""
    parts = []
    inside = {f"computer.{name}": table for name, table in COMPUTER_TABLES.items()}
    for name, table in ({"computer": TABLES["computer"]} | inside | TABLES).items():
        title = inspect.getdoc(table.settings) or ""
        parts += [f"## `[{name}]`", _sentence(title.partition(": ")[2] or title)]
        if table.optional:
            parts.append("The table may be absent.")
        rows = (
            (f"`{one.name}`", type_name(one.type), _toml(one.default), _limits(one), one.doc)
            for one in settings_of(table.settings).values()
        )
        parts.append(_table(("key", "type", "default", "values", "meaning"), rows))
        if table.interface is not None:
            kind = table.interface.kind
            links = (f"[`{n}`](#{kind}-{n})" for n in catalogue().names(kind) if _first_party(kind, n))
            parts.append(
                f"Beside `{table.plugin_key}` stand the settings of the {kind} that it names: " + ", ".join(links) + "."
            )
        if name == "computer.connectivity":
            parts += _further_terms()
    return "\n\n".join(parts)


def _further_terms() -> list[str]:
    """Return the section of further terms of the energy, which stand by name."""
    rows = (
        (f"`{one.name}`", type_name(one.type), _toml(one.default), _limits(one), one.doc)
        for one in settings_of(PatternTable).values()
    )
    names = (n for n in catalogue().names("projection") if _first_party("projection", n))
    links = ", ".join(f"[`{n}`](#projection-{n})" for n in names)
    return [
        "## `[computer.terms.NAME]`",
        "A further term of the energy; NAME is what ledgers and reports call it. Either it is of projections:",
        _table(("key", "type", "default", "values", "meaning"), rows),
        f"Beside `plugin` stand the settings of the projection that it names: {links}.",
        "Or it couples units: `interaction`, and `connectivity`, each the name of a plugin or a table that names one.",
    ]


def _first_party(kind: str, name: str) -> bool:
    cls = catalogue().record(kind, name).plugin
    return cls is not None and cls.__module__.startswith(("thermozoo_plugins.", "thermozoo."))


def _help(text: str | None) -> tuple[list[str], list[str]]:
    """Split the help of a command into paragraphs and examples."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    prose = [" ".join(p.split()) for p in paragraphs if not p.startswith("Example")]
    examples = [" ".join(p.partition(":")[2].split()) for p in paragraphs if p.startswith("Example")]
    return prose, examples


def _parameter_rows(function: Any) -> list[tuple[str, str, str]]:
    """Return a row for each argument and option that a command declares."""
    hints = typing.get_type_hints(function, include_extras=True)
    rows = []
    for name, parameter in inspect.signature(function).parameters.items():
        declared = [m for m in getattr(hints[name], "__metadata__", ()) if isinstance(m, (OptionInfo, ArgumentInfo))]
        if not declared:
            continue
        info = declared[0]
        if isinstance(info, ArgumentInfo):
            shown = f"`{info.metavar or name.upper()}`"
        else:
            # inside Annotated, typer keeps the first name where the default would stand
            written = (info.default, *(info.param_decls or ()))
            options = [d for d in written if isinstance(d, str) and d.startswith("-")]
            options = options or [f"--{name.replace('_', '-')}"]
            kind = typing.get_args(hints[name])[0]
            value = "" if kind is bool else f" {info.metavar or _short_type(kind)}"
            shown = ", ".join(f"`{option}{value}`" for option in options)
        default = parameter.default
        given = "" if default in (None, False, inspect.Parameter.empty) else f"`{default}`"
        required = "required" if default is inspect.Parameter.empty else given
        rows.append((shown, required, " ".join((info.help or "").split())))
    return rows


def _short_type(kind: Any) -> str:
    inner = [k for k in typing.get_args(kind) if k is not type(None)]
    return str(getattr(inner[0] if inner else kind, "__name__", kind)).upper()


def command_line_text() -> str:
    """Return a section for every command, written from the functions that the application runs."""
    parts = []
    for name in command_line.COMMANDS:
        function = getattr(importlib.import_module(f"thermozoo.cli.{name}"), name)
        prose, examples = _help(function.__doc__)
        parts += [f"## `thermozoo {name}`", *prose]
        if examples:
            parts.append("```shell\n" + "\n".join(examples) + "\n```")
        rows = _parameter_rows(function)
        if rows:
            parts.append(_table(("argument or option", "default", "meaning"), rows))
    return "\n\n".join(parts)


def hook_text(name: str) -> str:
    """Return what a hook is for, what it returns, and which first-party plugins come through it."""
    interface = hooks()[name]
    kind = interface.kind
    links = (f"[`{n}`](#{kind}-{n})" for n in catalogue().names(kind) if _first_party(kind, n))
    return "\n\n".join(
        [
            f"{interface.declared.title}. Returns `list[type[{interface.__name__}]]`, a list of subclasses of "
            f"{{py:class}}`~{interface.__module__}.{interface.__name__}`. {_called_with(interface.declared)}",
            f"First-party plugins that come through it: {', '.join(links)}.",
        ]
    )


def _called_with(kind: Declaration) -> str:
    """Return what the formula of a kind is called with."""
    if not kind.symbols:
        return f"An author writes {' or '.join(f'`{name}`' for name in kind.formula)}."
    s = "s." if kind.together else ""
    words = [f"`{s}{one.name}`, {one.doc}" for one in kind.symbols]
    words += [f"`{s}{one.name}({'at' if one.at else ''})`, {one.doc}" for one in kind.requests]
    method = f"{kind.formula[0]}({'s' if kind.together else ', '.join(one.name for one in kind.symbols)})"
    return f"The formula is `{method}`; its symbols are {'; '.join(words)}."


def checks_text() -> str:
    """Return a section for every kind of plugin with the checks of the verification suite."""
    parts = []
    for kind in INTERFACES:
        parts.append(f"## Checks of {_article(kind)} {kind}")
        rows = ((f"`{c.name}`", c.claim, c.level, ", ".join(f"`{n}`" for n in c.needs)) for c in checks_for(kind))
        parts.append(_table(("check", "claim", "profile", "needs"), rows))
    return "\n\n".join(parts)


def report_text() -> str:
    """Return a section for every part of the report, written from its declaration."""
    parts = []
    sections = dict(SECTIONS) | {"Any other task": CommonReport}
    for name in catalogue().names(Task.kind):
        figures = catalogue().get(Task, name).figures
        if figures is not None and _first_party(Task.kind, name):
            sections[f"`{table_name(name)}`, of the task [`{name}`](#task-{name})"] = figures
    for title, cls in sections.items():
        keys = documented(cls, inherited=title not in SECTIONS)  # those that the report inherits have sections
        rows = ((f"`{n}`", _type(kind, key), _unit(key.unit), key.meaning) for n, kind, key in keys)
        parts += [f"## {title}", _table(("key", "type", "unit", "meaning"), rows)]
    return "\n\n".join(parts)


def _type(kind: Any, key: Key) -> str:
    text = type_text(kind)
    return text.removesuffix(" or `null`") if key.optional else text


def _unit(unit: str) -> str:
    return {"E0": "$E_0$", "kT": "$k_BT$"}.get(unit, unit)


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
