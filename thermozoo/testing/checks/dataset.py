"""Checks of a data set: shapes, range, scaling, labels, determinism, missing data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.errors import kind_of_values
from thermozoo.testing.checks.common import documented  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured
from thermozoo.testing.missing import refuses_missing_files
from thermozoo.testing.outcomes import CheckFailed
from thermozoo.testing.registry import check

Array = npt.NDArray[Any]

#: Images that are looked at one by one.
SEEN = 2000


def _loaded(context: Context) -> tuple[Array, Array]:
    """Return images and labels, loaded once a context; a DataError passes and means: not run."""
    kept = vars(context).get("_loaded")
    if kept is None:
        kept = context.plugin.load()
        vars(context)["_loaded"] = kept
    if not (isinstance(kept, tuple) and len(kept) == 2):
        raise CheckFailed(f"load() returned {type(kept).__name__}; expected a pair: images and labels")
    return np.asarray(kept[0]), np.asarray(kept[1])


@check("dataset", claim="Images are numbers of shape (n, height, width), and there is one label for each.")
def shapes(context: Context) -> Measured:
    """Look at dimensions and types."""
    images, labels = _loaded(context)
    if images.ndim != 3 or images.dtype.kind != "f" or 0 in images.shape:
        raise CheckFailed(
            f"images have shape {images.shape} and type {images.dtype}; expected floats of shape (n, height, width)"
        )
    if labels.shape != images.shape[:1]:
        raise CheckFailed(f"labels have shape {labels.shape} for {len(images)} images")
    detail = f"{images.shape[1]} x {images.shape[2]} pixels"
    return Measured("labels", len(labels), len(images), 0, detail=detail)


@check("dataset", claim="Every pixel is a number from 0 to 1.", needs=("shapes",))
def pixel_range(context: Context) -> Measured:
    """Look at the extremes."""
    images, _ = _loaded(context)
    if not (np.isfinite(images).all() and images.min() >= 0 and images.max() <= 1):
        bad = int(np.argmax((~np.isfinite(images) | (images < 0) | (images > 1)).any(axis=(1, 2))))
        raise CheckFailed(
            f"image {bad} has pixels from {images[bad].min():g} to {images[bad].max():g}; expected 0 to 1",
            {"image": bad},
        )
    detail = f"pixels from {images.min():g} to {images.max():g}"
    return Measured("pixels outside 0 to 1", 0, 0, 0, detail=detail)


@check("dataset", claim="Every image can be scaled to zero mean and unit variance.", needs=("pixel-range",))
def scaling(context: Context) -> Measured:
    """Scale them: an image of one gray has no variance."""
    images, _ = _loaded(context)
    flat = images[:SEEN].reshape(len(images[:SEEN]), -1)
    spread = flat.std(axis=1)
    if not (spread > 1e-9).all():
        bad = int(np.argmin(spread))
        raise CheckFailed(f"image {bad} is of one gray: it has no variance to scale", {"image": bad})
    scaled = (flat - flat.mean(axis=1, keepdims=True)) / spread[:, None]
    worst = max(float(np.abs(scaled.mean(axis=1)).max()), float(np.abs(scaled.var(axis=1) - 1).max()))
    return Measured("distance from zero mean and unit variance", worst, 0.0, 1e-6).require(
        f"scaled images are off zero mean and unit variance by {worst:.2g}"
    )


@check(
    "dataset",
    claim="Labels are whole numbers from 0, and no class between the smallest and largest is empty.",
    needs=("shapes",),
)
def labels(context: Context) -> Measured:
    """Count them."""
    _, found = _loaded(context)
    if found.dtype.kind not in "iu":
        raise CheckFailed(f"labels are {kind_of_values(found.dtype)}; expected whole numbers from 0")
    if found.min() < 0:
        raise CheckFailed(f"labels go from {found.min()}; expected whole numbers from 0")
    counts = np.bincount(found)
    first = int(found.min())
    if (counts[first:] == 0).any():
        raise CheckFailed(f"no image has the label {first + int(np.argmin(counts[first:]))}", {"counts": counts})
    return Measured("empty classes", 0, 0, 0, detail=f"{np.count_nonzero(counts)} classes")


@check("dataset", claim="Loading twice gives the same images in the same order.", needs=("shapes",))
def repeatable(context: Context) -> Measured:
    """Load again."""
    images, found = _loaded(context)
    again, labels_again = context.plugin.load()
    if not (np.array_equal(images, again) and np.array_equal(found, labels_again)):
        raise CheckFailed("a second load gives other images or another order")
    return Measured("images that differ", 0, 0, 0, detail=f"{len(images)} images")


@check("dataset", claim="Data that are missing give one clear error that names the folder.")
def missing_data(context: Context) -> Measured:
    """Point every setting called path, folder or file at an empty folder."""
    return refuses_missing_files(context, lambda plugin: plugin.load(), "load")
