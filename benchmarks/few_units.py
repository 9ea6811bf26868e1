"""Few units: what a unit update takes, and one trajectory of one unit against a plain loop compiled by numba.

    python benchmarks/few_units.py [--quick] [--trajectories N] [--json FILE]

Many trajectories are advanced with all threads as the engine chooses, and with each chunk of trajectories by itself,
without its neighbors' noise beside it. The time is that of `advance`, with packing and unpacking. One trajectory of one
unit is advanced by one thread, and by a loop that anybody would write, with numba's own ``standard_normal``. All take
turns, and the shortest time of each is printed: wall time, which other work on the machine lengthens, and processor
time of all threads together.

NUMBA_CPU_NAME=haswell with NUMBA_CPU_FEATURES=+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+popcnt,+sse4.2 makes code
for AVX2, on whatever processor this is.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numba import njit
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.benchmark import with_random_couplings
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.engines.arrangement import Arrangement
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine, CompiledStepper
from thermozoo.dynamics.engines.vectors import vector_bytes
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.threads import available_threads

UNITS = (1, 2, 3, 8, 16, 32, 64)

Work = Callable[[], Any]


class Arranged(CompiledStepper):
    """A law of motion whose batches are laid out and shared out as told."""

    told: Arrangement

    def arrangement(self, trajectories: int, steps: int, unit_layout: bool | None = None) -> Arrangement:
        """Return what was told."""
        return self.told


def law_of(units: int, precision: str) -> Dynamics:
    """Return quartic units, coupled all to all."""
    computer = with_random_couplings(assemble({"units": units}, Quartic(), Dense(), temperature=0.1))
    return Dynamics(computer, EulerMaruyama(), 1e-3, precision)


def steps_of(stepper: CompiledStepper, trajectories: int, steps: int) -> Work:
    """Return a function that advances trajectories."""
    x = np.zeros((trajectories, stepper.dynamics.computer.n), stepper.dynamics.dtype)
    numbers = np.arange(trajectories, dtype=np.int64)
    return lambda: advance_rows(stepper, x, key=NoiseKey(1), first_step=0, steps=steps, trajectories=numbers)


@njit
def plain_loop(x: float, steps: int, dt: float, noise: float, J2: float, J4: float) -> float:
    """Return the state of one unit after some steps, as one writes it down."""
    for _ in range(steps):
        x += -dt * (2.0 * J2 * x + 4.0 * J4 * x * x * x) + noise * np.random.standard_normal()
    return x


def shortest(works: Sequence[Work], seconds: float) -> list[tuple[float, float]]:
    """Return the shortest wall and processor time of each piece of work; they take turns until the time is up."""
    for work in works:
        work()
    best = [(np.inf, np.inf)] * len(works)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for i, work in enumerate(works):
            wall, processor = time.perf_counter(), time.process_time()
            work()
            found = time.perf_counter() - wall, time.process_time() - processor
            best[i] = min(best[i][0], found[0]), min(best[i][1], found[1])
    return best


def many(units: int, precision: str, trajectories: int, steps: int, seconds: float) -> dict[str, Any]:
    """Return nanoseconds of a unit update, as the engine chooses and chunk by chunk."""
    dynamics = law_of(units, precision)
    chosen = CompiledEngine().prepare(dynamics)
    assert isinstance(chosen, CompiledStepper)
    alone = Arranged(dynamics)
    alone.told = attrs.evolve(chosen.arrangement(trajectories, steps), group=1)
    found = shortest([steps_of(one, trajectories, steps) for one in (chosen, alone)], seconds)
    of_all = 1e9 / (trajectories * units * steps)
    return {name: [t * of_all for t in times] for name, times in zip(("chosen", "by chunk"), found, strict=True)}


def one(precision: str, steps: int, seconds: float) -> dict[str, Any]:
    """Return nanoseconds of a step of one trajectory of one unit, and of the plain loop."""
    stepper = CompiledEngine(1).prepare(law_of(1, precision))
    assert isinstance(stepper, CompiledStepper)

    def loop() -> float:
        return plain_loop(0.0, steps, 1e-3, (2 * 0.1 * 1e-3) ** 0.5, 1.0, 1.0)

    found = shortest([steps_of(stepper, 1, steps), loop], seconds)
    return {name: [t * 1e9 / steps for t in times] for name, times in zip(("engine", "loop"), found, strict=True)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="shorter measurements")
    parser.add_argument("--trajectories", type=int, default=40_000, help="how many trajectories")
    parser.add_argument("--json", type=Path, help="file for the nanoseconds")
    arguments = parser.parse_args()
    seconds, updates = (1.5, 2 * 10**7) if arguments.quick else (8.0, 10**8)
    everything: dict[str, Any] = {"threads": available_threads(), "vector_bytes": vector_bytes()}
    print(f"{available_threads()} threads, registers of {vector_bytes()} bytes; ns of wall time, of processor time")
    for precision in ("single", "double"):
        for units in UNITS:
            steps = max(10, updates // (arguments.trajectories * units))
            found = many(units, precision, arguments.trajectories, steps, seconds)
            everything[f"{precision}, {units} units"] = found
            (wall, processor), (other, others) = found["chosen"], found["by chunk"]
            print(
                f"{precision}, {arguments.trajectories} trajectories of {units} units: {wall:.2f}, {processor:.2f} an "
                f"update; chunk by chunk {other / wall:.2f}, {others / processor:.2f} times as long",
                flush=True,
            )
        alone = one(precision, updates // 20, seconds)
        everything[f"{precision}, one trajectory"] = alone
        (wall, processor), (other, others) = alone["engine"], alone["loop"]
        print(
            f"{precision}, one trajectory of one unit: {wall:.1f}, {processor:.1f} a step; the plain loop "
            f"{other / wall:.2f}, {others / processor:.2f} times as long",
            flush=True,
        )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(everything, indent=2))


if __name__ == "__main__":
    main()
