"""What a run folder says of where its models came from."""

from __future__ import annotations

import hashlib

from thermozoo.config.load import check_config
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.manifest import manifest

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
    report = dict.fromkeys(("seed", "config_digest", "parameter_digest", "engine", "seconds"))
    plugins = manifest(config, catalogue, report, {})["plugins"]
    files = {p["name"]: (p["file"], p["sha256"]) for p in plugins if "file" in p}
    digests = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in (inner, outer)}
    assert files == {"inner": (str(inner), digests[inner]), "outer": (str(outer), digests[outer])}
