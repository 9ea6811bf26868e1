"""`tz.simulate`: states, heat and work as a data set, held against the energies written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

import thermozoo as tz


@pytest.fixture(scope="module")
def dynamics():
    computer = tz.assemble({"visible": 3, "hidden": 2}, tz.get("quartic"), tz.get("dense"), temperature=0.5)
    computer = computer.with_parameters(np.linspace(-0.4, 0.4, 10))
    return tz.Dynamics(computer, tz.get("euler-maruyama"), dt=1e-2)


def test_the_final_states_stand_last(dynamics):
    x0 = np.arange(20.0).reshape(4, 5) / 10
    done = tz.simulate(dynamics, x0, 25, seed=3, every=10, engine="reference")
    assert done.x.dims == ("observation", "trajectory", "unit")
    assert done.step.values.tolist() == [0, 10, 20, 25]
    assert np.array_equal(done.x[0], x0)
    assert np.allclose(done.time, np.array([0, 0.1, 0.2, 0.25]))
    assert done.group.values.tolist() == ["visible"] * 3 + ["hidden"] * 2
    assert done.attrs["seed"] == 3
    assert done.attrs["engine"] == "reference"


def test_heat_is_the_energy_that_was_lost(dynamics, plain):
    done = tz.simulate(dynamics, np.ones((4, 5)), 30, seed=3, every=7, engine="reference")
    lost = [
        plain.energy(dynamics.computer, a) - plain.energy(dynamics.computer, b)
        for a, b in zip(done.x[0].values, done.x[-1].values, strict=True)
    ]
    assert np.allclose(done.heat, lost, rtol=1e-12)
    assert np.allclose(done.energy.sum("term")[0] - done.energy.sum("term")[-1], done.heat, rtol=1e-12)
    bare = tz.simulate(dynamics, np.ones((4, 5)), 30, seed=3, energies=False, engine="reference")
    assert "energy" not in bare
    assert np.array_equal(bare.heat, done.heat)


def test_the_first_law_with_a_drive(dynamics, plain):
    signals, which = np.array([[1.0, -1, 0.5, 0, 2], [0.3, 0.1, 0, 0, -1]]), np.array([0, 1, 1])
    intensity = np.linspace(0.2, 1.5, 41)
    drive = tz.Drive(signals, which, intensity)
    done = tz.simulate(dynamics, np.zeros((3, 5)), 40, seed=1, every=1, drive=drive, engine="reference")
    x = done.x.values
    steps = np.diff(intensity)[:, None] * np.einsum("kmi,mi->km", x[:-1], signals[which])
    assert np.allclose(done.work, -steps.sum(axis=0), rtol=1e-12)
    before = [
        plain.energy(dynamics.computer, v) - intensity[0] * v @ s for v, s in zip(x[0], signals[which], strict=True)
    ]
    after = [
        plain.energy(dynamics.computer, v) - intensity[-1] * v @ s for v, s in zip(x[-1], signals[which], strict=True)
    ]
    assert np.allclose(done.heat, done.work - (np.array(after) - np.array(before)), rtol=1e-10)


def test_the_first_law_with_several_protocols(dynamics, plain):
    """Energy with every unit's own intensity, written out."""
    signals, rows = np.array([[1.0, -1, 0.5, 0, 2]]), np.stack([np.linspace(0.2, 1.5, 41), np.linspace(2, -1, 41)])
    chosen = np.array([0, 1, 1, 0, 1])
    drive = tz.Drive(signals, [0, 0], rows, chosen)
    done = tz.simulate(dynamics, np.zeros((2, 5)), 40, seed=1, every=1, drive=drive, engine="reference")
    lost = []
    for x in done.x.values.swapaxes(0, 1):
        start, end = (plain.energy(dynamics.computer, x[k]) - (rows[chosen, k] * x[k]) @ signals[0] for k in (0, -1))
        lost.append(start - end)
    assert np.allclose(done.heat, done.work + np.array(lost), rtol=1e-10)


def test_it_goes_on_bit_for_bit(dynamics):
    whole = tz.simulate(dynamics, np.zeros((2, 5)), 50, seed=9, first_trajectory=4, engine="reference")
    half = tz.simulate(dynamics, np.zeros((2, 5)), 20, seed=9, first_trajectory=4, engine="reference")
    rest = tz.simulate(dynamics, half, 30, engine="reference")
    assert np.array_equal(whole.x[-1], rest.x[-1])
    assert rest.step.values.tolist() == [20, 50]
    assert rest.trajectory.values.tolist() == [4, 5]


def test_one_state_is_one_trajectory_and_a_drawn_seed_is_said(dynamics):
    done = tz.simulate(dynamics, np.zeros(5), 5)
    other = tz.simulate(dynamics, np.zeros(5), 5)
    assert done.x.shape == (2, 1, 5)
    assert not np.array_equal(done.x, other.x)
    again = tz.simulate(dynamics, np.zeros(5), 5, seed=done.attrs["seed"], engine=done.attrs["engine"])
    assert np.array_equal(done.x, again.x)


