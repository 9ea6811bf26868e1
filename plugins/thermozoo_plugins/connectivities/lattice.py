"""Nearest neighbors on a rectangular lattice."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Connectivity, option
from thermozoo.errors import ParameterError, ShapeError
from thermozoo.interfaces import UnitLayout
from thermozoo_plugins.settings import whole


def _sides(value: Any) -> tuple[int, ...]:
    sides = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(map(whole("a side of shape"), sides))


def _answers(value: Any) -> Any:
    answers = value if isinstance(value, (list, tuple)) else (value,)
    if not all(isinstance(answer, bool) for answer in answers):
        raise ParameterError(f"periodic must be true or false, or a list of these, got {value!r}")
    return tuple(value) if isinstance(value, (list, tuple)) else value


@attrs.frozen
class Lattice(Connectivity):
    r"""Nearest neighbors on a rectangular lattice of any dimension.

    .. math:: J_{ij} \neq 0 \text{ only if } r_i - r_j = \pm e_a \text{ for one axis } a

    with r_i the place of unit i, e_a the step of one along axis a, and differences modulo the side where that is
    periodic. Units of all groups fill the lattice row by row: the last axis runs fastest. Each pair comes once: on a
    periodic side of two, where both ways round lead to the same neighbor, it has one coupling and not two.

    References
    ----------
    L. Onsager, Crystal statistics. I. A two-dimensional model with an order-disorder transition, Phys. Rev. 65, 117
    (1944).

    Examples
    --------
    >>> from thermozoo.computer.layout import Layout
    >>> from thermozoo_plugins.connectivities import Lattice
    >>> Lattice(shape=[2, 3]).edges(Layout({"units": 6})).tolist()
    [[0, 3], [1, 4], [2, 5], [0, 1], [3, 4], [1, 2], [4, 5]]
    >>> len(Lattice(shape=[64, 64], periodic=True).edges(Layout({"spins": 4096})))
    8192
    """

    name = "lattice"

    shape: tuple[int, ...] = option((), converter=_sides, doc="units along each axis; none: all along one")
    periodic: bool | tuple[bool, ...] = option(
        False, converter=_answers, doc="opposite ends are neighbors; for every axis, or a list with one answer an axis"
    )

    def __attrs_post_init__(self) -> None:
        """Refuse answers that do not fit the axes."""
        axes = max(1, len(self.shape))
        if isinstance(self.periodic, tuple) and len(self.periodic) != axes:
            raise ParameterError(
                f"periodic has {len(self.periodic)} answers, but shape has {axes} axes: give one, or one an axis"
            )

    def edges(self, layout: UnitLayout) -> npt.NDArray[np.integer[Any]]:
        """Return the pairs, axis by axis."""
        shape = self.shape or (layout.n,)
        if math.prod(shape) != layout.n:
            sides = " x ".join(map(str, shape))
            raise ShapeError(
                f"shape {list(shape)} holds {sides} = {math.prod(shape)} units, but the computer has {layout.n}: set "
                "shape, or the sizes of groups"
            )
        units = np.arange(layout.n).reshape(shape)
        answers = self.periodic if isinstance(self.periodic, tuple) else (self.periodic,) * len(shape)
        pairs = []
        for axis, periodic in enumerate(answers):
            lines = np.moveaxis(units, axis, 0)
            pairs.append((lines[:-1], lines[1:]))
            if periodic and len(lines) > 2:
                pairs.append((lines[-1:], lines[:1]))
        return np.concatenate([np.stack([a.ravel(), b.ravel()], axis=1) for a, b in pairs])
