"""Figures of a run: the digital denoiser to compare with, and laboratory units."""

from __future__ import annotations

from types import SimpleNamespace

import attrs
import numpy as np
import pytest

from thermozoo.computer.layout import Layout
from thermozoo.config.faults import Origin
from thermozoo.config.load import check_config
from thermozoo.config.parse import parse
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.figures import output_caption
from thermozoo.runs.metrics import generation_figures, imposed_signal, outputs_of, perfect_loss
from thermozoo.runs.prototypes import Prototypes
from thermozoo.thermodynamics.heat import HeatLedger
from thermozoo.training.loss import StepLoss


def test_captions_of_outputs_have_a_true_minus_sign():
    assert output_caption("2", -0.856) == "2\n\u22120.86"
    assert output_caption("$", 0.5) == "\\$\n0.50"  # a name is no formula


def test_the_advantage_is_that_over_a_denoiser_of_the_size_of_the_image():
    images = np.array([[1.0, -1.0, 1.0, -1.0, 0.0, 0.0]])
    prototypes = Prototypes(images, np.array([3]), (2, 3), np.zeros((0, 6)), np.array([], dtype=int))
    layout = Layout({"hidden": 2, "visible": 6})
    machine = SimpleNamespace(computer=SimpleNamespace(temperature=0.5, layout=layout), prototypes=prototypes)
    energies = {"on-site": np.array([[4.0, 3.0], [1.0, 2.0]])}
    ledger = HeatLedger(terms=energies, work={})
    generated = SimpleNamespace(final=np.ones((2, 8)) * np.arange(8), ledger=ledger, equilibration=0)
    outputs, correlations = outputs_of(machine, generated)
    assert np.array_equal(outputs, generated.final[:, 2:])
    found = generation_figures(machine, generated, correlations)
    assert found.class_counts == {"3": 2}
    assert found.heat_mean_kT == pytest.approx((3 + 1) / 2 / 0.5)
    cost = (6 * 128 + 128 * 128 + 128 * 6) * 1e-12 * 10 / (1.380649e-23 * 300)
    assert found.thermodynamic_advantage == pytest.approx(cost / found.heat_mean_kT)


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ({"protocol": "linear-fade", "amplitude": 3.0}, (3.0, 0.0, False, 0.75 * 2.4)),
        ({"protocol": "linear-fade", "amplitude": 3.0, "fade": 1.0}, (3.0, 0.0, False, 2.4)),
        (
            {"protocol": "linear-fade", "amplitude": [1.0, 3.0, 2.0, 3.0]},
            (3.0, 0.0, False, 0.75 * 2.4),
        ),  # of most
        ({"protocol": "constant", "amplitude": 1.5}, (1.5, 1.5, True, None)),
        ({"protocol": "constant", "amplitude": 0.0}, (0.0, 0.0, True, 0.0)),
    ],
)
def test_the_imposed_signal_is_that_of_the_protocol(protocol, expected):
    tables = {"computer": {"units": {"visible": 4}}, "dynamics": {"duration": 2.4, "dt": 0.01}, "noising": protocol}
    found = imposed_signal(SimpleNamespace(config=check_config(tables, catalogue(), "x.toml")))
    start, end, constant, zero_from = expected
    assert attrs.asdict(found) == {
        "start_E0": start,
        "end_E0": end,
        "constant": constant,
        "zero_from": zero_from if zero_from is None else pytest.approx(zero_from),
    }


@pytest.mark.parametrize("dt", [0.01, 0.3])
def test_a_signal_ends_when_its_protocol_says_not_with_a_step(dt):
    tables = {"computer": {"units": {"visible": 4}}, "dynamics": {"duration": 2.5, "dt": dt}}
    config = parse(tables, catalogue(), Origin("x.toml"))
    assert imposed_signal(SimpleNamespace(config=config)).zero_from == float(f"{0.75 * config.duration:.9g}")


@pytest.mark.parametrize(("duration", "whole"), [(2.5, 83 * 0.03), (2.51, 84 * 0.03)])
def test_the_signal_of_the_report_is_that_of_noising_where_dt_does_not_divide_the_duration(duration, whole):
    tables = {
        "computer": {"units": {"visible": 784}},
        "dynamics": {"duration": duration, "dt": 0.03},
        "noising": {"protocol": "linear-fade", "amplitude": 3.0, "fade": 1.0},
    }
    machine = assemble_machine(check_config(tables, catalogue(), "x.toml"))
    assert machine.config.duration == pytest.approx(whole, rel=1e-12)
    found = imposed_signal(machine)
    assert found.zero_from == pytest.approx(whole, rel=1e-12)  # the fade ends with the last step
    felt = machine.noising.intensities[0, 1:]
    assert len(felt) == machine.config.steps
    # a straight line from the start to zero behind the last step
    np.testing.assert_allclose(felt, found.start_E0 * (1 - 0.03 * np.arange(len(felt)) / found.zero_from))


@pytest.mark.parametrize(("weights", "perfect"), [(None, 3.0), ([1.0, 1, 1, 1, 0.1, 0.3, 9], 2.2)])
def test_a_perfect_model_has_half_of_what_its_free_units_count(weights, perfect, objective, euler):
    machine = SimpleNamespace(
        config=SimpleNamespace(objective=objective, integrator=euler),
        computer=SimpleNamespace(layout=Layout({"visible": 4, "hidden": 2, "label": 1}, clamped=["label"])),
        loss=StepLoss(objective, 0.01, weights),
    )
    assert perfect_loss(machine) == pytest.approx(perfect)
