"""First-party interactions."""

from __future__ import annotations

from thermozoo import Interaction, hookimpl
from thermozoo_plugins.interactions.bilinear import Bilinear
from thermozoo_plugins.interactions.cosine import Cosine
from thermozoo_plugins.interactions.difference import Difference
from thermozoo_plugins.interactions.three_body import ThreeBody

__all__ = ["Bilinear", "Cosine", "Difference", "ThreeBody"]


@hookimpl
def thermozoo_interactions() -> list[type[Interaction]]:
    """Return the first-party interactions."""
    return [Bilinear, Difference, Cosine, ThreeBody]
