"""A plugin that no worker has but from its job."""

from __future__ import annotations

import textwrap

from thermozoo.registry.catalogue import load_catalogue

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
