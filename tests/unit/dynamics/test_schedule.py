"""Schedules: what is driven, its values in every step, its work; in both engines, alone and with a program."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama, StochasticHeun
from thermozoo_plugins.interactions import ThreeBody
from thermozoo_plugins.potentials import DoubleWell, Quartic
from thermozoo_plugins.protocols import Ramp, Table

import thermozoo as tz
from thermozoo import Potential, parameter
from thermozoo.computer.computer import assemble
from thermozoo.computer.program import Program
from thermozoo.computer.terms import TupleCouplings
from thermozoo.dynamics.engines import Drive, Dynamics
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.errors import ArgumentError, BudgetError, ParameterError, ShapeError, TrainingError, UnknownNameError
from thermozoo.thermodynamics.heat import HeatLedger, heat_by_window
from thermozoo.training.noising import Noising

STEPS, DT, ROWS = 40, 0.01, 5
ENGINES = ["reference", "compiled"]
KEY = NoiseKey(7)


def ramp(begin, end):
    return np.linspace(begin, end, STEPS + 1)


#: Everything that can be driven at once.
ALL = {
    "temperature": ramp(0.5, 0.1),
    "on-site": ramp(1.0, 1.5),
    "coupling": ramp(0.0, 2.0),
    "bias": ramp(1.0, -1.0),
    "potential.visible.J2": ramp(-1.0, -0.2),
    "potential.hidden.J4": ramp(1.0, 2.0),
}


@pytest.fixture
def computer():
    one = assemble(
        {"visible": 3, "hidden": 2},
        {"visible": DoubleWell(J2=-0.7), "hidden": Quartic()},
        Dense(),
        temperature=0.4,
        mobility=1.3,
        trainable_biases=["visible", "hidden"],
    )
    return one.with_parameters(0.4 * np.random.default_rng(3).standard_normal(one.parameters.size))


@pytest.fixture
def start():
    return np.random.default_rng(4).standard_normal((ROWS, 5))


def law(computer, targets, integrator=None, **more):
    return Dynamics(computer, integrator or EulerMaruyama(), dt=DT, steps=STEPS, schedule=Schedule(targets), **more)


def energy(computer, x, k, targets=ALL):
    """By hand, with the values before step k: on-site, pairs one by one, biases."""
    J, b = computer.couplings.matrix(), computer.biases

    def value(name, otherwise):
        return targets[name][k] if name in targets else otherwise

    J2 = np.array([value("potential.visible.J2", -0.7)] * 3 + [1.0] * 2)
    J4 = np.array([1.0] * 3 + [value("potential.hidden.J4", 1.0)] * 2)
    pairs = sum(J[i, j] * x[:, i] * x[:, j] for i in range(5) for j in range(i + 1, 5))
    return {
        "on-site": value("on-site", 1.0) * (J2 * x**2 + J4 * x**4).sum(axis=1),
        "coupling": value("coupling", 1.0) * pairs,
        "bias": value("bias", 1.0) * (x @ b),
    }


def gradient(computer, x, k, targets=ALL):
    J, b = computer.couplings.matrix(), computer.biases
    J2 = np.array([targets["potential.visible.J2"][k]] * 3 + [1.0] * 2)
    J4 = np.array([1.0] * 3 + [targets["potential.hidden.J4"][k]] * 2)
    onsite = targets["on-site"][k] * (2 * J2 * x + 4 * J4 * x**3)
    return onsite + targets["coupling"][k] * (x @ J) + targets["bias"][k] * b


@pytest.mark.parametrize("engine", ENGINES)
def test_every_step_has_its_values(computer, start, engine):
    """Euler-Maruyama by hand, with values[k + 1] in step k."""
    kept = KeptStates()
    simulate(law(computer, ALL), start, STEPS, key=KEY, every=1, observers=kept, engine=engine)
    x = kept.states
    for k in range(STEPS):
        noise = np.sqrt(2 * 1.3 * ALL["temperature"][k + 1] * DT) * normals(KEY, k, np.arange(ROWS), 5)
        expected = x[k] - 1.3 * gradient(computer, x[k], k + 1) * DT + noise
        # a noise is rounded in single precision in the compiled engine
        assert x[k + 1] == pytest.approx(expected, abs=1e-6 if engine == "compiled" else 1e-13)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("every", [1, 7, STEPS])
def test_the_first_law_by_term(computer, start, engine, every):
    """Work by hand, heat as the energy that each step gives away with its own values; both by term, to rounding."""
    kept, dynamics = KeptStates(), law(computer, ALL)
    simulate(dynamics, start, STEPS, key=KEY, every=1, observers=kept, engine=engine)
    x = kept.states
    work = {name: np.zeros(ROWS) for name in computer.term_names}
    heat = {name: np.zeros(ROWS) for name in computer.term_names}
    for k in range(STEPS):
        before, after, moved = (energy(computer, *at) for at in ((x[k], k), (x[k], k + 1), (x[k + 1], k + 1)))
        for name in work:
            work[name] += after[name] - before[name]
            heat[name] -= moved[name] - after[name]
    energies = EnergyTerms(dynamics)
    done = simulate(dynamics, start, STEPS, key=KEY, every=every, observers=energies, engine=engine)
    assert np.array_equal(done.final, x[-1])
    ledger = HeatLedger.of(energies, done.switches, done.driven)
    for name in work:
        assert done.work_by_term[name] == pytest.approx(work[name], abs=1e-12)
        assert ledger.by_term[name][-1] == pytest.approx(heat[name], abs=1e-12)
    assert done.work == pytest.approx(sum(work.values()), abs=1e-12)
    total = sum(ledger.terms.values())
    assert ledger.total == pytest.approx(done.work - (total[-1] - total[0]), abs=1e-12)
    assert heat_by_window(energies, done.switches, done.driven)[0] == pytest.approx(ledger.total, abs=1e-12)


def test_a_change_of_temperature_does_no_work(computer, start):
    done = simulate(law(computer, {"temperature": ALL["temperature"]}), start, STEPS, key=KEY, engine="reference")
    assert not done.work.any()
    assert done.work_by_term == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_in_parts_it_is_the_same_bit_for_bit(computer, start, engine):
    dynamics = law(computer, ALL, precision="single")
    whole = simulate(dynamics, start, STEPS, key=KEY, engine=engine)
    half = simulate(dynamics, start, 17, key=KEY, engine=engine)
    rest = simulate(dynamics, half.final, STEPS - 17, key=KEY, first_step=17, engine=engine)
    assert np.array_equal(rest.final, whole.final)
    assert half.work + rest.work == pytest.approx(whole.work, abs=1e-12)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("integrator", [EulerMaruyama(), StochasticHeun()])
def test_constant_values_are_the_computer_that_has_them(computer, start, engine, integrator):
    """All but amplitudes, whose product is rounded: bit for bit the computer that is made with these values."""
    targets = {name: np.full(STEPS + 1, v) for name, v in (("temperature", 0.2), ("potential.visible.J2", -0.3))}
    potentials = {"visible": DoubleWell(J2=-0.3), "hidden": Quartic()}
    other = attrs.evolve(computer, temperature=0.2, onsite=attrs.evolve(computer.onsite, potentials=potentials))
    found = simulate(law(computer, targets, integrator), start, STEPS, key=KEY, engine=engine)
    expected = simulate(Dynamics(other, integrator, dt=DT), start, STEPS, key=KEY, engine=engine)
    assert np.array_equal(found.final, expected.final)
    assert not found.work.any()


def test_without_targets_nothing_changes(computer, start):
    found = simulate(law(computer, {}), start, STEPS, key=KEY, engine="reference")
    bare = Dynamics(computer, EulerMaruyama(), dt=DT)
    assert np.array_equal(found.final, simulate(bare, start, STEPS, key=KEY, engine="reference").final)
    assert law(computer, {}).driven is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_under_a_schedule(computer, start, engine):
    """Windows and driven values in one ledger: heat of every step by hand, work of switching and driving by term."""
    second = computer.with_parameters(-0.5 * computer.parameters)
    program = Program([computer, second], shares=[0.25, 0.75])
    targets = {"coupling": ALL["coupling"], "potential.visible.J2": ALL["potential.visible.J2"]}
    dynamics, kept = law(program, targets), KeptStates()
    simulate(dynamics, start, STEPS, key=KEY, every=1, observers=kept, engine=engine)
    x, heat = kept.states, np.zeros((2, ROWS))
    for k in range(STEPS):
        one = program.at(k, STEPS)
        given = [sum(energy(one, at, k + 1, targets).values()) for at in (x[k], x[k + 1])]
        heat[int(k >= 10)] += given[0] - given[1]
    energies = EnergyTerms(dynamics)
    done = simulate(dynamics, start, STEPS, key=KEY, every=15, observers=energies, engine=engine)
    ledger = HeatLedger.of(energies, done.switches, done.driven)
    assert np.array_equal(done.final, x[-1])
    assert heat_by_window(energies, done.switches, done.driven) == pytest.approx(heat, abs=1e-12)
    assert ledger.total == pytest.approx(heat.sum(axis=0), abs=1e-12)
    assert ledger.total_work == pytest.approx(done.work, abs=1e-12)
    assert sum(done.work_by_term.values()) == pytest.approx(done.work, abs=1e-12)
    assert [switch.step for switch in done.switches] == [10]


@pytest.mark.parametrize("engine", ENGINES)
def test_with_an_imposed_signal(computer, start, engine):
    """Its work is that of the drive alone plus that of the schedule, on the same states."""
    drive = Drive(np.ones((1, 5)), np.zeros(ROWS, dtype=np.int64), np.linspace(0, 1, STEPS + 1))
    kept, dynamics = KeptStates(), law(computer, {"bias": ALL["bias"]})
    done = simulate(dynamics, start, STEPS, key=KEY, every=1, drive=drive, observers=kept, engine=engine)
    x = kept.states[:-1]
    imposed = -(np.diff(drive.intensity)[:, None] * x.sum(axis=2)).sum(axis=0)
    driven = (np.diff(ALL["bias"])[:, None] * (x @ computer.biases)).sum(axis=0)
    assert done.work == pytest.approx(imposed + driven, abs=1e-12)
    again = tz.simulate(dynamics, start, STEPS, key=KEY, every=1, drive=drive, engine=engine)
    given = [
        -(sum(energy(computer, s, k, {"bias": ALL["bias"]}).values()) - drive.intensity[k] * s.sum(axis=1))
        for s, k in ((kept.states[-1], STEPS), (kept.states[0], 0))
    ]
    assert again.heat.values == pytest.approx(done.work + given[0] - given[1], abs=1e-12)


def test_a_further_term_by_its_name(computer, start):
    triple = TupleCouplings(5, np.array([[0, 1, 2]]), np.array([0.7]), ThreeBody())
    one = attrs.evolve(computer, terms={"triple": triple})
    kept = KeptStates()
    dynamics = law(one, {"triple": ramp(0.0, 3.0)})
    done = simulate(dynamics, start, STEPS, key=KEY, every=1, observers=kept, engine="reference")
    x = kept.states[:-1]
    expected = (np.diff(ramp(0.0, 3.0))[:, None] * 0.7 * x[..., 0] * x[..., 1] * x[..., 2]).sum(axis=0)
    assert done.work_by_term["triple"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_computer_of_a_step_is_one_of_its_own(computer, start, engine, tmp_path):
    """The factor of its on-site energy acts in every engine and in a program, and is kept in its file."""
    middle, one, path = law(computer, ALL).at(20).computer, computer.bare(), tmp_path / "middle.nc"
    middle = attrs.evolve(middle, temperature=computer.temperature)
    factor = ALL["on-site"][21]
    assert middle.onsite.amplitude == factor
    two, x = Program([one, attrs.evolve(one, onsite=one.onsite.scaled(3.0))]), start * 0.3
    noise = np.sqrt(2 * 1.3 * 0.4 * DT) * np.stack([normals(KEY, k, np.arange(ROWS), 5) for k in range(2)])
    J2 = np.array([ALL["potential.visible.J2"][21]] * 3 + [1.0] * 2)
    J4 = np.array([1.0] * 3 + [ALL["potential.hidden.J4"][21]] * 2)
    force = -factor * (2 * J2 * x + 4 * J4 * x**3) - x @ middle.couplings.matrix() - middle.biases
    done = simulate(Dynamics(middle, EulerMaruyama(), dt=DT), x, 1, key=KEY, engine=engine)
    assert done.final == pytest.approx(x + 1.3 * force * DT + noise[0], abs=1e-6)
    J2 = np.array([-0.7] * 3 + [1.0] * 2)
    for k, c in enumerate((1.0, 3.0)):
        x = x - 1.3 * c * (2 * J2 * x + 4 * x**3) * DT + noise[k]
    done = simulate(Dynamics(two, EulerMaruyama(), dt=DT, steps=2), start * 0.3, 2, key=KEY, engine=engine)
    assert done.final == pytest.approx(x, abs=1e-6)
    for machine in (middle, two):
        tz.save_computer(machine, path)
        loaded = tz.load(path)
        assert loaded.digest() == machine.digest()
        again = Program.of(loaded).computers[-1].energy(start)
        assert np.array_equal(again, Program.of(machine).computers[-1].energy(start))
    assert middle.digest() != attrs.evolve(middle, onsite=middle.onsite.scaled(2.0)).digest()


def test_a_protocol_goes_from_its_beginning_to_its_end(computer):
    dynamics = law(
        computer, {"temperature": Ramp(initial=0.5, final=0.1), "potential.hidden.J2": Table(values=(1.0, 2.0))}
    )
    assert dynamics.driven.temperature == pytest.approx(ramp(0.5, 0.1))
    assert dynamics.computer_before(0).temperature == 0.5
    assert dynamics.at(0).computer.temperature == pytest.approx(0.5 - 0.4 / STEPS)
    assert dynamics.computer_before(STEPS).temperature == dynamics.at(STEPS).computer.temperature == pytest.approx(0.1)


def test_one_name_for_groups_that_share_a_potential(start):
    shared = assemble({"a": 2, "b": 3}, Quartic(), Dense())
    dynamics = law(shared, {"potential.J2": ramp(1.0, 2.0)})
    assert set(dynamics.driven.parameters) == {"a", "b"}


def test_the_data_set_of_a_schedule(computer, start):
    done = tz.simulate(law(computer, ALL), start, seed=1, every=10, engine="reference")
    assert list(done.target.values) == list(ALL)
    assert done.driven.sel(target="coupling").values == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
    assert done.work_by_term.sum("term").values == pytest.approx(done.work.values, abs=1e-12)
    change = done.energy.sum("term")
    assert done.heat.values == pytest.approx((done.work - (change[-1] - change[0])).values, abs=1e-12)
    on = tz.simulate(law(computer, ALL), tz.simulate(law(computer, ALL), start, 15, seed=1, engine="reference"))
    assert np.array_equal(on.x[-1], done.x[-1])


def test_bytes_of_what_is_kept_are_counted(computer, start):
    with pytest.raises(BudgetError, match="observations"):
        simulate(law(computer, ALL), start, STEPS, key=KEY, every=1, engine="reference", byte_limit=1000)


@attrs.frozen
class Framed(Potential):
    name = "framed"

    low: float = parameter(1.0, unit="energy", doc="one", at_least=0)
    high: float = parameter(2.0, unit="energy", doc="other")

    def energy(self, x):
        return self.low * x**2 + self.high * x**4 + sympy.cos(x)

    def constraints(self):
        return [self.low <= self.high]


@pytest.mark.parametrize(
    ("targets", "kind", "words"),
    [
        (
            {"potential.visible.J2": ramp(-2, -1), "potential.hidden.J2": ramp(1.0, -1.0)},
            ParameterError,
            r"'potential.hidden.J2': J2 must lie in \(0, inf\), got 0 at t = 0.2 \(step 20\)",
        ),
        ({"temperature": ramp(1, -1)}, ParameterError, r"above zero, got 0 at t = 0.2 \(step 20\)"),
        ({"couplings": ramp(0, 1)}, UnknownNameError, r"cannot drive 'couplings'; did you mean 'coupling'\?; what it"),
        ({"potential.visible.J3": ramp(0, 1)}, UnknownNameError, "no such parameter.*potential.visible.J2"),
        ({"potential.visual.J2": ramp(0, 1)}, (UnknownNameError, ParameterError), "potential.visible.J2"),
        ({"potential.J2": ramp(0, 1)}, ParameterError, "different potentials: say of which group"),
        ({"temperature": np.ones(7)}, ShapeError, "41"),
        ({"temperature": [1.0, np.nan]}, ParameterError, "finite"),
        ({"temperature": "ramp"}, ArgumentError, "'temperature'"),
        ({3: ramp(0, 1)}, ArgumentError, "named by a string, got 3"),
        (["temperature"], ArgumentError, "must be a mapping"),
        ({"bias": Ramp(initial=[1.0, 2.0])}, ShapeError, "several values of initial"),
    ],
)
def test_what_cannot_be_driven(computer, targets, kind, words):
    with pytest.raises(kind, match=words):
        law(computer, targets)


def test_a_constraint_that_breaks_on_the_way():
    one = assemble({"u": 2}, Framed(), Dense())
    law(one, {"potential.u.low": ramp(0, 2)})
    with pytest.raises(ParameterError, match=r"low = 3 breaks? .*|low = .* high = 2 break .*at t = 0.27 \(step 27\)"):
        law(one, {"potential.u.low": ramp(0, 3)})


def test_one_parameter_twice():
    shared = assemble({"a": 2, "b": 3}, Quartic(), Dense())
    with pytest.raises(ParameterError, match="drives J2 of group 'b' twice"):
        law(shared, {"potential.J2": ramp(1, 2), "potential.b.J2": ramp(1, 2)})


def test_a_schedule_has_its_steps(computer, start):
    with pytest.raises(ParameterError, match="give Dynamics its steps"):
        Dynamics(computer, EulerMaruyama(), dt=DT, schedule=Schedule({"bias": Ramp()}))
    with pytest.raises(ParameterError, match="the schedule ends with step 40, got 41"):
        simulate(law(computer, {"bias": ALL["bias"]}), start, 41, key=KEY)
    with pytest.raises(ArgumentError, match="schedule must be a Schedule"):
        Dynamics(computer, EulerMaruyama(), dt=DT, steps=3, schedule={"bias": Ramp()})


def test_training_refuses_it(computer):
    with pytest.raises(TrainingError, match="a schedule drives 'bias', but noising is of the bare computer"):
        Noising.of(law(computer, {"bias": ALL["bias"]}), np.ones((1, 5)), Ramp())


@pytest.mark.long
def test_bits_of_the_compiled_engine_depend_on_no_arrangement(computer, start):
    """Layout, threads and batch: with everything driven, and a kernel of several stages."""
    dynamics = law(computer, ALL, StochasticHeun(), precision="single")
    whole = simulate(dynamics, start, STEPS, key=KEY, engine=CompiledEngine(threads=1, width=16))
    for engine in (CompiledEngine(threads=2, width=1), CompiledEngine(threads=2, width=16)):
        done = simulate(dynamics, start, STEPS, key=KEY, engine=engine)
        assert np.array_equal(done.final, whole.final)
        assert done.work == pytest.approx(whole.work, abs=1e-12)
    last = simulate(dynamics, start[3:], STEPS, key=KEY, first_trajectory=3, engine=CompiledEngine(threads=1, width=1))
    assert np.array_equal(last.final, whole.final[3:])


def test_clamped_units_are_driven_as_others_are(start):
    """Their parameters and amplitudes do work as well, as what they couple to does; they do not move."""
    one = assemble({"a": 3, "b": 2}, Quartic(), Dense(), clamped=["b"])
    one = one.with_parameters(np.linspace(-1, 1, one.parameters.size))
    targets = {"potential.b.J2": ramp(1.0, 2.0), "coupling": ramp(1.0, 0.0)}
    found = [simulate(law(one, targets), start, STEPS, key=KEY, engine=name) for name in ENGINES]
    assert found[1].final == pytest.approx(found[0].final, abs=1e-5)
    for done in found:
        assert np.array_equal(done.final[:, 3:], start[:, 3:])
        assert done.work_by_term["on-site"] == pytest.approx((start[:, 3:] ** 2).sum(axis=1), abs=1e-12)
