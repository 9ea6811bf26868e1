"""Standard output that lacks our signs, is full, closed or read by nobody: exit 2 or less, and no traceback."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import thermozoo
from thermozoo.cli.app import run
from thermozoo.cli.streams import close_quietly, guarded_streams
from thermozoo.errors import OutputError, PluginError

#: A plugin that prints wherever it can, and whose words are not ASCII.
NOISY = '''
import attrs
from thermozoo import Potential, hookimpl, parameter

print("noise at import")

@attrs.frozen
class Noisy(Potential):
    """Größe μ ± ∮."""

    name = "noisy"
    k: float = parameter(1.0, unit="energy", symbol="kappa", doc="Höhe ± 1", above=0)

    def energy(self, x):
        print("noise in energy")
        return self.k * x**4 / 2

@hookimpl
def thermozoo_potentials():
    print("noise in the hook")
    return [Noisy]
'''


@pytest.fixture
def noisy(tmp_path):
    (tmp_path / "noisy.py").write_text(NOISY, encoding="utf-8")
    return str(tmp_path / "noisy.py")


@pytest.fixture
def streams(monkeypatch):
    """Set standard output and error to an encoding; return them."""

    def use(encoding, errors="strict"):
        found = [io.TextIOWrapper(io.BytesIO(), encoding, errors, write_through=True) for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", found[0])
        monkeypatch.setattr(sys, "stderr", found[1])
        return found

    return use


def written(stream):
    return stream.buffer.getvalue().decode(stream.encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437"])
def test_formulas_without_their_signs_are_drawn_in_ascii(streams, encoding):
    out, err = streams(encoding)
    assert run(["show", "quartic"]) == 0
    text = written(out)
    assert "U(x) = J2*x  + J4*x" in text
    assert "stable states at these values: x = 0" in text
    assert text.isascii()
    assert written(err) == ""
    assert (sys.stdout.errors, sys.stderr.errors) == ("strict", "strict")  # as they were before


def test_formulas_keep_their_signs_where_there_are_some(streams):
    out, _ = streams("utf-8")
    assert run(["show", "quartic"]) == 0
    assert "U(x) = J₂⋅x" in written(out)


@pytest.mark.parametrize(
    "command", [["--help"], ["run", "--help"], ["plugins"], ["show", "euler-maruyama"], ["schema"]]
)
def test_every_text_can_be_written_in_ascii(streams, command):
    out, err = streams("ascii")
    assert run(command) == 0
    assert written(out).isascii()
    assert "\\u" not in written(out)  # our own signs have a spelling
    assert written(err) == ""


def test_our_signs_have_names_and_foreign_ones_numbers(streams, noisy):
    out, _ = streams("ascii")
    assert run(["show", noisy]) == 0
    assert "Gr\\xf6\\xdfe mu +- \\u222e." in written(out)
    assert "H\\xf6he +- 1" in written(out)


def test_every_sign_of_the_program_has_a_spelling(streams):
    """Of all texts in its code and that of the plugins, such as the sign of the error bars that ``verify`` prints."""
    root = Path(thermozoo.__file__).parents[1]
    signs = set()
    for folder in ("thermozoo", "plugins/thermozoo_plugins"):
        for file in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    signs |= {c for c in node.value if not c.isascii() and c.isprintable()}
    assert "±" in signs
    out, _ = streams("ascii")
    with guarded_streams():
        for sign in sorted(signs):
            print(sign, flush=True)
    assert [line for line in written(out).splitlines() if "\\" in line] == []


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_errors_quote_what_was_given(streams, encoding):
    _, err = streams(encoding)
    assert run(["show", "größe\n\x1b[31m"]) == 2
    [line] = written(err).splitlines()
    assert line.startswith("thermozoo: no plugin is called ")
    assert ("größe" if encoding != "ascii" else "gr\\xf6\\xdfe") in line
    assert "\\n\\x1b[31m" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "x\udcff"],
        ["run", "--out", "x\udcff"],
        ["run", "--set", "data.path=x\udcff"],
        ["run", "--set=data.path=x\udcff"],
        ["plugins", "--plugin", "x\udcff"],
    ],
)
def test_bytes_that_are_no_text_are_refused_before_they_get_into_a_report(capsys, arguments):
    assert run(arguments) == 2
    assert capsys.readouterr().err.endswith(
        "x\\udcff: holds bytes that are no text in the encoding of this system, utf-8\n"
    )


def test_what_could_not_be_written_does_not_disturb_the_end(monkeypatch):
    with open("/dev/full", "w") as stream:
        stream.write("more")
        monkeypatch.setattr(sys, "stdout", stream)
        close_quietly()
        stream.write("and more")
        stream.flush()
        monkeypatch.undo()


def test_what_plugins_print_stays_out_of_the_output(capsys, noisy):
    for command in (["show", noisy], ["show", "noisy", "--plugin", noisy]):
        assert run([*command, "--json"]) == 0
        printed = capsys.readouterr()
        assert json.loads(printed.out)["name"] == "noisy"
        assert "noise at import" in printed.err
        assert "noise in energy" in printed.err
    assert run(["plugins", "--json", "--plugin", noisy]) == 0
    assert "noisy" in {one["name"] for one in json.loads(capsys.readouterr().out)}
    assert run(["show", noisy, "--latex"]) == 0
    assert "noise" not in capsys.readouterr().out


class Full(io.RawIOBase):
    """A disk without space."""

    def __init__(self, number):
        self.number = number

    def writable(self):
        return True

    def write(self, data):
        raise OSError(self.number, os.strerror(self.number))


def _unwritable(number):
    # what cannot be written stays in the buffer, and is tried again when the stream is closed
    stream = io.TextIOWrapper(io.BufferedWriter(Full(number)), "utf-8")
    stream.close = lambda: None
    return stream


COMMANDS = [["show", "quartic"], ["show", "quartic", "--latex"], ["schema"], ["plugins"], ["--help"], ["--version"]]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_full_disk(monkeypatch, capsys, command):
    monkeypatch.setattr(sys, "stdout", _unwritable(28))
    assert run(command) == 2
    assert capsys.readouterr().err == "thermozoo: cannot write to standard output: No space left on device\n"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nobody_who_reads(monkeypatch, capsys, command):
    monkeypatch.setattr(sys, "stdout", _unwritable(32))
    assert run(command) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("broken", [None, 28, 32, 5])
def test_errors_that_nobody_can_read(monkeypatch, broken):
    monkeypatch.setattr(sys, "stderr", broken and _unwritable(broken))
    assert run(["show", "nothing"]) == 2


def test_closed_outputs(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert run(["show", "quartic"]) == 0
    assert run(["--version"]) == 0
    assert run(["show", "nothing"]) == 2


def test_the_errors_of_an_output_are_no_errors_of_a_plugin():
    assert not issubclass(OutputError, PluginError)


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("{} --version > /dev/full", 2, "thermozoo: cannot write to standard output: No space left on device\n"),
        ("{} --version >&-", 0, ""),
        ("{} --version 2>&- >&- <&-", 0, ""),
    ],
)
def test_the_end_of_the_interpreter_is_silent(shell, code, said):
    """It flushes once more; in this process it cannot be watched."""
    command = shell.format(f"'{sys.executable}' -m thermozoo")
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", said)
