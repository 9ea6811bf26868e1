"""How many spin updates a nanosecond the heat bath does: lattices, two layers, all pairs.

    python benchmarks/spins.py [--quick] [--json FILE]

Calls are repeated until some were not interrupted; the shortest counts. Beside the time of the clock stands that of the
processor, as other programs may share the cores: one thread's share of it is what an idle machine would need. Preparing
(colors, places of units) and compiling are left out, and said apart.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import HeatBath
from thermozoo_plugins.potentials import Spin

from thermozoo import Connectivity
from thermozoo.computer.coloring import units_by_color
from thermozoo.computer.computer import Computer, assemble
from thermozoo.dynamics.benchmark import lattice
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.threads import available_threads


def coupled(sizes: dict[str, int], connectivity: Connectivity) -> Computer:
    """Return a computer with random couplings."""
    one = assemble(sizes, Spin(), connectivity)
    strengths = np.random.default_rng(0).standard_normal(one.parameters.size) / math.sqrt(one.n)
    return one.with_parameters(strengths)


def measure(name: str, computer: Computer, trajectories: int, threads: int, lasting: float) -> dict[str, Any]:
    """Return what one case needs."""
    dynamics = Dynamics(computer, HeatBath(), 1.0, "single")
    start = time.perf_counter()
    stepper = CompiledEngine(threads).prepare(dynamics)
    rng = np.random.default_rng(1)
    x = rng.choice(np.array([-1, 1], dtype=np.float32), (trajectories, computer.n))
    numbers = np.arange(trajectories, dtype=np.int64)

    def work(steps: int) -> tuple[float, float]:
        begun = time.perf_counter(), time.process_time()
        advance_rows(stepper, x, key=NoiseKey(1), first_step=0, steps=steps, trajectories=numbers)
        return time.perf_counter() - begun[0], time.process_time() - begun[1]

    work(1)
    prepared = time.perf_counter() - start
    # long enough that states are not arranged more than they are updated
    steps = max(20, round(0.02 / max(work(1)[0], 1e-5)))
    best = [math.inf, math.inf]
    end = time.perf_counter() + lasting
    while time.perf_counter() < end:
        best = [min(a, b) for a, b in zip(best, work(steps), strict=True)]
    updates = steps * trajectories * computer.n
    return {
        "case": name,
        "trajectories": trajectories,
        "threads": threads,
        "colors": len(units_by_color(computer)),
        "updates_per_ns": updates / best[0] * 1e-9,
        "updates_per_ns_of_processor": updates / best[1] * 1e-9,
        "preparing_s": prepared,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="smaller computers, less time")
    parser.add_argument("--json", type=Path, help="write what was measured")
    given = parser.parse_args()
    lasting = 1.0 if given.quick else 6.0
    width, many = (200, 200) if given.quick else (1000, 1000)
    cases = [
        (f"{width} x {width} lattice", lattice(Spin(), width), 1),
        ("64 x 64 lattice", lattice(Spin(), 64), 64),
        ("784 and 512, two layers", coupled({"visible": 784, "hidden": 512}, Bipartite()), 64),
        (f"{many}, all pairs", coupled({"spins": many}, Dense()), 1),
        (f"{many}, all pairs", coupled({"spins": many}, Dense()), 64),
    ]
    print(
        f"{'':28}{'trajectories':>13}{'threads':>8}{'colors':>7}{'updates/ns':>12}{'of processor':>13}{'prepare s':>10}"
    )
    found = []
    for name, computer, trajectories in cases:
        for threads in sorted({1, available_threads()}):
            one = measure(name, computer, trajectories, threads, lasting)
            found.append(one)
            print(
                f"{name:28}{trajectories:13}{threads:8}{one['colors']:7}{one['updates_per_ns']:12.4f}"
                f"{one['updates_per_ns_of_processor']:13.4f}{one['preparing_s']:10.1f}",
                flush=True,
            )
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
