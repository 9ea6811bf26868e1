"""Units that are cut off."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from thermozoo import Imperfection, option, parameter
from thermozoo.interfaces import Random

__all__ = ["DeadUnits"]


def _groups(value: Any) -> tuple[str, ...]:
    """Return names of groups, also of a single one."""
    return (value,) if isinstance(value, str) else tuple(value)


@attrs.frozen
class DeadUnits(Imperfection):
    r"""A share of the units is dead: cut off from all others, and without a bias.

    .. math:: J_e \to 0 \text{ for } e \ni i, \qquad b_i \to 0, \qquad i \in D, \qquad |D| = \mathrm{round}(q N)

    with D the dead units, N the units of which they are drawn, all alike, q their share, J_e the strengths of all terms
    of the energy [energy] and b_i the biases [energy]. Patterns have the entry zero for dead units. A dead unit still
    moves, in its own potential, and is read: it shows heat. The dead units belong to the device: all windows of a
    program have the same.

    References
    ----------
    I. Koren and Z. Koren, Defect tolerance in VLSI circuits, Proc. IEEE 86, 1819 (1998).

    Examples
    --------
    >>> import thermozoo as tz
    >>> from thermozoo.dynamics.counter_random import CounterRandom
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> four = tz.assemble({"unit": 4}, tz.get("quartic"), tz.get("dense")).with_strengths_of("coupling", [1.0] * 6)
    >>> device = tz.get("dead-units", share=0.25).realise(four, CounterRandom(NoiseKey(1), 0))
    >>> int((device.strengths_of("coupling") == 0).sum())
    3
    """

    name = "dead-units"

    share: float = parameter(0.05, unit="1", at_least=0, at_most=1, doc="share of the units that are dead", symbol="q")
    of: tuple[str, ...] = option(
        (), converter=_groups, doc="groups of which dead units are drawn; none: all units that move"
    )

    def groups(self) -> tuple[str, ...]:
        """Return the groups of which it draws."""
        return self.of

    def realise(self, computer: Any, random: Random) -> Any:
        """Return the computer without the couplings and biases of dead units."""
        layout = computer.layout
        drawn = np.flatnonzero(layout.mask(self.of) if self.of else layout.free)
        count = round(self.share * drawn.size)
        order = np.argsort(random.uniform(1, computer.n)[0, drawn], kind="stable")
        dead = np.zeros(computer.n, dtype=bool)
        dead[drawn[order[:count]]] = True
        found = computer.with_strengths_of("bias", np.where(dead, 0.0, computer.biases))
        for name, term in {"coupling": computer.couplings, **computer.terms}.items():
            edges = getattr(term, "edges", None)
            # of patterns, row by row, as many entries as units
            cut = np.tile(dead[term.units], len(term.patterns)) if edges is None else dead[edges].any(axis=1)
            found = found.with_strengths_of(name, np.where(cut, 0.0, computer.strengths_of(name)))
        return found
