"""Outputs, real held-out images and imitations, measured alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.errors import ShapeError
from thermozoo.quality import baselines
from thermozoo.quality.readout import Readout, grain_of, white_grain
from thermozoo.quality.result import HELD_OUT, OUTPUTS, Quality, QualityRow
from thermozoo.quality.scaling import standardized
from thermozoo.quality.sets import Images, RealImages
from thermozoo.quality.yardstick import Yardstick

__all__ = ["evaluate"]

Array = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

#: Outputs that are measured at most: pairs of them are counted, and more would hardly change a figure.
_MEASURED = 2000

#: Images of a class that an imitation needs at least, and components of the smaller Gaussian.
_FITTED, _COMPONENTS = 20, 40


def evaluate(
    outputs: Array,
    real: RealImages,
    *,
    asked: Integers | None = None,
    readout: Readout | None = None,
    untrained: Array | None = None,
) -> Quality:
    """Return how good outputs are, beside real images and imitations.

    Parameters
    ----------
    outputs : ndarray, shape (outputs, pixels)
        Images of any brightness and contrast.
    real : RealImages
        Real images of the same size.
    asked : ndarray of int, shape (outputs,), optional
        The class that each was asked to show; that of the learned image it resembles most unless given.
    readout : Readout, optional
        How the computer would show a real image; white grain that makes real images as rough as the outputs are unless
        given.
    untrained : ndarray, shape (any, pixels), optional
        What the untrained computer shows.

    Raises
    ------
    ShapeError
        When outputs are no rows of as many pixels as real images have, or there are more or fewer classes than outputs.
    """
    from threadpoolctl import threadpool_limits

    pixels = int(np.prod(real.shape))
    for what, images in (("outputs", outputs), ("untrained", untrained)):
        if images is not None and (np.ndim(images) != 2 or np.shape(images)[1] != pixels or not len(images)):
            raise ShapeError(f"{what}: expected images in rows, shape (any, {pixels}), got {np.shape(images)}")
    if asked is not None and np.shape(asked) != (len(outputs),):
        raise ShapeError(f"asked: expected one class for each of the {len(outputs)} outputs, got {np.shape(asked)}")

    kept = _kept(len(outputs))
    if asked is not None:
        asked = np.asarray(asked)[kept]
    if untrained is not None:
        untrained = untrained[_kept(len(untrained))]
    # how a sum is divided among threads would decide its last digits
    with threadpool_limits(1, user_api="blas"):
        return _evaluate(_single(outputs[kept]), real, asked, readout, untrained)


def _kept(count: int) -> npt.NDArray[np.intp]:
    """Return which of so many images are measured: all, or some at random, in their order."""
    return np.sort(np.random.default_rng(0).permutation(count)[:_MEASURED])


def _evaluate(
    outputs: Array, real: RealImages, asked: Integers | None, readout: Readout | None, untrained: Array | None
) -> Quality:
    held_out, random = real.held_out, np.random.default_rng(0)
    noise = None
    if readout is None:
        if len(real.reference):
            noise = grain_of(outputs, real.reference.pixels, real.shape)
        readout = white_grain(noise or 0.0)
    shown = Images(_shown(readout, held_out.pixels, random), held_out.labels)
    yardstick = Yardstick.of(real, shown, len(outputs))
    fitted_to, rows = _imitations(real, yardstick, readout, random) if yardstick.count else (None, [])
    if yardstick.count:
        rows.insert(0, yardstick.measure(HELD_OUT, shown.pixels, shown.labels))
        # what shows no image is asked for classes all the same: by chance some of it is right
        if untrained is not None:
            rows.append(
                yardstick.measure("untrained computer", _single(untrained), np.resize(shown.labels, len(untrained)))
            )
        rows.append(yardstick.measure("noise", _single(random.standard_normal(shown.pixels.shape)), shown.labels))
    rows.insert(0, yardstick.measure(OUTPUTS, outputs, asked))
    if not yardstick.count:
        yardstick.withheld["baselines"] = "no real image is left to compare with"
    elif fitted_to is None:
        yardstick.withheld["imitations"] = f"a class has fewer than {_FITTED} images to imitate"
    return Quality(
        rows=tuple(rows),
        noise=noise,
        measured=len(outputs),
        compared=yardstick.count,
        reference=len(real.reference),
        judge_images=len(real.judge),
        components=yardstick.dimensions,
        fitted_to=fitted_to,
        confusion=yardstick.confusion(outputs, asked),
        withheld=yardstick.withheld,
    )


def _imitations(
    real: RealImages, yardstick: Yardstick, readout: Readout, random: np.random.Generator
) -> tuple[str | None, list[QualityRow]]:
    """Return what imitations were fitted to, and their rows, that of the learned images first."""
    asked = real.held_out.labels
    rows = []
    if len(real.seen):
        again = np.resize(np.arange(len(real.seen)), len(asked))
        learned = _shown(readout, real.seen.pixels[again], random)
        rows.append(yardstick.measure("learned images", learned, real.seen.labels[again]))
    classes = np.unique(asked)
    for name, source in (("learned", real.seen), ("judge", real.judge)):
        if min((source.labels == label).sum() for label in classes) < _FITTED:
            continue
        signals = readout.signal(source.of(classes).pixels)
        for title, imitation in (
            ("mean image of a class", baselines.mean_image),
            ("Gaussian of a class", baselines.gaussian),
            (f"Gaussian of a class, {_COMPONENTS} components", baselines.gaussian_in_components(_COMPONENTS)),
        ):
            made = baselines.class_by_class(imitation, signals, source.of(classes).labels, asked, random)
            rows.append(yardstick.measure(title, _single(readout.response(made, random)), asked))
        return name, rows
    return None, rows


def _shown(readout: Readout, images: Array, random: np.random.Generator) -> Array:
    return _single(readout.show(images, random))


def _single(images: Array) -> Array:
    """Return images of zero mean and unit variance in single precision."""
    return standardized(np.asarray(images, dtype=np.float64)).astype(np.float32)
