"""How time grows with units, edges, batch, steps, threads, workers and devices: one figure, one JSON file.

    python benchmarks/scaling.py --out FOLDER [--quick]

Each panel varies one quantity, with the others as in the panel's title. Points are medians; the dashed line has the
slope of time proportional to work: two for units that are all coupled, minus one for threads and workers.

Workers are processes of one thread that do the shards of a run; their time is that of twice as many trajectories less
that of once as many, so that starting them is no part of it. Devices are the processors with the compiled engine and,
where JAX is installed, each kind of device that it finds, with its engine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from shards import measured
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

from thermozoo.computer.computer import Computer, assemble
from thermozoo.dynamics.benchmark import lattice, step_seconds, with_random_couplings
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.threads import available_threads


def dense(units: int) -> Computer:
    """Return an all-to-all computer."""
    return with_random_couplings(assemble({"units": units}, Quartic(), Dense(), temperature=0.1))


def paper() -> Computer:
    """Return the computer of the paper set-up."""
    sizes = {"visible": 784, "hidden": 512}
    return with_random_couplings(assemble(sizes, Quartic(), Bipartite(within=("hidden",)), temperature=0.1))


def law(computer: Computer) -> Dynamics:
    """Return single precision Euler-Maruyama steps."""
    return Dynamics(computer, EulerMaruyama(), 1e-3, "single")


def measure(quick: bool) -> dict[str, dict[str, Any]]:
    """Return, for each panel, what is varied and the microseconds of a step of the whole batch."""
    threads = available_threads()
    most = 3 if quick else 5
    units = [2**k for k in range(5, 5 + 2 * most - 2)]
    sides = [10 * 2**k for k in range(most + 1)]
    batches = [4**k for k in range(most + 1)]
    steps = [4**k for k in range(most + 1)]
    machine = paper()
    uncoupled = machine.bare()
    panels: dict[str, dict[str, Any]] = {}

    def panel(title: str, label: str, values: list[int], times: list[float]) -> None:
        panels[title] = {"label": label, "values": values, "us": [t * 1e6 for t in times]}

    panel(
        "all to all, 64 trajectories",
        "units",
        units,
        [step_seconds(law(dense(n)), 64, threads) for n in units],
    )
    panel(
        "square lattice, 1 trajectory",
        "edges",
        [2 * side * side for side in sides],
        [step_seconds(law(lattice(Quartic(), side)), 1, threads) for side in sides],
    )
    panel("784 + 512 units", "trajectories", batches, [step_seconds(law(machine), batch, threads) for batch in batches])
    panel(
        "784 + 512 units uncoupled, 32 trajectories",
        "steps of one call",
        steps,
        [step_seconds(law(uncoupled), 32, threads, steps=count) * count for count in steps],
    )
    counts = list(range(1, threads + 1))
    panel("784 + 512 units, 512 trajectories", "threads", counts, [step_seconds(law(machine), 512, n) for n in counts])
    samples = 128 if quick else 512
    panel(
        f"784 + 512 units, {samples} trajectories in shards",
        "workers",
        counts,
        [shard_seconds(n, samples) for n in counts],
    )
    for name, seconds in devices(machine, 512, threads).items():
        found = panels.setdefault("784 + 512 units, 512 trajectories, by device", {"label": "", "values": [], "us": []})
        found["values"].append(name)
        found["us"].append(seconds * 1e6)
    return panels


def shard_seconds(workers: int, samples: int) -> float:
    """Return the seconds of a step of all samples by local workers of one thread."""
    steps = 500
    settings = ["seed=1", "training.held_out=2", f"dynamics.duration={steps * 1e-3}", "run.executor=local"]
    settings += ["dynamics.engine=compiled", f"run.workers={workers}", "run.shard=64"]

    def seconds(count: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            way = [*settings, f"generation.samples={count}"]
            return measured(way, [], 1, Path(folder) / "run")["generation"]

    seconds(64)  # kernels are compiled
    found = [(seconds(2 * samples) - seconds(samples)) / steps for _ in range(3)]
    return float(np.median(found))


def devices(machine: Computer, batch: int, threads: int) -> dict[str, float]:
    """Return the seconds of a step of a batch by device."""
    found = {f"processors ({threads}), compiled": step_seconds(law(machine), batch, threads)}
    if find_spec("jax") is None:
        return found
    import jax

    from thermozoo import NoiseKey, simulate
    from thermozoo.dynamics.core_engines import JaxEngine

    kinds = {one.device_kind: one for one in [*jax.devices(), *jax.devices("cpu")]}
    for kind, device in kinds.items():
        with jax.default_device(device):
            found[f"{kind}, jax"] = _seconds_of_steps(
                lambda n: simulate(law(machine), np.zeros((batch, machine.n)), n, key=NoiseKey(1), engine=JaxEngine())
            )
    return found


def _seconds_of_steps(work: Callable[[int], Any], few: int = 20, more: int = 220) -> float:
    """Return the median seconds of a step, by the difference between calls of more and of few steps."""
    work(few)
    work(more)
    found = []
    for _ in range(3):
        times = []
        for steps in (few, more):
            begun = time.perf_counter()
            work(steps)
            times.append(time.perf_counter() - begun)
        found.append((times[1] - times[0]) / (more - few))
    return float(np.median(found))


def draw(panels: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw one panel for each quantity."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullLocator

    figure, axes = plt.subplots(2, 4, figsize=(16, 7), constrained_layout=True)
    for axis, (title, found) in zip(axes.flat, panels.items(), strict=False):
        values, times = np.array(found["values"]), np.array(found["us"])
        if not found["label"]:
            axis.barh(values, times, color="#1f6f8b")
            axis.set_title(title, fontsize=9)
            axis.set(xlabel="microseconds")
            continue
        axis.loglog(values, times, "o-", color="#1f6f8b")
        shared = found["label"] in ("threads", "workers")
        slope = -1 if shared else (2 if found["label"] == "units" else 1)
        guide = times[-1] * (values / values[-1]) ** float(slope)
        axis.loglog(values, guide, "--", color="0.6", linewidth=1, label=f"slope {slope}")
        axis.set_title(title, fontsize=9)
        axis.set(xlabel=found["label"], ylabel="microseconds")
        axis.set_xticks(values, labels=[f"{value:,}" for value in values], fontsize=7)
        axis.xaxis.set_minor_locator(NullLocator())
        axis.legend(frameon=False)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    figure.savefig(path, dpi=130)


def main() -> None:
    """Measure, write the JSON file and the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for scaling.json and scaling.png")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller sizes")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    panels = measure(arguments.quick)
    (arguments.out / "scaling.json").write_text(json.dumps(panels, indent=2))
    draw(panels, arguments.out / "scaling.png")
    for title, found in panels.items():
        print(title)
        for value, us in zip(found["values"], found["us"], strict=True):
            print(f"  {value:>9} {found['label']:<18} {us:>12.1f} us")


if __name__ == "__main__":
    main()
