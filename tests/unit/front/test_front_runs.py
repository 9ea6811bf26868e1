"""`tz.run` and `tz.load`: a run folder as an object."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import thermozoo as tz
from thermozoo.errors import ArgumentError, DataError, OutputError, ParameterError, PluginLoadError

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

CONFIG = {
    "seed": 4,
    "computer": {"units": {"visible": 36, "hidden": 4}, "connectivity": {"plugin": "dense"}},
    "dynamics": {"dt": 5e-3, "duration": 0.2, "engine": "reference"},
    "data": {"plugin": "stripes", "classes": [0, 1]},
    "training": {"held_out": 4},
    "generation": {"samples": 5},
}


@pytest.fixture(scope="module")
def stripes():
    return tz.load_catalogue(files=[EXAMPLES / "stripes.py"])


@pytest.fixture(scope="module")
def done(tmp_path_factory, stripes):
    return tz.run(CONFIG, out=tmp_path_factory.mktemp("front") / "toy", catalogue=stripes, quiet=True)


def test_a_run_is_its_folder(done):
    assert done.report == json.loads((done.folder / "report.json").read_text("utf-8"))
    assert done.config["seed"] == 4
    assert done.manifest["seed"] == 4
    assert done.computer.digest() == done.report["parameter_digest"]
    assert done.program.windows == 1
    assert done.samples.sizes["sample"] == 5
    heat = float(done.samples.heat.mean()) / done.computer.temperature
    assert np.isclose(heat, done.report["heat_mean_kT"])
    assert "outputs" in done.figures


def test_it_shows_itself(done):
    assert repr(done).splitlines()[0] == f"run {done.folder}"
    assert "generated 5 images" in repr(done)
    page = done._repr_html_()
    assert "generated 5 images" in page
    assert 'src="data:image/png;base64,' in page


def with_copy(folder):
    return tz.load_catalogue(files=[folder / "plugins" / "stripes.py"])


def test_it_is_loaded_again_with_the_plugin_files_that_it_holds(done):
    with pytest.raises(PluginLoadError, match=r"stripes\.py .*not run unasked.*catalogue=load_catalogue"):
        tz.load(done.folder)
    again = tz.load(done.folder, catalogue=with_copy(done.folder))
    assert again.report == done.report
    assert again.computer.digest() == done.computer.digest()
    assert tz.load(done.folder / "computer.nc").n == 40


def test_a_folder_with_a_file_for_each_window(done, tmp_path):
    """As runs wrote them before a program was one file."""
    folder = tmp_path / "former"
    shutil.copytree(done.folder, folder)
    report = json.loads((folder / "report.json").read_text("utf-8"))
    (folder / "report.json").write_text(json.dumps({**report, "windows": 2}), "utf-8")
    windows = [done.computer.with_parameters(a * done.computer.parameters) for a in (0.5, 1.0)]
    for number, one in enumerate(windows, start=1):
        tz.save_computer(one, folder / f"computer-window-{number}.nc")
    again = tz.load(folder, catalogue=with_copy(folder))
    assert again.program.digest() == tz.Program(windows).digest()
    assert again.computer.digest() == done.computer.digest()
    (folder / "computer-window-2.nc").unlink()
    with pytest.raises(DataError, match=r"cannot read .*computer-window-2.nc"):
        _ = tz.load(folder, catalogue=with_copy(folder)).program


def test_a_program_is_loaded_as_one(done, tmp_path):
    program = tz.Program([done.computer, done.computer.with_parameters(2 * done.computer.parameters)], [0.75, 0.25])
    tz.save_computer(program, tmp_path / "program.nc")
    loaded = tz.load(tmp_path / "program.nc")
    assert loaded.digest() == program.digest()
    assert loaded.edges(8).tolist() == [0, 6, 8]


def test_programs_for_classes_and_one_for_all_are_asked_for_by_their_names(done, tmp_path):
    from thermozoo.computer.programs_file import save_programs

    with pytest.raises(DataError, match=r"one program for all classes: take it from program$"):
        _ = done.programs
    save_programs({3: done.program, 0: done.program}, tmp_path / "computer.nc")
    several = tz.Run(tmp_path)
    assert list(several.programs) == [3, 0]
    with pytest.raises(DataError, match=r"a program for each class \(3, 0\): take them from programs, by class$"):
        _ = several.computer


def test_another_seed_and_a_folder_that_is_there(done, stripes):
    with pytest.raises(OutputError, match="exists"):
        tz.run(CONFIG, out=done.folder, catalogue=stripes, seed=5, quiet=True)
    for config in (CONFIG, None):
        with pytest.raises(ParameterError, match=r"^seed must be a whole number from 0 to 2\^63 - 1, got -5"):
            tz.run(config, out=done.folder, catalogue=stripes, seed=-5, quiet=True)


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("nowhere", DataError, "nothing lies at nowhere"),
        (".", DataError, "is not a whole run folder: it has no config.toml, report.json, computer.nc"),
        (5, ArgumentError, "path must be a run folder or a computer.nc, got 5"),
    ],
)
def test_it_says_what_is_no_run(path, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        tz.load(path)


def test_a_config_of_another_kind():
    with pytest.raises(ArgumentError, match="config must be a built-in name, a TOML file, or its tables, got 5"):
        tz.run(5, quiet=True)
