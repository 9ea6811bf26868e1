"""Every figure draws from plain arrays, edge cases included, and says what it must."""

from __future__ import annotations

import io
import itertools
import os
import statistics
import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from thermozoo.errors import ShapeError
from thermozoo.plotting import (
    plot_codes,
    plot_comparison,
    plot_couplings,
    plot_generations,
    plot_heat,
    plot_ledger,
    plot_loss,
    plot_noising,
    plot_outputs,
    plot_potential,
    png_bytes,
)

RNG = np.random.default_rng(20250617)
IMAGES = RNG.normal(size=(25, 28, 28))
HEAT = RNG.normal(1351.0, 198.0, size=1000)
X = np.linspace(-2.0, 2.0, 401)
ROWS = [
    {"method": "exact", "heat_mean_kT": 1351.0, "heat_std_kT": 198.0, "seconds": 1.9},
    {"method": "descent", "heat_mean_kT": 1436.0, "likelihood_gain_nats": 12233.0, "seconds": 171},
]


def _potential(**options):
    density = np.exp(-(X**4 - 2 * X**2))
    return plot_potential(X, X**4 - 2 * X**2, 4 * X - 4 * X**3, density, **options)


FIGURES = {
    "noising": lambda: plot_noising(IMAGES[:9], np.linspace(0, 2.5, 9), "Noising of a 2"),
    "noising, one time": lambda: plot_noising(IMAGES[:1], [0.0], "one"),
    "noising, two rows, in seconds": lambda: plot_noising(IMAGES[:14], np.arange(14), time_unit="ns"),
    "generations": lambda: plot_generations(IMAGES[:24].reshape(3, 8, 28, 28), np.linspace(0, 2.5, 8)),
    "generations, one sample, one time": lambda: plot_generations(IMAGES[None, :1], [0.0]),
    "outputs": lambda: plot_outputs(IMAGES, [f"{k % 3}  r = 0.{k:02}" for k in range(25)], "25"),
    "outputs, with a note": lambda: plot_outputs(IMAGES[:3], ["0", "1", "2"], note="below each: its class, in words"),
    "outputs, a row for each name": lambda: plot_outputs(IMAGES[:8], columns=4, left=["zero", "one"], cell=0.4),
    "outputs, one": lambda: plot_outputs(IMAGES[:1]),
    "outputs, equal values": lambda: plot_outputs(np.full((4, 3, 5), 0.3)),
    "outputs, one pixel": lambda: plot_outputs([[[1.0]]]),
    "codes": lambda: plot_codes(IMAGES[:10], np.sign(RNG.normal(size=(10, 96))), [*"0123456789"], starts=(2, 30)),
    "codes, one unit, a name and a title": lambda: plot_codes(IMAGES[:1], [[1.0]], ["a long name"], "Codes"),
    "codes, all zero": lambda: plot_codes(IMAGES[:2], np.zeros((2, 3))),
    "couplings": lambda: plot_couplings(IMAGES[:16] / 30, range(16)),
    "couplings, untrained": lambda: plot_couplings(np.zeros((2, 28, 28)), [0, 1]),
    "loss": lambda: plot_loss(
        np.arange(300),
        648 + 5 * np.exp(-np.arange(300) / 5) + RNG.normal(0, 0.3, 300),
        648 + 2 * np.exp(-np.arange(300) / 5),
        floor=648,
        initial=652.87,
    ),
    "loss, two cycles": lambda: plot_loss([1, 2], [651.0, 648.0], [652.87, 647.91], floor=648),
    "loss, one cycle": lambda: plot_loss([1], [652.0], [651.0], floor=648, initial=652.9),
    "loss, no known floor": lambda: plot_loss([0, 1, 2], [652, 650, 649.0], [652, 650.5, 649.5]),
    "loss, equal values and no known floor": lambda: plot_loss([0, 1, 2], [648, 648, 648], [648, 648, 648]),
    "loss, equal values": lambda: plot_loss([0, 1, 2], [648, 648, 648], [648, 648, 648], floor=648),
    "loss, far below the start": lambda: plot_loss(
        np.arange(40),
        np.full(40, 647.98),
        647.98 + 0.001 * np.cos(np.arange(40)),
        floor=648,
        initial=652.87,
    ),
    "heat": lambda: plot_heat(HEAT, ("published", 2900.0, 350.0)),
    "heat, one sample": lambda: plot_heat([1351.0]),
    "heat, constant": lambda: plot_heat(np.full(20, 1351.0)),
    "heat, constant zero": lambda: plot_heat(np.zeros(2)),
    "heat, negative": lambda: plot_heat([-0.2, 0.1, 0.05]),
    "heat, an outlier": lambda: plot_heat([*HEAT, 1e6]),
    "ledger": lambda: plot_ledger(
        [0, 1, 2],
        {"on-site": [0, -9, -10], "coupling": [0, 9, 20], "bias": [0, 0, 1], "total": [0, 0, 11]},
        spread=[0, 1, 2],
    ),
    "ledger, one sample": lambda: plot_ledger([0, 1], {"on-site": [0, -9], "coupling": [0, 9]}, spread=[0, 0]),
    "ledger, one time": lambda: plot_ledger([0.0], {"total": [0.0]}),
    "ledger, unknown terms": lambda: plot_ledger([0, 1], {f"term_{k}": [0, 0] for k in range(6)}),
    "potential": lambda: _potential(curvature=12 * X**2 - 4, title="double-well", formula="x^4 - 2 x^2"),
    "potential, a formula that matplotlib cannot set": lambda: _potential(
        formula=r"\begin{cases} 1 & \text{for}\: x > 0 \end{cases}"
    ),
    "comparison": lambda: plot_comparison(ROWS),
    "comparison, one method, one figure": lambda: plot_comparison(
        [{"method": "exact", "heat_mean_kT": -3.2, "seconds": None}]
    ),
}


