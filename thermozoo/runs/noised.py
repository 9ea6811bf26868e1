"""The noising of a run in the folder of a job: what the run writes of it, and what a worker makes of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from thermozoo.checkpoints.values import UnkeptError, read_value, write_value
from thermozoo.computer.computer import Computer
from thermozoo.computer.files import load_computer, save_computer
from thermozoo.computer.settings import plugin_settings, rebuilt_plugin
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics
from thermozoo.errors import ShardError
from thermozoo.interfaces import INTERFACES, Protocol
from thermozoo.interfaces.tree import values_of
from thermozoo.runs.machine import Machine
from thermozoo.runs.sharing import Opened
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Imposed, Noising
from thermozoo.training.noising_process import NoisingProcess

__all__ = ["Noised", "read_noising", "write_noising"]

_UNTRAINED, _NOISING = "untrained.nc", "noising.npz"


@attrs.frozen(eq=False)
class Noised:
    """What a worker needs in order to follow noising trajectories.

    Parameters
    ----------
    config : Config
        The config, with the size of every group.
    computer : Computer
        The untrained computer.
    processes : tuple of NoisingProcess
        The noising of what is trained one by one: of each class, or the only one.
    loss : StepLoss
        The loss of its steps.
    """

    config: Config
    computer: Computer
    processes: tuple[NoisingProcess, ...]
    loss: StepLoss


def write_noising(machine: Machine, folder: Path) -> None:
    """Write the untrained computer, and signals and protocols of each of its parts.

    Raises
    ------
    ShardError
        When a protocol has a setting that no file can hold.
    """
    save_computer(machine.computer, folder / _UNTRAINED)
    (folder / _NOISING).unlink(missing_ok=True)
    parts = [
        {"signals": part.noising.signals, "protocols": [_described(one) for one in part.noising.protocols]}
        for part in machine.parts
    ]
    try:
        write_value(parts, folder / _NOISING)
    except UnkeptError as error:
        names = ", ".join(sorted({one.protocol.name for part in machine.parts for one in part.noising.protocols}))
        raise ShardError(
            f"workers cannot be told of the protocols of noising ({names}): they hold {error}, and a setting must be "
            "text, numbers, a list of them, or a plugin; leave [run] out"
        ) from error


def _described(one: Imposed) -> dict[str, Any]:
    protocol = one.protocol
    return {
        "plugin": protocol.name,
        "values": values_of(protocol),
        "settings": plugin_settings(protocol),
        "units": one.units,
    }


def read_noising(found: Opened, folder: Path) -> Noised:
    """Return what `write_noising` wrote, with engine and plugins of a worker."""
    computer = load_computer(folder / _UNTRAINED, found.catalogue)
    config = found.config.with_sizes(computer.layout.sizes)
    table = config.dynamics
    law = Dynamics(computer, config.integrator, table.dt, table.precision, config.steps)
    processes = []
    for part in read_value(folder / _NOISING):
        protocols = tuple(Imposed(_rebuilt(one, found), one["units"]) for one in part["protocols"])
        processes.append(NoisingProcess(Noising(law, part["signals"], protocols), found.engine))
    loss = processes[0].noising.loss(config.objective, config.weights or None)
    return Noised(config, computer, tuple(processes), loss)


def _rebuilt(one: dict[str, Any], found: Opened) -> Any:
    cls = found.catalogue.get(INTERFACES[Protocol.kind], one["plugin"])
    return rebuilt_plugin(cls, one["values"], one["settings"], found.catalogue)
