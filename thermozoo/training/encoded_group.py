"""The encodings of one group of units: how many units each has, what they are shown, by which protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NoReturn, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array, integer_array
from thermozoo.dynamics.intensity import intensity_of
from thermozoo.errors import DataError, EncodingError, ShapeError, ThermozooError
from thermozoo.interfaces import Encoding, Protocol, Random
from thermozoo.interfaces.tree import values_of, with_values

__all__ = ["EncodingFaults", "NoLabels", "Part", "one_by_one", "parts_of", "values_of_units"]

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
T = TypeVar("T")

#: Parts of the duration by which the end of a protocol is found.
_PARTS = 4000


class NoLabels:
    """In place of labels where there are none: an encoding that looks at them is refused, any other is not."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise DataError("it needs the label of each image, and there are none: give labels, or take another encoding")

    __array__ = __getitem__ = __len__ = __iter__ = __getattr__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = None  # type: ignore[assignment]


class EncodingFaults:
    """Collects what does not fit, so that all of it is said at once."""

    def __init__(self) -> None:
        self._found: list[tuple[str, int | None, str]] = []

    def add(self, group: str, message: str, place: int | None = None) -> None:
        """Add a fault of a group, or of one of its encodings."""
        self._found.append((group, place, f"group {group!r}: {message}"))

    def raise_any(self) -> None:
        """Raise EncodingError when there are any."""
        if self._found:
            raise EncodingError(self._found)


@attrs.frozen(eq=False)
class Part:
    """An encoding, and the units of its group that are its own.

    Parameters
    ----------
    group : str
        The group.
    place : int
        The encoding's place among those of the group.
    encoding : Encoding
        The plugin.
    units : slice
        Its units.
    images, labels
        What it encodes.
    faults : EncodingFaults
        Receives what does not fit.
    """

    group: str
    place: int
    encoding: Encoding
    units: slice
    images: Array
    labels: Any
    faults: EncodingFaults

    @property
    def size(self) -> int:
        """How many units it has."""
        return len(range(self.units.start, self.units.stop))

    def tried(self, function: Callable[[], T]) -> T | None:
        """Return what a function returns, or None after adding the error that it raises."""
        try:
            return function()
        except ThermozooError as error:
            said, named = str(error), f"the encoding {self.encoding.name!r}"
            self.faults.add(self.group, said if said.startswith(named) else f"{named}: {said}", self.place)
            return None

    def signals(self, random: Random) -> Array | None:
        """Return the signals of its units for each image, shape (images, units)."""
        wanted = (len(self.images), self.size)
        found = self.tried(lambda: self.encoding.encode(self.images, self.labels, self.size, random))
        return None if found is None else self.tried(lambda: finite_array("signals", found, wanted))

    def kept(self) -> Numbers | None:
        """Return the numbers of the images that it wants training to show."""
        most = len(self.images) - 1
        found = self.tried(lambda: self.encoding.keep(self.images, self.labels))
        return None if found is None else self.tried(lambda: integer_array("keep", found, ("images",), at_most=most))

    def imposed(self, protocol: Protocol, own: Mapping[str, Array]) -> list[tuple[Protocol, Numbers]]:
        """Return the group's protocol with the values that the encoding gives it, and the units of each.

        Parameters
        ----------
        protocol : Protocol
            That of the group.
        own : mapping of str to ndarray
            What it has a value of for each of these units, by parameter; the encoding's come first.
        """
        units = np.arange(self.units.start, self.units.stop)
        values = self.tried(lambda: self.encoding.protocol_values(self.images, self.labels, self.size))
        if not values:
            return self.tried(lambda: one_by_one(protocol, units, own)) or []
        return self.tried(lambda: self._levels(protocol, units, values, own)) or []

    def _levels(
        self, protocol: Protocol, units: Numbers, values: Mapping[str, Array], own: Mapping[str, Array]
    ) -> list[tuple[Protocol, Numbers]]:
        """Return one protocol for each set of values, in the order in which units have them first."""
        known = values_of(protocol)
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ShapeError(
                f"it gives the protocol's {' and '.join(unknown)} a value for each unit, but protocol "
                f"{protocol.name!r} has no such parameter (it has {', '.join(known) or 'none'}): take another protocol "
                f"for the group"
            )
        found = {name: finite_array(f"{name} of the protocol", one, (self.size,)) for name, one in values.items()}
        levels = one_by_one(protocol, units, {**own, **found})
        self._check_order([one for one, _ in levels])
        return levels

    def _check_order(self, protocols: Sequence[Protocol]) -> None:
        """Raise ShapeError when a level fades after the one before it: it would be decided before what it refines."""
        ends = [_end(one) for one in protocols]
        for number, (above, below) in enumerate(pairwise(ends)):
            if below > above:
                raise ShapeError(
                    f"its level {number + 2} fades at {below:.4g} of the duration, after level {number + 1} at "
                    f"{above:.4g}: a child must fade before its parent, which generation decides first"
                )


