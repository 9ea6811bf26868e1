"""Plugin files of a stranger: each fault is one clear error that names file and line."""

from __future__ import annotations

import textwrap

import pytest

from thermozoo.errors import DuplicateNameError, PluginLoadError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.symbolic import guard
from thermozoo.testing import Status, checks_for, saved, verify
from thermozoo.testing.runner import context_for, run_check

HEAD = '''\
import math
import attrs
import numpy as np
import sympy
from thermozoo import Potential, hookimpl, parameter

@attrs.frozen
class Mine(Potential):
    """Mine."""
    name = "mine"
    a: float = parameter(1.0, unit="energy", {bounds}doc="stiffness")

    def energy(self, x):
{body}

@hookimpl
def thermozoo_potentials():
    return [Mine]
'''


def write(tmp_path, body, bounds="above=0, "):
    file = tmp_path / "mine.py"
    file.write_text(HEAD.format(body=textwrap.indent(textwrap.dedent(body), " " * 8), bounds=bounds))
    return file


def load(file):
    return load_catalogue([], files=[file])


def only(file):
    (record,) = load(file).records
    return record.plugin


def formula_failure(file):
    """The reason that the first check of the formula gives."""
    report = verify(only(file), engines=())
    (outcome,) = [o for o in report.outcomes if o.check == "one-formula"]
    assert outcome.status is Status.FAILED
    assert str(file) in outcome.reason
    return outcome.reason


def test_a_file_that_does_not_parse(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import attrs\n\ndef energy(:\n    pass\n")
    with pytest.raises(PluginLoadError, match=r"SyntaxError.*mine\.py, line 3"):
        load(file)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(PluginLoadError, match=r"no such plugin file.*nowhere\.py"):
        load(tmp_path / "nowhere.py")


def test_a_file_without_a_hook(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import attrs\n")
    with pytest.raises(PluginLoadError, match=r"mine\.py.*defines no hook"):
        load(file)


def test_a_hook_without_its_mark(tmp_path):
    file = write(tmp_path, "return self.a * x**2")
    file.write_text(file.read_text().replace("@hookimpl\n", ""))
    with pytest.raises(PluginLoadError, match=r"not marked with @thermozoo\.hookimpl.*mine\.py, line 16"):
        load(file)


def test_two_plugins_of_one_name(tmp_path):
    file = write(tmp_path, "return self.a * x**2")
    text = file.read_text().replace("[Mine]", "[Mine, Other]")
    file.write_text(
        text
        + textwrap.dedent("""
        @attrs.frozen
        class Other(Potential):
            name = "mine"
            def energy(self, x):
                return x**2
    """)
    )
    with pytest.raises(DuplicateNameError, match=r"'mine'.*mine\.py, line 7.*mine\.py, line 20"):
        load(file)


def test_a_loop_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "TIME_LIMIT", 0.2)
    reason = formula_failure(write(tmp_path, "while True:\n    x = x + 0\nreturn x"))
    assert "did not return within 0.2 s" in reason
    assert "line 1" in reason


def test_writing_and_reading_calls_no_formula(tmp_path):
    """One that loops for ever would take its time limit again for every setting that is drawn."""
    mark = tmp_path / "called"
    file = write(tmp_path, f"open({str(mark)!r}, 'w').close()\nreturn self.a * x**2")
    (check,) = (c for c in checks_for("potential") if c.name == "round-trip")
    plugin = only(file)
    saved.from_config(plugin())
    assert not mark.exists()
    assert run_check(check, context_for(plugin, engines=())).status is Status.PASSED


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return self.a * x**2 + math.cosh(x)", ["math.cosh", "sympy.cosh", "line 14"]),
        ("y = x**2\nreturn self.a * y + np.maximum(x, 0)", ["np.maximum", "sympy.Max", "line 15"]),
        ("return self.a * x**2 if x > 0 else x**4", ["branches on a symbol", "sympy.Piecewise", "line 14"]),
        ("return [self.a * x**2, x**4]", ["one expression", "got list", "line 13"]),
        ("return np.array([self.a * x**2, x**4])", ["one expression", "got ndarray", "line 13"]),
        (
            "return self.a * x**2 + sympy.Symbol('k') * x**4",
            ["undeclared symbols: k", "thermozoo.parameter", "line 13"],
        ),
        ("return self.b * x**2", ["no attribute 'b'; its parameters: a", "line 14"]),
        ("self.a * x**2", ["returned None", "line 13"]),
        ("return self.a * x**2 + sympy.I * x", ["not a real", "line 13"]),
    ],
)
def test_a_formula_that_is_none(tmp_path, body, words):
    reason = formula_failure(write(tmp_path, body))
    for word in words:
        assert word in reason


def test_bounds_that_do_not_confine(tmp_path):
    file = write(tmp_path, "return self.a * x**2", bounds="")
    report = verify(only(file), engines=())
    (outcome,) = [o for o in report.outcomes if o.check == "confining"]
    assert outcome.status is Status.FAILED
    assert "does not rise" in outcome.reason
    assert outcome.counterexample["parameters"]["a"] <= 0
    assert f"{file}, line 14: return self.a * x**2" in outcome.line
