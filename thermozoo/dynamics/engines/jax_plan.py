"""A law of motion as the JAX engine sees it: a plan, which fixes what is compiled, and numbers, which do not.

Two laws with one plan share what XLA compiled: J, parameters, temperature and schedules are arguments of it. The
expressions are those of the compiled engine (`thermozoo.symbolic.kernel_plan`, `coupling_plan`, `projection_plan`).
"""

from __future__ import annotations

from typing import Any

import attrs
import sympy

__all__ = ["ForcePlan", "JaxPlan", "ProjectedForce", "SeparatedForce", "SitePlan", "StagePlan", "TupleForce"]

#: A range of units, from the first to before the last.
Span = tuple[int, int]


@attrs.frozen
class StagePlan:
    """One stage of a step; see `thermozoo.symbolic.kernel_plan.Stage`."""

    at: str
    force: int
    to: str
    values: tuple[tuple[str, sympy.Expr], ...]


@attrs.frozen
class SitePlan:
    """The potential of a group: dU/dx in terms of ``at`` and constants, whose names are in order."""

    span: Span
    slope: sympy.Expr
    constants: tuple[sympy.Symbol, ...]
    driven: bool


@attrs.frozen
class SeparatedForce:
    """A term that is products with J; see `thermozoo.symbolic.coupling_plan.ProductPlan`.

    `products` names, for each range of units, the range of units whose functions are multiplied.
    """

    name: str
    driven: bool
    factors: tuple[sympy.Expr, ...]
    rows: bool
    slope: sympy.Expr
    constants: tuple[sympy.Symbol, ...]
    products: tuple[tuple[Span, Span], ...]


@attrs.frozen
class TupleForce:
    """A term tuple by tuple: slopes in terms of ``at``, other units and constants, one for each place that differs."""

    name: str
    driven: bool
    slopes: tuple[sympy.Expr, ...]
    constants: tuple[sympy.Symbol, ...]


@attrs.frozen
class ProjectedForce:
    """An energy of projections; see `thermozoo.symbolic.projection_plan.ProjectionPlan`."""

    name: str
    driven: bool
    sums: tuple[tuple[bool, sympy.Expr, sympy.Expr, sympy.Symbol, sympy.Expr], ...]
    constants: tuple[sympy.Symbol, ...]
    span: Span | None


ForcePlan = SeparatedForce | TupleForce | ProjectedForce


@attrs.frozen
class JaxPlan:
    """All of a law that is part of what is compiled.

    Parameters
    ----------
    n : int
        Units.
    single : bool
        Whether states are single precision.
    products : str
        How products of matrices are done; see `thermozoo.dynamics.core_engines.PRODUCTS`.
    stages : tuple of StagePlan
        The step.
    constants : tuple of Symbol
        Constants of the step.
    normals, uniforms : int
        How many numbers of each kind a unit draws.
    variables : tuple of str
        Auxiliary variables.
    carries : bool
        Whether the last force of a step is the first of the next.
    sites : tuple of SitePlan
        Potentials.
    forces : tuple
        Terms over several units.
    driven : frozenset of str
        Which of ``temperature``, ``on-site``, ``bias`` are driven.
    clamped : bool
        Whether some units are clamped.
    colors : int
        How many colors are updated one after the other; 0 where units are updated together.
    """

    n: int
    single: bool
    products: str
    stages: tuple[StagePlan, ...]
    constants: tuple[sympy.Symbol, ...]
    normals: int
    uniforms: int
    variables: tuple[str, ...]
    carries: bool
    sites: tuple[SitePlan, ...]
    forces: tuple[ForcePlan, ...]
    driven: frozenset[str]
    clamped: bool
    colors: int

    @property
    def dtype(self) -> Any:
        """Data type of states."""
        import numpy as np

        return np.float32 if self.single else np.float64