@pytest.mark.parametrize(
    ("formula", "title"),
    [
        ("x^4 - 2 x^2", "well    $x^4 - 2 x^2$"),
        (r"\begin{cases} 1 & \text{for}\: x > 0 \end{cases}", "well"),
        (" + ".join(f"x^{{{k}}}" for k in range(60)), "well"),
    ],
    ids=["fits", "cannot be set", "too long"],
)
def test_a_formula_that_does_not_fit_is_left_out_of_the_title(formula, title):
    figure = _potential(title="well", formula=formula)
    assert figure.axes[0].get_title(loc="left") == title


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_drawn_whole(name):
    figure = FIGURES[name]()
    png = png_bytes(figure)

    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(png) < 300_000
    # Nothing is cut: all that is drawn lies on the page (a tenth of an inch for line ends).
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert box.x0 > -0.1
    assert box.y0 > -0.1
    assert box.x1 < width + 0.1
    assert box.y1 < height + 0.1


def test_same_figure_gives_the_same_bytes():
    assert png_bytes(FIGURES["heat"]()) == png_bytes(FIGURES["heat"]())


def test_settings_of_the_caller_stay_and_do_not_matter():
    usual = png_bytes(FIGURES["loss, two cycles"]())
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 20}):
        before = dict(matplotlib.rcParams)
        changed = png_bytes(FIGURES["loss, two cycles"]())
        assert dict(matplotlib.rcParams) == before
    assert changed == usual


def test_import_needs_no_matplotlib_and_drawing_no_pyplot():
    code = (
        "import sys, thermozoo.plotting as p\n"
        "assert 'matplotlib' not in sys.modules\n"
        "p.png_bytes(p.plot_heat([1.0, 2.0]))\n"
        "assert 'matplotlib' in sys.modules\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _pictures(figure):
    return [image for axes in figure.axes for image in axes.images]


@pytest.mark.parametrize("name", ["noising", "generations", "outputs", "couplings"])
def test_images_of_one_figure_share_their_limits(name):
    limits = {image.get_clim() for image in _pictures(FIGURES[name]())}
    assert len(limits) == 1


def test_color_limits_hold_nearly_all_values():
    low, high = _pictures(plot_outputs(IMAGES))[0].get_clim()
    inside = np.mean((low <= IMAGES) & (high >= IMAGES))
    assert 0.99 <= inside < 1.0


def test_positive_couplings_are_blue_and_negative_ones_red():
    image = _pictures(plot_couplings([[[0.5, -0.5], [0.0, 0.1]]]))[0]
    low, high = image.get_clim()
    assert low == -high
    (red_p, _, blue_p, _), (red_n, _, blue_n, _), zero = image.to_rgba(np.array([0.5, -0.5, 0.0]))
    assert blue_p > 2 * red_p
    assert red_n > 2 * blue_n
    assert min(zero) > 0.9


def test_images_are_shown_upright_in_reading_order():
    images = np.zeros((3, 2, 2))
    images[1, 0, 1] = 1.0
    shown = _pictures(plot_outputs(images))
    assert np.array_equal(shown[1].get_array(), images[1])
    assert shown[0].origin == "upper"
    lefts = [image.get_extent()[0] for image in shown]
    assert lefts == sorted(lefts)


def _texts(figure):
    png_bytes(figure)
    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_visible())


