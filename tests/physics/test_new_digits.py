"""The table of new digits, `examples/new_digits.py`: its sets, its parts, its controls, and a small run of it."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.quality import Estimate
from thermozoo.registry.catalogue import catalogue

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def footing(monkeypatch):
    """The modules of the example, by name."""
    monkeypatch.syspath_prepend(EXAMPLES)
    yield lambda name: importlib.import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] in ("footing", "new_digits")]:
        del sys.modules[name]


def ground_of(footing, outputs=200):
    """A data set of 12,000 images of two pixels by three, no two of them alike; 80 of a class are learned."""
    random = np.random.default_rng(0)
    tables = {"data": {"classes": list(range(10)), "per_class": 80}}
    return footing("footing.ground").Ground(
        random.random((12_000, 2, 3)), random.integers(0, 10, 12_000), tables, outputs
    )


def places(images):
    """What tells images apart."""
    return {tuple(row) for row in images.pixels.tolist()}


def test_nothing_but_the_untouched_table_looks_at_untouched_images(footing):
    ground = ground_of(footing)
    chosen, untouched = (ground.real(split) for split in ("chosen", "untouched"))
    others = places(chosen.seen) | places(chosen.judge) | places(chosen.reference) | places(chosen.held_out)
    assert len(places(untouched.reference)) == len(untouched.reference) > 0
    assert not places(untouched.reference) & others
    assert places(untouched.held_out) == places(chosen.held_out) | places(chosen.reference)
    assert places(untouched.judge) == places(chosen.judge)
    second = ground.images[3000:6000].reshape(3000, -1)
    scaled = ((second - second.mean(axis=1, keepdims=True)) / second.std(axis=1, keepdims=True)).astype(np.float32)
    assert places(untouched.reference) <= {tuple(row) for row in scaled.tolist()}


def test_parts_are_disjoint_and_of_the_mix(footing):
    asked = np.resize(np.arange(3), 60)
    parts = footing("footing.measures").dealt(asked, {0: 3, 1: 6, 2: 2})
    assert len(parts) == 3  # of class 1 there are 20
    assert len(set(np.concatenate(parts).tolist())) == 33
    assert all(np.bincount(asked[part]).tolist() == [3, 6, 2] for part in parts)


def test_moments_over_those_of_memories(footing):
    """Twice as far from a mean that is moved: four times the variance, in all components."""
    rows, measures = footing("footing.rows"), footing("footing.measures")
    asked = np.resize(np.arange(10), 2000)
    images = np.random.default_rng(1).standard_normal((2000, 6)) * np.arange(1, 7) + asked[:, np.newaxis]
    means = np.stack([images[asked == label].mean(axis=0) for label in range(10)])[asked]
    other = means + 2 * (images - means) + [3.0, 0, 0, 0, 0, 0]
    given = {name: [rows.Shown(one, asked)] for name, one in (("memories", images), ("other", other))}
    found = measures.moments(ground_of(footing), given, most=(2, 4))
    assert found["memories"] == pytest.approx([0, 1, 1, 1], abs=1e-12)
    variance = np.mean([images[asked == label].var(axis=0, ddof=1).sum() for label in range(10)])
    assert found["other"] == pytest.approx([9 / variance, 4, 4, 4])


def test_tables_are_merged_key_by_key(footing):
    tables = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    found = footing("footing.machines").merged(tables, {"a": {"c": {"d": 4}}, "f": {"g": 5}})
    assert found == {"a": {"b": 1, "c": {"d": 4}}, "e": 3, "f": {"g": 5}}
    assert tables == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}


def test_features_are_compared_with_those_that_were_learned(footing):
    """A feature and one that is equal to it three times in four have as covariance half its variance, 1 or 0.36."""
    codes, random = footing("footing.codes"), np.random.default_rng(2)
    first = np.where(random.random((4000, 4)) < [0.5, 0.5, 0.5, 0.9], 1.0, -1.0)
    learned = np.hstack([first, np.where(random.random((4000, 4)) < 0.75, first, -first)])
    known = {5: codes.Code(learned, np.zeros(3), np.zeros((8, 3)))}
    same = codes.compared(known, {5: learned})
    assert (same["means"], same["covariances"], same["slope"]) == pytest.approx((0, 0, 1), abs=1e-12)
    apart = codes.compared(known, codes.drawn_by(codes.independent, known, seed=1))
    # four of 28 pairs; five standard errors of 10,000 draws each
    assert apart["covariances"] == pytest.approx(0.5 * np.sqrt((3 + 0.36**2) / 28), abs=5 * 0.01)
    assert apart["means"] < 5 * 0.01
    assert apart["slope"] == pytest.approx(0.0, abs=5 * 0.01)
    assert apart["sampling"] == pytest.approx(0.01, rel=0.2)  # a few variances are below one
    again = codes.compared(known, codes.drawn_by(codes.learned, known, seed=1))
    assert again["slope"] == pytest.approx(1.0, abs=5 * 0.01)


def test_differences_from_the_bar_leave_out_what_is_shared(footing):
    measures, table = footing("footing.measures"), footing("footing.table")
    shared = np.resize([-1.0, 1.0], 100)
    averaged = dict.fromkeys(measures.AVERAGED, 0.5)

    def row(value, own):
        return measures.Row("a row", Estimate(value, shared + own), None, averaged, 0.1, (3800.0, 140.0))

    text = table.table({table.BAR: row(15.0, np.zeros(100)), "other": row(12.0, np.zeros(100))})
    assert "| 12.0 ± 1.0 | -3.0 ± 0.0 |  |  | 0.500 |" in text.splitlines()[-1]
    assert text.endswith("| 0.10 | 3,800 ± 140 |")


def recipe_ground(footing, classes=(1, 2), per_class=60):
    """The recipe's tables for random images of six by six pixels that come in two kinds, the second with a bar."""
    ground, random = footing("footing.ground"), np.random.default_rng(4)
    images, labels = random.random((4000, 6, 6)), random.integers(0, 10, 4000)
    images[::2, 2:4] += 2.0
    tables = tomllib.loads(ground.RECIPE.read_text("utf-8"))
    tables["data"] |= {"classes": list(classes), "per_class": per_class}
    return ground.Ground(images, labels, tables, 200)


