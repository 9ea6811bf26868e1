"""The computer's file: NetCDF 4 through xarray, with named dimensions and units."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thermozoo.arguments import instance
from thermozoo.computer.computer import Computer
from thermozoo.computer.datasets import first_line, path_of, read_dataset, write_dataset
from thermozoo.computer.layout import Layout
from thermozoo.computer.onsite import OnSiteEnergy
from thermozoo.computer.program import Program, programs_digest
from thermozoo.computer.settings import rebuilt_plugin, settings_text
from thermozoo.computer.terms.files import read_couplings, read_terms, write_couplings, write_terms
from thermozoo.errors import DataError, UnknownNameError
from thermozoo.interfaces import Potential
from thermozoo.interfaces.tree import flat_parameters

if TYPE_CHECKING:
    import xarray

    from thermozoo.registry.catalogue import Catalogue

__all__ = [
    "OF_CONDITIONS",
    "check_settings",
    "load_all",
    "load_computer",
    "load_program",
    "program_dataset",
    "save_computer",
    "write_sealed",
]

#: The format of one window, that of several, and the one before them, whose files have no digest of their contents.
_FORMAT, _OF_WINDOWS, _WITHOUT_CONTENTS = "thermozoo computer 2", "thermozoo computer 3", "thermozoo computer 1"

#: The format of a program for each condition.
OF_CONDITIONS = "thermozoo computer 4"

#: NetCDF has no truth values: what the numbers of such a variable mean, in the words of the CF conventions.
_TRUTH = {"flag_values": np.array([0, 1], dtype=np.int8), "flag_meanings": "false true"}


def save_computer(computer: Computer | Program, path: str | Path) -> None:
    """Save a computer or a program: groups, potentials with their parameters, couplings with their interaction, further
    terms, biases, temperature, mobility.

    What changes from window to window has the dimension ``window``; of a single window the file is that of its
    computer.

    Plugins are stored by name, parameter values and settings, so loading needs the same plugins to be
    installed.

    Raises
    ------
    OutputError
        When the file cannot be written, or a potential has a setting that is neither text nor numbers.
    """
    if not isinstance(computer, Program):
        instance("computer", computer, Computer, "assemble one")
    program = Program.of(computer)
    write_sealed(program_dataset(program, several=program.windows > 1), path)


def write_sealed(dataset: xarray.Dataset, path: str | Path) -> None:
    """Write a data set of computers with a digest of its contents."""
    dataset.attrs["contents"] = _contents(dataset)
    write_dataset(dataset, path_of(path))


def program_dataset(program: Program, *, several: bool) -> xarray.Dataset:
    """Return what a file holds of a program; with the dimension ``window``, or without, where there is one window."""
    import xarray

    computer, windows, layout = program.computers[0], program.computers, program.layout

    def of_windows(dims: tuple[str, ...], values: list[Any], attributes: dict[str, Any]) -> Any:
        return (("window", *dims), np.stack(values), attributes) if several else (dims, values[0], attributes)

    variables: dict[str, Any] = {
        "bias": of_windows(("unit",), [one.biases for one in windows], {"units": "E0"}),
        "trainable_bias": ("unit", computer.trainable_biases.astype(np.int8), _TRUTH),
        "group_of_unit": ("unit", np.repeat(np.arange(len(layout.groups)), list(layout.sizes.values()))),
        "coupling": of_windows(("edge",), [one.couplings.vector for one in windows], {"units": "E0"}),
        "group_size": ("group", list(layout.sizes.values())),
        "group_clamped": ("group", np.array([g in layout.clamped for g in layout.groups], dtype=np.int8), _TRUTH),
        "potential": ("group", [computer.onsite.potentials[g].name for g in layout.groups]),
        "potential_settings": ("group", [settings_text(computer.onsite.potentials[g]) for g in layout.groups]),
    }
    variables |= write_couplings(computer.couplings, "")
    variables |= write_terms(computer.terms)
    for k, name in enumerate(computer.terms):
        vectors = [one.terms[name].vector for one in windows]
        variables[f"term_{k}.strength"] = of_windows((f"strength_of_term_{k}",), vectors, {"units": "E0"})
    for g, group in enumerate(layout.groups):
        for name, spec, value in flat_parameters(computer.onsite.potentials[group]):
            dims: tuple[str, ...] = (f"unit_of_{group}",) if np.ndim(value) else ()
            values = [one.onsite.sites[group].values[name] for one in windows]
            unit = {"units": spec.unit.replace("energy", "E0")}
            variables[f"potential_{g}.{name}"] = of_windows(dims, values, unit)
    if any(one.onsite.amplitude != 1.0 for one in windows):
        factors = [np.asarray(one.onsite.amplitude) for one in windows]
        variables["onsite_amplitude"] = of_windows((), factors, {"long_name": "factor of the on-site energy"})
    if several:
        variables["share"] = ("window", program.shares, {"long_name": "fraction of the duration, in order of time"})
    return xarray.Dataset(
        variables,
        coords={"group": list(layout.groups)},
        attrs={
            "format": _OF_WINDOWS if several else _FORMAT,
            "temperature": computer.temperature,
            "mobility": computer.mobility,
            "digest": program.digest(),
            "energy": _written(computer),
        },
    )


def _written(computer: Computer) -> str:
    """Return the energy as a formula."""
    couplings = computer.couplings
    pairs = " + sum_(i<j) J_ij x_i x_j"
    if couplings.interaction is not None:
        pairs = f" + sum_e J_e phi(x_e1, ..., x_e{couplings.order})"
    further = (f" + {name}" for name, term in computer.terms.items() if term.conservative)
    return f"V = sum_i U(x_i) + sum_i b_i x_i{pairs}{''.join(further)}"


def load_computer(path: str | Path, catalogue: Catalogue | None = None) -> Computer:
    """Load a computer that `save_computer` wrote.

    Raises
    ------
    DataError
        When the file is missing, foreign or damaged, as for `load_program`, or holds a program of several windows.
    UnknownNameError
        When a potential's plugin is not installed.
    """
    program = load_program(path, catalogue)
    if program.windows > 1:
        raise DataError(f"{path} holds a program of {program.windows} windows: load it with thermozoo.load")
    return program.computers[0]


def load_program(path: str | Path, catalogue: Catalogue | None = None) -> Program:
    """Load a computer or a program that `save_computer` wrote, as a program.

    Raises
    ------
    DataError
        When the file is missing, foreign or damaged: its digests do not match its contents.
    UnknownNameError
        When a potential's plugin is not installed.
    """
    loaded = load_all(path, catalogue)
    if isinstance(loaded, Program):
        return loaded
    raise DataError(
        f"{path} holds a program for each of {len(loaded)} conditions ({', '.join(map(str, loaded))}): load it with "
        "thermozoo.load"
    )


def load_all(path: str | Path, catalogue: Catalogue | None = None) -> Program | dict[int, Program]:
    """Load what a computer's file holds: a program, or one for each condition; see `load_program`."""
    from thermozoo.registry.catalogue import catalogue as installed

    plugins = catalogue or installed()
    dataset = read_dataset(path)
    form = dataset.attrs.get("format")
    if not isinstance(form, str) or form not in (_FORMAT, _OF_WINDOWS, OF_CONDITIONS, _WITHOUT_CONTENTS):
        raise DataError(
            f"{path} is not a computer's file: expected the attribute format = {_FORMAT!r}, {_OF_WINDOWS!r} or "
            f"{OF_CONDITIONS!r}"
        )
    # before anything is made of what may be damaged
    if form != _WITHOUT_CONTENTS and _contents(dataset) != dataset.attrs.get("contents"):
        raise DataError(f"{path}: {_CHANGED}")
    try:
        if form == OF_CONDITIONS:
            return _programs_of(dataset, plugins, f"{path}: {_CHANGED}")
        program = _program_of(dataset, plugins) if form == _OF_WINDOWS else Program(_computer_of(dataset, plugins))
    except (LookupError, ValueError, TypeError, OverflowError, AttributeError, MemoryError) as error:
        if isinstance(error, UnknownNameError | DataError):
            raise
        raise DataError(f"{path} does not hold a whole computer: {first_line(error)}") from error
    if program.digest() != dataset.attrs.get("digest"):
        raise DataError(f"{path}: {_CHANGED}")
    return program


