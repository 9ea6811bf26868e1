"""What the last phases of a run need, tried before the first: libraries, the disk, what is saved."""

from __future__ import annotations

import importlib
import itertools
from pathlib import Path

import numpy as np

from thermozoo.computer.datasets import write_dataset
from thermozoo.computer.files import check_settings
from thermozoo.config.faults import Faults
from thermozoo.dynamics.engines import BatchState, Engine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.variables import resting
from thermozoo.errors import LibraryError
from thermozoo.plotting.style import load_matplotlib
from thermozoo.runs.disk import predicted_disk
from thermozoo.runs.folder import RunFolder
from thermozoo.runs.imperfect import storing
from thermozoo.runs.machine import Machine
from thermozoo.runs.metrics import imposed_signal, perfect_loss
from thermozoo.runs.setup import Setup
from thermozoo.training.evaluate import evaluate
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.learning import compile_ahead

__all__ = ["check_libraries", "try_figures", "try_last_phases", "warm_up"]

#: Noising steps that are judged before a run.
_STEPS = 2

#: What is imported only when a run is nearly done.
_LATE = ("xarray", "h5netcdf", "sklearn.linear_model", "sklearn.neural_network", "threadpoolctl", "jinja2")


def check_libraries() -> None:
    """Import what judging, files, figures and the page need.

    Raises
    ------
    LibraryError
        When one of them cannot be imported.
    """
    for name in _LATE:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever a broken installation raises
            raise LibraryError(
                f"the library {name.partition('.')[0]} cannot be imported: {type(error).__name__}: {error}; install it "
                "again before the run, which would need it at its end"
            ) from error
    load_matplotlib()


def try_last_phases(machine: Machine | Setup, folder: RunFolder) -> None:
    """Try what comes after training and generation.

    Raises
    ------
    LibraryError
        When a library cannot be imported.
    OutputError
        When the computer could not be saved, or the folder cannot be written or has too little room.
    """
    check_libraries()
    check_settings(machine.computer)
    folder.check(_small_file, predicted_disk(machine))


def _small_file(path: Path) -> None:
    """Write a file of the kind that the largest results have."""
    import xarray

    write_dataset(xarray.Dataset({"state": ("unit", np.zeros(2))}), path)


def warm_up(machine: Machine | Setup, engine: Engine) -> None:
    """Let the engine take one step of each law of motion, of few and of many trajectories, so that it is compiled.

    So are the kernels of training.

    What is wrong with the engine or its environment shows here, and not after training.
    """
    laws = [machine.dynamics]
    if isinstance(machine, Machine) and machine.generating.integrator is not machine.dynamics.integrator:
        laws.append(machine.generating)
    for dynamics, trajectories in itertools.product(laws, (1, 32)):
        x = np.zeros((trajectories, machine.computer.n), dtype=dynamics.dtype)
        numbers = np.arange(trajectories, dtype=np.int64)
        start = BatchState(x, NoiseKey(0), numbers, variables=resting(dynamics, trajectories))
        engine.prepare(dynamics).begin(start, stretch=1).advance(1)
    if isinstance(machine, Setup) or storing(machine.config) is not None:  # which no kernel does
        return
    process, training = NoisingProcess(machine.noising, engine), machine.config.training
    for method in {training.method, *training.compare}:
        compile_ahead(method, machine.computer, process, machine.loss)


def try_figures(machine: Machine, engine: Engine) -> None:
    """Compute in small what is reported of a run.

    Raises
    ------
    ConfigError
        When the config makes a figure that is no finite number.
    """
    config = machine.config
    faults = Faults(config.origin)
    few = NoisingProcess(machine.noising, engine, steps=min(_STEPS, machine.noising.steps))
    with np.errstate(all="ignore"):
        loss, held_out = evaluate(machine.computer, few, machine.loss, seed=config.seed, trajectories=2)
    if not np.isfinite([loss, held_out.gain or 0.0]).all():
        faults.add(
            "dynamics.dt",
            f"the loss of noising steps is {loss:g} before any training: objective {config.objective.name!r} is no "
            f"number for steps of dt = {config.dynamics.dt:g} at mobility {config.computer.mobility:g} and temperature "
            f"{config.computer.temperature:g}",
            also=["training.objective", "computer.mobility", "computer.temperature"],
        )
    imposed_signal(machine)
    perfect_loss(machine)
    faults.raise_any()
