"""The resolved config writes every default out, and loads to the same config."""

from __future__ import annotations

import tomllib

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from thermozoo.config.load import check_config, load_config
from thermozoo.config.schema import TABLES, settings_of
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue, load_catalogue

PLUGINS = ("potentials", "connectivity", "integrator", "dataset", "protocol", "objective")


def again(config):
    """Write the resolved config and read it back."""
    return check_config(tomllib.loads(tomli_w.dumps(config.resolved)), catalogue(), "resolved.toml")


def assert_same(one, other):
    assert other.resolved == one.resolved
    assert (other.seed, other.sizes, other.clamped) == (one.seed, one.sizes, one.clamped)
    for name in (*PLUGINS, *TABLES):
        assert getattr(other, name) == getattr(one, name), name


def positive(low, high):
    return st.floats(low, high, allow_nan=False)


POTENTIALS = st.one_of(
    st.builds(lambda a, b: {"plugin": "quartic", "J2": a, "J4": b}, positive(0.1, 5), positive(0.1, 5)),
    st.builds(lambda a: {"plugin": "double-well", "J2": -a}, positive(0.1, 5)),
    st.builds(lambda a: {"plugin": "quadratic", "J2": [a, 1.0, 2.0]}, positive(0.1, 5)),
    st.just({}),
)


@settings(max_examples=40)
@given(data=st.data())
def test_round_trip(data):
    draw = data.draw
    tables = {
        "seed": draw(st.integers(0, 2**63 - 1)),
        "computer": {
            "temperature": draw(positive(1e-3, 10)),
            "units": {"visible": 3, "hidden": draw(st.sampled_from([3, {"size": 3, "clamped": True}, {"size": 3}]))},
            "potential": {**draw(POTENTIALS), **draw(st.sampled_from([{}, {"hidden": {"plugin": "quadratic"}}]))},
            "connectivity": draw(
                st.sampled_from(
                    [
                        {"plugin": "dense"},
                        {"plugin": "bipartite", "within": ["hidden"]},
                        {"plugin": "lattice", "shape": [2, 3], "periodic": [True, False]},
                        {"plugin": "lattice", "periodic": True},
                        {"plugin": "random-regular", "degree": 2, "seed": 2**63 - 1},
                        {"plugin": "edges", "path": "some file.mtx"},
                    ]
                )
            ),
        },
        "dynamics": {"dt": draw(positive(1e-5, 1e-3)), "precision": draw(st.sampled_from(["single", "double"]))},
        "data": draw(
            st.sampled_from([{}, {"plugin": "mnist", "path": "some folder", "split": "train"}, {"classes": [7]}])
        ),
        "noising": draw(
            st.sampled_from([{}, {"protocol": "constant", "amplitude": 1.5}, {"fade": 0.5, "hidden": "crop"}])
        ),
        "training": draw(st.sampled_from([{}, {"method": "online", "cycles": 7}])),
    }
    if draw(st.booleans()):
        tables["hardware"] = draw(
            st.sampled_from([{}, {"preset": "electrical"}, {"time_unit": 1e-6, "temperature": 4.0}])
        )
    config = check_config(tables, catalogue(), "drawn.toml")
    assert_same(config, again(config))


def test_every_default_is_written_out():
    config = load_config("paper", catalogue())
    for name, table in TABLES.items():
        if table.optional or name == "task":  # of which the default goes without saying, as before there were others
            assert name not in config.resolved
            continue
        for key, declared in settings_of(table.settings).items():
            assert key in config.resolved[name] or declared.default is None, f"{name}.{key}"
    assert config.resolved["computer"]["potential"] == {"plugin": "quartic", "J2": 1.0, "J4": 1.0}
    assert config.resolved["noising"]["fade"] == 0.75
    assert_same(config, again(config))


def test_the_paper_set_up():
    config = load_config("paper", catalogue())
    assert config.sizes == {"visible": 784, "hidden": 512}
    assert (config.computer.temperature, config.computer.mobility) == (0.1, 1.0)
    assert config.computer.trainable_biases == ("hidden",)
    assert config.connectivity.within == ("hidden",)
    assert (config.dynamics.dt, config.dynamics.duration, config.steps) == (1e-3, 2.5, 2500)
    assert config.data.classes == (0, 1, 2)


def test_a_seed_that_is_drawn_is_recorded():
    tables = {"computer": {"units": {"visible": 2}}}
    first, second = (check_config(tables, catalogue(), "x") for _ in range(2))
    assert first.seed != second.seed
    assert first.resolved["seed"] == first.seed
    assert again(first).seed == first.seed


