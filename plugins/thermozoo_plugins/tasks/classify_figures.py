"""What the task `classify` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["ClassifyFigures"]


@attrs.frozen(kw_only=True)
class ClassifyFigures:
    """What the task `classify` finds; error bars are standard errors by the spread of test images.

    Ten runs of each test image, its shots, have noise of their own. An answer is the class of the largest output.
    """

    accuracy: Annotated[float, Key("share of test images that one shot takes for what they are, mean of ten shots")]
    accuracy_se: Annotated[float, Key("its standard error")]
    accuracy_of_10: Annotated[float, Key("the same of the outputs averaged over ten shots")]
    accuracy_of_10_se: Annotated[float, Key("its standard error")]
    heat_per_inference_kT: Annotated[float, Key("mean heat that one shot releases", "kT")]
    heat_se_kT: Annotated[float, Key("its standard error", "kT")]
    multiply_accumulates: Annotated[int, Key("what the digital teacher takes for one image")]
    advantage: Annotated[
        float | None,
        Key("energy of these, 1 pJ each at 300 K, over the heat of one shot; `null` where it releases none"),
    ]
    duration: Annotated[float, Key("time of a shot", "1/(mu E0)")]
    pixels: Annotated[int, Key("pixels of an image, which clamped units hold")]
    hidden: Annotated[int, Key("hidden units of computer and teacher")]
    classes: Annotated[tuple[int, ...], Key("label of each output")]
    training_images: Annotated[int, Key("images that teacher and computer were trained on")]
    test_images: Annotated[int, Key("images that both were judged by")]
    teacher_accuracy: Annotated[float, Key("share of test images that the teacher takes for what they are")]
    teacher_training_accuracy: Annotated[float, Key("the same of the training images")]
    noise: Annotated[float, Key("noise of the ideal trajectories over that of the computer")]
    copies: Annotated[int, Key("ideal trajectories of each training image")]
    unknowns: Annotated[int, Key("couplings and biases that were trained")]
    rank: Annotated[int, Key("how many of these the ideal trajectories determine")]
    undetermined_by_pixels: Annotated[
        int, Key("directions of couplings to pixels, and of biases, that no training image determines")
    ]
    undetermined_among_free: Annotated[
        int | None, Key("further ones, among hidden units and outputs; `null` where these are too many to tell")
    ]
    loss: Annotated[
        float,
        Key(
            "mean negative log-likelihood of a unit and step of the ideal trajectories, less its constant; with noise "
            "1, 1/2 where the computer follows them exactly"
        ),
    ]
    iterations: Annotated[int, Key("of conjugate gradients")]
    confusion: Annotated[
        tuple[tuple[int, ...], ...], Key("shots by the class of their image (rows) and by their answer (columns)")
    ]
    published_accuracy: Annotated[
        float, Key("of one shot for MNIST, trained on 60,000 images by descent (Whitelam, arXiv:2509.15324)")
    ] = 0.92
    reference: Annotated[dict[str, float], Key("`accuracy` and `accuracy_of_10` of the teacher on the same images")]
    error_bars: Annotated[
        dict[str, float], Key("the standard error of the difference between each of these and the figure, by images")
    ]
