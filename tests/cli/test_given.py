"""Whatever stands on the command line: exit 2, one short line a fault, and whose fault it is."""

from __future__ import annotations

import os
import sys

import pytest

from thermozoo.cli.app import run
from thermozoo.cli.messages import foreign_fault, quoted
from thermozoo.errors import shown

LONG = "k" * 100_000


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def refused(capsys, *arguments):
    """Run; return the one line on standard error after checking what every refusal has in common."""
    assert run(list(arguments)) == 2
    printed = capsys.readouterr()
    [line] = printed.err.splitlines()
    assert line.startswith("thermozoo: ")
    assert line.isprintable()
    assert len(line) < 2000  # most of it the names of what is installed
    assert printed.out == ""
    return line


@pytest.mark.parametrize(
    "arguments",
    [
        [LONG],
        ["show", LONG],
        ["verify", LONG],
        ["verify", f"{LONG}.py"],
        ["run", LONG],
        ["run", f"--{LONG}"],
        ["run", "--set", LONG],
        ["run", "--set", f"{LONG}=1"],
        ["run", "--seed", LONG],
        ["show", "quartic", "--set", f"{LONG}=1"],
        ["show", "quartic", "--set", f"J2={LONG}"],
        ["show", "quartic", "--plot", LONG],
        ["verify", "quartic", "--profile", LONG],
        ["new", LONG, "x"],
        ["new", "potential", LONG],
        ["new", "potential", "x", "--dir", LONG],
        ["new", "potential", "x", "--dir", "a/" * 3000],
        ["plugins", LONG],
        ["plugins", "--plugin", LONG],
        ["plugins", "--plugin", "a/" * 3000 + "x.py"],
    ],
    ids=lambda words: " ".join(w[:12] for w in words),
)
def test_what_is_long_is_quoted_short(place, capsys, arguments):
    refused(capsys, *arguments)


@pytest.mark.parametrize("digits", ["9" * 5_000, "[" * 5_000 + "]" * 5_000, "1\nJ4 = 3", "1\n[data]"])
def test_settings_that_are_no_single_value(capsys, digits):
    assert "--set J2=" in refused(capsys, "show", "quartic", "--set", f"J2={digits}")


@pytest.mark.parametrize("path", ["loop", "loop/x.py", "folder", "pipe", "/dev/full", "nowhere.py", "a\0b.py", ""])
@pytest.mark.parametrize("command", [["plugins", "--plugin", "{}"], ["show", "./{}"], ["verify", "./{}"]])
def test_plugin_files_that_are_none(place, capsys, command, path):
    """A named pipe without a writer would wait for ever."""
    line = refused(capsys, *(word.format(path) for word in command))
    assert os.path.basename(path).replace("\0", "\\x00") in line


@pytest.mark.parametrize("seed", ["x", "1e3", "-1", "1.0", "", "0x10", "9" * 5_000])
@pytest.mark.parametrize("command", [["run"], ["verify", "quartic"]])
def test_seeds_that_are_none(capsys, command, seed):
    line = refused(capsys, *command, "--seed", seed)
    assert "'--seed': expected an integer from 0 to 2^63 - 1, such as 7, got '" in line
    assert "toml" not in line


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "..", ".", "", "Quartic", "é", "a b", "a_b", "-", "a--b", "1a", "a" * 300, "a\nb"]
)
def test_new_says_what_a_name_looks_like(place, capsys, name):
    before = sorted(place.parent.rglob("*"))
    line = refused(capsys, "new", "potential", "--", name)
    assert "NAME must be lower-case words joined with hyphens, at most 50 characters, such as 'double-well'" in line
    assert sorted(place.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["none", "true", "any", "potential"])
def test_new_refuses_words_that_its_class_cannot_be_called(place, capsys, name):
    assert "a class cannot be called" in refused(capsys, "new", "potential", name)


