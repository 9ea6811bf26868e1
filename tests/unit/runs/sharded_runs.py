"""Workers that are the process of a test, and a plugin that no worker has but from its job."""

from __future__ import annotations

import contextlib
import textwrap

import numpy as np

from thermozoo.registry.catalogue import load_catalogue
from thermozoo.shards.executors import Done
from thermozoo.shards.job import attempt


class Inline:
    """Workers that are this process, which do shards in an order of their own."""

    def __init__(self, seed, workers=2):
        self.workers, self.rng, self.asked = workers, np.random.default_rng(seed), []

    @contextlib.contextmanager
    def open(self, say):
        yield self

    def do(self, ticket, shards):
        for k in self.rng.permutation(len(shards)):
            self.asked.append(shards[k])
            yield None
            yield Done(shards[k], attempt(ticket, shards[k]))


#: A plugin file, which no worker has.
PLUGIN = """
import attrs, numpy as np
import thermozoo as tz

@attrs.frozen
class Shapes(tz.Dataset):
    "A bright column or a bright row, with grain."
    name = "shapes"

    def load(self):
        labels = np.tile([7, 4], 60)
        images = 0.3 * np.random.default_rng(1).random((120, 3, 3))
        images[labels == 7, :, 0] += 0.7
        images[labels == 4, 0, :] += 0.7
        return images, labels

@tz.hookimpl
def thermozoo_datasets():
    return [Shapes]
"""


def shapes(folder):
    """Return a catalogue with the plugin, which is written into a folder."""
    path = folder / "shapes.py"
    path.write_text(textwrap.dedent(PLUGIN))
    return load_catalogue(files=[path])
