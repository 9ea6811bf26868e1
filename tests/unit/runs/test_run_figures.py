"""What the figures of a run show: which units, which outputs, which codes."""

from __future__ import annotations

from types import SimpleNamespace

import attrs
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.computer.couplings import EdgeCouplings
from thermozoo.computer.layout import Layout
from thermozoo.computer.terms import SeparableCouplings, TupleCouplings
from thermozoo.runs import figures
from thermozoo.runs.figures import Results, code_of, draw_results, strongest
from thermozoo.runs.prototypes import Prototypes

RANDOM = np.random.default_rng(11)
LAYOUT = Layout({"first": 300, "visible": 6, "label": 3, "last": 301})


def results(couplings=None, condition=None, names=None, prototypes=4):
    none = EdgeCouplings(LAYOUT.n, np.empty((0, 2), dtype=np.int64), np.empty(0))
    computer = SimpleNamespace(n=LAYOUT.n, layout=LAYOUT, couplings=couplings or none)
    images = RANDOM.normal(size=(prototypes, 6))
    labels = np.arange(prototypes)
    return Results(
        computer=computer,
        windows=1,
        prototypes=Prototypes(images, labels, (2, 3), np.empty((0, 6)), labels[:0], names or {}),
        times=np.arange(3.0),
        final=RANDOM.normal(size=(50, LAYOUT.n)),
        shown=RANDOM.normal(size=(3, 2, LAYOUT.n)),
        heat={},
        condition=condition,
    )


def test_the_strongest_couplings_are_shown_not_the_first():
    """Against the whole matrix; hidden units lie on both sides of the image, and more than one part has them."""
    matrix = np.zeros((LAYOUT.n, LAYOUT.n))
    hidden = [*range(300), *range(306, LAYOUT.n)]
    edges = np.array([(i, j) for i in hidden for j in range(300, 306)])
    values = RANDOM.normal(size=len(edges)) * np.repeat(RANDOM.uniform(size=len(hidden)), 6)
    matrix[edges[:, 0], edges[:, 1]] = matrix[edges[:, 1], edges[:, 0]] = values
    norms = np.linalg.norm(matrix[:, 300:306], axis=1)
    norms[300:306] = 0
    expected = np.argsort(-norms)[:16]
    assert len({*expected} & {*range(256)}) > 0 < len({*expected} & {*range(306, LAYOUT.n)})
    units, weights = strongest(results(EdgeCouplings(LAYOUT.n, edges, values)))
    assert units.tolist() == expected.tolist()
    assert weights == pytest.approx(matrix[expected, 300:306])


def test_of_units_that_have_learned_the_same_one_is_shown():
    """Thirty copies of each of three pictures, of falling strength, and one picture turned around."""
    pictures = np.linalg.qr(RANDOM.normal(size=(6, 6)))[0][[0, 1, 2, 2]] * [[1.0], [1.0], [1.0], [-1.0]]
    strengths = np.linspace(2.0, 1.0, 120)
    edges = np.array([(i, j) for i in range(120) for j in range(300, 306)])
    values = (strengths[:, None] * pictures[np.arange(120) % 4]).ravel()
    units, weights = strongest(results(EdgeCouplings(LAYOUT.n, edges, values)), 4)
    assert units.tolist() == [0, 1, 2, 3]
    assert weights == pytest.approx(strengths[:4, None] * pictures)
    assert strongest(results(EdgeCouplings(LAYOUT.n, edges, values)), 2)[0].tolist() == [0, 1]


def test_without_any_coupling_the_first_units_are_shown():
    units, weights = strongest(results(EdgeCouplings(LAYOUT.n, np.zeros((0, 2), dtype=int), np.zeros(0))))
    assert units.tolist() == [*range(16)]
    assert not weights.any()


@pytest.fixture
def drawn(monkeypatch):
    """What `plot_outputs` was given."""
    given = []
    monkeypatch.setattr(figures, "png_bytes", lambda figure: figure)
    monkeypatch.setattr(figures, "plot_outputs", lambda images, **options: given.append((images, options)))
    return given


def test_a_row_for_each_class_that_was_asked_for_in_the_order_of_asking(drawn):
    condition = np.resize([2, 0, 2, 3], 50)
    found = results(condition=condition, names={2: "two $"})
    draw_results(found)["outputs"]()
    [(images, options)] = drawn
    assert options["left"] == [r"two \$", "0", "3"]
    assert options["columns"] == 10
    for row, label in enumerate((2, 0, 3)):
        states = found.final[condition == label][:10, 300:306]
        assert np.array_equal(images[10 * row : 10 * row + 10].reshape(10, 6), states)


def test_a_class_with_few_outputs_sets_the_number_of_columns(drawn):
    draw_results(results(condition=np.array([1] * 47 + [0] * 3)))["outputs"]()
    assert drawn[0][1]["columns"] == 3
    assert len(drawn[0][0]) == 6


@pytest.mark.parametrize(
    ("prototypes", "name", "columns", "shown"), [(4, "0", 4, 4), (100, "0", 10, 30), (100, "T-shirt or top", 4, 12)]
)
def test_prototypes_stand_in_rows_and_outputs_below_them_have_their_size(drawn, prototypes, name, columns, shown):
    drawings = draw_results(results(prototypes=prototypes, names=dict.fromkeys(range(prototypes), name)))
    drawings["prototypes"]()
    drawings["outputs"]()
    (learned, above), (made, below) = drawn
    assert (len(learned), above["columns"]) == (shown, columns)
    assert len(made) == min(50, 3 * max(columns, below["columns"]))
    assert above["cell"] == below["cell"]


def test_only_signals_of_a_few_values_are_a_code_and_the_largest_group_of_them_is_shown():
    signals = np.zeros((4, LAYOUT.n))
    found = results()
    assert code_of(found, signals) is None
    signals[:, LAYOUT.slice("visible")] = np.sign(RANDOM.normal(size=(4, 6)))
    signals[:, LAYOUT.slice("first")] = RANDOM.normal(size=(4, 300))
    assert code_of(found, signals) is None
    signals[:, LAYOUT.slice("label")] = np.eye(4)[:, :3]
    assert code_of(found, signals) == LAYOUT.slice("label")
    signals[:, LAYOUT.slice("last")] = np.sign(RANDOM.normal(size=(4, 301)))
    assert code_of(found, signals) == LAYOUT.slice("last")


def test_couplings_are_no_figure_where_every_unit_shows_the_image():
    alone = SimpleNamespace(n=6, layout=Layout({"visible": 6}), couplings=None)
    assert "couplings" not in draw_results(attrs.evolve(results(), computer=alone))
    assert "couplings" in draw_results(results())


def test_couplings_of_more_than_two_units_are_no_figure_and_those_of_any_pair_energy_are_one():
    pairs = EdgeCouplings(LAYOUT.n, np.array([(0, 300), (7, 304)]), np.array([1.0, -2.0]))
    units, weights = strongest(results(SeparableCouplings(pairs, tz.get("cosine"))), 2)
    assert units.tolist() == [7, 0]
    assert weights[:, [4, 0]].tolist() == [[-2.0, 0.0], [0.0, 1.0]]
    triples = TupleCouplings(LAYOUT.n, np.array([[0, 1, 300]]), np.array([1.0]), tz.get("three-body"))
    assert "couplings" not in draw_results(results(triples))
