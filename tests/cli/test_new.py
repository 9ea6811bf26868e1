"""``thermozoo new``: packages that load, verify and pass their own tests as generated."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from thermozoo.cli.app import run
from thermozoo.interfaces import INTERFACES
from thermozoo.registry.catalogue import load_catalogue


def test_files_and_next_steps(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["new", "potential", "sloped-well"]) == 0
    folder = tmp_path / "thermozoo-sloped-well"
    found = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert found == [
        "README.md",
        "pyproject.toml",
        "src/thermozoo_sloped_well/__init__.py",
        "tests/test_sloped_well.py",
    ]
    assert 'sloped-well = "thermozoo_sloped_well"' in (folder / "pyproject.toml").read_text()
    assert "thermozoo verify sloped-well" in capsys.readouterr().out


@pytest.mark.parametrize("kind", list(INTERFACES))
def test_every_kind_registers_under_its_name(tmp_path, kind):
    folder = tmp_path / kind
    assert run(["new", kind, f"my-{kind}", "--dir", str(folder)]) == 0
    catalogue = load_catalogue([], files=[folder / "src" / f"thermozoo_my_{kind}" / "__init__.py"])
    assert catalogue.names(kind) == [f"my-{kind}"]


@pytest.mark.parametrize("kind", list(INTERFACES))
def test_its_readme_needs_no_published_release(tmp_path, kind):
    """thermozoo itself may be a clone: no link to a package index, and the environment to install into is named."""
    assert run(["new", kind, "mine", "--dir", str(tmp_path / "x")]) == 0
    text = (tmp_path / "x" / "README.md").read_text()
    assert text.startswith(f"# thermozoo-mine\n\nThe {kind} `mine` for thermozoo.\n")
    assert "the environment that thermozoo is installed in" in text
    assert "://" not in text


def output(*command, cwd, path=None):
    """Run Python with arguments and return what it prints; `path` is where installed packages are looked for first."""
    environment = {**os.environ, "PYTHONPATH": str(path or "")}
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


#: Runs the tests of each folder with its own settings, in one process.
EACH = """
import os, sys, pytest
for folder in sys.argv[1:]:
    os.chdir(folder)
    if code := pytest.main(["-q", "-p", "no:cacheprovider"]):
        sys.exit(code)
"""


@pytest.mark.long
def test_its_own_tests_pass_as_generated(tmp_path):
    folders = {kind: tmp_path / kind for kind in ("connectivity", "dataset", "encoding", "protocol")}
    for kind, folder in folders.items():
        assert run(["new", kind, f"my-{kind}", "--dir", str(folder)]) == 0
    printed = output("-c", EACH, *map(str, folders.values()), cwd=tmp_path)
    assert len(re.findall(r"^\d+ passed", printed, re.MULTILINE)) == len(folders)
    assert "failed" not in printed


@pytest.mark.long
@pytest.mark.parametrize("kind", list(INTERFACES))
def test_it_is_installed_verified_and_tested(tmp_path, kind):
    """Without a network, in a folder of its own, so that the environment of this test stays as it is."""
    folder, site = tmp_path / "source", tmp_path / "site"
    assert run(["new", kind, "mine", "--dir", str(folder)]) == 0
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    output(*pip, "--no-build-isolation", "--target", str(site), str(folder), cwd=tmp_path)
    records = json.loads(output("-m", "thermozoo", "plugins", "--json", cwd=tmp_path, path=site))
    [record] = [r for r in records if r["name"] == "mine"]
    distribution = record["distribution"].replace("_", "-")  # read from a folder's name, in which hyphens are escaped
    assert (record["kind"], distribution, record["status"]) == (kind, "thermozoo-mine", "ok")
    report = json.loads(output("-m", "thermozoo", "verify", "mine", "--json", cwd=tmp_path, path=site))
    assert report["holds"]
    assert {o["status"] for o in report["checks"]} <= {"passed", "does-not-apply", "not-run"}
    # what is tested is what was installed, not the sources beside the tests
    shutil.rmtree(folder / "src")
    tested = output("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=", cwd=folder, path=site)
    assert "passed" in tested
    assert "failed" not in tested


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


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("potential", "quartic", "a potential called 'quartic' is installed already, by thermozoo 0.1.0"),
        ("protocol", "plugins", "a package called 'thermozoo_plugins' is installed already"),
    ],
)
def test_a_name_that_is_taken(tmp_path, capsys, kind, name, said):
    assert run(["new", kind, name, "--dir", str(tmp_path / "x")]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert line.endswith("choose another NAME")
    assert not (tmp_path / "x").exists()


def test_a_name_of_another_kind_is_free(tmp_path):
    assert run(["new", "protocol", "quartic", "--dir", str(tmp_path / "x")]) == 0


def test_an_unknown_kind(capsys):
    assert run(["new", "potentail", "mine"]) == 2
    assert "potentail" in capsys.readouterr().err
