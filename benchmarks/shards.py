"""Generation of the paper's set-up by one process, by processes of this machine and by a Dask cluster of them.

    python benchmarks/shards.py [--workers 2] [--samples 1000] [--duration 2.5] [--repeats 3] [--json FILE]

One process has as many threads as there are workers of one thread. The ways take turns, so that all see the same
machine, and each is a whole command. Printed are the seconds of its phase generation, which workers that start are part
of, and the processor seconds of the whole command: they tell more where others use the machine. The samples of all are
compared bit by bit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import thermozoo as tz


def measured(way: list[str], config: list[str], threads: int, folder: Path) -> dict[str, float]:
    """Return the seconds of generation and the processor seconds of a run."""
    options = [word for one in (*config, *way) for word in ("--set", one)]
    command = [sys.executable, "-m", "thermozoo", "run", "paper", "--quiet", "--force", "--out", str(folder), *options]
    process = subprocess.Popen(command, env=os.environ | {"THERMOZOO_THREADS": str(threads)}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    seconds = json.loads((folder / "report.json").read_text())["seconds"]
    return {"generation": seconds["generation"], "processor": used.ru_utime + used.ru_stime}


def main() -> None:
    """Measure, print a table and compare samples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--duration", type=float, default=2.5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    config = [
        "seed=1",
        "dynamics.engine=compiled",
        "training.held_out=2",
        f"generation.samples={given.samples}",
        f"dynamics.duration={given.duration}",
    ]
    ways = {"one process": [], "local": ["run.executor=local", f"run.workers={given.workers}"]}
    if find_spec("distributed") is not None:
        ways["dask"] = ["run.executor=dask", f"run.workers={given.workers}"]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as temporary:
        folders = {name: Path(temporary) / name.replace(" ", "-") for name in ways}
        for _ in range(given.repeats):
            for name, way in ways.items():
                found[name].append(measured(way, config, given.workers, folders[name]))
                print(f"{name}: {found[name][-1]}", flush=True)
        states: dict[str, Any] = {name: tz.load(folder).samples["state"].values for name, folder in folders.items()}
    first = found["one process"]
    for name, all_of in found.items():
        line = [f"{name:12}"]
        for key in ("generation", "processor"):
            ratios = [one[key] / other[key] for one, other in zip(all_of, first, strict=True)]
            line.append(f"{key} {min(one[key] for one in all_of):.1f} s, x {statistics.median(ratios):.2f}")
        differing = int((states[name] != states["one process"]).sum())
        print("  ".join([*line, f"{differing} of {np.size(states[name]):,} states differ"]))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