def test_times_stand_below_the_images_with_their_unit():
    text = _texts(plot_noising(IMAGES[:3], [0.0, 1.25, 2.5], "Noising", time_unit="ns"))
    for part in ("0", "1.25", "2.5", "[ns]", "Noising", "state $x$"):
        assert part in text


def _boxes(figure, texts):
    """Extents [inch] of texts as they are drawn."""
    png_bytes(figure)  # lays out
    return [text.get_window_extent().transformed(figure.dpi_scale_trans.inverted()) for text in texts]


def test_labels_of_the_panels_of_a_potential_do_not_overlap():
    labels = {"density_label": "Boltzmann density at kT = 0.5"}
    for options in ({}, {"curvature": 12 * X**2 - 4}):
        figure = _potential(**options, **labels)
        texts = [axes.yaxis.label for axes in figure.axes]
        for upper, lower in itertools.pairwise(_boxes(figure, texts)):
            assert upper.y0 > lower.y1
        assert " ".join(texts[-1].get_text().split()) == labels["density_label"]


@pytest.mark.parametrize("name", ["noising", "noising, one time", "generations, one sample, one time", "outputs, one"])
def test_the_label_of_a_short_bar_is_on_one_line_beside_the_title(name):
    figure = FIGURES[name]()
    texts = [*figure.texts, *(text for axes in figure.axes for text in (axes.yaxis.label, *axes.texts))]
    (label,) = (text for text in texts if text.get_text().replace("\n", " ") == "state $x$")
    assert "\n" not in label.get_text()
    (own,) = _boxes(figure, [label])
    for other in _boxes(figure, [text for text in texts if text is not label and text.get_text()]):
        assert not own.overlaps(other)


def test_loss_axis_is_written_in_full():
    figure = FIGURES["loss, far below the start"]()
    text = _texts(figure)
    axis = figure.axes[0].yaxis
    assert axis.get_offset_text().get_text() == ""
    assert any(label.get_text().startswith("647.98") for label in axis.get_ticklabels())
    # The untrained computer would squeeze the curve to nothing: it is told, not drawn.
    assert "beyond this axis, untrained: 652.87" in text
    low, high = figure.axes[0].get_ylim()
    assert high - low < 0.1


def test_without_a_known_floor_neither_the_level_nor_the_right_axis_is_drawn():
    figure = FIGURES["loss, no known floor"]()
    assert "N/2" not in _texts(figure)
    assert "perfect" not in _texts(figure)
    assert not figure.axes[0].child_axes


def test_two_losses_carry_their_values():
    text = _texts(FIGURES["loss, two cycles"]())
    for part in ("652.87", "647.91", "$N/2$ = 648"):
        assert part in text


def test_a_curve_of_validation_is_not_called_held_out():
    """It follows one trajectory."""
    figure = plot_loss([1, 2], [26.0, 25.9], [26.6, 26.5, 26.3], validation_steps=[0, 1, 2])
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert [text.startswith("one fixed trajectory") for text in labels].count(True) == 1


def test_a_code_has_a_column_for_each_unit_and_a_line_where_a_level_begins():
    codes = np.array([[1.0, -1.0, -1.0, 1.0], [0.0, 1.0, -1.0, -1.0]])
    axes = plot_codes(IMAGES[:2], codes, starts=(1, 3)).axes[0]
    rows = [image for image in axes.images if image.get_array().shape == (1, 4)]
    assert [row.get_array()[0].tolist() for row in rows] == codes.tolist()
    assert {row.get_clim() for row in rows} == {(-1.0, 1.0)}
    left, right, _, _ = rows[0].get_extent()
    lines = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
    assert lines == pytest.approx([left + (right - left) / 4, left + 3 * (right - left) / 4])


