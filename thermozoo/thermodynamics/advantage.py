"""How much less energy a thermodynamic computer needs than a digital denoiser."""

from __future__ import annotations

import itertools

from thermozoo.arguments import count, number, positive

__all__ = [
    "BOLTZMANN",
    "DENOISING_STEPS",
    "JOULE_PER_MAC",
    "ROOM_TEMPERATURE",
    "denoiser_cost_kT",
    "denoiser_layers",
    "denoiser_operations",
    "operations_joule",
    "operations_kT",
    "thermodynamic_advantage",
]

#: Boltzmann's constant [joule / kelvin], exact in the SI.
BOLTZMANN = 1.380649e-23

#: Widths of the two hidden layers of the perceptron denoiser of the comparison.
HIDDEN = (128, 128)

#: Energy of one multiply-accumulate of a digital accelerator [joule].
JOULE_PER_MAC = 1e-12

#: Denoising steps for one image.
DENOISING_STEPS = 10

#: Temperature of the comparison [kelvin].
ROOM_TEMPERATURE = 300.0


def denoiser_layers(pixels: int = 784) -> tuple[int, ...]:
    """Return the widths of the layers of the perceptron for images of so many pixels."""
    return (count("pixels", pixels, at_least=1), *HIDDEN, pixels)


def denoiser_operations(pixels: int = 784) -> int:
    """Return the multiply-accumulates of one step of a perceptron with layers pixels-128-128-pixels.

    Examples
    --------
    >>> from thermozoo.thermodynamics.advantage import denoiser_operations
    >>> denoiser_operations(784), denoiser_operations(36)
    (217088, 25600)
    """
    return sum(a * b for a, b in itertools.pairwise(denoiser_layers(pixels)))


def denoiser_cost_kT(pixels: int = 784, temperature_kelvin: float = ROOM_TEMPERATURE) -> float:
    """Return the energy that a digital denoiser needs for one image of so many pixels, in kT.

    A pixels-128-128-pixels perceptron makes 256 pixels + 16,384 multiply-accumulates a step (217,088 for 784 pixels),
    1 pJ each, in ten steps.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, Phys. Rev. Lett. 136, 037101 (2026), arXiv:2506.15121, makes this
    comparison for 784 pixels.
    """
    return operations_kT(denoiser_operations(pixels) * DENOISING_STEPS, temperature_kelvin)


def operations_joule(operations: float) -> float:
    """Return the energy of so many multiply-accumulates of a digital accelerator, 1 pJ each [joule]."""
    return number("operations", operations) * JOULE_PER_MAC


def operations_kT(operations: float, temperature_kelvin: float = ROOM_TEMPERATURE) -> float:
    """Return the energy of so many multiply-accumulates, 1 pJ each, in kT.

    Examples
    --------
    >>> from thermozoo.thermodynamics.advantage import operations_kT
    >>> f"{operations_kT(1):.3g}"
    '2.41e+08'
    """
    return operations_joule(operations) / (BOLTZMANN * positive("temperature_kelvin", temperature_kelvin))


def thermodynamic_advantage(heat_kT: float, pixels: int = 784) -> float | None:
    """Return the digital cost of one image over the mean heat, both in kT; None where the heat is not positive.

    Parameters
    ----------
    heat_kT : float
        Mean heat of a generation [kT].
    pixels : int
        Pixels of an image; see `denoiser_cost_kT`.
    """
    cost, heat = denoiser_cost_kT(pixels), number("heat_kT", heat_kT)
    return cost / heat if heat > 0 else None
