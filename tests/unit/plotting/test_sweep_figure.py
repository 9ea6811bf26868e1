"""The figure of a sweep shows what the table holds: lines of one key, a map of two, a line for each further value."""

from __future__ import annotations

import numpy as np
import pytest

from thermozoo.errors import ShapeError
from thermozoo.plotting.style import png_bytes
from thermozoo.plotting.sweep import SweptAxis, SweptFigure, plot_sweep

DT = SweptAxis("dynamics.dt", np.array([0.1, 0.01, 0.001]))
KT = SweptAxis("computer.temperature", np.array([1.0, 2.0]))
METHOD = SweptAxis("training.method", np.array(["exact", "online"]))
RNG = np.random.default_rng(5)


def lines(panel):
    return [container.lines[0] for container in panel.containers]


def test_one_key_is_a_line_in_the_order_of_its_values():
    heat = SweptFigure("heat", np.array([3.0, 2.0, 1.0]), np.array([0.3, 0.2, np.nan]))
    figure = plot_sweep([DT], [heat])
    [line] = lines(figure.axes[0])
    assert line.get_xdata().tolist() == [0.001, 0.01, 0.1]
    assert line.get_ydata().tolist() == [1.0, 2.0, 3.0]
    assert figure.axes[0].get_xscale() == "log"  # two decades
    assert png_bytes(figure).startswith(b"\x89PNG")


def test_text_is_an_axis_of_names():
    figure = plot_sweep([METHOD], [SweptFigure("heat", np.array([1.0, 2.0]))])
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["exact", "online"]


def test_two_keys_are_a_map_with_what_is_missing_named():
    values = np.array([[1.0, 2.0, np.nan], [4.0, 5.0, 6.0]])
    figure = plot_sweep([KT, DT], [SweptFigure("heat", values)])
    [image] = figure.axes[0].images
    shown = np.ma.filled(image.get_array(), np.nan)
    np.testing.assert_array_equal(shown, values[:, ::-1])  # time steps rise to the right
    assert {text.get_text() for text in figure.axes[0].texts} == {"1", "2", "none", "4", "5", "6"}


def test_more_keys_are_a_line_for_each_combination():
    figures = [SweptFigure(name, RNG.normal(size=(2, 2, 3))) for name in ("heat", "work", "energy")]
    figure = plot_sweep([METHOD, KT, DT], figures)
    drawn = [panel for panel in figure.axes if panel.axison]
    assert [panel.get_title(loc="left") for panel in drawn] == ["heat", "work", "energy"]
    for panel, one in zip(drawn, figures, strict=True):
        assert [line.get_ydata().tolist() for line in lines(panel)] == [
            one.values[i, j, ::-1].tolist() for i in range(2) for j in range(2)
        ]


@pytest.mark.parametrize(
    ("axes", "figures"),
    [([], [SweptFigure("heat", np.zeros(()))]), ([KT], []), ([KT], [SweptFigure("heat", np.zeros(3))])],
    ids=["no key", "no figure", "another shape"],
)
def test_what_is_no_sweep_is_refused(axes, figures):
    with pytest.raises(ShapeError, match="expected"):
        plot_sweep(axes, figures)
