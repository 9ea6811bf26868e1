"""Strengths that are not quite those that were asked for."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Imperfection, option, parameter
from thermozoo.interfaces import Random

__all__ = ["Mismatch"]


@attrs.frozen
class Mismatch(Imperfection):
    r"""Elements that differ from one another: each strength is off by a factor of its own.

    .. math:: J_e \to (1 + \sigma z_e)\, J_e, \qquad z_e \sim N(0, 1)

    with J_e the strengths of a term of the energy [energy] and sigma their relative spread. The factors belong to the
    device: all windows of a program have the same.

    References
    ----------
    M. J. M. Pelgrom, A. C. J. Duinmaijer and A. P. G. Welbers, Matching properties of MOS transistors, IEEE J.
    Solid-State Circuits 24, 1433 (1989).

    Examples
    --------
    >>> import thermozoo as tz
    >>> from thermozoo.dynamics.counter_random import CounterRandom
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> pair = tz.assemble({"unit": 2}, tz.get("quartic"), tz.get("dense")).with_strengths_of("coupling", [2.0])
    >>> device = tz.get("mismatch", sigma=0.1).realise(pair, CounterRandom(NoiseKey(1), 0))
    >>> bool(1.0 < device.strengths_of("coupling")[0] < 3.0)
    True
    """

    name = "mismatch"

    sigma: float = parameter(
        0.05, unit="1", at_least=0, at_most=1e3, doc="relative spread of the strengths", symbol=r"\sigma"
    )
    term: str = option("coupling", doc="the term of the energy whose strengths, or entries of patterns, are off")

    def terms(self) -> tuple[str, ...]:
        """Return the term."""
        return (self.term,)

    def realise(self, computer: Any, random: Random) -> Any:
        """Return the computer with strengths that are off."""
        strengths = computer.strengths_of(self.term)
        factors = 1.0 + self.sigma * random.normal(1, max(1, strengths.size))[0, : strengths.size]
        return computer.with_strengths_of(self.term, factors * strengths)
