"""Every kind of fault of a config: one line each, with file, path, what was expected and what was given."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest

from thermozoo.config.load import check_config, load_config, parse_file
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue, load_catalogue

GOOD = """
seed = 5
[computer]
temperature = 0.2
trainable_biases = ["hidden"]
[computer.units]
visible = 784
hidden = 6
[computer.potential]
plugin = "quartic"
J2 = 1.5
[computer.potential.hidden]
plugin = "double-well"
J2 = -0.5
[computer.connectivity]
plugin = "bipartite"
within = ["hidden"]
[dynamics]
dt = 1e-3
duration = 0.1
[data]
plugin = "digits"
classes = [0, 1]
[noising]
amplitude = 1.5
[training]
method = "descent"
[generation]
samples = 10
"""


def faults_of(*assignments, text=GOOD, tmp_path=None):
    from thermozoo.config.read import override

    tables = override(tomllib.loads(text), assignments)
    with pytest.raises(ConfigError) as caught:
        check_config(tables, catalogue(), "my.toml")
    return caught.value.faults


def test_the_good_config_is_good():
    config = check_config(tomllib.loads(GOOD), catalogue(), "my.toml")
    assert config.sizes == {"visible": 784, "hidden": 6}
    assert config.potentials["visible"].J2 == 1.5
    assert config.potentials["hidden"].name == "double-well"
    assert config.steps == 100


CASES = [
    # unknown plugin, key, table or group
    (
        "computer.potential.plugin='quartik'",
        "computer.potential.plugin",
        "no potential is called 'quartik'; did you mean 'quartic'",
    ),
    ("computer.connectivity.plugin='bipartit'", "computer.connectivity.plugin", "did you mean 'bipartite'"),
    ("dynamics.integrator='euler'", "dynamics.integrator", "no integrator is called 'euler'"),
    (
        "dynamics.integrator='baoab'",
        "dynamics.integrator",
        "those of 'baoab' have the variables v beside the state: train with an integrator without any",
    ),
    ("data.plugin='cifar'", "data.plugin", "no dataset is called 'cifar'"),
    ("noising.protocol='linear-fad'", "noising.protocol", "did you mean 'linear-fade'"),
    ("training.objective='reverse'", "training.objective", "no objective is called 'reverse'"),
    ("generaton.samples=3", "generaton", "unknown table; did you mean 'generation'"),
    ("computer.temprature=0.1", "computer.temprature", "unknown key; did you mean 'temperature'"),
    ("dynamics.time_step=0.1", "dynamics.time_step", "unknown key"),
    ("noising.amplitud=0.1", "noising.amplitud", "unknown key; did you mean 'amplitude'"),
    ("computer.potential.J3=1.0", "computer.potential.J3", "unknown key"),
    (
        "computer.potential.hiden.J2=1.0",
        "computer.potential.hiden",
        "no group is called 'hiden'; did you mean 'hidden'",
    ),
    ("computer.connectivity.within=['hiden']", "computer.connectivity.within[0]", "did you mean 'hidden'"),
    ("computer.trainable_biases=['hiden']", "computer.trainable_biases[0]", "did you mean 'hidden'"),
    ("computer.units.hidden.clampd=true", "computer.units", ""),
    # wrong type
    ("computer.temperature='hot'", "computer.temperature", 'expected a number, got "hot" (string)'),
    ("computer.temperature=true", "computer.temperature", "expected a number, got true (boolean)"),
    ("generation.samples=2.5", "generation.samples", "expected an integer, got 2.5 (number)"),
    ("generation.samples=[3]", "generation.samples", "expected an integer"),
    ("data.classes=3", "data.classes", "expected a list of integers, got 3 (integer)"),
    ("data.classes=['a']", "data.classes", "expected a list of integers"),
    ("computer.trainable_biases='hidden'", "computer.trainable_biases", "expected a list of strings"),
    ("computer.units.hidden='many'", "computer.units.hidden", "expected an integer"),
    ("computer.units.hidden=2.0", "computer.units.hidden", "expected an integer"),
    ("computer.potential.J2='stiff'", "computer.potential.J2", "expected a number or one value per unit"),
    ("computer.potential.plugin=3", "computer.potential.plugin", "expected the name of a potential, got 3 (integer)"),
    ("computer.connectivity.within='hidden'", "computer.connectivity.within", "expected a list"),
    ("noising.amplitude=[]", "noising.amplitude", "expected a number"),
    ("seed='x'", "seed", "expected an integer"),
    ("seed=-1", "seed", "at least 0"),
    ("seed=9223372036854775808", "seed", "below 2^63"),
    # values out of range
    ("computer.temperature=0", "computer.temperature", "expected a value above 0, got 0"),
    ("computer.temperature=-0.1", "computer.temperature", "expected a value above 0"),
    ("computer.temperature=nan", "computer.temperature", "expected a finite number"),
    ("computer.temperature=inf", "computer.temperature", "expected a finite number"),
    ("computer.mobility=0.0", "computer.mobility", "expected a value above 0"),
    ("dynamics.dt=0", "dynamics.dt", "expected a value above 0"),
    ("dynamics.dt=-1e-3", "dynamics.dt", "expected a value above 0"),
    ("dynamics.dt=1.0", "dynamics.duration", "expected at least one time step of 1"),
    ("computer.units.hidden=0", "computer.units.hidden", "at least 1"),
    ("computer.potential.J4=-1.0", "computer.potential.J4", "must lie in (0, inf), got -1"),
    ("computer.potential.J4=nan", "computer.potential.J4", "must lie in (0, inf), got nan"),
    ("computer.potential.hidden.J2=0.5", "computer.potential.hidden.J2", "must lie in (-inf, 0), got 0.5"),
    ("computer.potential.hidden.J2=[-1.0, -2.0]", "computer.potential.hidden.J2", "6 values, one a unit, got 2 values"),
    ("noising.fade=1.5", "noising.fade", "must lie in (0, 1], got 1.5"),
    ("data.per_class=-1", "data.per_class", "at least 0"),
    ("training.learning_rate=0", "training.learning_rate", "expected a value above 0"),
    ("training.method='sgd'", "training.method", "expected one of"),
    ("noising.hidden='projektion'", "noising.hidden", "did you mean 'projection'"),
    ("dynamics.precision='half'", "dynamics.precision", "expected one of single, double"),
    ("dynamics.engine='referense'", "dynamics.engine", "did you mean 'reference'"),
    ("hardware.preset='electric'", "hardware.preset", "did you mean 'electrical'"),
    # methods that would ignore a setting, or cannot use it
    ("training.windows=2", "training.windows", "expected methods exact and moments only, got descent"),
    ("training.potential_parameters=['J2']", "training.potential_parameters", "got descent"),
    ("training={method='exact', windows=2, compare=['moments', 'online']}", "training.windows", "only, got online"),
    ("training={method='moments', cycles=4}", "training.cycles", "expected at least 5, got 4"),
    # what would be counted twice, and what has no size
    ("data.classes=[3, 0, 3]", "data.classes", "expected each entry once, got 3 more than once"),
    ("training.compare=['online', 'descent', 'online']", "training.compare", "got 'online' more than once"),
    (
        "training={potential_parameters=['J2', 'J2']}",
        "training.potential_parameters",
        "expected each entry once, got 'J2' more than once",
    ),
    ("computer.trainable_biases=['hidden', 'hidden']", "computer.trainable_biases", "got 'hidden' more than once"),
    ("computer.units.hidden={size = 512, clamped = true}", "computer.trainable_biases[0]", "'hidden' is clamped: its"),
    ("computer.units.hidden={clamped = true}", "computer.units.hidden", "expected a size, such as {size = 784"),
    # keys that live elsewhere
    ("mobility=0.2", "mobility", "unknown table; did you mean computer.mobility?"),
    ("dynamics.integrater=1", "dynamics.integrater", "keys of [dynamics] with 'euler-maruyama': integrator, dt"),
    ("dynamics.memory_limit=0", "dynamics.memory_limit", "got 0"),
    # a value where a table belongs
    ("dynamics=3", "dynamics", "expected a table, got 3 (integer)"),
    ("computer=3", "computer", "expected a table"),
    ("computer.units=7", "computer.units", "expected a table of groups"),
    ("computer.potential='quartic'", "computer.potential", "expected a table"),
    ("computer.connectivity='dense'", "computer.connectivity", "expected a table"),
    ("computer.potential.visible=3", "computer.potential.visible", "expected a table, got 3 (integer)"),
    # a table where a value belongs
    ("computer.potential.J2={a = 1}", "computer.potential.J2", "expected a number or one value per unit, got {a = 1}"),
    ("computer.potential.plugin={a = 1}", "computer.potential.plugin", "expected the name of a potential"),
]


@pytest.mark.parametrize(("assignment", "path", "said"), CASES, ids=[c[0] for c in CASES])
def test_one_fault(assignment, path, said):
    if assignment == "computer.units.hidden.clampd=true":
        assignment = "computer.units.hidden={size = 4, clampd = true}"
        path, said = "computer.units.hidden.clampd", "unknown key; did you mean 'clamped'"
    faults = faults_of(assignment)
    line = next((f for f in faults if f.startswith(f"my.toml: {path}: ")), None)
    assert line is not None, faults
    assert said in line
    assert "\n" not in line
    # a fault is reported once, and nothing that only follows from it
    assert len(set(faults)) == len(faults)
    if not assignment.startswith(("computer=", "computer.units=")):
        assert len(faults) == 1, faults


def test_all_faults_at_once():
    chosen = [
        "computer.temperature=0", "dynamics.dt=-1", "computer.potential.J4=-1.0", "computer.potential.hidden.J2=1.0",
        "computer.connectivity.plugin='loop'", "data.plugin='cifar'", "noising.amplitud=3", "training.method='sgd'",
        "generaton.samples=3", "seed=-4", "computer.trainable_biases=['hiden']", "computer.units.hidden=0",
    ]  # fmt: skip
    faults = faults_of(*chosen)
    assert len(faults) == len(chosen), "\n".join(faults)
    assert all(f.startswith("my.toml: ") for f in faults)


def test_missing_units():
    with pytest.raises(
        ConfigError, match=r"x.toml: computer.units: expected a table of groups, such as visible = 784, got nothing"
    ):
        check_config({}, catalogue(), "x.toml")


def test_files_that_are_no_config(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere.toml: no such file; expected a TOML config"):
        load_config(tmp_path / "nowhere.toml", catalogue())
    broken = tmp_path / "broken.toml"
    broken.write_text("[computer\n")
    with pytest.raises(ConfigError, match=r"broken.toml: not valid TOML: .*line 1"):
        load_config(broken, catalogue())
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"broken.toml: not UTF-8: .* UTF-16"):
        load_config(broken, catalogue())
    with pytest.raises(ConfigError, match="a folder; expected a TOML config"):
        load_config(tmp_path, catalogue())


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("dynamics.dt", "expected table.key=value"),
        ("=3", "expected table.key=value"),
        ("dynamics..dt=3", "expected table.key=value"),
        ("seed.x=3", "seed is a value, not a table"),
        ("dynamics.dt.x=3", "dt is a value, not a table"),
    ],
)
def test_assignments_that_are_none(tmp_path, assignment, said):
    path = tmp_path / "good.toml"
    path.write_text(GOOD)
    with pytest.raises(ConfigError, match=f"--set {assignment}: {said}".replace("..", r"\.\.")):
        load_config(path, catalogue(), assignments=[assignment])


def test_the_source_is_the_file_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text(GOOD + "bogus = 1\n")
    with pytest.raises(ConfigError, match=r"^bad.toml: generation.bogus: unknown key"):
        load_config(Path("bad.toml"), catalogue())


def test_a_fault_that_was_set_is_not_the_file_s(tmp_path):
    path = tmp_path / "good.toml"
    path.write_text(GOOD + "bogus = 1\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, catalogue(), assignments=["dynamics.dt=-1", "data.classes=[0, 0.5]"])
    sources = [line.partition(": ")[0] for line in caught.value.faults]
    assert sorted(sources) == ["--set", "--set", str(path)]


SET = [
    # a table that only --set made, with whatever is in it
    ("trainng.cycles=3", "trainng: unknown table"),
    ("computer.potential.hiden.J2=2.0", "computer.potential.hiden: no group is called"),
    # a fault between two keys is named after the one that was set
    ("dynamics.dt=1", "dynamics.dt: expected at least one time step of 1, got a duration of 0.1"),
    ("dynamics.duration=1e-4", "dynamics.duration: expected at least one time step of 0.001, got a duration of 0.0001"),
    # what a plugin refuses only when it is built
    ("data={plugin='mnist', split='foo'}", "data.split: mnist: split must be"),
]


@pytest.mark.parametrize(("assignment", "said"), SET, ids=[s[0] for s in SET])
def test_a_fault_that_only_set_brought_is_not_the_file_s(tmp_path, assignment, said):
    path = tmp_path / "good.toml"
    path.write_text(GOOD)
    with pytest.raises(ConfigError) as caught:
        load_config(path, catalogue(), assignments=[assignment])
    [line] = caught.value.faults
    assert line.startswith(f"--set: {said}")


def test_a_setting_that_is_refused_beside_one_that_was_set(tmp_path):
    """The plugin of the file's table is built from both: the message says which it refuses."""
    path = tmp_path / "good.toml"
    path.write_text(GOOD.replace('plugin = "digits"', 'plugin = "mnist"\nsplit = "foo"'))
    for assignments, source in (([], path), (["data.path='x'"], path), (["data.split='bar'"], "--set")):
        with pytest.raises(ConfigError) as caught:
            load_config(path, catalogue(), assignments=assignments)
        [line] = caught.value.faults
        assert line.startswith(f"{source}: data.split: mnist: split must be")


