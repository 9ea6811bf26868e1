"""Loading plugins: guarded, one by one; whatever is wrong with one is said and stops nothing else.

The toy plugins are modules made by hand, behind hand-made entry points.
"""

from __future__ import annotations

import sys
from types import ModuleType

import attrs
import pytest

from thermozoo import Potential, Protocol, hookimpl
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.registry.discovery import Source, installed_sources


@attrs.frozen
class Flat(Potential):
    name = "flat"

    def energy(self, x):
        return x**2


@attrs.frozen
class Steep(Potential):
    name = "steep"

    def energy(self, x):
        return x**4


def module(**members):
    made = ModuleType("toy")
    vars(made).update(members)
    return made


def source(load, distribution="toy", version="1.2", entry_point="toy-point"):
    return Source(distribution, version, entry_point, "toy.module", load)


def hook(classes, name="thermozoo_potentials"):
    def function():
        return classes

    function.__name__ = name
    return hookimpl(function)


GOOD = source(lambda: module(thermozoo_potentials=hook([Flat])), "good", "3.0", "good-point")


def load(*sources, **options):
    return load_catalogue(list(sources), **options)


def test_a_good_plugin_is_loaded():
    (record,) = load(GOOD).records
    assert (record.name, record.kind, record.plugin, record.status) == ("flat", "potential", Flat, "ok")
    assert record.source.title == "good 3.0"


def unmarked():
    return []


def _raise(error):
    raise error


def _recurse():
    return _recurse()


@pytest.mark.parametrize(
    ("loader", "said"),
    [
        (lambda: __import__("no_such_module_anywhere"), "ModuleNotFoundError: No module named"),
        (lambda: sys.exit(3), "SystemExit: 3"),
        (lambda: compile("def f(:", "toy.py", "exec"), r"SyntaxError: .*toy\.py, line 1"),
        (lambda: _raise(AttributeError("'NoneType' object has no attribute 'x'")), "AttributeError: 'NoneType'"),
        (_recurse, "RecursionError"),
        (lambda: _raise(ValueError()), "ValueError"),
        (lambda: module(), "defines no hook"),
        (lambda: None, "defines no hook"),
        (
            lambda: module(thermozoo_potential=hook([Flat], "thermozoo_potential")),
            "unknown hook 'thermozoo_potential'; did you mean 'thermozoo_potentials'",
        ),
        (
            lambda: module(thermozoo_potentials=hook([Flat]), thermozoo_protocols=unmarked),
            "'thermozoo_protocols' is not marked with @thermozoo.hookimpl",
        ),
    ],
    ids=["missing", "exit", "syntax", "attribute", "recursion", "silent", "empty", "none", "misspelt", "unmarked"],
)
def test_a_broken_source_is_reported_and_stops_nothing(loader, said):
    found = load(source(loader, "broken", "0.1", "broken-point"), GOOD)
    assert found.names("potential") == ["flat"]
    (failure,) = found.failures
    assert failure.status == "failed"
    assert failure.source.title == "broken 0.1"
    assert failure.name == "broken-point"
    assert "Traceback" in failure.details
    import re

    assert re.search(said, failure.error), failure.error
    assert "\n" not in failure.error


@attrs.frozen
class Unnamed(Potential):
    def energy(self, x):
        return x


@attrs.frozen
class Shouting(Potential):
    name = "Shouting Potential"

    def energy(self, x):
        return x


class Undecorated(Potential):
    name = "undecorated"

    def energy(self, x):
        return x


class Abstract(Potential):
    name = "abstract"


@attrs.frozen
class Wrong(Protocol):
    name = "wrong"

    def intensity(self, t, duration):
        return t


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned None: expected a list of classes"),
        (Flat, "expected a list of classes"),
        ([Flat()], "expected a list of subclasses of thermozoo.Potential"),
        ([Wrong], "expected a list of subclasses of thermozoo.Potential"),
        ([int], "expected a list of subclasses"),
        (["flat"], "expected a list of subclasses"),
        ([Abstract], "Abstract is abstract: it does not define energy"),
        ([Unnamed], "Unnamed.name must be lower-case words joined with hyphens"),
        ([Shouting], "must be lower-case words joined with hyphens, such as 'double-well', got 'Shouting Potential'"),
        ([Undecorated], "Undecorated is not an attrs class: decorate it with @attrs.frozen"),
    ],
)
def test_what_is_no_plugin_class_is_refused(returned, said):
    found = load(source(lambda: module(thermozoo_potentials=hook(returned))), GOOD)
    (failure,) = found.failures
    assert said in failure.error
    assert found.names("potential") == ["flat"]


def test_a_hook_that_raises_stops_no_other_hook():
    @hookimpl
    def thermozoo_potentials():
        raise RuntimeError("not today")

    found = load(
        source(
            lambda: module(
                thermozoo_potentials=thermozoo_potentials,
                thermozoo_protocols=hook([Wrong], "thermozoo_protocols"),
            )
        )
    )
    assert found.names("protocol") == ["wrong"]
    (failure,) = found.failures
    assert (failure.kind, failure.error.startswith("RuntimeError: not today")) == ("potential", True)
    assert "test_discovery.py, line" in failure.error


def test_one_bad_class_stops_no_other_class():
    found = load(source(lambda: module(thermozoo_potentials=hook([Flat, Undecorated, Steep]))))
    assert found.names("potential") == ["flat", "steep"]
    assert [f.name for f in found.failures] == ["undecorated"]


def test_keyboard_interrupt_passes():
    with pytest.raises(KeyboardInterrupt):
        load(source(lambda: _raise(KeyboardInterrupt())))


def test_installed_entry_points_are_listed_without_importing():
    sources = installed_sources()
    targets = {s.target for s in sources if s.distribution == "thermozoo"}
    assert {f"thermozoo_plugins.{k}" for k in (
        "potentials", "integrators", "objectives", "connectivities", "protocols", "datasets"
    )} <= targets  # fmt: skip
    assert all(s.version for s in sources if s.distribution == "thermozoo")
