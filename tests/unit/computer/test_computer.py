"""The energy of a computer and its force, against the energy written out by hand."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic

from thermozoo import Potential, option
from thermozoo.computer.computer import assemble
from thermozoo.errors import ArgumentError, BudgetError, ParameterError, ShapeError


def states(data, computer, dtype=np.float64):
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    return (1.5 * random.standard_normal((3, computer.n))).astype(dtype)


@given(data=st.data())
def test_energy_against_the_formula(drawn, plain, data):
    computer = data.draw(drawn.computers())
    x = states(data, computer)
    expected = np.array([plain.energy(computer, row) for row in x])
    assert computer.energy(x) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(data=st.data())
def test_force_against_differences_of_the_energy(drawn, plain, dtype, data):
    """-force = dV/dx by differences of the energy by hand, in a complex step, and by ordinary ones of `energy`."""
    computer = data.draw(drawn.computers())
    x = states(data, computer, dtype)
    gradient = computer.gradient(x)
    assert gradient.dtype == dtype
    wide = x.astype(np.float64)
    matrix = np.abs(computer.couplings.matrix())
    # size of what is added up: on-site terms, couplings, bias
    size = np.abs(wide) @ matrix + np.abs(computer.biases)
    for where, one in computer.onsite.parts():
        p = one.potential
        size[:, where] += 2 * abs(p.J2) * np.abs(wide[:, where]) + 4 * getattr(p, "J4", 0) * np.abs(wide[:, where]) ** 3
    tolerance = (computer.n + 8) * np.finfo(dtype).eps * size
    for row in range(len(x)):
        for i in range(computer.n):
            unit = np.eye(computer.n)[i]
            by_hand = plain.complex_step(lambda v: plain.energy(computer, v), wide[row], unit)
            assert abs(gradient[row, i] - by_hand) <= tolerance[row, i]
            if dtype == np.float64:
                h = 1e-3  # five points: exact for a quartic energy, up to rounding
                v = [computer.energy(wide[row] + k * h * unit) for k in (-2, -1, 1, 2)]
                difference = (v[0] - 8 * v[1] + 8 * v[2] - v[3]) / (12 * h)
                spread = 1 + max(abs(e) for e in v)
                assert abs(gradient[row, i] - difference) <= 20 * np.finfo(float).eps * spread / h


@given(data=st.data())
def test_terms_add_up_and_are_double(drawn, data):
    computer = data.draw(drawn.computers())
    x = states(data, computer, np.float32)
    terms = computer.energy_terms(x)
    assert tuple(terms) == computer.term_names == ("on-site", "coupling", "bias")
    assert all(part.dtype == np.float64 for part in terms.values())
    assert np.array_equal(sum(terms.values()), computer.energy(x))
    assert np.array_equal(computer.energy(x), computer.energy(x.astype(np.float64)))


@given(data=st.data())
def test_parameters_round_trip(drawn, data):
    computer = data.draw(drawn.computers())
    vector = computer.parameters
    assert len(vector) == computer.couplings.size + computer.trainable_biases.sum()
    other = computer.with_parameters(2 * vector)
    assert np.array_equal(other.parameters, 2 * vector)
    fixed = ~computer.trainable_biases
    assert np.array_equal(other.biases[fixed], computer.biases[fixed])
    assert other.with_parameters(vector).digest() == computer.digest()
    assert vector.size == 0 or not np.any(vector) or other.digest() != computer.digest()
    with pytest.raises(
        ShapeError,
        match=rf"parameters must have shape \({vector.size},\), got .*: {computer.couplings.size} couplings and",
    ):
        computer.with_parameters(np.append(vector, 1.0))


@given(data=st.data())
def test_uncoupled_has_the_on_site_energy_only(drawn, data):
    computer = data.draw(drawn.computers())
    x = states(data, computer)
    bare = computer.bare()
    assert np.array_equal(bare.energy(x), computer.energy_terms(x)["on-site"])
    assert np.array_equal(bare.gradient(x), computer.onsite.gradient(x))


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.2},
        {"mobility": 2.0},
        {"biases": np.array([0.0, 0.0, 1e-300])},
    ],
)
def test_the_digest_sees_every_number(change):
    computer = assemble({"a": 3}, Quartic(), Dense())
    assert attrs.evolve(computer, **change).digest() != computer.digest()


def test_the_digest_sees_potentials():
    digests = {
        assemble({"a": 3}, p, Dense()).digest()
        for p in (Quartic(), Quartic(J4=2.0), Quartic(J2=[1, 1, 2]), DoubleWell(), Quadratic())
    }
    assert len(digests) == 5


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["temperature", "mobility"])
def test_temperature_and_mobility_are_positive(name, wrong):
    with pytest.raises(ParameterError, match=f"{name} must be positive and finite"):
        assemble({"a": 2}, Quartic(), Dense(), **{name: wrong})


def test_sizes_must_match():
    computer = assemble({"a": 3}, Quartic(), Dense())
    with pytest.raises(ShapeError, match=r"biases must have shape \(3,\)"):
        attrs.evolve(computer, biases=np.zeros(2))
    with pytest.raises(ShapeError, match=r"trainable_biases must have shape"):
        attrs.evolve(computer, trainable_biases=np.zeros(2, dtype=bool))
    with pytest.raises(ShapeError, match="J2 of group 'a' has 2 values, but the group has 3 units"):
        assemble({"a": 3}, Quartic(J2=[1, 2]), Dense())
    with pytest.raises(ShapeError, match="no potential is given for group 'b'"):
        assemble({"a": 3, "b": 1}, {"a": Quartic()}, Dense())
    with pytest.raises(ShapeError, match="'c', which is no group"):
        assemble({"a": 3}, {"a": Quartic(), "c": Quartic()}, Dense())


def test_groups_may_have_different_potentials_and_units_different_parameters():
    computer = assemble(
        {"a": 2, "b": 2}, {"a": Quadratic(J2=[1.0, 3.0]), "b": DoubleWell(J2=-1.0, J4=[1.0, 2.0])}, Dense()
    )
    x = np.array([2.0, 2.0, 2.0, 2.0])
    assert computer.gradient(x).tolist() == [4.0, 12.0, 28.0, 60.0]
    assert float(computer.energy(x)) == 4 + 12 + (-4 + 16) + (-4 + 32)
    assert computer.onsite.curvature(x).tolist() == [2.0, 6.0, 46.0, 94.0]


def test_the_digest_sees_every_digit_of_every_entry_of_a_setting():
    @attrs.frozen
    class Polynomial(Potential):
        name = "polynomial"
        coefficients: np.ndarray = option(doc="of x, x^2, ...", eq=False)

        def energy(self, x):
            return x**4 + sum(float(c) * x**k for k, c in enumerate(self.coefficients[:3], start=1))

    digits = [np.array([0.123456789012]), np.array([0.123456789013])]
    entries = [np.zeros(2000), np.zeros(2000)]
    entries[1][1000] = 1.0
    for one, other in (digits, entries):
        digests = {assemble({"a": 2}, Polynomial(c), Dense()).digest() for c in (one, other)}
        assert len(digests) == 2


@given(data=st.data())
def test_integer_states_feel_the_same_forces_as_floating_ones(drawn, data):
    """Spins come as integers; nothing may be cut to integers on the way."""
    computer = data.draw(drawn.computers())
    spins = np.sign(states(data, computer)).astype(np.int64)
    for function in (computer.energy, computer.gradient, computer.onsite.gradient, computer.onsite.curvature):
        assert np.array_equal(function(spins), function(spins.astype(np.float64)))
    assert np.array_equal(computer.couplings.product(spins), computer.couplings.product(spins.astype(np.float64)))
    assert np.array_equal(computer.couplings.energy(spins), computer.couplings.energy(spins.astype(np.float64)))


@pytest.fixture
def small(make_computer):
    return make_computer({"visible": 2, "hidden": 1}, Quartic(), Dense(), trainable=["hidden"])


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ([1, np.nan, 2, 3], ParameterError, "parameters must be finite, got nan at 1"),
        ([1, 2, 3, np.inf], ParameterError, "parameters must be finite, got inf at 3"),
        ([1, 2, 3], ShapeError, r"shape \(4,\), got \(3,\): 3 couplings and 1 trainable biases"),
        ([[1, 2, 3, 4]], ShapeError, r"shape \(4,\), got \(1, 4\)"),
        (1.0, ShapeError, r"shape \(4,\), got \(\)"),
        ([1, 2, 3, 4j], ArgumentError, "parameters must be real numbers, got complex128"),
        (["1", "2", "3", "4"], ArgumentError, "parameters must be real numbers, got strings"),
        (None, ArgumentError, "parameters must be real numbers, got Python objects"),
    ],
)
def test_parameters_that_are_none(small, values, error, said):
    with pytest.raises(error, match=said):
        small.with_parameters(values)


def test_states_of_another_width(small):
    """Every way to the energy says so, not a product of matrices, and never a wrong number."""
    ways = (
        small.energy,
        small.energy_terms,
        small.gradient,
        small.onsite.energy,
        small.onsite.gradient,
        small.onsite.curvature,
        small.couplings.product,
        small.couplings.energy,
    )
    for way in ways:
        for width in (2, 4):
            with pytest.raises(
                ShapeError, match=rf"states must have shape \(..., 3\), got \(5, {width}\): the last dim"
            ):
                way(np.zeros((5, width)))
        with pytest.raises(ShapeError, match=r"got \(\)"):
            way(1.0)
        with pytest.raises(ArgumentError, match="states must be real numbers, got complex128"):
            way(np.zeros(3, dtype=complex))


GOOD = {"sizes": {"a": 2}, "potential": Quartic(), "connectivity": Dense()}


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        (
            {"potential": "quartic"},
            ArgumentError,
            r"potential must be a Potential, got 'quartic': give an instance; catal",
        ),
        (
            {"potential": Quartic},
            ArgumentError,
            r"potential must be a Potential, got the class Quartic: give an instance, Qu",
        ),
        ({"potential": Potential}, ArgumentError, r"got the class Potential: give an instance"),
        ({"potential": Dense()}, ArgumentError, r"potential must be a Potential, got Dense"),
        ({"potential": {"a": "quartic"}}, ArgumentError, "potential of group 'a' must be a Potential, got 'quartic'"),
        ({"potential": {"b": Quartic()}}, ShapeError, "no potential is given for group 'a'"),
        (
            {"connectivity": "dense"},
            ArgumentError,
            "connectivity must be a Connectivity, got 'dense': give an instance",
        ),
        ({"connectivity": Dense}, ArgumentError, "got the class Dense: give an instance, Dense"),
        ({"connectivity": None}, ArgumentError, "connectivity must be a Connectivity, got None"),
        ({"temperature": np.nan}, ParameterError, "temperature must be positive and finite, got nan"),
        ({"temperature": "warm"}, ArgumentError, "temperature must be positive and finite, got 'warm'"),
        ({"temperature": True}, ArgumentError, "temperature must be positive and finite, got True"),
        ({"mobility": -1}, ParameterError, "mobility must be positive and finite, got -1"),
        ({"mobility": 1j}, ArgumentError, "mobility must be positive and finite, got 1j"),
        ({"trainable_biases": "b"}, ShapeError, "no group is called 'b'; groups: a"),
        ({"trainable_biases": 3}, ArgumentError, r"trainable_biases must be names, such as \['visible'\], got 3"),
        ({"clamped": [None]}, ArgumentError, r"clamped must be names"),
        ({"sizes": {"a": 2.5}}, ArgumentError, "size of group 'a' must be a whole number"),
    ],
)
def test_what_cannot_be_assembled(changes, error, said):
    with pytest.raises(error, match=said):
        assemble(**{**GOOD, **changes})


def test_a_string_names_one_group():
    computer = assemble({"visible": 2, "hidden": 1}, Quartic(), Dense(), trainable_biases="visible", clamped="hidden")
    assert computer.trainable_biases.tolist() == [True, True, False]
    assert computer.layout.clamped == {"hidden"}


def test_couplings_that_no_memory_holds():
    with pytest.raises(BudgetError, match="the couplings of 1,000,000,000 units by connectivity 'dense' do not fit"):
        assemble({"a": 10**9}, Quartic(), Dense())


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"biases": np.array([0.0, np.nan, 1.0])}, ParameterError, "biases must be finite, got nan at 1"),
        ({"biases": np.zeros(2)}, ShapeError, r"biases must have shape \(3,\), one entry a unit, got \(2,\)"),
        ({"biases": 1.0}, ShapeError, r"biases must have shape \(n,\), got \(\)"),
        ({"trainable_biases": "visible"}, ArgumentError, "trainable_biases must be an array of booleans"),
        ({"trainable_biases": np.array([0, 1, 2])}, ArgumentError, "must be an array of booleans"),
        ({"couplings": np.zeros(3)}, ArgumentError, "couplings must be a Couplings, got an array"),
        ({"layout": {"a": 3}}, ArgumentError, "layout must be a Layout, got {'a': 3}"),
    ],
)
def test_a_computer_of_the_wrong_parts(small, changes, error, said):
    with pytest.raises(error, match=said):
        attrs.evolve(small, **changes)
