"""A kind that is declared in one class statement is known to hooks, catalog, commands and suite."""

from __future__ import annotations

import json

import attrs
import pytest

from thermozoo import parameter
from thermozoo.cli.app import run
from thermozoo.config import schema
from thermozoo.config.json_schema import json_schema
from thermozoo.config.load import check_config
from thermozoo.errors import ConfigError, PluginClassError
from thermozoo.interfaces import INTERFACES, Plugin
from thermozoo.interfaces.kind import Quantity
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.manifest import provenance
from thermozoo.testing import check, checks_for, registry, verify

FILE = '''
import attrs
from thermozoo import hookimpl, parameter
from thermozoo.interfaces import INTERFACES

@attrs.frozen
class Ohmic(INTERFACES["toy-resistance"]):
    """A resistor: v = R i."""
    name = "ohmic"
    R: float = parameter(2.0, unit="1", above=0, doc="resistance")

    def voltage(self, i):
        return self.R * i

@hookimpl
def thermozoo_toy_resistances():
    return [Ohmic]
'''


@pytest.fixture
def toy(monkeypatch):
    """A kind of which nothing else knows, and a check of it; both are forgotten afterwards."""
    checks_for("protocol")  # what every kind shares registers itself once, when it is imported
    monkeypatch.setattr(registry, "_CHECKS", list(registry._CHECKS))

    class Resistance(
        Plugin,
        kind="toy-resistance",
        formula="voltage",
        written="v(i)",
        symbols=(Quantity("i", "current"),),
        plural="toy_resistances",
        checks=(),
    ):
        """Voltage over a resistor."""

        __slots__ = ()

        def voltage(self, i):
            """Return the voltage."""
            raise NotImplementedError

    @check("toy-resistance", claim="It dissipates.")
    def dissipates(context):
        assert context.plugin.voltage(1.0) > 0

    yield Resistance
    del INTERFACES["toy-resistance"]


@pytest.fixture
def file(toy, tmp_path):
    path = tmp_path / "ohmic.py"
    path.write_text(FILE)
    return str(path)


def test_it_is_listed_by_its_hook(file, capsys):
    assert run(["plugins", "--json", "--plugin", file]) == 0
    [record] = [r for r in json.loads(capsys.readouterr().out) if r["kind"] == "toy-resistance"]
    assert (record["name"], record["status"]) == ("ohmic", "ok")


def test_a_class_of_another_kind_is_none_of_its_hook(file, capsys):
    text = FILE.replace("thermozoo_toy_resistances", "thermozoo_potentials")
    with open(file, "w") as out:
        out.write(text)
    assert run(["plugins", "--json", "--plugin", file]) == 2
    assert "subclasses of thermozoo.Potential" in capsys.readouterr().err


def test_new_knows_it(toy, capsys):
    assert run(["new", "resistance", "mine"]) == 2
    assert "'engine', 'toy-resistance'; did you mean 'toy-resistance'?" in capsys.readouterr().err


def test_the_suite_checks_it(file, capsys):
    assert [one.name for one in checks_for("toy-resistance")] == [
        "documented",
        "round-trip",
        "one-formula",
        "constraints",
        "side-effects",
        "dissipates",
    ]
    assert run(["verify", file, "--json"]) == 0
    outcomes = {one["check"]: one["status"] for one in json.loads(capsys.readouterr().out)["checks"]}
    assert (outcomes["round-trip"], outcomes["one-formula"], outcomes["dissipates"]) == ("passed",) * 3


def test_its_formula_is_shown(file, capsys):
    assert run(["show", file, "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert (table["kind"], table["formulas"]) == ("toy-resistance", {"voltage": "R*i"})


def test_a_formula_of_it_that_looks_at_numbers_is_caught(toy):
    @attrs.frozen
    class Peeping(toy):
        """v = R i, and twice that for numbers."""

        name = "peeping"
        R: float = parameter(2.0, unit="1", above=0, doc="resistance")

        def voltage(self, i):
            return self.R * i * (2 if isinstance(i, float) else 1)

    [wrong] = [o for o in verify(Peeping).outcomes if o.check == "one-formula"]
    assert "called with numbers the formula gives" in wrong.reason


@pytest.mark.parametrize(
    ("kind", "declared", "said"),
    [
        ("toy-resistance", {}, r"declares the name 'toy-resistance' of .*Resistance: choose another"),
        ("other", {"plural": "toy_resistances"}, r"declares the hook 'thermozoo_toy_resistances' of .*Resistance"),
        ("other", {"table": "noising"}, r"declares the table 'noising' of Protocol"),
    ],
)
def test_it_is_declared_once(toy, kind, declared, said):
    with pytest.raises(PluginClassError, match=said):

        class Again(Plugin, kind=kind, formula="voltage", **declared):
            pass

    assert INTERFACES["toy-resistance"] is toy
    assert "other" not in INTERFACES


@pytest.fixture
def loaded(toy, file, monkeypatch):
    """The catalog with the plugin, for configs that have a table for its kind."""
    monkeypatch.setitem(schema.TABLES, "toy", schema.own_table(toy))
    return load_catalogue(files=[file])


TABLES = {"seed": 1, "computer": {"units": {"visible": 4}}}


def test_a_config_may_name_it(loaded):
    config = check_config(TABLES | {"toy": {"plugin": "ohmic", "R": 3.0}}, loaded, "x.toml")
    assert config.plugins["toy-resistance"].R == 3.0
    assert config.resolved["toy"] == {"plugin": "ohmic", "R": 3.0}
    assert check_config(config.resolved, loaded, "x.toml").plugins == config.plugins
    assert json_schema(loaded)["properties"]["toy"]["properties"]["plugin"]["enum"] == ["ohmic"]
    assert ("toy-resistance", "ohmic") in {(p["kind"], p["name"]) for p in provenance(config, loaded)["plugins"]}


def test_a_config_need_not_name_it(loaded):
    config = check_config(TABLES, loaded, "x.toml")
    assert "toy-resistance" not in config.plugins
    assert "toy" not in config.resolved


def test_its_table_is_checked(loaded):
    with pytest.raises(ConfigError, match=r"toy\.r: unknown key; keys of \[toy\] with 'ohmic': plugin, R"):
        check_config(TABLES | {"toy": {"plugin": "ohmic", "r": 3.0}}, loaded, "x.toml")
    with pytest.raises(ConfigError, match=r"toy\.plugin: .*no toy-resistance is called 'ohmik'; did you mean 'ohmic'"):
        check_config(TABLES | {"toy": {"plugin": "ohmik"}}, loaded, "x.toml")
    with pytest.raises(ConfigError, match=r"toy\.plugin: expected the name of a toy-resistance"):
        check_config(TABLES | {"toy": {"R": 1.0}}, loaded, "x.toml")
