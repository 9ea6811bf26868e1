"""Noising: signals, intensities, exact preparation, and trajectories that no split changes."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import DoubleWell, Quartic
from thermozoo_plugins.protocols import Constant, LinearFade

from thermozoo import Potential, Protocol
from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.intensity import intensity_of
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.errors import ArgumentError, NonFiniteError, ParameterError, ShapeError
from thermozoo.training import noising_process
from thermozoo.training.noising import Imposed, Noising, image_group
from thermozoo.training.noising_process import NoisingProcess


@attrs.frozen
class Slope(Potential):
    """It confines nothing."""

    name = "test-slope"

    def energy(self, x):
        return x


@settings(max_examples=20)
@given(amplitude=st.floats(-3, 3), fade=st.floats(0.1, 1.0), duration=st.floats(0.1, 5))
def test_intensities(amplitude, fade, duration):
    times = np.linspace(0, duration, 30)
    expected = [amplitude * (1 - t / (fade * duration)) if t < fade * duration else 0.0 for t in times]
    found = intensity_of(LinearFade(amplitude=amplitude, fade=fade), duration)(times)
    assert found == pytest.approx(expected, abs=1e-12 * (1 + abs(amplitude)))
    assert np.all(intensity_of(Constant(amplitude=amplitude), duration)(times) == amplitude)


@attrs.frozen
class Hyperbola(Protocol):
    name = "hyperbola"

    def intensity(self, t, duration):
        return duration / t


@attrs.frozen
class Wild(Protocol):
    """It jumps to a strength that no step can take."""

    name = "wild"

    def intensity(self, t, duration):
        return sympy.Piecewise((1, t < duration / 4), (1e8, True))


@pytest.mark.filterwarnings("error")
def test_an_intensity_that_is_not_finite_names_protocol_and_time():
    assert intensity_of(Hyperbola(), 2.0)([1.0, 2.0]).tolist() == [2.0, 1.0]
    said = r"^protocol 'hyperbola': the intensity is inf at t = 0 \(.*\.py, line \d+\); expected a finite number"
    with pytest.raises(ParameterError, match=said):
        intensity_of(Hyperbola(), 2.0)([0.0, 1.0])


def test_units_with_values_of_their_own_are_not_imposed_on_as_one():
    with pytest.raises(ShapeError, match="protocol 'linear-fade' has several values of amplitude"):
        Imposed(LinearFade(amplitude=np.array([1.0, 2.0])), np.arange(2))


@pytest.fixture(scope="module")
def computer():
    return assemble({"visible": 6, "hidden": 4, "label": 2}, Quartic(), Bipartite(), temperature=0.1, clamped=["label"])


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(0).standard_normal((2, 6))
    return (random - random.mean(axis=1, keepdims=True)) / random.std(axis=1, keepdims=True)


def test_the_image_group():
    assert image_group(assemble({"a": 1, "visible": 2}, Quartic(), Bipartite())) == "visible"
    assert image_group(assemble({"a": 1, "b": 2}, Quartic(), Bipartite(), clamped=["a"])) == "b"


@pytest.fixture(scope="module")
def process(computer, images, euler):
    coupled = computer.with_parameters(np.full(computer.couplings.size, 0.4))
    signals = np.random.default_rng(4).standard_normal((2, 12))
    signals[:, :6], signals[:, 10:] = images, 0.0
    dynamics = Dynamics(coupled, euler, 0.002, steps=40)
    return NoisingProcess(Noising.of(dynamics, signals, LinearFade()), engine_named("reference"))


def test_noising_is_uncoupled_and_feels_the_fading_signal(process, plain):
    """Every step by hand: force -U' + a(t) s, no coupling, with the noise of the key."""
    key, numbers, which = NoiseKey(3).named("noising"), np.array([4, 9]), np.array([0, 1])
    states = process.trajectory(key, numbers, which)
    bare = process.dynamics.computer
    assert states.shape == (41, 2, 12)
    for k in range(40):
        a = 2 * max(0.0, 1 - k * 0.002 / (0.75 * 40 * 0.002))
        force = a * process.signals[which] - plain.gradient(bare, states[k])
        noise = normals(key, k, numbers, 12)
        expected = states[k] + force * 0.002 + np.sqrt(2 * 0.1 * 0.002) * noise
        expected[:, 10:] = states[k][:, 10:]
        assert states[k + 1] == pytest.approx(expected, abs=1e-13)
    assert not bare.couplings.size
    assert not states[..., 10:].any()


