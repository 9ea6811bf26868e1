"""What a sweep is: its config, what it goes over, and with which program; kept in its folder, and compared."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import cattrs

from thermozoo import __version__
from thermozoo.computer.datasets import replace_file
from thermozoo.errors import ConfigError, DataError, shown
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.folder import write_json
from thermozoo.sweeps.over import Over, exact_text, points_of, value_text

__all__ = ["IDENTITY", "Identity", "read_identity"]

#: The file of a sweep's folder that says what it is.
IDENTITY = "sweep.json"

#: The version of that file.
_FORMAT = 1


@attrs.frozen
class Identity:
    """A sweep, whatever of it has been done.

    Parameters
    ----------
    source : str
        Where the config came from, for messages.
    config : dict
        Its tables, with what ``--set`` and ``--seed`` gave.
    over : tuple of Over
        Keys and values.
    together : bool
        Whether the values of the keys go together.
    drawn : bool
        Whether nobody gave a seed, and one was drawn for all points.
    points : tuple of dict
        The values of every point, by key; the first has number 1.
    thermozoo : str
        The version.
    plugins : dict of str to str
        SHA-256 of every plugin file that was loaded, by its name.
    """

    source: str
    config: dict[str, Any]
    over: tuple[Over, ...]
    together: bool
    drawn: bool
    points: tuple[dict[str, Any], ...]
    thermozoo: str
    plugins: dict[str, str]

    @classmethod
    def of(
        cls, source: str, config: Mapping[str, Any], over: Sequence[Over], *, together: bool, catalogue: Catalogue
    ) -> Identity:
        """Return the identity of a sweep that has not begun; where there is no seed, one is drawn for all points."""
        files = {one.source for one in catalogue.records if one.source.content is not None}
        plugins = {Path(one.target).name: hashlib.sha256(one.content or b"").hexdigest() for one in files}
        points = tuple(points_of(over, together=together))
        # what a file of it gives back: integers and floats stay what they are, dates are text
        kept = json.loads(json.dumps(dict(config), default=str))
        drawn = "seed" not in kept and all(one.key != "seed" for one in over)
        if drawn:
            kept["seed"] = secrets.randbelow(2**32)
        return cls(source, kept, tuple(over), together, drawn, points, __version__, dict(sorted(plugins.items())))

    def numbered(self, values: Mapping[str, Any]) -> int | None:
        """Return the number of the point with these values, None where there is none."""
        wanted = _text(values)
        return next((k for k, one in enumerate(self.points, 1) if _text(one) == wanted), None)

    def extended(self, other: Identity) -> Identity:
        """Return this sweep with the points of another that it does not have; numbers go on.

        Raises
        ------
        ConfigError
            With a line for each difference that makes it another sweep.
        """
        differences = list(self._differences(other))
        if differences:
            raise ConfigError(differences)
        new = tuple(one for one in other.points if self.numbered(one) is None)
        points = self.points + new
        if self.together:
            over = tuple(Over(one.key, tuple(point[one.key] for point in points)) for one in self.over)
        else:
            over = tuple(
                Over(one.key, (*one.values, *(v for v in more.values if not _among(v, one.values))))
                for one, more in zip(self.over, other.over, strict=True)
            )
        return attrs.evolve(self, over=over, points=points)

    def _differences(self, other: Identity) -> Iterator[str]:
        keys = [[one.key for one in both.over] for both in (self, other)]
        if keys[0] != keys[1] or self.together != other.together:
            told = [
                f"{' and '.join(one)}{' together' if both.together else ''}"
                for one, both in zip(keys, (self, other), strict=True)
            ]
            yield f"it goes over {told[0]}, and now over {told[1]}"
        mine, others = (dict(_leaves(both.config)) for both in (self, other))
        for key in sorted(mine.keys() | others.keys()):
            if key in keys[0] or (key == "seed" and self.drawn and other.drawn):  # a value for each point, or any
                continue
            was, now = (value_text(one[key]) if key in one else "not given" for one in (mine, others))
            if was != now:
                yield f"{key}: it has {shown(was, 60)}, and now {shown(now, 60)}"
        if self.thermozoo != other.thermozoo:
            yield f"thermozoo {self.thermozoo} began it, and this is {other.thermozoo}"
        for name in sorted(self.plugins.keys() | other.plugins.keys()):
            if self.plugins.get(name) != other.plugins.get(name):
                state = (
                    "is not loaded now"
                    if name not in other.plugins
                    else ("was not loaded" if name not in self.plugins else "has changed")
                )
                yield f"the plugin file {name} {state}"

    def write(self, folder: Path) -> None:
        """Write it into the folder of the sweep."""
        content = {"format": _FORMAT, **cattrs.unstructure(self)}
        replace_file(folder / IDENTITY, lambda path: write_json(path, content))


def read_identity(folder: Path) -> Identity:
    """Read what the folder of a sweep says that it is.

    Raises
    ------
    DataError
        When the file is missing, damaged, or of another version.
    """
    path = folder / IDENTITY
    name = shown(path, 200)
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] != _FORMAT:
            raise DataError(f"{name}: expected format {_FORMAT}, got {shown(content['format'])}")
        found = cattrs.structure({k: v for k, v in content.items() if k != "format"}, Identity)
        keys = [one.key for one in found.over]
        if not found.points or not keys or any(list(one) != keys for one in found.points):
            raise ValueError("points that are none of its keys")
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}; expected the folder of a sweep") from error
    except (ValueError, LookupError, TypeError, RecursionError, cattrs.BaseValidationError) as error:
        raise DataError(f"{name} does not hold what a sweep writes: {shown(error, 100)}") from error
    return found


def _leaves(tables: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tables.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _text(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, exact_text(value)) for key, value in values.items()]


def _among(value: Any, values: Sequence[Any]) -> bool:
    return exact_text(value) in map(exact_text, values)
