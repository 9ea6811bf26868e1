"""Engines and core functions with one fault each: what no plugin can get wrong, but what the suite must see."""

from __future__ import annotations

import attrs
import numpy as np
from wrong_potentials import Sound
from wrong_subjects import DOC, Wrong

from thermozoo import Engine as EnginePlugin
from thermozoo.computer import files
from thermozoo.computer.couplings import DenseCouplings
from thermozoo.dynamics.engines.reference import ReferenceStepper
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.schedule import Driven


class Engine:
    """The reference engine with a stepper of its own and changed dynamics."""

    def __init__(self, stepper=ReferenceStepper, change=lambda dynamics: dynamics):
        self.name = "faulty"
        self.stepper, self.change = stepper, change

    def prepare(self, dynamics):
        return self.stepper(self.change(dynamics))


def engine(*arguments, **keywords):
    return lambda: (Engine(*arguments, **keywords),)


def hotter(factor):
    def change(dynamics):
        computer = attrs.evolve(dynamics.computer, temperature=factor * dynamics.computer.temperature)
        return attrs.evolve(dynamics, computer=computer)

    return change


def weaker_force(dynamics):
    c = dynamics.computer
    return attrs.evolve(dynamics, computer=attrs.evolve(c, mobility=0.9 * c.mobility, temperature=c.temperature / 0.9))


class RowNoise(ReferenceStepper):
    """Numbers noise by the row of the batch instead of the trajectory."""

    def begin(self, start, *rest, **options):
        state = start.state()
        return super().begin(attrs.evolve(state, trajectories=np.arange(len(state.x))), *rest, **options)


class OtherSeed(ReferenceStepper):
    """Uses another seed than the one it was given."""

    def begin(self, start, *rest, **options):
        state = start.state()
        other = NoiseKey(state.key.seed + 1, state.key.stream)
        return super().begin(attrs.evolve(state, key=other), *rest, **options)


class WorkSign(ReferenceStepper):
    """Adds the work with the wrong sign."""

    def do_steps(self, x, *, work, **rest):
        other = None if work is None else np.zeros_like(work)
        super().do_steps(x, work=other, **rest)
        if work is not None:
            work -= other


class CoinFlips(ReferenceStepper):
    """Uses the sign of the noise only: its variance is right, its distribution is not."""

    def _step(self, x, imposed, noises, *rest):
        return super()._step(x, imposed, [np.sign(n) for n in noises], *rest)


class SharedNoise(ReferenceStepper):
    """Gives two neighboring units one number."""

    def _step(self, x, imposed, noises, *rest):
        shared = [n.copy() for n in noises]
        for n in shared:
            n[:, 1::2] = n[:, : n.shape[1] - n.shape[1] % 2 : 2]
        return super()._step(x, imposed, shared, *rest)


class Tiring(ReferenceStepper):
    """Loses an eighth of its noise after 2000 steps, which is longer than any quick check runs."""

    def do_steps(self, x, *, first_step, steps, record, **rest):
        fresh = min(steps, max(0, 2000 - first_step))
        head, tail = (None, None) if record is None else (record[:fresh], record[fresh:])
        super().do_steps(x, first_step=first_step, steps=fresh, record=head, **rest)
        tired = ReferenceStepper(hotter(0.77)(self.dynamics))
        tired.do_steps(x, first_step=first_step + fresh, steps=steps - fresh, record=tail, **rest)


def without_schedule(dynamics):
    return attrs.evolve(dynamics, schedule=None)


def never_hotter_than(kT):
    def change(dynamics):
        computer = attrs.evolve(dynamics.computer, temperature=min(kT, dynamics.computer.temperature))
        return attrs.evolve(dynamics, computer=computer)

    return change


class HotAfterEight(ReferenceStepper):
    """Is ten times too hot after eight steps of a schedule."""

    def _of_step(self, step):
        law = super()._of_step(step)
        if law is not self and step >= 8:
            object.__setattr__(law, "bound", self._bound_at(10 * self.dynamics.computer.temperature))
        return law


def with_the_wrong_sign(self, computer, states, first):
    return {name: -work for name, work in _driven_work(self, computer, states, first).items()}


_driven_work = Driven.work
_typed = DenseCouplings._typed
_with_vector = DenseCouplings.with_vector


