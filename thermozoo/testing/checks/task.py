"""Checks of a task: a small run of it in a temporary folder, and what it leaves."""

from __future__ import annotations

import html
import math
import re
import typing
from typing import Any

import attrs

from thermozoo.errors import ThermozooError
from thermozoo.testing.checks.common import documented  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.small_run import FILES, SmallRun, catalogue_of, small_run_of

#: What a phase may hold beyond what it states, which is measured by the pages of a process: a part of that, and bytes
#: that a small run takes whatever it does.
_SHARE, _SLACK = 1.5, 4 * 2**20

#: Phases that are no work of the task, and read data and libraries.
_COMMON = ("assembly", "preparation", "results", "figures", "page")

#: The seed of a run, and another one.
_SEED, _OTHER = 1, 2


@check("task", claim="A small run of it leaves every file of a run folder, the page and every picture.")
def small_run(context: Context) -> Measured:
    """Run the config that `small` returns, and look into the folder."""
    small = small_run_of(context, _SEED)
    absent = [*small.missing, *(f"figures/{name}.png" for name in small.undrawn)]
    if absent:
        raise CheckFailed(f"the run folder lacks {', '.join(absent)}: {'; '.join(small.said)}")
    detail = f"{len(small.pictures)} pictures of its own" if "task" in small.report else f"{len(FILES)} files"
    return Measured("files that are missing", 0, 0, 0, detail=detail)


@check(
    "task",
    claim="The report holds the figures that it declares, each with its meaning and of its type, and all are finite.",
    needs=("small-run",),
)
def figures(context: Context) -> Measured:
    """Read the report of the small run again, by the declaration."""
    from thermozoo.runs.documented import documented as keys_of
    from thermozoo.runs.report_file import read_report
    from thermozoo.runs.results import Report
    from thermozoo.runs.task_report import read_task_report

    small = small_run_of(context, _SEED)
    strange = [line for line in small.said if "no finite number" in line]
    if strange:
        raise CheckFailed(f"the run says: {strange[0]}")
    try:
        if "task" in small.report:
            _, report = read_task_report(small.report, catalogue_of(context))
            declared: Any = type(report.figures)
        else:
            read_report(small.report)
            declared = Report
    except ThermozooError as error:
        raise CheckFailed(f"report.json is not what its class of figures declares: {error}") from error
    silent = []
    if "task" in small.report:
        known = {name for name, _, _ in keys_of(declared)}
        silent = [field.name for field in attrs.fields(declared) if field.name not in known]
    if silent:
        raise CheckFailed(
            f"{declared.__name__} does not say what {', '.join(silent)} means: declare each as "
            'Annotated[float, Key("its meaning", "its unit")]'
        )
    return Measured("figures without a meaning", 0, 0, 0, detail=f"{len(attrs.fields(declared))} figures")


@check(
    "task",
    claim="The page begins with its answer in a sentence, and shows every picture with a caption.",
    needs=("small-run",),
)
def page(context: Context) -> Measured:
    """Look for the answer and the captions on the page of the small run."""
    from thermozoo.runs.task_report import read_task_report

    small = small_run_of(context, _SEED)
    if "task" not in small.report:
        raise DoesNotApply("its page has a template of its own")
    _, report = read_task_report(small.report, catalogue_of(context))
    answer = context.plugin.account(report.figures).answer
    if not re.search(r"\w.*\.$", answer, re.DOTALL):
        raise CheckFailed(f"its answer is no sentence: {answer!r}; expected words that end with a full stop")
    if html.escape(answer, quote=False) not in html.unescape(small.page).replace("<", "&lt;").replace(">", "&gt;"):
        raise CheckFailed(f"the page does not hold its answer: {answer!r}")
    shown = small.page.count("<figcaption>") - small.page.count("<figcaption></figcaption>")
    if shown != len(small.pictures):
        raise CheckFailed(f"of {len(small.pictures)} pictures, {shown} stand on the page with a caption")
    return Measured("pictures without a caption", 0, 0, 0, detail=f"{len(small.pictures)} pictures")


@check("task", claim="Each phase reports the work that it states, neither more nor less.", needs=("small-run",))
def honest_work(context: Context) -> Measured:
    """Add up what the phases of the small run report."""
    small = small_run_of(context, _SEED)
    for title, (stated, reported) in small.work.items():
        if stated != reported:
            raise CheckFailed(
                f"the phase {title!r} states {stated:,} as its work and reports {reported:,}: progress would end "
                f"{'before it is done' if reported > stated else 'short of it'}",
                {"phase": title},
            )
    return Measured("phases whose work differs", 0, 0, 0, detail=f"{len(small.work)} phases with progress")


