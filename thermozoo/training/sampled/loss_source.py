"""The source of the kernels of compiled training, written from the formulas of an objective and of potentials."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

import attrs
import sympy

from thermozoo.dynamics.engines.printing import KernelPrinter, statements
from thermozoo.symbolic.derive import LossGradients, PotentialFormulas
from thermozoo.symbolic.kernel_plan import Constants, gradient_plan
from thermozoo.training.sampled.learner import HELD
from thermozoo.training.sampled.loss_template import GRADIENT, HEAD, ONLINE

__all__ = ["LossSource", "write_loss_kernel"]

_AT = sympy.Symbol("at_state", real=True)
_NAMES = ("x_next", "x_here", "g_here", "g_next")


@attrs.frozen
class LossSource:
    """A generated module and what it has to be given.

    Parameters
    ----------
    text : str
        Python source of the module.
    coefficients : tuple of dict
        For each potential: constants of each unit, by the expression of its parameters.
    constants : dict
        Constants of the loss, by the expression of its symbols.
    """

    text: str
    coefficients: tuple[dict[sympy.Expr, sympy.Symbol], ...]
    constants: dict[sympy.Expr, sympy.Symbol]


def _indent(lines: Sequence[str], depth: int) -> str:
    return textwrap.indent("\n".join(lines), " " * 4 * depth)


class _Writer:
    """Writes the parts of the templates."""

    def __init__(self, derived: LossGradients, potentials: Sequence[tuple[str, PotentialFormulas]]) -> None:
        f = derived.formula
        named = dict(
            zip(
                (f.x_next, f.x, f.gradient, f.gradient_next),
                (sympy.Symbol(name, real=True) for name in _NAMES),
                strict=True,
            )
        )
        known = Constants("k", frozenset(named.values()))
        self.loss, self.by_next, self.by_here = (
            known.take_out(one.xreplace(named)) for one in (f.loss, derived.by_gradient_next, derived.by_gradient)
        )
        self.constants = known.expressions
        self.uses_here = f.loss.has(f.gradient)
        self.backward = derived.by_gradient != 0
        self.gradients = [gradient_plan(formulas, _AT) for _, formulas in potentials]

    def _constants(self) -> list[str]:
        return [f"{name} = spread_number(constants, {j})" for j, name in enumerate(map(str, self.constants.values()))]

    def _kinds(self, body: Sequence[Sequence[str]], depth: int) -> str:
        lines = []
        for kind, one in enumerate(body):
            lines += [f"{'if' if kind == 0 else 'elif'} kind == {kind}:", _indent(one, 1)]
        return _indent(lines or ["pass"], depth)

    def _coefficients(self, kind: int) -> list[str]:
        _, constants = self.gradients[kind]
        return [
            f"{constant} = load_line(coefficients, {j} * slots + line * LINE)"
            for j, constant in enumerate(constants.values())
        ]

    def _slope(self, kind: int, target: str, state: str, prefix: str) -> list[str]:
        expression, _ = self.gradients[kind]
        return statements(target, expression.xreplace({_AT: sympy.Symbol(state, real=True)}), prefix)

    def _answers(self) -> list[str]:
        """Return statements of the loss and of r, both weighted, zero where nothing counts."""
        return [
            *statements("value", self.loss, "l"),
            *statements("by_next", self.by_next, "r"),
            "value = choose(counted > 0.0, counted * value, 0.0)",
            "response = choose(counted > 0.0, counted * by_next, 0.0)",
        ]

    def gradient(self) -> str:
        """Return the kernel of the loss of a stretch, and of its gradient."""
        bodies = []
        for kind in range(len(self.gradients)):
            step = [
                "at = base + m * LINE",
                "before = at - lag * LINE",
                "x_next, x_here = load_line(x, at), load_line(x, before)",
                *self._slope(kind, "slope", "x_next", "g"),
                "g_next = slope + load_line(fields, at) + added",
            ]
            if self.uses_here:
                step += [*self._slope(kind, "slope_here", "x_here", "h")]
                step += ["g_here = slope_here + load_line(fields, before) + added"]
            step += [*self._answers(), "put_line(y, at, response)"]
            if self.backward:
                step += statements("by_here", self.by_here, "q")
                step += ["more = choose(counted > 0.0, counted * by_here, 0.0)"]
                step += ["put_line(y, before, load_line(y, before) + more)"]
            step += [
                "put_line(scratch, spare, value)",
                "add_to_double(losses, line * LINE, scratch, spare)",
            ]
            bodies.append([*self._coefficients(kind), "for m in range(lag, rows):", _indent(step, 1)])
        return GRADIENT.format(constants=_indent(self._constants(), 1), kinds=self._kinds(bodies, 2))

    def online(self) -> str:
        """Return the kernel that does an update a step."""
        forces, answers = [], []
        for kind in range(len(self.gradients)):
            step = [
                "place = at + m * LINE",
                "x_next = load_line(x, line * panel + (row + m) * LINE)",
                *self._slope(kind, "slope", "x_next", "g"),
                "put_line(fields, place, slope + load_line(fields, place) + added)",
            ]
            forces.append([*self._coefficients(kind), "for m in range(HELD):", _indent(step, 1)])
        answers = [
            *self._answers(),
            "put_line(y, first + k * LINE, response)",
            "put_line(held, 0, value)",
            "add_to_double(losses, line * LINE, held, 0)",
        ]
        return ONLINE.format(
            constants=_indent(self._constants(), 1),
            answers=_indent(answers, 4),
            forces=self._kinds(forces, 3),
        )


def write_loss_kernel(
    derived: LossGradients,
    title: str,
    potentials: Sequence[tuple[str, PotentialFormulas]],
    *,
    single: bool,
    online: bool,
) -> LossSource:
    """Write the kernel of an objective for units with one or more potentials.

    Parameters
    ----------
    derived : LossGradients
        The loss and its derivatives.
    title : str
        Name of the objective.
    potentials : sequence of (str, PotentialFormulas)
        Names and formulas of the different potentials of free units.
    single : bool
        Single or double precision.
    online : bool
        One update a step; else the gradient of a stretch of steps.
    """
    from thermozoo.dynamics.engines.lines import FUNCTIONS

    writer = _Writer(derived, potentials)
    body = writer.online() if online else writer.gradient()
    names = {name: KernelPrinter.names.get(name, name) for name in FUNCTIONS}
    formulas = [f"loss of a unit: {derived.formula.loss}"]
    formulas += [f"potential {k}, {name}: dU/dx = {f.gradient}" for k, (name, f) in enumerate(potentials)]
    formulas += [f"k: {', '.join(f'{name} = {e}' for e, name in writer.constants.items()) or 'none'}"]
    head = HEAD.format(
        title=f"{'Updates' if online else 'Gradient'} of {title}, {'single' if single else 'double'} precision; "
        "written by thermozoo.",
        formulas="\n".join(formulas),
        functions="".join(f'{name} = FUNCTIONS["{n}"]\n' for n, name in names.items() if _uses(body, name)),
        line=16 if single else 8,
        held=HELD,
    )
    text = "\n".join(row.rstrip() for row in (head + body).split("\n"))
    return LossSource(text, tuple(constants for _, constants in writer.gradients), writer.constants)


def _uses(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None
