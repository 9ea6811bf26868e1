"""Few units in the compiled engine: noise of several chunks and of several steps at once, and the bits of before."""

from __future__ import annotations

import hashlib
import traceback

import attrs
import numpy as np
import pytest
from numba import njit
from numba.core import config
from thermozoo_plugins.connectivities import Dense, Ring
from thermozoo_plugins.integrators import Baoab, EulerMaruyama, HeatBath, StochasticHeun
from thermozoo_plugins.interactions import Cosine, Difference
from thermozoo_plugins.potentials import DoubleWell, Quartic, Spin
from thermozoo_plugins.projections import ModernHopfield

import thermozoo as tz
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.benchmark import with_random_couplings
from thermozoo.dynamics.engines import Drive, Dynamics, compiled_batch, laws, packed_states, state_layout
from thermozoo.dynamics.engines.arrangement import Arrangement, Load, ahead, arrange, chunks_abreast
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.box_muller import normal_numbers_ahead, normal_numbers_batch, normal_numbers_unit
from thermozoo.dynamics.engines.compiled import CompiledEngine, CompiledStepper
from thermozoo.dynamics.engines.philox import round_keys
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.dynamics.engines.uniform_numbers import uniform_numbers_batch
from thermozoo.dynamics.engines.vectors import vector_bytes
from thermozoo.dynamics.noise import NoiseKey, normals, uniforms
from thermozoo.dynamics.variables import resting

PRECISIONS = ["single", "double"]
DTYPES = [np.float32, np.float64]
LINE = {"single": 16, "double": 8}
KEY = NoiseKey(2**40 + 3, 7)


@njit
def _batch(out, stride, chunks, block, units, numbers, step, stream, keys):
    normal_numbers_batch(out, 0, stride, chunks, block, units, numbers, 0, step, stream, keys)


@njit
def _uniform(out, stride, chunks, block, units, numbers, step, stream, keys):
    uniform_numbers_batch(out, 0, stride, chunks, block, units, numbers, 0, step, stream, keys)


@njit
def _unit(out, numbers, step, stream, keys):
    normal_numbers_unit(out, 0, 0, 1, numbers, 0, step, stream, keys)


@njit
def _ahead(out, lines, shift, numbers, step, stream, keys):
    normal_numbers_ahead(out, 0, lines, shift, numbers, 0, step, stream, keys)


