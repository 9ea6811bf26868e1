"""Plugin files of a stranger: each fault is one clear error that names file and line."""

from __future__ import annotations

import inspect
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


GOOD = HEAD.format(body=" " * 8 + "return self.a * x**2", bounds="above=0, ").encode()


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        b"# -*- coding: latin-1 -*-\n# \xe9\n" + GOOD,
        GOOD + b"#" * 2_000_000,
    ],
    ids=["mark", "CRLF", "declared encoding", "large"],
)
def test_files_that_python_reads(tmp_path, content):
    file = tmp_path / "mine.py"
    file.write_bytes(content)
    assert only(file)().a == 1.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD + b"x = '\xe9'\n", "SyntaxError: .*utf-8"),
        (GOOD.decode().encode("utf-16"), "SyntaxError|null bytes"),  # which of them, depends on the Python
        (GOOD + b"\0", "null bytes"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "SyntaxError: too many nested parentheses"),
        (b"x = " + b"-" * 100_000 + b"1", "(Recursion|Memory)Error"),
        (b"x = " + b"9" * 5000, "SyntaxError: Exceeds the limit"),
        (b"raise RuntimeError('x' * 100_000)", r"RuntimeError: x{500}\.\.\. \(100,000 characters\) \(.*line 1\)"),
        (b"raise SystemExit('bye')", "SystemExit: bye"),
    ],
    ids=["latin-1", "UTF-16", "NUL", "parentheses", "signs", "digits", "message", "exit"],
)
def test_files_that_python_does_not_read(tmp_path, content, said):
    file = tmp_path / "mine.py"
    file.write_bytes(content)
    with pytest.raises(PluginLoadError, match=said) as caught:
        load(file)
    assert str(file) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_paths_that_lead_to_no_file(tmp_path):
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    for path in (tmp_path / "loop.py", tmp_path, tmp_path / ("n" * 300 + ".py"), "a\0b.py"):
        with pytest.raises(PluginLoadError, match="no such plugin file"):
            load(path)


def test_two_files_of_one_name_are_two_modules(tmp_path):
    """What looks a class up in its module, as the reading of annotations does, finds its own."""
    for k, name in enumerate(("first", "second")):
        (tmp_path / name).mkdir()
        text = GOOD.decode().replace('"mine"', f'"{name}"').replace("@attrs", f"class Value{k}: pass\n@attrs")
        (tmp_path / name / "mine.py").write_text(text.replace("self.a", f"(Value{k} and self.a)"))
    catalogue = load_catalogue([], files=[tmp_path / name / "mine.py" for name in ("first", "second")])
    for name in ("first", "second"):
        cls = catalogue.record("potential", name).plugin
        assert inspect.getsourcefile(cls) == str(tmp_path / name / "mine.py")
        assert cls().energy(2.0) == 4.0


def test_a_list_that_holds_what_cannot_even_be_shown(tmp_path):
    file = tmp_path / "mine.py"
    text = GOOD.decode().replace("[Mine]", "[Mine, Odd()]")
    file.write_text(text + "\nclass Odd:\n    def __repr__(self):\n        raise RuntimeError('no')\n")
    with pytest.raises(PluginLoadError, match="RuntimeError: no"):
        load(file)


def test_what_a_file_prints_is_no_output_of_the_command(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_bytes(GOOD + b"print('imported')\n")
    load(file)
    assert capsys.readouterr() == ("", "imported\n")


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
