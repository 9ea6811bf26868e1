"""Checks of an encoding: shapes, numbers, sizes, randomness, labels, what it keeps and gives to the protocol."""

from __future__ import annotations

import re
from typing import Any

import attrs
import numpy as np

from thermozoo.dynamics.counter_random import CounterRandom
from thermozoo.errors import DataError, ShapeError
from thermozoo.interfaces import Images, Labels
from thermozoo.interfaces.tree import values_of, with_values
from thermozoo.testing.checks.common import documented  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured
from thermozoo.testing.missing import refuses_missing_files
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.side_effects import watched
from thermozoo.testing.strategies import parameter_values

__all__ = ["CLASSES", "IMAGES", "PIXELS"]

#: What is encoded: so many images of so many pixels, in turn of one class and the next.
IMAGES, PIXELS, CLASSES = 40, 49, 2

#: Sizes that are tried where an encoding takes any: fewer and more units than pixels.
_SIZES = (1, 7, PIXELS, 2 * PIXELS + 1)


@attrs.frozen
class _Case:
    """What an encoding is called with."""

    images: Images
    labels: Labels

    def random(self, context: Context, group: int = 1) -> CounterRandom:
        """Return random numbers that are the same at every call."""
        return CounterRandom(context.key("encoding"), group)

    def signals(self, context: Context, size: int, plugin: Any = None) -> Any:
        """Return what `encode` returns."""
        plugin = context.plugin if plugin is None else plugin
        return plugin.encode(self.images, self.labels, size, self.random(context))


def _case(context: Context, purpose: str = "images") -> _Case:
    """Return images of zero mean and unit variance, of one class like each other, and labels from zero."""
    labels = np.arange(IMAGES) % CLASSES
    common = context.rng("classes").standard_normal((CLASSES, PIXELS))
    images = common[labels] + context.rng(purpose).standard_normal((IMAGES, PIXELS))
    images = (images - images.mean(axis=1, keepdims=True)) / images.std(axis=1, keepdims=True)
    return _Case(images, labels)


def _sizes(context: Context, case: _Case) -> tuple[int, ...]:
    """Return the sizes that a plugin takes: the one that it needs, or those of some that it does not refuse."""
    needed = context.plugin.units(case.images, case.labels)
    if needed is not None:
        if isinstance(needed, bool) or not isinstance(needed, int | np.integer) or needed < 1:
            raise CheckFailed(f"units() returned {needed!r}; expected a whole number of 1 or more, or None for any")
        return (int(needed),)
    found, refusal = [], ""
    for size in _SIZES:
        try:
            case.signals(context, size)
        except ShapeError as error:
            refusal = str(error)
        else:
            found.append(size)
    if not found:
        raise CheckFailed(
            f"units() says that it takes any number of units, but it refuses all of {', '.join(map(str, _SIZES))}; of "
            f"the last it says: {refusal}"
        )
    return tuple(found)


def _checked(signals: Any, shape: tuple[int, ...], what: str) -> Any:
    if not isinstance(signals, np.ndarray) or signals.dtype.kind != "f" or signals.shape != shape:
        kind = (
            f"{signals.dtype} of shape {signals.shape}" if isinstance(signals, np.ndarray) else type(signals).__name__
        )
        raise CheckFailed(f"encode() returned {kind} for {what}; expected an array of floats of shape {shape}")
    return signals


@check("encoding", claim="The signals of n images on a group of N units are floats of shape (n, N).")
def shapes(context: Context) -> Measured:
    """Encode on groups of several sizes, or of the one that is needed."""
    case = _case(context)
    sizes = _sizes(context, case)
    for size in sizes:
        _checked(case.signals(context, size), (IMAGES, size), f"{IMAGES} images on {size} units")
    detail = f"{IMAGES} images on {', '.join(map(str, sizes))} units"
    return Measured("arrays of another shape", 0, 0, 0, detail=detail)


