"""A check at the end of a build: the pages load nothing from another host, so that they read well without a network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["setup", "what_pages_lack"]

#: Where an element names what it loads; links to follow are no part of it.
_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}

_IN_STYLES = re.compile(r"(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)")


class _Loads(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        values = dict(attrs)
        # pages name one another as next, previous and so on, which loads nothing
        if tag == "link" and values.get("rel") not in ("stylesheet", "icon", "preload", "modulepreload"):
            return
        if value := values.get(_LOADS.get(tag, "")):
            self.found.append(value)


def what_pages_lack(folder: Path) -> list[str]:
    """Return one line for each file that a page or style loads from another host, or that is not there."""
    lines = []
    for page in sorted(folder.rglob("*.html")):
        parser = _Loads()
        parser.feed(page.read_text("utf-8"))
        for url in parser.found:
            parts = urlsplit(url)
            if parts.scheme == "data":
                continue
            if parts.netloc:
                lines.append(f"{page.relative_to(folder)} loads {url} from another host")
            elif not (page.parent / unquote(parts.path)).exists():
                lines.append(f"{page.relative_to(folder)} loads {url}, which is not there")
    for style in sorted(folder.rglob("*.css")):
        lines += [f"{style.relative_to(folder)} loads {url}" for url in _IN_STYLES.findall(style.read_text("utf-8"))]
    return lines


def _check(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        lines = what_pages_lack(Path(app.outdir))
        if lines:
            from sphinx.errors import ExtensionError

            raise ExtensionError("pages that do not stand alone:\n" + "\n".join(lines[:20]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Check last, after others have copied their files."""
    app.connect("build-finished", _check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
