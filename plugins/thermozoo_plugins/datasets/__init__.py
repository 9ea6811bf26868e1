"""First-party data sets."""

from __future__ import annotations

from thermozoo import Dataset, hookimpl
from thermozoo_plugins.datasets.digits import Digits
from thermozoo_plugins.datasets.emnist import Emnist
from thermozoo_plugins.datasets.idx import Idx
from thermozoo_plugins.datasets.mnist import Mnist

__all__ = ["Digits", "Emnist", "Idx", "Mnist"]


@hookimpl
def thermozoo_datasets() -> list[type[Dataset]]:
    """Return the first-party data sets."""
    return [Digits, Mnist, Emnist, Idx]
