"""The Lyapunov equation, solved by the covariance of units in baths of different temperature."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Account, Phase, Picture, option, plus_minus
from thermozoo.errors import DataError
from thermozoo_plugins.tasks.linear import LinearTask
from thermozoo_plugins.tasks.linear_account import account_of
from thermozoo_plugins.tasks.linear_files import read_numbers
from thermozoo_plugins.tasks.linear_findings import doubts, figures_of_both, samples_of
from thermozoo_plugins.tasks.linear_pictures import pictures_of
from thermozoo_plugins.tasks.linear_step import LinearStep
from thermozoo_plugins.tasks.linear_watch import POINTS, TOGETHER
from thermozoo_plugins.tasks.lyapunov_figures import LyapunovFigures
from thermozoo_plugins.tasks.lyapunov_noise import Noise, built_in_noise, checked_noise
from thermozoo_plugins.tasks.lyapunov_step import covariance_bias
from thermozoo_plugins.tasks.lyapunov_watch import WatchTurned

__all__ = ["Lyapunov"]

Array = npt.NDArray[np.float64]

#: Entries in the table of the page.
_SHOWN = 16


@attrs.frozen
class Lyapunov(LinearTask):
    r"""Solve the Lyapunov equation A S + S A^T = R, with A symmetric and positive definite, by a stationary covariance.

    .. math:: dx = -\mu A x\, dt + \sqrt{\mu k_B T}\; dW_R, \qquad \frac{\langle x x^T \rangle}{k_B T} = S

    with W_R a Wiener process of covariance R across the units, symmetric and positive semi-definite. R = U D U^T is
    factorized as preparation: units are y = U^T x, with the couplings U^T A U, and each has a bath of its own, of the
    temperature kT D_i / 2. States are read as x = U y. Units in baths of different temperature have no equilibrium:
    heat flows all the time, and is reported. U is orthogonal, since no other factor of R leaves couplings symmetric.

    The time step leaves an error in covariances, which is known for every integrator and is reported: of first order in
    it with Euler-Maruyama, and with the force read a quarter of the noise ahead where two modes differ; of second order
    with the Heun scheme. BAOAB moves units of mass m, of whose covariance another equation holds: between two modes of
    different stiffness, it is lower by a term in m (lambda_i - lambda_j)^2, which falls with the mass.

    References
    ----------
    M. Aifer et al., Thermodynamic linear algebra, npj Unconventional Computing 1, 13 (2024).

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("lyapunov")
    >>> [phase.name for phase in config.task.phases(config)]
    ['relaxation', 'sampling']
    """

    name = "lyapunov"
    figures = LyapunovFigures

    noise: str = option(
        "",
        doc="a .npy, Matrix Market or .csv file with the matrix R, the covariance of the noise across units; none: a "
        "Wishart matrix of matrix_seed",
    )

    @functools.cached_property
    def _noise(self) -> Noise:
        """The noise, read and factorized once."""
        n = self.problem.n
        return checked_noise(read_numbers(self.noise) if self.noise else built_in_noise(n, self.matrix_seed), n)

    def sizes(self, config: Any, faults: Any) -> dict[str, int]:
        """Return the rows of the matrix; the noise has as many."""
        found = super().sizes(config, faults)
        if not faults.found_in("task"):
            try:
                _ = self._noise
            except DataError as error:
                faults.add("task.noise", str(error), also=["task.matrix"])
        return found

    def _among_units(self, values: Any) -> Any:
        return self._noise.turned(values)

    def baths(self, config: Any) -> Array:
        """Return the temperature of each unit's bath."""
        found: Array = config.computer.temperature * self._noise.strengths / 2
        return found

    def law(self, config: Any, dt: float | None = None) -> LinearStep:
        """Return what steps do to the modes of the matrix, and to the covariance of two."""
        found, problem = super().law(config, dt), self.problem
        bias = covariance_bias(
            config.integrator,
            problem.smallest,
            problem.largest,
            dt=dt or config.dynamics.dt,
            mobility=config.computer.mobility,
            kT=config.computer.temperature,
        )
        return attrs.evolve(found, bias=bias)

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return relaxation and sampling."""

        def look(x: Any) -> Any:
            row = (x.astype(np.float64) @ self._noise.directions.T)[:, None, :]
            return row.swapaxes(1, 2) @ row

        return self.phases_of(
            config,
            self._sample,
            look,
            lambda n: n * (self.chains * (4 * n + TOGETHER + 8) + (POINTS + 30) * n),
        )

    def _sample(self, run: Any, progress: Any) -> None:
        """Average products of states over time, and compare them with the digital answer."""
        from scipy.linalg import solve_continuous_lyapunov

        kT, noise = run.machine.computer.temperature, self._noise
        watch = WatchTurned(self.chains, run.config.steps // self.observe_every, noise.directions)
        self.observe(run, progress, watch)
        answer, error = (one / kT for one in watch.answer())
        flow, flow_se = self._heat_flow(watch.sums() / (watch.count * kT))
        exact = solve_continuous_lyapunov(self.problem.values, noise.values)
        rows = tuple(map(tuple, error.tolist()))
        run.figures = LyapunovFigures(
            **figures_of_both(self, run, answer, error, exact, watch, squared=True),
            directions_without_noise=int((noise.strengths == 0).sum()),
            coldest_kT=float(noise.strengths[0] / 2),
            hottest_kT=float(noise.strengths[-1] / 2),
            heat_flow_kT=flow,
            heat_flow_se_kT=flow_se,
            solution=tuple(map(tuple, answer.tolist())),
            solution_se=rows,
            reference={"solution": tuple(map(tuple, exact.tolist()))},
            error_bars={"solution": rows},
        )
        values, dims = (answer, error, exact), ("row", "column")
        run.samples = samples_of(self, run.config, "solution", dims, values, watch, 1 / kT)
        run.warnings += [*doubts(run.figures, squared=False), *_doubts(run.figures)]

    def _heat_flow(self, by_chain: Array) -> tuple[float, float]:
        """Return the heat that flows into baths below the mean temperature, from those above, and its standard error.

        Into the bath of a unit it is mu <F^2> - mu kT_i V'' per time, with F the force on it: what drag dissipates of
        the force, less what the noise brings back.
        """
        noise = self._noise
        stiffness = noise.turned(self.problem.values)
        forces = stiffness @ noise.directions.T  # F = -B y = -B U^T x
        into = np.stack([np.sum((forces @ one) * forces, axis=1) for one in by_chain])
        into -= noise.strengths / 2 * np.diag(stiffness)
        flows = into[:, noise.strengths < noise.strengths.mean()].sum(axis=1)
        return float(flows.mean()), float(flows.std(ddof=1) / math.sqrt(self.chains))

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        n = figures.dimension
        places = [(k, k) for k in range(n)] + [(0, k) for k in range(1, n)]
        rows = [
            (
                f"{i}, {j}",
                plus_minus(figures.solution[i][j], figures.solution_se[i][j], 2),
                f"{figures.reference['solution'][i][j]:.6g}",
            )
            for i, j in places[:_SHOWN]
        ]
        found = account_of(
            figures,
            "The solution of A S + S A = R",
            "A Lyapunov equation",
            ("row, column", "S", "digital"),
            rows,
            f"The time step shifts covariances by {abs(figures.step_bias):.2%} at most.",
        )
        baths = (
            f"Baths: from {figures.coldest_kT:.3g} to {figures.hottest_kT:.3g} kT, one a unit. In a time constant, "
            f"{plus_minus(figures.heat_flow_kT, figures.heat_flow_se_kT, 2)} kT of heat a chain flow from those above "
            "the mean temperature to those below, as long as it runs."
        )
        return attrs.evolve(
            found,
            paragraphs=[*found.paragraphs[:2], baths, *found.paragraphs[2:]],
            lines=[*found.lines, baths],
        )

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return the error against time, and the answer beside the digital one."""
        return pictures_of(figures, samples, "solution")

    def small(self) -> dict[str, Any]:
        """Return a config of seconds."""
        found = super().small()
        return found | {"dynamics": found["dynamics"] | {"integrator": "stochastic-heun"}}


def _doubts(figures: LyapunovFigures) -> list[str]:
    """Return what is to be doubted about the time step."""
    bias, expected = abs(figures.step_bias), figures.relative_error_expected
    if bias <= expected / 2:
        return []
    return [
        f"the time step leaves an error of up to {bias:.2g} in covariances, beside error bars of {expected:.2g}; take "
        "a smaller dynamics.dt, or the integrator 'stochastic-heun', whose error is of second order (that of units "
        "with inertia falls with their mass alone)"
    ]
