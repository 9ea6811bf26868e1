"""Settings of the task `classify`."""

from __future__ import annotations

from typing import Any

from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import between

__all__ = ["between", "path_of_teacher"]


def path_of_teacher(value: Any) -> str:
    """Return the path of a teacher."""
    if not isinstance(value, str):
        raise ParameterError(f"teacher must be the path of an .npz file, got {value!r}")
    return value
