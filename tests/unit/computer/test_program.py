"""A program: windows of one machine, where they begin and end, and its file."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import DoubleWell, Quartic

from thermozoo import Connectivity
from thermozoo.computer.files import load_computer, load_program, save_computer
from thermozoo.computer.program import Program
from thermozoo.computer.stability import check_time_step, largest_stable_dt
from thermozoo.dynamics.engines import Dynamics
from thermozoo.errors import ArgumentError, DataError, ParameterError, ShapeError, StabilityError
from thermozoo.training.noising import window_edges
from thermozoo.training.unit_types import with_parameters


class Ring(Connectivity):
    """Neighbors on a ring: pairs one by one."""

    name = "ring"

    def edges(self, layout):
        i = np.arange(layout.n)
        return np.sort(np.stack([i, (i + 1) % layout.n], axis=1), axis=1)


@pytest.fixture(scope="module")
def computer(make_computer):
    return make_computer(
        {"visible": 3, "hidden": 2},
        {"visible": Quartic(J2=[1.0, 2.0, 3.0]), "hidden": DoubleWell()},
        Dense(),
        trainable=["hidden"],
    )


def other(computer, factor=-1.5):
    """The same machine with other couplings, biases and on-site parameters."""
    changed = computer.with_parameters(factor * computer.parameters)
    return with_parameters(changed, {"J4": np.full(computer.n, 0.25 * abs(factor))})


def windows(computer, count):
    return [other(computer, 0.1 + w) for w in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 24])
@pytest.mark.parametrize("steps", [24, 25, 100, 5000])
def test_equal_windows_are_those_of_training(computer, count, steps):
    program = Program([computer] * count)
    assert program.edges(steps).tolist() == (steps - window_edges(steps, count)[::-1]).tolist()


def test_uneven_windows(computer):
    program = Program(windows(computer, 3), shares=[0.5, 0.3, 0.2])
    assert program.edges(10).tolist() == [0, 5, 8, 10]
    assert program.edges(1001).tolist() == [0, 501, 801, 1001]
    one, two, three = program.computers
    assert [program.at(k, 10) for k in range(12)] == [one] * 5 + [two] * 3 + [three] * 4
    assert program.pieces(3, 9, 10) == [(3, 5, one), (5, 8, two), (8, 9, three)]
    assert program.pieces(5, 8, 10) == [(5, 8, two)]
    assert program.pieces(6, 6, 10) == []
    # a switch belongs to the step before it: to one of two parts that meet there
    assert program.switches(0, 5, 10) == {5: (one, two)}
    assert program.switches(5, 10, 10) == {8: (two, three)}
    assert program.switches(0, 4, 10) == {}


def test_a_single_window_is_its_computer(computer):
    program = Program(computer)
    assert program.digest() == computer.digest()
    assert program.at(10**6, 0) is computer
    assert program.pieces(7, 9, 0) == [(7, 9, computer)]
    assert program.switches(0, 100, 0) == {}
    assert (program.n, program.layout, program.temperature) == (computer.n, computer.layout, computer.temperature)
    assert Program.of(program) is program
    assert Program.of(computer).computers == (computer,)


def test_the_digest_knows_order_and_shares(computer):
    first, second = windows(computer, 2)
    found = [
        Program(computers, shares).digest()
        for computers in ([first, second], [second, first])
        for shares in ([0.5, 0.5], [0.75, 0.25])
    ]
    assert len({*found, first.digest(), second.digest()}) == 6


def test_it_shows_itself(computer):
    program = Program(windows(computer, 2), [0.75, 0.25])
    assert repr(program).startswith("Program of 2 windows: Computer of 5 units")
    assert repr(Program(computer)).startswith("Program of one window: Computer of 5 units")
    page = program._repr_html_()
    assert "<td>0.75</td>" in page
    assert f"<td>{program.computers[1].couplings.norm():.4g}</td>" in page


def test_what_is_no_program(computer, make_computer):
    sizes = {"visible": 3, "hidden": 2}
    potentials = {"visible": Quartic(J2=[1.0, 2.0, 3.0]), "hidden": DoubleWell()}

    def made(sizes=sizes, potentials=potentials, connectivity=None, **options):
        return make_computer(sizes, potentials, connectivity or Dense(), trainable=["hidden"], **options)

    wrong = [
        ([], ShapeError, "at least one window"),
        (5, ArgumentError, "computers must be the computers of the windows"),
        ([computer, "b"], ArgumentError, "computer of a window must be a Computer, got 'b'"),
        ([computer, made(temperature=2.0)], ParameterError, "window 2 has another temperature or mobility"),
        ([computer, made(clamped=["hidden"])], ParameterError, "window 2 has other units"),
        ([computer, made(connectivity=Bipartite())], ParameterError, "window 2 has other coupled pairs"),
        ([computer, made(connectivity=Ring())], ParameterError, "window 2 has other coupled pairs"),
        ([computer, made(potentials=dict.fromkeys(sizes, Quartic(J2=[1.0, 2, 3])) | {"hidden": Quartic()})],
         ParameterError, "another potential of group 'hidden'"),
        ([computer, made(potentials={**potentials, "visible": Quartic()})], ParameterError, "values for each unit of"),
    ]  # fmt: skip
    for given, error, said in wrong:
        with pytest.raises(error, match=said):
            Program(given)
    for shares, error, said in (
        ([0.5], ShapeError, "one number for each of 2 windows, got 1"),
        ([0.5, 0.4], ParameterError, "sum to one, such as .*, got 0.5, 0.4"),
        ([1.5, -0.5], ParameterError, "positive and sum to one"),
        ([np.nan, 0.5], ParameterError, "shares must be finite"),
        ("even", ArgumentError, "shares must be real numbers"),
    ):
        with pytest.raises(error, match=said):
            Program([computer, computer], shares)
    program = Program([computer] * 3)
    with pytest.raises(ParameterError, match=r"3 windows needs at least one step in each, but of 2 steps window \d"):
        program.edges(2)
    with pytest.raises(ParameterError, match="of 0 steps window 1 has none: give Dynamics the steps of the whole"):
        Dynamics(program, EulerMaruyama(), 0.1)
    with pytest.raises(ParameterError, match="ends with step 10, got 11"):
        program.pieces(5, 11, 10)
    with pytest.raises(ParameterError, match="dynamics of one computer, got those of a program of 3 windows"):
        _ = Dynamics(program, EulerMaruyama(), 0.1, steps=9).one_computer


def test_the_time_step_is_checked_in_every_window(computer):
    strong = computer.with_parameters(40 * computer.parameters)
    bound = largest_stable_dt(strong)
    assert bound < largest_stable_dt(computer)
    for order in ([computer, strong], [strong, computer]):
        check_time_step(Program(order), 0.99 * bound)
        with pytest.raises(StabilityError, match="above the stability bound"):
            check_time_step(Program(order), 1.01 * bound)


@pytest.mark.parametrize("count", [1, 4])
def test_round_trip(computer, tmp_path, count):
    program = Program(windows(computer, count), [1.0] if count == 1 else [0.1, 0.2, 0.3, 0.4])
    save_computer(program, tmp_path / "p.nc")
    loaded = load_program(tmp_path / "p.nc")
    assert loaded.digest() == program.digest()
    assert np.array_equal(loaded.shares, program.shares)
    for mine, its in zip(loaded.computers, program.computers, strict=True):
        assert mine.digest() == its.digest()
        assert mine.layout == its.layout
        assert mine.onsite.potentials == its.onsite.potentials
        assert np.array_equal(mine.trainable_biases, its.trainable_biases)


def test_round_trip_of_pairs_one_by_one(make_computer, tmp_path):
    computer = make_computer({"a": 6}, Quartic(), Ring(), clamped=())
    program = Program([computer, computer.with_parameters(2 * computer.parameters)])
    save_computer(program, tmp_path / "p.nc")
    assert load_program(tmp_path / "p.nc").digest() == program.digest()


def test_a_single_window_writes_what_its_computer_writes(computer, tmp_path):
    save_computer(computer, tmp_path / "computer.nc")
    save_computer(Program(computer), tmp_path / "program.nc")
    assert (tmp_path / "computer.nc").read_bytes() == (tmp_path / "program.nc").read_bytes()


@pytest.fixture
def saved(computer, tmp_path):
    path = tmp_path / "program.nc"
    save_computer(Program(windows(computer, 3)), path)
    return path


def test_several_windows_are_no_computer(saved):
    with pytest.raises(DataError, match=r"program.nc holds a program of 3 windows: load it with thermozoo.load"):
        load_computer(saved)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda d: d["coupling"].values.__setitem__((1, 0), 9.0),
        lambda d: d["bias"].values.__setitem__((2, 1), 1e-12),
        lambda d: d["potential_0.J4"].values.__setitem__((0, 2), 3.5),
        lambda d: d["share"].values.__setitem__(slice(2), [0.3, 1 / 3 + 1 / 3 - 0.3]),
        lambda d: d["coupling"].values.__setitem__(slice(None), d["coupling"].values[::-1].copy()),
        lambda d: d.attrs.update(digest="0" * 64),
        lambda d: d.attrs.update(contents="0" * 64),
        lambda d: d.attrs.update(format="thermozoo computer 2"),
        lambda d: d.attrs.update(format="thermozoo computer 1"),
    ],
)
def test_tampering_is_noticed(saved, tamper):
    with xarray.open_dataset(saved, engine="h5netcdf") as opened:
        dataset = opened.load()
    tamper(dataset)
    dataset.to_netcdf(saved, engine="h5netcdf")
    with pytest.raises(DataError) as caught:
        load_program(saved)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.drop_vars("share"),
        lambda d: d.isel(window=0),
        lambda d: d.isel(window=[0, 1]),
        lambda d: d.assign(share=("window", [1.0, 1.0, 1.0])),
        lambda d: d.assign(bias=d["bias"].isel(window=0)),
    ],
)
def test_a_file_that_is_not_whole_is_refused(saved, damage):
    from thermozoo.computer import files

    with xarray.open_dataset(saved, engine="h5netcdf") as opened:
        dataset = damage(opened.load())
    # the digest of its contents holds, so that it is read as far as it goes
    dataset.attrs["contents"] = files._contents(dataset)
    dataset.to_netcdf(saved, engine="h5netcdf")
    with pytest.raises(DataError, match=r"program.nc") as caught:
        load_program(saved)
    assert "\n" not in str(caught.value)


def test_every_damaged_byte_is_noticed(saved):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot read"):
        load_program(saved)
    for place in range(200, len(whole), len(whole) // 40):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        with pytest.raises(DataError):
            load_program(saved)
