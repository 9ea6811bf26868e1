"""Parallel tempering: every rung has its own Boltzmann distribution, exchanges keep it, and trips are counted right."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
from scipy import stats

import thermozoo as tz
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.round_trips import RoundTrips
from thermozoo.dynamics.tempering import swap_probability
from thermozoo.errors import ParameterError, ShapeError

KEY = tz.NoiseKey(7)
LADDER = np.array([0.5, 0.9, 1.6, 3.0])


def glass(n=5):
    """Return spins with random couplings and biases."""
    rng = np.random.default_rng(3)
    one = tz.assemble({"spins": n}, tz.get("spin"), tz.get("dense"))
    one = one.with_parameters(rng.standard_normal(one.parameters.size))
    return attrs.evolve(one, biases=0.3 * rng.standard_normal(n))


def heat_bath(computer, **options):
    return tz.Dynamics(computer, tz.get("heat-bath"), dt=1.0, **options)


def all_states(n):
    return np.array(list(itertools.product((-1.0, 1.0), repeat=n)))


def boltzmann(energies, kT):
    weight = np.exp(-(energies - energies.min()) / kT)
    return weight / weight.sum()


@pytest.fixture(scope="module")
def settled():
    """Return ladders of five spins after 20 rounds: one independent sample of every rung in each."""
    computer = glass()
    start = np.random.default_rng(0).choice([-1.0, 1.0], (4, 3000, computer.n))
    ladder = tz.Tempering(heat_bath(computer), LADDER, start, key=KEY, engine="reference")
    ladder.run(19)
    before = {}
    ladder.run(1, observe=lambda one: before.update(states=one.states.copy(), energies=one.energies.copy()))
    return computer, ladder, before


@pytest.mark.parametrize("rung", range(4))
def test_each_rung_has_its_own_boltzmann_distribution(settled, rung):
    # chi-square against enumeration: false alarms once in 10,000 seeds a rung; 3,000 independent ladders
    computer, ladder, _ = settled
    every = all_states(computer.n)
    expected = 3000 * boltzmann(computer.energy(every), LADDER[rung])
    code = (ladder.states[rung] > 0) @ (2 ** np.arange(computer.n)[::-1])
    found = np.bincount(code.astype(int), minlength=len(every))
    order = np.argsort(expected)
    few = order[np.cumsum(expected[order]) < 10]
    many = np.setdiff1d(order, few)
    counts = np.append(found[many], found[few].sum())
    means = np.append(expected[many], expected[few].sum())
    keep = means > 0
    assert stats.chisquare(counts[keep], means[keep]).pvalue > 1e-4


def test_exchanges_are_accepted_as_often_as_enumeration_says(settled):
    # five standard errors of a mean of 3,000: false alarms once in a million for each of two pairs
    computer, _, before = settled
    energies = computer.energy(all_states(computer.n))
    for low in (0, 2):
        p, q = (boltzmann(energies, LADDER[k]) for k in (low, low + 1))
        chance = swap_probability(1 / LADDER[low], 1 / LADDER[low + 1], energies[:, None], energies[None, :])
        exact = p @ chance @ q
        sampled = swap_probability(
            1 / LADDER[low], 1 / LADDER[low + 1], before["energies"][low], before["energies"][low + 1]
        )
        assert abs(sampled.mean() - exact) < 5 * sampled.std() / np.sqrt(sampled.size)


def test_what_was_accepted_follows_from_energies_and_says_where_replicas_are():
    computer = glass()
    start = np.ones((2, computer.n))
    ladder = tz.Tempering(heat_bath(computer), LADDER, start, key=KEY, engine="reference")
    for k in range(6):
        seen = {}
        moved = ladder.replicas.copy()
        ladder.run(1, observe=lambda one, into=seen: into.update(energies=one.energies.copy(), x=one.states.copy()))
        # where a replica went, its state and energy went
        for column in range(2):
            rungs = [int(np.flatnonzero(moved[:, column] == one)[0]) for one in ladder.replicas[:, column]]
            assert np.array_equal(ladder.states[:, column], seen["x"][rungs, column])
            assert np.array_equal(ladder.energies[:, column], seen["energies"][rungs, column])
            # only pairs whose turn it is
            assert all(a == b or (min(a, b) % 2 == k % 2 and abs(a - b) == 1) for a, b in enumerate(rungs))
    assert ladder.tried.tolist() == [6, 6, 6]
    assert np.allclose(ladder.energies, computer.energy(ladder.states))
    assert (ladder.acceptance == ladder.accepted / 6).all()


def test_exchange_is_in_detailed_balance_with_both_distributions():
    energies = np.linspace(-3, 4, 23)
    for kT, other in itertools.product((0.3, 1.0, 2.5), repeat=2):
        p, q = boltzmann(energies, kT), boltzmann(energies, other)
        there = swap_probability(1 / kT, 1 / other, energies[:, None], energies[None, :])
        flow = p[:, None] * q[None, :] * there  # x at kT and y at other change places
        assert np.allclose(flow, flow.T, rtol=1e-12, atol=0)
        assert (there <= 1).all()
        assert (np.maximum(there, there.T) == 1).all()


def test_round_trips_of_a_known_sequence():
    # replicas at the coldest, middle and hottest rung. Replica 0 is hot at 2 and comes back at 5; replica 1 is at the
    # coldest rung at 1, hot at 4 and back at 7; replica 2 begins hot, which is no half of a trip: it is at the coldest
    # rung at 3, hot at 6 and back at 8
    places = [[0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0], [2, 0, 1], [0, 2, 1], [0, 1, 2], [1, 0, 2], [2, 0, 1]]
    trips = RoundTrips(np.array(places[0])[:, None])
    history = []
    for one in places[1:]:
        trips.observe(np.array(one)[:, None])
        history.append(trips.counts[:, 0].tolist())
    assert history == [[0, 0, 0]] * 4 + [[1, 0, 0]] * 2 + [[1, 1, 0], [1, 1, 1]]


def test_bits_depend_on_neither_threads_nor_how_a_run_is_split():
    computer = glass(9)
    start = np.random.default_rng(0).choice([-1.0, 1.0], (20, computer.n))
    found = []
    for threads, parts in ((1, [7]), (3, [3, 4])):
        ladder = tz.Tempering(heat_bath(computer), LADDER, start, key=KEY, engine=CompiledEngine(threads))
        for rounds in parts:
            ladder.run(rounds, sweeps=2)
        assert (ladder.step, ladder.rounds) == (14, 7)
        found.append((ladder.states, ladder.replicas, ladder.accepted, ladder.round_trips))
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))
    one = tz.Tempering(heat_bath(computer), LADDER, start, key=KEY, engine="reference")
    one.run(7, sweeps=2)
    assert np.array_equal(one.states, found[0][0])


def test_lowest_energy_is_that_of_its_state_and_the_ground_state_is_found():
    computer = glass(9)
    start = np.random.default_rng(0).choice([-1.0, 1.0], (5, computer.n))
    ladder = tz.Tempering(heat_bath(computer, precision="single"), LADDER, start, key=KEY, engine="reference")
    ladder.run(40)
    assert np.array_equal(ladder.lowest_energy, computer.energy(ladder.lowest_state.astype(float)))
    assert np.allclose(ladder.lowest_energy, computer.energy(all_states(9)).min(), rtol=1e-12)


def test_continuous_units_are_tempered_too():
    # <x^2> of the double well at the cold rung against quadrature; the two wells are 5 kT apart. Five standard errors:
    # false alarms once in a million; the time step's own bias is a few parts in 1,000 of it
    unit = tz.assemble({"unit": 1}, tz.get("double-well"), tz.get("dense"))
    dynamics = tz.Dynamics(unit, tz.get("leimkuhler-matthews"), dt=0.01)
    kT = np.array([0.15, 0.5, 1.5])
    ladder = tz.Tempering(dynamics, kT, np.ones((2000, 1)), key=KEY, engine="reference")
    ladder.run(30, sweeps=8)
    grid = np.linspace(-4, 4, 4001)[:, None]
    for rung, own in enumerate(kT):
        p = boltzmann(unit.energy(grid), own)
        for power in (1, 2):
            sampled = ladder.states[rung, :, 0] ** power
            exact = p @ grid[:, 0] ** power
            assert abs(sampled.mean() - exact) < 5 * sampled.std() / np.sqrt(2000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperatures": [1.0]}, "two or more that rise"),
        ({"temperatures": [1.0, 1.0]}, "two or more that rise"),
        ({"temperatures": [-1.0, 1.0]}, "rise from above zero"),
        ({"initial": np.zeros((2, 5))}, "discrete"),
    ],
)
def test_what_is_no_ladder_is_refused(change, message):
    given = {"temperatures": LADDER, "initial": np.ones((2, 5)), **change}
    with pytest.raises(ParameterError, match=message):
        tz.Tempering(heat_bath(glass()), given["temperatures"], given["initial"], key=KEY)


def test_other_laws_of_motion_and_shapes_are_refused():
    computer = glass()
    with pytest.raises(ShapeError, match="at least one ladder"):
        tz.Tempering(heat_bath(computer), LADDER, np.ones((3, 2, 5)), key=KEY)
    cooling = tz.Schedule({"temperature": np.linspace(1, 0.5, 11)})
    with pytest.raises(ParameterError, match="has a schedule"):
        tz.Tempering(heat_bath(computer, steps=10, schedule=cooling), LADDER, np.ones((2, 5)), key=KEY)
    unit = tz.assemble({"unit": 1}, tz.get("quadratic", J2=0.5), tz.get("dense"))
    with pytest.raises(ParameterError, match="advances v"):
        tz.Tempering(tz.Dynamics(unit, tz.get("baoab"), dt=0.1), LADDER, np.ones((2, 1)), key=KEY)


def test_units_in_baths_of_their_own_are_refused():
    """Their noise would be that of the baths at every rung."""
    unit = tz.assemble({"unit": 1}, tz.get("quadratic", J2=0.5), tz.get("dense"))
    law = tz.Dynamics(unit, tz.get("euler-maruyama"), dt=0.1, baths=[2.0])
    with pytest.raises(ParameterError, match="has a bath of its own for each unit: leave baths out"):
        tz.Tempering(law, LADDER, np.ones((2, 1)), key=KEY)
    with pytest.raises(ParameterError, match="leave baths out"):
        tz.Tempering.check(law)


def test_steps_that_are_followed_are_rounds_which_observers_see_before_each_exchange():
    """Of 7 steps by 3 the last round has one; the states before the first step are seen as well."""
    computer = glass()
    start = np.random.default_rng(0).choice([-1.0, 1.0], (6, computer.n))
    one, other = (tz.Tempering(heat_bath(computer), LADDER, start, key=KEY, engine="reference") for _ in range(2))

    class Seen:
        def __init__(self):
            self.steps, self.energies = [], []

        def observe_rungs(self, step, x):
            self.steps.append(step)
            self.energies.append(computer.energy(x))

    seen, energies, told = Seen(), [other.energies.copy()], []
    one.follow(7, every=3, observers=[seen], progress=told.append)
    for sweeps in (3, 3, 1):
        other.run(1, sweeps=sweeps, observe=lambda ladder: energies.append(ladder.energies.copy()))
    assert (seen.steps, told) == ([0, 3, 6, 7], [3, 3, 1])
    assert np.array_equal(seen.energies, energies)
    assert np.array_equal(one.states, other.states)
    assert np.array_equal(one.accepted, other.accepted)


def test_some_of_the_ladders_do_what_they_do_among_all():
    """By their numbers: states, exchanges and trips, of two of six ladders."""
    computer, which = glass(), [1, 4]
    start = np.random.default_rng(1).choice([-1.0, 1.0], (4, 6, computer.n))
    arguments = {"key": KEY, "engine": "reference"}
    whole = tz.Tempering(heat_bath(computer), LADDER, start, **arguments)
    some = tz.Tempering(heat_bath(computer), LADDER, start[:, which], numbers=which, among=6, **arguments)
    for one in (whole, some):
        one.run(40)
    assert np.array_equal(some.states, whole.states[:, which])
    assert np.array_equal(some.replicas, whole.replicas[:, which])
    assert np.array_equal(some.round_trips, whole.round_trips[:, which])
    assert some.tried.sum() * 3 == whole.tried.sum()


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"numbers": [0, 6], "among": 6}, ParameterError, r"numbers"),
        ({"numbers": [0]}, ShapeError, r"numbers"),
        ({"among": 1}, ParameterError, r"among must be"),
    ],
)
def test_ladders_that_are_none_of_all_are_refused(more, error, said):
    start = np.ones((4, 2, 5))
    with pytest.raises(error, match=said):
        tz.Tempering(heat_bath(glass()), LADDER, start, key=KEY, engine="reference", **more)