@pytest.mark.parametrize("dtype", DTYPES)
def test_noise_of_some_units_of_a_block(dtype):
    """Of 1 to 64 units and of as many chunks as fit: the numbers of the reference, and nothing else is written."""
    line, rest, block, step = 64 // np.dtype(dtype).itemsize, 3, 2, 2**32 - 1
    stream, keys = KEY.stream + 65536, round_keys(KEY.words)
    for units in range(1, 65):
        chunks = 64 // units
        numbers = np.arange(chunks * line, dtype=np.int64) + 2**32 - chunks * line
        out = np.full((chunks, units + rest, line), 7.0, dtype)
        mine = slice(64 * block, 64 * block + units)
        _batch(out.reshape(-1), (units + rest) * line, chunks, block, units, numbers, step, stream, keys)
        got = out.transpose(0, 2, 1).reshape(chunks * line, -1)
        expected = normals(KEY, step, numbers, 64 * block + 64, 1)[:, mine]
        # five units in the last place of the largest number, as for a whole block
        assert np.abs(got[:, :units] - expected).max() < 5 * np.finfo(dtype).eps * np.abs(expected).max()
        assert (got[:, units:] == 7.0).all()
        _uniform(out.reshape(-1), (units + rest) * line, chunks, block, units, numbers, step, stream, keys)
        got = out.transpose(0, 2, 1).reshape(chunks * line, -1)
        assert np.array_equal(got[:, :units], uniforms(KEY, step, numbers, 64 * block + 64, 1, dtype)[:, mine])
        assert (got[:, units:] == 7.0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shift", range(5))
@pytest.mark.parametrize("lines", [1, 6, 16])
def test_noise_of_the_next_steps(dtype, shift, lines):
    """Drawn for several steps of one trajectory at once, bit for bit what each of them draws by itself."""
    units, numbers, keys = 2**shift, np.array([2**32 - 5]), round_keys(KEY.words)
    out, one = np.full(16 * lines + 16, 7.0, dtype), np.zeros(64, dtype)
    _ahead(out, lines, shift, numbers, 1000, KEY.stream, keys)
    for k in range(16 * lines // units):
        _unit(one, numbers, 1000 + k, KEY.stream, keys)
        assert np.array_equal(out[k * units : (k + 1) * units], one[:units])
    assert (out[16 * lines :] == 7.0).all()


#: States of 50 trajectories after 40 steps, as the engine had them when each chunk drew a whole block of 64 units.
KNOWN = {
    ("single", 1): "1f6783174379d9b2",
    ("single", 3): "1586bde7ef84b57c",
    ("single", 8): "a8b2a2a1decdcc49",
    ("single", 17): "099b003b45e7e3b9",
    ("single", 40): "459485e7e68ea4cd",
    ("single", 70): "6fa3aba18d566a2c",
    ("double", 1): "41aa0097eb4bfd37",
    ("double", 3): "eca1e1babb975c5a",
    ("double", 8): "35cc12b93d2b748c",
    ("double", 17): "7fcfd1b03ec2a254",
    ("double", 40): "0aef8377fd7b9850",
    ("double", 70): "c515f23e6a5ab9c3",
}


@pytest.mark.parametrize("width", [1, None])
@pytest.mark.parametrize(("precision", "units"), KNOWN)
def test_known_bits(precision, units, width):
    """Additions, multiplications and roots are rounded alike on every processor that fuses multiply-adds."""
    first, second = np.triu_indices(units, 1)
    strengths = np.zeros((units, units))
    strengths[first, second] = ((3 * first + 5 * second) % 7 - 3) / 16
    computer = assemble({"units": units}, Quartic(), Dense(), temperature=0.1)
    computer = computer.with_couplings(strengths + strengths.T)
    dynamics = Dynamics(computer, EulerMaruyama(), 1 / 128, precision)
    x = ((np.arange(50 * units).reshape(50, units) % 11) / 8 - 0.5).astype(dynamics.dtype)
    stepper = CompiledEngine(1, width).prepare(dynamics)
    advance_rows(stepper, x, key=NoiseKey(5), first_step=3, steps=40, trajectories=np.arange(50) + 7)
    assert hashlib.sha256(x.tobytes()).hexdigest()[:16] == KNOWN[precision, units]


class _Told(CompiledStepper):
    """A law of motion whose batches are laid out and shared out as told."""

    told: Arrangement

    def arrangement(self, trajectories, steps, unit_layout=None):
        return self.told


def _laws(units):
    """Computers of so few units: all to all, on a ring, without couplings, by other interactions, of two potentials."""
    yield "all to all", with_random_couplings(assemble({"a": units}, Quartic(), Dense(), temperature=0.1))
    yield "none", assemble({"a": units}, Quartic(), Dense(), temperature=0.1).bare()
    if units >= 3:
        yield "ring", with_random_couplings(assemble({"a": units}, Quartic(), Ring(), temperature=0.1))
        both = {"a": Quartic(), "b": DoubleWell(), "c": Quartic(J2=2.0)}
        sizes = {"a": units - 2, "b": 1, "c": 1}
        yield (
            "clamped",
            with_random_couplings(assemble(sizes, both, Dense(), temperature=0.1, clamped=("b",))),
        )
        by_angle = assemble({"a": units}, Quartic(), Dense(), interaction=Cosine(), temperature=0.1)
        yield "cosine", with_random_couplings(by_angle)
        patterns = np.random.default_rng(3).standard_normal((5, units)) / 4
        base = assemble({"a": units}, Quartic(), Dense(), temperature=0.1).bare()
        yield "patterns", base.with_terms({"memory": tz.project(ModernHopfield(2.0), base.layout, patterns)})
        by_pair = assemble({"a": units}, Quartic(), Ring(), interaction=Difference(), temperature=0.1)
        yield "tuples", with_random_couplings(by_pair)


def _run(stepper, trajectories, protocols, steps):
    """Return states, records, work and variables of a run."""
    dynamics = stepper.dynamics
    random = np.random.default_rng(5)
    n = dynamics.computer.n
    x = (0.5 * random.standard_normal((trajectories, n))).astype(dynamics.dtype)
    numbers = random.integers(0, 2**32, trajectories)
    intensity = 0.3 * random.standard_normal((max(1, protocols), steps + 10))
    signals, which = random.standard_normal((3, n)), random.integers(0, 3, trajectories)
    drive = None
    if protocols == 1:
        drive = Drive(signals, which, intensity[0])
    elif protocols:
        drive = Drive(signals, which, intensity, np.arange(n) % protocols)
    held = resting(dynamics, trajectories)
    record = np.zeros((steps, trajectories, n), dynamics.dtype)
    work = np.zeros(trajectories)
    more = {"drive": drive, "work": work} if drive is not None else {}
    advance_rows(
        stepper,
        x,
        key=KEY,
        first_step=3,
        steps=steps,
        trajectories=numbers,
        record=record,
        variables=held or None,
        **more,
    )
    return [x, record, work, *held.values()]


ARRANGEMENTS = [
    Arrangement(unit_layout=False, threads=1, together=False, group=1),
    Arrangement(unit_layout=False, threads=1, together=False, group=5),
    Arrangement(unit_layout=False, threads=3, together=False, group=2),
    Arrangement(unit_layout=False, threads=3, together=False, group=1),
    Arrangement(unit_layout=True, threads=1, together=False, group=1),
    Arrangement(unit_layout=True, threads=2, together=False, group=4),
]


@pytest.fixture
def guarded(monkeypatch):
    """Arrays of the kernel with room around them that nobody may write to; returns what looks."""
    made = []

    def around(count, dtype):
        room = 4096 // np.dtype(dtype).itemsize
        raw = np.full(count + 2 * room + 64, np.nan, dtype)
        start = room + (-(raw.ctypes.data + room * raw.itemsize) % 64) // raw.itemsize
        raw[start : start + count] = 0.0
        made.append((raw, start, count, traceback.extract_stack(limit=2)[0]))
        return raw[start : start + count]

    def look():
        for raw, start, count, where in made:
            assert np.isnan(raw[:start]).all(), where
            assert np.isnan(raw[start + count :]).all(), where
        made.clear()

    for module in (compiled_batch, laws, packed_states, state_layout):
        monkeypatch.setattr(module, "aligned", around)
    return look


@pytest.mark.thinned(6)
@pytest.mark.parametrize(
    ("law", "integrator", "precision"),
    [
        *((law, EulerMaruyama(), "single") for law in ("all to all", "none", "ring", "clamped", "cosine")),
        *(pytest.param(law, EulerMaruyama(), "single", marks=pytest.mark.long) for law in ("patterns", "tuples")),
        *((law, EulerMaruyama(), "double") for law in ("all to all", "ring")),
        ("all to all", StochasticHeun(), "double"),
        pytest.param("ring", StochasticHeun(), "single", marks=pytest.mark.long),
        pytest.param("clamped", Baoab(), "single", marks=pytest.mark.long),
        pytest.param("cosine", Baoab(), "double", marks=pytest.mark.long),
    ],
    ids=lambda one: getattr(one, "name", one),
)
def test_bits_do_not_depend_on_what_is_drawn_at_once(guarded, law, integrator, precision):
    """Chunks one by one or abreast, trajectories by themselves with noise of the next steps: the same bits.

    With signals by no, one and three protocols, work, records and variables. Nothing is written beyond an array.
    """
    for units in (1, 2, 3, 16, 17, 33, 150):
        computer = dict(_laws(units)).get(law)
        if computer is None:
            continue
        dynamics = Dynamics(computer, integrator, 0.01, precision)
        # few enough units for as many chunks abreast
        ways = [way for way in ARRANGEMENTS if way.unit_layout or way.group in (1, chunks_abreast(way.group, units))]
        for protocols in (0, 1, 3):
            found = []
            for way in ways:
                stepper = _Told(dynamics)
                stepper.told = way
                found.append(_run(stepper, 7 * LINE[precision] + 3, protocols, 5))
                guarded()
            for other in found[1:]:
                assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True)), (units, protocols)
        # long enough for several draws of one trajectory, and against the engine that can be read
        alone = _Told(dynamics)
        alone.told = ARRANGEMENTS[4]
        one = _run(alone, 1, 1, 600)
        guarded()
        beside = _Told(dynamics)
        beside.told = ARRANGEMENTS[0]
        assert all(np.array_equal(a, b) for a, b in zip(one, _run(beside, 1, 1, 600), strict=True))
        for mine, theirs in zip(
            found[0], _run(ReferenceEngine().prepare(dynamics), 7 * LINE[precision] + 3, 3, 5), strict=True
        ):
            assert np.abs(mine - theirs).max() <= 200 * np.finfo(dynamics.dtype).eps * (1 + np.abs(theirs).max())


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("units", [1, 3, 9, 32, 33, 70])
def test_discrete_units(units, precision):
    """Chunks of spins whose random numbers are drawn at once, against units side by side."""
    computer = with_random_couplings(assemble({"a": units}, Spin(), Dense(), temperature=0.1))
    dynamics = Dynamics(computer, HeatBath(), 0.01, precision)
    start = np.random.default_rng(1).choice([-1.0, 1.0], (203, units)).astype(dynamics.dtype)
    found = []
    for threads, width in ((1, 1), (1, LINE[precision]), (3, LINE[precision])):
        x = start.copy()
        stepper = CompiledEngine(threads, width).prepare(dynamics)
        advance_rows(stepper, x, key=KEY, first_step=3, steps=9, trajectories=np.arange(203))
        found.append(x)
    assert np.abs(found[0].mean()) < 1  # both states occur
    assert all(np.array_equal(found[0], one) for one in found[1:])