@pytest.mark.parametrize("length", [1, 7, 40, 1000])
def test_stretches_join_to_the_trajectory(process, length):
    key, numbers, which = NoiseKey(3).named("noising"), np.arange(3), np.array([0, 1, 0])
    whole = process.trajectory(key, numbers, which)
    joined = np.full_like(whole, np.nan)
    for first, states in process.stretches(key, numbers, which, length=length):
        joined[first : first + len(states)] = states
    assert np.array_equal(joined, whole)


def test_the_first_non_finite_state_is_reported(process):
    """A signal so strong that the quartic force overshoots: the message names where, the error carries the state."""
    one = Imposed(Wild(), process.noising.protocols[0].units)
    wild = attrs.evolve(process, noising=attrs.evolve(process.noising, protocols=(one,)))
    with pytest.raises(NonFiniteError, match=r"in step \d+ .* of trajectory 4, unit \d+ .*, drive ") as caught:
        wild.trajectory(NoiseKey(3).named("noising"), np.array([4]), np.array([0]))
    assert np.isfinite(caught.value.last_finite_state).all()


def test_a_clamped_group_need_not_be_confined(images):
    """It is held at zero, so it has no equilibrium that noising could start from."""
    steep = {"visible": Quartic(), "label": Slope()}
    mixed = assemble({"visible": 6, "label": 2}, steep, Bipartite(), temperature=0.1, clamped=["label"])
    signals = np.concatenate([images, np.zeros((2, 2))], axis=1)
    dynamics = Dynamics(mixed, EulerMaruyama(), 0.01, steps=3)
    process = NoisingProcess(Noising.of(dynamics, signals, LinearFade()), engine_named("reference"))
    states = process.trajectory(NoiseKey(1).named("noising"), np.arange(2), np.arange(2))
    assert not states[..., 6:].any()
    assert np.abs(states[..., :6]).min() > 0


def test_a_noising_knows_its_intensities_and_no_couplings(process):
    noising_ = process.noising
    assert (noising_.steps, noising_.duration, noising_.dynamics.computer.couplings.size) == (40, 0.08, 0)
    fading = 2 * np.maximum(0, 1 - np.arange(40) / 30)
    assert noising_.intensities == pytest.approx(np.array([[2.0, *fading]]))
    assert np.array_equal(noising_.protocol_of, np.zeros(12))
    assert np.array_equal(noising_.protocols[0].units, np.arange(10))  # the label is clamped


#: Three protocols: of some visible units, of others together with a hidden one, and of the rest.
SEVERAL = (
    (LinearFade(amplitude=2.0, fade=0.5), [0, 1]),
    (LinearFade(amplitude=-3.0, fade=1.0), [2, 3, 6]),
    (Constant(amplitude=0.7), [4, 5, 7, 8, 9]),
)


@pytest.fixture(scope="module")
def several(process):
    imposed = tuple(Imposed(protocol, units) for protocol, units in SEVERAL)
    return attrs.evolve(process, noising=attrs.evolve(process.noising, protocols=imposed))


