"""What is shipped: the files of the wheel."""

from __future__ import annotations

import zipfile

import pytest
from test_imports import CORE, PLUGINS, ROOT


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
