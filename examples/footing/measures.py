"""The measures of a row: distances with error bars, precision and recall, the judge, what is nearest, grain and heat.

Distances, precision and recall of samples depend on how many there are. Of every row as many images are therefore
compared at a time, 500 of MNIST, with each class as often as among the real images that distances are taken to: outputs
are dealt into such parts, as many as they make, and figures are averaged over parts and seeds.
"""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo.quality import Estimate, Images, frechet_estimate
from thermozoo.quality.readout import grain_of
from thermozoo.quality.scaling import standardized
from thermozoo.quality.yardstick import Yardstick

from .rows import real_held_out

#: Last components of the first bands in which variances are compared, and outputs of a class of which there must be
#: more: fewer have no variance beyond.
BANDS = (10, 40)
FEWEST = BANDS[-1] + 1

#: What is averaged over parts.
AVERAGED = ("precision", "recall", "nearest", "judged_right", "diversity")


@attrs.frozen(eq=False)
class Row:
    """The figures of a row in a split; None for what could not be had.

    Parameters
    ----------
    title : str
        What it is.
    components, features : Estimate or None
        Squared Frechet distances with their bootstrap.
    averaged : dict of str to float or None
        The other measures, by name.
    grain : float
        White noise that makes real images as rough, over an image's standard deviation.
    heat : (float, float) or None
        Mean and standard deviation [kT].
    """

    title: str
    components: Estimate | None
    features: Estimate | None
    averaged: dict[str, float | None]
    grain: float
    heat: tuple[float, float] | None


def single(images):
    """Return images of zero mean and unit variance in single precision."""
    return standardized(np.asarray(images, dtype=np.float64)).astype(np.float32)


@attrs.frozen(eq=False)
class Split:
    """What the rows of a split are measured with.

    Parameters
    ----------
    yardstick : Yardstick
        The real images, a space of components and a judge.
    mix : dict of int to int
        Images of each class in a part.
    """

    yardstick: Yardstick
    mix: dict[int, int]

    @classmethod
    def of(cls, ground, real):
        """Return what some real images are measured with."""
        available = {
            label: min((ground.asked == label).sum(), (real.held_out.labels == label).sum()) for label in ground.classes
        }
        wanted = {label: int((real.reference.labels == label).sum()) for label in ground.classes}
        share = min(1.0, *(available[label] / wanted[label] for label in wanted))
        mix = {label: int(share * count) for label, count in wanted.items()}
        held_out = real_held_out(ground, real, 0)
        first = dealt(held_out.asked, mix)[0]
        shown = Images(single(held_out.images[first]), held_out.asked[first])
        return cls(Yardstick.of(real, shown, len(first)), mix)


def dealt(asked, mix):
    """Return the images of each part: as many as there are parts with so many of each class."""
    rows = {label: np.flatnonzero(asked == label) for label in mix}
    parts = min(len(rows[label]) // count for label, count in mix.items())
    return [
        np.sort(np.concatenate([rows[label][k * count : (k + 1) * count] for label, count in mix.items()]))
        for k in range(parts)
    ]


def measured(split, title, seeds, replicates):
    """Return the figures of the images of some seeds."""
    yardstick = split.yardstick
    parts, points, features, grain = [], [], [], []
    real, part = yardstick.real, yardstick.count
    for one in seeds:
        pixels, pieces = single(one.images), dealt(one.asked, split.mix)
        parts += [yardstick.measure(title, pixels[piece], one.asked[piece]) for piece in pieces]
        together = np.concatenate(pieces)
        points.append((yardstick.space.project(pixels[together]), one.asked[together]))
        features.append((yardstick.judge.features(pixels[together]), one.asked[together]))
        grain.append(grain_of(pixels, real.reference.pixels, real.shape))
    distances = {
        name: None
        if name in yardstick.withheld
        else frechet_estimate(found, (to, real.reference.labels), part=part, replicates=replicates)
        for name, found, to in (
            ("frechet_components", points, yardstick.points),
            ("frechet_features", features, yardstick.features),
        )
    }
    heat = [one.heat for one in seeds if one.heat is not None]
    return Row(
        title,
        distances["frechet_components"],
        distances["frechet_features"],
        {name: _mean([getattr(one, name) for one in parts]) for name in AVERAGED},
        float(np.mean(grain)),
        (float(np.mean(heat)), float(np.mean([one.std(ddof=1) for one in heat]))) if heat else None,
    )


def _mean(values):
    return None if None in values else float(np.mean(values))


def moments(ground, rows, most=BANDS):
    """Return how the moments of rows differ from those of the row of memories, learned images shown alike.

    Of each class: the square of the distance of means over the variance of the memories, and the variance in their
    first principal components, in the next ones and in the rest, over that of the memories. Summed over classes.
    """
    bands = [slice(0, most[0]), slice(most[0], most[1]), slice(most[1], None)]
    found = {name: np.zeros(4) for name in rows}
    total = np.zeros(4)
    for label in ground.classes:
        of = {name: np.concatenate([one.images[one.asked == label] for one in seeds]) for name, seeds in rows.items()}
        center = of["memories"].mean(axis=0)
        _, values, directions = np.linalg.svd(of["memories"] - center, full_matrices=False)
        real = values**2 / (len(of["memories"]) - 1)
        total += [real.sum(), *(real[band].sum() for band in bands)]
        for name, images in of.items():
            variances = ((images - images.mean(axis=0)) @ directions.T).var(axis=0, ddof=1)
            between = ((images.mean(axis=0) - center) ** 2).sum()
            found[name] += [between, *(variances[band].sum() for band in bands)]
    return {name: (values / total).tolist() for name, values in found.items()}
