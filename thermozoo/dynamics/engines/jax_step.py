"""Steps of a batch as one function of arrays that XLA compiles: `lax.scan` over steps, whose body is a plan's step."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
import numpy as np
import sympy
from jax import lax

from thermozoo.dynamics.engines.jax_noise import Counters, normal_numbers, uniform_numbers
from thermozoo.dynamics.engines.jax_plan import JaxPlan, ProjectedForce, SeparatedForce, TupleForce
from thermozoo.symbolic.codegen import array_source
from thermozoo.symbolic.coupling_plan import AT, OTHERS, factor_symbol, product_symbol

__all__ = ["advance", "force_at"]

#: How float32 products are asked of XLA. On an NVIDIA card its default is TF32, whose factors have ten binary digits.
_PRECISIONS = {"float32": lax.Precision.HIGHEST, "tf32": lax.Precision.DEFAULT}


@functools.lru_cache(maxsize=1024)
def _function(expression: sympy.Expr) -> tuple[tuple[str, ...], Any]:
    """Return the names of an expression's symbols, and a function of them."""
    symbols = sorted(expression.free_symbols, key=str)
    namespace: dict[str, Any] = {"np": jnp, "special": jax.scipy.special}
    exec(compile(array_source("value", symbols, [expression]), "<thermozoo:jax>", "exec"), namespace)
    return tuple(map(str, symbols)), namespace["value"]


def _value(expression: sympy.Expr, known: Mapping[str, Any], like: Any) -> Any:
    """Return an expression's value, in the shape and data type of an array."""
    names, function = _function(expression)
    (found,) = function(*(known[name] for name in names))
    return jnp.broadcast_to(jnp.asarray(found).astype(like.dtype), like.shape)


def _product(plan: JaxPlan, x: Any, matrix: Any) -> Any:
    """Return x times a matrix."""
    if plan.products == "bfloat16":
        return jnp.matmul(x.astype(jnp.bfloat16), matrix.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    return jnp.matmul(x, matrix, precision=_PRECISIONS["float32" if not plan.single else plan.products])


def _put(total: Any, span: tuple[int, int], part: Any) -> Any:
    """Return a sum with a part added to some of its columns."""
    if span == (0, total.shape[-1]):
        return total + part
    return total.at[:, slice(*span)].add(part)


def _separated(plan: JaxPlan, one: SeparatedForce, own: Any, x: Any) -> Any:
    known = {str(name): value for name, value in zip(one.constants, own["constants"], strict=True)}
    known[str(AT)] = x
    for k, factor in enumerate(one.factors):
        known[str(factor_symbol(k))] = factor_k = x if factor == AT else _value(factor, known, x)
        pieces: dict[tuple[int, int], Any] = {}
        for (rows, columns), matrix in zip(one.products, own["matrices"], strict=True):
            part = _product(plan, factor_k[:, slice(*columns)], matrix)
            pieces[rows] = pieces[rows] + part if rows in pieces else part
        known[str(product_symbol(k))] = _assembled(plan, pieces, x)
    if one.rows:
        known[str(product_symbol(len(one.factors)))] = own["rows"]
    return _value(one.slope, known, x)


def _assembled(plan: JaxPlan, pieces: Mapping[tuple[int, int], Any], x: Any) -> Any:
    """Return columns of an array side by side, zeros where there are none; ranges that overlap are added."""
    spans = sorted(pieces)
    if any(a[1] > b[0] for a, b in itertools.pairwise(spans)):
        total = jnp.zeros_like(x)
        for span in spans:
            total = _put(total, span, pieces[span])
        return total
    parts, end = [], 0
    for first, last in [*spans, (plan.n, plan.n)]:
        if first > end:
            parts.append(jnp.zeros((x.shape[0], first - end), x.dtype))
        if last > first:
            parts.append(pieces[first, last])
        end = last
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=1)


