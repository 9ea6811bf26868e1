"""Checks of an engine: it is held against the reference engine, on laws of motion of the suite's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.core_engines import ReferenceEngine
from thermozoo.dynamics.engines import BatchState, Drive, Dynamics
from thermozoo.dynamics.variables import resting
from thermozoo.interfaces import Integrator, StepSymbols, Variable
from thermozoo.testing.checks.common import documented  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import CannotRun, CheckFailed
from thermozoo.testing.probes import UNITS, ProbeQuartic, ProbeStep, coupled, few_coupled
from thermozoo.testing.registry import check

Array = npt.NDArray[Any]

#: Steps, an odd number, after which states that are computed beside those before have to come back; and trajectories,
#: whose numbers do not begin at zero and leave some out; so many that an engine which does several side by side has
#: several such groups, the last of them not full.
_STEPS, _NUMBERS = 11, np.array([3, 4, 5, 9, 2**32 - 1, 100, 101, 102, 7, 6, *range(200, 263)])

#: So many units that an engine which does them in blocks and tiles has several, the last of them not full.
_MANY = 300

#: Rounding: the states are of size one, and a step multiplies differences by about one.
_CLOSE = {"single": 2e-5, "double": 1e-12}


@attrs.frozen
class ProbeDamped(Integrator):
    """Two stages and a velocity: x' = x + v' dt, v' = v - (v - mu F) dt + noise, F at a point ahead."""

    name = "probe-damped"
    variables = {"v": Variable(parity=-1, doc="velocity", unit="1 / time", start=0.0)}

    def step(self, s: StepSymbols) -> Any:
        """Return state and velocity after the step."""
        import sympy

        ahead = s.x + s.v * s.dt / 2 + s.mobility * s.force(s.x) * s.dt / 4
        kick = sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()
        v = s.v + (s.mobility * s.force(ahead) - s.v) * s.dt + kick
        return {"x": s.x + v * s.dt, "v": v}

    def energy(self, s: StepSymbols) -> Any:
        """Return the kinetic energy."""
        return s.v**2 / (2 * s.mobility)


def _laws(context: Context) -> Iterator[tuple[str, Dynamics, Drive | None]]:
    """Yield laws by what they have: one force, two and a velocity, many units, few couplings, a drive."""
    # a mobility of 1 would hide where a kernel divides by it
    computer = coupled(ProbeQuartic(), 0.4, context.rng("engine"), 0.5, 0.7)
    rng = context.rng("drive")
    drive = Drive(
        signals=rng.standard_normal((2, UNITS)),
        which=np.arange(len(_NUMBERS)) % 2,
        intensity=rng.standard_normal((2, _STEPS + 1)),
        protocol_of=np.arange(UNITS) % 2,
    )
    for precision in ("double", "single"):
        yield f"one force, {precision}", Dynamics(computer, ProbeStep(), 0.02, precision), None
        yield f"a velocity, {precision}", Dynamics(computer, ProbeDamped(), 0.02, precision), None
    many = coupled(ProbeQuartic(), 0.4, rng, 0.5, 0.7, units=_MANY)
    yield "many units, double", Dynamics(many, ProbeStep(), 0.02, "double"), None
    few = few_coupled(ProbeQuartic(), 0.4, rng, 0.5, 0.7)
    yield "few couplings and clamped units, double", Dynamics(few, ProbeDamped(), 0.02, "double"), None
    yield "a drive, single", Dynamics(computer, ProbeStep(), 0.02, "single"), drive
    # as in noising: of units without couplings, kernels add a drive elsewhere
    yield "a drive without couplings, double", Dynamics(computer.bare(), ProbeDamped(), 0.02, "double"), drive


def _start(context: Context, dynamics: Dynamics, rows: slice = slice(None)) -> BatchState:
    x = context.rng("start").standard_normal((len(_NUMBERS), dynamics.computer.n)).astype(dynamics.dtype)[rows]
    key = context.key("noise")
    return BatchState(x, key, _NUMBERS[rows].copy(), 5, resting(dynamics, len(x)))


def _begun(context: Context, dynamics: Dynamics, drive: Drive | None, rows: slice = slice(None)) -> Any:
    """Return a batch of the engine under test."""
    wanted = None if drive is None else drive.batch(rows)
    shifted = None if wanted is None else attrs.evolve(wanted, intensity=_from_five(wanted.intensity))
    return context.plugin.prepare(dynamics).begin(_start(context, dynamics, rows), shifted)


def _from_five(intensity: Array) -> Array:
    """Return an intensity whose first value acts before step 5."""
    return np.concatenate([np.zeros((len(intensity), 5)), intensity], axis=1)


def _usable(context: Context) -> None:
    reason = context.plugin.available()
    if reason is not None:
        raise CannotRun(reason)


def _after(batch: Any, parts: Sequence[int]) -> dict[str, Array]:
    """Return states, variables and work after some steps, done in parts."""
    for steps in parts:
        batch.advance(steps)
    return {"states": batch.states(), **batch.variables(), "work": np.array(batch.work)}