@pytest.mark.parametrize("count", [1, 2, 4])
def test_trajectories_are_counted_in_whole_numbers(count):
    steps = np.arange(1, count + 1)
    figure = plot_loss(steps, 26 - 0.1 * steps, 26 - 0.1 * np.arange(count + 1), validation_steps=[0, *steps])
    figure.canvas.draw()
    ticks = figure.axes[0].get_xticks()
    assert (ticks == np.round(ticks)).all()


def test_moving_mean_of_the_training_loss_is_the_mean_of_its_window():
    values = RNG.normal(648, 1, 200)
    lines = plot_loss(np.arange(200), values, values, floor=648).axes[0].lines
    mean = next(line for line in lines if "mean over 10 points" in line.get_label())
    x, y = mean.get_data()
    assert x[0] == pytest.approx(4.5)
    assert y[0] == pytest.approx(statistics.fmean(values[:10]))
    assert y[-1] == pytest.approx(statistics.fmean(values[-10:]))


def test_heat_says_mean_and_standard_deviation():
    text = _texts(plot_heat(HEAT))
    mean, deviation = statistics.fmean(HEAT), statistics.stdev(HEAT)
    assert f"mean {mean:,.0f} $kT$, standard deviation {deviation:.0f} $kT$" in text
    assert "1,000 generations" in text


def test_heat_bar_spans_one_standard_deviation_to_each_side():
    axes = plot_heat(HEAT).axes[0]
    ((left, _), (right, _)) = axes.collections[0].get_segments()[0]
    mean, deviation = statistics.fmean(HEAT), statistics.stdev(HEAT)
    assert (left, right) == pytest.approx((mean - deviation, mean + deviation))


def test_heat_histogram_counts_every_sample():
    axes = plot_heat([*HEAT, 1e6]).axes[0]
    assert sum(bar.get_height() for bar in axes.patches) == 1001
    assert len(axes.patches) <= 60


def test_ledger_labels_name_every_term_and_do_not_overlap():
    figure = plot_ledger(
        [0, 1],
        {
            "on-site": [0, -3281],
            "coupling": [0, 5],
            "bias": [0, 3],
            "x": [0, 4],
            "total": [0, 1420],
        },
    )
    text = _texts(figure)
    for part in ("on-site  \u22123,281", "coupling  +5", "bias  +3", "total  +1,420"):
        assert part in text
    boxes = sorted((label.get_tightbbox() for label in figure.axes[0].texts), key=lambda box: box.y0)
    # The box of an annotation holds its line as well; that of its text alone is compared.
    extents = sorted(
        matplotlib.text.Text.get_window_extent(label).extents[[1, 3]].tolist() for label in figure.axes[0].texts
    )
    assert len(boxes) == len(extents) == 5
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(extents))
    for label in figure.axes[0].texts:  # and no line crosses a name: it ends at the left of its own
        line = label.arrow_patch.get_transform().transform_path(label.arrow_patch.get_path()).get_extents()
        assert line.x1 <= matplotlib.text.Text.get_window_extent(label).x0 + 1


def test_ledger_draws_the_sum_of_its_terms_as_total():
    figure = plot_ledger([0, 1], {"on-site": [0, -3281], "coupling": [0, 4698]})
    assert "total  +1,417" in _texts(figure)


def test_ledger_names_its_band_only_where_one_is_drawn():
    assert FIGURES["ledger"]().axes[0].get_legend() is not None
    assert FIGURES["ledger, one sample"]().axes[0].get_legend() is None


def test_total_of_the_ledger_is_emphasized():
    lines = FIGURES["ledger"]().axes[0].lines
    widths = [line.get_linewidth() for line in lines]
    values = [list(np.asarray(line.get_ydata())) for line in lines]
    assert values[widths.index(max(widths))] == [0, 0, 11]
    assert widths.count(max(widths)) == 1


def test_potential_marks_the_stable_states_in_every_panel():
    figure = _potential(curvature=12 * X**2 - 4)
    assert len(figure.axes) == 4
    for axes in figure.axes:
        marks = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == ":"]
        assert marks == pytest.approx([-1.0, 1.0], abs=1e-4)