@check(
    "encoding",
    claim="Every signal is a finite number, over the whole of the declared bounds of its parameters.",
    needs=("shapes",),
)
def finite(context: Context) -> Measured:
    """Encode with drawn parameters; that some cannot be had for these images, an encoding may say with a DataError."""
    case = _case(context)
    refused = 0

    def claim(values: dict[str, float]) -> None:
        nonlocal refused
        plugin = with_values(context.plugin, values)
        try:
            signals = np.asarray(case.signals(context, _sizes(context, case)[-1], plugin))
        except DataError:
            refused += 1
            return
        bad = np.argwhere(~np.isfinite(signals))
        if len(bad):
            image, unit = map(int, bad[0])
            raise CheckFailed(
                f"the signal of image {image} on unit {unit} is {signals[image, unit]}", {"parameters": values}
            )

    claim(values_of(context.plugin))
    tried = for_all(parameter_values(context.plugin), claim, seed=context.integer("finite"), examples=15)
    detail = f"{tried + 1} settings" + f", {refused} refused for these images" * bool(refused)
    return Measured("encodings with a signal that is none", 0, 0, 0, detail=detail)


@check(
    "encoding",
    claim="A group of another size than it needs is refused, with an error that says the size.",
    needs=("shapes",),
)
def sizes(context: Context) -> Measured:
    """Encode on one unit more and on one unit less."""
    case = _case(context)
    needed = context.plugin.units(case.images, case.labels)
    if needed is None:
        raise DoesNotApply("it takes groups of any size")
    for size in (needed + 1, needed - 1, 2 * needed + 3):
        try:
            case.signals(context, size)
        except ShapeError as error:
            if not re.search(rf"\b{needed}\b", str(error)):
                raise CheckFailed(
                    f"the error for {size} units does not say that {needed} are needed: {error}"
                ) from error
        except Exception as error:
            raise CheckFailed(
                f"{size} units where {needed} are needed raise {type(error).__name__}: {error}; expected "
                "thermozoo.errors.ShapeError, as self.check_size(size, self.units(images, labels)) raises it"
            ) from error
        else:
            raise CheckFailed(
                f"it needs {needed} units, and encodes on {size} without an error; begin with "
                "self.check_size(size, self.units(images, labels))",
                {"size": size},
            )
    return Measured("sizes that are taken and not needed", 0, 0, 0, detail=f"it needs {needed}")


@check(
    "encoding",
    claim="The same images, labels and random numbers give the same signals, bit for bit; nothing else is random.",
    needs=("shapes",),
)
def repeatable(context: Context) -> Measured:
    """Encode twice, and look at the global random states."""
    case = _case(context)
    size = _sizes(context, case)[-1]
    with watched() as seen:
        first = case.signals(context, size)
    second = case.signals(context, size)
    if seen.changed:
        raise CheckFailed(
            f"encode() draws from the global random state of {seen.changed[0]}: take all random numbers from the "
            "argument `random`"
        )
    if not np.array_equal(first, second):
        raise CheckFailed(
            "a second call with the same random numbers gives other signals: take all randomness from the argument "
            "`random`"
        )
    return Measured("signals that differ", 0, 0, 0, detail=f"{first.size} signals")


@check("encoding", claim="Images and labels stay as they are.", needs=("shapes",))
def inputs_unchanged(context: Context) -> Measured:
    """Call every method with copies, and compare."""
    case, given = _case(context), _case(context)
    size = _sizes(context, given)[-1]
    signals = given.signals(context, size)
    plugin = context.plugin
    plugin.keep(given.images, given.labels)
    plugin.protocol_values(given.images, given.labels, size)
    if isinstance(signals, np.ndarray) and np.shares_memory(signals, given.images):
        raise CheckFailed("encode() returned a view of the images: who changes the signals changes them; return a copy")
    for what in ("images", "labels"):
        if not np.array_equal(getattr(case, what), getattr(given, what)):
            raise CheckFailed(f"it changed the {what} that it was given; work on a copy")
    return Measured("arrays that were changed", 0, 0, 0)


