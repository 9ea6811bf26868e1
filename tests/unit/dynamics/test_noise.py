"""Noise: the published known answers, the layout of counters, normality, independence, and no number used twice.

Statistical tests are seeded; each states its false-alarm rate, the chance that a right generator with another seed
fails it.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from thermozoo.dynamics import noise
from thermozoo.dynamics.noise import NUMBERS, STREAMS, NoiseKey, check_numbers, normals, philox, uniforms
from thermozoo.errors import ArgumentError, ParameterError, UnknownNameError

#: Counter, key and output of Philox 4x32-10 (Salmon et al., Random123 kat_vectors).
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text):
    return tuple(int(w, 16) for w in text.split())


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN)
def test_philox_known_answers(counter, key, output):
    assert tuple(int(w) for w in philox(words(counter), words(key))) == words(output)


def plain_philox(counter, key):
    """Philox 4x32-10 in Python integers, from the paper."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return tuple(c)


WORD = st.integers(0, 2**32 - 1)


@given(st.lists(st.tuples(WORD, WORD, WORD, WORD), min_size=1, max_size=5), st.tuples(WORD, WORD))
def test_philox_of_arrays(counters, key):
    columns = [np.array(c, dtype=np.uint32) for c in zip(*counters, strict=True)]
    found = np.stack(philox(tuple(columns), key), axis=1).tolist()
    assert [tuple(row) for row in found] == [plain_philox(c, key) for c in counters]


@given(
    seed=st.integers(0, 2**64 - 1),
    stream=st.integers(0, 2**16 - 1),
    step=st.integers(0, 2**32 - 1),
    trajectory=st.integers(0, 2**32 - 1),
    draw=st.integers(0, 3),
    unit=st.integers(0, 199),
    more=st.integers(0, 70),
)
def test_a_number_is_where_the_layout_says(seed, stream, step, trajectory, draw, unit, more):
    """One number computed by hand from the words, as the module's docstring lays them out."""
    place, lane, block = (unit % 64) // 16, unit % 16, unit // 64
    counter = (16 * block + lane, trajectory, step, stream + 65536 * draw)
    w = plain_philox(counter, (seed % 2**32, seed >> 32))
    a, b = (w[0], w[1]) if place < 2 else (w[2], w[3])
    u = float(np.float32(a >> 1) * np.float32(2**-31) + np.float32(2**-32))
    signed = b - 2**32 if b >= 2**31 else b
    turn = float(np.float32(signed) * np.float32(2**-32))
    expected = math.sqrt(-2 * math.log(u)) * (math.cos if place % 2 == 0 else math.sin)(2 * math.pi * turn)
    key = NoiseKey(seed, stream)
    for dtype in (np.float64, np.float32):
        found = normals(key, step, np.array([trajectory]), unit + 1 + more, draw, dtype)
        assert found.dtype == dtype
        tolerance = 4 * float(np.finfo(dtype).eps)
        assert found[0, unit] == pytest.approx(expected, rel=tolerance, abs=tolerance)


def test_a_number_does_not_depend_on_what_else_is_asked_for():
    key = NoiseKey(5)
    whole = normals(key, 9, np.arange(40), 150)
    assert np.array_equal(normals(key, 9, np.array([17]), 150)[0], whole[17])
    assert np.array_equal(normals(key, 9, np.array([17, 3]), 150), whole[[17, 3]])
    assert np.array_equal(normals(key, 9, np.arange(40), 70), whole[:, :70])
    assert np.array_equal(uniforms(key, 9, np.array([17]), 70)[0], uniforms(key, 9, np.arange(40), 150)[17, :70])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("numbers", [normals, uniforms])
def test_few_units_have_the_numbers_that_they_have_among_many(numbers, dtype):
    """Of few units only their own counters and places are worked out: bit for bit those of a whole block."""
    many = numbers(NoiseKey(3, 4), 6, np.arange(9), 192, 1, dtype)
    for n in range(193):
        few = numbers(NoiseKey(3, 4), 6, np.arange(9), n, 1, dtype)
        assert few.shape == (9, n)
        assert few.flags["C_CONTIGUOUS"]
        assert np.array_equal(few, many[:, :n])


@pytest.mark.parametrize("n", [1, 3, 20, 64, 130])
@pytest.mark.parametrize("numbers", [normals, uniforms])
def test_how_many_are_worked_out_at_a_time_changes_no_bit(numbers, n, monkeypatch):
    whole = numbers(NoiseKey(3), 6, np.arange(100), n)
    for at_once in (1, 7, 64):
        monkeypatch.setattr(noise, "_AT_ONCE", at_once)
        assert np.array_equal(numbers(NoiseKey(3), 6, np.arange(100), n), whole)
    assert numbers(NoiseKey(3), 6, np.arange(0), n).shape == (0, n)


