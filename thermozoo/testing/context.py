"""What a check receives: plugin, profile, seeds, engines, catalogue."""

from __future__ import annotations

import functools
import zlib
from typing import Any

import attrs
import numpy as np

from thermozoo.dynamics.engines import Engine, engine_named, why_not
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.registry.catalogue import Catalogue
from thermozoo.testing.lines import formula_line

__all__ = ["Context", "available_engines"]


def available_engines() -> tuple[Engine, ...]:
    """Return what formulas are checked on: of the engines that come with thermozoo, those of this machine's processors.

    Engines themselves are held against the reference one by one.
    """
    return tuple(engine_named(name) for name in ("compiled", "reference") if why_not(name) is None)


@attrs.frozen(eq=False, slots=False)
class Context:
    """Everything that a check may use.

    Parameters
    ----------
    plugin : Plugin
        The instance under test, with its default parameters or those that the user set.
    profile : str
        ``"quick"`` or ``"full"``.
    seed : int
        Of everything random; each check derives its own from it and its name.
    engines : tuple of Engine
        What checks of dynamics run on.
    catalogue : Catalogue or None
        Installed plugins (None: load them when asked for).
    """

    plugin: Any
    profile: str = "quick"
    seed: int = 0
    engines: tuple[Engine, ...] = attrs.field(factory=available_engines)
    catalogue: Catalogue | None = None

    @property
    def full(self) -> bool:
        """Whether the profile is full."""
        return self.profile == "full"

    @property
    def cls(self) -> Any:
        """Class of the plugin."""
        return type(self.plugin)

    @property
    def title(self) -> str:
        """Name of the class."""
        return str(self.cls.__name__)

    @functools.cached_property
    def line(self) -> str:
        """``file, line n: source`` of the plugin's formula."""
        return formula_line(self.plugin)

    def plugins(self) -> Catalogue:
        """Return the installed plugins."""
        from thermozoo.registry.catalogue import catalogue

        return self.catalogue if self.catalogue is not None else catalogue()

    def integer(self, purpose: str) -> int:
        """Return a seed for one purpose: other purposes and other seeds give other numbers."""
        return zlib.crc32(f"{self.seed} {purpose}".encode())

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a generator for one purpose."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])

    def key(self, purpose: str) -> NoiseKey:
        """Return a noise key for one purpose."""
        return NoiseKey(self.integer(purpose))