_CHANGED = "the digest of its contents is not the one that it states; the file was changed or damaged"


def _programs_of(dataset: xarray.Dataset, plugins: Catalogue, changed: str) -> dict[int, Program]:
    """Return the programs that a data set with conditions describes."""
    conditions = [int(c) for c in dataset["condition"].values]
    programs = {c: _program_of(dataset.isel(condition=k), plugins) for k, c in enumerate(conditions)}
    if len(programs) != len(conditions) or programs_digest(programs) != dataset.attrs.get("digest"):
        raise DataError(changed)
    return programs


def _contents(dataset: xarray.Dataset) -> str:
    """Return a SHA-256 over every value in a data set, whatever data types and order a tool writes it with."""
    sha = hashlib.sha256()
    for name in sorted(map(str, dataset.variables)):
        values = np.asarray(dataset[name].values)
        sha.update(f"{name} {values.shape} ".encode())
        kind = values.dtype.kind
        if kind in "fiub":
            sha.update(np.ascontiguousarray(values, dtype="<f8" if kind == "f" else "<i8").data)
        else:
            sha.update(json.dumps(values.tolist(), default=str).encode())
    attributes = {name: float(dataset.attrs.get(name, np.nan)).hex() for name in ("temperature", "mobility")}
    sha.update(json.dumps(attributes, sort_keys=True).encode())
    return sha.hexdigest()


