"""What a better new digit costs: quality against heat and against duration, beside a digital denoiser.

    python examples/new_digits_energy.py --data FOLDER [--durations 2.5 5 10 20 40] [--figure FILE] [--quick]

The folder holds the test images of MNIST. The computer of mnist-new-digits.toml is trained for each duration, and a
denoiser for each number of noise levels; all are shown and measured as in `new_digits.py`, beside real digits and the
Gaussian in 40 components. What it prints and draws is in the docs, "New images", with the time it took.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import scipy.linalg  # noqa: F401  its linear algebra must be there to be held to one thread
from footing import bounds, machines
from footing.denoisers import denoised
from footing.energy_figure import drawn
from footing.ground import SPLITS, Ground
from footing.measures import Split, measured
from footing.rows import COMPONENTS, IMITATIONS, imitation, real_held_out
from footing.table import BAR, bounds_table, energy_table, values
from threadpoolctl import threadpool_limits

from thermozoo.errors import ThermozooError
from thermozoo.plotting.style import png_bytes
from thermozoo.thermodynamics.advantage import operations_kT

#: Held-out noising trajectories of each class, and updates of a denoiser.
TRAJECTORIES, UPDATES = 12, 500

#: What is done, in full and with --quick.
FULL = {
    "classes": None,
    "outputs": 2000,
    "durations": [2.5, 5.0, 10.0, 20.0, 40.0],
    "levels": [3, 5, 10, 20, 50, 100],
    "updates": UPDATES,
    "replicates": 100,
}
QUICK = {
    "classes": (1, 2, 9),
    "outputs": 300,
    "durations": [1.0, 4.0],
    "levels": [2, 5],
    "updates": 100,
    "replicates": 20,
}


class Rows:
    """Makes rows and measures them, one after the other; what is found so far is in `content`."""

    def __init__(self, ground, given):
        self.ground, self.given, self._begun = ground, given, time.monotonic()
        real = ground.real(given.split)
        self._split = Split.of(ground, real)
        self.content = {
            **{name: getattr(given, name) for name in ("outputs", "seed", "split", "replicates", "updates")},
            "learned": len(ground.learned) // len(ground.classes),
            "rows": [],
        }
        self.add("real", "real, held out", real_held_out(ground, real, given.seed))

    def add(self, kind, title, shown, **more):
        """Measure a row, and keep its figures beside what else is known of it."""
        row = measured(self._split, title, [shown], self.given.replicates)
        self.content["rows"].append({"kind": kind, **values({kind: row})[kind], **more})
        print(f"[{time.monotonic() - self._begun:6.0f} s] {title}", file=sys.stderr, flush=True)
        if self.given.json:
            self.given.json.write_text(json.dumps(self.content, indent=1) + "\n", "utf-8")

    def bar(self):
        """Add the Gaussian in some components: a product of coordinates with directions is what it takes."""
        operations = COMPONENTS * self.ground.signals.shape[1]
        shown = imitation(self.ground, BAR, self.given.seed)
        self.add(BAR, IMITATIONS[BAR][0], shown, operations=operations, energy_kT=operations_kT(operations))

    def denoiser(self, levels):
        """Add the denoiser of a number of levels, by each sampler."""
        for name, made in denoised(self.ground, levels, self.given.updates, self.given.seed).items():
            self.add(
                name,
                f"denoiser, {levels} levels, {name}",
                made.row,
                levels=levels,
                operations=made.operations,
                training_operations=made.training,
                energy_kT=made.energy,
            )

    def computer(self, duration):
        """Add the computer of the recipe with another duration."""
        ground, seed = self.ground, self.given.seed
        trained = machines.trained(ground, "computer", {"dynamics": {"duration": duration}})
        begun = time.monotonic()
        states, heat = trained.made(ground, seed)
        seconds = time.monotonic() - begun
        self.add(
            "computer",
            f"computer, duration {duration:g}",
            machines.shown_by(ground, states, heat),
            duration=duration,
            energy_kT=float(heat.mean()),
            energy_se_kT=float(heat.std(ddof=1) / np.sqrt(len(heat))),
            seconds={"training": trained.seconds, "generation": seconds},
            bounds=self._bounds(trained, states),
        )

    def _bounds(self, trained, states):
        """Return means over classes of entropies and path probabilities [nat], with standard errors."""
        free, shown, made, gain, divergence = [], [], [], [], []
        for label, law in trained.laws.items():
            part = trained.machine.part(label)
            equilibria = bounds.Equilibria(part)
            free.append(equilibria.free)
            shown.append(equilibria.shown)
            made.append(bounds.entropy_at_most(states[self.ground.asked == label]))
            found = bounds.paths(part, law.program, trained.engine, equilibria, TRAJECTORIES, self.given.seed)
            gain.append(found.gain)
            divergence.append(found.divergence)
        return {
            "free": float(np.mean(free)),
            "shown": float(np.mean(shown)),
            "generated_at_most": float(np.mean(made)),
            "gain": mean_over_classes(gain),
            "divergence": mean_over_classes(divergence),
        }


def mean_over_classes(found):
    """Return the mean of figures of trajectories of each class, with its standard error."""
    errors = [one.var(ddof=1) / len(one) for one in found]
    return {"value": float(np.mean(found)), "error": float(np.sqrt(np.sum(errors)) / len(found))}


def words():
    """Return the arguments of the command."""
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    found.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="with the test images of MNIST")
    found.add_argument("--durations", type=float, nargs="*", help="of the computer (default: 2.5 5 10 20 40)")
    found.add_argument("--levels", type=int, nargs="*", help="of the denoiser (default: 3 5 10 20 50 100)")
    found.add_argument("--updates", type=int, help=f"of a denoiser's training (default: {UPDATES:,})")
    found.add_argument("--outputs", type=int, help="of each row (default: 2,000)")
    found.add_argument("--seed", type=int, default=1, help="(default: 1)")
    found.add_argument("--split", choices=SPLITS, default="chosen", help="(default: chosen)")
    found.add_argument("--replicates", type=int, help="of the bootstrap (default: 100)")
    found.add_argument("--quick", action="store_true", help="three classes, 300 outputs, little time: none to quote")
    found.add_argument("--json", type=Path, metavar="FILE", help="where figures are written as well")
    found.add_argument("--figure", type=Path, metavar="FILE.png", help="where they are drawn")
    given = found.parse_args()
    for name, value in (QUICK if given.quick else FULL).items():
        if getattr(given, name, None) is None:
            setattr(given, name, value)
    for name, least in {"outputs": 100, "replicates": 2, "updates": 1, "seed": 0}.items():
        if getattr(given, name) < least:
            found.error(f"--{name} must be at least {least}, got {getattr(given, name)}")
    if min(given.durations, default=1.0) <= 0:
        found.error(f"--durations must be above 0, got {min(given.durations):g}")
    if min(given.levels, default=2) < 2:
        found.error(f"--levels must be at least 2, got {min(given.levels)}")
    for name in ("json", "figure"):
        file = getattr(given, name)
        if file and not file.resolve().parent.is_dir():
            found.error(f"--{name}: there is no folder {file.parent}")
    return given


def main():
    """Make the rows, print the tables and draw the figure."""
    given = words()
    try:
        ground = Ground.of(given.data, given.outputs, given.classes)
        with threadpool_limits(1, user_api="blas"):
            rows = Rows(ground, given)
            rows.bar()
            for levels in given.levels:
                rows.denoiser(levels)
            for duration in given.durations:
                rows.computer(duration)
    except ThermozooError as error:
        print(f"new_digits_energy.py: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"{given.split}: {given.outputs:,} outputs\n\n{energy_table(rows.content['rows'])}")
    if given.durations:
        print(f"\n{bounds_table(rows.content)}")
    if given.figure:
        given.figure.write_bytes(png_bytes(drawn(rows.content["rows"])))


if __name__ == "__main__":
    main()
