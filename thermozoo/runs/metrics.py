"""What is measured of a run, as ``report.json`` holds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.layout import Layout
from thermozoo.dynamics.intensity import intensity_of
from thermozoo.quality import Quality, evaluate
from thermozoo.quality.result import HELD_OUT
from thermozoo.runs.generated import Generated
from thermozoo.runs.judge import Judge, diversity
from thermozoo.runs.machine import Machine
from thermozoo.runs.results import (
    AskedFigures,
    ComparisonRow,
    Figures,
    GenerationFigures,
    ImposedSignal,
    QualityFigures,
    TrainingFigures,
    Verdicts,
)
from thermozoo.symbolic.reverse import is_reverse_action
from thermozoo.thermodynamics.advantage import thermodynamic_advantage
from thermozoo.training.encoded_group import one_by_one, values_of_units
from thermozoo.training.evaluate import HeldOut
from thermozoo.training.noising import image_group
from thermozoo.training.result import Training

__all__ = [
    "comparison_row",
    "generation_figures",
    "images_of",
    "imposed_signal",
    "judged_figures",
    "outputs_of",
    "perfect_loss",
    "training_figures",
]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


def perfect_loss(machine: Machine) -> float | None:
    """Return the mean loss per step of a perfect model, half of what the free units count; None where it is not known.

    That is N/2 with N the free units, each of which counts one unless the loss has weights. It is known where the
    objective is the action of the integrator's reverse step; see `is_reverse_action`.
    """
    if not is_reverse_action(machine.config.objective, machine.config.integrator):
        return None
    return float(machine.loss.weights_of(machine.computer).sum()) / 2


def imposed_signal(machine: Machine) -> ImposedSignal:
    """Return how strongly noising imposes an image, from the intensities of the protocol at every step."""
    config = machine.config
    times = config.dynamics.dt * np.arange(config.steps + 1)
    # where units of the image have values of their own, that of most of them
    size = config.sizes[image_group(Layout(config.sizes, clamped=config.clamped))]
    alike = one_by_one(config.protocol, np.arange(size), values_of_units(config.protocol, size))
    protocol, _ = max(alike, key=lambda one: len(one[1]))
    intensity = intensity_of(protocol, config.duration)
    strength = intensity(times) * np.ones(len(times))
    # what rounding leaves of the end of a fade is not imposed
    felt = np.flatnonzero(np.abs(strength) > 1e-9 * np.abs(strength).max())
    first = int(felt[-1]) + 1 if len(felt) else 0
    zero_from = float(times[first]) if first < len(times) else None
    if zero_from is not None and first > 0:
        zero_from = _zero_between(intensity, times[first - 1], zero_from, float(np.abs(strength).max()))
    return ImposedSignal(
        start_E0=float(strength[0]),
        end_E0=float(strength[-1]),
        constant=bool(np.ptp(strength) <= 1e-9 * np.abs(strength).max()),
        zero_from=zero_from,
    )


def _zero_between(intensity: Callable[[npt.ArrayLike], Array], felt: float, zero: float, largest: float) -> float:
    """Return the time at which the imposed signal vanishes, in a time step in which it does.

    The step's end is the step's, not the protocol's; the parts of the step are divided again until they are small
    beside the duration.
    """
    for _ in range(4):
        times = np.linspace(felt, zero, 1001)
        strength = intensity(times) * np.ones(len(times))
        last = int(np.flatnonzero(np.abs(strength[:-1]) > 1e-12 * largest).max(initial=0))
        felt, zero = times[last], times[last + 1]
    return float(f"{zero:.9g}")


def _trained_parameters(machine: Machine, trained: Sequence[Training]) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the range, over units, windows and programs, of every on-site parameter that was trained, by group."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    computers = [one for training in trained for one in training.program.computers]
    for group in machine.computer.layout.groups:
        if group in machine.computer.layout.clamped:
            continue
        for name in machine.config.training.potential_parameters:
            if name in computers[0].onsite.sites[group].values:
                values = np.array([one.onsite.sites[group].values[name] for one in computers])
                found.setdefault(group, {})[name] = (float(values.min()), float(values.max()))
    return found


def _details(machine: Machine, trained: Sequence[Training]) -> dict[str, Any]:
    """Return the figures of the method; one that differs from program to program is a table by class."""
    first, *others = [one.details for one in trained]
    return {
        key: value
        if all(one.get(key) == value for one in others)
        else {str(label): one.details.get(key) for label, one in zip(machine.classes, trained, strict=True)}
        for key, value in first.items()
    }


def training_figures(machine: Machine, initial: float, held_out: HeldOut, *trained: Training) -> TrainingFigures:
    """Return what training achieved on held-out noising trajectories; of programs for classes, all are given."""
    training = trained[0]
    return TrainingFigures(
        method=training.method,
        loss_initial=initial,
        loss_final=held_out.loss,
        loss_perfect=perfect_loss(machine),
        likelihood_gain_nats=held_out.gain,
        likelihood_gain_se=held_out.gain_se,
        imposed_signal=imposed_signal(machine),
        windows=training.program.windows,
        trained_parameters=_trained_parameters(machine, trained),
        coupling_norm=training.computer.couplings.norm(),
        training=_details(machine, trained),
        programs=len(trained),
    )


def outputs_of(machine: Machine, generated: Generated) -> tuple[Array, Array]:
    """Return the images that were generated, in double precision, and the correlation of each with every prototype."""
    outputs = images_of(machine, generated.final)
    return outputs, machine.prototypes.correlations(outputs)


def images_of(machine: Machine, states: Array) -> Array:
    """Return the images that states of shape (samples, n) show, in double precision."""
    return states[:, machine.computer.layout.slice(image_group(machine.computer))].astype(np.float64)


def generation_figures(machine: Machine, generated: Generated, correlations: Array) -> GenerationFigures:
    """Return what was generated and what it cost.

    Every output belongs to the prototype with which it has the largest absolute correlation; it is inverted where that
    correlation is negative, because an energy with few biases hardly tells x from -x.
    """
    kT = machine.computer.temperature
    best = np.abs(correlations).argmax(axis=1)
    value = correlations[np.arange(len(best)), best]
    heat = generated.ledger.total / kT
    labels = machine.prototypes.labels[best]
    mean = float(heat.mean())
    return GenerationFigures(
        samples=len(heat),
        equilibration_steps=generated.equilibration,
        heat_mean_kT=mean,
        heat_std_kT=float(heat.std(ddof=1)) if len(heat) > 1 else 0.0,
        heat_by_term_kT={name: float(part[-1] / kT) for name, part in generated.ledger.means().items()},
        work_mean_kT=float(generated.ledger.total_work.mean() / kT),
        mean_best_correlation=float(np.abs(value).mean()),
        best_correlation_std=float(np.abs(value).std(ddof=1)) if len(heat) > 1 else 0.0,
        class_names={str(label): name for label, name in machine.prototypes.names.items()},
        class_counts={str(k): int((labels == k).sum()) for k in sorted(set(machine.prototypes.labels.tolist()))},
        inverted=int((value < 0).sum()),
        thermodynamic_advantage=thermodynamic_advantage(mean, pixels=machine.prototypes.images.shape[1]),
    )


def judged_figures(
    machine: Machine,
    outputs: Array,
    correlations: Array,
    *,
    untrained: Array | None = None,
    asked: Indices | None = None,
) -> QualityFigures:
    """Return what a classifier makes of the outputs, their diversity, their distance from prototypes and real images.

    Parameters
    ----------
    machine : Machine
        What was trained.
    outputs, correlations : ndarray
        What `outputs_of` returned.
    untrained : ndarray, shape (samples, pixels), optional
        What the untrained computer shows.
    asked : ndarray of int, shape (samples,), optional
        The class that each was asked to show.
    """
    best = np.abs(correlations).max(axis=1)
    prototypes = machine.prototypes
    judge = Judge(prototypes, machine.config.seed)
    real = prototypes.real
    quality = evaluate(outputs, real, asked=asked, untrained=untrained) if real else None
    verdicts = judge.judge(outputs, asked) if judge.able else None
    return QualityFigures(
        diversity=diversity(outputs),
        nearest_prototype_distance=float(np.sqrt(2.0 * (1.0 - best)).mean()),
        judge=verdicts,
        quality=quality,
        asked=None if asked is None else _asked_figures(machine, correlations, quality, verdicts, asked),
    )


def _asked_figures(
    machine: Machine, correlations: Array, quality: Quality | None, verdicts: Verdicts | None, asked: Indices
) -> AskedFigures:
    """Return how many outputs show the class that was asked for, by their nearest prototype and by a judge."""
    classes = np.unique(asked).tolist()
    # with its sign: who asks for a three has not asked for the negative of one
    right = machine.prototypes.labels[correlations.argmax(axis=1)] == asked
    judged_by: Literal["quality", "judge"] | None = None
    judged: dict[str, dict[str, int]] = {}
    accuracy = None
    if quality is not None and quality.confusion is not None:
        held_out = quality.row(HELD_OUT)
        judged_by, judged, accuracy = "quality", quality.confusion, held_out.judged_right if held_out else None
    elif verdicts is not None and verdicts.confusion is not None:
        judged_by, judged, accuracy = "judge", verdicts.confusion, verdicts.accuracy
    found = {label: (row.get(label, 0), sum(row.values())) for label, row in judged.items()}
    return AskedFigures(
        counts={str(label): int((asked == label).sum()) for label in classes},
        nearest_as_asked=float(right.mean()),
        nearest_by_class={str(label): float(right[asked == label].mean()) for label in classes},
        judged_as_asked=sum(n for n, _ in found.values()) / sum(n for _, n in found.values()) if found else None,
        judged_by=judged_by,
        judged_by_class={label: n / of for label, (n, of) in found.items()} or None,
        judge_accuracy=accuracy,
    )


def comparison_row(figures: Figures, seconds: float) -> ComparisonRow:
    """Return one row of a comparison of methods; `seconds` is the time of the training."""
    judge = figures.judge
    verdicts: dict[str, Any] = {
        "coverage": judge and judge.coverage,
        "fraction_in_classes": judge and judge.fraction_in_classes,
        "judge_withheld": judge and judge.withheld,
        "seconds": seconds,
    }
    names = {one.name for one in attrs.fields(ComparisonRow)} - set(verdicts)
    return ComparisonRow(**{name: getattr(figures, name) for name in names}, **verdicts)
