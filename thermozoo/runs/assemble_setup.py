"""From a checked config to its computer, of a task that needs no more."""

from __future__ import annotations

import attrs

from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.connect import Uncoupled
from thermozoo.computer.stability import check_time_step
from thermozoo.config.consistency import check
from thermozoo.config.faults import Faults
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import why_not_this
from thermozoo.errors import BudgetError, ParameterError, StabilityError
from thermozoo.runs.budget import check_memory
from thermozoo.runs.imperfect import checked
from thermozoo.runs.prototypes import Prototypes
from thermozoo.runs.setup import Setup
from thermozoo.runs.terms import built_terms, check_terms, of_connectivity

__all__ = ["assemble_setup", "described_computer"]


def assemble_setup(config: Config) -> Setup:
    """Assemble the computer of a config.

    Raises
    ------
    ConfigError
        With every fault at once, when keys contradict each other or the time step is too large.
    BudgetError
        When the run would need more memory than the config allows.
    """
    faults = Faults(config.origin)
    check(config, faults)
    faults.raise_any()  # what reads files, or makes couplings, may rely on all keys
    task = config.task
    sizes = task.sizes(config, faults)
    for group in config.auto:
        if group not in sizes and not faults.found_in("task"):
            faults.add(
                f"computer.units.{group}",
                f"the task {task.name!r} does not say how large group {group!r} is: give a number",
                also=["task"],
            )
    faults.raise_any()
    config = config.with_sizes(sizes)
    try:
        if check_terms(config, faults):
            with of_connectivity(config, faults):
                check_memory(config)
    except BudgetError:
        faults.raise_any()
        raise
    faults.raise_any()
    asked = task.computer(config, described_computer(config, None, faults), faults)
    faults.raise_any()
    setup = Setup(config, checked(config, asked, faults), asked)
    faults.raise_any()
    engine = config.engine
    if engine is not None and why_not_this(engine) is None:
        reason = why_not_this(engine, setup.dynamics)
        if reason is not None:
            faults.add("dynamics.engine", reason, also=["dynamics.engine", "computer"])
    if config.integrator.updates == "together" and not task.own_stability:
        law = setup.dynamics
        extremes = law.driven.extremes() if law.driven is not None else ()
        try:
            for one in (setup.computer, *map(law.computer_before, extremes)):
                check_time_step(one, config.dynamics.dt)
        except (StabilityError, ParameterError) as error:
            faults.add("dynamics.dt", str(error), also=["dynamics.dt", "computer", "schedule", "task"])
        else:
            _check_hottest(setup, faults)
    faults.raise_any()
    return setup


def _check_hottest(setup: Setup, faults: Faults) -> None:
    """Add a fault where the time step is too long at a temperature above that of the computer."""
    config = setup.config
    hottest = config.task.hottest(config)
    if hottest is None:
        return
    try:
        check_time_step(attrs.evolve(setup.computer, temperature=hottest), config.dynamics.dt)
    except (StabilityError, ParameterError) as error:
        faults.add(
            "dynamics.dt",
            f"at the highest temperature of the task {config.task.name!r}, {hottest:g}: {error}",
            also=["dynamics.dt", "task"],
        )


def described_computer(config: Config, images: Prototypes | None, faults: Faults) -> Computer:
    """Return the computer that a config describes, with its further terms; of those over images, with these images.

    Raises
    ------
    ConfigError
        With every fault, the earlier ones among them.
    """
    connectivity = config.connectivity if config.task.couplings(config) is None else Uncoupled()
    with of_connectivity(config, faults):
        computer = assemble(
            config.sizes,
            config.potentials,
            connectivity,
            temperature=config.computer.temperature,
            mobility=config.computer.mobility,
            trainable_biases=config.computer.trainable_biases,
            clamped=config.clamped,
            interaction=config.interaction,
        )
    faults.raise_any()
    computer = computer.with_terms(built_terms(config, computer.layout, images, faults))
    faults.raise_any()
    return computer
