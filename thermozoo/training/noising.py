"""Noising: uncoupled units forget an image that is imposed on them and fades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import choice, count, finite_array, instance, positive
from thermozoo.computer.boltzmann import UnitBoltzmann, unit_boltzmann
from thermozoo.computer.computer import Computer
from thermozoo.computer.layout import Layout
from thermozoo.dynamics.engines import Drive, Dynamics, Engine, Stepper
from thermozoo.dynamics.failure import find_failure
from thermozoo.dynamics.noise import NoiseKey, normals, uniforms
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Integrator, Protocol
from thermozoo.training.intensity import intensity_of

__all__ = [
    "HIDDEN_SIGNALS",
    "NoisingProcess",
    "equilibria_bytes",
    "intensity_bytes",
    "noising_process",
    "signals_for",
    "window_edges",
]

Array = npt.NDArray[np.floating[Any]]

#: Bytes of equilibrium distributions that a process holds: those of four images of the paper set-up.
_HELD = 100 * 2**20

#: Bytes of the equilibrium distribution of a unit, and of a time step: its time, its intensity, copies on their way.
_DISTRIBUTION, _STEP = 20_000, 6 * 8

#: How the signal of units that show no image is made from the image.
HIDDEN_SIGNALS = ("projection", "crop")


def signals_for(computer: Computer, images: Array, hidden: str, seed: int) -> Array:
    """Return the signal s on every unit for each image.

    The image group (``visible``, or the first group that moves) receives the image. Every other group that moves
    receives either a fixed random projection of it with entries N(0, 1/Nv), or its middle pixels; clamped groups
    receive none.

    Parameters
    ----------
    computer : Computer
        The computer.
    images : ndarray, shape (images, Nv)
        Zero mean and unit variance each.
    hidden : str
        ``"projection"`` or ``"crop"``.
    seed : int
        Seed of the projection.

    Returns
    -------
    ndarray, shape (images, n)

    Raises
    ------
    ShapeError
        When the image group is clamped, the images do not have one pixel for each of its units, or a crop is larger
        than the image.
    """
    layout = instance("computer", computer, Computer, "assemble one").layout
    shown = image_group(computer)
    where = layout.slice(shown)
    if shown in layout.clamped:
        raise ShapeError(
            f"group {shown!r}, which shows the image, is clamped: its units cannot turn noise into an image; let "
            "them move, or call another group 'visible'"
        )
    images = finite_array("images", images, ("images", "pixels"), "one image is image.reshape(1, -1)")
    pixels = images.shape[1]
    if where.stop - where.start != pixels:
        raise ShapeError(
            f"the images have {pixels} pixels, but group {shown!r} has {where.stop - where.start} units: set "
            f"computer.units.{shown} = {pixels}, or take other images"
        )
    choice("hidden", hidden, HIDDEN_SIGNALS)
    signals = np.zeros((len(images), layout.n))
    signals[:, where] = images
    for g, group in enumerate(layout.groups):
        size = layout.sizes[group]
        if group == shown or group in layout.clamped or size == 0:
            continue
        if hidden == "projection":
            key = NoiseKey(seed).named("projection")
            matrix = normals(key, g, np.arange(size), pixels) / np.sqrt(pixels)
            signals[:, layout.slice(group)] = images @ matrix.T
        else:
            if size > pixels:
                raise ShapeError(
                    f"hidden = 'crop' takes the middle {size} pixels for group {group!r}, but an image has only "
                    f"{pixels}"
                )
            start = (pixels - size) // 2
            signals[:, layout.slice(group)] = images[:, start : start + size]
    return signals


def image_group(computer: Computer | Layout) -> str:
    """Return the group whose states are the image: ``visible``, or the first that moves."""
    layout = computer if isinstance(computer, Layout) else computer.layout
    if "visible" in layout.sizes:
        return "visible"
    return next((g for g in layout.groups if g not in layout.clamped), layout.groups[0])


@attrs.frozen(eq=False)
class NoisingProcess:
    r"""Uncoupled units under the force a(t) s: they start in equilibrium under a(0) s and relax as the signal fades.

    .. math:: dx_i = \mu \left(-U'(x_i) + a(t) s_i\right) dt + \sqrt{2 \mu k_B T}\, dW_i

    Parameters
    ----------
    dynamics : Dynamics
        Law of motion of the uncoupled computer.
    signals : ndarray, shape (images, n)
        s, one row an image.
    intensity : ndarray, shape (steps + 1,)
        The intensity in which units are prepared, then the intensity of every step.
    engine : Engine
        What advances the states.
    """

    dynamics: Dynamics
    signals: Array
    intensity: Array
    engine: Engine
    stepper: Stepper = attrs.field(init=False, repr=False)
    _held: dict[int, list[tuple[slice, UnitBoltzmann]]] = attrs.field(init=False, repr=False, factory=dict)

    @stepper.default
    def _stepper(self) -> Stepper:
        return self.engine.prepare(self.dynamics)

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.intensity) - 1

    def drive(self, which: npt.NDArray[np.int64]) -> Drive:
        """Return the drive of trajectories that show the given images."""
        return Drive(self.signals, np.asarray(which, dtype=np.int64), self.intensity)

    def prepare(self, key: NoiseKey, trajectories: npt.NDArray[np.int64], which: npt.NDArray[np.int64]) -> Array:
        """Return initial states in equilibrium under the first intensity, shape (B, n): exact Boltzmann samples.

        Clamped units are zero; their potential need not confine them.
        """
        n = self.dynamics.computer.n
        u = uniforms(key.preparation, 0, trajectories, n)
        x = np.zeros((len(trajectories), n), dtype=self.dynamics.dtype)
        for image in np.unique(which):
            rows = np.flatnonzero(which == image)
            for where, boltzmann in self._equilibrium(int(image)):
                x[rows, where] = boltzmann.quantile(u[rows, where])
        return x

    def _equilibrium(self, image: int) -> list[tuple[slice, UnitBoltzmann]]:
        if image in self._held:
            return self._held[image]
        computer = self.dynamics.one_computer
        made = [
            (where, unit_boltzmann(one, computer.temperature, self.intensity[0] * self.signals[image, where]))
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


def noising_process(
    computer: Computer,
    signals: Array,
    protocol: Protocol,
    *,
    integrator: Integrator,
    dt: float,
    steps: int,
    precision: str,
    engine: Engine,
) -> NoisingProcess:
    """Return the noising of a computer's units: step k feels a(k dt).

    Parameters
    ----------
    computer : Computer
        The computer; its couplings and biases are switched off.
    signals : ndarray, shape (images, n)
        s, one row an image; see `signals_for`.
    protocol : Protocol
        a(t).
    integrator : Integrator
        The scheme.
    dt : float
        Time step [time].
    steps : int
        Steps; the duration is `steps` times `dt`.
    precision : str
        Of the states, ``"single"`` or ``"double"``.
    engine : Engine
        What advances the states.
    """
    instance("computer", computer, Computer, "assemble one")
    instance("protocol", protocol, Protocol)
    signals = finite_array("signals", signals, ("images", computer.n), "see signals_for")
    steps, dt = count("steps", steps, at_least=1), positive("dt", dt)
    times = np.arange(steps) * dt
    values = intensity_of(protocol, steps * dt)(times)
    return NoisingProcess(
        dynamics=Dynamics(computer.bare(), integrator, dt, precision),
        signals=signals,
        intensity=np.concatenate([values[:1], values]),
        engine=engine,
    )


def equilibria_bytes(n: int, images: int) -> int:
    """Return about how many bytes a process holds of the equilibrium distributions of `n` units."""
    return min(_HELD, _DISTRIBUTION * n * images)


def intensity_bytes(steps: int, protocols: int = 1) -> int:
    """Return the bytes of the intensities of protocols at every step."""
    return _STEP * steps * protocols
