"""Files of the user's that a plugin reads, and what it says where there are none."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from thermozoo.errors import DataError
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply

__all__ = ["refuses_missing_files"]

#: What settings are called that name a file or a folder.
_NAMES = ("path", "folder", "file", "directory", "root")


def refuses_missing_files(context: Context, use: Callable[[Any], Any], formula: str) -> Measured:
    """Point every setting called path, folder or file at an empty folder, and read.

    Parameters
    ----------
    context : Context
        Of the check.
    use : callable
        Called with a plugin: reads what it reads.
    formula : str
        What it calls, for messages.

    Raises
    ------
    CheckFailed
        When that is no DataError that names the file or folder.
    """
    names = [f.name for f in attrs.fields(context.cls) if f.init and f.name in _NAMES]
    if not names:
        raise DoesNotApply("it reads no folder of the user's")
    with tempfile.TemporaryDirectory() as empty:
        for place in (empty, str(Path(empty) / "nowhere")):
            plugin = attrs.evolve(context.plugin, **dict.fromkeys(names, place))
            try:
                use(plugin)
            except DataError as error:
                if place not in str(error):
                    raise CheckFailed(f"the error for missing data does not name the folder: {error}") from error
            except Exception as error:
                raise CheckFailed(
                    f"missing data raise {type(error).__name__}: {error}; expected thermozoo.errors.DataError "
                    "that names the folder"
                ) from error
            else:
                raise CheckFailed(f"{formula}() returns data although {names[0]} = {Path(place).name!r} holds none")
    return Measured("error", "DataError", "DataError", 0)
