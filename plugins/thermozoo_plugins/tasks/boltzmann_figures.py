"""What the task `boltzmann` finds: every figure with what it means."""

from __future__ import annotations

from typing import Annotated

import attrs

from thermozoo import Key

__all__ = ["BoltzmannFigures", "Shown"]


@attrs.frozen(kw_only=True)
class Shown:
    """How good the images are that visible units show at one time."""

    time: Annotated[float, Key("since couplings were switched on", "1/(mobility E0)")]
    nearest: Annotated[float, Key("mean largest correlation of an image with a learned one")]
    nearest_se: Annotated[float, Key("its standard error")]
    judged_right: Annotated[
        float | None,
        Key("fraction that a judge, a perceptron trained on other real images, puts into the class of the nearest "
            "learned image; `null` where there are no images to train it on"),
    ]  # fmt: skip
    judged_right_se: Annotated[float | None, Key("its standard error; `null` with it")]
    diversity: Annotated[float | None, Key("mean distance of two of one class over that of real images")]
    frechet_components: Annotated[float | None, Key("squared Frechet distance to real images in principal components")]
    frechet_features: Annotated[float | None, Key("squared Frechet distance to real images in the judge's last layer")]
    precision: Annotated[float | None, Key("fraction in the manifold of real images")]
    recall: Annotated[float | None, Key("fraction of real images in the manifold of these")]
    shares: Annotated[tuple[float, ...], Key("fraction of the images that resemble each learned image most, in order")]


@attrs.frozen(kw_only=True)
class BoltzmannFigures:
    """What the task `boltzmann` finds; error bars are standard errors by the spread of independent chains."""

    units: Annotated[str, Key("`p-bits`, which have two states, or `continuous units`")]
    images: Annotated[int, Key("images that were learned")]
    visible: Annotated[int, Key("units that show an image")]
    hidden: Annotated[int, Key("all other units")]
    couplings: Annotated[int, Key("coupled pairs")]
    coupling_norm_kT: Annotated[float, Key("root of the sum of squared couplings", "kT")]
    updates: Annotated[int, Key("changes of couplings and biases")]
    persistent: Annotated[bool, Key("whether chains of the model went on from one update to the next")]
    gap_first: Annotated[
        float,
        Key("root mean square of the difference of $\\langle x_i x_j \\rangle$ and $\\langle x_i \\rangle$ between "
            "data and model, in the first tenth of the updates"),
    ]  # fmt: skip
    gap_last: Annotated[float, Key("the same in the last tenth")]
    samples: Annotated[int, Key("chains that generate an image each, from uncoupled units in equilibrium")]
    generated: Annotated[Shown, Key("images after `dynamics.duration`, the time that a generation takes")]
    relaxed: Annotated[Shown, Key("images of the same chains after the relaxation that follows")]
    heat_mean_kT: Annotated[
        float, Key("mean heat of an image: what `dynamics.duration` with couplings switched on releases", "kT")
    ]
    heat_se_kT: Annotated[float, Key("its standard error", "kT")]
    heat_relaxed_kT: Annotated[float, Key("mean heat until the end of the relaxation", "kT")]
    heat_relaxed_se_kT: Annotated[float, Key("its standard error", "kT")]
    autocorrelation_time_energy: Annotated[
        float, Key("integrated autocorrelation time of the energy in that relaxation", "1/(mobility E0)")
    ]
    autocorrelation_time_slowest: Annotated[
        float,
        Key("the longest one of energy and of resemblance with each learned image, the first 16 at most: the time to "
            "equilibrate, of which this is a lower bound where chains do not agree", "1/(mobility E0)"),
    ]  # fmt: skip
    r_hat: Annotated[
        float, Key("the largest split R-hat of these, by ranks: 1 where chains agree, and above 1.01 they do not")
    ]
    switched: Annotated[
        float, Key("fraction of chains that resemble another learned image most at the end of the relaxation")
    ]
    reference: Annotated[
        dict[str, float],
        Key("the generative Langevin computer's of the packaged run `ten-digits` in the same time, mean over three "
            "seeds: `heat_mean_kT`, and `nearest` and `judged_right` of `generated`; empty for other images or times"),
    ]  # fmt: skip
    error_bars: Annotated[
        dict[str, float], Key("the standard error of the difference between each of these and the figure")
    ]
