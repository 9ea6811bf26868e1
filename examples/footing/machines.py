"""Rows that are computers: that of the recipe, and one of pixels alone, coupled all to all."""

from __future__ import annotations

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

from .rows import Shown


@attrs.frozen(eq=False)
class Trained:
    """A machine with a trained program for each class.

    Parameters
    ----------
    machine : Machine
        Untrained.
    laws : dict of int to Dynamics
        The laws of motion of generation, by class.
    engine : Engine
        What advances states.
    seconds : float
        Wall time of training.
    """

    machine: object
    laws: dict[int, Dynamics]
    engine: object
    seconds: float

    def made(self, ground, seed):
        """Return what a seed gives: states at the end, shape (outputs, units), and the heat of each [kT]."""
        found = generate(
            self.laws, self.machine.generating, ground.outputs, seed=seed, engine=self.engine, condition=ground.asked
        )
        return found.final, found.ledger.total / self.machine.computer.temperature


def shown_by(ground, states, heat):
    """Return the pixels of states as a row; they come first."""
    return Shown(states[:, : ground.images[0].size], ground.asked, heat)


def tables_of(ground, name):
    """Return the tables of a computer: the recipe, or what of it is about pixels."""
    tables = ground.recipe(1)
    if name == "pixels":
        tables["computer"] |= {
            "units": {"visible": tables["computer"]["units"]["visible"]},
            "trainable_biases": ["visible"],
            "connectivity": {"plugin": "dense"},
        }
        del tables["encoding"]["hidden"], tables["noising"]["hidden"], tables["training"]["weights"]
    return tables


def trained(ground, name):
    """Train a computer, class by class; no seed enters."""
    start = time.monotonic()
    machine = assemble_machine(parse(tables_of(ground, name), catalogue(), Origin(name)))
    engine = engine_of(machine)
    laws = {
        label: attrs.evolve(machine.generating, computer=train(machine.part(label), engine, "exact").program)
        for label in np.unique(ground.classes).tolist()
    }
    return Trained(machine, laws, engine, time.monotonic() - start)