BETWEEN = [
    ("training={windows=101}", "training.windows", "expected at most one time window a step, 100 in all"),
    ("training={potential_parameters=['J4', 'J7']}", "training.potential_parameters[1]", "parameters: J2, J4"),
    ("computer.mobility=1e4", "dynamics.dt", "dt = 0.001 is above the stability bound"),
    ("data.classes=[]", "data.classes", "expected at least one class to learn, got none"),
]


@pytest.mark.parametrize(("assignment", "path", "said"), BETWEEN, ids=[b[0] for b in BETWEEN])
def test_a_fault_between_keys(assignment, path, said):
    [line] = faults_of(assignment)
    assert line.startswith(f"my.toml: {path}: ")
    assert said in line


def test_parameters_of_clamped_units_are_not_trained():
    [line] = faults_of(
        "computer.potential.hidden={plugin='quadratic'}",
        "computer.units.visible={size=784, clamped=true}",
        "training={potential_parameters=['J4']}",
    )
    assert "no unit that moves has a parameter 'J4'" in line


def test_faults_between_keys_can_be_left_to_what_loads_the_data(tmp_path):
    path = tmp_path / "good.toml"
    path.write_text(GOOD.replace('method = "descent"', "windows = 101"))
    assert parse_file(path, catalogue()).training.windows == 101
    with pytest.raises(ConfigError, match=r"good.toml: training.windows: "):
        load_config(path, catalogue())
    with pytest.raises(ConfigError) as caught:  # a key that means nothing is reported at once, with the others
        parse_file(path, catalogue(), assignments=["dynamics.bogus=1"])
    assert len(caught.value.faults) == 2


