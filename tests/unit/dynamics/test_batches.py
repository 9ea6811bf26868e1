"""Batches under way: packed once, advanced many times; states that are taken out, kept and given back go on."""

from __future__ import annotations

import io
import itertools

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import Baoab, EulerMaruyama
from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic

import thermozoo as tz
from thermozoo.computer.computer import assemble
from thermozoo.computer.program import Program
from thermozoo.dynamics.engines import Batch, BatchState, Drive, Dynamics
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.compiled_batch import CompiledBatch
from thermozoo.dynamics.engines.packed_states import PackedStates
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.dynamics.engines.state_layout import StateLayout
from thermozoo.dynamics.ensemble import Ensemble, EnsembleState
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.dynamics.variables import start_variables
from thermozoo.dynamics.windows import PreparedDynamics
from thermozoo.errors import ArgumentError, NonFiniteError, ShapeError
from thermozoo.runs.generation import generate

STEPS, ROWS, KEY = 30, 5, NoiseKey(2**40 + 3, 7)
RANDOM = np.random.default_rng(5)
NUMBERS = np.array([3, 0, 2**31, 8, 9])


def machine(temperature=0.3, clamped=("c",)):
    one = assemble(
        {"a": 6, "b": 3, "c": 2},
        {"a": Quartic(), "b": DoubleWell(J2=-0.6), "c": Quartic()},
        Dense(),
        temperature=temperature,
        mobility=1.3,
        clamped=clamped,
        trainable_biases=["a", "b"],
    )
    return one.with_parameters(0.4 * np.random.default_rng(1).standard_normal(one.parameters.size))


def windows(one):
    return Program(
        [one, one.with_parameters(-one.parameters), one.with_parameters(2 * one.parameters)], [0.5, 0.2, 0.3]
    )


def spins():
    one = tz.assemble({"s": 40}, tz.get("spin", h=0.2), Dense(), temperature=1.3)
    return one.with_parameters(0.2 * np.random.default_rng(1).standard_normal(one.parameters.size))


def drive_of(n, protocols=None):
    rows = np.linspace(0.9, -0.3, STEPS + 1) if protocols is None else RANDOM.standard_normal((protocols, STEPS + 1))
    chosen = None if protocols is None else np.arange(n) % protocols
    return Drive(RANDOM.standard_normal((2, n)), np.arange(ROWS) % 2, rows, chosen)


SCHEDULE = Schedule(
    {
        "temperature": np.linspace(0.5, 0.1, STEPS + 1),
        "coupling": np.linspace(0.0, 1.5, STEPS + 1),
        "potential.a.J2": np.linspace(1.0, 2.0, STEPS + 1),
    }
)
EULER = EulerMaruyama()
#: Laws of motion, and the drive of each.
CASES = {
    "computer": (machine(), EULER, None, None),
    "drive": (machine(), EULER, None, drive_of(11)),
    "program": (windows(machine()), EULER, None, None),
    "program under a drive of two protocols": (windows(machine()), EULER, None, drive_of(11, 2)),
    "schedule": (machine(), EULER, SCHEDULE, drive_of(11)),
    "program with a schedule": (windows(machine()), EULER, SCHEDULE, None),
    "variables": (windows(machine()), Baoab(mass=0.6), None, None),
    "variables under a drive": (machine(), Baoab(mass=0.6), None, drive_of(11, 2)),
    "discrete units": (spins(), tz.get("heat-bath"), None, None),
    "discrete units under a drive": (windows(spins()), tz.get("heat-bath"), None, drive_of(40)),
}
ENGINES = {
    "reference": [ReferenceEngine(), ReferenceEngine()],
    "compiled": [CompiledEngine(2), CompiledEngine(1, 1)],
}


def law_of(name, precision):
    computer, integrator, schedule, drive = CASES[name]
    dynamics = Dynamics(computer, integrator, 0.01, precision, steps=STEPS, schedule=schedule)
    x = np.random.default_rng(2).choice([-1.0, 1.0], (ROWS, dynamics.computer.n)).astype(dynamics.dtype)
    return dynamics, BatchState(x, KEY, NUMBERS, variables=start_variables(dynamics, KEY, NUMBERS)), drive


