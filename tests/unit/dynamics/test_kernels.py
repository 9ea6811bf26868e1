"""The parts of the compiled engine: noise, functions of lines, products, threads, cache, arrangement."""

from __future__ import annotations

import itertools
import os
import threading

import attrs
import numpy as np
import pytest
from numba import njit
from scipy import special
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.potentials import DoubleWell, Quartic

from thermozoo.dynamics import benchmark
from thermozoo.dynamics.engines import (
    compiled,
    compiled_batch,
    engine_named,
    kernel_cache,
    line_access,
    lines,
    packing,
    products,
    thread_group,
)  # fmt: skip
from thermozoo.dynamics.engines.arrangement import Arrangement, Load, arrange
from thermozoo.dynamics.engines.base import Dynamics, advance_rows
from thermozoo.dynamics.engines.box_muller import normal_numbers_batch, normal_numbers_unit
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.philox import round_keys
from thermozoo.dynamics.engines.workers import run_threads
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.dynamics.threads import available_threads
from thermozoo.errors import ParameterError

PRECISIONS = [np.float32, np.float64]


@njit
def _batch(out, blocks, numbers, step, stream, keys):
    width = out.size // blocks
    for block in range(blocks):
        normal_numbers_batch(out, block * width, width, 1, block, 64, numbers, 0, step, stream, keys)


@njit
def _unit(out, blocks, numbers, step, stream, keys):
    normal_numbers_unit(out, 0, 0, blocks, numbers, 0, step, stream, keys)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_noise_is_that_of_the_reference(dtype):
    """Any trajectory, step, stream and draw; relative to the size of a number, 5 units in the last place."""
    line = 64 // np.dtype(dtype).itemsize
    key, blocks, draw = NoiseKey(2**63 + 12345, 77), 9, 2
    for step in (0, 123456, 2**32 - 1):
        numbers = np.arange(line, dtype=np.int64)
        numbers[:3] = 2**32 - 1, 2**31, 5
        out = np.empty(blocks * 64 * line, dtype)
        _batch(out, blocks, numbers, step, key.stream + (draw << 16), round_keys(key.words))
        got = out.reshape(blocks * 64, line).T
        expected = normals(key, step, numbers, blocks * 64, draw, np.float64)
        assert np.abs(got - expected).max() < 5 * np.finfo(dtype).eps * np.abs(expected).max()
        row = np.empty(blocks * 64, dtype)
        _unit(row, blocks, numbers, step, key.stream + (draw << 16), round_keys(key.words))
        assert np.array_equal(row, got[0])


_sqrt, _absolute, _sign, _floor, _ceiling = (lines.FUNCTIONS[n] for n in ("sqrt", "Abs", "sign", "floor", "ceiling"))
_exp, _tanh, _gamma, _erf, _power = (lines.FUNCTIONS[n] for n in ("exp", "tanh", "gamma", "erf", "Pow"))


