"""How the time of a step grows with units, edges, batch, steps and threads: one figure, one JSON file.

    python benchmarks/scaling.py --out FOLDER [--quick]

Each panel varies one quantity, with the others as in the panel's title. Points are medians; the dashed line has the
slope of time proportional to work: two for units that are all coupled, minus one for threads.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
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
    return panels


def draw(panels: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw one panel for each quantity."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(12, 7), constrained_layout=True)
    for axis, (title, found) in zip(axes.flat, panels.items(), strict=False):
        values, times = np.array(found["values"]), np.array(found["us"])
        axis.loglog(values, times, "o-", color="#1f6f8b")
        slope = -1 if found["label"] == "threads" else (2 if found["label"] == "units" else 1)
        guide = times[-1] * (values / values[-1]) ** float(slope)
        axis.loglog(values, guide, "--", color="0.6", linewidth=1, label=f"slope {slope}")
        axis.set(title=title, xlabel=found["label"], ylabel="microseconds")
        if found["label"] == "threads":
            axis.set_xticks(values, labels=list(map(str, values)))
            axis.minorticks_off()
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
