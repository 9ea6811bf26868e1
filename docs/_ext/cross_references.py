"""Cross references from docstrings: bare class names, and marks that reStructuredText would misread."""

from __future__ import annotations

import re
from typing import Any

from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

__all__ = ["setup"]


def _resolve_bare_name(app: Sphinx, env: Any, node: pending_xref, content: Any) -> Any:
    """Link a name without its module (``DataError``) to the one object that carries it."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target:
        return None
    objects = env.get_domain("py").objects
    short = target.rpartition(".")[2]
    found = {n for n in objects if n.rpartition(".")[2] == short and not objects[n].aliased}
    if len(found) != 1:
        return None
    name = found.pop()
    entry = objects[name]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, name)


#: |x| is an absolute value in a docstring, and a substitution in reStructuredText; a star may be a product.
_BARS = re.compile(r"(?<![\\`])\|(?=\S)")
#: A line that starts with an initial ("S. Whitelam") would become a list item.
_INITIAL = re.compile(r"^(\s*[A-Z])\. ")
_MATH = re.compile(r"(:math:`[^`]*`|``[^`]*``)")


def _escape(line: str) -> str:
    parts = _MATH.split(line)
    parts[::2] = [_BARS.sub(r"\\|", part) for part in parts[::2]]
    return _INITIAL.sub(r"\1\\. ", "".join(parts))


def _escape_docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape bars and initials outside of mathematics and examples, line by line."""
    in_math = False
    for i, line in enumerate(lines):
        if line.lstrip().startswith(".. math::"):
            in_math = True
            continue
        if in_math and line and not line.startswith(" "):
            in_math = False
        if not in_math and not line.lstrip().startswith((">>>", "...", "|")):
            lines[i] = _escape(line)


_IVAR = re.compile(r":ivar ([^:]*):")
_TYPE = re.compile(r":vartype ([^:]*): (.*)")


def _mend_fields(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Undo three misreadings of napoleon, which has run before.

    The sentence of a property is no ``type: description``; ``x, x_next`` are two names, not a type and a name; and
    ``ndarray, shape (1 + C, n)`` names no class, so the type of an attribute stands before its sentence, as text.
    """
    types = dict(match.groups() for match in map(_TYPE.match, lines) if match)
    lines[:] = [line for line in lines if not _TYPE.match(line)]
    for i, line in enumerate(lines):
        match = _IVAR.match(line)
        if match:
            said = f" {types[match[1]]}:" if match[1] in types else ""
            lines[i] = f":ivar {match[1].replace(', ', ',')}:{said}{line[match.end() :]}"
    typed = [line for line in lines if line.startswith(":type: ")]
    if what in ("attribute", "property") and typed:
        lines.remove(typed[0])
        lines[0] = f"{typed[0].removeprefix(':type: ')}: {lines[0]}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what is in this file."""
    app.connect("missing-reference", _resolve_bare_name)
    app.connect("autodoc-process-docstring", _escape_docstring, priority=400)
    app.connect("autodoc-process-docstring", _mend_fields, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