def test_registers_are_those_that_numba_is_told(monkeypatch):
    """Code for another machine is written for its registers."""
    monkeypatch.setattr(config, "CPU_FEATURES", "+avx2,-avx512f,+fma")
    assert vector_bytes() == 32
    monkeypatch.setattr(config, "CPU_FEATURES", "+avx2,+avx512f,+fma")
    assert vector_bytes() == 64


def _load(**sizes):
    kind = {"trajectories": 40000, "units": 1, "steps": 1000, "stages": 1, "dense": 0, "sparse": 0, "itemsize": 4}
    return Load(**{**kind, **sizes})


def test_what_is_drawn_at_once():
    """Chunks of 64 units in all, shared out evenly; of one trajectory the noise of several steps, where that pays."""
    assert [chunks_abreast(10**4, units) for units in (1, 2, 3, 8, 32, 33, 1000)] == [64, 32, 21, 8, 2, 1, 1]
    assert [chunks_abreast(each, 1) for each in (0, 1, 5, 64, 65, 130)] == [1, 1, 5, 64, 33, 44]
    many = arrange(_load(), 2, None)
    assert (many.unit_layout, many.threads, many.together) == (False, 2, False)
    assert many.group > 60
    assert arrange(_load(units=40), 2, None).group == 1
    alone = arrange(_load(trajectories=1, units=3, dense=6), 2, None)
    assert (alone.unit_layout, alone.threads, alone.group) == (True, 1, 1)
    assert [ahead(units, 100, alone) for units in (1, 2, 3, 16, 17)] == [0, 1, 2, 4, -1]
    assert ahead(3, 1, alone) == -1
    assert ahead(3, 100, many) == -1
    assert ahead(3, 100, attrs.evolve(alone, group=2)) == -1
