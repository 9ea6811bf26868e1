"""Every code block of the README and the docs does what the page says."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doc_blocks import DOCS, EXAMPLES, ROOT, Block, blocks_of, commands, pages, run_page

from thermozoo.config.load import check_config, load_config
from thermozoo.config.packaged import packaged
from thermozoo.config.read import override, read_config
from thermozoo.registry.catalogue import load_catalogue

STRIPES = EXAMPLES / "stripes.py"


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _runnable(page: Path) -> bool:
    return any(b.run and b.language in ("python", "console") for b in blocks_of(page))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with the examples in it, and a terminal of fixed width without colors."""
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    for name, value in {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("thermozoo_file_"):
            del sys.modules[name]


#: Pages whose commands take seconds: the long run executes them.
SLOW = {
    *("ask-for-a-class.md", "assemble-a-computer.md", "discrete-units.md", "own-data.md", "resume-and-replay.md"),
    *("run-folder.md", "verify-a-plugin.md", "erase-a-bit.md", "sample-a-computer.md", "solve-a-lyapunov-equation.md"),
    *("solve-a-linear-system.md", "optimization-problems.md", "compute-logic.md", "anneal-a-graph.md"),
}


def _in_time(page: Path) -> Any:
    return pytest.param(page, marks=pytest.mark.long) if page.name in SLOW else page


@pytest.mark.parametrize("page", [_in_time(p) for p in pages() if _runnable(p)], ids=_name)
def test_blocks_of_the_page_do_what_it_says(page, folder, capsys):
    if "import dimod" in page.read_text("utf-8"):
        pytest.importorskip("dimod")
    assert run_page(page, capsys) > 0


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_blocks_that_are_not_run_say_why(page):
    for block in blocks_of(page):
        assert block.language, f"line {block.line}: a fenced block without a language"
        if block.language == "console" and block.run:
            foreign = [c for c, _ in commands(block.text) if not c.startswith("thermozoo ")]
            assert not foreign, f"line {block.line}: {foreign[0]} is not run; mark the block with a reason"


def _makes(block: Block) -> Iterator[str]:
    """Yield the files and folders that a block writes where the reader stands."""
    if block.file is not None:
        yield block.file
    if block.language == "python":
        yield from re.findall(r"(?:savez|save_computer|to_netcdf)\([^)]*?\"([^\"]+)\"", block.text)
        yield from re.findall(r"Path\(\"([^\"]+)\"\)\.write", block.text)
    if block.language == "console":
        for command, _ in commands(block.text):
            yield from re.findall(r"--out (\S+)", command)
            yield from (f"thermozoo-{name}" for name in re.findall(r"^thermozoo new \S+ (\S+)", command))


def test_pages_can_be_followed_one_after_the_other():
    """No two pages write one file or folder: the second would change what the first has made, or be refused."""
    every = {*pages(), *DOCS.glob("how-to/write-a*.md")}
    makers: dict[str, set[str]] = {}
    for page in every:
        for block in blocks_of(page):
            for made in _makes(block):
                makers.setdefault(made, set()).add(_name(page))
    assert {"toy", "images.npz", "bars.nc", "octic.toml", "thermozoo-flat-bottom"} <= set(makers)
    assert {made: sorted(by) for made, by in makers.items() if len(by) > 1} == {}


def _toml_blocks() -> list[tuple[Path, Block]]:
    return [(p, b) for p in (*pages(), *DOCS.glob("how-to/write-a*.md")) for b in blocks_of(p) if b.language == "toml"]


def _values(table: dict[str, Any]) -> Iterator[str]:
    for value in table.values():
        if isinstance(value, dict):
            yield from _values(value)
        else:
            yield str(value)


#: Tables of project files, which are no config.
_PROJECT = ("project", "build-system", "tool")


@pytest.mark.parametrize(
    ("page", "block"),
    [
        pytest.param(p, b, id=f"{_name(p)}:{b.line}")
        for p, b in _toml_blocks()
        if not any(table in tomllib.loads(b.text) for table in _PROJECT)
    ],
)
def test_keys_of_toml_blocks_are_valid(page, block):
    catalogue = load_catalogue(files=[STRIPES, EXAMPLES / "escape.py"])
    tables = tomllib.loads(block.text)
    tables.setdefault("computer", {}).setdefault("units", {"visible": 784, "hidden": 512})
    declared = re.findall(r'^\s*name = "([a-z0-9-]+)"$', page.read_text("utf-8"), re.MULTILINE)
    if set(declared) & set(_values(tables)):
        pytest.skip("names a plugin that the page itself defines; the page's own test runs it")
    check_config(tables, catalogue, page.name)


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda p: p.name)
def test_examples_are_valid_and_resolve_to_themselves(example):
    catalogue = load_catalogue(files=[STRIPES, EXAMPLES / "escape.py"])
    config = load_config(example, catalogue)
    assert check_config(config.resolved, catalogue, "resolved").resolved == config.resolved
    text = example.read_text("utf-8")
    assert "thermozoo run examples/" + example.name in text


def test_overrides_on_the_command_lines_of_the_docs_are_valid():
    catalogue = load_catalogue()
    found = 0
    for page in pages():
        for line in re.findall(r"^\$ thermozoo run([^\n]*)\n(?!thermozoo: )", page.read_text("utf-8"), re.MULTILINE):
            if ".toml" in line:
                continue
            assignments = re.findall(r"--set ([\w.]+=(?:'[^']*'|\S+))", line)
            named = re.match(r" ([\w-]+)", line)
            _, tables = read_config(named[1] if named is not None and named[1] in packaged() else None)
            check_config(override(tables, [a.replace("'", "") for a in assignments]), catalogue, _name(page))
            found += 1
    assert found > 0


def test_a_block_with_wrong_output_is_noticed(folder, capsys):
    page = folder / "page.md"
    page.write_text("```python\n>>> 1 + 1\n3\n```\n")
    with pytest.raises(AssertionError, match="Expected"):
        run_page(page, capsys)
    page.write_text("```console\n$ thermozoo plugins --json\nnothing\n```\n")
    with pytest.raises(AssertionError, match="instead of"):
        run_page(page, capsys)
    page.write_text("<!-- not run: wrong on purpose -->\n```python\nraise SystemExit\n```\n")
    assert run_page(page, capsys) == 0
