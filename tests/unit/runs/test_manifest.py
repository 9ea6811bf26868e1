"""What a run folder says of where its models came from."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import pytest

from thermozoo.config.load import check_config
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.manifest import manifest, plugin_copies, provenance
from thermozoo.runs.plugin_files import with_copies

PLUGIN = """
import attrs
from thermozoo import Potential, hookimpl, option, parameter

@attrs.frozen
class Mine(Potential):
    name = "{name}"
    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")
    {field}

    def energy(self, x):
        return self.k * x**2 + {more}


@hookimpl
def thermozoo_potentials():
    return [Mine]
"""


def test_a_plugin_that_another_one_holds_is_named_with_its_file(tmp_path):
    inner, outer = tmp_path / "inner.py", tmp_path / "outer.py"
    inner.write_text(PLUGIN.format(name="inner", field="", more="0"))
    field = "base: Potential = option(None, doc='what is added')"
    outer.write_text(PLUGIN.format(name="outer", field=field, more="self.base.energy(x)"))
    catalogue = load_catalogue(files=[inner, outer])
    potential = {"plugin": "outer", "base": {"plugin": "inner", "k": 2.0}}
    config = check_config({"computer": {"units": {"visible": 4}, "potential": potential}}, catalogue, "x.toml")
    report = SimpleNamespace(seed=1, config_digest="", parameter_digest="", engine="reference", seconds={})
    plugins = manifest(config, catalogue, report, {})["plugins"]
    files = {p["name"]: (p["file"], p["sha256"]) for p in plugins if "file" in p}
    digests = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in (inner, outer)}
    assert files == {"inner": (str(inner), digests[inner]), "outer": (str(outer), digests[outer])}


def test_plugins_of_terms_and_of_groups_are_named():
    tables = {
        "computer": {
            "units": {"visible": 4, "hidden": 2},
            "terms": {
                "memory": {"plugin": "modern-hopfield"},
                "springs": {"interaction": "difference", "connectivity": {"plugin": "ring"}},
            },
        },
        "encoding": {"hidden": {"plugin": "crop"}},
        "noising": {"protocol": "linear-fade", "hidden": {"protocol": "constant"}},
        "training": {"method": "descent"},
    }
    config = check_config(tables, load_catalogue(), "x.toml")
    used = {(p["kind"], p["name"]) for p in provenance(config, load_catalogue())["plugins"]}
    for kind, name in (
        ("projection", "modern-hopfield"),
        ("interaction", "difference"),
        ("connectivity", "ring"),
        ("encoding", "crop"),
        ("protocol", "constant"),
    ):
        assert (kind, name) in used


def test_files_of_one_name_are_copied_under_two(tmp_path):
    for folder, name in (("a", "inner"), ("b", "outer")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Mine.py").write_text(PLUGIN.format(name=name, field="", more="0"))
    files = [tmp_path / "a" / "Mine.py", tmp_path / "b" / "Mine.py"]
    catalogue = load_catalogue(files=files)
    potential = {"plugin": "inner", "hidden": {"plugin": "outer"}}
    units = {"visible": 4, "hidden": 2}
    config = check_config({"computer": {"units": units, "potential": potential}}, catalogue, "x.toml")
    for file in files:
        file.write_text("edited since it was loaded")
    copies = plugin_copies(config, catalogue)
    entries = {e["name"]: e for e in provenance(config, catalogue)["plugins"] if "copy" in e}
    assert {name: e["copy"] for name, e in entries.items()} == {
        "inner": "plugins/Mine.py",
        "outer": "plugins/Mine-2.py",
    }
    for name, entry in entries.items():
        assert copies[entry["copy"]] == PLUGIN.format(name=name, field="", more="0").encode()
        assert hashlib.sha256(copies[entry["copy"]]).hexdigest() == entry["sha256"]


@pytest.mark.parametrize(
    "manifest",
    [
        '{"name": "a web page", "icons": []}',
        '{"plugins": "none"}',
        '{"plugins": ["x", {"copy": "plugins/../../evil.py", "sha256": "0"}, {"copy": "/evil.py", "sha256": "0"}]}',
        '{"plugins": [{"copy": "plugins/a.py"}, {"copy": 5, "sha256": "0"}]}',
        "[1]",
    ],
)
def test_files_of_other_programs_and_paths_that_lead_elsewhere_are_left(tmp_path, manifest):
    (tmp_path / "manifest.json").write_text(manifest)
    catalogue = load_catalogue()
    assert with_copies(tmp_path / "config.toml", catalogue).records == catalogue.records
