"""Terms over projections against SciPy, sums pattern by pattern, difference quotients and files."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from scipy.special import logsumexp, softmax

import thermozoo as tz
from thermozoo.computer.stability import largest_stable_dt
from thermozoo.computer.terms import ProjectionTerm
from thermozoo.errors import FormulaError, ParameterError, ShapeError
from thermozoo.interfaces import Projection
from thermozoo.symbolic.projection import projection_formulas

PATTERNS = np.random.default_rng(3).standard_normal((7, 4))
WEIGHTS = np.random.default_rng(4).uniform(0.2, 2.0, 7)
STATES = np.random.default_rng(5).standard_normal((6, 5))


def computer(**groups):
    return tz.assemble(groups or {"a": 1, "b": 4}, tz.get("quadratic"), tz.get("dense"), temperature=0.01)


def hopfield(beta, **options):
    return tz.project(tz.get("modern-hopfield", beta=beta), computer().layout, PATTERNS, groups="b", **options)


@pytest.mark.parametrize("beta", [0.5, 20.0, 1e6])
def test_modern_hopfield_is_log_sum_exp_and_its_force_the_softmax(beta):
    term = hopfield(beta, weights=WEIGHTS)
    exponents = beta * STATES[:, 1:] @ PATTERNS.T + np.log(WEIGHTS)
    np.testing.assert_allclose(term.energy(STATES), -logsumexp(exponents, axis=1) / beta, rtol=1e-13)
    gradient = term.gradient(STATES)
    np.testing.assert_array_equal(gradient[:, 0], 0.0)
    np.testing.assert_allclose(gradient[:, 1:], -softmax(exponents, axis=1) @ PATTERNS, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_dense_memory_is_the_sum_of_powers(n):
    layout = computer(unit=4).layout
    term = tz.project(tz.get("dense-memory", n=n), layout, PATTERNS, weights=WEIGHTS - 1.0)
    x = STATES[:, :4]
    energy, gradient = np.zeros(len(x)), np.zeros(x.shape)
    for pattern, weight in zip(PATTERNS, WEIGHTS - 1.0, strict=True):
        for row, state in enumerate(x):
            z = sum(pattern[i] * state[i] for i in range(4))
            energy[row] -= weight * z**n
            gradient[row] -= weight * n * z ** (n - 1) * pattern
    np.testing.assert_allclose(term.energy(x), energy, rtol=1e-12)
    np.testing.assert_allclose(term.gradient(x), gradient, rtol=1e-11, atol=1e-12)


def test_dense_memory_of_power_two_is_a_hopfield_network():
    """V = -sum_k (m_k.x)^2 are the couplings J = -2 sum_k m_k m_k and the stiffness -sum_k m_k^2 of each unit."""
    base = computer(unit=4)
    memory = base.with_terms({"memory": tz.project(tz.get("dense-memory", n=2), base.layout, PATTERNS)})
    hebb = -2 * PATTERNS.T @ PATTERNS
    pairs = base.with_couplings(hebb - np.diag(np.diag(hebb)))
    x = STATES[:, :4]
    own = x**2 @ np.diag(hebb) / 2
    np.testing.assert_allclose(memory.energy(x), pairs.energy(x) + own, rtol=1e-12)


def test_several_sums_and_functions_of_them():
    @attrs.frozen
    class Ratio(Projection):
        name = "ratio"

        def energy(self, s):
            return s.sum(s.z**2) / (1 + s.sum(s.z**4)) - sympy.log(3 * s.sum(2 * sympy.exp(s.z))) ** 2

    term = tz.project(Ratio(), computer(unit=4).layout, PATTERNS, weights=WEIGHTS)
    x = STATES[:, :4]

    def energy(x):
        z = x @ PATTERNS.T
        return z**2 @ WEIGHTS / (1 + z**4 @ WEIGHTS) - np.log(6 * np.exp(z) @ WEIGHTS) ** 2

    np.testing.assert_allclose(term.energy(x), energy(x), rtol=1e-12)
    for i, gradient in enumerate(term.gradient(x).T):
        step = 1e-5 * np.eye(4)[i]
        np.testing.assert_allclose(gradient, (energy(x + step) - energy(x - step)) / 2e-5, rtol=1e-6, atol=1e-7)


def test_states_keep_their_precision_and_shape():
    term = hopfield(20.0)
    single = term.gradient(STATES.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, term.gradient(STATES), atol=2e-5)
    assert term.energy(STATES.reshape(2, 3, 5)).shape == (2, 3)
    np.testing.assert_array_equal(term.gradient(STATES.reshape(2, 3, 5)).reshape(6, 5), term.gradient(STATES))
    assert term.gradient(STATES[0]).shape == (5,)


def test_nothing_of_it_is_trained():
    base = computer()
    with_memory = base.with_terms({"memory": hopfield(5.0)})
    assert with_memory.parameters.size == base.parameters.size
    assert with_memory.terms["memory"].contract(STATES, STATES).size == 0
    assert with_memory.terms["memory"].with_vector([]) is with_memory.terms["memory"]
    with pytest.raises(ShapeError, match="patterns and weights are not trained"):
        hopfield(5.0).with_vector([1.0])
    assert "memory: 7 patterns" in repr(with_memory)
    assert not with_memory.bare().terms


def test_amplitude_and_ledger():
    base = computer()
    term = hopfield(5.0, weights=WEIGHTS)
    np.testing.assert_allclose(term.scaled(3.0).scaled(0.5).energy(STATES), 1.5 * term.energy(STATES))
    np.testing.assert_allclose(term.scaled(3.0).gradient(STATES), 3.0 * term.gradient(STATES))
    twice = base.with_terms({"memory": term, "other": term.scaled(2.0)})
    assert twice.term_names == ("on-site", "coupling", "memory", "other", "bias")
    np.testing.assert_allclose(twice.energy(STATES) - base.energy(STATES), 3 * term.energy(STATES))
    np.testing.assert_allclose(twice.gradient(STATES) - base.gradient(STATES), 3 * term.gradient(STATES), rtol=1e-9)


def test_normalized_patterns_have_length_one():
    term = hopfield(5.0, normalize=True)
    np.testing.assert_allclose((term.patterns**2).sum(axis=1), 1.0)
    np.testing.assert_allclose(term.patterns * np.linalg.norm(PATTERNS, axis=1)[:, None], PATTERNS)


def test_a_file_holds_it(tmp_path):
    base = computer()
    ring = tz.couple(tz.get("ring"), base.layout, tz.get("interaction:cosine")).with_vector(np.arange(5.0))
    dense = tz.project(tz.get("dense-memory", n=4), base.layout, np.ones((2, 5))).scaled(0.25)
    saved = base.with_terms({"memory": hopfield(7.0, weights=WEIGHTS), "dense": dense, "ring": ring})
    tz.save_computer(saved, tmp_path / "computer.nc")
    again = tz.load_computer(tmp_path / "computer.nc")
    assert again.digest() == saved.digest()
    assert again.term_names == saved.term_names
    np.testing.assert_array_equal(again.gradient(STATES), saved.gradient(STATES))


@pytest.mark.parametrize(
    "change",
    [
        {"patterns": PATTERNS + 1e-9},
        {"weights": 1.1 * WEIGHTS},
        {"amplitude": 2.0},
        {"units": np.arange(4)},
        {"projection": tz.get("modern-hopfield", beta=6.0)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_digest_holds_all_of_it(change):
    term = hopfield(5.0, weights=WEIGHTS)
    one, other = (computer().with_terms({"memory": t}).digest() for t in (term, attrs.evolve(term, **change)))
    assert one != other


def test_a_memory_that_bends_down_does_not_shorten_the_time_step():
    base = computer()
    assert largest_stable_dt(base.with_terms({"memory": hopfield(1e4)})) == largest_stable_dt(base)
    upward = hopfield(1.0).scaled(-50.0)
    x = np.zeros(5)
    bends = np.linalg.eigvalsh(np.array([upward.curvature(x, v) for v in np.eye(5)])).max()
    assert largest_stable_dt(base.with_terms({"memory": upward})) <= 2.0 / bends


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"patterns": PATTERNS[:, :3]}, "patterns must have shape"),
        ({"patterns": np.full((2, 4), np.nan)}, "patterns must be finite"),
        ({"patterns": np.empty((0, 4))}, "at least one row"),
        ({"weights": np.zeros(7)}, "must be above zero, as it adds up exponentials"),
        ({"weights": np.ones(3)}, "weights must have shape"),
        ({"patterns": np.eye(4) - np.diag([0, 0, 1, 0]), "normalize": True}, "pattern 2 is zero"),
        ({"groups": "c"}, "no group is called 'c'"),
    ],
)
def test_what_does_not_fit_is_said(options, said):
    options = {"patterns": PATTERNS, "groups": "b"} | options
    with pytest.raises((ParameterError, ShapeError), match=said):
        tz.project(tz.get("modern-hopfield"), computer().layout, **options)


@pytest.mark.parametrize(
    ("energy", "said"),
    [
        (lambda s: s.z**2, "has no sum over patterns"),
        (lambda s: s.z * s.sum(s.z), "uses z outside of a sum"),
        (lambda s: s.sum(s.z * s.sum(s.z)), "is a sum of a sum"),
    ],
)
def test_a_formula_that_is_none_of_sums_is_refused(energy, said):
    @attrs.frozen
    class Wrong(Projection):
        name = "wrong"

        def energy(self, s):
            return energy(s)

    with pytest.raises(FormulaError, match=said):
        projection_formulas(Wrong())


@pytest.mark.parametrize("n", [1, 2.5, True])
def test_a_power_that_is_none(n):
    with pytest.raises(ParameterError, match="n must be a whole number of 2 or more"):
        tz.get("dense-memory", n=n)


def test_two_units_twice_are_refused():
    with pytest.raises(ShapeError, match="more than once"):
        ProjectionTerm(5, tz.get("dense-memory"), PATTERNS, np.array([0, 1, 1, 2]), WEIGHTS)


def test_a_memory_of_fewer_patterns_than_units_sets_no_bound_of_its_own():
    """Its curvature is zero across the patterns, and below zero along them: 2 / (2 J2) is left of x^2 / 2."""
    images, labels = tz.get("digits").load()
    patterns = images[labels == 3][:100].reshape(100, -1)
    patterns /= np.linalg.norm(patterns, axis=1, keepdims=True)
    base = tz.assemble({"pixel": 784}, tz.get("quadratic", J2=0.5), tz.get("ring"), temperature=1 / 2000)
    memory = tz.project(tz.get("modern-hopfield", beta=2000.0), base.layout, patterns)
    assert largest_stable_dt(base.with_terms({"memory": memory})) == pytest.approx(2.0, rel=1e-3)
