"""[schedule]: what a config drives in generation; its faults, each with its place."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
import tomli_w

from thermozoo.cli.app import run
from thermozoo.config.json_schema import json_schema
from thermozoo.config.load import check_config, parse_file
from thermozoo.config.read import given_by, override
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine

GOOD = """
seed = 5
[computer]
temperature = 0.2
[computer.units]
visible = 784
hidden = 6
[computer.potential.hidden]
plugin = "double-well"
J2 = -0.5
[dynamics]
dt = 1e-2
duration = 0.5
[data]
classes = [0, 1]
[generation]
samples = 4
[schedule]
temperature = {protocol = "ramp", initial = 0.2, final = 0.05}
coupling = {protocol = "ramp", initial = 0.0, final = 1.0}
"potential.hidden.J2" = {protocol = "sinusoid", mean = -1.0, amplitude = 0.5}
"""


@pytest.fixture
def written(tmp_path):
    def write(*assignments):
        path = tmp_path / "driven.toml"
        path.write_text(GOOD)
        return parse_file(path, catalogue(), assignments=assignments)

    return write


def faults(tmp_path, *assignments):
    path = tmp_path / "driven.toml"
    path.write_text(GOOD)
    from thermozoo.config.load import load_config

    with pytest.raises(ConfigError) as caught:
        load_config(path, catalogue(), assignments=assignments)
    return [fault.removeprefix(f"{path}: ") for fault in caught.value.faults]


def test_it_is_resolved_and_read_again(written):
    config = written('schedule."potential.hidden.J2".amplitude=0.25')
    assert {name: one.name for name, one in config.schedule.items()} == {
        "temperature": "ramp",
        "coupling": "ramp",
        "potential.hidden.J2": "sinusoid",
    }
    assert config.schedule["potential.hidden.J2"].amplitude == 0.25
    again = check_config(tomllib.loads(tomli_w.dumps(config.resolved)), catalogue(), "again.toml")
    assert again.schedule == config.schedule
    assert again.resolved == config.resolved


def test_no_schedule_leaves_no_trace(written):
    tables = tomllib.loads(GOOD)
    del tables["schedule"]
    config = check_config(tables, catalogue(), "plain.toml")
    assert config.schedule == {}
    assert "schedule" not in config.resolved


def test_it_acts_in_generation_and_not_in_noising(written):
    config = written()
    machine = assemble_machine(config)
    assert machine.noising.dynamics.schedule is None
    assert machine.dynamics.schedule is None
    assert list(machine.schedule.targets) == list(config.schedule)


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        (
            'schedule."potential.hidden.J2".amplitude=1.5',
            "--set: schedule.\"potential.hidden.J2\".amplitude: schedule of 'potential.hidden.J2': J2 must lie in "
            "(-inf, 0), got",
        ),
        ("schedule.temperature.final=-0.1", "--set: schedule.temperature.final: schedule of 'temperature': expected a"),
        ("schedule.couplings={protocol='ramp'}", "--set: schedule.couplings: a schedule cannot drive 'couplings'; did"),
        ("schedule.coupling={protocol='rampe'}", "--set: schedule.coupling.protocol: no protocol is called 'rampe'"),
        ("schedule.coupling={initial=1.0}", "--set: schedule.coupling: expected a table that names a protocol, got"),
        ("schedule.coupling=3", "--set: schedule.coupling: expected a table that names a protocol, got 3 (integer)"),
        ("schedule.coupling.fina=3", "--set: schedule.coupling.fina: unknown key; did you mean 'final'?"),
        ("schedule.potential.hidden.J4={protocol='ramp'}", "--set: schedule.potential: expected a table that names a"),
        ("schedule=3", "--set: schedule: expected a table, got 3 (integer)"),
        ("schedule.coupling.initial=[1.0, 2.0]", "--set: schedule.coupling.initial: expected a number or 1 values"),
        ("schedule.on-site={protocol='constant', amplitude=1e4}", "--set: schedule.on-site: dt = 0.01 is above"),
    ],
)
def test_its_faults(tmp_path, assignment, expected):
    (fault,) = faults(tmp_path, assignment)
    assert fault.startswith(expected)


def test_the_command_says_it_in_one_line(tmp_path, capsys):
    path = tmp_path / "driven.toml"
    path.write_text(GOOD)
    assert run(["check", str(path), "--set", "schedule.temperature.final=-1"]) == 2
    error = capsys.readouterr().err.strip()
    assert error.count("\n") == 0
    assert "expected a temperature above zero, got -0.0" in error
    assert run(["check", str(path)]) == 0
    assert "driven in generation: temperature (ramp), coupling (ramp), potential.hidden.J2 (sinusoid)" in (
        capsys.readouterr().out
    )


@pytest.mark.long
def test_a_run_books_the_work_of_its_schedule(tmp_path):
    """The report's mean heat and work are those of the ledger; couplings that are switched on slowly do work."""
    import json

    path = tmp_path / "driven.toml"
    path.write_text(GOOD)
    extra = ["dynamics.engine=reference", "training.held_out=2"]
    words = ["run", str(path), "--out", str(tmp_path / "out"), "--quiet"]
    assert run([*words, *(w for e in extra for w in ("--set", e))]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["work_mean_kT"] != 0
    assert np.isclose(report["heat_mean_kT"], sum(report["heat_by_term_kT"].values()))


def test_the_schema_has_it():
    schema = json_schema(catalogue())["properties"]["schedule"]["additionalProperties"]
    assert schema["required"] == ["protocol"]
    assert schema["properties"]["protocol"]["enum"] == catalogue().names("protocol")
    assert "initial" in schema["properties"]
    assert "projection_seed" not in schema["properties"]


def test_a_key_in_quotation_marks_holds_dots():
    tables = override({}, ['a."b.c".d=1', 'a."e"=2'])
    assert tables == {"a": {"b.c": {"d": 1}, "e": 2}}
    assert given_by(tables, ['a."b.c".d=3']) == ['a."b.c".d']
    for wrong in ('a."b=1', 'a."b.c"d=1', 'a."b c"=1'):
        with pytest.raises(ConfigError, match=r"expected table.key=value"):
            override({}, [wrong])
