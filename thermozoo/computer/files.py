"""The computer's file: NetCDF 4 through xarray, with named dimensions and units."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import Couplings, DenseCouplings, EdgeCouplings
from thermozoo.computer.layout import Layout
from thermozoo.computer.onsite import OnSite
from thermozoo.computer.settings import plugin_settings, rebuilt_plugin
from thermozoo.errors import DataError, OutputError, ParameterError, ShapeError
from thermozoo.interfaces import Plugin, Potential
from thermozoo.symbolic.trace import flat_parameters

if TYPE_CHECKING:
    import xarray

    from thermozoo.registry.catalogue import Catalogue

__all__ = ["check_settings", "load_computer", "replace_file", "save_computer", "write_dataset"]

_FORMAT = "thermozoo computer 1"

#: NetCDF has no truth values: what the numbers of such a variable mean, in the words of the CF conventions.
_TRUTH = {"flag_values": np.array([0, 1], dtype=np.int8), "flag_meanings": "false true"}


def replace_file(path: Path, write: Any) -> None:
    """Write a file beside its name with ``write(temporary_path)`` and rename it into place.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes files that only their owner can read
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _ascii(attrs: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return attributes with characters beyond ASCII escaped."""
    return {
        key: value.encode("ascii", "backslashreplace").decode() if isinstance(value, str) else value
        for key, value in attrs.items()
    }


def write_dataset(dataset: xarray.Dataset, path: Path) -> None:
    """Write an xarray data set as NetCDF 4, compressed, and rename it into place.

    Attributes are ASCII, which every tool reads: beyond it, a text would become one of another type (NC_STRING).
    """
    dataset = dataset.copy()
    dataset.attrs = _ascii(dataset.attrs)
    for variable in dataset.variables.values():
        variable.attrs = _ascii(variable.attrs)
    encoding = {
        name: {"zlib": True, "complevel": 1}
        for name, array in dataset.variables.items()
        if array.dtype.kind == "f" and array.size > 1000
    }
    replace_file(path, lambda temporary: dataset.to_netcdf(temporary, engine="h5netcdf", encoding=encoding))


def save_computer(computer: Computer, path: str | Path) -> None:
    """Save a computer: groups, potentials with their parameters, couplings, biases, temperature, mobility.

    Potentials are stored by plugin name, parameter values and settings, so loading needs the same plugins to be
    installed.

    Raises
    ------
    OutputError
        When the file cannot be written, or a potential has a setting that is neither text nor numbers.
    """
    import xarray

    layout = computer.layout
    variables: dict[str, Any] = {
        "bias": ("unit", computer.biases, {"units": "E0"}),
        "trainable_bias": ("unit", computer.trainable_biases.astype(np.int8), _TRUTH),
        "group_of_unit": ("unit", np.repeat(np.arange(len(layout.groups)), list(layout.sizes.values()))),
        "coupling": ("edge", computer.couplings.vector, {"units": "E0"}),
        "group_size": ("group", list(layout.sizes.values())),
        "group_frozen": ("group", np.array([g in layout.frozen for g in layout.groups], dtype=np.int8), _TRUTH),
        "potential": ("group", [computer.onsite.potentials[g].name for g in layout.groups]),
        "potential_settings": ("group", [_settings_text(computer.onsite.potentials[g]) for g in layout.groups]),
    }
    if isinstance(computer.couplings, DenseCouplings):
        pairs = [[s.start, s.stop, t.start, t.stop] for s, t in computer.couplings.pairs]
        variables["coupled_ranges"] = (
            ("block", "bounds"),
            np.array(pairs, dtype=np.int64).reshape(-1, 4),
            {"long_name": "first and last unit (exclusive) of rows and of columns"},
        )
    else:
        variables["edges"] = (("edge", "end"), computer.couplings.edges)
    for g, group in enumerate(layout.groups):
        for name, spec, value in flat_parameters(computer.onsite.potentials[group]):
            dims: tuple[str, ...] = (f"unit_of_{group}",) if np.ndim(value) else ()
            variables[f"potential_{g}.{name}"] = (dims, value, {"units": spec.unit.replace("energy", "E0")})
    dataset = xarray.Dataset(
        variables,
        coords={"group": list(layout.groups)},
        attrs={
            "format": _FORMAT,
            "temperature": computer.temperature,
            "mobility": computer.mobility,
            "digest": computer.digest(),
            "energy": "V = sum_i U(x_i) + sum_i b_i x_i + sum_(i<j) J_ij x_i x_j",
        },
    )
    write_dataset(dataset, Path(path))


def load_computer(path: str | Path, catalogue: Catalogue | None = None) -> Computer:
    """Load a computer that `save_computer` wrote.

    Raises
    ------
    DataError
        When the file is missing, foreign, or its digest does not match its contents.
    UnknownNameError
        When a potential's plugin is not installed.
    """
    import xarray

    from thermozoo.registry.catalogue import catalogue as installed

    plugins = catalogue or installed()
    try:
        with xarray.open_dataset(Path(path), engine="h5netcdf") as opened:
            dataset = opened.load()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read a computer from {path}: {error}") from error
    if dataset.attrs.get("format") != _FORMAT:
        raise DataError(f"{path} is not a computer's file: expected the attribute format = {_FORMAT!r}")
    try:
        computer = _computer_of(dataset, plugins)
    except (KeyError, ParameterError, ShapeError) as error:
        raise DataError(f"{path} does not hold a whole computer: {error}") from error
    if computer.digest() != dataset.attrs.get("digest"):
        raise DataError(f"{path}: the digest of its contents is not the one that it states; the file was changed")
    return computer


def _computer_of(dataset: xarray.Dataset, plugins: Catalogue) -> Computer:
    """Return the computer that a data set of `save_computer` describes."""
    groups = [str(g) for g in dataset["group"].values]
    sizes = dict(zip(groups, dataset["group_size"].values.tolist(), strict=True))
    frozen = [g for g, f in zip(groups, dataset["group_frozen"].values, strict=True) if f]
    layout = Layout(sizes, frozen=frozen)
    potentials = {}
    for g, group in enumerate(groups):
        cls = plugins.get(Potential, str(dataset["potential"].values[g]))  # type: ignore[type-abstract]
        prefix = f"potential_{g}."
        values = {
            str(name)[len(prefix) :]: dataset[name].values for name in dataset.variables if str(name).startswith(prefix)
        }
        settings = json.loads(str(dataset["potential_settings"].values[g]))
        potentials[group] = rebuilt_plugin(cls, values, settings, plugins)
    vector = dataset["coupling"].values
    couplings: Couplings
    if "coupled_ranges" in dataset:
        ranges = tuple((slice(a, b), slice(c, d)) for a, b, c, d in dataset["coupled_ranges"].values.tolist())
        couplings = DenseCouplings(layout.n, ranges, vector)
    else:
        couplings = EdgeCouplings(layout.n, dataset["edges"].values, vector)
    return Computer(
        layout=layout,
        onsite=OnSite(layout, potentials),
        couplings=couplings,
        biases=dataset["bias"].values,
        temperature=float(dataset.attrs["temperature"]),
        mobility=float(dataset.attrs["mobility"]),
        trainable_biases=dataset["trainable_bias"].values.astype(bool),
    )


def check_settings(computer: Computer) -> None:
    """Refuse a computer with a setting that `save_computer` could not write.

    Raises
    ------
    OutputError
        When a potential has a setting that is neither text nor numbers.
    """
    for group in computer.layout.groups:
        _settings_text(computer.onsite.potentials[group])


def _settings_text(plugin: Plugin) -> str:
    """Return the settings of a plugin as JSON."""
    try:
        return json.dumps(plugin_settings(plugin))
    except TypeError as error:
        raise OutputError(
            f"a computer with the {plugin.kind} {plugin.name!r} cannot be saved: {error}; a setting must be text, a "
            "number, a list of them, or a plugin"
        ) from error
