"""[computer.terms.NAME]: read, checked, built, written back; what is wrong is said at its place."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import numpy as np
import pytest

from thermozoo.computer.terms import ProjectionTerm, SeparableCouplings
from thermozoo.config.json_schema import json_schema
from thermozoo.config.load import check_config
from thermozoo.config.read import override
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.generation import OBSERVATIONS, generation_bytes
from thermozoo.runs.memory import assembly, generation
from thermozoo.runs.phase import Size

STRIPES = Path(__file__).parents[3] / "examples" / "stripes.py"

MEMORY = {"plugin": "modern-hopfield", "beta": 2.0, "normalize": True}

RING = {"interaction": "cosine", "connectivity": {"plugin": "ring", "neighbors": 2}}

TABLES = {
    "seed": 5,
    "computer": {
        "temperature": 0.1,
        "units": {"visible": 36, "hidden": 8},
        "connectivity": {"plugin": "dense"},
        "terms": {"memory": MEMORY, "phases": RING},
    },
    "dynamics": {"dt": 1e-2, "duration": 2.5},
    "data": {"plugin": "stripes", "classes": [0, 1]},
    "training": {"method": "descent"},
}


@pytest.fixture(scope="module")
def plugins():
    return load_catalogue(files=[STRIPES])


def with_terms(**terms):
    return TABLES | {"computer": TABLES["computer"] | {"terms": terms}}


def fault_of(plugins, *assignments, tables=TABLES, build=False):
    def read():
        found = check_config(override(tables, assignments), plugins, "my.toml")
        return assemble_machine(found) if build else found

    with pytest.raises(ConfigError) as caught:
        read()
    [fault] = caught.value.faults
    return fault


def test_terms_are_built_in_their_order(plugins):
    machine = assemble_machine(check_config(TABLES, plugins, "my.toml"))
    memory, phases = machine.computer.terms.values()
    assert machine.computer.term_names == ("on-site", "coupling", "memory", "phases", "bias")
    assert isinstance(memory, ProjectionTerm)
    assert memory.projection.beta == 2.0
    images = machine.prototypes.images
    expected = images / np.linalg.norm(images, axis=1, keepdims=True)
    np.testing.assert_allclose(memory.patterns, expected)
    np.testing.assert_array_equal(memory.units, np.arange(36))
    assert isinstance(phases, SeparableCouplings)
    assert phases.interaction.name == "cosine"
    assert phases.size == 2 * 44
    assert not machine.noising.dynamics.computer.bare().terms


def test_a_resolved_config_gives_the_same_terms(plugins):
    read = check_config(TABLES, plugins, "my.toml")
    again = check_config(read.resolved, plugins, "resolved.toml")
    assert again.terms == read.terms
    assert again.resolved == read.resolved
    assert list(read.resolved["computer"]["terms"]) == ["memory", "phases"]


def test_a_config_without_terms_has_no_table(plugins):
    read = check_config(with_terms(), plugins, "my.toml")
    assert read.terms == {}
    assert "terms" not in read.resolved["computer"]


def test_the_schema_takes_what_is_taken(plugins):
    schema = json_schema(plugins)
    jsonschema.validate(TABLES, schema)
    for wrong in ({"coupling": MEMORY}, {"m": {"beta": 1.0}}, {"m": {"interaction": "cosine"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(with_terms(**wrong), schema)


@pytest.mark.parametrize("suffix", ["npy", "csv"])
def test_patterns_of_a_file_on_groups_and_their_weights(plugins, tmp_path, suffix):
    patterns = np.random.default_rng(0).standard_normal((3, 44))
    path = tmp_path / f"patterns.{suffix}"
    if suffix == "npy":
        np.save(path, patterns)
    else:
        np.savetxt(path, patterns, delimiter=",", fmt="%.17g")
    term = {"plugin": "modern-hopfield", "patterns": str(path), "groups": ["hidden", "visible"], "weights": [1, 2, 0.5]}
    read = check_config(with_terms(memory=term), plugins, "my.toml")
    memory = assemble_machine(read).computer.terms["memory"]
    np.testing.assert_allclose(memory.patterns, patterns, rtol=1e-15)
    np.testing.assert_array_equal(memory.units, [*range(36, 44), *range(36)])
    np.testing.assert_array_equal(memory.weights, [1.0, 2.0, 0.5])


@pytest.mark.parametrize("method", ["exact", "moments"])
def test_methods_that_solve_for_couplings_alone_are_refused(plugins, method):
    fault = fault_of(plugins, f"training.method={method}", tables=with_terms(memory=MEMORY))
    assert f"training.method: method {method} solves for the couplings alone" in fault
    assert "'memory' (modern-hopfield of data); take descent or online" in fault


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("computer.terms.memory.plugin=modern-hopfeld", "'modern-hopfeld'; did you mean 'modern-hopfield'"),
        ("computer.terms.memory.bta=1.0", "computer.terms.memory.bta: unknown key; did you mean 'beta'?"),
        ("computer.terms.memory.beta=-1.0", "computer.terms.memory.beta"),
        ("computer.terms.memory.groups=['hiden']", "no group is called 'hiden'; did you mean 'hidden'?"),
        ("computer.terms.memory.groups=['hidden', 'hidden']", "expected each group once"),
        ("computer.terms.memory.normalize=1", "expected true or false"),
        ("computer.terms.memory.weights=[inf]", "expected finite numbers"),
        ("computer.terms.phases.interaction=cosin", "'cosin'; did you mean 'cosine'"),
        ("computer.terms.phases.plug=cosine", "unknown key; keys: interaction, connectivity"),
        ("computer.terms.phases.connectivity.neighbor=1", "computer.terms.phases.connectivity.neighbor: unknown key"),
        ("computer.terms.phases.connectivity=3", "expected the name of a connectivity, or a table that names one"),
        ("computer.terms.coupling.plugin=dense-memory", "no term can be called 'coupling': something else of every"),
        ("computer.terms.on_site.plugin=dense-memory", "something else of every ledger is called 'on-site'"),
        ("computer.terms.hidden.plugin=dense-memory", "no term can be called 'hidden': a group is called 'hidden'"),
        ("computer.terms.more={}", "expected plugin, the name of a projection (dense-memory, modern-hopfield), or"),
        ("computer.terms.more={interaction = 'cosine'}", "a term of couplings needs a connectivity"),
        ("computer.terms.more=3", "computer.terms.more: expected a table, got 3"),
        ("computer.terms=3", "expected a table of terms by name, got 3"),
        ("computer.terms.2={plugin = 'dense-memory'}", "expected a name of a term"),
    ],
)
def test_faults_of_keys(plugins, assignment, said):
    assert said in fault_of(plugins, assignment)


def test_names_that_files_spell_alike(plugins):
    with pytest.raises(ConfigError) as caught:
        check_config(with_terms(**{"a-b": MEMORY, "a_b": MEMORY}), plugins, "my.toml")
    assert all("another term is called" in fault for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory"),
        (
            np.zeros((2, 5)),
            "patterns must have shape (K, 36), got (2, 5): one row a pattern, one entry for each unit of visible",
        ),
        (np.zeros(36), "expected real numbers, one pattern a row, got shape (36,) of float64"),
        (np.array([["a"] * 36]), "expected real numbers, one pattern a row"),
        (np.array([[np.nan] * 36]), "pattern 0 is nan at entry 0, expected finite numbers"),
        (np.array([[{}] * 36]), "it holds Python objects"),
        (b"1,2\n3\n", "the number of columns changed from 2 to 1"),
        (b"", "expected real numbers, one pattern a row, got shape (0, 1) of float64"),
        (np.zeros((2, 36)), "pattern 0 is zero: it cannot be scaled to length one"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_faults_of_pattern_files(plugins, tmp_path, content, said):
    path = tmp_path / ("patterns.csv" if isinstance(content, bytes) else "patterns.npy")
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    term = MEMORY | {"patterns": str(path)}
    fault = fault_of(plugins, tables=with_terms(memory=term), build=True)
    assert said in fault
    assert "computer.terms.memory" in fault


def test_a_file_of_another_kind(plugins):
    fault = fault_of(plugins, "computer.terms.memory.patterns=patterns.pkl", build=True)
    assert "computer.terms.memory.patterns: patterns are read from .npy or .csv files, got 'patterns.pkl'" in fault


def test_weights_that_are_none_and_a_wrong_number_of_them(plugins):
    assert "must be above zero" in fault_of(plugins, "computer.terms.memory.weights=[0.0, 1.0]", build=True)
    assert "weights must have shape (2,)" in fault_of(plugins, "computer.terms.memory.weights=[1.0]", build=True)


def test_an_interaction_of_another_order(plugins):
    fault = fault_of(plugins, "computer.terms.phases.interaction=three-body", build=True)
    assert "computer.terms.phases.connectivity" in fault
    assert "'three-body' couples 3" in fault


def test_memory_and_ledger_are_predicted_with_all_terms(plugins):
    one, two = (Size.of(check_config(t, plugins, "my.toml")) for t in (with_terms(), TABLES))
    assert (one.terms, two.terms) == (3, 5)
    assert two.couplings - one.couplings == 2 * 44
    ledger = 8 * (OBSERVATIONS + 1)
    assert generation_bytes(44, 4, 1, 5).kept - generation_bytes(44, 4, 1, 3).kept == 3 * 2 * ledger
    samples = two.config.generation.samples
    assert generation(two)[0].bytes - generation(one)[0].bytes == 3 * 2 * ledger * samples
    [patterns] = [share.bytes for share in assembly(two) if share.path == "computer.terms"]
    assert patterns == 2 * 8 * 2 * 36
