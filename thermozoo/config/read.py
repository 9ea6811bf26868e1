"""Reading the tables of a config from bytes that may be anything, and overriding single keys."""

from __future__ import annotations

import codecs
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from thermozoo.config.packaged import packaged, packaged_name, packaged_text, written_as_name
from thermozoo.config.toml import DEEPEST, parse, value_of
from thermozoo.errors import ConfigError, nearest, shown

__all__ = ["assign", "bounded", "given_by", "override", "parse_bytes", "read_config"]

#: Bytes above which a file is taken for something else: a list with a value for
#: each of a hundred thousand units takes 2 MB.
_LARGEST = 16 * 2**20

#: Marks at the beginning of text in other encodings; the one of UTF-32 begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}

#: An open file by its number, as a shell's process substitution gives it: the one kind of pipe that has a writer.
_OPEN_FILE = re.compile(r"/dev/(stdin|fd/\d+)|/proc/(self|\d+)/fd/\d+")

_EXPECTED = "expected a TOML config"

#: A part of a key as ``--set`` takes it, with dots where it was quoted; and the parts, quoted or not.
_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_QUOTED = re.compile(r'"[^"]*"|[^".]+')


def read_config(path: str | Path | None) -> tuple[str, dict[str, Any]]:
    """Read a packaged config or a TOML file; return its name and its tables.

    Parameters
    ----------
    path : str, Path or None
        See `thermozoo.config.packaged.packaged_name`; None: the default.

    Raises
    ------
    ConfigError
        When the file is missing, cannot be read or is no TOML.
    """
    name = packaged_name(path)
    if name is not None:
        return f"built-in {name}.toml", tomllib.loads(packaged_text(name))
    assert path is not None
    source = shown(path, 4096)
    try:
        return source, parse_bytes(_content(Path(path)))
    except FileNotFoundError:
        reason = f"no such file; {_EXPECTED}"
        if written_as_name(path):
            names = packaged()
            reason = (
                f"no built-in config and no file of that name{nearest(str(path), names)}; built-in: {', '.join(names)}"
            )
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}; {_EXPECTED}"
    except ValueError as error:
        reason = str(error)
    raise ConfigError([f"{source}: {reason}"])


def _content(path: Path) -> bytes:
    """Return the bytes of a file; raise ValueError for what is none, or too large to be a config."""
    if "\0" in str(path):
        raise FileNotFoundError
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise ValueError(f"a folder; {_EXPECTED}")
    if not stat.S_ISREG(mode) and not _OPEN_FILE.fullmatch(str(path)):
        kind = "a named pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        raise ValueError(f"{kind}; {_EXPECTED}")
    with path.open("rb") as file:
        return bounded(file)


def bounded(file: BinaryIO) -> bytes:
    """Return all that an open file has to say; raise ValueError for more than any config has."""
    content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"larger than {_LARGEST // 2**20} MiB; {_EXPECTED}")
    return content


def parse_bytes(content: bytes) -> dict[str, Any]:
    """Return the tables of a TOML file that was read; raise ValueError with what is wrong with it."""
    return parse(_text(content))


def _text(content: bytes) -> str:
    """Return bytes as text, without the mark that some editors put first; raise ValueError for what is not UTF-8."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            raise ValueError(f"not UTF-8: it begins with the mark of {encoding}; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"not UTF-8 (byte 0x{content[error.start]:02x} in line {line}); save it as UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(
            f"not UTF-8 (a NUL byte in line {line}: no text, or UTF-16 without its mark); save it as UTF-8"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def override(tables: Mapping[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """Return the tables with ``table.key=value`` assignments applied.

    Raises
    ------
    ConfigError
        With a line for each assignment that is none.
    """
    result = _copy(tables)
    faults = []
    for assignment in assignments:
        try:
            _assign(result, assignment)
        except ValueError as error:
            faults.append(f"--set {shown(assignment)}: {error}")
    if faults:
        raise ConfigError(faults)
    return result


def _assign(tables: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    if not equals:
        raise ValueError("expected table.key=value")
    assign(tables, key, value_of(text) if _is_key(key) else None)


def _is_key(key: str) -> bool:
    parts = _parts(key)
    return all(map(_KEY.fullmatch, parts)) and len(parts) <= DEEPEST


def assign(tables: dict[str, Any], key: str, value: Any) -> None:
    """Put a value into tables that belong to the caller alone, where a key says that ``--set`` would take.

    Raises
    ------
    ValueError
        When the key is none, or leads through a value.
    """
    if not _is_key(key):
        raise ValueError("expected table.key=value")
    parts, place = _parts(key), tables
    for part in parts[:-1]:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise ValueError(f"{shown(part)} is a value, not a table")
    place[parts[-1]] = value


def _parts(key: str) -> list[str]:
    """Return the parts of a key; one in quotation marks may hold dots."""
    found = _QUOTED.findall(key)
    if '"' in key and ".".join(found) == key.strip():
        return [part.strip('"') for part in found]
    return [part.strip() for part in key.split(".")]


def given_by(tables: Mapping[str, Any], assignments: Iterable[str]) -> list[str]:
    """Return what assignments give instead of the tables: keys, or the outermost table that is there only for them."""
    found = []
    for assignment in assignments:
        parts = _parts(assignment.partition("=")[0])
        place: Any = tables
        for depth, part in enumerate(parts):
            if not isinstance(place, Mapping) or part not in place:
                parts = parts[: depth + 1]
                break
            place = place[part]
        found.append(".".join(f'"{part}"' if "." in part else part for part in parts))
    return found


def _copy(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copy(v) if isinstance(v, Mapping) else v for k, v in tables.items()}
