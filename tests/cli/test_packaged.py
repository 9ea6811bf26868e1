"""Built-in configs by name: what a name means, what lists them, what is said of one that does not exist."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

import thermozoo as tz
from thermozoo.cli.app import run
from thermozoo.errors import ConfigError

FILES = {
    Path(one.name).stem: one.read_text("utf-8")
    for one in resources.files("thermozoo").joinpath("config/defaults").iterdir()
}
NAMES = sorted(FILES)


def test_run_lists_names_and_sentences(capsys):
    assert run(["run", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    assert len({line.index(line.split()[1]) for line in lines}) == 1  # in a column
    assert [line.split()[0] for line in lines if line.endswith(" (default)")] == ["ten-digits"]
    for name, line in zip(NAMES, lines, strict=True):
        sentence = line.removeprefix(name).removesuffix(" (default)").strip()
        assert FILES[name].startswith(f"# {sentence}\n")
        assert sentence.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_each_holds_no_fault_and_its_tables_alone(name):
    config = tz.load_config(name)
    assert config.origin.source == f"built-in {name}.toml"
    assert config.given == tomllib.loads(FILES[name])


def test_none_is_the_default():
    assert tz.load_config(None).given == tz.load_config("ten-digits").given


def test_a_name_comes_before_a_file_and_a_path_is_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("paper", "mine", "paper.toml"):
        Path(name).write_text("seed = 1\n[computer.units]\nvisible = 784\n")
    assert run(["check", "paper"]) == 0
    assert capsys.readouterr().out.startswith("built-in paper.toml: no faults\nunits: 1,296 (visible 784, hidden 512)")
    for given in ("./paper", "paper.toml", "mine", str(tmp_path / "paper")):
        assert run(["check", given]) == 0
        assert capsys.readouterr().out.startswith(f"{given}: no faults\nunits: 784 (visible 784)\n")
    assert tz.load_config(Path("paper")).sizes == {"visible": 784}
    assert tz.load_config("paper").sizes == {"visible": 784, "hidden": 512}


def test_the_faults_of_a_built_in_config_are_those_of_set(capsys):
    assert run(["check", "paper", "--set", "dynamics.dt=0"]) == 2
    assert capsys.readouterr().err.startswith("thermozoo: --set: dynamics.dt: expected a value above 0")


@pytest.mark.parametrize("command", ["run", "check", "estimate"])
def test_a_name_that_is_none_gets_the_nearest(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run([command, "papr"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    listed = ", ".join(NAMES)
    said = f"papr: no built-in config and no file of that name; did you mean 'paper'?; built-in: {listed}"
    assert line == f"thermozoo: {said}"
    assert run([command, "papr.toml"]) == 2
    assert capsys.readouterr().err == "thermozoo: papr.toml: no such file; expected a TOML config\n"


def test_python_takes_a_name_as_well(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^papr: no built-in config"):
        tz.run("papr")
