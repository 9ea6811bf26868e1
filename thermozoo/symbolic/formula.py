"""A formula in symbols and the numbers put for them: the one place where the two meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.symbolic.codegen import array_function

__all__ = ["Bound", "Formula"]


@attrs.frozen
class Formula:
    """What a plugin's formula is written in; each kind names its other symbols beside these.

    Parameters
    ----------
    parameters : dict of str to Symbol
        Symbols of the plugin's own parameters, by their (dotted) names.
    """

    parameters: dict[str, sympy.Symbol]

    def bind(self, values: Mapping[str, Any], **constants: Any) -> Bound:
        """Put numbers for symbols.

        Parameters
        ----------
        values : dict of str to float or ndarray
            Of the plugin's parameters, by dotted name: a number, or one value per unit.
        **constants
            Of other symbols, by the name that the formula has for them: ``dt=0.01``.
        """
        numbers = {getattr(self, name): value for name, value in constants.items()}
        return Bound(numbers | {symbol: values[name] for name, symbol in self.parameters.items()})


@attrs.frozen(eq=False)
class Bound:
    """Symbols with their numbers.

    Parameters
    ----------
    numbers : dict of Symbol to float or ndarray
        The numbers; arrays broadcast.
    """

    numbers: dict[sympy.Symbol, Any]

    def function(
        self,
        name: str,
        arguments: Sequence[sympy.Symbol],
        *expressions: sympy.Expr,
        variable: sympy.Symbol | None = None,
    ) -> Callable[..., tuple[npt.NDArray[np.floating[Any]], ...]]:
        """Return expressions as a NumPy function of the symbols that have no number.

        See `thermozoo.symbolic.codegen.array_function`: it returns one array for each expression, of the data type of
        the first argument.
        """
        code = array_function(name, [*arguments, *self.numbers], expressions, variable)
        numbers = tuple(self.numbers.values())
        return lambda *given: code(*given, *numbers)
