"""Run folders with a damaged file: the page again or one line a fault, and from Python the values or an error."""

from __future__ import annotations

import random
import shutil

import pytest
from damage import cuts, flips, mutated

import thermozoo as tz
from thermozoo.cli.app import run

CONFIG = """
seed = 1
[task]
plugin = "sample"
observe_every = 1
[computer.units]
all = 2
[computer.potential]
plugin = "quadratic"
[dynamics]
duration = 5.0
dt = 0.05
engine = "reference"
"""

pytestmark = pytest.mark.long

TRIES = 100

FILES = ("report.json", "manifest.json", "config.toml", "samples.nc", "computer.nc")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a run."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "c.toml").write_text(CONFIG)
    assert run(["run", str(folder / "c.toml"), "--quiet", "--out", str(folder / "run")]) == 0
    return folder / "run"


def looked_at(folder):
    """Everything that Python reads of a run folder."""
    found = tz.load(folder)
    return [found.report, found.manifest, found.config, found.samples, found.program, repr(found)]


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_of_a_run(name, whole, tmp_path, capfd):
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    shutil.rmtree(folder / "figures")
    content, rng = (whole / name).read_bytes(), random.Random(name)
    damaged = cuts(content) + flips(content, 0, 17, TRIES) + [mutated(content, rng) for _ in range(TRIES)]
    for k, bad in enumerate(damaged):
        (folder / name).write_bytes(bad)
        code = run(["report", str(folder)]) if k % 10 == 0 else 0
        printed = capfd.readouterr()
        assert code in (0, 2), printed.err
        assert code == 0 or printed.err.startswith("thermozoo: "), printed.err
        assert "Traceback" not in printed.err
        try:
            looked_at(folder)
        except tz.ThermozooError as error:
            assert str(error).strip()  # noqa: PT017


def test_a_whole_run_is_looked_at(whole):
    report, manifest, config, samples, program, text = looked_at(whole)
    assert report["task"] == "sample"
    assert manifest
    assert config["computer"]["units"] == {"all": 2}
    assert samples.sizes
    assert program.windows == 1
    assert text.startswith("run ")
