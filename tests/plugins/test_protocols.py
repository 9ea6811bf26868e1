"""The protocols of schedules against NumPy: ramp, exponential, sinusoid, table."""

from __future__ import annotations

import numpy as np
import pytest
from thermozoo_plugins.protocols import Exponential, LinearFade, Ramp, Sinusoid, Table

from thermozoo.dynamics.intensity import intensity_of
from thermozoo.errors import ConstraintError, DataError, ParameterError
from thermozoo.training.breakpoints import breakpoints

TIMES = np.linspace(0.0, 2.5, 101)


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        (Ramp(initial=1.0, final=-2.0), 1.0 - 3.0 * TIMES / 2.5),
        (Ramp(initial=0.2, final=0.7, start=0.25, stop=0.5), np.interp(TIMES / 2.5, [0.25, 0.5], [0.2, 0.7])),
        (Exponential(initial=2.0, limit=0.5, time=0.2), 0.5 + 1.5 * np.exp(-TIMES / 0.5)),
        (Sinusoid(mean=1.0, amplitude=0.3, periods=2.0, phase=0.4), 1 + 0.3 * np.sin(4 * np.pi * TIMES / 2.5 + 0.4)),
        (
            Table(times=(0.5, 1.0, 1.1, 2.0), values=(3.0, -1.0, 4.0, 4.5), amplitude=2.0),
            2 * np.interp(TIMES, [0.5, 1.0, 1.1, 2.0], [3.0, -1.0, 4.0, 4.5]),
        ),
        (Table(times=(1.0,), values=(0.7,)), np.full(101, 0.7)),
        (Table(times=(0.0, 1.875), values=(2.0, 0.0)), intensity_of(LinearFade(), 2.5)(TIMES)),
    ],
)
def test_values(protocol, expected):
    assert intensity_of(protocol, 2.5)(TIMES) == pytest.approx(expected, abs=1e-13)


def test_a_table_of_many_rows():
    rng = np.random.default_rng(0)
    times, values = np.sort(rng.uniform(0, 2.5, 60)), rng.standard_normal(60)
    found = intensity_of(Table(times=times, values=values), 2.5)(TIMES)
    assert found == pytest.approx(np.interp(TIMES, times, values), abs=1e-10)


def test_where_they_are_not_smooth():
    assert breakpoints(Ramp(start=0.2, stop=0.6), 2.0) == pytest.approx((0.4, 1.2))
    assert breakpoints(Table(times=(0.5, 1.0, 1.5), values=(1.0, 0.0, 2.0)), 2.0) == pytest.approx((0.5, 1.0, 1.5))
    assert breakpoints(Exponential(), 2.0) == breakpoints(Sinusoid(), 2.0) == ()


@pytest.mark.parametrize("name", ["cooling.csv", "cooling.npy"])
def test_a_file_of_times_and_values(tmp_path, name):
    rows, path = np.array([[0.0, 1.0], [1.0, 0.5], [2.5, 0.1]]), tmp_path / name
    if name.endswith("csv"):
        path.write_text("# time, kT\n" + "\n".join(f"{t}, {v}" for t, v in rows))
    else:
        np.save(path, rows)
    found = intensity_of(Table(file=str(path)), 2.5)(TIMES)
    assert found == pytest.approx(np.interp(TIMES, rows[:, 0], rows[:, 1]), abs=1e-13)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"times": (0.0, 1.0, 1.0), "values": (1, 2, 3)}, "must increase, got 1 after 1"),
        ({"times": (0.0, 1.0), "values": (1, 2, 3)}, "2 times and 3 values"),
        ({"times": (), "values": ()}, "needs 1 to 300 times, got 0"),
        ({"times": (0.0, np.nan), "values": (1, 2)}, "must be finite, got nan"),
        ({"file": "x.csv", "values": (1.0, 2.0)}, "got both"),
    ],
)
def test_what_is_no_table(settings, words):
    with pytest.raises(ParameterError, match=words):
        Table(**settings)


def test_files_that_are_no_table(tmp_path):
    (tmp_path / "wide.csv").write_text("0, 1, 2\n1, 2, 3\n")
    with pytest.raises(DataError, match=r"wide.csv has 3 columns; expected two columns, times and values"):
        Table(file=str(tmp_path / "wide.csv"))
    with pytest.raises(DataError, match=r"cannot read the table .*none.csv"):
        Table(file=str(tmp_path / "none.csv"))
    (tmp_path / "holes.csv").write_text("0, 1\n1, nan\n")
    with pytest.raises(DataError, match="has nan in row 2, column 2"):
        Table(file=str(tmp_path / "holes.csv"))


def test_a_ramp_that_ends_before_it_begins():
    with pytest.raises(ConstraintError, match="start"):
        Ramp(start=0.5, stop=0.5)
