"""Numbers that cannot be reckoned with, alone or together, are refused before the run: the fault of the right key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from thermozoo.config.load import check_config, load_config, parse_file
from thermozoo.errors import ConfigError, ThermozooError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine

GOOD = """
seed = 1
[computer]
temperature = 0.1
mobility = 1.0
[computer.units]
visible = 784
hidden = 4
[computer.potential]
J2 = 1.0
J4 = 1.0
[dynamics]
dt = 1e-2
duration = 0.2
[noising]
amplitude = 2.0
[training]
method = "exact"
[hardware]
time_unit = 1e-9
"""

KEYS = {
    "computer.temperature": "temperature = 0.1",
    "computer.mobility": "mobility = 1.0",
    "computer.potential.J2": "J2 = 1.0",
    "computer.potential.J4": "J4 = 1.0",
    "dynamics.dt": "dt = 1e-2",
    "dynamics.duration": "duration = 0.2",
    "noising.amplitude": "amplitude = 2.0",
    "hardware.time_unit": "time_unit = 1e-9",
    "training.tolerance": 'method = "exact"',
}


def first_fault(tmp_path, monkeypatch, key, value, *, by_set):
    """Return the one fault of the good config with another value, given in the file or by ``--set``; None for none."""
    monkeypatch.chdir(tmp_path)
    name = key.rpartition(".")[2]
    Path("x.toml").write_text(GOOD if by_set else GOOD.replace(KEYS[key], f"{name} = {value}"))
    try:
        config = parse_file(Path("x.toml"), catalogue(), assignments=[f"{key}={value}"] * by_set)
        assemble_machine(config)
    except ThermozooError as error:
        (line,) = str(error).splitlines()
        return line
    return None


TOO_MUCH = [
    ("computer.temperature", "1e308", "expected a value of at most 1e+30, got 1e+308 (number)"),
    ("computer.temperature", "1e-320", "expected a value of at least 1e-30, got 1e-320 (number)"),
    ("computer.temperature", "1e-30", "at a temperature of 1e-30, Quartic: "),
    ("computer.temperature", "1e20", "above the stability bound"),
    ("computer.mobility", "1e-300", "expected a value of at least 1e-30"),
    ("computer.mobility", "1e-30", "the noise of a step, sqrt(2 mobility temperature dt) = 4.5e-17, cannot be told"),
    ("computer.mobility", "1e30", "above the stability bound"),
    ("computer.mobility", "1e300", "expected a value of at most 1e+30"),
    ("computer.potential.J2", "1e300", "expected a modulus of at most 1e+30, got 1e+300 (number)"),
    ("dynamics.dt", "1e-320", "expected a value of at least 1e-30"),
    ("dynamics.dt", "1e-20", "cannot be told from rounding in single precision"),
    ("dynamics.duration", "1e308", "expected a value of at most 1e+30"),
    ("dynamics.duration", "1e30", "expected at most 2^32 time steps, got"),
    ("noising.amplitude", "1e300", "expected a modulus of at most 1e+30, got 1e+300 (number)"),
    ("noising.amplitude", "1e30", "the imposed force a(t) s is up to 2.34e+30"),
    ("noising.amplitude", "-1e12", "the imposed force a(t) s is up to 2.34e+12"),
    ("hardware.time_unit", "1e-300", "expected a value of at least 1e-30"),
    ("training.tolerance", "1e-300", "expected a value of at least 1e-14, got 1e-300 (number)"),
    ("training.tolerance", "1", "expected a value below 1, got 1 (integer)"),
    ("training.tolerance", "1e300", "expected a value below 1"),
]


@pytest.mark.parametrize("by_set", [False, True], ids=["file", "set"])
@pytest.mark.parametrize(("key", "value", "said"), TOO_MUCH, ids=[f"{key}={value}" for key, value, _ in TOO_MUCH])
def test_a_number_out_of_all_proportion_is_to_blame(tmp_path, monkeypatch, key, value, said, by_set):
    line = first_fault(tmp_path, monkeypatch, key, value, by_set=by_set)
    assert line is not None
    assert line.startswith(f"{'--set' if by_set else 'x.toml'}: {key}: ")
    assert said in line


UNUSUAL = [
    ("computer.temperature", "1e-10"),
    ("computer.mobility", "1e-9"),
    ("computer.potential.J4", "1e-300"),
    ("noising.amplitude", "1e-300"),
    ("noising.amplitude", "0"),
    ("training.tolerance", "1e-14"),
    ("training.tolerance", "0.5"),
    ("hardware.time_unit", "1e-20"),
]


@pytest.mark.parametrize(("key", "value"), UNUSUAL, ids=[f"{key}={value}" for key, value in UNUSUAL])
def test_unusual_numbers_that_can_be_reckoned_with(tmp_path, monkeypatch, key, value):
    """Also where NumPy raises what it otherwise warns of."""
    with np.errstate(all="raise"):
        assert first_fault(tmp_path, monkeypatch, key, value, by_set=False) is None


def faults(*replacements):
    text = GOOD
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(ConfigError) as caught:
        check_config(tomllib.loads(text), catalogue(), "x.toml")
    return caught.value.faults


def test_the_potential_is_to_blame_where_it_is():
    (line,) = faults(("J4 = 1.0", "J4 = 1e20"))
    assert line.startswith("x.toml: computer.potential.J4: dt = 0.01 is above the stability bound")
    (line,) = faults(("J2 = 1.0", "J2 = 1e-300"), ("J4 = 1.0", "J4 = 1e-300"))
    assert line.startswith("x.toml: computer.potential: Quartic does not confine a unit")
    (line,) = faults(("J2 = 1.0", "J2 = 1e-30"), ("J4 = 1.0", "J4 = 1e-30"))
    assert line.startswith("x.toml: computer.potential")
    assert "cannot be told from rounding" in line


@pytest.mark.parametrize("precision", ["single", "double"])
def test_noise_below_the_rounding_of_the_states(precision):
    """A step that is added to a state of the size of a unit in equilibrium leaves it as it is, or does not."""
    dtype = {"single": np.float32, "double": np.float64}[precision]
    size = dtype(0.3)  # about sqrt(kT / J2)
    for dt in 10.0 ** -np.arange(2, 30, 4):
        step = dtype(np.sqrt(2 * 0.1 * dt))
        text = GOOD.replace("dt = 1e-2", f"dt = {dt:g}\nprecision = '{precision}'")
        text = text.replace("duration = 0.2", f"duration = {20 * dt:g}")
        if size + step == size:
            with pytest.raises(ConfigError, match=r"^x.toml: dynamics.dt: the noise of a step"):
                check_config(tomllib.loads(text), catalogue(), "x.toml")
        elif step > 4 * np.spacing(size):
            check_config(tomllib.loads(text), catalogue(), "x.toml")


def test_memory_that_a_set_key_needs_is_its_fault(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x.toml").write_text(GOOD)
    config = parse_file(Path("x.toml"), catalogue(), assignments=["computer.units.hidden=1000000000"])
    with pytest.raises(MemoryError, match=r"^--set: computer.units.hidden: the run needs about"):
        assemble_machine(config)


def test_a_key_that_a_group_takes_from_the_common_table_is_named_where_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x.toml").write_text(GOOD + "[computer.potential.hidden]\nJ2 = 2.0\n")
    for assignment, said in (
        ("computer.potential.J4=-1.0", "computer.potential.J4: quartic.J4 must lie in"),
        ("computer.potential.plugin=quart", "computer.potential.plugin: no potential is called 'quart'"),
    ):
        with pytest.raises(ConfigError, match=f"^--set: {said}") as caught:
            load_config(Path("x.toml"), catalogue(), assignments=[assignment])
        assert len(caught.value.faults) == 1
