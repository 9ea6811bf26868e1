"""The task `oscillators`: its heat against closed forms, its limit of no mass, and what it refuses."""

from __future__ import annotations

import re

import attrs
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import Baoab, EulerMaruyama, QuarterNoise
from thermozoo_plugins.potentials import Quadratic
from thermozoo_plugins.tasks.oscillators_limit import line_at_zero

import thermozoo as tz
from thermozoo.cli.app import run as command
from thermozoo.config.load import check_config
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.generation import generate
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.phase import Run
from thermozoo.thermodynamics.paths import log_path_ratio

SMALL = {
    "seed": 3,
    "task": {"plugin": "oscillators", "mass": 0.05, "multiples": [0.5, 1.0]},
    "computer": {
        "temperature": 0.1,
        "units": {"visible": 784, "hidden": 4},
        "connectivity": {"plugin": "bipartite"},
        "trainable_biases": ["hidden"],
    },
    "dynamics": {"dt": 0.01, "duration": 0.4, "engine": "reference"},
    "data": {"plugin": "digits", "classes": [0, 1]},
    "generation": {"samples": 5},
}


def oscillated(given, engine="reference"):
    """The run after training and generation, without a run folder."""
    config = check_config(given, catalogue(), "x.toml")
    run = Run(config, catalogue(), None, None, assemble_machine)
    run.machine, run.engine = assemble_machine(config), engine_named(engine)
    run.outcome = Outcome(run.machine, run.engine, "exact")
    for phase in config.task.phases(config):
        if phase.name not in ("assembly", "preparation"):
            phase.run(run, lambda amount: None)
    return run


@pytest.fixture(scope="module")
def small():
    return oscillated(SMALL)


def test_the_first_law_with_kinetic_energy(small):
    """Heat is what potential and kinetic energy lose, both written out here from states and velocities."""
    found, (one,) = small.samples, small.trained.computers
    n = one.n
    J = np.zeros((n, n))
    i, j = one.couplings.edges.T
    J[i, j] = J[j, i] = one.couplings.vector
    assert np.abs(J).max() > 1e-3

    def potential(x):
        return (x**2 + x**4 + one.biases * x).sum(-1) + np.einsum("...i,ij,...j->...", x, J, x) / 2

    start, end = found["start"].values.astype(float), found["state"].values.astype(float)
    v = found["velocity"].values.astype(float)
    mass = found["mass"].values[:, None]
    kinetic = mass * (v**2).sum(-1) / 2
    assert np.allclose(found["kinetic_end"].values, kinetic, rtol=1e-12)
    heat = potential(start) - potential(end) + found["kinetic_start"].values - kinetic
    assert np.abs(found["heat"].values - heat).max() < 1e-9
    assert not found["work"].values.any()
    kT = one.temperature
    assert small.figures.heat_by_mass_kT == pytest.approx(heat.mean(1) / kT)
    lost = found["kinetic_start"].values - kinetic
    assert small.figures.kinetic_by_mass_kT == pytest.approx(lost.mean(1) / kT)
    # velocities begin in equilibrium: 5 samples of 788 units, 5 standard errors (false alarms below 1e-6)
    start_kT = found["kinetic_start"].values.mean(1) / (n * kT)
    assert np.abs(start_kT - 0.5).max() < 5 * 0.5 * np.sqrt(2 / (5 * n))


def moments(mass, k, coupling, kT, duration):
    """Mean heat of two coupled harmonic units that begin in the equilibrium of no coupling; the mass may be none."""
    stiff = np.array([[k, coupling], [coupling, k]])
    if mass is None:
        drift, noise, start = -stiff, 2 * kT * np.eye(2), kT / k * np.eye(2)
        energy = stiff
    else:
        zero, one = np.zeros((2, 2)), np.eye(2)
        drift = np.block([[zero, one], [-stiff / mass, -one / mass]])
        noise = np.diag([0, 0, 2 * kT / mass**2, 2 * kT / mass**2])
        start = np.diag([kT / k, kT / k, kT / mass, kT / mass])
        energy = np.block([[stiff, zero], [zero, mass * one]])
    size = len(start)

    def rate(_, flat):
        P = flat.reshape(size, size)
        return (drift @ P + P @ drift.T + noise).ravel()

    done = solve_ivp(rate, (0, duration), start.ravel(), method="LSODA", rtol=1e-9, atol=1e-12)
    end = done.y[:, -1].reshape(size, size)
    return float(np.trace(energy @ (start - end)) / 2 / kT)


def test_heat_falls_to_that_of_overdamped_units_as_the_mass_does():
    """Two units, whose moments obey linear equations: every mass, and none, against these (5 standard errors)."""
    k, coupling, kT, duration, count = 2.0, 1.6, 1.0, 0.4, 8_000
    pair = tz.assemble({"pair": 2}, Quadratic(J2=k / 2), Dense(), temperature=kT)
    coupled = pair.with_parameters(np.array([coupling]))
    engine = engine_named("reference")

    def heat(integrator, dt):
        law = Dynamics(coupled, integrator, dt, steps=round(duration / dt))
        done = generate(law, attrs.evolve(law, computer=pair), count, seed=5, engine=engine)
        values = done.ledger.total / kT
        return values.mean(), values.std() / np.sqrt(count)

    known = {None: moments(None, k, coupling, kT, duration)}
    found = {None: heat(QuarterNoise(), 0.01)}
    for mass in (1.0, 0.1):
        known[mass] = moments(mass, k, coupling, kT, duration)
        found[mass] = heat(Baoab(mass=mass), min(0.01, mass / 6))
    for mass, (mean, error) in found.items():
        assert abs(mean - known[mass]) < 5 * error, (mass, mean, error, known[mass])
    assert known[None] - known[1.0] > 8 * found[1.0][1]  # which the samples can tell apart
    small = [known[None] - moments(m, k, coupling, kT, duration) for m in (0.002, 0.001)]
    assert small[0] / small[1] == pytest.approx(2, rel=0.02)  # of first order in the mass


