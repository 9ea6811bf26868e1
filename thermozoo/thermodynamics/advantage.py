"""How much less energy a thermodynamic computer needs than a digital denoiser."""

from __future__ import annotations

import itertools

__all__ = ["BOLTZMANN", "denoiser_cost_kT", "thermodynamic_advantage"]

#: Boltzmann's constant [joule / kelvin], exact in the SI.
BOLTZMANN = 1.380649e-23

#: Widths of the perceptron denoiser of the comparison.
DENOISER = (784, 128, 128, 784)

#: Energy of one multiply-accumulate of a digital accelerator [joule].
JOULE_PER_MAC = 1e-12

#: Denoising steps for one image.
DENOISING_STEPS = 10


def denoiser_cost_kT(temperature_kelvin: float = 300.0) -> float:
    """Return the energy that a digital denoiser needs for one image, in kT.

    A 784-128-128-784 perceptron makes 217,088 multiply-accumulates a step, 1 pJ each, in ten steps.
    """
    macs = sum(a * b for a, b in itertools.pairwise(DENOISER))
    joule = macs * JOULE_PER_MAC * DENOISING_STEPS
    return joule / (BOLTZMANN * temperature_kelvin)


def thermodynamic_advantage(heat_kT: float) -> float | None:
    """Return the digital cost over the mean heat, both in kT; None where the heat is not positive."""
    return denoiser_cost_kT() / heat_kT if heat_kT > 0 else None
