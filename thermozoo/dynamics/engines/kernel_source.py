"""The source of a kernel: a numba module written from formulas, for one precision and one layout.

Two layouts share one template. Batch layout: a cache line holds one unit of several trajectories; a chunk of these is
[unit][trajectory]. Unit layout: a cache line holds several units of one trajectory, a chunk by itself.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

import attrs
import sympy

from thermozoo.dynamics.engines.kernel_template import CALL, DRIVER, HEAD, PRODUCT, STAGE
from thermozoo.dynamics.engines.printing import KernelPrinter, statements
from thermozoo.dynamics.engines.term_forces import Force
from thermozoo.dynamics.engines.term_source import TermSource
from thermozoo.symbolic.derive import PotentialFormulas
from thermozoo.symbolic.kernel_plan import Stage, gradient_plan, stages_of
from thermozoo.symbolic.trace import StepFormula

__all__ = ["KernelSource", "write_kernel"]

#: The state at which the force of a unit is evaluated, in the text of a kernel.
_AT = sympy.Symbol("at", real=True)


@attrs.frozen
class KernelSource:
    """A generated module and what it has to be given.

    Parameters
    ----------
    text : str
        Python source of the module.
    coefficients : tuple of dict
        For each potential: constants of each unit, by the expression of its parameters.
    constants : dict
        Constants of the step, by the expression of its symbols.
    by_unit : dict
        Those that each unit has of its own, because its bath is; they lie behind the coefficients.
    points, kept, draws : int
        How many arrays the kernel needs for points, for forces that later stages use, and for noises.
    spans : bool
        Whether the noise of a few blocks is held at a time, instead of that of all units.
    products : int
        How many arrays the kernel needs for functions of states and their products with couplings.
    tuples : bool
        Whether units read the states of others while they are updated, tuple by tuple.
    """

    text: str
    coefficients: tuple[dict[sympy.Expr, sympy.Symbol], ...]
    constants: dict[sympy.Expr, sympy.Symbol]
    by_unit: dict[sympy.Expr, sympy.Symbol]
    points: int
    kept: int
    draws: int
    spans: bool
    products: int
    tuples: bool


def _indent(lines: Sequence[str] | str, depth: int) -> str:
    text = lines if isinstance(lines, str) else "\n".join(lines)
    return textwrap.indent(text, " " * 4 * depth)


class _Writer:
    """Writes the parts of the template for one layout."""

    def __init__(
        self,
        step: StepFormula,
        potentials: Sequence[tuple[str, PotentialFormulas]],
        forces: Sequence[Force],
        unit_layout: bool,
        baths: bool,
    ) -> None:
        self.potentials, self.unit_layout = potentials, unit_layout
        self.terms = TermSource(tuple(forces), unit_layout)
        self.stages, constants = stages_of(step)
        self.by_unit = {one: name for one, name in constants.items() if baths and one.has(step.kT)}
        self.constants = {one: name for one, name in constants.items() if one not in self.by_unit}
        self.variables, self.carries = [f"variable_{name}" for name in step.variables], step.carries
        self.gradients = [gradient_plan(formulas, _AT) for _, formulas in potentials]
        #: The row of coefficients at which constants of the step begin that each unit has of its own.
        self.behind = max((len(used) for _, used in self.gradients), default=0)
        self.points = sorted({s.to for s in self.stages if s.to.startswith("point")})
        kept = {name for s in self.stages for name in s.reads if name.startswith("force_")}
        self.kept = sorted(kept | ({"force_0"} if self.carries else set()))
        # with one stage, no number is needed again, and the noise of a few blocks stays in the cache
        self.spans = len(self.stages) == 1
        #: Lines of noise that a trajectory by itself has room for, with one more to read beyond the last.
        self.lines_ahead = 16 if self.spans else 6

    def _place(self, name: str) -> str:
        """Return array and index of a state, variable, point, kept force or noise at index i of the chunk."""
        if name in ("x", "after"):
            return "state, origin + i" if name == "x" else "after, to + i"
        kind, _, number = name.partition("_")
        if kind == "variable":
            return f"variables, variable_at{_times(self.variables.index(name), 'apart')} + i"
        if kind == "point":
            return f"point, place{_times(self.points.index(name), 'far')} + i"
        if kind == "force":
            return f"kept, place{_times(self.kept.index(name), 'far')} + i"
        shift = " - here" if self.spans else ""
        return f"normal, normal_at{_times(int(number), 'far')}{shift} + i"

    def _load(self, name: str, target: str) -> str:
        return f"{target} = load_line({self._place(name)})"

    def _store(self, name: str, value: str) -> str:
        if self.unit_layout:
            return f"put_line_between({self._place(name)}, {value}, begin - unit, end - unit)"
        return f"put_line({self._place(name)}, {value})"

    def _kind(self, stage: Stage, kind: int) -> list[str]:
        """Return the loop over the units of one potential, and over chunks whose noise was drawn at once."""
        gradient, constants = self.gradients[kind]
        read = "load_line" if self.unit_layout else "spread_number"
        body = ["i = unit" if self.unit_layout else "i = g * size + unit * LINE"]
        if stage.force >= 0:
            body += self._force(stage, gradient, list(constants.values()), read)
        body += [self._load(name, name) for name in stage.reads]
        body += [
            f"{name} = {read}(coefficients, unit{_times(j, 'units')})"
            for j, name in enumerate(map(str, self.by_unit.values()), start=self.behind)
            if _in(stage, name)
        ]
        written = {to: "value" if to == stage.to else f"value_{k}" for k, to in enumerate(stage.values)}
        for to, name in written.items():
            body += statements(name, stage.values[to], "s" if to == stage.to else f"{name}_")
        body += [self._store(to, name) for to, name in written.items()]
        if self.carries and stage.force == self.stages[-1].force:
            body.append(self._store("force_0", f"force_{stage.force}"))
        if self.unit_layout:
            loop = ["for unit in range(begin // LINE * LINE, end, LINE):"]
        else:
            # chunks that were drawn at once, unit by unit: one loop, which is long, whether units are few or many
            loop = ["unit, g = begin, 0", "while unit < end:"]
            body += ["g += 1", "if g == chunks:", "    unit, g = unit + 1, 0"]
        return [f"{'if' if kind == 0 else 'elif'} kind == {kind}:", _indent([*loop, _indent(body, 1)], 1)]

    def _force(self, stage: Stage, gradient: sympy.Expr, constants: list[sympy.Symbol], read: str) -> list[str]:
        """Return the statements of a stage's force; where the last step's is the same, it is only read."""
        name = f"force_{stage.force}"
        body = [self._load(stage.at, "at")]
        body += [f"{constant} = {read}(coefficients, unit{_times(j, 'units')})" for j, constant in enumerate(constants)]
        body += statements("slope", gradient, "g")
        body += [
            "if coupled:",
            "    slope = slope + load_line(force, force_here + i)",
            "else:",
            f"    other = {read}(bias, unit)",
            "    if driven:",
            "        other = other - intensity * load_line(signal, signal_at + i)",
            "    slope = slope + other",
            *self.terms.slopes(),
            f"{name} = -slope",
        ]
        if self.carries and stage.force == 0:
            return [
                "if carried:",
                f"    {self._load(name, name)}",
                "else:",
                _indent([*body, self._store(name, name)], 1),
            ]
        if name in self.kept:
            body.append(self._store(name, name))
        return body

    def stage(self, index: int) -> str:
        """Return the function of one stage."""
        stage = self.stages[index]
        draws = []
        for j in stage.draws:
            at = f"normal_at{_times(j, 'far')}" + ("" if self.spans else " + here")
            of = f"noise.numbers, first_number, step, noise.stream{_times(j, '65536')}, noise.keys)"
            if not self.unit_layout:
                draws.append(f"normal_numbers_batch(normal, {at}, size, chunks, span, high - low, {of}")
                continue
            draws += [
                "if since < 0:",
                f"    normal_numbers_unit(normal, {at}, span, stop - span, {of}",
                "elif since == 0:",
                f"    normal_numbers_ahead(normal, {at}, {self.lines_ahead}, shift, {of}",
            ]
        if self.unit_layout:
            draws += ["if since > 0:", "    normal_at += since << shift"]
        force = []
        if stage.force >= 0:
            at = "state, origin" if stage.at == "x" else self._place(stage.at).removesuffix(" + i")
            force = ["force_here = force_at"]
            evaluated = []
            external = "external_forces(force, force_here, bias, low, high, signal, signal_at, intensity, chunks, size)"
            if self.terms.tuples:
                # of dense couplings, external forces and products are there already
                evaluated += ["if couplings.packed.size == 0:", "    force_here = force_at - here", f"    {external}"]
            evaluated += [
                "if sparse:",
                *(() if self.terms.tuples else ("    force_here = force_at - here", f"    {external}")),
                "    starts, columns, values = couplings.starts, couplings.columns, couplings.values",
                f"    sparse_product(force, force_here, {at}, low, high, starts, columns, values, chunks, size)",
                *self.terms.forces_of_tuples(at),
            ]
            carried = self.carries and stage.force == 0
            force += ["if not carried:", _indent(evaluated, 1)] if carried else evaluated
        constants = [
            f"{name} = spread_number(constants, {j})"
            for j, name in enumerate(map(str, self.constants.values()))
            if _in(stage, name)
        ]
        if stage.force >= 0 and self.terms.arrays:
            constants += [f"wide = products.size // {self.terms.arrays}", *self.terms.constants()]
        constants += [f"apart = variables.size // {len(self.variables)}"] if len(self.variables) > 1 else []
        kinds = [line for kind in range(len(self.potentials)) for line in self._kind(stage, kind)]
        return STAGE.format(
            index=index,
            doc=_document(stage),
            coupled="True" if self.terms.tuples else "sparse or couplings.packed.size > 0",
            constants=_indent(constants, 1),
            draws=_indent(draws, 2),
            force=_indent(force, 2),
            kinds=_indent(kinds, 3),
            more=self._more("variable_at"),
        )

    def _more(self, at: str) -> str:
        """Return what stages are given beside: auxiliary variables, from `at` on, and whether a force is carried."""
        return (f", variables, {at}" if self.variables else "") + (", carried" if self.carries else "")

    def driver(self) -> str:
        """Return the function that does all steps."""
        normal_at = "member * of_member" if self.spans else "place"
        stages = []
        if self.carries:  # a signal may change from one step to the next, and the force with it
            stages.append("\n            carried = k > 0 and not driven")
        for index, stage in enumerate(self.stages):
            stages.append(f"\n            # {_document(stage)}")
            if stage.force >= 0:
                at = "state, origin"
                if stage.at != "x":
                    at = f"point, base{_times(self.points.index(stage.at), 'slots * group * size')}"
                carried = self.carries and stage.force == 0
                product = PRODUCT.format(at=at, dense="dense and not carried" if carried else "dense")
                products = self.terms.products(at)
                if carried and products:
                    products = f"\n            if not carried:{_indent(products, 1)}"
                stages += [product, products]
            stages.append(CALL.format(index=index, normal_at=normal_at, more=self._more("(chunk + g) * size")))
        far = "members * slots * of_member" if self.spans else "slots * group * size"
        return DRIVER.format(points=len(self.points), far=far, ahead=self.lines_ahead, stages="".join(stages))


def _in(stage: Stage, name: str) -> bool:
    """Return whether a stage needs a constant."""
    return any(str(symbol) == name for value in stage.values.values() for symbol in value.free_symbols)


def _times(number: int, unit: str) -> str:
    """Return the text that adds a multiple of something to an index."""
    if number == 0:
        return ""
    return f" + {unit}" if number == 1 else f" + {number} * {unit}"


def _document(stage: Stage) -> str:
    """Return what a stage does, in words."""
    parts = [f"force_{stage.force} at {stage.at}"] if stage.force >= 0 else []
    parts += [f"noise_{j}" for j in stage.draws]
    if stage.value is not None:
        parts.append("the state after the step" if stage.to == "after" else f"{stage.to}")
    return f"Evaluate {', '.join(parts)}."


def _uses(line: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", line) is not None


def write_kernel(
    step: StepFormula,
    title: str,
    potentials: Sequence[tuple[str, PotentialFormulas]],
    forces: Sequence[Force] = (),
    *,
    single: bool,
    unit_layout: bool,
    baths: bool = False,
) -> KernelSource:
    """Write the kernel of a step for units with one or more potentials.

    Parameters
    ----------
    step : StepFormula
        The integrator.
    title : str
        Its name.
    potentials : sequence of (str, PotentialFormulas)
        Names and formulas of the different on-site potentials.
    forces : sequence of TermForce or ProjectionForce
        Terms besides main couplings that are products of two states.
    single : bool
        Single or double precision.
    unit_layout : bool
        Units side by side, or trajectories.
    baths : bool
        Whether each unit has a temperature of its own.
    """
    from thermozoo.dynamics.engines.lines import FUNCTIONS

    line = 16 if single else 8
    writer = _Writer(step, potentials, forces, unit_layout, baths)
    body = writer.terms.functions() + "".join(writer.stage(index) for index in range(len(writer.stages)))
    written = {name: KernelPrinter.names.get(name, name) for name in FUNCTIONS}
    formulas = [f"step: x' = {step.result}", *(f"  {name}' = {after}" for name, after in step.after.items())]
    formulas += [f"  force_{j} at {stage}" for j, stage in enumerate(step.stages)]
    formulas += [f"potential {k}, {name}: dU/dx = {f.gradient}" for k, (name, f) in enumerate(potentials)]
    formulas += [f"term {one.name}, {one.plugin}: {one.energy}" for one in forces]
    formulas += [f"k of the step: {_listed(writer.constants)}"]
    formulas += [f"k of the step, of each unit: {_listed(writer.by_unit)}"] if writer.by_unit else []
    formulas += [f"c of potential {k}: {_listed(used)}" for k, (_, used) in enumerate(writer.gradients)]
    head = HEAD.format(
        title=f"Time steps of {title}, {'single' if single else 'double'} precision; written by thermozoo.",
        formulas="\n".join(formulas),
        layout="unit" if unit_layout else "batch",
        functions="".join(f'{name} = FUNCTIONS["{n}"]\n' for n, name in written.items() if _uses(body, name)),
        line=line,
        width=1 if unit_layout else line,
        span=16 if unit_layout else 1,
    )
    text = "\n".join(row.rstrip() for row in (head + body + writer.driver()).split("\n"))
    return KernelSource(
        text=text,
        coefficients=tuple(constants for _, constants in writer.gradients),
        constants=writer.constants,
        by_unit=writer.by_unit,
        points=len(writer.points),
        kept=len(writer.kept),
        draws=len(step.noises),
        spans=writer.spans,
        products=writer.terms.arrays,
        tuples=bool(writer.terms.tuples),
    )


def _listed(constants: dict[sympy.Expr, sympy.Symbol]) -> str:
    return ", ".join(f"{name} = {expression}" for expression, name in constants.items()) or "none"