def test_trials_change_what_they_say_and_can_be_read(footing):
    ground, machines, trials = (footing(f"footing.{name}") for name in ("ground", "machines", "trials"))
    tables = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    assert machines.merged(tables, {"a": {"c": {"d": 4}}, "f": 5}) == {"a": {"b": 1, "c": {"d": 4}}, "e": 3, "f": 5}
    assert tables == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    base = ground.Ground(np.zeros((1, 2, 3)), np.zeros(1, dtype=int), recipe_ground(footing).tables, 100)
    recipe = machines.tables_of(base, "computer")
    assert recipe == base.recipe(1)
    told = set()
    for name, trial in trials.TRIALS.items():
        tables = machines.tables_of(base, name)
        assert (tables != recipe) == bool(trial.tables)
        assert trial.tables or trial.programs
        parse(tables, catalogue(), Origin(name))
        told.add(json.dumps([tables, trial.title]))
    assert len(told) == len(trials.TRIALS)


def test_programs_of_styles_share_the_images_of_a_class(footing):
    ground, machines, trials = recipe_ground(footing), footing("footing.machines"), footing("footing.trials")
    trial = trials.TRIALS["styles-2"]
    tables = machines.merged(machines.tables_of(ground, "styles-2"), {"encoding": {"hidden": {"features": 8}}})
    ink = trials.ink_of(ground, 2)
    shown = trial.programs(ground, tables, 2)
    assert [len(one.visible) for one in shown] == [len(one.hidden) for one in shown]
    assert sum(len(one.visible) for one in shown) == len(ink) == 60
    rows = []
    for one in shown:
        mean = one.visible.mean(axis=0)
        found = mean + (one.visible - mean) / 1.3  # the gain of this trial
        rows += [int(np.abs(ink - row).max(axis=1).argmin()) for row in found]
        assert np.abs(ink[rows[-len(found) :]] - found).max() < 1e-12
        assert one.hidden.shape[1] == 8 * 3
        assert set(np.unique(one.hidden)) == {-3.0, 3.0}
    assert sorted(rows) == list(range(60))
    barred = [ink[rows[: len(shown[0].visible)]][:, 12:24].mean(), ink[rows[len(shown[0].visible) :]][:, 12:24].mean()]
    assert abs(barred[0] - barred[1]) > 0.5  # the two kinds


def test_gated_features_are_off_in_the_other_style(footing):
    ground, machines, trials = recipe_ground(footing), footing("footing.machines"), footing("footing.trials")
    changed = {"encoding": {"hidden": {"features": 8, "copies": 2}}}
    tables = machines.merged(machines.tables_of(ground, "gated-off"), changed)
    (one,) = trials.TRIALS["gated-off"].programs(ground, tables, 1)
    assert one.hidden.shape == (60, 8 * 2)  # two styles of four units, and two features of two for each
    on, features = one.hidden[:, :8].reshape(60, 2, 4), one.hidden[:, 8:].reshape(60, 2, 2, 2)
    assert (on.std(axis=2) == 0).all()
    assert (on[:, 0, 0] == -on[:, 1, 0]).all()
    style = (on[:, 1, 0] > 0).astype(int)
    rows = np.arange(60)
    assert (np.abs(features[rows, style]) == 3.0).all()
    assert (features[rows, 1 - style] == -6.0).all()
    assert [ramp[0] for ramp in one.ramps] == [slice(0, 8), slice(8, 16)]
    assert one.ramps[0][1] - one.ramps[0][2] >= one.ramps[1][1]  # styles hold before features are decided


