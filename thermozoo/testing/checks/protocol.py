"""Checks of a protocol: finite, and the work that it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from thermozoo.dynamics.engines import Drive, Dynamics
from thermozoo.interfaces.tree import with_values
from thermozoo.symbolic.trace import trace_intensity
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import UNITS, ProbeQuartic, ProbeStep, record, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.statistics import measured_order
from thermozoo.testing.strategies import parameter_values

#: The units that a protocol drives in this check.
_PROBE = ProbeQuartic()
_KT = 0.5
#: Trajectories: enough that `z_limit` standard errors of the order are about a sixth.
_ROWS = 128


def _intensity(plugin: Any, times: Any, duration: float) -> Any:
    """Return the author's a(t) on an array of times, through sympy's own printer."""
    t, tf = sympy.Symbol("t", nonnegative=True), sympy.Symbol("tf", positive=True)
    function = sympy.lambdify((t, tf), sympy.sympify(plugin.intensity(t, tf)), modules=["numpy", "scipy"])
    return np.broadcast_to(np.asarray(function(times, duration)), times.shape)


@check(
    "protocol",
    claim="The intensity is a real, finite number from the start to the end, over the whole of the declared bounds.",
    needs=("one-formula",),
)
def finite(context: Context) -> Measured:
    """Evaluate it on a grid that includes both ends, the middle, and the places where its branches meet."""
    from hypothesis import strategies as st

    traced = trace_intensity(context.plugin)

    def claim(case: tuple[dict[str, float], float]) -> None:
        values, duration = case
        fractions = np.unique(np.concatenate([np.linspace(0, 1, 61), np.linspace(0, 1, 65)]))
        a = _intensity(with_values(context.plugin, values), fractions * duration, duration)
        bad = (
            ~np.isfinite(a)
            if a.dtype.kind == "f"
            else np.ones(a.shape, dtype=bool) & (np.abs(np.imag(a.astype(complex))) > 0)
        )
        if a.dtype.kind not in "fiu" or bad.any():
            k = int(np.argmax(bad))
            raise CheckFailed(
                f"the intensity is {a[k]} at t = {fractions[k]:g} of the duration",
                {"parameters": values, "t": float(fractions[k] * duration), "duration": duration},
            )

    cases = st.tuples(parameter_values(context.plugin), st.sampled_from([1.0, 2.5, 0.1, 100.0]))
    tried = for_all(cases, claim, seed=context.integer("finite"), examples=40)
    detail = f"{tried} protocols of {sympy.count_ops(traced.intensity)} operations"
    return Measured("protocols without a finite intensity", 0, 0, 0, detail=detail)


@check(
    "protocol",
    claim="Work, heat and energy balance on every trajectory, and the work is that of the intensity.",
    needs=("finite",),
)
def work(context: Context) -> Measured:
    """Drive units on every engine; add up -da s.x and compare; midpoint heat closes the balance as dt falls."""
    rng = context.rng("work")
    initial = UnitOracle(_PROBE, _KT).samples(rng, (_ROWS, UNITS))
    signal = rng.standard_normal((1, UNITS))
    figures = []
    for engine in context.engines:
        steps = np.array([32, 128, 512])
        gaps = []
        for n in steps:
            times = np.linspace(0.0, 1.0, int(n) + 1)
            a = np.array(_intensity(context.plugin, times, 1.0), dtype=float)
            drive = Drive(signals=signal, which=np.zeros(_ROWS, dtype=np.int64), intensity=a)
            gaps.append(_imbalance(context, engine, initial, drive))
        # midpoint heat misses work - energy by dt^(3/2) and either sign in a step, so by dt in 1/dt steps
        order = measured_order(f"order of the balance ({engine.name})", 1.0 / steps, np.array(gaps), 1.0)
        sizes = ", ".join(f"{g:.2g}" for g in np.abs(gaps).mean(axis=1))
        figures.append(
            order.require(
                f"work - heat does not tend to the change of energy on the {engine.name} engine: mean difference "
                f"{sizes} for dt = 1/32, 1/128, 1/512, order {order.value:.2f}, expected 1 within "
                f"{order.tolerance:.2g}",
                {"engine": engine.name},
            )
        )
    return worst(figures)


def _imbalance(context: Context, engine: Any, initial: Any, drive: Drive) -> Any:
    """Return work - midpoint heat - change of energy of each trajectory; check the work to rounding."""
    a, signal = drive.intensity, drive.signals[0]
    steps = len(a) - 1
    oracle = UnitOracle(_PROBE, _KT)
    measured = np.zeros(len(initial))
    dynamics = Dynamics(uncoupled(_PROBE, _KT, 1.3), ProbeStep(), dt=1.0 / steps)
    path = record(engine, dynamics, initial, steps, context.key("work"), drive, measured)
    if not np.isfinite(path).all():
        raise DoesNotApply(f"its intensity, up to {np.abs(a).max():g}, is too strong for the suite's computer")
    expected = -(np.diff(a)[:, None] * (path[:-1] @ signal)).sum(axis=0)
    scale = 1.0 + np.abs(np.diff(a)).sum() * np.abs(path).max()
    if not (np.abs(measured - expected) <= 1e-10 * scale).all():
        raise CheckFailed(
            f"the {engine.name} engine's work is {measured[0]:.9g}, the sum of -da s.x is {expected[0]:.9g}",
            {"engine": engine.name, "steps": steps},
        )
    ends = [oracle.energy(path[k]).sum(axis=1) - a[k] * (path[k] @ signal) for k in (0, steps)]
    gradient = oracle.gradient(path)
    push = a[1:, None, None] * signal
    heat = -(np.diff(path, axis=0) * (gradient[:-1] + gradient[1:] - 2 * push) / 2).sum(axis=(0, 2))
    return measured - heat - (ends[1] - ends[0])
