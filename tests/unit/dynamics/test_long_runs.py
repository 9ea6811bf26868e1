"""Long runs: the first law holds without drift, memory stays flat, and nothing is left behind."""

from __future__ import annotations

import gc
import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

import thermozoo as tz
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import BatchState, Drive, Dynamics, engine_named
from thermozoo.dynamics.ensemble import Ensemble
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.trajectories import EnergyTerms
from thermozoo.dynamics.windows import PreparedDynamics

J, BIAS, J2 = 0.4, 0.3, 1.0
RECORDED = 20_000


def law(steps, precision, *, driven=True):
    """Two coupled quartic units; what couples them swings, which heats them."""
    one = assemble({"a": 2}, Quartic(), Dense(), temperature=0.3, trainable_biases=["a"])
    one = one.with_parameters([J, BIAS, -BIAS])
    schedule = Schedule({"coupling": swing(steps)}) if driven else None
    return Dynamics(one, EulerMaruyama(), 0.01, precision, steps, schedule)


def swing(steps):
    return 1 + 2 * np.sin(0.03 * np.arange(steps + 1))


def energy(x, c, push):
    """V of the two units, written out."""
    x = x.astype(np.float64)
    on_site = (x**2 + x**4).sum(axis=-1)
    return on_site + BIAS * (x[..., 0] - x[..., 1]) + c * J * x[..., 0] * x[..., 1] - push * x.sum(axis=-1)


def heat_step_by_step(steps, engine, precision, kind):
    """Return heat by the ledger and as the exact sum of what each step releases, of each trajectory, and the work."""
    driven = kind == "schedule"
    dynamics = law(steps, precision, driven=driven)
    c = swing(steps) if driven else np.ones(steps + 1)
    push = np.zeros(steps + 1) if driven else 0.5 * np.sin(0.05 * np.arange(steps + 1))
    drive = None if driven else Drive(np.ones((1, 2)), np.zeros(2, np.int64), push)
    start = BatchState(np.zeros((2, 2), dynamics.dtype), NoiseKey(3), np.arange(2))
    ensemble = Ensemble(PreparedDynamics(engine_named(engine), dynamics), start, drive)
    book, released, before = EnergyTerms(dynamics), [[], []], ensemble.states()
    book.observe(0, before)
    for first in range(0, steps, RECORDED):
        several = min(RECORDED, steps - first)
        record = np.empty((several, 2, 2), dynamics.dtype)
        ensemble.advance(several, record)
        at = np.arange(first + 1, first + several + 1)[:, None]
        from_states = np.concatenate([before[None], record[:-1]])
        part = energy(from_states, c[at], push[at]) - energy(record, c[at], push[at])
        for k in range(2):
            released[k].append(math.fsum(part[:, k]))
        before = record[-1].copy()
    book.observe(steps, before)
    total = np.sum(list(book.terms.values()), axis=0)
    change = total[-1] - total[0] - push[steps] * before.astype(np.float64).sum(axis=1)
    return ensemble.work - change, np.array([math.fsum(one) for one in released]), ensemble.work


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize(
    ("steps", "engine", "kind"),
    [
        (1_000, "reference", "schedule"),
        (1_000, "reference", "drive"),
        pytest.param(100_000, "compiled", "schedule", marks=pytest.mark.long),
        pytest.param(1_000_000, "compiled", "drive", marks=pytest.mark.long),
        pytest.param(1_000_000, "compiled", "schedule", marks=pytest.mark.endurance),  # whose work goes step by step
    ],
)
def test_the_first_law_holds_without_drift(steps, engine, kind, precision):
    """Q = W - dV is what all steps release, added up exactly: to 1e-9 of it, with states of single precision too."""
    found, exact, work = heat_step_by_step(steps, engine, precision, kind)
    assert (np.abs(work) > 1e-3 * steps**0.5).all()
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-12)


FLAT = """
import numpy as np
import test_long_runs as here
from thermozoo.dynamics.engines import engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.running import RunningMoments
from thermozoo.dynamics.simulate import simulate

class Watch:
    def __init__(self):
        self.moments = RunningMoments(())
    def start(self):
        pass
    def observe(self, step, x):
        self.moments.add(x)
    def bytes_needed(self, observations, trajectories, n, itemsize):
        return 0

steps, parts = 1_000_000, 10
law = here.law(steps, "single", driven=False)
x, sizes = np.zeros((4, 2)), []
for part in range(parts):
    done = simulate(law, x, steps // parts, key=NoiseKey(3), first_step=part * (steps // parts), every=20,
                    observers=[Watch()], engine=engine_named("compiled"))
    x = done.final
    sizes.append(here.resident())
print(*sizes)
"""


def resident():
    """Return the bytes of this process that are in memory, once what nobody holds is gone."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="memory is read from Linux's /proc")
def test_memory_is_flat_over_a_million_steps():
    """In a process of its own; after a tenth of the steps nothing more is taken, to 2 MiB."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", FLAT], cwd=root, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    sizes = np.array(list(map(int, done.stdout.split())))
    assert len(sizes) == 10
    assert sizes[1:].max() - sizes[0] < 2 * 2**20, sizes.tolist()


@pytest.mark.endurance
@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="memory is read from Linux's /proc")
def test_a_soak(tmp_path):
    """Simulations that go on and small runs, one after the other, for THERMOZOO_TEST_SOAK seconds (1,200).

    Memory, threads and open files stay as they are once everything was done a few times, and every piece obeys the
    first law.
    """
    lasts, begun = float(os.environ.get("THERMOZOO_TEST_SOAK", "1200")), time.monotonic()
    steps = 20_000
    dynamics, x, rounds, held = law(steps, "single"), np.zeros((8, 2)), 0, []
    config = {
        "seed": 5,
        "task": {"plugin": "sample", "chains": 8, "observe_every": 2},
        "computer": {"temperature": 0.3, "units": {"units": 3}, "connectivity": {"plugin": "dense"}},
        "dynamics": {"integrator": "euler-maruyama", "dt": 0.01, "duration": 2.0, "engine": "compiled"},
    }
    while rounds < 8 or time.monotonic() - begun < lasts:
        done = tz.simulate(dynamics, x, steps, seed=rounds, engine="compiled")
        change = done.energy.sum("term")[-1] - done.energy.sum("term")[0]
        np.testing.assert_allclose(done.heat, done.work_by_term.sum("term") - change, rtol=1e-9)
        assert np.isfinite(done.x).all()
        x = done.x.values[-1]
        made = tz.run(config, out=tmp_path / "run", force=True, quiet=True)
        assert made.report["task"] == "sample"
        rounds += 1
        held.append((resident(), threading.active_count(), len(os.listdir("/proc/self/fd"))))
    memory, threads, files = np.array(held[4:]).T
    half = len(memory) // 2
    assert np.median(memory[half:]) - np.median(memory[:half]) < 16 * 2**20, (rounds, memory.tolist())
    assert threads.max() == threads.min()
    assert files.max() == files.min()
