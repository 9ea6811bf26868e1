"""Couplings with two directions: the energy of their symmetric part, and the force of the other."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.computer.stability import largest_stable_dt
from thermozoo.computer.term import Term
from thermozoo.computer.terms import CirculatingForce, circulating_force
from thermozoo.dynamics.engines import engine_named
from thermozoo.errors import ParameterError

RNG = np.random.default_rng(4)

#: Computers whose couplings are held as a range with itself, two ranges, a dense matrix of edges, a sparse one.
MADE = {
    "dense": lambda: tz.assemble({"a": 5, "b": 4}, tz.get("quartic"), tz.get("dense")),
    "bipartite": lambda: tz.assemble({"visible": 5, "hidden": 4}, tz.get("quartic"), tz.get("bipartite")),
    "edges": lambda: tz.assemble({"a": 8}, tz.get("quartic"), tz.get("ring")),
    "sparse": lambda: tz.assemble({"a": 70}, tz.get("quartic"), tz.get("ring")),
}


def directed(made, scale=1.0):
    base = made()
    base = base.with_strengths_of("bias", RNG.normal(size=base.n))
    there, back = scale * RNG.normal(size=(2, base.couplings.size))
    return tz.with_directed_strengths(base, there, back), there, back


def matrix(computer, there, back):
    """M_ij, how j acts on i."""
    whole = np.zeros((computer.n, computer.n))
    i, j = computer.couplings.edges.T
    whole[i, j], whole[j, i] = there, back
    return whole


@pytest.mark.parametrize("name", MADE)
def test_each_unit_feels_the_strength_of_its_direction(name):
    computer, there, back = directed(MADE[name])
    x = RNG.normal(size=(3, computer.n))
    whole = matrix(computer, there, back)
    alone = computer.onsite.gradient(x) + computer.biases
    np.testing.assert_allclose(computer.gradient(x) - alone, x @ whole.T, atol=1e-12)
    np.testing.assert_allclose(computer.terms["asymmetry"].matrix(), (whole - whole.T) / 2, atol=1e-15)
    assert computer.gradient(x.astype(np.float32)).dtype == np.float32
    for given, found in zip((there, back), tz.directed_strengths(computer), strict=True):
        np.testing.assert_allclose(found, given, atol=1e-15)


def test_only_the_symmetric_part_has_an_energy():
    computer, there, back = directed(MADE["dense"])
    x = RNG.normal(size=(3, computer.n))
    mean = MADE["dense"]().with_strengths_of("bias", computer.biases)
    mean = mean.with_strengths_of("coupling", (there + back) / 2)
    np.testing.assert_allclose(computer.energy(x), mean.energy(x), rtol=1e-13)
    assert not computer.energy_of("asymmetry", x).any()
    assert computer.term_names == ("on-site", "coupling", "asymmetry", "bias")
    assert computer.digest() != mean.digest()
    assert circulating_force(computer.bare()) is None
    assert circulating_force(mean) is None


@pytest.mark.parametrize("name", MADE)
def test_its_work_is_the_same_by_every_rule(name):
    """F is linear and at right angles to x: the sums at the beginning, the middle and the end of a step are one."""
    computer, there, back = directed(MADE[name])
    states = RNG.normal(size=(6, 2, computer.n))
    moves = np.diff(states, axis=0)
    whole = matrix(computer, there, back)
    force = -states @ ((whole - whole.T) / 2).T
    for rule in (force[:-1], force[1:], (force[:-1] + force[1:]) / 2):
        np.testing.assert_allclose(computer.terms["asymmetry"].work(states), (moves * rule).sum(axis=-1), atol=1e-12)


def test_contraction_is_the_derivative_by_the_strengths():
    computer, _, _ = directed(MADE["bipartite"])
    force = computer.terms["asymmetry"]
    r, x = RNG.normal(size=(2, 3, computer.n))
    ones = np.eye(force.size)
    slopes = [(r * force.with_vector(one).gradient(x)).sum() for one in ones]  # linear, so that this is no difference
    np.testing.assert_allclose(force.contract(r, x), slopes, atol=1e-12)


@pytest.mark.parametrize("name", ["dense", "sparse"])
def test_its_norm_is_the_largest_singular_value_among_units_that_move(name):
    computer, there, back = directed(MADE[name])
    whole = matrix(computer, there, back)
    free = np.arange(computer.n) % 4 > 0
    among = ((whole - whole.T) / 2)[np.ix_(free, free)]
    found = computer.terms["asymmetry"].norm(free)
    assert np.isclose(found, np.linalg.svd(among, compute_uv=False)[0], rtol=2e-3)
    assert computer.terms["asymmetry"].with_vector(np.zeros(there.size)).norm(free) == 0


def test_the_stable_step_shrinks_with_it():
    base = tz.assemble({"a": 2}, tz.get("quadratic", J2=0.5), tz.get("dense"))
    assert np.isclose(largest_stable_dt(base), 2.0)
    turning = tz.with_directed_strengths(base, [1.0], [-1.0])
    assert np.isclose(largest_stable_dt(turning), 1.0)  # |1 - dt (1 + i)| < 1 for dt < 1


@pytest.mark.parametrize("name", ["dense", "sparse"])
def test_a_file_holds_it(name, tmp_path):
    computer, _, _ = directed(MADE[name])
    tz.save_computer(computer, tmp_path / "computer.nc")
    loaded = tz.load_computer(tmp_path / "computer.nc")
    assert loaded.digest() == computer.digest()
    assert isinstance(loaded.terms["asymmetry"], CirculatingForce)
    x = RNG.normal(size=computer.n)
    np.testing.assert_array_equal(loaded.gradient(x), computer.gradient(x))


def test_a_program_of_directed_windows():
    computer, there, back = directed(MADE["dense"])
    later = tz.with_directed_strengths(computer, back, there)
    assert tz.Program([computer, later]).windows == 2
    with pytest.raises(ParameterError, match="other terms"):
        tz.Program([computer, computer.with_terms({})])


@attrs.frozen(eq=False, slots=False)
class Called(Term):
    n: int
    vector: np.ndarray
    energy = gradient = contract = with_vector = scaled = identity = None


def test_the_name_is_that_of_the_force():
    computer, _, _ = directed(MADE["dense"])
    force = computer.terms["asymmetry"]
    with pytest.raises(ParameterError, match="cannot be called 'other'"):
        computer.with_terms({"other": force})
    with pytest.raises(ParameterError, match="cannot be called 'asymmetry'"):
        computer.with_terms({"asymmetry": Called(computer.n, np.ones(1))})


def cosine():
    return tz.assemble({"a": 2}, tz.get("quartic"), tz.get("dense"), interaction=tz.get("interaction:cosine"))


def spins(**clamped):
    return tz.assemble({"a": 2, "b": 1}, {"a": tz.get("spin"), "b": tz.get("quartic")}, tz.get("dense"), **clamped)


@pytest.mark.parametrize(
    ("computer", "said"),
    [
        (cosine(), "by the interaction 'cosine' cannot be asymmetric"),
        (spins(), "the units of group 'a' are discrete"),
    ],
)
def test_what_cannot_be_directed_is_refused(computer, said):
    with pytest.raises(ParameterError, match=said):
        tz.with_directed_strengths(computer, *np.ones((2, computer.couplings.size)))


def test_held_spins_may_act_one_way():
    asked = spins(clamped=["a"])
    found = tz.with_directed_strengths(asked, np.zeros(asked.couplings.size), np.ones(asked.couplings.size))
    np.testing.assert_allclose(found.gradient([1.0, 1.0, 0.5])[2], asked.onsite.gradient(np.array([1, 1, 0.5]))[2] + 2)


def test_what_needs_an_energy_refuses_it():
    computer, _, _ = directed(MADE["dense"])
    law = tz.Dynamics(computer, tz.get("euler-maruyama"), dt=0.01)
    with pytest.raises(ParameterError, match="asymmetric couplings have none"):
        tz.Tempering(law, [1.0, 2.0], np.zeros((2, 1, computer.n)), key=tz.NoiseKey(1))
    with pytest.raises(ParameterError, match="drive 'coupling'"):
        tz.Dynamics(
            computer, tz.get("euler-maruyama"), dt=0.01, steps=10, schedule=tz.Schedule({"asymmetry": np.ones(11)})
        )
    assert "no asymmetric couplings" in tz.get("jax").refuses(law)
    held = tz.with_directed_strengths(spins(clamped=["a", "b"]), *np.ones((2, 3)))
    with pytest.raises(ParameterError, match="updates units by differences"):
        tz.Dynamics(held, tz.get("heat-bath"), dt=1.0)


def test_pairs_that_are_not_coupled_have_no_kernel():
    computer, _, _ = directed(MADE["edges"])
    every, _, _ = directed(lambda: tz.assemble({"a": 8}, tz.get("quartic"), tz.get("dense")))
    other = computer.with_terms({"asymmetry": every.terms["asymmetry"]})
    compiled, step = engine_named("compiled"), tz.get("euler-maruyama")
    assert "other pairs" in compiled.refuses(tz.Dynamics(other, step, dt=0.01))
    assert compiled.refuses(tz.Dynamics(computer, step, dt=0.01)) is None
