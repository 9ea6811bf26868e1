"""Small runs of tasks and training methods, and digests of what they leave: for processes of their own.

``python bits_of_runs.py NAME [NAME ...]`` prints a line for each array of each run: the run, what it is, its digest.
A name is that of a task, or ``generate/METHOD/ENGINE``.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import thermozoo as tz

#: Units of the computers that learn images by each method: enough that products of matrices are shared out by threads.
_LEARNING = {
    "computer": {"temperature": 0.1, "units": {"visible": 784, "hidden": 96}, "connectivity": {"plugin": "bipartite"}},
    "dynamics": {"dt": 0.02, "duration": 0.6},
    "data": {"plugin": "digits", "classes": [0, 1]},
    "generation": {"samples": 5},
}

METHODS = ("exact", "moments", "descent", "online")
ENGINES = ("reference", "compiled")


def tasks() -> list[str]:
    """Return the names of the tasks that are installed."""
    return [record.name for record in tz.catalogue().records if record.kind == "task"]


def names() -> list[str]:
    """Return all names."""
    return [*tasks(), *(f"generate/{method}/{engine}" for method in METHODS for engine in ENGINES)]


def config_of(name: str) -> dict[str, Any]:
    """Return the config of a name."""
    task, *more = name.split("/")
    if not more:
        found = dict(tz.get(task).small())
        return {"seed": 11, "task": {"plugin": task}, **found}
    method, engine = more
    training = {"method": method, "held_out": 2}
    if method != "exact":
        training["cycles"] = 5
    dynamics = {**_LEARNING["dynamics"], "engine": engine}
    return {"seed": 11, **_LEARNING, "dynamics": dynamics, "training": training}


def digests_of(name: str) -> list[tuple[str, str]]:
    """Return digests of parameters and samples of a run, by what they are of."""
    with tempfile.TemporaryDirectory() as folder:
        done = tz.run(config_of(name), out=Path(folder) / "run", quiet=True)
        found = [("parameters", str(done.report["parameter_digest"]))]
        if (done.folder / "samples.nc").is_file():
            for variable, values in sorted(done.samples.data_vars.items()):
                found.append((str(variable), hashlib.sha256(np.ascontiguousarray(values.values).tobytes()).hexdigest()))
    return found


if __name__ == "__main__":
    for name in sys.argv[1:] or names():
        for what, digest in digests_of(name):
            print(name, what, digest, flush=True)