def test_assignments_override(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("seed = 1\n[computer.units]\nvisible = 5\n")
    config = load_config(
        path,
        catalogue(),
        assignments=[
            "computer.units.hidden=2",
            "dynamics.dt = 2e-3",
            "data.plugin=mnist",
            "data.path=../some/folder",
            "data.classes=[3, 4]",
            "computer.potential.hidden.J2=2.5",
            'training.method="online"',
        ],
    )
    assert config.sizes == {"visible": 5, "hidden": 2}
    assert config.dynamics.dt == 2e-3
    assert (config.dataset.name, config.dataset.path) == ("mnist", "../some/folder")
    assert config.data.classes == (3, 4)
    assert (config.potentials["visible"].J2, config.potentials["hidden"].J2) == (1.0, 2.5)
    assert config.training.method == "online"
    assert load_config(path, catalogue(), assignments=["seed=4"], seed=9).seed == 9


def test_a_group_keeps_the_common_plugin_unless_it_names_one():
    tables = {
        "computer": {
            "units": {"visible": 2, "hidden": 2, "other": 2},
            "potential": {
                "plugin": "quartic",
                "J2": 3.0,
                "J4": 2.0,
                "hidden": {"J4": 5.0},
                "other": {"plugin": "quadratic"},
            },
        }
    }
    potentials = check_config(tables, catalogue(), "x").potentials
    assert (potentials["visible"].J2, potentials["visible"].J4) == (3.0, 2.0)
    assert (potentials["hidden"].J2, potentials["hidden"].J4) == (3.0, 5.0)
    assert (potentials["other"].name, potentials["other"].J2) == ("quadratic", 1.0)


def test_the_default_of_trainable_biases_needs_no_hidden_group():
    tables = {"computer": {"units": {"visible": 2}}}
    assert check_config(tables, catalogue(), "x").computer.trainable_biases == ()


@pytest.mark.parametrize(
    ("value", "clamped"),
    [
        (3, ()),
        ({"size": 3, "clamped": True}, ("hidden",)),
        ({"size": 3, "frozen": True}, ("hidden",)),
        ({"size": 3}, ()),
    ],
)
def test_clamped_groups(value, clamped):
    tables = {"computer": {"units": {"visible": 2, "hidden": value}}}
    config = check_config(tables, catalogue(), "x")
    assert config.clamped == clamped
    assert config.sizes["hidden"] == 3


_WRAPPER = """
import attrs
from thermozoo import Potential, hookimpl, option, parameter
from thermozoo_plugins.potentials import Quartic


@attrs.frozen
class Shifted(Potential):
    name = "shifted"
    base: Potential = option(Quartic(), doc="what is shifted")
    c: float = parameter(0.0, unit="1", doc="shift")

    def energy(self, x):
        return self.base.energy(x - self.c)


@hookimpl
def thermozoo_potentials():
    return [Shifted]
"""


@pytest.fixture
def wrapping(tmp_path):
    file = tmp_path / "shifted.py"
    file.write_text(_WRAPPER)
    return load_catalogue(files=[file])


def test_a_plugin_that_holds_another(wrapping):
    tables = tomllib.loads("""
        [computer.units]
        visible = 4
        hidden = 2
        [computer.potential]
        plugin = "shifted"
        c = 0.5
        base = {plugin = "double-well", J2 = [-1.0, -2.0, -3.0, -4.0]}
        [computer.potential.hidden]
        plugin = "shifted"
    """)
    config = check_config(tables, wrapping, "x.toml")
    assert config.potentials["visible"].base.J2.tolist() == [-1.0, -2.0, -3.0, -4.0]
    assert (config.potentials["hidden"].base.name, config.potentials["hidden"].c) == ("quartic", 0.0)
    other = check_config(tomllib.loads(tomli_w.dumps(config.resolved)), wrapping, "resolved.toml")
    assert other.resolved == config.resolved
    assert other.potentials == config.potentials


@pytest.mark.parametrize(
    ("base", "path", "said"),
    [
        ("'quartic'", "base", "expected a table that names a potential plugin"),
        ("{J2 = 1.0}", "base", "expected a table that names a potential plugin"),
        ("{plugin = 'quartik'}", "base.plugin", "did you mean 'quartic'"),
        ("{plugin = 'quartic', J4 = -1}", "base.J4", "must lie in (0, inf), got -1"),
    ],
)
def test_faults_of_a_plugin_that_is_held(wrapping, base, path, said):
    text = f"[computer.units]\nvisible = 4\n[computer.potential]\nplugin = 'shifted'\nbase = {base}"
    with pytest.raises(ConfigError) as caught:
        check_config(tomllib.loads(text), wrapping, "x.toml")
    (line,) = caught.value.faults
    assert line.startswith(f"x.toml: computer.potential.{path}: ")
    assert said in line


def test_groups_keep_their_order():
    """A writer of TOML puts plain keys before tables; units are numbered by the order of groups."""
    tables = tomllib.loads("[computer.units]\ninputs = {size = 4, clamped = true}\nvisible = 784\nhidden = 3")
    config = check_config(tables, catalogue(), "x")
    again = check_config(tomllib.loads(tomli_w.dumps(config.resolved)), catalogue(), "x")
    assert list(again.sizes.items()) == list(config.sizes.items()) == [("inputs", 4), ("visible", 784), ("hidden", 3)]
    assert again.clamped == ("inputs",)


def test_a_clamped_group_has_no_biases_to_train_unless_they_are_asked_for():
    units = {"visible": 4, "hidden": {"size": 2, "clamped": True}}
    assert check_config({"computer": {"units": units}}, catalogue(), "x").computer.trainable_biases == ()
