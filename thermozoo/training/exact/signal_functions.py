r"""The moments of units that are alike as functions of its signal s, ready to be evaluated for whole data sets.

Everything that the normal equations need is an average over time of products of moments of two units. The means
:math:`m(t, s)` of all kinds span few functions of time, :math:`m(t, s) = \sum_r u_r(t) M_r(s)` with orthonormal
:math:`u_r` (a singular value decomposition; some eight of them reach 1e-7), so that :math:`\langle m_i m_j \rangle =
\sum_r M_r(s_i) M_r(s_j)`, and of any other function only its projections on the :math:`u_r` are needed.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev

from thermozoo.training.exact.unit_grid import Function
from thermozoo.training.exact.unit_moments import UnitMoments, series_from_values
from thermozoo.training.expansion import StepExpansion
from thermozoo.training.unit_types import UnitType

__all__ = ["KindMoments", "SignalFunctions", "kind_moments", "observables_for", "time_basis"]

Array = npt.NDArray[np.float64]

#: Singular values below this fraction of the largest are left out; their squares enter the sums.
_SPAN = 1e-7
#: Points of the table that serves large data sets; linear interpolation between 65,536 points is good to 1e-8.
_TABLE = 65_536


def observables_for(unit_type: UnitType, expansion: StepExpansion, names: tuple[str, ...]) -> dict[str, Function]:
    """Return the functions of the state whose averages the normal equations need, by name.

    Parameters
    ----------
    unit_type : UnitType
        The units.
    expansion : StepExpansion
        The objective.
    names : tuple of str
        Trainable on-site parameters that these units have.
    """
    formulas = unit_type.site.formulas

    def on_site(name: str, expression: Any) -> Function:
        return lambda x: unit_type.site.evaluate(name, expression, x)

    found: dict[str, Function] = {}
    regressors = {"": 1, **{name: formulas.gradient_by_parameter[name] for name in names}}
    for name, phi in regressors.items():
        zeroth, first, second = expansion.orders(phi)
        for order, expression in (
            (f"h0 {name}", zeroth),
            (f"h1 {name}", first),
            (f"h1 force {name}", first * formulas.gradient),
            (f"h2 {name}", second),
        ):
            if expression != 0:
                found[order] = on_site("expansion", expression)
    for k, name in enumerate(names):
        phi = regressors[name]
        found[f"phi {name}"] = on_site("regressor", phi)
        found[f"phi force {name}"] = on_site("regressor_force", phi * formulas.gradient)
        for other in names[k:]:
            found[f"phi {name} {other}"] = on_site("regressors", phi * regressors[other])
    return found


@attrs.frozen(eq=False)
class KindMoments:
    """Moments of units that are alike at the nodes in s and in time, as the normal equations use them.

    Parameters
    ----------
    unit_type : UnitType
        The units.
    moments : UnitMoments
        The solution they come from.
    mean, variance : ndarray, shape (S, T)
        Of the state.
    gradient : ndarray, shape (1 + p, S, T)
        Expected gradient of the loss without couplings: by the bias, then by each of the type's on-site parameters.
    regressors : ndarray, shape (1 + p, S, T)
        Averages of the regressors; the first is one.
    products : ndarray, shape (1 + p, 1 + p, S, T)
        Averages of their products.
    rows : ndarray of int, shape (1 + p,)
        Which row of the local unknowns each is.
    """

    unit_type: UnitType
    moments: UnitMoments
    mean: Array
    variance: Array
    gradient: Array
    regressors: Array
    products: Array
    rows: npt.NDArray[np.int64]


def kind_moments(
    unit_type: UnitType,
    moments: UnitMoments,
    expansion: StepExpansion,
    names: tuple[str, ...],
    rows: npt.NDArray[np.int64],
    *,
    intensity: Array,
    drift: float,
    diffusion: float,
) -> KindMoments:
    """Combine the averages of the observables into what the normal equations use.

    Parameters
    ----------
    unit_type, moments, expansion, names
        See `observables_for`.
    rows : ndarray of int
        Rows of the local unknowns: bias, then one a name.
    intensity : ndarray, shape (T,)
        a(t) at the moments' times.
    drift, diffusion : float
        mu dt and mu kT dt.
    """
    values = moments.at_nodes()
    table = {name: values[:, k] for k, name in enumerate(moments.names)}
    zero = np.zeros_like(table["mean"])
    imposed = moments.nodes[:, None] * intensity

    def expected(name: str, product: Array) -> Array:
        change = imposed * table.get(f"h1 {name}", zero) - table.get(f"h1 force {name}", zero)
        step = table.get(f"h0 {name}", zero) + drift * change + diffusion * table.get(f"h2 {name}", zero)
        return np.asarray(expansion.curvature * product + step)

    forces = [table["force"], *(table[f"phi force {name}"] for name in names)]
    regressors = [zero + 1.0, *(table[f"phi {name}"] for name in names)]
    products = np.empty((len(forces), len(forces), *zero.shape))
    for p in range(len(forces)):
        for q in range(p, len(forces)):
            pair = regressors[q] if p == 0 else table[f"phi {names[p - 1]} {names[q - 1]}"]
            products[p, q] = products[q, p] = pair
    return KindMoments(
        unit_type=unit_type,
        moments=moments,
        mean=table["mean"],
        variance=table["variance"],
        gradient=np.stack([expected(n, f) for n, f in zip(("", *names), forces, strict=True)]),
        regressors=np.stack(regressors),
        products=products,
        rows=rows,
    )


def time_basis(kinds: list[KindMoments], weights: Array, *, constant: bool = False) -> Array:
    """Return orthonormal functions of time that span the means of all kinds, times root weights, shape (T, R).

    With `constant` they span the constant, too: clamped units are.
    """
    means = [k.mean for k in kinds]
    if constant:
        means.append(np.full((1, weights.size), max(float(np.abs(mean).max()) for mean in means) or 1.0))
    stacked = np.concatenate(means) * np.sqrt(weights)
    _, singular, basis = np.linalg.svd(stacked, full_matrices=False)
    kept = singular > _SPAN * singular[0] if singular[0] > 0 else np.zeros(len(singular), dtype=bool)
    result: Array = basis[kept].T
    return result


class SignalFunctions:
    """What units that are alike contribute to the sums over a data set, as functions of s, for one time window.

    Parameters
    ----------
    moments : KindMoments
        Its moments.
    weights : ndarray, shape (T,)
        Quadrature over the window, of total weight one.
    basis : ndarray, shape (T, R)
        See `time_basis`.
    values : int
        How many values of s will be asked for; many are served from a table.
    """

    def __init__(self, moments: KindMoments, weights: Array, basis: Array, values: int) -> None:
        self.moments = moments
        root = np.sqrt(weights)
        regressors = len(moments.rows)
        self.terms = basis.shape[1]
        #: Functions of s, (F, S): M_r, then projections of gradient, of regressors, then averages over time.
        upper = np.triu_indices(regressors)
        rows = [
            basis.T @ (moments.mean * root).T,
            basis.T @ (moments.gradient[0] * root).T,
            *(basis.T @ (phi * root).T for phi in moments.regressors[1:]),
            (moments.variance @ weights)[None],
            moments.gradient @ weights,
            moments.products[upper] @ weights,
        ]
        edges = np.cumsum([len(r) for r in rows])[:-1]
        self._parts = edges
        functions = np.concatenate(rows)
        listed = moments.moments.listed is not None
        self._series = functions if listed else functions @ series_from_values(functions.shape[1]).T
        self._table: Array | None = None
        if values > 4 * _TABLE and not listed:
            knots = np.linspace(-1, 1, _TABLE)
            parts = np.array_split(knots, 64)
            self._table = np.concatenate([self._exact(part) for part in parts], axis=1)

    def _exact(self, scaled: Array) -> Array:
        return np.asarray(self._series @ chebyshev.chebvander(scaled, self._series.shape[1] - 1).T)

    def __call__(self, signals: Array) -> list[Array]:
        """Evaluate at signals of shape (images, U).

        Returns
        -------
        list of ndarray
            M (R, images, U), projected gradient (R, ...), each projected regressor but the constant, then averages over
            time: variance (1, ...), gradient (1 + p, ...), products of regressors, upper triangle.
        """
        moments = self.moments.moments
        if moments.listed is not None:
            return np.split(self._series[:, moments.places(signals)], self._parts)
        scaled = moments.scaled(signals).ravel()
        if self._table is None:
            values = self._exact(scaled)
        else:
            place = np.clip((scaled + 1) * ((_TABLE - 1) / 2), 0, _TABLE - 1)
            cell = np.minimum(place.astype(np.int64), _TABLE - 2)
            part = place - cell
            values = np.empty((len(self._table), scaled.size))
            for row, out in zip(self._table, values, strict=True):
                left = row[cell]
                np.subtract(row[cell + 1], left, out=out)
                out *= part
                out += left
        return np.split(values.reshape(-1, *signals.shape), self._parts)
