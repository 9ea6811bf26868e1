"""Times of the first minute: the default run in a fresh kernel cache and with kernels cached, ``--help``, ``plugins``.

Whole commands are timed from outside, each a few times in turn; the least time on the clock and of processors counts.

    python benchmarks/default_run.py [REPEATS]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "thermozoo"]


def timed(arguments: list[str], cache: Path) -> tuple[float, float]:
    """Return the seconds of a command on the clock, and those of processors."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(
        [*COMMAND, *arguments], env={**os.environ, "THERMOZOO_CACHE": str(cache)}, check=True, stdout=subprocess.DEVNULL
    )
    wall, after = time.perf_counter() - start, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used


def main(repeats: int) -> None:
    """Print the table."""
    found: dict[str, list[tuple[float, float]]] = {}
    phases: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(repeats):
            cache, out = Path(folder) / f"cache-{turn}", Path(folder) / "run"
            run = ["run", "--quiet", "--force", "--out", str(out)]
            for what, arguments in (
                ("run, first time", run),
                ("run, kernels cached", run),
                ("--help", ["--help"]),
                ("plugins", ["plugins"]),
            ):
                found.setdefault(what, []).append(timed(arguments, cache))
            seconds = json.loads((out / "report.json").read_text())["seconds"]
            phases = {name: min(value, phases.get(name, value)) for name, value in seconds.items()}
    print(f"{'':22}{'clock [s]':>12}{'processors [s]':>16}")
    for what, times in found.items():
        print(f"{what:22}{min(t for t, _ in times):12.2f}{min(t for _, t in times):16.2f}")
    print("phases, kernels cached:", ", ".join(f"{name} {value:.2f}" for name, value in phases.items()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
