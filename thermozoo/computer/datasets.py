"""Files of data sets: NetCDF 4 through xarray, sealed, written beside their name and renamed into place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thermozoo.arguments import instance
from thermozoo.computer.output import hdf5_output
from thermozoo.computer.seal import add_seal, check_seal
from thermozoo.computer.unsealed import check_elsewhere
from thermozoo.errors import DataError, OutputError
from thermozoo.given_files import check_held

if TYPE_CHECKING:
    import xarray

__all__ = ["first_line", "load_hdf5", "path_of", "read_dataset", "replace_file", "write_dataset"]

#: What NetCDF writes to a dimension that has no variable.
_NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"

#: Bytes that one byte of a compressed file stands for, at most.
_DENSEST = 1032

#: Characters of another library's message, at most.
_LONGEST = 200


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
    """Write an xarray data set as NetCDF 4, compressed and sealed, and rename it into place.

    Attributes are ASCII, which every tool reads: beyond it, a text would become one of another type (NC_STRING).
    """
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    dataset = dataset.copy()
    dataset.attrs = _ascii(dataset.attrs)
    for variable in dataset.variables.values():
        variable.attrs = _ascii(variable.attrs)
    encoding = {
        name: {"zlib": True, "complevel": 1}
        for name, array in dataset.variables.items()
        if array.dtype.kind == "f" and array.size > 1000
    }

    def write(temporary: Path) -> None:
        with hdf5_output(temporary) as output, h5netcdf.File(output, "w") as file:
            dataset.dump_to_store(H5NetCDFStore(file), encoding=encoding)
        add_seal(temporary)

    replace_file(path, write)


def read_dataset(path: str | Path) -> xarray.Dataset:
    """Return the whole of a NetCDF 4 file, sealed or not.

    Raises
    ------
    DataError
        When it is missing, damaged or no such file.
    """
    path = path_of(path)
    try:
        if path.is_dir():
            raise DataError(f"cannot read {path}: it is a folder; name a file in it, such as {path / 'computer.nc'}")
        if not check_seal(path):
            check_elsewhere(path)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"cannot read {path}: {first_line(getattr(error, 'strerror', None) or error)}") from error
    return load_hdf5(path)


def load_hdf5(path: Path) -> xarray.Dataset:
    """Return the whole of a NetCDF 4 file, after a look at what it would take and where it would be read from.

    Raises
    ------
    DataError
        When it is no such file, or is damaged so that a library notices.
    """
    import xarray

    try:
        _check_variables(path)
        with xarray.open_dataset(path, engine="h5netcdf") as opened:
            return opened.load()
    except MemoryError:
        raise DataError(f"cannot read {path}: there is not enough memory for what it holds") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {first_line(error.strerror or error)}") from error
    except Exception as error:  # three libraries read a file that may hold anything
        raise DataError(f"cannot read {path}: {first_line(error)}") from error


def _check_variables(path: Path) -> None:
    """Raise ValueError for variables that are read from elsewhere, or larger than file and memory can make them."""
    import h5py  # type: ignore[import-untyped]

    most = path.stat().st_size * _DENSEST
    total = 0
    with h5py.File(path, "r") as file:
        for name in file:
            link = file.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{name!r} is a link to elsewhere; expected variables that are in the file")
            one = file[name]
            if not isinstance(one, h5py.Dataset):
                raise ValueError(f"{name!r} is a {type(one).__name__.lower()}; expected variables alone")
            if one.external or one.is_virtual:
                raise ValueError(f"the values of {name!r} are in another file; expected them in this one")
            size = one.size * one.dtype.itemsize if one.size is not None else 0
            if bytes(one.attrs.get("NAME", b"")).startswith(_NO_VARIABLE):
                continue  # nothing is read of it
            total += size
            if size > most:
                raise ValueError(f"{name!r} promises {size} bytes of data, more than fit into the file")
    check_held(2 * total, "what it holds")


def path_of(value: Any) -> Path:
    """Return a path that is given as text or as a path."""
    return Path(instance("path", value, str | os.PathLike, "a string or a Path"))


def first_line(said: object) -> str:
    """Return what an error says, in one line that one can take in."""
    line = (str(said).splitlines() or [""])[0].strip() or type(said).__name__
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
