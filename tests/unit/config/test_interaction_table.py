"""The table of an interaction: read, resolved, and refused where a method cannot train by it."""

from __future__ import annotations

import pytest

from thermozoo.config.load import check_config
from thermozoo.config.read import override
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue, load_catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.phase import Size

TABLES = {
    "seed": 1,
    "computer": {
        "units": {"visible": 784, "hidden": 4},
        "connectivity": {"plugin": "bipartite"},
        "interaction": {"plugin": "cosine"},
    },
    "dynamics": {"duration": 0.01, "engine": "reference"},
    "training": {"method": "online", "cycles": 1},
}


def config(*changes, plugins=None):
    return check_config(override(TABLES, changes), plugins or catalogue(), "my.toml")


def test_a_config_names_an_interaction():
    read = config()
    assert read.interaction.name == "cosine"
    assert read.resolved["computer"]["interaction"] == {"plugin": "cosine"}
    assert check_config(read.resolved, catalogue(), "my.toml").interaction == read.interaction
    machine = assemble_machine(read)
    assert machine.computer.couplings.interaction == read.interaction
    assert Size.of(read).couplings == machine.computer.couplings.size == 784 * 4


def test_without_the_table_units_are_coupled_by_products():
    tables = override(TABLES, [])
    del tables["computer"]["interaction"]
    read = check_config(tables, catalogue(), "my.toml")
    assert read.interaction is None
    assert "interaction" not in read.resolved["computer"]


@pytest.mark.parametrize("method", ["exact", "moments"])
def test_a_method_that_trains_products_only_is_refused_with_the_remedy(method):
    tables = override(TABLES, [f"training.method={method}"])
    del tables["training"]["cycles"]
    with pytest.raises(ConfigError) as caught:
        check_config(tables, catalogue(), "my.toml")
    [fault] = caught.value.faults
    assert f"training.method: method {method} trains the interaction 'bilinear' only" in fault
    assert "the force by 'cosine'" in fault
    assert fault.endswith("take descent or online")


def test_a_method_of_a_comparison_is_refused_too():
    with pytest.raises(ConfigError, match=r"training\.compare: method exact trains the interaction 'bilinear' only"):
        config("training.compare=['exact']")


def test_the_interaction_bilinear_is_what_every_method_trains():
    read = config("computer.interaction.plugin=bilinear", "training.method=moments", "training.cycles=5")
    assert assemble_machine(read).computer.couplings.interaction is None


def test_tuples_of_another_order_are_a_fault_of_the_connectivity():
    with pytest.raises(ConfigError) as caught:
        assemble_machine(config("computer.interaction.plugin=three-body"))
    [fault] = caught.value.faults
    assert "computer.connectivity" in fault
    assert "has tuples of 2 units, the interaction 'three-body' couples 3" in fault


def test_an_unknown_interaction_and_an_unknown_key():
    with pytest.raises(ConfigError, match=r"computer\.interaction\.plugin: .*'cosin'; did you mean 'cosine'"):
        config("computer.interaction.plugin=cosin")
    with pytest.raises(ConfigError, match=r"computer\.interaction\.range: unknown key"):
        config("computer.interaction.range=1.0")


def test_an_energy_with_a_pole_is_a_fault_of_its_table(tmp_path):
    file = tmp_path / "pole.py"
    file.write_text(
        "import attrs\nfrom thermozoo import Interaction, hookimpl\n\n@attrs.frozen\nclass Pole(Interaction):\n"
        "    name = 'pole'\n    def energy(self, *x):\n        return 1 / (x[0] - x[1])\n\n@hookimpl\n"
        "def thermozoo_interactions():\n    return [Pole]\n"
    )
    with pytest.raises(ConfigError, match=r"computer\.interaction: Pole: the energy of a tuple is no finite number"):
        config("computer.interaction.plugin=pole", plugins=load_catalogue(files=[file]))


def test_the_memory_of_tuples_one_by_one_is_predicted(tmp_path):
    """Units of a tuple, and the matrices that add up their forces, beside the strengths."""
    file = tmp_path / "short.py"
    file.write_text(
        "import attrs\nfrom sympy import exp\nfrom thermozoo import Interaction, hookimpl\n\n@attrs.frozen\n"
        "class Short(Interaction):\n    name = 'short'\n    def energy(self, *x):\n"
        "        return exp(-(x[0] - x[1]) ** 2)\n\n@hookimpl\ndef thermozoo_interactions():\n    return [Short]\n"
    )
    read = config("computer.interaction.plugin=short", plugins=load_catalogue(files=[file]))
    couplings = assemble_machine(read).computer.couplings
    held = couplings.tuples.nbytes + sum(m.data.nbytes + m.indices.nbytes for m in couplings._scatter)
    assert 0.7 * held < 8 * Size.of(read).beside_strength * couplings.size < 1.4 * held
    assert Size.of(config()).beside_strength == 0
