"""What an estimate says of the time step of generation, on units whose stationary energy is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from two_shapes import CONDITIONED, config

from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.step_bias import step_bias

HARMONIC = ["computer.potential={plugin='quadratic', J2=1.5}"]


def machine(*assignments):
    return assemble_machine(config(CONDITIONED, *assignments))


def excess(z):
    """Of the energy of a harmonic unit under Euler-Maruyama [kT]."""
    return (1 / (1 - z / 2) - 1) / 2


def test_harmonic_units_and_clamped_ones():
    """Nine pixels move, the two units of the label do not; a signal's force moves a harmonic unit and bends nothing."""
    rows = step_bias(machine(*HARMONIC))
    assert [(row.dt, row.steps, row.products) for row in rows] == [(0.0025, 400, 400), (0.01, 100, 100), (0.02, 50, 50)]
    for row in rows:
        assert row.start_kT == pytest.approx(9 * excess(3.0 * row.dt), rel=1e-6)
        assert row.end_kT == pytest.approx(row.start_kT, rel=1e-6)
        assert row.heat_kT == pytest.approx(0.0, abs=1e-6 * row.start_kT)


def test_the_steps_are_those_of_generation():
    rows = step_bias(machine(*HARMONIC, "generation.dt=0.04", "generation.integrator=stochastic-heun"))
    assert [(row.dt, row.steps, row.products) for row in rows] == [(0.01, 100, 200), (0.04, 25, 50), (0.08, 12, 24)]
    z = 3.0 * 0.08
    assert rows[2].start_kT == pytest.approx(4.5 * ((1 - z / 2) / (1 - z / 2 + z**2 / 4) - 1), rel=1e-6)


def test_bent_units_that_a_signal_holds():
    """The bias of a quartic unit grows with its curvature, and heat is off by what it grows by."""
    made = machine()
    row = step_bias(made)[1]
    noising = made.noising
    held = noising.intensities[noising.protocol_of, 0] * noising.signals
    assert np.abs(held[:, :9]).max() > 1.0
    # to first order in dt: g of docs/explanation/langevin.md, for each image and pixel
    x = np.linspace(-3.0, 3.0, 2001)

    def first_order(force):
        energy, pull, bend = x**2 + x**4 - force * x, force - 2 * x - 4 * x**3, -2 - 12 * x**2
        weight = np.exp(-(energy - energy.min()) / 0.1)
        weight /= weight.sum()
        g = row.dt * (bend / 2 + pull**2 / 0.4)
        return (weight @ (energy * g) - (weight @ energy) * (weight @ g)) / 0.1

    expected = np.mean([[first_order(force) for force in image[:9]] for image in held], axis=0).sum()
    assert row.end_kT == pytest.approx(expected, rel=0.12)  # of second order: z / 2 of stiffnesses up to 20
    assert row.start_kT == pytest.approx(9 * first_order(0.0), rel=0.03)
    assert row.heat_kT == row.start_kT - row.end_kT
    assert row.heat_kT < 0 < row.start_kT


def test_steps_that_are_unstable_have_no_bias():
    rows = step_bias(machine(*HARMONIC, "generation.dt=0.5"))
    assert [row.start_kT is None for row in rows] == [False, False, True]  # above 2 / 3
    assert rows[2].heat_kT is None
    assert rows[2].as_json()["end_kT"] is None


def test_units_on_a_circle_have_none():
    assert (
        step_bias(
            machine(
                "computer.potential.visible={plugin='periodic'}",
                "noising.amplitude=0.0",
                "training.method=descent",
                "training.cycles=1",
            )
        )
        == ()
    )
