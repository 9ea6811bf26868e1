r"""Error bars of Frechet distances, by drawing again from what was measured.

A distance of samples depends on their numbers: for points of the same distribution, n and m of them, it is not zero but

.. math:: \langle d^2 \rangle \approx \left(\frac1n + \frac1m\right) \left(\tfrac54 \sum_i a_i
    + \tfrac12 \sum_{ij} \frac{a_i a_j}{a_i + a_j}\right)

for a Gaussian with eigenvalues a_i of its covariance. Sets of points are therefore compared in parts of the same
number, whose distances are averaged. What is drawn again are all points of a class from the points of that class,
since the classes of outputs are asked for and not drawn, and the real points as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.errors import ShapeError
from thermozoo.quality.frechet import distance_of_moments, frechet_distance, moments

__all__ = ["Estimate", "drawn_again", "frechet_estimate"]

Array = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]
Indices = npt.NDArray[np.intp]


@attrs.frozen(eq=False)
class Estimate:
    """A figure, and what it would have been of points drawn again.

    Parameters
    ----------
    value : float
        Of the points that were measured.
    replicates : ndarray, shape (replicates,)
        Of points drawn again. What estimates share they share in each replicate as well.
    """

    value: float
    replicates: Array

    @property
    def error(self) -> float:
        """The standard error."""
        return float(self.replicates.std(ddof=1))

    def __sub__(self, other: Estimate) -> Estimate:
        """Return the difference: its error leaves out what both share, such as the real points."""
        return Estimate(self.value - other.value, self.replicates - other.replicates)


def drawn_again(labels: Integers, random: np.random.Generator) -> Indices:
    """Return as many indices, each of a random one with the same label: a bootstrap sample of every class."""
    found = np.empty(len(labels), dtype=np.intp)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        found[rows] = random.choice(rows, len(rows))
    return found


def frechet_estimate(
    samples: Sequence[tuple[Array, Integers]],
    reference: tuple[Array, Integers],
    *,
    part: int | None = None,
    replicates: int = 100,
    seed: int = 0,
) -> Estimate:
    """Return the mean squared Frechet distance of samples from a reference, with its bootstrap.

    Estimates with the same reference, replicates and seed draw the reference alike, so that their difference has the
    error of what differs.

    Parameters
    ----------
    samples : sequence of (ndarray, ndarray of int)
        Points of shape (n, d) and their classes, such as those of several seeds; distances are averaged over them.
    reference : (ndarray, ndarray of int)
        Points of shape (m, d) and their classes.
    part : int, optional
        Each sample is cut into parts of so many points, in their order, the rest left out, and distances are averaged
        over them; a sample with fewer points is one part. Whole samples unless given.
    replicates : int
        How often points are drawn again: the error is known to 1 in sqrt(2 replicates).
    seed : int
        Of the draws.

    Raises
    ------
    ShapeError
        When there is no sample, or points and classes are not as many.
    ParameterError
        When there are fewer than two replicates, or a part has fewer than two points.

    References
    ----------
    B. Efron, Ann. Statist. 7, 1 (1979). M. J. Chong and D. Forsyth, CVPR (2020), for the bias of finite samples.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo.quality import frechet_estimate
    >>> drawn = np.random.default_rng(0).standard_normal
    >>> real = drawn((400, 2)), np.zeros(400, dtype=int)
    >>> near, far = ((drawn((400, 2)) + [shift, 0.0], np.zeros(400, dtype=int)) for shift in (1.0, 2.0))
    >>> found = [frechet_estimate([one], real) for one in (near, far)]
    >>> [f"{one.value:.1f} +- {one.error:.1f}" for one in (*found, found[1] - found[0])]
    ['1.2 +- 0.1', '4.0 +- 0.3', '2.8 +- 0.3']
    """
    count("replicates", replicates, at_least=2)
    size = None if part is None else count("part", part, at_least=2)
    if not samples:
        raise ShapeError("samples: expected at least one pair of points and classes, got none")
    for points, labels in (*samples, reference):
        if np.ndim(points) != 2 or np.shape(labels) != (len(points),):
            raise ShapeError(
                f"expected points of shape (n, d) and one class for each, got {np.shape(points)} and {np.shape(labels)}"
            )
    real, real_labels = np.asarray(reference[0], dtype=np.float64), reference[1]
    cut = [(np.asarray(points, dtype=np.float64), labels, _parts(len(points), size)) for points, labels in samples]
    value = np.mean([np.mean([frechet_distance(points[one], real) for one in parts]) for points, _, parts in cut])
    found = np.empty(replicates)
    for k in range(replicates):
        # streams of their own: what is drawn of the reference does not depend on what is measured
        to = moments(real[drawn_again(real_labels, np.random.default_rng((seed, k, 0)))])
        random = np.random.default_rng((seed, k, 1))
        distances = []
        for points, labels, parts in cut:
            again = points[drawn_again(labels, random)]
            distances.append(np.mean([distance_of_moments(moments(again[one]), to) for one in parts]))
        found[k] = np.mean(distances)
    return Estimate(float(value), found)


def _parts(points: int, size: int | None) -> list[slice]:
    """Return parts of so many points, in their order; all of them where they are fewer."""
    if size is None or size >= points:
        return [slice(0, points)]
    return [slice(first, first + size) for first in range(0, points - size + 1, size)]
