"""Measure the same work in thermozoo and in its peers, each in its own environment, and print one table of ratios."""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

#: What each environment installs, and which peers run in it. PyTorch is named without its accelerator packages.
ENVIRONMENTS = {
    "numpy": (["numpy"], ["numpy"]),
    "torch": (["numpy", "torch==2.13.0", "torchsde"], ["torch", "torchsde"]),
    "jax": (["numpy", "jax", "jaxlib", "diffrax"], ["jax", "diffrax"]),
    "thermozoo": ([str(HERE.parents[1])], ["thermozoo"]),
}


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def make(folder: Path, packages: list[str]) -> Path:
    """Make an environment unless it is there."""
    if not (folder / "ready").exists():
        print(f"making {folder.name}: {', '.join(packages)}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python_of(folder), "-m", "pip", "install", "--quiet", *packages], check=True)
        (folder / "ready").touch()
    return python_of(folder)


def measure(python: Path, peer: str, repeats: int) -> dict[str, Any]:
    """Run one peer once."""
    command = [str(python), str(HERE / f"peer_{peer}.py"), str(repeats)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def main() -> None:
    """Make environments, let peers take turns, check their statistics, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, required=True, help="folder for the environments")
    parser.add_argument("--only", nargs="*", help="peers to measure besides thermozoo")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3, help="measurements of a peer in a round")
    parser.add_argument("--thermozoo", type=Path, help="an interpreter that has thermozoo already")
    arguments = parser.parse_args()
    pythons: dict[str, Path] = {}
    for name, (packages, peers) in ENVIRONMENTS.items():
        wanted = [p for p in peers if arguments.only is None or p in arguments.only or p == "thermozoo"]
        if not wanted:
            continue
        given = arguments.thermozoo if name == "thermozoo" else None
        python = given or make(arguments.environments.resolve() / name, packages)
        pythons.update(dict.fromkeys(wanted, python))
    found: dict[str, list[dict[str, Any]]] = {peer: [] for peer in pythons}
    for _ in range(arguments.rounds):
        for peer, python in pythons.items():
            found[peer].append(measure(python, peer, arguments.repeats))
    medians = {peer: statistics.median(us for r in runs for us in r["us"]) for peer, runs in found.items()}
    used = {peer: min(us for r in runs for us in r["processor_us"]) for peer, runs in found.items()}
    best = {peer: min(us for r in runs for us in r["us"]) for peer, runs in found.items()}
    own = found["thermozoo"][0]
    print(f"{'peer':<12} {'us, median':>11} {'best':>7} {'ratio':>7} {'processor':>10}   mean of x^2")
    for peer in sorted(medians, key=medians.__getitem__):
        one = found[peer][0]
        gap = abs(one["mean_square"] - own["mean_square"])
        error = math.hypot(one["standard_error"], own["standard_error"])
        if peer != "thermozoo" and gap > 5 * error:
            sys.exit(f"{peer} does other work: mean of x^2 {one['mean_square']:.6f}, expected {own['mean_square']:.6f}")
        print(
            f"{peer:<12} {medians[peer]:>11.2f} {best[peer]:>7.2f} {medians[peer] / medians['thermozoo']:>7.2f} "
            f"{used[peer]:>10.2f}   {one['mean_square']:.6f} +- {one['standard_error']:.6f}"
        )


if __name__ == "__main__":
    main()
