"""What a training method returns."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer

__all__ = ["Training"]


@attrs.frozen(eq=False, repr=False)
class Training:
    """A trained computer and how it came about.

    Parameters
    ----------
    computer : Computer
        The trained computer (of the last window, where there are several).
    method : str
        Name of the method.
    seconds : float
        Wall time.
    history : dict of str to ndarray
        Curves: ``trajectories`` with ``training`` and ``validation`` (loss per step), as far as the method has them.
    details : dict
        Figures of the method (iterations, residuals), JSON-able.
    windows : tuple of Computer
        The computers of time-dependent couplings in the order of generation; empty where there is one.
    """

    computer: Computer
    method: str
    seconds: float
    history: dict[str, npt.NDArray[np.floating[Any]]] = attrs.field(factory=dict)
    details: dict[str, Any] = attrs.field(factory=dict)
    windows: tuple[Computer, ...] = ()

    def __repr__(self) -> str:
        windows = f", {len(self.windows)} time windows" if self.windows else ""
        return f"Training ({self.method}{windows}, {self.seconds:.3g} s) of {self.computer}"
