"""The digital teacher of the task `regress`: what the responses of hidden units add up to, by least squares."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.mean_force import MeanForce

__all__ = ["Teacher", "fitted_teacher"]

Array = npt.NDArray[np.float64]

#: States below it need the force of this one: the mean force at 0 is a limit.
_SMALL = 1e-6


@attrs.frozen(eq=False)
class Teacher:
    r"""Hidden units with thresholds, and an output that they push.

    .. math:: a_k = F^{-1}(g\,(s - t_k)), \qquad a = F^{-1}\Big(\sum_k w_k a_k + c\Big)

    with s what the input unit holds, and F the mean force that takes a unit to a in a straight line
    (`thermozoo_plugins.tasks.mean_force`): a unit ends where a force takes it.

    Parameters
    ----------
    gain : float
        The slope g of the force on hidden units [energy].
    thresholds, weights : ndarray, shape (hidden,)
        t and w.
    constant : float
        c [energy].
    hidden, output : MeanForce
        F of a hidden unit, and of the output.
    """

    gain: float
    thresholds: Array
    weights: Array
    constant: float
    hidden: MeanForce
    output: MeanForce

    def targets(self, held: Array) -> Array:
        """Return where hidden units and the output end, shape (inputs, hidden + 1), as the input unit holds `held`."""
        places = _responses(held, self.thresholds, self.gain, self.hidden)
        return np.hstack([places, self.output.inverse(places @ self.weights + self.constant)[:, None]])


def _responses(held: Array, thresholds: Array, gain: float, force: MeanForce) -> Array:
    return force.inverse(gain * (held - thresholds))


def fitted_teacher(
    held: Array,
    ends: Array,
    *,
    units: int,
    gain: float,
    reach: float,
    decay: float,
    hidden: MeanForce,
    output: MeanForce,
) -> Teacher:
    """Return the teacher whose output is pushed as it should be, by least squares.

    Parameters
    ----------
    held : ndarray, shape (inputs, 1)
        What the input unit holds.
    ends : ndarray, shape (inputs,)
        Where the output should end.
    units : int
        Hidden units; their thresholds are evenly spaced.
    gain, reach : float
        Slope of the force on hidden units, and where the outermost thresholds are.
    decay : float
        Weight of the squared weights.
    hidden, output : MeanForce
        Of a hidden unit, and of the output.
    """
    thresholds = np.linspace(-reach, reach, units) if units > 1 else np.zeros(1)
    places = _responses(held, thresholds, gain, hidden)
    pushes = output(np.where(np.abs(ends) < _SMALL, _SMALL, ends))
    center, mean = places.mean(axis=0), float(pushes.mean())
    rows = np.vstack([places - center, np.sqrt(decay * len(held)) * np.eye(units)])
    weights = np.linalg.lstsq(rows, np.concatenate([pushes - mean, np.zeros(units)]), rcond=None)[0]
    return Teacher(gain, thresholds, weights, mean - float(center @ weights), hidden, output)
