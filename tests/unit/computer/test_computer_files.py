"""A computer's file holds the whole computer, and a file that was changed is refused."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import xarray
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import DoubleWell, Quartic

from thermozoo import Potential, hookimpl, option, parameter
from thermozoo.computer.datasets import replace_file
from thermozoo.computer.files import load_computer, save_computer
from thermozoo.errors import ArgumentError, DataError, OutputError, UnknownNameError
from thermozoo.registry.catalogue import catalogue, load_catalogue
from thermozoo.registry.discovery import Source


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_round_trip(drawn, tmp_path, data):
    computer = data.draw(drawn.computers(clamped=data.draw(st.booleans())))
    save_computer(computer, tmp_path / "computer.nc")
    loaded = load_computer(tmp_path / "computer.nc")
    assert loaded.digest() == computer.digest()
    assert loaded.layout == computer.layout
    assert loaded.onsite.potentials == computer.onsite.potentials
    assert np.array_equal(loaded.couplings.edges, computer.couplings.edges)
    assert type(loaded.couplings) is type(computer.couplings)
    assert np.array_equal(loaded.parameters, computer.parameters)
    assert np.array_equal(loaded.biases, computer.biases)
    assert np.array_equal(loaded.trainable_biases, computer.trainable_biases)
    assert (loaded.temperature, loaded.mobility) == (computer.temperature, computer.mobility)
    x = np.random.default_rng(0).standard_normal((2, computer.n))
    assert np.array_equal(loaded.energy(x), computer.energy(x))


@pytest.fixture(scope="module")
def written(make_computer, tmp_path_factory):
    """A computer and the bytes of its file."""
    computer = make_computer(
        {"visible": 3, "hidden": 2},
        {"visible": Quartic(J2=[1.0, 2.0, 3.0]), "hidden": DoubleWell()},
        Dense(),
        trainable=["hidden"],
    )
    path = tmp_path_factory.mktemp("written") / "computer.nc"
    save_computer(computer, path)
    return computer, path.read_bytes()


@pytest.fixture
def saved(written, tmp_path):
    """The computer and a copy of its file."""
    computer, content = written
    (tmp_path / "computer.nc").write_bytes(content)
    return computer, tmp_path / "computer.nc"


def test_one_value_per_unit_is_kept(saved):
    computer, path = saved
    assert load_computer(path).onsite.potentials == computer.onsite.potentials


@pytest.mark.parametrize(
    "tamper",
    [
        lambda d: d["coupling"].values.__setitem__(0, 9.0),
        lambda d: d["bias"].values.__setitem__(1, 1e-12),
        lambda d: d.attrs.update(temperature=0.5),
        lambda d: d.attrs.update(mobility=0.5),
        lambda d: d["potential_0.J2"].values.__setitem__(2, 3.5),
        lambda d: d.attrs.update(digest="0" * 64),
        lambda d: d.attrs.update(contents="0" * 64),
        lambda d: d["trainable_bias"].values.__setitem__(0, 1),
        lambda d: d["group_clamped"].values.__setitem__(0, 1),
        lambda d: d["coupled_ranges"].values.__setitem__((0, 1), 2**60),
        lambda d: d["group_size"].values.__setitem__(0, -(2**60)),
        lambda d: d["potential"].values.__setitem__(0, "quadratic"),
        lambda d: d["potential_settings"].values.__setitem__(0, "{"),
    ],
)
def test_tampering_is_noticed(saved, tamper):
    _, path = saved
    with xarray.open_dataset(path, engine="h5netcdf") as opened:
        dataset = opened.load()
    tamper(dataset)
    dataset.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(DataError, match=r"digest .* is not the one that it states"):
        load_computer(path)


def test_a_missing_truncated_or_foreign_file(saved, tmp_path):
    _, path = saved
    with pytest.raises(DataError, match=r"cannot read .*nc: "):
        load_computer(tmp_path / "nowhere.nc")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot read .*nc: "):
        load_computer(path)
    path.write_text("not a computer")
    with pytest.raises(DataError, match=r"cannot read .*nc: "):
        load_computer(path)
    xarray.Dataset({"a": ("b", np.zeros(2))}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(DataError, match="is not a computer's file"):
        load_computer(path)


def test_an_incomplete_file_is_refused(saved):
    _, path = saved
    with xarray.open_dataset(path, engine="h5netcdf") as opened:
        dataset = opened.load()
    dataset.drop_vars("bias").to_netcdf(path, engine="h5netcdf")
    with pytest.raises(DataError, match=r"computer.nc"):
        load_computer(path)


def test_a_potential_that_is_not_installed(saved):
    _, path = saved
    with pytest.raises(UnknownNameError, match="no potential is called 'quartic'"):
        load_computer(path, load_catalogue([]))


@attrs.frozen
class Soft(Potential):
    name = "soft"
    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

    def energy(self, x):
        return self.k * x**2


@attrs.frozen
class Shifted(Potential):
    name = "shifted"
    shift: float = parameter(0.5, unit="1", doc="where")
    inner: Potential = option(Soft(), doc="what is shifted")

    def energy(self, x):
        return self.inner.energy(x - self.shift)


@attrs.frozen
class Power(Potential):
    name = "power"
    order: int = option(doc="half the power of x")
    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

    def energy(self, x):
        return self.k * x ** (2 * self.order)


class Toy:
    @staticmethod
    @hookimpl
    def thermozoo_potentials():
        return [Soft, Shifted, Power]


def test_a_potential_that_holds_another(make_computer, tmp_path):
    plugins = load_catalogue([Source("toy", "1", "toy", "toy", lambda: Toy)])
    computer = make_computer({"a": 2}, Shifted(shift=-1.0, inner=Soft(k=[2.0, 3.0])), Dense())
    save_computer(computer, tmp_path / "c.nc")
    loaded = load_computer(tmp_path / "c.nc", plugins)
    assert loaded.digest() == computer.digest()
    assert loaded.onsite.potentials["a"].inner.k.tolist() == [2.0, 3.0]
    with xarray.open_dataset(tmp_path / "c.nc", engine="h5netcdf") as opened:
        units = {name: v.attrs["units"] for name, v in opened.variables.items() if "units" in v.attrs}
    assert units == {"bias": "E0", "coupling": "E0", "potential_0.shift": "1", "potential_0.inner.k": "E0"}


def test_nothing_is_left_behind_when_writing_fails(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("before")

    def fail(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"cannot write .*file.txt: No space left on device"):
        replace_file(target, fail)
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]
    assert target.read_text() == "before"
    with pytest.raises(OutputError, match="cannot write"):
        replace_file(target / "below" / "file.txt", fail)  # a folder that is a file


def test_settings_are_kept_and_digested(make_computer, tmp_path):
    """Two powers are two energies: the file of one must not load as the other, nor have its digest."""
    plugins = load_catalogue([Source("toy", "1", "toy", "toy", lambda: Toy)])
    computers = [make_computer({"a": 2}, Power(order=order, k=3.0), Dense()) for order in (2, 3)]
    assert computers[0].digest() != computers[1].digest()
    for computer in computers:
        save_computer(computer, tmp_path / "c.nc")
        loaded = load_computer(tmp_path / "c.nc", plugins)
        assert loaded.onsite.potentials == computer.onsite.potentials
        x = np.array([[2.0, 0.0]])
        assert np.array_equal(loaded.energy(x), computer.energy(x))


def test_settings_that_are_changed_in_the_file(make_computer, tmp_path):
    plugins = load_catalogue([Source("toy", "1", "toy", "toy", lambda: Toy)])
    save_computer(make_computer({"a": 2}, Power(order=2), Dense()), tmp_path / "c.nc")
    with xarray.open_dataset(tmp_path / "c.nc", engine="h5netcdf") as opened:
        dataset = opened.load()
    dataset["potential_settings"].values[0] = '{"order": 3}'
    dataset.to_netcdf(tmp_path / "c.nc", engine="h5netcdf")
    with pytest.raises(DataError, match=r"digest .* is not the one that it states"):
        load_computer(tmp_path / "c.nc", plugins)


def test_a_setting_that_no_file_can_hold(make_computer, tmp_path):
    computer = make_computer({"a": 2}, Power(order=np.int64(2)), Dense())
    with pytest.raises(OutputError, match=r"'power' cannot be saved: .* a setting must be text, a number"):
        save_computer(computer, tmp_path / "c.nc")


def tried(path, plugins):
    try:
        return load_computer(path, plugins), ""
    except DataError as error:
        return None, str(error)


def test_any_damage_is_found_or_does_no_harm(saved):
    """A bit, a block or the end of the file is lost: the right computer comes back, or one line says so."""
    computer, path = saved
    whole = path.read_bytes()
    plugins = catalogue()
    random = np.random.default_rng(5)
    found = 0
    for kind in np.repeat(["bit", "byte", "block", "cut", "more"], 40):
        damaged, at = bytearray(whole), int(random.integers(len(whole)))
        if kind == "bit":
            damaged[at] ^= 1 << int(random.integers(8))
        elif kind == "byte":
            damaged[at] = int(random.integers(256))
        elif kind == "block":
            size = min(int(random.choice([16, 512, 4096])), len(whole) - at)
            damaged[at : at + size] = bytes(size)
        elif kind == "cut":
            del damaged[at:]
        else:
            damaged += random.bytes(at % 100)
        path.write_bytes(damaged)
        loaded, message = tried(path, plugins)
        if loaded is None:
            assert "\n" not in message
            assert len(message) < 250 + len(str(path))
            found += 1
        else:
            assert loaded.digest() == computer.digest()
            assert loaded.layout == computer.layout
            assert np.array_equal(loaded.trainable_biases, computer.trainable_biases)
    assert found > 120  # every cut, and every bit, and most of the others


def test_damage_is_found_before_a_library_reads_it(saved):
    """Sixteen zeros at some places keep HDF5 busy for ever."""
    _, path = saved
    whole = path.read_bytes()
    at = next(k for k in range(2400, len(whole)) if 0 not in whole[k : k + 8])
    path.write_bytes(whole[:at] + bytes(16) + whole[at + 16 :])
    with pytest.raises(DataError, match="is damaged: its bytes are not those that were written"):
        load_computer(path)
    path.write_bytes(whole[:-50] + bytes(50))  # the seal itself
    with pytest.raises(DataError, match="is damaged"):
        load_computer(path)


def test_a_file_that_another_tool_wrote_again(saved):
    """It has no seal, and may have other data types; the digest of its contents is kept."""
    computer, path = saved
    with xarray.open_dataset(path, engine="h5netcdf") as opened:
        dataset = opened.load()
    for name in ("trainable_bias", "group_size", "coupled_ranges"):
        dataset[name] = dataset[name].astype(np.int32)
    dataset.drop_encoding().to_netcdf(path, engine="h5netcdf")
    loaded = load_computer(path)
    assert loaded.digest() == computer.digest()
    assert np.array_equal(loaded.trainable_biases, computer.trainable_biases)
    assert all(isinstance(v, (str, float)) and str(v).isascii() for v in dataset.attrs.values())


@pytest.mark.parametrize(
    "tamper",
    [
        lambda d: d,
        lambda d: d.drop_vars("bias"),
        lambda d: d.drop_vars("group_size"),
        lambda d: d.assign(group_size=("group", [2**62, 2**62])),
        lambda d: d.assign(group_size=("group", [0.5, 1.0])),
        lambda d: d.assign(potential_settings=("group", ["[]", "{"])),
        lambda d: d.assign(potential_settings=("group", ["[1]", "3"])),
        lambda d: d.assign(coupled_ranges=(("block", "three"), np.zeros((1, 3), int))),
        lambda d: d.assign(coupling=("edge", ["a"] * d.sizes["edge"])),
        lambda d: d.assign_attrs(temperature="warm"),
        lambda d: d.assign_attrs(digest=3),
    ],
)
def test_a_file_of_the_first_format(saved, tamper):
    """It has no digest of its contents, so that anything may stand there."""
    computer, path = saved
    with xarray.open_dataset(path, engine="h5netcdf") as opened:
        dataset = opened.load()
    dataset.attrs["format"] = "thermozoo computer 1"
    del dataset.attrs["contents"]
    changed = tamper(dataset)
    changed.to_netcdf(path, engine="h5netcdf")
    if changed is dataset:
        assert load_computer(path).digest() == computer.digest()
        return
    with pytest.raises(DataError) as caught:
        load_computer(path)
    assert "\n" not in str(caught.value)


def test_what_is_no_file(saved, tmp_path):
    computer, _ = saved
    with pytest.raises(DataError, match=r"it is a folder; name a file in it, such as .*computer.nc"):
        load_computer(tmp_path)
    with pytest.raises(DataError, match=r"cannot read .*: embedded null byte"):
        load_computer("a\0b")
    for path in (5, None, b"c.nc"):
        with pytest.raises(ArgumentError, match="path must be a string or a Path, got"):
            load_computer(path)
        with pytest.raises(ArgumentError, match="path must be a string or a Path, got"):
            save_computer(computer, path)
    with pytest.raises(ArgumentError, match="computer must be a Computer, got None"):
        save_computer(None, tmp_path / "c.nc")
