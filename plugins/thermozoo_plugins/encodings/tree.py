"""Which half of the images, which half of that half, and so on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Encoding, option, parameter
from thermozoo.errors import DataError, ParameterError, ShapeError
from thermozoo.interfaces import Images, Labels, Random, Signals
from thermozoo_plugins.encodings.halving import Level, levels_of_classes, levels_of_images, members_of
from thermozoo_plugins.encodings.settings import copies_a_level
from thermozoo_plugins.settings import whole


def _leaves(value: Any) -> int:
    leaves = whole("leaves", at_least=0)(value)
    if leaves == 1:
        raise ParameterError(
            "leaves must be 0 (until each is one image) or 2 or more, got 1: it would tell nothing apart"
        )
    return leaves


@attrs.frozen
class Tree(Encoding):
    r"""Images are halved along their first principal component, and halved again, until each is alone.

    .. math:: s_n = \begin{cases} +S & \text{if the image is in node } n \\ -S & \text{otherwise} \end{cases}

    on the copies of every node's unit. Level by level, coarse to fine; a node of one image is repeated in the levels
    below. The two halves L and R of a node obey

    .. math:: s_L + s_R = s_n - S

    so that what is expected of them, given the node, is exactly linear in its signal. With a protocol that fades the
    first level last, what is generated is decided from coarse to fine: `fade` and `width` are given to the protocol
    for each level, the parameters of `hold-ramp`.

    References
    ----------
    D. Boley, Principal direction divisive partitioning, Data Mining and Knowledge Discovery 2, 325 (1998).

    Examples
    --------
    Four images on a line, of which the first two are alike: two nodes, then four.

    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import Tree
    >>> images, labels = np.array([[-3.0], [-2.0], [2.0], [3.0]]), np.zeros(4, dtype=int)
    >>> tree = Tree(scale=1.0)
    >>> tree.units(images, labels)
    6
    >>> tree.encode(images, labels, 6, random=None).astype(int)
    array([[ 1, -1,  1, -1, -1, -1],
           [ 1, -1, -1,  1, -1, -1],
           [-1,  1, -1, -1,  1, -1],
           [-1,  1, -1, -1, -1,  1]])
    >>> tree.protocol_values(images, labels, 6)["fade"].round(2)
    array([0.95, 0.95, 0.83, 0.83, 0.83, 0.83])
    """

    name = "tree"

    copies: int | tuple[int, ...] = option(
        1, converter=copies_a_level, doc="units of each node, one number for all levels or a list with one a level"
    )
    scale: float = parameter(3.0, unit="1", above=0, doc="modulus of a signal", symbol="S")
    per_class: bool = option(False, doc="one tree for each class, the nodes of other classes off")
    leaves: int = option(0, converter=_leaves, doc="leaves at which a tree stops; 0: until each is one image")
    medoids: bool = option(True, doc="training shows the image nearest to the mean of each leaf, no other")
    fade: float = parameter(
        0.95, unit="1", above=0, at_most=1, doc="the protocol's fade for the first level", symbol=r"\varphi"
    )
    fade_step: float = parameter(
        0.12, unit="1", at_least=0, at_most=1, doc="by how much each level fades before the one above it",
        symbol=r"\Delta\varphi",
    )  # fmt: skip
    width: float = parameter(0.25, unit="1", above=0, at_most=1, doc="the protocol's width", symbol="w")

    def levels(self, images: Images, labels: Labels) -> list[Level]:
        """Return the nodes of each level, coarse to fine: each the numbers of its images.

        Raises
        ------
        thermozoo.errors.DataError
            When there are not two images to tell apart.
        """
        if self.per_class:
            levels = levels_of_classes(images, labels, self.leaves)
        else:
            levels = levels_of_images(images, self.leaves)
        if not levels:
            raise DataError(f"the encoding 'tree' tells images apart: it needs two or more, got {len(images)}")
        return levels

    def _copies(self, levels: list[Level]) -> tuple[int, ...]:
        """Return the copies of each level."""
        copies = self.copies if isinstance(self.copies, tuple) else (self.copies,) * len(levels)
        if len(copies) != len(levels):
            raise ShapeError(
                f"the encoding 'tree' has {len(copies)} numbers of copies, but the tree of these images has "
                f"{len(levels)} levels: give {len(levels)} numbers, or one for all levels"
            )
        return copies

    def _units(self, levels: list[Level]) -> list[int]:
        """Return the units of each level."""
        return [len(level) * copies for level, copies in zip(levels, self._copies(levels), strict=True)]

    def units(self, images: Images, labels: Labels) -> int:
        """Return copies times nodes, of all levels."""
        return sum(self._units(self.levels(images, labels)))

    def keep(self, images: Images, labels: Labels) -> npt.NDArray[np.int64]:
        """Return the medoid of each leaf where a tree stops before its leaves are single, else all images."""
        levels = self.levels(images, labels)
        if not (self.leaves and self.medoids):
            return np.arange(len(images))
        distances = [((images[leaf] - images[leaf].mean(axis=0)) ** 2).sum(axis=1) for leaf in levels[-1]]
        # of two images equally far, as those of a leaf of two are, the first whatever rounding says
        nearest = [np.argmax(d <= d.min() * (1 + 1e-9)) for d in distances]
        return np.sort([leaf[place] for leaf, place in zip(levels[-1], nearest, strict=True)])

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return which nodes each image is in."""
        levels = self.levels(images, labels)
        self.check_size(size, sum(self._units(levels)))
        inside = [
            np.repeat(members_of(level, len(images)), copies, axis=1)
            for level, copies in zip(levels, self._copies(levels), strict=True)
        ]
        return self.scale * np.where(np.concatenate(inside, axis=1), 1.0, -1.0)

    def protocol_values(self, images: Images, labels: Labels, size: int) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return `fade` and `width` of each unit, by its level."""
        levels = self.levels(images, labels)
        units = self._units(levels)
        self.check_size(size, sum(units))
        # rounded, so that a step that fits the last level to its width is not refused for its last digit
        fades = np.round(self.fade - self.fade_step * np.arange(len(levels)), 12)
        if fades[-1] < self.width:
            # rounded down, so that it is not refused in its turn
            step = math.floor(1000 * (self.fade - self.width) / max(len(levels) - 1, 1)) / 1000
            smaller = f"a fade_step of at most {step:g}, or " if step >= 0 else ""
            raise ParameterError(
                f"the last of the {len(levels)} levels of the encoding 'tree' would fade at {fades[-1]:.3g} of the "
                f"duration, earlier than a fall of width {self.width:g} allows: take {smaller}a smaller width"
            )
        return {"fade": np.repeat(fades, units), "width": np.full(size, self.width)}
