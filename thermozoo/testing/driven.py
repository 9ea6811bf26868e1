"""Measurements of driven computers, for checks of several kinds: clock speed, and work against free energies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.simulate import simulate
from thermozoo.interfaces import Integrator
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import CheckFailed
from thermozoo.testing.probes import ProbeStep, record
from thermozoo.testing.statistics import z_limit

__all__ = ["CLOCK", "clock_speed", "driven_term", "largest_difference"]

Array = npt.NDArray[np.floating[Any]]

#: How many times faster the clock runs: a power of four, so that its square root is exact as well.
CLOCK = 4.0


def clock_speed(context: Context, computer: Computer, integrator: Integrator, initial: Array, dt: float) -> Measured:
    """Compare two runs on every engine: V -> l V, kT -> l kT, dt -> dt / l with the same noise is the same trajectory.

    The energy is multiplied by a schedule of all its terms, in both runs, so that both go the same way; l is a power of
    four, and the states must be the same bit for bit.

    Parameters
    ----------
    context : Context
        Engines and seed.
    computer : Computer
        What is run.
    integrator : Integrator
        An overdamped scheme.
    initial : ndarray, shape (trajectories, n)
        Initial states.
    dt : float
        Time step of the slower run.
    """
    steps = 12
    figures = []
    for engine in context.engines:
        paths = []
        for factor in (1.0, CLOCK):
            schedule = Schedule({name: np.full(steps + 1, factor) for name in computer.term_names})
            one = attrs.evolve(computer, temperature=factor * computer.temperature)
            dynamics = Dynamics(one, integrator, dt=dt / factor, steps=steps, schedule=schedule)
            paths.append(record(engine, dynamics, initial, steps, context.key("clock-speed")))
        if not np.isfinite(paths[0]).all():
            raise CheckFailed("a state is no number within twelve steps", {"dt": dt, "engine": engine.name})
        different = paths[0] != paths[1]
        case: dict[str, Any] = {"dt": dt, "lambda": CLOCK, "engine": engine.name}
        if different.any():
            k = int(np.argwhere(different)[0][0])
            case |= {"step": k, "largest difference": largest_difference(*paths)}
        figures.append(
            Measured("states that differ", int(different.sum()), 0, 0, detail=engine.name).require(
                f"on the {engine.name} engine V -> {CLOCK:g} V, kT -> {CLOCK:g} kT, dt -> dt / {CLOCK:g} gives another "
                "trajectory with the same noise: a step may depend on mu F dt and mu kT dt only",
                case,
            )
        )
    return worst(figures)


def largest_difference(one: Array, other: Array) -> float:
    """Return the largest distance of two arrays of states."""
    return float(np.abs(one - other).max())


@attrs.frozen(eq=False)
class _Cells:
    """Boltzmann samples of a few units: a cell of a grid, a state inside, and the weight that makes them exact."""

    x: Array
    weights: Array


def _grid(span: tuple[float, float], units: int) -> tuple[Array, float]:
    points = {1: 2001, 2: 241, 3: 61}[units]
    edges = np.linspace(*span, points + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    axes = np.meshgrid(*[middle] * units, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1), float(edges[1] - edges[0])


def _samples(
    energy: Callable[[Array], Array], kT: float, span: tuple[float, float], units: int, rows: int, rng: Any
) -> tuple[_Cells, float]:
    """Return samples of exp(-energy / kT), and ln of its integral."""
    grid, width = _grid(span, units)
    u = energy(grid) / kT
    floor = float(u.min())
    p = np.exp(floor - u)
    total = float(p.sum())
    cell = rng.choice(len(grid), size=rows, p=p / total)
    x = grid[cell] + width * rng.uniform(-0.5, 0.5, size=(rows, units))
    weights = np.exp(u[cell] - energy(x) / kT)
    return _Cells(x, weights / weights.mean()), math.log(total * width**units) - floor


def driven_term(
    context: Context,
    computer: Computer,
    term: str,
    energy: Callable[[Array, float], Array],
    span: tuple[float, float],
    dt: float,
    *,
    change: tuple[float, float] = (1.0, 1.5),
    steps: int = 24,
    rows: int = 2000,
) -> Measured:
    """Drive the amplitude of a term of one to three units forwards and backwards: Jarzynski and Crooks.

    Jarzynski: <exp(-(W - dF) / kT)> = 1 both ways. Crooks, at the middle of its generating function:
    <exp(-(W - dF) / 2 kT)> is the same both ways. dF is by quadrature on a grid. Two time steps, the
    shorter a quarter, take away the error of the first order in dt.

    Parameters
    ----------
    context : Context
        Engines and seed.
    computer : Computer
        The units, which something must confine to the span.
    term : str
        Name of the term.
    energy : callable
        The caller's own V(x; c) of states of shape (..., n) with the term times c [energy].
    span : (float, float)
        Interval of every unit that holds its Boltzmann weight.
    dt : float
        The longer time step.
    change : (float, float)
        Amplitude at both ends.
    steps, rows : int
        Steps of the longer time step, and trajectories.
    """
    kT, units = computer.temperature, computer.n
    rng = context.rng(f"driven-{term}")
    ends = {c: _samples(lambda x, c=c: energy(x, c), kT, span, units, rows, rng) for c in change}  # type: ignore[misc]
    free = {c: -kT * log for c, (_, log) in ends.items()}
    figures = []
    for engine in context.engines:
        halves = {}
        for begin, end in (change, change[::-1]):
            start, dF = ends[begin][0], free[end] - free[begin]
            work = [
                _work(context, engine, computer, term, (begin, end), start.x, n, dt * steps / n)
                for n in (steps, 4 * steps)
            ]
            full, half = (
                _extrapolated(work, start.weights, lambda W, s=s, dF=dF: np.exp(-s * (W - dF) / kT))  # type: ignore[misc]
                for s in (1.0, 0.5)
            )
            halves[begin] = half
            figures.append(
                _compared(f"<exp(-(W - dF)/kT)>, {term} from {begin:g} to {end:g} ({engine.name})", full, 1.0)
            )
        (forth, error), (back, other) = halves[change[0]], halves[change[1]]
        figures.append(
            _compared(f"Crooks, {term} ({engine.name})", (forth / back, math.hypot(error, other) / back), 1.0)
        )
    return worst(figures)


def _work(
    context: Context,
    engine: Engine,
    computer: Computer,
    term: str,
    ends: tuple[float, float],
    x: Array,
    steps: int,
    dt: float,
) -> Array:
    schedule = Schedule({term: np.linspace(*ends, steps + 1)})
    dynamics = Dynamics(computer, ProbeStep(), dt=dt, steps=steps, schedule=schedule)
    key = context.key(f"driven {term} {ends} {steps}")
    return simulate(dynamics, x, steps, key=key, engine=engine).work


def _extrapolated(work: Sequence[Array], weights: Array, of: Callable[[Array], Array]) -> tuple[float, float]:
    """Return a mean at dt = 0 and its standard error, from a time step and a quarter of it."""
    samples = (4 * of(work[1]) - of(work[0])) / 3 * weights
    return float(samples.mean()), float(samples.std(ddof=1) / math.sqrt(len(samples)))


def _compared(what: str, found: tuple[float, float], expected: float) -> Measured:
    mean, error = found
    limit = z_limit() * error
    return Measured(what, mean, expected, limit, detail=f"± {error:.2g}").require(
        f"{what} is {mean:.5g} ± {error:.2g}, expected {expected:g} within {limit:.2g}"
    )
