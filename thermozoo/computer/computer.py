"""The assembled computer: groups of units, on-site energies, couplings, biases."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, finite_array, instance, names_of, positive, told
from thermozoo.computer.couplings import Couplings, DenseCouplings
from thermozoo.computer.layout import Layout
from thermozoo.computer.onsite import OnSiteEnergy
from thermozoo.computer.settings import plugin_settings
from thermozoo.computer.states import floating
from thermozoo.computer.term import ASYMMETRY, Term
from thermozoo.computer.terms.couple import couple
from thermozoo.errors import ArgumentError, BudgetError, ParameterError, ShapeError, UnknownNameError, nearest
from thermozoo.interfaces import Connectivity, Interaction, Potential

__all__ = ["RESERVED", "Computer", "assemble"]

Array = npt.NDArray[np.floating[Any]]

#: Names that no further term of the energy may have: those of the terms that every computer has, and of what ledgers
#: hold beside them.
RESERVED = (
    *("on-site", "coupling", "bias", "signal", "kinetic", "heat", "work", "total", "temperature", "potential"),
    ASYMMETRY,
)


def _kept(terms: Mapping[str, Term]) -> Mapping[str, Term]:
    """Return a mapping that nobody else changes."""
    return MappingProxyType(dict(terms))


@attrs.frozen(eq=False, repr=False)
class Computer:
    r"""A thermodynamic computer.

    .. math:: V(x) = \sum_i U_i(x_i) + \sum_i b_i x_i + \sum_{i<j} J_{ij} x_i x_j

    with x the states, shape (..., n), U_i the on-site energy of unit i, b the biases and J the couplings, all in
    units of energy. Couplings may be by another interaction, :math:`\sum_e J_e\, \phi(x_{e_1}, \ldots, x_{e_k})`, and
    there may be further terms.

    Parameters
    ----------
    layout : Layout
        Groups of units.
    onsite : OnSiteEnergy
        The potential of each group.
    couplings : Couplings
        J, each tuple of units once.
    biases : ndarray, shape (n,)
        b [energy].
    temperature : float
        kT [energy].
    mobility : float
        mu [1 / (energy time)].
    trainable_biases : ndarray of bool, shape (n,)
        Which biases training may change.
    terms : mapping of str to Term
        Further terms of the energy between units, by name; they are switched off in `bare`. A force that has no
        energy is among them, with the energy zero; see `thermozoo.with_directed_strengths`.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, eq. 2.
    """

    layout: Layout = checked(instance, Layout)
    onsite: OnSiteEnergy = checked(instance, OnSiteEnergy)
    couplings: Couplings = checked(instance, Couplings)
    biases: Array = checked(finite_array, ("n",))
    temperature: float = checked(positive, default=1.0)
    mobility: float = checked(positive, default=1.0)
    trainable_biases: npt.NDArray[np.bool_] = attrs.field(
        default=attrs.Factory(lambda self: np.zeros(self.layout.n, dtype=bool), takes_self=True)
    )

    terms: Mapping[str, Term] = attrs.field(factory=dict, converter=_kept)

    @terms.validator
    def _check_terms(self, attribute: Any, value: Any) -> None:
        for name, term in value.items():
            instance(f"term {name!r}", term, Term)
            taken = name in RESERVED if term.conservative else name != ASYMMETRY
            if taken or name in self.layout.sizes:
                raise ParameterError(
                    f"a term of the energy cannot be called {name!r}: something else is; choose another"
                )

    @trainable_biases.validator
    def _check_trainable(self, attribute: Any, value: Any) -> None:
        if getattr(value, "dtype", None) != np.bool_:
            raise ArgumentError(
                "trainable_biases must be an array of booleans, one a unit, such as layout.mask(['hidden']), got "
                f"{told(value)}"
            )

    def __attrs_post_init__(self) -> None:
        n = self.layout.n
        for name, got in (
            ("biases", self.biases.shape),
            ("trainable_biases", self.trainable_biases.shape),
            ("couplings", (self.couplings.n,)),
            *((f"term {name!r}", (term.n,)) for name, term in self.terms.items()),
        ):
            if got != (n,):
                raise ShapeError(f"{name} must have shape ({n},), one entry a unit, got {got}")

    def __repr__(self) -> str:
        clamped = self.layout.clamped
        groups = ", ".join(f"{g} {n:,}{' clamped' if g in clamped else ''}" for g, n in self.layout.sizes.items())
        names = {g: potential.name for g, potential in self.onsite.potentials.items()}
        alike = len(set(names.values())) == 1
        potentials = next(iter(names.values())) if alike else ", ".join(f"{g} {name}" for g, name in names.items())
        by = "" if self.couplings.interaction is None else f" by {self.couplings.interaction.name}"
        further = "".join(f"; {name}: {term.summary}" for name, term in self.terms.items())
        return (
            f"Computer of {self.n:,} units ({groups}): {potentials}; {self.couplings.size:,} couplings{by}{further}; "
            f"kT = {self.temperature:g} E0, mobility {self.mobility:g}"
        )

    @property
    def n(self) -> int:
        """Number of units."""
        return self.layout.n

    @property
    def term_names(self) -> tuple[str, ...]:
        """The terms of the energy, in the order of every ledger."""
        return ("on-site", "coupling", *self.terms, "bias")

    def energy_terms(self, x: Array) -> dict[str, Array]:
        """Return the energy of states of shape (..., n) by term, in double precision, each of shape (...)."""
        return {name: self.energy_of(name, x) for name in self.term_names}

    def energy_of(self, name: str, x: Array) -> Array:
        """Return one term of the energy of states of shape (..., n), in double precision, shape (...)."""
        x = floating(x, self.n).astype(np.float64, copy=False)
        if name == "bias":
            return x @ self.biases
        if name == "on-site":
            return self.onsite.energy(x)
        return (self.couplings if name == "coupling" else self.terms[name]).energy(x)

    def energy(self, x: Array) -> Array:
        """Return V(x) of states of shape (..., n), in double precision, shape (...) [energy]."""
        terms = self.energy_terms(x)
        total = terms["on-site"] + terms["coupling"] + terms["bias"]
        for name in self.terms:
            total = total + terms[name]
        return total

    def gradient(self, x: Array) -> Array:
        """Return dV/dx of states of shape (..., n), in their precision (integers: double), same shape [energy].

        It is minus the force, that of asymmetric couplings, which no energy has, included.
        """
        x = floating(x, self.n)
        gradient: Array = self.onsite.gradient(x) + self.biases.astype(x.dtype)
        if self.couplings.size:
            gradient += self.couplings.gradient(x)
        for term in self.terms.values():
            gradient += term.gradient(x)
        return gradient

    def bare(self) -> Computer:
        """Return the computer without couplings, further terms and biases, as it is before they are switched on."""
        return attrs.evolve(self, couplings=DenseCouplings(self.n, (), np.empty(0)), biases=np.zeros(self.n), terms={})

    def clamping(self, groups: Iterable[str] | str) -> Computer:
        """Return the computer with these groups clamped, and all others free.

        Raises
        ------
        ShapeError
            When a group does not exist.
        """
        layout = Layout(self.layout.sizes, clamped=names_of("clamped", groups))
        onsite = attrs.evolve(self.onsite, layout=layout)
        return attrs.evolve(self, layout=layout, onsite=onsite)

    @property
    def parameters(self) -> Array:
        """Trainable parameters as one vector: couplings, strengths of further terms, trainable biases [energy]."""
        further = [term.vector for term in self.terms.values()]
        return np.concatenate([self.couplings.vector, *further, self.biases[self.trainable_biases]])

    def with_parameters(self, vector: npt.ArrayLike) -> Computer:
        """Return the computer with other trainable parameters; the inverse of `parameters`.

        Raises
        ------
        ArgumentError, ParameterError, ShapeError
            When they are no real numbers, not finite, or not as many as the computer has.
        """
        sizes = [self.couplings.size, *(term.size for term in self.terms.values()), int(self.trainable_biases.sum())]
        further = f", {sum(sizes[1:-1])} strengths of further terms" if self.terms else ""
        remedy = f"{sizes[0]} couplings{further} and {sizes[-1]} trainable biases"
        values = finite_array("parameters", vector, (sum(sizes),), remedy)
        couplings, *terms, trainable = np.split(values, np.cumsum(sizes)[:-1])
        biases = self.biases.copy()
        biases[self.trainable_biases] = trainable
        return attrs.evolve(
            self,
            couplings=self.couplings.with_vector(couplings),
            terms={name: term.with_vector(v) for (name, term), v in zip(self.terms.items(), terms, strict=True)},
            biases=biases,
        )

    def strengths_of(self, name: str) -> Array:
        """Return the strengths of a term of the energy: ``"coupling"``, ``"bias"`` or a further one [energy].

        Of a term over patterns, which has none, they are the entries of its patterns, row by row.

        Raises
        ------
        UnknownNameError
            When there is no such term, or it has no strengths.
        """
        if name == "bias":
            return self.biases
        term = self.couplings if name == "coupling" else self.terms.get(name)
        if term is None or (not term.elements.size and name != "coupling"):
            known = ["coupling", *(other for other, one in self.terms.items() if one.elements.size), "bias"]
            raise UnknownNameError(
                f"no term of the energy with strengths is called {told(name)}{nearest(name, known)}; those that have "
                f"some: {', '.join(known)}"
            )
        return term.elements

    def with_strengths_of(self, name: str, strengths: npt.ArrayLike) -> Computer:
        """Return the computer with other strengths of a term of the energy; the inverse of `strengths_of`.

        Raises
        ------
        UnknownNameError
            When there is no such term, or it has no strengths.
        ArgumentError, ParameterError, ShapeError
            When they are no real numbers, not finite, or not as many as the term has.

        Examples
        --------
        >>> import thermozoo as tz
        >>> pair = tz.assemble({"unit": 2}, tz.get("quartic"), tz.get("dense"))
        >>> pair.with_strengths_of("coupling", [0.5]).strengths_of("coupling")
        array([0.5])
        """
        values = finite_array(f"strengths of {name}", strengths, self.strengths_of(name).shape)
        if name == "bias":
            return attrs.evolve(self, biases=values)
        if name == "coupling":
            return attrs.evolve(self, couplings=self.couplings.with_vector(values))
        return attrs.evolve(self, terms={**self.terms, name: self.terms[name].with_elements(values)})

    def with_couplings(self, couplings: npt.ArrayLike | Mapping[tuple[int, ...], float]) -> Computer:
        """Return the computer with other couplings.

        Parameters
        ----------
        couplings : array_like, shape (n, n), or mapping
            Of pairs a symmetric matrix J with a zero diagonal, or the strengths of some tuples, ``{(i, j): J_ij}``; the
            others stay [energy].

        Raises
        ------
        ParameterError
            When J is not symmetric, or couples what the connectivity does not.

        Examples
        --------
        >>> import thermozoo as tz
        >>> pair = tz.assemble({"unit": 2}, tz.get("quartic"), tz.get("dense")).with_couplings({(0, 1): 0.5})
        >>> pair.couplings.matrix()
        array([[0. , 0.5],
               [0.5, 0. ]])
        """
        change = self.couplings.with_strengths if isinstance(couplings, Mapping) else self.couplings.with_matrix
        return attrs.evolve(self, couplings=change(couplings))  # type: ignore[arg-type]

    def with_terms(self, terms: Mapping[str, Term]) -> Computer:
        """Return the computer with other further terms of the energy, by name.

        Raises
        ------
        ParameterError, ShapeError
            When a name is that of something else, or a term has another number of units.
        """
        return attrs.evolve(self, terms=terms)

    def digest(self) -> str:
        """Return a SHA-256 over everything that enters the energy, and over temperature and mobility.

        That is couplings, biases, and potentials with their parameters and settings.
        """
        sha = hashlib.sha256()
        for group, one in self.onsite.sites.items():
            sha.update(f"{group} {one.potential.name} {self.layout.sizes[group]}".encode())
            settings = plugin_settings(one.potential)
            if settings:
                # every digit of every entry of an array
                with np.printoptions(threshold=sys.maxsize, floatmode="unique", precision=None):
                    sha.update(repr(settings).encode())
            for name, value in one.values.items():
                sha.update(name.encode() + np.ascontiguousarray(value, dtype="<f8").tobytes())
        if self.onsite.amplitude != 1.0:
            sha.update(b"on-site" + np.asarray(self.onsite.amplitude, dtype="<f8").tobytes())
        sha.update(self.couplings.identity())
        sha.update(np.ascontiguousarray(self.couplings.vector, dtype="<f8").tobytes())
        sha.update(np.ascontiguousarray(self.biases, dtype="<f8").tobytes())
        sha.update(np.asarray([self.temperature, self.mobility], dtype="<f8").tobytes())
        for name, term in self.terms.items():
            sha.update(name.encode() + term.identity() + np.ascontiguousarray(term.vector, dtype="<f8").tobytes())
        return sha.hexdigest()


def assemble(
    sizes: dict[str, int],
    potential: Potential | dict[str, Potential],
    connectivity: Connectivity,
    *,
    temperature: float = 1.0,
    mobility: float = 1.0,
    trainable_biases: Iterable[str] | str = (),
    clamped: Iterable[str] | str = (),
    interaction: Interaction | None = None,
) -> Computer:
    """Assemble a computer with zero biases, and with zero couplings or those that its connectivity states.

    Parameters
    ----------
    sizes : dict of str to int
        Units a group, in order.
    potential : Potential or dict
        One for all groups, or one a group.
    connectivity : Connectivity
        Which pairs are coupled, and the strengths that it states.
    temperature, mobility : float
        kT [energy] and mu [1 / (energy time)].
    trainable_biases : iterable of str, or str
        Groups whose biases training may change.
    clamped : iterable of str, or str
        Groups that are clamped.
    interaction : Interaction, optional
        The energy of a coupled tuple of units; none: the product of two states.

    Raises
    ------
    ArgumentError
        When something is of the wrong kind: a class or a name for a plugin, a fraction for a size.
    ParameterError
        When a size, the temperature or the mobility is out of its range.
    ShapeError
        When a group that is named does not exist.
    BudgetError
        When the couplings do not fit into memory.

    Examples
    --------
    >>> from thermozoo_plugins.connectivities import Dense
    >>> from thermozoo_plugins.potentials import Quartic
    >>> computer = assemble({"a": 3}, Quartic(), Dense(), temperature=0.1)
    >>> float(computer.energy(np.ones(3)))
    6.0
    """
    layout = Layout(sizes, clamped=names_of("clamped", clamped))
    trainable = layout.mask(names_of("trainable_biases", trainable_biases))
    potentials = potential if isinstance(potential, dict) else dict.fromkeys(layout.groups, potential)
    for group, one in potentials.items():
        instance(f"potential of group {group!r}" if isinstance(potential, dict) else "potential", one, Potential)
    instance("connectivity", connectivity, Connectivity)
    if interaction is not None:
        instance("interaction", interaction, Interaction)
    try:
        couplings = couple(connectivity, layout, interaction)
    except MemoryError as error:
        raise BudgetError(
            f"the couplings of {layout.n:,} units by connectivity {connectivity.name!r} do not fit into memory: take "
            "fewer units, or a sparse connectivity"
        ) from error
    return Computer(
        layout=layout,
        onsite=OnSiteEnergy(layout, potentials),
        couplings=couplings,
        biases=np.zeros(layout.n),
        temperature=temperature,
        mobility=mobility,
        trainable_biases=trainable,
    )
