"""What a check has measured: value, expectation, tolerance. One form for every check, passed or failed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from thermozoo.testing.outcomes import CheckFailed

__all__ = ["Measured", "apart", "worst"]

#: A number, or a word that is compared for equality.
Value = float | str | None

#: Digits that are shown of a number, where that is enough to tell it from its expectation.
_DIGITS = 4


@attrs.frozen
class Measured:
    """One comparison of a check, which holds where the value lies within the tolerance of its expectation.

    Parameters
    ----------
    what : str
        What was measured.
    value, expected : float or str or None
        What was found, and what the claim says.
    tolerance : float or None
        How far the value may lie from its expectation.
    sense : str
        ``"at least"`` or ``"at most"`` where only one side counts.
    detail : str
        What the comparison rests on: samples, engines, draws.
    notes : tuple of str
        What does not speak against the plugin, and its user has to know.
    grade : float or None
        log10 of the relative error over machine epsilon, of a derivative.

    Examples
    --------
    >>> from thermozoo.testing import Measured
    >>> Measured("order", 0.96, 1.0, 0.25, sense="at least").figure
    'order 0.96, expected at least 1, tolerance 0.25'
    """

    what: str = ""
    value: Value = None
    expected: Value = None
    tolerance: float | None = None
    sense: str = ""
    detail: str = ""
    notes: tuple[str, ...] = ()
    grade: float | None = None

    @property
    def excess(self) -> float:
        """How far the value lies from its expectation, in the sense that counts; infinite for another word."""
        if isinstance(self.value, str) or isinstance(self.expected, str) or self.value is None or self.expected is None:
            return 0.0 if self.value == self.expected else math.inf
        difference = float(self.value) - float(self.expected)
        if math.isnan(difference):
            return math.inf
        if self.sense == "at least":
            return max(-difference, 0.0)
        return max(difference, 0.0) if self.sense == "at most" else abs(difference)

    @property
    def holds(self) -> bool:
        """Whether the value lies within the tolerance of its expectation."""
        return self.excess <= (self.tolerance or 0.0)

    @property
    def share(self) -> float:
        """The part of the tolerance that is used up."""
        return self.excess / self.tolerance if self.tolerance else self.excess

    @property
    def figure(self) -> str:
        """Value, expectation and tolerance in one phrase."""
        if self.value is None:
            return self.what
        value, expected = apart(self.value, self.expected)
        sense = f"{self.sense} " if self.sense else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.what} {value}, expected {sense}{expected}, tolerance {_written(self.tolerance or 0.0)}{detail}"

    def require(self, message: str = "", counterexample: Mapping[str, Any] | None = None, line: str = "") -> Measured:
        """Return it if it holds.

        Raises
        ------
        CheckFailed
            With the message (default: the figure), where it does not.
        """
        if not self.holds:
            raise CheckFailed(message or self.figure, counterexample, line, measured=self)
        return self


def _written(value: Any, digits: int = _DIGITS) -> str:
    if isinstance(value, bool | str) or value is None:
        return str(value)
    return f"{float(value):.{digits}g}"


def apart(left: Any, right: Any, digits: int = _DIGITS) -> tuple[str, str]:
    """Return two numbers with as many digits as show their difference.

    Examples
    --------
    >>> apart(1.5625, 1.5625000001)
    ('1.5625', '1.5625000001')
    """
    if any(isinstance(v, str) or v is None for v in (left, right)) or not math.isfinite(left - right):
        return _written(left, digits), _written(right, digits)
    difference = float(left) - float(right)
    for count in range(digits, 18):
        written = _written(left, count), _written(right, count)
        if abs(float(written[0]) - float(written[1]) - difference) <= 0.1 * abs(difference):
            break
    return written


def worst(measured: Iterable[Measured]) -> Measured:
    """Return the comparison that comes closest to its tolerance, and how many there were."""
    every = list(measured)
    if not every:
        return Measured("comparisons that fail", 0, 0, 0, detail="there is no engine to compare on")
    chosen = max(every, key=lambda one: one.share)
    if len(every) == 1:
        return chosen
    notes = tuple(dict.fromkeys(note for one in every for note in one.notes))
    detail = f"{chosen.detail}; " if chosen.detail else ""
    return attrs.evolve(chosen, detail=f"{detail}closest to its limit of {len(every)} comparisons", notes=notes)
