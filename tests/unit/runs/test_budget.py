"""Predicted bytes of a run, and the limit."""

from __future__ import annotations

import tomllib

import pytest

from thermozoo.config.load import check_config
from thermozoo.errors import BudgetError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.budget import bytes_text, check_memory, predicted_memory

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
"""


def config(hidden=16, connectivity="dense", samples=10, limit=16.0):
    text = TOY.replace("HIDDEN", str(hidden)).replace("CONNECTIVITY", connectivity)
    text = text.replace("SAMPLES", str(samples)).replace("LIMIT", str(limit))
    return check_config(tomllib.loads(text), catalogue(), "x.toml")


def test_states_and_couplings_are_counted():
    few, many = predicted_memory(config(samples=10)), predicted_memory(config(samples=100_010))
    assert many - few >= 100_000 * 800 * (4 + 8)  # states in single precision, and once in double precision
    small, large = predicted_memory(config(hidden=10)), predicted_memory(config(hidden=10_000))
    assert large - small >= 10_000 * 10_000 / 2 * 8


@pytest.mark.parametrize("sizes", [{"samples": 10**9}, {"hidden": 10**6}])
def test_a_run_above_the_limit_is_refused_before_it_allocates(sizes):
    with pytest.raises(BudgetError, match=r"x.toml: the run needs about .* TiB of memory, above dynamics.memory_limit"):
        check_memory(config(**sizes))


def test_the_limit_can_be_raised():
    with pytest.raises(BudgetError):
        check_memory(config(limit=0.01))
    assert check_memory(config(limit=1e9, samples=10**7)) > 10**7 * 800 * 12


def test_bytes_in_a_short_unit():
    assert [bytes_text(b) for b in (0, 1023, 2048, 3.5 * 2**30, 5e18)] == [
        "0 bytes", "1023 bytes", "2 KiB", "3.5 GiB", "4441 PiB",
    ]  # fmt: skip
