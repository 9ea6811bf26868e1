"""``thermozoo new``: packages that load, verify and pass their own tests as generated."""

from __future__ import annotations

import subprocess
import sys

import pytest

from thermozoo.cli.app import run
from thermozoo.interfaces import INTERFACES
from thermozoo.registry.catalogue import load_catalogue


def test_files_and_next_steps(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["new", "potential", "tilted-well"]) == 0
    folder = tmp_path / "thermozoo-tilted-well"
    found = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert found == [
        "README.md",
        "pyproject.toml",
        "src/thermozoo_tilted_well/__init__.py",
        "tests/test_tilted_well.py",
    ]
    assert 'tilted-well = "thermozoo_tilted_well"' in (folder / "pyproject.toml").read_text()
    assert "thermozoo verify tilted-well" in capsys.readouterr().out


@pytest.mark.parametrize("kind", list(INTERFACES))
def test_every_kind_registers_under_its_name(tmp_path, kind):
    folder = tmp_path / kind
    assert run(["new", kind, f"my-{kind}", "--dir", str(folder)]) == 0
    catalogue = load_catalogue([], files=[folder / "src" / f"thermozoo_my_{kind}" / "__init__.py"])
    assert catalogue.names(kind) == [f"my-{kind}"]


@pytest.mark.parametrize(
    "kind",
    [
        "connectivity",
        "dataset",
        "protocol",
        pytest.param("potential", marks=pytest.mark.long),
        pytest.param("integrator", marks=pytest.mark.long),
        pytest.param("objective", marks=pytest.mark.long),
    ],
)
def test_its_own_tests_pass_as_generated(tmp_path, kind):
    folder = tmp_path / kind
    assert run(["new", kind, "mine", "--dir", str(folder)]) == 0
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout


@pytest.mark.parametrize("name", ["Tilted", "tilted_well", "", "-x", "1well"])
def test_a_name_that_is_none(tmp_path, name, capsys):
    assert run(["new", "potential", "--dir", str(tmp_path / "x"), "--", name]) == 2
    assert "lower-case words joined with hyphens" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert run(["new", "potential", "mine", "--dir", str(tmp_path)]) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_kind(capsys):
    assert run(["new", "potentail", "mine"]) == 2
    assert "potentail" in capsys.readouterr().err
