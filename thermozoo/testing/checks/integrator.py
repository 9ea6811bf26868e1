"""Checks of an integrator without sampling: noise, deterministic limit, weak order, stationarity, potentials."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.dynamics.engines import Dynamics
from thermozoo.interfaces import Potential
from thermozoo.interfaces.tree import with_values
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import UNITS, ProbeQuartic, coupled, record, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.statistics import convergence_order
from thermozoo.testing.strategies import moderate
from thermozoo.testing.transfer import StepFunction, exact_average, step_function

Array = npt.NDArray[np.floating[Any]]

#: The unit on which an integrator is tried: U = x^2/2 + x^4/4, far from linear at this temperature.
PROBE = ProbeQuartic(a=0.5, c=0.25)
KT = 0.5
MOBILITY = 1.3


def _force(x: Array) -> Array:
    return -(x + x**3)


def _energy(x: Array) -> tuple[Array, Array, Array]:
    """Return the energy of the unit, its slope and its curvature."""
    return x**2 / 2 + x**4 / 4, x + x**3, 1 + 3 * x**2


def overdamped(context: Context) -> None:
    """Say that a check does not apply where steps have auxiliary variables: other checks are made for those."""
    if context.cls.variables:
        raise DoesNotApply(f"its units have {', '.join(context.cls.variables)} beside the state: see variables-...")


def _spline(grid: Array, values: Array) -> Callable[[Array], Array]:
    from scipy.interpolate import make_interp_spline

    spline = make_interp_spline(grid, values, k=5)

    def evaluate(x: Array) -> Array:
        # a step from the edge of the grid may leave it; paths from the middle never get there
        result: Array = spline(np.clip(x, grid[0], grid[-1]))
        return result

    return evaluate


def propagated(step: StepFunction, values: Callable[[Array], Array], steps: int, dt: float) -> tuple[Array, Array]:
    """Return E[values(x_n) | x_0] on a grid of initial states, by backward recursion."""
    grid, after, weights, matrix = _propagator(step, dt)
    current = weights @ values(after)
    for _ in range(steps - 1):
        current = matrix @ current
    return grid, current


@functools.lru_cache(maxsize=8)
def _propagator(step: StepFunction, dt: float) -> tuple[Array, Array, Array, Array]:
    """Return a grid, where a step takes it, with which weights, and what that makes of values on the grid.

    Between points of the grid values are splines, which are linear in them: a step is one matrix.
    """
    from scipy.interpolate import BSpline, make_interp_spline

    grid = np.linspace(-4.2, 4.2, 600)
    after, weights = step.spread(grid, _force, MOBILITY, KT, dt)
    spline = make_interp_spline(grid, np.eye(len(grid)), k=5)
    # a step from the edge of the grid may leave it; paths from the middle never get there
    lost = np.isnan(after)
    places = np.where(lost, grid[0], np.clip(after, grid[0], grid[-1]))
    basis = BSpline.design_matrix(places.ravel(), spline.t, spline.k).tocoo()
    node, place = np.divmod(basis.row, len(grid))
    averaged = np.zeros((len(grid), len(grid)))
    np.add.at(averaged, (place, basis.col), basis.data * weights[node])
    averaged[lost.any(axis=0)] = np.nan
    return grid, after, weights, averaged @ spline.c


def extrapolated(what: str, errors: Array, order: int, rounding: float, detail: str = "") -> Measured:
    """Return the largest error that is left at dt = 0, from those at three time steps that halve, to be required.

    Richardson's extrapolation of two neighbors takes away the term of the claimed order; what is left is of a higher
    order q > 1, 2^q times as large for the longer two, so that both differ by 2^q - 1 > 1 times what the shorter two
    leave: the tolerance. An error that does not vanish is left by both, which then agree.

    Parameters
    ----------
    what : str
        What should vanish.
    errors : ndarray
        Shape (3, numbers): errors of the longest step first.
    order : int
        Claimed order in the time step.
    rounding : float
        Error that arithmetic alone makes.
    detail : str
        What the comparison rests on.
    """
    left = errors[1:] + np.diff(errors, axis=0) / (2**order - 1)
    tolerance = float(np.abs(left[1] - left[0]).max()) + rounding
    return Measured(what, float(np.abs(left[1]).max()), 0.0, tolerance, detail=detail)


@check(
    "integrator",
    claim="Every noise that the step draws is used, and a step draws at least one.",
    needs=("one-formula",),
)
def noise_once(context: Context) -> Measured:
    """Look for each noise in the result and in the places where forces are evaluated."""
    step = step_function(context.plugin)
    noises = step.symbols.noises
    if not noises:
        raise CheckFailed("the step draws no noise: call s.noise() once for each random number")
    used = set().union(*(one.free_symbols for one in (*step.results.values(), *step.symbols.places)))
    unused = [k for k, noise in enumerate(noises) if noise not in used]
    if unused:
        raise CheckFailed(
            f"the step draws {len(noises)} noises and does not use number {unused[0] + 1}: it costs time and "
            "shifts every later number; draw it only where it is used"
        )
    return Measured("unused noises", 0, 0, 0, detail=f"{len(noises)} a step")


@check(
    "integrator",
    claim="The noise of a short step has the variance 2 mu kT dt.",
    needs=("noise-once",),
)
def noise_variance(context: Context) -> Measured:
    """Evaluate the variance of a step by quadrature over its noise, for a tiny dt and several mu and kT."""
    overdamped(context)
    step = step_function(context.plugin)
    x = np.array([-1.5, -0.2, 0.1, 0.9, 2.0])
    dt = 1e-6
    figures = []
    for mobility, kT in ((MOBILITY, KT), (0.7, 0.11), (2.1, 1.7)):
        mean = step.average(lambda y: y - x, x, _force, mobility, kT, dt)
        second = step.average(lambda y: (y - x) ** 2, x, _force, mobility, kT, dt)
        ratio = (second - mean**2) / (2 * mobility * kT * dt)
        at = int(np.argmax(np.abs(ratio - 1)))
        figures.append(
            Measured("variance / 2 mu kT dt", float(ratio[at]), 1.0, 1e-3).require(
                f"the variance of a step is {ratio[at]:.6g} times 2 mu kT dt",
                {"x": float(x[at]), "mobility": mobility, "kT": kT, "dt": dt},
            )
        )
    return worst(figures)


@check(
    "integrator",
    claim="Without temperature the step solves dx/dt = mu F(x), with at least the order that is claimed.",
    needs=("one-formula",),
)
def deterministic_limit(context: Context) -> Measured:
    """Compare coupled units at kT = 1e-300 with SciPy's DOP853 on every engine."""
    overdamped(context)
    from scipy.integrate import solve_ivp

    claimed = max(1, context.cls.weak_order or 1)
    rng = context.rng("deterministic")
    computer = coupled(PROBE, 1e-300, rng, 0.5, MOBILITY)
    J, b = computer.couplings.matrix(), computer.biases
    start = rng.uniform(-1.5, 1.5, size=(1, UNITS))
    exact = solve_ivp(
        lambda t, y: -MOBILITY * (y + y**3 + J @ y + b), (0.0, 1.0), start[0], method="DOP853", rtol=1e-12, atol=1e-13
    ).y[:, -1]
    figures = []
    for engine in context.engines:
        steps = np.array([40, 80, 160])
        ends = np.stack(
            [
                record(
                    engine, Dynamics(computer, context.plugin, dt=1.0 / n), start, int(n), context.key("deterministic")
                )[-1, 0]
                for n in steps
            ]
        )
        errors = np.abs(ends - exact).max(axis=1)
        order = convergence_order(1.0 / steps, np.maximum(errors, 1e-13))
        exactly = errors[-1] < 1e-10
        message = (
            f"without temperature the largest error at t = 1 on the {engine.name} engine is "
            f"{', '.join(f'{e:.2g}' for e in errors)} for dt = 1/40, 1/80, 1/160 (order {order:.2f}, "
            f"expected at least {claimed})"
        )
        case = {"mobility": MOBILITY, "engine": engine.name}
        figures.append(
            extrapolated("x at t = 1 less the solution, at dt = 0", ends - exact, claimed, 1e-10, engine.name).require(
                message, case
            )
        )
        if not exactly:
            measured = Measured("order", order, float(claimed), 0.2, sense="at least", detail=engine.name)
            figures.append(measured.require(message, case))
    return max(figures, key=lambda one: (one.what == "order", one.share))


