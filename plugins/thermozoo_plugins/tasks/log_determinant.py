"""Log determinants, from the work of driving the couplings of a matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Account, Cost, Phase, Picture, Share, option
from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import finite, parts_of_duration, whole
from thermozoo_plugins.tasks.driven import driven_bytes, driven_seconds
from thermozoo_plugins.tasks.linear_problem import Matrix, checked_matrix
from thermozoo_plugins.tasks.linear_step import modes
from thermozoo_plugins.tasks.log_determinant_account import account_of
from thermozoo_plugins.tasks.log_determinant_estimators import acceptance_ratio, jarzynski
from thermozoo_plugins.tasks.log_determinant_figures import LogDeterminantFigures
from thermozoo_plugins.tasks.log_determinant_pictures import pictures_of
from thermozoo_plugins.tasks.log_determinant_work import coupled, driven_down, driven_law, driven_up, way
from thermozoo_plugins.tasks.matrix import MatrixTask, fraction

__all__ = ["LogDeterminant"]

Array = npt.NDArray[np.float64]

#: Time steps in which couplings are driven at least.
_STEPS = 10

#: Half the overlap below which an acceptance ratio is not to be trusted (Klimovich, Shirts, Mobley, J. Comput. Aided
#: Mol. Des. 29, 397 (2015)), and the relative variance of the mean of exp(-W / kT) above which that mean is not.
_OVERLAP, _VARIANCE = 0.03, 0.1

#: Places at which the bias of a step is integrated over the stiffness.
_PLACES = 32


def _slowing(value: Any) -> float:
    found = finite("slowing", value)
    if not 0 <= found <= 1e6:
        raise ParameterError(f"slowing must be 0 or more, and 1e6 at most, got {found:g}")
    return found


@attrs.frozen
class LogDeterminant(MatrixTask):
    r"""Find the log determinant of A, symmetric and positive definite, from the work of driving its couplings.

    .. math:: V_c(x) = \tfrac{1}{2} x^T \left(D + c\, (A - D)\right) x, \qquad
              \ln \det A = \sum_i \ln d_i + \frac{2\, \Delta F}{k_B T}

    with D the diagonal of A, d_i its entries, and dF the free energy of couplings as c goes from 0 to 1. All matrices
    on the way are mixtures of D and A, and positive definite as they are. The work of coupling units that begin in
    equilibrium, uncoupled, and that of uncoupling a computer that has relaxed, give dF by Bennett's acceptance ratio,
    whatever the speed. No time step has an effect of first order, as the trace of the matrix is the same all the way.

    References
    ----------
    M. Aifer et al., Thermodynamic linear algebra, npj Unconventional Computing 1, 13 (2024). C. Jarzynski, Phys. Rev.
    Lett. 78, 2690 (1997). C. H. Bennett, J. Comput. Phys. 22, 245 (1976). G. E. Crooks, Phys. Rev. E 60, 2721 (1999).

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("log-determinant")
    >>> [phase.name for phase in config.task.phases(config)]
    ['relaxation', 'driving']
    """

    name = "log-determinant"
    figures = LogDeterminantFigures

    chains: int = option(
        2000,
        converter=whole("chains", 10),
        doc="trajectories of each direction and duration, with noise of their own, 10 at least",
    )
    durations: tuple[float, ...] = option(
        (0.03125, 0.0625, 0.125, 0.25, 0.5, 1.0),
        converter=parts_of_duration,
        doc="durations in which couplings are driven, as parts of dynamics.duration, which is the slowest",
    )
    relaxation: float = option(
        0.5,
        converter=fraction,
        doc="time in which the coupled computer relaxes before it is driven, as a fraction of dynamics.duration",
    )
    slowing: float = option(
        1.0,
        converter=_slowing,
        doc="how much driving slows down towards full couplings: 0 is a straight line, and the root of the ratio of "
        "stiffness before and after, less 1, is best for a single mode",
    )
    scaled: bool = option(True, doc="whether units are scaled so that each has a stiffness of 1")

    def _in_units(self, given: Matrix) -> Matrix:
        """Return the matrix with a diagonal of 1, where units are scaled: x_i is then counted in sqrt(d_i)."""
        if not self.scaled:
            return given
        root = np.sqrt(np.diag(given.values))
        scaled = given.values / np.outer(root, root)
        np.fill_diagonal(scaled, 1.0)
        return checked_matrix(scaled)

    def check(self, config: Any, faults: Any) -> None:
        """Check its settings against steps, integrator and units."""
        if config.integrator and not faults.found_in("dynamics.integrator") and not type(config.integrator).thermal:
            faults.add(
                "dynamics.integrator",
                f"{config.integrator.name!r} does not relax to the Boltzmann distribution, and its work tells no free "
                "energy; take another integrator",
            )
        if not faults.found_in("dynamics") and config.dynamics.steps:
            fastest = self._steps(config)[0]
            if fastest < _STEPS:
                faults.add(
                    "task.durations",
                    f"expected {_STEPS} time steps in the fastest duration at least, got {fastest} (durations x "
                    "duration / dt)",
                    also=["dynamics.dt", "dynamics.duration"],
                )
        super().check(config, faults)

    def _steps(self, config: Any) -> list[int]:
        """Return the time steps of each duration."""
        return [round(part * config.dynamics.steps) for part in self.durations]

    def _relaxing(self, config: Any) -> int:
        """Return the steps of relaxation."""
        return max(1, math.ceil(self.relaxation * int(config.dynamics.steps)))

    def trajectories(self, config: Any) -> int:
        """Return the trajectories of a direction."""
        return self.chains

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return relaxation, and driving in all durations, up and down."""
        steps, relaxing = self._steps(config), self._relaxing(config)
        several = f"{self.chains:,} trajectories"

        def seconds(of: Any) -> float:
            return driven_seconds(of, driven_law(of.machine.dynamics, way(2 * sum(steps), self.slowing)), self.chains)

        def held(size: Any) -> tuple[Share, ...]:
            recorded = driven_bytes(self.chains, size.n, max(steps), size.itemsize)
            return (
                Share(8 * self.chains * 8 * len(steps), "task.chains", several, ("task.durations",), lasts=True),
                Share(recorded, "task.chains", "states of which the work is found"),
            )

        return [
            Phase(
                "relaxation",
                "relaxation",
                self._relax,
                lambda of: of.simulation(self.chains, relaxing),
                lambda size: (Share(self.chains * size.n * 48, "task.chains", several, lasts=True),),
                pieces=lambda config: 2,
                work=lambda run: relaxing,
            ),
            Phase(
                "driving",
                "driving",
                self._drive,
                seconds,
                held,
                pieces=lambda config: 2,
                work=lambda run: 2 * sum(steps),
            ),
        ]

    def _relax(self, run: Any, progress: Any) -> None:
        """Find the coupled computer's equilibrium."""
        run.outcome = coupled(run, self.chains, self._relaxing(run.config), progress)

    def _drive(self, run: Any, progress: Any) -> None:
        """Drive couplings up and down in each duration, and compare with the digital answer."""
        forward, backward = [], []
        for number, steps in enumerate(self._steps(run.config)):
            factors = way(steps, self.slowing)
            forward.append(driven_up(run, self.chains, factors, number, progress))
            backward.append(driven_down(run, run.outcome, factors, number, progress))
        run.figures = self._figures(run, forward, backward)
        run.samples = self._samples(run.figures.durations, forward, backward)
        run.warnings += _doubts(run.figures, forward[-1], backward[-1])

    def _figures(self, run: Any, forward: Sequence[Array], backward: Sequence[Array]) -> LogDeterminantFigures:
        given, problem, config = self.given, self.problem, run.config
        uncoupled = float(np.log(np.diag(given.values)).sum())
        both = [acceptance_ratio(up, down) for up, down in zip(forward, backward, strict=True)]
        up, down = [jarzynski(work) for work in forward], [jarzynski(work) for work in backward]
        unit = config.dynamics.dt * config.computer.mobility
        free, overlap = both[-1]
        means, errors = zip(*(_mean(work[-1]) for work in (forward, backward)), strict=True)
        relaxing, growth = self._relaxing(config), self.law(config).growth
        errors_by_name = {
            "log_determinant": 2 * free.error,
            "jarzynski": 2 * up[-1].error,
            "jarzynski_reverse": 2 * down[-1].error,
        }
        exact = float(np.linalg.slogdet(given.values)[1])
        return LogDeterminantFigures(
            dimension=given.n,
            condition=given.largest / given.smallest,
            eigenvalue_smallest=problem.smallest,
            eigenvalue_largest=problem.largest,
            chains=self.chains,
            relaxation=unit * relaxing,
            durations=tuple(unit * steps for steps in self._steps(config)),
            log_determinant=uncoupled + 2 * free.value,
            log_determinant_se=2 * free.error,
            jarzynski=uncoupled + 2 * up[-1].value,
            jarzynski_se=2 * up[-1].error,
            jarzynski_reverse=uncoupled - 2 * down[-1].value,
            jarzynski_reverse_se=2 * down[-1].error,
            uncoupled=uncoupled,
            free_energy_kT=free.value,
            free_energy_se_kT=free.error,
            upper=uncoupled + 2 * means[0],
            upper_se=2 * errors[0],
            lower=uncoupled - 2 * means[1],
            lower_se=2 * errors[1],
            dissipated_kT=means[0] + means[1],
            dissipated_se_kT=math.hypot(*errors),
            spread_kT=float(max(forward[-1].std(ddof=1), backward[-1].std(ddof=1))),
            overlap=overlap,
            log_determinant_by_duration=tuple(uncoupled + 2 * one.value for one, _ in both),
            log_determinant_by_duration_se=tuple(2 * one.error for one, _ in both),
            jarzynski_by_duration=tuple(uncoupled + 2 * one.value for one in up),
            jarzynski_by_duration_se=tuple(2 * one.error for one in up),
            jarzynski_reverse_by_duration=tuple(uncoupled - 2 * one.value for one in down),
            jarzynski_reverse_by_duration_se=tuple(2 * one.error for one in down),
            upper_by_duration=tuple(uncoupled + 2 * float(work.mean()) for work in forward),
            lower_by_duration=tuple(uncoupled - 2 * float(work.mean()) for work in backward),
            overlap_by_duration=tuple(one for _, one in both),
            step_bias=self._step_bias(config),
            # squares of states forget twice as fast as states, at rest and while they are driven: what they had to find
            # is the energy of the couplings, whose part in the work is the smaller the slower it begins
            left_over=2 * abs(run.outcome.coupling) * growth ** (2 * relaxing) * self._remembered(config, growth),
            reference=dict.fromkeys(errors_by_name, exact),
            error_bars=errors_by_name,
        )

    def _remembered(self, config: Any, growth: float) -> float:
        """Return the change of couplings in the slowest way down, each weighted with what is left of the beginning."""
        factors = way(self._steps(config)[-1], self.slowing)[::-1]
        return float(-np.diff(factors) @ growth ** (2.0 * np.arange(len(factors) - 1)))

    def _step_bias(self, config: Any) -> float:
        """Return tr B(A) - tr B(D), B' = b / stiffness, with b the relative bias of the variance of a mode.

        It is what slow driving adds to the log determinant: the mean energy of couplings, integrated over their factor.
        """
        values = self.problem.values
        ends = np.concatenate([np.linalg.eigvalsh(values), np.diag(values)])
        signs = np.repeat([1.0, -1.0], len(values))
        # B is smooth, and a polynomial of the stiffness through places that crowd at the ends integrates it
        low, high = float(ends.min()), float(ends.max())
        if high <= low * (1 + 1e-12):
            return 0.0
        places = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(_PLACES) + 0.5) / _PLACES)
        scale = {"dt": config.dynamics.dt, "mobility": config.computer.mobility, "kT": config.computer.temperature}
        _, bias = modes(config.integrator, places, **scale)
        series = np.polynomial.Chebyshev.fit(places, bias / places, _PLACES - 1, domain=[low, high]).integ()
        return float(signs @ series(ends))

    def _samples(self, durations: Sequence[float], forward: Sequence[Array], backward: Sequence[Array]) -> Any:
        """Return the work on all trajectories."""
        import xarray

        dims = ("duration", "trajectory")
        up, down = {"long_name": "work of coupling", "units": "kT"}, {"long_name": "work of uncoupling", "units": "kT"}
        return xarray.Dataset(
            {"forward": (dims, np.stack(forward), up), "reverse": (dims, np.stack(backward), down)},
            coords={"duration": ("duration", list(durations), {"units": "1 / (mobility E0)"})},
        )

    def replayable(self, config: Any) -> int:
        """Return the trajectories."""
        return self.chains

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a trajectory relax again, and be driven up and down in every duration."""
        relaxed = coupled(run, self.chains, self._relaxing(run.config), None)
        forward, reverse = [], []
        for k, steps in enumerate(self._steps(run.config)):
            factors = way(steps, self.slowing)
            forward.append(driven_up(run, self.chains, factors, k, None)[0])
            reverse.append(driven_down(run, relaxed, factors, k, None)[0])
        again = {"forward": forward, "reverse": reverse}
        return {name: (run.samples[name].values[:, number], values) for name, values in again.items()}

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of the work."""
        return 2 * 8 * self.chains * len(self.durations)

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that the computer is that of the device; its work tells free energies where it relaxes alone."""
        return ("realise",)

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of driving couplings up and down once: what was dissipated."""
        return Cost(2 * figures.durations[-1], figures.dissipated_kT, "the slowest way up and down")

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return the distributions of work, and the answer against the duration."""
        return pictures_of(figures, samples)

    def small(self) -> dict[str, Any]:
        """Return a config of seconds."""
        return {
            "computer": {"temperature": 0.5, "units": {"units": "auto"}, "potential": {"plugin": "quadratic"}},
            "dynamics": {"integrator": "quarter-noise", "dt": 0.1, "duration": 40.0, "engine": "reference"},
        }


def _mean(values: Array) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def _doubts(figures: LogDeterminantFigures, forward: Array, backward: Array) -> list[str]:
    """Return what is to be doubted about the figures of the slowest duration."""
    found, error = [], figures.log_determinant_se
    slower = "take a longer dynamics.duration, another task.slowing or more task.chains"
    # the work that decides about one direction's mean is typical of the other, which tells how rare it is (Jarzynski
    # 2006): what the other dissipates is D, and the variance of exp(-W / kT) is exp(2 D / kT) - 1 of normal work
    lost = {
        "coupling": float(backward.mean()) + figures.free_energy_kT,
        "uncoupling": float(forward.mean()) - figures.free_energy_kT,
    }
    rare = [name for name, dissipated in lost.items() if 2 * dissipated > math.log1p(_VARIANCE * figures.chains)]
    if rare:
        found.append(
            f"the work of {' and '.join(rare)} is spread too widely for {figures.chains:,} trajectories, by "
            f"{figures.spread_kT:.3g} kT: Jarzynski's mean hangs on few of them, is biased, and its error bar is too "
            f"small; {slower}"
        )
    if figures.overlap < 2 * _OVERLAP:
        found.append(
            f"the work of both directions hardly overlaps ({figures.overlap:.2g}, where 1 is the same distribution): "
            f"the log determinant and its error bar are not to be trusted; {slower}"
        )
    if figures.left_over > error / 4:
        found.append(
            f"relaxation is too short: up to {figures.left_over:.2g} of the log determinant may be missing, as the "
            f"coupled computer began uncoupled, beside an error bar of {error:.2g}; take a longer task.relaxation (the "
            f"slowest mode forgets in {1 / figures.eigenvalue_smallest:.4g} time constants)"
        )
    if abs(figures.step_bias) > error / 2:
        found.append(
            f"the time step adds about {figures.step_bias:.2g} to the log determinant, beside an error bar of "
            f"{error:.2g}; take a smaller dynamics.dt, or the integrator 'baoab', which adds nothing"
        )
    return found
