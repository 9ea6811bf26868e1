"""The compiled engine against the reference engine, and against itself: bits depend on nothing but the trajectory."""

from __future__ import annotations

import itertools
import tracemalloc

import attrs
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import EulerMaruyama, StochasticHeun
from thermozoo_plugins.potentials import DoubleWell, Quartic

from thermozoo import Integrator, Potential, parameter
from thermozoo.computer.couplings import EdgeCouplings
from thermozoo.dynamics.benchmark import lattice
from thermozoo.dynamics.engines import Drive, Dynamics, engine_for, engine_named, reference_seconds
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.errors import ArgumentError, NonFiniteError, ParameterError, ShapeError

PRECISIONS = ["single", "double"]
KEY = NoiseKey(2**40 + 5, 9)
LINE = {"single": 16, "double": 8}


@attrs.frozen
class ThreeStages(Integrator):
    """No scheme of the literature: its first stage is not x, its last is x, it has two noises and a parameter."""

    name = "three-stages"
    weak_order = 1
    theta: float = parameter(0.4, unit="1", above=0, at_most=1, doc="how far the stages reach")

    def step(self, s):
        first, second = s.noise(), s.noise()
        start = s.x + sympy.sqrt(s.dt) * self.theta * first
        force = s.force(start)
        middle = s.force(start + s.dt * self.theta * force)
        drift = s.dt * s.mobility * (force / 4 + middle / 4 + s.force(s.x) / 2)
        return s.x + drift + sympy.sqrt(2 * s.mobility * s.kT * s.dt) * second


@attrs.frozen
class Patchwork(Potential):
    """Every kind of function that a kernel can hold, branches included."""

    name = "patchwork"
    A: float = parameter(1.0, unit="energy", above=0, doc="height")
    p: float = parameter(1.5, unit="1", above=0, doc="power")

    def energy(self, x):
        end = 6 * (x - 1) + self.A / 2 + 1
        inner = sympy.Piecewise((self.A * x**2, x < 0), (self.A * x**2 / 2 + x**4, (x >= 0) & (x < 1)), (end, True))
        smooth = sympy.tanh(x) + sympy.cos(self.p * x) + sympy.log(1 + sympy.exp(x)) + sympy.sqrt(1 + x**2)
        return inner + smooth + (1 + x**2) ** self.p / 50 + sympy.Abs(x) ** 3 + sympy.Max(0, x - 1) ** 2


def setting(make_computer, make_ring, *, sizes, connectivity, seed=0):
    """A computer of two potentials, one of them with a value a unit; three units are clamped."""
    random = np.random.default_rng(seed)
    kinds = {"dense": Dense(), "bipartite": Bipartite(within=["hidden"]), "ring": make_ring(0)}
    stiffness = 1.0 + random.random(sizes["visible"])
    potential = {"visible": Quartic(J2=stiffness, J4=0.5), "clamped": Quartic(), "hidden": DoubleWell(J2=-0.8, J4=1.0)}
    return make_computer(
        {"visible": sizes["visible"], "clamped": 3, "hidden": sizes["hidden"]},
        potential,
        kinds[connectivity],
        seed=seed,
        scale=0.1,
        temperature=0.3,
        mobility=1.3,
        clamped=("clamped",),
    )


def advance(engine, dynamics, start, *, steps=5, first=3, numbers=None, drive=None, split=None):
    """Final states, all states and work."""
    x = start.astype(dynamics.dtype)
    record = np.empty((steps, *x.shape), dynamics.dtype)
    work = np.zeros(len(x))
    stepper = engine.prepare(dynamics)
    numbers = np.arange(len(x)) + 7 if numbers is None else numbers
    edges = [0, *(split or ()), steps]
    for a, b in itertools.pairwise(edges):
        advance_rows(
            stepper,
            x,
            key=KEY,
            first_step=first + a,
            steps=b - a,
            trajectories=numbers,
            drive=drive,
            record=record[a:b],
            work=work if drive is not None else None,
        )
    return x, record, work