@check(
    "integrator",
    claim="It runs with every registered potential: states stay finite and move.",
    needs=("one-formula",),
)
def every_potential(context: Context) -> Measured:
    """Run coupled units of each potential from their equilibrium, with the defaults and with drawn parameters."""
    engines = context.engines
    if not context.full:  # compiling for every potential would take longer than all other checks together
        engines = tuple(e for e in engines if e.name == "reference") or engines[:1]
    rng = context.rng("every-potential")
    catalogue = context.plugins()
    names = catalogue.names("potential")
    runs = 0
    for name in names:
        cls: Any = catalogue.get(Potential, name)
        if cls.states is not None or any(f.default is attrs.NOTHING for f in attrs.fields(cls) if f.init):
            continue
        for values in moderate(cls(), rng, 4 if context.full else 2):
            plugin = with_values(cls(), values)
            try:
                oracle = UnitOracle(plugin, KT)
                x = oracle.samples(rng, (16, UNITS)) * np.linspace(0.0, 2.0, 16)[:, None]
                dt = 5.0 * oracle.time_step(MOBILITY)
            except (CheckFailed, ArithmeticError, ValueError):
                continue  # that potential's own check says so
            for engine in engines:
                dynamics = Dynamics(uncoupled(plugin, KT, MOBILITY), context.plugin, dt=dt)
                path = record(engine, dynamics, x, 60, context.key("every-potential"))
                if not np.isfinite(path).all():
                    at = np.argwhere(~np.isfinite(path))[0]
                    raise CheckFailed(
                        f"with {name} a state becomes {path[tuple(at)]:g} in step {at[0]}",
                        {
                            "potential": name,
                            "parameters": values,
                            "x(0)": float(x[at[1], at[2]]),
                            "dt": dt,
                            "engine": engine.name,
                        },
                    )
                if (path[-1] == path[0]).any():
                    raise CheckFailed(
                        f"with {name} a state does not move in 60 steps", {"potential": name, "parameters": values}
                    )
                runs += 1
    if not runs:
        raise DoesNotApply("no potential is registered")
    return Measured("runs that fail", 0, 0, 0, detail=f"{len(names)} potentials, {runs} runs")