def test_the_line_goes_through_zero_mass():
    assert line_at_zero([1.0, 2.0]) @ [5.0, 7.0] == pytest.approx(3.0)
    masses = np.array([0.01, 0.03, 0.1])
    assert line_at_zero(masses) @ (4.0 - 7.0 * masses) == pytest.approx(4.0)


def test_what_the_reverse_of_underdamped_noising_asks_for():
    """A trained force is the imposed one less twice that which moves the unit: b = <2 v / mu - a s>.

    The likelihood of the reverse of noising paths is quadratic in a bias of the generating computer; its maximum, from
    three values. The noise of these very paths, which averages to zero over others, shifts it, and is known here.
    """
    mass, dt, steps, count, push, mobility, kT = 0.2, 0.005, 120, 400, 1.5, 2.0, 0.3
    unit = tz.assemble({"unit": 1}, Quadratic(J2=1.0), Dense(), temperature=kT, mobility=mobility)
    pushed = attrs.evolve(unit, biases=np.array([-push]))
    random = np.random.default_rng(2)
    x = 0.3 * random.standard_normal((count, 1)) + 1.2
    v = np.sqrt(kT / mass) * random.standard_normal((count, 1))
    states, speeds, noise = [x], [v], 0.0
    c = np.exp(-dt / (mobility * mass))
    for _ in range(steps):
        v = v + dt / (2 * mass) * (push - 2 * x)
        x = x + dt / 2 * v
        kick = np.sqrt((1 - c**2) * kT / mass) * random.standard_normal((count, 1))
        v, noise = c * v + kick, noise + mass * kick.mean() / (dt * steps)
        x = x + dt / 2 * v
        v = v + dt / (2 * mass) * (push - 2 * x)
        states.append(x)
        speeds.append(v)
    states, speeds = np.stack(states), np.stack(speeds)

    def loss(bias):
        backward = attrs.evolve(unit, biases=np.array([bias]))
        return log_path_ratio(Baoab(mass=mass), dt, states, pushed, backward, variables={"v": speeds}).mean()

    values = [loss(b) for b in (-1.0, 0.0, 1.0)]
    best = (values[0] - values[2]) / (2 * (values[0] - 2 * values[1] + values[2]))
    expected = (2 * speeds / mobility).mean() - push - noise
    assert abs(expected + push) > 0.3  # far from what no motion would ask for
    assert best == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("task.mass=0", "task.mass: mass must be a finite number above 0, got 0"),
        ("task.multiples=[1, 3]", "task.multiples: multiples must be 2 to 12 rising numbers, with 1 and one below"),
        ("task.damping_steps=1", "task.damping_steps: damping_steps must be a whole number of 2 or more, got 1"),
        ("training.by_class=true", "training.by_class: expected one program for all images; leave it out"),
        ('training.compare=["descent"]', "training.compare: methods are compared by the task 'generate'"),
        ("hardware.preset=electrical", "hardware.preset: units of 'electrical' have no inertia .* 'baoab' moves"),
        ("generation.integrator=baoab", "generation.integrator: .*take an integrator without any"),
    ],
)
def test_what_it_refuses_is_said_in_a_line(change, said, capsys):
    # (windows belong to exact training alone, and so does what is said of other methods)
    assert command(["check", "oscillators", "--set", "training.windows=1", "--set", change]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any(re.match("thermozoo: --set: " + said, line) for line in lines), lines


def test_light_hardware_is_a_fault_of_the_task_alone():
    heavy = SMALL | {"hardware": {"preset": "electrical"}}
    with pytest.raises(ConfigError, match="'baoab' moves units with a mass: choose one of mechanical, superconducting"):
        check_config(heavy, catalogue(), "x.toml")
    light = {key: value for key, value in heavy.items() if key != "task"}
    assert type(check_config(light, catalogue(), "x.toml").integrator) is EulerMaruyama


@pytest.mark.long
def test_the_packaged_run_reproduces_overdamped_units():
    """Heat and correlation at no mass within 4 standard errors of overdamped units; inertia saves heat."""
    config = tz.load_config("oscillators").given
    found = oscillated(config | {"seed": 4}, "compiled").figures
    for name, known in found.reference.items():
        assert abs(getattr(found, name) - known) < 4 * found.error_bars[name]
    heat, error = found.heat_by_mass_kT, found.heat_by_mass_se_kT
    assert found.reference["heat_limit_kT"] - heat[-1] > 10 * error[-1]
    assert found.correlation > 0.9
    assert found.inverted == 0
