"""A batch of the JAX engine: its arrays stay on the device between calls."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import attrs
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.base import Drive, Dynamics, check_held
from thermozoo.dynamics.engines.batch import STRETCH, Batch, BatchState, Resting
from thermozoo.dynamics.engines.jax_law import arrange
from thermozoo.dynamics.engines.jax_noise import Counters
from thermozoo.dynamics.engines.jax_plan import JaxPlan
from thermozoo.dynamics.engines.jax_step import advance, force_at
from thermozoo.dynamics.noise import NoiseKey

__all__ = ["JaxBatch", "JaxStepper", "wide_numbers"]

Array = npt.NDArray[np.floating[Any]]

#: Bytes of recorded states that lie on the device at a time.
_RECORD = 2**28


@contextlib.contextmanager
def wide_numbers() -> Iterator[None]:
    """Switch on numbers of 64 bits, which noise and work need, for as long as the context lasts."""
    with jax.enable_x64(True):
        yield


@attrs.frozen(eq=False)
class JaxStepper:
    """A law of motion on a device.

    Parameters
    ----------
    dynamics : Dynamics
        The law.
    products : str
        How products of matrices are done.
    """

    dynamics: Dynamics
    products: str
    plan: JaxPlan = attrs.field(init=False, repr=False)
    numbers: Any = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        plan, numbers = arrange(self.dynamics, self.products)
        with wide_numbers():
            object.__setattr__(self, "plan", plan)
            object.__setattr__(self, "numbers", jax.tree.map(jnp.asarray, numbers))

    def begin(
        self, start: Resting, drive: Drive | None = None, *, working: bool = True, stretch: int = STRETCH
    ) -> JaxBatch:
        """See `thermozoo.dynamics.engines.base.Stepper.begin`."""
        if not isinstance(start, DeviceState) or start.x.dtype != np.dtype(self.dynamics.dtype):
            state, dtype = start.state(), self.dynamics.dtype
            with wide_numbers():
                start = DeviceState(
                    jnp.asarray(np.array(state.x, dtype)),
                    {name: jnp.asarray(np.array(one, dtype)) for name, one in state.variables.items()},
                    state.key,
                    state.trajectories,
                    state.step,
                    state.work,
                )
        check_held(self.dynamics, start.variables)
        return JaxBatch(self, start, drive, working)


@attrs.frozen(eq=False)
class DeviceState:
    """Trajectories at rest whose states lie on a device."""

    x: Any
    variables: dict[str, Any]
    key: NoiseKey
    trajectories: npt.NDArray[np.int64]
    step: int
    work: npt.NDArray[np.float64]

    def state(self) -> BatchState:
        """Return their state as rows."""
        rows = {name: np.array(one) for name, one in self.variables.items()}
        return BatchState(np.array(self.x), self.key, self.trajectories.copy(), self.step, rows, self.work.copy())


class JaxBatch(Batch):
    """A batch whose states lie on a device.

    Parameters
    ----------
    stepper : JaxStepper
        The law of motion.
    start : DeviceState
        Where it begins.
    drive : Drive, optional
        Imposed signal.
    working : bool
        Whether its work is added up.
    """

    def __init__(self, stepper: JaxStepper, start: DeviceState, drive: Drive | None, working: bool) -> None:
        super().__init__(start.key, start.trajectories, start.step, start.work, drive, working)
        self.stepper, self._x, self._variables = stepper, start.x, dict(start.variables)
        self._carried: Any = None
        with wide_numbers():
            self._counters = Counters.of(self.key, self.trajectories)
            self._drive = None if drive is None else _on_device(drive, stepper.dynamics.dtype)

    def states(self) -> Array:
        """Return a copy of the states."""
        return np.array(self._x)

    def variables(self) -> dict[str, Array]:
        """Return copies of the auxiliary variables."""
        return {name: np.array(one) for name, one in self._variables.items()}

    def finite(self) -> bool:
        """Return whether all states and variables are finite, looked at where they lie."""
        return all(bool(jnp.isfinite(one).all()) for one in (self._x, *self._variables.values()))

    def copy(self) -> JaxBatch:
        """Return a batch in the same state; arrays on a device are never changed, so that both may hold them."""
        return JaxBatch(self.stepper, self.rest(), self.drive, self.working)

    def rest(self) -> DeviceState:
        """End, and return the states as they lie."""
        return DeviceState(
            self._x, dict(self._variables), self.key, self.trajectories.copy(), self.step, self.work.copy()
        )

    def _advance(self, steps: int, record: Array | None) -> None:
        size = self._x.size * self._x.dtype.itemsize
        most = steps if record is None else max(1, _RECORD // max(1, size))
        with wide_numbers():
            for done in range(0, steps, most):
                kept = self._call(self.step + done, min(most, steps - done), record is not None)
                if record is not None:
                    record[done : done + len(kept)] = kept

    def _call(self, first: int, steps: int, recording: bool) -> Any:
        """Do steps in one call of what XLA compiled."""
        law = self.stepper
        if law.plan.carries and self.drive is None and law.dynamics.driven is None and self._carried is None:
            self._carried = force_at(law.plan, law.numbers, self._x)
        state = self._x, self._variables, self._carried, jnp.asarray(self.work)
        state, record = advance(
            law.plan, steps, self.working, recording, law.numbers, np.uint32(first), self._counters, self._drive, state
        )
        self._x, self._variables, self._carried, work = state
        if self.working:
            self.work = np.array(work)
        return None if record is None else np.asarray(record)


def _on_device(drive: Drive, dtype: Any) -> dict[str, Any]:
    """Return the arrays of a drive."""
    intensity = np.atleast_2d(np.asarray(drive.intensity, np.float64))
    one = drive.protocol_of is None or len(intensity) == 1
    return {
        "signal": jnp.asarray(np.asarray(drive.signals, dtype)[drive.which]),
        "intensity": jnp.asarray(intensity),
        "protocol": None if one else jnp.asarray(np.asarray(drive.protocol_of, np.int32)),
    }
