"""Which terms over several units of a computer a kernel is written for, and how each of them acts.

Couplings by the product of two states, where they are the computer's main term, have products of their own
(`thermozoo.dynamics.engines.products`); every other term is here.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import sympy

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import BilinearCouplings, Couplings
from thermozoo.computer.term import Term
from thermozoo.computer.terms.circulating import CirculatingForce, circulating_force
from thermozoo.computer.terms.projections import ProjectionTerm
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.engines.projection_forces import ProjectionForce
from thermozoo.errors import EngineError, ShapeError
from thermozoo.interfaces import Plugin
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.coupling_plan import ProductPlan, TuplePlan, product_plan, tuple_plan
from thermozoo.symbolic.formula import Bound
from thermozoo.symbolic.interaction import InteractionFormulas, interaction_formulas
from thermozoo.symbolic.projection_plan import projection_plan
from thermozoo.symbolic.separable import separate

__all__ = ["Force", "TermForce", "force_of", "no_number", "term_forces", "without_kernel", "without_kernels"]


@attrs.frozen(eq=False)
class TermForce:
    """How one coupling term acts.

    Parameters
    ----------
    name : str
        Name of the term in the computer's energy.
    couplings : Couplings
        The term.
    formulas : InteractionFormulas
        The energy of a tuple.
    products : ProductPlan or None
        Where J is made of dense blocks and the energy separates: products with J.
    tuples : tuple of TuplePlan
        Else: how a tuple acts on each of its units, all alike where they may be exchanged.
    """

    name: str
    couplings: Couplings
    formulas: InteractionFormulas
    products: ProductPlan | None
    tuples: tuple[TuplePlan, ...]

    @property
    def plugin(self) -> str:
        """Name of the interaction."""
        return "bilinear" if self.couplings.interaction is None else self.couplings.interaction.name

    @property
    def energy(self) -> str:
        """The energy, in words."""
        return f"energy of a tuple = {self.formulas.energy}"

    @property
    def plans(self) -> tuple[ProductPlan | TuplePlan, ...]:
        """What has constants."""
        return self.tuples if self.products is None else (self.products,)

    @property
    def numbers(self) -> Iterator[float]:
        """The constants as numbers, in the order of their names.

        Raises
        ------
        ShapeError
            When a parameter of the interaction is no number.
        """
        interaction = self.couplings.interaction
        own = {} if interaction is None else values_of(interaction)
        reason = None if interaction is None else no_number(interaction)
        if reason is not None:
            raise ShapeError(reason)
        bound: Bound = self.formulas.bind(own)
        for plan in self.plans:
            for expression in plan.constants:
                yield float(bound.function("constant", [], expression)()[0])

    @property
    def multiplications(self) -> tuple[int, int]:
        """Multiply-adds, about, of dense products and of tuples, in one evaluation of the force on all units."""
        if self.products is not None:
            return 2 * self.couplings.size * len(self.products.factors), 0
        return 0, self.couplings.size * self.couplings.edges.shape[1]


Force = TermForce | ProjectionForce


def no_number(plugin: Plugin) -> str | None:
    """Return which parameter of a plugin is no number, as kernels need it, and what to do; None where each is."""
    for name, value in values_of(plugin).items():
        if np.ndim(value):
            return (
                f"{name} of the {plugin.kind} {plugin.name!r} must be a number in the compiled engine, got an array of "
                f"shape {np.shape(value)}: take engine = 'reference'"
            )
    return None


def without_kernel(computer: Computer) -> str | None:
    """Return None where kernels can be written for every term of the energy, else which not and what to do."""
    for name, term in computer.terms.items():
        if not isinstance(term, (Couplings, ProjectionTerm, CirculatingForce)):
            kind = type(term).__name__
            return f"no kernel is written for the term {name!r} of the energy ({kind}); use engine = 'reference'"
    force = circulating_force(computer)
    # their numbers are added to those of the couplings
    if force is not None and (
        not isinstance(computer.couplings, BilinearCouplings) or force.pairs.identity() != computer.couplings.identity()
    ):
        return (
            "no kernel is written for asymmetric couplings of other pairs than those that are coupled; use engine = "
            "'reference'"
        )
    return None


def without_kernels(dynamics: Dynamics) -> str | None:
    """Return None where the compiled engine can advance a law of motion, else what it cannot and what to do."""
    computer = dynamics.at(0).one_computer
    held = (computer.couplings, *computer.terms.values())
    plugins = (getattr(one, "interaction", None) or getattr(one, "projection", None) for one in held)
    reasons = map(no_number, (dynamics.integrator, *(one for one in plugins if one is not None)))
    return without_kernel(computer) or next((reason for reason in reasons if reason is not None), None)


def term_forces(computer: Computer) -> tuple[Force, ...]:
    """Return how every term acts, in the order of the energy, without main couplings that are bilinear.

    Nor is the antisymmetric part of these among them.

    Raises
    ------
    EngineError
        When a term is of a kind that no kernel is written for.
    """
    reason = without_kernel(computer)
    if reason is not None:
        raise EngineError(reason)
    every: dict[str, Term] = {"coupling": computer.couplings, **computer.terms}
    if isinstance(computer.couplings, BilinearCouplings):
        del every["coupling"]
    every = {name: term for name, term in every.items() if not isinstance(term, CirculatingForce)}
    acting = {name: term for name, term in every.items() if not isinstance(term, Couplings) or term.size}
    return tuple(force_of(name, term, f"t{t}_") for t, (name, term) in enumerate(acting.items()))


def force_of(name: str, term: Term, prefix: str) -> Force:
    """Return how one term acts; the names of its constants begin with a prefix, those of projections with ``c``."""
    if isinstance(term, ProjectionTerm):
        return ProjectionForce(name, term, projection_plan(term.formulas))
    assert isinstance(term, Couplings)
    formulas = _bilinear() if term.interaction is None else interaction_formulas(term.interaction)
    if formulas.products is not None and term.blocks is not None:
        return TermForce(name, term, formulas, product_plan(formulas, prefix), ())
    places = (0,) if formulas.symmetric else range(len(formulas.states))
    tuples = tuple(tuple_plan(formulas, place, f"{prefix}{place}_") for place in places)
    return TermForce(name, term, formulas, None, tuples)


def _bilinear() -> InteractionFormulas:
    """Return what is derived from the product of two states."""
    x, y = sympy.symbols("x y", real=True)
    one, zero = sympy.Integer(1), sympy.Integer(0)
    curvatures = ((zero, one), (one, zero))
    return InteractionFormulas({}, (x, y), x * y, (y, x), curvatures, True, separate(x * y, x, y))
