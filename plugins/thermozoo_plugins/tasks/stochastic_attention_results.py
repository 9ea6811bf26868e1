"""What the task `stochastic-attention` leaves: its figures beside what is known, its snapshots, and its doubts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.stochastic_attention_figures import StochasticAttentionFigures
from thermozoo_plugins.tasks.stochastic_attention_reference import Protocol, known_figures
from thermozoo_plugins.tasks.stochastic_attention_statistics import Attended

__all__ = ["doubts_of", "figures_of", "samples_of"]

Array = npt.NDArray[np.floating[Any]]


def figures_of(
    patterns: Array, found: Sequence[Attended], like: Protocol, betas: Sequence[float], *, chains: int, steps: int
) -> StochasticAttentionFigures:
    """Return the figures of all temperatures, and what is known of them.

    Parameters
    ----------
    patterns : ndarray, shape (images, units)
        The stored images.
    found : sequence of Attended
        What chains say at each temperature.
    like : Protocol
        How they were made.
    betas : sequence of float
        Inverse temperatures [1 / energy].
    chains, steps : int
        Chains at each temperature, and steps of each.
    """

    def each(name: str, place: int = 0) -> tuple[float, ...]:
        return tuple(getattr(one, name)[place] for one in found)

    known = known_figures(patterns, like, tuple(betas), chains)
    reference: dict[str, tuple[float | None, ...]] = {"virial": (1.0,) * len(betas)}
    errors: dict[str, tuple[float | None, ...]] = {"virial": each("virial", 1)}
    for name, values in known.items():
        reference[name] = tuple(None if one is None else one[0] for one in values)
        errors[name] = tuple(
            None if one is None else math.hypot(own, one[1]) for own, one in zip(each(name, 1), values, strict=True)
        )
    return StochasticAttentionFigures(
        images=len(patterns),
        units=patterns.shape[1],
        chains=chains,
        snapshots=like.snapshots,
        steps=steps,
        duration=steps * like.step,
        inverse_temperatures=tuple(betas),
        novelty=each("novelty"),
        novelty_se=each("novelty", 1),
        diversity=each("diversity"),
        diversity_se=each("diversity", 1),
        energy=each("energy"),
        energy_se=each("energy", 1),
        recalled=each("recalled"),
        recalled_se=each("recalled", 1),
        virial=each("virial"),
        virial_se=each("virial", 1),
        heat_mean_kT=each("heat"),
        heat_se_kT=each("heat", 1),
        reference=reference,
        error_bars=errors,
    )


def samples_of(patterns: Array, states: Array, betas: Sequence[float], shape: tuple[int, ...]) -> Any:
    """Return the stored images, and snapshots of all chains, as images of a shape."""
    import xarray

    of_image = ("row", "column")
    return xarray.Dataset(
        {
            "pattern": (("image", *of_image), patterns.reshape(-1, *shape), {"long_name": "stored image"}),
            "state": (
                ("inverse_temperature", "trajectory", "snapshot", *of_image),
                states.reshape(*states.shape[:3], *shape),
                {"long_name": "state of the units"},
            ),
        },
        coords={"inverse_temperature": ("inverse_temperature", list(betas), {"units": "1 / energy"})},
    )


def doubts_of(figures: StochasticAttentionFigures) -> list[str]:
    """Return what is to be doubted about the figures."""
    found = []
    for beta, virial, error in zip(figures.inverse_temperatures, figures.virial, figures.virial_se, strict=True):
        off = abs(virial - 1)
        if off > 4 * error and off > 0.02:
            found.append(
                f"at beta = {beta:g} the virial is {virial:.3f} and not 1: chains have not relaxed, or the time step "
                "is too long; take a longer task.burn_in and dynamics.duration, or a smaller dynamics.dt"
            )
    return found
