"""Terms of the energy as variables of a computer's file, and back.

A kind of term has a line in `KINDS`: how it is written, apart from its strengths, and how it is read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.couplings import BilinearCouplings, Couplings, DenseCouplings, EdgeCouplings, bilinear
from thermozoo.computer.settings import rebuilt_plugin, settings_text
from thermozoo.computer.term import Term
from thermozoo.computer.terms.circulating import CirculatingForce
from thermozoo.computer.terms.projections import ProjectionTerm
from thermozoo.computer.terms.separable import SeparableCouplings
from thermozoo.computer.terms.tuples import TupleCouplings
from thermozoo.errors import DataError, OutputError
from thermozoo.interfaces import Interaction, Plugin, Projection
from thermozoo.interfaces.tree import flat_parameters
from thermozoo.symbolic.interaction import interaction_formulas

if TYPE_CHECKING:
    import xarray

    from thermozoo.registry.catalogue import Catalogue

__all__ = ["KINDS", "TermKind", "read_couplings", "read_terms", "write_couplings", "write_terms"]

Array = npt.NDArray[np.floating[Any]]
Variables = dict[str, Any]


@attrs.frozen
class TermKind:
    """A kind of term in a file.

    Parameters
    ----------
    holds : type
        Its class.
    write : callable
        ``write(term, prefix)`` returns variables whose names begin with the prefix.
    read : callable
        ``read(dataset, prefix, n, vector, plugins)`` returns the term of these variables with its strengths.
    """

    holds: type[Term]
    write: Callable[[Any, str], Variables]
    read: Callable[[xarray.Dataset, str, int, Array, Catalogue], Term]


def write_couplings(couplings: Couplings, prefix: str) -> Variables:
    """Return which units are coupled and by what interaction, apart from the strengths."""
    pairs = couplings.pairs if isinstance(couplings, SeparableCouplings) else couplings
    found: Variables = {}
    if isinstance(pairs, DenseCouplings):
        ranges = [[s.start, s.stop, t.start, t.stop] for s, t in pairs.pairs]
        found[f"{prefix}coupled_ranges"] = (
            (f"{prefix}block", "bounds"),
            np.array(ranges, dtype=np.int64).reshape(-1, 4),
            {"long_name": "first and last unit (exclusive) of rows and of columns"},
        )
    else:
        found[f"{prefix}edges"] = ((f"{prefix}edge", f"{prefix}end"), couplings.edges)
    if couplings.interaction is None:
        return found
    return found | _write_plugin(couplings.interaction, f"{prefix}interaction")


def _write_plugin(plugin: Plugin, name: str) -> Variables:
    """Return the name of a plugin, its settings and its parameters, which are numbers."""
    found: Variables = {name: ((), plugin.name), f"{name}_settings": ((), settings_text(plugin))}
    for parameter, spec, value in flat_parameters(plugin):
        found[f"{name}.{parameter}"] = ((), float(value), {"units": spec.unit.replace("energy", "E0")})
    return found


def read_couplings(dataset: xarray.Dataset, prefix: str, n: int, vector: Array, plugins: Catalogue) -> Couplings:
    """Return the couplings that `write_couplings` described, with their strengths."""
    interaction: Interaction | None = None
    if f"{prefix}interaction" in dataset:
        interaction = _read_plugin(dataset, f"{prefix}interaction", Interaction, plugins)
    pairs: BilinearCouplings
    if f"{prefix}coupled_ranges" in dataset:
        bounds = dataset[f"{prefix}coupled_ranges"].values.tolist()
        pairs = DenseCouplings(n, tuple((slice(a, b), slice(c, d)) for a, b, c, d in bounds), vector)
    else:
        edges = dataset[f"{prefix}edges"].values
        if interaction is not None and interaction_formulas(interaction).products is None:
            return TupleCouplings(n, edges, vector, interaction)
        pairs = EdgeCouplings(n, edges, vector)
    return pairs if interaction is None else SeparableCouplings(pairs, interaction)


def _read_plugin(dataset: xarray.Dataset, name: str, interface: type[Any], plugins: Catalogue) -> Any:
    """Return the plugin that `_write_plugin` described."""
    cls = plugins.get(interface, dataset[name].item())
    begin = f"{name}."
    values = {str(k)[len(begin) :]: float(dataset[k]) for k in dataset.variables if str(k).startswith(begin)}
    return rebuilt_plugin(cls, values, json.loads(dataset[f"{name}_settings"].item()), plugins)


def _write_projections(term: ProjectionTerm, prefix: str) -> Variables:
    """Return patterns, their units and weights, and the energy of their projections."""
    return {
        f"{prefix}patterns": ((f"{prefix}pattern", f"{prefix}unit"), term.patterns),
        f"{prefix}units": (f"{prefix}unit", term.units, {"long_name": "unit of each entry of a pattern"}),
        f"{prefix}weights": (f"{prefix}pattern", term.weights),
        f"{prefix}amplitude": ((), term.amplitude),
    } | _write_plugin(term.projection, f"{prefix}projection")


def _read_projections(
    dataset: xarray.Dataset, prefix: str, n: int, vector: Array, plugins: Catalogue
) -> ProjectionTerm:
    """Return the term that `_write_projections` described; it has no strengths."""
    return ProjectionTerm(
        n=n,
        projection=_read_plugin(dataset, f"{prefix}projection", Projection, plugins),
        patterns=dataset[f"{prefix}patterns"].values,
        units=dataset[f"{prefix}units"].values,
        weights=dataset[f"{prefix}weights"].values,
        amplitude=float(dataset[f"{prefix}amplitude"]),
    ).with_vector(vector)


def _write_circulating(term: CirculatingForce, prefix: str) -> Variables:
    """Return between which pairs the force is."""
    return write_couplings(term.pairs, prefix)


def _read_circulating(
    dataset: xarray.Dataset, prefix: str, n: int, vector: Array, plugins: Catalogue
) -> CirculatingForce:
    """Return the force that `_write_circulating` described."""
    return CirculatingForce(bilinear(read_couplings(dataset, prefix, n, vector, plugins)))


#: The kinds of terms by the name that a file gives them.
KINDS: dict[str, TermKind] = {
    "couplings": TermKind(Couplings, write_couplings, read_couplings),  # type: ignore[type-abstract]
    "circulating": TermKind(CirculatingForce, _write_circulating, _read_circulating),
    "projections": TermKind(ProjectionTerm, _write_projections, _read_projections),
}


def write_terms(terms: Mapping[str, Term]) -> Variables:
    """Return names, kinds and structure of further terms, apart from their strengths; nothing where there are none.

    Raises
    ------
    OutputError
        When no kind of term in `KINDS` is that of one.
    """
    if not terms:
        return {}
    found: Variables = {"term": ("term", list(terms)), "term_kind": ("term", [_kind(*one) for one in terms.items()])}
    for k, term in enumerate(terms.values()):
        found |= KINDS[found["term_kind"][1][k]].write(term, f"term_{k}.")
    return found


def _kind(name: str, term: Term) -> str:
    for kind, one in KINDS.items():
        if isinstance(term, one.holds):
            return kind
    raise OutputError(f"a computer with the term {name!r} cannot be saved: no file holds a {type(term).__name__}")


def read_terms(dataset: xarray.Dataset, n: int, plugins: Catalogue) -> dict[str, Term]:
    """Return the further terms of a data set, with their strengths.

    Raises
    ------
    DataError
        When one is of a kind that nothing here reads.
    """
    terms: dict[str, Term] = {}
    if "term_kind" not in dataset:
        return terms
    for k, (name, kind) in enumerate(zip(dataset["term"].values, dataset["term_kind"].values, strict=True)):
        if str(kind) not in KINDS:
            raise DataError(f"the term {str(name)!r} is of the unknown kind {str(kind)!r}; kinds: {', '.join(KINDS)}")
        vector = dataset[f"term_{k}.strength"].values
        terms[str(name)] = KINDS[str(kind)].read(dataset, f"term_{k}.", n, vector, plugins)
    return terms
