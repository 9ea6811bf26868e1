"""The text of a kernel that energies of projections, V = G(sum_k w_k f(m_k . x)), add to it.

Before a stage, the projections z = M x of a chunk are a dense product whose rows are patterns. What each pattern adds
to the slope, w_k f'(z_k) G'(S), is written beside them, and a second product, with the transpose of M, gives the slopes
of units. Threads that work on a chunk together share out patterns as they share out units; each of them adds up all
patterns for itself, so that they meet only between the products.

Sums over patterns have one order in both layouts: patterns whose numbers differ by multiples of the numbers in a line
are added up in ascending order, and then what came out. A pattern of weight zero, as those that lines of patterns are
filled up with, adds nothing, whatever its projection.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

import attrs

from thermozoo.dynamics.engines.printing import statements
from thermozoo.dynamics.engines.projection_forces import ProjectionForce, kinds_of
from thermozoo.symbolic.projection_plan import SumPlan

__all__ = ["ProjectionSource"]

_WEIGH = '''

@njit(**PART)
def weigh_patterns_{kind}(projected, held_at, first, last, term, terms):
    """Write what each pattern of a term ({plugin}) adds to slopes, from block `first` to before `last`."""
    count, begin, padded, _, constant = terms.projections[term]
    projection, factor = held_at + begin * WIDTH, held_at + (begin + padded) * WIDTH
    # behind the last pattern is always one of weight zero
    zero = spread_number(terms.weights, begin + padded - 1)
    lowest = spread_number(terms.weights, begin + 2 * padded - 1)
{body}
'''

_PROJECT = """
            room = projected.size // (slots * group)
            held_at = slot * group * room
            for p in range(terms.projections.shape[0]):
                _, begin, padded, _, _ = terms.projections[p]
                # a thread's share of the blocks of patterns
                low, high = (padded // 64 - 1) * share // members, (padded // 64 - 1) * (share + 1) // members
                there = held_at + begin * WIDTH
                for g in range(count):
                    clear_blocks(projected, there + g * room, low, high, BLOCK_SIZE)
                part = terms.table[terms.parts[{parts} + 2 * p] : terms.parts[{parts} + 2 * p + 1]]
                dense_product(projected, there, room, {at}, size, count, part, terms.packed, low, high)"""

_PULL = """
            for p in range(terms.projections.shape[0]):
                _, _, padded, kind, _ = terms.projections[p]
                low, high = (padded // 64 - 1) * share // members, (padded // 64 - 1) * (share + 1) // members
                for g in range(count):
{weigh}
            barrier(shared, members)
            for p in range(terms.projections.shape[0]):
                _, begin, padded, _, _ = terms.projections[p]
                there = held_at + (begin + padded) * WIDTH
                part = terms.table[terms.parts[{parts} + 2 * p] : terms.parts[{parts} + 2 * p + 1]]
                dense_product({to}, size, projected, there, room, count, part, terms.packed, first, last)"""

_LOADS = {
    "z": "z = load_line(projected, projection + {at})",
    "weight": "weight = {read}(terms.weights, begin + k)",
    "logarithm": "logarithm = {read}(terms.weights, begin + padded + k)",
}


@attrs.frozen
class ProjectionSource:
    """Writes what energies of projections add to a kernel.

    Parameters
    ----------
    forces : tuple of ProjectionForce
        The terms.
    unit_layout : bool
        Units and patterns side by side, or trajectories.
    parts : int
        Where, among the parts of packed numbers, those of the first of these terms are: M, then its transpose.
    """

    forces: tuple[ProjectionForce, ...]
    unit_layout: bool
    parts: int

    @property
    def kinds(self) -> list[ProjectionForce]:
        """One term for each different formula."""
        return kinds_of(self.forces)[0]

    def functions(self) -> str:
        """Return the functions that the driver calls."""
        texts = []
        for kind, force in enumerate(self.kinds):
            constants = force.plan.constants.values()
            body = [f"{name} = spread_number(terms.constants, constant + {j})" for j, name in enumerate(constants)]
            body += [*self._largest(force), *self._totals(force), *self._outer(force), *self._factors(force)]
            texts.append(_WEIGH.format(kind=kind, plugin=force.plugin, body=_indent(body, 1)))
        return "".join(texts)

    @property
    def _at(self) -> str:
        return "k" if self.unit_layout else "k * LINE"

    def _loop(self, first: str, last: str, step: str, body: Sequence[str]) -> list[str]:
        """Return a loop over patterns, or lines of patterns, that loads what its body uses."""
        where = {"at": self._at, "read": "load_line" if self.unit_layout else "spread_number"}
        text = " ".join(body)
        loads = [line.format(**where) for name, line in _LOADS.items() if re.search(rf"\b{name}\b", text)]
        return [f"for k in range({first}, {last}{step}):", _indent([*loads, *body], 1)]

    def _largest(self, force: ProjectionForce) -> list[str]:
        """Return statements that find the largest exponents."""
        begin, body, end = [], [], []
        for a, one in _exponential(force):
            begin.append(f"largest_{a} = lowest")
            body += self._exponent(a, one)
            body.append(f"largest_{a} = maximum(largest_{a}, choose(logarithm == lowest, lowest, exponent_{a}))")
            if self.unit_layout:
                end.append(f"largest_{a} = largest_of_line(largest_{a})")
        if not begin:
            return []
        return [*begin, *self._loop("0", "count", ", LINE" if self.unit_layout else "", body), *end]

    def _exponent(self, a: int, one: SumPlan) -> list[str]:
        value = statements(f"value_{a}", one.value, f"v{a}_")
        return [*value, f"exponent_{a} = value_{a} + logarithm"]

    def _totals(self, force: ProjectionForce) -> list[str]:
        """Return statements that add up over patterns, in one order in both layouts."""
        sums, body = [], []
        for a, one in enumerate(force.plan.sums):
            if one.exponential:
                share = f"choose(logarithm == lowest, zero, exp(exponent_{a} - largest_{a}))"
                body += [*self._exponent(a, one), f"part_{a} = part_{a} + {share}"]
            elif force.plan.holds(one):
                body += statements(f"value_{a}", one.value, f"v{a}_")
                body.append(f"part_{a} = part_{a} + choose(weight == 0.0, zero, weight * value_{a})")
            else:
                continue
            sums.append(a)
        parts = [f"part_{a} = zero" for a in sums]
        if not sums:
            return []
        if self.unit_layout:
            whole = [f"total_{a} = sum_of_line(part_{a})" for a in sums]
            return [*parts, *self._loop("0", "count", ", LINE", body), *whole]
        whole = [f"total_{a} = total_{a} + part_{a}" for a in sums]
        inner = [*parts, *self._loop("j", "count", ", LINE", body), *whole]
        return [*(f"total_{a} = zero" for a in sums), "for j in range(LINE):", _indent(inner, 1)]

    def _outer(self, force: ProjectionForce) -> list[str]:
        """Return statements that work out the derivatives by what is held of each sum."""
        lines = []
        for a, one in enumerate(force.plan.sums):
            if force.plan.holds(one):
                lines.append(f"{one.held} = " + (f"largest_{a} + log(total_{a})" if one.exponential else f"total_{a}"))
        for a, one in enumerate(force.plan.sums):
            lines += statements(f"outer_{a}", one.outer, f"o{a}_")
        return lines

    def _factors(self, force: ProjectionForce) -> list[str]:
        """Return statements that write what each pattern adds."""
        body, added = [], []
        for a, one in enumerate(force.plan.sums):
            if one.exponential:
                body += [*self._exponent(a, one), f"share_{a} = exp(exponent_{a} - largest_{a}) / total_{a}"]
            body += statements(f"slope_{a}", one.slope, f"d{a}_")
            name, absent = (f"share_{a}", "logarithm == lowest") if one.exponential else ("weight", "weight == 0.0")
            body.append(f"added_{a} = choose({absent}, zero, {name} * slope_{a})")
            added.append(f"outer_{a} * added_{a}")
        body.append(f"put_line(projected, factor + {self._at}, {' + '.join(added)})")
        return self._loop("first * 64", "min(last * 64, count)", ", LINE" if self.unit_layout else "", body)

    def project(self, at: str) -> str:
        """Return what the driver does before threads meet: the projections of states at some place."""
        return _PROJECT.format(at=at, parts=self.parts) if self.forces else ""

    def pull(self, to: str) -> str:
        """Return what the driver does after that: slopes of units, added to those at some place."""
        if not self.forces:
            return ""
        weigh = []
        for kind in range(len(self.kinds)):
            weigh += [
                f"{'if' if kind == 0 else 'elif'} kind == {kind}:",
                f"    weigh_patterns_{kind}(projected, held_at + g * room, low, high, p, terms)",
            ]
        return _PULL.format(to=to, parts=self.parts + 1, weigh=_indent(weigh, 5))


def _exponential(force: ProjectionForce) -> list[tuple[int, SumPlan]]:
    return [(a, one) for a, one in enumerate(force.plan.sums) if one.exponential]


def _indent(lines: Sequence[str], depth: int) -> str:
    return textwrap.indent("\n".join(lines), " " * 4 * depth)