def drive_for(random, n, trajectories, steps, protocols=None):
    """One intensity for all units; or several, of the units of a run, and of units that are scattered."""
    which = random.integers(0, 3, trajectories)
    signals = random.standard_normal((3, n))
    if protocols is None:
        return Drive(signals, which, 0.3 * random.standard_normal(steps + 10))
    chosen = np.where(np.arange(n) < n // 2, 0, random.integers(0, protocols, n))
    return Drive(signals, which, 0.3 * random.standard_normal((protocols, steps + 10)), chosen)


@pytest.mark.parametrize("precision", PRECISIONS)
@settings(max_examples=12)
@given(data=st.data())
def test_it_does_what_the_reference_does(make_computer, make_ring, data, precision):
    """Same noise, so the same states, to rounding: 200 units in the last place of what a step adds up."""
    sizes = {"visible": data.draw(st.sampled_from([2, 15, 64, 70])), "hidden": data.draw(st.sampled_from([1, 3, 65]))}
    computer = setting(
        make_computer,
        make_ring,
        sizes=sizes,
        connectivity=data.draw(st.sampled_from(["dense", "bipartite", "ring"])),
        seed=data.draw(st.integers(0, 10**6)),
    )
    computer = data.draw(st.sampled_from([computer, computer.bare()]))
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    trajectories = data.draw(st.sampled_from([1, 2, 9, 17]))
    start = random.standard_normal((trajectories, computer.n))
    drive = drive_for(random, computer.n, trajectories, 5, data.draw(st.sampled_from([None, 1, 3])))
    drive = data.draw(st.sampled_from([drive, None]))
    dynamics = Dynamics(computer, EulerMaruyama(), 0.01, precision)
    numbers = random.integers(0, 2**32, trajectories)
    expected = advance(ReferenceEngine(), dynamics, start, numbers=numbers, drive=drive)
    engine = CompiledEngine(threads=data.draw(st.sampled_from([1, 2])), width=data.draw(st.sampled_from([None, 1])))
    got = advance(engine, dynamics, start, numbers=numbers, drive=drive)
    for mine, theirs in zip(got, expected, strict=True):
        scale = 1 + np.abs(theirs).max()
        assert np.abs(mine - theirs).max() <= 200 * np.finfo(dynamics.dtype).eps * scale


@pytest.mark.parametrize("connectivity", ["bipartite", "ring", "none"])
@pytest.mark.parametrize(("precision", "protocols"), [("single", None), ("double", None), ("single", 3)])
def test_bits_depend_on_the_trajectory_only(make_computer, make_ring, precision, protocols, connectivity):
    """Threads 1, 2 and 3, widths, batches of 1 to 300, splits of steps and of the batch: not one bit differs."""
    kind = "dense" if connectivity == "none" else connectivity
    computer = setting(make_computer, make_ring, sizes={"visible": 130, "hidden": 45}, connectivity=kind)
    computer = computer.bare() if connectivity == "none" else computer
    dynamics = Dynamics(computer, EulerMaruyama(), 0.01, precision)
    random = np.random.default_rng(4)
    start = random.standard_normal((300, computer.n))
    drive = drive_for(random, computer.n, 300, 6, protocols)
    whole = advance(CompiledEngine(2), dynamics, start, steps=6, drive=drive)
    for threads in (1, 2, 3):
        for width in (1, LINE[precision]):
            for rows in (slice(0, 1), slice(5, 6), slice(40, 57), slice(0, 300)):
                numbers = np.arange(300)[rows] + 7
                engine = CompiledEngine(threads, width)
                part = advance(
                    engine,
                    dynamics,
                    start[rows],
                    steps=6,
                    numbers=numbers,
                    drive=drive.batch(rows),
                    split=[1, 4] if threads == 2 else None,
                )
                assert np.array_equal(part[0], whole[0][rows])
                assert np.array_equal(part[1], whole[1][:, rows])
                if threads != 2:  # work is a sum, and a split of the steps splits the sum
                    assert np.array_equal(part[2], whole[2][rows])


@pytest.mark.parametrize("precision", ["single", pytest.param("double", marks=pytest.mark.long)])
@pytest.mark.parametrize("sizes", [{"visible": 1}, {"visible": 64, "none": 0}, {"none": 0, "visible": 65}])
def test_odd_sizes(make_computer, euler, precision, sizes):
    """One unit, whole blocks, an empty coupling block, one trajectory fewer and one more than a line."""
    computer = make_computer(sizes, Quartic(), Dense(), scale=0.1)
    dynamics = Dynamics(computer, euler, 0.01, precision)
    for trajectories in (1, LINE[precision] - 1, LINE[precision], LINE[precision] + 1):
        start = np.random.default_rng(trajectories).standard_normal((trajectories, computer.n))
        for width in (1, LINE[precision]):
            got = advance(CompiledEngine(2, width), dynamics, start)[0]
            expected = advance(ReferenceEngine(), dynamics, start)[0]
            assert np.abs(got - expected).max() <= 100 * np.finfo(dynamics.dtype).eps * (1 + np.abs(expected).max())


@pytest.mark.parametrize(
    ("integrator", "potential"),
    [
        pytest.param(StochasticHeun(), Quartic(), id="heun", marks=pytest.mark.long),
        pytest.param(ThreeStages(), Quartic(), id="three-stages", marks=pytest.mark.long),
        pytest.param(EulerMaruyama(), Patchwork(), id="patchwork", marks=pytest.mark.long),
    ],
)
def test_any_formula(make_computer, make_ring, integrator, potential):
    """Several stages and noises, clamped units, branches and functions; dense and sparse, alone and side by side."""
    for connectivity in (Dense(), make_ring(0)):
        computer = make_computer(
            {"a": 70, "b": 9, "c": 20}, potential, connectivity, scale=0.05, temperature=0.3, clamped=("b",)
        )
        dynamics = Dynamics(computer, integrator, 0.01, "double")
        start = np.random.default_rng(2).standard_normal((11, computer.n))
        expected = advance(ReferenceEngine(), dynamics, start)
        parts = [advance(CompiledEngine(threads, width), dynamics, start) for threads in (1, 2) for width in (1, 8)]
        for part in parts:
            assert np.array_equal(part[1], parts[0][1])
            assert np.abs(part[1] - expected[1]).max() <= 1e-13 * (1 + np.abs(expected[1]).max())


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_lattice(euler, precision):
    """Lines of consecutive units, and rows' ends where they are not; some pairs are coupled that no lattice has."""
    regular = lattice(Quartic(), side=32)
    extra = np.array([[3, 700], [5, 1000], [64, 640], [1, 1023]])
    edges = np.concatenate([regular.couplings.edges, extra])
    strengths = np.random.default_rng(4).standard_normal(len(edges))
    computer = attrs.evolve(regular, couplings=EdgeCouplings(regular.n, edges, strengths))
    dynamics = Dynamics(computer, euler, 0.01, precision)
    start = np.random.default_rng(2).standard_normal((3, computer.n))
    expected = advance(ReferenceEngine(), dynamics, start)[1]
    parts = [
        advance(CompiledEngine(threads, width), dynamics, start)[1]
        for threads in (1, 2)
        for width in (1, LINE[precision])
    ]
    for part in parts:
        assert np.array_equal(part, parts[0])
        assert np.abs(part - expected).max() <= 100 * np.finfo(dynamics.dtype).eps * (1 + np.abs(expected).max())


@pytest.mark.parametrize("protocols", [None, 1, 4])
def test_work_is_added_up_in_double_precision(make_computer, make_ring, euler, protocols):
    """Single precision states; their work by hand, to the rounding of double precision."""
    computer = setting(make_computer, make_ring, sizes={"visible": 100, "hidden": 30}, connectivity="bipartite")
    dynamics = Dynamics(computer, euler, 0.01, "single")
    random = np.random.default_rng(8)
    start = random.standard_normal((5, computer.n)).astype(np.float32)
    drive = drive_for(random, computer.n, 5, 5, protocols)
    _, record, work = advance(CompiledEngine(), dynamics, start, drive=drive)
    states = np.concatenate([start[None], record[:-1]]).astype(float)
    rows = np.atleast_2d(drive.intensity)[np.zeros(computer.n, int) if protocols is None else drive.protocol_of]
    change = np.diff(rows, axis=1)[:, 3:8]
    expected = -np.einsum("ik,bi,kbi->b", change, drive.signals[drive.which], states)
    assert np.abs(work - expected).max() < 1e-13 * np.abs(expected).max() * computer.n


@pytest.mark.parametrize("engine", [ReferenceEngine(), CompiledEngine(2), CompiledEngine(1, 1)])
def test_equal_protocols_are_one(make_computer, make_ring, euler, engine):
    """An intensity that is written twice acts as once, to the bit; one row of its own is no other drive."""
    computer = setting(make_computer, make_ring, sizes={"visible": 100, "hidden": 30}, connectivity="bipartite")
    dynamics = Dynamics(computer, euler, 0.01, "single")
    random = np.random.default_rng(8)
    start = random.standard_normal((5, computer.n))
    drive = drive_for(random, computer.n, 5, 5)
    once = advance(engine, dynamics, start, drive=drive)
    for count, chosen in ((1, np.zeros(computer.n, int)), (2, random.integers(0, 2, computer.n))):
        rows = np.tile(drive.intensity, (count, 1))
        again = advance(engine, dynamics, start, drive=attrs.evolve(drive, intensity=rows, protocol_of=chosen))
        assert np.array_equal(once[1], again[1])
        assert np.array_equal(once[2], again[2]) if count == 1 else np.allclose(once[2], again[2], rtol=1e-12)


def test_numbers_are_no_part_of_what_is_compiled(make_computer, make_ring, euler):
    """Other sizes, parameters, couplings, dt: the same source, the same machine code."""
    steppers = []
    for visible, hidden, dt in ((20, 5, 0.01), (70, 64, 0.002)):
        computer = setting(
            make_computer, make_ring, sizes={"visible": visible, "hidden": hidden}, connectivity="dense", seed=visible
        )
        stepper = CompiledEngine(1, 16).prepare(Dynamics(attrs.evolve(computer, temperature=dt), euler, dt, "single"))
        for trajectories in (3, 40):
            x = np.zeros((trajectories, computer.n), np.float32)
            for protocols in (None, 1, 4):
                drive = drive_for(np.random.default_rng(1), computer.n, trajectories, 2, protocols)
                advance_rows(
                    stepper, x, key=KEY, first_step=0, steps=2, trajectories=np.arange(trajectories), drive=drive
                )
            advance_rows(stepper, x, key=KEY, first_step=0, steps=2, trajectories=np.arange(trajectories))
        steppers.append(stepper)
    one, other = (s.kernel(unit_layout=False) for s in steppers)
    assert one is other
    assert len(one.advance.signatures) == 1
    assert steppers[0].kernel_source(unit_layout=True).text != one.text


def test_the_first_non_finite_state_stops_the_run(make_computer, euler):
    """The same trajectory, unit and step as the reference engine, each force term named."""
    computer = make_computer({"a": 70}, Quartic(), Dense(), scale=0.1)
    start = np.zeros((20, 70))
    start[13, 66] = 40.0  # the cube throws it out within a few steps
    messages = []
    for engine in ("reference", "compiled"):
        with pytest.raises(NonFiniteError, match="trajectory 113, unit 66") as caught:
            simulate(
                Dynamics(computer, euler, 0.01, "double"),
                start,
                100,
                key=KEY,
                first_trajectory=100,
                engine=engine,
            )
        messages.append(str(caught.value))
        for term in ("on-site", "coupling", "bias", "quartic", "largest stable dt"):
            assert term in messages[-1]
    assert messages[0].split(", with forces")[0] == messages[1].split(", with forces")[0]


def test_memory_does_not_grow_with_steps(make_computer, euler):
    """States of 11 kB, 80 stretches: had any left something, it would be 900 kB; what is cached varies by 20."""
    computer = make_computer({"a": 70}, Quartic(), Dense(), scale=0.01)
    dynamics = Dynamics(computer, euler, 0.001, "single")
    start = np.zeros((40, 70))
    simulate(dynamics, start, 10, key=KEY, engine="compiled")
    peaks = []
    for steps in (500, 20_000):
        tracemalloc.start()
        simulate(dynamics, start, steps, key=KEY, engine="compiled")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_an_engine_has_its_settings(make_computer, euler):
    assert engine_named("compiled").details["threads"] >= 1
    assert set(engine_named("reference").details) == {"blas"}  # the library that its products are of
    with pytest.raises(ParameterError, match="threads must be a whole number of 1 or more, got 0"):
        CompiledEngine(threads=0)
    with pytest.raises(ArgumentError, match=r"threads must be a whole number of 1 or more, got 1\.5"):
        CompiledEngine(threads=1.5)
    with pytest.raises(ParameterError, match="width must be 1"):
        CompiledEngine(width=5)
    computer = make_computer({"a": 3}, Quartic(), Dense())
    with pytest.raises(ParameterError, match="width must be 1 or 16 in single precision, got 8"):
        CompiledEngine(width=8).prepare(Dynamics(computer, euler, 0.1, "single"))


def test_auto_takes_the_engine_that_is_done_first(make_computer, euler, monkeypatch):
    """Long work is compiled; short work is not, unless the kernel is there; of very short work nobody looks."""
    dynamics = Dynamics(make_computer({"a": 70}, Quartic(), Dense()), euler, 0.01, "single")
    assert engine_for("auto", dynamics, 1000, 1000).name == "compiled"
    assert engine_for("reference", dynamics, 1000, 1000).name == "reference"
    assert engine_for("compiled", dynamics, 1, 1).name == "compiled"
    assert engine_for("auto", dynamics, 1, 1).name == "reference"
    # exact training draws no trajectory, however many steps there are
    assert reference_seconds(70, 0, 10**7) == 0
    assert engine_for("auto", dynamics, 0, 10**7).name == "reference"
    advance(CompiledEngine(1, 16), dynamics, np.zeros((1, 70)))
    middling = 1000, 200
    assert 0.5 < reference_seconds(70, *middling) < 2
    assert engine_for("auto", dynamics, *middling).name == "compiled"
    monkeypatch.setattr("thermozoo.dynamics.engines.compiled.compiled_before", lambda name, text: False)
    assert engine_for("auto", dynamics, *middling).name == "reference"


def test_an_integrator_parameter_must_be_a_number(make_computer):
    computer = make_computer({"a": 3}, Quartic(), Dense())
    dynamics = Dynamics(computer, ThreeStages(theta=np.array([0.1, 0.2, 0.3])), 0.01)
    with pytest.raises(ShapeError, match="theta of the integrator 'three-stages' must be a number"):
        advance(CompiledEngine(1, 1), dynamics, np.zeros((1, 3)))
