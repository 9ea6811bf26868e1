"""How many bytes a run folder will hold."""

from __future__ import annotations

import numpy as np

from thermozoo.computer.term import Term
from thermozoo.computer.terms import ProjectionTerm
from thermozoo.dynamics.engines import PRECISIONS
from thermozoo.plotting.animation import LIMIT
from thermozoo.runs.generated import SHOWN
from thermozoo.runs.generation import OBSERVATIONS
from thermozoo.runs.machine import Machine
from thermozoo.runs.setup import Setup

__all__ = ["predicted_disk"]

#: Bytes of figures and of the page that holds them again, in base 64.
_PICTURES = 1_500_000

#: Bytes of the animation for each unit of each frame, measured: 8.2 with 928 units in 51 frames, 7.8 with 786 in 5.
_ANIMATED = 8


def predicted_disk(machine: Machine | Setup) -> int:
    """Return about how many bytes the run folder will hold: couplings, states, ledger, pictures."""
    config, computer = machine.config, machine.computer
    couplings = computer.couplings.size * (8 if computer.couplings.blocks is not None else 24)
    terms = sum(_bytes(term) for term in computer.terms.values())
    if isinstance(machine, Setup):
        return int(couplings + terms + 50 * computer.n + config.task.disk(config, machine) + _PICTURES)
    itemsize = np.dtype(PRECISIONS[config.dynamics.precision]).itemsize
    states = (config.generation.samples + (OBSERVATIONS + 1) * SHOWN) * computer.n * itemsize
    ledger = 8 * config.generation.samples * (len(computer.term_names) * (OBSERVATIONS + 1) + 2)
    prototypes = machine.prototypes.images.nbytes
    animation = min(LIMIT, _ANIMATED * SHOWN * computer.n * min(OBSERVATIONS, config.generation_steps))
    return int(
        (couplings + terms) * config.training.windows * config.programs
        + states
        + ledger
        + prototypes
        + 50 * computer.n
        + _PICTURES
        + animation * 7 // 3  # itself, and once more on the page
        + config.task.disk(config, machine)
    )


def _bytes(term: Term) -> int:
    """Return about how many bytes a further term takes in a file."""
    return term.patterns.nbytes if isinstance(term, ProjectionTerm) else 24 * term.size
