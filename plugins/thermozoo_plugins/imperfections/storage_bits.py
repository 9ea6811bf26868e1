"""Strengths of few bits."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from thermozoo import Imperfection, option
from thermozoo.interfaces import Random
from thermozoo_plugins.imperfections.grid import bits_of_a_strength, on_grid

__all__ = ["StorageBits"]


@attrs.frozen
class StorageBits(Imperfection):
    r"""Strengths that are stored with few bits, on a uniform grid as wide as the largest of them.

    .. math:: J_e \to d\, \mathrm{round}(J_e / d), \qquad d = \frac{\max_e |J_e|}{2^{B-1} - 1}

    with J_e the strengths of a term of the energy [energy], d the step of the grid [energy] and B the bits. The grid
    has 2^B - 1 values from -max |J| to max |J|, zero among them, as signed integers have: with 2 bits they are
    -max |J|, 0 and max |J|. Of a program each window has a grid of its own, as wide as its largest strength.

    References
    ----------
    Wang and Deng, arXiv:2609.15439: 4 to 5 bits keep the heat of the paper set-up.

    Examples
    --------
    >>> import thermozoo as tz
    >>> three = tz.assemble({"unit": 3}, tz.get("quartic"), tz.get("dense"))
    >>> asked = three.with_strengths_of("coupling", [0.9, 0.4, -2.0])
    >>> tz.get("storage-bits", bits=3).realise(asked, None).strengths_of("coupling").tolist()
    [0.6666666666666666, 0.6666666666666666, -2.0]
    """

    name = "storage-bits"

    bits: int = option(5, doc="bits of a strength, its sign among them", converter=bits_of_a_strength)
    term: str = option("coupling", doc="the term of the energy whose strengths, or entries of patterns, are stored so")

    def terms(self) -> tuple[str, ...]:
        """Return the term."""
        return (self.term,)

    def realise(self, computer: Any, random: Random) -> Any:
        """Return the computer with its strengths on the grid."""
        strengths = computer.strengths_of(self.term)
        largest = float(np.abs(strengths).max(initial=0.0))
        if largest == 0:
            return computer
        return computer.with_strengths_of(self.term, on_grid(strengths, largest, self.bits))
