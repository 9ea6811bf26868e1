"""The how-to pages for authors: every block of code is executed, every command's output compared."""

from __future__ import annotations

import sys

import pytest
from doc_blocks import DOCS, blocks_of, run_page

from thermozoo.interfaces import INTERFACES

#: Kinds whose checks take seconds rather than milliseconds.
SLOW = ("potential", "interaction", "projection", "integrator", "objective", "task")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, and a terminal of fixed width without colors."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("thermozoo_file_"):
            del sys.modules[name]


def cases():
    for kind in INTERFACES:
        yield pytest.param(kind, marks=pytest.mark.long if kind in SLOW else ())


@pytest.mark.parametrize("kind", list(cases()))
def test_the_page_does_what_it_says(kind, folder, capsys):
    assert run_page(DOCS / "how-to" / f"write-a-{kind}.md", capsys) >= 2


@pytest.mark.parametrize("kind", list(INTERFACES))
def test_every_block_of_the_page_is_run(kind):
    blocks = blocks_of(DOCS / "how-to" / f"write-a-{kind}.md")
    assert blocks
    assert all(b.run and b.language in ("python", "console", "toml") for b in blocks)
