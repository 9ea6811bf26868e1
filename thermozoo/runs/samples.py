"""The samples of a run as an xarray data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thermozoo.runs.generated import Generated
from thermozoo.runs.imperfect import heat_counted
from thermozoo.runs.machine import Machine
from thermozoo.training.noising import image_group

if TYPE_CHECKING:
    import xarray

__all__ = ["samples_dataset"]


def samples_dataset(machine: Machine, generated: Generated) -> xarray.Dataset:
    """Return final states, heat by sample, the ledger over time, and the prototypes, with dimensions and units."""
    import xarray

    layout = machine.computer.layout
    shown = layout.slice(image_group(machine.computer))
    energy = {"units": "E0"}
    work = "work of switching and of the schedule" if machine.config.driven else "switching work"
    if heat_counted(machine.config) is not None:
        work += ", and of asymmetric couplings along the path"
    variables = {
        "state": (("sample", "unit"), generated.final, {"long_name": "states at the end of generation"}),
        "heat": ("sample", generated.ledger.total, {**energy, "long_name": "heat released, switched on to end"}),
        "work": ("sample", generated.ledger.total_work, {**energy, "long_name": work}),
        "shown_state": (("time", "shown", "unit"), generated.shown),
        "prototype": (("prototype", "pixel"), machine.prototypes.images),
        "label": ("prototype", machine.prototypes.labels),
    }
    if generated.condition is not None:
        variables["condition"] = ("sample", generated.condition, {"long_name": "what was asked of the sample"})
    if len(generated.window_heat) > 1:
        for name, by_window, told in (
            ("heat", generated.window_heat, "heat released in each window"),
            ("work", generated.window_work, "work of switching to each window"),
        ):
            variables[f"window_{name}"] = (("window", "sample"), by_window, {**energy, "long_name": told})
    for name, part in generated.ledger.by_term.items():
        variables[f"heat_{name.replace('-', '_')}"] = (
            ("time", "sample"),
            part,
            {**energy, "long_name": f"heat released so far out of the {name} energy"},
        )
    return xarray.Dataset(
        variables,
        coords={
            "time": ("time", generated.times * machine.computer.mobility, {"units": "1 / (mobility E0)"}),
            "group_of_unit": ("unit", np.repeat(list(layout.groups), list(layout.sizes.values()))),
        },
        attrs={
            "temperature_kT_in_E0": machine.computer.temperature,
            "image_height": machine.prototypes.shape[0],
            "image_width": machine.prototypes.shape[1],
            "image_units": f"{shown.start}:{shown.stop}",
            "seed": machine.config.seed,
        },
    )
