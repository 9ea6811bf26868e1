"""The catalogue: names, clashes, plugin files, strictness."""

from __future__ import annotations

import json
from types import ModuleType

import attrs
import pytest

from thermozoo import Potential, Protocol, hookimpl
from thermozoo.errors import ArgumentError, DuplicateNameError, PluginLoadError, UnknownNameError
from thermozoo.registry.catalogue import Catalogue, catalogue, load_catalogue
from thermozoo.registry.discovery import Source

FILE = '''
import attrs
from thermozoo import Potential, hookimpl, parameter


@attrs.frozen
class Tilted(Potential):
    """A tilted potential."""

    name = "tilted"
    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

    def energy(self, x):
        return self.k * x**2 + x


@hookimpl
def thermozoo_potentials():
    return [Tilted]
'''


def plugin_class(name, base=Potential):
    if base is Potential:

        class Made(Potential):
            def energy(self, x):
                return x**2
    else:

        class Made(Protocol):
            def intensity(self, t, duration):
                return t

    Made.name = name
    return attrs.frozen(Made)


def source(distribution, *classes, hook="thermozoo_potentials"):
    made = ModuleType(distribution)

    def function():
        return list(classes)

    function.__name__ = hook
    setattr(made, hook, hookimpl(function))
    return Source(distribution, "1.0", f"{distribution}-point", distribution, lambda: made)


def test_two_plugins_of_one_name_are_an_error_that_names_both_distributions():
    with pytest.raises(DuplicateNameError, match=r"'well' \(potential\): one of alpha 1.0 .* one of beta 1.0"):
        load_catalogue([source("alpha", plugin_class("well")), source("beta", plugin_class("well"))])


def test_one_class_found_twice_is_no_clash():
    one = plugin_class("well")
    assert load_catalogue([source("alpha", one), source("beta", one)]).get(Potential, "well") is one


def test_one_name_in_two_kinds_is_no_clash_but_ambiguous():
    found = load_catalogue(
        [
            source("alpha", plugin_class("well")),
            source("beta", plugin_class("well", Protocol), hook="thermozoo_protocols"),
        ]
    )
    assert found.get(Potential, "well").kind == "potential"
    with pytest.raises(UnknownNameError, match=r"several kinds .potential, protocol.: say KIND:well"):
        found.find("well")
    assert found.find("protocol:well").kind == "protocol"
    with pytest.raises(UnknownNameError, match=r"is called 'protocl'; did you mean 'protocol'\?"):
        found.find("protocl:well")
    with pytest.raises(UnknownNameError, match=r"installed: well$"):
        found.find("wall of")


def test_an_unknown_name_lists_the_valid_ones():
    found = load_catalogue([source("alpha", plugin_class("well"), plugin_class("bowl"))])
    with pytest.raises(
        UnknownNameError, match=r"no potential is called 'wel'; did you mean 'well'.; installed: bowl, well"
    ):
        found.get(Potential, "wel")
    with pytest.raises(UnknownNameError, match="no plugin is called 'bowll'; did you mean 'bowl'"):
        found.find("bowll")
    with pytest.raises(UnknownNameError, match="installed: none"):
        Catalogue(()).get(Potential, "well")


def test_an_unknown_name_that_failed_to_load_says_why():
    def load():
        raise RuntimeError("no license")

    found = load_catalogue([Source("alpha", "1.0", "well", "alpha", load)])
    for ask in (lambda: found.get(Potential, "well"), lambda: found.find("well")):
        with pytest.raises(UnknownNameError, match="one of that name failed to load: RuntimeError: no license"):
            ask()


def test_strict_makes_a_failure_fatal():
    def load():
        raise RuntimeError("no license")

    broken = Source("alpha", "1.0", "alpha-point", "alpha", load)
    assert len(load_catalogue([broken]).failures) == 1
    with pytest.raises(PluginLoadError, match=r"alpha 1.0, alpha-point: RuntimeError: no license"):
        load_catalogue([broken], strict=True)


