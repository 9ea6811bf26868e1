"""Plugins that hang, exit or crash while they are verified: caught and named, and the command ends as it should."""

from __future__ import annotations

import importlib
import json
import os
import sys
import textwrap
from types import SimpleNamespace

import pytest

from thermozoo.cli.app import run
from thermozoo.testing import apart

FILE = '''
import attrs
import os
import sys
import time
import numpy as np
from thermozoo import Connectivity, hookimpl

@attrs.frozen
class Mine(Connectivity):
    """Mine."""
    name = "mine"

    def edges(self, layout):
{body}
        return np.empty((0, 2), dtype=int)

@hookimpl
def thermozoo_connectivities():
    return [Mine]
'''


def verify(place, capsys, body, *words):
    file = place / "mine.py"
    file.write_text(FILE.format(body=textwrap.indent(textwrap.dedent(body), " " * 8)))
    code = run(["verify", str(file), "--json", *words])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    checks = {one["check"]: one for one in json.loads(out)["checks"]}
    return code, checks, file


STUBBORN = """
while True:
    try:
        time.sleep(60)
    except BaseException:
        pass
"""

#: What a plugin does, and the words by which its first check that calls it names that.
MISBEHAVING = {
    "exits at once": ("os._exit(0)", "the plugin ended the process with exit code 0"),
    "exits": ("sys.exit(3)", "the plugin raised SystemExit: 3"),
    "is killed": ("os.kill(os.getpid(), 9)", "the process was ended by the signal SIGKILL"),
    "waits": ("time.sleep(600)", "did not end within 2 s: it was at work in edges"),
    "waits, and cannot be interrupted": (STUBBORN, "did not end within 2 s, and could not be interrupted"),
    "hides from its starter": ("os.closerange(3, 100); os._exit(5)", "the plugin ended the process with exit code 5"),
}


#: What the default tests run of these.
SHORT = ("exits at once", "waits")


@pytest.fixture(autouse=True, scope="module")
def _imported():
    """Import here what each process would import again."""
    for library in apart._LIBRARIES:
        importlib.import_module(library)


@pytest.mark.parametrize(
    "what", [pytest.param(one, marks=[pytest.mark.long] * (one not in SHORT)) for one in MISBEHAVING]
)
def test_a_plugin_that_does_not_return_is_named(tmp_path, capsys, monkeypatch, what):
    monkeypatch.setattr("thermozoo.testing.apart._GRACE", 1.0)
    body, said = MISBEHAVING[what]
    code, checks, file = verify(tmp_path, capsys, body, "--time-limit", "2")
    assert code == 1
    first = next(one for one in checks.values() if one["status"] == "failed")
    assert first["check"] == "pairs", first["reason"]
    assert said in first["reason"]
    assert checks["documented"]["status"] != "failed"  # what came before is known
    assert len(checks) == 11
    if "process" in said or "interrupted" in said:
        assert checks["side-effects"]["reason"] == "the process ended in pairs"
    else:
        assert f"{file}, line 1" in first["reason"]


@pytest.mark.long
def test_a_good_plugin_and_bad_words_are_as_ever(tmp_path, capsys):
    code, checks, _ = verify(tmp_path, capsys, "pass")
    assert code == 0
    assert {one["status"] for one in checks.values()} <= {"passed", "does-not-apply"}
    for limit in ("0", "-1", "nan", "soon"):
        assert run(["verify", "dense", "--time-limit", limit]) == 2
    assert run(["verify", "table"]) == 2


@pytest.mark.long
@pytest.mark.parametrize("at_work", [False, True])
def test_where_jax_is_at_work_there_is_no_process_of_its_own(tmp_path, capsys, monkeypatch, at_work):
    """Its threads would be missing in a process that goes on from here; one that only imported it is no matter."""
    forks, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: forks.append(1) or fork())
    bridge = SimpleNamespace(backends_are_initialized=lambda: at_work)
    monkeypatch.setitem(sys.modules, "jax._src.xla_bridge", bridge)
    _, checks, _ = verify(tmp_path, capsys, "pass")
    assert forks == ([] if at_work else [1])
    assert {one["status"] for one in checks.values()} >= {"passed"}