@pytest.fixture(scope="module")
def block():
    """Steps x trajectories x units of one key: 50 x 40 x 128 numbers."""
    return np.stack([normals(NoiseKey(2026), k, np.arange(40), 128) for k in range(50)])


def test_normality(block):
    """Kolmogorov-Smirnov and the first four moments on 256,000 numbers; false-alarm rate 1e-6 each."""
    x = block.ravel()
    n = x.size
    assert stats.kstest(x, stats.norm.cdf).pvalue > 1e-6
    z = stats.norm.isf(0.5e-6)
    # variances of the sample moments of a standard normal: 1, 2, 15, 96 over n
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((x**power).mean() - mean) < z * math.sqrt(variance / n)


def test_the_tails_are_there(block):
    """Numbers beyond 3.5 sigma against the binomial law; false-alarm rate 1e-6."""
    beyond = int((np.abs(block) > 3.5).sum())
    assert stats.binomtest(beyond, block.size, 2 * stats.norm.sf(3.5)).pvalue > 1e-6


def test_uniforms():
    """False-alarm rate 1e-6."""
    u = uniforms(NoiseKey(8), 0, np.arange(2000), 64)
    assert u.min() > 0.0
    assert u.max() < 1.0
    assert stats.kstest(u.ravel(), "uniform").pvalue > 1e-6


def test_uniforms_in_single_precision():
    """False-alarm rate 1e-6."""
    u = uniforms(NoiseKey(8), 0, np.arange(2000), 64, dtype=np.float32)
    assert u.dtype == np.float32
    assert u.min() > 0.0
    assert u.max() < 1.0
    assert stats.kstest(u.ravel().astype(float), "uniform").pvalue > 1e-6
    both = uniforms(NoiseKey(8), 0, np.arange(2000), 64)
    assert np.abs(both - u).max() <= 2.0**-23


@pytest.mark.parametrize(("dtype", "bits"), [(np.float64, 32), (np.float32, 23)])
@given(unit=st.integers(0, 199), more=st.integers(0, 70), step=st.integers(0, 2**32 - 1), draw=st.integers(0, 3))
def test_a_uniform_number_is_a_word_of_the_layout(dtype, bits, unit, more, step, draw):
    place, lane, block = (unit % 64) // 16, unit % 16, unit // 64
    word = plain_philox((16 * block + lane, 3, step, 7 + 65536 * draw), (11, 0))[place]
    found = uniforms(NoiseKey(11, 7), step, np.array([3]), unit + 1 + more, draw, dtype)
    assert found[0, unit] == ((word >> (32 - bits)) + 0.5) / 2**bits


def test_the_largest_and_smallest_words_stay_inside():
    for bits, dtype in ((32, np.float64), (23, np.float32)):
        for word in (0, 2**bits - 1):
            assert 0 < dtype((word + 0.5) / 2.0**bits) < 1


def other(**changes):
    options = {"seed": 2026, "stream": STREAMS["user"], "first": 0, "trajectory": 0, "draw": 0} | changes
    key = NoiseKey(options["seed"], options["stream"])
    numbers = np.arange(options["trajectory"], options["trajectory"] + 40)
    return np.stack([normals(key, options["first"] + k, numbers, 128, options["draw"]) for k in range(20)])


