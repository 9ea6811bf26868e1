"""Files and assignments that are no config: one line each that says what they are, whatever stands in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from thermozoo.config.load import check_config, load_config
from thermozoo.config.toml import value_of
from thermozoo.errors import ConfigError, shown
from thermozoo.registry.catalogue import catalogue, load_catalogue

GOOD = """
seed = 5
[computer.units]
visible = 784
hidden = 6
[generation]
samples = 10
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Return a function that loads a config of the given content."""
    monkeypatch.chdir(tmp_path)

    def of(content=GOOD, *assignments, **options):
        (tmp_path / "x.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_config(Path("x.toml"), catalogue(), assignments=assignments, **options)

    return of


def faults(load, *arguments, **options):
    with pytest.raises(ConfigError) as caught:
        load(*arguments, **options)
    return caught.value.faults


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
    ],
    ids=["mark", "CRLF", "mark and CRLF", "CR"],
)
def test_what_editors_of_other_systems_write_is_read(load, content):
    config = load(content)
    assert (config.seed, config.sizes, config.generation.samples) == (5, {"visible": 784, "hidden": 6}, 10)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD.encode("utf-16"), "not UTF-8: it begins with the mark of UTF-16; save it as UTF-8"),
        (GOOD.encode("utf-32"), "not UTF-8: it begins with the mark of UTF-32; save it as UTF-8"),
        (GOOD.encode("utf-16-le"), "not UTF-8 (a NUL byte in line 2: no text, or UTF-16 without its mark)"),
        (GOOD.encode() + "# \N{LATIN SMALL LETTER E WITH ACUTE}".encode("latin-1"), "not UTF-8 (byte 0xe9 in line 8)"),
        (GOOD.encode() + b"\0", "not UTF-8 (a NUL byte in line 8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "not UTF-8 (byte 0x89 in line 1)"),
        ("x = " + "[" * 5000 + "]" * 5000, "tables or lists nested too deep; expected at most 64 in each other"),
        ("x = " + "{a = " * 5000 + "1" + "}" * 5000, "tables or lists nested too deep"),
        ("[" + ".".join("a" * 5000) + "]", "tables or lists nested too deep"),
        (".".join("a" * 5000) + " = 1", "tables or lists nested too deep"),
        ("[" + ".".join("a" * 65) + "]", "tables or lists nested too deep"),
        ("a = 1\nb = -" + "9" * 5000, "an integer below 2^63 in modulus, got an integer of 5,000 digits (at line 2)"),
        ("a = " + "1_0" * 2500, "got an integer of 5,000 digits (at line 1)"),
        ("a = 1\na = 2", "not valid TOML: a key that is given twice (at "),
        ("[a.b]\n[a.b]", "not valid TOML: Cannot declare [a.b] twice (at line 2, column 5)"),
        ("[a]\nb = [1", "not valid TOML: Unclosed array"),
    ],
    ids=range(16),
)
def test_what_is_no_config_is_named(load, content, said):
    (line,) = faults(load, content)
    assert line.startswith("x.toml: ")
    assert said in line
    assert len(line) < 200


def test_tables_as_deep_as_allowed_are_looked_at(load):
    (line,) = faults(load, GOOD + "[" + ".".join("a" * 63) + "]")
    assert line.startswith("x.toml: a: unknown table")


def test_what_is_no_file_is_named(tmp_path, monkeypatch):
    from thermozoo.config import read

    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    os.symlink("loop", "loop")
    (tmp_path / "large.toml").write_bytes(b"# 34 bytes" + b"." * 24)
    monkeypatch.setattr(read, "_LARGEST", 33)
    for name, said in (
        (".", "a folder"),
        ("pipe", "a named pipe"),
        ("loop", "cannot be read"),
        ("/dev/zero", "a device"),
        ("large.toml", "larger than"),
        ("large.toml/x.toml", "cannot be read"),
        ("n" * 300, "cannot be read"),
        ("a\0b", "no such file"),
        ("a\nb", "no such file"),
    ):
        with pytest.raises(ConfigError, match=f": {said}.*; expected a TOML config$") as caught:
            load_config(Path(name), catalogue())
        assert len(caught.value.faults) == 1
        assert "\n" not in str(caught.value)


def test_a_pipe_of_the_shell_is_read(load):
    """As ``thermozoo run <(sed ... x.toml)`` gives it."""
    reading, writing = os.pipe()
    os.write(writing, GOOD.encode())
    os.close(writing)
    try:
        assert load_config(Path(f"/dev/fd/{reading}"), catalogue()).seed == 5
    finally:
        os.close(reading)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        (" 2e-3 ", 2e-3),
        ("'a # b'", "a # b"),
        ("[3, 4]", [3, 4]),
        ("[3,\n 4]", [3, 4]),
        ("{size = 3, clamped = true}", {"size": 3, "clamped": True}),
        ('""', ""),
        ("'''two\nlines'''", "two\nlines"),
        # what is no TOML is text
        ("mnist", "mnist"),
        ("../some/folder", "../some/folder"),
        ("folder # 2", "folder # 2"),
        ("1e-3x", "1e-3x"),
        ("True", "True"),
        ("a}", "a}"),
    ],
)
def test_the_value_of_an_assignment(text, value):
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1\n[data]", "expected one value, got more behind it"),
        ("1\n[data]\nplugin = 'mnist'", "expected one value, got more behind it"),
        ("1 # a comment", "expected one value, got more behind it"),
        ("1\n# a comment", "expected one value, got more behind it"),
        ("1, two = 2", "expected one value, got more behind it"),
        ("1}\nother = {one = 2", "expected one value, got more behind it"),
        ("mnist\n[data]", "expected one value, got more behind it"),
        ("red\x1b[31m", "expected one value, got more behind it"),
        ("", "expected a value, got nothing"),
        ("[3, 4", "expected a TOML value, or a string without quotes: Unclosed array"),
        ("'a' b", "expected a TOML value, or a string without quotes"),
        ("{a = 1} {b = 2}", "expected a TOML value, or a string without quotes"),
        ("9" * 5000, "expected an integer below 2^63 in modulus, got an integer of 5,000 digits"),
        ("[" * 5000 + "]" * 5000, "nested too deep"),
    ],
)
def test_assignments_of_more_or_less_than_a_value(load, text, said):
    (line,) = faults(load, GOOD, f"computer.temperature={text}")
    assert line.startswith("--set computer.temperature=")
    assert said in line
    assert "\n" not in line
    assert len(line) < 250


def test_every_assignment_that_is_none_is_reported(load):
    lines = faults(load, GOOD, "dynamics.dt", "a b=1", "=1", ".".join("a" * 70) + "=1", "seed=1 # one")
    assert len(lines) == 5
    assert all(line.startswith("--set ") for line in lines)


LONG = "9" * 200


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        (f"computer.temperature={LONG}", f"expected an integer below 2^63 in modulus, got {LONG[:60]}... (200 digits)"),
        (f"computer.units.hidden={LONG}", "expected an integer below 2^63 in modulus"),
        (f"computer.potential.J2={LONG}", "expected an integer below 2^63 in modulus"),
        (f"computer.potential.J2=[1, {LONG}]", "expected an integer below 2^63 in modulus, got [1, 99"),
        (f"data.classes=[1, {LONG}]", "expected an integer below 2^63 in modulus"),
        (f"noising.projection_seed=1{'0' * 23}", "expected an integer below 2^63 in modulus, got 1000"),
        (f"seed={2**63}", "expected an integer below 2^63 in modulus"),
        (f"{'a' * 100_000}=1", "unknown table"),
        (f"computer.{'a' * 100_000}=1", "unknown key"),
        (f"data.plugin={'a' * 100_000}", "no dataset is called 'aaa"),
        (f"training.method={'a' * 100_000}", "(100,000 characters) (string)"),
        (f"computer.potential.{'a' * 100_000}.J2=1", "no group is called 'aaa"),
        (f"computer.trainable_biases=['{'a' * 1000}']", "no group is called 'aaa"),
        (f"computer.temperature=[{'1, ' * 1000}1]", "(1,001 entries) (list)"),
        ("computer.temperature={a = [true, 'x'], b = 1979-05-27}", 'got {a = [true, "x"], b = 1979-05-27} (table)'),
        ("computer.temperature='\\u001b[31m'", "expected a number"),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_long_or_odd_is_shown_short_and_as_toml(load, assignment, said):
    (line,) = faults(load, GOOD, assignment)
    assert line.startswith("--set: ")
    assert said in line
    assert line.isprintable()
    assert len(line) < 420


@pytest.mark.parametrize("seed", [-1, 2**63, 10**300, 10**5000], ids=["negative", "2^63", "300 digits", "5000 digits"])
def test_a_seed_of_its_own_option_is_not_the_file_s(load, seed):
    (line,) = faults(load, seed=seed)
    assert line.startswith("--seed: expected ")
    assert len(line) < 200


@pytest.mark.parametrize(
    "name", ["", "a b/../c", "2nd", "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n", "a.b", "x" * 65, "\x1b[31m"]
)
def test_names_that_no_group_can_have(load, name):
    written = name.replace("\x1b", "\\u001b")
    (line,) = faults(load, f'[computer.units]\nvisible = 784\n"{written}" = 3')
    assert line.startswith('x.toml: computer.units."')
    assert line.endswith("a letter from a to z, then letters, digits, - or _, at most 64 characters")
    assert line.isprintable()


@pytest.mark.parametrize("name", ["plugin", "J2"])
def test_names_of_groups_that_mean_something_else(load, name):
    (line,) = faults(load, f"[computer.units]\nvisible = 784\n{name} = 3")
    assert line.startswith(f"x.toml: computer.units.{name}: ")
    (line,) = faults(load, GOOD, f"computer.units.{name}=3")
    assert line.startswith(f"--set: computer.units.{name}: ")


def test_what_a_message_quotes_is_short_and_on_one_line():
    assert shown("abc") == "abc"
    assert shown("a\nb\x1b\udcff") == r"a\nb\x1b\udcff"
    assert shown("x" * 61) == "x" * 60 + "... (61 characters)"
    assert shown(10**1000) == "1" + "0" * 59 + "... (1,001 characters)"
    assert shown(-(10**6000)) == "an integer of about 6,000 digits"


def test_what_a_plugin_says_is_one_line_too(load, tmp_path):
    """The message of an author's validator, whatever it raises."""
    for raised, said in (
        ("ValueError('two\\nlines ' + 'x' * 5000)", r"two\\nlines xxx"),
        ("KeyError('k')", "KeyError: k"),
        ("TypeError('short', 'and', 'more')", "refuses its settings: short"),
    ):
        (tmp_path / "odd.py").write_text(ODD.replace("RAISED", raised))
        with pytest.raises(ConfigError, match=said) as caught:
            check_config(
                {"computer": {"units": {"visible": 4}, "potential": {"plugin": "odd"}}},
                load_catalogue(files=[tmp_path / "odd.py"]),
                "x.toml",
            )
        (line,) = caught.value.faults
        assert line.startswith("x.toml: computer.potential: 'odd' refuses its settings: ")
        assert line.isprintable()
        assert len(line) < 500


ODD = """
import attrs
from thermozoo import Potential, hookimpl

@attrs.frozen
class Odd(Potential):
    name = "odd"
    def __attrs_post_init__(self):
        raise RAISED
    def energy(self, x):
        return x**2

@hookimpl
def thermozoo_potentials():
    return [Odd]
"""
