"""A simulation that is killed at every checkpoint is the undisturbed one, bit for bit: states, work and observers."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.simulate import simulate

STEPS = 60


class Stranger:
    """An observer of somebody who knows nothing of checkpoints."""

    def __init__(self, computer):
        self.computer, self.moments, self.seen = computer, tz.RunningMoments(), []

    def start(self):
        self.moments, self.seen = tz.RunningMoments(), []

    def observe(self, step, x):
        self.seen.append((step, float(self.computer.energy(x).sum())))
        self.lowest = min(getattr(self, "lowest", np.inf), self.seen[-1][1])

    def bytes_needed(self, observations, trajectories, n, itemsize):
        return 0


def law(kind, make_computer):
    computer = make_computer({"unit": 4}, tz.get("quartic"), tz.get("dense"), trainable=("unit",))
    if kind == "program":
        computer = tz.Program([computer, computer.with_parameters(-0.5 * computer.parameters)])
    integrator = tz.get("baoab") if kind == "inertia" else tz.get("euler-maruyama")
    driven = {"temperature": tz.get("ramp", initial=2.0, final=0.5), "bias": tz.get("ramp", initial=0.1, final=2.0)}
    schedule = Schedule(driven) if kind == "driven" else None
    precision = "single" if kind == "program" else "double"
    return tz.Dynamics(computer, integrator, dt=0.01, steps=STEPS, schedule=schedule, precision=precision)


def parts(done, states, energies, stranger):
    numbers = [done.final, done.work, *done.variables.values(), states.states, *energies.terms.values()]
    numbers += [one for switch in done.switches for one in (*switch.before.values(), *switch.after.values())]
    if done.driven is not None:
        numbers += done.driven.at(energies.steps).values()
    told = (states.steps, energies.steps, stranger.seen, stranger.lowest, done.steps, [s.step for s in done.switches])
    return [np.asarray(one).tobytes() for one in numbers], told


@pytest.mark.parametrize("kind", ["plain", "program", "driven", "inertia"])
@pytest.mark.parametrize("every", [7, None])
def test_states_work_and_observers_are_the_same(kind, every, make_computer, killed_at_every_checkpoint):
    dynamics = law(kind, make_computer)
    start = np.random.default_rng(1).normal(size=(5, 4))

    def work():
        watching = tz.KeptStates(2), tz.EnergyTerms(dynamics), Stranger(dynamics.program.computers[0])
        done = simulate(dynamics, start, STEPS, key=tz.NoiseKey(3), every=every, observers=watching, engine="reference")
        return parts(done, *watching)

    undisturbed = work()
    done = killed_at_every_checkpoint(work)
    assert done.result == undisturbed
    assert done.kills >= (9 if every else 1)
    assert done.skipped == []


def test_what_an_observer_of_before_has_seen_is_not_seen_twice(make_computer, killed_at_every_checkpoint):
    """One that is shown two simulations goes on with the first one's sums."""
    dynamics = law("plain", make_computer)

    def work():
        moments = tz.RunningMoments()

        @attrs.define(eq=False)
        class Watch:
            sums: object

            def start(self):
                pass

            def observe(self, step, x):
                self.sums.add(x)

            def bytes_needed(self, *sizes):
                return 0

        x = np.zeros((2, 4))
        for stream in range(3):
            x = simulate(
                dynamics, x, 20, key=tz.NoiseKey(3, stream), every=5, observers=Watch(moments), engine="reference"
            ).final
        return moments.count, moments.mean.tobytes(), x.tobytes()

    undisturbed = work()
    done = killed_at_every_checkpoint(work)
    assert done.result == undisturbed
    assert done.kills > 6


def test_ladders_go_on(killed_at_every_checkpoint):
    from thermozoo.checkpoints.pieces import rounds

    pair = tz.assemble({"spins": 3}, tz.get("spin"), tz.get("dense")).with_parameters([-1.0, 0.5, 0.3])
    dynamics = tz.Dynamics(pair, tz.get("heat-bath"), dt=1.0)

    def work():
        ladder = tz.Tempering(dynamics, [0.3, 1.0, 3.0], np.ones((4, 3)), key=tz.NoiseKey(1), engine="reference")
        for _ in rounds("tempering", 12, ladder.checkpoint, ladder.restore):
            ladder.run(1, sweeps=2)
        arrays = (ladder.states, ladder.energies, ladder.replicas, ladder.accepted, ladder.round_trips)
        arrays += (ladder.lowest_energy, ladder.lowest_state, ladder.moments.mean, ladder.moments.variance)
        return ladder.step, ladder.rounds, [one.tobytes() for one in arrays]

    undisturbed = work()
    done = killed_at_every_checkpoint(work)
    assert done.result == undisturbed
    assert done.kills == 12
