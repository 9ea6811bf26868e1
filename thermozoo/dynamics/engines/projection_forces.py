"""How an energy of projections acts in a kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from thermozoo.computer.terms.projections import ProjectionTerm
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.projection_plan import ProjectionPlan

__all__ = ["ProjectionForce", "kinds_of"]


@attrs.frozen(eq=False)
class ProjectionForce:
    """How one energy of projections acts.

    Parameters
    ----------
    name : str
        Name of the term in the computer's energy.
    term : ProjectionTerm
        The term.
    plan : ProjectionPlan
        What each pattern adds.
    """

    name: str
    term: ProjectionTerm
    plan: ProjectionPlan

    @property
    def plugin(self) -> str:
        """Name of the projection."""
        return self.term.projection.name

    @property
    def energy(self) -> str:
        """The energy, in words."""
        return f"energy of projections = {self.term.formulas.energy}"

    @property
    def plans(self) -> tuple[ProjectionPlan]:
        """What has constants."""
        return (self.plan,)

    @property
    def numbers(self) -> Iterator[float]:
        """The constants as numbers, in the order of their names."""
        bound = self.term.formulas.bind(values_of(self.term.projection))
        for expression in self.plan.constants:
            yield float(bound.function("constant", [], expression)()[0])

    @property
    def multiplications(self) -> tuple[int, int]:
        """Multiply-adds, about, of dense products and of tuples, in one evaluation of the force on all units."""
        return 2 * self.term.patterns.size, 0


def kinds_of(forces: Sequence[ProjectionForce]) -> tuple[list[ProjectionForce], list[int]]:
    """Return one term for each different formula, and which of them each term has."""
    kinds: list[ProjectionForce] = []
    which = []
    for force in forces:
        same = [kind for kind, other in enumerate(kinds) if other.plan == force.plan]
        which.append(same[0] if same else len(kinds))
        if not same:
            kinds.append(force)
    return kinds, which
