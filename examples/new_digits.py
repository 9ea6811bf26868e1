"""New digits beside what is as simple: one table of real images, imitations, computers and controls, with error bars.

    python examples/new_digits.py [rows ...] --data FOLDER [--split chosen untouched] [--seeds 1 2 3] [--quick]
    python examples/new_digits.py real gaussian-40 trials --data FOLDER --seeds 1

The folder holds the test images of MNIST. All rows learn from the same images, are shown alike and are compared with
the same real ones. Of the split `untouched` are images on which nothing is ever chosen: look there last. Trials are
computers that differ from the recipe in one thing each.
What it prints is in the docs, "New images", with the time it took.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import scipy.linalg  # noqa: F401  its linear algebra must be there to be held to one thread
from footing import codes, machines
from footing.ground import SPLITS, Ground
from footing.measures import FEWEST, Split, measured, moments
from footing.picture import picture
from footing.rows import IMITATIONS, imitation, real_held_out
from footing.table import codes_table, moments_table, table, values
from footing.trials import TRIALS
from threadpoolctl import threadpool_limits

from thermozoo.errors import ThermozooError
from thermozoo.plotting import png_bytes

REAL, PIXELS, COMPUTER = "real", "pixels", "computer"

#: Rows whose features are drawn, and added up exactly.
CODES = {
    "codes-learned": "features of learned images, added up",
    "codes-independent": "features drawn one by one, added up",
    "codes-alone": "hidden units alone, added up",
    "codes-retrained": "hidden units trained alone, added up",
    "codes-computer": "hidden units of the computer, added up",
}

TITLES = {
    REAL: "real, held out",
    **{name: title for name, (title, _) in IMITATIONS.items()},
    PIXELS: "pixels alone, all to all",
    **CODES,
    COMPUTER: "the computer of mnist-new-digits.toml",
    **{name: trial.title for name, trial in TRIALS.items()},
}

#: Stands for all trials. They are no rows unless they are asked for.
ALL_TRIALS = "trials"

#: What --quick does instead.
QUICK = {"classes": (1, 2, 9), "outputs": 300, "seeds": [1], "replicates": 20}


class Maker:
    """Makes rows, each computer once."""

    def __init__(self, ground, seeds):
        self.ground, self.seeds = ground, seeds
        self.found, self.figures, self._begun = {}, {}, time.monotonic()

    def note(self, what):
        """Say what is done, and when."""
        print(f"[{time.monotonic() - self._begun:6.0f} s] {what}", file=sys.stderr, flush=True)

    def make(self, names):
        """Make the images of rows, all seeds of each."""
        for name in names:
            if name in IMITATIONS:
                self.found[name] = [imitation(self.ground, name, seed) for seed in self.seeds]
                self.note(TITLES[name])
        for name in (PIXELS, *TRIALS):
            if name in names:
                self.found[name] = [shown for shown, _ in self._generated(self._trained(name), name)]
        wanted = [name for name in CODES if name in names]
        if wanted or COMPUTER in names:
            self._with_hidden_units(wanted, COMPUTER in names)

    def _trained(self, name):
        trained = machines.trained(self.ground, name)
        self.note(f"{TITLES[name]}: trained in {trained.seconds:.0f} s")
        self.figures.setdefault("seconds of training", {})[name] = trained.seconds
        return trained

    def _generated(self, trained, name):
        """Return the rows and the states of all seeds."""
        found = []
        for seed in self.seeds:
            begun = time.monotonic()
            states, heat = trained.made(self.ground, seed)
            found.append((machines.shown_by(self.ground, states, heat), states))
            seconds = time.monotonic() - begun
            self.note(f"{TITLES[name]}: seed {seed} generated in {seconds:.0f} s")
            self.figures.setdefault("seconds of generation", {}).setdefault(name, []).append(seconds)
        return found

    def _with_hidden_units(self, wanted, computer):
        ground, trained = self.ground, self._trained(COMPUTER)
        known = {label: codes.code_of(ground, trained, label) for label in trained.laws}
        drawn = {}
        for name, draw in (("codes-learned", codes.learned), ("codes-independent", codes.independent)):
            drawn[name] = [codes.drawn_by(draw, known, seed) for seed in self.seeds]
        for name, again in (("codes-alone", False), ("codes-retrained", True)):
            if name in wanted:
                drawn[name] = [codes.alone(ground, trained, seed, again) for seed in self.seeds]
                self.note(f"{TITLES[name]}: generated")
        if computer or "codes-computer" in wanted:
            made = self._generated(trained, COMPUTER)
            if computer:
                self.found[COMPUTER] = [shown for shown, _ in made]
            hidden = trained.machine.computer.layout.slice("hidden")
            drawn["codes-computer"] = [
                {label: codes.read(ground, states[ground.asked == label][:, hidden]) for label in known}
                for _, states in made
            ]
        for number, name in enumerate(CODES):
            if name in wanted:
                self.found[name] = [
                    codes.row(ground, known, one, (seed, 200 + number))
                    for seed, one in zip(self.seeds, drawn[name], strict=True)
                ]
        self.figures["features"] = {
            TITLES[name]: codes.compared(
                known, {label: np.concatenate([one[label] for one in drawn[name]]) for label in known}
            )
            for name in wanted
        }


def words():
    """Return the arguments of the command."""
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    found.add_argument(
        "rows", nargs="*", metavar="row", help=f"of {', '.join(TITLES)}, or {ALL_TRIALS} (default: all but trials)"
    )
    found.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="with the test images of MNIST")
    found.add_argument("--outputs", type=int, help="of each row and seed (default: 2,000)")
    found.add_argument("--seeds", type=int, nargs="+", help="(default: 1 2 3)")
    found.add_argument("--split", nargs="+", choices=SPLITS, default=["chosen"], help="(default: chosen)")
    found.add_argument("--replicates", type=int, help="of the bootstrap (default: 100)")
    found.add_argument("--quick", action="store_true", help="three classes, 300 outputs, one seed: no figures to quote")
    found.add_argument("--json", type=Path, metavar="FILE", help="where figures are written as well")
    found.add_argument("--picture", type=Path, metavar="FILE", help="PNG of two outputs of each class and row")
    given = found.parse_args()
    unknown = [name for name in given.rows if name not in {ALL_TRIALS, *TITLES}]
    if unknown:
        found.error(f"no row is called {unknown[0]!r}; rows: {', '.join((*TITLES, ALL_TRIALS))}")
    quick = QUICK if given.quick else {"classes": None, "outputs": 2000, "seeds": [1, 2, 3], "replicates": 100}
    for name, value in quick.items():
        if getattr(given, name, None) is None:
            setattr(given, name, value)
    if given.outputs < 100:
        found.error(f"--outputs must be at least 100, got {given.outputs}: fewer have no distance")
    if given.replicates < 2:
        found.error(f"--replicates must be at least 2, got {given.replicates}")
    if min(given.seeds) < 0:
        found.error(f"--seeds must be 0 or more, got {min(given.seeds)}")
    for name in ("json", "picture"):
        file = getattr(given, name)
        if file and not file.resolve().parent.is_dir():
            found.error(f"--{name}: there is no folder {file.parent}")
    wanted = {*given.rows, *(TRIALS if ALL_TRIALS in given.rows else ())} or TITLES.keys() - TRIALS.keys()
    given.rows = [name for name in TITLES if name in wanted]
    return given


def keep(file, content):
    """Write what is known so far, where it is asked for."""
    if file:
        file.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def main():
    """Make the rows and print the tables."""
    given = words()
    try:
        ground = Ground.of(given.data, given.outputs, given.classes)
    except ThermozooError as error:
        print(f"new_digits.py: {error}", file=sys.stderr)
        sys.exit(2)
    with threadpool_limits(1, user_api="blas"):
        maker = Maker(ground, given.seeds)
        maker.make(given.rows)
        content = {"outputs": given.outputs, "seeds": given.seeds, "replicates": given.replicates, "splits": {}}
        for name in given.split:
            real = ground.real(name)
            split = Split.of(ground, real)
            yardstick, rows = split.yardstick, {}
            for row in given.rows:
                # the same real images with another grain would not be other real images
                shown = maker.found.get(row) or [real_held_out(ground, real, given.seeds[0])]
                rows[row] = measured(split, TITLES[row], shown, given.replicates)
            maker.note(f"measured, {name}")
            print(f"\n{name}: {given.outputs:,} outputs of each seed, {yardstick.count} at a time")
            print(f"compared with {len(real.reference):,} real images\n\n{table(rows)}", flush=True)
            for what, why in yardstick.withheld.items():
                print(f"\nno {what}: {why}")
            content["splits"][name] = values(rows)
            keep(given.json, content)
    if "memories" in maker.found and given.outputs * len(given.seeds) > FEWEST * len(ground.classes):
        content["moments"] = moments(ground, {name: maker.found[name] for name in given.rows if name in maker.found})
        print(f"\n{moments_table(content['moments'])}")
    if maker.figures.get("features"):
        print(f"\n{codes_table(maker.figures['features'])}")
    content |= maker.figures
    keep(given.json, content)
    if given.picture:
        first = {name: maker.found[name][0] for name in given.rows if name in maker.found}
        if REAL in given.rows:
            first = {REAL: real_held_out(ground, ground.real(given.split[0]), given.seeds[0])} | first
        figure = picture({TITLES[name]: shown for name, shown in first.items()}, ground.images[0].shape)
        given.picture.write_bytes(png_bytes(figure))


if __name__ == "__main__":
    main()
