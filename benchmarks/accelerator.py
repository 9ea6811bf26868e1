"""Measure the JAX engine on this machine's accelerator, or on its processors, and print tables.

    python benchmarks/accelerator.py [--json FILE] [--quick] [--seconds N]

The set-up is that of the paper: 784 visible and 512 hidden quartic units, hidden ones coupled to all, single precision,
2,500 steps of Euler-Maruyama. Each part that fails says why, and the others go on; what does not fit into the seconds
is left out and named.

- `speed`: seconds of 2,500 steps, by batch and by how products are done; beside it the same products alone, fed back
  into each other in a scan, in the same precision: their share of the engine's time is how near it is to the rate of
  products. `noise` is the noise of a step alone.
- `hand-written`: a scan of the same work written by hand, once with this package's noise, once with
  ``jax.random.normal``; time of the engine over theirs, both measured in turns.
- `compiled`: the compiled engine on this machine's processors.
- `other systems`: few units, few trajectories, a lattice, on both engines: where an accelerator is quicker.
- `quality`: three digits are learned exactly; the same starts and the same noise generate with products done in each
  way. Correlation with the digit that an output resembles most, heat in kT, and what changes against float32.
- `a million`: generations of that machine from exact samples, drawn ahead by the processors, to final states in memory,
  counted until the time is up.
- `bits`: numbers of a trajectory that differ between batches, and between one call and several.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

from thermozoo.computer.computer import Computer, assemble
from thermozoo.dynamics.availability import accelerator
from thermozoo.dynamics.benchmark import few_units, lattice, with_random_couplings
from thermozoo.dynamics.core_engines import PRODUCTS, CompiledEngine, JaxEngine, ReferenceEngine
from thermozoo.dynamics.engines import BatchState, Dynamics
from thermozoo.dynamics.engines.jax_batch import wide_numbers
from thermozoo.dynamics.engines.jax_noise import Counters, normal_numbers
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.threads import available_threads

VISIBLE, HIDDEN, DT = 784, 512, 1e-3
KEY = NoiseKey(1)
BEGAN = time.perf_counter()


def paper(temperature: float = 0.1) -> Computer:
    """Return the computer of the paper set-up, with couplings of the size that training gives them."""
    sizes = {"visible": VISIBLE, "hidden": HIDDEN}
    return with_random_couplings(assemble(sizes, Quartic(), Bipartite(within=("hidden",)), temperature=temperature))


def law_of(computer: Computer, steps: int = 0) -> Dynamics:
    return Dynamics(computer, EulerMaruyama(), DT, "single", steps=steps)


def begun(engine: Any, dynamics: Dynamics, batch: int) -> Any:
    """Return a batch that has done what it must compile for."""
    x = np.zeros((batch, dynamics.one_computer.n), dtype=np.float32)
    return engine.prepare(dynamics).begin(BatchState(x, KEY, np.arange(batch, dtype=np.int64)))


def seconds_of(work: Callable[[], Any], least: float = 0.3, most: int = 5) -> float:
    """Return the smallest seconds of some calls, after one that compiles."""
    work()
    found: list[float] = []
    while len(found) < 2 or (sum(found) < least and len(found) < most):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def in_turns(works: dict[str, Callable[[], Any]], repeats: int = 5) -> dict[str, float]:
    """Return the smallest seconds of each work, all measured in turns so that they see the same machine."""
    for work in works.values():
        work()
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            found[name].append(time.perf_counter() - start)
    return {name: min(seconds) for name, seconds in found.items()}


def advancing(engine: Any, dynamics: Dynamics, batch: int, steps: int) -> Callable[[], None]:
    """Return what does some steps of a batch and waits for them."""
    under_way = begun(engine, dynamics, batch)

    def work() -> None:
        under_way.advance(steps)
        jax.block_until_ready(getattr(under_way, "_x", 0))

    return work


def product(how: str) -> Callable[[Any, Any], Any]:
    """Return how two matrices are multiplied."""
    if how == "bfloat16":
        return lambda x, w: jnp.matmul(
            x.astype(jnp.bfloat16), w.astype(jnp.bfloat16), preferred_element_type=jnp.float32
        )
    precision = lax.Precision.HIGHEST if how == "float32" else lax.Precision.DEFAULT
    return lambda x, w: jnp.matmul(x, w, precision=precision)


def matrices(computer: Computer) -> tuple[Any, Any]:
    """Return J of visible units by hidden ones, shape (512, 784), and of hidden ones by all, (1296, 512)."""
    full = computer.couplings.matrix().astype(np.float32)
    return jnp.asarray(full[VISIBLE:, :VISIBLE]), jnp.asarray(full[:, VISIBLE:])


def products_alone(computer: Computer, batch: int, steps: int, how: str) -> Callable[[], Any]:
    """Return the products of some steps and nothing else: each step's results are the next one's factors."""
    times = product(how)

    @jax.jit
    def run(x: Any, w: Any, k: Any) -> Any:
        def step(x: Any, _: Any) -> tuple[Any, None]:
            hidden, visible = x
            both = jnp.concatenate([visible, hidden], axis=1)
            return (times(both, k), times(hidden, w)), None

        return lax.scan(step, x, None, length=steps)[0]

    w, k = matrices(computer)
    x = jnp.ones((batch, HIDDEN), jnp.float32), jnp.ones((batch, VISIBLE), jnp.float32)
    return lambda: jax.block_until_ready(run(x, w, k))


def by_hand(computer: Computer, batch: int, steps: int, how: str, own_noise: bool) -> Callable[[], Any]:
    """Return the scan that one writes by hand for this set-up and no other."""
    times = product(how)
    drift, kick = np.float32(-DT), np.float32(np.sqrt(2 * 0.1 * DT))
    bias = jnp.asarray(np.asarray(computer.biases, np.float32))

    @functools.partial(jax.jit)
    def run(x: Any, w: Any, k: Any, bias: Any, counters: Any, key: Any) -> Any:
        def step(x: Any, i: Any) -> tuple[Any, None]:
            pull = jnp.concatenate([times(x[:, VISIBLE:], w), times(x, k)], axis=1)
            gradient = x * (2.0 + 4.0 * x * x) + bias + pull
            if own_noise:
                noise = normal_numbers(counters, i, VISIBLE + HIDDEN, 0, np.float32)
            else:
                noise = jax.random.normal(jax.random.fold_in(key, i), x.shape, jnp.float32)
            return x + drift * gradient + kick * noise, None

        return lax.scan(step, x, jnp.arange(steps, dtype=np.uint32))[0]

    with wide_numbers():
        counters = Counters.of(KEY, np.arange(batch))
    w, k = matrices(computer)
    given = jnp.zeros((batch, VISIBLE + HIDDEN), jnp.float32), w, k, bias, counters, jax.random.key(1)

    def work() -> None:
        with wide_numbers():
            jax.block_until_ready(run(*given))

    return work


def noise_alone(batch: int, steps: int) -> Callable[[], Any]:
    """Return the noise of some steps, added up."""
    n = VISIBLE + HIDDEN

    @jax.jit
    def run(counters: Any) -> Any:
        def step(total: Any, i: Any) -> tuple[Any, None]:
            return total + normal_numbers(counters, i, n, 0, np.float32), None

        start = jnp.zeros((batch, n), jnp.float32)
        return lax.scan(step, start, jnp.arange(steps, dtype=np.uint32))[0]

    with wide_numbers():
        counters = Counters.of(KEY, np.arange(batch))

    def work() -> None:
        with wide_numbers():
            jax.block_until_ready(run(counters))

    return work


def measure_speed(batches: list[int], ways: list[str], steps: int) -> list[dict[str, Any]]:
    computer = paper()
    rows = []
    for how in ways:
        for batch in batches:
            start = time.perf_counter()
            work = advancing(JaxEngine(how), law_of(computer), batch, steps)
            work()
            compiling = time.perf_counter() - start
            found = seconds_of(work)
            alone = seconds_of(products_alone(computer, batch, steps, how))
            updates = batch * computer.n * steps
            flops = 2 * 2 * computer.couplings.size * batch * steps
            rows.append(
                {
                    "products": how,
                    "batch": batch,
                    "steps": steps,
                    "first call s": compiling,
                    "s": found,
                    "updates/s": updates / found,
                    "products alone s": alone,
                    "products TFLOP/s": flops / alone / 1e12,
                    "share": alone / found,
                }
            )
    return rows


def measure_noise(batch: int, steps: int) -> dict[str, Any]:
    found = seconds_of(noise_alone(batch, steps))
    return {"batch": batch, "us a step": found / steps * 1e6, "ns a number": found / steps / batch / 1296 * 1e9}


def measure_by_hand(batches: list[int], ways: list[str], steps: int) -> list[dict[str, Any]]:
    computer, rows = paper(), []
    for how in ways:
        for batch in batches:
            found = in_turns(
                {
                    "engine": advancing(JaxEngine(how), law_of(computer), batch, steps),
                    "same noise": by_hand(computer, batch, steps, how, own_noise=True),
                    "jax.random": by_hand(computer, batch, steps, how, own_noise=False),
                }
            )
            rows.append(
                {
                    "products": how,
                    "batch": batch,
                    **{f"{name} us a step": s / steps * 1e6 for name, s in found.items()},
                    "over same noise": found["engine"] / found["same noise"],
                    "over jax.random": found["engine"] / found["jax.random"],
                }
            )
    return rows


def measure_compiled(batches: list[int], steps: int) -> list[dict[str, Any]]:
    dynamics, rows = law_of(paper()), []
    for batch in batches:
        work = advancing(CompiledEngine(), dynamics, batch, steps)
        found = seconds_of(work, 0.2) / steps
        rows.append({"batch": batch, "2,500 steps s": found * 2500, "updates/s": batch * 1296 / found})
    return rows


def measure_others(quick: bool) -> list[dict[str, Any]]:
    """Return microseconds of a step of other systems, on both engines."""
    side = 200 if quick else 1000
    cases = {
        "1 unit, 40,000 trajectories": (few_units(Quartic(), 1), 40_000),
        "8 units, 4,096 trajectories": (few_units(Quartic(), 8), 4096),
        "8 units, 64 trajectories": (few_units(Quartic(), 8), 64),
        "64 units, 4,096 trajectories": (few_units(Quartic(), 64), 4096),
        "64 units, 256 trajectories": (few_units(Quartic(), 64), 256),
        "1,296 units, 16 trajectories": (paper(), 16),
        f"lattice of {side * side:,} units, 1 trajectory": (lattice(Quartic(), side), 1),
    }
    rows = []
    for name, (computer, batch) in cases.items():
        works = {e.name: advancing(e, law_of(computer), batch, 100) for e in (JaxEngine(), CompiledEngine())}
        found = in_turns(works, 3)
        rows.append(
            {
                "system": name,
                "units x trajectories": computer.n * batch,
                **{f"{name} us a step": s / 100 * 1e6 for name, s in found.items()},
                "compiled over jax": found["compiled"] / found["jax"],
            }
        )
    return rows


@functools.cache
def trained() -> tuple[Any, Any]:
    """Return the paper machine that has learned a 0, a 1 and a 2 exactly, and these images."""
    from thermozoo_plugins.datasets import Digits
    from thermozoo_plugins.encodings import Projection
    from thermozoo_plugins.objectives import ReverseLikelihood
    from thermozoo_plugins.protocols import LinearFade

    from thermozoo.front.train import train

    images, labels = Digits().load()
    chosen = np.stack([images[labels == label][0] for label in range(3)])
    blank = assemble({"visible": VISIBLE, "hidden": HIDDEN}, Quartic(), Bipartite(within=("hidden",)), temperature=0.1)
    dynamics = Dynamics(blank, EulerMaruyama(), DT, "double", steps=2500)
    done = train(dynamics, chosen, objective=ReverseLikelihood(), protocol=LinearFade(), hidden=Projection(), seed=1)
    rows = chosen.reshape(3, -1)
    rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    return done.computer, rows


@functools.cache
def equilibrium(samples: int) -> Any:
    """Return exact samples of the units uncoupled."""
    from thermozoo.dynamics.equilibrium import equilibrium_states

    computer, _ = trained()
    untrained = attrs.evolve(law_of(computer.bare(), 2500))
    return equilibrium_states(untrained, KEY.named("generation"), np.arange(samples, dtype=np.int64))


def generated(how: str, samples: int) -> Any:
    """Return final states, shape (samples, n)."""
    computer, _ = trained()
    start = BatchState(equilibrium(samples).astype(np.float32), KEY, np.arange(samples, dtype=np.int64))
    batch = JaxEngine(how).prepare(law_of(computer, 2500)).begin(start)
    batch.advance(2500)
    return batch.states().astype(np.float64)


def measure_quality(ways: list[str], samples: int) -> list[dict[str, Any]]:
    computer, images = trained()
    begin = equilibrium(samples).astype(np.float32).astype(np.float64)
    before = computer.energy(begin)
    rows, first = [], None
    for how in ways:
        final = generated(how, samples)
        shown = final[:, :VISIBLE]
        shown = (shown - shown.mean(axis=1, keepdims=True)) / shown.std(axis=1, keepdims=True)
        correlations = shown @ images.T / VISIBLE
        best = np.abs(correlations).argmax(axis=1)
        quality = np.abs(correlations).max(axis=1)
        heat = (before - computer.energy(final)) / computer.temperature  # nothing does work: heat is lost energy
        first = (final, quality, heat, best) if first is None else first

        def mean(values: Any) -> list[float]:
            return [float(values.mean()), float(values.std() / np.sqrt(len(values)))]

        rows.append(
            {
                "products": how,
                "samples": samples,
                "|correlation|": mean(quality),
                "its change": mean(quality - first[1]),
                "heat [kT]": mean(heat),
                "its change [kT]": mean(heat - first[2]),
                "other digit": int((best != first[3]).sum()),
                "rms change of a state": float(np.sqrt(np.mean((final - first[0]) ** 2))),
                "of each digit": np.bincount(best, minlength=3).tolist(),
            }
        )
    return rows


def measure_million(how: str, batch: int, seconds: float) -> dict[str, Any]:
    """Return generations done in some seconds, after what is compiled, and how long a million takes."""
    from thermozoo.dynamics.equilibrium import equilibrium_states

    computer, _ = trained()
    untrained, stepper = law_of(computer.bare(), 2500), JaxEngine(how).prepare(law_of(computer, 2500))

    def drawn(first: int) -> Any:
        numbers = np.arange(first, first + batch, dtype=np.int64)
        x = equilibrium_states(untrained, KEY.named("generation"), numbers).astype(np.float32)
        return BatchState(x, KEY, numbers)

    def generate(start: BatchState) -> None:
        under_way = stepper.begin(start)
        under_way.advance(2500)
        assert np.isfinite(under_way.states()).all()

    generate(drawn(0))
    start, done, waited = time.perf_counter(), 0, 0.0
    threads = available_threads()
    with ThreadPoolExecutor(threads) as pool:  # exact samples are drawn ahead, by the processors
        ahead = deque(pool.submit(drawn, k * batch) for k in range(threads))
        while done < 10**6 and time.perf_counter() - start < seconds:
            waiting = time.perf_counter()
            state = ahead.popleft().result()
            waited += time.perf_counter() - waiting
            ahead.append(pool.submit(drawn, done + threads * batch))
            generate(state)
            done += batch
        took = time.perf_counter() - start
        for one in ahead:
            one.cancel()
    return {
        "products": how,
        "batch": batch,
        "generations": done,
        "s": took,
        "waiting for exact samples s": waited,
        "a million s": took / done * 1e6,
        "a million without waiting s": (took - waited) / done * 1e6,
    }


def measure_bits(ways: list[str], batches: list[int]) -> list[dict[str, Any]]:
    computer, rows = paper(), []
    x = np.random.default_rng(0).standard_normal((max(batches), computer.n)).astype(np.float32)

    def after(engine: Any, batch: int, parts: tuple[int, ...]) -> Any:
        state = BatchState(x[:batch], KEY, np.arange(batch, dtype=np.int64))
        under_way = engine.prepare(law_of(computer)).begin(state)
        for steps in parts:
            under_way.advance(steps)
        return under_way.states()

    few = min(batches)
    expected = after(ReferenceEngine(), few, (10,))
    for how in ways:
        engine = JaxEngine(how)
        whole = after(engine, max(batches), (20,))
        differing = {batch: int((after(engine, batch, (20,)) != whole[:batch]).sum()) for batch in batches}
        rows.append(
            {
                "products": how,
                "numbers that differ, by batch": differing,
                "of one call and three": int((after(engine, max(batches), (1, 12, 7)) != whole).sum()),
                "largest deviation from reference after 10 steps": float(
                    np.abs(after(engine, few, (10,)) - expected).max()
                ),
            }
        )
    return rows


def told(value: Any) -> str:
    """Return a value as a table shows it."""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, float) for one in value):
        return f"{value[0]:.4g}±{value[1]:.1g}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def show(title: str, found: Any) -> None:
    """Print rows as a table."""
    rows = found if isinstance(found, list) else [found]
    print(f"\n{title}  ({time.perf_counter() - BEGAN:.0f} s)")
    names = list(rows[0])
    cells = [names, *([told(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[k]) for line in cells) for k in range(len(names))]
    for line in cells:
        print("  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="file that receives the figures")
    parser.add_argument("--quick", action="store_true", help="small batches and few steps, for a processor")
    parser.add_argument("--seconds", type=float, default=215.0, help="after which no further part begins")
    arguments = parser.parse_args()
    quick = arguments.quick
    ways = list(PRODUCTS)
    steps = 50 if quick else 2500
    most = 64 if quick else 4096
    device = jax.devices()[0]
    results: dict[str, Any] = {
        "device": f"{device.device_kind} ({device.platform})",
        "accelerator": accelerator(),
        "jax": jax.__version__,
        "python": sys.version.split()[0],
    }
    show("machine", results)
    parts: dict[str, Callable[[], Any]] = {
        "speed": lambda: measure_speed([most, *([] if quick else [512, 64, 1])], ways, steps),
        "hand-written": lambda: measure_by_hand([most], ways, steps // 5 if not quick else 20),
        "noise": lambda: measure_noise(most, 20 if quick else 500),
        "compiled": lambda: measure_compiled([64] if quick else [64, 512], 20),
        "bits": lambda: measure_bits(ways, [3, 64] if quick else [3, 64, 512, 4096]),
        "quality": lambda: measure_quality(ways, 20 if quick else 4096),
        "a million": lambda: [
            measure_million(how, most if quick else 4096, 2.0 if quick else 12.0)
            for how in (["float32"] if quick else ways)
        ],
        "other systems": lambda: measure_others(quick),
    }
    for name, part in parts.items():
        if time.perf_counter() - BEGAN > arguments.seconds:
            results[name] = "left out: the time was up"
            print(f"\n{name}: {results[name]}")
            continue
        try:
            results[name] = part()
            show(name, results[name])
        except Exception as error:  # the others go on
            results[name] = f"failed: {type(error).__name__}: {error}"
            print(f"\n{name}: {results[name][:2000]}")
        if arguments.json is not None:
            arguments.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
