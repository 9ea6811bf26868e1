"""Laboratory units, the digital comparison and paths: what is no number is said, and not multiplied."""

from __future__ import annotations

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import Quartic

from thermozoo.errors import ArgumentError, ParameterError, ShapeError
from thermozoo.thermodynamics.advantage import denoiser_cost_kT, denoiser_operations, thermodynamic_advantage
from thermozoo.thermodynamics.hardware import Hardware
from thermozoo.thermodynamics.heat import HeatLedger
from thermozoo.thermodynamics.paths import log_path_ratio, midpoint_heat


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "1", True, None])
def test_what_is_no_unit(value):
    for make in (lambda: Hardware(value, 300.0), lambda: Hardware(1e-9, value), lambda: denoiser_cost_kT(4, value)):
        with pytest.raises((ArgumentError, ParameterError), match="must be positive and finite, got"):
            make()


def test_heat_that_is_no_number():
    hardware = Hardware(1e-9, 300.0)
    for ask in (hardware.joules, hardware.seconds, thermodynamic_advantage):
        with pytest.raises(ParameterError, match="must be a finite number, got nan"):
            ask(np.nan)
    assert thermodynamic_advantage(-1.0) is None
    assert hardware.joules(2) == pytest.approx(2 * 1.380649e-23 * 300)
    for pixels in (0, 2.5, "4"):
        with pytest.raises((ArgumentError, ParameterError), match="pixels must be a whole number of 1 or more"):
            denoiser_operations(pixels)


@pytest.mark.parametrize(
    ("terms", "work", "said"),
    [
        ({}, {}, "a ledger needs at least one term"),
        ({"bias": np.zeros(3)}, {}, r"term 'bias' must have shape \(observations, trajectories\), got \(3,\)"),
        (
            {"bias": np.zeros((2, 3)), "coupling": np.zeros((2, 4))},
            {},
            r"'coupling' must have shape \(2, 3\), got \(2, 4\)",
        ),
        ({"bias": np.zeros((2, 3))}, {"bias": np.zeros((1, 3))}, r"'bias' must have shape \(2, 3\), got \(1, 3\)"),
        ({"bias": np.zeros((0, 3))}, {}, "a ledger needs at least one observation"),
    ],
)
def test_ledgers_of_unequal_terms(terms, work, said):
    with pytest.raises((ParameterError, ShapeError), match=said):
        HeatLedger(terms, work)


def test_paths_of_another_width(make_computer, euler):
    computer = make_computer({"a": 3}, Quartic(), Dense())
    other = make_computer({"a": 2}, Quartic(), Dense())
    with pytest.raises(ShapeError, match=r"states must have shape \(..., steps \+ 1, 3\), got \(5, 2\)"):
        midpoint_heat(np.zeros((5, 2)), computer)
    with pytest.raises(ShapeError, match="forward and backward must have as many units, got 3 and 2"):
        log_path_ratio(euler, 0.1, np.zeros((5, 3)), computer, other)
    with pytest.raises(ArgumentError, match="integrator must be an Integrator, got"):
        log_path_ratio("euler", 0.1, np.zeros((5, 3)), computer, computer)
    with pytest.raises(ParameterError, match="dt must be positive and finite, got -1"):
        log_path_ratio(euler, -1, np.zeros((5, 3)), computer, computer)
