"""Faults between the keys of a config that is well formed: what a run would stumble over, known without its data.

Those that any run would stumble over are here; what a task adds, it checks itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import DenseCouplings
from thermozoo.computer.layout import Layout
from thermozoo.computer.onsite import OnSiteEnergy
from thermozoo.computer.stability import check_time_step
from thermozoo.config.counted import check_counted
from thermozoo.config.faults import Faults, twice
from thermozoo.config.imperfections import HOME, check_imperfections
from thermozoo.config.magnitudes import check_equilibria, check_noise, least_usual_of_a_step
from thermozoo.config.running import check_running
from thermozoo.config.schedules import check_schedule
from thermozoo.config.schema import Config
from thermozoo.config.tables import ComputerTable, DynamicsTable
from thermozoo.config.terms import DATA, CouplingTerm, PatternTerm
from thermozoo.config.unused import check_unused
from thermozoo.dynamics.units import why_not_updated
from thermozoo.errors import StabilityError, ThermozooError
from thermozoo.interfaces import Integrator, Interaction, Potential, Task
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.interaction import checked_formulas
from thermozoo.symbolic.projection import projection_formulas
from thermozoo.thermodynamics.hardware import PRESETS

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
    if Task.kind not in config.plugins:
        return
    config.task.check(config, faults)
    check_unused(config, faults)
    dynamics = config.dynamics
    interaction = config.plugins.get(Interaction.kind)
    if isinstance(interaction, Interaction):
        try:
            checked_formulas(interaction)
        except ThermozooError as error:
            faults.add("computer.interaction", str(error))
    for name, term in config.terms.items():
        _check_term(config, name, term, faults)
    twice("computer.trainable_biases", config.computer.trainable_biases, faults)
    if dynamics.duration < dynamics.dt:
        faults.add(
            "dynamics.duration",
            f"expected at least one time step of {dynamics.dt:g}, got a duration of {dynamics.duration:g}",
            also=["dynamics.dt"],
        )
    _check_hardware(config, faults)
    check_running(config, faults)
    check_imperfections(config, faults)
    _check_units(config, faults)
    if not faults.found_in("dynamics.dt", "dynamics.duration"):  # a step that does nothing says enough
        check_counted(dynamics.steps, "time steps", "dynamics.duration", faults, also=["dynamics.dt"])


def _check_hardware(config: Config, faults: Faults) -> None:
    """Add a fault where units with a mass are to run on hardware whose units have none."""
    table = config.hardware
    if table is None or table.preset is None or PRESETS[table.preset].inertia or Integrator.kind not in config.plugins:
        return
    own = [(one, path) for path, one in config.task.integrators(config).items()]
    common = [(config.integrator, "dynamics.integrator"), (config.generator, "generation.integrator")]
    for integrator, path in (*common, *own):
        if integrator is not None and type(integrator).energy is not Integrator.energy:
            heavy = ", ".join(sorted(name for name, one in PRESETS.items() if one.inertia))
            faults.add(
                "hardware.preset",
                f"units of {table.preset!r} have no inertia ({PRESETS[table.preset].description}), and "
                f"{integrator.name!r} moves units with a mass: choose one of {heavy}, or state time_unit and "
                "temperature without a preset",
                also=[path],
            )
            return


def _check_units(config: Config, faults: Faults) -> None:
    """Add the faults of units by themselves: their integrator, their time step, what drives them."""
    computer, dynamics = config.computer, config.dynamics
    potentials, clamped = config.potentials, config.clamped
    if (
        not config.sizes
        or set(potentials) != set(config.sizes)
        or faults.found_in("computer.potential", "computer.units")
    ):
        return
    if Integrator.kind in config.plugins and not _updated(config, faults):
        return
    if any(one.states is not None for group, one in potentials.items() if group not in clamped):
        return  # whose time step is no matter of stability
    if not faults.found_in("dynamics.dt", "dynamics.duration", "computer.temperature", "computer.mobility"):
        _check_stability(computer, dynamics, potentials, clamped, faults, of_config=not config.task.own_potentials)
        own = config.generation_dt != dynamics.dt
        if own and not faults.found_in("generation.dt", "dynamics", "computer"):
            try:
                check_time_step(_units(computer, potentials, clamped), config.generation_dt)
            except StabilityError as error:
                faults.add("generation.dt", str(error), also=["computer"])
        if config.driven and not faults.found_in("schedule", HOME):
            units = _units(computer, potentials, clamped)
            nothing = DenseCouplings(units.n, (), np.empty(0))
            units = attrs.evolve(units, terms=dict.fromkeys(config.terms, nothing))  # a schedule may drive them by name
            check_schedule(config.driven, units, config.generation_steps, config.generation_dt, faults)


def _updated(config: Config, faults: Faults) -> bool:
    """Add a fault where an integrator cannot update the free units; return whether it can."""
    for group, potential in config.potentials.items():
        if group in config.clamped:
            continue
        reason = why_not_updated(group, potential, config.integrator)
        if reason is not None:
            faults.add("dynamics.integrator", reason, also=["computer.potential"])
            return False
    return True


def _check_term(config: Config, name: str, term: PatternTerm | CouplingTerm, faults: Faults) -> None:
    """Add a fault for a term whose formula is none, and for one of images where there are none."""
    path = f"computer.terms.{name}"
    try:
        if isinstance(term, PatternTerm):
            projection_formulas(term.projection)
        else:
            checked_formulas(term.interaction)
    except ThermozooError as error:
        faults.add(path, str(error))
        return
    if isinstance(term, PatternTerm) and term.table.patterns == DATA and "data" not in config.reads:
        faults.add(
            f"{path}.patterns",
            f"the images of [data] are its patterns, and the task {config.task.name!r} reads none: give a .npy file",
            also=[path, "task"],
        )


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
    *,
    of_config: bool,
) -> None:
    """Add a fault where the time step is too large for units that nothing is imposed on and nothing couples.

    The images, which add forces, are not known yet: with them the bound is found once more. `of_config` is whether the
    units of the config are those of the run.
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
        if of_config:
            check_time_step(units, dynamics.dt)
    except StabilityError as error:
        path = least_usual_of_a_step(computer, dynamics, tables, otherwise="dynamics.dt")
        faults.add(path, str(error), also=["dynamics.dt", "computer"])
    except Exception:  # whatever an author's formula raises
        return  # what needs the formula reports it, with more to say
