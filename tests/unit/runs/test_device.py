"""What a run would take on hardware: any task's time and heat in seconds, joules and watts."""

from __future__ import annotations

import json

import pytest

from thermozoo.config.load import check_config
from thermozoo.errors import ConfigError
from thermozoo.interfaces import Cost
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.device import device_of
from thermozoo.runs.page.tables import device_rows

K = 1.380649e-23
PAIR = {"units": {"pair": 2}, "connectivity": {"plugin": "dense"}, "potential": {"plugin": "quartic"}}
SAMPLE = {"task": {"plugin": "sample"}, "computer": PAIR}


def config(hardware, **tables):
    return check_config(SAMPLE | {"hardware": hardware} | tables, load_catalogue(), "x.toml")


def test_time_constants_and_heat_become_seconds_joules_and_watts():
    found = device_of(config({"time_unit": 1e-6, "temperature": 300.0}), Cost(2.5, 1000.0, "one chain"))
    assert (found.preset, found.sample) == (None, "one chain")
    assert found.seconds_per_sample == pytest.approx(2.5e-6)
    assert found.joules_per_sample == pytest.approx(1000 * K * 300)
    assert found.watts == pytest.approx(1000 * K * 300 / 2.5e-6)


@pytest.mark.parametrize(
    ("preset", "second", "kelvin"),
    [("electrical", 1e-6, 300), ("mechanical", 1e-3, 300), ("superconducting", 1e-9, 4.2)],
)
def test_presets_are_those_of_the_field(preset, second, kelvin):
    """A microsecond, a millisecond, a nanosecond: orders of magnitude of Whitelam (2026)."""
    found = device_of(config({"preset": preset}), Cost(1.0, 1.0, "one chain"))
    assert (found.seconds_per_sample, found.joules_per_sample) == pytest.approx((second, K * kelvin))


def test_what_nobody_has_published_is_not_known_unless_it_is_stated():
    cost = Cost(1.0, 1.0, "one chain")
    rows = dict(device_rows(device_of(config({"preset": "mechanical"}), cost)))
    assert rows["power while idle"] == rows["energy of a readout"] == "not known"
    rows = dict(device_rows(device_of(config({"preset": "mechanical", "idle_watts": 2e-3}), cost)))
    assert (rows["power while idle"], rows["energy of a readout"]) == ("2.00 mW", "not known")


def test_without_the_table_nothing_is_said():
    bare = check_config(SAMPLE, load_catalogue(), "x.toml")
    assert device_of(bare, Cost(1.0, 1.0, "one chain")) is None
    assert device_rows(None) == []


def test_nodes_without_inertia_have_no_underdamped_units():
    moving = {"integrator": "baoab", "dt": 0.01}
    with pytest.raises(ConfigError, match=r"hardware.preset: units of 'electrical' have no inertia .* 'baoab' moves"):
        config({"preset": "electrical"}, dynamics=moving)
    assert config({"preset": "superconducting"}, dynamics=moving).hardware.preset == "superconducting"
    assert config({"time_unit": 1e-6, "temperature": 4.0}, dynamics=moving).hardware.preset is None


def test_the_report_of_any_task_holds_it(tmp_path):
    from thermozoo.cli.app import run

    config = tmp_path / "x.toml"
    config.write_text(
        'seed = 1\n[task]\nplugin = "sample"\n[computer]\nunits = { pair = 2 }\ntemperature = 0.5\n'
        '[computer.connectivity]\nplugin = "dense"\n[dynamics]\ndt = 0.01\nduration = 20\nengine = "reference"\n'
        '[hardware]\npreset = "mechanical"\n'
    )
    assert run(["run", str(config), "--out", str(tmp_path / "run"), "--quiet"]) == 0
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    found, own = report["hardware"], report["sample"]
    assert found["seconds_per_sample"] == pytest.approx(own["duration"] * 1e-3)
    assert found["joules_per_sample"] == pytest.approx(own["heat_mean_kT"] * K * 300)
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "How long hardware would take" in page
    assert "not known" in page
