"""The source of a kernel of discrete units, updated color by color: a numba module written from one formula.

Batch layout: a cache line holds one unit of several trajectories; units follow one another in the order of colors. Unit
layout: a line holds several units of one color of one trajectory, in places of their own (see
`thermozoo.dynamics.engines.color_rows`). Both add up a unit's gradient in one order, so a trajectory has the same bits
in both: pairs by turns into four sums, longer tuples into the first.
"""

from __future__ import annotations

import textwrap

import attrs
import sympy

from thermozoo.dynamics.engines.kept_kernel import KEPT
from thermozoo.dynamics.engines.printing import KernelPrinter, statements
from thermozoo.symbolic.kernel_plan import stages_of
from thermozoo.symbolic.trace import StepFormula

__all__ = ["ColorKernel", "why_not_by_color", "write_color_kernel"]

_HEAD = '''"""{title}

step: x' = {step}
k of the step: {constants}
"""

from math import nan

from numba import njit

from thermozoo.dynamics.engines.compiling import KERNEL
from thermozoo.dynamics.engines.line_access import gather_line, load_line, number_at, put_line, spread_number
from thermozoo.dynamics.engines.lines import FUNCTIONS, choose, fused, maximum, minimum
from thermozoo.dynamics.engines.thread_group import barrier, take
from thermozoo.dynamics.engines.uniform_numbers import uniform_numbers_{layout}
{also}
{functions}
LINE = {line}  # numbers in a cache line
'''

_BATCH = '''

@njit(**KERNEL)
def advance(
    member, states, shared, first_step, steps, members, size, field, own_field, order, lines, unit_of, units, rows,
    constants, several, numbers, stream, keys, uniform, group, kept, scratch,
):
    """Do `steps` steps of every chunk of trajectories; each thread takes the next, or the next few."""
    chunks = states.size // size
    room = (units + 63) // 64 * 64 * LINE
{rows}
    while True:
        chunk = take(shared) * group
        if chunk >= chunks:
            break
        count = min(group, chunks - chunk)
        here = member * {draws} * room
        for k in range(steps):
            for first in range(0, units, 64):
                at, until = here + first * LINE, min(64, units - first)
{draw}
            for row in range(order.size):
                unit = order[row]
                for g in range(count):
                    origin = (chunk + g) * size
                    field_at = origin if own_field else 0
                    i = unit * LINE
                    sum_0 = load_line(field, field_at + i)
{gradient}
                    force_0 = -sum_0
                    x = load_line(states, origin + i)
{value}
                    put_line(states, origin + i, value)
'''

_UNIT = '''

@njit(**KERNEL)
def advance(
    member, states, shared, first_step, steps, members, size, field, own_field, order, lines, unit_of, units, rows,
    constants, several, numbers, stream, keys, uniform, group, kept, scratch,
):
    """Do `steps` steps of every trajectory: threads work on one together, or each takes the next."""
    chunks = states.size // size
    blocks = (units + 63) // 64
    room = blocks * 64
{rows}
    share = member if members > 1 else 0
    here = 0 if members > 1 else member * {draws} * room
    first, last = blocks * share // members, blocks * (share + 1) // members
    chunk = -1
    while True:
        chunk = chunk + 1 if members > 1 else take(shared)
        if chunk >= chunks:
            break
        origin = chunk * size
        field_at = origin if own_field else 0
        for k in range(steps):
            for block in range(first, last, 16):
                at = here + block * 64
{draw}
            barrier(shared, members)
            for color in range(lines.size - 1):
                begin, count = lines[color], lines[color + 1] - lines[color]
                for row in range(begin + count * share // members, begin + count * (share + 1) // members):
                    i = row * LINE
                    sum_0 = load_line(field, field_at + i)
{gradient}
                    force_0 = -sum_0
                    x = load_line(states, origin + i)
{value}
                    put_line(states, origin + i, value)
                barrier(shared, members)
'''


_ALSO = """from thermozoo.dynamics.engines.integer_lines import (
    add_line, differing, number_line, subtract_line, sum_of_row, trailing,
)
from thermozoo.dynamics.engines.line_access import put_number
"""


@attrs.frozen
class ColorKernel:
    """A generated module and what it has to be given.

    Parameters
    ----------
    text : str
        Python source of the module.
    constants : dict
        Constants of the step, by the expression of its symbols.
    draws : int
        Uniform numbers of a unit and step.
    """

    text: str
    constants: dict[sympy.Expr, sympy.Symbol]
    draws: int


def why_not_by_color(step: StepFormula) -> str | None:
    """Return None where there is a kernel of a step, else why not."""
    if step.noises:
        return "draws normal numbers"
    if len(step.stages) > 1 or any(stage != step.x for stage in step.stages):
        return "evaluates forces elsewhere than at x, or several"
    return None


