"""Laboratory units of a run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from thermozoo.config.load import check_config
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.report import hardware_figures


@pytest.mark.parametrize("mobility", [1.0, 4.0])
def test_the_unit_of_time_of_hardware_is_that_of_its_relaxation(mobility):
    """A unit of stiffness E0 relaxes in 1 / (mobility E0), and the time unit of hardware is that time."""
    tables = {
        "computer": {"mobility": mobility, "units": {"visible": 4}},
        "dynamics": {"duration": 2.5},
        "hardware": {"time_unit": 1e-6, "temperature": 300.0},
    }
    machine = SimpleNamespace(
        config=check_config(tables, catalogue(), "x.toml"), computer=SimpleNamespace(mobility=mobility)
    )
    found = hardware_figures(machine, 1000.0)
    assert found["seconds_per_sample"] == pytest.approx(2.5e-6 * mobility)
    assert found["joules_per_sample"] == pytest.approx(1000 * 1.380649e-23 * 300)
    assert found["watts"] == pytest.approx(found["joules_per_sample"] / found["seconds_per_sample"])
