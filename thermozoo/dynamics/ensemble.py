"""Trajectories under way by a whole law of motion: its windows switch, its values are driven, its work is booked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines import Batch, BatchState, Drive
from thermozoo.dynamics.engines.batch import STRETCH, Resting
from thermozoo.dynamics.failure import find_failure
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.variables import Variables, kinetic_terms
from thermozoo.dynamics.windows import PreparedDynamics, Switch
from thermozoo.dynamics.work import DrivenWork, booked_terms, recorded_together

__all__ = ["Ensemble", "EnsembleState", "steps_unchecked"]

Array = npt.NDArray[np.floating[Any]]

#: Numbers of all trajectories and units that may be updated between two looks for a non-finite state, where nobody
#: looks at the states; of many, so many steps as a stretch has are always done.
_UNCHECKED = 2**15


def steps_unchecked(trajectories: int, units: int) -> int:
    """Return how many steps are done between two looks: many of few numbers, so that to look costs little."""
    return max(STRETCH, _UNCHECKED // max(1, trajectories * units))


@attrs.frozen(eq=False)
class EnsembleState:
    """All that an ensemble is beside its law of motion and its drive: one that begins from it goes on bit for bit.

    Parameters
    ----------
    batch : BatchState
        States, variables, noise, and the work of the drive.
    switches : tuple of Switch
        The switches of a program's windows on the way, in order.
    noted : mapping of int to mapping of str to ndarray, shape (B,)
        Work of driven values by term before each step at which it was noted, the next one among them [energy].
    """

    batch: BatchState
    switches: tuple[Switch, ...] = ()
    noted: Mapping[int, Mapping[str, Array]] = attrs.field(factory=dict)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return arrays of numbers alone, by name, as a file keeps them."""
        terms = self.switches[0].before if self.switches else {}
        driven = next(iter(self.noted.values()), {})
        return {
            **self.batch.to_arrays(),
            "switch_steps": np.array([one.step for one in self.switches], np.int64),
            **{f"before.{name}": np.stack([one.before[name] for one in self.switches]) for name in terms},
            **{f"after.{name}": np.stack([one.after[name] for one in self.switches]) for name in terms},
            "noted_steps": np.array(list(self.noted), np.int64),
            **{f"noted.{name}": np.stack([sums[name] for sums in self.noted.values()]) for name in driven},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> EnsembleState:
        """Return the state of arrays that `to_arrays` returned; other arrays may lie beside them."""

        def of(kind: str, row: int) -> dict[str, Array]:
            return {name.removeprefix(kind): one[row] for name, one in arrays.items() if name.startswith(kind)}

        switches = enumerate(arrays["switch_steps"].tolist())
        return cls(
            BatchState.from_arrays(arrays),
            tuple(Switch(step, of("before.", row), of("after.", row)) for row, step in switches),
            {step: of("noted.", row) for row, step in enumerate(arrays["noted_steps"].tolist())},
        )

    def check(self, key: NoiseKey, trajectories: npt.ArrayLike, units: int, first: int, last: int) -> None:
        """Refuse what does not lie on the way of these trajectories: it was read from a file.

        Raises
        ------
        ValueError
            When its noise, trajectories or units are others, or it is not between these steps.
        """
        batch, shape = self.batch, (np.size(trajectories), units)
        if batch.x.dtype.kind != "f" or batch.x.shape != shape:
            raise ValueError(f"states are {batch.x.dtype} of shape {batch.x.shape}, expected numbers of {shape}")
        if batch.key != key or not np.array_equal(batch.trajectories, trajectories):
            raise ValueError("its noise is that of other trajectories")
        if not first <= batch.step <= last:
            raise ValueError(f"it is at step {batch.step}, expected {first} to {last}")


class Ensemble:
    """Trajectories under way by the law of motion of a computer or a program.

    States stay where the engine works on them, from one call to the next and, where its windows lay them out alike,
    from one window to the next; rows are copied out when somebody asks for them.

    Parameters
    ----------
    prepared : PreparedDynamics
        The law of motion, and the engine that does its steps.
    start : BatchState or EnsembleState
        Where it begins, or goes on.
    drive : Drive, optional
        Imposed signal.
    working : bool
        Whether the drive's work is wanted.
    stretch : int
        How many steps will be done at a time, about: nothing but speed depends on it.

    Attributes
    ----------
    switches : list of Switch
        The switches on the way, in order.
    driven : DrivenWork or None
        Work of driven values, and of a force that has no energy, by term.
    """

    def __init__(
        self,
        prepared: PreparedDynamics,
        start: BatchState | EnsembleState,
        drive: Drive | None = None,
        *,
        working: bool = True,
        stretch: int = STRETCH,
    ) -> None:
        given = start if isinstance(start, EnsembleState) else EnsembleState(start)
        dynamics, first = prepared.dynamics, given.batch
        self.dynamics, self.engine = dynamics, prepared.engine.name
        self._prepared, self._drive = prepared, drive
        self._how: dict[str, Any] = {"working": working, "stretch": stretch}
        self.switches = list(given.switches)
        self._unchecked = steps_unchecked(*first.x.shape)
        booked = dynamics.driven is not None or booked_terms(dynamics)
        self.driven = DrivenWork(dynamics, len(first.x)) if booked else None
        if self.driven is not None and given.noted:
            self.driven.take(given.noted, first.step)
        self._begin(first, first.step)

    @property
    def step(self) -> int:
        """Number of the next step."""
        return self._batch.step

    @property
    def work(self) -> npt.NDArray[np.float64]:
        """Work of the drive, of switching, driven values and a force that has no energy, shape (B,) [energy]."""
        total = self._batch.work.copy()
        for switch in self.switches:
            total += switch.work
        return total if self.driven is None else total + sum(self.driven.sums.values())

    def states(self) -> Array:
        """Return a copy of the states before the next step, shape (B, n)."""
        return self._batch.states()

    def variables(self) -> Variables:
        """Return copies of the auxiliary variables before the next step, each of shape (B, n)."""
        return self._batch.variables()

    def state(self) -> EnsembleState:
        """Return its whole state, which shares nothing with it."""
        noted = {} if self.driven is None else {**self.driven.noted, self.step: self.driven.sums_now()}
        return EnsembleState(self._batch.state(), tuple(self.switches), noted)

    def note_work(self) -> None:
        """Keep the work of driven values so far, for who observes the energy now."""
        if self.driven is not None:
            self.driven.note(self.step)

    def advance(
        self,
        steps: int,
        record: Array | None = None,
        progress: Callable[[int], None] | None = None,
        pause: Callable[[], None] | None = None,
    ) -> None:
        """Do steps.

        A switch at the end of a step belongs to it, and is booked here; what is driven changes when a step begins.

        Parameters
        ----------
        steps : int
            How many.
        record : ndarray, shape (steps, B, n), optional
            Receives the states after each of them.
        progress : callable, optional
            Called with the number of steps done since its last call.
        pause : callable, optional
            Called now and then between two steps, when all is booked that was done: its state may be taken.

        Raises
        ------
        NonFiniteError
            At the first non-finite state; it names trajectory, unit, step, state, force terms and the largest stable
            dt.
        ParameterError
            When a program ends before the last step, or noise cannot count the steps.
        """
        first, stop = self.step, self.step + steps
        due = self.dynamics.program.switches(first, stop, self.dynamics.steps)
        while self.step < stop:
            here = self.step
            self._take_window()
            switch = next((step for step in due if step > here), stop)
            end = min(stop, self._checked.step + self._unchecked, switch)
            self._do(end - here, None if record is None else record[here - first : end - first])
            self._check()
            if progress is not None:
                progress(end - here)
            if end in due:
                self._switch(*due[end])
            if pause is not None:
                pause()

    def _take_window(self) -> None:
        """Go on by the law of the window that acts in the next step."""
        step, acts = self.step, self._prepared.computer(self.step)
        if acts is self._acts:
            return
        resting = self._batch.rest()
        del self._batch, self._checked  # their law goes before the next one is made
        self._begin(resting, step)

    def _begin(self, start: Resting, step: int) -> None:
        self._acts = self._prepared.computer(step)
        self._batch: Batch = self._prepared.at(step).begin(start, self._drive, **self._how)
        self._checked = self._batch.copy()

    def _do(self, steps: int, record: Array | None) -> None:
        """Do steps of one window."""
        # a blow-up overflows on its way to the non-finite state that is reported
        with np.errstate(over="ignore", invalid="ignore"):
            if self.driven is None or not self.driven.sums:
                self._batch.advance(steps, record)
                return
            before = self.states()
            together = recorded_together(before.nbytes, steps)
            states = np.empty((together + 1, *before.shape), dtype=before.dtype)
            states[0] = before
            for done in range(0, steps, together):
                count, first = min(together, steps - done), self.step
                self._batch.advance(count, states[1 : count + 1])
                self.driven.add(first, states[: count + 1])
                if record is not None:
                    record[done : done + count] = states[1 : count + 1]
                states[0] = states[count]

    def _check(self) -> None:
        """Look for a non-finite state, and remember from time to time where there was none."""
        since = self.step - self._checked.step
        if not self._batch.finite():
            raise find_failure(self.dynamics, self._checked, since)
        if since >= self._unchecked:
            self._checked = self._batch.copy()

    def _switch(self, ends: Any, begins: Any) -> None:
        """Book the switch from one window to the next."""
        driven = self.dynamics.driven
        if driven is not None:
            ends, begins = driven.at(ends, self.step), driven.at(begins, self.step)
        kinetic = kinetic_terms(self.dynamics, self.variables())
        self.switches.append(Switch.between(self.step, ends, begins, self.states(), kinetic))
        self.note_work()
