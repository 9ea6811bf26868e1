"""Searching for the smallest counterexample."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from thermozoo.testing.outcomes import CheckFailed

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["for_all"]

T = TypeVar("T")


def for_all(strategy: SearchStrategy[T], claim: Callable[[T], Any], *, seed: int, examples: int) -> int:
    """Try a claim on drawn cases; raise the CheckFailed of the smallest case that breaks it.

    Any other error carries its smallest case as its attribute `case`.

    Parameters
    ----------
    strategy : SearchStrategy
        Cases.
    claim : callable
        Raises CheckFailed when it does not hold for a case.
    seed : int
        Fixes the cases.
    examples : int
        Cases to draw.

    Returns
    -------
    int
        Cases tried.
    """
    import hypothesis

    tried = 0
    last: CheckFailed | None = None

    def test(case: T) -> None:
        nonlocal tried, last
        tried += 1
        try:
            claim(case)
        except CheckFailed as failure:
            last = failure
            raise
        except Exception as error:
            error.__dict__["case"] = case  # a crash of the check or of the plugin: where it happened
            raise

    settings = hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate, hypothesis.Phase.shrink),
        print_blob=False,
        verbosity=hypothesis.Verbosity.quiet,
        report_multiple_bugs=False,
    )
    run = settings(hypothesis.seed(seed)(hypothesis.given(strategy)(test)))
    try:
        run()
    except CheckFailed as failure:
        failure.__notes__ = []  # hypothesis adds its own way to say the counterexample
        raise
    except hypothesis.errors.Flaky:
        if last is None:
            raise
        raise last from None  # a plugin that draws without a seed may hold when its counterexample is replayed
    return tried