def test_a_single_file_needs_no_package(tmp_path):
    path = tmp_path / "my tilted.py"
    path.write_text(FILE)
    found = load_catalogue([], files=[path])
    cls = found.get(Potential, "tilted")
    assert cls(k=3.0).k == 3.0
    (record,) = found.records
    assert (record.source.distribution, record.source.target) == ("my tilted.py", str(path))
    from thermozoo.symbolic.derive import potential_formulas

    assert str(potential_formulas(cls()).gradient) == "2*k*x + 1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such plugin file"),
        ("import no_such_module_anywhere\n", "ModuleNotFoundError"),
        ("x = (\n", "SyntaxError"),
        ("import sys; sys.exit(0)\n", "SystemExit"),
        ("x = 1\n", "defines no hook"),
    ],
)
def test_a_file_that_fails_is_always_an_error(tmp_path, content, said):
    path = tmp_path / "broken.py"
    if content is not None:
        path.write_text(content)
    with pytest.raises(PluginLoadError, match=f"broken.py.*{said}"):
        load_catalogue([], files=[path])


def test_the_line_is_named_in_a_folder_that_is_called_thermozoo(tmp_path):
    """As the folder of a clone is: only the package's own files are not where an author's mistake is."""
    path = tmp_path / "thermozoo" / "broken.py"
    path.parent.mkdir()
    path.write_text("x = 1\ny = 1 / 0\n")
    with pytest.raises(PluginLoadError, match=r"broken\.py, line 2"):
        load_catalogue([], files=[path])


def test_the_authors_own_line_is_named_where_attrs_refuses_a_class(tmp_path):
    path = tmp_path / "late.py"
    path.write_text(FILE.replace("k: float", "first: float = 0.0\n    last: float\n    k: float"))
    with pytest.raises(PluginLoadError, match=r"No mandatory attributes.*late\.py, line \d+\)"):
        load_catalogue([], files=[path])


def test_a_file_given_twice_is_loaded_once(tmp_path, monkeypatch):
    path = tmp_path / "tilted.py"
    path.write_text(FILE)
    monkeypatch.chdir(tmp_path)
    assert load_catalogue([], files=[path, "tilted.py", path]).names("potential") == ["tilted"]


def test_a_file_that_is_no_python_file(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(PluginLoadError, match="is not a Python file"):
        load_catalogue([], files=[path])


def test_a_file_may_not_take_an_installed_name(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    with pytest.raises(DuplicateNameError, match=r"one of alpha 1.0 .* one of mine.py"):
        load_catalogue([source("alpha", plugin_class("tilted"))], files=[path])


def test_the_report_is_json():
    def load():
        raise RuntimeError("no license")

    found = load_catalogue([source("alpha", plugin_class("well")), Source("beta", "", "beta-point", "beta", load)])
    well, beta = json.loads(json.dumps(found.as_json()))
    assert (well["name"], well["kind"], well["distribution"], well["version"]) == ("well", "potential", "alpha", "1.0")
    assert (well["status"], well["error"], well["traceback"]) == ("ok", None, None)
    assert (beta["name"], beta["kind"], beta["version"], beta["status"]) == ("beta-point", None, None, "failed")
    assert beta["error"].startswith("RuntimeError: no license")
    assert "Traceback" in beta["traceback"]


def test_first_party_plugins_come_through_the_same_door():
    found = catalogue()
    assert not [f for f in found.failures if f.source.distribution == "thermozoo"]
    names = {kind: set(found.names(kind)) for kind in ("potential", "integrator", "objective")}
    assert {"quartic", "double-well", "quadratic"} <= names["potential"]
    assert "euler-maruyama" in names["integrator"]
    assert "reverse-likelihood" in names["objective"]
    assert {"dense", "bipartite"} <= set(found.names("connectivity"))
    assert {"constant", "linear-fade"} <= set(found.names("protocol"))
    assert {"image", "projection", "tree", "one-hot"} <= set(found.names("encoding"))
    assert {"digits", "mnist"} <= set(found.names("dataset"))


@pytest.mark.parametrize(
    ("interface", "name", "said"),
    [
        ("potential", "quartic", "interface must be one of a kind of plugin, such as Potential, got 'potential'"),
        (int, "quartic", r"interface must be .* got the class int"),
        (Potential, 5, "name must be the name of a potential, such as 'quartic', got 5"),
        (Potential, Potential, r"name must be the name of a potential, .* got the class Potential"),
    ],
)
def test_asking_for_what_is_no_plugin(interface, name, said):
    with pytest.raises(ArgumentError, match=said):
        load_catalogue([]).get(interface, name)
