"""Pages that are written when the docs are built: one for every plugin, one for every package of the API."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import tomli_w

import thermozoo
from thermozoo.config.plugins import resolved_plugin
from thermozoo.config.schema import PLACES
from thermozoo.constraints import constraints_of
from thermozoo.errors import DataError
from thermozoo.interfaces import INTERFACES, Connectivity, Plugin, Task
from thermozoo.parameters import doc_of, parameters_of
from thermozoo.registry.catalogue import Record, catalogue
from thermozoo.runs.task_report import table_name
from thermozoo.symbolic.latex import formula_latex
from thermozoo.symbolic.overview import derived_formulas

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["api_pages", "setup", "zoo_pages"]

#: The layout of the paper set-up, for which the couplings of a connectivity are counted.
_PAPER = {"visible": 784, "hidden": 512}


def _heading(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (header, *rows):
        for k, cell in enumerate(row):
            lines.append(f"   {'*' if k == 0 else ' '} - {cell}")
    return [*lines, ""]


def _zoo_page(record: Record) -> str:
    cls: Any = record.plugin
    plugin: Plugin = cls()
    lines = [f".. _{record.kind}-{record.name}:", ""]
    lines += _heading(record.name, "=")
    article = "An" if record.kind[0] in "aeiou" else "A"
    lines += [f"{article} {record.kind} of *{record.source.distribution}*.", ""]
    # what is of the core has its place in the index among the modules
    once = ["   :no-index:"] if cls.__module__.startswith("thermozoo.") else []
    lines += [f".. autoclass:: {cls.__module__}.{cls.__qualname__}", "   :no-members:", *once, ""]
    parameters = parameters_of(cls)
    if parameters:
        lines += _heading("Parameters", "-")
        lines += _table(
            ("key", "symbol", "unit", "range", "default", "meaning"),
            ((f"``{p.name}``", f":math:`{p.symbol}`", p.unit, p.range, f"{p.default:g}", p.doc) for p in parameters),
        )
    constraints = constraints_of(plugin)
    if constraints:
        lines += ["All of these must hold, for each unit where a parameter has one value per unit:", ""]
        for constraint in constraints:
            lines += [".. math::", "", f"   {formula_latex(plugin, constraint.relation)}", ""]
    known = {p.name for p in parameters}
    options = [f for f in attrs.fields(cls) if f.name not in known and f.init and doc_of(f)]
    if options:
        lines += _heading("Settings", "-")
        lines += _table(
            ("key", "default", "meaning"),
            ((f"``{f.alias}``", f"``{_default(f)}``", doc_of(f)) for f in options),
        )
    formulas = derived_formulas(plugin)
    if formulas:
        lines += _heading("Derived from the formula", "-")
        for formula in formulas:
            lines += [f"{formula.title}:", "", ".. math::", "", f"   {formula.latex}", ""]
    lines += _figures(plugin)
    lines += _facts(plugin)
    if plugin.kind in PLACES:
        lines += _heading("In a config", "-")
        lines += [".. code-block:: toml", "", *(f"   {line}" for line in _snippet(plugin)), ""]
    return "\n".join(lines)


def _figures(plugin: Plugin) -> list[str]:
    """Return what a task finds, with what each figure means, and the tables that it reads."""
    if not isinstance(plugin, Task):
        return []
    lines = [f"Tables of a config that it reads: {', '.join(f'``[{name}]``' for name in plugin.tables)}.", ""]
    if plugin.figures is not None:
        name = table_name(plugin.name)
        lines += [f"Its figures stand in ``report.json`` under ``{name}``: see :doc:`../reference/report`.", ""]
    return lines


def _default(field: attrs.Attribute[Any]) -> Any:
    return "required" if field.default is attrs.NOTHING else repr(field.default)


def _facts(plugin: Plugin) -> list[str]:
    """Return what the plugin claims, and what can be counted."""
    facts = []
    for claim, words in plugin.declared.claims.items():
        value = getattr(plugin, claim)
        if value is not None:
            value = str(value).lower() if isinstance(value, bool) else value
            facts.append(f"Claimed, and checked by the verification suite: {words}: {value}.")
    if isinstance(plugin, Connectivity):
        from thermozoo.computer.connect import connect
        from thermozoo.computer.layout import Layout

        with contextlib.suppress(DataError):  # a file of the user's says what is coupled
            count = connect(plugin, Layout(_PAPER)).size
            sizes = " and ".join(f"{size} {group}" for group, size in _PAPER.items())
            facts.append(f"Couplings, with these settings, of {sizes} units: {count:,}.")
    return [line for fact in facts for line in (fact, "")]


def _snippet(plugin: Plugin) -> list[str]:
    path, key = PLACES[plugin.kind]
    settings = resolved_plugin(plugin)
    settings = {key: settings.pop("plugin"), **settings}
    return [f"[{path}]", *tomli_w.dumps(settings).splitlines()]


def zoo_pages() -> dict[str, str]:
    """Return the text of the pages of the first-party plugins by file name."""
    ours = ("thermozoo_plugins.", "thermozoo.")  # engines are part of the core
    records = [r for r in catalogue().records if r.plugin is not None and r.plugin.__module__.startswith(ours)]
    pages = {f"{r.kind}-{r.name}.rst": _zoo_page(r) for r in records}
    lines = _heading("The zoo", "=")
    lines += ["Every first-party plugin; these pages are written from the plugins themselves.", ""]
    for kind, interface in INTERFACES.items():
        lines += [".. toctree::", f"   :caption: {interface.declared.title}"]
        lines += ["   :maxdepth: 1", ""]
        lines += [f"   {r.kind}-{r.name}" for r in records if r.kind == kind] + [""]
    return pages | {"index.rst": "\n".join(lines)}


def lacks_extra(name: str) -> bool:
    """Tell whether a module imports what an extra brings, and that is not installed."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != "jax":
            raise
        return True
    return False