@njit
def _functions(x, out):
    for i in range(0, x.size, 64 // x.itemsize):
        at = line_access.load_line(x, i)
        n = x.size
        line_access.put_line(out, i, _sqrt(at * at + 0.25) - _absolute(at) / 2.0)
        line_access.put_line(out, n + i, _sign(at) * _floor(at) + _ceiling(-at))
        line_access.put_line(out, 2 * n + i, _exp(at) - _tanh(at) * _erf(at))
        line_access.put_line(out, 3 * n + i, _gamma(at + 4.0) + _power(at * at + 1.0, 0.3))
        line_access.put_line(out, 4 * n + i, lines.maximum(at, 0.5) + lines.minimum(1.0 - at, at))
        inside = ((at > -1.0) & ~(at >= 1.0)) | (at == 2.0)
        line_access.put_line(out, 5 * n + i, lines.choose(inside, 3.0, lines.choose(at != at, 7.0, at)))
        line_access.put_line(out, 6 * n + i, lines.fused(at, at, 1.0))


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_functions_of_lines(dtype):
    """Every operator and function against NumPy, branch edges included."""
    x = np.linspace(-3, 3, 64).astype(dtype)
    x[:6] = -1.0, 1.0, 2.0, 0.0, -0.0, 0.5
    out = np.empty(7 * x.size, dtype)
    _functions(x, out)
    y = x.astype(float)
    inside = ((y > -1) & ~(y >= 1)) | (y == 2)
    expected = [
        np.sqrt(y * y + 0.25) - np.abs(y) / 2,
        np.sign(y) * np.floor(y) + np.ceil(-y),
        np.exp(y) - np.tanh(y) * special.erf(y),
        special.gamma(y + 4) + (y * y + 1) ** 0.3,
        np.maximum(y, 0.5) + np.minimum(1 - y, y),
        np.where(inside, 3.0, y),
        y * y + 1,
    ]
    for got, want in zip(out.reshape(7, -1), expected, strict=True):
        assert np.abs(got - want).max() < 8 * np.finfo(dtype).eps * (1 + np.abs(want).max())


def test_not_a_number_goes_through():
    """The larger and the smaller of nan and a number are nan, as with NumPy; a comparison with nan is false."""
    x = np.full(8, np.nan)
    out = np.empty(7 * 8)
    _functions(x, out)
    assert np.isnan(out.reshape(7, -1)[[4, 6]]).all()
    assert (out.reshape(7, -1)[5] == 7.0).all()


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("clamped", [(), ("visible",)])
@pytest.mark.parametrize("blocks", ["of groups", "of edges"])
def test_packed_couplings_hold_every_coupling(make_computer, make_ring, dtype, clamped, blocks):
    """Unpacked by hand, they are J, with the rows of clamped units left out."""
    if blocks == "of groups":
        computer = make_computer(
            {"visible": 70, "hidden": 31}, Quartic(), Bipartite(within=["hidden"]), clamped=clamped
        )
    else:  # so few units that a ring is multiplied as one dense matrix
        computer = make_computer({"visible": 3, "hidden": 5}, Quartic(), make_ring(0), clamped=clamped)
    expected = computer.couplings.matrix() * computer.layout.free[:, None]
    for side_by_side in (True, False):
        packed = packing.pack(computer, dtype, unit_layout=not side_by_side)
        full = np.zeros((computer.n + 64, computer.n))
        for row, tiles, column, columns, place in packed.table.tolist():
            wide = products.TILE if side_by_side else 256 // np.dtype(dtype).itemsize
            depth = products.DEPTH if side_by_side else columns
            for start in range(0, columns, depth):
                count = min(depth, columns - start)
                part = packed.packed[place : place + tiles * count * wide].reshape(tiles, count, wide)
                place += part.size
                tall = part.transpose(0, 2, 1).reshape(tiles * wide, count)
                full[row : row + tiles * wide, column + start : column + start + count] += tall
        assert np.array_equal(full[: computer.n].astype(dtype), expected.astype(dtype))
        assert not full[computer.n :].any()


@njit(nogil=True)
def _count(shared, members, seen, rounds):
    for _ in range(rounds):
        thread_group.barrier(shared, members)
        seen[thread_group.take(shared)] += 1
        thread_group.barrier(shared, members)


def test_threads_meet_and_take_turns():
    """Three threads, each task taken once, nobody left behind at a barrier; the numbers of all members are used."""
    members = set()
    shared, seen = thread_group.counters(), np.zeros(300, np.int64)
    _count(thread_group.counters(), 1, np.zeros(1, np.int64), 1)

    def work(member):
        members.add((member, threading.get_ident()))
        _count(shared, 3, seen, 100)

    run_threads(work, 3)
    assert (seen == 1).all()
    assert len({m for m, _ in members}) == len({t for _, t in members}) == 3


def test_number_of_threads(monkeypatch):
    monkeypatch.setenv("THERMOZOO_THREADS", " 3 ")
    assert available_threads() == 3
    for unset in (lambda: monkeypatch.setenv("THERMOZOO_THREADS", ""), lambda: monkeypatch.delenv("THERMOZOO_THREADS")):
        unset()
        assert 1 <= available_threads() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    "asked", ["many", "0", "-1", "1e9", "1000000000", "9" * 5000, "1_0", "\u0663", "\u00b2", "2.0"]
)
@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_number_of_threads_that_is_none(monkeypatch, asked, engine):
    """It is said by whatever asks for an engine, before any work."""
    monkeypatch.setenv("THERMOZOO_THREADS", asked)
    with pytest.raises(ParameterError, match="THERMOZOO_THREADS must be a whole number from 1 to 1024, got ") as caught:
        engine_named(engine)
    assert len(str(caught.value)) < 250


