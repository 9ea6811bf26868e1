"""`tz.get` and `tz.verify`."""

from __future__ import annotations

import pytest

import thermozoo as tz
from thermozoo.errors import ParameterError, UnknownNameError


def test_a_plugin_by_name_and_settings():
    assert tz.get("quartic", J2=2.0).J2 == 2.0
    assert tz.get("potential:quartic") == tz.get("quartic")
    assert tz.get("bipartite", within=("hidden",)).name == "bipartite"


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("quartik", {}, "did you mean 'quartic'"),
        ("quartic", {"J3": 1.0}, "no setting 'J3'; settings: J2, J4"),
        ("quartic", {"J2": -1.0}, "J2"),
        (5, {}, "name of a plugin, such as 'quartic', got int"),
    ],
)
def test_it_says_what_is_wrong(name, settings, message):
    with pytest.raises((ParameterError, UnknownNameError), match=message):
        tz.get(name, **settings)


def test_a_plugin_file(tmp_path):
    file = tmp_path / "tilted_quartic.py"
    file.write_text(
        '"""A file."""\nimport attrs\nfrom thermozoo import Potential, hookimpl, parameter\n\n\n'
        '@attrs.frozen\nclass TiltedQuartic(Potential):\n    """U = x^4 + h x."""\n\n    name = "tilted-quartic"\n'
        '    h: float = parameter(0.1, unit="energy", doc="slope")\n\n'
        "    def energy(self, x):\n        return x**4 + self.h * x\n\n\n"
        "@hookimpl\ndef thermozoo_potentials():\n    return [TiltedQuartic]\n"
    )
    assert tz.get(file, h=0.3).h == 0.3
    assert tz.get(str(file)).name == "tilted-quartic"


def test_verify_takes_a_name_an_instance_and_nothing_else():
    assert tz.verify("constant").holds
    with pytest.raises(ParameterError, match="expected a plugin, its class, its name or its file, got int"):
        tz.verify(5)
