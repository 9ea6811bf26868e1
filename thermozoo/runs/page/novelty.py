"""Whether outputs are copies of what was learned: their resemblance to it beside that of copies and of real images."""

from __future__ import annotations

from typing import Literal

import attrs

from thermozoo.quality import Quality

__all__ = ["Novelty"]

#: Distance of copies from real images below which the measure tells nothing.
_TOLD_APART = 0.05

#: Parts of the way from real images to copies at which outputs are neither or copies.
_SOMEWHAT, _COPIES = 0.1, 0.5


@attrs.frozen
class Novelty:
    """How much outputs resemble learned images, in mean largest correlations.

    Parameters
    ----------
    outputs, real, learned : float
        Of outputs, of real images that nothing was trained on, of learned images themselves in the same noise.
    """

    outputs: float
    real: float
    learned: float

    @classmethod
    def of(cls, quality: Quality | None) -> Novelty | None:
        """Return it, None where one of the three was not measured."""
        rows = [quality.row(name) if quality else None for name in ("outputs", "real held-out", "learned images")]
        found = [row.nearest for row in rows if row is not None and row.nearest is not None]
        return cls(*found) if len(found) == len(rows) else None

    @property
    def verdict(self) -> Literal["unknown", "copies", "somewhat", "new", "unlike"]:
        """What that says.

        Unlike where outputs resemble what was learned much less than real images do. Else nothing where real images
        resemble it nearly as much as copies do, copies from half of the way between the two on, and new where outputs
        are as close as real images.
        """
        apart, closer = self.learned - self.real, self.outputs - self.real
        if closer < -max(_COPIES * apart, _TOLD_APART):
            return "unlike"
        if not apart > _TOLD_APART:
            return "unknown"
        if closer >= _COPIES * apart:
            return "copies"
        return "somewhat" if closer > _SOMEWHAT * apart else "new"
