"""What is shipped: the wheel's files and version, and that whatever is imported is declared."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
import zipfile

import pytest
from test_imports import CORE, PLUGINS, ROOT, imports, sources

import thermozoo

#: Imported only by what pytest itself loads, or where the extra "test" is installed.
TESTS_ONLY = {"pytest"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this source tree, built by the project's own build backend; nothing is left in the tree."""
    from hatchling.build import build_wheel

    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = build_wheel(str(folder))
    with zipfile.ZipFile(folder / name) as archive:
        yield archive


def test_both_packages_are_typed(wheel):
    assert {"thermozoo/py.typed", "thermozoo_plugins/py.typed"} <= set(wheel.namelist())


def test_every_file_of_the_packages_is_in_the_wheel(wheel):
    folders = {"thermozoo": CORE, "thermozoo_plugins": PLUGINS}
    expected = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in folders.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = {name for name in wheel.namelist() if name.partition("/")[0] in folders}
    assert shipped == expected


def test_the_version_is_that_of_the_package(wheel):
    [name] = [n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")]
    assert re.search(r"^Version: (.+)$", wheel.read(name).decode(), re.MULTILINE)[1] == thermozoo.__version__


def test_what_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["jax"]]
    declared = {re.match(r"[\w.-]+", line)[0].lower().replace("_", "-") for line in lines}
    distributions = importlib.metadata.packages_distributions()
    own = {"thermozoo", "thermozoo_plugins", *sys.stdlib_module_names, *TESTS_ONLY}
    for path in sources(CORE) + sources(PLUGINS):
        for package in {name.partition(".")[0] for name in imports(path)} - own:
            found = {d.lower().replace("_", "-") for d in distributions.get(package, [package])}
            assert found & declared, f"{path.name} imports {package}: declare {' or '.join(found)} as a dependency"
