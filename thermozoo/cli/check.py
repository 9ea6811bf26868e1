"""``thermozoo check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import Assignments, ConfigFile, Seed

if TYPE_CHECKING:
    from thermozoo.runs.machine import Machine
    from thermozoo.runs.setup import Setup

__all__ = ["check"]


def check(ctx: typer.Context, config: ConfigFile = None, seed: Seed = None, assignments: Assignments = None) -> None:
    """Say every fault of a config at once, without a run: of its keys, between them, and with the data.

    A config without faults is summed up: units, couplings, time steps, task, memory, engine. Nothing is written.

    Exit code 0 if there is no fault, else 2.

    Example: thermozoo check --set dynamics.dt=0.002
    """
    from thermozoo.config.load import parse_file
    from thermozoo.runs.assemble import assemble_machine
    from thermozoo.runs.budget import check_memory
    from thermozoo.runs.engine import engine_note, engine_of
    from thermozoo.runs.plugin_files import with_copies

    catalogue = with_copies(config, context_of(ctx).catalogue)
    loaded = parse_file(config, catalogue, assignments=assignments or (), seed=seed)
    machine = assemble_machine(loaded)
    memory = check_memory(machine.config, machine)
    engine = engine_of(machine)
    print(f"{loaded.origin.source}: no faults")
    for line in (*lines(machine, memory), engine_note(machine, engine)):
        print(line)


def lines(machine: Machine | Setup, memory: int) -> list[str]:
    """Return what a run would do, in a few lines."""
    from thermozoo.digits import bytes_text
    from thermozoo.runs.machine import Machine

    config, computer = machine.config, machine.computer
    groups = [f"{g} {n:,}{' (clamped)' if g in config.clamped else ''}" for g, n in config.sizes.items()]
    by = f", {config.interaction.name}" if config.interaction is not None else ""
    driven = [f"{name} ({one.name})" for name, one in config.driven.items()]
    imperfect = [f"{name} ({one.name})" for name, one in config.imperfections.items()]
    terms = [f"term {name}: {computer.terms[name].summary} ({term.title})" for name, term in config.terms.items()]
    own = ""
    if isinstance(machine, Machine) and (config.generation.dt is not None or config.generator is not None):
        taken = f"{config.generation_steps:,} of {config.generation_dt:g} ({config.generation_integrator.name})"
        own = f"; of generation {taken}"
    return [
        f"units: {computer.n:,} ({', '.join(groups)})",
        f"couplings: {computer.couplings.size:,} ({config.connectivity.name}{by})",
        *terms,
        f"time steps: {config.steps:,} of {config.dynamics.dt:g} ({config.integrator.name}){own}",
        _training(machine) if isinstance(machine, Machine) else f"task: {config.task.name}",
        *([f"driven{' in generation' if isinstance(machine, Machine) else ''}: {', '.join(driven)}"] if driven else []),
        *([f"imperfections: {', '.join(imperfect)}"] if imperfect else []),
        f"memory: about {bytes_text(memory)} at most",
    ]


def _training(machine: Machine) -> str:
    """Return what is learned, and how much is generated."""
    config, images, programs = machine.config, machine.images, machine.config.programs
    return (
        f"training: {config.training.method}{f', a program for each of {programs} classes' if programs > 1 else ''}, "
        f"{images:,} {'image' if images == 1 else 'images'} of "
        f"{config.dataset.name}; then {config.generation.samples:,} samples"
    )
