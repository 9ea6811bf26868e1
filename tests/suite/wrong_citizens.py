"""Plugins of every kind that do what they should, and something beside."""

from __future__ import annotations

import locale
import os
import random
import sys
import warnings

import attrs
import numpy as np
import sympy
from wrong_others import residual, scale
from wrong_subjects import DOC, Wrong
from wrong_tasks import task

from thermozoo import (
    Connectivity,
    Dataset,
    Encoding,
    Engine,
    Imperfection,
    Integrator,
    Interaction,
    Objective,
    Potential,
    Projection,
    Protocol,
    option,
)
from thermozoo.dynamics.core_engines import ReferenceEngine
from thermozoo.dynamics.engines.reference import ReferenceStepper


def another_locale():
    """Set the locale of characters to one that it is not."""
    now = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C" if now != "C" else "C.UTF-8")


def made(interface, method, sound, beside, **more):
    """Return a plugin whose method does something beside what a sound one does."""

    def does_more(self, *given):
        beside()
        return sound(self, *given)

    members = {"__doc__": DOC, "name": "citizen", method: does_more, "__module__": __name__, **more}
    return attrs.frozen(type("Citizen", (interface,), members))


def _step(self, s):
    return s.x + s.mobility * s.force(s.x) * s.dt + sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()


def _pairs(self, layout):
    return np.array([(i, j) for i in range(layout.n) for j in range(i)], dtype=int).reshape(-1, 2)


def _load(self):
    rng = np.random.default_rng(1)
    return rng.random((20, 4, 4)), np.arange(20) % 2


def _mirror(self, images, labels, size, generator):
    return np.resize(images, (len(images), size)).copy()


@attrs.frozen
class Greedy(Connectivity):
    """Takes a group out of the layout that it is given."""

    name = "greedy"

    def edges(self, layout):
        found = _pairs(self, layout)
        layout.sizes.clear()
        return found


@attrs.frozen
class Forgetful(Connectivity):
    """Changes the list that it holds."""

    name = "forgetful"
    seen: list = option(attrs.Factory(list), doc="what it has seen")

    def edges(self, layout):
        self.seen.append(layout.n)
        return _pairs(self, layout)


class Overwriting(ReferenceStepper):
    """Does its steps in the states that it is given."""

    def begin(self, start, *rest, **options):
        batch = super().begin(start, *rest, **options)
        start.state().x[:] = 0.0
        return batch


@attrs.frozen
class InPlaceEngine(Engine):
    """The reference engine, which overwrites what it began from."""

    name = "in-place-engine"

    def prepare(self, dynamics):
        return Overwriting(dynamics)

    def available(self):
        return None


@attrs.frozen
class TalkingEngine(Engine):
    """The reference engine, which says when it is at work."""

    name = "talking-engine"

    def prepare(self, dynamics):
        print("at work")
        return ReferenceEngine().prepare(dynamics)

    def available(self):
        return None


def strict():
    np.seterr(all="raise")


def _strict_square(run, x):
    strict()
    return float((x**2).mean())


#: What a subject does, and the words by which its outcome names that.
SAID = {
    "prints": "prints to the standard output ('at work')",
    "NumPy's errors": "changes NumPy's handling of floating-point errors (numpy.seterr)",
    "NumPy's numbers": "changes the global random state of NumPy (numpy.random)",
    "NumPy's printing": "changes how NumPy prints (numpy.set_printoptions)",
    "Python's numbers": "changes the global random state of Python (random)",
    "warnings": "changes the warnings filters",
    "locale": "changes the locale",
    "environment": "changes environment variables",
    "folder": "changes the working folder",
    "path": "changes the search path of modules (sys.path)",
    "recursion": "changes the recursion limit",
    "given": "changes what it is given",
    "itself": "changes the plugin itself",
}

_MADE = {
    "prints": made(Potential, "energy", lambda self, x: x**4 + x**2, lambda: print("at work")),
    "locale": made(Protocol, "intensity", lambda self, t, tf: t / tf, another_locale),
    "warnings": made(Integrator, "step", _step, lambda: warnings.simplefilter("ignore")),
    "Python's numbers": made(Interaction, "energy", lambda self, x, y: x * y, random.random),
    "environment": made(
        Objective,
        "step_loss",
        lambda self, s: residual(s) ** 2 / scale(s),
        lambda: os.environ.update(THERMOZOO_CITIZEN="1"),
    ),
    "recursion": made(
        Projection,
        "energy",
        lambda self, s: -s.sum(s.z**2) / 2,
        lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 1),
    ),
    "NumPy's numbers": made(Connectivity, "edges", _pairs, lambda: np.random.seed(7)),
    "folder": made(Dataset, "load", _load, lambda: os.chdir("/")),
    "NumPy's printing": made(Encoding, "encode", _mirror, lambda: np.set_printoptions(precision=3)),
    "path": made(
        Imperfection, "stored", lambda self, values, generator: 2 * values, lambda: sys.path.append("/nowhere")
    ),
    "NumPy's errors": task("strict", result=_strict_square),
    "given": Greedy,
    "itself": Forgetful,
}

#: What else notices those that change what they are given or themselves; none has a docstring.
_ALSO = {"given": {"documented", "pairs"}, "itself": {"documented"}}

CITIZENS = [
    *(
        Wrong(f"{cls.kind}: {SAID[what]}", "side-effects", cls, also=_ALSO.get(what, set()))
        for what, cls in _MADE.items()
    ),
    Wrong("engine: prints", "side-effects", TalkingEngine, also={"documented", "batch-independence"}),
    Wrong(
        "engine: changes what it is given",
        "side-effects",
        InPlaceEngine,
        also={"documented", "batch-independence"},
    ),
]
