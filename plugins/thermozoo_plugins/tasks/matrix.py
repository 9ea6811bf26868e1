"""What tasks about the computer of a matrix share: the matrix, its computer, whether a time step is safe."""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Task, option
from thermozoo.errors import DataError, ParameterError
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.linear_files import read_numbers
from thermozoo_plugins.tasks.linear_problem import Matrix, built_in_matrix, checked_matrix
from thermozoo_plugins.tasks.linear_step import LinearStep, linear_step

__all__ = ["MatrixTask", "fraction"]

Array = npt.NDArray[np.floating[Any]]

#: Bytes for each entry of a matrix that is made: its directions, products, eigenvalues.
_MADE = 48

#: How often a time step is halved to find one that is short enough.
_HALVED = 60


def _condition(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 1e12:
        raise ParameterError(f"condition must be a number from 1 to 1e12, got {value!r}")
    return float(value)


def fraction(value: Any) -> float:
    """Return the relaxation as a fraction of the duration; a converter."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100:
        raise ParameterError(f"relaxation must lie above 0, and be at most 100 times the duration, got {value!r}")
    return float(value)


@attrs.frozen
class MatrixTask(Task):
    """A task about the computer whose energy is x^T A x / 2 - b^T x."""

    own_potentials = True
    own_stability = True

    matrix: str = option("", doc="a .npy, Matrix Market or .csv file with the matrix A; none: one is made")
    dimension: int = option(8, converter=whole("dimension"), doc="rows of the matrix that is made")
    condition: float = option(
        10.0, converter=_condition, doc="condition number of the matrix that is made, its eigenvalues falling from 1"
    )
    matrix_seed: int = option(1, converter=whole("matrix_seed", 0), doc="seed of the matrix that is made")

    @functools.cached_property
    def given(self) -> Matrix:
        """The matrix, read once."""
        if self.matrix:
            return checked_matrix(read_numbers(self.matrix))
        return checked_matrix(built_in_matrix(self.dimension, self.condition, self.matrix_seed))

    @functools.cached_property
    def problem(self) -> Matrix:
        """The matrix of the computer."""
        return self._in_units(self.given)

    def _in_units(self, given: Matrix) -> Matrix:
        """Return the matrix of the computer, of the one that is given: itself, unless units are scaled."""
        return given

    def _right_side(self) -> Array | None:
        """Return b, where there is one."""
        return None

    def _among_units(self, values: Array) -> Array:
        """Return the matrix of stiffnesses and couplings, of the one that is given: the same."""
        return values

    def check(self, config: Any, faults: Any) -> None:
        """Check its settings against units."""
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
            n = self.problem.n
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

        problem, b = self.problem, self._right_side()
        if computer.n != problem.n:
            faults.add(
                "computer.units",
                f"the matrix has {problem.n:,} rows, but the computer {computer.n:,} units: give 'auto'",
                also=["task.matrix"],
            )
            return computer
        if not self.law(config).safe:
            faults.add("dynamics.dt", self._too_long(config), also=["task.matrix"])
            return computer
        values = self._among_units(problem.values)
        diagonal = np.diag(values)
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
            made = made.with_couplings(values - np.diag(diagonal)) if problem.n > 1 else made
        except ParameterError as error:
            faults.add("computer.connectivity", str(error), also=["task.matrix"])
            return computer
        if made.couplings.interaction is not None and made.couplings.interaction.name != "bilinear":
            faults.add("computer.interaction", "expected 'bilinear': the energy of a linear computer is quadratic")
        return made if b is None else attrs.evolve(made, biases=-b)

    def law(self, config: Any, dt: float | None = None) -> LinearStep:
        """Return what steps, of another length if one is given, do to the modes of the matrix."""
        problem = self.problem
        return linear_step(
            config.integrator,
            problem.smallest,
            problem.largest,
            dt=dt or config.dynamics.dt,
            mobility=config.computer.mobility,
            kT=config.computer.temperature,
        )

    def _too_long(self, config: Any) -> str:
        """Return what is wrong with a time step that is not safe."""
        dt, mobility, largest = config.dynamics.dt, config.computer.mobility, self.problem.largest
        said = f"dt = {dt:g} is too long for the stiffest mode of the matrix, eigenvalue {largest:.6g}: "
        if not type(config.integrator).variables:
            return said + (
                f"mobility x dt x eigenvalue is {mobility * dt * largest:.3g}, and must stay below 1 to be safe; "
                f"choose dt <= {0.1 / (mobility * largest):.1g}"
            )
        shorter = (dt / 2**k for k in range(1, _HALVED))
        bears = next((one for one in shorter if self.law(config, one).safe), None)
        return said + (
            f"to be safe, steps of {config.integrator.name!r} must be stable at twice that eigenvalue"
            + ("" if bears is None else f"; choose dt <= {bears:.3g}")
        )
