"""Simulation: same seed, same bits; any split of batch or steps gives the same trajectories."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import Quadratic, Quartic

from thermozoo.dynamics.engines import Drive, Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.errors import BudgetError, NonFiniteError, ParameterError, ShapeError, UnknownNameError

PRECISIONS = st.sampled_from(["single", "double"])


def drive_of(random, n, trajectories, steps, protocols=None):
    """One intensity for all units, or several, of which neighboring units feel others."""
    rows = steps + 1 if protocols is None else (protocols, steps + 1)
    chosen = None if protocols is None else random.integers(0, protocols, n)
    signals = random.standard_normal((2, n))
    return Drive(signals, np.arange(trajectories) % 2, 0.5 * random.standard_normal(rows), chosen)


def felt_of(drive, index):
    """The intensity that each unit feels, shape (n,), written out."""
    if drive.protocol_of is None:
        return np.full(drive.signals.shape[1], drive.intensity[index])
    return np.array([drive.intensity[p, index] for p in drive.protocol_of])


PROTOCOLS = st.sampled_from([None, 1, 3])


@settings(max_examples=15)
@given(data=st.data(), precision=PRECISIONS, driven=st.booleans(), clamped=st.booleans())
def test_a_step_is_the_formula(drawn, plain, euler, data, precision, driven, clamped):
    """Euler-Maruyama by hand, in double precision, over a few steps; clamped units do not move."""
    computer = data.draw(drawn.computers(clamped=clamped))
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    dynamics = Dynamics(computer, euler, 0.01, precision)
    start = random.standard_normal((3, computer.n)).astype(dynamics.dtype)
    steps = 4
    drive = drive_of(random, computer.n, 3, steps, data.draw(PROTOCOLS)) if driven else None
    kept = KeptStates()
    done = simulate(dynamics, start, steps, key=NoiseKey(7), first_trajectory=5, drive=drive, every=1, observers=[kept])
    work = np.zeros(3)
    x = start.astype(np.float64)
    moving = computer.layout.free
    kick = np.sqrt(2 * computer.mobility * computer.temperature * dynamics.dt)
    for k in range(steps):
        force = -plain.gradient(computer, x)
        if drive is not None:
            signal = drive.signals[drive.which]
            force += felt_of(drive, k + 1) * signal
            before = kept.states[k].astype(np.float64)
            work -= ((felt_of(drive, k + 1) - felt_of(drive, k)) * signal * before).sum(axis=1)
        noise = normals(NoiseKey(7), k, np.arange(5, 8), computer.n)
        move = computer.mobility * force * dynamics.dt + kick * noise
        x = np.where(moving, x + move, x)
        scale = 50 * np.finfo(dynamics.dtype).eps * (1 + np.abs(x).max() + np.abs(move).max())
        assert np.abs(kept.states[k + 1] - x).max() <= (k + 1) * scale
    assert np.abs(done.work - work).max() <= 1e-12 * computer.n * (1 + np.abs(x).max())


@settings(max_examples=12)
@given(data=st.data(), precision=PRECISIONS, driven=st.booleans())
def test_same_seed_same_bits_other_seed_other_bits(drawn, euler, data, precision, driven):
    computer = data.draw(drawn.computers())
    dynamics = Dynamics(computer, euler, 0.005, precision)
    start = np.zeros((4, computer.n))
    drive = drive_of(np.random.default_rng(1), computer.n, 4, 6) if driven else None

    def run(**key):
        return simulate(dynamics, start, 6, key=NoiseKey(**key), drive=drive).final

    seed = data.draw(st.integers(0, 2**64 - 2))
    first = run(seed=seed)
    assert first.dtype == dynamics.dtype
    assert np.array_equal(first, run(seed=seed))
    assert not np.any(first == run(seed=seed + 1))
    assert not np.any(first == run(seed=seed, stream=3))
    assert len(np.unique(first)) == first.size  # trajectories differ among themselves


@settings(max_examples=15)
@given(data=st.data(), precision=PRECISIONS, driven=st.booleans())
def test_any_batch_split_gives_the_same_trajectories(drawn, euler, data, precision, driven):
    """To rounding: a product may be summed in another order when the batch has another size."""
    computer = data.draw(drawn.computers())
    dynamics = Dynamics(computer, euler, 0.005, precision)
    total, steps = 7, 20
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    start = random.standard_normal((total, computer.n))
    drive = drive_of(random, computer.n, total, steps, data.draw(PROTOCOLS)) if driven else None
    whole = simulate(dynamics, start, steps, key=NoiseKey(3), drive=drive)
    cuts = sorted({0, total, *data.draw(st.sets(st.integers(1, total - 1), max_size=3))})
    parts = [
        simulate(
            dynamics,
            start[a:b],
            steps,
            key=NoiseKey(3),
            first_trajectory=a,
            drive=None if drive is None else drive.batch(slice(a, b)),
        )
        for a, b in itertools.pairwise(cuts)
    ]
    eps = np.finfo(dynamics.dtype).eps
    final = np.concatenate([p.final for p in parts])
    size = 1 + np.abs(whole.final).max()
    assert np.abs(final - whole.final).max() <= 100 * steps * eps * size
    work = np.concatenate([p.work for p in parts])
    assert np.abs(work - whole.work).max() <= 1000 * steps * eps * (1 + np.abs(work).max())


@settings(max_examples=15)
@given(data=st.data(), precision=PRECISIONS, driven=st.booleans())
def test_steps_in_two_parts_are_the_same_bits(drawn, euler, data, precision, driven):
    computer = data.draw(drawn.computers())
    dynamics = Dynamics(computer, euler, 0.005, precision)
    steps = 24
    cut = data.draw(st.integers(0, steps))
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    start = random.standard_normal((3, computer.n))
    drive = drive_of(random, computer.n, 3, steps, data.draw(PROTOCOLS)) if driven else None
    options = {"key": NoiseKey(11), "drive": drive}
    whole = simulate(dynamics, start, steps, **options)
    first = simulate(dynamics, start, cut, **options)
    second = simulate(dynamics, first.final, steps - cut, first_step=cut, **options)
    assert np.array_equal(second.final, whole.final)
    eps = np.finfo(float).eps
    assert np.abs(first.work + second.work - whole.work).max() <= 100 * eps * (1 + np.abs(whole.work).max())


def test_observing_changes_nothing(make_computer, euler):
    computer = make_computer({"a": 5}, Quartic(), Dense(), temperature=0.3)
    dynamics = Dynamics(computer, euler, 0.01, "single")
    start = np.zeros((2, 5))
    alone = simulate(dynamics, start, 30, key=NoiseKey(1)).final
    states, energies = KeptStates(1), EnergyTerms(computer)
    counted = []
    watched = simulate(
        dynamics, start, 30, key=NoiseKey(1), every=7, observers=[states, energies], progress=counted.append
    )
    assert np.array_equal(watched.final, alone)
    assert states.steps == energies.steps == [0, 7, 14, 21, 28, 30]
    assert states.states.shape == (6, 1, 5)
    assert np.array_equal(states.states[-1, 0], alone[0])
    assert energies.terms["bias"].shape == (6, 2)
    assert sum(counted) == watched.steps == 30
    assert sum(v[-1] for v in energies.terms.values()) == pytest.approx(computer.energy(alone), rel=1e-14)


def test_the_bytes_are_predicted_before_the_run(make_computer, euler):
    computer = make_computer({"a": 5}, Quartic(), Dense())
    dynamics = Dynamics(computer, euler, 0.001, "single")
    states = KeptStates()
    needed = states.bytes_needed(11, 2, 5, 4)
    with pytest.raises(BudgetError, match=r"keeping 11 observations of 2 trajectories .* or raise byte_limit"):
        simulate(dynamics, np.zeros((2, 5)), 10, key=NoiseKey(1), every=1, observers=[states], byte_limit=needed - 1)
    assert states.steps == []
    simulate(dynamics, np.zeros((2, 5)), 10, key=NoiseKey(1), every=1, observers=[states], byte_limit=needed)
    assert states.states.nbytes == needed


@pytest.mark.parametrize("shape", [(5,), (2, 4), (1, 2, 5)])
def test_states_that_do_not_fit(make_computer, euler, shape):
    computer = make_computer({"a": 5}, Quartic(), Dense())
    with pytest.raises(ShapeError, match=r"must have shape \(trajectories, 5\)"):
        simulate(Dynamics(computer, euler, 0.001), np.zeros(shape), 1, key=NoiseKey(1))


@pytest.mark.parametrize(
    ("signals", "which", "intensity", "said"),
    [
        ((1, 4), 2, 11, "one value for each of 5 units"),
        ((1, 5), 3, 11, "the signal of each of 2 trajectories"),
        ((1, 5), 2, 10, "intensity must have 11 values for 10 steps"),
    ],
)
def test_drives_that_do_not_fit(make_computer, euler, signals, which, intensity, said):
    computer = make_computer({"a": 5}, Quartic(), Dense())
    drive = Drive(np.zeros(signals), np.zeros(which, dtype=int), np.zeros(intensity))
    with pytest.raises(ShapeError, match=said):
        simulate(Dynamics(computer, euler, 0.001), np.zeros((2, 5)), 10, key=NoiseKey(1), drive=drive)
    several = Drive(np.zeros((1, 5)), [0, 0], np.zeros((2, 10)), [0, 1, 1, 0, 1])
    with pytest.raises(ShapeError, match="intensity must have 11 values for 10 steps, got 10"):
        simulate(Dynamics(computer, euler, 0.001), np.zeros((2, 5)), 10, key=NoiseKey(1), drive=several)


@pytest.mark.parametrize("dt", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_step_is_positive(make_computer, euler, dt):
    with pytest.raises(ParameterError, match="dt must be positive and finite"):
        Dynamics(make_computer({"a": 2}, Quartic(), Dense()), euler, dt)


def test_precisions_and_engines(make_computer, euler):
    with pytest.raises(ParameterError, match="precision must be one of single, double, got 'half'"):
        Dynamics(make_computer({"a": 2}, Quartic(), Dense()), euler, 0.1, "half")
    assert engine_named("reference").name == "reference"
    with pytest.raises(UnknownNameError, match="no engine is called 'referense'; did you mean 'reference'"):
        engine_named("referense")


@pytest.mark.parametrize("precision", ["single", "double"])
def test_the_first_non_finite_state_is_reported(make_computer, euler, precision):
    """Trajectory, unit, step and the last finite state, found again by stepping by hand."""
    computer = make_computer({"a": 3, "b": 3}, Quartic(), Dense(), scale=0.1)
    dynamics = Dynamics(computer, euler, 0.9, precision)  # far above the bound
    with pytest.raises(NonFiniteError) as caught:
        simulate(dynamics, np.zeros((4, 6)), 500, key=NoiseKey(2), first_trajectory=10)
    kept = KeptStates()
    step = 0
    with pytest.raises(NonFiniteError):
        simulate(dynamics, np.zeros((4, 6)), 500, key=NoiseKey(2), first_trajectory=10, every=1, observers=[kept])
    step = kept.steps[-1]  # the last state that was observed is the last finite one
    last = kept.states[-1]
    message = str(caught.value)
    assert f"in step {step} (time {step * 0.9:g}) of trajectory 1" in message
    assert np.array_equal(caught.value.last_finite_state, last)
    for said in ("with forces on-site", "coupling", "bias", "'quartic'", "'euler-maruyama'", "largest stable dt about"):
        assert said in message
    row = int(message.split("of trajectory ")[1].split(",")[0]) - 10
    unit = int(message.split(", unit ")[1].split(" ")[0])
    group = "a" if unit < 3 else "b"
    assert f"unit {unit} ({group}): it was {float(last[row, unit]):.6g}" in message


def test_the_drive_is_named_when_it_pushes_a_unit_out(make_computer, euler):
    computer = make_computer({"a": 2}, Quadratic(), Dense())
    drive = Drive(np.full((1, 2), 1e308), np.zeros(1, dtype=int), np.full(6, 1e10))
    with pytest.raises(NonFiniteError, match="drive inf"), np.errstate(over="ignore"):
        simulate(Dynamics(computer, euler, 0.01), np.zeros((1, 2)), 5, key=NoiseKey(1), drive=drive)
    # of two protocols, the one that the unit feels
    drive = Drive(np.full((1, 2), 1e300), [0], np.stack([np.full(6, 2e10), np.full(6, 1e3)]), [1, 0])
    with pytest.raises(NonFiniteError, match=r"unit 1 \(a\).*drive inf"), np.errstate(over="ignore"):
        simulate(Dynamics(computer, euler, 0.01), np.zeros((1, 2)), 5, key=NoiseKey(1), drive=drive)
