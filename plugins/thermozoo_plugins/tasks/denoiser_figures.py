"""What the task `denoiser` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["DenoiserFigures", "JudgedImages"]


@attrs.frozen(kw_only=True)
class JudgedImages:
    """What is made of the images of one side; the measures are those of `generate`."""

    correlation: Annotated[float, Key("mean modulus of the correlation of an image with its nearest prototype")]
    correlation_se: Annotated[float, Key("its standard error")]
    class_counts: Annotated[dict[str, int], Key("images by the class of their nearest prototype")]
    fraction_in_classes: Annotated[
        float | None, Key("fraction that a linear classifier puts into a trained class; `null` where it withholds that")
    ]
    coverage: Annotated[
        float | None, Key("fraction of trained classes that get at least a tenth of an even share; `null` with it")
    ]
    judged_right: Annotated[
        float | None,
        Key("fraction that a perceptron puts into the class of the prototype it resembles most; `null` without one"),
    ]
    frechet_features: Annotated[
        float | None, Key("squared Frechet distance to real images in its last hidden layer; `null` without one")
    ]
    diversity: Annotated[float | None, Key("mean of 1 minus the absolute correlation over pairs; `null` of one image")]


@attrs.frozen(kw_only=True)
class DenoiserFigures:
    """What the task `denoiser` finds; error bars are standard errors by the spread of samples, all independent."""

    samples: Annotated[int, Key("images of each side")]
    images: Annotated[int, Key("images that both have learned")]
    layers: Annotated[tuple[int, ...], Key("widths of the perceptron's layers")]
    parameters: Annotated[int, Key("its weights and biases")]
    levels: Annotated[int, Key("noise levels, and steps in which an image comes out of noise")]
    error: Annotated[
        float, Key("mean squared error of a pixel over all levels, in fresh noise, over the variance of an image")
    ]
    operations: Annotated[float, Key("multiply-accumulates of an image, counted from what ran")]
    energy_joule: Annotated[float, Key("their energy at 1 pJ each", "J")]
    energy_kT: Annotated[float, Key("the same at 300 K", "kT")]
    training_operations: Annotated[int, Key("multiply-accumulates of training, counted")]
    training_energy_joule: Annotated[float, Key("their energy at 1 pJ each", "J")]
    heat_mean_kT: Annotated[float, Key("mean heat of an image of the thermodynamic computer", "kT")]
    heat_se_kT: Annotated[float, Key("its standard error", "kT")]
    duration: Annotated[float, Key("of its generation", "1/(mu E0)")]
    units: Annotated[int, Key("its units")]
    advantage: Annotated[
        float | None, Key("energy of the denoiser over that heat; `null` where the heat is not positive")
    ]
    advantage_se: Annotated[float | None, Key("its standard error, that of the heat; `null` with it")]
    digital: Annotated[JudgedImages, Key("images of the denoiser")]
    computer: Annotated[JudgedImages, Key("images of the thermodynamic computer")]
    reference: Annotated[
        dict[str, float],
        Key(
            "`operations` of a pixels-128-128-pixels perceptron in so many steps, by the product of widths, and "
            "`energy_kT` of these"
        ),
    ]
    error_bars: Annotated[dict[str, float], Key("the error of each of these: none, they are counts")]