def _modules(package: Any) -> list[str]:
    """Return the modules of a package; without those that an extra brings to life, where that is not installed."""
    found = []
    for info in pkgutil.iter_modules(package.__path__):
        name = f"{package.__name__}.{info.name}"
        if info.name.startswith("_") or lacks_extra(name):
            continue
        found.append(name)
        if info.ispkg:
            found += _modules(importlib.import_module(name))
    return found


def _module_lines(name: str) -> list[str]:
    """Return an automodule directive for the public names that are defined in a module itself."""
    module = importlib.import_module(name)
    own = [
        n
        for n in getattr(module, "__all__", ())
        if getattr(getattr(module, n), "__module__", name) == name
        and (callable(getattr(module, n)) or isinstance(getattr(module, n), type))
    ]
    lines = [f".. automodule:: {name}"]
    if own:
        lines += [f"   :members: {', '.join(own)}", "   :show-inheritance:"]
    return [*lines, ""]


def api_pages() -> dict[str, str]:
    """Return the text of the pages of the API by file name: one for the public names, one a package."""
    top = _heading("thermozoo", "=")
    top += [".. automodule:: thermozoo", "", "What a plugin's author imports from here:", ""]
    for name in sorted(thermozoo.__all__):
        obj = getattr(thermozoo, name)
        module = getattr(obj, "__module__", "")
        if module.startswith("thermozoo."):
            sentence = (obj.__doc__ or "").strip().splitlines()[0]
            top += [f"- :py:obj:`{name} <{module}.{name}>`: {sentence}"]
        else:
            top += [f"- ``{name}``: the marker of hook implementations, a pluggy ``HookimplMarker``."]
    pages = {"thermozoo.rst": "\n".join([*top, ""])}
    names = _modules(thermozoo)
    parts = sorted({n.split(".")[1] for n in names if not n.endswith("__main__")})
    for part in parts:
        inside = [n for n in names if n.split(".")[1] == part]
        lines = _heading(f"thermozoo.{part}", "=")
        for name in inside:
            if name != f"thermozoo.{part}":
                lines += _heading(name.removeprefix("thermozoo."), "-")
            lines += _module_lines(name)
        pages[f"thermozoo.{part}.rst"] = "\n".join(lines)
    index = _heading("API", "=")
    index += ["Written from the docstrings.", "", ".. toctree::", "   :maxdepth: 1", ""]
    index += ["   thermozoo", *(f"   thermozoo.{part}" for part in parts), ""]
    return pages | {"index.rst": "\n".join(index)}


def _write(folder: Path, pages: dict[str, str]) -> None:
    """Write pages that changed and remove those of plugins and modules that are gone."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.rst"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def _generate(app: Sphinx) -> None:
    _write(Path(app.srcdir) / "zoo", zoo_pages())
    _write(Path(app.srcdir) / "api", api_pages())


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for sources."""
    app.connect("builder-inited", _generate)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