def test_unstable_state_is_not_marked():
    figure = plot_potential(X, -(X**2), 2 * X, np.ones_like(X))
    assert len(plot_potential(X, -(X**2), 2 * X).axes) == 2  # a driven unit has no density
    assert not [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]


def test_comparison_leaves_out_what_no_method_has():
    text = _texts(plot_comparison(ROWS))
    for part in (
        "exact",
        "descent",
        "1,351",
        "1,436",
        "12,233",
        "1.9",
        "171",
        "standard deviation",
    ):
        assert part in text
    assert "correlation" not in text
    assert "None" not in text


BAD = {
    "times": lambda: plot_noising(IMAGES[:3], [0, 1]),
    "generation times": lambda: plot_generations(IMAGES[None], [0, 1]),
    "captions": lambda: plot_outputs(IMAGES, ["a"]),
    "texts left of rows": lambda: plot_outputs(IMAGES[:4], columns=2, left=["one"]),
    "codes": lambda: plot_codes(IMAGES[:2], np.ones((3, 4))),
    "names of codes": lambda: plot_codes(IMAGES[:2], np.ones((2, 4)), ["a"]),
    "unit numbers": lambda: plot_couplings(IMAGES, [1]),
    "no image": lambda: plot_outputs(np.zeros((0, 28, 28))),
    "one dimension too few": lambda: plot_outputs(IMAGES[0]),
    "not finite": lambda: plot_heat([1.0, float("nan")]),
    "losses": lambda: plot_loss([0, 1], [1.0], [1.0, 2.0], floor=1),
    "ledger": lambda: plot_ledger([0, 1], {"total": [0]}),
    "ledger without terms": lambda: plot_ledger([0, 1], {}),
    "ledger spread": lambda: plot_ledger([0, 1], {"total": [0, 1]}, spread=[0]),
    "potential": lambda: plot_potential(X, X, X[1:], X),
    "no rows": lambda: plot_comparison([]),
    "row without method": lambda: plot_comparison([{"heat_mean_kT": 1.0}]),
}


@pytest.mark.parametrize("name", BAD)
def test_arrays_that_do_not_match_are_refused_in_one_line(name):
    with pytest.raises(ShapeError) as error:
        BAD[name]()
    assert "\n" not in str(error.value)
    assert len(str(error.value)) > 40


def test_png_has_the_size_of_the_figure():
    from PIL import Image

    figure = FIGURES["heat"]()
    image = Image.open(io.BytesIO(png_bytes(figure)))
    assert image.size == tuple(np.round(figure.get_size_inches() * 200).astype(int))
    assert image.size[0] == 1280


@pytest.mark.parametrize("seconds", [(0.61, 0.43, 0.0887, 0.105), (14.2, 8.1, 0.0887, 0.0912), (12345.0, 23456.0)])
def test_numbers_of_a_comparison_stay_in_their_panels(seconds):
    rows = [
        {
            "method": f"method {k}",
            "heat_mean_kT": 13.0 - k,
            "likelihood_gain_nats": -1234567.8 * (k + 1),
            "seconds": value,
        }
        | {"mean_best_correlation": 0.0456 + k}
        for k, value in enumerate(seconds)
    ]
    figure = plot_comparison(rows)
    figure.canvas.draw()
    for axes in figure.axes:
        inside = axes.get_window_extent()
        for text in axes.texts:
            box = text.get_window_extent()
            assert inside.x0 < box.x0, (axes.get_xlabel(), text.get_text())
            assert box.x1 < inside.x1, (axes.get_xlabel(), text.get_text())


def test_the_reader_s_backend_and_settings_are_of_no_concern(tmp_path):
    """A backend that is not there, and settings that cannot even be read: matplotlib itself does not import."""
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe\x00")
    code = """
import os, numpy
from thermozoo.plotting import plot_heat, png_bytes
print(png_bytes(plot_heat(numpy.arange(9.0)))[1:4].decode(), os.environ["MPLBACKEND"], os.getcwd())
"""
    there = os.environ | {"MPLBACKEND": "module://not_installed.backend_inline"}
    there["PYTHONPATH"] = os.pathsep.join(sys.path)
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([sys.executable, "-c", "import matplotlib"], cwd=tmp_path, env=there, check=True)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=there, capture_output=True, text=True)
    assert done.stdout.strip() == f"PNG module://not_installed.backend_inline {tmp_path}", done.stderr