def test_every_unit_feels_its_own_protocol(several, plain):
    """Every step by hand, and the message of a failure with the force of the unit's own protocol."""
    key, numbers, which = NoiseKey(3).named("noising"), np.array([4, 9]), np.array([0, 1])
    states = several.trajectory(key, numbers, which)
    bare, a = several.dynamics.computer, np.zeros(12)
    for k in range(40):
        a[[0, 1]] = 2.0 * max(0.0, 1 - k / 20)
        a[[2, 3, 6]] = -3.0 * (1 - k / 40)
        a[[4, 5, 7, 8, 9]] = 0.7
        force = a * several.signals[which] - plain.gradient(bare, states[k])
        noise = normals(key, k, numbers, 12)
        expected = states[k] + force * 0.002 + np.sqrt(2 * 0.1 * 0.002) * noise
        assert states[k + 1, :, :10] == pytest.approx(expected[:, :10], abs=1e-13)
    assert np.array_equal(several.frames(key, 9, 1, [0, 7, 40]), states[[0, 7, 40], 1])


def test_units_start_in_equilibrium_under_the_first_intensity_of_their_own_protocol(several):
    """Kolmogorov-Smirnov of each unit against quadrature, false-alarm rate 1e-6 in all."""
    key, count = NoiseKey(8).named("noising"), 2000
    x = several.prepare(key, np.arange(count), np.ones(count, dtype=int))
    grid = np.linspace(-4, 4, 100_001)
    for unit in range(10):
        first = next(protocol.amplitude for protocol, units in SEVERAL if unit in units)
        density = np.exp(-(grid**2 + grid**4 - first * several.signals[1, unit] * grid) / 0.1)
        cumulative = integrate.cumulative_trapezoid(density, grid, initial=0.0)
        cumulative /= cumulative[-1]
        found = stats.kstest(x[:, unit], lambda v, c=cumulative: np.interp(v, grid, c))
        assert found.pvalue > 1e-7, unit


def test_a_failure_names_the_force_of_its_own_protocol(several):
    wild = (Imposed(LinearFade(), range(9)), Imposed(Wild(), [9]))
    blown = attrs.evolve(several, noising=attrs.evolve(several.noising, protocols=wild))
    with pytest.raises(NonFiniteError, match=r"of trajectory 4, unit 9 \(hidden\).*, drive -?\d\S*e\+0[78]"):
        blown.trajectory(NoiseKey(3).named("noising"), np.array([4]), np.array([0]))


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ([range(9)], "free unit 9 is in 0$"),
        ([range(10), [3]], "free unit 3 is in 2$"),
        ([range(11)], "unit 10 is clamped and in 1$"),
    ],
)
def test_every_free_unit_has_one_protocol(process, units, said):
    several = tuple(Imposed(LinearFade(), list(u)) for u in units)
    with pytest.raises(ShapeError, match=said):
        attrs.evolve(process.noising, protocols=several)


def test_units_of_a_protocol_that_are_none(process):
    with pytest.raises(ParameterError, match="units must be whole numbers from 0 to 11, got 12"):
        attrs.evolve(process.noising, protocols=(Imposed(LinearFade(), [12]),))


def test_part_of_a_noising_is_its_first_steps(process):
    key, numbers, which = NoiseKey(3).named("noising"), np.arange(2), np.array([0, 1])
    part = attrs.evolve(process, steps=9)
    assert np.array_equal(part.trajectory(key, numbers, which), process.trajectory(key, numbers, which)[:10])
    with pytest.raises(ParameterError, match="steps must be a whole number from 1 to 40, got 41"):
        attrs.evolve(process, steps=41)


def test_a_loss_has_the_time_step_of_its_noising(process, objective):
    loss = process.noising.loss(objective, [1.0] * 12)
    loss.check(process.dynamics)
    assert loss.dt == 0.002
    with pytest.raises(ArgumentError, match=r"of dt = 0\.002, but noising takes steps of 0\.004: make it by"):
        loss.check(attrs.evolve(process.dynamics, dt=0.004))
    with pytest.raises(ShapeError, match="weights must have one value for each of 12 units, got 3"):
        process.noising.loss(objective, [1.0] * 3)
    by_group = process.noising.loss(objective, {"hidden": 0.1}).weights_of(process.dynamics.computer)
    assert by_group.tolist() == [1.0] * 6 + [0.1] * 4 + [0.0] * 2
    with pytest.raises(ShapeError, match="hiden"):
        process.noising.loss(objective, {"hiden": 0.1})
    with pytest.raises(ParameterError, match="weights of free units must be positive, got 0 for unit 6"):
        process.noising.loss(objective, {"hidden": 0.0})
    with pytest.raises(ParameterError, match="weights must not be negative, got -2 for unit 1"):
        process.noising.loss(objective, [1.0, -2.0])


