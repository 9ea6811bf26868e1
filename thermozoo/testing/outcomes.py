"""What a check can say: passed, failed, crashed, does not apply, not run, failed as expected."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from thermozoo.testing.measured import Measured

__all__ = [
    "CannotRun",
    "CheckFailed",
    "DoesNotApply",
    "Outcome",
    "Report",
    "Status",
]


class Status(enum.StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    DOES_NOT_APPLY = "does-not-apply"
    NOT_RUN = "not-run"
    EXPECTED_FAILURE = "expected-failure"


class CheckFailed(AssertionError):  # noqa: N818 - an answer, like the other two
    """The claim of a check does not hold.

    Parameters
    ----------
    message : str
        What was found, what was expected.
    counterexample : mapping, optional
        The smallest case that shows it.
    line : str
        Where the fault stands, when it is not in the formula itself.
    measured : Measured, optional
        The comparison that decided.
    """

    def __init__(
        self,
        message: str,
        counterexample: Mapping[str, Any] | None = None,
        line: str = "",
        measured: Measured | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.counterexample = dict(counterexample or {})
        self.line = line
        self.measured = measured


class DoesNotApply(Exception):  # noqa: N818 - an answer, not an error
    """The claim makes no sense for this plugin; the message says why."""


class CannotRun(Exception):  # noqa: N818 - an answer, not an error
    """Something that the check needs is not here; the message says what."""


@attrs.frozen
class Outcome:
    """The result of one check on one plugin.

    Parameters
    ----------
    check, claim, level : str
        Which check, what it claims, ``"quick"`` or ``"full"``.
    status : Status
        What became of it.
    figure : str
        The comparison that decided, in one phrase.
    value, expected : float or str or None
        What was found, and what the claim says.
    tolerance : float or None
        How far the value may lie from its expectation.
    notes : tuple of str
        What does not speak against the plugin, and its user has to know.
    grade : float or None
        Accuracy of a derivative: log10 of relative error over machine epsilon.
    reason : str
        Why it failed, crashed, does not apply or was not run.
    counterexample : dict
        The smallest case that shows a failure.
    line : str
        ``file, line n: source`` of the formula, for a failure.
    details : str
        Traceback of a crash.
    seconds : float
        Time taken.
    """

    check: str
    claim: str
    level: str
    status: Status
    figure: str = ""
    value: float | str | None = None
    expected: float | str | None = None
    tolerance: float | None = None
    notes: tuple[str, ...] = ()
    grade: float | None = None
    reason: str = ""
    counterexample: dict[str, Any] = attrs.field(factory=dict)
    line: str = ""
    details: str = ""
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the plugin: passed, does not apply, or failed as expected."""
        return self.status in (Status.PASSED, Status.DOES_NOT_APPLY, Status.EXPECTED_FAILURE)

    def as_json(self) -> dict[str, Any]:
        """Return it with plain values."""
        result = attrs.asdict(self)
        result["status"] = str(self.status)
        result |= {k: _plain(getattr(self, k)) for k in ("value", "expected", "tolerance", "notes")}
        result["counterexample"] = {k: _plain(v) for k, v in self.counterexample.items()}
        return result


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no infinity
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if hasattr(value, "tolist"):  # a NumPy number or array
        return value.tolist()
    return str(value)


@attrs.frozen
class Report:
    """All outcomes of one run of the suite on one plugin.

    Parameters
    ----------
    kind, name : str
        The plugin.
    profile : str
        ``"quick"`` or ``"full"``.
    seed : int
        Of everything random.
    engines : tuple of str
        Engines that checks of dynamics ran on.
    outcomes : tuple of Outcome
        In the order of the checks.
    """

    kind: str
    name: str
    profile: str
    seed: int
    engines: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    def with_status(self, *statuses: Status) -> tuple[Outcome, ...]:
        """Return the outcomes that have one of the statuses."""
        return tuple(o for o in self.outcomes if o.status in statuses)

    @property
    def holds(self) -> bool:
        """Whether every check of the profile holds; one that could not be run counts against it."""
        return all(o.holds for o in self.outcomes if not skipped_by_profile(o))

    @property
    def seconds(self) -> float:
        """Time taken by all checks."""
        return sum(o.seconds for o in self.outcomes)

    @property
    def grade(self) -> float | None:
        """The worst grade of a derivative, None where no derivative was graded."""
        grades = [o.grade for o in self.outcomes if o.grade is not None]
        return max(grades) if grades else None

    def as_json(self) -> dict[str, Any]:
        """Return it with plain values, as ``thermozoo verify --json`` prints it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "profile": self.profile,
            "seed": self.seed,
            "engines": list(self.engines),
            "holds": self.holds,
            "grade": self.grade,
            "seconds": self.seconds,
            "checks": [o.as_json() for o in self.outcomes],
        }


#: Reason of a check that the profile leaves out.
ONLY_FULL = "runs in the full profile only"


def skipped_by_profile(outcome: Outcome) -> bool:
    """Whether a check was left out on purpose, because the profile is quick."""
    return outcome.status is Status.NOT_RUN and outcome.reason == ONLY_FULL
