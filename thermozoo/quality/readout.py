"""How a computer would show an image that it had learned perfectly: the grain that makes comparisons fair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from thermozoo.quality.scaling import standardized

__all__ = ["Readout", "grain_of", "thermal_readout", "white_grain"]

Array = npt.NDArray[np.floating[Any]]

#: Images that a grain is estimated from at most, halvings of the interval that it lies in, and the most of an output's
#: variance that it can be: what is rougher than that shows no image to compare.
_LOOKED_AT, _HALVINGS, _MOST = 200, 16, 0.99

#: Forces and states of the table of quantiles, the normal values between which these are, and the exponent beyond which
#: a unit never is.
_FORCES, _STATES, _TAIL, _NEVER = 257, 257, 6.0, 40.0


def _unchanged(images: Array) -> Array:
    return images


@attrs.frozen
class Readout:
    """What becomes of a real image where a computer shows it.

    Parameters
    ----------
    response : callable
        What units show under a signal: takes signals (images, pixels) and a random generator, adds thermal grain.
    signal : callable, optional
        What is imposed for an image; the image itself unless given. Baselines are fitted to signals.
    """

    response: Callable[[Array, Generator], Array]
    signal: Callable[[Array], Array] = _unchanged

    def show(self, images: Array, random: Generator) -> Array:
        """Return images as the computer would show them."""
        return self.response(self.signal(images), random)


def white_grain(noise: float) -> Readout:
    """Return the readout that adds white noise of a standard deviation."""
    return Readout(lambda signals, random: signals + noise * random.standard_normal(signals.shape))


def thermal_readout(
    energy: Callable[[Array], Array],
    amplitude: float,
    temperature: float,
    signal: Callable[[Array], Array] = _unchanged,
) -> Readout:
    r"""Return the readout of units in equilibrium under a signal s, of density :math:`e^{-(U(x) - A s x)/k_BT}`.

    Parameters
    ----------
    energy : callable
        U(x) of a unit for an array of states, above every straight line far out [energy].
    amplitude : float
        A [energy].
    temperature : float
        k_BT [energy].
    signal : callable, optional
        What is imposed for an image; the image itself unless given.
    """

    def response(signals: Array, random: Generator) -> Array:
        from scipy.ndimage import map_coordinates

        low, high = float(signals.min()), float(signals.max())
        nodes = np.linspace(low, high if high > low else low + 1.0, _FORCES)
        quantiles = np.stack([_quantiles(energy, amplitude * s, temperature) for s in nodes])
        drawn = random.standard_normal(signals.shape)
        where = [(signals - low) / (nodes[1] - low), (drawn + _TAIL) * (_STATES - 1) / (2.0 * _TAIL)]
        shown: Array = map_coordinates(quantiles, where, order=1, mode="nearest")
        return shown

    return Readout(response, signal)


def _quantiles(energy: Callable[[Array], Array], force: float, temperature: float) -> Array:
    """Return the states of a unit below which it is as often as a normal variable is below each of its values."""
    from scipy.special import ndtr

    reach, exponent = 1.0, np.zeros(1)
    while exponent[[0, -1]].min() < _NEVER:
        reach *= 2.0
        x = np.linspace(-reach, reach, 16 * _STATES)
        exponent = (energy(x) - force * x) / temperature
        exponent = exponent - exponent.min()
    weights = np.exp(-exponent)
    below = np.cumsum(weights) - weights / 2.0  # half of its own cell is below a point
    quantiles: Array = np.interp(ndtr(np.linspace(-_TAIL, _TAIL, _STATES)), below / weights.sum(), x)
    return quantiles


def grain_of(outputs: Array, real: Array, shape: tuple[int, int]) -> float:
    """Return the white noise with which real images are as rough as outputs, both of zero mean and unit variance.

    Roughness is the median difference of neighboring pixels, to which edges of strokes count little.
    """
    target = _roughness(outputs[:_LOOKED_AT], shape)
    real = real[:_LOOKED_AT]
    drawn = np.random.default_rng(0).standard_normal(real.shape)

    def noise(share: float) -> float:
        return float(np.sqrt(share / (1.0 - share)))

    low, high = 0.0, _MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if _roughness(standardized(real + noise(middle) * drawn), shape) < target:
            low = middle
        else:
            high = middle
    return noise(low)


def _roughness(images: Array, shape: tuple[int, int]) -> float:
    square = images.reshape(-1, *shape)
    return float(np.median(np.abs(np.concatenate([np.diff(square, axis=axis).ravel() for axis in (1, 2)]))))
