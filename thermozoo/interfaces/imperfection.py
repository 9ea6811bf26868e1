"""The interface of an imperfection: what a device does to what it was asked to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.errors import PluginClassError
from thermozoo.interfaces.encoding import Random
from thermozoo.interfaces.integrator import Integrator
from thermozoo.interfaces.plugin import Plugin
from thermozoo.interfaces.protocol import Protocol

__all__ = ["Imperfection"]

Array = npt.NDArray[np.floating[Any]]

#: The methods of which an author writes at least one.
_WRITTEN = ("realise", "nonreciprocal", "stored", "moved", "driven", "read")


class Imperfection(Plugin, kind="imperfection", formula=_WRITTEN):
    """What a device does to what it was asked to be: to parameters, updates, motion, or what is read.

    The author writes at least one of `realise`, `nonreciprocal`, `stored`, `moved`, `driven` and `read`; the others
    leave everything as it is. Several imperfections act one after the other, in the order of the config.
    """

    __slots__ = ()

    def terms(self) -> tuple[str, ...]:
        """Return the terms of the energy whose strengths it changes alone; none, the default: it may be any.

        A config whose computer has no such term, or none with strengths, is refused.
        """
        return ()

    def groups(self) -> tuple[str, ...]:
        """Return the groups of units that it names; a config without one of them is refused. The default: none."""
        return ()

    def realise(self, computer: Any, random: Random) -> Any:
        """Return the computer that the device is, of the one that it was asked to be.

        It is called for each computer of a program, with the same random numbers: they are one device.

        Parameters
        ----------
        computer : Computer
            As it was asked for.
        random : Random
            Where all randomness comes from.
        """
        return computer

    def nonreciprocal(self, computer: Any, random: Random) -> Any:
        """Return the computer that the device is, where units act on each other by forces that no energy has.

        It is called like `realise`, after it. What it returns is of `thermozoo.with_directed_strengths`: couplings
        whose two directions differ. Their heat is counted by the path, which a task must do: one that does not refuses
        such a device.

        Parameters
        ----------
        computer : Computer
            As it was asked for.
        random : Random
            Where all randomness comes from.
        """
        return computer

    def stored(self, values: Array, random: Random) -> Array:
        """Return what the device keeps of values that an update of training writes, same shape [energy].

        Parameters
        ----------
        values : ndarray, shape (P,)
            Trainable parameters: couplings, strengths of further terms, trainable biases [energy].
        random : Random
            Where all randomness comes from; it goes on from update to update.
        """
        return values

    def moved(self, integrator: Integrator) -> Integrator:
        """Return by which steps the device moves instead of those of an integrator.

        Raises
        ------
        thermozoo.errors.ParameterError
            When it cannot be had with this integrator.
        """
        return integrator

    def driven(self) -> Mapping[str, Protocol]:
        """Return what changes in time although nothing drives it: the protocol of each target of a schedule."""
        return {}

    def read(self, states: Array, random: Random) -> Array:
        """Return what is read of states, same shape.

        Parameters
        ----------
        states : ndarray, shape (..., n)
            States of all units.
        random : Random
            Where all randomness comes from; it goes on from reading to reading.
        """
        return states

    @classmethod
    def acts(cls) -> tuple[str, ...]:
        """Return the names of the methods that its author has written."""
        return tuple(name for name in _WRITTEN if getattr(cls, name) is not getattr(Imperfection, name))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse an imperfection that does nothing."""
        super().__init_subclass__(**kwargs)
        if not cls.acts():
            raise PluginClassError(f"{cls.__qualname__} defines none of {', '.join(_WRITTEN)}: write at least one.")
