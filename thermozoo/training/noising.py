"""Noising: uncoupled units forget an image that is imposed on them and fades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, count, finite_array, instance, integer_array, number
from thermozoo.computer.boltzmann import UnitBoltzmann, unit_boltzmann
from thermozoo.computer.computer import Computer
from thermozoo.computer.layout import Layout
from thermozoo.dynamics.engines import Drive, Dynamics, Engine, Stepper
from thermozoo.dynamics.failure import find_failure
from thermozoo.dynamics.noise import NoiseKey, uniforms
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Objective, Protocol
from thermozoo.interfaces.tree import values_of
from thermozoo.training.intensity import intensity_of
from thermozoo.training.loss import StepLoss

__all__ = [
    "Imposed",
    "Noising",
    "NoisingProcess",
    "equilibria_bytes",
    "image_group",
    "intensity_bytes",
    "window_edges",
]

Array = npt.NDArray[np.floating[Any]]

#: Bytes of equilibrium distributions that a process holds: those of four images of the paper set-up.
_HELD = 100 * 2**20

#: Bytes of the equilibrium distribution of a unit, and of a time step: its time, its intensity, copies on their way.
_DISTRIBUTION, _STEP = 20_000, 6 * 8


def image_group(computer: Computer | Layout) -> str:
    """Return the group whose states are the image: ``visible``, or the first that moves."""
    layout = computer if isinstance(computer, Layout) else computer.layout
    if "visible" in layout.sizes:
        return "visible"
    return next((g for g in layout.groups if g not in layout.clamped), layout.groups[0])


@attrs.frozen(eq=False)
class Imposed:
    """A protocol and the units on which it imposes their signals.

    Parameters
    ----------
    protocol : Protocol
        a(t).
    units : ndarray of int, shape (U,)
        Which units.
    """

    protocol: Protocol = checked(instance, Protocol)
    units: npt.NDArray[np.int64] = checked(integer_array, ("units",))

    def __attrs_post_init__(self) -> None:
        several = next((name for name, value in values_of(self.protocol).items() if np.ndim(value)), None)
        if several is not None:
            raise ShapeError(
                f"protocol {self.protocol.name!r} has several values of {several}, and all units of one Imposed feel "
                "the same: make one for the units of each value, as encode_groups does"
            )


def _bare(dynamics: Any) -> Dynamics:
    """Return a law of motion without couplings and biases, and check that it has a duration."""
    instance("dynamics", dynamics, Dynamics, "make one of a computer, an integrator, dt and steps")
    count("steps", dynamics.steps, at_least=1)
    bare: Dynamics = attrs.evolve(dynamics, computer=dynamics.computer.bare())
    return bare


@attrs.frozen(eq=False)
class Noising:
    r"""What training undoes: uncoupled units under the force a(t) s, in whole time steps. It remembers nothing.

    .. math:: dx_i = \mu \left(-U'(x_i) + a(t) s_i\right) dt + \sqrt{2 \mu k_B T}\, dW_i

    Step k feels a(k dt). Clamped units feel nothing: their signal is the value that they hold.

    Parameters
    ----------
    dynamics : Dynamics
        Computer, integrator, time step, precision and steps; couplings and biases are switched off.
    signals : ndarray, shape (images, n)
        s, one row an image.
    protocols : tuple of Imposed
        The protocols, with every free unit in exactly one of them; see `of` for one of all.

    Attributes
    ----------
    intensities : ndarray, shape (protocols, steps + 1)
        The intensity in which units are prepared, then the intensity of every step [energy].
    protocol_of : ndarray of int, shape (n,)
        The protocol of each unit; zero on clamped units, which none drives.
    """

    dynamics: Dynamics = attrs.field(converter=_bare)
    signals: Array = attrs.field()
    protocols: tuple[Imposed, ...] = attrs.field()
    protocol_of: npt.NDArray[np.int64] = attrs.field(init=False, repr=False)
    intensities: Array = attrs.field(init=False, repr=False)

    @classmethod
    def of(cls, dynamics: Dynamics, signals: npt.ArrayLike, protocol: Protocol) -> Noising:
        """Return the noising whose free units all feel one protocol."""
        law = _bare(dynamics)
        given = finite_array("signals", signals, ("images", law.computer.n), "one value for each unit")
        return cls(law, given, (Imposed(protocol, np.flatnonzero(law.computer.layout.free)),))

    @protocol_of.default
    def _protocol_of(self) -> npt.NDArray[np.int64]:
        n, free = self.dynamics.computer.n, self.dynamics.computer.layout.free
        finite_array("signals", self.signals, ("images", n), "one value for each unit")
        result, times = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        for place, one in enumerate(self.protocols):
            units = integer_array("units", one.units, ("units",), at_most=n - 1)
            result[units] = place
            np.add.at(times, units, 1)
        wrong = np.flatnonzero(times != free)
        if wrong.size:
            unit = wrong[0]
            what = f"free unit {unit} is" if free[unit] else f"unit {unit} is clamped and"
            raise ShapeError(
                f"every free unit must be in exactly one protocol, and no clamped one in any: {what} in {times[unit]}"
            )
        return result

    @intensities.default
    def _intensities(self) -> Array:
        times = np.arange(self.steps) * self.dynamics.dt
        rows = [intensity_of(one.protocol, self.duration)(times) for one in self.protocols]
        return np.stack([np.concatenate([row[:1], row]) for row in rows])

    @property
    def steps(self) -> int:
        """Number of steps."""
        return self.dynamics.steps

    @property
    def duration(self) -> float:
        """How long it lasts [time]."""
        return self.dynamics.duration

    def loss(self, objective: Objective, weights: Mapping[str, float] | npt.ArrayLike | None = None) -> StepLoss:
        """Return the loss of its steps.

        Parameters
        ----------
        objective : Objective
            What it is of one unit.
        weights : mapping of str to float, or array_like of shape (n,), optional
            What units count, by group (those that are not named count one) or each; see `StepLoss`.
        """
        if isinstance(weights, Mapping):
            layout = self.dynamics.computer.layout
            by_group, weights = weights, np.ones(layout.n)
            for group, weight in by_group.items():
                weights[layout.slice(group)] = number(f"weight of group {group!r}", weight)
        loss = StepLoss(objective, self.dynamics.dt, weights)
        loss.check(self.dynamics)
        return loss


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
    stepper: Stepper = attrs.field(init=False, repr=False)
    _driving: Array = attrs.field(init=False, repr=False)
    _held: dict[int, list[tuple[slice, UnitBoltzmann]]] = attrs.field(init=False, repr=False, factory=dict)

    @steps.default
    def _all_steps(self) -> int:
        return self.noising.steps

    @stepper.default
    def _stepper(self) -> Stepper:
        return self.engine.prepare(self.dynamics)

    def __attrs_post_init__(self) -> None:
        count("steps", self.steps, at_least=1, at_most=self.noising.steps)

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
        x = self.prepare(key, trajectories, which)
        drive = self.drive(which)
        length = min(length, self.steps)
        buffer = np.empty((length + 1, *x.shape), dtype=x.dtype)
        for first in range(0, self.steps, length):
            steps = min(length, self.steps - first)
            buffer[0] = x
            # a blow-up overflows on its way to the non-finite state that is reported below
            with np.errstate(over="ignore", invalid="ignore"):
                self.stepper.advance(
                    x,
                    key=key,
                    first_step=first,
                    steps=steps,
                    trajectories=trajectories,
                    drive=drive,
                    record=buffer[1 : steps + 1],
                )
            if not np.isfinite(x).all():
                raise find_failure(self.dynamics, self.stepper, key, trajectories, drive, buffer[0], first, steps)
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


def window_edges(steps: int, windows: int) -> npt.NDArray[np.int64]:
    """Return the steps of noising at which time windows begin and end, shape (windows + 1,).

    Generation runs backwards through them: its edges are ``steps - window_edges(steps, windows)[::-1]``.
    """
    return np.linspace(0, count("steps", steps), count("windows", windows, at_least=1) + 1).round().astype(np.int64)


def equilibria_bytes(n: int, images: int) -> int:
    """Return about how many bytes a process holds of the equilibrium distributions of `n` units."""
    return min(_HELD, _DISTRIBUTION * n * images)


def intensity_bytes(steps: int, protocols: int = 1) -> int:
    """Return the bytes of the intensities of protocols at every step."""
    return _STEP * steps * protocols