OBJECTIVES = '''
"""Objectives that no method, or not every one, can train by."""
import attrs
from thermozoo import Objective, hookimpl


@attrs.frozen
class Still(Objective):
    """The size of the step: (x' - x)^2."""

    name = "still"

    def step_loss(self, s):
        return (s.x_next - s.x) ** 2


@attrs.frozen
class Forward(Objective):
    """The action of the step itself: (x' - x + mu g dt)^2 / (4 mu kT dt)."""

    name = "forward"

    def step_loss(self, s):
        return (s.x_next - s.x + s.mobility * s.gradient * s.dt) ** 2 / (4 * s.mobility * s.kT * s.dt)


@hookimpl
def thermozoo_objectives():
    return [Still, Forward]
'''


@pytest.mark.parametrize(
    ("training", "path", "said"),
    [
        ({"objective": "still"}, "training.objective", "the loss of 'still' uses neither gradient nor gradient_next"),
        ({"objective": "still", "method": "descent"}, "training.objective", "nothing can be trained"),
        ({"objective": "forward", "method": "online"}, "training.method", "'forward' uses gradient too: take descent"),
        ({"objective": "forward", "compare": ["online"]}, "training.compare", "method online needs an objective that"),
        ({"objective": "forward", "method": "descent"}, None, None),
        ({"objective": "forward-likelihood"}, "training.objective", "generation needs one that takes them back"),
    ],
)
def test_objectives_that_cannot_be_trained_by(tmp_path, training, path, said):
    (tmp_path / "objectives.py").write_text(OBJECTIVES)
    installed = load_catalogue(files=[tmp_path / "objectives.py"])
    tables = {"computer": {"units": {"visible": 4}}, "training": training}
    if path is None:
        assert check_config(tables, installed, "x.toml").objective.name == "forward"
        return
    with pytest.raises(ConfigError) as caught:
        check_config(tables, installed, "x.toml")
    [line] = caught.value.faults
    assert line.startswith(f"x.toml: {path}: ")
    assert said in line


