"""``thermozoo plugins``, ``--plugin FILE.py`` and ``--strict-plugins``."""

from __future__ import annotations

import json
import os

import pytest

from thermozoo.cli.app import run
from thermozoo.registry import catalogue as module
from thermozoo.registry.discovery import Source

GOOD = '''
import attrs
from thermozoo import Potential, hookimpl


@attrs.frozen
class Octic(Potential):
    """Eighth power."""

    name = "octic"

    def energy(self, x):
        return x**8


@hookimpl
def thermozoo_potentials():
    return [Octic]
'''


def test_the_list(capsys):
    assert run(["plugins"]) == 0
    out = capsys.readouterr().out
    for name in (
        "quartic",
        "double-well",
        "euler-maruyama",
        "reverse-likelihood",
        "bipartite",
        "linear-fade",
        "digits",
    ):
        assert name in out
    assert "thermozoo" in out


def test_a_pipe_gets_one_plugin_a_line_with_whole_words(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert run(["plugins"]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["kind", "name", "distribution", "module"]
    lines = [line for line in lines if not line.startswith("not available: ")]
    assert all(len(line.split()) == 5 for line in lines)
    assert any(line.split()[-1] == "thermozoo_plugins.integrators" for line in lines)


def test_the_list_as_json(capsys):
    assert run(["plugins", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert {"name", "kind", "distribution", "version", "status", "error"} <= set(records[0])
    quartic = next(r for r in records if r["name"] == "quartic")
    assert (quartic["kind"], quartic["distribution"], quartic["status"]) == ("potential", "thermozoo", "ok")


def test_a_file_is_listed_with_the_rest(tmp_path, capsys):
    (tmp_path / "octic.py").write_text(GOOD)
    assert run(["plugins", "--json", f"--plugin={tmp_path / 'octic.py'}"]) == 0
    records = {r["name"]: r for r in json.loads(capsys.readouterr().out)}
    assert records["octic"]["distribution"] == "octic.py"
    assert "quartic" in records


def fail():
    raise RuntimeError("no license found")


@pytest.fixture
def broken(monkeypatch):
    """A distribution that is installed and fails to load."""
    whole = module.installed_sources
    strange = Source("strange-zoo", "4.2", "strange", "strange_zoo.plugins", fail)
    monkeypatch.setattr(module, "installed_sources", lambda: [strange, *whole()])


def test_a_broken_distribution_is_reported_and_stops_nothing(broken, capsys):
    assert run(["plugins", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    failed = [r for r in records if r["status"] == "failed"]
    assert [(r["name"], r["distribution"], r["version"], r["module"]) for r in failed] == [
        ("strange", "strange-zoo", "4.2", "strange_zoo.plugins")
    ]
    assert "RuntimeError: no license found" in failed[0]["error"]
    assert "quartic" in {r["name"] for r in records if r["status"] == "ok"}
    assert run(["plugins"]) == 0
    printed = capsys.readouterr()
    assert "failed: strange of strange-zoo 4.2" in (printed.out + printed.err).replace("\n", "")
    assert "Traceback" not in printed.out + printed.err


def test_debug_shows_the_traceback(broken, capsys):
    assert run(["plugins", "--debug"]) == 0
    printed = capsys.readouterr()
    assert "Traceback" in printed.out + printed.err


def test_strict_makes_it_fatal(broken, capsys):
    assert run(["plugins", "--strict-plugins"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "strange-zoo 4.2, strange: RuntimeError: no license found" in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such plugin file"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("def f(:", "SyntaxError"),
        ("x = 1", "defines no hook"),
        (GOOD.replace("thermozoo_potentials", "thermozoo_potential"), "did you mean 'thermozoo_potentials'"),
        (GOOD.replace("@hookimpl\n", ""), "is not marked with @thermozoo.hookimpl"),
        (GOOD.replace("[Octic]", "Octic"), "expected a list of classes"),
        (GOOD.replace('"octic"', '"quartic"'), "two plugins are called 'quartic' (potential): one of thermozoo"),
    ],
    ids=["missing", "exit", "syntax", "no hook", "misspelt", "unmarked", "no list", "clash"],
)
def test_a_bad_file_is_one_clear_line(tmp_path, capsys, content, said):
    path = tmp_path / "mine.py"
    if content is not None:
        path.write_text(content + os.linesep)
    assert run(["plugins", "--plugin", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1, printed.err
    assert said in printed.err
    assert "mine.py" in printed.err
    assert "Traceback" not in printed.err


def test_plugin_needs_a_file(capsys):
    assert run(["plugins", "--plugin"]) == 2
    assert "--plugin requires a file" in capsys.readouterr().err