def _by_tuples(plan: JaxPlan, one: TupleForce, own: Any, x: Any) -> Any:
    constants = {str(name): value for name, value in zip(one.constants, own["constants"], strict=True)}
    total = jnp.zeros_like(x)
    for slope, buckets in zip(one.slopes, own["sets"], strict=True):
        for units, others, strengths in buckets:
            at = x[:, units][:, :, None]
            known = {**constants, str(AT): at}
            known.update({str(symbol): x[:, of] for symbol, of in zip(OTHERS, others, strict=False)})
            slopes = _value(slope, known, known[str(OTHERS[0])] if len(others) else at)
            # what fills a row up exerts no force, whatever its derivative is
            pull = jnp.where(strengths == 0.0, 0.0, strengths * slopes).sum(axis=-1)
            # a bucket of all units has them in order
            total = total + pull if units.size == plan.n else total.at[:, units].add(pull, unique_indices=True)
    return total


def _by_projections(plan: JaxPlan, one: ProjectedForce, own: Any, x: Any) -> Any:
    known = {str(name): value for name, value in zip(one.constants, own["constants"], strict=True)}
    seen = x[:, slice(*one.span)] if one.span is not None else x[:, own["units"]]
    known["z"] = z = _product(plan, seen, own["patterns"].T)
    added = []
    for exponential, value, slope, held, _ in one.sums:
        values, slopes = _value(value, known, z), _value(slope, known, z)
        if exponential:
            values = values + own["logarithms"]
            largest = values.max(axis=-1, keepdims=True)
            share = jnp.exp(values - largest)
            whole = share.sum(axis=-1, keepdims=True)
            known[str(held)] = largest + jnp.log(whole)
            added.append(share / whole * slopes)
        else:
            known[str(held)] = (values * own["weights"]).sum(axis=-1, keepdims=True)
            added.append(own["weights"] * slopes)
    column = z[:, :1]
    weights = sum(_value(outer, known, column) * part for (*_, outer), part in zip(one.sums, added, strict=True))
    pull = own["amplitude"] * _product(plan, weights, own["patterns"])
    return (
        _put(jnp.zeros_like(x), one.span, pull)
        if one.span is not None
        else jnp.zeros_like(x).at[:, own["units"]].add(pull, unique_indices=True)
    )


_KINDS = {SeparatedForce: _separated, TupleForce: _by_tuples, ProjectedForce: _by_projections}


def _gradient(plan: JaxPlan, numbers: Any, x: Any, index: Any) -> Any:
    """Return dV/dx of free units; of clamped ones, anything."""

    def factor(name: str) -> Any:
        return numbers["amplitudes"][name][index] if name in plan.driven else None

    pieces = {}
    for site, (amplitude, *constants) in zip(plan.sites, numbers["sites"], strict=True):
        at = x[:, slice(*site.span)]
        now = [one[index] if site.driven else one for one in constants]
        known = {str(AT): at, **{str(name): one for name, one in zip(site.constants, now, strict=True)}}
        pieces[site.span] = amplitude * _value(site.slope, known, at)
    total = _assembled(plan, pieces, x)
    if factor("on-site") is not None:
        total = total * factor("on-site")
    bias = numbers["bias"] if factor("bias") is None else numbers["bias"] * factor("bias")
    total = total + bias
    for one, own in zip(plan.forces, numbers["forces"], strict=True):
        pull = _KINDS[type(one)](plan, one, own, x)  # type: ignore[operator]
        total = total + (pull * factor(one.name) if one.driven else pull)
    return total


def _imposed(drive: Any, index: Any, dtype: Any) -> Any:
    """Return the drive's force on each unit."""
    intensity = drive["intensity"][:, index]
    felt = intensity[0] if drive["protocol"] is None else intensity[drive["protocol"]]
    return felt.astype(dtype) * drive["signal"]


def _work(drive: Any, k: Any, x: Any) -> Any:
    """Return the work of the drive in a step, shape (B,), in double precision."""
    change = drive["intensity"][:, k + 1] - drive["intensity"][:, k]
    felt = change[0] if drive["protocol"] is None else change[drive["protocol"]]
    return -(x.astype(jnp.float64) * drive["signal"].astype(jnp.float64) * felt).sum(axis=1)


