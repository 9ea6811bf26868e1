"""Computers that differ from the recipe in one thing each: what was tried, whether it helped or not.

Most are a change of tables. Some give a class other signals, more than one program, or hidden units of several parts:
these say what each program is shown.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import attrs
import numpy as np

import thermozoo as tz
from thermozoo.quality.components import principal_components
from thermozoo.training.noising import Imposed

from .codes import added_up

#: Components in which the images of a class are told apart where it has several styles.
_COMPONENTS = 20


@attrs.frozen(eq=False)
class Shows:
    """What a program is shown.

    Parameters
    ----------
    visible, hidden : ndarray, shapes (images, pixels) and (images, hidden units)
        Signals.
    ramps : list of (slice, float, float)
        Hidden units, and `fade` and `width` of the protocol that imposes their signals.
    """

    visible: np.ndarray
    hidden: np.ndarray
    ramps: list[tuple[slice, float, float]]


@attrs.frozen(eq=False)
class Trial:
    """A computer that was tried.

    Parameters
    ----------
    title : str
        What is other than in the recipe.
    tables : dict
        What is other in its tables, nested as they are.
    programs : callable, optional
        Takes the ground, the tables and a class, and returns what each of its programs is shown; without it there is
        one, as the tables say.
    pixels_alone : bool
        Whether there are no hidden units, and all pixels are coupled to all.
    """

    title: str
    tables: dict = attrs.field(factory=dict)
    programs: Callable[..., list[Shows]] | None = None
    pixels_alone: bool = False


def ink_of(ground, label):
    """Return the signals of the learned images of a class before they are emphasized."""
    return ground.signals[ground.learned.labels == label]


def _emphasized(tables, ink):
    """Return signals as the recipe emphasizes them."""
    gain = tables["encoding"]["visible"]["gain"]
    return tz.get("emphasis", gain=gain, of=tz.get("encoding:image")).encode(ink, None, ink.shape[1], None)


def _features(ink, count):
    """Return binary features of signals, -1 and +1."""
    found = tz.get("binary-features", features=count, scale=1.0, of=tz.get("encoding:image"))
    return found.encode(ink, None, count, None)


def _copied(tables, features):
    given = tables["encoding"]["hidden"]
    return given["scale"] * np.repeat(features, given["copies"], axis=1)


def _all(tables, units):
    """Return that all hidden units are decided together, as the recipe says."""
    hidden = tables["noising"]["hidden"]
    return [(slice(0, units), hidden["fade"], hidden["width"])]


def _styles_of(ink, count):
    """Return which of so many clusters of its class each image is in."""
    from sklearn.cluster import KMeans

    points = principal_components(ink, _COMPONENTS).project(ink)
    return KMeans(count, n_init=10, random_state=0).fit(points).labels_


def _styles(count, ground, tables, label):
    """Return a program for each style of a class, with features and a mean of its own."""
    ink, shown = ink_of(ground, label), []
    style = _styles_of(ink, count)
    for number in range(count):
        own = ink[style == number]
        hidden = _copied(tables, _features(own, tables["encoding"]["hidden"]["features"]))
        shown.append(Shows(_emphasized(tables, own), hidden, _all(tables, hidden.shape[1])))
    return shown


def _gated(leaves, leaf_copies, off, ground, tables, label):
    """Return one program with units for each style, and features of each style that are off in all others.

    A feature is +S or -S where its style is on, and `off` times -S where it is not.
    """
    ink, given = ink_of(ground, label), tables["encoding"]["hidden"]
    style = _styles_of(ink, leaves)
    units = given["features"] * given["copies"] - leaves * leaf_copies
    count = units // (leaves * given["copies"])
    features, visible = np.full((len(ink), leaves, count), -off), np.empty_like(ink)
    for number in range(leaves):
        rows = style == number
        features[rows, number] = _features(ink[rows], count)
        visible[rows] = _emphasized(tables, ink[rows])
    on = np.where(style[:, None] == np.arange(leaves), 1.0, -1.0)
    first = leaves * leaf_copies
    hidden = np.hstack(
        [given["scale"] * np.repeat(on, leaf_copies, axis=1), _copied(tables, features.reshape(len(ink), -1))]
    )
    return [Shows(visible, hidden, [(slice(0, first), 0.97, 0.2), (slice(first, hidden.shape[1]), 0.75, 0.35)])]


def _staged(stages, first, last, width, ground, tables, label):
    """Return one program whose features are decided in stages, those first that add most."""
    ink, given = ink_of(ground, label), tables["encoding"]["hidden"]
    features = _features(ink, given["features"])
    _, added = added_up(features, ink, tz.get("binary-features").ridge)
    strength = (added**2).sum(axis=1) * features.var(axis=0)
    hidden = _copied(tables, features[:, np.argsort(-strength)])
    size = hidden.shape[1] // stages
    ramps = [(slice(k * size, (k + 1) * size), f, width) for k, f in enumerate(np.linspace(first, last, stages))]
    return [Shows(_emphasized(tables, ink), hidden, ramps)]


def _continuous(ground, tables, label):
    """Return one program whose hidden units are shown principal coordinates of signals, over their deviations."""
    ink, given = ink_of(ground, label), tables["encoding"]["hidden"]
    space = principal_components(ink, given["features"])
    along = space.project(ink)
    hidden = _copied(tables, along / along.std(axis=0))
    return [Shows(_emphasized(tables, ink), hidden, _all(tables, hidden.shape[1]))]


def imposed(machine, tables, shows):
    """Return what imposes the signals of a program on pixels and hidden units."""
    amplitude = tables["noising"]["amplitude"]
    first = machine.computer.layout.slice("hidden").start
    pixels = (slice(-first, 0), tables["noising"]["fade"], tables["noising"]["width"])
    return [
        Imposed(
            tz.get("protocol:hold-ramp", amplitude=amplitude, fade=float(fade), width=float(width)),
            first + np.arange(units.start, units.stop),
        )
        for units, fade, width in (pixels, *shows.ramps)
    ]


def _hidden(**changed):
    return {"encoding": {"hidden": changed}}


#: What the recipe was before, by which some trials are one step away from it.
_BEFORE = {
    "dynamics": {"duration": 10.0},
    "encoding": {"visible": {"gain": 1.0}, "hidden": {"features": 32}},
    "noising": {"fade": 0.55, "width": 0.49, "hidden": {"width": 0.3}},
}

TRIALS = {
    "before": Trial("the recipe before", _BEFORE),
    "before-tolerance": Trial("before, solved to 0.0002", _BEFORE | {"training": {"tolerance": 2e-4}}),
    "before-48": Trial("before, 48 features", _BEFORE | {"encoding": {"visible": {"gain": 1.0}}}),
    "before-one-copy": Trial(
        "before, 48 features, one copy",
        _BEFORE | {"encoding": {"visible": {"gain": 1.0}, "hidden": {"copies": 1}}},
    ),
    "plain": Trial("gain 1", {"encoding": {"visible": {"gain": 1.0}}}),
    "gain-1.3": Trial("gain 1.3", {"encoding": {"visible": {"gain": 1.3}}}),
    "features-32": Trial("32 features", _hidden(features=32)),
    "features-64": Trial("64 features", _hidden(features=64)),
    "copies-2": Trial("two copies", _hidden(copies=2)),
    "short": Trial("duration 10", {"dynamics": {"duration": 10.0}}),
    "long": Trial("duration 40", {"dynamics": {"duration": 40.0}}),
    "continuous": Trial("48 principal coordinates instead of features", _hidden(scale=1.0), _continuous),
    "staged": Trial("features in 6 stages", programs=functools.partial(_staged, 6, 0.97, 0.75, 0.3)),
    "styles-2": Trial(
        "two programs a class, 40 features, gain 1.3",
        {"encoding": {"visible": {"gain": 1.3}, "hidden": {"features": 40}}},
        functools.partial(_styles, 2),
    ),
    "styles-4": Trial(
        "four programs a class, 24 features, gain 1.25",
        {"encoding": {"visible": {"gain": 1.25}, "hidden": {"features": 24}}},
        functools.partial(_styles, 4),
    ),
    # 2 x 4 units that say which style, and 2 x 32 features of 2 copies
    "gated": Trial(
        "two styles in one program, 32 features each",
        _hidden(features=68, copies=2),
        functools.partial(_gated, 2, 4, 1.0),
    ),
    "gated-off": Trial(
        "the same, features of the other style twice as far off",
        _hidden(features=68, copies=2),
        functools.partial(_gated, 2, 4, 2.0),
    ),
    "pixels-slow": Trial(
        "pixels alone, gain 1, over a duration of 80",
        {
            "dynamics": {"duration": 80.0},
            "encoding": {"visible": {"gain": 1.0}},
            "noising": {"fade": 0.9, "width": 0.85},
        },
        pixels_alone=True,
    ),
}
