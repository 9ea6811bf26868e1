"""Checks of an objective: its gradients, what descent does with it, what it recovers, its claim to be quadratic."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.symbolic.derive import loss_gradients
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.grades import WORST_GRADE, grade, graded
from thermozoo.testing.loss_oracle import (
    DT,
    KT,
    MOBILITY,
    NAMES,
    PAIRS,
    A,
    C,
    LossOracle,
    N,
    chain_rule,
    known_steps,
)
from thermozoo.testing.measured import Measured, apart
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.statistics import chi_square_limit

Array = npt.NDArray[np.floating[Any]]


@check(
    "objective",
    claim="The loss is a real, finite number for every step.",
    needs=("one-formula",),
)
def finite(context: Context) -> Measured:
    """Evaluate it in 50 digits for drawn states and gradients."""
    import mpmath
    from hypothesis import strategies as st

    loss = LossOracle(context.plugin)
    numbers = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.1, -0.1, 10.0, -10.0]), st.floats(-50, 50))

    def claim(case: tuple[float, float, float, float]) -> None:
        value = loss.exact(*(mpmath.mpf(v) for v in case), mpmath.mpf(DT), mpmath.mpf(MOBILITY), mpmath.mpf(KT))
        value = mpmath.mpmathify(value)
        if isinstance(value, mpmath.mpc) or not mpmath.isfinite(value):
            raise CheckFailed(
                f"the loss is {mpmath.nstr(value, 6)}",
                dict(zip(("x", "x_next", "gradient", "gradient_next"), case, strict=True)),
            )

    cases = st.tuples(numbers, numbers, numbers, numbers)
    tried = for_all(cases, claim, seed=context.integer("finite"), examples=80)
    return Measured("steps without a finite loss", 0, 0, 0, detail=f"{tried} steps")


@check(
    "objective",
    claim="The derived gradients for couplings, biases and trainable on-site parameters are those of the loss.",
    needs=("finite",),
)
def gradients(context: Context) -> Measured:
    """Compare with differences of the total loss of three coupled units in 60 digits."""
    import mpmath
    from hypothesis import strategies as st

    loss, derived = LossOracle(context.plugin), loss_gradients(context.plugin)
    errors: list[Measured] = []

    def exact(theta: list[Any], x: list[Any], x_next: list[Any]) -> Any:
        def slopes(y: list[Any]) -> list[Any]:
            result = []
            for i in range(N):
                value = 2 * theta[6] * y[i] + 4 * theta[7] * y[i] ** 3 + theta[3 + i]
                for J, (p, q) in zip(theta, PAIRS, strict=False):
                    if i in (p, q):
                        value += J * y[q if i == p else p]
                result.append(value)
            return result

        total = mpmath.mpf(0)
        for a, b, g, h in zip(x, x_next, slopes(x), slopes(x_next), strict=True):
            total += loss.exact(a, b, g, h, mpmath.mpf(DT), mpmath.mpf(MOBILITY), mpmath.mpf(KT))
        return total

    numbers = st.sampled_from([0.3, -0.7, 1.1, 0.5, -0.2, 0.9, -1.3, 1.7, 0.0, 1.0])

    def claim(case: list[float]) -> None:
        theta = np.array([*case[:6], A, C])
        x = np.array(case[6:9])
        x_next = x + 0.1 * np.array(case[9:12])
        got = chain_rule(context.plugin, derived, theta, x[None], x_next[None])[0]
        with mpmath.workdps(60):
            h = mpmath.mpf(10) ** -20
            point = [mpmath.mpf(v) for v in theta]
            states = [[mpmath.mpf(v) for v in y] for y in (x, x_next)]
            for k, name in enumerate(NAMES):
                sides = []
                for sign in (1, -1, 0):
                    moved = list(point)
                    moved[k] += sign * h
                    sides.append(exact(moved, *states))
                # where the loss bends, as one with Abs does, the gradient may be that of either side
                left, right = (sides[2] - sides[1]) / h, (sides[0] - sides[2]) / h
                low, high = min(left, right), max(left, right)
                scale = float(np.abs(got).max()) + float(abs(left)) + 1e-30
                error = float(max(low - got[k], got[k] - high, 0)) / scale
                found, expected = apart(float(got[k]), float(low), 9)
                errors.append(
                    Measured("grade", grade(error), 0.0, WORST_GRADE, grade=grade(error)).require(
                        f"the derived gradient by {name} is {found}, differences of the loss give {expected}",
                        {"J, b": theta[:6], "x": x, "x_next": x_next},
                    )
                )

    cases = st.lists(numbers, min_size=12, max_size=12)
    tried = for_all(cases, claim, seed=context.integer("gradients"), examples=15)
    return graded(errors, f"{tried} steps")


@check(
    "objective",
    claim="Following the gradient downhill lowers the loss.",
    needs=("gradients",),
)
def descent(context: Context) -> Measured:
    """Take steps of gradient descent on a fixed batch, halving a step that is too long."""
    loss, derived = LossOracle(context.plugin), loss_gradients(context.plugin)
    _, x, x_next = known_steps(context.rng("descent"), context.cls.direction)
    x, x_next = x[::20], x_next[::20]
    theta = np.zeros(6)
    first = current = float(loss.total(theta, x, x_next).mean())
    rate = 1.0
    for _ in range(30):
        slope = chain_rule(context.plugin, derived, theta, x, x_next)[:, :6].mean(axis=0)
        if not np.abs(slope).max() > 0:
            raise CheckFailed("the loss does not depend on couplings and biases: its gradient is zero", {"J, b": theta})
        for _ in range(40):
            trial = theta - rate * slope
            value = float(loss.total(trial, x, x_next).mean())
            if value < current:
                break
            rate /= 2
        else:
            break
        theta, current, rate = trial, value, rate * 1.5
    if not current < first:
        raise CheckFailed(f"30 steps downhill leave the loss at {current:.6g}, from {first:.6g}", {"J, b": theta})
    return Measured("loss per step", current, first, 0.0, sense="at most", detail="after 30 steps downhill")


@check(
    "objective",
    claim="Minimized over trajectories of a known computer, in the direction it states, it recovers that computer.",
    needs=("descent",),
)
def recovery(context: Context) -> Measured:
    """Minimize with SciPy; compare with the truth by chi-square, with the estimate's sandwich covariance."""
    from scipy.optimize import minimize

    loss, derived = LossOracle(context.plugin), loss_gradients(context.plugin)
    theta, x, x_next = known_steps(context.rng("recovery"), context.cls.direction)

    def scores(at: Array) -> Array:
        return chain_rule(context.plugin, derived, at, x, x_next)[:, :6]

    found = minimize(
        lambda t: float(loss.total(t, x, x_next).mean()),
        np.zeros(6),
        jac=lambda t: scores(t).mean(axis=0),
        method="BFGS",
        options={"gtol": 1e-9, "maxiter": 200},
    )
    h = 1e-4
    hessian = np.stack(
        [(scores(found.x + h * e).mean(axis=0) - scores(found.x - h * e).mean(axis=0)) / (2 * h) for e in np.eye(6)]
    )
    one = scores(found.x)
    covariance = np.linalg.pinv(hessian) @ (one.T @ one / len(one)) @ np.linalg.pinv(hessian) / len(one)
    gap = found.x - theta
    distance = float(gap @ np.linalg.pinv(covariance) @ gap)
    degrees = len(found.x)
    return Measured(
        "chi-square", distance, float(degrees), chi_square_limit(degrees) - degrees, sense="at most"
    ).require(
        f"its minimum lies at J, b = {np.array2string(found.x, precision=3)}, the computer that made the data has "
        f"{np.array2string(theta, precision=3)}; standard errors "
        f"{np.array2string(np.sqrt(np.diag(covariance)), precision=3)}",
        {"true": theta, "recovered": found.x},
    )


