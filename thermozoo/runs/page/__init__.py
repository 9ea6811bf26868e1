"""The page of a run: one self-contained HTML file."""

from __future__ import annotations

from thermozoo.runs.page.render import render_page

__all__ = ["render_page"]
