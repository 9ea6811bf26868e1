"""From a law of motion to the plan and the numbers of the JAX engine. Numbers are worked out in double precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.blocks import Block
from thermozoo.computer.coloring import units_by_color
from thermozoo.computer.couplings import Couplings
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.engines.jax_plan import (
    ForcePlan,
    JaxPlan,
    ProjectedForce,
    SeparatedForce,
    SitePlan,
    Span,
    StagePlan,
    TupleForce,
)
from thermozoo.dynamics.engines.projection_forces import ProjectionForce
from thermozoo.dynamics.engines.term_forces import Force, force_of
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.coupling_plan import AT
from thermozoo.symbolic.kernel_plan import gradient_plan, stages_of
from thermozoo.symbolic.trace import trace_step

__all__ = ["arrange", "tuples_in_buckets"]

Numbers = dict[str, Any]
Array = npt.NDArray[Any]


def arrange(dynamics: Dynamics, products: str) -> tuple[JaxPlan, Numbers]:
    """Return a law of motion as a plan and its numbers, NumPy arrays by name."""
    d, computer, driven = dynamics, dynamics.one_computer, dynamics.driven
    formula = trace_step(d.integrator)
    stages, constants = stages_of(formula)
    amplitudes = {} if driven is None else driven.amplitudes
    sites, slopes = _sites(d)
    forces, strengths = _forces(d, amplitudes)
    by_color = d.integrator.updates == "by color"
    colors = units_by_color(computer) if by_color else ()
    moving = np.zeros(computer.n, np.int32) - (~computer.layout.free)
    for color, units in enumerate(colors):
        moving[units] = color
    plan = JaxPlan(
        n=computer.n,
        single=d.precision == "single",
        products=products,
        stages=tuple(StagePlan(s.at, s.force, s.to, tuple(s.values.items())) for s in stages),
        constants=tuple(constants.values()),
        normals=len(formula.noises),
        uniforms=len(formula.uniforms),
        variables=tuple(formula.variables),
        carries=formula.carries and bool(formula.variables),
        sites=sites,
        forces=forces,
        driven=frozenset(
            [*amplitudes, *(["temperature"] if driven is not None and driven.temperature is not None else [])]
        ),
        clamped=bool((~computer.layout.free).any()),
        colors=len(colors) if by_color else 0,
    )
    kT = d.kT if driven is None or driven.temperature is None else driven.temperature
    bound = formula.bind(values_of(d.integrator), dt=d.dt, mobility=d.computer.mobility, kT=kT)
    numbers: Numbers = {
        "step": [bound.function("constant", [], e)()[0].astype(d.dtype) for e in constants],
        "sites": slopes,
        "bias": np.asarray(computer.biases, d.dtype),
        "forces": strengths,
        "color": moving,
        "amplitudes": {name: np.asarray(c, d.dtype) for name, c in amplitudes.items()},
    }
    return plan, numbers


def _sites(d: Dynamics) -> tuple[tuple[SitePlan, ...], list[list[Array]]]:
    """Return potentials of groups with free units, and the constants of each; driven ones have a row for each step.

    Neighboring groups of one formula that is not driven are one site: so many pieces fewer that XLA puts together.
    """
    computer, driven = d.one_computer, d.driven
    plans: list[SitePlan] = []
    numbers: list[list[Array]] = []
    for group, site in computer.onsite.sites.items():
        where = computer.layout.slice(group)
        if where.stop == where.start or group in computer.layout.clamped:
            continue
        slope, constants = gradient_plan(site.formulas, AT)
        moving = {} if driven is None else driven.parameters.get(group, {})
        values = {**site.values, **{name: one[:, None] for name, one in moving.items()}}
        bound = site.formulas.bind(values)
        found = [bound.function("constant", [], e)()[0] for e in constants]
        if moving:  # a row a step, whether or not the constant itself is driven
            steps = len(next(iter(moving.values())))
            found = [np.broadcast_to(one, (steps, one.shape[-1] if one.ndim else 1)) for one in found]
        plan = SitePlan((where.start, where.stop), slope, tuple(constants.values()), bool(moving))
        own = [np.asarray(one, d.dtype) for one in (site.amplitude, *found)]
        if plans and not moving and plans[-1] == attrs.evolve(plan, span=plans[-1].span):
            (first, last), before = plans[-1].span, numbers[-1]
            if last == where.start:
                plans[-1] = attrs.evolve(plan, span=(first, where.stop))
                numbers[-1] = [_side_by_side(a, b, last - first, where) for a, b in zip(before, own, strict=True)]
                continue
        plans.append(plan)
        numbers.append(own)
    return tuple(plans), numbers


def _side_by_side(left: Array, right: Array, units: int, where: slice) -> Array:
    """Return the constant of two ranges of units, one number where it is one number of all."""
    if left.ndim == right.ndim == 0 and left == right:
        return left
    more = where.stop - where.start
    return np.concatenate([np.broadcast_to(left, units), np.broadcast_to(right, more)])


def _forces(d: Dynamics, amplitudes: Mapping[str, Any]) -> tuple[tuple[ForcePlan, ...], list[Numbers]]:
    """Return every term over several units, and its numbers."""
    computer = d.one_computer
    every = {"coupling": computer.couplings, **computer.terms}
    acting = {name: term for name, term in every.items() if not isinstance(term, Couplings) or term.size}
    plans: list[ForcePlan] = []
    numbers: list[Numbers] = []
    for t, (name, term) in enumerate(acting.items()):
        force = force_of(name, term, f"t{t}_")
        plan, own = _force(force, d, name in amplitudes)
        plans.append(plan)
        numbers.append({**own, "constants": [np.asarray(one, d.dtype) for one in force.numbers]})
    return tuple(plans), numbers


def _force(force: Force, d: Dynamics, driven: bool) -> tuple[ForcePlan, Numbers]:
    layout, dtype = d.one_computer.layout, d.dtype
    if isinstance(force, ProjectionForce):
        term = force.term
        sums = tuple((s.exponential, s.value, s.slope, s.held, s.outer) for s in force.plan.sums)
        first, last = int(term.units[0]), int(term.units[-1]) + 1
        span = (first, last) if np.array_equal(term.units, np.arange(first, last)) else None
        projected: Numbers = {
            "patterns": term.patterns.astype(dtype),
            "weights": term.weights.astype(dtype),
            "logarithms": np.log(term.weights, out=np.zeros(len(term.weights)), where=term.weights > 0).astype(dtype),
            "units": np.asarray(term.units, np.int32),
            "amplitude": np.asarray(term.amplitude, dtype),
        }
        return ProjectedForce(force.name, driven, sums, tuple(force.plan.constants.values()), span), projected
    names = tuple(name for plan in force.plans for name in plan.constants.values())
    if force.products is not None:
        plan = force.products
        places, matrices = matrices_of(force.couplings.blocks or ())
        row = np.zeros(layout.n)
        for (rows, _), matrix in zip(places, matrices, strict=True):
            row[slice(*rows)] += matrix.sum(axis=0)
        found: Numbers = {"matrices": [m.astype(dtype) for m in matrices], "rows": row.astype(dtype)}
        return SeparatedForce(force.name, driven, plan.factors, plan.rows, plan.slope, names, places), found
    edges, vector = np.asarray(force.couplings.edges, dtype=np.int64), force.couplings.vector
    sets = []
    for one in force.tuples:
        which = range(edges.shape[1]) if force.formulas.symmetric else (one.place,)
        sets.append(tuples_in_buckets(edges, vector, which, layout.free, dtype))
    return TupleForce(force.name, driven, tuple(p.slope for p in force.tuples), names), {"sets": sets}


def matrices_of(blocks: Sequence[Block]) -> tuple[tuple[tuple[Span, Span], ...], list[Array]]:
    """Return dense blocks as as few products as possible: pairs (rows, columns) of ranges, and J of each, transposed.

    Blocks on the same rows whose columns lie side by side are one product.
    """
    found: dict[Span, list[tuple[Span, Array]]] = {}

    def put(rows: slice, columns: slice, transposed: Array) -> None:
        found.setdefault((rows.start, rows.stop), []).append(((columns.start, columns.stop), transposed))

    for block in blocks:
        put(block.rows, block.columns, block.values.T)
        if not block.diagonal:
            put(block.columns, block.rows, block.values)
    places: list[tuple[Span, Span]] = []
    matrices: list[Array] = []
    for rows, parts in found.items():
        parts.sort(key=lambda part: part[0])
        while parts:
            (start, stop), matrix = parts.pop(0)
            together = [matrix]
            while parts and parts[0][0][0] == stop:
                (_, stop), matrix = parts.pop(0)
                together.append(matrix)
            places.append((rows, (start, stop)))
            matrices.append(np.concatenate(together))
    return tuple(places), matrices


def tuples_in_buckets(
    tuples: Array, strengths: Array, places: Sequence[int], free: npt.NDArray[np.bool_], dtype: Any
) -> list[tuple[Array, Array, Array]]:
    """Return the tuples of each free unit as rectangles: of units with 1, 2, 3 to 4, 5 to 8, ... tuples.

    Parameters
    ----------
    tuples, strengths : ndarray, shapes (E, order) and (E,)
        Coupled units and J.
    places : sequence of int
        Places in the tuple at which a unit may stand.
    free : ndarray of bool, shape (n,)
        Units on which forces act.
    dtype : data type
        Of strengths.

    Returns
    -------
    list of (units, others, strengths)
        Shapes (m,), (order - 1, m, w) and (m, w). What is filled up has the strength zero, which exerts no force.
    """
    own = np.concatenate([tuples[:, place] for place in places])
    others = np.concatenate([np.delete(tuples, place, axis=1) for place in places])
    values = np.tile(strengths, len(places))
    order = np.lexsort([*others.T[::-1], own])
    order = order[free[own[order]]]
    own, others, values = own[order], others[order], values[order]
    counts = np.bincount(own, minlength=len(free))
    starts = np.cumsum(counts) - counts
    widths = np.where(counts > 0, 2 ** np.ceil(np.log2(np.maximum(counts, 1))).astype(int), 0)
    buckets = []
    for width in np.unique(widths[widths > 0]):
        units = np.flatnonzero(widths == width)
        most = int(counts[units].max())
        entry = starts[units][:, None] + np.arange(most)
        real = np.arange(most) < counts[units][:, None]
        entry = np.where(real, entry, starts[units][:, None])
        strength = np.where(real, values[entry], 0.0).astype(dtype)
        buckets.append((units.astype(np.int32), np.moveaxis(others[entry], -1, 0).astype(np.int32), strength))
    return buckets
