"""How generation begins and what is compiled for it: what a config asks for, and what report and page say of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from thermozoo.cli.app import run
from thermozoo.config.load import load_config
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.engine import engine_of

EXAMPLES = Path(__file__).parents[3] / "examples"
TINY = ["dynamics.duration=0.05", "dynamics.dt=0.01", "dynamics.engine=reference", "training.held_out=2"]


@pytest.fixture(scope="module")
def plugins():
    return load_catalogue(files=[EXAMPLES / "stripes.py"])


@pytest.fixture(scope="module")
def toy(plugins):
    """Returns the machine of the toy with assignments of its own."""
    return lambda *more: assemble_machine(
        load_config(EXAMPLES / "small-toy.toml", plugins, assignments=[*TINY, *more], seed=None)
    )


@pytest.mark.parametrize(
    ("asked", "steps", "said"),
    [
        (None, 0, "exact samples of their Boltzmann distributions"),
        ("0.03", 3, "after 3 steps from the state zero"),
    ],
)
def test_report_and_page_say_how_it_began(tmp_path, monkeypatch, asked, steps, said):
    monkeypatch.setattr("thermozoo.runs.phases.draw_figures", lambda *arguments: {})
    more = [*TINY, "generation.samples=16", *([f"generation.equilibration={asked}"] if asked else [])]
    options = [word for one in more for word in ("--set", one)]
    plugin, out = str(EXAMPLES / "stripes.py"), str(tmp_path / "a")
    assert run(["run", str(EXAMPLES / "small-toy.toml"), "--plugin", plugin, "--quiet", "--out", out, *options]) == 0
    report = json.loads((tmp_path / "a" / "report.json").read_text())
    assert report["equilibration_steps"] == steps
    page = (tmp_path / "a" / "report.html").read_text()
    assert said in page
    error = report["heat_std_kT"] / 4
    found = page.partition("the mean has a standard error of ")[2].partition(" kT")[0]
    assert float(found) == pytest.approx(error, rel=5e-3)


def test_equilibration_is_a_step_at_least(plugins):
    assert load_config("paper", assignments=[], seed=None).equilibration == 2500  # the published procedure
    assert load_config("ten-digits", assignments=[], seed=None).equilibration is None
    with pytest.raises(
        ConfigError, match=r"generation\.equilibration: expected at least one time step of 0\.025, got 0\.00"
    ):
        load_config(None, assignments=["generation.equilibration=0.004"], seed=None)


def test_one_layout_is_compiled_where_one_suits(toy):
    """That of generation; nothing is chosen for methods that follow trajectories of their own, and no bits change."""
    many, few = toy("dynamics.engine=compiled", "generation.samples=400"), toy("dynamics.engine=compiled")
    assert engine_of(many).width == 16
    assert engine_of(many).prepare(many.dynamics).arrangement(2, 5).unit_layout is False
    one = toy("dynamics.engine=compiled", "generation.samples=1")
    assert engine_of(one).width == 1
    sampled = toy("dynamics.engine=compiled", "generation.samples=400", "training.compare=['exact', 'moments']")
    assert engine_of(sampled).width is None
    assert engine_of(few).name == "compiled"
    assert engine_of(toy()).name == "reference"
