"""Checks of an objective in training: loss, gradients and minimum that training takes are those of the formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer, assemble
from thermozoo.interfaces import Connectivity, UnitLayout
from thermozoo.testing.checks.objective import gradients  # noqa: F401 - registers what this one needs first
from thermozoo.testing.context import Context
from thermozoo.testing.loss_oracle import (
    DT,
    KT,
    MOBILITY,
    PAIRS,
    A,
    C,
    LossOracle,
    N,
    chain_rule,
    gradient,
    known_steps,
)
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import DoesNotApply
from thermozoo.testing.probes import ProbeQuartic
from thermozoo.testing.registry import check
from thermozoo.training.loss import StepLoss
from thermozoo.training.observed import ObservedSteps

Array = npt.NDArray[Any]

#: Rounding of sums over a few hundred steps; and how far equations are solved for a minimum.
_CLOSE, _SOLVED = 1e-11, 1e-6


@attrs.frozen
class EveryPair(Connectivity):
    """Every pair of units of two groups, in the order of `PAIRS`."""

    name = "probe-two-groups"

    def blocks(self, layout: UnitLayout) -> Sequence[tuple[str, str]]:
        """Return the first group with itself and with the second."""
        first, second = layout.sizes
        return [(first, first), (first, second)]


@check(
    "objective",
    claim="The loss that training takes, by unit, weighted and summed, and its gradients are those of the formula.",
    needs=("gradients",),
)
def training_loss(context: Context) -> Measured:
    """Compare the loss of three coupled units, one of them clamped as well, with the author's own, written out."""
    from thermozoo.symbolic.derive import loss_gradients

    rng = context.rng("training-loss")
    _, x, x_next = known_steps(rng, context.cls.direction)
    x, x_next = x[::200], x_next[::200]
    oracle, derived = LossOracle(context.plugin), loss_gradients(context.plugin)
    theta = 0.5 * rng.standard_normal(len(PAIRS) + N)
    figures = []
    for computer in _computers():
        free = computer.layout.free
        held = np.concatenate([np.ones(len(PAIRS), bool), computer.trainable_biases])
        computer = computer.with_parameters(theta[held])
        at = np.concatenate([computer.couplings.vector, computer.biases])
        g, g_next = gradient(at, x), gradient(at, x_next)
        by_unit = np.broadcast_to(np.asarray(oracle.arrays(x, x_next, g, g_next, DT, MOBILITY, KT), float), x.shape)
        for weights in (None, np.array([0.5, 2.0, 3.0])):
            loss = StepLoss(context.plugin, DT, weights)
            w = np.where(free, 1.0 if weights is None else weights, 0.0)
            title = f"{free.sum()} of {N} units free, {'equal' if weights is None else 'other'} weights"
            slopes = np.sum([_one_unit(context, derived, at, x, x_next, i) * w[i] for i in range(N)], axis=0)
            value, by_parameter = loss.gradient(computer, x, x_next)
            onsite = [
                sum(loss.gradient_by_parameter(computer, group, p, x, x_next).sum() for group in computer.layout.sizes)
                for p in ("a", "c")
            ]
            figures += [
                _apart("loss by unit", loss.by_unit(computer, x, x_next), by_unit, title),
                _apart("loss of a step", loss.value(computer, x, x_next), by_unit @ w, title),
                _apart("loss of all steps", np.array([value]), np.array([(by_unit @ w).sum()]), title),
                _apart("gradient", by_parameter, slopes[: len(at)][held], title),
                _apart("gradient on site", np.array(onsite), slopes[len(at) :], title),
            ]
    return worst(figures)


@check(
    "objective",
    claim="Where the loss is quadratic, the computer that training finds for given steps is the one of least loss.",
    needs=("training-loss",),
)
def training_minimum(context: Context) -> Measured:
    """Show steps, and look at the author's loss and its gradient at the couplings and biases that are found."""
    from thermozoo.symbolic.derive import loss_gradients

    derived = loss_gradients(context.plugin)
    if not derived.quadratic:
        raise DoesNotApply("the loss is not quadratic: its minimum is not the solution of linear equations")
    _, before, after = known_steps(context.rng("training-minimum"), context.cls.direction)
    oracle = LossOracle(context.plugin)
    figures = []
    for computer in _computers():
        free = computer.layout.free
        x, x_next = before[::50], np.where(free, after[::50], before[::50])
        shown = ObservedSteps(computer, context.plugin, DT)
        # in two parts, as steps of many trajectories come
        for part in (slice(0, 400), slice(400, None)):
            states = np.stack([x[part], x_next[part]])
            shown.add(states[..., free], None if free.all() else x[part][:, ~free])
        found = shown.follow(tolerance=1e-10)
        at = np.concatenate([found.computer.couplings.vector, found.computer.biases])
        trained = np.concatenate([np.ones(len(PAIRS), bool), free])
        slope, first = (
            np.sum([_one_unit(context, derived, theta, x, x_next, i) for i in range(N) if free[i]], axis=0)[: len(at)]
            for theta in (at, np.zeros_like(at))
        )
        left = float(np.abs(slope[trained]).max() / np.abs(first[trained]).max())
        g, g_next = gradient(at, x), gradient(at, x_next)
        values = np.broadcast_to(oracle.arrays(x, x_next, g, g_next, DT, MOBILITY, KT), x.shape)
        title = f"{free.sum()} of {N} units free, {len(x)} steps"
        figures += [
            Measured("gradient that is left, of that without couplings", left, 0.0, _SOLVED, detail=title).require(
                f"the gradient of the loss by J and b is {slope[trained]} at the minimum that training finds, J and b "
                f"= {at}; without couplings it is {first[trained]}"
            ),
            _apart("loss at the minimum", np.array([found.loss]), np.array([values[:, free].mean()]), title),
        ]
    return worst(figures)


def _computers() -> tuple[Computer, Computer]:
    """Return three coupled units of the suite's potential, and the same with the last one clamped."""
    whole = assemble(
        {"units": N - 1, "other": 1},
        ProbeQuartic(a=A, c=C),
        EveryPair(),
        temperature=KT,
        mobility=MOBILITY,
        trainable_biases=["units", "other"],
    )
    return whole, whole.clamping(["other"])


def _one_unit(context: Context, derived: Any, theta: Array, x: Array, x_next: Array, unit: int) -> Array:
    """Return the gradient of the loss of one unit, summed over steps, by couplings, biases, a and c."""
    total: Array = chain_rule(context.plugin, derived, theta, x, x_next, only=unit).sum(axis=0)
    return total


def _apart(what: str, found: Array, expected: Array, detail: str) -> Measured:
    off = float(np.abs(found - expected).max()) / (1 + float(np.abs(expected).max()))
    return Measured(f"{what}, off the formula", off, 0.0, _CLOSE, detail=detail).require()
