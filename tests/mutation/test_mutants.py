"""Mutations change one thing each, and the suite notices a few of them; the whole run is `campaign.py`."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from campaign import drawn, explanations
from mutants import mutants_of
from operators import CLASSES, changes, mutated
from sample import SAMPLE
from subjects import CHOSEN, ROOMS

HERE = Path(__file__).parent

SOURCE = '''
def step(x, force, k):
    """Move 1 + 1."""
    if k == 0:
        raise ValueError("x - 1")
    total = x + force[k, 0] * 2 / 3
    total -= noise(k, x)
    return sqrt(total)[-1]
'''


def test_a_change_is_one_change():
    plain = ast.unparse(ast.parse(SOURCE))
    found = changes(SOURCE)
    assert {one.kind for one in found} == set(CLASSES) - {"off by one"}
    for one in found:
        lines = ast.unparse(mutated(SOURCE, one.text)).splitlines()
        assert sum(a != b for a, b in zip(lines, plain.splitlines(), strict=True)) == 1, one.text


def test_what_is_said_is_left_alone():
    assert not any("x - 1" in one.before or "1 + 1" in one.before for one in changes(SOURCE))
    with pytest.raises(LookupError, match="no such change"):
        mutated(SOURCE, "step: x + 1 -> x")


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "kernels"])
def test_mutants_are_drawn_alike_every_time(room):
    some = drawn(room, 7)
    assert len(some) == 7
    assert some == drawn(room, CHOSEN[room])[:7]
    assert {one.module for one in some} <= set(ROOMS[room])


def test_every_explained_survivor_is_still_a_mutant():
    """What is explained names a change of the present source: an explanation of what is gone explains nothing."""
    there = {
        f"{one.module} {one.text}" for room in ROOMS if room != "kernels" for m in ROOMS[room] for one in mutants_of(m)
    }
    there |= {f"{module} *" for modules in ROOMS.values() for module in modules}
    assert [name for name in explanations() if name not in there and "[kernel]" not in name] == []


def test_the_suite_notices_a_few_mutants():
    """In a process of its own: nothing of thermozoo may have been imported."""
    run = subprocess.run([sys.executable, str(HERE / "sample.py")], capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(found) == len(SAMPLE), run.stderr
    assert found[0]["by"] == "survived", found[0]
    for one in found[1:]:
        assert (one["by"], one["check"]) == ("check", one["expected"]), one


@pytest.mark.endurance
def test_no_mutant_of_the_reference_engine_survives_unexplained(tmp_path):
    """Those of one room that the run of full size draws; the others take hours of one core."""
    command = [sys.executable, str(HERE / "campaign.py"), "run", str(tmp_path), "--rooms", "reference engine"]
    subprocess.run(command, check=True, capture_output=True)
    verdicts = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text().splitlines()]
    assert len(verdicts) == CHOSEN["reference engine"]
    known = explanations()
    left = [one for one in verdicts if one["by"] in ("survived", "not reached")]
    assert [one for one in left if not {f"{one['module']} {one['text']}", f"{one['module']} *"} & set(known)] == []
