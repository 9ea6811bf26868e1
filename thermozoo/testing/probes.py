"""The suite's own small plugins: what a plugin under test is run with, so that no other plugin is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer, assemble
from thermozoo.dynamics.engines import BatchState, Dynamics, Engine
from thermozoo.dynamics.variables import resting
from thermozoo.interfaces import Connectivity, Integrator, Potential, StepSymbols, UnitLayout
from thermozoo.parameters import parameter

__all__ = [
    "UNITS",
    "AllPairs",
    "FewPairs",
    "ProbeQuartic",
    "ProbeStep",
    "coupled",
    "few_coupled",
    "record",
    "uncoupled",
]

Array = npt.NDArray[np.floating[Any]]

#: Units of every computer that the suite simulates: one structure, so that an engine compiles a plugin once.
UNITS = 8


@attrs.frozen
class ProbeStep(Integrator):
    """The Euler-Maruyama step."""

    name = "probe-step"
    weak_order = 1

    def step(self, s: StepSymbols) -> Any:
        """Return the state after the step."""
        import sympy

        noise = sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()
        return s.x + s.mobility * s.force(s.x) * s.dt + noise


@attrs.frozen
class ProbeQuartic(Potential):
    """U = a x^2 + c x^4."""

    name = "probe-quartic"

    a: float = parameter(0.5, unit="energy", doc="stiffness")
    c: float = parameter(0.25, unit="energy", at_least=0, doc="quartic stiffness")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.a * x**2 + self.c * x**4


@attrs.frozen
class AllPairs(Connectivity):
    """Every pair of units."""

    name = "probe-pairs"

    def blocks(self, layout: UnitLayout) -> Sequence[tuple[str, str]]:
        """Return the one group with itself."""
        return [(group, group) for group in layout.sizes]


@attrs.frozen
class FewPairs(Connectivity):
    """Two pairs, so few that computers hold them one by one; all other units are by themselves."""

    name = "probe-few-pairs"

    def edges(self, layout: UnitLayout) -> npt.NDArray[np.int64]:
        """Return the pairs."""
        return np.array([(0, 1), (UNITS - 4, UNITS - 3)])


def uncoupled(potential: Potential, kT: float, mobility: float = 1.0, units: int = UNITS) -> Computer:
    """Return a computer of equal units whose couplings and biases are zero."""
    return assemble(
        {"units": units}, potential, AllPairs(), temperature=kT, mobility=mobility, trainable_biases=["units"]
    )


def coupled(
    potential: Potential,
    kT: float,
    rng: np.random.Generator,
    strength: float,
    mobility: float = 1.0,
    units: int = UNITS,
) -> Computer:
    """Return a computer with random couplings and biases of a given size [energy]."""
    base = uncoupled(potential, kT, mobility, units)
    size = base.parameters.size
    return base.with_parameters(strength * rng.standard_normal(size) / np.sqrt(units))


def few_coupled(
    potential: Potential, kT: float, rng: np.random.Generator, strength: float, mobility: float
) -> Computer:
    """Return a computer with two couplings, one to a clamped unit of the last three; random as those of `coupled`."""
    base = assemble(
        {"units": UNITS - 3, "held": 3},
        potential,
        FewPairs(),
        temperature=kT,
        mobility=mobility,
        trainable_biases=["units"],
        clamped=["held"],
    )
    return base.with_parameters(strength * rng.standard_normal(base.parameters.size))


def record(
    engine: Engine,
    dynamics: Dynamics,
    initial: Array,
    steps: int,
    key: Any,
    drive: Any = None,
    work: npt.NDArray[np.float64] | None = None,
) -> Array:
    """Return all states of a run, initial ones included, shape (steps + 1, trajectories, units).

    Auxiliary variables start at zero.
    """
    x = np.asarray(initial, dtype=dynamics.dtype)
    start = BatchState(x, key, np.arange(len(x), dtype=np.int64), variables=resting(dynamics, len(x)))
    batch = engine.prepare(dynamics).begin(start, drive, working=work is not None, stretch=steps)
    kept = np.empty((steps + 1, *x.shape), dtype=dynamics.dtype)
    kept[0] = x
    with np.errstate(over="ignore", invalid="ignore"):
        batch.advance(steps, kept[1:])
    if work is not None:
        work += batch.work
    return kept
