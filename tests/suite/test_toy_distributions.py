"""Distributions with hand-written entry points: what is installed is loaded one by one, and reported."""

from __future__ import annotations

import importlib
import sys
import textwrap

import pytest

from thermozoo.errors import DuplicateNameError, PluginLoadError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.registry.discovery import installed_sources

GOOD = """
import attrs
from thermozoo import Potential, hookimpl, parameter

@attrs.frozen
class {class_name}(Potential):
    name = "{name}"
    a: float = parameter(1.0, unit="energy", above=0, doc="stiffness")
    def energy(self, x):
        return self.a * x**2

@hookimpl
def {hook}():
    return {returned}
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that writes a module and the dist-info folder of a distribution that registers it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(distribution, module, source, version="1.0"):
        sys.modules.pop(module, None)  # another test's module of that name
        importlib.invalidate_caches()
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(source))
        info = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[thermozoo]\n{module} = {module}\n")

    return write


def good(name="toy", class_name="Toy", hook="thermozoo_potentials", returned=None):
    return GOOD.format(name=name, class_name=class_name, hook=hook, returned=returned or f"[{class_name}]")


def toys(prefix="toy_"):
    """The sources of the toy distributions only."""
    return [s for s in installed_sources() if s.target.startswith(prefix)]


def failure(catalogue, module):
    (record,) = [r for r in catalogue.failures if r.source.target == module]
    return record


def test_a_good_one_is_found_beside_the_first_party_plugins(install):
    install("toy-good", "toy_good", good())
    catalogue = load_catalogue()
    record = catalogue.record("potential", "toy")
    assert (record.source.distribution, record.source.version, record.source.entry_point) == (
        "toy-good",
        "1.0",
        "toy_good",
    )
    assert "quartic" in catalogue.names("potential")


@pytest.mark.parametrize(
    ("title", "source", "words"),
    [
        ("import fails", "import no_such_module_of_mine", ["ModuleNotFoundError", "no_such_module_of_mine", "line 1"]),
        ("attribute error", "import math\nmath.no_such_function", ["AttributeError", "no_such_function", "line 2"]),
        ("exit", "import sys\nsys.exit(3)", ["SystemExit", "line 2"]),
        (
            "misspelt hook",
            good(hook="thermozoo_potental"),
            ["thermozoo_potental", "did you mean 'thermozoo_potentials'"],
        ),
        ("wrong return type", good(returned="Toy"), ["expected a list of classes", "line 12"]),
        ("wrong thing in the list", good(returned="[Toy, 3]"), ["returned 3", "thermozoo.Potential"]),
        (
            "subclass of a plugin class",
            "from thermozoo_plugins.potentials import Quartic\nclass Mine(Quartic):\n    name = 'mine'\n",
            ["PluginClassError", "abstract or final", "line 2"],
        ),
    ],
)
def test_a_bad_one_is_reported_and_stops_nothing_else(install, title, source, words):
    install("toy-bad", "toy_bad", source)
    install("toy-good", "toy_good", good(name="other"))
    catalogue = load_catalogue(toys())
    record = failure(catalogue, "toy_bad")
    assert record.source.title == "toy-bad 1.0"
    assert record.details
    for word in words:
        assert word in record.error
    assert "other" in catalogue.names("potential")
    with pytest.raises(PluginLoadError, match=r"toy-bad 1\.0"):
        load_catalogue(toys(), strict=True)


def test_one_name_in_two_distributions_names_both(install):
    install("toy-one", "toy_one", good(name="same"))
    install("toy-two", "toy_two", good(name="same", class_name="Other"))
    with pytest.raises(DuplicateNameError, match=r"(?s)'same'.*toy-one 1\.0.*toy-two 1\.0"):
        load_catalogue(toys())
