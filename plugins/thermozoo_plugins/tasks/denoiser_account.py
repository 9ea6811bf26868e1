"""What the task `denoiser` tells of its figures."""

from __future__ import annotations

from typing import Any

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.denoiser_figures import DenoiserFigures

__all__ = ["account_of"]


def account_of(figures: DenoiserFigures) -> Account:
    """Return the answer, and what stands behind it."""
    one, other = figures.digital, figures.computer
    heat = plus_minus(figures.heat_mean_kT, figures.heat_se_kT, 2)
    times = "which is not positive"
    if figures.advantage is not None and figures.advantage_se is not None:
        power = 10.0 ** int(f"{figures.advantage:.0e}".partition("e")[2])
        measured = plus_minus(figures.advantage / power, figures.advantage_se / power, 2)
        times = f"({measured}) x 10^{int(f'{power:.0e}'.partition('e')[2])} times less"
    likeness = " and ".join(plus_minus(side.correlation, side.correlation_se, 2) for side in (one, other))
    answer = (
        f"A digital denoiser takes {figures.energy_kT:.3g} kT an image and the thermodynamic computer {heat} kT, "
        f"{times}; correlations with the {figures.images:,} learned images are {likeness}."
    )
    layers = "-".join(map(str, figures.layers))
    known = figures.reference["operations"]
    counted = (
        f"Counted: {figures.operations:,.0f} multiply-accumulates an image of a {layers} perceptron in "
        f"{figures.levels} steps, where the product of widths makes {known:,.0f}: "
        f"{figures.energy_joule:.3g} J at 1 pJ each."
    )
    training = (
        f"Training took {figures.training_operations:.3g} multiply-accumulates, {figures.training_energy_joule:.2g} J, "
        f"and left a mean squared error of {figures.error:.3f} of a pixel's variance over all noise levels."
    )
    cost = (
        f"Cost: {heat} kT of heat and {figures.duration:g} units of time 1/(mu E0) an image of {figures.units:,} units."
    )
    how = (
        "Both learn the same images, of zero mean and unit variance each. The perceptron is shown cos(theta) times an "
        "image plus sin(theta) times noise, at angles between 0 and 90 degrees in even steps, and learns to return the "
        "image; it is not told the angle. It makes images from noise in as many steps. What is counted is what its "
        "products multiplied, biases and rectifiers left out, and so is memory. Heat is what the trained computer "
        "releases while it generates; couplings are set before, and neither they nor reading the image are counted."
    )
    rows = [
        ("correlation with the nearest learned image", *(_pair(s.correlation, s.correlation_se) for s in (one, other))),
        ("in the learned classes, by a linear classifier", *_texts(one.fraction_in_classes, other.fraction_in_classes)),
        ("learned classes that occur", *_texts(one.coverage, other.coverage)),
        ("in their class, by a perceptron", *_texts(one.judged_right, other.judged_right)),
        ("Frechet distance to real images", *_texts(one.frechet_features, other.frechet_features)),
        ("diversity", *_texts(one.diversity, other.diversity)),
    ]
    return Account(
        title="A digital denoiser beside the thermodynamic computer",
        answer=answer,
        paragraphs=[counted, training, cost, how],
        tables=[TextTable(("", "digital", "thermodynamic"), rows, "What judges make of the images of both")],
        lines=[counted, training, cost],
    )


def _pair(value: float, error: float) -> str:
    return plus_minus(value, error, 2)


def _texts(*values: Any) -> tuple[str, ...]:
    return tuple("-" if value is None else f"{value:.3f}" for value in values)
