"""[encoding]: which signals an image is on the units of each group; and the former keys of [noising] that said it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from thermozoo.config.faults import Faults, describe, inside
from thermozoo.config.groups import Groups
from thermozoo.config.plugins import build_plugin
from thermozoo.config.settings import Setting
from thermozoo.config.tables import EncodingTable
from thermozoo.config.values import no_group, structure
from thermozoo.errors import nearest
from thermozoo.interfaces import Encoding
from thermozoo.registry.catalogue import Catalogue

__all__ = ["FORMER", "ROLES", "encodings_of", "former_keys", "group_tables"]

#: Keys that [noising] had before there was [encoding], which old configs have.
FORMER = {
    "hidden": Setting(
        "hidden",
        str,
        "projection",
        "former key: the encoding of free groups that show no image; write [encoding.GROUP]",
        choices=("projection", "crop"),
    ),
    "projection_seed": Setting("projection_seed", int, None, "former name of encoding.seed", at_least=0),
}

#: What an encoding does to its group: units that move are imposed on, clamped ones hold the signal.
ROLES = {False: "imposed", True: "clamped"}


def former_keys(noising: Mapping[str, Any]) -> dict[str, Any]:
    """Return the former keys that [noising] has; where ``hidden`` is a table, it is one of a group of that name."""
    return {k: v for k, v in noising.items() if k in FORMER and not isinstance(v, Mapping)}


def group_tables(encoding: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """Yield (group, path of a table without its place, tables) of what [encoding] gives for groups."""
    for group, given in encoding.items():
        if group != "seed":
            yield group, inside("encoding", group), given if isinstance(given, list) else [given]


def encodings_of(
    encoding: Mapping[str, Any],
    noising: Mapping[str, Any],
    groups: Groups,
    image: str,
    catalogue: Catalogue,
    faults: Faults,
) -> tuple[dict[str, tuple[Encoding, ...]], EncodingTable]:
    """Return the encodings of each group, and the values of [encoding].

    A free group without a table shows the image, or a projection of it where it is not the image's; a clamped one has
    no encoding, and holds zeros.

    Parameters
    ----------
    encoding, noising : mapping
        The tables as they were given.
    groups : Groups
        The groups.
    image : str
        The group that shows the image.
    catalogue : Catalogue
        The installed plugins.
    faults : Faults
        Receives the faults.
    """
    former = {k: structure(FORMER[k], v, f"noising.{k}", faults) for k, v in former_keys(noising).items()}
    hidden = former.get("hidden") or FORMER["hidden"].default
    given: dict[str, list[Any]] = {}
    for group, path, tables in group_tables(encoding):
        if groups.sizes and group not in groups.sizes:
            is_key = not isinstance(encoding[group], (Mapping, list))
            known = ("seed", *groups.sizes)
            unknown = f"unknown key{nearest(group, known)}; keys: {', '.join(known)}"
            faults.add(path, unknown if is_key else no_group(group, groups.sizes))
        else:
            given[group] = tables
            if not tables:
                faults.add(path, "expected a table that names an encoding plugin, or a list of such, got an empty list")
            if group == image and len(tables) > 1:
                faults.add(path, f"group {group!r} shows the image, in one encoding: got {len(tables)}")
    found = {}
    for group in groups.sizes:
        if group not in given and group in groups.clamped:
            continue
        tables = given.get(group, [{"plugin": "image" if group == image else hidden}])
        path = f"encoding.{group}"
        paths = [f"{path}[{k}]" if len(tables) > 1 else path for k in range(len(tables))]
        clamped = group in groups.clamped
        built = [_encoding(one, p, group, clamped, catalogue, faults) for one, p in zip(tables, paths, strict=True)]
        found[group] = tuple(one for one in built if one is not None)
    return found, EncodingTable(**_seed(encoding, former, faults))


def _seed(encoding: Mapping[str, Any], former: Mapping[str, Any], faults: Faults) -> dict[str, int]:
    """Return the seed where one is given."""
    if "seed" in encoding and "projection_seed" in former:
        faults.add(
            "noising.projection_seed",
            "is the former name of encoding.seed, which is given as well: leave projection_seed out",
        )
    declared = Setting("seed", int, None, "", at_least=0)
    seed = structure(declared, encoding["seed"], "encoding.seed", faults) if "seed" in encoding else None
    seed = former.get("projection_seed") if seed is None else seed
    return {} if seed is None else {"seed": seed}


def _encoding(table: Any, path: str, group: str, clamped: bool, catalogue: Catalogue, faults: Faults) -> Any:
    """Build one encoding from its table, or return None after adding its faults."""
    if not isinstance(table, Mapping) or "plugin" not in table:
        faults.add(path, f"expected a table that names an encoding plugin, got {describe(table)}")
        return None
    role = table.get("role", ROLES[clamped])
    if role not in ROLES.values():
        faults.add(f"{path}.role", f"expected one of {', '.join(ROLES.values())}, got {describe(role)}")
    elif role != ROLES[clamped]:
        size = f'{group} = {{size = "auto", clamped = true}}' if role == "clamped" else f'{group} = "auto"'
        faults.add(
            f"{path}.role",
            f"the units of group {group!r} are {'clamped' if clamped else 'free'}, so its encoding is "
            f"{ROLES[clamped]}: leave role out, or write {size} in [computer.units]",
            also=[f"computer.units.{group}"],
        )
    options = {k: v for k, v in table.items() if k not in ("plugin", "role")}
    return build_plugin(
        Encoding, table["plugin"], options, f"{path}.plugin", path, catalogue, faults, beside=("plugin", "role")
    )
