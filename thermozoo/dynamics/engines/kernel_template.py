"""The text of a kernel around its formulas; `thermozoo.dynamics.engines.kernel_source` fills it in."""

from __future__ import annotations

__all__ = ["CALL", "DRIVER", "HEAD", "PRODUCT", "SWEEP"]

HEAD = '''"""{title}

{formulas}
"""

from math import nan

from numba import njit

from thermozoo.dynamics.engines.arguments import (
    DriveArguments, LawArguments, NoiseArguments, Output, PackedCouplings, Scratch, Sharing,
)
from thermozoo.dynamics.engines.box_muller import {noise}
from thermozoo.dynamics.engines.lane_access import load_lanes, put_lanes, put_lanes_between, spread_number
from thermozoo.dynamics.engines.lanes import FUNCTIONS, choose, maximum, minimum
from thermozoo.dynamics.engines.passes import (
    add_work, copy_blocks, external_{layout}, finish_work, multiply_signals, record_{layout},
)
from thermozoo.dynamics.engines.products import dense_{layout}, sparse_{layout}
from thermozoo.dynamics.engines.team import barrier, take

normal_numbers = {noise}
external_forces, record_states = external_{layout}, record_{layout}
dense_product, sparse_product = dense_{layout}, sparse_{layout}
{functions}
LINE = {line}  # numbers in a cache line
LANES = {lanes}  # trajectories side by side
WIDTH = 64 * LANES  # numbers of a block of 64 units
STRIP = {strip}  # blocks whose noise is drawn at a time
'''

SWEEP = """

@njit(error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def sweep_{index}(
    state, origin, after, to, first, last, force_at, place, normal_at, far,
    signal, signal_at, push, step, number_at, couplings, law, noise, force, point, kept, normal,
):
    \"\"\"{doc}\"\"\"
    bias, coefficients, constants, segments, pieces = law
    units = 64 * (pieces.size - 1)
    sparse, driven = couplings.values.size > 0, signal_at >= 0
    coupled = sparse or couplings.packed.size > 0
{constants}
    for strip in range(first, last, STRIP):
        stop = min(strip + STRIP, last)
        if pieces[strip] == pieces[stop]:
            continue
        here = strip * WIDTH
{draws}
{force}
        for piece in range(pieces[strip], pieces[stop]):
            kind, begin, end = segments[piece]
{kinds}
"""

DRIVER = """

@njit(error_model="numpy", nogil=True, no_cfunc_wrapper=True, cache=True)
def advance(member, states, shared, first_step, steps, sharing, couplings, law, noise, drive, scratch, output):
    \"\"\"Do `steps` steps of every panel; a team of threads works on a panel together, or each takes the next.\"\"\"
    sharing, couplings, law = Sharing(*sharing), PackedCouplings(*couplings), LawArguments(*law)
    noise, drive, scratch, output = NoiseArguments(*noise), DriveArguments(*drive), Scratch(*scratch), Output(*output)
    team, slots, group, size, in_place = sharing
    spare, force, point, kept, normal, imposed, partial = scratch
    bias, pieces = law.bias, law.pieces
    rows, record = output.rows, output.record
    signals, sources, which = drive.signals, drive.sources, drive.which
    dense = couplings.packed.size > 0
    panels = states.size // size
    blocks = pieces.size - 1
    slot = member if team == 1 else 0
    share = 0 if team == 1 else member
    first = blocks * share // team
    last = blocks * (share + 1) // team
    driven, several = signals.size > 0, drive.runs.size > 0
    shown = imposed if several else signals
    far = {far}
    task = -1
    while True:
        task = take(shared) if team == 1 else task + 1
        panel = task * group
        if panel >= panels:
            break
        count = min(group, panels - panel)
        base = slot * group * size
        state, origin, after, to = states, panel * size, states, panel * size
        shown_from = base if several else origin
        if not in_place:
            after, to = spare, base
        for g in range(count):
            # clamped units are in every array and are never written again
            if not in_place:
                copy_blocks(state, origin + g * size, after, to + g * size, first, last, WIDTH)
            for j in range({points}):
                place = (j * slots * group + slot * group + g) * size
                copy_blocks(state, origin + g * size, point, place, first, last, WIDTH)
        barrier(shared, team)
        for k in range(steps):
            step = first_step + k
            push = drive.pushes[k]
            if several:
                for g in range(count):
                    there = g * size
                    multiply_signals(
                        imposed, base + there, signals, panel * size + there, LANES, drive.intensities, k, drive.runs,
                        first, last,
                    )
            change = drive.changes[k] if drive.working else 0.0
            # two sets of sums, because a thread may be one step ahead of the one that adds them up
            sums = (slot * 2 + k % 2) * group * blocks * LANES
            if change != 0.0:
                for g in range(count):
                    place = sums + g * blocks * LANES
                    row = (panel + g) * LANES
                    add_work(
                        partial, place, state, origin + g * size, LANES, sources, which, drive.shares,
                        drive.protocols, k, row, rows, first, last,
                    )
{sweeps}
            if change != 0.0 and share == 0:
                for g in range(count):
                    place = sums + g * blocks * LANES
                    finish_work(output.worked, partial, place, LANES, (panel + g) * LANES, rows, blocks, change)
            if output.recording:
                for g in range(count):
                    record_states(record, k, (panel + g) * LANES, rows, after, to + g * size, first, last)
            state, origin, after, to = after, to, state, origin
        if not in_place and steps % 2 == 1:
            for g in range(count):
                copy_blocks(state, origin + g * size, after, to + g * size, first, last, WIDTH)
"""

PRODUCT = """
            if dense:
                for g in range(count):
                    signal_at = shown_from + g * size if driven else -1
                    place = base + g * size
                    external_forces(force, place, bias, first, last, shown, signal_at, push)
                dense_product(force, base, {at}, size, count, couplings.table, couplings.packed, first, last)"""

CALL = """
            for g in range(count):
                place = base + g * size
                signal_at = shown_from + g * size if driven else -1
                force_at = place if dense else slot * STRIP * WIDTH
                sweep_{index}(
                    state, origin + g * size, after, to + g * size, first, last, force_at, place, {normal_at}, far,
                    shown, signal_at, push, step, (panel + g) * LANES, couplings, law, noise,
                    force, point, kept, normal,
                )
            barrier(shared, team)"""
