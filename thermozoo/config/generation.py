"""Faults between the keys of a run that trains on images and generates, beside those of any run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from thermozoo.computer.discrete import refuse_discrete
from thermozoo.computer.onsite import unit_energy
from thermozoo.config.counted import check_counted
from thermozoo.config.faults import Faults, describe, twice
from thermozoo.config.generating import check_generating
from thermozoo.config.schema import Config
from thermozoo.config.tables import DynamicsTable, TrainingTable
from thermozoo.config.terms import PatternTerm
from thermozoo.config.unused import check_unused_of_training
from thermozoo.dynamics.intensity import intensity_of
from thermozoo.errors import ParameterError, ThermozooError, nearest, shown
from thermozoo.interfaces import Encoding, Integrator, Interaction, Objective, Potential
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.derive import loss_gradients
from thermozoo.symbolic.interaction import checked_formulas
from thermozoo.training.exact.unit_grid import follows_a_line
from thermozoo.training.noising import why_not_noised_by
from thermozoo.training.unit_types import trained_together

__all__ = ["check_generation"]


def check_generation(config: Config, faults: Faults) -> None:
    """Add the faults between the keys of a run that trains on images and generates.

    Parameters
    ----------
    config : Config
        The config; where some of its keys have faults, with the plugins that could be built.
    faults : Faults
        Holds the faults of single keys and receives those between them.
    """
    check_unused_of_training(config, faults)
    training = config.training
    _check_methods(training, faults)
    _check_trainable(config, faults)
    if Objective.kind in config.plugins:
        _check_objective(training, config.objective, faults)
    if Integrator.kind in config.plugins:
        refusal = why_not_noised_by(config.integrator)
        if refusal is not None:
            faults.add("dynamics.integrator", refusal)
    for path, names in (
        ("data.classes", config.data.classes),
        ("training.compare", training.compare),
        ("training.potential_parameters", training.potential_parameters),
    ):
        twice(path, names, faults)
    if not config.data.classes:
        faults.add("data.classes", "expected at least one class to learn, got none")
    _check_condition(config, faults)
    if config.training.by_class and not faults.found_in("encoding", "computer.units"):
        _check_programs(config, faults)
    if not faults.found_in("encoding", "computer.units"):
        _check_sizes(config, faults)
    if config.equilibration == 0:
        faults.add(
            "generation.equilibration",
            f"expected at least one time step of {config.generation_dt:g}, got {config.generation.equilibration:g}: "
            "without the key, units start from exact samples",
            also=["dynamics.dt" if config.generation.dt is None else "generation.dt"],
        )
    if config.generation.dt is not None and not faults.found_in("generation.dt", "dynamics.duration"):
        several = ["dynamics.duration", "generation.dt"]
        check_counted(config.generation_steps, "time steps of generation", "generation.dt", faults, also=several)
    if config.equilibration and not faults.found_in("dynamics.dt", "generation.dt"):
        path = "generation.equilibration"
        check_counted(config.equilibration, "time steps of equilibration", path, faults, also=[path])
    check_counted(config.generation.samples, "samples", "generation.samples", faults)
    images = len(config.data.classes) * max(1, config.data.per_class)
    several = ["data.classes", "data.per_class"]
    check_counted(training.cycles * images, "noising trajectories", "training.cycles", faults, also=several)
    if config.dynamics.steps and not faults.found_in("training.windows", "dynamics.dt", "dynamics.duration"):
        _check_windows(training, config.dynamics, faults)
    check_generating(config, faults)
    potentials, clamped = config.potentials, config.clamped
    if (
        not config.sizes
        or set(potentials) != set(config.sizes)
        or faults.found_in("computer.potential", "computer.units")
    ):
        return
    if _refuse_discrete(config, faults):
        return
    if not faults.found_in("training.potential_parameters"):
        _check_potential_parameters(training, potentials, clamped, faults)
    _check_circles(config, faults)


def _refuse_discrete(config: Config, faults: Faults) -> bool:
    """Add a fault where free units are discrete; return whether there are such."""
    for group, potential in config.potentials.items():
        if potential.states is None or group in config.clamped:
            continue
        try:
            refuse_discrete(potential, f"group {group!r} is trained, which")
        except ParameterError as error:
            faults.add("computer.potential", str(error), also=[f"computer.potential.{group}"])
            return True
    return False


def _methods(training: TrainingTable) -> Iterator[tuple[str, str]]:
    """Yield every method with the key that names it."""
    yield "training.method", training.method
    for method in training.compare:
        yield "training.compare", method


def _check_trainable(config: Config, faults: Faults) -> None:
    """Add a fault for methods that train products of two states only, where the energy has other terms."""
    interaction = config.plugins.get(Interaction.kind)
    known = True
    if isinstance(interaction, Interaction):
        try:
            known = bool(checked_formulas(interaction).bilinear)
        except ThermozooError:  # which is said of any run
            known = True
    by = interaction.name if isinstance(interaction, Interaction) else ""
    for path, method in _methods(config.training) if not known else ():
        if method in ("exact", "moments"):
            faults.add(
                path,
                f"method {method} trains the interaction 'bilinear' only: the force by {by!r} is no product of "
                "couplings with states; take descent or online",
                also=["computer.interaction"],
            )
    for name, term in config.terms.items():
        try:
            if not isinstance(term, PatternTerm):
                checked_formulas(term.interaction)
        except ThermozooError:
            continue
        for path, method in _methods(config.training):
            if method in ("exact", "moments"):
                faults.add(
                    path,
                    f"method {method} solves for the couplings alone, and the energy has the further term {name!r} "
                    f"({term.title}); take descent or online",
                    also=[f"computer.terms.{name}"],
                )


def _check_circles(config: Config, faults: Faults) -> None:
    """Add a fault for free units on a circle that noising cannot begin with, or whose density training cannot follow.

    Noising begins in equilibrium, and a force around a circle leaves none.
    """
    for group, potential in config.potentials.items():
        if potential.period is None or group in config.clamped:
            continue
        path, name = f"computer.potential.{group}", potential.name
        protocol = config.protocols.get(group)
        try:
            driven = unit_energy(potential).driven
            begins = protocol is not None and bool(np.any(intensity_of(protocol, 1.0)(0.0)))
        except Exception:  # whatever an author's formula raises
            continue  # what needs the formula reports it, with more to say
        if driven or (begins and config.encodings.get(group)):
            by = "it" if driven else "a signal"
            faults.add(
                path,
                f"states of {name!r} live on a circle, around which {by} drives the units of group {group!r}, so that "
                "they have no equilibrium for noising to begin with: "
                + (
                    "choose parameters without a force around the circle, or simulate it"
                    if driven
                    else f"take a protocol that begins at zero (amplitude = 0 in [noising.{group}] imposes nothing), "
                    "or choose a potential that confines"
                ),
                also=["computer.potential"] if driven else ["computer.potential", f"encoding.{group}", "noising"],
            )
        elif "exact" in (config.training.method, *config.training.compare):
            faults.add("training.method", follows_a_line(potential), also=["training.compare", "computer.potential"])


def _check_condition(config: Config, faults: Faults) -> None:
    """Add a fault for a class that is asked for and not learned, and where nothing can be asked for a class."""
    asked = config.generation.condition
    if asked is None or faults.found_in("generation.condition"):
        return
    classes = config.data.classes
    expected = f"expected one of {', '.join(map(str, classes))} or 'each'"
    for k, label in enumerate(asked if isinstance(asked, tuple) else ()):
        if label not in classes:
            faults.add(f"generation.condition[{k}]", f"{expected}, got {describe(label)}", also=["data.classes"])
    if not asked:
        faults.add("generation.condition", f"{expected} in the list, got an empty one")
    if faults.found_in("encoding", "computer.units"):
        return
    if config.training.by_class:
        return  # which selects a program, whatever clamped units hold
    if not any(config.encodings.get(group) for group in config.clamped):
        faults.add(
            "generation.condition",
            'no units hold a class: clamp a group and give it an encoding, as label = {size = "auto", '
            'clamped = true} in [computer.units] and plugin = "one-hot" in [encoding.label]; or train a program for '
            "each class, training.by_class = true; or leave condition out",
            also=["computer.units", "encoding"],
        )


def _check_programs(config: Config, faults: Faults) -> None:
    """Add a fault for clamped units that hold the same for every image that a program learns."""
    for group in config.clamped:
        for one in config.encodings.get(group, ()):
            if one.by_label:
                faults.add(
                    f"encoding.{group}",
                    f"with training.by_class a program learns the images of one class, for all of which the encoding "
                    f"{one.name!r} is the same: leave group {group!r} out, or by_class",
                    also=["training.by_class", f"computer.units.{group}"],
                )


def _check_sizes(config: Config, faults: Faults) -> None:
    """Add a fault for a group whose encodings do not say how many units each of them has."""
    for group in config.sizes:
        encodings = config.encodings.get(group, ())
        elastic = [one.name for one in encodings if type(one).units is Encoding.units]
        if group in config.auto and (elastic or not encodings):
            said = f"the encoding {elastic[0]!r} takes any number of units" if elastic else "it has no encoding"
            faults.add(
                f"computer.units.{group}",
                f"group {group!r} cannot be as large as its encoding needs: {said}; give a number",
                also=[f"encoding.{group}"],
            )
        elif len(elastic) > 1:
            faults.add(
                f"encoding.{group}",
                f"{' and '.join(elastic)} take any number of units each: how group {group!r} is divided is not said; "
                "take one of them",
            )


def _check_methods(training: TrainingTable, faults: Faults) -> None:
    """Refuse settings that one of the methods would ignore or could not use."""
    methods = dict.fromkeys((training.method, *training.compare))
    descending = ", ".join(m for m in methods if m not in ("exact", "moments"))
    for key, wanted in (
        ("windows", training.windows > 1),
        ("potential_parameters", bool(training.potential_parameters)),
    ):
        if wanted and descending:
            faults.add(f"training.{key}", f"expected methods exact and moments only, got {descending}")
    if "moments" in methods and training.cycles < 5:
        faults.add(
            "training.cycles",
            f"method moments chooses its ridge by every fifth cycle: expected at least 5, got {training.cycles}",
        )


def _check_objective(training: TrainingTable, objective: Objective, faults: Faults) -> None:
    """Add a fault for an objective that no method, or not one of the chosen ones, can train by."""
    if objective.of_states():
        faults.add(
            "training.objective",
            f"{objective.name!r} compares states of the data with states of the model and is no loss of a step, and "
            "this run trains by the steps of noising: take 'reverse-likelihood', or task.plugin = \"boltzmann\"",
            also=["task"],
        )
        return
    try:
        derived = loss_gradients(objective)
    except Exception:  # whatever an author's formula raises
        return  # what needs the formula reports it, with more to say
    if derived.by_gradient == 0 and derived.by_gradient_next == 0:
        faults.add(
            "training.objective",
            f"the loss of {objective.name!r} uses neither gradient nor gradient_next, so no coupling and no bias "
            "changes it and nothing can be trained: write step_loss with s.gradient_next",
        )
    elif objective.direction != "reverse":
        faults.add(
            "training.objective",
            f"the loss of {objective.name!r} is least for the computer that takes the steps of noising itself, and "
            "generation needs one that takes them back: take one whose direction is reverse, such as "
            "'reverse-likelihood'",
        )
    elif derived.by_gradient != 0 and "online" in (training.method, *training.compare):
        faults.add(
            "training.method" if training.method == "online" else "training.compare",
            f"method online needs an objective that uses gradient_next only, {objective.name!r} uses gradient too: "
            "take descent",
            also=["training.objective"],
        )


def _check_windows(training: TrainingTable, dynamics: DynamicsTable, faults: Faults) -> None:
    """Add a fault where there are more time windows than time steps."""
    steps = dynamics.steps
    if training.windows > steps:
        faults.add(
            "training.windows",
            f"expected at most one time window a step, {steps} in all (duration / dt), got {training.windows}",
            also=["dynamics.dt", "dynamics.duration"],
        )


def _check_potential_parameters(
    training: TrainingTable, potentials: Mapping[str, Potential], clamped: tuple[str, ...], faults: Faults
) -> None:
    """Add a fault for every parameter to train that no unit that moves has."""
    known = {name for g, one in potentials.items() if g not in clamped for name in values_of(one)}
    for k, name in enumerate(training.potential_parameters):
        if name not in known:
            faults.add(
                f"training.potential_parameters[{k}]",
                f"no unit that moves has a parameter '{shown(name)}'{nearest(name, known)}; parameters: "
                f"{', '.join(sorted(known)) or 'none'}",
                also=["computer.potential"],
            )
    free = (one for group, one in potentials.items() if group not in clamped)
    for refusal in dict.fromkeys(trained_together(one, training.potential_parameters) for one in free):
        if refusal:
            faults.add("training.potential_parameters", refusal, also=["computer.potential"])
