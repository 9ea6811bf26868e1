"""One prediction of memory: what `run` says, `estimate` says."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from thermozoo_plugins.protocols import Constant, LinearFade

from thermozoo.config.load import check_config
from thermozoo.dynamics.engines import engine_named
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs import budget
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.estimate import estimate_run
from thermozoo.runs.phases import phases_of
from thermozoo.training.noising import Imposed

TABLES = {
    "computer": {"units": {"visible": 784, "hidden": 2}, "connectivity": {"plugin": "bipartite"}},
    "dynamics": {"duration": 0.002, "memory_limit": 2.0},
    "training": {"method": "descent", "cycles": 1, "held_out": 2},
    "generation": {"samples": 3},
}


@pytest.fixture(scope="module")
def machine():
    """Assembled whatever tests before these have made this process hold."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "peak_memory", lambda: 2**30)
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


def held(phase, config, machine=None):
    return sum(share.bytes for share in budget.phase_shares(config, machine)[phase])


def test_images_are_counted(machine, process):
    """By the arrays that there are at once: noisy copies of what the judge looks at, signals and their sums."""
    config, few = machine.config, machine.prototypes
    assert held("judging", config, machine) - held("judging", config) > 2 * few.rest.nbytes
    more = attrs.evolve(machine, prototypes=attrs.evolve(few, rest=np.zeros((4000, 784))))
    without = attrs.evolve(machine, prototypes=attrs.evolve(few, rest=np.zeros((0, 784))))
    assert held("judging", config, more) > held("judging", config, without) + 2 * 4000 * 784 * 8
    many = attrs.evolve(machine, noising=attrs.evolve(machine.noising, signals=np.zeros((1000, 786))))
    assert held("training", config, many) > held("training", config, machine) + 2 * 900 * 786 * 8


def test_every_phase_that_a_config_asks_for_is_counted_and_the_largest_is_predicted(machine, process):
    config = machine.config
    phases = budget.phase_shares(config, machine)
    assert list(phases) == [phase.name for phase in phases_of(config)]
    assert "comparison" not in phases
    assert budget.predicted_memory(config, machine) == max(held(name, config, machine) for name in phases)


def test_what_lasts_is_held_by_the_phases_that_follow(machine, process):
    """Computer and samples; what a phase holds meanwhile is given back."""
    config = machine.config
    many = attrs.evolve(config, generation=attrs.evolve(config.generation, samples=10**6))
    before, during, after = (held(name, many) - held(name, config) for name in ("evaluation", "generation", "judging"))
    assert before == 0
    assert during > after > 10**6 * 786 * 4


def test_a_comparison_holds_the_results_and_what_the_other_method_takes(machine, process):
    config = machine.config
    both = attrs.evolve(config, training=attrs.evolve(config.training, compare=("descent", "moments")))
    own = attrs.evolve(config, training=attrs.evolve(config.training, method="moments"))
    difference = held("training", own) - held("evaluation", own)
    assert held("comparison", both) - held("results", both) > 0
    assert held("training", both) == held("training", config)
    assert held("training", own) > held("training", config)
    assert difference > 0


@pytest.mark.parametrize("windows", [1, 40])
def test_every_window_has_couplings_of_its_own(machine, process, windows):
    """In double precision, and they last: a program holds all of them."""
    config = machine.config
    one = attrs.evolve(config, training=attrs.evolve(config.training, windows=1))
    more = attrs.evolve(config, training=attrs.evolve(config.training, windows=1 + windows))
    for phase in ("training", "generation", "results"):
        assert held(phase, more) - held(phase, one) >= 8 * windows * machine.computer.couplings.size


@pytest.mark.parametrize(("windows", "by_class", "copies"), [(1, False, 0), (40, False, 1), (40, True, 1)])
def test_a_file_of_programs_is_put_together_beside_them(machine, process, windows, by_class, copies):
    """The couplings of all windows, and of all classes, are one array of the file."""
    config = machine.config
    many = attrs.evolve(config, training=attrs.evolve(config.training, windows=windows, by_class=by_class))
    one = attrs.evolve(config, training=attrs.evolve(config.training, windows=1, by_class=False))
    beside = held("results", many) - held("judging", many) - (held("results", one) - held("judging", one))
    assert beside == 8 * copies * windows * many.programs * machine.computer.couplings.size


def test_every_protocol_has_its_intensities(machine, process):
    two = attrs.evolve(
        machine,
        noising=attrs.evolve(
            machine.noising, protocols=(Imposed(Constant(), np.arange(784)), Imposed(LinearFade(), np.arange(784, 786)))
        ),
    )
    steps = attrs.evolve(machine.config, dynamics=attrs.evolve(machine.config.dynamics, duration=100.0))
    assert held("assembly", steps, two) - held("assembly", steps, machine) >= 8 * 100_000


def test_the_windows_are_blamed_where_they_are_too_many(machine, process):
    config = machine.config
    many = attrs.evolve(config, training=attrs.evolve(config.training, windows=10**8))
    with pytest.raises(budget.BudgetError, match=r"training.windows: the run needs about .* 100000000 time windows"):
        budget.check_memory(many)


def test_peak_memory_counts_what_was_held():
    before = budget.peak_memory()
    if before is None:
        pytest.skip("this system does not say how much memory a process has held")
    # what this process has given back since its peak is to be held again first
    held, size, block = [], before + 64 * 2**20, 32 * 2**20
    while budget.peak_memory() < size and len(held) * block < size:
        held.append(np.ones(block, dtype=np.uint8))
    assert budget.peak_memory() >= size
    del held
