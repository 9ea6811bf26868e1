"""What the encodings of a config make of its images: the sizes that groups need, and their signals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from thermozoo.computer.layout import Layout
from thermozoo.config.faults import Faults
from thermozoo.config.schema import Config
from thermozoo.errors import EncodingError, ThermozooError
from thermozoo.interfaces import Encoding
from thermozoo.interfaces.tree import values_of
from thermozoo.parameters import parameters_of
from thermozoo.runs.prototypes import Prototypes
from thermozoo.symbolic.guard import ask
from thermozoo.training.signals import Encoded, encode_groups

__all__ = ["encode", "sized"]


def sized(config: Config, prototypes: Prototypes, faults: Faults) -> Config:
    """Return the config with the sizes of the groups that are as large as their encodings need.

    Parameters
    ----------
    config : Config
        The config.
    prototypes : Prototypes
        The images that are to be learned.
    faults : Faults
        Receives the faults that the images show; a group of which they say no size keeps one unit.
    """
    sizes = {}
    for group in config.auto:
        before = faults.added
        needed: dict[int, int | None] = {}
        for label, shown in _parts(config, prototypes):
            if faults.added == before:
                needed.setdefault(_needed(config, group, shown, faults), label)
        if len(needed) > 1:
            (size, one), (more, other), *_ = needed.items()
            path = f"computer.units.{group}"
            faults.add(
                path,
                f"with training.by_class the programs of all classes have the same units, but the encodings of group "
                f"{group!r} need {size} for the images of class {one}, and {more} for those of class {other}: take "
                "encodings whose size does not depend on the images, or train one program for all",
                also=[f"encoding.{group}", path, "training.by_class"],
            )
        if faults.added == before:
            (sizes[group],) = needed
            _check_values(config, group, sizes[group], faults)
    return config.with_sizes(sizes)


def _needed(config: Config, group: str, shown: Prototypes, faults: Faults) -> int:
    """Return how many units the encodings of a group need; where they do not say it, after adding the fault."""
    size = 0
    for place, one in enumerate(config.encodings.get(group, ())):
        try:
            size += ask(one, "units", shown.images, shown.labels) or 0
        except ThermozooError as error:
            path = _path(config, group, place)
            faults.add(path, str(error), also=[path, "data"])
    return size


def _parts(config: Config, prototypes: Prototypes) -> list[tuple[int | None, Prototypes]]:
    """Return the images that are encoded together: all, or those of each class that has a program of its own."""
    if not config.training.by_class:
        return [(None, prototypes)]
    labels = prototypes.labels
    return [(label, prototypes.some(np.flatnonzero(labels == label))) for label in config.data.classes]


def encode(config: Config, prototypes: Prototypes, faults: Faults) -> dict[int | None, tuple[Prototypes, Encoded]]:
    """Return images that training shows, with their signals, of a config whose sizes are known; or the faults.

    Where each class has a program of its own, its images are encoded by themselves, and stand under its label; else
    all do under None.

    Parameters
    ----------
    config : Config
        The config.
    prototypes : Prototypes
        The images that are to be learned.
    faults : Faults
        Those that were found, at sizes too, and receives the others.
    """
    if faults.found_in("computer.units", "encoding", "noising"):
        return {}
    known = np.unique(np.concatenate([prototypes.labels, prototypes.rest_labels]))
    labeled = len(known) > 1  # a data set without labels gives all images the same
    layout = Layout(config.sizes, clamped=config.clamped)
    found: dict[int | None, tuple[Prototypes, Encoded]] = {}
    for label, shown in _parts(config, prototypes):
        labels = shown.labels if labeled else None
        try:
            encoded = encode_groups(
                layout, config.encodings, shown.images, labels, config.encoding.seed, config.protocols
            )
        except EncodingError as error:
            for group, place, message in error.faults:
                path = _path(config, group, place)
                also = [path, f"computer.units.{group}", f"noising.{group}", "noising.protocol", "data"]
                faults.add(path, message if label is None else f"class {label}: {message}", also=also)
            return {}  # another class would show the same again
        found[label] = shown.some(encoded.kept), encoded
    first = _parts(config, prototypes)[0][1]
    for group, encodings in config.encodings.items():
        for one in encodings:
            _check_given(config, group, one, first, faults)
    return found


def _path(config: Config, group: str, place: int | None) -> str:
    """Return where the encoding of a group stands, by its place among several."""
    given = config.given.get("encoding", {})
    if group not in given:
        former = "hidden" in config.given.get("noising", {})
        return "noising.hidden" if former else f"computer.units.{group}"
    return (
        f"encoding.{group}[{place}]" if place is not None and len(config.encodings[group]) > 1 else f"encoding.{group}"
    )


def _check_values(config: Config, group: str, size: int, faults: Faults) -> None:
    """Add a fault for parameters with one value per unit that are not as many as the encodings need units."""
    for home, plugin in (("computer.potential", config.potentials[group]), ("noising", config.protocols.get(group))):
        for name, value in values_of(plugin).items() if plugin is not None else ():
            if np.ndim(value) and np.size(value) != size:
                faults.add(
                    f"{home}.{group}.{name}",
                    f"expected a number or {size} values, one a unit as its encoding needs them, got {np.size(value)}",
                    also=[f"{home}.{name}", f"encoding.{group}"],
                )


def _check_given(config: Config, group: str, one: Encoding, prototypes: Prototypes, faults: Faults) -> None:
    """Add a fault for a key of a group's protocol of which the encoding gives each unit a value.

    One that the group would have without it is no fault unless ``--set`` gave it: a resolved config writes all out.
    """
    own = config.given.get("noising", {}).get(group)
    if isinstance(own, Mapping) and group not in config.clamped:
        size = ask(one, "units", prototypes.images, prototypes.labels)
        protocol = config.protocols[group]
        common = config.protocol if type(config.protocol) is type(protocol) else None
        defaults = {declared.name: declared.default for declared in parameters_of(protocol)}
        for name in ask(one, "protocol_values", prototypes.images, prototypes.labels, size or config.sizes[group]):
            without = getattr(common, name, defaults[name])
            if name in own and (
                config.origin.given(f"noising.{group}.{name}") or not np.array_equal(own[name], without)
            ):
                faults.add(
                    f"noising.{group}.{name}",
                    f"nothing uses it: the encoding {one.name!r} gives each unit a {name} of its own; leave it out, or "
                    f"change the keys of [encoding.{group}]",
                    also=[f"encoding.{group}"],
                )