def _program_of(dataset: xarray.Dataset, plugins: Catalogue) -> Program:
    """Return the program that a data set with windows describes."""
    windows = range(dataset.sizes["window"])
    return Program([_computer_of(dataset.isel(window=w), plugins) for w in windows], dataset["share"].values)


def _computer_of(dataset: xarray.Dataset, plugins: Catalogue) -> Computer:
    """Return the computer that a data set of `save_computer` describes."""
    groups = [str(g) for g in dataset["group"].values]
    sizes = dict(zip(groups, dataset["group_size"].values.tolist(), strict=True))
    flags = dataset["group_clamped" if "group_clamped" in dataset else "group_frozen"]  # the former name
    clamped = [g for g, f in zip(groups, flags.values, strict=True) if f]
    layout = Layout(sizes, clamped=clamped)
    potentials = {}
    for g, group in enumerate(groups):
        cls = plugins.get(Potential, str(dataset["potential"].values[g]))  # type: ignore[type-abstract]
        prefix = f"potential_{g}."
        values = {
            str(name)[len(prefix) :]: dataset[name].values for name in dataset.variables if str(name).startswith(prefix)
        }
        settings = json.loads(str(dataset["potential_settings"].values[g]))
        potentials[group] = rebuilt_plugin(cls, values, settings, plugins)
    return Computer(
        layout=layout,
        onsite=OnSiteEnergy(layout, potentials, float(dataset.get("onsite_amplitude", 1.0))),
        couplings=read_couplings(dataset, "", layout.n, dataset["coupling"].values, plugins),
        biases=dataset["bias"].values,
        temperature=float(dataset.attrs["temperature"]),
        mobility=float(dataset.attrs["mobility"]),
        trainable_biases=dataset["trainable_bias"].values.astype(bool),
        terms=read_terms(dataset, layout.n, plugins),
    )


def check_settings(computer: Computer) -> None:
    """Refuse a computer with a setting that `save_computer` could not write.

    Raises
    ------
    OutputError
        When a potential or an interaction has a setting that is neither text nor numbers.
    """
    for group in computer.layout.groups:
        settings_text(computer.onsite.potentials[group])
    write_couplings(computer.couplings, "")
    write_terms(computer.terms)