def through_a_file(state):
    """The state as a file without pickled objects has it."""
    file = io.BytesIO()
    np.savez(file, **state.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return type(state).from_arrays(dict(arrays))


def everything(ensemble):
    """All of its state, and the work in all; notes of work on the way are as many as there were stops."""
    arrays = {**ensemble.state().to_arrays(), "total work": ensemble.work}
    driven = {} if ensemble.driven is None else {f"driven {name}": sums for name, sums in ensemble.driven.sums.items()}
    return {**{name: values for name, values in arrays.items() if "noted" not in name}, **driven}


def assert_same(one, other):
    assert set(one) == set(other)
    for name, values in one.items():
        assert values.dtype == other[name].dtype, name
        assert np.array_equal(values, other[name]), name


#: What is compiled by default: the others are kernels of their own.
BRIEF = ("computer", "program", "schedule")


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("name", "engine"),
    [
        pytest.param(name, engine, marks=[] if engine == "reference" or name in BRIEF else pytest.mark.long)
        for engine in ENGINES
        for name in CASES
    ],
)
@settings(max_examples=4)
@given(cuts=st.sets(st.integers(0, STEPS), max_size=4), precision=st.sampled_from(["single", "double"]))
def test_a_state_goes_on_bit_for_bit(name, engine, cuts, precision):
    """Taken out after any steps, through a file, into another engine of the kind: states, variables and all work."""
    dynamics, start, drive = law_of(name, precision)
    whole = Ensemble(PreparedDynamics(ENGINES[engine][0], dynamics), start, drive)
    for _ in range(2):
        whole.advance(STEPS // 2)
    state, before = EnsembleState(start), 0
    edges = [*sorted(cuts), STEPS]
    for number, stop in enumerate(edges):
        part = Ensemble(PreparedDynamics(ENGINES[engine][number % 2], dynamics), state, drive)
        part.advance(stop - before)
        state, before = through_a_file(part.state()), stop
    assert not np.array_equal(part.states(), start.x)
    assert_same(everything(part), everything(whole))
    if dynamics.driven is not None:
        assert all(sums.all() for sums in part.driven.sums.values())
    if drive is not None:
        assert state.batch.work.all()


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", [name for name in CASES if "program" not in name and name != "discrete units"])
def test_a_batch_is_the_same_as_rows_that_are_laid_out_anew_for_every_step(name, engine, precision):
    dynamics, start, drive = law_of(name, precision)
    if dynamics.program.windows > 1:
        dynamics = attrs.evolve(dynamics, computer=dynamics.program.computers[1])
    stepper = ENGINES[engine][0].prepare(dynamics)
    batch = stepper.begin(start, drive)
    x, work = start.x.copy(), np.zeros(ROWS)
    variables = {name: one.copy() for name, one in start.variables.items()}
    records = np.empty((STEPS, *x.shape), x.dtype)
    for steps, first in ((3, 0), (1, 3), (0, 4), (STEPS - 4, 4)):
        batch.advance(steps, records[first : first + steps])
    for k in range(STEPS):
        advance_rows(
            stepper,
            x,
            key=KEY,
            first_step=k,
            steps=1,
            trajectories=NUMBERS,
            drive=drive,
            work=work,
            variables=variables,
        )
        assert np.array_equal(records[k], x)
    assert np.array_equal(batch.states(), x)
    assert np.array_equal(batch.work, work if drive is not None else np.zeros(ROWS))
    assert_same(batch.variables(), variables)
    assert batch.step == STEPS


@pytest.mark.parametrize("engine", [*itertools.chain(*ENGINES.values())])
@pytest.mark.parametrize("name", ["drive", "variables under a drive", "discrete units"])
def test_a_batch_shares_nothing_with_what_it_is_given_or_gives(name, engine):
    dynamics, start, drive = law_of(name, "double")
    given = {k: v.copy() for k, v in start.to_arrays().items()}
    batch = engine.prepare(dynamics).begin(start, drive)
    batch.advance(3)
    assert_same(given, start.to_arrays())
    taken, copy = batch.state(), batch.copy()
    kept = {k: v.copy() for k, v in taken.to_arrays().items()}
    batch.advance(3)
    assert_same(kept, taken.to_arrays())
    assert_same(kept, copy.state().to_arrays())
    copy.advance(3)
    assert_same(copy.state().to_arrays(), batch.state().to_arrays())


@pytest.fixture
def counted(monkeypatch):
    """How often rows are laid out for a kernel, and how often they are copied out."""
    counts = {"in": 0, "out": 0}

    def spy(name, what):
        original = getattr(StateLayout, name)

        def counting(self, values):
            counts[what] += 1
            return original(self, values)

        monkeypatch.setattr(StateLayout, name, counting)

    spy("pack", "in")
    spy("unpack", "out")
    return counts


@pytest.mark.parametrize("equilibration", [None, 60])
@pytest.mark.parametrize("windowed", [False, True], ids=["computer", "program"])
def test_generation_packs_states_once_a_law(counted, windowed, equilibration):
    """50 observations of 100 steps: equilibration is a law of its own; windows pass states on as they lie."""
    one = machine(clamped=())
    law = Dynamics(windows(one) if windowed else one, EULER, 0.01, "single", steps=100)
    untrained = Dynamics(one, EULER, 0.01, "single", steps=60)
    done = generate(law, untrained, 20, seed=1, engine=CompiledEngine(1), equilibration=equilibration)
    assert len(done.times) == 51
    laws = 1 if equilibration is None else 2
    assert counted["in"] == laws
    # each observation, each switch, and the states that each law ends with
    assert counted["out"] == 51 + 2 * windowed + laws


def test_a_drive_is_packed_once_and_nobody_who_does_not_look_is_shown_rows(counted):
    dynamics, start, drive = law_of("program under a drive of two protocols", "single")
    ensemble = Ensemble(PreparedDynamics(CompiledEngine(1), dynamics), start, drive)
    for _ in range(STEPS):
        ensemble.advance(1)
    assert counted == {"in": 2, "out": 2}  # states and signals; at the two switches, whose work is booked
    counted.update({"in": 0, "out": 0})
    dynamics, start, _ = law_of("variables", "single")
    simulate(attrs.evolve(dynamics, computer=machine()), start.x, STEPS, key=KEY, every=1, engine=CompiledEngine(1))
    assert counted == {"in": 2, "out": 2}  # states and velocities, once each


def test_observers_are_shown_rows(counted):
    dynamics, start, _ = law_of("computer", "single")
    kept, energies = KeptStates(), EnergyTerms(dynamics)
    simulate(dynamics, start.x, STEPS, key=KEY, every=10, observers=[kept, energies], engine=CompiledEngine(1))
    assert counted == {"in": 1, "out": 5}  # four observations, for both observers together, and the final states
    again = KeptStates()
    simulate(dynamics, start.x, STEPS, key=KEY, every=10, observers=again, engine=ReferenceEngine())
    assert np.abs(kept.states - again.states).max() < 1e-5


@pytest.mark.parametrize("every", [None, 7, 300])
@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(ReferenceEngine(), id="reference"),
        pytest.param(CompiledEngine(2), id="batch layout"),
        pytest.param(CompiledEngine(1, 1), id="unit layout", marks=pytest.mark.long),
    ],
)
def test_a_failure_is_found_wherever_it_happens(engine, every):
    """Far beyond the largest stable step x grows by 1.2 in every step, written out; noise of 1e-15 shifts nothing."""
    computer = assemble({"a": 1, "b": 2}, Quadratic(J2=1.1), Dense(), temperature=1e-30)
    x, failed = np.float32(2.0**-3), None
    for k in range(600):
        with np.errstate(over="ignore", invalid="ignore"):
            x = x - np.float32(2.2) * x
        if failed is None and not np.isfinite(x):
            failed = k
    start = np.zeros((4, 3))
    start[2, 1] = 2.0**-3
    dynamics = Dynamics(computer, EULER, 1.0, "single")
    with pytest.raises(NonFiniteError, match=rf"in step {failed} .* of trajectory 12, unit 1 \(b\)") as caught:
        simulate(dynamics, start, 600, key=KEY, first_trajectory=10, every=every, engine=engine)
    assert failed > 400
    last = caught.value.last_finite_state
    assert last.shape == (4, 3)
    assert 1e38 / 1.2 < abs(last[2, 1]) < np.inf


