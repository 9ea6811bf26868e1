"""The text of the kernels of compiled training around its formulas; `loss_source` fills it in.

Every phase is shared out to threads by what it writes, and every number is computed by one thread in one order: so bits
do not depend on the number of threads.
"""

from __future__ import annotations

__all__ = ["GRADIENT", "HEAD", "ONLINE"]

HEAD = '''"""{title}

{formulas}
"""

from math import nan

from numba import njit

from thermozoo.dynamics.engines.line_access import load_line, number_at, put_line, put_number, spread_number
from thermozoo.dynamics.engines.lines import FUNCTIONS, choose, fused, maximum, minimum, sum_of_line
from thermozoo.dynamics.engines.panels import (
    DEPTH, add_product, add_to_double, clear, pack_panel, product_of_transpose, transpose,
)
from thermozoo.dynamics.engines.thread_group import barrier, take_of

{functions}
LINE = {line}  # numbers in a cache line
HELD = {held}  # steps whose updates are held back
SQUARE = LINE * LINE


@njit(error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def field_of_line(line, fields, at, steps, across, back, other, slots, scratch, spare):
    """Complete J x of a line of units: add what comes from rows of blocks, whose panels are of steps."""
    if not across[line]:
        clear(fields, at, steps * LINE)
    if back[line]:
        for step in range(0, steps, LINE):
            transpose(scratch, spare, other, step * slots + line * SQUARE)
            for i in range(0, SQUARE, LINE):
                here = at + step * LINE + i
                put_line(fields, here, load_line(fields, here) + load_line(scratch, spare + i))
'''

GRADIENT = '''

@njit(error_model="numpy", nogil=True, no_cfunc_wrapper=True)
def advance(member, members, shared, states, sizes, law, structure, couplings, work, factors, sums):
    """Add the loss of `rows - lag` steps, from row m - lag to row m, its gradient, and second moments."""
    units, rows, lag, apart, slots, contracting = sizes
    bias, weight, coefficients, constants = law
    table, across, back, outputs, entries, returns, reentries, blocks = structure
    x, y, z, fields, other, turned, scratch = work
    losses, by_unit, by_coupling, by_pair, by_factor = sums
    lines = table.shape[0]
    whole = (rows + LINE - 1) // LINE * LINE
    panel = apart * LINE
    spare = member * 2 * SQUARE
    # states in panels
    for line in range(member, lines, members):
        pack_panel(x, line * panel, states, table[line, 0], units, rows, table[line, 1])
        clear(x, line * panel + rows * LINE, (whole - rows) * LINE)
        if returns.shape[0] > 0:
            for step in range(0, whole, LINE):
                transpose(turned, step * slots + line * SQUARE, x, line * panel + step * LINE)
    barrier(shared, members)
    # J x: of the columns of blocks, then of their rows
    while True:
        task = take_of(shared, 24)
        if task >= outputs.shape[0]:
            break
        to = outputs[task, 0] * panel
        clear(fields, to, whole * LINE)
        for e in range(outputs[task, 1], outputs[task, 2]):
            left, place, depth = entries[e, 0] * panel, entries[e, 1], entries[e, 2]
            add_product(fields, to, x, left, panel, couplings, place, whole, depth)
    while True:
        task = take_of(shared, 32)
        if task >= returns.shape[0] * (whole // LINE):
            break
        step = task // returns.shape[0] * LINE * slots
        task = task % returns.shape[0]
        to, high = step + returns[task, 0] * LINE, returns[task, 1]
        clear(other, to, high * LINE)
        for e in range(returns[task, 2], returns[task, 3]):
            place, far, right, depth = reentries[e]
            add_product(other, to, couplings, place, far, turned, step + right * SQUARE, high, depth)
    barrier(shared, members)
    # loss and responses
{constants}
    for line in range(member, lines, members):
        base = line * panel
        field_of_line(line, fields, base, whole, across, back, other, slots, scratch, spare)
        clear(y, base, whole * LINE)
        counted = load_line(weight, line * LINE)
        added = load_line(bias, line * LINE)
        kind = table[line, 2]
{kinds}
        if kind >= 0:
            for m in range(rows):
                add_to_double(by_unit, line * LINE, y, base + m * LINE)
    barrier(shared, members)
    # the gradient by couplings
    while contracting:
        task = take_of(shared, 40)
        if task >= blocks.shape[0]:
            break
        first, count, column, to, same = blocks[task]
        for line in range(first, first + count):
            for start in range(0, rows, DEPTH):
                depth = min(DEPTH, rows - start)
                one, two = line * panel + start * LINE, column * panel + start * LINE
                clear(scratch, spare, SQUARE)
                product_of_transpose(scratch, spare, y, one, x, two, depth)
                if not same:
                    product_of_transpose(scratch, spare, x, one, y, two, depth)
                for i in range(0, SQUARE, LINE):
                    add_to_double(by_coupling, to + (line - first) * SQUARE + i, scratch, spare + i)
    # second moments of u x' + v x
    for f in range(factors.size // 2):
        u, v = spread_number(factors, 2 * f), spread_number(factors, 2 * f + 1)
        for line in range(member, lines, members):
            for m in range(lag, rows):
                at = line * panel + m * LINE
                put_line(z, at, u * load_line(x, at) + v * load_line(x, at - lag * LINE))
                add_to_double(by_factor, f * slots + line * LINE, z, at)
        barrier(shared, members)
        while True:
            task = take_of(shared, 48 + 8 * f)
            if task >= lines:
                break
            column = lines - 1 - task
            for line in range(column + 1):
                for start in range(lag, rows, DEPTH):
                    clear(scratch, spare, SQUARE)
                    one, two = line * panel + start * LINE, column * panel + start * LINE
                    product_of_transpose(scratch, spare, z, one, z, two, min(DEPTH, rows - start))
                    for i in range(0, SQUARE, LINE):
                        add_to_double(by_pair, column * slots * LINE + line * SQUARE + i, scratch, spare + i)
        barrier(shared, members)
'''

