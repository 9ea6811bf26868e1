"""Measuring this machine: products alone, whole steps, noise and update alone, few units, a lattice, compilation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.clock import since
from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import DenseCouplings, EdgeCouplings
from thermozoo.computer.layout import Layout
from thermozoo.computer.onsite import OnSiteEnergy
from thermozoo.dynamics.compile_time import compile_seconds_cold_and_warm
from thermozoo.dynamics.engines import PRECISIONS, BatchState, Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.openblas import loaded_kernels
from thermozoo.dynamics.plain_loops import numba_loop, numpy_loop
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.start_up import start_up_seconds
from thermozoo.dynamics.threads import available_threads
from thermozoo.dynamics.variables import resting
from thermozoo.interfaces import Integrator, Potential

__all__ = [
    "BATCHES", "FEW_UNITS", "bench", "bench_work", "few_units", "fused_ns_per_unit", "lattice", "measure_few",
    "measure_one", "measure_row", "products_default_us", "sparse_updates_per_ns", "step_seconds",
    "with_random_couplings",
]  # fmt: skip

Array = npt.NDArray[np.floating[Any]]

#: Batches of `bench`.
BATCHES = (1, 32, 128, 512)

#: Numbers of units of `bench` where few are measured, and of how many trajectories.
FEW_UNITS, _FEW_TRAJECTORIES = (1, 3, 8), 40_000

#: Seconds of a measurement, and how often it is repeated; medians are reported.
_SECONDS, _REPEATS = 0.15, 5

#: Seconds of the parts of `bench`, roughly: what each counts for in its progress.
_ROW, _ALONE, _COMPILATION, _LATTICE, _FEW, _ONE, _START_UP = 3, 1, 15, 3, 4, 4, 4

#: How much longer a measurement of `simulate` is: what a run prepares in some milliseconds shall not count.
_LONGER = 3

#: Seconds after which OpenBLAS's threads sleep.
_SPINNING = 0.2

_KEY = NoiseKey(1)


def with_random_couplings(computer: Computer, seed: int = 0) -> Computer:
    """Return a computer with weak random couplings, of the size that training gives them."""
    random = np.random.default_rng(seed)
    size = computer.couplings.size
    return attrs.evolve(computer, couplings=computer.couplings.with_vector(0.01 * random.standard_normal(size)))


def lattice(potential: Potential, side: int = 1000, temperature: float = 0.1) -> Computer:
    """Return a square lattice of side^2 units with nearest-neighbor couplings and periodic boundaries."""
    site = np.arange(side * side).reshape(side, side)
    pairs = [np.stack([site.ravel(), np.roll(site, -1, axis).ravel()], axis=1) for axis in (0, 1)]
    edges = np.sort(np.concatenate(pairs), axis=1)
    strengths = 0.1 * np.random.default_rng(0).standard_normal(len(edges))
    layout = Layout({"lattice": side * side})
    return Computer(
        layout=layout,
        onsite=OnSiteEnergy(layout, {"lattice": potential}),
        couplings=EdgeCouplings(side * side, edges, strengths),
        biases=np.zeros(side * side),
        temperature=temperature,
    )


def few_units(potential: Potential, units: int, temperature: float = 0.1) -> Computer:
    """Return a computer of few units with weak random couplings, all to all."""
    layout = Layout({"units": units})
    return with_random_couplings(
        Computer(
            layout=layout,
            onsite=OnSiteEnergy(layout, {"units": potential}),
            couplings=DenseCouplings(units, ((slice(0, units),) * 2,), np.zeros(units * (units - 1) // 2)),
            biases=np.zeros(units),
            temperature=temperature,
        )
    )


def _repeats_for(work: Callable[[int], Any], lasting: float) -> int:
    """Return how often to repeat `work(n)`'s unit of work for a measurement of a useful length."""
    work(1)
    repeats = 1
    while True:
        start = time.perf_counter()
        work(repeats)
        elapsed = since(start)
        if elapsed > lasting / 4:
            return max(1, round(repeats * lasting / elapsed))
        repeats *= 4


