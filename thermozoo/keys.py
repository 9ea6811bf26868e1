"""What a number of the report means, declared beside its type."""

from __future__ import annotations

import attrs

__all__ = ["Key"]


@attrs.frozen
class Key:
    """What a key of the report means.

    Parameters
    ----------
    meaning : str
        A sentence for the reference (MyST).
    unit : str
        Unit, empty for a number without one.
    optional : bool
        Whether the key is absent, rather than null, where there is nothing to say.
    clocked : bool
        Whether it is by a clock, so that the same seed need not give it again.
    """

    meaning: str
    unit: str = ""
    optional: bool = False
    clocked: bool = False
