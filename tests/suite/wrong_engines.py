"""Engines and core functions with one fault each: what no plugin can get wrong, but what the suite must see."""

from __future__ import annotations

import attrs
import numpy as np
from wrong_potentials import Sound
from wrong_subjects import Wrong

from thermozoo.computer import files
from thermozoo.computer.couplings import DenseCouplings
from thermozoo.dynamics.engines.reference import ReferenceStepper
from thermozoo.dynamics.noise import NoiseKey


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

    def advance(self, x, *, trajectories, **rest):
        super().advance(x, trajectories=np.arange(len(x)), **rest)


class OtherSeed(ReferenceStepper):
    """Uses another seed than the one it was given."""

    def advance(self, x, *, key, **rest):
        super().advance(x, key=NoiseKey(key.seed + 1, key.stream), **rest)


class WorkSign(ReferenceStepper):
    """Adds the work with the wrong sign."""

    def advance(self, x, *, work=None, **rest):
        other = None if work is None else np.zeros_like(work)
        super().advance(x, work=other, **rest)
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

    def advance(self, x, *, first_step, steps, record=None, **rest):
        fresh = min(steps, max(0, 2000 - first_step))
        head, tail = (None, None) if record is None else (record[:fresh], record[fresh:])
        super().advance(x, first_step=first_step, steps=fresh, record=head, **rest)
        tired = ReferenceStepper(hotter(0.77)(self.dynamics))
        tired.advance(x, first_step=first_step + fresh, steps=steps - fresh, record=tail, **rest)


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
]