def test_what_fills_up_lines_counts_for_nothing():
    """Of three trajectories of three units in lines of sixteen."""
    layout = StateLayout(rows=3, units=3, dtype=np.float32, unit_layout=False, blocks=1, room=80)
    packed = layout.pack(np.ones((3, 3), np.float32))
    view = packed.reshape(1, 80, 16)
    view[:, 3:], view[:, :, 3:] = np.nan, np.inf
    assert layout.finite(packed)
    assert np.array_equal(layout.unpack(packed), np.ones((3, 3)))
    view[0, 2, 2] = np.nan
    assert not layout.finite(packed)


def test_laws_that_lay_states_out_otherwise_take_rows():
    """From lines of trajectories to lines of units: the same bits, by way of rows."""
    dynamics, start, drive = law_of("drive", "single")
    one, other = (CompiledEngine(1, width).prepare(dynamics) for width in (16, 1))
    batch = one.begin(start, drive)
    batch.advance(4)
    resting = batch.rest()
    assert isinstance(resting, PackedStates)
    assert one.begin(resting, drive).packed.states is resting.states
    assert one.begin(resting, attrs.evolve(drive)).packed.states is not resting.states
    moved = other.begin(resting, drive)
    moved.advance(STEPS - 4)
    whole = one.begin(start, drive)
    whole.advance(STEPS)
    assert_same(moved.state().to_arrays(), whole.state().to_arrays())


