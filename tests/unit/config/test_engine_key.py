"""The key of [dynamics] that names an engine: those of thermozoo, a stranger's, settings, what is refused."""

from __future__ import annotations

import importlib.util
import json
import tomllib

import pytest
import tomli_w

from thermozoo.cli.app import run
from thermozoo.config.json_schema import json_schema
from thermozoo.config.load import check_config
from thermozoo.dynamics.availability import why_not_jax
from thermozoo.dynamics.core_engines import CompiledEngine, JaxEngine
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue, load_catalogue

PLUGIN = '''
import attrs
from thermozoo import Engine, hookimpl, option
from thermozoo.dynamics.core_engines import ReferenceEngine

@attrs.frozen
class Slow(Engine):
    """The reference engine, which may be away."""
    name = "slow"
    away: bool = option(False, doc="whether it is away")

    def available(self):
        return "it is away: come back later" if self.away else None

    def refuses(self, dynamics):
        return "the engine slow is not for double: take single" if dynamics.precision == "double" else None

    def prepare(self, dynamics):
        return ReferenceEngine().prepare(dynamics)

@hookimpl
def thermozoo_engines():
    return [Slow]
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "slow_engine.py"
    path.write_text(PLUGIN)
    return str(path)


def config(engine, plugins=None):
    tables = {"computer": {"units": {"visible": 4}}, "dynamics": {"engine": engine}}
    return check_config(tables, plugins or catalogue(), "x.toml")


def test_a_name_and_a_table_are_both_kept(file):
    assert config("auto").engine is None
    assert config("auto").resolved["dynamics"]["engine"] == "auto"
    assert config("compiled").resolved["dynamics"]["engine"] == "compiled"
    assert config({"plugin": "compiled", "threads": 2}).engine == CompiledEngine(threads=2)
    one = config({"plugin": "jax", "products": "bfloat16"})
    assert one.engine == JaxEngine("bfloat16")
    assert (one.dynamics.engine, one.resolved["dynamics"]["engine"]["products"]) == ("jax", "bfloat16")
    again = tomllib.loads(tomli_w.dumps(one.resolved))
    assert check_config(again, catalogue(), "x.toml").engine == one.engine
    plugins = load_catalogue(files=[file])
    assert config({"plugin": "slow", "away": True}, plugins).engine.away
    assert config("slow", plugins).engine.name == "slow"


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        (
            "referense",
            "expected one of auto, compiled, jax, reference, got \"referense\" (string); did you mean 'reference'",
        ),
        (3, "expected the name of an engine, or a table that names one, got 3"),
        ({"products": "tf32"}, "expected the name of an engine, or a table that names one"),
        ({"plugin": "jax", "products": "fp8"}, "products must be one of float32, tf32, bfloat16, got 'fp8'"),
        ({"plugin": "jax", "product": "tf32"}, "unknown key; did you mean 'products'?"),
        ({"plugin": "auto", "threads": 3}, "no engine is called 'auto'"),
    ],
)
def test_what_is_refused(engine, said):
    with pytest.raises(ConfigError) as caught:
        config(engine)
    [line] = str(caught.value).splitlines()
    assert "dynamics.engine" in line
    assert said in line


def test_the_schema_knows_names_and_settings():
    one = json_schema(catalogue())["properties"]["dynamics"]["properties"]["engine"]
    name, table = one["anyOf"]
    assert name["enum"] == ["auto", "compiled", "jax", "reference"]
    assert (one["default"], table["properties"]["products"]["type"]) == ("auto", "string")


def test_a_stranger_s_engine_runs_and_is_refused_in_a_line(file, tmp_path, capsys):
    check = ["check", "whitelam", "--plugin", file, "--set"]
    assert run([*check, "dynamics.engine=slow"]) == 0
    assert "engine: slow, as dynamics.engine says" in capsys.readouterr().out
    assert run([*check, 'dynamics.engine={plugin = "slow", away = true}']) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "thermozoo: it is away: come back later"
    assert run([*check, "dynamics.engine=slow", "--set", "dynamics.precision=double"]) == 2
    assert "dynamics.engine: the engine slow is not for double: take single" in capsys.readouterr().err


def test_without_jax_a_line_says_what_to_install(monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "jax" else find(name, *more))
    assert "pip install 'thermozoo[jax]'" in why_not_jax()
    assert run(["check", "whitelam", "--set", "dynamics.engine=jax"]) == 2
    [line] = capsys.readouterr().err.splitlines()[-1:]
    assert line.startswith("thermozoo: the engine 'jax' needs JAX, which is not installed: pip install")
    assert run(["plugins"]) == 0
    assert "not available: jax: the engine 'jax' needs JAX" in capsys.readouterr().out
    assert run(["plugins", "--json"]) == 0
    records = {one["name"]: one for one in json.loads(capsys.readouterr().out) if one["kind"] == "engine"}
    assert "thermozoo[jax]" in records["jax"]["not_available"]
    assert records["reference"]["not_available"] is None
