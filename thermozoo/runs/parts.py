"""Work of a task that is shared out: by a method that is called with parts of the trajectories, in any process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.checkpoints.pieces import kept, rounds
from thermozoo.checkpoints.values import UnkeptError, read_rows, read_value, value_digest, write_value
from thermozoo.computer.files import load_computer, save_computer
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.dynamics.sharing import together
from thermozoo.dynamics.simulate import Simulation, simulate
from thermozoo.errors import PluginError
from thermozoo.interfaces import Progress, Task
from thermozoo.runs.imperfect import Reader
from thermozoo.runs.phase import Run, Size, own_key
from thermozoo.runs.setup import Setup
from thermozoo.runs.sharing import Work, opened, share, telling
from thermozoo.shards.cutting import Shard, blocks_of

__all__ = ["Part", "part_of", "share_out"]

_COMPUTER, _ASKED, _ROWS, _GIVEN = "computer.nc", "asked.nc", "rows.npz", "given.npz"

#: Kinds of numbers that arrays of parts may hold, and texts.
_KINDS = "biufcUS"


def _nothing(amount: int) -> None:
    """Report to nobody."""


@attrs.frozen(eq=False)
class Part:
    """Some of the trajectories of a run, or all: what a method of its task is given by ``run.share``.

    Parameters
    ----------
    numbers : ndarray of int, shape (trajectories,)
        Their numbers, on which their noise depends.
    config, machine, engine
        As of the run.
    read : Reader
        Reads states as the device does.
    rows : mapping
        Their rows of what was given by trajectory.
    given : object
        What all parts are given.
    progress : callable
        Is told of the work done since its last call, where somebody listens.
    """

    numbers: npt.NDArray[np.int64]
    config: Config
    machine: Any
    engine: Engine
    read: Reader
    rows: Mapping[str, Any] = attrs.field(factory=dict)
    given: Any = None
    progress: Progress = _nothing

    def simulate(self, x: Any, steps: int, *, stream: int, dynamics: Dynamics | None = None, **more: Any) -> Simulation:
        """Advance states of these trajectories; parameters as of `thermozoo.runs.phase.Run.simulate`.

        Their noise is that of their numbers, unless ``trajectories`` or ``first_trajectory`` says others.
        """
        if not {"trajectories", "first_trajectory"} & more.keys():
            more["trajectories"] = self.numbers
        key = own_key(self.config.seed, stream)
        return simulate(dynamics or self.machine.dynamics, x, steps, key=key, engine=self.engine, **more)

    def rounds(
        self,
        name: str,
        several: int,
        take: Callable[[], Any],
        put: Callable[[Any], None],
        progress: Progress | None = None,
    ) -> Iterator[int]:
        """Yield 0, 1, ...: a loop whose state is saved between its rounds; as of `thermozoo.runs.phase.Run.rounds`."""
        return rounds(name, several, take, put, progress=progress)

    def kept(self, name: str, compute: Callable[[], Any]) -> Any:
        """Return what a function returns; as of `thermozoo.runs.phase.Run.kept`."""
        return kept(name, compute)


def share_out(
    run: Run,
    do: Callable[[Part], Mapping[str, Any]],
    trajectories: int,
    progress: Progress | None,
    rows: Mapping[str, Any],
    given: Any,
    work: int | None,
) -> dict[str, Any]:
    """Return what a method of a run's task makes of trajectories; parameters as of `thermozoo.runs.phase.Run.share`.

    Raises
    ------
    PluginError
        When it is no method of the task, or does not return arrays.
    ShardError
        When workers differ from the run, or parts were given up.
    """
    trajectories = count("trajectories", trajectories, at_least=1)
    task = run.config.task
    name = _method(do, task)
    _check_rows(rows, trajectories, task, name)
    run.shared += 1
    if run.config.run is None:
        numbers = np.arange(trajectories, dtype=np.int64)
        part = Part(
            numbers,
            run.config,
            run.machine,
            run.engine,
            run.read,
            rows,
            given,
            _nothing if progress is None else progress,
        )
        return _arrays(do(part), task, name)
    if work is None:
        work = 0 if run.phase is None else run.phase.work(run) or 0
    asked = _work_of(run, name, trajectories, rows, given)
    return _joined([found for _, found in share(run, asked, telling(progress, work, trajectories))])


def _method(do: Callable[[Part], Any], task: Task) -> str:
    """Return the name by which workers find a method of the task."""
    name = str(getattr(do, "__name__", ""))
    if getattr(do, "__self__", None) is not task or not hasattr(type(task), name):
        raise PluginError(
            f"task {task.name!r} shares out {getattr(do, '__qualname__', type(do).__name__)}: expected a method of the "
            "task, such as self.relaxed, since workers find it by its name"
        )
    return name


def _arrays(found: Any, task: Task, name: str, inside: str = "") -> dict[str, Any]:
    """Return what a method made of a part, after a look at it."""
    if isinstance(found, Mapping) and all(isinstance(key, str) for key in found):
        return {
            key: one if _is_rows(one) else _arrays(one, task, name, f"{inside}[{key!r}]") for key, one in found.items()
        }
    raise PluginError(
        f"{name} of the task {task.name!r} returned {type(found).__name__}{f' at {inside}' if inside else ''}: "
        "expected a dict of arrays of one axis at least, or of such dicts: parts are put together along that axis"
    )


def _check_rows(rows: Mapping[str, Any], trajectories: int, task: Task, name: str) -> None:
    """Refuse rows that are none of so many trajectories."""
    for key, one in rows.items():
        if isinstance(one, Mapping):
            _check_rows(one, trajectories, task, name)
        elif not _is_rows(one) or len(one) != trajectories:
            told = f"of shape {one.shape}" if isinstance(one, np.ndarray) else type(one).__name__
            raise PluginError(
                f"task {task.name!r} gives {name} rows {key!r} {told}: expected an array with a row for each of "
                f"{trajectories:,} trajectories; what all parts need is given=..."
            )


def _is_rows(one: Any) -> bool:
    return isinstance(one, np.ndarray) and one.ndim > 0 and one.dtype.kind in _KINDS


def _joined(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return parts put together, in the order in which they are given."""
    if len(parts) == 1:
        return dict(parts[0])
    return {
        key: _joined([part[key] for part in parts])
        if isinstance(one, Mapping)
        else np.concatenate([part[key] for part in parts])
        for key, one in parts[0].items()
    }


