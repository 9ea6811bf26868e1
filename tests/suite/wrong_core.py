"""Faults of the core that show where values are driven, heat is booked, paths are weighed and computers trained."""

from __future__ import annotations

import attrs
import numpy as np
from wrong_engines import HotAfterEight, plugin
from wrong_integrators import SoundStep
from wrong_others import residual, scale
from wrong_subjects import DOC, Wrong
from wrong_underdamped import SoundKicks

from thermozoo import Objective
from thermozoo.dynamics.engines.reference import ReferenceStepper
from thermozoo.dynamics.windows import Switch
from thermozoo.symbolic import action
from thermozoo.thermodynamics.heat import HeatLedger
from thermozoo.thermodynamics.paths import StepDensity
from thermozoo.training.loss import StepLoss
from thermozoo.training.observed import ObservedSteps


@attrs.frozen
class SoundLoss(Objective):
    __doc__ = DOC
    name = "sound-loss"
    quadratic = True
    likelihood = True

    def step_loss(self, s):
        return residual(s) ** 2 / scale(s)


_between = Switch.between.__func__
_log_density = StepDensity.log_density
_respond = ObservedSteps._respond
_transition_density = action.transition_density


def backwards(cls, step, ends, begins, x, kinetic=None):
    return _between(cls, step, begins, ends, x, kinetic)


def without_work(self):
    return {name: energy[0] - energy for name, energy in self.terms.items()}


def without_drive(self, computer, x, x_next, imposed=0.0, *rest, **more):
    return _log_density(self, computer, x, x_next, 0.0, *rest, **more)


def without_weights(self, computer, x, x_next, gradient_next=None):
    return self.by_unit(computer, x, x_next, gradient_next)[..., computer.layout.free].sum(axis=-1)


def supported_elsewhere(integrator):
    """Each step is said to be possible where the one from its end is: no step has a reverse."""
    density = _transition_density(integrator)
    ends = {density.step.x: density.x_next, density.x_next: density.step.x}
    return attrs.evolve(density, support={key: one.xreplace(ends) for key, one in density.support.items()})


def at_one_end(self, response, at, held):
    return _respond(self, response, np.zeros_like(at), held)


CORE = [
    Wrong("engine plugin: hot after eight steps of a schedule", "same-driven-states", plugin(HotAfterEight)),
    Wrong(
        "core: heat without work",
        "heat",
        plugin(ReferenceStepper),
        patch=(HeatLedger, "by_term", property(without_work)),
    ),
    Wrong(
        "core: switches backwards", "heat", plugin(ReferenceStepper), patch=(Switch, "between", classmethod(backwards))
    ),
    Wrong(
        "core: paths without their drive", "path-ratio", SoundStep, patch=(StepDensity, "log_density", without_drive)
    ),
    Wrong(
        "core: a support of other steps",
        "variables-reversal",
        SoundKicks,
        patch=(action, "transition_density", supported_elsewhere),
    ),
    Wrong("core: a loss without its weights", "training-loss", SoundLoss, patch=(StepLoss, "value", without_weights)),
    Wrong(
        "core: responses without states", "training-minimum", SoundLoss, patch=(ObservedSteps, "_respond", at_one_end)
    ),
]