@check(
    "objective",
    claim="Whether the loss is quadratic in couplings and biases is what the author claims.",
    needs=("finite",),
)
def quadratic_claim(context: Context) -> Measured:
    """Find it symbolically, and by third differences of the loss in 50 digits."""
    import mpmath

    claimed = context.cls.quadratic
    if claimed is None:
        raise DoesNotApply("it makes no claim")
    found = loss_gradients(context.plugin).quadratic
    loss = LossOracle(context.plugin)
    with mpmath.workdps(50):
        rest = tuple(mpmath.mpf(v) for v in (DT, MOBILITY, KT))
        third = []
        for g, h in ((1, 0), (0, 1), (1, 1), (1, -2)):
            line = [
                loss.exact(
                    mpmath.mpf("0.3"), mpmath.mpf("0.4"), g * k * mpmath.mpf("3.1"), h * k * mpmath.mpf("3.1"), *rest
                )
                for k in range(-1, 3)
            ]
            third.append(abs(line[3] - 3 * line[2] + 3 * line[1] - line[0]) / (1 + abs(line[3])))
        numeric = bool(max(third) < mpmath.mpf(10) ** -30)
    if claimed != found or claimed != numeric:
        raise CheckFailed(
            f"quadratic = {claimed} is claimed; the expression says {found}, third differences say {numeric}",
            {"loss": loss_gradients(context.plugin).formula.loss},
        )
    return Measured("quadratic", str(found), str(claimed), 0, detail="symbolically and by third differences")
