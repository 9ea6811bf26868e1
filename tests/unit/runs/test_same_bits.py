"""Parameters and samples of every task and training method have the same bits for any number of threads.

Each combination is a process of its own: threads of the compiled engine, of the linear algebra library and of numba,
and the order of sets by a seed of hashes.
"""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bits_of_runs import METHODS, config_of, names

import thermozoo as tz

SCRIPT = Path(__file__).with_name("bits_of_runs.py")

#: Threads of kernels, of linear algebra and of numba, and the seed of hashes.
ONE, *OTHERS = (("1", "1", "1", "0"), ("3", "4", "2", "7"), ("2", "2", "1", "5"), ("1", "3", "2", "9"))


@functools.cache
def digests(combination, wanted):
    """Return a line for each array of each run."""
    kernels, algebra, numba, hashes = combination
    environment = {
        "THERMOZOO_THREADS": kernels,
        "OPENBLAS_NUM_THREADS": algebra,
        "OMP_NUM_THREADS": algebra,
        "NUMBA_NUM_THREADS": numba,
        "PYTHONHASHSEED": hashes,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(SCRIPT), *wanted],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return tuple(done.stdout.splitlines())


@pytest.mark.long
def test_exact_training_and_generation():
    """Products of 784 x 96 and rows of 880 units, which OpenBLAS would share out, and their bits with it."""
    wanted = ("generate/exact/reference",)
    one = digests(ONE, wanted)
    assert len({line.split()[1] for line in one}) == len(one) >= 8
    assert digests(OTHERS[0], wanted) == one


@pytest.mark.parametrize(
    "combination",
    [pytest.param(one, marks=pytest.mark.endurance if k else pytest.mark.long) for k, one in enumerate(OTHERS)],
    ids="-".join,
)
def test_every_task_and_method(combination):
    every = tuple(names())
    assert len(every) >= 14 + 2 * len(METHODS)
    differing = [
        (here, there) for here, there in itertools.zip_longest(digests(ONE, every), digests(combination, every))
        if here != there
    ]  # fmt: skip
    assert differing == []


@pytest.mark.long
def test_samples_are_the_same_among_more(tmp_path):
    """Five samples and nine: the first five have the same bits, by kernels of either layout."""
    kept = []
    for samples in (5, 9, 40):
        config = config_of("generate/exact/compiled")
        made = tz.run({**config, "generation": {"samples": samples}}, out=tmp_path / str(samples), quiet=True)
        kept.append(made.samples["state"].values[:5])
    assert np.array_equal(kept[0], kept[1])
    assert np.array_equal(kept[0], kept[2])
