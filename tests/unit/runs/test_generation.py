"""Generation: equilibrate uncoupled, switch on, measure the heat from that moment."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import Baoab, ColouredNoise
from thermozoo_plugins.potentials import Quartic, Washboard

from thermozoo.computer.program import Program
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.equilibrium import equilibrium_states
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.dynamics.simulate import simulate
from thermozoo.errors import ArgumentError, ParameterError, ShapeError
from thermozoo.runs.generation import generate

STEPS, DT = 60, 0.01
ENGINE = {"seed": 4, "engine": engine_named("reference")}


@pytest.fixture(scope="module")
def computer(make_computer):
    return make_computer({"visible": 4, "hidden": 2}, Quartic(), Dense(), temperature=0.3)


@pytest.fixture
def law(euler):
    """Returns the dynamics of a computer or a program."""
    return lambda computer, steps=STEPS: Dynamics(computer, euler, DT, steps=steps)


def test_the_two_phases(computer, euler, law):
    """The same bits as two simulations by hand, and heat = energy at the switch less energy at the end."""
    done = generate(law(computer), law(computer), 5, equilibration=60, **ENGINE)
    key = NoiseKey(4)
    start = simulate(Dynamics(computer.bare(), euler, 0.01), np.zeros((5, 6)), 60, key=key.named("equilibration")).final
    end = simulate(Dynamics(computer, euler, 0.01), start, 60, key=key.named("generation")).final
    assert np.array_equal(done.start, start)
    assert np.array_equal(done.final, end)
    assert done.ledger.total == pytest.approx(computer.energy(start) - computer.energy(end), abs=1e-12)
    assert (done.times[0], done.times[-1]) == (0.0, pytest.approx(0.6))
    assert np.array_equal(done.shown[0], start[:3])
    assert np.array_equal(done.shown[-1], end[:3])
    assert len(done.times) == len(done.shown) == len(done.ledger.heat)
    assert done.window_heat[0] == pytest.approx(done.ledger.total, abs=1e-12)
    assert done.equilibration == 60
    assert done.condition is None


def test_without_equilibration_states_are_exact_samples(computer, euler, law):
    """They share no number with the noise of the steps, and are those of `equilibrium_states` with the same key."""
    done = generate(law(computer), law(computer), 5, **ENGINE)
    key = NoiseKey(4).named("generation")
    start = equilibrium_states(Dynamics(computer.bare(), euler, DT), key, np.arange(5))
    end = simulate(Dynamics(computer, euler, DT), start, STEPS, key=key).final
    assert np.array_equal(done.start, start)
    assert np.array_equal(done.final, end)
    assert done.ledger.total == pytest.approx(computer.energy(start) - computer.energy(end), abs=1e-12)
    assert done.equilibration == 0


def test_units_without_a_boltzmann_distribution_equilibrate(computer, make_computer, law):
    """As long as the dynamics of the untrained computer say, and from x = 0."""
    driven = make_computer({"visible": 4}, Washboard(), Dense(), temperature=0.3)
    done = generate(law(driven), law(driven, 7), 2, **ENGINE)
    assert done.equilibration == 7
    moved = simulate(law(driven.bare()), np.zeros((2, 4)), 7, key=NoiseKey(4).named("equilibration")).final
    assert np.array_equal(done.start, moved)
    colored = Dynamics(computer, ColouredNoise(), DT, steps=3)  # thermal in name only
    assert generate(colored, colored, 2, **ENGINE).equilibration == 3


def test_velocities_start_in_equilibrium(computer):
    """Exact states and the velocities with which `simulate` begins."""
    law = Dynamics(computer, Baoab(mass=0.5), DT, steps=STEPS)
    done = generate(law, law, 3, **ENGINE)
    key = NoiseKey(4).named("generation")
    end = simulate(law, equilibrium_states(law, key, np.arange(3)), STEPS, key=key, engine="reference")
    assert np.array_equal(done.final, end.final)


def test_windows_of_one_computer_are_one_run(computer, law):
    one = generate(law(computer), law(computer), 5, **ENGINE)
    three = generate(law(Program([computer] * 3)), law(computer), 5, **ENGINE)
    assert np.array_equal(one.final, three.final)
    assert np.array_equal(one.shown, three.shown)
    assert np.array_equal(one.times, three.times)
    assert three.ledger.total == pytest.approx(one.ledger.total, abs=1e-12)
    assert np.abs(three.ledger.total_work).max() == 0.0


def test_switching_windows_does_work(computer, euler, law):
    """First law with two windows, all of it by hand: W at the switch, Q = W - (V_end - V_start)."""
    other = computer.with_parameters(-1.5 * computer.parameters)
    done = generate(law(Program([computer, other])), law(computer), 5, equilibration=60, **ENGINE)
    key = NoiseKey(4)
    start = simulate(Dynamics(computer.bare(), euler, 0.01), np.zeros((5, 6)), 60, key=key.named("equilibration")).final
    half = simulate(Dynamics(computer, euler, 0.01), start, 30, key=key.named("generation")).final
    end = simulate(Dynamics(other, euler, 0.01), half, 30, key=key.named("generation"), first_step=30).final
    assert np.array_equal(done.final, end)
    work = other.energy(half) - computer.energy(half)
    assert done.ledger.total_work == pytest.approx(work, abs=1e-12)
    each = [computer.energy(start) - computer.energy(half), other.energy(half) - other.energy(end)]
    assert done.ledger.total == pytest.approx(sum(each), abs=1e-12)
    assert sum(done.ledger.by_term.values())[-1] == pytest.approx(sum(each), abs=1e-12)
    assert done.window_heat == pytest.approx(np.stack(each), abs=1e-12)
    assert done.window_work == pytest.approx(np.stack([np.zeros(5), work]), abs=1e-12)


@pytest.mark.parametrize("groups", [False, True])
def test_progress_counts_both_phases(computer, law, groups):
    counted = []
    dynamics = {v: law(computer) for v in (0, 1)} if groups else law(computer)
    condition = [0, 1, 1, 0, 1] if groups else None
    given = {"condition": condition, "progress": counted.append, **ENGINE}
    generate(dynamics, law(computer), 5, equilibration=20, **given)
    assert sum(counted) == 80
    assert min(counted) >= 0
    counted.clear()
    generate(dynamics, law(computer), 5, **given)
    assert sum(counted) == 60


def test_clamped_units_hold_what_is_asked(make_computer, plain, law):
    """A loop over Euler-Maruyama steps, written out: a clamped unit keeps its value, and drives the others."""
    computer = make_computer({"visible": 4, "label": 2}, Quartic(), Dense(), temperature=0.3, clamped=["label"])
    values = np.array([[1.0, -1], [-1, 1], [1, -1], [2, 0.5], [0, 0]])
    condition = [7, -3, 7, 2, 0]
    done = generate(law(computer), law(computer), 5, equilibration=20, condition=condition, clamped=values, **ENGINE)
    free, kick = computer.layout.free, np.sqrt(2 * computer.mobility * computer.temperature * DT)
    x = np.hstack([np.zeros((5, 4)), values])
    nothing = np.zeros((6, 6)), np.zeros(6)
    for stream, steps, parameters in (("equilibration", 20, nothing), ("generation", STEPS, (None, None))):
        if stream == "generation":
            start = x.copy()
        for k in range(steps):
            noise = normals(NoiseKey(4).named(stream), k, np.arange(5), 6)
            after = x - computer.mobility * plain.gradient(computer, x, *parameters) * DT + kick * noise
            x = np.where(free, after, x)
    assert done.final == pytest.approx(x, abs=1e-10)
    assert np.array_equal(done.final[:, 4:], values)
    assert np.array_equal(done.shown[:, :, 4:], np.broadcast_to(values[:3], (len(done.times), 3, 2)))
    lost = [plain.energy(computer, a) - plain.energy(computer, b) for a, b in zip(start, x, strict=True)]
    assert done.ledger.total == pytest.approx(lost, abs=1e-9)
    assert done.condition.tolist() == condition
    # what is held matters
    other = generate(law(computer), law(computer), 5, equilibration=20, clamped=-values, **ENGINE)
    assert np.abs(other.final - done.final)[:4, :4].min() > 1e-6


def test_a_program_for_each_condition(computer, law):
    """Each sample is what it would be if all were asked the same: noise goes by its number."""
    programs = {
        label: Program([computer.with_parameters(a * computer.parameters) for a in pair], [0.3, 0.7])
        for label, pair in ((3, (1.0, -1.5)), (8, (0.2, 2.0)))
    }
    condition = np.array([8, 3, 3, 8, 3])
    laws = {label: law(program) for label, program in programs.items()}
    done = generate(laws, law(computer), 5, condition=condition, **ENGINE)
    alone = {label: generate(one, law(computer), 5, **ENGINE) for label, one in laws.items()}
    for sample, label in enumerate(condition):
        one = alone[label]
        assert np.array_equal(done.final[sample], one.final[sample])
        # energies of a batch are sums whose order depends on its size
        for name in ("on-site", "coupling", "bias"):
            work = done.ledger.work[name][:, sample]
            assert work == pytest.approx(one.ledger.work[name][:, sample], abs=1e-12)
        for mine, its in (
            (done.ledger.heat, one.ledger.heat),
            (done.window_heat, one.window_heat),
            (done.window_work, one.window_work),
        ):
            assert mine[:, sample] == pytest.approx(its[:, sample], abs=1e-12)
        if sample < 3:
            assert np.array_equal(done.shown[:, sample], one.shown[:, sample])
    assert done.shown.shape == (len(done.times), 3, 6)
    assert np.array_equal(done.condition, condition)


def test_what_does_not_fit_together(computer, law, make_computer):
    one = law(computer)
    other = make_computer({"visible": 5, "hidden": 1}, Quartic(), Dense())
    clamped = make_computer({"visible": 4, "label": 2}, Quartic(), Dense(), clamped=["label"])
    wrong = [
        ({3: one}, {}, ParameterError, r"dynamics for each condition .3., say which"),
        ({3: one, 5: one}, {"condition": [3, 4]}, ParameterError, "no dynamics for the condition 4; conditions: 3, 5"),
        ({3: one, 4: computer}, {"condition": [3, 4]}, ArgumentError, "dynamics of condition 4 must be a Dynamics"),
        ({3: one, 4: law(computer, 50)}, {"condition": [3, 4]}, ParameterError, "the same steps, got 60 and, of the"),
        ({3: one, 4: law(other)}, {"condition": [3, 4]}, ParameterError, "the same units and as many windows"),
        ({3: one, 4: law(Program([computer] * 2))}, {"condition": [3, 4]}, ParameterError, "as many windows"),
        ({3: one, 4: attrs.evolve(one, dt=0.1)}, {"condition": [3, 4]}, ParameterError, "the same dt"),
        (one, {"condition": [1]}, ShapeError, r"condition must have shape \(2,\), got \(1,\)"),
        (one, {"condition": [0.5, 1]}, ArgumentError, "condition must be whole numbers"),
        (law(clamped), {"clamped": np.zeros((2, 3))}, ShapeError, r"clamped must have shape \(2, 2\).*clamped unit"),
        (law(clamped), {"clamped": np.full((2, 2), np.nan)}, ParameterError, "clamped must be finite"),
    ]
    for dynamics, given, error, said in wrong:
        untrained = law(clamped) if "clamped" in given else one
        with pytest.raises(error, match=said):
            generate(dynamics, untrained, 2, **given, **ENGINE)


def test_velocities_go_from_equilibration_into_generation(computer):
    """Of underdamped units, in the order of samples of two conditions; heat counts kinetic energy."""

    def law(one):
        return Dynamics(one, Baoab(mass=0.5), DT, steps=STEPS)

    other = computer.with_parameters(-computer.parameters)
    asked = [1, 0, 1]
    done = generate({0: law(computer), 1: law(other)}, law(computer), 3, equilibration=STEPS, condition=asked, **ENGINE)
    key = NoiseKey(4)
    begun = simulate(law(computer.bare()), np.zeros((3, 6)), STEPS, key=key.named("equilibration"), engine="reference")
    for row, one in enumerate((other, computer, other)):
        v = {"v": begun.variables["v"][[row]]}
        here = {"key": key.named("generation"), "variables": v, "trajectories": [row], "engine": "reference"}
        end = simulate(law(one), begun.final[[row]], STEPS, **here)
        assert np.array_equal(done.final[row], end.final[0])
        assert np.allclose(done.variables["v"][row], end.variables["v"][0], rtol=0, atol=1e-12)
        kinetic = 0.25 * ((v["v"] ** 2).sum() - (end.variables["v"] ** 2).sum())
        lost = one.energy(begun.final[row]) - one.energy(end.final[0])
        assert done.ledger.total[row] == pytest.approx(lost + kinetic, abs=1e-12)
        assert done.ledger.by_term["kinetic"][-1, row] == pytest.approx(kinetic, abs=1e-12)
