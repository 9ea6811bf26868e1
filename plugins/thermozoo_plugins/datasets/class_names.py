"""Names of classes from a mapping file as EMNIST has it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from thermozoo import read_file
from thermozoo.errors import DataError

__all__ = ["read_mapping"]

#: Bytes above which a file is taken for something else: a thousand classes take ten thousand.
_LARGEST = 2**24

_LINE = re.compile(r"(\d{1,9})((?:\s+\d{1,7})+)", re.ASCII)


def read_mapping(who: str, file: Path) -> dict[int, str]:
    """Return the name of each label, from lines ``label codepoint``; two code points make ``A/a``.

    Raises
    ------
    DataError
        When the file cannot be read or a line is none of a mapping.
    """
    try:
        lines = read_file(file, "the mapping", "lines 'label codepoint'", _LARGEST).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{who}: cannot read the mapping {file}: {error}") from error
    except DataError as error:
        raise DataError(f"{who}: {error}") from error
    names: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.strip())
        codes = [int(code) for code in found[2].split()] if found else []
        if not found or not all(_printable(code) for code in codes):
            raise DataError(
                f"{who}: {file}, line {number}: expected a label and the code points of its characters, as '1 65 97', "
                f"got {line[:40]!r}"
            )
        label = int(found[1])
        if label in names:
            raise DataError(f"{who}: {file}, line {number}: the label {label} has a name already, {names[label]!r}")
        names[label] = "/".join(map(chr, codes))
    if not names:
        raise DataError(f"{who}: the mapping {file} is empty: expected lines 'label codepoint'")
    return names


def _printable(code: int) -> bool:
    """Whether a code point is a character that can be shown."""
    return code <= 0x10FFFF and unicodedata.category(chr(code))[0] not in "CZ"
