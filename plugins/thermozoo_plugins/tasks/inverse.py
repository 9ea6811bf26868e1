"""The inverse of a matrix, by the covariance of an equilibrium."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from thermozoo import Account, Phase, Picture, plus_minus
from thermozoo_plugins.tasks.linear import LinearTask
from thermozoo_plugins.tasks.linear_account import account_of
from thermozoo_plugins.tasks.linear_figures import SHOWN_WHOLE, InverseFigures, InverseValues
from thermozoo_plugins.tasks.linear_findings import doubts, figures_of_both, samples_of
from thermozoo_plugins.tasks.linear_pictures import pictures_of
from thermozoo_plugins.tasks.linear_watch import POINTS, TOGETHER, WatchSquares

__all__ = ["Inverse"]

#: Entries in the table of the page.
_SHOWN = 16


@attrs.frozen
class Inverse(LinearTask):
    r"""Invert a matrix A, symmetric and positive definite, by the covariance of an equilibrium.

    .. math:: V(x) = \tfrac{1}{2} x^T A x, \qquad \frac{\langle x x^T \rangle}{k_B T} = A^{-1}

    The diagonal of A is the stiffness of quadratic units, the rest are couplings. Chains begin at zero and relax;
    products of their states are then averaged over time. The time step leaves an error in variances, which is known
    for every integrator, and is reported: with z the mobility times dt times an eigenvalue, 1 / (1 - z / 2) - 1 of
    Euler-Maruyama, z^2 / (16 - 8 z) with the force read a quarter of the noise ahead, and none of BAOAB.

    References
    ----------
    M. Aifer et al., Thermodynamic linear algebra, npj Unconventional Computing 1, 13 (2024). D. Melanson et al.,
    Thermodynamic computing system for AI applications, Nature Communications 16, 3757 (2025).

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("inverse")
    >>> [phase.name for phase in config.task.phases(config)]
    ['relaxation', 'sampling']
    """

    name = "inverse"
    figures = InverseFigures

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return relaxation and sampling."""

        def look(x: Any) -> Any:
            row = x.astype(np.float64)[:, None, :]
            return row.swapaxes(1, 2) @ row

        return self.phases_of(
            config,
            self._sample,
            look,
            lambda n: n * (self.chains * (3 * n + TOGETHER + 8) + (POINTS + 20) * n),
        )

    def _sample(self, run: Any, progress: Any) -> None:
        """Average products of states over time, and compare them with the digital answer."""
        computer = run.machine.computer
        watch = WatchSquares(self.chains, computer.n, run.config.steps // self.observe_every)
        self.observe(run, progress, watch)
        answer, error = (one / computer.temperature for one in watch.answer())
        exact = np.linalg.inv(self.problem.values)
        run.figures = self._figures(
            figures_of_both(self, run, answer, error, exact, watch, squared=True),
            (answer, error, exact),
            np.trace(watch.sums(), axis1=1, axis2=2) / (watch.count * computer.temperature),
        )
        values = answer, error, exact
        dims, scale = ("row", "column"), 1 / computer.temperature
        run.samples = samples_of(self, run.config, "inverse", dims, values, watch, scale)
        run.warnings += doubts(run.figures, squared=True)

    def _figures(self, both: dict[str, Any], values: tuple[Any, Any, Any], traces: Any) -> InverseFigures:
        """Return the figures; `values` are answer, standard error and digital answer, `traces` those of each chain."""
        trace_se = float(traces.std(ddof=1) / math.sqrt(self.chains))
        answer = error = exact = None
        if both["dimension"] <= SHOWN_WHOLE:
            answer, error, exact = (tuple(map(tuple, one.tolist())) for one in values)
        return InverseFigures(
            **both,
            trace=float(traces.mean()),
            trace_se=trace_se,
            inverse=answer,
            inverse_se=error,
            reference=InverseValues(trace=float(np.trace(values[2])), inverse=exact),
            error_bars=InverseValues(trace=trace_se, inverse=error),
        )

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        n = figures.dimension
        places = [(k, k) for k in range(n)] + [(0, k) for k in range(1, n)]
        rows = [
            (
                f"{i}, {j}",
                plus_minus(figures.inverse[i][j], figures.inverse_se[i][j], 2),
                f"{figures.reference.inverse[i][j]:.6g}",
            )
            for i, j in (places[:_SHOWN] if figures.inverse is not None else ())
        ]
        trace = ("trace", plus_minus(figures.trace, figures.trace_se, 2), f"{figures.reference.trace:.6g}")
        step = f"The time step shifts variances by {abs(figures.step_bias):.2%} at most."
        if figures.inverse is None:
            step += " Its entries are in samples.nc: inverse, inverse_se, inverse_reference."
        return account_of(
            figures,
            "The inverse",
            "The inverse of a matrix",
            ("row, column", "inverse", "digital"),
            [trace, *rows],
            step,
        )

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return the error against time, and the answer beside the digital one."""
        return pictures_of(figures, samples, "inverse")
