"""Two classes of small images, and runs of them."""

from __future__ import annotations

import contextlib
import tomllib

import attrs
import numpy as np

from thermozoo import Dataset
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.read import given_by, override
from thermozoo.registry.catalogue import Catalogue, catalogue
from thermozoo.registry.discovery import Record, Source

#: Labels, which are no places in a list.
LEFT, TOP = 7, 4

#: Nine pixels, and two units that are clamped to the class.
CONDITIONED = """
seed = 3
[computer]
temperature = 0.1
trainable_biases = ["visible"]
[computer.units]
visible = 9
label = {size = "auto", clamped = true}
[dynamics]
dt = 1e-2
duration = 1.0
engine = "reference"
[data]
plugin = "two-shapes"
classes = [7, 4]
per_class = 3
[encoding.label]
plugin = "one-hot"
[training]
held_out = 4
[generation]
samples = 60
condition = "each"
"""


@attrs.frozen
class TwoShapes(Dataset):
    """A bright column on the left, or a bright row on top; with grain, so that no two images are equal."""

    name = "two-shapes"

    def load(self):
        labels = np.tile([LEFT, TOP], 60)
        images = 0.3 * np.random.default_rng(1).random((120, 3, 3))
        images[labels == LEFT, :, 0] += 0.7
        images[labels == TOP, 0, :] += 0.7
        return images, labels


class Silent:
    """A reporter that says nothing."""

    def note(self, text):
        pass

    warn = note

    @contextlib.contextmanager
    def phase(self, title, total):
        yield lambda amount: None


def plugins():
    source = Source("tests", "", "tests", "tests", load=dict)
    return Catalogue((*catalogue().records, Record("two-shapes", "dataset", source, plugin=TwoShapes)))


def config(text, *assignments):
    tables = tomllib.loads(text)
    return parse(override(tables, assignments), plugins(), Origin("x.toml", given_by(tables, assignments)))
