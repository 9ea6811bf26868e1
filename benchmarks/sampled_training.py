"""What sampled training costs over the products that its algorithms cannot do without, on the computer of the paper.

    python benchmarks/sampled_training.py [--rounds N] [--threads N] [--json FILE]

Products alone, a noising step, in multiply-adds of E couplings and n units, as the published algorithms have them:

- descent: J x' (2 E: a coupling acts on both of its ends) and the gradient r x'^T + x' r^T (2 E);
- online: the same, where the gradient is the update of J;
- moments: the gradient of an uncoupled computer (2 E) and the second moments x' x'^T (n (n + 1) / 2).

Noising itself is of the uncoupled computer and has no products. Their time is that of the fastest product J x of 512
states that this process can do: that of `thermozoo bench`, the kernel's own or NumPy's. Trajectories are counted from
the difference of two runs, so that neither what a run does once (a compiled kernel, equations solved) nor validation is
in them; what solving the equations of `moments` takes is a line of its own. Everything takes turns, and the shortest of
the rounds counts. With one thread the time is that of the processor, which says little of what others do meanwhile.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

from thermozoo.config.load import parse_file
from thermozoo.dynamics.benchmark import with_random_couplings
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.products_alone import products_alone
from thermozoo.dynamics.threads import available_threads
from thermozoo.runs.assemble import assemble_machine
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.descent import Schedule, train_by_descent
from thermozoo.training.sampled.moments import sampled_equations, train_by_moments
from thermozoo.training.sampled.online import train_online

#: States of the products that are timed.
BATCH = 512


def seconds(work: Callable[[], Any], clock: Callable[[], float]) -> float:
    """Return how long something takes."""
    start = clock()
    work()
    return clock() - start


def timed_products(dynamics: Dynamics, threads: int) -> list[Callable[[], Any]]:
    """Return functions that multiply J with a batch of states: the kernel's own way, and NumPy's."""
    own = products_alone(dynamics, BATCH, threads)
    couplings = dynamics.one_computer.couplings
    x = np.ones((BATCH, couplings.n), dtype=np.float32)

    def by_numpy() -> None:
        with threadpoolctl.threadpool_limits(threads, user_api="blas"):
            for _ in range(3):
                couplings.gradient(x)

    return [lambda: own(3), by_numpy]


def measured(rounds: int, threads: int) -> dict[str, Any]:
    """Return the table."""
    clock = time.process_time if threads == 1 else time.perf_counter
    machine = assemble_machine(parse_file("paper"))
    computer, loss = machine.computer, machine.loss
    process = NoisingProcess(machine.noising, CompiledEngine())
    images = len(process.signals)

    def descending(train: Any, cycles: int) -> Callable[[], Any]:
        return lambda: train(computer, process, loss, Schedule(cycles, 1e-6, 1), seed=1)

    def summing(count: int) -> Callable[[], Any]:
        return lambda: sampled_equations(computer, process, loss, np.arange(count), seed=1)

    works: dict[str, tuple[Callable[[], Any], Callable[[], Any], int]] = {
        "descent": (descending(train_by_descent, 1), descending(train_by_descent, 3), 2 * images),
        "online": (descending(train_online, 1), descending(train_online, 3), 2 * images),
        "moments": (summing(12), summing(36), 24),
    }
    dynamics = Dynamics(with_random_couplings(computer), machine.noising.dynamics.integrator, loss.dt, "single")
    products = timed_products(dynamics, threads)
    for short, _, _ in works.values():
        short()
    for one in products:
        one()
    alone, found = [], {name: ([], []) for name in works}  # type: ignore[var-annotated]
    for _ in range(rounds):
        alone += [seconds(one, clock) / 3 / BATCH for one in products for _ in range(5)]
        for name, (short, long, _) in works.items():
            found[name][0].append(seconds(short, clock))
            found[name][1].append(seconds(long, clock))
    edges, n = computer.couplings.size, computer.n
    counted = {"descent": 4 * edges, "online": 4 * edges, "moments": 2 * edges + n * (n + 1) // 2}
    a_multiplication = min(alone) / (2 * edges)
    rows = []
    for name, (short, long) in found.items():
        each = (min(long) - min(short)) / works[name][2]
        products_each = process.steps * counted[name] * a_multiplication
        rows.append({"method": name, "seconds": each, "products": products_each, "ratio": each / products_each})
    cycles = 5
    total = seconds(lambda: train_by_moments(computer, process, loss, cycles=cycles, seed=1), clock)
    return {
        "threads": threads,
        "clock": "processor" if threads == 1 else "wall",
        "multiply_adds_per_ns": 1e-9 / a_multiplication,
        "rows": rows,
        "solving_seconds": total - cycles * images * rows[-1]["seconds"],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    if given.threads is not None:
        import os

        os.environ["THERMOZOO_THREADS"] = str(given.threads)
    table = measured(given.rounds, available_threads())
    print(f"{table['threads']} threads, {table['clock']} time, {table['multiply_adds_per_ns']:.0f} multiply-adds a ns")
    print(f"{'method':>8} {'a noising trajectory':>22} {'products alone':>16} {'ratio':>6}")
    for row in table["rows"]:
        each, products = row["seconds"] * 1e3, row["products"] * 1e3
        print(f"{row['method']:>8} {each:>19.1f} ms {products:>13.1f} ms {row['ratio']:>6.2f}")
    print(f"solving the equations of moments, once: {table['solving_seconds']:.1f} s")
    if given.json is not None:
        given.json.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