def values_of_units(protocol: Protocol, size: int) -> dict[str, Array]:
    """Return what a protocol has a value of for each of a group's units, by parameter.

    Raises
    ------
    ShapeError
        When it has another number of them.
    """
    each = {name: value for name, value in values_of(protocol).items() if np.ndim(value)}
    for name, value in each.items():
        if np.shape(value) != (size,):
            raise ShapeError(
                f"its protocol {protocol.name!r} has {np.size(value)} values of {name}, expected one for all, or one "
                f"for each of {size} units"
            )
    return each


def one_by_one(protocol: Protocol, units: Numbers, values: Mapping[str, Array]) -> list[tuple[Protocol, Numbers]]:
    """Return a protocol for each set of values that units have, in the order in which they have them first.

    Parameters
    ----------
    protocol : Protocol
        What all have in common.
    units : ndarray of int, shape (U,)
        The units.
    values : mapping of str to ndarray of shape (U,)
        Values of parameters, unit by unit.
    """
    if not values:
        return [(protocol, units)]
    columns = np.stack(list(values.values()), axis=1)
    table, first, of = np.unique(columns, axis=0, return_index=True, return_inverse=True)
    return [
        (with_values(protocol, dict(zip(values, table[k].tolist(), strict=True))), units[of.ravel() == k])
        for k in np.argsort(first)
    ]


def _end(protocol: Protocol) -> float:
    """Return the fraction of the duration after which nothing of a protocol is felt."""
    strength = np.abs(intensity_of(protocol, 1.0)(np.linspace(0.0, 1.0, _PARTS + 1)))
    felt = np.flatnonzero(strength > 1e-9 * strength.max())
    return float(felt[-1] + 1) / _PARTS if felt.size else 0.0


def parts_of(
    group: str, where: slice, encodings: Sequence[Encoding], images: Array, labels: Any, faults: EncodingFaults
) -> list[Part]:
    """Return the encodings of a group, each with its units side by side; none where they do not fit.

    One of them may take any number of units: it has those that the others leave.
    """
    size = where.stop - where.start
    whole = [Part(group, place, one, where, images, labels, faults) for place, one in enumerate(encodings)]
    asked = [part.tried(lambda one=part: (one.encoding.units(images, labels),)) for part in whole]  # type: ignore[misc]
    if any(one is None for one in asked):
        return []
    needed = [one[0] for one in asked if one is not None]
    any_number = [one.name for one, units in zip(encodings, needed, strict=True) if units is None]
    total = sum(units for units in needed if units is not None)
    if not encodings or (size == 0 and total == 0):
        return []
    listed = ", ".join(f"{one.name!r} {u}" for one, u in zip(encodings, needed, strict=True) if u is not None)
    if len(any_number) > 1:
        faults.add(
            group,
            f"the encodings {' and '.join(map(repr, any_number))} each take any number of units, so nothing says how "
            "many: one of them may stand in a group, give the others groups of their own",
        )
        return []
    if any_number and size <= total:
        faults.add(
            group,
            f"its {size} units leave none to the encoding {any_number[0]!r}, for {listed} come first: set "
            f"computer.units.{group} above {total}",
        )
        return []
    if not any_number and size != total:
        what = f"the encoding {encodings[0].name!r} needs {total}" if len(encodings) == 1 else f"{listed} need {total}"
        faults.add(
            group,
            f"{what} units for these {len(images)} images, but it has {size}: set computer.units.{group} = {total}",
        )
        return []
    edges = where.start + np.cumsum([0, *(size - total if units is None else units for units in needed)])
    slices = [slice(int(a), int(b)) for a, b in pairwise(edges)]
    return [attrs.evolve(part, units=units) for part, units in zip(whole, slices, strict=True)]
