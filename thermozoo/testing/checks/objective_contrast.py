"""Checks of an objective that compares states of the data with states of the model, by enumeration of a few p-bits."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.symbolic.contrast import contrast_gradients, contrast_weights
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.grades import WORST_GRADE, grade, graded
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check

Array = npt.NDArray[np.floating[Any]]

#: Two visible p-bits and two hidden ones, all coupled: small enough for sums that are written out.
_VISIBLE, _N = 2, 4
_PAIRS = tuple(itertools.combinations(range(_N), 2))
_STATES = np.array(list(itertools.product((-1.0, 1.0), repeat=_N)))
_NAMES = [*(f"J_{i}{j}" for i, j in _PAIRS), *(f"b_{i}" for i in range(_N))]

#: What each parameter multiplies in the energy, state by state.
_BY = np.stack([*(_STATES[:, i] * _STATES[:, j] for i, j in _PAIRS), *_STATES.T], axis=1)

#: Which states show which of the four images.
_SHOWS = np.array(
    [(_STATES[:, :_VISIBLE] == image).all(axis=1) for image in itertools.product((-1, 1), repeat=_VISIBLE)]
)

#: kT of which none is 1 or 1/2: a lost factor would not show; and two, as one may be right by chance.
_TEMPERATURES = (0.4, 1.3)


def _gradient(context: Context, kT: float, theta: Array, data: Array) -> Array:
    """Return the mean gradient by the derived weights, with both means by enumeration."""
    by_data, by_model = contrast_weights(context.plugin, kT)
    weights = np.exp(-(_BY @ theta) / kT)
    model = weights / weights.sum()
    shown = _SHOWS * weights
    clamped = data @ (shown / shown.sum(axis=1, keepdims=True))
    found: Array = by_data * (clamped @ _BY) + by_model * (model @ _BY)
    return found


def _surprise(kT: float, theta: Any, data: Array) -> Any:
    """Return the mean negative log-likelihood of the data, in mpmath."""
    import mpmath

    weights = [mpmath.exp(-mpmath.fdot(row.tolist(), theta) / mpmath.mpf(kT)) for row in _BY]
    total = mpmath.fsum(weights)
    shares = [mpmath.fsum(w for w, is_shown in zip(weights, row, strict=True) if is_shown) / total for row in _SHOWS]
    return -mpmath.fsum(mpmath.mpf(float(p)) * mpmath.log(share) for p, share in zip(data, shares, strict=True))


@check(
    "objective",
    claim="A contrast falls with the energy of the data and rises with that of the model, linear in both.",
    needs=("one-formula",),
)
def contrast_linear(context: Context) -> Measured:
    """Differentiate it, and ask for the signs at several temperatures."""
    derived = contrast_gradients(context.plugin)
    for kT in (0.1, 0.4, 1.0, 3.0):
        by_data, by_model = contrast_weights(context.plugin, kT)
        if not (np.isfinite(by_data) and by_data > 0 and by_data == -by_model):
            raise CheckFailed(
                f"means over the data are weighted by {by_data:g} and those over the model by {by_model:g}; expected "
                "a number above zero and its opposite, so that the gradient vanishes where the model is the data",
                {"kT": kT},
            )
    said = "no loss of a step: what speaks of steps is not asked of it"
    found, expected = f"{derived.by_data}, {derived.by_model}", f"{derived.by_data}, {-derived.by_data}"
    return Measured("weights", found, expected, 0, detail=said)


@check(
    "objective",
    claim="A contrast that claims to be a likelihood has its gradient: that of the exact negative log-likelihood of "
    "the data, of visible and hidden p-bits in equilibrium.",
    needs=("contrast-linear",),
)
def contrast_gradient(context: Context) -> Measured:
    """Compare with differences of the log-likelihood of two visible and two hidden p-bits in 60 digits."""
    import mpmath

    if not context.cls.likelihood:
        raise DoesNotApply(
            "it does not claim to be a likelihood (likelihood = True): its absolute scale is not checked"
        )
    rng = context.rng("contrast-gradient")
    errors = []
    for kT in np.repeat(_TEMPERATURES, 3).tolist():
        theta, data = rng.normal(0, 0.4, len(_NAMES)), rng.dirichlet(np.ones(len(_SHOWS)))
        got = _gradient(context, kT, theta, data)
        with mpmath.workdps(60):
            h = mpmath.mpf(10) ** -20
            for k, name in enumerate(_NAMES):
                sides = []
                for sign in (1, -1):
                    moved = [mpmath.mpf(float(v)) for v in theta]
                    moved[k] += sign * h
                    sides.append(_surprise(kT, moved, data))
                exact = float((sides[0] - sides[1]) / (2 * h))
                quality = grade(abs(got[k] - exact) / (float(np.abs(got).max()) + abs(exact)))
                errors.append(
                    Measured("grade", quality, 0.0, WORST_GRADE, grade=quality).require(
                        f"the mean gradient by {name} is {got[k]:.9g}, differences of the log-likelihood give "
                        f"{exact:.9g}",
                        {"J, b": theta, "data": data, "kT": kT},
                    )
                )
    return graded(errors, "6 machines of 2 visible and 2 hidden p-bits")
