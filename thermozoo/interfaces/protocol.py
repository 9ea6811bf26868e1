"""The interface of a protocol: the intensity of an imposed signal over time."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from thermozoo.interfaces.plugin import Plugin

__all__ = ["Protocol"]


class Protocol(Plugin):
    """Intensity a(t) of an imposed signal: unit i feels the extra force +a(t) s_i, the energy -a(t) s_i x_i.

    The author writes `intensity`; kernels and work follow.
    """

    __slots__ = ()

    kind: ClassVar[str] = "protocol"

    @abc.abstractmethod
    def intensity(self, t: Any, duration: Any) -> Any:
        """Return a(t) [energy] as an expression of the time `t` and the protocol's `duration`, both symbols."""
