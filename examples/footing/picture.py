"""A picture of rows: two images of each class, those that come first."""

from __future__ import annotations

import numpy as np

from thermozoo.plotting.grid import image_grid, state_limits
from thermozoo.plotting.style import styled

#: Images of a class.
_EACH = 2


@styled
def picture(rows, shape):
    """Return a figure with a line of images for each row; `rows` maps titles to `Shown`."""
    lines = []
    for shown in rows.values():
        of = [np.flatnonzero(shown.asked == label)[:_EACH] for label in np.unique(shown.asked)]
        lines.append(shown.images[np.concatenate(of)])
    images = np.concatenate(lines).reshape(-1, *shape)
    return image_grid(images, len(lines[0]), limits=state_limits(images), left=list(rows), cell=0.25)
