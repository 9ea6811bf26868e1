"""The interface of a protocol: how what is driven changes in time."""

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
    written="c(t)",
    symbols=(
        Quantity("t", "time since the start", "nonnegative"),
        Quantity("duration", "when the protocol ends", "positive", "t_f"),
    ),
    table="noising",
    key="protocol",
):
    """How anything that may be driven changes in time, c(t).

    Of an imposed signal it is the intensity a(t) [energy]: unit i feels the extra force +a(t) s_i, the energy
    -a(t) s_i x_i. Of a schedule it is a temperature [energy], the factor of a term of the energy [1], or a parameter of
    a potential [the parameter's unit]. The author writes `intensity`; kernels and work follow.
    """

    __slots__ = ()

    @abc.abstractmethod
    def intensity(self, t: Any, duration: Any) -> Any:
        """Return c(t) as an expression of the time `t` and the protocol's `duration`, both symbols."""
