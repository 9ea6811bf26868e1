"""Anneals the spins of a file in one way, on one thread, and prints what it took: run by `benchmarks/annealers.py`.

    python benchmarks/peers/annealing.py thermozoo FILE.npz --reads 16 --seconds 2

The file has `first`, `second`, `weight` and `n`: E = sum w x_i x_j; `hot` and `cold`, the temperatures between which
all ways cool geometrically. Two short calls give the time of a sweep without that of the call, and so the number of
sweeps that fill the given processor seconds with everything: reading a problem in, preparing, sweeps, energies.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Solve = Callable[[int, int, int], Any]


def thermozoo(problem: dict[str, Any], integrator: str = "metropolis") -> Solve:
    """Return `thermozoo.anneal`, by Metropolis' rule or the heat bath, in single precision."""
    import thermozoo as tz

    n, pairs = int(problem["n"]), np.stack([problem["first"], problem["second"]], axis=1)

    def solve(reads: int, sweeps: int, seed: int) -> Any:
        asked = tz.IsingProblem(np.zeros(n), pairs, problem["weight"])
        found = tz.anneal(
            asked,
            reads=reads,
            sweeps=sweeps,
            seed=seed,
            hot=float(problem["hot"]),
            cold=float(problem["cold"]),
            integrator=integrator,
            engine="compiled",
            threads=1,
        )
        return found.energies

    return solve


def heat_bath(problem: dict[str, Any]) -> Solve:
    """Return the same by the heat bath."""
    return thermozoo(problem, "heat-bath")


def dwave(problem: dict[str, Any]) -> Solve:
    """Return `SimulatedAnnealingSampler` of dwave-samplers."""
    import dimod
    from dwave.samplers import SimulatedAnnealingSampler

    triples = (problem["first"], problem["second"], problem["weight"])

    def solve(reads: int, sweeps: int, seed: int) -> Any:
        model = dimod.BinaryQuadraticModel.from_numpy_vectors(np.zeros(int(problem["n"])), triples, 0.0, "SPIN")
        return (
            SimulatedAnnealingSampler()
            .sample(
                model,
                num_reads=reads,
                num_sweeps=sweeps,
                beta_range=[1 / problem["hot"], 1 / problem["cold"]],
                beta_schedule_type="geometric",
                seed=seed,
            )
            .record.energy
        )

    return solve


def openjij(problem: dict[str, Any]) -> Solve:
    """Return `SASampler` of OpenJij."""
    import openjij

    ends = zip(problem["first"].tolist(), problem["second"].tolist(), strict=True)
    pairs = dict(zip(ends, problem["weight"].tolist(), strict=True))

    def solve(reads: int, sweeps: int, seed: int) -> Any:
        return (
            openjij.SASampler()
            .sample_ising(
                {},
                pairs,
                num_reads=reads,
                num_sweeps=sweeps,
                beta_min=1 / problem["hot"],
                beta_max=1 / problem["cold"],
                seed=seed,
            )
            .record.energy
        )

    return solve


WAYS = {"thermozoo": thermozoo, "thermozoo, heat bath": heat_bath, "dwave-samplers": dwave, "openjij": openjij}


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("file")
    parser.add_argument("--reads", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    with np.load(given.file) as arrays:
        problem = {name: arrays[name][()] for name in arrays}
    solve, updates = WAYS[given.way](problem), given.reads * int(problem["n"])

    def seconds(sweeps: int, seed: int = 1) -> tuple[float, Any]:
        begun = time.process_time()
        energies = solve(given.reads, sweeps, seed)
        return time.process_time() - begun, energies

    seconds(2)  # what is imported or compiled at a first call
    few, sweeps = min(seconds(2)[0] for _ in range(2)), 8
    while True:
        more = min(seconds(sweeps)[0] for _ in range(2))
        if more - few > 0.2 * given.seconds or sweeps > 10**6:
            break
        sweeps *= 2
    each = (more - few) / (sweeps - 2)
    fit = max(2, int((given.seconds - few) / each))
    took, energies = seconds(fit, seed=2)
    found = {
        "way": given.way,
        "sweep_M_per_s": updates / each * 1e-6,
        "call_M_per_s": updates * fit / took * 1e-6,
        "call_overhead_s": few,
        "sweeps": fit,
        "seconds": took,
        "best_energy": float(np.min(energies)),
        "mean_energy": float(np.mean(energies)),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
