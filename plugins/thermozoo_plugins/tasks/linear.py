"""What the tasks of linear algebra share: settings, the computer of a matrix, relaxation and observation."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Cost, Phase, Share, Task, option
from thermozoo.errors import DataError, ParameterError
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.linear_files import read_numbers
from thermozoo_plugins.tasks.linear_problem import Matrix, built_in_matrix, checked_matrix
from thermozoo_plugins.tasks.linear_step import LinearStep, linear_step
from thermozoo_plugins.tasks.linear_watch import POINTS

__all__ = ["LinearTask"]

Array = npt.NDArray[np.floating[Any]]

#: Bytes for each entry of a matrix that is made: its directions, products, eigenvalues.
_MADE = 48


def _condition(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 1e12:
        raise ParameterError(f"condition must be a number from 1 to 1e12, got {value!r}")
    return float(value)


def _fraction(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100:
        raise ParameterError(f"relaxation must lie above 0, and be at most 100 times the duration, got {value!r}")
    return float(value)


@attrs.frozen
class LinearTask(Task):
    """A task about the computer whose energy is x^T A x / 2 - b^T x."""

    own_potentials = True

    chains: int = option(32, converter=whole("chains", 4), doc="trajectories with noise of their own, 4 at least")
    observe_every: int = option(10, converter=whole("observe_every"), doc="time steps from one observation to the next")
    relaxation: float = option(
        0.25, converter=_fraction, doc="time before the first observation, as a fraction of dynamics.duration"
    )
    matrix: str = option("", doc="a .npy, Matrix Market or .csv file with the matrix A; none: one is made")
    dimension: int = option(8, converter=whole("dimension"), doc="rows of the matrix that is made")
    condition: float = option(
        10.0, converter=_condition, doc="condition number of the matrix that is made, its eigenvalues falling from 1"
    )
    matrix_seed: int = option(1, converter=whole("matrix_seed", 0), doc="seed of the matrix that is made")

    @functools.cached_property
    def _problem(self) -> Matrix:
        """The matrix, read once."""
        if self.matrix:
            return checked_matrix(read_numbers(self.matrix))
        return checked_matrix(built_in_matrix(self.dimension, self.condition, self.matrix_seed))

    def _right_side(self) -> Array | None:
        """Return b, where there is one."""
        return None

    def check(self, config: Any, faults: Any) -> None:
        """Check its settings against steps and units."""
        steps = config.dynamics.steps
        if steps and not faults.found_in("dynamics") and steps // self.observe_every < 8:
            faults.add(
                "task.observe_every",
                f"expected 8 observations of a chain at least, got {steps // self.observe_every} of {steps:,} time "
                "steps (duration / dt)",
                also=["dynamics.dt", "dynamics.duration"],
            )
        made = [f for f in attrs.fields(type(self)) if f.name in ("dimension", "condition", "matrix_seed")]
        for field in made if self.matrix else ():
            if getattr(self, field.name) != field.default:
                faults.add(
                    f"task.{field.name}",
                    "nothing uses it: task.matrix brings the matrix; leave it out",
                    also=["task.matrix"],
                )
        if not faults.found_in("computer") and (len(config.sizes) != 1 or config.clamped):
            faults.add("computer.units", "expected one group of units that move, one unit a row of the matrix")
        if not faults.found_in("computer") and any(p.name != "quadratic" for p in config.potentials.values()):
            faults.add(
                "computer.potential", "expected plugin = 'quadratic': the energy of a linear computer is quadratic"
            )
        if not faults.found_in("computer") and config.terms:
            faults.add("computer.terms", "nothing uses it: the matrix is the whole energy; leave it out")

    def sizes(self, config: Any, faults: Any) -> dict[str, int]:
        """Return the rows of the matrix, for the group of an automatic size."""
        limit = config.dynamics.memory_limit
        if not self.matrix and _MADE * self.dimension**2 > limit * 2**30:
            faults.add(
                "task.dimension",
                f"a matrix of {self.dimension:,} x {self.dimension:,} and its eigenvalues need more than the "
                f"{limit:g} GiB of dynamics.memory_limit: take a smaller one",
                also=["dynamics.memory_limit"],
            )
            return {}
        try:
            n = self._problem.n
        except DataError as error:
            faults.add("task.matrix", str(error))
            return {}
        try:
            self._right_side()
        except DataError as error:
            faults.add("task.vector", str(error), also=["task.matrix"])
        return dict.fromkeys(config.auto, n)

    def computer(self, config: Any, computer: Any, faults: Any) -> Any:
        """Return the computer of the matrix: its diagonal is on site, the rest are couplings, b are biases."""
        from thermozoo import assemble

        problem, b = self._problem, self._right_side()
        if computer.n != problem.n:
            faults.add(
                "computer.units",
                f"the matrix has {problem.n:,} rows, but the computer {computer.n:,} units: give 'auto'",
                also=["task.matrix"],
            )
            return computer
        found = self.law(config)
        speed = config.computer.mobility * config.dynamics.dt * problem.largest
        if not (speed < 1 and found.growth < 1):
            faults.add(
                "dynamics.dt",
                f"dt = {config.dynamics.dt:g} is too long for the stiffest mode of the matrix, eigenvalue "
                f"{problem.largest:.6g}: mobility x dt x eigenvalue is {speed:.3g}, and must stay below 1 to be safe; "
                f"choose dt <= {0.1 / (config.computer.mobility * problem.largest):.1g}",
                also=["task.matrix"],
            )
            return computer
        diagonal = np.diag(problem.values)
        [unit] = config.potentials.values()
        made = assemble(
            dict(computer.layout.sizes),
            attrs.evolve(unit, J2=diagonal / 2),
            config.connectivity,
            temperature=computer.temperature,
            mobility=computer.mobility,
            interaction=config.interaction,
        )
        try:
            made = made.with_couplings(problem.values - np.diag(diagonal)) if problem.n > 1 else made
        except ParameterError as error:
            faults.add("computer.connectivity", str(error), also=["task.matrix"])
            return computer
        if made.couplings.interaction is not None and made.couplings.interaction.name != "bilinear":
            faults.add("computer.interaction", "expected 'bilinear': the energy of a linear computer is quadratic")
        return made if b is None else attrs.evolve(made, biases=-b)

    def law(self, config: Any) -> LinearStep:
        """Return what steps do to the modes of the matrix."""
        problem = self._problem
        return linear_step(
            config.integrator,
            problem.smallest,
            problem.largest,
            dt=config.dynamics.dt,
            mobility=config.computer.mobility,
            kT=config.computer.temperature,
        )

    def trajectories(self, config: Any) -> int:
        """Return the chains."""
        return self.chains

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that states are read as the device reads them."""
        return (*Task.imperfect(self, config), "read")

    def relaxing(self, config: Any) -> int:
        """Return the steps of relaxation."""
        return max(1, math.ceil(self.relaxation * int(config.steps)))

    def phases_of(
        self, config: Any, sample: Callable[[Any, Any], None], look: Callable[[Any], Any], numbers: Callable[[int], int]
    ) -> Sequence[Phase]:
        """Return relaxation and sampling.

        Parameters
        ----------
        config : Config
            The run.
        sample : callable
            Observes.
        look : callable
            What an observation does with states.
        numbers : callable
            Returns what is held in sampling, as numbers of 8 bytes, of the number of units.
        """
        relaxing, steps = self.relaxing(config), config.steps
        several = f"{self.chains:,} chains"
        return [
            Phase(
                "relaxation",
                "relaxation",
                self._relax,
                lambda of: of.simulation(self.chains, relaxing),
                lambda size: (Share(self.chains * size.n * 48, "task.chains", several),),
                pieces=lambda config: 2,
                work=lambda run: relaxing,
            ),
            Phase(
                "sampling",
                "sampling",
                sample,
                lambda of: of.simulation(self.chains, steps, every=self.observe_every, look=look),
                lambda size: (
                    Share(8 * numbers(size.n), "task.chains", several, ("task.dimension", "task.matrix"), lasts=True),
                ),
                pieces=lambda config: 2,
                work=lambda run: steps,
            ),
        ]

    def _relax(self, run: Any, progress: Any) -> None:
        """Begin at zero, and let the computer find its equilibrium."""
        computer = run.machine.computer
        x = np.zeros((self.chains, computer.n))
        done = run.simulate(x, self.relaxing(run.config), stream=0, progress=progress)
        run.outcome = done, -computer.energy(done.final) / computer.temperature

    def observe(self, run: Any, progress: Any, watch: Any) -> None:
        """Go on, and observe."""
        relaxed, _ = run.outcome
        run.simulate(
            relaxed.final,
            run.config.steps,
            stream=1,
            variables=relaxed.variables or None,
            every=self.observe_every,
            observers=[run.read.watching(watch)],
            progress=progress,
        )

    def found(
        self, run: Any, answer: Array, error: Array, exact: Array, watch: Any, *, squared: bool
    ) -> dict[str, Any]:
        """Return the figures that both tasks have; `squared` is whether the answer is of products of states."""
        from scipy.stats import t

        config, problem, law = run.config, self._problem, self.law(run.config)
        _, heat = run.outcome
        unit = config.dynamics.dt * config.computer.mobility
        steps, relaxing = config.steps, self.relaxing(config)
        width = float(t.ppf(0.975, self.chains - 1))
        # what is left of a state at the first observation, and on average over all of them
        forgets = -math.log(law.growth) * (2 if squared else 1) if 0 < law.growth < 1 else math.inf
        left = math.exp(-forgets * relaxing) * min(1.0, 1 / (forgets * steps))
        time, expected = np.array(watch.times, dtype=float), np.array(watch.errors)
        late = (time >= time[-1] / 10) & (expected > 0)
        slope = np.polyfit(np.log(time[late]), np.log(expected[late]), 1)[0] if late.sum() > 2 else math.nan
        return {
            "dimension": problem.n,
            "eigenvalue_smallest": problem.smallest,
            "eigenvalue_largest": problem.largest,
            "chains": self.chains,
            "observations": watch.count,
            "duration": unit * steps,
            "relaxation": unit * relaxing,
            "relative_error": _relative(answer - exact, exact),
            "relative_error_expected": _relative(error, answer),
            "inside": float((np.abs(answer - exact) <= width * error).mean()),
            "slope": float(slope),
            "step_bias": law.bias,
            "left_over": left,
            "heat_mean_kT": float(heat.mean()),
            "heat_se_kT": float(heat.std(ddof=1) / math.sqrt(self.chains)),
        }

    def doubts(self, figures: Any, *, squared: bool) -> list[str]:
        """Return what is to be doubted about the figures."""
        found, expected = [], figures.relative_error_expected
        if figures.left_over > expected / 4:
            found.append(
                f"relaxation is too short: {figures.left_over:.2g} of the answer may be missing, as states began at "
                f"zero, beside error bars of {expected:.2g}; take a longer dynamics.duration or task.relaxation (the "
                f"slowest mode forgets in {1 / figures.eigenvalue_smallest:.4g} time constants)"
            )
        if squared and abs(figures.step_bias) > expected / 2:
            found.append(
                f"the time step leaves an error of up to {abs(figures.step_bias):.2g} in variances, beside error bars "
                f"of {expected:.2g}; take a smaller dynamics.dt, or the integrator 'baoab', which leaves none"
            )
        return found

    def samples_of(
        self, run: Any, name: str, dims: tuple[str, ...], values: tuple[Array, Array, Array], watch: Any, scale: float
    ) -> Any:
        """Return the answer, and its error over time; `values` are answer, standard error and digital answer."""
        import xarray

        answer, error, exact = values
        config, length = run.config, float(np.linalg.norm(exact))
        unit = config.dynamics.dt * config.computer.mobility * self.observe_every
        measured = [_relative(one * scale - exact, exact) for one in watch.answers]
        return xarray.Dataset(
            {
                name: (dims, answer, {"long_name": "the answer"}),
                f"{name}_se": (dims, error, {"long_name": "its standard error"}),
                f"{name}_reference": (dims, exact, {"long_name": "the digital answer"}),
                "relative_error": ("time", measured, {"long_name": "relative error of the answer so far"}),
                "relative_error_expected": (
                    "time",
                    np.array(watch.errors) * scale / length if length > 0 else np.full(len(measured), np.nan),
                    {"long_name": "relative error of the answer so far by its error bars"},
                ),
            },
            coords={"time": ("time", unit * np.array(watch.times), {"units": "1 / (mobility E0)"})},
        )

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of the answer and of its error over time."""
        return 24 * int(machine.computer.n) ** 2 + 24 * POINTS

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a chain."""
        return Cost(figures.duration, figures.heat_mean_kT, "one chain")

    def small(self) -> dict[str, Any]:
        """Return a config of seconds."""
        return {
            "computer": {"temperature": 0.5, "units": {"units": "auto"}, "potential": {"plugin": "quadratic"}},
            "dynamics": {"integrator": "quarter-noise", "dt": 0.1, "duration": 100.0, "engine": "reference"},
        }


def _relative(difference: Array, of: Array) -> float:
    length = float(np.linalg.norm(of))
    return float(np.linalg.norm(difference)) / length if length > 0 else math.nan
