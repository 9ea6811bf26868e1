"""Hamiltonians of logic gates whose states of least energy are the rows of a truth table."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["GATES", "Gate", "matches"]

Array = npt.NDArray[np.floating[Any]]


@attrs.frozen(eq=False)
class Gate:
    r"""A gate of p-bits, with the energy of the papers.

    .. math:: E(m) = -\sum_{i<j} J_{ij} m_i m_j - \sum_i h_i m_i, \qquad m_i = 2 b_i - 1

    with b the bits, 0 or 1. Couplings and biases of the house are J and h with the other sign.

    Parameters
    ----------
    name : str
        What a config calls it.
    inputs, outputs : tuple of str
        The names of its bits, inputs first.
    function : callable
        Returns the output bits of input bits.
    strengths : tuple of tuple of int
        J, symmetric.
    fields : tuple of int
        h.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    function: Callable[..., tuple[int, ...]]
    strengths: tuple[tuple[int, ...], ...]
    fields: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all bits, in order."""
        return self.inputs + self.outputs

    @property
    def n(self) -> int:
        """Number of bits."""
        return len(self.names)

    @property
    def states(self) -> tuple[str, ...]:
        """All states, as bits in the order of the names, from zeros on."""
        return tuple("".join(bits) for bits in itertools.product("01", repeat=self.n))

    def satisfied(self, state: str) -> bool:
        """Return whether a state is a row of the truth table, by logic alone."""
        bits = [int(bit) for bit in state]
        cut = len(self.inputs)
        return tuple(bits[cut:]) == tuple(self.function(*bits[:cut]))

    def forwards(self) -> tuple[str, ...]:
        """Return the patterns that clamp the inputs."""
        return tuple("".join(b) + "." * len(self.outputs) for b in itertools.product("01", repeat=len(self.inputs)))

    def backwards(self) -> tuple[str, ...]:
        """Return the patterns that clamp the outputs to what the gate can have."""
        found = {state[len(self.inputs) :] for state in self.states if self.satisfied(state)}
        return tuple("." * len(self.inputs) + bits for bits in sorted(found))

    def boltzmann(self, temperature: float, pattern: str) -> Array:
        """Return the probabilities of all states where bits are clamped, by enumeration.

        Parameters
        ----------
        temperature : float
            kT [energy].
        pattern : str
            A character a bit: 0, 1, or a point where it is free.
        """
        m = 2.0 * np.array([[int(bit) for bit in state] for state in self.states]) - 1
        energy = -np.einsum("si,ij,sj->s", m, np.array(self.strengths), m) / 2 - m @ np.array(self.fields)
        energy[~np.array([matches(state, pattern) for state in self.states])] = np.inf
        weight = np.exp(-(energy - energy.min()) / temperature)
        found: Array = weight / weight.sum()
        return found


def matches(state: str, pattern: str) -> bool:
    """Return whether a state has the bits that a pattern clamps."""
    return all(wanted in (".", bit) for bit, wanted in zip(state, pattern, strict=True))


def _of_two(name: str, function: Callable[[int, int], int], *, inputs: int, output: int) -> Gate:
    """Return a gate of two inputs: that of AND, where inputs, the output or both are inverted (a sign of -1).

    Inverting a bit changes the sign of its row of J and of its h.
    """
    a, c = inputs, output
    strengths = ((0, -1, 2 * a * c), (-1, 0, 2 * a * c), (2 * a * c, 2 * a * c, 0))
    return Gate(name, ("A", "B"), ("C",), lambda p, q: (function(p, q),), strengths, (a, a, -2 * c))


_FULL_ADDER = (
    (0, -1, -1, 1, 2),
    (-1, 0, -1, 1, 2),
    (-1, -1, 0, 1, 2),
    (1, 1, 1, 0, -2),
    (2, 2, 2, -2, 0),
)

#: By name. AND has J = [[0, -1, 2], [-1, 0, 2], [2, 2, 0]] and h = [1, 1, -2] (Camsari et al. 2017); NAND inverts its
#: output, OR inputs and output (De Morgan). The full adder is the square (A + B + Cin - S - 2 Cout)^2 / 2 of the sum
#: that it does, in states -1 and 1, less a constant.
GATES = MappingProxyType(
    {
        gate.name: gate
        for gate in (
            _of_two("and", lambda p, q: p & q, inputs=1, output=1),
            _of_two("or", lambda p, q: p | q, inputs=-1, output=-1),
            _of_two("nand", lambda p, q: 1 - (p & q), inputs=1, output=-1),
            Gate(
                "full-adder",
                ("A", "B", "Cin"),
                ("S", "Cout"),
                lambda a, b, c: ((a + b + c) % 2, (a + b + c) // 2),
                _FULL_ADDER,
                (0, 0, 0, 0, 0),
            ),
        )
    }
)
