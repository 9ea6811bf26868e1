"""Trees of images: halved, and halved again, along what tells them apart most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermozoo_plugins.encodings.principal import principal_directions

__all__ = ["Level", "levels_of_classes", "levels_of_images", "members_of"]

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

#: The nodes of a level: each the numbers of its images, in increasing order.
Level = list[Numbers]

#: Places along a direction that differ by less than this part of the largest are one place.
_ONE_PLACE = 1e-9


def _halves(images: Array, node: Numbers) -> Level:
    """Return the two halves of a node, the lower end of its first principal direction first, with the odd image."""
    own = images[node]
    directions = principal_directions(own, own.mean(axis=0), 1)
    along = own @ directions[0] if len(directions) else np.zeros(len(own))
    largest = np.abs(along).max()
    places = np.round(along / (_ONE_PLACE * largest)) if largest else along
    order = np.lexsort((node, places))  # images at one place in the order of their numbers
    return [np.sort(half) for half in np.array_split(node[order], 2)]


def levels_of_images(images: Array, leaves: int = 0) -> list[Level]:
    """Return the levels of the tree of images, from its first halves to its leaves; of one image there are none.

    A node of one image stays in all levels below. Where less than all nodes may be halved, those with the most images
    are.

    Parameters
    ----------
    images : ndarray, shape (n, pixels)
        The images.
    leaves : int
        Leaves at which it stops; 0: until every leaf is one image.
    """
    nodes: Level = [np.arange(len(images))]
    levels: list[Level] = []
    while True:
        several = [k for k, node in enumerate(nodes) if len(node) > 1]
        room = leaves - len(nodes) if leaves else len(several)
        halved = set(sorted(several, key=lambda k: -len(nodes[k]))[:room])
        if not halved:
            return levels
        nodes = [n for k, node in enumerate(nodes) for n in (_halves(images, node) if k in halved else [node])]
        levels.append(nodes)


def levels_of_classes(images: Array, labels: Numbers, leaves: int = 0) -> list[Level]:
    """Return the levels of the trees of all classes side by side, in the order of the labels.

    A tree with fewer levels than another repeats its leaves.
    """
    trees = []
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        levels = [[own[node] for node in level] for level in levels_of_images(images[own], leaves)]
        trees.append(levels or [[own]])
    depth = max((len(levels_of) for levels_of in trees), default=0)
    return [[node for tree in trees for node in tree[min(place, len(tree) - 1)]] for place in range(depth)]


def members_of(level: Level, count: int) -> npt.NDArray[np.bool_]:
    """Return which of `count` images are in which node of a level, shape (count, nodes)."""
    inside = np.zeros((count, len(level)), dtype=bool)
    for column, node in enumerate(level):
        inside[node, column] = True
    return inside
