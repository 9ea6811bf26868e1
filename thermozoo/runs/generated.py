"""What a trained computer generated, and how parts of it are put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.variables import Variables
from thermozoo.thermodynamics.heat import HeatLedger

__all__ = ["SHOWN", "Generated", "joined"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]

#: Trajectories whose states are kept at every observation.
SHOWN = 3


@attrs.frozen(eq=False)
class Generated:
    """What a trained computer generated.

    Parameters
    ----------
    start : ndarray, shape (samples, n)
        States in equilibrium, before the parameters were switched on: what the untrained computer shows at any time.
    final : ndarray, shape (samples, n)
        States at the end.
    shown : ndarray, shape (observations, trajectories, n)
        States of the first trajectories over time.
    times : ndarray, shape (observations,)
        Times of the observations, from the moment the parameters were switched on [time].
    ledger : HeatLedger
        Heat by term, from that moment [energy].
    window_heat, window_work : ndarray, shape (windows, samples)
        Heat released in each window, and work of switching to it; that of switching the parameters on is not counted
        [energy].
    equilibration : int
        Steps of equilibration from x = 0; 0 where the states before generation are exact samples.
    condition : ndarray of int, shape (samples,), optional
        What was asked of each sample.
    variables : dict of str to ndarray, shape (samples, n)
        Variables of the integrator beside the states, such as velocities, at the end.
    """

    start: Array
    final: Array
    shown: Array
    times: Array
    ledger: HeatLedger
    window_heat: Array
    window_work: Array
    equilibration: int = 0
    condition: Indices | None = None
    variables: Variables = attrs.field(factory=dict)

    def read_by(self, read: Callable[[Array], Array]) -> Generated:
        """Return what a device reads of the states; its heat was released by the states themselves."""
        return attrs.evolve(self, start=read(self.start), final=read(self.final), shown=read(self.shown))


def joined(parts: Sequence[Generated], numbers: Sequence[Indices]) -> Generated:
    """Return samples that were generated in parts, in the order of their numbers; nothing is asked of them.

    Parameters
    ----------
    parts : sequence of Generated
        The parts.
    numbers : sequence of ndarray of int
        The numbers of the samples of each.
    """
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.concatenate(numbers))
    order_shown = np.argsort(np.concatenate([one[one < SHOWN] for one in numbers]))

    def merged(arrays: list[Array], axis: int) -> Array:
        return np.take(np.concatenate(arrays, axis=axis), order, axis=axis)

    def booked(books: list[Mapping[str, Array]]) -> dict[str, Array]:
        return {name: merged([book[name] for book in books], 1) for name in books[0]}

    return Generated(
        start=merged([one.start for one in parts], 0),
        final=merged([one.final for one in parts], 0),
        shown=np.concatenate([one.shown for one in parts], axis=1)[:, order_shown],
        times=parts[0].times,
        ledger=HeatLedger(booked([one.ledger.terms for one in parts]), booked([one.ledger.work for one in parts])),
        window_heat=merged([one.window_heat for one in parts], 1),
        window_work=merged([one.window_work for one in parts], 1),
        equilibration=parts[0].equilibration,
        variables={name: merged([one.variables[name] for one in parts], 0) for name in parts[0].variables},
    )
