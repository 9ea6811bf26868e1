"""A plugin class is abstract or final, and writes at least its one formula."""

from __future__ import annotations

import attrs
import pytest

from thermozoo import Connectivity, Imperfection, Objective, Potential
from thermozoo.errors import PluginClassError
from thermozoo.interfaces import INTERFACES


def test_the_kinds():
    core = ["potential", "interaction", "projection", "integrator", "objective", "connectivity", "protocol"]
    assert list(INTERFACES) == [*core, "encoding", "dataset", "imperfection", "task", "engine"]


@pytest.mark.parametrize("interface", INTERFACES.values(), ids=list(INTERFACES))
def test_interfaces_hold_no_fields(interface):
    assert not attrs.has(interface)
    assert interface.__slots__ == ()


@pytest.mark.parametrize("kind", [k for k in INTERFACES if k not in ("connectivity", "imperfection", "objective")])
def test_an_interface_cannot_be_instantiated(kind):
    with pytest.raises(TypeError, match="abstract"):
        INTERFACES[kind]()


@pytest.mark.parametrize(("written", "said"), [((), "neither"), (("step_loss", "contrast"), "both")])
def test_an_objective_has_one_of_its_two_formulas(written, said):
    with pytest.raises(PluginClassError, match=rf"Loss defines {said} step_loss\(s\) n?.*contrast\(s\): write one"):
        type("Loss", (Objective,), {name: lambda self, s: 0 for name in written})


def test_nobody_subclasses_a_plugin_class():
    @attrs.frozen
    class Flat(Potential):
        name = "flat"

        def energy(self, x):
            return x**2

    with pytest.raises(PluginClassError, match=r"Steeper subclasses the plugin class .*Flat.*hold a .*Flat as a field"):

        class Steeper(Flat):
            pass


def test_an_abstract_layer_may_be_inherited():
    class Even(Potential):
        pass

    @attrs.frozen
    class Flat(Even):
        name = "flat"

        def energy(self, x):
            return x**2

    assert Flat().energy(2) == 4


def test_an_imperfection_does_something():
    written = "realise, nonreciprocal, stored, moved, driven, read"
    with pytest.raises(PluginClassError, match=f"Perfect defines none of {written}"):

        class Perfect(Imperfection):
            pass


def test_a_connectivity_needs_edges_or_blocks():
    with pytest.raises(PluginClassError, match="neither edges"):

        class Nothing(Connectivity):
            name = "nothing"
