"""Couplings by any interaction against sums over tuples that are written out by hand."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
import sympy

import thermozoo as tz
from thermozoo import Connectivity, Interaction, parameter
from thermozoo.computer.couplings import DenseCouplings, EdgeCouplings
from thermozoo.computer.layout import Layout
from thermozoo.computer.stability import largest_stable_dt
from thermozoo.computer.terms import SeparableCouplings, TupleCouplings, couple, pairwise
from thermozoo.errors import FormulaError, ParameterError, ShapeError, StabilityError

UNITS = 6


@attrs.frozen
class Short(Interaction):
    """phi = 1 - exp(-(x - y)^2 / 2 w^2): no sum of products."""

    name = "short"
    symmetric = True
    w: float = parameter(1.0, unit="1", above=0, doc="range")

    def energy(self, *x):
        return 1 - sympy.exp(-((x[0] - x[1]) ** 2) / (2 * self.w**2))


@attrs.frozen
class Gate(Interaction):
    """phi = x^2 y z: the first unit of a tuple is another than the rest."""

    name = "gate"
    order = 3

    def energy(self, *x):
        return x[0] ** 2 * x[1] * x[2]


@attrs.frozen
class Arrow(Interaction):
    """phi = x^2 y."""

    name = "arrow"

    def energy(self, *x):
        return x[0] ** 2 * x[1]


@attrs.frozen
class Listed(Connectivity):
    name = "listed"
    tuples: tuple = ()

    def edges(self, layout):
        return np.array(self.tuples)


PAIRS = tuple(itertools.combinations(range(UNITS), 2))
TRIPLES = ((4, 0, 2), (1, 2, 3), (5, 4, 3), (0, 1, 5))

#: Interaction, tuples, energy of a tuple by hand, its derivatives by each state by hand.
CASES = {
    "bilinear": (tz.get("bilinear"), PAIRS, lambda x, y: x * y, [lambda x, y: y, lambda x, y: x]),
    "difference": (
        tz.get("difference"),
        PAIRS[::2],
        lambda x, y: (x - y) ** 2 / 2,
        [lambda x, y: x - y, lambda x, y: y - x],
    ),
    "cosine": (
        tz.get("cosine"),
        PAIRS,
        lambda x, y: np.cos(x - y),
        [lambda x, y: -np.sin(x - y), lambda x, y: np.sin(x - y)],
    ),
    "short": (
        Short(w=0.7),
        PAIRS[1::2],
        lambda x, y: 1 - np.exp(-((x - y) ** 2) / 0.98),
        [
            lambda x, y: (x - y) / 0.49 * np.exp(-((x - y) ** 2) / 0.98),
            lambda x, y: (y - x) / 0.49 * np.exp(-((x - y) ** 2) / 0.98),
        ],
    ),
    "three-body": (
        tz.get("three-body"),
        TRIPLES,
        lambda x, y, z: x * y * z,
        [lambda x, y, z: y * z, lambda x, y, z: x * z, lambda x, y, z: x * y],
    ),
    "gate": (
        Gate(),
        TRIPLES,
        lambda x, y, z: x**2 * y * z,
        [lambda x, y, z: 2 * x * y * z, lambda x, y, z: x**2 * z, lambda x, y, z: x**2 * y],
    ),
    "arrow": (
        Arrow(),
        ((3, 1), (0, 2), (5, 0)),
        lambda x, y: x**2 * y,
        [lambda x, y: 2 * x * y, lambda x, y: x**2],
    ),
}


@pytest.fixture(params=list(CASES))
def case(request):
    """Couplings with strengths, and what they should be: tuples, energy, slopes."""
    interaction, tuples, energy, slopes = CASES[request.param]
    couplings = couple(Listed(tuples), Layout({"a": UNITS}), interaction)
    strengths = np.random.default_rng(1).standard_normal(len(tuples))
    given = dict(zip(tuples, strengths, strict=True))
    return couplings.with_strengths(given), given, energy, slopes


def states(*shape, dtype=np.float64):
    return np.random.default_rng(2).uniform(-1.5, 1.5, size=(*shape, UNITS)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_energy_and_gradient_are_sums_over_tuples(case, dtype):
    couplings, given, energy, slopes = case
    x = states(2, 3, dtype=dtype)
    wide = x.astype(float)
    expected, gradient = np.zeros(x.shape[:-1]), np.zeros(x.shape)
    for units, J in given.items():
        of_tuple = [wide[..., i] for i in units]
        expected += J * energy(*of_tuple)
        for unit, slope in zip(units, slopes, strict=True):
            gradient[..., unit] += J * slope(*of_tuple)
    to = 1e-13 if dtype == np.float64 else 2e-5
    assert couplings.gradient(x).dtype == dtype
    assert np.allclose(couplings.energy(x), expected, rtol=0, atol=to * 10)
    assert np.allclose(couplings.gradient(x), gradient, rtol=0, atol=to * 10)


def test_contraction_is_the_derivative_of_the_weighted_gradient(case):
    couplings, given, _, slopes = case
    x, r = states(4), np.random.default_rng(3).standard_normal((4, UNITS))
    by_hand = {
        units: sum(
            (r[:, unit] * slope(*(x[:, i] for i in units))).sum() for unit, slope in zip(units, slopes, strict=True)
        )
        for units in given
    }
    key = frozenset if couplings.symmetric else tuple
    expected = {key(units): value for units, value in by_hand.items()}
    found = couplings.contract(r, x)
    assert [expected[key(u)] for u in couplings.edges.tolist()] == pytest.approx(found.tolist(), abs=1e-12)


def test_second_derivatives_are_those_of_differences(case):
    couplings = case[0]
    x, v = states(3), np.random.default_rng(4).standard_normal((3, UNITS))
    h = 1e-4
    expected = (couplings.gradient(x + h * v) - couplings.gradient(x - h * v)) / (2 * h)
    assert np.allclose(couplings.curvature(x, v), expected, atol=1e-6)


def test_pair_energies_that_separate_run_as_products():
    layout = Layout({"a": UNITS})
    kinds = {name: type(couple(Listed(c[1]), layout, c[0])) for name, c in CASES.items()}
    assert kinds == {
        "bilinear": EdgeCouplings,
        "difference": SeparableCouplings,
        "cosine": SeparableCouplings,
        "short": TupleCouplings,
        "three-body": TupleCouplings,
        "gate": TupleCouplings,
        "arrow": TupleCouplings,
    }
    dense = couple(tz.get("dense"), layout, tz.get("cosine"))
    assert isinstance(dense.pairs, DenseCouplings)
    with pytest.raises(ShapeError, match="'short' is no sum of products"):
        SeparableCouplings(dense.pairs, Short())


def test_strengths_by_tuple_and_as_a_matrix():
    layout = Layout({"a": 4})
    arrow = couple(Listed(((3, 1), (0, 2))), layout, Arrow()).with_strengths({(3, 1): 2.0})
    assert arrow.matrix()[3, 1] == 2.0
    assert arrow.matrix()[1, 3] == 0.0
    assert arrow.with_matrix(3 * arrow.matrix()).vector.tolist() == [6.0, 0.0]
    assert arrow.norm() == pytest.approx(2.0)
    with pytest.raises(ParameterError, match=r"does not couple \(1, 3\); .* in the order that it has"):
        arrow.with_strengths({(1, 3): 1.0})
    triple = couple(Listed(((3, 1, 0),)), layout, tz.get("three-body"))
    assert triple.edges.tolist() == [[0, 1, 3]]
    assert triple.with_strengths({(1, 0, 3): 2.0}).vector.tolist() == [2.0]
    assert triple.with_strengths({(1, 0, 3): 2.0}).norm() == pytest.approx(np.sqrt(6) * 2)  # all orders of a tuple
    with pytest.raises(ShapeError, match="couplings of 3 units are no matrix"):
        triple.matrix()
    with pytest.raises(ParameterError, match=r"expected a tuple of 3 of different units below 4"):
        triple.with_strengths({(0, 1): 1.0})
    with pytest.raises(ShapeError, match="couples 3 units: there is no matrix of pairs"):
        pairwise(triple)
    cosine = couple(tz.get("dense"), layout, tz.get("cosine")).with_strengths({(2, 1): 0.5})
    assert cosine.norm() == pytest.approx(np.linalg.norm(cosine.matrix()))
    assert np.array_equal(pairwise(cosine).matrix(), cosine.matrix())
    short = couple(Listed(((2, 1),)), layout, Short()).with_strengths({(1, 2): 0.5})
    assert np.array_equal(pairwise(short).matrix(), short.matrix())


@pytest.mark.parametrize(
    ("tuples", "interaction", "said"),
    [
        (((0, 1),), Gate(), "has tuples of 2 units, the interaction 'gate' couples 3"),
        (((0, 1, 2),), tz.get("cosine"), "has tuples of 3 units, the interaction 'cosine' couples 2"),
        (((0, 1, 2),), Arrow(), "has tuples of 3 units, the interaction 'arrow' couples 2"),
        (((0, 1, 2), (2, 1, 0)), Gate(), r"returns the tuple \(0, 1, 2\) more than once"),
        (((0, 1, 1),), Gate(), "has a unit twice"),
    ],
)
def test_tuples_that_the_interaction_cannot_take(tuples, interaction, said):
    with pytest.raises(ShapeError, match=said):
        tz.assemble({"a": 4}, tz.get("quartic"), Listed(tuples), interaction=interaction)


def test_an_interaction_has_one_value_of_a_parameter():
    with pytest.raises(ParameterError, match="has several values of w: expected a number"):
        tz.assemble({"a": 2}, tz.get("quartic"), tz.get("dense"), interaction=Short(w=[1.0, 2.0]))


def test_an_energy_with_a_pole_or_a_jump_is_refused_when_a_computer_is_made():
    @attrs.frozen
    class Pole(Interaction):
        name = "pole"

        def energy(self, *x):
            return 1 / (x[0] - x[1])

    @attrs.frozen
    class Jump(Interaction):
        name = "jump"

        def energy(self, *x):
            return sympy.sign(x[0]) * x[1]

    for wrong, said in ((Pole(), "is no finite number at x = 0, y = 0"), (Jump(), "jumps at x = 0")):
        with pytest.raises(FormulaError, match=said):
            tz.assemble({"a": 2}, tz.get("quartic"), tz.get("dense"), interaction=wrong)


def test_several_coupling_terms_add_up():
    layout = Layout({"a": UNITS})
    one, three = CASES["cosine"], CASES["three-body"]
    computer = tz.assemble({"a": UNITS}, tz.get("quartic"), tz.get("dense"), interaction=one[0], trainable_biases="a")
    computer = attrs.evolve(computer, terms={"triples": couple(Listed(three[1]), layout, three[0])})
    computer = computer.with_parameters(np.random.default_rng(5).standard_normal(computer.parameters.size))
    assert computer.term_names == ("on-site", "coupling", "triples", "bias")
    assert computer.parameters.size == 15 + 4 + 6
    x = states(3)
    assert np.allclose(sum(computer.energy_terms(x).values()), computer.energy(x), rtol=1e-14)
    h = 1e-6
    for i in range(UNITS):
        step = h * np.eye(UNITS)[i]
        slope = (computer.energy(x + step) - computer.energy(x - step)) / (2 * h)
        assert np.allclose(computer.gradient(x)[:, i], slope, atol=1e-7)
    assert not computer.bare().terms


def stepped(computer, dt, steps=600):
    """Whether steps without noise come to rest."""
    x = 1e-3 * np.random.default_rng(6).standard_normal((1, computer.n))
    for _ in range(steps):
        x = x - computer.mobility * computer.gradient(x) * dt
    return bool(np.abs(x).max() < 1.0)


@pytest.mark.parametrize("n", [5, 80])
def test_the_stability_of_springs_is_that_of_their_laplacian(n):
    """Of n units that are all coupled, the Laplacian has the eigenvalue n J; sparse products beyond 64 units."""
    computer = tz.assemble(
        {"a": n}, tz.get("quadratic", J2=0.5), tz.get("dense"), interaction=tz.get("difference"), temperature=0.1
    )
    computer = computer.with_parameters(np.full(computer.couplings.size, 0.3))
    bound = largest_stable_dt(computer)
    assert bound == pytest.approx(2 / (1.0 + 0.3 * n), rel=0.02)
    assert stepped(computer, 0.95 * bound)
    assert not stepped(computer, 1.05 * bound)


def test_the_stability_of_a_term_beside_bilinear_couplings():
    computer = tz.assemble({"a": 4}, tz.get("quadratic", J2=0.5), tz.get("dense"), temperature=0.1)
    springs = couple(tz.get("dense"), computer.layout, tz.get("difference")).with_vector(np.full(6, 2.0))
    assert largest_stable_dt(attrs.evolve(computer, terms={"springs": springs})) == pytest.approx(2 / 9.0, rel=1e-6)
    held = attrs.evolve(computer, layout=Layout({"a": 4}, clamped=()), terms={"springs": springs.scaled(np.inf)})
    with pytest.raises(StabilityError, match="a coupling is not a finite number"):
        largest_stable_dt(held)