@check(
    "integrator",
    claim="The error of averages at a fixed time falls with the claimed weak order.",
    needs=("noise-once", "deterministic-limit", "noise-variance", "every-potential"),
)
def weak_order(context: Context) -> Measured:
    """Propagate x and x^2 by quadrature, without sampling, and compare with the diagonalized backward equation."""
    overdamped(context)
    claimed = context.cls.weak_order
    if claimed is None:
        raise DoesNotApply("it claims no weak order")
    step = step_function(context.plugin)
    observables: dict[str, Callable[[Array], Array]] = {"<x>": lambda y: y, "<x^2>": lambda y: y**2}
    start, time = 1.0, 1.0
    counts = np.array([16, 32, 64])
    slowest, found = math.inf, {}
    for name, values in observables.items():
        exact = exact_average(values, start, time, _energy, MOBILITY, KT, 5.0)
        errors = []
        for n in counts:
            grid, averages = propagated(step, values, int(n), time / n)
            errors.append(abs(float(_spline(grid, averages)(np.array([start]))[0]) - exact))
        order = math.log2(errors[-2] / errors[-1]) if errors[-1] > 1e-9 else math.inf
        found[name] = errors
        slowest = min(slowest, order)
    listed = "; ".join(f"{k} off by {', '.join(f'{e:.2g}' for e in v)}" for k, v in found.items())
    return Measured("order", slowest, float(claimed), 0.3, sense="at least").require(
        f"the measured weak order is {slowest:.2f}, claimed {claimed}: {listed} for dt = 1/16, 1/32, 1/64",
        {"potential": "x^2/2 + x^4/4", "x(0)": start, "t": time, "kT": KT, "mobility": MOBILITY},
    )


@check(
    "integrator",
    claim="The Boltzmann distribution stays as it is over long runs, as dt falls.",
    needs=("noise-once", "deterministic-limit", "noise-variance", "every-potential"),
)
def stationarity(context: Context) -> Measured:
    """Let the Boltzmann average of x^2 and x^4 drift for a long time, by quadrature, for three time steps."""
    overdamped(context)
    step = step_function(context.plugin)
    figures = []
    observables: dict[str, Callable[[Array], Array]] = {"x^2": lambda y: y**2, "x^4": lambda y: y**4}
    for name, values in observables.items():
        drifts = []
        for n in (32, 64, 128):
            grid, averages = propagated(step, values, n, 3.0 / n)
            weight = np.exp(-(grid**2 / 2 + grid**4 / 4) / KT)
            weight /= weight.sum()
            drifts.append(float((weight * (averages - values(grid))).sum() / (weight * values(grid)).sum()))
        order = math.log2(abs(drifts[-2] / drifts[-1])) if abs(drifts[-1]) > 1e-9 else math.inf
        message = (
            f"<{name}> drifts away from its Boltzmann average by {', '.join(f'{d:.2%}' for d in drifts)} "
            f"for dt = 3/32, 3/64, 3/128 (order {order:.2f}, expected about 1 or more)"
        )
        case = {"potential": "x^2/2 + x^4/4", "kT": KT, "mobility": MOBILITY}
        figures += [
            Measured(f"order of the drift of <{name}>", order, 1.0, 0.3, sense="at least").require(message, case),
            # the propagation of 128 steps on its grid is right to 1e-6
            extrapolated(f"relative drift of <{name}> at dt = 0", np.array(drifts)[:, None], 1, 1e-6).require(
                message, case
            ),
        ]
    return worst(figures)


def closed_form_variance(integrator: Any, stiffness: float, mobility: float, kT: float, dt: float) -> float | None:
    """Return the stationary variance of a scheme on U = k x^2 / 2.

    For x' = a x + sum_j c_j xi_j it is sum_j c_j^2 / (1 - a^2); None where the step is not linear in state and noise.
    """
    step = step_function(integrator)
    s = step.symbols
    forces: dict[Any, Any] = {}
    for symbol, place in zip(s.forces, s.places, strict=True):
        forces[symbol] = -stiffness * place.subs(forces)
    numbers = {s.dt: dt, s.mobility: mobility, s.kT: kT}
    result = sympy.expand(step.result.subs(forces).subs(numbers))
    variables = (s.x, *s.noises)
    if not result.is_polynomial(*variables) or sympy.Poly(result, *variables).total_degree() > 1:
        return None
    a = float(result.coeff(s.x))
    noise = sum(float(result.coeff(n)) ** 2 for n in s.noises)
    return noise / (1 - a**2) if abs(a) < 1 else math.inf
