"""A program: a computer whose parameters change in time, window by window."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, finite_array, instance, told
from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import DenseCouplings
from thermozoo.computer.layout import Layout
from thermozoo.computer.settings import plugin_settings
from thermozoo.errors import ArgumentError, ParameterError, ShapeError

__all__ = ["Program", "check_together", "programs_digest"]

#: How far from one the sum of shares may be: what adding them leaves.
_ROUNDING = 1e-9


def _computers(value: Any) -> tuple[Computer, ...]:
    given = (value,) if isinstance(value, Computer) else value
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes)):
        raise ArgumentError(f"computers must be the computers of the windows, in order, got {told(value)}")
    found = tuple(instance("computer of a window", one, Computer, "assemble one") for one in given)
    if not found:
        raise ShapeError("a program needs at least one window, got none")
    return found


def _even(program: Any) -> npt.NDArray[np.float64]:
    """Return equal shares of the time."""
    windows = len(program.computers)
    return np.full(windows, 1.0 / windows)


@attrs.frozen(eq=False, repr=False)
class Program:
    """Computers that act one after the other, each for a window of the time; a single one is a program as well.

    They are one machine: groups, coupled pairs, potentials, temperature and mobility are the same, and what changes are
    the strengths of couplings, biases and the values of on-site parameters.

    Parameters
    ----------
    computers : sequence of Computer, or Computer
        In the order of generation, which is forward in time.
    shares : array_like, shape (windows,), optional
        The fraction of the duration that each window takes (default: equal ones).

    Raises
    ------
    ArgumentError, ShapeError
        When there is no computer, or something else.
    ParameterError
        When the computers are not one machine, or the shares are not positive numbers that sum to one.

    Examples
    --------
    >>> import numpy as np, thermozoo as tz
    >>> early = tz.assemble({"unit": 2}, tz.get("quartic"), tz.get("dense")).with_couplings({(0, 1): 0.1})
    >>> late = early.with_couplings({(0, 1): 0.8})
    >>> program = tz.Program([early, late], shares=[0.75, 0.25])
    >>> program.edges(100)
    array([  0,  75, 100])
    >>> program.at(80, 100) is late
    True
    """

    computers: tuple[Computer, ...] = attrs.field(converter=_computers)
    shares: npt.NDArray[np.float64] = checked(finite_array, ("windows",), default=attrs.Factory(_even, takes_self=True))

    def __attrs_post_init__(self) -> None:
        windows = len(self.computers)
        if len(self.shares) != windows:
            raise ShapeError(f"shares must be one number for each of {windows} windows, got {len(self.shares)}")
        if (self.shares <= 0).any() or abs(self.shares.sum() - 1.0) > _ROUNDING:
            raise ParameterError(
                "shares must be positive and sum to one, such as [0.5, 0.25, 0.25], got "
                f"{', '.join(f'{share:g}' for share in self.shares[:8])}{', ...' if windows > 8 else ''}"
            )
        for number, one in enumerate(self.computers[1:], start=2):
            different = _difference(self.computers[0], one)
            if different:
                raise ParameterError(
                    f"the computers of a program are one machine whose parameters change, but window {number} has "
                    f"{different} than the first: make it with with_parameters or with_couplings"
                )

    @classmethod
    def of(cls, given: Computer | Program) -> Program:
        """Return a program as it is, and a computer as the program of one window."""
        return given if isinstance(given, Program) else cls(given)

    @property
    def windows(self) -> int:
        """Number of windows."""
        return len(self.computers)

    @property
    def n(self) -> int:
        """Number of units."""
        return self.computers[0].n

    @property
    def layout(self) -> Layout:
        """Groups of units."""
        return self.computers[0].layout

    @property
    def term_names(self) -> tuple[str, ...]:
        """The terms of the energy, in the order of every ledger."""
        return self.computers[0].term_names

    @property
    def temperature(self) -> float:
        """The temperature kT [energy]."""
        return self.computers[0].temperature

    @property
    def mobility(self) -> float:
        """The mobility mu [1 / (energy time)]."""
        return self.computers[0].mobility

    def bare(self) -> Computer:
        """Return the first computer without couplings and biases."""
        return self.computers[0].bare()

    def edges(self, steps: int) -> npt.NDArray[np.int64]:
        """Return the steps at which windows begin, and the end, shape (windows + 1,).

        Noising runs backwards through them: its edges are ``steps - edges(steps)[::-1]``, the nearest whole numbers.

        Raises
        ------
        ParameterError
            When a window would have no step.
        """
        # counted from the end, which is where noising begins
        if np.ptp(self.shares) == 0:
            ends = np.linspace(0, steps, self.windows + 1)
        else:
            ends = steps * np.concatenate([[0.0], np.cumsum(self.shares[:0:-1]), [1.0]])
        edges = steps - ends[::-1].round().astype(np.int64)
        if self.windows > 1 and (np.diff(edges) < 1).any():
            short = int(np.argmin(np.diff(edges)))
            raise ParameterError(
                f"a program of {self.windows} windows needs at least one step in each, but of {steps} steps window "
                f"{short + 1} has none: give Dynamics the steps of the whole, steps=..., or take fewer windows"
            )
        return edges

    def at(self, step: int, steps: int) -> Computer:
        """Return the computer that acts in a step of `steps` in all; the last one also at the end."""
        if self.windows == 1:
            return self.computers[0]
        window = int(np.searchsorted(self.edges(steps), step, side="right")) - 1
        return self.computers[min(max(window, 0), self.windows - 1)]

    def pieces(self, first: int, stop: int, steps: int) -> list[tuple[int, int, Computer]]:
        """Return (first step, end, computer) of every window, or part of one, in the steps from `first` to `stop`.

        Raises
        ------
        ParameterError
            When the program ends before `stop`; a single computer goes on for ever.
        """
        if self.windows == 1:
            return [(first, stop, self.computers[0])] if stop > first else []
        parts = zip(itertools.pairwise(self._edges_to(stop, steps)), self.computers, strict=True)
        cut = ((max(first, a), min(stop, b), computer) for (a, b), computer in parts)
        return [(a, b, computer) for a, b, computer in cut if a < b]

    def switches(self, first: int, stop: int, steps: int) -> dict[int, tuple[Computer, Computer]]:
        """Return, by step, the computers that end and begin in the steps after `first` up to and with `stop`.

        A switch belongs to the step before it, so that each is in one part of a simulation that is done in parts.

        Raises
        ------
        ParameterError
            When the program ends before `stop`.
        """
        if self.windows == 1:
            return {}
        inner = self._edges_to(stop, steps)[1:-1]
        both = zip(inner, itertools.pairwise(self.computers), strict=True)
        return {step: pair for step, pair in both if first < step <= stop}

    def _edges_to(self, stop: int, steps: int) -> list[int]:
        if stop > steps:
            raise ParameterError(
                f"the program of {self.windows} windows ends with step {steps}, got {stop}: simulate fewer steps, or "
                "give Dynamics the steps of the whole"
            )
        found: list[int] = self.edges(steps).tolist()
        return found

    def digest(self) -> str:
        """Return a SHA-256 over the digests of the computers and their shares; of a single one, its own digest."""
        digests = [one.digest() for one in self.computers]
        if self.windows == 1:
            return digests[0]
        return hashlib.sha256("".join(digests).encode() + self.shares.astype("<f8").tobytes()).hexdigest()

    def __repr__(self) -> str:
        if self.windows == 1:
            return f"Program of one window: {self.computers[0]!r}"
        even = "equal windows" if np.ptp(self.shares) == 0 else "windows"
        return f"Program of {self.windows} {even}: {self.computers[0]!r}"

    def _repr_html_(self) -> str:
        """Show the windows in a notebook."""
        import html

        rows = "".join(
            f"<tr><td>{number}</td><td>{share:.3g}</td><td>{one.couplings.norm():.4g}</td>"
            f"<td>{np.linalg.norm(one.biases):.4g}</td></tr>"
            for number, (share, one) in enumerate(zip(self.shares, self.computers, strict=True), start=1)
        )
        head = "<tr><th>window</th><th>share of time</th><th>norm of J [E₀]</th><th>norm of b [E₀]</th></tr>"
        return f"<div>{html.escape(repr(self))}<table>{head}{rows}</table></div>"


def check_together(programs: Mapping[int, Program]) -> None:
    """Refuse programs for each condition that are not programs of one machine, in as many windows.

    Raises
    ------
    ShapeError
        When there is none.
    ParameterError
        When two differ in more than parameters and shares.
    """
    if not programs:
        raise ShapeError("programs for each condition: expected at least one, got none")
    (name, first), *others = programs.items()
    for condition, one in others:
        different = _difference(first.computers[0], one.computers[0])
        if one.windows != first.windows:
            different = f"{one.windows} windows instead of {first.windows}"
        if different:
            raise ParameterError(
                f"programs for each condition are of one machine whose parameters they choose, but that of condition "
                f"{condition} has {different}, compared with that of condition {name}"
            )


def programs_digest(programs: Mapping[int, Program]) -> str:
    """Return a SHA-256 over the conditions and the digests of their programs."""
    text = "".join(f"{condition} {one.digest()} " for condition, one in programs.items())
    return hashlib.sha256(text.encode()).hexdigest()


def _difference(one: Computer, other: Computer) -> str:
    """Return what makes two computers different machines, empty where only parameters differ."""
    if one.layout != other.layout or one.layout.groups != other.layout.groups:
        return "other units"
    if (one.temperature, one.mobility) != (other.temperature, other.mobility):
        return "another temperature or mobility"
    if not np.array_equal(one.trainable_biases, other.trainable_biases):
        return "other trainable biases"
    if not _same_pairs(one, other):
        return "other coupled pairs"
    if list(one.terms) != list(other.terms):
        return "other terms of the energy"
    for name, term in one.terms.items():
        if type(term) is not type(other.terms[name]) or term.identity() != other.terms[name].identity():
            return f"another term {name!r}"
    for group in one.layout.groups:
        a, b = one.onsite.sites[group], other.onsite.sites[group]
        same = a.potential.name == b.potential.name and plugin_settings(a.potential) == plugin_settings(b.potential)
        if not same:
            return f"another potential of group {group!r}"
        if {name: np.shape(v) for name, v in a.values.items()} != {name: np.shape(v) for name, v in b.values.items()}:
            return f"values for each unit of group {group!r} where there is one for all, or other ones,"
    return ""


def _same_pairs(one: Computer, other: Computer) -> bool:
    a, b = one.couplings, other.couplings
    if type(a) is not type(b):
        return False
    if isinstance(a, DenseCouplings) and isinstance(b, DenseCouplings):
        return a.pairs == b.pairs
    if a.interaction is not None:
        return a.identity() == b.identity()
    return a.edges is b.edges or np.array_equal(a.edges, b.edges)
