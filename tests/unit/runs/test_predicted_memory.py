"""One prediction of memory: what `run` says, `estimate` says."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from thermozoo.config.load import check_config
from thermozoo.dynamics.engines import engine_named
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs import budget
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.estimate import estimate_run

TABLES = {
    "computer": {"units": {"visible": 784, "hidden": 2}, "connectivity": {"plugin": "bipartite"}},
    "dynamics": {"duration": 0.002, "memory_limit": 2.0},
    "training": {"method": "descent", "cycles": 1, "held_out": 2},
    "generation": {"samples": 3},
}


@pytest.fixture(scope="module")
def machine():
    return assemble_machine(check_config(TABLES, catalogue(), "x.toml"))


@pytest.fixture
def process(monkeypatch):
    """Lets this process have held one GiB."""
    monkeypatch.setattr(budget, "peak_memory", lambda: 2**30)


def test_an_estimate_predicts_what_the_run_predicts(machine, process):
    found = estimate_run(machine, 0.0, engine_named("reference"))
    assert found.memory == budget.predicted_memory(machine.config, machine)


def test_an_estimate_refuses_what_the_run_refuses(machine, monkeypatch):
    monkeypatch.setattr(budget, "peak_memory", lambda: 2**31)
    with pytest.raises(budget.BudgetError, match="memory_limit = 2 GiB"):
        estimate_run(machine, 0.0, engine_named("reference"))


def test_images_are_counted(machine, process):
    """By the arrays that there are at once: signals and their sums, noisy copies of what the judge looks at."""
    config, few = machine.config, machine.prototypes
    with_images = budget.predicted_memory(config, machine) - budget.predicted_memory(config)
    assert with_images > machine.noising.signals.nbytes + 2 * few.rest.nbytes
    more = attrs.evolve(machine, prototypes=attrs.evolve(few, rest=np.zeros((4000, 784))))
    assert budget.predicted_memory(config, more) > budget.predicted_memory(config, machine) + 2000 * 784 * 8


def test_peak_memory_counts_what_was_held():
    before = budget.peak_memory()
    if before is None:
        pytest.skip("this system does not say how much memory a process has held")
    size = before + 64 * 2**20
    held = np.ones(size, dtype=np.uint8)
    assert budget.peak_memory() >= size
    del held
