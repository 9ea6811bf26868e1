"""Figures of sampling by attention from a plain loop in NumPy, with other noise: what runs are compared with.

``python tests/physics/attention_loop.py digits`` and ``... mnist FOLDER`` print them: 600 chains of 5,000 steps of 0.01
at each temperature, from one of the first hundred threes drawn at random, in noise of 0.01; five snapshots from step
2,600 to 5,000. NumPy's generator, seed 20260306.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.stochastic_attention_statistics import pair_shares

__all__ = ["LOOPS", "Loop", "Protocol", "known_figures"]

Array = npt.NDArray[np.floating[Any]]

Measured = tuple[float, float]


@attrs.frozen
class Protocol:
    """How chains are run, as far as expectations depend on it.

    Parameters
    ----------
    integrator : str
        What advances states.
    step : float
        Mobility times time step [1 / energy].
    burn_in, every, snapshots : int
        Time steps before snapshots count, those from one to the next, and how many there are.
    noise : float
        Standard deviation of what is added to a stored image at the start.
    """

    integrator: str
    step: float
    burn_in: int
    every: int
    snapshots: int
    noise: float


@attrs.frozen
class Loop:
    """Figures of a loop.

    Parameters
    ----------
    shape : (int, int)
        Stored images and units.
    gram : (float, float)
        Mean of the cosines of all pairs of stored images, each with itself among them, and of their squares: by these
        images are known.
    figures : mapping
        By inverse temperature the figures and their standard errors: novelty, mean cosine of samples within a chain and
        between two, energy.
    """

    shape: tuple[int, int]
    gram: Measured
    figures: Mapping[float, Mapping[str, Measured]]

    def of(self, patterns: Array) -> bool:
        """Tell whether these are the stored images."""
        cosines = patterns @ patterns.T
        found = cosines.mean(), (cosines**2).mean()
        return patterns.shape == self.shape and bool(np.allclose(found, self.gram, rtol=0, atol=1e-8))


#: How all loops were run.
_LIKE = Protocol("euler-maruyama", 0.01, 2000, 600, 5, 0.01)

LOOPS = (
    Loop(  # of digits
        (100, 784),
        (0.8627064498, 0.7488824771),
        {
            2000.0: {
                "novelty": (0.15311, 0.00015),
                "within": (0.71760, 0.00029),
                "between": (0.61984, 0.00194),
                "energy": (-0.30282, 0.00017),
            },
            200.0: {
                "novelty": (0.55000, 0.00050),
                "within": (0.18951, 0.00064),
                "between": (0.17432, 0.00060),
                "energy": (1.46962, 0.00172),
            },
        },
    ),
)


def known_figures(
    patterns: Array, protocol: Protocol, temperatures: tuple[float, ...], chains: int
) -> dict[str, list[Measured | None]]:
    """Return novelty, diversity and energy with their standard errors, None at a temperature that no loop had.

    Empty for images or a way of sampling that none had.

    Parameters
    ----------
    patterns : ndarray, shape (patterns, n)
        The stored images, of length one.
    protocol : Protocol
        How chains are run.
    temperatures : tuple of float
        The inverse temperatures [1 / energy].
    chains : int
        Chains of the run: of more, fewer pairs are of one chain.
    """
    found = next((loop for loop in LOOPS if protocol == _LIKE and loop.of(patterns)), None)
    if found is None or not set(temperatures) & set(found.figures):
        return {}
    within, between = pair_shares(chains, protocol.snapshots)
    known: dict[str, list[Measured | None]] = {"novelty": [], "diversity": [], "energy": []}
    for beta in temperatures:
        one = found.figures.get(beta)
        if one is None:
            for values in known.values():
                values.append(None)
            continue
        (inside, inside_se), (apart, apart_se) = one["within"], one["between"]
        known["novelty"].append(one["novelty"])
        # of the same chains: the two errors may add up
        known["diversity"].append((1 - within * inside - between * apart, within * inside_se + between * apart_se))
        known["energy"].append(one["energy"])
    return known
