"""Environments that hold: hash seeds, optimized bytecode, strict NumPy, line ends and byte-order marks.

numba/numba#4908 and #5566 (caches that depend on the hash seed or the interpreter's flags) are what to look out for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from thermozoo.cli.app import run

CONFIG = """
seed = 5
[computer.units]
visible = 25
hidden = 3
[dynamics]
dt = 1e-2
duration = 0.2
engine = "{engine}"
[data]
plugin = "dots"
classes = [0, 1]
[generation]
samples = 3
[training]
held_out = 2
"""

PLUGIN = '''"""A data set in one file."""

import attrs
import numpy as np
from thermozoo import Dataset, hookimpl


@attrs.frozen
class Dots(Dataset):
    """A dot in one of four rows."""

    name = "dots"

    def load(self):
        """Return them."""
        images = np.zeros((4, 5, 5))
        images[range(4), range(4), range(4)] = 1.0
        return images, np.arange(4) % 2


@hookimpl
def thermozoo_datasets():
    """Return the class."""
    return [Dots]
'''

SCRIPT = """
import sys
import thermozoo.runs.phases as phases
phases.draw_figures = lambda *arguments: {}
from thermozoo.cli.app import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("thermozoo.runs.phases.draw_figures", lambda *arguments: {})
    (tmp_path / "run.toml").write_text(CONFIG.format(engine="reference"))
    (tmp_path / "dots.py").write_text(PLUGIN)
    return tmp_path


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The report of the run as it is, in this process."""
    place = tmp_path_factory.mktemp("plain")
    (place / "run.toml").write_text(CONFIG.format(engine="reference"))
    (place / "dots.py").write_text(PLUGIN)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(place)
        patched.setattr("thermozoo.runs.phases.draw_figures", lambda *arguments: {})
        assert run(["run", "run.toml", "--plugin", "dots.py", "--out", "plain"]) == 0
    return report_of(place / "plain")


def report_of(folder):
    report = json.loads((folder / "report.json").read_text("utf-8"))
    return {key: value for key, value in report.items() if key not in ("seconds", "training")}


def elsewhere(folder, out, seed, *flags):
    """The report of a run in a process of its own, with another seed of hashes and flags of the interpreter."""
    done = subprocess.run(
        [sys.executable, *flags, "-c", SCRIPT, "run", "run.toml", "--plugin", "dots.py", "--out", out],
        env=os.environ | {"PYTHONHASHSEED": seed, "THERMOZOO_CACHE": str(folder / "kernels")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return report_of(folder / out)


@pytest.mark.long
def test_the_seed_of_hashes_changes_no_bit(folder, expected):
    """Same digests, same heat to the last bit, as in this process, whose seed is another."""
    assert elsewhere(folder, "there", "77") == expected


@pytest.mark.long
def test_optimized_bytecode_changes_no_bit_and_compiles_no_kernel_again(folder):
    (folder / "run.toml").write_text(CONFIG.format(engine="compiled"))
    found = []
    for seed, flags in (("0", []), ("1", []), ("77", ["-OO"])):
        report = elsewhere(folder, f"out{seed}", seed, *flags)
        found.append((report, sorted(path.name for path in (folder / "kernels").rglob("*.py"))))
    assert found[0] == found[1] == found[2]
    assert found[0][1], "kernels lie where they were told to"


def test_numpy_that_raises(folder, expected):
    """Overflow, underflow and 0 / 0 in a whole run, judge and report included, are expected where they occur."""
    with np.errstate(all="raise"):
        assert run(["run", "run.toml", "--plugin", "dots.py", "--out", "strict"]) == 0
    assert report_of(folder / "strict") == expected


def test_line_ends_and_byte_order_marks(folder, expected):
    """A config with CRLF and a plugin with CRLF and a mark are the same run."""
    (folder / "run.toml").write_bytes(CONFIG.format(engine="reference").replace("\n", "\r\n").encode())
    (folder / "dots.py").write_bytes(b"\xef\xbb\xbf" + PLUGIN.replace("\n", "\r\n").encode())
    assert run(["run", "run.toml", "--plugin", "dots.py", "--out", "crlf"]) == 0
    assert report_of(folder / "crlf") == expected
