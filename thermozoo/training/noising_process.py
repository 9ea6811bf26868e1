"""Trajectories of a noising: uncoupled units forget an image that is imposed on them and fades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.computer.boltzmann import UnitBoltzmann, unit_boltzmann
from thermozoo.dynamics.engines import BatchState, Drive, Dynamics, Engine
from thermozoo.dynamics.ensemble import Ensemble, EnsembleState
from thermozoo.dynamics.noise import NoiseKey, uniforms
from thermozoo.dynamics.windows import PreparedDynamics
from thermozoo.training.noising import Noising

__all__ = ["NoisingProcess", "equilibria_bytes"]

Array = npt.NDArray[np.floating[Any]]

#: Bytes of equilibrium distributions that a process holds: those of four images of the paper set-up.
_HELD = 100 * 2**20

#: Bytes of the equilibrium distribution of a unit.
_DISTRIBUTION = 20_000


@attrs.frozen(eq=False)
class NoisingProcess:
    """Trajectories of a noising: units start in equilibrium under a(0) s and relax as the signal fades.

    Parameters
    ----------
    noising : Noising
        What is done.
    engine : Engine
        What advances the states.
    steps : int
        How many of its steps are done; all of them by default.
    """

    noising: Noising
    engine: Engine
    steps: int = attrs.field()
    prepared: PreparedDynamics = attrs.field(init=False, repr=False)
    _driving: Array = attrs.field(init=False, repr=False)
    _held: dict[int, list[tuple[slice, UnitBoltzmann]]] = attrs.field(init=False, repr=False, factory=dict)

    @steps.default
    def _all_steps(self) -> int:
        return self.noising.steps

    @prepared.default
    def _prepared(self) -> PreparedDynamics:
        return PreparedDynamics(self.engine, self.dynamics)

    def __attrs_post_init__(self) -> None:
        count("steps", self.steps, at_least=1, at_most=self.noising.steps)
        self.prepared.at(0)

    @_driving.default
    def _signals_that_drive(self) -> Array:
        """Return the signals with none on clamped units: what they hold is no force."""
        signals, free = self.noising.signals, self.noising.dynamics.computer.layout.free
        return np.where(free, signals, 0.0) if signals[:, ~free].any() else signals

    @property
    def dynamics(self) -> Dynamics:
        """Law of motion of the uncoupled computer."""
        return self.noising.dynamics

    @property
    def signals(self) -> Array:
        """s, one row an image, shape (images, n)."""
        return self.noising.signals

    def drive(self, which: npt.NDArray[np.int64]) -> Drive:
        """Return the drive of trajectories that show the given images."""
        shown = np.asarray(which, dtype=np.int64)
        if len(self.noising.protocols) == 1:
            return Drive(self._driving, shown, self.noising.intensities[0])
        return Drive(self._driving, shown, self.noising.intensities, self.noising.protocol_of)

    def prepare(self, key: NoiseKey, trajectories: npt.NDArray[np.int64], which: npt.NDArray[np.int64]) -> Array:
        """Return initial states, shape (B, n): exact Boltzmann samples under the first intensity of each unit.

        Clamped units hold their signal; their potential need not confine them.
        """
        n, clamped = self.dynamics.computer.n, ~self.dynamics.computer.layout.free
        u = uniforms(key.preparation, 0, trajectories, n)
        x = np.zeros((len(trajectories), n), dtype=self.dynamics.dtype)
        x[:, clamped] = self.signals[which][:, clamped]
        for image in np.unique(which):
            rows = np.flatnonzero(which == image)
            for where, boltzmann in self._equilibrium(int(image)):
                x[rows, where] = boltzmann.quantile(u[rows, where])
        return x

    def _equilibrium(self, image: int) -> list[tuple[slice, UnitBoltzmann]]:
        if image in self._held:
            return self._held[image]
        computer = self.dynamics.one_computer
        force = self.noising.intensities[self.noising.protocol_of, 0] * self.signals[image]
        made = [
            (where, unit_boltzmann(one, computer.temperature, force[where]))
            for where, one in computer.onsite.parts()
            if computer.layout.free[where.start]
        ]
        # images come in turn: the first ones that fit stay, where the latest would be dropped just before they are due
        if sum(b.nbytes for held in (*self._held.values(), made) for _, b in held) <= _HELD:
            self._held[image] = made
        return made

    def stretches(
        self,
        key: NoiseKey,
        trajectories: npt.NDArray[np.int64],
        which: npt.NDArray[np.int64],
        length: int = 128,
    ) -> Iterator[tuple[int, Array]]:
        """Yield (first step, states) of stretches that cover the noising, so that no trajectory is ever stored whole.

        Parameters
        ----------
        key : NoiseKey
            Seed and stream.
        trajectories : ndarray of int, shape (B,)
            Numbers of the trajectories.
        which : ndarray of int, shape (B,)
            The image of each.
        length : int
            Steps a stretch.

        Yields
        ------
        int, ndarray of shape (steps of the stretch + 1, B, n)
            States before the first step of the stretch and after each of its steps. The array is reused.

        Raises
        ------
        NonFiniteError
            At the first non-finite state; see `thermozoo.dynamics.simulate.simulate`.
        """
        yield from self.stretches_of(self.ensemble(key, trajectories, which, length), length)

    def ensemble(
        self,
        key: NoiseKey,
        trajectories: npt.NDArray[np.int64],
        which: npt.NDArray[np.int64],
        length: int = 128,
        begin: EnsembleState | None = None,
    ) -> Ensemble:
        """Return trajectories at their beginning, or where they go on; for the parameters see `stretches`."""
        start = begin or BatchState(self.prepare(key, trajectories, which), key, trajectories)
        return Ensemble(self.prepared, start, self.drive(which), working=False, stretch=min(length, self.steps))

    def stretches_of(self, ensemble: Ensemble, length: int = 128) -> Iterator[tuple[int, Array]]:
        """Yield the stretches that are left of trajectories under way; see `stretches`."""
        length, x = min(length, self.steps), ensemble.states()
        buffer = np.empty((length + 1, *x.shape), dtype=x.dtype)
        buffer[length] = x
        for first in range(ensemble.step, self.steps, length):
            steps = min(length, self.steps - first)
            buffer[0] = buffer[length]
            ensemble.advance(steps, record=buffer[1 : steps + 1])
            yield first, buffer[: steps + 1]

    def frames(self, key: NoiseKey, trajectory: int, image: int, steps: Iterable[int]) -> Array:
        """Return the states of one trajectory before the given steps, shape (steps, n); the others are not kept."""
        wanted = np.asarray(list(steps))
        found: dict[int, Array] = {}
        for first, states in self.stretches(key, np.array([trajectory]), np.array([image])):
            found |= {k: states[k - first, 0].copy() for k in wanted.tolist() if 0 <= k - first < len(states)}
        return np.stack([found[k] for k in wanted.tolist()])

    def trajectory(self, key: NoiseKey, trajectories: npt.NDArray[np.int64], which: npt.NDArray[np.int64]) -> Array:
        """Return whole noising trajectories, shape (steps + 1, B, n)."""
        (_, states), *_ = self.stretches(key, trajectories, which, length=self.steps)
        return states


def equilibria_bytes(n: int, images: int) -> int:
    """Return about how many bytes a process holds of the equilibrium distributions of `n` units."""
    return min(_HELD, _DISTRIBUTION * n * images)
