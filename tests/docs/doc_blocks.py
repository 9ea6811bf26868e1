"""Reading and running the code blocks of a Markdown page.

Fenced blocks of a page run from top to bottom, in one empty folder and one Python namespace:

``python``
    Lines with ``>>>`` are a doctest; other code is executed. When its first line is ``# file: NAME`` it is written to
    NAME instead.
``toml``
    With ``# file: NAME`` as its first line it is written to NAME; without, it is only checked.
``console``
    Lines ``$ thermozoo ...`` run in this process; what follows up to the next ``$`` is compared with the output, where
    ``...`` stands for anything. Other commands are not run.

A block after the comment ``<!-- not run: REASON -->`` is left out.
"""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLES = ROOT / "examples"

_FENCE = re.compile(r"^(`{3,})(\S*)[^\n]*\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: [^>]+ -->\s*\Z")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@attrs.frozen
class Block:
    """One fenced block."""

    language: str
    text: str
    line: int
    run: bool

    @property
    def file(self) -> str | None:
        """The file that it is written to."""
        match = re.match(r"# file: (\S+)\n", self.text)
        return match[1] if match else None


def pages() -> list[Path]:
    """Return the pages that these tests run; how-to pages on plugins have a test of their own."""
    found = [p for p in DOCS.rglob("*.md") if "_build" not in p.parts]
    found = [p for p in found if not (p.parent.name == "how-to" and p.name.startswith("write-a"))]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(found)]


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    text = page.read_text("utf-8")
    return [
        Block(
            language=match[2],
            text=match[3],
            line=text.count("\n", 0, match.start()) + 2,
            run=_NOT_RUN.search(text, 0, match.start()) is None,
        )
        for match in _FENCE.finditer(text)
    ]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield (command, expected output) of a console block."""
    command, output = "", []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, "\n".join(output)
            command, output = line[2:], []
        else:
            output.append(line)
    if command:
        yield command, "\n".join(output)


def _run_python(block: Block, page: Path, namespace: dict[str, Any]) -> None:
    if block.file is not None:
        Path(block.file).write_text(block.text, "utf-8")
    elif ">>>" in block.text:
        test = doctest.DocTestParser().get_doctest(block.text, namespace, page.name, str(page), block.line - 1)
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=_FLAGS, verbose=False)
        runner.run(test, out=report.append, clear_globs=False)
        namespace.update(test.globs)
        assert not runner.failures, "".join(report)
    else:
        exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)


#: Runs of the toy that a page has done as it stands, by command without its folder: exit code, output, run folder.
_DONE: dict[str, tuple[int, str, Path]] = {}


def _run_command(command: str, capsys: Any) -> tuple[int, str]:
    """Run a command in this process; pages that show the same run of the toy share it."""
    from thermozoo.cli.app import run

    shared = re.fullmatch(r"(thermozoo run examples/.*) --out ([\w-]+)", command)
    if shared is not None and shared[1] in _DONE:
        code, output, folder = _DONE[shared[1]]
        shutil.copytree(folder, shared[2])
        return code, output.replace(f"report: {folder.name}/", f"report: {shared[2]}/")
    capsys.readouterr()
    code = run(shlex.split(command, comments=True)[1:])
    captured = capsys.readouterr()
    output = "\n".join(line.rstrip() for line in (captured.err + captured.out).strip().splitlines())
    if shared is not None and code == 0:
        _DONE[shared[1]] = code, output, Path(shared[2]).resolve()
    return code, output


def _run_console(block: Block, capsys: Any) -> None:
    for command, expected in commands(block.text):
        if not command.startswith("thermozoo "):
            continue
        code, got = _run_command(command, capsys)
        assert code in (0, 1, 2), f"{command} exited with {code}:\n{got}"
        if expected.strip():
            checker = doctest.OutputChecker()
            assert checker.check_output(expected.strip() + "\n", got + "\n", _FLAGS), (
                f"line {block.line}: {command} printed\n{got}\ninstead of\n{expected}"
            )


def run_page(page: Path, capsys: Any) -> int:
    """Run the blocks of a page in the current folder; return how many ran."""
    namespace: dict[str, Any] = {"__name__": "__docs__"}
    count = 0
    for block in blocks_of(page):
        if not block.run:
            continue
        if block.language == "python":
            _run_python(block, page, namespace)
        elif block.language == "console":
            _run_console(block, capsys)
        elif block.language == "toml" and block.file is not None:
            Path(block.file).write_text(block.text, "utf-8")
        else:
            continue
        count += 1
    return count
