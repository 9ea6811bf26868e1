"""Contrastive learning of a Boltzmann machine: states that show the data, states of the model, and what moves between.

Both are advanced by the law of motion of the computer; nothing here knows whether its units are discrete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["DATA", "MODEL", "START", "VISIBLE", "Learner", "Watch", "begun", "moments", "shown_by"]

Array = npt.NDArray[np.floating[Any]]

#: The group whose units show an image.
VISIBLE = "visible"

#: Numbers of the noise: of states of the data, of the model, and of uncoupled units.
DATA, MODEL, START = 0, 1, 2

#: Called with states, steps, the number of the noise, the law of motion and the first step: returns the last states.
Advance = Callable[[Array, int, int, Any, int], Array]

#: Standard deviation of couplings before the first update [kT]: hidden units that are alike would stay so.
_SPREAD = 0.01


def shown_by(images: Array, discrete: bool, amplitude: float) -> Array:
    """Return the states of visible units that show images of shape (images, pixels).

    Of p-bits: 1 where a pixel is brighter than half-way between the darkest and the brightest of its image, else -1. Of
    continuous units: the image, of zero mean and unit variance, times an amplitude.
    """
    if not discrete:
        return amplitude * images
    middle = (images.min(axis=1, keepdims=True) + images.max(axis=1, keepdims=True)) / 2
    return np.where(images > middle, 1.0, -1.0)


def begun(computer: Any, shown: Array, random: np.random.Generator) -> Any:
    r"""Return the computer before the first update: small couplings, biases by which uncoupled units show the mean.

    Of p-bits the bias is :math:`-k_B T\, \mathrm{artanh}(m)` with m the mean by Laplace's rule of succession, one image
    of each kind more than there are; of continuous units minus the slope of their energy at the mean.

    Parameters
    ----------
    computer : Computer
        One with the group ``visible``.
    shown : ndarray, shape (images, visible)
        States that show the images.
    random : Generator
        Draws the couplings.
    """
    kT, where = computer.temperature, computer.layout.slice(VISIBLE)
    computer = attrs.evolve(computer, biases=np.zeros(computer.n))
    start = np.zeros(computer.n)
    if computer.onsite.potentials[VISIBLE].states is not None:
        field = computer.onsite.gradient(start)[where]  # of the potential, linear in the state
        start[where] = -kT * np.arctanh(shown.sum(axis=0) / (len(shown) + 2)) - field
    else:
        start[where] = shown.mean(axis=0)
        start[where] = -computer.onsite.gradient(start)[where]
    couplings = computer.couplings.with_vector(_SPREAD * kT * random.standard_normal(computer.couplings.size))
    return attrs.evolve(computer, couplings=couplings, biases=start)


def moments(computer: Any, x: Array) -> Array:
    """Return the means of dV/dtheta over states: of x_i x_j for couplings, of x_i for trainable biases.

    Parameters
    ----------
    computer : Computer
        Whose couplings are bilinear.
    x : ndarray, shape (states, n)
        States.
    """
    x = np.asarray(x, dtype=np.float64)
    pairs = computer.couplings.contract(x, x) / (2 * len(x))
    return np.concatenate([pairs, x.mean(axis=0)[computer.trainable_biases]])


@attrs.define(eq=False)
class Learner:
    """A machine that learns.

    Parameters
    ----------
    dynamics : Dynamics
        The law of motion, with the computer as it is now.
    weights : (float, float)
        What means over the data and over the model are weighted by, of the objective [1 / energy].
    shown : ndarray, shape (images, visible)
        States that show the images.
    model : ndarray, shape (chains, n)
        States of the model.
    advance : callable
        Advances states.
    random : Generator
        Draws the images of an update, and hidden units before the first.
    rate : float
        Learning rate [energy squared].
    batch : int
        Images of an update.
    data_steps, model_steps : int
        Time steps of an update with visible units clamped to images, and with all units free.
    persistent : bool
        Whether chains of the model go on where they were, instead of beginning at the data.
    store : callable
        Returns what is kept of the parameters that an update writes (default: all).

    Attributes
    ----------
    gaps : list of float
        Root mean square of the difference of both means of dV/dtheta, at each update.
    """

    dynamics: Any
    weights: tuple[float, float]
    shown: Array
    model: Array
    advance: Advance
    random: np.random.Generator
    rate: float
    batch: int
    data_steps: int
    model_steps: int
    persistent: bool
    store: Callable[[Array], Array] = lambda values: values
    gaps: list[float] = attrs.field(factory=list)
    _data: Array = attrs.field(init=False)

    @_data.default
    def _show(self) -> Array:
        """Return states whose visible units show the images; hidden ones are as in states of the model."""
        found = np.asarray(self.model)[self.random.integers(len(self.model), size=len(self.shown))].astype(np.float64)
        found[:, self.dynamics.computer.layout.slice(VISIBLE)] = self.shown
        return found

    def checkpoint(self) -> dict[str, Any]:
        """Return all that updates have changed, as a value that shares nothing with it."""
        return {
            "parameters": self.dynamics.computer.parameters,
            "model": np.array(self.model),
            "data": self._data.copy(),
            "gaps": np.array(self.gaps),
            "random": self.random.bit_generator.state,
        }

    def restore(self, value: Mapping[str, Any]) -> None:
        """Go on from what `checkpoint` of a machine that was made alike returned."""
        computer = self.dynamics.computer.with_parameters(value["parameters"])
        self.dynamics = attrs.evolve(self.dynamics, computer=computer)
        self.model, self._data, self.gaps = value["model"], value["data"], value["gaps"].tolist()
        self.random.bit_generator.state = value["random"]

    def update(self) -> None:
        """Relax both kinds of states, and change couplings and biases by the difference of their means."""
        free, done = self.dynamics, len(self.gaps)
        clamped = attrs.evolve(free, computer=free.computer.clamping([VISIBLE]))
        images = len(self.shown)
        rows = np.sort(self.random.permutation(images)[: self.batch]) if self.batch < images else np.arange(images)
        data = self._data[rows]
        if clamped.computer.layout.free.any():  # a machine without hidden units has nothing to relax
            data = self.advance(data, self.data_steps, DATA, clamped, done * self.data_steps)
        self._data[rows] = data
        start = self.model if self.persistent else data
        self.model = self.advance(start, self.model_steps, MODEL, free, done * self.model_steps)
        by_data, by_model = self.weights
        of_data, of_model = moments(free.computer, data), moments(free.computer, self.model)
        self.gaps.append(float(np.sqrt(np.mean((of_data - of_model) ** 2))))
        change = self.rate * (by_data * of_data + by_model * of_model)
        computer = free.computer.with_parameters(self.store(free.computer.parameters - change))
        self.dynamics = attrs.evolve(free, computer=computer)


class Watch:
    """Observes energy and resemblance with images of all chains, and keeps a trace of both.

    Parameters
    ----------
    energy : callable
        Returns the energy of states [kT], shape (chains,).
    resemblance : callable
        Returns the correlation of states with images, shape (chains, images).
    trace : Trace
        Keeps what is seen.
    """

    def __init__(self, energy: Callable[[Array], Array], resemblance: Callable[[Array], Array], trace: Any) -> None:
        self.energy, self.resemblance, self.trace = energy, resemblance, trace
        self.first: Array | None = None
        self.last: Array | None = None

    def start(self) -> None:
        """Do nothing: one watch observes one simulation."""

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Add an observation, the first one, before any step, as well."""
        x = x.astype(np.float64)
        seen = self.resemblance(x)
        self.first = seen if self.first is None else self.first
        self.last = seen
        self.trace.add(np.concatenate([self.energy(x)[:, None], seen], axis=1))

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes the trace takes."""
        return 8 * trajectories * min(observations, 2000) * 17