class Still(Batch):
    """The least that an engine of one's own writes: units that keep on at a speed of one."""

    def __init__(self, dynamics, state, drive, working):
        super().__init__(state.key, state.trajectories, state.step, state.work, drive, working)
        self.dynamics, self.x = dynamics, np.array(state.x)

    def _advance(self, steps, record):
        for k in range(steps):
            self.x += self.dynamics.dt
            if record is not None:
                record[k] = self.x

    def states(self):
        return self.x.copy()

    def variables(self):
        return {}

    def copy(self):
        return Still(self.dynamics, self.state(), self.drive, self.working)


@attrs.frozen(eq=False)
class StillStepper:
    dynamics: Dynamics

    def begin(self, start, drive=None, *, working=True, stretch=250):
        return Still(self.dynamics, start.state(), drive, working)


@attrs.frozen(eq=False)
class StillEngine:
    stepper: object = StillStepper
    name = "still"

    def prepare(self, dynamics):
        return self.stepper(dynamics)


def test_an_engine_of_ones_own():
    dynamics = Dynamics(windows(machine(clamped=())), EULER, 0.125, steps=STEPS)
    done = simulate(dynamics, np.zeros((2, 11)), STEPS, key=KEY, every=4, engine=StillEngine())
    assert np.array_equal(done.final, np.full((2, 11), STEPS / 8))
    assert [switch.step for switch in done.switches] == [15, 21]
    with pytest.raises(ArgumentError, match="the engine 'still' prepares a Dynamics that begins no batches: give"):
        simulate(dynamics, np.zeros((2, 11)), STEPS, key=KEY, engine=StillEngine(lambda dynamics: dynamics))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x": np.zeros(11)}, r"states of a batch must have shape \(trajectories, units\), got \(11,\)"),
        ({"trajectories": np.arange(2)}, r"trajectories of a batch must have shape \(5,\), got \(2,\)"),
        ({"work": np.zeros(4)}, r"work of a batch must have shape \(5,\), got \(4,\)"),
        ({"variables": {"v": np.zeros((5, 2))}}, r"v of a batch must have shape \(5, 11\), got \(5, 2\)"),
    ],
)
def test_states_that_are_none(changes, said):
    given = {"x": np.zeros((5, 11)), "key": KEY, "trajectories": NUMBERS, **changes}
    with pytest.raises(ShapeError, match=said):
        BatchState(**given)
    with pytest.raises(ArgumentError, match="key must be a NoiseKey, got 3"):
        BatchState(**{**given, "key": 3})


@pytest.mark.long
@pytest.mark.parametrize(("trajectories", "steps", "looks"), [(1, 30_000, 1), (3, 12_000, 2), (400, 500, 2)])
def test_few_numbers_are_looked_at_seldom(monkeypatch, trajectories, steps, looks):
    """Between two looks 32,768 numbers of few units are updated, and 250 steps of many are done."""
    dynamics, looked = Dynamics(assemble({"a": 1}, Quartic(), Dense(), temperature=0.1), EULER, 0.01), []
    original = CompiledBatch.finite
    monkeypatch.setattr(CompiledBatch, "finite", lambda batch: looked.append(batch.step) or original(batch))
    simulate(dynamics, np.zeros((trajectories, 1)), steps, key=KEY, engine=CompiledEngine(1))
    assert len(looked) == looks