@pytest.fixture
def fresh_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("THERMOZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kernel_cache, "_LOADED", {})
    return tmp_path / "cache"


_KERNEL = '''"""A kernel that is quick to compile."""

from numba import njit


@njit
def advance(x):
    return x + {number}
'''


def test_a_kernel_is_kept_as_source_and_machine_code(fresh_cache):
    text = _KERNEL.format(number=1)
    assert not kernel_cache.compiled_before("small", text)
    kernel = kernel_cache.load_kernel("small", text)
    assert kernel.path is not None
    assert kernel.path.is_relative_to(fresh_cache)
    assert kernel.path.read_text() == text
    assert kernel.advance(2) == 3
    assert kernel_cache.load_kernel("small", text) is kernel
    kernel_cache._LOADED.clear()
    assert kernel_cache.compiled_before("small", text)
    again = kernel_cache.load_kernel("small", text)
    assert again.advance(2) == 3
    assert sum(again.advance.stats.cache_hits.values()) == 1
    assert kernel_cache.load_kernel("small", _KERNEL.format(number=2)).advance(2) == 4


def test_formulas_that_come_to_the_same_code_share_a_kernel(fresh_cache, make_computer, euler):
    """In one process and in the next: the head of a source, which names its formulas, is no part of its code."""
    sources = {}
    for potential in (Quartic(), DoubleWell()):
        computer = make_computer({"a": 3}, potential, Bipartite())
        stepper = CompiledEngine().prepare(Dynamics(computer, euler, 0.1, "single"))
        sources[potential.name] = stepper.kernel_source(unit_layout=False).text
    assert sources["quartic"] != sources["double-well"]
    text = _KERNEL.format(number=7)
    first = kernel_cache.load_kernel("small", text)
    assert first.advance(1) == 8
    other = text.replace("quick to compile", "named otherwise")
    assert other != text
    assert kernel_cache.compiled_before("other", other)
    assert kernel_cache.load_kernel("other", other) is first
    kernel_cache._LOADED.clear()
    assert kernel_cache.compiled_before("other", other)
    again = kernel_cache.load_kernel("other", other)
    assert (again.path, again.path.read_text()) == (first.path, text)
    assert again.advance(1) == 8
    assert sum(again.advance.stats.cache_hits.values()) == 1
    assert kernel_cache.load_kernel("other", text.replace("x + 7", "x + 9")).path != first.path
    names = [kernel_cache.load_kernel(name, source).name for name, source in sources.items()]
    assert names[0] == names[1]


def test_the_source_can_be_read(make_computer, euler):
    """It names the formulas, the constants and what each stage does; it is written once a layout."""
    computer = make_computer({"a": 3}, Quartic(), Bipartite())
    stepper = CompiledEngine().prepare(Dynamics(computer, euler, 0.1, "single"))
    assert stepper.law(unit_layout=False).source is stepper.kernel_source(unit_layout=False)
    text = stepper.kernel_source(unit_layout=False).text
    compile(text, "kernel", "exec")
    for part in ("euler-maruyama", "potential 0, quartic: dU/dx = 2*J2*x + 4*J4*x**3", "k0 = dt*mobility"):
        assert part in text


def load(**sizes):
    kind = {"trajectories": 512, "units": 1296, "steps": 2500, "stages": 1, "dense": 1_064_960, "sparse": 0}
    return Load(**{**kind, "itemsize": 4, **sizes})


def test_arrangements():
    """Many trajectories side by side; one alone uses all threads together; the caller's choice counts."""
    many = arrange(load(), 2, None)
    assert (many.unit_layout, many.threads, many.together) == (False, 2, False)
    alone = arrange(load(trajectories=1), 2, None)
    assert (alone.unit_layout, alone.threads, alone.together) == (True, 2, True)
    assert arrange(load(), 2, 1).unit_layout
    assert not arrange(load(trajectories=1), 2, 16).unit_layout
    assert arrange(load(steps=1, trajectories=64, dense=0, units=10), 8, None).threads == 1
    # few units, however they are coupled: a line of trajectories shares the time of a stage
    for units in (1, 2, 4, 8):
        few = load(units=units, dense=units * (units - 1))
        assert not arrange(attrs.evolve(few, trajectories=1000), 2, None).unit_layout
        assert arrange(attrs.evolve(few, trajectories=1), 2, None).unit_layout
    # couplings beyond any cache: chunks take turns on each part of them
    assert arrange(load(units=20000, dense=400_000_000), 2, None).group > 1
    for width, threads in itertools.product((None, 1, 16), (1, 2, 8)):  # a method may draw no trajectory
        nothing = arrange(load(trajectories=0), threads, width)
        assert (nothing.threads, nothing.group) == (1, 1)
    lattice = arrange(load(trajectories=1, units=10**6, dense=0, sparse=4 * 10**6), 2, None)
    assert (lattice.unit_layout, lattice.together) == (True, True)


def test_threads_that_share_out_a_trajectory(euler, monkeypatch):
    """Noise and forces of a thread's blocks have places of their own, whenever it comes by: no bit differs."""
    dynamics = Dynamics(benchmark.lattice(Quartic(), 48), euler, 0.01, "single")
    rooms, found = [], []
    scratch = compiled_batch.CompiledBatch._scratch
    monkeypatch.setattr(compiled_batch.CompiledBatch, "_scratch", lambda *a: rooms.append(scratch(*a)) or rooms[-1])
    for threads in (1, 2, 2):
        way = Arrangement(unit_layout=True, threads=threads, together=threads > 1, group=1)
        monkeypatch.setattr(compiled, "arrange", lambda *_, way=way: way)
        x = np.random.default_rng(7).standard_normal((1, dynamics.computer.n)).astype(np.float32)
        stepper = CompiledEngine(3).prepare(dynamics)
        advance_rows(stepper, x, key=NoiseKey(3), first_step=0, steps=500, trajectories=np.arange(1))
        found.append(x)
        # what threads leave behind: 16 blocks each, of units that are not the same
        for left in (rooms[-1][1].normal, rooms[-1][1].force):
            assert left.shape == (threads * 16 * 64,)
            assert left.all()
            assert len(np.unique(left)) > 0.99 * left.size
    for one in found[1:]:
        assert np.array_equal(one, found[0])
