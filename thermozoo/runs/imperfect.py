"""The device instead of the ideal computer: what the imperfections of a config make of parameters, updates, readings.

Every imperfection draws from a seed of its own, found from the seed of the run and its name: another imperfection
beside it, or another order, changes none of its random numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.computer.terms.circulating import circulating_force
from thermozoo.config.faults import Faults, inside
from thermozoo.config.imperfections import HOME
from thermozoo.config.plugins import resolved_plugin
from thermozoo.config.schema import Config
from thermozoo.dynamics.counter_random import CounterRandom
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.trajectories import Observer
from thermozoo.errors import ThermozooError
from thermozoo.keys import Key

__all__ = [
    "Imperfect",
    "Reader",
    "checked",
    "heat_counted",
    "imperfect_of",
    "realised",
    "realised_program",
    "seed_of",
    "storing",
]

Array = npt.NDArray[np.floating[Any]]

#: Numbers of the groups of random numbers: realisations, updates, readings, directions of couplings.
_REALISED, _STORED, _READ, _NONRECIPROCAL = range(4)


@attrs.frozen(kw_only=True)
class Imperfect:
    """One imperfection of the device."""

    name: Annotated[str, Key("its name in the config")]
    plugin: Annotated[str, Key("imperfection plugin")]
    settings: Annotated[dict[str, Any], Key("its settings")]
    seed: Annotated[int, Key("seed of all that it draws, from the seed of the run and its name")]
    change: Annotated[
        float | None,
        Key(
            "how much it changed couplings, strengths of further terms, entries of patterns and biases: norm of the "
            "change over their norm before, over all windows and programs; 0 for what changes none, `null` where all "
            "were zero"
        ),
    ]


def seed_of(seed: int, name: str) -> int:
    """Return the seed of an imperfection, from that of the run and its name.

    Examples
    --------
    >>> seed_of(1, "mismatch") == seed_of(1, "mismatch"), seed_of(1, "mismatch") == seed_of(2, "mismatch")
    (True, False)
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:7], "little")


def _random(config: Config, name: str, group: int) -> CounterRandom:
    return CounterRandom(NoiseKey(seed_of(config.seed, name)).named("imperfection"), group)


def _made(config: Config, name: str, computer: Computer) -> Computer:
    """Return what one imperfection makes of a computer."""
    one = config.imperfections[name]
    found = one.realise(computer, _random(config, name, _REALISED))
    made: Computer = one.nonreciprocal(found, _random(config, name, _NONRECIPROCAL))
    return made


def _stages(config: Config, computer: Computer) -> list[Computer]:
    """Return the computer that was asked for, and what it is after each imperfection."""
    found = [computer]
    for name in config.imperfections:
        found.append(_made(config, name, found[-1]))
    return found


def checked(config: Config, computer: Computer, faults: Faults) -> Computer:
    """Return the computer that the device is; where it cannot be had, the same one after adding the fault."""
    for name in config.imperfections:
        try:
            computer = _made(config, name, computer)
        except ThermozooError as error:
            path = inside(HOME, name)
            faults.add(path, str(error), also=[path, "computer"])
    return computer


def realised(config: Config, computer: Computer) -> Computer:
    """Return the computer that the device of a config is; without imperfections the same."""
    return _stages(config, computer)[-1]


def realised_program(config: Config, program: Program) -> Program:
    """Return the program that the device of a config runs: each window is realised with the same random numbers."""
    if not config.imperfections:
        return program
    return attrs.evolve(program, computers=tuple(realised(config, one) for one in program.computers))


def _strengths(computer: Computer, directed: bool) -> Array:
    """Return all strengths; where couplings are directed, half of the sum and of the difference of both directions."""
    further = [term.elements for term in computer.terms.values() if term.conservative]
    if directed:
        force = circulating_force(computer)
        further.append(np.zeros(computer.couplings.size) if force is None else force.vector)
    return np.concatenate([computer.couplings.vector, *further, computer.biases])


def imperfect_of(config: Config, *computers: Computer) -> tuple[Imperfect, ...]:
    """Return the imperfections of a config, and what they changed in computers that were asked for."""
    if not config.imperfections:
        return ()
    directed = heat_counted(config) is not None
    stages = [[_strengths(one, directed) for one in _stages(config, computer)] for computer in computers]
    found = []
    for number, (name, one) in enumerate(config.imperfections.items()):
        before = np.concatenate([stage[number] for stage in stages])
        after = np.concatenate([stage[number + 1] for stage in stages])
        length = float(np.linalg.norm(before))
        change = float(np.linalg.norm(after - before))
        settings = {key: value for key, value in resolved_plugin(one).items() if key != "plugin"}
        found.append(
            Imperfect(
                name=name,
                plugin=one.name,
                settings=settings,
                seed=seed_of(config.seed, name),
                change=change / length if length else None if change else 0.0,
            )
        )
    return tuple(found)


def heat_counted(config: Config) -> str | None:
    """Return how heat is counted where some forces of the device have no energy; None where energies tell it."""
    directed = any("nonreciprocal" in one.acts() for one in config.imperfections.values())
    return "by the path" if directed else None


def storing(config: Config) -> Callable[[Array], Array] | None:
    """Return what the device keeps of parameters that training writes; None where it keeps all of them.

    The random numbers of each imperfection go on from update to update.
    """
    keeping = {name: one for name, one in config.imperfections.items() if "stored" in one.acts()}
    if not keeping:
        return None
    randoms = {name: _random(config, name, _STORED) for name in keeping}

    def keep(values: Array) -> Array:
        for name, one in keeping.items():
            values = one.stored(values, randoms[name])
        return values

    return keep


class Reader:
    """Reads states as the device does; its random numbers go on from reading to reading.

    Parameters
    ----------
    config : Config
        The config.
    part : str
        Which part of the work it reads for, where several do at once: each has random numbers of its own.
    """

    def __init__(self, config: Config, part: str = "") -> None:
        self._reading: Mapping[str, Any] = {
            name: one for name, one in config.imperfections.items() if "read" in one.acts()
        }
        self._randoms = {name: _random(config, f"{name} {part}".strip(), _READ) for name in self._reading}

    @property
    def exact(self) -> bool:
        """Whether what is read of states are the states."""
        return not self._reading

    def __call__(self, states: Array) -> Array:
        """Return what is read of states of shape (..., n); without imperfections of reading the states themselves."""
        for name, one in self._reading.items():
            states = one.read(states, self._randoms[name])
        return states

    def watching(self, observer: Observer) -> Observer:
        """Return an observer of a simulation that sees what is read of states, instead of the states."""
        return _Watching(observer, self) if self._reading else observer


@attrs.frozen
class _Watching:
    """Shows an observer what is read of states; of velocities and other variables nothing is read."""

    observer: Observer
    read: Reader

    def start(self) -> None:
        """Tell the observer that a simulation starts."""
        self.observer.start()

    def observe(self, step: int, x: Array) -> None:
        """Read the states for the observer."""
        self.observer.observe(step, self.read(x))

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return how many bytes the observer will keep."""
        return self.observer.bytes_needed(observations, trajectories, n, itemsize)
