"""What sampled training costs over the products that its algorithms cannot do without.

Products alone, a noising step, in multiply-adds of E couplings and n units, as the published algorithms have them:

- descent: J x' (2 E: a coupling acts on both of its ends) and the gradient r x'^T + x' r^T (2 E);
- online: the same, where the gradient is the update of J;
- moments: the gradient of an uncoupled computer (2 E) and the second moments x' x'^T (n (n + 1) / 2).

Noising itself is of the uncoupled computer and has no products.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.benchmark import with_random_couplings
from thermozoo.dynamics.engines import Dynamics
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.descent import Schedule, train_by_descent
from thermozoo.training.sampled.moments import sampled_equations
from thermozoo.training.sampled.online import train_online

__all__ = ["sampled_over_products"]

#: States of the products that are timed, and how often they are multiplied at a time.
_BATCH, _TIMES = 512, 3

Work = Callable[[], Any]


def sampled_over_products(
    computer: Computer, process: NoisingProcess, loss: StepLoss, *, threads: int, rounds: int = 1
) -> dict[str, Any]:
    """Return what a noising trajectory of each sampled method takes, over its products alone.

    The time of products is that of the fastest product J x of 512 states that this process can do: the kernel's own or
    NumPy's, as in `thermozoo.dynamics.benchmark.measure_row`. Trajectories are counted from the difference of two runs,
    so that neither what a run does once (a compiled kernel) nor validation is in them. Everything takes turns, and the
    shortest of the rounds counts.

    Parameters
    ----------
    computer : Computer
        Where training starts; its couplings are dense.
    process : NoisingProcess
        The noising of its units, by the compiled engine.
    loss : StepLoss
        What is trained on.
    threads : int
        Threads of products; with one, times are those of the processor, which say little of what others do meanwhile.
    rounds : int
        How often everything is measured.

    Returns
    -------
    dict
        ``threads``, ``clock`` (``"wall"`` or ``"processor"``), ``multiply_adds_per_ns`` and ``rows``: for each method
        ``seconds`` and ``products`` [second] of a noising trajectory, and their ``ratio``.
    """
    clock = time.process_time if threads == 1 else time.perf_counter
    images = len(process.signals)

    def descending(train: Any, cycles: int) -> Work:
        return lambda: train(computer, process, loss, Schedule(cycles, 1e-6, 1), seed=1)

    def summing(count: int) -> Work:
        return lambda: sampled_equations(computer, process, loss, np.arange(count), seed=1)

    works: dict[str, tuple[Work, Work, int]] = {
        "descent": (descending(train_by_descent, 1), descending(train_by_descent, 3), 2 * images),
        "online": (descending(train_online, 1), descending(train_online, 3), 2 * images),
        "moments": (summing(12), summing(36), 24),
    }
    law = Dynamics(with_random_couplings(computer), process.dynamics.integrator, loss.dt, "single")
    products = _products(law, threads)
    for one in (*products, *(short for short, _, _ in works.values())):
        one()  # what is done once, such as compiling
    alone: list[float] = []
    taken: dict[str, list[list[float]]] = {name: [[], []] for name in works}
    for _ in range(rounds):
        alone += [_seconds(one, clock) / (_TIMES * _BATCH) for one in products for _ in range(5)]
        for name, (short, long, _) in works.items():
            taken[name][0].append(_seconds(short, clock))
            taken[name][1].append(_seconds(long, clock))
    edges, n = computer.couplings.size, computer.n
    counted = {"descent": 4 * edges, "online": 4 * edges, "moments": 2 * edges + n * (n + 1) // 2}
    each_multiplication = min(alone) / (2 * edges)
    rows = []
    for name, (short_runs, long_runs) in taken.items():
        each = (min(long_runs) - min(short_runs)) / works[name][2]
        needed = process.steps * counted[name] * each_multiplication
        rows.append({"method": name, "seconds": each, "products": needed, "ratio": each / needed})
    return {
        "threads": threads,
        "clock": "processor" if threads == 1 else "wall",
        "multiply_adds_per_ns": 1e-9 / each_multiplication,
        "rows": rows,
    }


def _seconds(work: Work, clock: Callable[[], float]) -> float:
    """Return how long something takes."""
    start = clock()
    work()
    return clock() - start


def _products(law: Dynamics, threads: int) -> list[Work]:
    """Return functions that multiply J with a batch of states: the kernel's own way, and NumPy's."""
    import threadpoolctl

    from thermozoo.dynamics.engines.products_alone import products_alone

    own = products_alone(law, _BATCH, threads)
    couplings = law.one_computer.couplings
    x = np.ones((_BATCH, couplings.n), dtype=np.float32)

    def by_numpy() -> None:
        with threadpoolctl.threadpool_limits(threads, user_api="blas"):
            for _ in range(_TIMES):
                couplings.gradient(x)

    return [lambda: own(_TIMES), by_numpy]