def _work_of(run: Run, name: str, trajectories: int, rows: Mapping[str, Any], given: Any) -> Work:
    """Return the work of a method, of which workers are given the computer, rows and what all parts are given."""
    machine, task, config = run.machine, run.config.task, run.config
    if not isinstance(machine, Setup):
        raise PluginError(
            f"task {task.name!r} assembles what it is about itself, and workers would not know how it is now: leave "
            "'run' out of its tables"
        )
    told = {"method": name, "turn": run.shared, "given": given}
    contiguous = _each(rows, np.ascontiguousarray)
    try:
        digests = [value_digest(one) for one in (told, contiguous)]
    except UnkeptError as error:
        raise PluginError(
            f"task {task.name!r} gives {error} to {name}: expected numbers, texts, arrays, and lists, tuples and dicts "
            "of them"
        ) from error

    def write(folder: Path) -> None:
        save_computer(machine.computer, folder / _COMPUTER)
        if machine.asked is not machine.computer:
            save_computer(machine.asked, folder / _ASKED)
        for path, value in ((folder / _GIVEN, told), (folder / _ROWS, contiguous)):
            path.unlink(missing_ok=True)
            write_value(value, path)

    stated = () if run.phase is None else run.phase.bytes(Size.of(attrs.evolve(config, run=None), machine))
    return Work(
        part_of,
        {"told": digests, "computer": machine.computer.digest(), "trajectories": trajectories},
        trajectories,
        sum(share.bytes for share in stated) // trajectories,
        write,
        count("together", task.together(config), at_least=1),
    )


def _each(rows: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {key: _each(one, change) if isinstance(one, Mapping) else change(one) for key, one in rows.items()}


def part_of(folder: Path, about: Mapping[str, Any], here: str) -> Callable[[Shard], Any]:
    """Return what does the parts of a shard, in a worker; see `thermozoo.runs.sharing`."""
    found = opened(folder, about, here)
    config, task = found.config, found.config.task
    computer = load_computer(folder / _COMPUTER, found.catalogue)
    asked = load_computer(folder / _ASKED, found.catalogue) if (folder / _ASKED).is_file() else computer
    machine, told = Setup(config, computer, asked), read_value(folder / _GIVEN)
    name = told["method"]

    def block(one: Shard) -> dict[str, Any]:
        part = Part(
            np.arange(one.first, one.stop),
            config,
            machine,
            found.engine,
            Reader(config, f"{told['turn']} {one.first}"),
            read_rows(folder / _ROWS, slice(one.first, one.stop)),
            told["given"],
        )
        with together(np.zeros(one.count)):
            return _arrays(getattr(task, name)(part), task, name)

    def do(shard: Shard) -> Any:
        with one_blas_thread():
            return _joined([block(one) for one in blocks_of(shard, task.together(config))])

    return do