def test_a_trajectory_can_be_replayed_alone(process):
    key = NoiseKey(3).named("noising")
    many = process.trajectory(key, np.arange(6), np.arange(6) % 2)
    assert np.array_equal(process.trajectory(key, np.array([4]), np.array([0]))[:, 0], many[:, 4])


@pytest.mark.parametrize("length", [1, 7, 128])
def test_frames_are_those_of_the_whole_trajectory(process, monkeypatch, length):
    key = NoiseKey(3).named("noising")
    whole = process.trajectory(key, np.array([4]), np.array([1]))[:, 0]
    chosen = [0, 6, 7, 8, process.steps]
    cut = process.stretches
    monkeypatch.setattr(noising_process.NoisingProcess, "stretches", lambda _, *rest: cut(*rest, length))
    assert np.array_equal(process.frames(key, 4, 1, chosen), whole[chosen])


@pytest.mark.parametrize(("room", "made"), [(2**20, 2), (2**18, 5), (0, 8)])
def test_equilibrium_is_computed_once_an_image_while_there_is_room(process, monkeypatch, room, made):
    """Two images in four batches: both are held, one is, none is (193 kB each)."""
    key, calls = NoiseKey(3).named("noising"), []
    whole = process.prepare(key, np.arange(8), np.arange(8) % 2)

    def counted(*arguments):
        calls.append(arguments)
        return unit_boltzmann(*arguments)

    monkeypatch.setattr(noising_process, "unit_boltzmann", counted)
    monkeypatch.setattr(noising_process, "_HELD", room)
    fresh = attrs.evolve(process)
    batches = [fresh.prepare(key, np.arange(a, a + 2), np.arange(2)) for a in range(0, 8, 2)]
    assert np.array_equal(np.concatenate(batches), whole)
    assert len(calls) == made * 2  # groups that are not clamped


@pytest.mark.parametrize("potential", [Quartic(), DoubleWell(J2=-2.0)])
def test_preparation_is_exact_equilibrium(euler, potential):
    """Units start in equilibrium under a(0) s: Kolmogorov-Smirnov, false-alarm rate 1e-6."""
    n, kT, s = 64, 0.2, 0.6
    dynamics = Dynamics(assemble({"visible": n}, potential, Bipartite(), temperature=kT), euler, 0.001, steps=5)
    noising_ = Noising.of(dynamics, np.full((1, n), s), LinearFade(amplitude=2.0))
    uniform = NoisingProcess(noising_, engine_named("reference"))
    x = uniform.prepare(NoiseKey(6).named("noising"), np.arange(400), np.zeros(400, dtype=int))
    grid = np.linspace(-4, 4, 100_001)
    density = np.exp(-(potential.J2 * grid**2 + potential.J4 * grid**4 - 2.0 * s * grid) / kT)
    cumulative = integrate.cumulative_trapezoid(density, grid, initial=0.0)
    cumulative /= cumulative[-1]
    assert stats.kstest(x.ravel(), lambda v: np.interp(v, grid, cumulative)).pvalue > 1e-6
    other = uniform.prepare(NoiseKey(6).named("held-out"), np.arange(400), np.zeros(400, dtype=int))
    assert abs(np.corrcoef(x.ravel(), other.ravel())[0, 1]) < stats.norm.isf(0.5e-6) / np.sqrt(x.size)
