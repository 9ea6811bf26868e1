"""The kernel that keeps the fields of a trajectory's units from step to step: see `kept_fields`.

A line of units is decided at once. Where two of them are coupled, what comes after a flip is decided again.
"""

from __future__ import annotations

__all__ = ["KEPT"]

#: Filled in by `thermozoo.dynamics.engines.color_kernel.write_color_kernel`.
KEPT = '''

@njit(**KERNEL)
def advance(
    member, states, shared, first_step, steps, members, size, field, own_field, order, lines, unit_of, units, rows,
    constants, several, numbers, stream, keys, uniform, group, kept, scratch,
):
    """Do `steps` steps of every trajectory; each thread takes the next."""
    chunks = states.size // size
    blocks = (units + 63) // 64
    room = blocks * 64
    starts, others, values, whole, doubled, matrix, inner, scales = rows
    free = starts.size - 1
    quantum, margin = number_at(scales, 0), number_at(scales, 1)
    zero = number_at(constants, constants.size - 1)
    here, at, spare = member * {draws} * room, member * size, member * LINE
    while True:
        chunk = take(shared)
        if chunk >= chunks:
            break
        origin = chunk * size
        for row in range(size):
            total = 0
            if row < free:
                for entry in range(number_at(starts, row), number_at(starts, row + 1)):
                    if number_at(states, origin + number_at(others, entry)) > zero:
                        total += number_at(doubled, entry)
                    else:
                        total -= number_at(doubled, entry)
            put_number(kept, at + row, number_at(whole, row) + (total >> 1))
        for k in range(steps):
            for block in range(0, blocks, 16):
                at_block = here + block * 64
{draw}
{constants}
            for i in range(0, free, LINE):
{uniforms}
                mask = (1 << min(LINE, free - i)) - 1
                while mask != 0:
                    x = load_line(states, origin + i)
                    sum_0 = number_line(kept, at + i) * quantum
                    force_0 = -sum_0 - margin
{value}
                    flips = differing(value, x)
                    unsure = 0
                    if margin > zero:
                        low = value
                        force_0 = -sum_0 + margin
{value_at_margin}
                        unsure = differing(value, low)
                    left = (flips | unsure) & mask
                    mask = 0
                    while left != 0:
                        lane = trailing(left)
                        bit = 1 << lane
                        left &= left - 1
                        row = i + lane
                        turn = True
                        if unsure & bit != 0:
                            entry, stop = number_at(starts, row), number_at(starts, row + 1)
                            own = number_at(field, row)
                            own = sum_of_row(own, zero, entry, stop, values, others, states, origin)
                            put_number(scratch, spare, own)
                            force_0 = -spread_number(scratch, spare)
{value_of_row}
                            turn = differing(value, x) & bit != 0
                        if turn:
                            was = number_at(states, origin + row)
                            put_number(states, origin + row, -was)
                            if matrix.size > 0:
                                base = row * size
                                if was < zero:
                                    for j in range(0, size, LINE):
                                        add_line(kept, at + j, matrix, base + j)
                                else:
                                    for j in range(0, size, LINE):
                                        subtract_line(kept, at + j, matrix, base + j)
                            else:
                                for entry in range(number_at(starts, row), number_at(starts, row + 1)):
                                    j = at + number_at(others, entry)
                                    if was < zero:
                                        put_number(kept, j, number_at(kept, j) + number_at(doubled, entry))
                                    else:
                                        put_number(kept, j, number_at(kept, j) - number_at(doubled, entry))
                            if inner[i // LINE]:
                                # units after it that are coupled with it are decided again
                                mask = ((1 << min(LINE, free - i)) - 1) & ~((bit << 1) - 1)
                                left = 0
'''
