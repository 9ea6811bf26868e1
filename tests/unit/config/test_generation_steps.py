"""Generation in steps of its own: read, checked, written back, and what a run does with it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import tomli_w

from thermozoo.config.json_schema import json_schema
from thermozoo.config.load import check_config
from thermozoo.config.read import override
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue, load_catalogue
from thermozoo.runs.assemble import assemble_machine

STRIPES = Path(__file__).parents[3] / "examples" / "stripes.py"

TABLES = {
    "seed": 5,
    "computer": {"temperature": 0.1, "units": {"visible": 36, "hidden": 8}},
    "dynamics": {"dt": 1e-2, "duration": 2.0},
    "training": {"windows": 4},
}


def config(*assignments):
    return check_config(override(TABLES, assignments), catalogue(), "x.toml")


def test_without_keys_generation_is_that_of_the_dynamics():
    plain = config()
    assert (plain.generation_dt, plain.generation_steps) == (1e-2, 200)
    assert plain.generation_integrator is plain.integrator
    assert not {"dt", "integrator"} & plain.resolved["generation"].keys()


@pytest.mark.parametrize("given", ['"quarter-noise"', '{plugin = "quarter-noise"}'], ids=["by its name", "by a table"])
def test_steps_of_its_own(given):
    found = config("generation.dt=0.05", f"generation.integrator={given}")
    assert (found.steps, found.dynamics.dt, found.integrator.name) == (200, 1e-2, "euler-maruyama")
    assert (found.generation_steps, found.generation_dt) == (40, 0.05)
    assert found.generation_integrator.name == "quarter-noise"
    written = tomllib.loads(tomli_w.dumps(found.resolved))
    assert written["generation"]["integrator"] == {"plugin": "quarter-noise"}
    again = check_config(written, catalogue(), "resolved.toml")
    assert again.resolved == found.resolved
    assert again.generator == found.generator
    schema = json_schema(catalogue())
    jsonschema.validate(override(TABLES, ["generation.dt=0.05", f"generation.integrator={given}"]), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(override(TABLES, ["generation.integrator=nonsense"]), schema)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("generation.integrator=quarter-nose", "generation.integrator: .*did you mean 'quarter-noise'"),
        ("generation.integrator=3", r"generation.integrator: expected the name of an integrator.*got 3"),
        ("generation.integrator={mass=1.0}", "generation.integrator: .*a table that names one"),
        ("generation.integrator={plugin='quarter-noise', mass=1.0}", "generation.integrator.mass: unknown key"),
        ("generation.integrator=baoab", "generation.integrator: .*variables v beside them: take an integrator without"),
        ("generation.integrator=heat-bath", "generation.integrator: .*updates discrete ones"),
        ("generation.dt=0", "generation.dt: expected a value above 0"),
        ("generation.dt=5.0", "generation.dt: expected at least one time step in the duration of 2, got 5"),
        (
            "generation.dt=0.6",
            "generation.dt: expected at least one time step for each of 4 time windows, got 3 in all",
        ),
        ("generation.dt=0.4", "generation.dt: dt = 0.4 is above the stability bound"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(assignment, message):
    with pytest.raises(ConfigError, match=message):
        config(assignment)


def test_a_run_generates_in_these_steps(tmp_path, monkeypatch):
    """Observed energies are those of the longer steps, while training and its judgement are those of the dynamics."""
    from thermozoo.front.runs import run
    from thermozoo.runs import phases

    monkeypatch.setattr(phases, "draw_figures", lambda *arguments, **options: {})
    plugins = load_catalogue(files=[STRIPES])
    tables = override(
        TABLES,
        ["data.plugin=stripes", "data.classes=[0, 1]", "generation.samples=6", "dynamics.engine=reference"],
    )
    plain = run(tables, out=tmp_path / "plain", catalogue=plugins, quiet=True)
    steps = ["generation.dt=0.05", "generation.integrator=quarter-noise"]
    other = run(override(tables, steps), out=tmp_path / "other", catalogue=plugins, quiet=True)
    times = other.samples["time"].values
    assert np.allclose(times, 0.05 * np.arange(41))
    assert len(plain.samples["time"]) == 51
    for same in ("loss_final", "likelihood_gain_nats", "parameter_digest", "loss_perfect"):
        assert other.report[same] == plain.report[same]
    assert other.report["heat_mean_kT"] != plain.report["heat_mean_kT"]
    named = {(one["kind"], one["name"]) for one in other.manifest["plugins"]}
    assert {("integrator", "euler-maruyama"), ("integrator", "quarter-noise")} <= named
    page = " ".join((other.folder / "report.html").read_text("utf-8").split())
    assert "generation by <code>quarter-noise</code> in 40 steps of 0.05." in page
    assert "generation by" not in (plain.folder / "report.html").read_text("utf-8")


def test_a_computer_is_held_to_the_steps_that_it_takes():
    machine = assemble_machine(
        check_config(
            override(TABLES, ["data.plugin=stripes", "data.classes=[0, 1]", "generation.dt=0.05"]),
            load_catalogue(files=[STRIPES]),
            "x.toml",
        )
    )
    assert (machine.dynamics.dt, machine.dynamics.steps) == (1e-2, 200)
    assert (machine.generating.dt, machine.generating.steps) == (0.05, 40)
    assert machine.noising.dynamics.dt == 1e-2