PAIRS = {
    "next step": (lambda b: b[:-1], lambda b: b[1:]),
    "next trajectory": (lambda b: b[:, :-1], lambda b: b[:, 1:]),
    "next unit": (lambda b: b[..., :-1], lambda b: b[..., 1:]),
    "next lane row": (lambda b: b[..., :-16], lambda b: b[..., 16:]),
    "next half block": (lambda b: b[..., :-32], lambda b: b[..., 32:]),
    "next block": (lambda b: b[..., :-64], lambda b: b[..., 64:]),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("shape", [lambda v: v, np.square], ids=["values", "squares"])
def test_neighbors_are_independent(block, name, shape):
    """Correlation of neighbors and of their squares; false-alarm rate 1e-6 a case."""
    left, right = (shape(part(block)).ravel() for part in PAIRS[name])
    assert abs(np.corrcoef(left, right)[0, 1]) < stats.norm.isf(0.5e-6) / math.sqrt(left.size)


OTHERS = {
    "seed": {"seed": 2027},
    "high word of the seed": {"seed": 2026 + 2**32},
    "stream": {"stream": STREAMS["noising"]},
    "draw": {"draw": 1},
    "step": {"first": 20},
    "trajectory": {"trajectory": 40},
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_keys_are_independent(name):
    """False-alarm rate 1e-6 a case."""
    left, right = other().ravel(), other(**OTHERS[name]).ravel()
    bound = stats.norm.isf(0.5e-6) / math.sqrt(left.size)
    assert abs(np.corrcoef(left, right)[0, 1]) < bound
    assert abs(np.corrcoef(left**2, right**2)[0, 1]) < bound


def test_no_number_is_used_twice():
    """Across steps, trajectories, units, streams, draws and seeds: 717,000 numbers, no two equal.

    Words that meet by chance: about n^2 / 2^51 = 2e-4 pairs expected, so the false-alarm rate is 2e-4.
    """
    numbers = np.concatenate([other().ravel(), *(other(**change).ravel() for change in OTHERS.values())])
    assert len(np.unique(numbers)) == numbers.size


def test_successive_steps_differ_in_single_precision():
    for step in (0, 2**24, 2**31, 2**32 - 2):
        here, there = (normals(NoiseKey(1), k, np.arange(4), 64, dtype=np.float32) for k in (step, step + 1))
        assert not np.any(here == there)


def test_streams_differ():
    keys = [NoiseKey(1).named(name) for name in STREAMS]
    keys += [key.preparation for key in keys]
    assert len({key.stream for key in keys}) == 2 * len(STREAMS)
    for left, right in itertools.combinations(keys, 2):
        assert not np.any(normals(left, 0, np.arange(2), 16) == normals(right, 0, np.arange(2), 16))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"seed": 1, "stream": 2**16}, "stream"),
        ({"seed": 1, "stream": -1}, "stream"),
    ],
)
def test_keys_out_of_range(options, said):
    with pytest.raises(ParameterError, match=f"{said} must be a whole number from 0"):
        NoiseKey(**options)


@pytest.mark.parametrize("value", [1.5, True, "3", None, np.float64(2), NoiseKey, [1]], ids=repr)
@pytest.mark.parametrize("field", ["seed", "stream"])
def test_a_key_of_another_kind(field, value):
    with pytest.raises(ArgumentError, match=f"{field} must be a whole number from 0 to .*, got "):
        NoiseKey(**{"seed": 1, field: value})


def test_whole_numbers_of_numpy_are_welcome():
    assert NoiseKey(np.uint64(2**64 - 1), np.int8(3)) == NoiseKey(2**64 - 1, 3)


def test_a_stream_by_name():
    assert NoiseKey(4).named("noising") == NoiseKey(4, STREAMS["noising"])
    with pytest.raises(
        UnknownNameError, match=r"no stream is called 'nosing'; did you mean 'noising'\?; streams: noising, "
    ):
        NoiseKey(1).named("nosing")


def test_numbers_that_would_wrap_are_refused():
    """The last step and the last trajectory that a word can count are numbers of their own; the next are none."""
    key, last = NoiseKey(7), NUMBERS - 1
    ends = [(step, np.array([trajectory])) for step in (0, last) for trajectory in (0, last)]
    assert len({float(normals(key, step, trajectory, 1)[0, 0]) for step, trajectory in ends}) == 4
    for draw in (normals, uniforms):
        with pytest.raises(ParameterError, match=r"step must be a whole number from 0 to 2\^32 - 1, got 4294967301"):
            draw(key, 5 + NUMBERS, np.arange(2), 3)
        with pytest.raises(
            ParameterError, match=r"trajectories must be whole numbers from 0 to 2\^32 - 1, got 4294967296"
        ):
            draw(key, 5, np.arange(2) + last, 3)
        with pytest.raises(ParameterError, match=r"trajectories must be whole numbers .* got -1"):
            draw(key, 5, np.array([-1]), 3)
        with pytest.raises(ArgumentError, match="trajectories must be whole numbers, got float64"):
            draw(key, 5, np.array([0.5]), 3)
    with pytest.raises(ParameterError, match="draw must be a whole number"):
        normals(key, 5, np.arange(2), 3, draw=2**16)
    with pytest.raises(ArgumentError, match=r"key must be a NoiseKey, got 5: give NoiseKey\(seed\)"):
        normals(5, 5, np.arange(2), 3)


def test_a_stretch_that_would_wrap_is_refused():
    check_numbers(NUMBERS - 4, 4, np.array([NUMBERS - 1]))
    with pytest.raises(ParameterError, match=r"got 5 steps from number 4294967292: noise would repeat"):
        check_numbers(NUMBERS - 4, 5, np.array([0]))
    with pytest.raises(ParameterError, match="numbers 3 to 4294967296: noise would repeat"):
        check_numbers(0, 5, np.array([3, NUMBERS]))
