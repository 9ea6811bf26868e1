"""Faults between the keys of a config that is well formed: what a run would stumble over, known without its data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import attrs
import numpy as np

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import DenseCouplings
from thermozoo.computer.discrete import refuse_discrete
from thermozoo.computer.layout import Layout
from thermozoo.computer.onsite import OnSiteEnergy, unit_energy
from thermozoo.computer.stability import check_time_step
from thermozoo.config.faults import Faults, describe
from thermozoo.config.generating import check_generating
from thermozoo.config.magnitudes import check_equilibria, check_noise, least_usual_of_a_step
from thermozoo.config.schedules import check_schedule
from thermozoo.config.schema import Config
from thermozoo.config.tables import ComputerTable, DynamicsTable, TrainingTable
from thermozoo.config.terms import CouplingTerm, PatternTerm
from thermozoo.config.unused import check_unused
from thermozoo.dynamics.intensity import intensity_of
from thermozoo.dynamics.units import why_not_updated
from thermozoo.errors import ParameterError, StabilityError, ThermozooError, nearest, shown
from thermozoo.interfaces import Encoding, Integrator, Interaction, Objective, Potential
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.derive import loss_gradients
from thermozoo.symbolic.interaction import checked_formulas
from thermozoo.symbolic.projection import projection_formulas
from thermozoo.training.exact.unit_grid import follows_a_line
from thermozoo.training.noising import why_not_noised_by
from thermozoo.training.unit_types import trained_together

__all__ = ["check"]


def check(config: Config, faults: Faults) -> None:
    """Add the faults between keys; where one of the keys has a fault of its own, that says enough.

    Parameters
    ----------
    config : Config
        The config; where some of its keys have faults, with the plugins that could be built.
    faults : Faults
        Holds the faults of single keys and receives those between them.
    """
    check_unused(config, faults)
    computer, dynamics, training = config.computer, config.dynamics, config.training
    _check_methods(training, faults)
    interaction = config.plugins.get(Interaction.kind)
    if isinstance(interaction, Interaction):
        _check_interaction(training, interaction, faults)
    for name, term in config.terms.items():
        _check_term(training, name, term, faults)
    if Objective.kind in config.plugins:
        _check_objective(training, config.objective, faults)
    if Integrator.kind in config.plugins:
        refusal = why_not_noised_by(config.integrator)
        if refusal is not None:
            faults.add("dynamics.integrator", refusal)
    for path, names in (
        ("data.classes", config.data.classes),
        ("computer.trainable_biases", computer.trainable_biases),
        ("training.compare", training.compare),
        ("training.potential_parameters", training.potential_parameters),
    ):
        twice = next((name for name, times in Counter(names).items() if times > 1), None)
        if twice is not None:
            repeated = shown(twice) if isinstance(twice, int) else f"'{shown(twice)}'"
            faults.add(path, f"expected each entry once, got {repeated} more than once")
    if not config.data.classes:
        faults.add("data.classes", "expected at least one class to learn, got none")
    _check_condition(config, faults)
    if config.training.by_class and not faults.found_in("encoding", "computer.units"):
        _check_programs(config, faults)
    if not faults.found_in("encoding", "computer.units"):
        _check_sizes(config, faults)
    if dynamics.duration < dynamics.dt:
        faults.add(
            "dynamics.duration",
            f"expected at least one time step of {dynamics.dt:g}, got a duration of {dynamics.duration:g}",
            also=["dynamics.dt"],
        )
    if config.equilibration == 0:
        faults.add(
            "generation.equilibration",
            f"expected at least one time step of {config.generation_dt:g}, got {config.generation.equilibration:g}: "
            "without the key, units start from exact samples",
            also=["dynamics.dt" if config.generation.dt is None else "generation.dt"],
        )
    if not faults.found_in("training.windows", "dynamics.dt", "dynamics.duration"):
        _check_windows(training, dynamics, faults)
    check_generating(config, faults)
    potentials, clamped = config.potentials, config.clamped
    if (
        not config.sizes
        or set(potentials) != set(config.sizes)
        or faults.found_in("computer.potential", "computer.units")
    ):
        return
    if _discrete_units(config, faults):
        return
    if not faults.found_in("training.potential_parameters"):
        _check_potential_parameters(training, potentials, clamped, faults)
    _check_circles(config, faults)
    if not faults.found_in("dynamics.dt", "dynamics.duration", "computer.temperature", "computer.mobility"):
        _check_stability(computer, dynamics, potentials, clamped, faults)
        if config.generation.dt is not None and not faults.found_in("generation.dt", "dynamics", "computer"):
            try:
                check_time_step(_units(computer, potentials, clamped), config.generation.dt)
            except StabilityError as error:
                faults.add("generation.dt", str(error), also=["computer"])
        if config.schedule and not faults.found_in("schedule"):
            units = _units(computer, potentials, clamped)
            nothing = DenseCouplings(units.n, (), np.empty(0))
            units = attrs.evolve(units, terms=dict.fromkeys(config.terms, nothing))  # a schedule may drive them by name
            check_schedule(config.schedule, units, config.generation_steps, config.generation_dt, faults)


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


def _discrete_units(config: Config, faults: Faults) -> bool:
    """Add a fault where units are discrete or an integrator is that of discrete units; return whether there is one."""
    before = faults.added
    for group, potential in config.potentials.items():
        if group in config.clamped:
            continue
        if potential.states is not None:
            try:
                refuse_discrete(potential, f"group {group!r} is trained, which")
            except ParameterError as error:
                faults.add("computer.potential", str(error), also=[f"computer.potential.{group}"])
        elif Integrator.kind in config.plugins:
            reason = why_not_updated(group, potential, config.integrator)
            if reason is not None:
                faults.add("dynamics.integrator", reason, also=["computer.potential"])
        if faults.added > before:
            return True
    return False


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


def _check_interaction(training: TrainingTable, interaction: Interaction, faults: Faults) -> None:
    """Add a fault for methods that train products of two states only."""
    try:
        known = checked_formulas(interaction).bilinear
    except ThermozooError as error:
        faults.add("computer.interaction", str(error))
        return
    for path, methods in (("training.method", (training.method,)), ("training.compare", training.compare)):
        for method in methods if not known else ():
            if method in ("exact", "moments"):
                faults.add(
                    path,
                    f"method {method} trains the interaction 'bilinear' only: the force by {interaction.name!r} is no "
                    "product of couplings with states; take descent or online",
                    also=["computer.interaction"],
                )


def _check_term(training: TrainingTable, name: str, term: PatternTerm | CouplingTerm, faults: Faults) -> None:
    """Add a fault for a term whose formula is none, and for methods that train couplings alone."""
    path = f"computer.terms.{name}"
    try:
        if isinstance(term, PatternTerm):
            projection_formulas(term.projection)
        else:
            checked_formulas(term.interaction)
    except ThermozooError as error:
        faults.add(path, str(error))
        return
    for key, methods in (("training.method", (training.method,)), ("training.compare", training.compare)):
        for method in methods:
            if method in ("exact", "moments"):
                faults.add(
                    key,
                    f"method {method} solves for the couplings alone, and the energy has the further term {name!r} "
                    f"({term.title}); take descent or online",
                    also=[path],
                )


def _check_objective(training: TrainingTable, objective: Objective, faults: Faults) -> None:
    """Add a fault for an objective that no method, or not one of the chosen ones, can train by."""
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


def _units(computer: ComputerTable, potentials: Mapping[str, Potential], clamped: tuple[str, ...]) -> Computer:
    """Return units of every group that nothing couples; of units with one energy a single one."""
    sizes = {
        group: next((np.size(value) for value in values_of(one).values() if np.ndim(value)), 1)
        for group, one in potentials.items()
    }
    layout = Layout(sizes, clamped=clamped)
    return Computer(
        layout=layout,
        onsite=OnSiteEnergy(layout, dict(potentials)),
        couplings=DenseCouplings(layout.n, (), np.empty(0)),
        biases=np.zeros(layout.n),
        temperature=computer.temperature,
        mobility=computer.mobility,
    )


def _check_stability(
    computer: ComputerTable,
    dynamics: DynamicsTable,
    potentials: Mapping[str, Potential],
    clamped: tuple[str, ...],
    faults: Faults,
) -> None:
    """Add a fault where the time step is too large for units that nothing is imposed on and nothing couples.

    The images, which add forces, are not known yet: with them the bound is found once more.
    """
    different: list[Potential] = []
    for one in potentials.values():
        if one not in different:
            different.append(one)
    tables = {"computer.potential": different}
    try:
        units = _units(computer, potentials, clamped)
        size = check_equilibria(units, faults)
        if size is None:
            return
        check_noise(computer, dynamics, size, tables, faults)
        check_time_step(units, dynamics.dt)
    except StabilityError as error:
        path = least_usual_of_a_step(computer, dynamics, tables, otherwise="dynamics.dt")
        faults.add(path, str(error), also=["dynamics.dt", "computer"])
    except Exception:  # whatever an author's formula raises
        return  # what needs the formula reports it, with more to say
