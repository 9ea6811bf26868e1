"""Noising: what is imposed on uncoupled units, that they forget an image as it fades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, count, finite_array, instance, integer_array, number
from thermozoo.computer.computer import Computer
from thermozoo.computer.discrete import refuse_discrete
from thermozoo.computer.layout import Layout
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.intensity import intensity_of
from thermozoo.errors import ParameterError, ShapeError, TrainingError
from thermozoo.interfaces import Integrator, Objective, Protocol
from thermozoo.interfaces.tree import values_of
from thermozoo.training.loss import StepLoss

__all__ = [
    "Imposed",
    "Noising",
    "image_group",
    "intensity_bytes",
    "why_not_noised_by",
    "window_edges",
]

Array = npt.NDArray[np.floating[Any]]

#: Bytes of a time step: its time, its intensity, copies on their way.
_STEP = 6 * 8


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


def why_not_noised_by(integrator: Integrator) -> str | None:
    """Return None, or why noising by an integrator cannot be undone by training."""
    variables = ", ".join(type(integrator).variables)
    if not variables:
        return None
    return (
        f"training undoes noising by overdamped steps, whose loss is known; those of {integrator.name!r} have the "
        f"variables {variables} beside the state: train with an integrator without any, such as euler-maruyama, and "
        "simulate the trained computer with this one"
    )


def _bare(dynamics: Any) -> Dynamics:
    """Return a law of motion without couplings and biases, and check that it has a duration."""
    instance("dynamics", dynamics, Dynamics, "make one of a computer, an integrator, dt and steps")
    count("steps", dynamics.steps, at_least=1)
    refusal = why_not_noised_by(dynamics.integrator)
    if refusal is not None:
        raise ParameterError(refusal)
    first = dynamics.program.computers[0]
    for group, potential in first.onsite.potentials.items():
        if group not in first.layout.clamped and first.layout.sizes[group]:
            refuse_discrete(potential, "training, which undoes noising,")
    if first.onsite.amplitude != 1.0:
        raise TrainingError(
            f"the on-site energy of the computer is multiplied by {first.onsite.amplitude:g}, which training does not "
            "know of: scale the parameters of its potentials instead"
        )
    if dynamics.baths is not None:
        raise TrainingError(
            "training undoes noising at the temperature of the computer, but units have baths of their own: leave "
            "baths out"
        )
    if dynamics.driven is not None and dynamics.schedule is not None:
        raise TrainingError(
            f"a schedule drives {', '.join(map(repr, dynamics.schedule.targets))}, but noising is of the bare computer "
            "under the protocols of its signals, and training undoes it: leave the schedule out, and drive what "
            "generates"
        )
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


def window_edges(steps: int, windows: int) -> npt.NDArray[np.int64]:
    """Return the steps of noising at which time windows begin and end, shape (windows + 1,).

    Generation runs backwards through them: its edges are ``steps - window_edges(steps, windows)[::-1]``.
    """
    return np.linspace(0, count("steps", steps), count("windows", windows, at_least=1) + 1).round().astype(np.int64)


def intensity_bytes(steps: int, protocols: int = 1) -> int:
    """Return the bytes of the intensities of protocols at every step."""
    return _STEP * steps * protocols
