"""The file of a program for each condition."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import xarray
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import Quadratic, Quartic

import thermozoo as tz
from thermozoo import Connectivity
from thermozoo.computer.files import load_all, load_computer, load_program, save_computer
from thermozoo.computer.program import Program, programs_digest
from thermozoo.computer.programs_file import save_programs
from thermozoo.errors import ArgumentError, DataError, ParameterError, ShapeError


@attrs.frozen
class Ring(Connectivity):
    """Neighbors on a ring: pairs one by one."""

    name = "ring"

    def edges(self, layout):
        i = np.arange(layout.n)
        return np.sort(np.stack([i, (i + 1) % layout.n], axis=1), axis=1)


@pytest.fixture
def computer(make_computer):
    potential = Quartic(J4=np.array([0.5, 1.0, 2.0, 1.5]))
    return make_computer({"visible": 4, "label": 2}, {"visible": potential, "label": Quadratic()}, Dense())


def programs(computer, windows):
    """A program for each of the conditions 7, 3 and -1, which are in no order."""

    def scaled(by):
        return computer.with_parameters(by * computer.parameters)

    shares = None if windows == 1 else [0.2, 0.8]
    made = {c: [scaled(1 + c + w) for w in range(windows)] for c in (7, 3, -1)}
    return {c: Program(one) if shares is None else Program(one, shares) for c, one in made.items()}


@pytest.mark.parametrize("windows", [1, 2])
def test_round_trip(computer, tmp_path, windows):
    """Every bit, the order of the conditions, and through the front door as well."""
    given = programs(computer, windows)
    save_programs(given, tmp_path / "p.nc")
    for loaded in (load_all(tmp_path / "p.nc"), tz.load(tmp_path / "p.nc")):
        assert list(loaded) == [7, 3, -1]
        for condition, one in given.items():
            again = loaded[condition]
            assert again.digest() == one.digest()
            np.testing.assert_array_equal(again.shares, one.shares)
            for mine, its in zip(again.computers, one.computers, strict=True):
                np.testing.assert_array_equal(mine.parameters, its.parameters)
                assert mine.layout == its.layout


def test_round_trip_of_pairs_one_by_one(make_computer, tmp_path):
    given = programs(make_computer({"a": 6}, Quartic(), Ring()), 2)
    save_programs(given, tmp_path / "p.nc")
    loaded = load_all(tmp_path / "p.nc")
    assert programs_digest(loaded) == programs_digest(given)


def test_other_tools_find_dimensions_with_names(computer, tmp_path):
    save_programs(programs(computer, 2), tmp_path / "p.nc")
    with xarray.open_dataset(tmp_path / "p.nc", engine="h5netcdf") as opened:
        dataset = opened.load()
    assert dataset["coupling"].dims == ("condition", "window", "edge")
    assert dataset["condition"].values.tolist() == [7, 3, -1]
    assert dataset["group_size"].dims == ("group",)


def test_the_digest_is_of_conditions_and_programs(computer):
    given = programs(computer, 1)
    exchanged = {7: given[3], 3: given[7], -1: given[-1]}
    renamed = {8: given[7], 3: given[3], -1: given[-1]}
    assert len({programs_digest(one) for one in (given, exchanged, renamed, {7: given[7]})}) == 4


def test_one_is_not_taken_for_several_nor_several_for_one(computer, tmp_path):
    save_programs(programs(computer, 2), tmp_path / "several.nc")
    save_computer(computer, tmp_path / "one.nc")
    said = r"several.nc holds a program for each of 3 conditions \(7, 3, -1\): load it with thermozoo.load"
    for load in (load_program, load_computer):
        with pytest.raises(DataError, match=said):
            load(tmp_path / "several.nc")
    assert isinstance(load_all(tmp_path / "one.nc"), Program)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda d: d["coupling"].values.__setitem__((1, 0, 0), 9.0),
        lambda d: d.coords.update({"condition": [8, 3, -1]}),
        lambda d: d["share"].values.__setitem__(1, [0.3, 0.7]),
        lambda d: d.attrs.update(digest="0" * 64),
        lambda d: d.attrs.update(format="thermozoo computer 3"),
    ],
)
def test_tampering_is_noticed(computer, tmp_path, tamper):
    path = tmp_path / "p.nc"
    save_programs(programs(computer, 2), path)
    with xarray.open_dataset(path, engine="h5netcdf") as opened:
        dataset = opened.load().copy(deep=True)
    tamper(dataset)
    dataset.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(DataError) as caught:
        load_all(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.drop_vars("condition"),
        lambda d: d.isel(condition=[0, 1]),
        lambda d: d.isel(condition=[0, 1, 1]),
        lambda d: d.drop_vars("coupling"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(computer, tmp_path, damage):
    from thermozoo.computer import files

    path = tmp_path / "p.nc"
    save_programs(programs(computer, 2), path)
    with xarray.open_dataset(path, engine="h5netcdf") as opened:
        dataset = damage(opened.load())
    dataset.attrs["contents"] = files._contents(dataset)
    dataset.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(DataError, match=r"p\.nc") as caught:
        load_all(path)
    assert "\n" not in str(caught.value)


def test_programs_that_do_not_fit_together(computer, make_computer, tmp_path):
    other = make_computer({"visible": 5, "label": 1}, Quartic(), Dense())
    path = tmp_path / "p.nc"
    with pytest.raises(ParameterError, match="that of condition 2 has other units, compared with that of condition 1"):
        save_programs({1: Program(computer), 2: Program(other)}, path)
    with pytest.raises(ParameterError, match="that of condition 2 has 2 windows instead of 1"):
        save_programs({1: Program(computer), 2: Program([computer, computer])}, path)
    with pytest.raises(ShapeError, match="expected at least one, got none"):
        save_programs({}, path)
    with pytest.raises(ParameterError, match="condition must be a whole number from -9223372036854775808 to"):
        save_programs({2**63: Program(computer)}, path)  # which no file holds
    with pytest.raises(ArgumentError, match="program of condition 1"):
        save_programs({1: computer}, path)
    assert not path.exists()
