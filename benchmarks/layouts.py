"""What the two layouts and the choice between them pay: one trajectory, few units, a lattice of a million units.

    python benchmarks/layouts.py [--quick] [--json FILE]

Every case is done in each arrangement: trajectories side by side in a cache line (`batch`) or units side by side
(`unit`), by one thread or by all, which share out whole trajectories or work on one together. Arrangements take turns,
so that all see the same machine; calls are so short that some are not interrupted even where others use the machine.
The shortest time of each is printed as a multiple of the shortest of all, that of products alone likewise; a star marks
what the engine takes by itself. Bits are the same in all of them.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

from thermozoo.computer.computer import Computer, assemble
from thermozoo.dynamics.benchmark import lattice, with_random_couplings
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.engines.arrangement import Arrangement
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine, CompiledStepper
from thermozoo.dynamics.engines.products_alone import products_alone
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.threads import available_threads

Work = Callable[[], Any]


class Arranged(CompiledStepper):
    """A law of motion whose batches are laid out and shared out as told."""

    told: Arrangement

    def arrangement(self, trajectories: int, steps: int, unit_layout: bool | None = None) -> Arrangement:
        """Return what was told."""
        return self.told


def arrangements(trajectories: int, threads: int, dense: bool, chosen: Arrangement) -> dict[str, Arrangement]:
    """Return every arrangement that the engine could take, with the group of chunks that it would take."""
    found = {}
    for count in sorted({1, threads}):
        for name, unit_layout in (("batch", False), ("unit", True)):
            found[f"{name}, {count} apart"] = Arrangement(unit_layout, count, False, 1)
            if count > 1 and (unit_layout or not dense):
                found[f"{name}, {count} together"] = Arrangement(unit_layout, count, True, 1)
    if chosen not in found.values():
        found["as chosen"] = chosen
    return {name: a for name, a in found.items() if a.threads == 1 or a.together or trajectories > 1}


def steps_of(stepper: CompiledStepper, batch: int, steps: int) -> Work:
    """Return a function that advances a batch."""
    x = np.zeros((batch, stepper.dynamics.computer.n), stepper.dynamics.dtype)
    numbers = np.arange(batch, dtype=np.int64)
    return lambda: advance_rows(stepper, x, key=NoiseKey(1), first_step=0, steps=steps, trajectories=numbers)


def shortest(works: Sequence[Work], seconds: float) -> list[float]:
    """Return the shortest seconds of each piece of work; they take turns until the time is up."""
    for work in works:
        work()
    best = [math.inf] * len(works)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for i, work in enumerate(works):
            start = time.perf_counter()
            work()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def measure(computer: Computer, batch: int, steps: int, lasting: float) -> dict[str, Any]:
    """Return microseconds of a step of the batch in every arrangement, and that of the products alone."""
    threads = available_threads()
    dynamics = Dynamics(computer, EulerMaruyama(), 1e-3, "single")
    chosen = CompiledEngine().prepare(dynamics).arrangement(batch, steps)
    dense = computer.couplings.blocks is not None
    every = arrangements(batch, threads, dense, chosen)
    works: list[Work] = []
    for one in every.values():
        stepper = Arranged(dynamics)
        stepper.told = one
        works.append(steps_of(stepper, batch, steps))
    products: dict[str, Work] = {}
    if dense and computer.n > 64:
        alone = products_alone(dynamics, batch, threads)
        x = np.zeros((batch, computer.n), np.float32)
        products = {"own": lambda: alone(steps), "NumPy": lambda: [computer.couplings.product(x) for _ in range(steps)]}
    seconds = shortest([*works, *products.values()], lasting)
    us = [s / steps * 1e6 for s in seconds]
    return {
        "us": dict(zip(every, us, strict=False)),
        "chosen": next(name for name, one in every.items() if one == chosen),
        "products_us": dict(zip(products, us[len(every) :], strict=True)),
    }


def cases(quick: bool) -> list[tuple[str, Computer, int, int]]:
    """Return what is measured: a title, a computer, the number of trajectories and of steps a call."""
    paper = with_random_couplings(
        assemble({"visible": 784, "hidden": 512}, Quartic(), Bipartite(within=("hidden",)), temperature=0.1)
    )
    side = 200 if quick else 1000
    found = [(f"784 + 512 units, batch {batch}", paper, batch, max(1, 8 // batch)) for batch in (1, 2, 4, 8, 16, 64)]
    found += [("784 + 512 units, batch 1, one step a call", paper, 1, 1)]
    found += [(f"lattice of {side * side} units, batch 1", lattice(Quartic(), side), 1, 1)]
    for units in (1, 2, 4, 8):
        small = with_random_couplings(assemble({"units": units}, Quartic(), Dense(), temperature=0.1))
        found += [(f"{units} units, batch {batch}", small, batch, 100) for batch in (1, 1000)]
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smaller lattice and shorter measurements")
    parser.add_argument("--json", type=Path, help="file for the microseconds")
    arguments = parser.parse_args()
    everything = {}
    for title, computer, batch, steps in cases(arguments.quick):
        found = measure(computer, batch, steps, 1.0 if arguments.quick else 6.0)
        everything[title] = found
        best = min(found["us"].values())
        parts = [f"{'*' * (name == found['chosen'])}{name} {us / best:.2f}" for name, us in found["us"].items()]
        parts += [f"products alone, {name} {us / best:.2f}" for name, us in found["products_us"].items()]
        print(f"{title}: {best:.1f} us a step; {', '.join(parts)}", flush=True)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(everything, indent=2))


if __name__ == "__main__":
    main()
