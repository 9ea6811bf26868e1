"""Run the image recipes of `examples/` on MNIST and print what their outputs measure, with every seed.

    MNIST=FOLDER python benchmarks/images.py [ten|thirty|hundred|asked|new ...] [--seeds 1 2 3] [--set key=value ...]

The folder holds the test images of MNIST. The first images of each class are learned, the judge learns from the second
half. Of each row the judge's verdict stands beside that on the learned images themselves in as much noise: what it
misjudges there it misjudges in outputs.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import thermozoo as tz

EXAMPLES = Path(__file__).parents[1] / "examples"

#: Config and outputs of each row.
ROWS = {
    "ten": ("mnist-ten-digits.toml", 200),
    "thirty": ("thirty-digits.toml", 200),
    "hundred": ("hundred-digits.toml", 200),
    "asked": ("mnist-conditioned-digits.toml", 200),
    "new": ("mnist-new-digits.toml", 500),
}

#: What is measured of sets of images, and of generation.
MEASURES = (
    "judged_right",
    "diversity",
    "frechet_components",
    "frechet_features",
    "precision",
    "recall",
    "nearest",
)
BESIDE = ("real held-out", "learned images", "Gaussian of a class")


def tables_of(row, folder, seed, given):
    """Return the config of a row as tables, on MNIST."""
    name, samples = ROWS[row]
    tables = tomllib.loads((EXAMPLES / name).read_text("utf-8"))
    tables["seed"] = seed
    tables["data"] |= {"plugin": "mnist", "path": folder}
    tables["generation"]["samples"] = samples
    for assignment in given:
        key, _, value = assignment.partition("=")
        *path, last = key.split(".")
        table = tables
        for part in path:
            table = table.setdefault(part, {})
        table[last] = tomllib.loads(f"value = {value}")["value"]
    return tables


def shown(value):
    """Return a number with as many digits as mean something."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def measured(row, folder, seed, given):
    """Run a row with a seed; print it and return its figures."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        report = tz.run(tables_of(row, folder, seed, given), out=Path(place) / "run", quiet=True).report
    rows = {one["name"]: one for one in report["quality"]["rows"]}
    found = {
        "correlation": report["mean_best_correlation"],
        "inverted": report["inverted"],
        "heat": report["heat_mean_kT"],
        "spread of heat": report["heat_std_kT"],
    } | {name: rows["outputs"][name] for name in MEASURES}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\n{row}, seed {seed}: {time.monotonic() - start:.0f} s, peak {peak:.2f} GiB so far")
    print("   ", ", ".join(f"{name} {shown(value)}" for name, value in found.items()))
    mistakes = [
        f"{label} taken for {verdict} {count} times"
        for label, verdicts in (report["quality"]["confusion"] or {}).items()
        for verdict, count in verdicts.items()
        if verdict != label
    ]
    print("    judged wrong:", ", ".join(mistakes) or "none")
    for name in BESIDE:
        if name in rows:
            print(f"    {name}:", ", ".join(f"{key} {shown(rows[name][key])}" for key in MEASURES))
    for warning in report["warnings"]:
        print(f"    warning: {warning}")
    sys.stdout.flush()
    return found


def main():
    if "MNIST" not in os.environ:
        sys.exit("MNIST names no folder: MNIST=FOLDER python benchmarks/images.py")
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("rows", nargs="*", default=list(ROWS), choices=[*ROWS, []], metavar="|".join(ROWS))
    words.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    words.add_argument("--set", action="append", default=[], metavar="key=value")
    given = words.parse_args()
    for row in given.rows:
        found = [measured(row, os.environ["MNIST"], seed, given.set) for seed in given.seeds]
        print(f"\n| {row} | mean | least | most |\n|---|---|---|---|")
        for name in found[0]:
            values = [one[name] for one in found if one[name] is not None]
            if values:
                three = (sum(values) / len(values), min(values), max(values))
                print(f"| {name} |", " | ".join(map(shown, three)), "|")


if __name__ == "__main__":
    main()
