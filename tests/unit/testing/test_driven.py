"""What checks measure of driven computers: work of the amplitude of a term against quadrature."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.interactions import Bilinear, Cosine, Difference, ThreeBody
from thermozoo_plugins.potentials import Quartic

from thermozoo.computer.computer import assemble
from thermozoo.computer.terms import TupleCouplings
from thermozoo.testing.context import Context
from thermozoo.testing.driven import driven_term
from thermozoo.testing.outcomes import CheckFailed

J = 0.4

PHI = {
    "bilinear": (Bilinear(), lambda x: x[..., 0] * x[..., 1]),
    "difference": (Difference(), lambda x: (x[..., 0] - x[..., 1]) ** 2 / 2),
    "cosine": (Cosine(), lambda x: np.cos(x[..., 0] - x[..., 1])),
    "three-body": (ThreeBody(), lambda x: x[..., 0] * x[..., 1] * x[..., 2]),
}


def measured(name, exponent=1.0):
    interaction, phi = PHI[name]
    units = interaction.order
    base = assemble({"units": units}, Quartic(), Dense(), temperature=0.5, mobility=1.3)
    tuples = np.arange(units)[None, :]
    computer = attrs.evolve(base, couplings=TupleCouplings(units, tuples, np.array([J]), interaction))
    return driven_term(
        Context(Quartic(), engines=(_reference(),)),
        computer,
        "coupling",
        lambda x, c: (x**2 + x**4).sum(axis=-1) + c**exponent * J * phi(x),
        (-2.6, 2.6),
        0.02,
        change=(0.2, 1.6),
    )


def _reference():
    from thermozoo.dynamics.engines import engine_named

    return engine_named("reference")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.long] * (n != "cosine")) for n in PHI])
def test_the_amplitude_of_every_interaction(name):
    assert measured(name).holds


@pytest.mark.long
@pytest.mark.parametrize("name", ["difference", "cosine"])
def test_another_free_energy_is_seen(name):
    with pytest.raises(CheckFailed, match="expected 1 within"):
        measured(name, exponent=1.3)
