"""Figures of images by oscillators, and what they tend to as the mass vanishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import thermozoo as tz  # names that load libraries are taken from it when they are needed
from thermozoo_plugins.tasks.oscillators_figures import OscillatorsFigures

__all__ = ["figures_of", "line_at_zero", "samples_of"]

Array = npt.NDArray[np.floating[Any]]


def line_at_zero(x: Sequence[float]) -> Array:
    """Return the weights of values at `x` that give the straight line through them at zero, by least squares.

    Examples
    --------
    >>> from thermozoo_plugins.tasks.oscillators_limit import line_at_zero
    >>> bool(abs(line_at_zero([1.0, 2.0, 4.0]) @ [5.0, 7.0, 11.0] - 3.0) < 1e-12)
    True
    """
    design = np.stack([np.ones(len(x)), np.asarray(x, np.float64)], axis=1)
    weights: Array = np.linalg.pinv(design)[0]
    return weights


def _measured(values: Array) -> tuple[float, float]:
    """Return mean and standard error of independent samples."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def figures_of(
    machine: Any, mass: float, masses: Sequence[float], steps: Sequence[int], overdamped: Any, found: Sequence[Any]
) -> OscillatorsFigures:
    """Return the figures.

    Parameters
    ----------
    machine : Machine
        What was trained.
    mass : float
        The mass that the report speaks of first [energy time^2].
    masses : sequence of float
        All masses, rising [energy time^2].
    steps : sequence of int
        Time steps of each.
    overdamped : Generated
        What units without a mass generated.
    found : sequence of Generated
        What units of each mass generated, from the same states.
    """
    kT, prototypes = machine.computer.temperature, machine.prototypes
    heat = np.stack([one.ledger.total for one in found]) / kT
    kinetic = np.stack([one.ledger.by_term["kinetic"][-1] for one in found]) / kT
    signed = [prototypes.correlations(tz.images_of(machine, one.final)) for one in found]
    likeness = np.stack([np.abs(one).max(axis=1) for one in signed])
    known = {
        "heat_limit_kT": overdamped.ledger.total / kT,
        "correlation_limit": np.abs(prototypes.correlations(tz.images_of(machine, overdamped.final))).max(axis=1),
    }
    chosen = list(masses).index(mass)
    weights = line_at_zero(masses[: chosen + 1])
    # a sample begins alike with any mass: what its figures have in common is not counted as independent
    limits = {
        "heat_limit_kT": weights @ heat[: chosen + 1],
        "correlation_limit": weights @ likeness[: chosen + 1],
    }
    best = np.abs(signed[chosen]).argmax(axis=1)
    labels = prototypes.labels[best]

    def each(values: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
        mean, error = zip(*(_measured(one) for one in values), strict=True)
        return tuple(mean), tuple(error)

    (heats, heats_se), (kinetics, kinetics_se), (likenesses, likenesses_se) = map(each, (heat, kinetic, likeness))
    return OscillatorsFigures(
        samples=heat.shape[1],
        duration=float(machine.config.duration * machine.computer.mobility),
        masses=tuple(masses),
        steps=tuple(steps),
        heat_by_mass_kT=heats,
        heat_by_mass_se_kT=heats_se,
        kinetic_by_mass_kT=kinetics,
        kinetic_by_mass_se_kT=kinetics_se,
        correlation_by_mass=likenesses,
        correlation_by_mass_se=likenesses_se,
        mass=mass,
        heat_mean_kT=heats[chosen],
        heat_se_kT=heats_se[chosen],
        heat_std_kT=float(heat[chosen].std(ddof=1)) if heat.shape[1] > 1 else 0.0,
        correlation=likenesses[chosen],
        correlation_se=likenesses_se[chosen],
        inverted=int((signed[chosen][np.arange(len(best)), best] < 0).sum()),
        class_counts={str(k): int((labels == k).sum()) for k in sorted(set(prototypes.labels.tolist()))},
        thermodynamic_advantage=tz.thermodynamic_advantage(heats[chosen], pixels=prototypes.images.shape[1]),
        heat_limit_kT=_measured(limits["heat_limit_kT"])[0],
        heat_limit_se_kT=_measured(limits["heat_limit_kT"])[1],
        correlation_limit=_measured(limits["correlation_limit"])[0],
        correlation_limit_se=_measured(limits["correlation_limit"])[1],
        reference={name: float(values.mean()) for name, values in known.items()},
        error_bars={name: _measured(limits[name] - values)[1] for name, values in known.items()},
    )


def samples_of(machine: Any, masses: Sequence[float], overdamped: Any, found: Sequence[Any]) -> Any:
    """Return states, velocities and heats of all samples, with dimensions and units."""
    import xarray

    of_units, of_samples = ("mass", "sample", "unit"), ("mass", "sample")
    energy, prototypes = {"units": "E0"}, machine.prototypes
    height, width = prototypes.shape
    shown = np.zeros((1, machine.computer.n))
    shown[0] = np.arange(machine.computer.n)
    pixels = tz.images_of(machine, shown)[0].astype(np.int64)

    def kinetic(place: int) -> Array:
        return np.stack([one.ledger.terms["kinetic"][place] for one in found])

    return xarray.Dataset(
        {
            "start": (("sample", "unit"), overdamped.start, {"long_name": "states before generation, of all masses"}),
            "state": (of_units, np.stack([one.final for one in found]), {"long_name": "states in the end"}),
            "velocity": (
                of_units,
                np.stack([one.variables["v"] for one in found]),
                {"long_name": "velocities in the end", "units": "1 / time"},
            ),
            "overdamped": (("sample", "unit"), overdamped.final, {"long_name": "states in the end without a mass"}),
            "heat": (
                of_samples,
                np.stack([one.ledger.total for one in found]),
                energy | {"long_name": "heat released"},
            ),
            "work": (
                of_samples,
                np.stack([one.ledger.total_work for one in found]),
                energy | {"long_name": "work of switching"},
            ),
            "kinetic_start": (of_samples, kinetic(0), energy | {"long_name": "kinetic energy at the start"}),
            "kinetic_end": (of_samples, kinetic(-1), energy | {"long_name": "kinetic energy in the end"}),
            "overdamped_heat": ("sample", overdamped.ledger.total, energy | {"long_name": "heat without a mass"}),
            "prototype": (("prototype", "pixel"), prototypes.images, {"long_name": "images that were learned"}),
            "unit_of_pixel": ("pixel", pixels, {"long_name": "unit that shows a pixel"}),
        },
        coords={"mass": ("mass", list(masses), {"units": "energy time^2"})},
        attrs={"image_height": height, "image_width": width, "temperature_kT_in_E0": machine.computer.temperature},
    )
