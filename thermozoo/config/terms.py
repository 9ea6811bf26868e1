"""[computer.terms.NAME]: further terms of the energy, of projections on patterns or of couplings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import attrs

from thermozoo.computer.computer import RESERVED
from thermozoo.config.faults import Faults, describe, inside
from thermozoo.config.groups import GROUP_NAME, LONGEST_GROUP_NAME
from thermozoo.config.plugins import build_plugin, resolved_plugin
from thermozoo.config.settings import LARGEST, setting, settings_of
from thermozoo.config.values import known_groups, structure
from thermozoo.errors import nearest
from thermozoo.interfaces import Connectivity, Interaction, Plugin, Projection
from thermozoo.registry.catalogue import Catalogue

__all__ = ["DATA", "CouplingTerm", "PatternTable", "PatternTerm", "further_terms", "resolved_terms"]

#: What `patterns` is where they are the images that the computer learns.
DATA = "data"

_HOME = "computer.terms"

#: The keys of a term of couplings.
_COUPLED = ("interaction", "connectivity")


@attrs.frozen
class PatternTable:
    """[computer.terms.NAME]: a further term of the energy, by projections on patterns."""

    patterns: str = setting(
        str, DATA, '"data", the images that the computer learns, or a file of one pattern a row: .npy, or .csv'
    )
    groups: tuple[str, ...] = setting(
        tuple[str, ...], (), "groups that patterns have entries for, side by side; none: the one that shows the image"
    )
    normalize: bool = setting(bool, False, "whether patterns are scaled to length one")
    weights: tuple[float, ...] = setting(tuple[float, ...], (), "weight of each pattern; none: 1 each")


@attrs.frozen
class PatternTerm:
    """A term over projections, as a config has it.

    Parameters
    ----------
    projection : Projection
        Its energy.
    table : PatternTable
        Patterns, and what goes with them.
    """

    projection: Projection
    table: PatternTable

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """The plugins that it names."""
        return (self.projection,)

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"{self.projection.name} of {self.table.patterns}"

    @property
    def resolved(self) -> dict[str, Any]:
        """The table that would build it again."""
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in attrs.asdict(self.table).items()}
        return resolved_plugin(self.projection) | values


@attrs.frozen
class CouplingTerm:
    """A term of further couplings, as a config has it.

    Parameters
    ----------
    connectivity : Connectivity
        Which tuples of units are coupled.
    interaction : Interaction
        The energy of one of them.
    """

    connectivity: Connectivity
    interaction: Interaction

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """The plugins that it names."""
        return (self.connectivity, self.interaction)

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"{self.interaction.name} of {self.connectivity.name}"

    @property
    def resolved(self) -> dict[str, Any]:
        """The table that would build it again."""
        return {key: resolved_plugin(getattr(self, key)) for key in _COUPLED}


def further_terms(
    raw: Any, sizes: Collection[str], catalogue: Catalogue, faults: Faults
) -> dict[str, PatternTerm | CouplingTerm]:
    """Return the terms of [computer.terms], in order, without those that have faults.

    Parameters
    ----------
    raw : Any
        The table as it was given.
    sizes : collection of str
        The groups of units; none where they are not known.
    catalogue : Catalogue
        The installed plugins.
    faults : Faults
        Receives the faults.
    """
    if not isinstance(raw, Mapping):
        faults.add(_HOME, f"expected a table of terms by name, got {describe(raw)}")
        return {}
    found: dict[str, PatternTerm | CouplingTerm] = {}
    for name, table in raw.items():
        path = inside(_HOME, name)
        before = faults.added
        _check_name(name, path, sizes, [other for other in raw if other != name], faults)
        if not isinstance(table, Mapping):
            faults.add(path, f"expected a table, got {describe(table)}")
            continue
        term: PatternTerm | CouplingTerm | None
        if "plugin" in table:
            term = _of_patterns(table, path, sizes, catalogue, faults)
        elif any(key in table for key in _COUPLED):
            term = _of_couplings(table, path, tuple(sizes), catalogue, faults)
        else:
            names = ", ".join(catalogue.names(Projection.kind)) or "none"
            faults.add(
                path,
                f"expected plugin, the name of a projection ({names}), or interaction and connectivity, which couple "
                f"units; got {', '.join(table) or 'an empty table'}",
            )
            continue
        if term is not None and faults.added == before:
            found[name] = term
    return found


def _check_name(name: str, path: str, sizes: Collection[str], others: Collection[str], faults: Faults) -> None:
    if not GROUP_NAME.fullmatch(name) or len(name) > LONGEST_GROUP_NAME:
        faults.add(
            path,
            "expected a name of a term: a letter from a to z, then letters, digits, - or _, at most "
            f"{LONGEST_GROUP_NAME} characters",
        )
        return
    for what, taken in (("a group", sizes), ("something else of every ledger", RESERVED), ("another term", others)):
        same = next((one for one in taken if _in_files(one) == _in_files(name)), None)
        if same is not None:
            faults.add(path, f"no term can be called {name!r}: {what} is called {same!r}; choose another name")
            return


def _in_files(name: str) -> str:
    """Return how a name is spelt in files, where - and _ are alike."""
    return name.replace("-", "_")


def _of_patterns(
    table: Mapping[str, Any], path: str, sizes: Collection[str], catalogue: Catalogue, faults: Faults
) -> PatternTerm | None:
    declared = settings_of(PatternTable)
    values = {}
    for key, one in declared.items():
        if key in table:
            value = structure(one, table[key], f"{path}.{key}", faults)
            values[key] = one.default if value is None else value
    groups = values.get("groups", ())
    known_groups(groups, sizes, f"{path}.groups", faults)
    if len(set(groups)) < len(groups):
        faults.add(f"{path}.groups", f"expected each group once, got {describe(list(groups))}")
    weights = values.get("weights", ())
    if not all(abs(one) <= LARGEST for one in weights):  # which no infinity and no nan is
        faults.add(f"{path}.weights", f"expected finite numbers of a modulus of at most {LARGEST:g}")
    options = {k: v for k, v in table.items() if k not in ("plugin", *declared)}
    projection = build_plugin(
        Projection,
        table["plugin"],
        options,
        f"{path}.plugin",
        path,
        catalogue,
        faults,
        beside=("plugin", *declared),
    )
    return PatternTerm(projection, PatternTable(**values)) if isinstance(projection, Projection) else None


def _of_couplings(
    table: Mapping[str, Any], path: str, groups: tuple[str, ...], catalogue: Catalogue, faults: Faults
) -> CouplingTerm | None:
    for key in table:
        if key not in _COUPLED:
            faults.add(inside(path, key), f"unknown key{nearest(key, _COUPLED)}; keys: {', '.join(_COUPLED)}")
    built: dict[str, Plugin | None] = {}
    for interface in (Interaction, Connectivity):
        key = interface.kind
        given, where = table.get(key), f"{path}.{key}"
        if given is None:
            faults.add(where, f"a term of couplings needs a {key}: {', '.join(catalogue.names(key))}")
            continue
        if isinstance(given, str):
            given = {"plugin": given}
        if not isinstance(given, Mapping) or "plugin" not in given:
            faults.add(where, f"expected the name of a {key}, or a table that names one, got {describe(given)}")
            continue
        options = {k: v for k, v in given.items() if k != "plugin"}
        place = f"{where}.plugin" if isinstance(table[key], Mapping) else where
        built[key] = build_plugin(interface, given["plugin"], options, place, where, catalogue, faults, groups=groups)
    interaction, connectivity = built.get(Interaction.kind), built.get(Connectivity.kind)
    if isinstance(interaction, Interaction) and isinstance(connectivity, Connectivity):
        return CouplingTerm(connectivity, interaction)
    return None


def resolved_terms(terms: Mapping[str, PatternTerm | CouplingTerm]) -> dict[str, Any]:
    """Return the table that would build the terms again."""
    return {name: term.resolved for name, term in terms.items()}