@pytest.mark.parametrize("value", ["3", "[{temperature = 0.5}]", "'x'"])
def test_what_is_no_table_is_one_fault(value):
    (line,) = faults_of(f"computer={value}")
    assert line.startswith("my.toml: computer: expected a table, got ")


@pytest.mark.parametrize(
    ("key", "path"),
    [("a.b", '"a.b"'), ("", '""'), ("a b", '"a b"'), ("plain-1", "plain-1")],
)
def test_a_key_with_a_dot_is_not_shown_as_two(key, path):
    odd = f"[generation]\n'{key}' = 1\n[noising]\n'{key}' = 1\n[computer.units.h]\nsize = 1\n'{key}' = 1\n['{key}']\n"
    lines = faults_of(text=odd)
    for table in ("generation.", "noising.", "computer.units.h.", ""):
        assert sum(line.startswith(f"my.toml: {table}{path}: unknown ") for line in lines) == 1


def test_a_long_list_of_different_entries_is_checked_at_once():
    started = time.process_time()
    text = GOOD.replace("[0, 1]", str(list(range(40_000))))
    with pytest.raises(ConfigError, match="expected each entry once, got 'hidden' more"):
        check_config(tomllib.loads(text.replace('["hidden"]', '["hidden", "hidden"]', 1)), catalogue(), "my.toml")
    assert time.process_time() - started < 5  # comparing all pairs takes longer by far
