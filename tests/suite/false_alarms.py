"""False alarms of the suite: its random checks on right plugins, over many seeds.

``python tests/suite/false_alarms.py [--seeds 200] [--first 0] [--json FILE] [PLUGIN ...]`` prints, for each check, how
often it failed and how near to its limit it came. At a false-alarm rate p for one comparison a failure in 200 runs has
probability 200 p: none is expected, and the share of its tolerance that a comparison uses says more. A normal
deviation uses the whole at `z_limit`, 4.75 standard errors; the largest of n runs lies near sqrt(2 ln n) of them.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

import thermozoo as tz
from thermozoo.dynamics.engines import engine_named
from thermozoo.testing import Status, checks_for
from thermozoo.testing.runner import context_for, run_check
from thermozoo.testing.statistics import FALSE_ALARM, z_limit

__all__ = ["RANDOM", "Tally", "tallies"]

#: Right plugins, and their checks whose outcome depends on noise.
RANDOM = {
    "spin": ("state-probabilities",),
    "euler-maruyama": ("linear-variance", "transition-histogram", "noise-independent"),
    "stochastic-heun": ("linear-variance", "noise-independent"),
    "coloured-noise": ("variables-sampled",),
    "baoab": ("variables-sampled", "variables-first-law"),
    "linear-fade": ("work",),
    "double-well": (
        "fluctuation-relation", "detailed-balance", "temperature", "marginals", "jarzynski", "driven-work",
    ),
    "bilinear": ("detailed-balance", "driven-strength"),
    "reverse-likelihood": ("recovery",),
    "forward-likelihood": ("recovery",),
    "modern-hopfield": ("detailed-balance",),
}  # fmt: skip


@attrs.frozen
class Tally:
    """What became of one check over many seeds.

    Parameters
    ----------
    plugin, check : str
        Their names.
    shares : tuple of float
        The part of the tolerance that each run used up; infinite where a run failed without a comparison.
    alarms : tuple of str
        Seed and reason of each run that failed.
    """

    plugin: str
    check: str
    shares: tuple[float, ...]
    alarms: tuple[str, ...]

    @property
    def row(self) -> str:
        """One line of the table."""
        ordered = sorted(self.shares)
        middle, most = ordered[len(ordered) // 2], ordered[-1]
        return (
            f"| {self.plugin} | `{self.check}` | {len(ordered)} | {len(self.alarms)} | {middle:.2f} | {most:.2f} "
            f"| {most * z_limit():.1f} |"
        )


def _share(outcome: Any) -> float:
    if outcome.tolerance is None or outcome.value is None or isinstance(outcome.value, str):
        return math.inf if outcome.status is not Status.PASSED else 0.0
    difference = outcome.value - outcome.expected
    one_sided = {"at least": max(-difference, 0.0), "at most": max(difference, 0.0)}
    excess = next((v for sense, v in one_sided.items() if f"expected {sense}" in outcome.figure), abs(difference))
    return excess / outcome.tolerance if outcome.tolerance else excess


def tallies(plugin: str, names: Sequence[str], seeds: Iterable[int]) -> list[Tally]:
    """Run checks of a plugin on the reference engine once for each seed."""
    given = tz.get(plugin)
    checks = [one for one in checks_for(given) if one.name in names]
    missing = set(names) - {one.name for one in checks}
    if missing:
        raise LookupError(f"{plugin} has no check called {', '.join(sorted(missing))}")
    outcomes: dict[str, list[Any]] = {one.name: [] for one in checks}
    used = list(seeds)
    for seed in used:
        context = context_for(given, seed=seed, engines=[engine_named("reference")])
        for one in checks:
            outcomes[one.name].append(run_check(one, context))
    found = []
    for name, ran in outcomes.items():
        wrong = [o for o in ran if o.status not in (Status.PASSED, Status.FAILED, Status.CRASHED)]
        if wrong:
            raise RuntimeError(f"{plugin} {name}: {wrong[0].status}, {wrong[0].reason}")
        alarms = tuple(f"seed {s}: {o.reason}" for s, o in zip(used, ran, strict=True) if o.status is not Status.PASSED)
        found.append(Tally(plugin, name, tuple(_share(o) for o in ran), alarms))
    return found


def main() -> int:
    """Read the command line; return how many false alarms there were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plugins", nargs="*", default=list(RANDOM))
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    print("| plugin | check | runs | alarms | median share | largest share | in standard errors |")
    print("|---|---|---:|---:|---:|---:|---:|")
    every = []
    for plugin in given.plugins:
        for one in tallies(plugin, RANDOM[plugin], range(given.first, given.first + given.seeds)):
            print(one.row, flush=True)
            every.append(one)
    runs, alarms = sum(len(one.shares) for one in every), [a for one in every for a in one.alarms]
    print(
        f"\n{runs} runs of checks, {len(alarms)} false alarms; {runs * FALSE_ALARM:.2g} expected of one comparison each"
    )
    print(*alarms, sep="\n")
    if given.json is not None:
        given.json.write_text(json.dumps([attrs.asdict(one) for one in every], indent=1))
    return len(alarms)


if __name__ == "__main__":
    sys.exit(main())
