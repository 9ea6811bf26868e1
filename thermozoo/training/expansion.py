r"""What the exact minimum of an objective needs of its formula: the expectation of its gradient over a noising step.

An objective whose loss is quadratic in (g, g') has r = dl/dg' = A g' + B g + D and q = dl/dg = B g' + C g + E. If A, B
and C are constants, the gradient by a parameter with d g_i = phi(x_i) is, to leading order in dt,

.. math:: (A + 2B + C) \langle g_i \phi \rangle + \langle h \rangle, \qquad h(x, x') = D \phi(x') + E \phi(x),

and Ito's formula gives the expectation of h over a step of an uncoupled unit under the force a s,

.. math:: \langle h \rangle = \langle h_0 \rangle + \mu \Delta t \langle h_1 (-U' + a s) \rangle
    + \mu k_B T \Delta t \langle h_2 \rangle,

with h_n the n-th derivative of h by x' at x' = x. A coupling's phi is the state of another unit, which moves on its
own: it may be taken at x where D vanishes at x' = x. A + 2B + C is the leading order where it is no smaller in dt than
A, B and C are. `StepExpansion.obstacle` names what an objective lacks of that.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from thermozoo.errors import TrainingError
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.derive import LossGradients

__all__ = ["StepExpansion", "expand_objective"]


@attrs.frozen
class StepExpansion:
    """A quadratic objective with numbers put in for everything but the states.

    Parameters
    ----------
    curvature : float
        A + 2 B + C [1 / energy^2].
    factors : tuple of (float, float)
        Pairs (u, v) such that the quadratic part of the loss is the curvature times the sum of (u g' + v g)^2 / 2.
    x, x_next : Symbol
        States before and after.
    linear_next, linear_here : Expr
        D and E.
    obstacle : str
        Why the leading order in dt is not enough for this objective; empty where it is.
    """

    curvature: float
    factors: tuple[tuple[float, float], ...]
    x: Any
    x_next: Any
    linear_next: Any
    linear_here: Any
    obstacle: str = ""

    def orders(self, regressor: Any) -> tuple[Any, Any, Any]:
        """Return h_0, h_1 and h_2 for the regressor phi(x), expressions of x."""
        import sympy

        phi = sympy.sympify(regressor)
        h = self.linear_next * phi.subs(self.x, self.x_next) + self.linear_here * phi
        derivatives = [h, sympy.diff(h, self.x_next), sympy.diff(h, self.x_next, 2)]
        zeroth, first, second = (d.subs(self.x_next, self.x) for d in derivatives)
        return sympy.simplify(zeroth), sympy.simplify(first), sympy.simplify(second)


def expand_objective(
    derived: LossGradients, objective: Any, *, dt: float, mobility: float, temperature: float
) -> StepExpansion:
    """Check that an objective is quadratic with constant curvature and put the numbers in.

    Parameters
    ----------
    derived : LossGradients
        What was derived from its formula.
    objective : Objective
        The plugin, with the values of its own parameters.
    dt, mobility, temperature : float
        Time step [time], mu [1 / (energy time)], kT [energy].

    Raises
    ------
    TrainingError
        Naming the property that the objective lacks.
    """
    import sympy

    name = type(objective).__name__
    f = derived.formula
    remedy = "take method = 'descent'"
    if not derived.quadratic:
        raise TrainingError(
            f"the loss of {name} is not quadratic in gradient and gradient_next, so its minimum is not the solution of "
            f"linear equations: {remedy}"
        )
    numbers = f.bind(values_of(objective), dt=dt, mobility=mobility, kT=temperature).numbers
    loss = sympy.expand(f.loss)
    g, g_next = f.gradient, f.gradient_next
    symbolic = sympy.hessian(loss, (g_next, g))
    second = symbolic.subs(numbers).applyfunc(sympy.simplify)
    if second.free_symbols:
        listed = ", ".join(sorted(map(str, second.free_symbols)))
        raise TrainingError(
            f"the curvature of the loss of {name} depends on {listed}; exact training needs a loss whose second "
            f"derivatives by gradient and gradient_next are constants: {remedy}"
        )
    matrix = np.array(second.tolist(), dtype=np.float64)
    curvature = float(matrix.sum())
    values, vectors = np.linalg.eigh(matrix)
    if not (curvature > 0 and values.min() > -1e-12 * values.max()):
        raise TrainingError(
            f"the loss of {name} has no minimum: its second derivatives by gradient_next and gradient, "
            f"{matrix.tolist()}, are not those of a convex function: {remedy}"
        )
    none = {g: 0, g_next: 0}
    linear_next = derived.by_gradient_next.subs(none).subs(numbers)
    obstacle = ""
    if sympy.simplify(linear_next.subs(f.x_next, f.x)) != 0:
        obstacle = "its derivative by gradient_next does not vanish for a step that ends where it began"
    shorter = np.array(symbolic.subs(numbers | {f.dt: dt / 1000}).tolist(), dtype=np.float64)
    if np.abs(shorter / shorter.sum()).max() > 10 * np.abs(matrix / curvature).max():
        obstacle = "its second derivatives by gradient and gradient_next cancel as the time step falls"
    return StepExpansion(
        curvature=curvature,
        factors=tuple(
            (float(vector[0] * np.sqrt(value / curvature)), float(vector[1] * np.sqrt(value / curvature)))
            for value, vector in zip(values, vectors.T, strict=True)
            if value > 1e-12 * values.max()
        ),
        x=f.x,
        x_next=f.x_next,
        linear_next=linear_next,
        linear_here=derived.by_gradient.subs(none).subs(numbers),
        obstacle=obstacle,
    )
