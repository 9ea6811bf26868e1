"""What a replay leaves: a folder of its own with the trajectory, a figure, and what was compared."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thermozoo.computer.datasets import replace_file, write_dataset
from thermozoo.errors import OutputError, shown
from thermozoo.plotting.style import png_bytes
from thermozoo.plotting.trajectory import plot_trajectory
from thermozoo.runs.folder import write_json
from thermozoo.runs.replay import Compared, Replay, digest_of
from thermozoo.runs.replayed import Leg

if TYPE_CHECKING:
    import xarray

__all__ = ["replay_lines", "replay_place", "trajectory_dataset", "write_replay"]

#: Units whose states the figure shows.
_SHOWN = 24


@contextlib.contextmanager
def replay_place(target: Path | None, run: Path, number: int) -> Iterator[Path]:
    """Make the folder of a replay, which nobody has yet; it goes again where the replay fails.

    Parameters
    ----------
    target : Path or None
        The folder; None: beside that of the run, with its name and the trajectory's number, and the next free number.
    run : Path
        The folder of the run.
    number : int
        Number of the trajectory.

    Raises
    ------
    OutputError
        When something is there already, or the folder cannot be made.
    """
    folder = run.absolute()
    for count in itertools.count(1):
        more = "" if count == 1 else f"-{count}"
        path = target or folder.with_name(f"{folder.name}-trajectory-{number}{more}")
        try:
            path.mkdir(parents=target is not None)
            break
        except FileExistsError as error:
            if target is not None:
                raise OutputError(
                    f"{shown(path, 200)} exists: a replay replaces nothing; give another name with --out"
                ) from error
        except OSError as error:
            raise OutputError(f"cannot make the folder {shown(path, 200)}: {error.strerror or error}") from error
    try:
        yield path
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def trajectory_dataset(replay: Replay, legs: Sequence[Leg]) -> xarray.Dataset:
    """Return states, energies, work and heat of a trajectory over time, one part after the other."""
    import xarray

    run, energy = replay.run, {"units": "E0"}
    terms = list(dict.fromkeys(name for leg in legs for name in leg.ledger.terms))
    held = list(dict.fromkeys(name for leg in legs for name in leg.variables))
    layout = legs[0].dynamics.computer.layout
    mobility = legs[0].dynamics.computer.mobility

    def by_term(book: str) -> Any:
        return np.concatenate(
            [
                np.stack([np.ravel(getattr(leg.ledger, book).get(name, np.zeros(len(leg.steps)))) for name in terms])
                for leg in legs
            ],
            axis=1,
        )

    of_leg = np.repeat(np.arange(len(legs)), [len(leg.steps) for leg in legs])
    variables: dict[str, Any] = {
        "state": (
            ("observation", "unit"),
            np.concatenate([leg.states for leg in legs]),
            {"units": "1", "long_name": "states, the last of each part those after its last step"},
        ),
        "energy": (("term", "observation"), by_term("terms"), {**energy, "long_name": "energy by term"}),
        "work": (("term", "observation"), by_term("work"), {**energy, "long_name": "work done in the part so far"}),
        "heat": (
            ("term", "observation"),
            by_term("by_term"),
            {**energy, "long_name": "heat released in the part so far"},
        ),
        "part_heat": ("part", [leg.heat for leg in legs], {**energy, "long_name": "heat released in each part"}),
        "part_stream": ("part", [leg.key.stream for leg in legs], {"long_name": "stream of the noise"}),
        "part_dt": ("part", [leg.dynamics.dt for leg in legs], {"units": "time", "long_name": "time step"}),
        "part_temperature": (
            "part",
            [leg.dynamics.computer.temperature for leg in legs],
            {**energy, "long_name": "temperature kT, where none is driven"},
        ),
    }
    for name in held:
        parts = [leg.variables.get(name, np.full_like(leg.states, np.nan)) for leg in legs]
        variables[name] = (("observation", "unit"), np.concatenate(parts))
    return xarray.Dataset(
        variables,
        coords={
            "term": terms,
            "part": np.arange(len(legs)),
            "part_of_observation": ("observation", of_leg),
            "step": ("observation", np.concatenate([leg.steps for leg in legs])),
            "time": ("observation", mobility * _times(legs), {"units": "1 / (mobility E0)"}),
            "group_of_unit": ("unit", np.repeat(list(layout.groups), list(layout.sizes.values()))),
        },
        attrs={
            "trajectory": run.number,
            "task": run.config.task.name,
            "engine": run.engine.name,
            "precision": run.config.dynamics.precision,
            "seed": run.config.seed,
            "temperature_kT_in_E0": legs[0].dynamics.computer.temperature,
        },
    )


def _times(legs: Sequence[Leg]) -> Any:
    """Return the times of all observations, each part beginning where the one before it ends."""
    found, start = [], 0.0
    for leg in legs:
        found.append(start + (leg.steps - leg.steps[0]) * leg.dynamics.dt)
        start = found[-1][-1]
    return np.concatenate(found)


def write_replay(folder: Path, replay: Replay, legs: Sequence[Leg], compared: Sequence[Compared]) -> None:
    """Write ``trajectory.nc``, ``trajectory.png`` and ``replay.json`` into the folder of a replay."""
    data = trajectory_dataset(replay, legs)
    kT = float(data.attrs["temperature_kT_in_E0"])
    last = legs[-1]
    figure = plot_trajectory(
        data["time"].values,
        data["state"].values[:, _shown(last)],
        {name: data["heat"].sel(term=name).values / kT for name in data["term"].values.tolist()},
        parts=data["part_of_observation"].values,
    )
    picture = png_bytes(figure)
    write_dataset(data, folder / "trajectory.nc")
    replace_file(folder / "trajectory.png", lambda path: path.write_bytes(picture))
    about = {
        "run": str(replay.folder),
        "trajectory": replay.run.number,
        "trajectories": replay.trajectories,
        "task": replay.run.config.task.name,
        "engine": {"name": replay.run.engine.name, **replay.run.engine.details},
        "changes": list(replay.changes),
        "final_state_sha256": digest_of(last.states[-1]),
        "heat": [leg.heat for leg in legs],
        "compared": {
            one.name: {
                "same_bits": not one.differing,
                "differing": one.differing,
                "numbers": one.numbers,
                "largest_difference": one.largest,
                "kept_sha256": one.kept,
                "replayed_sha256": one.again,
            }
            for one in compared
        },
    }
    replace_file(folder / "replay.json", lambda path: write_json(path, about))


def _shown(leg: Leg) -> Any:
    """Return the units that the figure shows: evenly among those that move."""
    free = np.flatnonzero(leg.dynamics.computer.layout.free)
    return free[np.unique(np.linspace(0, len(free) - 1, min(_SHOWN, len(free))).astype(np.int64))]


def replay_lines(replay: Replay, legs: Sequence[Leg], compared: Sequence[Compared]) -> list[str]:
    """Return what the terminal says of a replay."""
    run, last = replay.run, legs[-1]
    kT = last.dynamics.computer.temperature
    steps = sum(int(leg.steps[-1] - leg.steps[0]) for leg in legs)
    parts = f" in {len(legs)} parts" if len(legs) > 1 else ""
    lines = [
        f"trajectory {run.number} of {replay.trajectories:,} of {shown(replay.folder, 200)}: task "
        f"{run.config.task.name}, engine {run.engine.name}, {run.config.dynamics.precision} precision",
        f"states: {last.states.shape[1]:,} units, {steps:,} steps{parts}, observed "
        f"{sum(len(leg.steps) for leg in legs):,} times",
        f"heat: {last.heat / kT:.6g} kT{', of the last part' if parts else ''}",
        f"last state: SHA-256 {digest_of(last.states[-1])}",
    ]
    for one in compared:
        if not one.differing:
            lines.append(f"{one.name}: the same bits as in samples.nc, SHA-256 {one.kept}")
        else:
            lines.append(
                f"{one.name}: {one.differing:,} of {one.numbers:,} numbers differ from samples.nc, by up to "
                f"{one.largest:.2g}"
            )
    if not compared:
        read = "" if run.read.exact else ", but what was read with noise"
        lines.append(f"samples.nc keeps nothing of a single trajectory to compare with{read}")
    return lines
