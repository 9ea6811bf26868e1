"""Euler-Maruyama as one writes it oneself, in NumPy and in numba: what engines are measured beside."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines import Dynamics
from thermozoo.symbolic.codegen import array_function

__all__ = ["numba_loop", "numpy_loop"]


def _kick(dynamics: Dynamics) -> float:
    """Return the size of the noise of a step."""
    computer = dynamics.one_computer
    return math.sqrt(2.0 * computer.mobility * computer.temperature * dynamics.dt)


def numpy_loop(dynamics: Dynamics, batch: int) -> Callable[[int], npt.NDArray[np.floating[Any]]]:
    """Return a function that does n steps of a batch with the computer's forces and NumPy's `standard_normal`.

    It returns the states, which begin at zero, and goes on from them.
    """
    computer, kick = dynamics.one_computer, _kick(dynamics)
    x = np.zeros((batch, computer.n), dtype=dynamics.dtype)
    rate = computer.mobility * dynamics.dt
    random = np.random.default_rng(1)

    def work(n: int) -> npt.NDArray[np.floating[Any]]:
        for _ in range(n):
            noise = random.standard_normal(x.shape, dtype=x.dtype.type)
            x[:] += kick * noise - rate * computer.gradient(x)
        return x

    return work


def numba_loop(dynamics: Dynamics) -> Callable[[int], float]:
    """Return a function that does n steps of one trajectory of one unit, in double precision, on one thread.

    The force is compiled from the formula that the reference engine evaluates. It returns the state after the steps,
    from zero.
    """
    import numba

    (_, site), *_ = dynamics.one_computer.onsite.parts()
    f = site.formulas
    code = array_function("gradient", [f.x, *f.parameters.values()], [f.gradient], f.x)
    namespace = {"np": np}
    exec(compile(code.source, "<thermozoo:gradient>", "exec"), namespace)
    gradient = numba.njit(namespace["gradient"])

    def loop(n: int, rate: float, kick: float, parameters: tuple[float, ...]) -> float:
        x = 0.0
        for _ in range(n):
            x += kick * np.random.standard_normal() - rate * gradient(x, *parameters)[0]
        return x

    rate = dynamics.one_computer.mobility * dynamics.dt
    parameters = tuple(float(site.values[name]) for name in f.parameters)
    compiled = numba.njit(loop)
    return lambda n: float(compiled(n, rate, _kick(dynamics), parameters))