@check(
    "encoding", claim="Labels may be any integers: large ones, negative ones, with gaps.", needs=("shapes", "finite")
)
def labels(context: Context) -> Measured:
    """Encode the same images under other labels."""
    case = _case(context)
    tried = [(-3, 70_000), (70_000, -3), (8, 9)]
    for values in tried:
        other = attrs.evolve(case, labels=np.array(values)[case.labels])
        size = _sizes(context, other)[-1]
        try:
            signals = other.signals(context, size)
        except Exception as error:
            raise CheckFailed(f"labels {values} raise {type(error).__name__}: {error}", {"labels": values}) from error
        if not np.isfinite(_checked(signals, (IMAGES, size), f"labels {values}")).all():
            raise CheckFailed(f"labels {values} give signals that are no finite numbers", {"labels": values})
    return Measured("labels that it does not take", 0, 0, 0, detail=f"{len(tried)} sets of labels")


@check(
    "encoding",
    claim="If it claims by_label, its signals depend on the label alone.",
    needs=("shapes", "repeatable"),
)
def by_label(context: Context) -> Measured:
    """Encode other images under the same labels, and compare images of one class."""
    if not context.cls.by_label:
        raise DoesNotApply("it does not claim by_label")
    case, other = _case(context), _case(context, "other images")
    size = _sizes(context, case)[-1]
    signals = case.signals(context, size)
    for label in np.unique(case.labels):
        own = signals[case.labels == label]
        if not (own == own[0]).all():
            raise CheckFailed(f"it claims by_label, but images of class {label} have different signals")
    if not np.array_equal(signals, other.signals(context, size)):
        raise CheckFailed("it claims by_label, but other images of the same labels have other signals")
    return Measured("signals that depend on the image", 0, 0, 0, detail=f"{CLASSES} classes")


@check(
    "encoding",
    claim="The images that it keeps are numbers of images, each once and in order, and at least one.",
    needs=("shapes",),
)
def keep(context: Context) -> Measured:
    """Ask twice."""
    case = _case(context)
    kept = context.plugin.keep(case.images, case.labels)
    if not isinstance(kept, np.ndarray) or kept.ndim != 1 or kept.dtype.kind not in "iu" or not kept.size:
        kind = f"{kept.dtype} of shape {kept.shape}" if isinstance(kept, np.ndarray) else type(kept).__name__
        raise CheckFailed(f"keep() returned {kind}; expected an array of one or more numbers of images")
    if kept.min() < 0 or kept.max() >= IMAGES or (np.diff(kept) <= 0).any():
        raise CheckFailed(
            f"keep() returned {kept[:8].tolist()}{'...' * (len(kept) > 8)} of {IMAGES} images; expected numbers from 0 "
            f"to {IMAGES - 1}, each once and in order"
        )
    if not np.array_equal(kept, context.plugin.keep(case.images, case.labels)):
        raise CheckFailed("keep() returns other images when it is asked again")
    return Measured("images kept that are none", 0, 0, 0, detail=f"{len(kept)} of {IMAGES} images")


@check(
    "encoding",
    claim="Values for the protocol have a name and are finite numbers, one for each unit.",
    needs=("shapes",),
)
def protocol_values(context: Context) -> Measured:
    """Ask for groups of several sizes, or of the one that is needed."""
    case = _case(context)
    names: set[str] = set()
    for size in _sizes(context, case):
        for name, values in context.plugin.protocol_values(case.images, case.labels, size).items():
            if not (isinstance(name, str) and name.isidentifier()):
                raise CheckFailed(f"protocol_values() names a parameter {name!r}; expected the name of a parameter")
            array = np.asarray(values)
            if array.shape != (size,) or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
                raise CheckFailed(
                    f"protocol_values() gives {name!r} as {array.dtype} of shape {array.shape} for {size} units; "
                    f"expected finite numbers of shape ({size},)"
                )
            names.add(name)
    return Measured("values that are none", 0, 0, 0, detail=f"parameters: {', '.join(sorted(names)) or 'none'}")


@check("encoding", claim="Files that are missing give one clear error that names the file.")
def missing_data(context: Context) -> Measured:
    """Point every setting called path, folder or file at an empty folder."""
    case = _case(context)
    return refuses_missing_files(context, lambda plugin: case.signals(context, 1, plugin), "encode")
