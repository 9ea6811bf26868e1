"""What coupling terms of other interactions cost: all-to-all units against products of two states, and a lattice.

    python benchmarks/interactions.py [--quick] [--threads N] [--json FILE]

All-to-all: the shortest time of a step of each interaction, as a multiple of that of `bilinear` on the same units; a
pair energy of p different functions of the second state needs p products with J, so the multiple should be a little
below p, as noise and update are paid once. Projections: unit updates a nanosecond with patterns in the compiled engine
over those in the reference engine, which multiplies by BLAS. Lattice: unit updates a nanosecond of one trajectory,
nearest neighbors (and triples of a corner), tuple by tuple. Interactions take turns, so that all see the same machine.
With one thread the time is that of the processor, which says little of what others do on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import sympy
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.interactions import Cosine, Difference, ThreeBody
from thermozoo_plugins.potentials import Quartic
from thermozoo_plugins.projections import DenseMemory, ModernHopfield

from thermozoo import Interaction, Projection
from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.couplings import EdgeCouplings
from thermozoo.computer.terms.projections import project
from thermozoo.computer.terms.tuples import TupleCouplings
from thermozoo.dynamics.benchmark import lattice, with_random_couplings
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.threads import available_threads

Work = Callable[[], Any]


@attrs.frozen
class Well(Interaction):
    """A pair energy that does not separate."""

    name = "exp(-(x - y)^2)"
    symmetric = True

    def energy(self, *x: Any) -> Any:
        """Return the energy of a pair of strength one."""
        return sympy.exp(-((x[0] - x[1]) ** 2))


@attrs.frozen
class Soft(Interaction):
    """Its slope is a hyperbolic tangent."""

    name = "log cosh(x - y)"
    symmetric = True

    def energy(self, *x: Any) -> Any:
        """Return the energy of a pair of strength one."""
        return sympy.log(sympy.cosh(x[0] - x[1]))


@attrs.frozen
class Lopsided(Interaction):
    """A pair whose units may not be exchanged: a derivative for each place of the tuple."""

    name = "y sin(x + 2 y)"

    def energy(self, *x: Any) -> Any:
        """Return the energy of a pair of strength one."""
        return x[1] * sympy.sin(x[0] + 2 * x[1])


def advancing(computer: Computer, batch: int, steps: int, engine: Engine) -> Work:
    """Return a function that advances a batch."""
    stepper = engine.prepare(Dynamics(computer, EulerMaruyama(), 1e-3, "single"))
    x = np.random.default_rng(0).standard_normal((batch, computer.n)).astype(np.float32)
    numbers = np.arange(batch, dtype=np.int64)
    return lambda: advance_rows(stepper, x, key=NoiseKey(1), first_step=0, steps=steps, trajectories=numbers)


def shortest(works: Sequence[Work], seconds: float, clock: Callable[[], float]) -> list[float]:
    """Return the shortest time of each piece of work; they take turns until the seconds are up."""
    for work in works:
        work()
    best = [math.inf] * len(works)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for i, work in enumerate(works):
            start = clock()
            work()
            best[i] = min(best[i], clock() - start)
    return best


def all_to_all(sizes: dict[str, int], interactions: Sequence[Interaction | None]) -> list[Computer]:
    """Return all-to-all computers with weak random couplings."""
    return [
        with_random_couplings(assemble(sizes, Quartic(), Dense(), temperature=0.1, interaction=one))
        for one in interactions
    ]


def with_patterns(units: int, count: int, projection: Projection) -> Computer:
    """Return units without couplings whose projections on random patterns have an energy."""
    none = EdgeCouplings(units, np.empty((0, 2), dtype=np.int64), np.empty(0))
    base = attrs.evolve(assemble({"unit": units}, Quartic(), Dense(), temperature=0.1), couplings=none)
    patterns = np.random.default_rng(0).standard_normal((count, units))
    # so weak that wells confine the third power of a projection where a time step is still short
    memory = project(projection, base.layout, patterns, normalize=True).scaled(0.01)
    return base.with_terms({"memory": memory})


def on_a_lattice(side: int, interaction: Interaction | None) -> Computer:
    """Return a lattice of nearest neighbors, or of triples of a unit with its neighbors to the right and below."""
    plain = lattice(Quartic(), side)
    if interaction is None:
        return plain
    edges = np.asarray(plain.couplings.edges)
    if interaction.order == 3:
        site = np.arange(side * side).reshape(side, side)
        edges = np.stack([site, np.roll(site, -1, 1), np.roll(site, -1, 0)], axis=-1).reshape(-1, 3)
    strengths = 0.1 * np.random.default_rng(0).standard_normal(len(edges))
    return attrs.evolve(plain, couplings=TupleCouplings(plain.n, edges, strengths, interaction))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller computers and shorter measurements")
    parser.add_argument("--threads", type=int, default=available_threads(), help="threads (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    threads, lasting = arguments.threads, 2.0 if arguments.quick else 10.0
    compiled = CompiledEngine(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    found: dict[str, dict[str, float]] = {}
    pairs = (None, Difference(), Cosine())
    names = ["bilinear" if one is None else one.name for one in pairs]
    sizes = {"visible": 78, "hidden": 51} if arguments.quick else {"visible": 784, "hidden": 512}
    for batch, steps in ((128, 2), (1, 50)):
        works = [advancing(one, batch, steps, compiled) for one in all_to_all(sizes, pairs)]
        times = shortest(works, lasting, clock)
        title = f"{sum(sizes.values())} units, all to all, {batch} trajectories: multiples of bilinear"
        found[title] = {name: t / times[0] for name, t in zip(names, times, strict=True)}
    units, patterns = (78, 10) if arguments.quick else (784, 100)
    for batch, steps in ((128, 2), (1, 50)):
        found[f"{units} units, {patterns} patterns, {batch} trajectories: compiled over reference"] = ratios = {}
        for memory in (ModernHopfield(20.0), DenseMemory(3)):
            computer = with_patterns(units, patterns, memory)
            works = [advancing(computer, batch, steps, engine) for engine in (compiled, ReferenceEngine())]
            fast, slow = shortest(works, lasting / 2, clock)
            ratios[memory.name] = slow / fast
    side, steps = 200 if arguments.quick else 1000, 20
    sparse = (None, Difference(), Cosine(), Well(), Soft(), Lopsided(), ThreeBody())
    works = [advancing(on_a_lattice(side, one), 1, steps, compiled) for one in sparse]
    names = ["bilinear" if one is None else one.name for one in sparse]
    updates = [side * side * steps / (t * 1e9) for t in shortest(works, 2 * lasting, clock)]
    title = f"lattice of {side * side} units, 1 trajectory: unit updates a nanosecond"
    found[title] = dict(zip(names, updates, strict=True))
    for title, figures in found.items():
        print(f"{title}, {threads} threads: " + ", ".join(f"{name} {figure:.2f}" for name, figure in figures.items()))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
