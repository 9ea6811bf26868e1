"""The mutation run: ``python tests/mutation/campaign.py run FOLDER``, then ``... table FOLDER``.

``run`` finds which checks reach which lines, draws mutants of each room by a digest of their text, runs on each the
checks that reach it, the quickest first, until one fails, and appends a line to ``FOLDER/verdicts.jsonl``; what is
there already is not run again. ``table`` prints Markdown: what was made and caught, by class, by room and by check, and
the survivors with what explains them (``survivors.toml``). Single mutants: ``... try MODULE TEXT PLUGIN [CHECK ...]``.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import sys
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
from mutants import Mutant, mutants_of, source_of
from operators import CLASSES
from processes import Verdict, alone, checks_of, first_to_fail, import_libraries, import_thermozoo
from reach import lines_reached
from subjects import CHOSEN, COMPILED, ROOMS, SUBJECTS, Subject

#: Seconds that a mutant may take beyond a multiple of what its checks take: it is caught where a check never ends.
_PATIENCE, _TIMES = 900.0, 8.0

#: Plugins on which one check is run for one mutant, those on which it is quickest.
_PLUGINS_A_CHECK = 2


def drawn(room: str, count: int) -> list[Mutant]:
    """Return mutants of a room: the first by their digests, in equal parts of the classes as far as there are any."""
    by_class: dict[str, list[Mutant]] = {kind: [] for kind in CLASSES}
    for module in ROOMS[room]:
        for one in mutants_of(module) if room != "kernels" else _of_kernel(module):
            by_class[one.kind].append(one)
    ordered = {kind: sorted(some, key=lambda one: one.rank) for kind, some in by_class.items()}
    found: list[Mutant] = []
    while len(found) < count and any(ordered.values()):
        for some in ordered.values():
            if some and len(found) < count:
                found.append(some.pop(0))
    return found


def _of_kernel(module: str) -> list[Mutant]:
    return mutants_of(module, alone(_kernel_text))


def _kernel_text() -> str:
    """Return the kernel of a law with two stages and a velocity."""
    from thermozoo.dynamics.engines.kernel_source import write_kernel
    from thermozoo.symbolic.derive import potential_formulas
    from thermozoo.symbolic.trace import trace_step
    from thermozoo.testing.checks.engine import ProbeDamped
    from thermozoo.testing.probes import ProbeQuartic

    step = trace_step(ProbeDamped())
    potentials = [("probe-quartic", potential_formulas(ProbeQuartic()))]
    return write_kernel(step, "probe", potentials, single=False, unit_layout=False).text


def todo_of(mutant: Mutant, reach: list[dict[str, Any]]) -> tuple[list[tuple[Subject, str]], float]:
    """Return the checks that reach a mutant, the quickest first, and how many seconds they take.

    What the compiled engine runs is machine code, where no line can be seen: all of its checks count as reaching it.
    """
    named = {str(subject): subject for subject in SUBJECTS}
    first, last = mutant.lines
    if mutant.home in COMPILED:
        found = [(0.0, str(subject), check) for subject in SUBJECTS if subject.compiled for check in subject.checks]
        return [(named[subject], check) for _, subject, check in found], 60.0
    found = []
    for record in reach:
        if any(first <= line <= last for line in record["lines"].get(mutant.home, ())):
            found.append((record["seconds"], record["subject"], record["check"]))
    # a check that two plugins have met would say little new of a third
    ordered, met = [], collections.Counter[str]()
    for one in sorted(found):
        met[one[2]] += 1
        if met[one[2]] <= _PLUGINS_A_CHECK:
            ordered.append(one)
    return [(named[subject], check) for _, subject, check in ordered], sum(seconds for seconds, _, _ in ordered)


def judged(mutant: Mutant, reach: list[dict[str, Any]], cache: Path) -> dict[str, Any]:
    """Return a mutant and what became of it."""
    todo, seconds = todo_of(mutant, reach)
    start = time.monotonic()
    verdict = attrs.asdict(Verdict("not reached"))
    if todo:
        kept = None if mutant.home in ROOMS["inside kernels"] else cache
        found = alone(lambda: first_to_fail(mutant, todo, kept), _PATIENCE + _TIMES * seconds)
        verdict = found or attrs.asdict(
            Verdict("time or crash", str(todo[0][0]), todo[0][1], "it does not come to an end")
        )
    verdict["seconds"] = round(time.monotonic() - start, 1)
    return {"module": mutant.module, "kind": mutant.kind, "text": mutant.text, **verdict}


def run(folder: Path, jobs: int, scale: float, rooms: Iterable[str]) -> None:
    """Draw mutants and judge those that have not been."""
    folder.mkdir(parents=True, exist_ok=True)
    import_libraries()
    reached, verdicts = folder / "reach.json", folder / "verdicts.jsonl"
    if not reached.is_file():
        reached.write_text(json.dumps(lines_reached()))
    reach = json.loads(reached.read_text())
    cache = folder / "kernels"
    cache.mkdir(exist_ok=True)
    compiled = [(subject, check) for subject in SUBJECTS if subject.compiled for check in subject.checks]
    if not any(cache.iterdir()):
        found = alone(lambda: first_to_fail(None, compiled, cache, keep=True), 1200)
        if found is None or found["by"] != "survived":
            raise RuntimeError(f"the suite fails without a mutant: {found}")
    done = {(one["module"], one["text"]) for one in _verdicts(folder)}
    todo = [
        one for room in rooms for one in drawn(room, round(scale * CHOSEN[room])) if (one.module, one.text) not in done
    ]
    print(f"{len(todo)} mutants to judge, {len(done)} done", file=sys.stderr)
    with verdicts.open("a") as file:

        def judge(one: Mutant) -> None:
            found = judged(one, reach, cache)
            print(json.dumps(found), file=file, flush=True)
            print(f"{found['by']:12s} {found['seconds']:6.1f} s  {found['module']} {found['text']}", file=sys.stderr)

        # what is imported once, as it is, serves all mutants that change functions which have not run by then
        ran = alone(lambda: {name: sorted(some) for name, some in import_thermozoo(SUBJECTS).items()})
        early = [one for one in todo if one.home in COMPILED or _inside(one) in ran.get(str(source_of(one.home)), ())]
        late = [one for one in todo if one not in early]
        for some in (early, late):
            if some is late and late:
                import_thermozoo(SUBJECTS)
            with ThreadPoolExecutor(jobs) as pool:
                list(pool.map(judge, some))


def _inside(mutant: Mutant) -> str:
    return mutant.text.split(":")[0]


def _verdicts(folder: Path) -> list[dict[str, Any]]:
    file = folder / "verdicts.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def explanations() -> dict[str, str]:
    """Return why mutants survive, by module and text."""
    read = tomllib.loads((Path(__file__).parent / "survivors.toml").read_text())
    return {f"{module} {text}": why for module, those in read.items() for text, why in those.items()}


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run")
    one.add_argument("folder", type=Path)
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    one.add_argument("--scale", type=float, default=1.0, help="how many mutants, times what subjects.py says")
    one.add_argument("--rooms", nargs="*", default=list(ROOMS))
    one = commands.add_parser("table")
    one.add_argument("folder", type=Path)
    one = commands.add_parser("try")
    one.add_argument("module")
    one.add_argument("text")
    one.add_argument("plugin")
    one.add_argument("checks", nargs="*")
    given = parser.parse_args()
    if given.command == "run":
        run(given.folder, given.jobs, given.scale, given.rooms)
    elif given.command == "table":
        from tables import tables

        print(tables(_verdicts(given.folder), explanations()))
    else:
        import_libraries()
        home = given.module.removesuffix("[kernel]")
        [mutant] = [m for m in (mutants_of if home == given.module else _of_kernel)(home) if m.text == given.text]
        subject = Subject(given.plugin)
        todo = [(subject, name) for name in given.checks or alone(lambda: checks_of(subject))]
        print(alone(lambda: first_to_fail(mutant, todo, None)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
