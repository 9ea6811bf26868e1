"""Linear systems, solved by the mean of an equilibrium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Account, Phase, Picture, option, plus_minus
from thermozoo_plugins.tasks.linear import LinearTask
from thermozoo_plugins.tasks.linear_account import account_of
from thermozoo_plugins.tasks.linear_figures import LinearSystemFigures
from thermozoo_plugins.tasks.linear_files import read_numbers
from thermozoo_plugins.tasks.linear_findings import doubts, figures_of_both, samples_of
from thermozoo_plugins.tasks.linear_pictures import pictures_of
from thermozoo_plugins.tasks.linear_problem import built_in_vector, checked_vector
from thermozoo_plugins.tasks.linear_watch import POINTS, WatchMean

__all__ = ["LinearSystem"]

#: Entries in the table of the page.
_SHOWN = 16


@attrs.frozen
class LinearSystem(LinearTask):
    r"""Solve A x = b, with A symmetric and positive definite, by the mean of an equilibrium.

    .. math:: V(x) = \tfrac{1}{2} x^T A x - b^T x, \qquad \langle x \rangle = A^{-1} b

    The diagonal of A is the stiffness of quadratic units, the rest are couplings, and b are biases that push. Chains
    begin at zero and relax; their states are then averaged over time. No time step shifts the mean. The relative error
    falls as the root of kT over chains and time.

    References
    ----------
    M. Aifer et al., Thermodynamic linear algebra, npj Unconventional Computing 1, 13 (2024). D. Melanson et al.,
    Thermodynamic computing system for AI applications, Nature Communications 16, 3757 (2025).

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("linear-system")
    >>> [phase.name for phase in config.task.phases(config)]
    ['relaxation', 'sampling']
    """

    name = "linear-system"
    figures = LinearSystemFigures

    vector: str = option(
        "", doc="a .npy, Matrix Market or .csv file with the vector b; none: standard normal numbers of matrix_seed"
    )

    def _right_side(self) -> npt.NDArray[np.float64]:
        n = self.problem.n
        if not self.vector:
            return built_in_vector(n, self.matrix_seed)
        return checked_vector(read_numbers(self.vector), n)

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return relaxation and sampling."""
        return self.phases_of(
            config, self._sample, lambda x: x.astype(np.float64) + x, lambda n: n * (8 * self.chains + POINTS)
        )

    def _sample(self, run: Any, progress: Any) -> None:
        """Average states over time, and compare them with the digital answer."""
        computer = run.machine.computer
        watch = WatchMean(self.chains, computer.n, run.config.steps // self.observe_every)
        self.observe(run, progress, watch)
        answer, error = watch.answer()
        exact = np.linalg.solve(self.problem.values, self._right_side())
        run.figures = LinearSystemFigures(
            **figures_of_both(self, run, answer, error, exact, watch, squared=False),
            solution=tuple(answer.tolist()),
            solution_se=tuple(error.tolist()),
            reference={"solution": tuple(exact.tolist())},
            error_bars={"solution": tuple(error.tolist())},
        )
        run.samples = samples_of(self, run.config, "solution", ("unit",), (answer, error, exact), watch, 1.0)
        run.warnings += doubts(run.figures, squared=False)

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        rows = [
            (
                str(k),
                plus_minus(figures.solution[k], figures.solution_se[k], 2),
                f"{figures.reference['solution'][k]:.6g}",
            )
            for k in range(min(_SHOWN, figures.dimension))
        ]
        return account_of(
            figures,
            "The solution of A x = b",
            "A linear system",
            ("row", "x", "digital"),
            rows,
            "The time step shifts no mean.",
        )

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return the error against time, and the answer beside the digital one."""
        return pictures_of(figures, samples, "solution")
