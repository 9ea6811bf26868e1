"""Time and bytes of a run, before it: every phase is done in small and continued along a line."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.config.schema import Config
from thermozoo.dynamics.benchmark import with_random_couplings
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms
from thermozoo.runs.assemble import Machine
from thermozoo.runs.budget import check_memory, predicted_disk
from thermozoo.runs.generation import OBSERVATIONS
from thermozoo.runs.metrics import judged_figures
from thermozoo.runs.preflight import warm_up
from thermozoo.runs.stopwatch import along_a_line, seconds
from thermozoo.runs.training import train
from thermozoo.training.evaluate import evaluate
from thermozoo.training.noising import NoisingProcess

__all__ = ["Estimate", "estimate_run", "estimate_work", "measured_assembly"]

Array = npt.NDArray[np.floating[Any]]

#: Seconds of figures, files and the page: they hardly depend on the run.
_FIGURES = 5.0

#: Sizes of the calibration: samples, steps of generation and of evaluation, images.
_SAMPLES, _STEPS, _EVALUATED, _IMAGES = 512, (20, 60), (24, 72), (3, 30)

#: Noising trajectories of each image in the calibration; every fifth cycle of `moments` chooses its ridge.
_CYCLES = {"descent": (1, 2), "online": (1, 2), "moments": (5, 10)}

#: What one measurement of training counts for in the progress of a calibration, where others count for one.
_TRAINING = 3


@attrs.frozen
class Estimate:
    """What a run will take.

    Parameters
    ----------
    seconds : dict of str to float
        Wall time by phase [second].
    memory : int
        Most memory that it will hold [byte], as the run itself predicts it.
    disk : int
        Bytes of the run folder.
    """

    seconds: dict[str, float]
    memory: int
    disk: int

    @property
    def total(self) -> float:
        """Wall time of all phases [second]."""
        return sum(self.seconds.values())

    def as_json(self) -> dict[str, Any]:
        """Return what ``thermozoo estimate --json`` prints."""
        return {
            "seconds": {**{k: round(v, 2) for k, v in self.seconds.items()}, "total": round(self.total, 2)},
            "memory_bytes": self.memory,
            "disk_bytes": self.disk,
        }


def estimate_work(config: Config) -> int:
    """Return the total that `estimate_run` reports as progress."""
    # one measurement of compilation, of observations and of judging; two each of the others, generation has two laws
    return 1 + 2 * _TRAINING * len(_methods(config)) + 2 + 1 + 2 * 2 + 1


def estimate_run(
    machine: Machine, assembly: float, engine: Engine, progress: Callable[[int], None] | None = None
) -> Estimate:
    """Calibrate every phase of a run on this machine.

    Kernels that are not in the cache are compiled, so the run itself will find them there.

    Parameters
    ----------
    machine : Machine
        The assembled machine.
    assembly : float
        How long assembling it took [second].
    engine : Engine
        What the run will use.
    progress : callable, optional
        Called with the amount of work done since its last call; see `estimate_work`.

    Raises
    ------
    BudgetError
        When the run would be refused for the memory that it needs.
    """
    report = progress or (lambda amount: None)
    config = machine.config
    memory = check_memory(config, machine)  # before calibration, which takes memory as well
    computer = with_random_couplings(machine.computer)
    warm_up(machine, engine)
    report(1)
    found = {"assembly": assembly}
    methods = _methods(config)
    found["training"] = sum(_training(machine, engine, m, lambda amount: report(_TRAINING * amount)) for m in methods)
    process = machine.noising(engine)
    found["evaluation"] = len(methods) * along_a_line(
        lambda steps: evaluate(
            (computer,), _shorter(process, steps), machine.loss, seed=0, trajectories=config.training.held_out
        ),
        *_EVALUATED,
        config.steps,
        progress=report,
    )
    samples = min(config.generation.samples, _SAMPLES)
    one = _generation(machine, computer, engine, samples, report)
    found["generation"] = len(methods) * config.generation.samples / samples * one
    found["judging"] = len(methods) * seconds(lambda: judged_figures(machine, *_outputs(machine, samples)))
    report(1)
    found["figures"] = _FIGURES
    return Estimate(found, memory, predicted_disk(machine))


def _methods(config: Config) -> set[str]:
    """Return the methods that a run trains with."""
    return {config.training.method, *config.training.compare}


def _generation(
    machine: Machine, computer: Computer, engine: Engine, samples: int, progress: Callable[[int], None]
) -> float:
    """Return the seconds of equilibration, of generation, and of the observations during it."""
    config = machine.config
    x = np.zeros((samples, computer.n))
    total = (OBSERVATIONS + 1) * seconds(lambda: EnergyTerms(computer).observe(0, x), repeats=2)
    progress(1)
    for law in (computer.uncoupled(), computer):
        dynamics = Dynamics(law, config.integrator, config.dynamics.dt, config.dynamics.precision)
        work = functools.partial(simulate, dynamics, x, key=NoiseKey(0), engine=engine)
        total += along_a_line(work, *_STEPS, config.steps, repeats=2, progress=progress)
    return total


def _outputs(machine: Machine, samples: int) -> tuple[Array, Array]:
    """Return prototypes in noise, as outputs may look, and their correlations with the prototypes.

    The time of judging is that of the classifier, which learns from images in the noise of the outputs; it hardly
    depends on their number.
    """
    images = machine.prototypes.images
    rows = np.resize(np.arange(len(images)), samples)
    outputs = images[rows] + np.random.default_rng(0).standard_normal((len(rows), images.shape[1]))
    return outputs, machine.prototypes.correlations(outputs)


def _shorter(process: NoisingProcess, steps: int) -> NoisingProcess:
    return attrs.evolve(process, intensity=process.intensity[: steps + 1])


def _training(machine: Machine, engine: Engine, method: str, progress: Callable[[int], None]) -> float:
    """Return the seconds of training: exact training of a few images, or a few noising trajectories of each image."""
    if method == "exact":

        def exact(count: int) -> None:
            train(_with_images(machine, count), engine, method)

        return along_a_line(exact, *_IMAGES, len(machine.signals), progress=progress)
    few = machine if len(machine.signals) <= _IMAGES[1] else _with_images(machine, _IMAGES[1])

    def sampled(count: int) -> None:
        train(_with_cycles(few, count), engine, method)

    ratio = len(machine.signals) / len(few.signals)
    return ratio * along_a_line(sampled, *_CYCLES[method], machine.config.training.cycles, progress=progress)


def _with_images(machine: Machine, count: int) -> Machine:
    return attrs.evolve(machine, signals=machine.signals[:count])


def _with_cycles(machine: Machine, count: int) -> Machine:
    training = attrs.evolve(machine.config.training, cycles=count)
    return attrs.evolve(machine, config=attrs.evolve(machine.config, training=training))


def measured_assembly(assemble: Callable[[], Machine]) -> tuple[Machine, float]:
    """Assemble a machine and return it with the seconds that it took."""
    machines: list[Machine] = []
    taken = seconds(lambda: machines.append(assemble()))
    return machines[0], taken
