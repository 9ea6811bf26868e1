"""Auxiliary variables beside states: every engine, splits, start, observers, windows, refusals."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import pytest
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import Baoab, ColouredNoise, EulerMaruyama
from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic
from thermozoo_plugins.protocols import LinearFade

from thermozoo import Connectivity
from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.program import Program
from thermozoo.dynamics.engines import Drive, Dynamics, engine_named
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.dynamics.variables import resting, start_variables
from thermozoo.errors import ArgumentError, NonFiniteError, ParameterError, ShapeError, ThermozooError, UnknownNameError
from thermozoo.thermodynamics.heat import HeatLedger, heat_by_window
from thermozoo.training.noising import Noising

KEY, REFERENCE = NoiseKey(5), engine_named("reference")
STEPS, ROWS = 30, 19


@attrs.frozen
class Chain(Connectivity):
    """Neighbors along all units: couplings that are sparse."""

    name = "chain"

    def edges(self, layout) -> Sequence[tuple[int, int]]:
        n = sum(layout.sizes.values())
        return [(i, i + 1) for i in range(n - 1)]


def computer_of(connectivity, clamped=(), **more):
    groups = {"a": 70, "b": 30}
    base = assemble(
        groups,
        {"a": Quartic(), "b": DoubleWell()},
        connectivity,
        temperature=0.2,
        mobility=1.4,
        clamped=clamped,
        **more,
    )
    return base.with_parameters(0.3 * np.random.default_rng(0).standard_normal(base.parameters.size))


DRIVE = Drive(np.random.default_rng(2).standard_normal((2, 100)), np.arange(ROWS) % 2, np.linspace(1.5, 0.0, STEPS + 1))


def advanced(engine, dynamics, x0, held, splits, drive=None, work=None):
    x, held = x0.copy(), {name: one.copy() for name, one in held.items()}
    stepper, done = engine.prepare(dynamics), 0
    for steps in splits:
        advance_rows(
            stepper,
            x,
            key=KEY,
            first_step=done,
            steps=steps,
            trajectories=np.arange(ROWS),
            drive=drive,
            variables=held,
            work=work,
        )
        done += steps
    return [x, *held.values()]


@pytest.mark.thinned(2)
@pytest.mark.parametrize("drive", [None, DRIVE], ids=["free", "driven"])
@pytest.mark.parametrize(
    ("integrator", "connectivity"),
    [
        pytest.param(integrator, connectivity, marks=[] if (k, j) in ((0, 0), (1, 1)) else [pytest.mark.long])
        for k, integrator in enumerate([Baoab(mass=0.7), ColouredNoise(correlation_time=0.3)])
        for j, connectivity in enumerate([Dense(), Chain()])
    ],
    ids=lambda one: one.name,
)
def test_engines_agree_and_bits_depend_on_no_split_and_no_layout(integrator, connectivity, drive):
    """In double precision 1e-11 is rounding of 30 steps; bits of the compiled engine are the same in every layout."""
    dynamics = Dynamics(computer_of(connectivity, clamped=["b"]), integrator, 0.02)
    x0 = np.random.default_rng(1).standard_normal((ROWS, 100))
    held = start_variables(dynamics, KEY, np.arange(ROWS))
    expected = advanced(REFERENCE, dynamics, x0, held, [STEPS], drive)
    assert not np.array_equal(expected[0], x0)
    bits = None
    for engine in (REFERENCE, CompiledEngine(1, 1), CompiledEngine(2, 8), CompiledEngine(2, 1)):
        whole = advanced(engine, dynamics, x0, held, [STEPS], drive)
        parts = advanced(engine, dynamics, x0, held, [7, 1, STEPS - 8], drive)
        for one, other, right in zip(whole, parts, expected, strict=True):
            assert np.array_equal(one, other)
            assert np.abs(one - right).max() < 1e-11
        assert np.array_equal(whole[0][:, 70:], x0[:, 70:])
        assert not whole[1][:, 70:].any()
        if engine is not REFERENCE:
            bits = bits or whole
            assert all(np.array_equal(one, other) for one, other in zip(whole, bits, strict=True))


def test_single_precision_follows_double():
    dynamics = Dynamics(computer_of(Dense()), Baoab(), 0.02)
    x0 = np.random.default_rng(1).standard_normal((ROWS, 100))
    held = start_variables(dynamics, KEY, np.arange(ROWS))
    double = advanced(CompiledEngine(1), dynamics, x0, held, [STEPS])
    single = attrs.evolve(dynamics, precision="single")
    short = {name: one.astype(np.float32) for name, one in held.items()}
    for engine in (REFERENCE, CompiledEngine(1, 16), CompiledEngine(1, 1)):
        found = advanced(engine, single, x0.astype(np.float32), short, [STEPS])
        for one, other in zip(found, double, strict=True):
            assert one.dtype == np.float32
            assert np.abs(one - other).max() < 1e-4


def test_a_step_takes_one_new_force(monkeypatch):
    """The last force of a step is the first of the next; a drive changes it, and each step takes two."""
    calls = []
    gradient = Computer.gradient
    monkeypatch.setattr(Computer, "gradient", lambda self, x: calls.append(1) or gradient(self, x))
    dynamics = Dynamics(computer_of(Dense()), Baoab(), 0.02)
    held = resting(dynamics, ROWS)
    for drive, forces in ((None, STEPS + 1), (DRIVE, 2 * STEPS)):
        calls.clear()
        advanced(REFERENCE, dynamics, np.zeros((ROWS, 100)), held, [STEPS], drive)
        assert len(calls) == forces


@pytest.mark.long
def test_the_force_of_a_driven_step_is_its_own():
    """One free particle that feels a_k s in step k: kicks of half a step each, written out."""
    free = assemble({"a": 1}, Quadratic(J2=1e-300), Dense(), temperature=1e-300, mobility=1e9)
    drive = Drive(np.array([[1.0]]), np.array([0]), np.array([5.0, 1.0, -2.0, 4.0]))
    for engine in (REFERENCE, CompiledEngine(1)):
        x, v = np.zeros((1, 1)), np.zeros((1, 1))
        stepper = engine.prepare(Dynamics(free, Baoab(mass=2.0), 0.1))
        advance_rows(
            stepper, x, key=KEY, first_step=0, steps=3, trajectories=np.arange(1), drive=drive, variables={"v": v}
        )
        place = speed = 0.0
        for a in (1.0, -2.0, 4.0):
            speed += 0.1 * a / 4
            place += 0.1 * speed
            speed += 0.1 * a / 4
        assert x[0, 0] == pytest.approx(place, abs=1e-8)
        assert v[0, 0] == pytest.approx(speed, abs=1e-8)


def test_velocities_start_from_equilibrium_and_depend_on_seed_and_number_alone():
    """Variance kT / m, chi-square of 95,000 numbers: 5 standard errors, false-alarm rate 6e-7."""
    dynamics = Dynamics(computer_of(Dense(), clamped=["b"]), Baoab(mass=0.5), 0.02)
    v = start_variables(dynamics, KEY, np.arange(1000))["v"]
    assert np.mean(v[:, :70] ** 2) / 0.4 == pytest.approx(1, abs=5 * np.sqrt(2 / 70_000))
    assert not v[:, 70:].any()
    assert np.array_equal(start_variables(dynamics, KEY, np.array([700, 3]))["v"], v[[700, 3]])
    assert not np.array_equal(start_variables(dynamics, NoiseKey(6), np.arange(1000))["v"], v)
    # no number of a step: neither the noise of step 0 nor that of another draw
    for draw in (0, 1):
        assert abs(np.corrcoef(normals(KEY, 0, np.arange(1000), 70, draw).ravel(), v[:, :70].ravel())[0, 1]) < 0.02
    colored = start_variables(Dynamics(dynamics.computer, ColouredNoise(strength=0.3), 0.02), KEY, np.arange(1000))["y"]
    assert np.mean(colored[:, :70] ** 2) / 0.09 == pytest.approx(1, abs=5 * np.sqrt(2 / 70_000))


def test_a_simulation_goes_on_with_its_variables():
    dynamics = Dynamics(computer_of(Dense()), Baoab(), 0.02)
    x0 = np.zeros((ROWS, 100))
    whole = simulate(dynamics, x0, 20, key=KEY, engine=REFERENCE)
    first = simulate(dynamics, x0, 8, key=KEY, engine=REFERENCE)
    given = {name: one.copy() for name, one in first.variables.items()}
    rest = simulate(dynamics, first.final, 12, key=KEY, first_step=8, variables=first.variables, engine=REFERENCE)
    assert np.array_equal(rest.final, whole.final)
    assert np.array_equal(rest.variables["v"], whole.variables["v"])
    assert np.array_equal(given["v"], first.variables["v"])  # what is given is copied
    with pytest.raises(ParameterError, match="step 8 goes on from an earlier one, with its v"):
        simulate(dynamics, first.final, 12, key=KEY, first_step=8, engine=REFERENCE)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"w": np.zeros((2, 100))}, UnknownNameError, "no variable 'w'; variables: v"),
        ({}, ParameterError, "lacks 'v'"),
        ({"v": np.zeros((2, 99))}, ShapeError, r"variables\['v'\] must have shape"),
        ({"v": np.full((2, 100), np.nan)}, ThermozooError, "finite"),
        ({"v": np.ones((2, 100))}, ParameterError, "0 on clamped units"),
        (np.zeros((2, 100)), ArgumentError, "map names to arrays"),
    ],
    ids=["unknown", "missing", "shape", "nan", "clamped", "array"],
)
def test_variables_that_do_not_fit_are_refused(given, error, said):
    dynamics = Dynamics(computer_of(Dense(), clamped=["b"]), Baoab(), 0.02)
    with pytest.raises(error, match=said):
        simulate(dynamics, np.zeros((2, 100)), 3, key=KEY, variables=given, engine=REFERENCE)


def test_a_mass_for_each_unit_takes_the_reference_engine():
    """Each unit stays in its own equilibrium, <v^2> = kT / m; a mass for another number of units is refused."""
    masses = np.array([0.5, 1.0, 4.0])
    computer = assemble({"a": 3}, Quadratic(), Dense(), temperature=0.5)
    dynamics = Dynamics(computer, Baoab(masses), dt=0.01)
    start = 0.5 * np.random.default_rng(1).standard_normal((20_000, 3))  # Var x = kT / k, with k = 2 J2
    done = simulate(dynamics, start, 100, key=KEY)
    assert done.engine == "reference"
    # the relative standard error of a variance is sqrt(2 / 20,000) = 0.01; four of them
    assert done.variables["v"].var(axis=0) * masses == pytest.approx(0.5, rel=0.04)
    with pytest.raises(ShapeError, match=r"mass of the integrator 'baoab' must be a number or one value for each of 3"):
        Dynamics(computer, Baoab(masses[:2]), dt=0.01)


@pytest.mark.parametrize("engine", [REFERENCE, CompiledEngine(1)], ids=lambda e: e.name)
def test_an_engine_insists_on_the_variables_of_its_integrator(engine):
    computer = computer_of(Dense())
    for integrator, held, said in (
        (Baoab(), None, "advances the variables v beside the states, got none"),
        (EulerMaruyama(), {"v": np.zeros((1, 100))}, "advances the variables none beside the states, got v"),
    ):
        with pytest.raises(ParameterError, match=said):
            advance_rows(
                engine.prepare(Dynamics(computer, integrator, 0.01)),
                np.zeros((1, 100)),
                key=KEY,
                first_step=0,
                steps=1,
                trajectories=np.arange(1),
                variables=held,
            )


def test_a_mass_that_is_not_positive_is_refused():
    for mass in (0.0, -1.0):
        with pytest.raises(ParameterError, match=r"mass must lie in \(0, inf\)"):
            Baoab(mass=mass)


@pytest.mark.parametrize("engine", ["reference", pytest.param("compiled", marks=pytest.mark.long)])
def test_a_velocity_that_blows_up_is_found(engine):
    """A harmonic unit beyond dt = 2 sqrt(m / k) grows without bound; nothing is said of overdamped time steps."""
    unit = assemble({"a": 1}, Quadratic(J2=0.5), Dense(), temperature=0.1)
    dynamics = Dynamics(unit, Baoab(mass=1e-4), 0.5)
    with pytest.raises(NonFiniteError, match=r"(v|state) became .* in step \d+ .* unit 0 \(a\)") as caught:
        simulate(dynamics, np.ones((1, 1)), 2000, key=KEY, engine=engine)
    assert "largest stable dt" not in str(caught.value)
    assert np.isfinite(caught.value.last_finite_state).all()


def test_a_velocity_that_blows_up_before_its_state_is_named():
    unit = assemble({"a": 1}, Quadratic(J2=0.5), Dense(), temperature=0.1)
    with pytest.raises(NonFiniteError, match=r"v became inf in step 0 .*: the state was 1e\+150, with forces"):
        simulate(Dynamics(unit, Baoab(mass=1e-150), 1.0), np.full((1, 1), 1e150), 1, key=KEY, engine=REFERENCE)


def test_the_first_law_counts_kinetic_energy_over_windows():
    """Of a program under a drive: heat by term adds up to work less the change of energy, written out."""
    first = computer_of(Dense())
    second = first.with_parameters(-first.parameters)
    dynamics = Dynamics(Program([first, second]), Baoab(mass=0.6), 0.02, steps=STEPS)
    energies, kept = EnergyTerms(dynamics), KeptStates(4)
    done = simulate(
        dynamics, np.zeros((ROWS, 100)), STEPS, key=KEY, every=3, observers=[energies, kept], engine=REFERENCE
    )
    assert tuple(energies.terms) == dynamics.term_names == (*first.term_names, "kinetic")
    v = kept.variables["v"]
    assert v.shape == kept.states.shape == (11, 4, 100)
    assert energies.terms["kinetic"][:, :4] == pytest.approx(0.3 * (v**2).sum(axis=2), rel=1e-12)
    ledger = HeatLedger.of(energies, done.switches)
    start = start_variables(dynamics, KEY, np.arange(ROWS))["v"]
    before = first.energy(np.zeros((ROWS, 100))) + 0.3 * (start**2).sum(axis=1)
    after = second.energy(done.final) + 0.3 * (done.variables["v"] ** 2).sum(axis=1)
    assert ledger.total == pytest.approx(done.work - (after - before), abs=1e-10)
    assert heat_by_window(energies, done.switches).sum(axis=0) == pytest.approx(ledger.total, abs=1e-10)
    # the windows did the same steps one after the other
    half = simulate(Dynamics(first, Baoab(mass=0.6), 0.02), np.zeros((ROWS, 100)), 15, key=KEY, engine=REFERENCE)
    more = {"first_step": 15, "variables": half.variables, "engine": REFERENCE}
    rest = simulate(Dynamics(second, Baoab(mass=0.6), 0.02), half.final, 15, key=KEY, **more)
    assert np.array_equal(rest.final, done.final)


def test_observers_see_variables_if_they_ask_for_them():
    class Plain:
        def start(self):
            self.seen = []

        def observe(self, step, x):
            self.seen.append(x.shape)

        def bytes_needed(self, observations, trajectories, n, itemsize):
            self.asked = n
            return 0

    class Curious(Plain):
        def observe(self, step, x, variables):
            self.seen.append(tuple(variables))

    plain, curious = Plain(), Curious()
    dynamics = Dynamics(computer_of(Dense()), Baoab(), 0.02)
    simulate(dynamics, np.zeros((2, 100)), 2, key=KEY, observers=[plain, curious], engine=REFERENCE)
    assert plain.seen == [(2, 100)] * 2
    assert curious.seen == [("v",)] * 2
    assert (plain.asked, curious.asked) == (100, 200)
    with pytest.raises(ParameterError, match=r"give EnergyTerms\(dynamics\)"):
        simulate(dynamics, np.zeros((2, 100)), 2, key=KEY, observers=EnergyTerms(dynamics.computer), engine=REFERENCE)


def test_a_term_called_like_the_kinetic_energy_is_refused(monkeypatch):
    computer = computer_of(Dense())
    monkeypatch.setattr(Computer, "term_names", property(lambda self: ("on-site", "kinetic")))
    Dynamics(computer, EulerMaruyama(), 0.02)
    with pytest.raises(ParameterError, match="a term of the computer is called 'kinetic'"):
        Dynamics(computer, Baoab(), 0.02)


def test_noising_by_steps_with_variables_is_refused():
    computer = assemble({"visible": 4, "hidden": 2}, Quartic(), Bipartite(), temperature=0.2)
    for integrator in (Baoab(), ColouredNoise()):
        with pytest.raises(ParameterError, match="train with an integrator without any, such as euler-maruyama"):
            Noising.of(Dynamics(computer, integrator, 0.01, steps=10), np.ones((1, 6)), LinearFade())
