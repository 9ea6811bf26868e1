"""``thermozoo verify``: lines, exit codes, counterexamples, bad input."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from thermozoo.cli.app import run

BOUNDED = '''
import attrs
from thermozoo import Protocol, hookimpl, parameter

@attrs.frozen
class Mine(Protocol):
    r"""Mine.

    .. math:: a(t)

    References
    ----------
    None.
    """
    name = "mine"
    strength: float = parameter(1.0, unit="energy", doc="strength")

    def intensity(self, t, duration):
        return {formula}

@hookimpl
def thermozoo_protocols():
    return [Mine]
'''


def write(tmp_path, formula):
    file = tmp_path / "mine.py"
    file.write_text(textwrap.dedent(BOUNDED).format(formula=formula))
    return file


def test_an_installed_plugin_that_holds(capsys):
    assert run(["verify", "dense"]) == 0
    out = capsys.readouterr().out
    assert "connectivity dense" in out
    for check in ("documented", "pairs", "group-sizes", "parameter-vector", "product"):
        assert f"ok       {check}" in out
    assert "n/a      edges-and-blocks" in out
    assert "7 passed, 4 does-not-apply" in out


def test_a_file_that_fails_shows_the_smallest_case_and_the_line(tmp_path, capsys):
    file = write(tmp_path, "self.strength / (t / duration - 0.5)")
    assert run(["verify", str(file)]) == 1
    out = capsys.readouterr().out
    assert "FAILED   finite" in out
    assert "with strength = 1.0" in out
    assert "at t = 0.5" in out
    assert f"formula: {file}, line 19: return self.strength / (t / duration - 0.5)" in out
    assert "not run  work" in out
    assert "needs finite" in out


def test_a_single_file_needs_no_equation_and_no_references(tmp_path, capsys):
    file = write(tmp_path, "self.strength * t / duration")
    file.write_text(file.read_text().replace(".. math:: a(t)", "").replace("References", "Remarks"))
    assert run(["verify", str(file)]) == 0
    out = capsys.readouterr().out
    assert "n/a      documented             it is a single file; an installed plugin would need its equation" in out


@pytest.mark.long
def test_nothing_is_left_in_the_working_folder(tmp_path):
    file = write(tmp_path, "self.strength * t / duration")
    environment = {**os.environ, "THERMOZOO_CACHE": str(tmp_path / "cache")}
    environment.pop("HYPOTHESIS_STORAGE_DIRECTORY", None)
    command = [sys.executable, "-m", "thermozoo", "verify", file.name]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "__pycache__") == ["cache", file.name]


@pytest.mark.long
def test_the_plugin_of_the_readme(tmp_path, capsys):
    """The ten lines as they stand pass the suite."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    [code] = [b for b in re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL) if b.startswith("# file: ")]
    file = tmp_path / "tilted_quartic.py"
    file.write_text(code)
    assert run(["verify", str(file)]) == 0, capsys.readouterr().out


def test_a_pole_at_the_start_is_a_failure_and_no_crash(tmp_path, capsys):
    assert run(["verify", str(write(tmp_path, "self.strength / t"))]) == 1
    out = capsys.readouterr().out
    assert "ok       one-formula" in out
    assert "FAILED   finite                 the intensity is inf at t = 0" in out
    assert "CRASHED" not in out


def test_json_keeps_what_became_of_each_check_apart(tmp_path, capsys):
    file = write(tmp_path, "self.strength / (t / duration - 0.5)")
    assert run(["verify", str(file), "--json", "--seed", "3"]) == 1
    table = json.loads(capsys.readouterr().out)
    assert (table["kind"], table["name"], table["holds"], table["seed"]) == ("protocol", "mine", False, 3)
    by_name = {c["check"]: c for c in table["checks"]}
    assert by_name["finite"]["status"] == "failed"
    assert by_name["finite"]["counterexample"]["t"] == 0.5
    assert by_name["work"]["status"] == "not-run"
    assert by_name["documented"]["status"] == "passed"
    assert all(c["claim"].endswith(".") for c in table["checks"])


