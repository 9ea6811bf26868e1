"""Measure the same work in thermozoo and in its peers, each in its own environment, and print one table of ratios.

Two works: one step of the paper set-up, and one step of few units of 40,000 trajectories.
"""

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

from boltzmann import moments

HERE = Path(__file__).resolve().parent

#: What each environment installs. PyTorch is named without its accelerator packages.
ENVIRONMENTS = {
    "numpy": ["numpy", "numba"],
    "torch": ["numpy", "torch==2.13.0", "torchsde"],
    "jax": ["numpy", "jax", "jaxlib", "diffrax"],
    "thermozoo": [str(HERE.parents[1])],
}

#: Which peers do which work, in which environment; more words than one are arguments.
PEERS = {
    "paper": {
        "numpy": ["numpy"],
        "torch": ["torch", "torchsde"],
        "jax": ["jax", "diffrax"],
        "thermozoo": ["thermozoo"],
    },
    "few": {
        "numpy": ["numpy", "numba"],
        "jax": ["jax", "diffrax"],
        "thermozoo": ["thermozoo compiled", "thermozoo reference"],
    },
}

#: Numbers of units of the work `few`; its potential, coupling and temperature, as in `work.py` and `few.py`.
UNITS = (1, 3, 8)
PHYSICS = {"j2": 1.0, "j4": 1.0, "coupling": -0.1, "temperature": 0.1}


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


def measure(python: Path, script: str, *arguments: object) -> dict[str, Any]:
    """Run one peer once."""
    command = [str(python), str(HERE / f"{script}.py"), *map(str, arguments)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE).stdout
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def paper(pythons: dict[str, Path], rounds: int, repeats: int) -> None:
    """Let peers take turns at the paper set-up, check their statistics, print the table."""
    found: dict[str, list[dict[str, Any]]] = {peer: [] for peer in pythons}
    for _ in range(rounds):
        for peer, python in pythons.items():
            found[peer].append(measure(python, f"peer_{peer}", repeats))
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


def few(pythons: dict[str, Path], rounds: int, repeats: int) -> None:
    """Let peers take turns at few units, check their states against Boltzmann's law, print the table of the README."""
    best: dict[tuple[str, int], float] = {}
    used: dict[tuple[str, int], float] = {}
    for units in UNITS:
        expected = moments(units, **PHYSICS)
        for one_round in range(rounds):
            for peer, python in pythons.items():
                script, *more = peer.split()
                found = measure(python, f"few_{script}", repeats, units, int(one_round == 0), *more)
                for name, (mean, error) in found["moments"].items():
                    if abs(mean - expected[name]) > 5 * error:
                        sys.exit(
                            f"{peer} does other work: mean of {name} of {units} units {mean:.6f} +- {error:.6f}, "
                            f"expected {expected[name]:.6f}"
                        )
                where = peer, units
                best[where] = min(best.get(where, math.inf), *found["ns"])
                used[where] = min(used.get(where, math.inf), *found["processor_ns"])
                print(f"{peer}, {units} units: {best[where]:.2f} ns, processor {used[where]:.2f} ns", file=sys.stderr)
    own = "thermozoo compiled"
    print(f"| peer | {' | '.join(f'n = {units} [ns] | processor | ratio' for units in UNITS)} |")
    print(f"|---|{'---|' * 3 * len(UNITS)}")
    for peer in sorted(pythons, key=lambda peer: sum(math.log(best[peer, units]) for units in UNITS)):
        cells = [
            f"{best[peer, units]:.3g} | {used[peer, units]:.3g} | {best[peer, units] / best[own, units]:.3g}"
            for units in UNITS
        ]
        print(f"| {peer} | {' | '.join(cells)} |")


def main() -> None:
    """Make environments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", choices=tuple(PEERS), default="paper", help="what is measured (default: paper)")
    parser.add_argument("--environments", type=Path, required=True, help="folder for the environments")
    parser.add_argument("--only", nargs="*", help="peers to measure besides thermozoo")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3, help="measurements of a peer in a round")
    parser.add_argument("--thermozoo", type=Path, help="an interpreter that has thermozoo already")
    arguments = parser.parse_args()
    pythons: dict[str, Path] = {}
    for name, peers in PEERS[arguments.work].items():
        wanted = [p for p in peers if arguments.only is None or p in arguments.only or name == "thermozoo"]
        if not wanted:
            continue
        given = arguments.thermozoo if name == "thermozoo" else None
        python = given or make(arguments.environments.resolve() / name, ENVIRONMENTS[name])
        pythons.update(dict.fromkeys(wanted, python))
    measured = {"paper": paper, "few": few}[arguments.work]
    measured(pythons, arguments.rounds, arguments.repeats)


if __name__ == "__main__":
    main()