def test_it_says_what_does_not_fit(dynamics):
    with pytest.raises(tz.errors.ParameterError, match="a seed or a key"):
        tz.simulate(dynamics, np.zeros(5), 5, seed=1, key=tz.NoiseKey(2))
    done = tz.simulate(dynamics, np.zeros(5), 5, seed=1)
    with pytest.raises(tz.errors.ParameterError, match="lacks 'step'"):
        tz.simulate(dynamics, done.drop_vars("step"), 5)


@pytest.fixture(scope="module")
def program(dynamics):
    first = dynamics.computer
    return tz.Dynamics(
        tz.Program([first, first.with_parameters(-2 * first.parameters)], [0.4, 0.6]),
        dynamics.integrator,
        1e-2,
        steps=50,
    )


def test_a_program_is_simulated_as_one(program, plain):
    """Its steps are those of the dynamics; energies written out by hand."""
    first, second = program.computer.computers
    done = tz.simulate(program, np.ones((4, 5)), seed=3, every=5, engine="reference")
    assert done.step.values[-1] == 50
    start, half, end = (done.x.sel(observation=k).values for k in (0, 4, 10))

    def energy(computer, states):
        return np.array([plain.energy(computer, x) for x in states])

    work = energy(second, half) - energy(first, half)
    heat = work - (energy(second, end) - energy(first, start))
    assert np.allclose(done.work, work, rtol=1e-10)
    assert np.allclose(done.heat, heat, rtol=1e-10)
    assert done.switching.dims == ("term", "window", "trajectory")
    assert done.switched.values.tolist() == [20]
    assert np.allclose(done.switching.sum(("term", "window")), work, rtol=1e-10)
    assert np.array_equal(done.switching.sel(term="on-site"), np.zeros((1, 4)))
    bare = tz.simulate(program, np.ones((4, 5)), seed=3, energies=False, engine="reference")
    assert np.allclose(bare.heat, done.heat, rtol=1e-12)


def test_a_program_goes_on_bit_for_bit(program):
    """Interrupted where windows meet, and once more; what is left of it is the default."""
    whole = tz.simulate(program, np.zeros((2, 5)), seed=9, engine="reference")
    part = tz.simulate(program, np.zeros((2, 5)), 20, seed=9, engine="reference")
    next_part = tz.simulate(program, part, 10, engine="reference")
    rest = tz.simulate(program, next_part, engine="reference")
    assert np.array_equal(whole.x[-1], rest.x[-1])
    assert rest.step.values.tolist() == [30, 50]
    assert np.allclose(whole.heat, part.heat + next_part.heat + rest.heat, rtol=1e-10)
    assert "switching" in part
    assert "switching" not in next_part


def test_it_asks_for_steps(dynamics, program):
    with pytest.raises(tz.errors.ParameterError, match=r"say how many steps: .* the dynamics have 0, and it begins"):
        tz.simulate(dynamics, np.zeros(5))
    with pytest.raises(tz.errors.ParameterError, match="the dynamics have 50, and it begins with step 50"):
        tz.simulate(program, np.zeros(5), first_step=50)
    with pytest.raises(tz.errors.ParameterError, match="ends with step 50, got 51"):
        tz.simulate(program, np.zeros(5), 51)


@pytest.mark.parametrize("integrator", ["baoab", "coloured-noise"])
def test_what_units_have_beside_their_state(dynamics, integrator):
    """It is a variable of the data set, goes on with it, and its kinetic energy is part of the heat."""
    law = tz.Dynamics(dynamics.computer, tz.get(integrator), dt=1e-2)
    name, *_ = type(law.integrator).variables
    whole = tz.simulate(law, np.ones((4, 5)), 30, seed=3, every=10, engine="reference")
    assert whole[name].dims == whole.x.dims
    assert whole[name].attrs["units"] == type(law.integrator).variables[name].unit
    first = tz.simulate(law, np.ones((4, 5)), 12, seed=3, engine="reference")
    rest = tz.simulate(law, first, 18, engine="reference")
    assert np.array_equal(rest.x[-1], whole.x[-1])
    assert np.array_equal(rest[name][-1], whole[name][-1])
    assert np.allclose(first.heat + rest.heat, whole.heat, atol=1e-12)
    bare = tz.simulate(law, np.ones((4, 5)), 30, seed=3, energies=False, engine="reference")
    assert np.allclose(bare.heat, whole.heat, atol=1e-12)
    terms = whole.energy.sum("term")
    assert np.allclose(whole.heat, terms[0] - terms[-1], atol=1e-12)
    assert ("kinetic" in whole.term) == (integrator == "baoab")
    if integrator == "baoab":
        assert np.allclose(whole.energy.sel(term="kinetic"), (whole.v**2).sum("unit") / 2, rtol=1e-12)
    rested = tz.simulate(law, np.ones((4, 5)), 2, seed=3, variables={name: np.zeros((4, 5))}, engine="reference")
    assert not rested[name][0].values.any()


def test_a_data_set_without_velocities_does_not_go_on_underdamped(dynamics):
    done = tz.simulate(dynamics, np.ones((4, 5)), 12, seed=3, engine="reference")
    law = tz.Dynamics(dynamics.computer, tz.get("baoab"), dt=1e-2)
    with pytest.raises(tz.ThermozooError, match="step 12 goes on from an earlier one, with its v"):
        tz.simulate(law, done, 5, engine="reference")
