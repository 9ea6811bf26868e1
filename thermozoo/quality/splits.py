"""Which real images serve for what: no image serves twice."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Splits", "splits"]

Integers = npt.NDArray[np.integer[Any]]
Indices = npt.NDArray[np.intp]

#: Images at most: real held-out ones, those that distances are measured to, those that the judge learns from.
_HELD_OUT, _REFERENCE, _JUDGE = 500, 1500, 5000


@attrs.frozen(eq=False)
class Splits:
    """Disjoint sets of a data set's images, as indices.

    Those of `reference` and `held_out` are dealt class by class: any first part of them holds all classes alike, as far
    as there are images.

    Parameters
    ----------
    pool : ndarray of int
        Images that a computer may learn.
    reference : ndarray of int
        Images to which distances are measured.
    held_out : ndarray of int
        Real images that are measured as outputs are.
    judge : ndarray of int
        Images that the judge learns from, of all classes.
    """

    pool: Indices
    reference: Indices
    held_out: Indices
    judge: Indices


def splits(
    labels: Integers,
    *,
    classes: tuple[int, ...] | None = None,
    seen: Indices | None = None,
    unusable: npt.NDArray[np.bool_] | None = None,
) -> Splits:
    """Return disjoint sets of a data set's images.

    In the order of the data set, the first quarter may be learned, distances are measured in the second, and the judge
    learns from the second half. Of 10,000 MNIST images: 0 to 2,499; 2,500 to 4,999; 5,000 to 9,999. Where the order
    leaves a class out of a quarter, every class is divided so.

    Parameters
    ----------
    labels : ndarray of int, shape (images,)
        Their classes.
    classes : tuple of int, optional
        Classes that distances are measured in; all unless given.
    seen : ndarray of int, optional
        Images that a computer has learned: they are the pool and in no other set. What they leave of the first quarter
        is used for distances where the second holds too few. Where they leave hardly anything of both, the rest of all
        images is halved.
    unusable : ndarray of bool, shape (images,), optional
        Images that belong to no set.
    """
    place = _places(labels)
    order = np.argsort(place, kind="stable")
    quarter = np.floor(4 * place).astype(int)
    free = np.ones(len(labels), dtype=bool) if unusable is None else ~unusable
    if seen is None:
        pool = order[free[order] & (quarter[order] == 0)]
    else:
        pool = np.asarray(seen, dtype=np.intp)
        free[pool] = False
    judge = order[free[order] & (quarter[order] >= 2)][:_JUDGE]
    usual = order[free[order] & (quarter[order] == 1)]
    spare = order[free[order] & (quarter[order] == 0)] if seen is not None else order[:0]
    if len(usual) + len(spare) < free.sum() // 4:
        rest = order[free[order]]
        usual, spare, judge = rest[: len(rest) // 2], rest[:0], rest[len(rest) // 2 :][:_JUDGE]
    among = np.unique(labels) if classes is None else np.unique(classes)
    held_out, reference = [], []
    for label in among:
        found = np.concatenate([one[labels[one] == label] for one in (usual, spare)])
        first = min(-(-_HELD_OUT // len(among)), len(found) // 2)
        held_out.append(found[:first])
        reference.append(found[first : first + -(-_REFERENCE // len(among))])
    return Splits(pool=pool, reference=_dealt(reference), held_out=_dealt(held_out), judge=judge)


def _places(labels: Integers) -> npt.NDArray[np.float64]:
    """Return where in the data set every image stands, from 0 to below 1; in its class where classes are not mixed."""
    whole = np.arange(len(labels)) / max(1, len(labels))
    within = np.empty(len(labels))
    mixed = True
    for label in np.unique(labels):
        found = np.flatnonzero(labels == label)
        within[found] = np.arange(len(found)) / len(found)
        share = np.histogram(whole[found], bins=4, range=(0.0, 1.0))[0] / len(found)
        mixed &= bool(share.min() > 0.125)
    return whole if mixed else within


def _dealt(by_class: list[Indices]) -> Indices:
    """Return the first of every class, then the second of every class, and so on."""
    ranks = np.concatenate([np.arange(len(one)) for one in by_class])
    return np.concatenate(by_class)[np.argsort(ranks, kind="stable")]
