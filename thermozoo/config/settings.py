"""The declaration of one key of a config."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["Setting", "setting", "settings_of"]

_KEY = "thermozoo.setting"


@attrs.frozen
class Setting:
    """The declaration of one key.

    Parameters
    ----------
    name : str
        Key.
    type : Any
        Python type that a value is structured to.
    default : Any
        Default value; None means that the key may be absent.
    doc : str
        One sentence.
    above, at_least : float or None
        Lower bounds.
    choices : tuple of str
        Valid values, if they can be listed.
    """

    name: str
    type: Any
    default: Any
    doc: str
    above: float | None = None
    at_least: float | None = None
    choices: tuple[str, ...] = ()


def setting(
    type: Any,
    default: Any,
    doc: str,
    *,
    above: float | None = None,
    at_least: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare one key of a table."""
    raw = {"type": type, "doc": doc, "above": above, "at_least": at_least, "choices": choices}
    factory = attrs.Factory(default) if callable(default) else default
    return attrs.field(default=factory, metadata={_KEY: raw})


def settings_of(table: type[Any]) -> dict[str, Setting]:
    """Return the declared keys of a table class, in order."""
    found = {}
    for field in attrs.fields(table):
        if _KEY in field.metadata:
            default = field.default.factory() if isinstance(field.default, attrs.Factory) else field.default  # type: ignore[arg-type]
            found[field.name] = Setting(name=field.name, default=default, **field.metadata[_KEY])
    return found