@check(
    "task",
    claim="An estimate gives every phase its seconds, and reports the pieces that phases state.",
    needs=("small-run",),
)
def estimate(context: Context) -> Measured:
    """Estimate the small run."""
    from thermozoo.runs.estimate import estimate_run, estimate_work

    small = small_run_of(context, _SEED)
    reported: list[int] = []
    found = estimate_run(small.machine, 0.0, small.engine, reported.append)
    wrong = [name for name, taken in found.seconds.items() if not 0 <= taken < math.inf]
    if wrong:
        raise CheckFailed(
            f"the phase {wrong[0]!r} is estimated to take {found.seconds[wrong[0]]} s", {"phase": wrong[0]}
        )
    stated = estimate_work(small.machine.config)
    if sum(reported) != stated:
        raise CheckFailed(
            f"phases state {stated} pieces of an estimate in all and report {sum(reported)}: of.simulation reports 2, "
            "pieces=lambda config: 2"
        )
    return Measured("pieces that differ", 0, 0, 0, detail=f"{len(found.seconds)} phases")


@check(
    "task",
    claim="No phase of its work allocates more than half again the bytes that it states, and 4 MiB.",
    needs=("small-run",),
)
def honest_bytes(context: Context) -> Measured:
    """Trace what the phases of the small run allocate, once all libraries are there."""
    small_run_of(context, _SEED)
    held = {name: both for name, both in small_run_of(context, _SEED, traced=True).held.items() if name not in _COMMON}
    for name, (stated, peak) in held.items():
        if peak > _SHARE * stated + _SLACK:
            raise CheckFailed(
                f"the phase {name!r} allocates {peak / 2**20:.1f} MiB and states {stated / 2**20:.1f} MiB: its bytes "
                "return a Share for what grows",
                {"phase": name},
            )
    largest = max((peak for _, peak in held.values()), default=0)
    return Measured("phases beyond their bytes", 0, 0, 0, detail=f"at most {largest / 2**20:.1f} MiB traced")


def _answers(context: Context, small: SmallRun) -> tuple[Any, bytes]:
    """Return what must depend on the seed alone: what is by a clock does not."""
    from thermozoo.runs.task_report import table_name

    cls: Any = context.cls
    hints = typing.get_type_hints(cls.figures, include_extras=True) if cls.figures is not None else {}
    clocked = {name for name, hint in hints.items() if any(k.clocked for k in getattr(hint, "__metadata__", ()))}
    skipped = ("seconds", "config_digest", "seed", "training")
    report = {key: value for key, value in small.report.items() if key not in skipped}
    own = table_name(cls.name)
    if isinstance(report.get(own), dict):
        report[own] = {key: value for key, value in report[own].items() if key not in clocked}
    return report, small.samples


@check("task", claim="The same seed gives the same figures and samples, bit for bit.", needs=("small-run",))
def same_seed(context: Context) -> Measured:
    """Run it twice."""
    first, second = (_answers(context, small_run_of(context, _SEED, traced=traced)) for traced in (False, True))
    if first[0] != second[0]:
        names = _differing(first[0], second[0])
        raise CheckFailed(f"two runs with seed {_SEED} differ in {', '.join(names)}: draw by the run's seed alone")
    if first[1] != second[1]:
        raise CheckFailed(f"two runs with seed {_SEED} leave different samples.nc: draw by the run's seed alone")
    return Measured("bits that differ", 0, 0, 0, detail=f"{len(first[1]):,} bytes of samples")


def _differing(first: dict[str, Any], second: dict[str, Any], path: str = "") -> list[str]:
    found = []
    for key in first:
        a, b = first[key], second.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += _differing(a, b, f"{path}{key}.")
        elif a != b:
            found.append(f"{path}{key}")
    return found


@check("task", claim="Another seed gives other figures or samples.", needs=("small-run",))
def other_seed(context: Context) -> Measured:
    """Run it with another seed."""
    if _answers(context, small_run_of(context, _SEED)) == _answers(context, small_run_of(context, _OTHER)):
        raise CheckFailed(
            f"runs with seeds {_SEED} and {_OTHER} give the same: the noise does not follow from the run's seed"
        )
    return Measured("seeds that give the same", 0, 0, 0)