def write_color_kernel(
    step: StepFormula, title: str, orders: tuple[int, ...], *, single: bool, layout: str
) -> ColorKernel:
    """Write the kernel of a step that chooses among states.

    Parameters
    ----------
    step : StepFormula
        The integrator.
    title : str
        Its name.
    orders : tuple of int
        Units of the tuples that are coupled, in ascending order.
    single : bool
        Single or double precision.
    layout : str
        ``"unit"`` for units side by side, ``"batch"`` for trajectories, ``"kept"`` for fields that are kept.
    """
    from thermozoo.dynamics.engines.lines import FUNCTIONS
    from thermozoo.dynamics.noise import UNIFORM_DRAWS

    stages, constants = stages_of(step)
    [stage] = stages
    assert stage.value is not None
    unit_layout = layout != "batch"
    draw, given = [], []
    for j in range(len(step.uniforms)):
        rest = f", step, stream + {65536 * (UNIFORM_DRAWS + j)}, keys)"
        if unit_layout:
            draw.append(
                f"uniform_numbers_unit(uniform, at + {j} * room, block, min(16, last - block), numbers, chunk{rest}"
            )
            given.append(f"uniform_{j} = gather_line(uniform, here + {j} * room, unit_of, i)")
        else:
            place = f"uniform, at + {j} * room, size, count, first // 64, until, numbers, chunk * LINE"
            draw.append(f"uniform_numbers_batch({place}{rest}")
            given.append(f"uniform_{j} = load_line(uniform, here + {j} * room + g * size + i)")
    draw = [line.replace(", step, ", ", first_step + k, ") for line in draw]
    given += [
        f"{name} = spread_number(constants, k * several + {j})" for j, name in enumerate(map(str, constants.values()))
    ]
    body = statements("value", stage.value, "s")
    used = {n: KernelPrinter.names.get(n, n) for n in FUNCTIONS}
    functions = [f'{name} = FUNCTIONS["{n}"]' for n, name in used.items() if any(f"{name}(" in line for line in body)]
    gradient = [line for k, order in enumerate(orders) for line in _added(k, order, unit_layout)]
    # taken out of the loops: numba counts who holds an array, each time that one is named
    rows = [f"{', '.join(_names(k, order))} = rows[{k}]" for k, order in enumerate(orders)]
    depth = 5
    text = _HEAD.format(
        title=f"Updates by color of {title}, {'single' if single else 'double'} precision; written by thermozoo.",
        step=step.result,
        constants=", ".join(f"{name} = {one}" for one, name in constants.items()) or "none",
        layout="unit" if unit_layout else "batch",
        also=_ALSO if layout == "kept" else "",
        functions="\n".join(functions),
        line=16 if single else 8,
    )
    if layout == "kept":
        draw = [line.replace("last - block", "blocks - block").replace("m, at +", "m, at_block +") for line in draw]
        lines = [line for line in given if line.startswith("uniform_")]
        read = [line for line in given if line not in lines]
        text += KEPT.format(
            draws=len(step.uniforms),
            draw=_indent(draw, 4),
            uniforms=_indent(lines, 4),
            constants=_indent(read, 3),
            value=_indent(body, 5),
            value_at_margin=_indent(body, 6),
            value_of_row=_indent(body, 7),
        )
        return ColorKernel(text, constants, len(step.uniforms))
    text += (_UNIT if unit_layout else _BATCH).format(
        draws=len(step.uniforms),
        rows=_indent(rows, 1),
        draw=_indent(draw, 4),
        gradient=_indent(gradient, depth),
        value=_indent([*given, *body], depth),
    )
    return ColorKernel(text, constants, len(step.uniforms))


def _indent(lines: list[str], depth: int) -> str:
    return textwrap.indent("\n".join(lines), " " * 4 * depth)


def _names(k: int, order: int) -> list[str]:
    """Return what the arrays of the rows of one order are called."""
    return [f"starts_{k}", *(f"others_{k}_{m}" for m in range(order - 1)), f"values_{k}"]


def _added(k: int, order: int, unit_layout: bool) -> list[str]:
    """Return the lines that add the entries of one order to the gradient of a row."""
    stride = "LINE" if unit_layout else "1"
    value = f"load_line(values_{k}, entry)" if unit_layout else f"spread_number(values_{k}, entry)"
    head = [f"entry, stop = number_at(starts_{k}, row), number_at(starts_{k}, row + 1)"]
    others = [line for m in range(order - 1) for line in _other(k, m, unit_layout)]
    product = " * ".join(f"other_{m}" for m in range(order - 1))

    def entry(m: int) -> list[str]:
        return [*others, f"sum_{m} = fused({value}, {product}, sum_{m})", f"entry += {stride}"]

    if order > 2:
        return [*head, "while entry < stop:", *(f"    {line}" for line in entry(0))]
    lines = [*head, "sum_1 = sum_2 = sum_3 = spread_number(constants, constants.size - 1)"]
    lines.append(f"while entry + 3 * {stride} < stop:")
    lines += [f"    {line}" for m in range(4) for line in entry(m)]
    for m in range(3):
        lines += ["if entry < stop:", *(f"    {line}" for line in entry(m))]
    return [*lines, "sum_0 = (sum_0 + sum_1) + (sum_2 + sum_3)"]


def _other(k: int, m: int, unit_layout: bool) -> list[str]:
    """Return the lines that read the states of one of the other units of an entry."""
    if not unit_layout:
        return [f"other_{m} = load_line(states, origin + number_at(others_{k}_{m}, entry) * LINE)"]
    # consecutive units are read at once, others one by one: see `thermozoo.dynamics.engines.packing`
    return [
        f"head = number_at(others_{k}_{m}, entry // LINE)",
        "if head >= 0:",
        f"    other_{m} = load_line(states, origin + head)",
        "else:",
        f"    scattered = values_{k}.size // LINE - (head + 1) * LINE",
        f"    other_{m} = gather_line(states, origin, others_{k}_{m}, scattered)",
    ]
