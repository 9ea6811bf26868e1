"""Rows that are computers: that of the recipe, one of pixels alone, coupled all to all, and trials."""

from __future__ import annotations

import copy
import time

import attrs
import numpy as np

from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import Dynamics
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.engine import engine_of
from thermozoo.runs.generation import generate
from thermozoo.runs.training import train
from thermozoo.training.noising import Noising

from .rows import Shown
from .trials import TRIALS, imposed

#: Programs of a class are numbered from so many times its label.
_PROGRAMS = 100


@attrs.frozen(eq=False)
class Trained:
    """A machine with a trained program for each class, or more than one.

    Parameters
    ----------
    machine : Machine
        Untrained.
    laws : dict of int to Dynamics
        The laws of motion of generation: by class, or `_PROGRAMS` times the class and the number of the program.
    engine : Engine
        What advances states.
    seconds : float
        Wall time of training.
    shares : dict of int to ndarray, optional
        Of each class that has several programs: the share of its images that each has learned.
    """

    machine: object
    laws: dict[int, Dynamics]
    engine: object
    seconds: float
    shares: dict[int, np.ndarray] = attrs.field(factory=dict)

    def made(self, ground, seed):
        """Return what a seed gives: states at the end, shape (outputs, units), and the heat of each [kT].

        Where a class has several programs, which one makes an output is drawn, as often as it has images.
        """
        asked = ground.asked.copy()
        random = np.random.default_rng((seed, 400))
        for label, shares in self.shares.items():
            rows = np.flatnonzero(ground.asked == label)
            asked[rows] = _PROGRAMS * label + random.choice(len(shares), len(rows), p=shares)
        found = generate(
            self.laws, self.machine.generating, ground.outputs, seed=seed, engine=self.engine, condition=asked
        )
        return found.final, found.ledger.total / self.machine.computer.temperature


def shown_by(ground, states, heat):
    """Return the pixels of states as a row; they come first."""
    return Shown(states[:, : ground.images[0].size], ground.asked, heat)


def merged(tables, changed):
    """Return nested tables with others laid over them: tables are merged key by key, all else is replaced."""
    both = {k: merged(tables[k], v) if isinstance(v, dict) and k in tables else v for k, v in changed.items()}
    return copy.deepcopy(tables) | both


def tables_of(ground, name, changed=None):
    """Return the tables of a computer: the recipe, what of it is about pixels, or what is other in a trial.

    What is `changed` is laid over them.
    """
    tables, trial = ground.recipe(1), TRIALS.get(name)
    if trial is not None:
        tables = merged(tables, trial.tables)
    if name == "pixels" or (trial is not None and trial.pixels_alone):
        tables["computer"] |= {
            "units": {"visible": tables["computer"]["units"]["visible"]},
            "trainable_biases": ["visible"],
            "connectivity": {"plugin": "dense"},
        }
        del tables["encoding"]["hidden"], tables["noising"]["hidden"], tables["training"]["weights"]
    return merged(tables, changed or {})


def trained(ground, name, changed=None):
    """Train a computer, class by class; no seed enters. For `changed` see `tables_of`."""
    start = time.monotonic()
    tables = tables_of(ground, name, changed)
    machine = assemble_machine(parse(tables, catalogue(), Origin(name)))
    engine = engine_of(machine)
    programs = TRIALS[name].programs if name in TRIALS else None

    def law(part):
        return attrs.evolve(machine.generating, computer=train(part, engine, "exact").program)

    laws, shares = {}, {}
    for label in np.unique(ground.classes).tolist():
        part = machine.part(label)
        if programs is None:
            laws[label] = law(part)
            continue
        shown = programs(ground, tables, label)
        shares[label] = np.array([len(one.visible) for one in shown]) / sum(len(one.visible) for one in shown)
        for number, one in enumerate(shown):
            signals = np.hstack([one.visible, one.hidden])
            noising = Noising(part.noising.dynamics, signals, imposed(machine, tables, one))
            laws[_PROGRAMS * label + number] = law(attrs.evolve(part, noising=noising))
    return Trained(machine, laws, engine, time.monotonic() - start, shares)
