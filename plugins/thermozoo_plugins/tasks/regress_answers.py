"""What shots at inputs say: errors of one and of the mean of all, with error bars by shots."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Answers", "Errors", "Watch", "shot_mean"]

Array = npt.NDArray[np.floating[Any]]


def shot_mean(of_shots: Array) -> tuple[float, float]:
    """Return the mean over shots, shape (shots,), and its standard error by their spread."""
    return float(of_shots.mean()), float(of_shots.std(ddof=1) / math.sqrt(len(of_shots)))


def _jackknife(without: Array) -> float:
    """Return a standard error from what is found without each of the shots."""
    count = len(without)
    return float(math.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum()))


@attrs.frozen
class Errors:
    r"""Root-mean-square errors over inputs.

    .. math:: \langle (x - f)^2 \rangle = \overline{(\langle x \rangle - f)^2} + \overline{\mathrm{Var}\, x}

    Parameters
    ----------
    one, one_se : float
        Of one shot, and its standard error: the root of the left-hand side.
    mean, mean_se : float
        Of the mean of the shots.
    bias : float or None
        Of the mean of infinitely many, the root of the first term, where shots are enough to tell it from zero.
    spread : float
        The root of the last term.
    """

    one: float
    one_se: float
    mean: float
    mean_se: float
    bias: float | None
    spread: float

    @classmethod
    def of(cls, answers: Array, known: Array) -> Errors:
        """Return the errors of answers, shape (inputs, shots), where the right ones are known, shape (inputs,)."""
        off = np.asarray(answers, dtype=np.float64) - known[:, None]
        shots = off.shape[1]
        mean = off.mean(axis=1, keepdims=True)
        squares = (off**2).mean(axis=0)
        one = np.sqrt((shots * squares.mean() - squares) / (shots - 1))
        rest = np.sqrt((((shots * mean - off) / (shots - 1)) ** 2).mean(axis=0))
        variance = float(off.var(axis=1, ddof=1).mean())
        of_mean = float((mean**2).mean())
        systematic = of_mean - variance / shots
        return cls(
            math.sqrt(float(squares.mean())),
            _jackknife(one),
            math.sqrt(of_mean),
            _jackknife(rest),
            math.sqrt(systematic) if systematic > 0 else None,
            math.sqrt(variance),
        )


@attrs.frozen(eq=False)
class Answers:
    """What came of the shots at test inputs.

    Parameters
    ----------
    values : ndarray, shape (inputs, shots)
        The answers.
    heat : ndarray, shape (inputs, shots)
        Heat of each shot [kT].
    errors : Errors
        How far they are off.
    """

    values: Array
    heat: Array
    errors: Errors

    def mean_heat(self) -> tuple[float, float]:
        """Return the mean heat of a shot, and its standard error: inputs are the same in all shots [kT]."""
        return shot_mean(self.heat.mean(axis=0))


class Watch:
    """Watches the output: errors at each observation.

    Parameters
    ----------
    place : int
        The output among the units.
    value : callable
        Returns the answers of states of the output.
    known : ndarray, shape (inputs,)
        The right answers; the shots at an input stand in a row.
    """

    def __init__(self, place: int, value: Any, known: Array) -> None:
        self._place, self._value, self._known = place, value, known
        self.start()

    def start(self) -> None:
        """Forget what an earlier simulation showed."""
        self.steps: list[int] = []
        self.errors: list[Errors] = []

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Look at the output."""
        self.steps.append(step)
        answers = self._value(np.asarray(x[:, self._place], dtype=np.float64)).reshape(len(self._known), -1)
        self.errors.append(Errors.of(answers, self._known))

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes are kept."""
        return 8 * 8 * observations