def _medians(works: Sequence[Callable[[int], Any]], longer: float = 1.0) -> list[float]:
    """Return the median seconds of each unit of work; measurements take turns, so that all see the same machine."""
    repeats = [_repeats_for(work, longer * _SECONDS) for work in works]
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(_REPEATS):
        for work, count, found in zip(works, repeats, seconds, strict=True):
            start = time.perf_counter()
            work(count)
            found.append((since(start)) / count)
    return [float(np.median(found)) for found in seconds]


def _steps(dynamics: Dynamics, batch: int, threads: int) -> Callable[[int], None]:
    """Return a function that does n steps of a batch."""
    from thermozoo.dynamics.engines.compiled import CompiledEngine

    x = np.zeros((batch, dynamics.computer.n), dtype=dynamics.dtype)
    start = BatchState(x, _KEY, np.arange(batch, dtype=np.int64), variables=resting(dynamics, batch))
    under_way = CompiledEngine(threads).prepare(dynamics).begin(start)
    return under_way.advance


def step_seconds(dynamics: Dynamics, batch: int, threads: int, steps: int | None = None) -> float:
    """Return the median seconds of one step of a batch, done so many steps a call (None: as many as take a while)."""
    advance = _steps(dynamics, batch, threads)
    if steps is None:
        return _medians([advance])[0]

    def work(n: int) -> None:
        for _ in range(n):
            advance(steps)

    return _medians([work])[0] / steps


def _blas_products(computer: Computer, batch: int, dtype: Any, threads: int) -> Callable[[int], None]:
    """Return a function that does n products as NumPy does them, block by block."""
    import threadpoolctl

    x = np.zeros((batch, computer.n), dtype=dtype)
    couplings = computer.couplings

    def work(n: int) -> None:
        with threadpoolctl.threadpool_limits(threads):
            for _ in range(n):
                couplings.gradient(x)

    return work


def measure_row(dynamics: Dynamics, batch: int, threads: int) -> dict[str, Any]:
    """Return one row of `bench`: microseconds a trajectory-step of products alone and of whole steps.

    Products alone are taken from whichever is faster in this process: the kernel's own, without noise and update, or
    NumPy's.
    """
    from thermozoo.dynamics.engines.products_alone import products_alone

    dtype = PRECISIONS[dynamics.precision]
    blas = _medians([_blas_products(dynamics.one_computer, batch, dtype, threads)])[0]
    # OpenBLAS's threads keep looking for work for a while, on processors that the next measurement needs
    time.sleep(_SPINNING)
    own, step = _medians([products_alone(dynamics, batch, threads), _steps(dynamics, batch, threads)])
    products = min(own, blas)
    return {
        "batch": batch,
        "threads": threads,
        "precision": dynamics.precision,
        "products_us": products / batch * 1e6,
        "step_us": step / batch * 1e6,
        "ratio": step / products,
    }


def products_default_us(computer: Computer, batch: int = 512) -> float:
    """Return microseconds a trajectory of the products with NumPy as it comes, single precision, all threads."""
    x = np.zeros((batch, computer.n), dtype=np.float32)

    def work(n: int) -> None:
        for _ in range(n):
            computer.couplings.gradient(x)

    return _medians([work])[0] / batch * 1e6


def fused_ns_per_unit(dynamics: Dynamics, threads: int, batch: int = 512) -> float:
    """Return nanoseconds a unit of force, noise and update without couplings."""
    alone = attrs.evolve(dynamics, computer=dynamics.computer.bare())
    return _medians([_steps(alone, batch, threads)])[0] / (batch * dynamics.computer.n) * 1e9


def sparse_updates_per_ns(potential: Potential, integrator: Integrator, threads: int, side: int = 1000) -> float:
    """Return unit updates a nanosecond of one trajectory of a square lattice, single precision."""
    dynamics = Dynamics(lattice(potential, side), integrator, 1e-3, "single")
    return side * side / (_medians([_steps(dynamics, 1, threads)])[0] * 1e9)


def measure_few(dynamics: Dynamics, batch: int, threads: int) -> dict[str, Any]:
    """Return nanoseconds a unit update of few units: both engines, and a NumPy loop with `standard_normal`."""
    start = np.zeros((batch, dynamics.computer.n))
    seconds = _medians(
        [
            _steps(dynamics, batch, threads),
            lambda n: simulate(dynamics, start, n, key=_KEY, engine="reference"),
            numpy_loop(dynamics, batch),
        ]
    )
    compiled, reference, loop = (one / start.size * 1e9 for one in seconds)
    return {
        "units": dynamics.computer.n,
        "trajectories": batch,
        "compiled_ns": compiled,
        "reference_ns": reference,
        "numpy_ns": loop,
        "ratio": loop / compiled,
    }


