"""The function that the task `regress` shows: where a computer is trained on it, and where it is judged."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError, ParameterError
from thermozoo_plugins.tasks.linear_files import read_numbers

__all__ = ["FUNCTIONS", "Curve", "curve_of", "function_named"]

Array = npt.NDArray[np.float64]

#: Functions by name, of x from -1 to 1 and a number of periods, which some have none of; values reach from -1 to 1.
FUNCTIONS: dict[str, Callable[[Array, float], Array]] = {
    "cosine": lambda x, periods: np.cos(np.pi * periods * x),
    "sine": lambda x, periods: np.sin(np.pi * periods * x),
    "parabola": lambda x, periods: 2 * x**2 - 1,
    "line": lambda x, periods: x,
}

#: Points of a file at least.
_LEAST = 8


@attrs.frozen(eq=False)
class Curve:
    """A function at inputs to train on and at others to be judged by.

    Parameters
    ----------
    inputs, values : ndarray, shape (inputs,)
        To train on, in the order of inputs.
    test_inputs, test_values : ndarray, shape (test inputs,)
        To be judged by, in the order of inputs.
    low, high : float
        Inputs that the input unit holds as -1 and 1.
    center, half : float
        The value of an output at 0, and how much further that of an output at `scale` is.
    """

    inputs: Array
    values: Array
    test_inputs: Array
    test_values: Array
    low: float
    high: float
    center: float
    half: float

    def held(self, inputs: Array) -> Array:
        """Return what the input unit holds, shape (inputs, 1)."""
        found: Array = (2 * (inputs - self.low) / (self.high - self.low) - 1)[:, None]
        return found

    def normal(self, values: Array) -> Array:
        """Return values as fractions of `half` from `center`."""
        found: Array = (values - self.center) / self.half
        return found

    def value(self, normal: Array) -> Array:
        """Return the values of such fractions."""
        found: Array = self.center + self.half * normal
        return found

    @property
    def best_constant(self) -> float:
        """Root-mean-square error of the best constant where the computer is judged."""
        return float(self.test_values.std())


def function_named(name: object) -> str:
    """Return the name of a function, or refuse it."""
    if not isinstance(name, str) or name not in FUNCTIONS:
        raise ParameterError(f"function must be one of {', '.join(map(repr, FUNCTIONS))}, got {name!r}")
    return name


def curve_of(function: str, periods: float, points: int, path: str, test: float, seed: int) -> Curve:
    """Return a function between -1 and 1, or the points of a file.

    Of a function, training inputs are evenly spaced, and it is judged in the middle between each two. Of a file, a
    share of the points that the seed chooses is kept to judge by.

    Raises
    ------
    DataError
        When the file cannot be read, or its points are no function that could be learned.
    """
    if path:
        return _from_file(path, test, seed)
    inputs = np.linspace(-1.0, 1.0, points)
    between = (inputs[1:] + inputs[:-1]) / 2
    of = FUNCTIONS[function]
    return Curve(inputs, of(inputs, periods), between, of(between, periods), -1.0, 1.0, 0.0, 1.0)


def _from_file(path: str, test: float, seed: int) -> Curve:
    table = read_numbers(path)
    if table.ndim != 2 or table.shape[1] != 2:
        raise DataError(
            f"{path} holds numbers of shape {table.shape}; expected two columns, an input and its value in each row"
        )
    if len(table) < _LEAST:
        raise DataError(f"{path} has {len(table)} points; expected {_LEAST} at least, some of them to judge by")
    with np.errstate(over="ignore"):  # which is what is looked for
        spans = table.max(axis=0) - table.min(axis=0)
    for name, span in zip(("inputs", "values"), spans, strict=True):
        if not (span > 0 and np.isfinite(span)):
            raise DataError(f"{path}: its {name} span {span:g}; expected several, a finite distance apart")
    kept = round(test * len(table))
    if not 0 < kept <= len(table) - 2:
        raise DataError(
            f"task.test: of {len(table)} points, a share of {test:g} leaves {kept} to be judged by and "
            f"{len(table) - kept} to train on; expected one and two at least"
        )
    order = np.random.default_rng((seed, 0)).permutation(len(table))
    judged, shown = (table[np.sort(part)] for part in (order[:kept], order[kept:]))
    judged, shown = (part[np.argsort(part[:, 0], kind="stable")] for part in (judged, shown))
    low, value_low = table.min(axis=0)
    high, value_high = table.max(axis=0)
    center, half = (value_high + value_low) / 2, (value_high - value_low) / 2
    return Curve(
        *(shown[:, 0], shown[:, 1], judged[:, 0], judged[:, 1]), float(low), float(high), float(center), float(half)
    )