def _compared(context: Context, names: tuple[str, ...]) -> Iterator[Measured]:
    """Yield the largest deviation from the reference of some of the results of every law."""
    _usable(context)
    for title, dynamics, drive in _laws(context):
        refused = context.plugin.refuses(dynamics)
        if refused is not None:
            continue
        shifted = None if drive is None else attrs.evolve(drive, intensity=_from_five(drive.intensity))
        expected = _after(ReferenceEngine().prepare(dynamics).begin(_start(context, dynamics), shifted), [_STEPS])
        found = _after(_begun(context, dynamics, drive), [_STEPS])
        for name in names:
            if name not in expected:
                continue
            if found[name].dtype != expected[name].dtype or found[name].shape != expected[name].shape:
                raise CheckFailed(
                    f"{name} have shape {found[name].shape} and type {found[name].dtype}; expected "
                    f"{expected[name].shape} and {expected[name].dtype} ({title})"
                )
            size = 1 + float(np.abs(expected[name]).max())
            off = float(np.abs(found[name] - expected[name]).max()) / size
            one = Measured(f"{name} off the reference", off, 0.0, _CLOSE[dynamics.precision], detail=title)
            yield one.require(f"{one.figure}: same noise and formulas give the same numbers to rounding")


@check("engine", claim="States are those of the reference engine to rounding: the same forces and the same noise.")
def same_states(context: Context) -> Measured:
    """Advance the same batch by both."""
    return worst(_compared(context, ("states",)))


@check("engine", claim="Auxiliary variables are those of the reference engine to rounding.", needs=("same-states",))
def same_variables(context: Context) -> Measured:
    """Advance units that have a velocity by both."""
    return worst(_compared(context, ("v",)))


@check("engine", claim="The work of a drive is that of the reference engine to rounding.", needs=("same-states",))
def same_work(context: Context) -> Measured:
    """Impose signals by two protocols in both."""
    return worst(_compared(context, ("work",)))


@check("engine", claim="N steps are k steps and N - k more, bit for bit, of a batch that is copied or was at rest too.")
def split(context: Context) -> Measured:
    """Do the steps in one call and in several."""
    _usable(context)
    laws = 0
    for title, dynamics, drive in _laws(context):
        if context.plugin.refuses(dynamics) is not None:
            continue
        laws += 1
        whole = _after(_begun(context, dynamics, drive), [_STEPS])
        parts = _begun(context, dynamics, drive)
        parts.advance(4)
        other, parts = parts, parts.copy()
        other.advance(4)  # what is copied goes its own way
        parts.advance(4)
        shifted = None if drive is None else attrs.evolve(drive, intensity=_from_five(drive.intensity))
        again = context.plugin.prepare(dynamics).begin(parts.rest(), shifted)
        found = _after(again, [_STEPS - 8])
        for name, expected in whole.items():
            if not np.array_equal(found[name], expected):
                raise CheckFailed(
                    f"{name} after {_STEPS} steps differ from those after 4, 4 and {_STEPS - 8} ({title})"
                )
    return Measured("numbers that differ", 0, 0, 0, detail=f"{laws} laws")


@check("engine", claim="States that are recorded are those after each step.", needs=("same-states",))
def recording(context: Context) -> Measured:
    """Record all steps, and do them one by one."""
    _usable(context)
    _, dynamics, drive = next(iter(_laws(context)))
    record = np.empty((_STEPS, len(_NUMBERS), UNITS), dynamics.dtype)
    _begun(context, dynamics, drive).advance(_STEPS, record)
    batch = _begun(context, dynamics, drive)
    for k in range(_STEPS):
        batch.advance(1)
        if not np.array_equal(record[k], batch.states()):
            raise CheckFailed(f"the record of step {k} is not the states after it")
    return Measured("steps that differ", 0, 0, 0, detail=f"{_STEPS} steps")


@check(
    "engine",
    claim="A trajectory depends on none beside it: bit for bit, or to rounding where the engine claims no more.",
    needs=("same-states",),
)
def batch_independence(context: Context) -> Measured:
    """Follow some trajectories of a batch by themselves."""
    _usable(context)
    found = []
    for title, dynamics, drive in _laws(context):
        if context.plugin.refuses(dynamics) is not None:
            continue
        whole = _after(_begun(context, dynamics, drive), [_STEPS])
        limit = 0.0 if type(context.plugin).same_bits else _CLOSE[dynamics.precision]
        for rows in (slice(2, 3), slice(3, 9)):
            part = _after(_begun(context, dynamics, drive, rows), [_STEPS])
            off = max(float(np.abs(part[name] - whole[name][rows]).max()) for name in whole)
            one = Measured("off when followed by itself", off, 0.0, limit, detail=title)
            where = f"rows {rows.start} to {rows.stop - 1} of a batch of {len(_NUMBERS)}"
            found.append(one.require(f"{one.figure}: {where}"))
    return worst(found)
