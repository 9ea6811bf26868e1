"""The file of a program for each condition."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from thermozoo.arguments import count, instance
from thermozoo.computer.files import OF_CONDITIONS, program_dataset, write_sealed
from thermozoo.computer.program import Program, check_together, programs_digest

__all__ = ["save_programs"]


def save_programs(programs: Mapping[int, Program], path: str | Path) -> None:
    """Save the programs for each condition, such as a class of images, in one file; see `save_computer`.

    What changes from window to window has the dimensions ``condition`` and ``window``. Load it with `thermozoo.load`.

    Raises
    ------
    ShapeError, ParameterError
        When there is none, or they are not programs of one machine.
    OutputError
        When the file cannot be written, or a potential has a setting that is neither text nor numbers.
    """
    instance("programs", programs, Mapping, "programs by condition, such as {3: program, 7: other}")
    for condition, one in programs.items():
        count("condition", condition, at_least=-(2**63), at_most=2**63 - 1)
        instance(f"program of condition {condition}", one, Program, "make it with Program(computers)")
    check_together(programs)
    first = next(iter(programs.values()))
    dataset = program_dataset(first, several=True)
    changing = [name for name, one in dataset.data_vars.items() if one.dims[:1] == ("window",)]
    values = {name: np.empty((len(programs), *dataset[name].shape)) for name in changing}
    for place, one in enumerate(programs.values()):  # the programs may be large: they are taken one by one
        part = program_dataset(one, several=True)
        for name in changing:
            values[name][place] = part[name].values
    for name in changing:
        dataset[name] = (("condition", *dataset[name].dims), values[name], dataset[name].attrs)
    dataset = dataset.assign_coords(condition=np.array(list(programs), dtype=np.int64))
    dataset.attrs |= {"format": OF_CONDITIONS, "digest": programs_digest(programs)}
    write_sealed(dataset, path)
