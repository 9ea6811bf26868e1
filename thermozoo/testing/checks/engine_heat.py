"""Checks of an engine where values are driven and windows switch: its states, and the heat that is booked of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.dynamics.core_engines import ReferenceEngine
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.simulate import Simulation, simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.testing.checks.engine import same_states  # noqa: F401 - registers what these need first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import CannotRun, DoesNotApply
from thermozoo.testing.probes import UNITS, ProbeQuartic, ProbeStep, coupled
from thermozoo.testing.registry import check
from thermozoo.thermodynamics.heat import HeatLedger, heat_by_window

Array = npt.NDArray[Any]

#: Steps, the first of the second window, and trajectories.
_STEPS, _SWITCH, _ROWS = 12, 3, 5

#: Rounding in double precision, of states and energies of size one.
_CLOSE = 1e-11


@attrs.frozen(eq=False)
class _Driven:
    """A run through two windows in which everything is driven that can be."""

    dynamics: Dynamics
    values: dict[str, Array]

    @classmethod
    def of(cls, context: Context) -> _Driven:
        rng = context.rng("driven-law")
        first, second = (coupled(ProbeQuartic(), 0.4, rng, 0.5) for _ in range(2))
        along = np.linspace(0.0, 1.0, _STEPS + 1)
        values = {
            "temperature": 0.4 + 0.3 * along,
            "coupling": 1.0 + 0.5 * along**2,
            "bias": 1.5 - along,
            "on-site": 1.0 - 0.4 * along**2,
            "potential.a": 0.5 + 0.7 * along**3,
        }
        dynamics = Dynamics(
            Program([first, second], shares=np.array([_SWITCH, _STEPS - _SWITCH]) / _STEPS),
            ProbeStep(),
            0.02,
            steps=_STEPS,
            schedule=Schedule(values),
        )
        return cls(dynamics, values)

    def run(self, context: Context, engine: Any) -> tuple[Simulation, Array, EnergyTerms]:
        """Return the run, its states (steps + 1, trajectories, n), and its energies."""
        kept, energies = KeptStates(), EnergyTerms(self.dynamics)
        x = context.rng("driven-start").standard_normal((_ROWS, UNITS))
        key = context.key("driven-noise")
        done = simulate(self.dynamics, x, _STEPS, key=key, every=1, observers=(kept, energies), engine=engine)
        return done, kept.states, energies

    def window(self, step: int) -> Computer:
        """Return the computer whose couplings and biases act in a step."""
        return self.dynamics.program.computers[int(step >= _SWITCH)]

    def energy(self, step: int, index: int, x: Array) -> dict[str, Array]:
        """Return V by term, with the window of a step and the driven values of an index, pair by pair."""
        computer, at = self.window(step), {name: float(values[index]) for name, values in self.values.items()}
        J, b = computer.couplings.matrix(), computer.biases
        pairs = sum(J[i, j] * x[:, i] * x[:, j] for i in range(UNITS) for j in range(i + 1, UNITS))
        unit = at["potential.a"] * x**2 + ProbeQuartic().c * x**4
        return {
            "on-site": at["on-site"] * unit.sum(axis=1),
            "coupling": at["coupling"] * pairs,
            "bias": at["bias"] * (x @ b),
        }


def _usable(context: Context, run: _Driven) -> None:
    reason = context.plugin.available()
    if reason is not None:
        raise CannotRun(reason)
    refused = context.plugin.refuses(run.dynamics.at(0))
    if refused is not None:
        raise DoesNotApply(refused)


@check(
    "engine",
    claim="Where temperature, terms and parameters are driven and windows switch, states are those of the reference.",
    needs=("same-states",),
)
def same_driven_states(context: Context) -> Measured:
    """Run through two windows on both engines, and write out the first step of each by hand."""
    run = _Driven.of(context)
    _usable(context, run)
    _, found, _ = run.run(context, context.plugin)
    _, expected, _ = run.run(context, ReferenceEngine())
    off = float(np.abs(found - expected).max()) / (1 + float(np.abs(expected).max()))
    return worst([Measured("states off the reference", off, 0.0, _CLOSE).require(), *_steps(context, run, found)])


def _steps(context: Context, run: _Driven, states: Array) -> Iterator[Measured]:
    """Yield how far every step lies from x - mu dV dt + (2 mu kT dt)^(1/2) xi with the values that act in it."""
    from thermozoo.dynamics.noise import normals

    dt, key = run.dynamics.dt, context.key("driven-noise")
    for k in range(_STEPS):
        x, computer = states[k], run.window(k)
        at = {name: float(values[k + 1]) for name, values in run.values.items()}
        slope = at["on-site"] * (2 * at["potential.a"] * x + 4 * ProbeQuartic().c * x**3)
        slope = slope + at["coupling"] * (x @ computer.couplings.matrix()) + at["bias"] * computer.biases
        width = np.sqrt(2 * computer.mobility * at["temperature"] * dt)
        xi = (states[k + 1] - x + computer.mobility * slope * dt) / width
        off = float(np.abs(xi - normals(key, k, np.arange(_ROWS), UNITS)).max())
        # engines may round the logarithm and cosine in single precision; another number would differ by one
        yield Measured("noise that is left of a step", off, 0.0, 1e-4, detail=f"step {k}").require(
            f"step {k} does not move by -mu dV dt + (2 mu kT dt)^(1/2) xi with the values and the window that act in "
            f"it: xi differs by {off:.2g}"
        )


@check(
    "engine",
    claim="Heat and work that are booked of a run are sums over its states of the energies that act in each step.",
    needs=("same-driven-states",),
)
def heat(context: Context) -> Measured:
    """Sum V_k(x_k) - V_k(x_k+1) by term, over all steps and over those of each window."""
    run = _Driven.of(context)
    _usable(context, run)
    done, x, energies = run.run(context, context.plugin)
    ledger = HeatLedger.of(energies, done.switches, done.driven)
    lost = [run.energy(k, k + 1, x[k]) for k in range(_STEPS)]
    left = [run.energy(k, k + 1, x[k + 1]) for k in range(_STEPS)]
    expected = {
        name: np.cumsum([np.zeros(_ROWS), *(a[name] - b[name] for a, b in zip(lost, left, strict=True))], axis=0)
        for name in lost[0]
    }
    total = np.sum(list(expected.values()), axis=0)
    first, last = (sum(run.energy(k, k, x[k]).values()) for k in (0, _STEPS))
    work = total[-1] + last - first
    laws = [run.dynamics.at(k).computer for k in range(_STEPS)]
    figures = [
        _apart(f"energy that acts in a step, {name}", one.energy_terms(x[k])[name], of_term)
        for k, one in enumerate(laws)
        if isinstance(one, Computer)
        for name, of_term in lost[k].items()
    ]
    figures += [_apart(f"heat by term, {name}", ledger.by_term[name], of_term) for name, of_term in expected.items()]
    figures += [
        _apart("heat", ledger.heat, total),
        _apart("heat of whole trajectories", ledger.total, total[-1]),
        _apart("heat by window", heat_by_window(energies, done.switches, done.driven), _by_window(total)),
        _apart("work", ledger.total_work, work),
        _apart("work by term", np.sum(list(done.work_by_term.values()), axis=0), work),
    ]
    return worst(figures)


def _by_window(heat_so_far: Array) -> Array:
    found: Array = np.stack([heat_so_far[_SWITCH], heat_so_far[-1] - heat_so_far[_SWITCH]])
    return found


def _apart(what: str, found: Array, expected: Array) -> Measured:
    off = float(np.abs(found - expected).max()) / (1 + float(np.abs(expected).max()))
    return Measured(f"{what}, off the sum over states", off, 0.0, _CLOSE).require()
