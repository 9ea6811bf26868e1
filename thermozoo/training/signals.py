"""Signals from encodings: what every unit is shown of each image, and by which protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, finite_array, integer_array
from thermozoo.computer.layout import Layout
from thermozoo.dynamics.counter_random import CounterRandom
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import ShapeError, nearest
from thermozoo.interfaces import Encoding, Protocol
from thermozoo.training.encoded_group import EncodingFaults, NoLabels, one_by_one, parts_of, values_of_units
from thermozoo.training.noising import Imposed, image_group

__all__ = ["Encoded", "encode_groups"]

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class Encoded:
    """Images as units see them.

    Parameters
    ----------
    signals : ndarray, shape (images that are kept, n)
        The signal of each free unit; the value that each clamped unit holds.
    protocols : tuple of Imposed
        The protocols of the free units; units with equal ones are together.
    kept : ndarray of int
        Numbers of the images that training shows.
    """

    signals: Array
    protocols: tuple[Imposed, ...]
    kept: Numbers


def encode_groups(
    layout: Layout,
    encodings: Mapping[str, Sequence[Encoding]],
    images: npt.ArrayLike,
    labels: npt.ArrayLike | None,
    seed: int,
    protocols: Mapping[str, Protocol],
) -> Encoded:
    """Encode images on the units of every group.

    The encodings of a group stand side by side; one of them may take whatever units the others leave. The image group
    shows the image where it has no encoding of its own (see `thermozoo.training.noising.image_group`); any other group
    without one is shown nothing. A protocol may have a value of a parameter for each unit of its group; what an
    encoding says of them, unit by unit, replaces it.

    Parameters
    ----------
    layout : Layout
        The groups.
    encodings : mapping of str to sequence of Encoding
        The encodings of each group, in the order of its units.
    images : array_like, shape (images, pixels)
        Of zero mean and unit variance each.
    labels : array_like of int, shape (images,), optional
        Their labels.
    seed : int
        Of all that encodings draw at random.
    protocols : mapping of str to Protocol
        The protocol of each free group.

    Returns
    -------
    Encoded
        What a `thermozoo.training.noising.Noising` is made of.

    Raises
    ------
    EncodingError
        With every fault at once.
    """
    rows: Array = finite_array("images", images, ("images", "pixels"), "one image is image.reshape(1, -1)")
    given: Any = NoLabels() if labels is None else integer_array("labels", labels, (len(rows),), at_least=-(2**63))
    key = NoiseKey(count("seed", seed)).named("projection")
    faults = EncodingFaults()
    _check_groups(layout, encodings, protocols, faults)
    signals = np.zeros((len(rows), layout.n))
    imposed: list[tuple[Protocol, Numbers]] = []
    kept: Numbers = np.arange(len(rows))
    shown = image_group(layout)
    for number, group in enumerate(layout.groups):
        where, random = layout.slice(group), CounterRandom(key, number)
        free = group not in layout.clamped
        if group == shown and not encodings.get(group):
            if layout.sizes[group] == rows.shape[1]:
                signals[:, where] = rows
            else:
                faults.add(
                    group,
                    f"the images have {rows.shape[1]} pixels, but it has {layout.sizes[group]} units: set "
                    f"computer.units.{group} = {rows.shape[1]}, or take other images",
                )
        own: dict[str, Array] = {}
        if free and group in protocols:
            try:
                own = values_of_units(protocols[group], layout.sizes[group])
            except ShapeError as error:
                faults.add(group, str(error))
                continue
        parts = parts_of(group, where, encodings.get(group, ()), rows, given, faults)
        for part in parts:
            found, keep = part.signals(random), part.kept()
            if found is not None:
                signals[:, part.units] = found
            if keep is not None:
                kept = np.intersect1d(kept, keep)
                if not kept.size:
                    faults.add(group, f"the encoding {part.encoding.name!r} keeps no image that all keep", part.place)
            if free and group in protocols:
                mine = slice(part.units.start - where.start, part.units.stop - where.start)
                imposed += part.imposed(protocols[group], {name: values[mine] for name, values in own.items()})
        if free and group in protocols and not parts:
            imposed += one_by_one(protocols[group], np.arange(where.start, where.stop), own)
    faults.raise_any()
    return Encoded(signals[kept], _joined(imposed), kept)


def _check_groups(layout: Layout, encodings: Iterable[str], protocols: Iterable[str], faults: EncodingFaults) -> None:
    """Add a fault for each group that there is not, that has no protocol, or that cannot show the image."""
    for group in dict.fromkeys((*encodings, *protocols)):
        if group not in layout.sizes:
            faults.add(group, f"there is none{nearest(group, layout.groups)}; groups: {', '.join(layout.groups)}")
    driven = set(protocols)
    for group in layout.groups:
        if group not in layout.clamped and layout.sizes[group] and group not in driven:
            faults.add(group, "its units are free, and no protocol is given for them")
    shown = image_group(layout)
    if shown in layout.clamped:
        faults.add(
            shown,
            "it shows the image, and is clamped: its units cannot turn noise into an image; let them move, or call "
            "another group 'visible'",
        )


def _joined(imposed: Iterable[tuple[Protocol, Numbers]]) -> tuple[Imposed, ...]:
    """Return each protocol once, with all of its units."""
    found: list[tuple[Protocol, list[Numbers]]] = []
    for protocol, units in imposed:
        if not units.size:
            continue
        for one, members in found:
            if one == protocol:
                members.append(units)
                break
        else:
            found.append((protocol, [units]))
    return tuple(Imposed(one, np.sort(np.concatenate(members))) for one, members in found)
