"""The interface of a protocol: the intensity of an imposed signal over time."""

from __future__ import annotations

import abc
from typing import Any

from thermozoo.interfaces.kind import Quantity
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Protocol"]


class Protocol(
    Plugin,
    kind="protocol",
    formula="intensity",
    written="a(t)",
    symbols=(
        Quantity("t", "time since the start", "nonnegative"),
        Quantity("duration", "when the protocol ends", "positive", "t_f"),
    ),
    table="noising",
    key="protocol",
):
    """Intensity a(t) of an imposed signal: unit i feels the extra force +a(t) s_i, the energy -a(t) s_i x_i.

    The author writes `intensity`; kernels and work follow.
    """

    __slots__ = ()

    @abc.abstractmethod
    def intensity(self, t: Any, duration: Any) -> Any:
        """Return a(t) [energy] as an expression of the time `t` and the protocol's `duration`, both symbols."""