@pytest.mark.parametrize("name", ["class", "json", "test"])
def test_new_takes_keywords_and_names_of_modules(place, capsys, name):
    """The package and the class are called otherwise."""
    assert run(["new", "potential", name]) == 0
    capsys.readouterr()
    module = place / f"thermozoo-{name}" / "src" / f"thermozoo_{name}" / "__init__.py"
    assert run(["show", str(module), "--latex"]) == 0


def test_new_where_no_folder_can_be(place, capsys):
    (place / "file").write_text("precious")
    before = sorted(place.rglob("*"))
    for folder in ("loop", "loop/x", "file", "file/x", "pipe", "/dev/full", "/proc/x", "deep/" + "a" * 300):
        assert folder.split("/")[-1][:100] in refused(capsys, "new", "potential", "x", "--dir", folder)
    assert sorted(place.rglob("*")) == before


def test_a_path_of_the_command_line_that_the_system_refuses():
    refusal = PermissionError(13, "Permission denied", "/data/images/x.gz")
    assert foreign_fault(refusal, ["run", "--set", "data.path=/data"]) == "/data/images/x.gz: Permission denied"
    assert foreign_fault(refusal, ["run", "/dat", "data"]) is None  # a fault of ours, or of a plugin
    assert foreign_fault(OSError(28, "No space left on device"), ["run"]) is None
    assert foreign_fault(KeyError("/data"), ["/data"]) is None
    lacking = UnicodeEncodeError("ascii", "/data/ü", 6, 7, "ordinal not in range(128)")
    assert foreign_fault(lacking, ["/data"]) == "/data: no file can have this name here (ascii)"
    assert foreign_fault(lacking, ["data", "ü"]) is None  # a text that is written


def test_only_long_and_unprintable_words_are_changed():
    path = "/home/someone/" + "x" * 150
    assert quoted(f"cannot write {path}", [path]) == f"cannot write {path}"
    assert quoted("one\ntwo", ["run", "\n", " "]) == "one\ntwo"
    assert quoted("no 'a\nb'", ["a\nb"]) == "no 'a\\nb'"
    assert len(quoted(f"got {'1' * 300} here", [])) < 200


@pytest.mark.parametrize("command", ["run", "check x.toml", "plugins --plugin x.py", "new potential q", "show ./x.py"])
def test_a_working_folder_that_was_removed(tmp_path, monkeypatch, capsys, command):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    refused(capsys, *command.split())


@pytest.mark.parametrize("width", ["x", "", "-5", "80"])
def test_help_whatever_width_the_environment_gives(monkeypatch, capsys, width):
    monkeypatch.setenv("TERMINAL_WIDTH", width)
    monkeypatch.delitem(sys.modules, "typer.rich_utils", raising=False)  # which reads it
    assert run(["run", "--help"]) == 0
    assert "--seed" in capsys.readouterr().out


def test_what_was_shortened_before_keeps_its_length():
    word = "n" * 300
    assert quoted(f"cannot write {shown(word, 220)}: too long", [word]).endswith("nnn... (300 characters): too long")


EXITS = """import attrs
from thermozoo import Potential, hookimpl, parameter


@attrs.frozen
class Exits(Potential):
    name = "exits"
    J: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

    def energy(self, x):
        raise SystemExit(0)


@hookimpl
def thermozoo_potentials():
    return [Exits]
"""


@pytest.mark.parametrize(("command", "code"), [("show", 2), ("verify", 1)])
def test_a_formula_that_ends_the_program_does_not_pass(place, capsys, command, code):
    (place / "exits.py").write_text(EXITS)
    assert run([command, "exits.py"]) == code
    out, err = capsys.readouterr()
    assert "Exits.energy raised SystemExit" in out + err


def test_a_program_that_is_ended_elsewhere_has_failed(monkeypatch, capsys):
    def end(*given, **named):
        raise SystemExit(0)

    monkeypatch.setattr("thermozoo.registry.catalogue.load_catalogue", end)
    assert run(["plugins"]) == 2
    assert "ended the program" in capsys.readouterr().err