def test_settings_reach_the_plugin(tmp_path, capsys):
    file = write(tmp_path, "self.strength * t / duration")
    assert run(["verify", str(file), "--set", "strength=0.5"]) == 0
    assert run(["verify", str(file), "--set", "strenth=0.5"]) == 2
    assert "did you mean 'strength'" in capsys.readouterr().err
    assert run(["verify", str(file), "--set", "strength=nan"]) == 2
    assert "must lie in" in capsys.readouterr().err


def test_a_name_that_is_taken_is_refused_as_by_a_run(tmp_path, capsys):
    file = write(tmp_path, "self.strength * t / duration")
    file.write_text(file.read_text().replace('name = "mine"', 'name = "linear-fade"'))
    assert run(["verify", str(file)]) == 2
    err = capsys.readouterr().err
    assert "two plugins are called 'linear-fade' (protocol)" in err
    assert "Rename one" in err


def test_a_file_that_is_also_given_as_a_plugin_is_one(tmp_path):
    file = write(tmp_path, "self.strength * t / duration")
    assert run(["verify", str(file), "--plugin", str(file)]) == 0


CHATTY = BOUNDED.replace(
    "        return {formula}",
    "        import numpy, random\n"
    "        print('what a plugin says')\n"
    "        numpy.random.seed(0)\n"
    "        random.seed(0)\n"
    "        return {formula}",
)


def test_what_a_plugin_prints_stands_in_nobodys_way_and_its_side_effects_are_said(tmp_path, capfd):
    file = tmp_path / "mine.py"
    file.write_text("print('on import')\n" + textwrap.dedent(CHATTY).format(formula="self.strength * t / duration"))
    assert run(["verify", str(file), "--json"]) == 1
    captured = capfd.readouterr()
    table = json.loads(captured.out)
    assert "what a plugin says" in captured.err
    assert "on import" in captured.err
    [found] = [c for c in table["checks"] if c["status"] == "failed"]
    assert found["check"] == "side-effects"
    assert "importing mine.py prints to the standard output ('on import')" in found["reason"]
    file.write_text(file.read_text().replace("print('on import')\n", ""))
    assert run(["verify", str(file), "--json"]) == 1
    [found] = [c for c in json.loads(capfd.readouterr().out)["checks"] if c["status"] == "failed"]
    for words in ("NumPy (numpy.random)", "Python (random)", "prints to the standard output ('what a plugin says')"):
        assert words in found["reason"]


def test_every_check_that_was_run_says_value_expectation_and_tolerance(tmp_path, capsys):
    file = write(tmp_path, "self.strength / (t / duration - 0.5)")
    assert run(["verify", "linear-fade", "--json"]) == 0
    for check in json.loads(capsys.readouterr().out)["checks"]:
        if check["status"] == "passed":
            assert None not in (check["value"], check["expected"], check["tolerance"]), check["check"]
    assert run(["verify", str(file)]) == 1
    for line in capsys.readouterr().out.splitlines():
        if line.startswith("  ok "):
            assert re.search(r" \S+, expected (at least |at most )?\S+, tolerance \S+", line), line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify", "quartc"], "did you mean 'quartic'"),
        (["verify", "nowhere.py"], "no such plugin file"),
        (["verify", "quartic", "--profile", "slow"], "slow"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(arguments, words, capsys):
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_missing_data_are_not_run_and_do_not_hold(tmp_path, capsys):
    assert run(["verify", "mnist", "--set", f"path={tmp_path}"]) == 1
    out = capsys.readouterr().out
    assert "not run  shapes" in out
    assert "ok       missing-data" in out
    assert "FAILED" not in out


def test_help_has_an_example(capsys):
    assert run(["verify", "--help"]) == 0
    assert "Example: thermozoo verify quartic" in capsys.readouterr().out
