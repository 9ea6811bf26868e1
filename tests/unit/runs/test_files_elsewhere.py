"""Files of a run in other tools: nothing in them needs more than NetCDF-4 in its plainest form.

netCDF4 and MATLAB know no enumerations, references or half floats where h5py writes them for NumPy's types, and make an
``NC_STRING`` of a text beyond ASCII (h5netcdf/h5netcdf#28, #55, Unidata/netcdf4-python#1313, pydata/xarray#7186).
"""

from __future__ import annotations

import tomllib

import attrs
import h5py
import numpy as np
import pytest
import xarray
from thermozoo_plugins.connectivities import Dense

from thermozoo import Potential, parameter
from thermozoo.cli.progress import Bars
from thermozoo.computer.computer import assemble
from thermozoo.computer.files import load_computer, save_computer
from thermozoo.config.load import check_config
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs import experiment, phases

CONFIG = """
seed = 1
[computer]
trainable_biases = ["hollow"]
[computer.units]
visible = 784
hollow = 3
[computer.potential.hollow]
plugin = "double-well"
[computer.potential.visible]
plugin = "quartic"
[dynamics]
dt = 1e-2
duration = 0.1
engine = "reference"
[data]
plugin = "digits"
[generation]
samples = 3
[training]
held_out = 2
"""

#: What attributes may be besides text: the numbers of netCDF-3.
NUMBERS = {np.dtype(kind) for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")}

#: How HDF5 and netCDF-4 themselves tie dimensions to variables.
OWN = {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a small run, without figures."""
    path = tmp_path_factory.mktemp("run") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phases, "draw_figures", lambda *arguments: {})
        config = check_config(tomllib.loads(CONFIG), catalogue(), "small.toml")
        experiment.run_experiment(config, catalogue(), path, reporter=Bars())
    return path


def everything_of(file):
    """The root, and every group and variable with its name."""
    found = [("/", file)]
    file.visititems(lambda name, item: found.append((name, item)))
    return found


@pytest.mark.parametrize("name", ["computer.nc", "samples.nc"])
def test_attributes_and_variables_are_of_plain_types(folder, name):
    with h5py.File(folder / name) as file:
        items = everything_of(file)
        assert len(items) > 3
        for place, item in items:
            if isinstance(item, h5py.Dataset):
                text = h5py.check_string_dtype(item.dtype)
                # text is of variable length, as netCDF-4's own strings are
                assert item.dtype.newbyteorder("=") in NUMBERS or (text is not None and text.length is None), (
                    place,
                    item.dtype,
                )
                assert h5py.check_enum_dtype(item.dtype) is None, place
            for key in set(item.attrs) - OWN:
                kind = item.attrs.get_id(key).dtype
                value = item.attrs[key]
                if h5py.check_string_dtype(kind) is not None:
                    assert isinstance(value, str), (place, key)
                    assert value.isascii(), (place, key, value)
                else:
                    assert kind.newbyteorder("=") in NUMBERS, (place, key, kind)
                    assert h5py.check_enum_dtype(kind) is None, (place, key)
                assert key.isascii(), (place, key)


@attrs.frozen
class Micro(Potential):
    """A unit whose stiffness has a unit beyond ASCII."""

    name = "micro"
    k: float = parameter(1.0, unit="\N{MICRO SIGN}eV", above=0, doc="stiffness")

    def energy(self, x):
        return self.k * x**2


def test_a_plugin_cannot_bring_other_attributes(tmp_path):
    computer = assemble({"a": 2}, Micro(), Dense(), trainable_biases=["a"])
    save_computer(computer, tmp_path / "c.nc")
    with h5py.File(tmp_path / "c.nc") as file:
        assert file["potential_0.k"].attrs["units"] == r"\xb5eV"
        assert file["trainable_bias"].attrs["flag_meanings"] == "false true"
        assert file["trainable_bias"].attrs["flag_values"].tolist() == [0, 1]
        assert file["trainable_bias"][:].tolist() == [1, 1]


@pytest.mark.parametrize("name", ["computer.nc", "samples.nc"])
def test_files_are_read_and_written_again_by_xarray(folder, name, tmp_path):
    with xarray.open_dataset(folder / name, engine="h5netcdf") as opened:
        dataset = opened.load()
    assert all(dimension for variable in dataset.variables.values() for dimension in variable.dims)
    again = tmp_path / name
    dataset.to_netcdf(again, engine="h5netcdf")
    with xarray.open_dataset(again, engine="h5netcdf") as opened:
        xarray.testing.assert_identical(opened.load(), dataset)
    if name == "computer.nc":
        assert load_computer(again, catalogue()).digest() == load_computer(folder / name, catalogue()).digest()
