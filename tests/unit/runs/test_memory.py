"""The memory that a run is predicted to need, against what runs of two sizes take."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"

#: Runs the command line and prints the most memory that the process has held, in kB. Not by getrusage, which counts
#: what pytest had held when it started this process.
MEASURED = """
import pathlib, re, sys
from thermozoo.cli.app import run
code = run(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]
print(f"code {code} peak {peak}")
"""


def predicted_and_measured(folder, samples):
    """Bytes of the toy with as many observations as any run has."""
    words = ["run", str(EXAMPLES / "small-toy.toml"), "--plugin", str(EXAMPLES / "stripes.py"), "--out", str(folder)]
    for value in ("dynamics.duration=0.5", "dynamics.engine=reference", f"generation.samples={samples}"):
        words += ["--set", value]
    done = subprocess.run([sys.executable, "-c", MEASURED, *words], capture_output=True, text=True, check=True)
    size, unit = re.search(r"memory: about ([\d.]+) (MiB|GiB) at most", done.stderr).groups()
    code, peak = re.search(r"^code (\d+) peak (\d+)$", done.stdout, re.MULTILINE).groups()
    assert code == "0"
    return float(size) * 2 ** {"MiB": 20, "GiB": 30}[unit], int(peak) * 1024


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say what a process has held")
def test_runs_take_about_the_memory_that_is_predicted(tmp_path):
    """What 20,000 samples take is predicted within a factor of two, and hardly exceeded.

    Peaks of two processes are compared, and each differs by some MiB from one time to the next. What libraries and
    figures take depends on their versions: a whole run may exceed its prediction by a quarter.
    """
    small, large = (predicted_and_measured(tmp_path / str(n), n) for n in (100, 20_100))
    predicted, measured = (b - a for a, b in zip(small, large, strict=True))
    assert predicted / 2 < measured < 1.25 * predicted
    for promise, peak in (small, large):
        assert peak < 1.25 * promise
