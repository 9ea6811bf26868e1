"""The ground that all rows stand on: the recipe, what is learned, what distances are taken to, and how all is shown."""

from __future__ import annotations

import copy
import functools
import tomllib
from pathlib import Path

import attrs
import numpy as np

import thermozoo as tz
from thermozoo.quality import Images, RealImages, splits, thermal_readout
from thermozoo.quality.scaling import standardized

RECIPE = Path(__file__).parents[1] / "mnist-new-digits.toml"

#: The sets of real images that distances are taken to: one to choose by, one on which nothing is ever chosen.
SPLITS = ("chosen", "untouched")


@attrs.frozen(eq=False)
class Ground:
    """What all rows share.

    Parameters
    ----------
    images, labels : ndarray, shapes (images, height, width) and (images,)
        The data set, in its order.
    tables : dict
        The recipe, as nested tables.
    outputs : int
        Outputs of a row and a seed.
    """

    images: np.ndarray
    labels: np.ndarray
    tables: dict
    outputs: int

    @classmethod
    def of(cls, folder, outputs, classes=None):
        """Return the ground of the MNIST images in a folder; of some of the classes where they are given."""
        tables = tomllib.loads(RECIPE.read_text("utf-8"))
        tables["data"] |= {"path": str(folder)} | ({} if classes is None else {"classes": list(classes)})
        tables["generation"]["samples"] = outputs
        return cls(*tz.get("mnist", path=str(folder)).load(), tables, outputs)

    def recipe(self, seed):
        """Return the recipe with another seed, to be changed at will."""
        return copy.deepcopy(self.tables) | {"seed": seed}

    @property
    def classes(self):
        """The classes that are asked for."""
        return self.tables["data"]["classes"]

    @property
    def asked(self):
        """The class that each output is asked for: classes take turns, so that any part holds all of them alike."""
        return np.resize(np.array(self.classes), self.outputs)

    @functools.cached_property
    def learned(self):
        """The images that every row may learn from: those of the recipe."""
        rows = self._learned_rows
        flat = self.images[rows].reshape(len(rows), -1).astype(np.float64)
        return Images(standardized(flat), self.labels[rows].astype(np.int64))

    @property
    def _learned_rows(self):
        most = self.tables["data"]["per_class"]
        return np.concatenate([np.flatnonzero(self.labels == label)[:most] for label in self.classes])

    @functools.cached_property
    def readout(self):
        """How units in equilibrium show a signal: for every row that is no computer."""
        computer, visible = self.tables["computer"], self.tables["encoding"]["visible"]
        potential = dict(computer["potential"]["visible"])
        unit = tz.get(potential.pop("plugin"), **potential)
        shows = visible.get("of", visible)  # what is emphasized for training is shown as it is
        ink = tz.get(f"encoding:{shows['plugin']}", **{k: v for k, v in shows.items() if k != "plugin"})

        def signal(images):
            return ink.encode(images, None, images.shape[1], None)

        return thermal_readout(unit.energy, self.tables["noising"]["amplitude"], computer["temperature"], signal)

    @functools.cached_property
    def signals(self):
        """What is imposed for the learned images, shape (learned, pixels)."""
        return self.readout.signal(self.learned.pixels)

    def real(self, split):
        """Return the sets of real images of a split.

        `chosen` is that of every run: of the second quarter of the images, 50 of a class are held out and distances are
        taken to the next 150. Distances of `untouched` are taken to the rest of that quarter, which no run compares
        anything with, in the numbers of each class that there are; held out are all that `chosen` has. What is learned,
        and the judge, are the same. The second half of the images would not do: others wrote it, and distances to it
        are mostly distances of writers.
        """
        found = splits(self.labels, seen=self._learned_rows)
        if split == "untouched":
            used = np.concatenate([found.held_out, found.reference])
            rest = np.setdiff1d(np.arange(len(self.labels) // 4, len(self.labels) // 2), used)
            found = attrs.evolve(found, reference=np.random.default_rng(0).permutation(rest), held_out=used)
        real = RealImages.of(self.images, self.labels, found)
        asked = np.array(self.classes)
        return attrs.evolve(real, reference=real.reference.of(asked), held_out=real.held_out.of(asked))