def test_continuous_hidden_units_are_shown_uncorrelated_coordinates(footing):
    ground, machines, trials = recipe_ground(footing), footing("footing.machines"), footing("footing.trials")
    tables = machines.merged(machines.tables_of(ground, "continuous"), {"encoding": {"hidden": {"features": 5}}})
    (one,) = trials.TRIALS["continuous"].programs(ground, tables, 2)
    assert one.ramps == [(slice(0, 15), 0.95, 0.5)]
    along = one.hidden[:, ::3]
    assert np.corrcoef(along.T) == pytest.approx(np.eye(5), abs=1e-6)
    assert along.std(axis=0) == pytest.approx(np.ones(5), rel=1e-6)
    ink = trials.ink_of(ground, 2)
    variances = np.linalg.svd(ink - ink.mean(axis=0))[1] ** 2
    explained = np.linalg.lstsq(along, ink - ink.mean(axis=0), rcond=None)[1].sum()
    assert explained == pytest.approx(variances[5:].sum(), rel=1e-6)


def test_stages_begin_with_what_adds_most(footing):
    ground, machines, trials = recipe_ground(footing), footing("footing.machines"), footing("footing.trials")
    tables = machines.merged(machines.tables_of(ground, "staged"), {"encoding": {"hidden": {"features": 12}}})
    (one,) = trials.TRIALS["staged"].programs(ground, tables, 1)
    units = np.concatenate([np.arange(36)[ramp[0]] for ramp in one.ramps])
    assert units.tolist() == list(range(36))
    assert all(a[1] > b[1] for a, b in itertools.pairwise(one.ramps))
    features, ink = one.hidden[:, ::3] / 3, trials.ink_of(ground, 1)
    added = np.linalg.lstsq(np.column_stack([features, np.ones(60)]), ink, rcond=None)[0][:-1]
    adds = ((added**2).sum(axis=1) * features.var(axis=0)).reshape(6, 2).sum(axis=1)
    assert adds[0] == adds.max()
    assert adds[-1] == adds.min()


def test_outputs_are_dealt_among_programs_as_often_as_they_have_images(footing, monkeypatch):
    """Of 200 outputs 100 a class; three quarters of one class to its first program, five standard errors allowed."""
    machines, ground = footing("footing.machines"), recipe_ground(footing)
    asked = []

    class Found:
        final = np.zeros((200, 36))
        ledger = types.SimpleNamespace(total=np.zeros(200))

    def generate(laws, untrained, samples, *, condition, **_):
        asked.append(condition)
        return Found

    monkeypatch.setattr(machines, "generate", generate)
    machine = types.SimpleNamespace(generating=None, computer=types.SimpleNamespace(temperature=0.1))
    machines.Trained(machine, {}, None, 0.0, {1: np.array([0.75, 0.25])}).made(ground, 1)
    (found,) = asked
    assert (found[ground.asked == 2] == 2).all()
    own = found[ground.asked == 1]
    assert set(own.tolist()) == {100, 101}
    assert abs((own == 100).mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 100)
    assert (ground.asked < 10).all()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "nowhere"], "nowhere"),
        (["--data", "nowhere", "mirror"], "no row is called 'mirror'"),
        (["--data", "nowhere", "--outputs", "7"], "--outputs must be at least 100"),
        (["--data", "nowhere", "--json", "no/such/file"], "--json: there is no folder"),
        (["--data", "nowhere", "--picture", "no/such/file"], "--picture: there is no folder"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(footing, monkeypatch, capsys, words, told):
    monkeypatch.setattr(sys, "argv", ["new_digits.py", *words])
    with pytest.raises(SystemExit) as stopped:
        footing("new_digits").main()
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.long
def test_a_small_table(tmp_path):
    """Three classes, 300 outputs: what is true by far more than the error bars of so few."""
    if "THERMOZOO_TEST_MNIST" not in os.environ:
        pytest.skip("THERMOZOO_TEST_MNIST names no folder with MNIST")
    rows = ["real", "memories", "k-means", "gaussian-40", "codes-learned", "codes-independent", "codes-retrained"]
    words = ["--data", os.environ["THERMOZOO_TEST_MNIST"], "--quick", "--split", "chosen", "untouched"]
    words += ["--json", tmp_path / "table.json", "--picture", tmp_path / "table.png"]
    rows += ["computer", "styles-2"]
    command = [sys.executable, EXAMPLES / "new_digits.py", *rows, *words]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads((tmp_path / "table.json").read_text("utf-8"))
    assert set(found["splits"]) == {"chosen", "untouched"}
    for split in found["splits"].values():
        assert list(split) == rows
        assert all(row["title"] in printed for row in split.values())
        assert split["memories"]["nearest"] > 0.95 > split["k-means"]["nearest"] > split["real"]["nearest"]
        for row in split.values():
            assert row["judged_right"] > 0.85
            assert row["components"]["value"] > 3 * row["components"]["error"]
        assert split["codes-learned"]["nearest"] > 0.88 > split["computer"]["nearest"]
        assert 3000 < split["computer"]["heat_kT"]["mean"] < 4000
        assert 3000 < split["styles-2"]["heat_kT"]["mean"] < 4000
    assert found["splits"]["untouched"]["real"]["features"]["value"] < 30
    assert plt.imread(tmp_path / "table.png").std() > 0.1
    features = list(found["features"].values())
    assert features[0]["slope"] == pytest.approx(1.0, abs=0.02)
    assert features[1]["slope"] == pytest.approx(0.0, abs=0.05)
    assert 0.3 < features[2]["slope"] < 0.8