def counted_twice(self, dtype):
    """Double the blocks that both energy and product are computed from."""
    return tuple(attrs.evolve(block, values=2 * block.values) for block in _typed(self, dtype))


def one_sided(self, x):
    result = np.zeros_like(x)
    for block in self._typed(x.dtype):
        result[..., block.rows] += x[..., block.columns] @ block.values.T
    return result


def reversed_vector(self, vector):
    return _with_vector(self, np.asarray(vector)[::-1])


def forgets_parameters(cls, values, settings, plugins):
    return cls()


ENGINES = [
    Wrong(
        "core: a computer's file without the parameters",
        "round-trip",
        Sound,
        patch=(files, "rebuilt_plugin", forgets_parameters),
    ),
    Wrong("engine: force too weak", "engine-force", Sound, engine(change=weaker_force)),
    Wrong("engine: noise numbered by row", "separable", Sound, engine(RowNoise)),
    Wrong("engine: noise of another seed", "path-identity", Sound, engine(OtherSeed)),
    Wrong(
        "core: every pair counted twice",
        "detailed-balance",
        Sound,
        also={"path-identity"},
        patch=(DenseCouplings, "_typed", counted_twice),
    ),
    Wrong("engine: 30 % too hot", "temperature", Sound, engine(change=hotter(1.3)), also={"path-identity"}),
    Wrong(
        "engine: three times too hot",
        "marginals",
        Sound,
        engine(change=hotter(3.0)),
        also={"path-identity", "temperature", "jarzynski"},
    ),
    Wrong("engine: work with the wrong sign", "jarzynski", Sound, engine(WorkSign)),
    Wrong("engine: no schedule", "driven-parameter", Sound, engine(change=without_schedule), also={"clock-speed"}),
    Wrong(
        "core: work of driven values with the wrong sign",
        "driven-parameter",
        Sound,
        patch=(Driven, "work", with_the_wrong_sign),
    ),
    Wrong("engine: ten times too hot after eight steps of a schedule", "driven-work", Sound, engine(HotAfterEight)),
    Wrong("engine: never hotter than kT = 1", "clock-speed", Sound, engine(change=never_hotter_than(1.0))),
]


def plugin(prepared, bits=False):
    """Return a plugin class of an engine with a stepper of its own."""

    @attrs.frozen
    class Faulty(EnginePlugin):
        __doc__ = DOC
        name = "faulty-engine"
        same_bits = bits

        def prepare(self, dynamics):
            return prepared(dynamics)

    return Faulty


class FadingAtTheEnd(ReferenceStepper):
    """Velocities of a step are a little too small when they are given away; the states do not show it."""

    def begin(self, *arguments, **keywords):
        batch = super().begin(*arguments, **keywords)
        exact = batch.variables
        batch.variables = lambda: {name: one * (1 - 1e-3) for name, one in exact().items()}
        return batch


class ForgetfulSteps(ReferenceStepper):
    """Every call begins with noise of step 0."""

    def do_steps(self, x, *, first_step, **rest):
        drive = rest["drive"]
        super().do_steps(x, first_step=first_step if drive is not None or first_step == 5 else 0, **rest)


class RecordsBefore(ReferenceStepper):
    """Records the states before each step."""

    def do_steps(self, x, *, record, **rest):
        before = x.copy()
        super().do_steps(x, record=record, **rest)
        if record is not None:
            record[1:] = record[:-1].copy()
            record[0] = before


class Neighbors(ReferenceStepper):
    """A trajectory is pulled, in the last digits, to the mean of its batch."""

    def _step(self, x, imposed, noises, *rest):
        return super()._step(x, imposed + 1e-13 * x.mean(axis=0).astype(x.dtype), noises, *rest)


ENGINE_PLUGINS = [
    Wrong("engine plugin: force too weak", "same-states", plugin(lambda d: ReferenceStepper(weaker_force(d)))),
    Wrong("engine plugin: velocities that fade", "same-variables", plugin(FadingAtTheEnd), also={"split"}),
    Wrong("engine plugin: work with the wrong sign", "same-work", plugin(WorkSign), also={"split"}),
    Wrong("engine plugin: every call begins anew", "split", plugin(ForgetfulSteps), also={"recording"}),
    Wrong("engine plugin: records what was before", "recording", plugin(RecordsBefore)),
    Wrong("engine plugin: trajectories that feel each other", "batch-independence", plugin(Neighbors, bits=True)),
]
