"""From a checked config to the machine: prototypes, computer, noising."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from thermozoo.computer.layout import Layout
from thermozoo.computer.stability import check_time_step
from thermozoo.config.consistency import check
from thermozoo.config.faults import Faults
from thermozoo.config.magnitudes import least_usual_of_a_step
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics, why_not_this
from thermozoo.errors import BudgetError, DataError, ParameterError, StabilityError, TrainingError
from thermozoo.parameters import fields_of
from thermozoo.runs.assemble_setup import assemble_setup, described_computer
from thermozoo.runs.budget import check_memory
from thermozoo.runs.encoded import encode, sized
from thermozoo.runs.imperfect import checked
from thermozoo.runs.machine import Machine
from thermozoo.runs.prototypes import Prototypes, choose_prototypes, load_images, too_few
from thermozoo.runs.terms import check_terms, of_connectivity
from thermozoo.training.noising import Noising, image_group
from thermozoo.training.signals import Encoded
from thermozoo.training.unit_types import trainable_forces

__all__ = ["assemble_generation", "assemble_machine"]


def assemble_machine(config: Config) -> Any:
    """Return what the task of a config is about: what it assembles itself, or the computer.

    Raises
    ------
    ConfigError
        With every fault at once.
    BudgetError
        When the run would need more memory than the config allows.
    """
    made = config.task.assemble(config)
    return assemble_setup(config) if made is None else made


def assemble_generation(config: Config) -> Machine:
    """Load the data and assemble the untrained computer.

    Raises
    ------
    ConfigError
        With every fault at once, when keys contradict each other, the data are not there or do not fit the computer, or
        the time step is too large for it.
    BudgetError
        When the run would need more memory than the config allows.
    """
    faults = Faults(config.origin)
    check(config, faults)
    prototypes = _prototypes(config, faults)
    encoded: dict[int | None, tuple[Prototypes, Encoded]] = {}
    if prototypes is not None:
        config = sized(config, prototypes, faults)
        try:
            if check_terms(config, faults):
                with of_connectivity(config, faults):
                    check_memory(config)
        except BudgetError:
            faults.raise_any()
            raise
        encoded = encode(config, prototypes, faults)
    faults.raise_any()
    assert prototypes is not None
    assert encoded
    computer = described_computer(config, prototypes, faults)
    device = checked(config, computer, faults)  # what cannot be had of the trained computer cannot be had of this one
    dynamics = Dynamics(computer, config.integrator, config.dynamics.dt, config.dynamics.precision, config.steps)
    engine = config.engine
    if engine is not None and why_not_this(engine) is None:
        laws = (dynamics, attrs.evolve(dynamics, computer=device))  # where the engine can be used at all
        reason = next(filter(None, (why_not_this(engine, law) for law in laws)), None)
        if reason is not None:
            faults.add("dynamics.engine", reason, also=["dynamics.engine", "computer.terms"])
    made = {
        label: Machine(config, computer, shown, Noising(dynamics, one.signals, one.protocols))
        for label, (shown, one) in encoded.items()
    }
    machine = _together(made)
    force = max(_largest_force(part.noising) for part in machine.parts)
    try:
        check_time_step(computer, config.dynamics.dt, (-force, force))
    except (StabilityError, ParameterError) as error:  # units on which nothing is imposed were looked at before
        protocols = list(dict.fromkeys(config.protocols.values()))
        path = least_usual_of_a_step(config.computer, config.dynamics, {"noising": protocols}, "dynamics.dt")
        if isinstance(error, ParameterError):
            path = "noising"
        message = f"{error}; the imposed force a(t) s is up to {force:.3g}"
        faults.add(path, message, also=["dynamics.dt", "computer", "noising", "encoding"])
    try:
        trainable_forces(computer, config.training.potential_parameters)
    except TrainingError as error:
        faults.add("training.potential_parameters", str(error).removeprefix("potential_parameters: "))
    for label in dict.fromkeys(config.condition):
        if label not in machine.prototypes.labels:
            faults.add(
                "generation.condition",
                f"class {label} is asked for, but the encodings keep no image of it to learn: take others, or leave it "
                "out",
                also=["generation.condition", "encoding"],
            )
    faults.raise_any()
    return machine


def _together(made: Mapping[int | None, Machine]) -> Machine:
    """Return the machine of all images: the only one, or one of the machines of classes."""
    classes = {label: one for label, one in made.items() if label is not None}
    if not classes:
        return made[None]
    first, *_ = parts = list(classes.values())
    prototypes = attrs.evolve(
        first.prototypes,
        images=np.concatenate([one.prototypes.images for one in parts]),
        labels=np.concatenate([one.prototypes.labels for one in parts]),
    )
    return attrs.evolve(first, prototypes=prototypes, classes=classes)


def _largest_force(noising: Noising) -> float:
    """Return the largest force that is imposed on a free unit."""
    peaks = np.abs(noising.intensities).max(axis=1)[noising.protocol_of] * np.abs(noising.signals).max(axis=0)
    return float(peaks[noising.dynamics.computer.layout.free].max())


def _prototypes(config: Config, faults: Faults) -> Prototypes | None:
    """Return the images to learn, or None after adding every fault that they show."""
    try:
        loaded = images, labels = load_images(config.dataset)
    except DataError as error:
        faults.add("data", str(error), also=[*(f"data.{f.alias}" for f in fields_of(config.dataset)), "data.plugin"])
        return None
    before = faults.added
    for k, label in enumerate(config.data.classes):
        missing = too_few(config.dataset, labels, label, 1)
        if missing:
            faults.add(f"data.classes[{k}]", missing, also=["data.plugin"])
    counts = {label: int((labels == label).sum()) for label in config.data.classes}
    rarest = min((label for label, count in counts.items() if count), key=counts.__getitem__, default=None)
    needed = config.data.skip + max(1, config.data.per_class)
    if rarest is not None and counts[rarest] < needed:
        path = "data.skip" if counts[rarest] <= config.data.skip else "data.per_class"
        missing = too_few(config.dataset, labels, rarest, needed)
        faults.add(path, missing, also=["data.skip", "data.per_class", "data.classes", "data.plugin"])
    layout = Layout(config.sizes, clamped=config.clamped)
    shown, pixels = image_group(layout), images.shape[1] * images.shape[2]
    where = f"computer.units.{shown}"
    if shown in layout.clamped:
        faults.add(
            f"{where}.clamped",
            f"group {shown!r} shows the image: clamped units cannot turn noise into one; let them move, or call "
            "another group 'visible'",
        )
    if layout.sizes[shown] != pixels and shown not in config.auto:
        faults.add(
            where,
            f"the images have {pixels} pixels, but group {shown!r} has {layout.sizes[shown]} units: set {where} = "
            f"{pixels}, or take other images",
            also=["data.plugin"],
        )
    if faults.added > before or not config.data.classes:
        return None
    try:
        table = config.data
        return choose_prototypes(config.dataset, table.classes, table.per_class, config.seed, loaded, skip=table.skip)
    except DataError as error:  # an image without contrast
        faults.add("data", str(error), also=["data.classes", "data.per_class", "data.plugin"])
        return None
