"""The text of a kernel that coupling terms other than products of two states add to it.

Where a term's energy separates, sum_k f_k(x) g_k(y), and J is made of dense blocks, every g_k(x) of a chunk is written
into an array, multiplied by J, and each unit adds f'_k(x_i) times the product's number to its slope. All other terms
go tuple by tuple: a unit adds J_e d phi / d x_i of its tuples to its force, in the order in which they are packed
(`thermozoo.dynamics.engines.term_packing`). Lines are those of the two layouts, as everywhere in a kernel.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Sequence

import attrs

from thermozoo.dynamics.engines.printing import statements
from thermozoo.dynamics.engines.projection_forces import ProjectionForce
from thermozoo.dynamics.engines.projection_source import ProjectionSource
from thermozoo.dynamics.engines.term_forces import Force, TermForce
from thermozoo.symbolic.coupling_plan import AT, OTHERS, TuplePlan, factor_symbol, product_symbol

__all__ = ["TermSource"]

#: The array of the slopes by projections.
_PULL = (-1, "slope", 0)

_JIT = "@njit(**PART)\n"

_FACTORS = '''

{jit}def write_factors(products, base, state, origin, begin, end, constants, count, size):
    """Write functions of the states of some chunks, and zeros where their products with J will be added up."""
    wide = products.size // {arrays}
{constants}
    for g in range(count):
        place = base + g * size
        for i in range(begin * WIDTH, end * WIDTH, LINE):
            at = load_line(state, origin + g * size + i)
{body}
'''

_TUPLES = '''

{jit}def add_tuples_{index}(force, to, state, origin, begin, end, terms, count, size):
    """Add J d phi / d x_{place} of term {name} ({plugin}) to forces from `to` on."""
    starts, heads, values = terms.starts, terms.heads, terms.values
    start, head, value, _ = terms.places[{index}]
{constants}
    for unit in range(begin, end):
        low, high = number_at(starts, start + unit), number_at(starts, start + unit + 1)
        for g in range(count):
            here, there = origin + g * size, to + g * size + unit * LINE
            at = load_line(state, here + unit * LINE)
            total = load_line(force, there)
            for entry in range(low, high):
{others}
{slope}
                strength = spread_number(values, value + entry)
                total = choose(strength == 0.0, total, fused(strength, slope, total))
            put_line(force, there, total)
'''

_SLICED_TUPLES = '''

{jit}def add_tuples_{index}(force, to, state, here, begin, end, terms, count, size):
    """Add J d phi / d x_{place} of term {name} ({plugin}) to forces from `to` on."""
    starts, heads, values, columns = terms.starts, terms.heads, terms.values, terms.columns
    start, head, value, column = terms.places[{index}]
{constants}
    for unit in range(begin, end, LINE):
        at = load_line(state, here + unit)
        total = load_line(force, to + unit)
        for entry in range(number_at(starts, start + unit // LINE), number_at(starts, start + unit // LINE + 1)):
{others}
{slope}
            strength = load_line(values, value + entry * LINE)
            total = choose(strength == 0.0, total, fused(strength, slope, total))
        put_line(force, to + unit, total)
'''

_PRODUCTS = """
            wide = products.size // {arrays}{project}
            write_factors(products, base, {at}, first_unit, last_unit, terms.constants, count, size)
            barrier(shared, members){products}"""


@attrs.frozen
class TermSource:
    """Writes what coupling terms add to a kernel.

    Parameters
    ----------
    forces : tuple of TermForce or ProjectionForce
        The terms.
    unit_layout : bool
        Units side by side, or trajectories.
    """

    forces: tuple[Force, ...]
    unit_layout: bool

    @property
    def _coupled(self) -> list[TermForce]:
        return [force for force in self.forces if isinstance(force, TermForce)]

    @property
    def projections(self) -> ProjectionSource:
        """What writes energies of projections."""
        forces = tuple(force for force in self.forces if isinstance(force, ProjectionForce))
        return ProjectionSource(forces, self.unit_layout, len(self.separated))

    @property
    def separated(self) -> list[TermForce]:
        """Terms that are products with J."""
        return [force for force in self._coupled if force.products is not None]

    @property
    def tuples(self) -> list[tuple[TermForce, TuplePlan]]:
        """What goes tuple by tuple: each term, with each place of a tuple that has a derivative of its own."""
        return [(force, plan) for force in self._coupled for plan in force.tuples]

    @functools.cached_property
    def _numbers(self) -> dict[str, int]:
        """The place of every constant, by name; energies of projections know the places of theirs."""
        places, count = {}, 0
        for force in self.forces:
            names = [str(name) for plan in force.plans for name in plan.constants.values()]
            if isinstance(force, TermForce):
                places.update({name: count + j for j, name in enumerate(names)})
            count += len(names)
        return places

    @functools.cached_property
    def _arrays(self) -> dict[tuple[int, str, int], int]:
        """The place, among arrays as long as a chunk, of each function of states and of each product."""
        names = []
        for t, force in enumerate(self.separated):
            assert force.products is not None
            names += [(t, "factor", k) for k in force.products.written]
            names += [(t, "product", k) for k in range(len(force.products.factors))]
        if self.projections.forces:
            names.append(_PULL)
        return {name: place for place, name in enumerate(names)}

    @property
    def arrays(self) -> int:
        """How many arrays as long as a chunk the products need; the slopes by projections are added up in one."""
        return len(self._arrays)

    def _at(self, t: int, kind: str, k: int) -> str:
        place = self._arrays[t, kind, k]
        return "" if place == 0 else (" + wide" if place == 1 else f" + {place} * wide")

    def _constants(self, lines: Sequence[str], source: str) -> list[str]:
        """Return statements that load the constants that occur in some lines."""
        text = " ".join(lines)
        return [f"{name} = spread_number({source}, {j})" for name, j in self._numbers.items() if _occurs(name, text)]

    def functions(self) -> str:
        """Return the functions that stages and the driver call."""
        parts = [self._write_factors()] if self.arrays else []
        tuples = (self._add_tuples(i, *one) for i, one in enumerate(self.tuples))
        return "".join([*parts, self.projections.functions(), *tuples])

    def _write_factors(self) -> str:
        body = []
        for t, force in enumerate(self.separated):
            assert force.products is not None
            for k in force.products.written:
                body += statements("value", force.products.factors[k], "s")
                body.append(f"put_line(products, place{self._at(t, 'factor', k)} + i, value)")
            for k in range(len(force.products.factors)):
                body.append(f"put_line(products, place{self._at(t, 'product', k)} + i, 0.0)")
        if self.projections.forces:
            body.append(f"put_line(products, place{self._at(*_PULL)} + i, 0.0)")
        constants = self._constants(body, "constants")
        return _FACTORS.format(jit=_JIT, arrays=self.arrays, constants=_indent(constants, 1), body=_indent(body, 3))

    def _add_tuples(self, index: int, force: TermForce, plan: TuplePlan) -> str:
        count = len(force.formulas.states) - 1
        others = []
        for k in range(count):
            where = f"head + entry{'' if count == 1 else f' * {count}'}{'' if k == 0 else f' + {k}'}"
            if self.unit_layout:
                others += [
                    f"which = number_at(heads, {where})",
                    "if which >= 0:",
                    f"    {OTHERS[k]} = load_line(state, here + which)",
                    "else:",
                    f"    {OTHERS[k]} = gather_line(state, here, columns, column - (which + 1) * LINE)",
                ]
            else:
                others.append(f"{OTHERS[k]} = load_line(state, here + number_at(heads, {where}) * LINE)")
        slope = statements("slope", plan.slope, "s")
        return (_SLICED_TUPLES if self.unit_layout else _TUPLES).format(
            jit=_JIT,
            index=index,
            place=plan.place,
            name=force.name,
            plugin=force.plugin,
            constants=_indent(self._constants(slope, "terms.constants"), 1),
            others=_indent(others, 3 if self.unit_layout else 4),
            slope=_indent(slope, 3 if self.unit_layout else 4),
        )

    def products(self, at: str) -> str:
        """Return what the driver does before a stage whose forces are evaluated at some states."""
        if not self.arrays:
            return ""
        lines = []
        for t, force in enumerate(self.separated):
            assert force.products is not None
            rows = f"terms.table[terms.parts[{t}] : terms.parts[{t + 1}]]"
            for k, factor in enumerate(force.products.factors):
                states = at if factor == AT else f"products, base{self._at(t, 'factor', k)}"
                to = f"products, base{self._at(t, 'product', k)}"
                lines.append(f"dense_product({to}, size, {states}, size, count, {rows}, terms.packed, first, last)")
        products = _indent(["", *lines], 3)
        if self.projections.forces:
            products += self.projections.pull(f"products, base{self._at(*_PULL)}")
        return _PRODUCTS.format(arrays=self.arrays, at=at, project=self.projections.project(at), products=products)

    def forces_of_tuples(self, at: str) -> list[str]:
        """Return statements of a stage that add the forces of all tuples."""
        return [
            f"add_tuples_{i}(force, force_here, {at}, low, high, terms, chunks, size)" for i in range(len(self.tuples))
        ]

    def slopes(self) -> list[str]:
        """Return statements of a stage that add the products of a unit to its slope."""
        lines = []
        read = "load_line" if self.unit_layout else "spread_number"
        sums = 0
        for t, force in enumerate(self.separated):
            plan = force.products
            assert plan is not None
            for k in range(len(plan.factors)):
                lines.append(f"{product_symbol(k)} = load_line(products, place{self._at(t, 'product', k)} + i)")
                if plan.slope.has(factor_symbol(k)):
                    lines.append(f"{factor_symbol(k)} = load_line(products, place{self._at(t, 'factor', k)} + i)")
            if plan.rows:
                name = product_symbol(len(plan.factors))
                lines.append(f"{name} = {read}(terms.sums, unit{'' if sums == 0 else f' + {sums} * units'})")
                sums += 1
            lines += statements("pull", plan.slope, "p")
            lines.append("slope = slope + pull")
        if self.projections.forces:
            lines.append(f"slope = slope + load_line(products, place{self._at(*_PULL)} + i)")
        return lines

    def constants(self) -> list[str]:
        """Return statements that load the constants of `slopes`."""
        return self._constants(self.slopes(), "terms.constants")


def _occurs(name: str, text: str) -> bool:
    import re

    return re.search(rf"\b{name}\b", text) is not None


def _indent(lines: Sequence[str], depth: int) -> str:
    return textwrap.indent("\n".join(lines), " " * 4 * depth)
