"""Sums over noising trajectories by blocks: those of all steps, to the same bits wherever rows of blocks are cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense, Ring
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import Quartic
from thermozoo_plugins.protocols import LinearFade

from thermozoo.checkpoints.values import read_value, write_value
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.shards.cutting import Shard
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.moment_blocks import MomentBlocks
from thermozoo.training.sampled.moments import SampledMoments, judging, sampled_equations, train_by_moments

SEED, DT, IMAGES = 4, 0.01, 3


def sampled(euler, n, connectivity, steps, windows=1, names=(), engine="reference", precision="double"):
    computer = assemble({"visible": n}, Quartic(), connectivity, temperature=0.3, trainable_biases=["visible"])
    signals = np.random.default_rng(1).standard_normal((IMAGES, n))
    noising = Noising.of(Dynamics(computer, euler, DT, precision, steps), signals, LinearFade())
    process = NoisingProcess(noising, engine_named(engine))
    return SampledMoments(computer, process, noising.loss(ReverseLikelihood()), SEED, windows, names)


def equations(moments, judge, cuts, order=None, path=None):
    """Sum up shards in an order of their own, hand the sums on as files do, and put them together."""
    shards = [Shard(a, b - a) for a, b in itertools.pairwise(cuts)]
    done = {}
    for k in order or range(len(shards)):
        blocks = MomentBlocks(moments, judge)
        blocks.follow(shards[k])
        done[k] = list(blocks.taken())
        if path is not None:
            write_value(done[k], path / f"{len(list(path.iterdir()))}.npz")
            done[k] = read_value(path / f"{len(list(path.iterdir())) - 1}.npz")
    whole = MomentBlocks(moments, judge)
    for k in sorted(done):
        for value in done[k]:
            whole.put(value)
    return whole.equations()


def numbers_of(one):
    """Return all numbers that enter the solution of equations."""
    pairs = one.pairs
    held = [np.concatenate([np.ravel(x) for x in row]) for row in getattr(pairs, "_rows", [])]
    names = ("_gram", "_mean", "_cross", "_sums", "squares")
    held += [np.asarray(getattr(pairs, name)) for name in names if getattr(pairs, name, None) is not None]
    return [one.gradient.couplings, one.gradient.local, one.moments, one.weight, *held]


def test_sums_are_those_of_all_steps(plain, euler):
    """By NumPy, of all trajectories at once: r = (mu g(x') dt - dx) / 2kT, and its products with x'."""
    moments = sampled(euler, 5, Dense(), 4)
    judge = judging(130, IMAGES)
    found = equations(moments, judge, [0, 64, 192, 390], [2, 0, 1])
    numbers = np.arange(len(judge))
    states = moments.process.trajectory(NoiseKey(SEED).named("noising"), numbers, numbers % IMAGES)
    i, j = moments.computer.couplings.edges.T
    for one, chosen in zip(found, (~judge, judge), strict=True):
        x, after = (part[:, chosen].reshape(-1, 5) for part in (states[:-1], states[1:]))
        r = (DT * plain.gradient(moments.computer.bare(), after) - (after - x)) / 0.6
        both = np.einsum("ki,kj->ij", r, after) / len(r)
        (equation,) = one
        assert equation.gradient.couplings == pytest.approx((both + both.T)[i, j], rel=1e-11)
        assert equation.gradient.local[0] == pytest.approx(r.mean(axis=0), rel=1e-11)
        assert equation.weight == pytest.approx(np.full(5, DT / 0.6 / len(r)), rel=1e-12)
        assert equation.pairs._gram == pytest.approx(after.T @ after, rel=1e-11)
        assert equation.moments == pytest.approx(np.full((1, 1, 5), len(r)))


@pytest.mark.parametrize(
    ("n", "connectivity", "steps", "more"),
    [
        (6, Dense(), 3, {"windows": 2, "names": ("J2",)}),
        (200, Dense(), 1, {}),  # few rows: they are kept, block by block, until they are a third of the units
        (40, Ring(), 3, {"precision": "single"}),  # sums of neighbors alone
        pytest.param(6, Dense(), 3, {"windows": 2, "engine": "compiled"}, marks=pytest.mark.long),
    ],
)
def test_no_bit_depends_on_where_rows_of_blocks_are_cut(euler, tmp_path, n, connectivity, steps, more):
    moments, judge = sampled(euler, n, connectivity, steps, **more), judging(150, IMAGES)
    whole = equations(moments, judge, [0, 450])
    for one, chosen in zip(whole, (~judge, judge), strict=True):
        asked = (moments.computer, moments.process, moments.loss, np.flatnonzero(chosen))
        names = {"windows": moments.windows, "potential_parameters": moments.potential_parameters}
        for found, expected in zip(one, sampled_equations(*asked, seed=SEED, **names), strict=True):
            for a, b in zip(numbers_of(found), numbers_of(expected), strict=True):
                assert a == pytest.approx(b, rel=1e-4, abs=1e-4)
    for cuts, order in (
        ([*range(0, 450, 64), 450], [5, 0, 2, 7, 1, 6, 3, 4]),
        ([0, 64, 256, 320, 450], [3, 1, 2, 0]),
        ([0, 192, 384, 450], [1, 0, 2]),
    ):
        found = equations(moments, judge, cuts, order, tmp_path)
        for one, other in zip((*whole[0], *whole[1]), (*found[0], *found[1]), strict=True):
            for a, b in zip(numbers_of(one), numbers_of(other), strict=True):
                assert a.dtype == b.dtype
                assert np.array_equal(a, b)


def test_what_is_learned_is_what_one_process_learns(euler):
    """To rounding, of the same trajectories; and blocks without any that judge are no less counted."""
    moments, cycles = sampled(euler, 5, Dense(), 20), 50
    arguments = {"cycles": cycles, "seed": SEED, "ridges": (0.1, 0.01)}

    def by_blocks(asked, judge, progress):
        assert asked.seed == SEED
        return equations(asked, judge, [0, 128, len(judge)])

    one = train_by_moments(moments.computer, moments.process, moments.loss, **arguments)
    other = train_by_moments(moments.computer, moments.process, moments.loss, **arguments, sum_up=by_blocks)
    assert other.program.computers[0].parameters == pytest.approx(one.program.computers[0].parameters, rel=1e-5)
    assert other.details["ridge"] == one.details["ridge"]
    assert other.details["noising_trajectories"] == cycles * IMAGES
    none = np.zeros(150, dtype=bool)
    late = none.copy()
    late[140:] = True
    ((alone,), same) = equations(moments, none, [0, 64, 150])
    assert same == [alone]
    ((fitted,), (judged,)) = equations(moments, late, [0, 64, 150])
    for found, numbers in ((alone, np.arange(150)), (fitted, np.arange(140)), (judged, np.arange(140, 150))):
        (expected,) = sampled_equations(moments.computer, moments.process, moments.loss, numbers, seed=SEED)
        for a, b in zip(numbers_of(found), numbers_of(expected), strict=True):
            assert a == pytest.approx(b, rel=1e-9)
