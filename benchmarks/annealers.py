"""Spin updates a second and thread, and the cut at equal time, beside public annealers on the same graphs.

    python benchmarks/annealers.py --environment FOLDER [--reads 16] [--seconds 2] [--json FILE]

The first time it makes the environment and installs dwave-samplers and OpenJij there with `pip`. Graphs in the manner
of the G-set: 800 vertices and 19,176 edges, 2,000 vertices and 19,990 edges, with weights -1 and 1; and a
Sherrington-Kirkpatrick glass of 1,000 spins. All ways cool on one thread, geometrically between the same temperatures,
as many reads, and take turns on the same machine. `sweep` leaves out what a call takes for itself, `call` has it in;
the cut is the best of the reads after the same processor seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

import numpy as np

_PEER = Path(__file__).parent / "peers" / "annealing.py"


def problems() -> dict[str, dict[str, Any]]:
    """Return the graphs: E = sum w x_i x_j, so that the cut is (sum w - E) / 2."""
    found = {}
    for seed, (n, edges) in enumerate(((800, 19176), (2000, 19990))):
        rng = np.random.default_rng(seed)
        upper = np.triu_indices(n, 1)
        chosen = np.sort(rng.choice(len(upper[0]), edges, replace=False))
        weight = rng.choice([-1.0, 1.0], edges)
        found[f"{n:,} vertices, {edges:,} edges"] = {
            "n": n, "first": upper[0][chosen], "second": upper[1][chosen], "weight": weight,
            "hot": (2 * edges / n) ** 0.5, "cold": 0.3,
        }  # fmt: skip
    n, rng = 1000, np.random.default_rng(2)
    first, second = np.triu_indices(n, 1)
    weight = rng.standard_normal(len(first)) / n**0.5
    glass = {"n": n, "first": first, "second": second, "weight": weight, "hot": 2.0, "cold": 0.05}
    found[f"{n:,} spins, all pairs"] = glass
    return found


def peers(folder: Path) -> str:
    """Return the interpreter of the peers, with what they need."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "dwave-samplers", "openjij"], check=True)
    return str(python)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--environment", type=Path, required=True, help="folder of the peers' environment")
    parser.add_argument("--reads", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0, help="processor seconds of a call")
    parser.add_argument("--json", type=Path, help="write what was measured")
    given = parser.parse_args()
    other = peers(given.environment)
    here = sys.executable
    ways = {"thermozoo": here, "thermozoo, heat bath": here, "dwave-samplers": other, "openjij": other}
    found = []
    head = "| graph | way | sweep [M updates/s] | call [M updates/s] | sweeps | seconds | mean energy | best | cut |"
    print(head, "|---|---|---|---|---|---|---|---|---|", sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, problem in problems().items():
            file = Path(folder) / "problem.npz"
            np.savez(file, **problem)
            for way, python in ways.items():
                options = ["--reads", str(given.reads), "--seconds", str(given.seconds)]
                done = subprocess.run(
                    [python, str(_PEER), way, str(file), *options],
                    check=True, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
                )  # fmt: skip
                one = {"graph": name, "reads": given.reads, **json.loads(done.stdout.splitlines()[-1])}
                one["cut"] = (float(problem["weight"].sum()) - one["best_energy"]) / 2
                found.append(one)
                print(
                    f"| {name} | {way} | {one['sweep_M_per_s']:.2f} | {one['call_M_per_s']:.2f} | {one['sweeps']:,} "
                    f"| {one['seconds']:.2f} | {one['mean_energy']:,.1f} | {one['best_energy']:,.1f} "
                    f"| {one['cut']:,.1f} |",
                    flush=True,
                )
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