def _moved(plan: JaxPlan, numbers: Any, x: Any, variables: Any, carried: Any, given: Any) -> tuple[Any, Any, Any]:
    """Return states, variables and the last force after a step, of all units."""
    known, index, imposed = dict(given["numbers"]), given["index"], given["imposed"]
    known["x"] = x
    known.update({f"variable_{name}": one for name, one in variables.items()})
    force: Any = None
    for stage in plan.stages:
        if stage.force >= 0:
            at = known[stage.at]
            reused = stage.force == 0 and carried is not None
            force = carried if reused else imposed - _gradient(plan, numbers, at, index)
            known[f"force_{stage.force}"] = force
        written = {to: _value(value, known, x) for to, value in stage.values}
        for to, value in written.items():
            # clamped units act on others from where they are
            known[to] = jnp.where(given["free"], value, x) if plan.clamped and to.startswith("point_") else value
    return known["after"], {name: known[f"variable_{name}"] for name in variables}, force


@functools.partial(jax.jit, static_argnames=("plan",))
def force_at(plan: JaxPlan, numbers: Any, x: Any) -> Any:
    """Return the force of a law that is not driven, where nothing is imposed."""
    return 0.0 - _gradient(plan, numbers, x, 0)


@functools.partial(jax.jit, static_argnames=("plan", "steps", "working", "recording"))
def advance(
    plan: JaxPlan,
    steps: int,
    working: bool,
    recording: bool,
    numbers: Any,
    first: Any,
    counters: Counters,
    drive: Any,
    state: Any,
) -> tuple[Any, Any]:
    """Do steps of a batch.

    Parameters
    ----------
    plan : JaxPlan
        The law.
    steps : int
        How many.
    working, recording : bool
        Whether the work of the drive is added up, and whether states after each step are returned.
    numbers : dict
        Of the law.
    first : array of uint32
        Number of the first step.
    counters : Counters
        Of the noise.
    drive : dict or None
        Signal of each trajectory, intensity of each protocol in each step, protocol of each unit.
    state : tuple
        States, variables, the force that is carried from step to step or None, work.

    Returns
    -------
    state : tuple
        After the steps.
    record : array, shape (steps, B, n), or None
        States after each of them.
    """
    free = numbers["color"] >= 0

    def step(state: Any, k: Any) -> tuple[Any, Any]:
        x, variables, carried, work = lax.optimization_barrier(state)
        at = k.astype(jnp.int64)
        drawn = {f"noise_{j}": normal_numbers(counters, k, plan.n, j, plan.dtype) for j in range(plan.normals)}
        drawn |= {f"uniform_{j}": uniform_numbers(counters, k, plan.n, j, plan.dtype) for j in range(plan.uniforms)}
        of_step = [one[at + 1] if "temperature" in plan.driven and one.ndim else one for one in numbers["step"]]
        drawn |= {str(name): one for name, one in zip(plan.constants, of_step, strict=True)}
        if working:
            work = work + _work(drive, at, x)
        given = {
            "numbers": drawn,
            "index": at + 1,
            "imposed": 0.0 if drive is None else _imposed(drive, at + 1, plan.dtype),
            "free": free,
        }
        if plan.colors:

            def update(color: Any, x: Any) -> Any:
                after, _, _ = _moved(plan, numbers, x, {}, None, given)
                return jnp.where(numbers["color"] == color, after, x)

            x = lax.fori_loop(0, plan.colors, update, x)
            return lax.optimization_barrier((x, variables, carried, work)), x if recording else None
        after, moved, last = _moved(plan, numbers, x, variables, carried, given)
        if plan.clamped:
            after = jnp.where(free, after, x)
            moved = {name: jnp.where(free, one, variables[name]) for name, one in moved.items()}
        carried = None if carried is None else last
        return lax.optimization_barrier((after, moved, carried, work)), after if recording else None

    after, record = lax.scan(step, state, first + jnp.arange(steps, dtype=np.uint32))
    return after, record
