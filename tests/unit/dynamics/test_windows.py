"""Simulating a program: windows switch at their steps, bits are those of its computers, and work is booked."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

from thermozoo.computer.program import Program
from thermozoo.dynamics.engines import Drive, Dynamics, engine_named
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.errors import ArgumentError, BudgetError, NonFiniteError, ParameterError, ShapeError
from thermozoo.thermodynamics.heat import HeatLedger, heat_by_window

STEPS, DT, KEY = 40, 0.01, NoiseKey(3)
EDGES = [0, 20, 30, 40]


@pytest.fixture(scope="module")
def computers(make_computer):
    """Three windows, the third with other on-site energies as well."""
    first = make_computer({"visible": 4, "hidden": 2}, Quartic(), Dense(), temperature=0.3, mobility=1.3)
    other = make_computer(
        {"visible": 4, "hidden": 2}, Quartic(J2=0.4, J4=2.0), Dense(), temperature=0.3, mobility=1.3, seed=7, scale=0.6
    )
    return first, first.with_parameters(-2 * first.parameters), other


@pytest.fixture(scope="module")
def start():
    return np.random.default_rng(1).standard_normal((5, 6))


def of(computer, precision="double", steps=STEPS):
    return Dynamics(computer, EulerMaruyama(), DT, precision, steps=steps)


def program(computers, shares=(0.5, 0.25, 0.25)):
    return Program(computers, shares)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_bits_are_those_of_the_computers(computers, start, engine, precision):
    """Of one window, of equal windows, and of different ones done one after the other."""
    engine = engine_named(engine)
    one = simulate(of(computers[0], precision, steps=0), start, STEPS, key=KEY, engine=engine)
    for same in (Program(computers[0]), program([computers[0]] * 3), Program([computers[0]] * 7)):
        done = simulate(of(same, precision), start, STEPS, key=KEY, engine=engine)
        assert np.array_equal(done.final, one.final)
        assert np.array_equal(done.work, np.zeros(5))
        assert len(done.switches) == same.windows - 1
    done = simulate(of(program(computers), precision), start, STEPS, key=KEY, engine=engine)
    x = start
    for computer, (a, b) in zip(computers, itertools.pairwise(EDGES), strict=True):
        x = simulate(of(computer, precision, steps=0), x, b - a, key=KEY, first_step=a, engine=engine).final
    assert np.array_equal(done.final, x)
    assert not np.array_equal(done.final, one.final)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_parts_are_the_whole_bit_for_bit(computers, start, engine):
    """Wherever it is interrupted: inside of a window, at its edge, and twice in one."""
    engine, dynamics = engine_named(engine), of(program(computers))
    whole = simulate(dynamics, start, STEPS, key=KEY, engine=engine)
    for cuts in ([7], [20], [30], [19, 21], [20, 30], [22, 25, 31]):
        x, work, switched = start, np.zeros(5), []
        for a, b in itertools.pairwise([0, *cuts, STEPS]):
            part = simulate(dynamics, x, b - a, key=KEY, first_step=a, engine=engine)
            x, work, switched = part.final, work + part.work, [*switched, *(s.step for s in part.switches)]
        assert np.array_equal(x, whole.final)
        assert work == pytest.approx(whole.work, abs=1e-12)
        assert switched == [20, 30]


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("every", [1, 10, 7])
def test_first_law(computers, start, plain, precision, every):
    """Energies written out by hand: W of every switch, Q = W - dV of every trajectory, by window and as a whole."""
    dynamics = of(program(computers), precision)
    states, energies = KeptStates(), EnergyTerms(dynamics)
    done = simulate(dynamics, start, STEPS, key=KEY, every=every, observers=[states, energies], engine="reference")
    every_step = KeptStates()
    simulate(dynamics, start, STEPS, key=KEY, every=1, observers=every_step, engine="reference")
    x = every_step.states.astype(np.float64)

    def energy(window, step):
        return np.array([plain.energy(computers[window], state) for state in x[step]])

    works = [energy(w + 1, EDGES[w + 1]) - energy(w, EDGES[w + 1]) for w in range(2)]
    heats = [energy(w, a) - energy(w, b) for w, (a, b) in enumerate(itertools.pairwise(EDGES))]
    ledger = HeatLedger.of(energies, done.switches)
    tolerance = {"abs": 1e-11}
    assert [switch.step for switch in done.switches] == EDGES[1:3]
    for switch, work in zip(done.switches, works, strict=True):
        assert switch.work == pytest.approx(work, **tolerance)
    assert done.work == pytest.approx(sum(works), **tolerance)
    assert ledger.total_work == pytest.approx(sum(works), **tolerance)
    assert ledger.total == pytest.approx(sum(heats), **tolerance)
    assert ledger.total == pytest.approx(sum(works) - (energy(2, -1) - energy(0, 0)), **tolerance)
    assert heat_by_window(energies, done.switches) == pytest.approx(np.stack(heats), **tolerance)
    # heat leaves step by step, also on the way: sum of V(x_k) - V(x_k+1) under the window of step k
    window = np.repeat([0, 1, 2], np.diff(EDGES))
    lost = [energy(w, k) - energy(w, k + 1) for k, w in enumerate(window)]
    running = np.concatenate([np.zeros((1, 5)), np.cumsum(lost, axis=0)])
    assert ledger.heat == pytest.approx(running[states.steps], **tolerance)
    assert set(ledger.work) == {"on-site", "coupling", "bias"}


def test_observers_see_it_as_one(computers, start):
    dynamics = of(program(computers))
    states, energies = KeptStates(2), EnergyTerms(dynamics)
    counted = []
    simulate(
        dynamics,
        start,
        STEPS,
        key=KEY,
        every=15,
        observers=[states, energies],
        engine="reference",
        progress=counted.append,
    )
    assert states.steps == energies.steps == [0, 15, 30, 40]
    assert sum(counted) == STEPS
    acting = [computers[0], computers[0], computers[2], computers[2]]  # at a switch, the one that begins
    for k, computer in enumerate(acting):
        total = sum(values[k, :2] for values in energies.terms.values())
        assert total == pytest.approx(computer.energy(states.states[k]), abs=1e-12)


def test_a_drive_and_switching_do_work_together(computers, start):
    drive = Drive(np.ones((1, 6)), np.zeros(5, int), np.linspace(0.5, -0.2, STEPS + 1))
    dynamics = of(program(computers))
    done = simulate(dynamics, start, STEPS, key=KEY, drive=drive, engine="reference")
    x, work = start, np.zeros(5)
    for computer, (a, b) in zip(computers, itertools.pairwise(EDGES), strict=True):
        part = simulate(of(computer), x, b - a, key=KEY, first_step=a, drive=drive, engine="reference")
        x, work = part.final, work + part.work
    assert np.array_equal(done.final, x)
    assert done.work == pytest.approx(work + sum(switch.work for switch in done.switches), abs=1e-12)


def test_trajectories_of_any_numbers(computers, start, plain):
    """Euler-Maruyama written out, with the noise of the numbers that were given."""
    numbers = np.array([9, 2, 2**31, 0, 5])
    computer = computers[0]
    done = simulate(of(computer), start, 12, key=KEY, trajectories=numbers, engine="reference")
    x = start
    for k in range(12):
        kick = np.sqrt(2 * computer.mobility * computer.temperature * DT) * normals(KEY, k, numbers, 6)
        x = x - computer.mobility * plain.gradient(computer, x) * DT + kick
    assert done.final == pytest.approx(x, abs=1e-12)
    for wrong, said in (([0, 1], "shape"), ([-1, 0, 1, 2, 3], "whole"), ([0.5, 1, 2, 3, 4], "whole")):
        with pytest.raises((ArgumentError, ParameterError, ShapeError), match=f"trajectories must .*{said}"):
            simulate(of(computer), start, 12, key=KEY, trajectories=wrong)


def test_one_window_is_prepared_at_a_time(computers, start):
    class Counting:
        name = "counting"

        def __init__(self):
            self.prepared = []

        def prepare(self, dynamics):
            self.prepared.append(dynamics.computer)
            return ReferenceEngine().prepare(dynamics)

    engine = Counting()
    simulate(of(program(computers)), start, 25, key=KEY, engine=engine)
    assert engine.prepared == list(computers[:2])  # the third is not due
    engine = Counting()
    simulate(of(program([computers[0]] * 3)), start, STEPS, key=KEY, engine=engine)
    assert engine.prepared == [computers[0]]


def test_a_failure_names_the_forces_of_its_window(computers):
    """Couplings that repel without bound act from step 30 on."""
    wild = computers[0].with_parameters(np.full(computers[0].parameters.size, -1e5))
    dynamics = of(program([computers[0], computers[1], wild]))
    with pytest.raises(NonFiniteError, match=r"in step 3\d .*largest stable dt about [\d.e-]+") as caught:
        simulate(dynamics, np.full((2, 6), 0.5), STEPS, key=KEY, engine="reference")
    bound = float(str(caught.value).rsplit(" ", 1)[1])
    assert bound < 1e-4  # that of the third window


def test_switches_count_in_what_may_be_kept(computers, start):
    """Of each trajectory three terms of the energy, twice, in double precision; and states of six units twice."""
    dynamics, switches, states = of(program(computers)), 2 * 5 * 6 * 8, 2 * 5 * 6 * 8
    simulate(dynamics, start, STEPS, key=KEY, observers=KeptStates(), byte_limit=switches + states)
    with pytest.raises(BudgetError, match="keeping 2 observations and 2 switches of 5 trajectories needs"):
        simulate(dynamics, start, STEPS, key=KEY, observers=KeptStates(), byte_limit=switches + states - 1)


def test_what_cannot_be(computers, start):
    dynamics = of(program(computers))
    with pytest.raises(ParameterError, match="ends with step 40, got 41"):
        simulate(dynamics, start, 41, key=KEY)
    with pytest.raises(ParameterError, match="ends with step 40, got 45"):
        simulate(dynamics, start, 10, key=KEY, first_step=35)
    with pytest.raises(
        ArgumentError, match=r"computer must be a Computer, got .*of a program or a schedule, give the Dynamics"
    ):
        EnergyTerms(program(computers))
    with pytest.raises(ArgumentError, match="computer must be a Computer, got 'a'"):
        of("a")