ONLINE = '''

@njit(error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def one_by_one(
    count, row, panel, x, y, fields, table, weight, trained, sums, overlaps, partners, constants, slots, rate, losses,
):
    """Do the steps of a stretch one after the other; what earlier ones of it have changed is added to the force."""
    held, drop, own, dots, mixed = sums
    lines, segments = table.shape[0], partners.shape[0]
{constants}
    clear(drop, 0, slots)
    clear(own, 0, slots)
    # a segment's scalar products of earlier responses with the state of this step, line by line until they are summed
    clear(dots, 0, segments * HELD * LINE)
    for k in range(count):
        for s in range(segments):
            for m in range(k):
                put_line(held, (s * HELD + m) * LINE, sum_of_line(load_line(dots, (s * HELD + m) * LINE)))
        for s in range(segments):
            for m in range(k):
                place = 2 * (s * HELD + m) * LINE
                clear(mixed, place, 2 * LINE)
                for other in range(segments):
                    if partners[s, other]:
                        at = other * HELD * HELD + m // LINE * HELD * LINE + k * LINE + m % LINE
                        put_line(mixed, place, load_line(mixed, place) + spread_number(overlaps, at))
                        more = load_line(held, (other * HELD + m) * LINE)
                        put_line(mixed, place + LINE, load_line(mixed, place + LINE) + more)
        clear(dots, 0, segments * HELD * LINE)
        for line in range(lines):
            segment, kind = table[line, 3], table[line, 2]
            first = line * HELD * LINE
            state = line * panel + row * LINE
            at = state + k * LINE
            x_next, x_here = load_line(x, at), load_line(x, at - LINE)
            if kind >= 0:
                change = load_line(trained, line * LINE) * load_line(drop, line * LINE)
                for m in range(k):
                    place = 2 * (segment * HELD + m) * LINE
                    change = fused(load_line(mixed, place), load_line(y, first + m * LINE), change)
                    change = fused(load_line(mixed, place + LINE), load_line(x, state + m * LINE), change)
                if partners[segment, segment]:  # J_ii stays zero
                    change = change - 2.0 * load_line(own, line * LINE) * x_next
                g_next = load_line(fields, first + k * LINE) - rate * change
                counted = load_line(weight, line * LINE)
{answers}
                put_line(drop, line * LINE, load_line(drop, line * LINE) + response)
                put_line(own, line * LINE, fused(response, x_next, load_line(own, line * LINE)))
            if k + 1 < count and kind >= 0:
                following = load_line(x, at + LINE)
                for m in range(k + 1):
                    place = (segment * HELD + m) * LINE
                    product = fused(load_line(y, first + m * LINE), following, load_line(dots, place))
                    put_line(dots, place, product)


@njit(error_model="numpy", nogil=True, no_cfunc_wrapper=True)
def advance(member, members, shared, states, sizes, law, rate, structure, couplings, work, sums, losses):
    """Do one update a step, over `rows - 1` steps from row m - 1 to row m; couplings and biases change."""
    units, rows, apart, slots = sizes
    bias, biases, weight, trained, coefficients, constants = law
    table, across, back, outputs, entries, returns, reentries, blocks, partners, segments = structure
    x, y, fields, other, turned, overlaps, scratch = work
    lines = table.shape[0]
    panel, short = apart * LINE, HELD * LINE
    spare = member * 2 * SQUARE
    for line in range(member, lines, members):
        pack_panel(x, line * panel, states, table[line, 0], units, rows, table[line, 1])
        clear(x, line * panel + rows * LINE, (apart - rows) * LINE)
        for step in range(0, apart - LINE, LINE):
            transpose(turned, step * slots + line * SQUARE, x, line * panel + (1 + step) * LINE)
    barrier(shared, members)
    for row in range(1, rows, HELD):
        count = min(HELD, rows - row)
        if member == 0:
            put_number(shared, 40, 0)
        turn = (row - 1) * slots
        # J x before the stretch, and the scalar products of its states
        while True:
            task = take_of(shared, 24)
            if task >= outputs.shape[0]:
                break
            to = outputs[task, 0] * short
            clear(fields, to, short)
            for e in range(outputs[task, 1], outputs[task, 2]):
                left, place, depth = entries[e, 0] * panel + row * LINE, entries[e, 1], entries[e, 2]
                add_product(fields, to, x, left, panel, couplings, place, HELD, depth)
        while True:
            task = take_of(shared, 32)
            if task >= returns.shape[0] + segments.shape[0]:
                break
            for step in range(0, HELD, LINE):
                if task < returns.shape[0]:
                    to, high = step * slots + returns[task, 0] * LINE, returns[task, 1]
                    clear(other, to, high * LINE)
                    for e in range(returns[task, 2], returns[task, 3]):
                        place, far, right, depth = reentries[e]
                        right = turn + step * slots + right * SQUARE
                        add_product(other, to, couplings, place, far, turned, right, high, depth)
                else:
                    segment = task - returns.shape[0]
                    first, held = segments[segment]
                    to = segment * HELD * HELD + step * HELD
                    clear(overlaps, to, short)
                    right = turn + step * slots + first * SQUARE
                    left = first * panel + row * LINE
                    add_product(overlaps, to, x, left, panel, turned, right, HELD, held * LINE)
        barrier(shared, members)
        # the force before the stretch
        for line in range(member, lines, members):
            at = line * short
            field_of_line(line, fields, at, HELD, across, back, other, slots, scratch, spare)
            added, kind = load_line(bias, line * LINE), table[line, 2]
{forces}
        barrier(shared, members)
        if member == 0:
            put_number(shared, 24, 0)
            put_number(shared, 32, 0)
            one_by_one(
                count, row, panel, x, y, fields, table, weight, trained, sums, overlaps, partners,
                constants, slots, rate, losses,
            )
        barrier(shared, members)
        # the updates
        while True:
            task = take_of(shared, 40)
            if task >= blocks.shape[0]:
                break
            first, high, column, to, same = blocks[task]
            for line in range(first, first + high):
                clear(scratch, spare, 2 * SQUARE)
                one, two = line * panel + row * LINE, column * panel + row * LINE
                product_of_transpose(scratch, spare, y, line * short, x, two, count)
                product_of_transpose(scratch, spare + SQUARE, x, one, y, column * short, count)
                if same and line == column:
                    for i in range(LINE):
                        put_number(scratch, spare + i * LINE + i, 0.0)
                        put_number(scratch, spare + SQUARE + i * LINE + i, 0.0)
                for i in range(0, SQUARE, LINE):
                    place = to + (line - first) * SQUARE + i
                    step = load_line(scratch, spare + i) + load_line(scratch, spare + SQUARE + i)
                    put_line(couplings, place, load_line(couplings, place) - rate * step)
        for line in range(member, lines, members):
            for i in range(line * LINE, (line + 1) * LINE):
                if trained[i] != 0.0:
                    step = 0.0
                    for m in range(count):
                        step += number_at(y, line * short + m * LINE + i - line * LINE)
                    biases[i] -= rate * step
                    bias[i] = biases[i]
        barrier(shared, members)
'''
