"""How long each phase of a run will take: done in small on this machine, and continued along a line."""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.benchmark import with_random_couplings
from thermozoo.dynamics.equilibrium import equilibrium_states
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms
from thermozoo.runs.disk import predicted_disk
from thermozoo.runs.evaluation import evaluation_shared, held_out_each
from thermozoo.runs.generation import OBSERVATIONS, equilibration_of
from thermozoo.runs.imperfect import realised
from thermozoo.runs.machine import Machine
from thermozoo.runs.metrics import judged_figures
from thermozoo.runs.phase import Calibration
from thermozoo.runs.preflight import check_libraries, try_figures, warm_up
from thermozoo.runs.stopwatch import along_a_line, seconds
from thermozoo.runs.training import sampling_shared, train
from thermozoo.runs.workers import by_workers
from thermozoo.training.evaluate import evaluate
from thermozoo.training.noising_process import NoisingProcess

__all__ = [
    "DRAWING",
    "PAGE",
    "TRAINING",
    "evaluation_seconds",
    "generation_seconds",
    "judging_seconds",
    "preparation_seconds",
    "training_seconds",
    "writing_seconds",
]

Array = npt.NDArray[np.floating[Any]]

#: Sizes of the calibration: samples, steps of generation and of evaluation, images.
_SAMPLES, _STEPS, _EVALUATED, _IMAGES = 512, (20, 60), (24, 72), (3, 30)

#: Noising trajectories of each image in the calibration; every fifth cycle of `moments` chooses its ridge.
_CYCLES = {"descent": (1, 2), "online": (1, 2), "moments": (5, 10)}

#: Seconds of figures and of the page, which hardly depend on the run.
DRAWING, PAGE = 4.0, 1.0

#: Bytes a second that are written, with their digests.
_WRITTEN = 1e8

#: What one measurement of training counts for in the progress of a calibration, where others count for one.
TRAINING = 3


def preparation_seconds(of: Calibration) -> float:
    """Return the seconds of preparation, once kernels are compiled; they are by now, for the run as well."""
    warm_up(of.machine, of.engine)
    found = seconds(check_libraries) + seconds(lambda: try_figures(of.machine, of.engine))
    of.progress(1)
    return found


def training_seconds(of: Calibration) -> float:
    """Return the seconds of training: exact training of a few images, or a few noising trajectories of each image."""
    engine, method, programs = of.engine, of.method, len(of.machine.parts)
    machine = of.machine.parts[0]  # the programs of all classes learn as many images

    def counted(measured: int) -> None:
        of.progress(TRAINING * measured)

    if method == "exact":

        def exact(count: int) -> None:
            train(_with_images(machine, count), engine, method)

        return programs * along_a_line(exact, *_IMAGES, len(machine.noising.signals), progress=counted)
    few = machine if len(machine.noising.signals) <= _IMAGES[1] else _with_images(machine, _IMAGES[1])

    def sampled(count: int) -> None:
        # a curve of as many points as trajectories would take as long as these
        train(_with_cycles(few, count), engine, method, validations=1)

    ratio = len(machine.noising.signals) / len(few.noising.signals)
    cycles, images = machine.config.training.cycles, len(machine.noising.signals)
    alone = ratio * along_a_line(sampled, *_CYCLES[method], cycles, progress=counted)
    shared = sampling_shared(machine.config, method, images)
    # workers are started once, and have the trajectories of one program at a time
    return by_workers(machine.config, engine, programs * alone, cycles * images) if shared else programs * alone


def _with_images(machine: Machine, count: int) -> Machine:
    signals = machine.noising.signals[:count]
    return attrs.evolve(machine, noising=attrs.evolve(machine.noising, signals=signals))


def _with_cycles(machine: Machine, count: int) -> Machine:
    training = attrs.evolve(machine.config.training, cycles=count)
    return attrs.evolve(machine, config=attrs.evolve(machine.config, training=training))


def evaluation_seconds(of: Calibration) -> float:
    """Return the seconds of evaluating held-out trajectories."""
    machine = of.machine
    process, computer = NoisingProcess(machine.noising, of.engine), with_random_couplings(machine.computer)
    held_out = held_out_each(machine.config)
    alone = len(machine.parts) * along_a_line(
        lambda steps: evaluate(
            computer, attrs.evolve(process, steps=steps), machine.loss, seed=0, trajectories=held_out
        ),
        *_EVALUATED,
        machine.config.steps,
        progress=of.progress,
    )
    shared = evaluation_shared(machine.config)
    return by_workers(machine.config, of.engine, alone, len(machine.parts) * held_out) if shared else alone


def generation_seconds(of: Calibration) -> float:
    """Return the seconds of equilibration or of exact samples, of generation, and of the observations during it."""
    config = of.machine.config
    computer = realised(config, with_random_couplings(of.machine.computer))
    samples = min(config.generation.samples, _SAMPLES)
    x = np.zeros((samples, computer.n))
    total = (OBSERVATIONS + 1) * seconds(lambda: EnergyTerms(computer).observe(0, x), repeats=2)
    of.progress(1)
    generating = of.machine.generating
    bare = attrs.evolve(generating, computer=computer.bare())
    equilibration = equilibration_of(bare, config.equilibration)
    if not equilibration:
        numbers = np.arange(samples, dtype=np.int64)
        total += seconds(lambda: equilibrium_states(bare, NoiseKey(0), numbers))
        of.progress(2)
    phases = ((computer.bare(), None, equilibration), (computer, of.machine.schedule, config.generation_steps))
    for law, schedule, asked in phases[0 if equilibration else 1 :]:
        steps = max(asked, *_STEPS)  # a schedule is as long as its steps
        dynamics = attrs.evolve(generating, computer=law, steps=steps, schedule=schedule)
        work = functools.partial(simulate, dynamics, x, key=NoiseKey(0), engine=of.engine)
        total += along_a_line(work, *_STEPS, asked, repeats=2, progress=of.progress)
    alone = float(config.generation.samples / samples * total)
    return by_workers(config, of.engine, alone, config.generation.samples)


def judging_seconds(of: Calibration) -> float:
    """Return the seconds of judging what was generated."""
    outputs = _outputs(of.machine, min(of.machine.config.generation.samples, _SAMPLES))
    found = seconds(lambda: judged_figures(of.machine, *outputs))
    of.progress(1)
    return found


def _outputs(machine: Machine, samples: int) -> tuple[Array, Array]:
    """Return prototypes in noise, as outputs may look, and their correlations with the prototypes.

    The time of judging is that of the classifier, which learns from images in the noise of the outputs; it hardly
    depends on their number.
    """
    images = machine.prototypes.images
    rows = np.resize(np.arange(len(images)), samples)
    outputs = images[rows] + np.random.default_rng(0).standard_normal((len(rows), images.shape[1]))
    return outputs, machine.prototypes.correlations(outputs)


def writing_seconds(of: Calibration) -> float:
    """Return the seconds of writing the results."""
    return predicted_disk(of.machine) / _WRITTEN
