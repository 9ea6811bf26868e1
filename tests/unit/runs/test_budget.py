"""Predicted bytes of a run, and the limit."""

from __future__ import annotations

import re
import tomllib

import attrs
import pytest

from thermozoo.config.faults import Origin
from thermozoo.config.load import check_config
from thermozoo.digits import bytes_text
from thermozoo.errors import BudgetError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.budget import check_memory, predicted_memory

TOY = """
[computer.units]
visible = 784
hidden = HIDDEN
[computer.connectivity]
plugin = "CONNECTIVITY"
[generation]
samples = SAMPLES
[dynamics]
memory_limit = LIMIT
duration = DURATION
[training]
method = "METHOD"
"""


def config(hidden=16, connectivity="dense", samples=10, limit=16.0, duration=2.5, method="exact"):
    text = TOY.replace("HIDDEN", str(hidden)).replace("CONNECTIVITY", connectivity)
    text = text.replace("SAMPLES", str(samples)).replace("LIMIT", str(limit))
    text = text.replace("DURATION", str(duration)).replace("METHOD", method)
    return check_config(tomllib.loads(text), catalogue(), "x.toml")


def test_states_and_couplings_are_counted():
    few, many = predicted_memory(config(samples=10)), predicted_memory(config(samples=100_010))
    assert many - few >= 100_000 * 800 * (4 + 8)  # states in single precision, and once in double precision
    small, large = predicted_memory(config(hidden=10)), predicted_memory(config(hidden=10_000))
    assert large - small >= 10_000 * 10_000 / 2 * 8


@pytest.mark.parametrize(
    ("sizes", "key", "cause"),
    [
        ({"samples": 10**9}, "generation.samples", "1,000,000,000 samples"),
        ({"hidden": 10**6}, "computer.units", "couplings"),
        ({"duration": 4e6}, "dynamics.duration", r"4,000,000,000 time steps \(duration / dt\)"),
    ],
)
def test_a_run_above_the_limit_is_refused_before_it_allocates(sizes, key, cause):
    with pytest.raises(BudgetError, match=rf"x.toml: {key}: the run needs about .* [GTP]iB of memory") as caught:
        check_memory(config(**sizes))
    assert re.search(f"above dynamics.memory_limit = 16 GiB, most of it for .*{cause}: take fewer", str(caught.value))


def test_the_limit_itself_is_blamed_where_nothing_else_can_be():
    with pytest.raises(BudgetError, match=r"x.toml: dynamics.memory_limit: .* above .* = 0.01 GiB: raise the limit"):
        check_memory(config(limit=0.01))


def test_a_run_that_set_made_too_large_is_not_the_file_s():
    asked = config(samples=10**9)
    for given in ("generation.samples", "computer.units.hidden", "dynamics.memory_limit"):
        other = attrs.evolve(asked, origin=Origin("x.toml", (given,)))
        with pytest.raises(BudgetError, match=f"--set: {given}: the run needs about"):
            check_memory(other)


@pytest.mark.parametrize("method", ["exact", "moments", "descent", "online"])
def test_of_time_steps_only_the_imposed_signal_is_counted(method):
    """Times and intensities, but no states: no method holds a trajectory whole."""
    few, many = (predicted_memory(config(duration=d, method=method)) for d in (1.0, 11.0))
    assert 2 * 8 * 10_000 <= many - few <= 20 * 8 * 10_000


def test_the_limit_can_be_raised():
    with pytest.raises(BudgetError):
        check_memory(config(limit=0.01))
    assert check_memory(config(limit=1e9, samples=10**7)) > 10**7 * 800 * 12


def test_bytes_in_a_short_unit():
    assert [bytes_text(b) for b in (0, 1, 1023, 2048, 3.5 * 2**30, 5e18)] == [
        "0 bytes",
        "1 byte", "1023 bytes", "2 KiB", "3.5 GiB", "4441 PiB",
    ]  # fmt: skip


def test_held_out_trajectories_are_counted():
    """Of each, 25 steps are held at once, and gradients and densities at them."""
    few = config()
    many = attrs.evolve(few, training=attrs.evolve(few.training, held_out=100_000 + few.training.held_out))
    assert predicted_memory(many) - predicted_memory(few) >= 100_000 * 800 * 26 * 4 * 3


@pytest.mark.parametrize("method", ["moments", "descent", "online"])
def test_sampled_trajectories_are_counted(method):
    """At least their numbers."""
    few = config(method=method)
    many = attrs.evolve(few, training=attrs.evolve(few.training, cycles=10**8 + few.training.cycles))
    assert predicted_memory(many) - predicted_memory(few) >= 3 * 8 * 10**8
