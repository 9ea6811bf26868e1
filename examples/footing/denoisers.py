"""Rows of the digital denoiser of the task `denoiser`: a perceptron for each class, with what it multiplies.

A network learns the ink signals of the learned images of a class. Its noise has unit variance, and so has what it
learns: signals less their mean over all images and pixels of the class, over their standard deviation. What it makes is
scaled back, and shown as units in equilibrium show signals, like any row that is no computer.
"""

from __future__ import annotations

import attrs
import numpy as np
from thermozoo_plugins.tasks.denoiser_network import trained_network

from thermozoo.thermodynamics.advantage import operations_kT

from .rows import Shown, shown

#: Noisy images of an update of training, and its rate: those of the task.
BATCH, RATE = 100, 1e-3

#: Fresh noise of a step, by what a sampler with so much is called; the first is that of the task.
SAMPLERS = {"DDPM": 1.0, "DDIM": 0.0}


@attrs.frozen(eq=False)
class Denoised:
    """What denoisers of all classes have made.

    Parameters
    ----------
    row : Shown
        Their images.
    operations : float
        Multiply-accumulates of an image.
    training : int
        Multiply-accumulates of training, all classes together.
    """

    row: Shown
    operations: float
    training: int

    @property
    def energy(self):
        """Energy of an image, 1 pJ a multiply-accumulate [kT at 300 K]."""
        return operations_kT(self.operations)


def denoised(ground, levels, updates, seed):
    """Train the denoiser of each class with so many noise levels, and let it make the images that are asked for.

    Return what was made by each sampler, by its name: networks and first noise are the same.
    """
    signals, asked = ground.signals, ground.asked
    made = {name: np.empty((len(asked), signals.shape[1])) for name in SAMPLERS}
    counted, training = dict.fromkeys(SAMPLERS, 0), 0
    for label in np.unique(asked).tolist():
        own, rows = signals[ground.learned.labels == label], np.flatnonzero(asked == label)
        center, spread = own.mean(), own.std()
        network = trained_network((own - center) / spread, levels, updates, BATCH, RATE, seed)
        training += network.training_operations
        for name, eta in SAMPLERS.items():
            random, before = np.random.default_rng((seed, 400, levels, label)), network.operations
            noise = random.standard_normal((len(rows), own.shape[1]), np.float32)
            made[name][rows] = center + spread * network.denoise(noise, levels, eta, random, 0).images
            counted[name] += network.operations - before
    return {
        name: Denoised(
            shown(ground, made[name], np.random.default_rng((seed, 401, levels))), counted[name] / len(asked), training
        )
        for name in SAMPLERS
    }