def measure_one(dynamics: Dynamics) -> dict[str, float]:
    """Return nanoseconds a step of one trajectory of one unit: as `simulate` does it, and a plain numba loop."""
    start = np.zeros((1, dynamics.computer.n))
    works = [lambda n: simulate(dynamics, start, n, key=_KEY, engine="compiled"), numba_loop(dynamics)]
    compiled, plain = (one * 1e9 for one in _medians(works, _LONGER))
    return {"compiled_ns": compiled, "numba_ns": plain, "ratio": plain / compiled}


def bench_work(batches: Sequence[int] = BATCHES) -> int:
    """Return the total that `bench` reports as progress.

    Raises
    ------
    EngineError
        When there is no compiled engine to measure.
    """
    engine_named("compiled")
    rows = _ROW * len(_plan(batches, available_threads())) + _FEW * len(FEW_UNITS)
    return rows + 2 * _ALONE + _COMPILATION + _LATTICE + _ONE + _START_UP


def bench(
    computer: Computer,
    integrator: Integrator,
    *,
    connectivity: str,
    batches: Sequence[int] = BATCHES,
    side: int = 1000,
    trajectories: int = _FEW_TRAJECTORIES,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Measure this machine on a computer.

    Parameters
    ----------
    computer : Computer
        With couplings; its first potential is also that of the lattice.
    integrator : Integrator
        The scheme.
    connectivity : str
        Name of the connectivity, for the measurement of compilation.
    batches : sequence of int
        Numbers of trajectories.
    side : int
        Side of the lattice.
    trajectories : int
        Trajectories of few units.
    progress : callable, optional
        Called with the amount of work done since its last call; see `bench_work`.

    Returns
    -------
    dict
        ``rows`` (a table for each batch, number of threads and precision: see `measure_row`), ``products_default_us``,
        ``fused_ns_per_unit``, ``compile_seconds_cold``, ``compile_seconds_warm``, ``sparse_updates_per_ns``,
        ``few_units`` (a table: see `measure_few`), ``one_unit`` (see `measure_one`), ``start_up_seconds`` (by command),
        ``threads``, ``blas``.
    """
    report = progress or (lambda amount: None)
    threads = available_threads()
    potential = next(one for _, one in computer.onsite.parts()).potential
    dynamics = {precision: Dynamics(computer, integrator, 1e-3, precision) for precision in PRECISIONS}
    rows = []
    for precision, batch, count in _plan(batches, threads):
        rows.append(measure_row(dynamics[precision], batch, count))
        report(_ROW)
    default = products_default_us(computer, max(batches))
    report(_ALONE)
    time.sleep(_SPINNING)
    fused = fused_ns_per_unit(dynamics["single"], threads, max(batches))
    report(_ALONE)
    cold, warm = compile_seconds_cold_and_warm(potential.name, connectivity, integrator.name)
    report(_COMPILATION)
    sparse = sparse_updates_per_ns(potential, integrator, threads, side)
    report(_LATTICE)
    few = []
    for units in FEW_UNITS:
        law = Dynamics(few_units(potential, units), integrator, 1e-3, "single")
        few.append(measure_few(law, trajectories, threads))
        report(_FEW)
    one = measure_one(Dynamics(few_units(potential, 1), integrator, 1e-3, "single"))
    report(_ONE)
    started = start_up_seconds()
    report(_START_UP)
    return {
        "rows": rows,
        "products_default_us": default,
        "fused_ns_per_unit": fused,
        "compile_seconds_cold": cold,
        "compile_seconds_warm": warm,
        "sparse_updates_per_ns": sparse,
        "few_units": few,
        "one_unit": one,
        "start_up_seconds": started,
        "threads": threads,
        "blas": loaded_kernels(),
    }


def _plan(batches: Sequence[int], threads: int) -> list[tuple[str, int, int]]:
    """Return precision, batch and number of threads of every row."""
    counts = sorted({1, threads})
    rows = [("single", batch, count) for batch in batches for count in counts]
    return rows + [("double", max(batches), count) for count in counts]
