"""The text of a kernel around its formulas; `thermozoo.dynamics.engines.kernel_source` fills it in."""

from __future__ import annotations

__all__ = ["CALL", "DRIVER", "HEAD", "PRODUCT", "STAGE"]

HEAD = '''"""{title}

{formulas}
"""

from math import nan

from numba import njit

from thermozoo.dynamics.engines.arguments import (
    DriveArguments, LawArguments, NoiseArguments, Output, PackedCouplings, Scratch, Sharing, TermArguments,
)
from thermozoo.dynamics.engines.box_muller import normal_numbers_ahead, normal_numbers_batch, normal_numbers_unit
from thermozoo.dynamics.engines.compiling import KERNEL, PART
from thermozoo.dynamics.engines.line_access import (
    gather_line, load_line, number_at, put_line, put_line_between, spread_number,
)
from thermozoo.dynamics.engines.lines import FUNCTIONS, choose, fused, largest_of_line, maximum, minimum, sum_of_line
from thermozoo.dynamics.engines.step_parts import (
    add_work, clear_blocks, copy_numbers, external_{layout}, finish_work, multiply_{layout}, record_{layout},
)
from thermozoo.dynamics.engines.products import dense_{layout}, sparse_{layout}
from thermozoo.dynamics.engines.thread_group import barrier, take

external_forces, multiply_signals, record_states = external_{layout}, multiply_{layout}, record_{layout}
dense_product, sparse_product = dense_{layout}, sparse_{layout}
{functions}
LINE = {line}  # numbers in a cache line
WIDTH = {width}  # trajectories side by side
BLOCK_SIZE = 64 * WIDTH  # numbers of a block of 64 units
SPAN = {span}  # blocks whose noise is drawn at a time
'''

STAGE = """

@njit(**PART, forceinline=True)
def stage_{index}(
    state, origin, after, to, first, last, chunks, size, force_at, place, normal_at, far,
    signal, signal_at, intensity, step, since, shift, first_number, couplings, terms, law, noise,
    force, products, point, kept, normal{more},
):
    \"\"\"{doc}\"\"\"
    bias, coefficients, constants, ranges, range_starts = law
    units = bias.size
    sparse, driven = couplings.values.size > 0, signal_at >= 0
    coupled = {coupled}
{constants}
    for span in range(first, last, SPAN):
        stop = min(span + SPAN, last)
        if range_starts[span] == range_starts[stop]:
            continue
        low, high, here = span * 64, min(stop * 64, units), span * BLOCK_SIZE
{draws}
{force}
        for part in range(range_starts[span], range_starts[stop]):
            kind, begin, end = ranges[part]
{kinds}
"""

DRIVER = """

@njit(**KERNEL)
def advance(member, states, shared, first_step, steps, sharing, couplings, terms, law, noise, drive, scratch, output):
    \"\"\"Do `steps` steps of every chunk; a thread group works on one together, or each thread takes the next.\"\"\"
    sharing, couplings, law = Sharing(*sharing), PackedCouplings(*couplings), LawArguments(*law)
    terms = TermArguments(*terms)
    noise, drive, scratch, output = NoiseArguments(*noise), DriveArguments(*drive), Scratch(*scratch), Output(*output)
    members, slots, group, size, in_place, shift = sharing
    spare, force, point, kept, normal, imposed, partial, products, projected, variables = scratch
    bias, range_starts, units = law.bias, law.range_starts, law.bias.size
    rows, record = output.rows, output.record
    signals, sources, which = drive.signals, drive.sources, drive.which
    dense = couplings.packed.size > 0
    chunks = states.size // size
    blocks = range_starts.size - 1
    slot = member if members == 1 else 0
    share = 0 if members == 1 else member
    first = blocks * share // members
    last = blocks * (share + 1) // members
    first_unit, last_unit = first * 64, min(last * 64, units)
    # few units: the noise of several chunks is drawn at once, or that of several steps of a trajectory by itself
    abreast = group if blocks == 1 and WIDTH > 1 else 1
    of_member = max(SPAN * BLOCK_SIZE, size * abreast if blocks == 1 else 0)
    ahead = {ahead} * 16 >> shift if shift >= 0 else 0
    driven, several = signals.size > 0, drive.runs.size > 0
    shown = imposed if several else signals
    far = {far}
    task = -1
    while True:
        task = take(shared) if members == 1 else task + 1
        chunk = task * group
        if chunk >= chunks:
            break
        count = min(group, chunks - chunk)
        base = slot * group * size
        state, origin, after, to = states, chunk * size, states, chunk * size
        shown_from = base if several else origin
        if not in_place:
            after, to = spare, base
        for g in range(count):
            # clamped units are in every array and are never written again
            if not in_place:
                copy_numbers(state, origin + g * size, after, to + g * size, first_unit * WIDTH, last_unit * WIDTH)
            for j in range({points}):
                place = (j * slots * group + slot * group + g) * size
                copy_numbers(state, origin + g * size, point, place, first_unit * WIDTH, last_unit * WIDTH)
        barrier(shared, members)
        for k in range(steps):
            step = first_step + k
            since = k % ahead if ahead > 0 else -1
            intensity = drive.intensity[k]
            if several:
                for g in range(count):
                    there = g * size
                    multiply_signals(
                        imposed, base + there, signals, chunk * size + there, drive.intensities, k, drive.runs,
                        first_unit, last_unit,
                    )
            change = drive.changes[k] if drive.working else 0.0
            # two sets of sums, because a thread may be one step ahead of the one that adds them up
            sums = (slot * 2 + k % 2) * group * blocks * WIDTH
            if change != 0.0:
                for g in range(count):
                    place = sums + g * blocks * WIDTH
                    row = (chunk + g) * WIDTH
                    add_work(
                        partial, place, state, origin + g * size, WIDTH, sources, which, drive.shares,
                        drive.protocols, k, row, rows, first, last,
                    )
{stages}
            if change != 0.0 and share == 0:
                for g in range(count):
                    place = sums + g * blocks * WIDTH
                    finish_work(output.worked, partial, place, WIDTH, (chunk + g) * WIDTH, rows, blocks, change)
            if output.recording:
                for g in range(count):
                    record_states(record, k, (chunk + g) * WIDTH, rows, after, to + g * size, first_unit, last_unit)
            state, origin, after, to = after, to, state, origin
        if not in_place and steps % 2 == 1:
            for g in range(count):
                copy_numbers(state, origin + g * size, after, to + g * size, first_unit * WIDTH, last_unit * WIDTH)
"""

PRODUCT = """
            if {dense}:
                signal_at = shown_from if driven else -1
                external_forces(
                    force, base, bias, first_unit, last_unit, shown, signal_at, intensity, count, size,
                )
                dense_product(force, base, size, {at}, size, count, couplings.table, couplings.packed, first, last)"""

CALL = """
            for g in range(0, count, abreast):
                place = base + g * size
                signal_at = shown_from + g * size if driven else -1
                force_at = place if dense else member * of_member
                stage_{index}(
                    state, origin + g * size, after, to + g * size, first, last, min(abreast, count - g), size,
                    force_at, place, {normal_at}, far, shown, signal_at, intensity, step, since, shift,
                    (chunk + g) * WIDTH, couplings, terms, law, noise, force, products, point, kept, normal{more},
                )
            barrier(shared, members)"""
