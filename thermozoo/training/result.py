"""What a training method returns."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program

__all__ = ["Training"]


@attrs.frozen(eq=False, repr=False)
class Training:
    """A trained computer and how it came about.

    Parameters
    ----------
    program : Program
        The trained computer, of one window or several.
    method : str
        Name of the method.
    seconds : float
        Wall time.
    history : dict of str to ndarray
        Curves: ``trajectories`` with ``training`` and ``validation`` (loss per step), as far as the method has them.
    details : dict
        Figures of the method (iterations, residuals), JSON-able.

    Attributes
    ----------
    computer : Computer
        The trained computer, of several windows that of the last one.
    """

    program: Program
    method: str
    seconds: float
    history: dict[str, npt.NDArray[np.floating[Any]]] = attrs.field(factory=dict)
    details: dict[str, Any] = attrs.field(factory=dict)

    @property
    def computer(self) -> Computer:
        """The trained computer, of several windows that of the last one."""
        return self.program.computers[-1]

    def __repr__(self) -> str:
        windows = f", {self.program.windows} time windows" if self.program.windows > 1 else ""
        return f"Training ({self.method}{windows}, {self.seconds:.3g} s) of {self.computer}"

    def _repr_html_(self) -> str:
        """Show the method and the windows in a notebook."""
        return f"<div>trained by {self.method} in {self.seconds:.3g} s{self.program._repr_html_()}</div>"
