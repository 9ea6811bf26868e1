"""thermozoo: a plugin-based zoo of physics models for thermodynamic computing.

Write the formula once: a plugin is one formula; force, training gradient, compiled kernel, documentation and tests are
derived from it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what typing calls so; to import typing would take longer than the rest
if TYPE_CHECKING:
    from typing import Any

    from thermozoo.computer.computer import Computer, assemble
    from thermozoo.computer.directed import directed_strengths, with_directed_strengths
    from thermozoo.computer.files import load_computer, save_computer
    from thermozoo.computer.program import Program
    from thermozoo.computer.terms.couple import couple
    from thermozoo.computer.terms.projections import project
    from thermozoo.config.generation import check_generation
    from thermozoo.config.load import load_config
    from thermozoo.digits import plus_minus
    from thermozoo.dynamics.chains import autocorrelation, effective_sample_size, split_r_hat
    from thermozoo.dynamics.engines.base import Drive, Dynamics
    from thermozoo.dynamics.equilibrium import equilibrium_states
    from thermozoo.dynamics.noise import NoiseKey
    from thermozoo.dynamics.running import RunningHistogram, RunningMoments, Trace
    from thermozoo.dynamics.schedule import Schedule
    from thermozoo.dynamics.tempering import Tempering
    from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
    from thermozoo.errors import ThermozooError
    from thermozoo.front.anneal import anneal
    from thermozoo.front.annealed import Annealed
    from thermozoo.front.plugins import formulas, get, verify
    from thermozoo.front.runs import Run, load, run
    from thermozoo.front.simulate import simulate
    from thermozoo.front.train import train
    from thermozoo.interfaces import (
        Account,
        Connectivity,
        Cost,
        Dataset,
        Encoding,
        Engine,
        Imperfection,
        Integrator,
        Interaction,
        Objective,
        Phase,
        Picture,
        Potential,
        Projection,
        Protocol,
        Share,
        Task,
        TextTable,
    )
    from thermozoo.keys import Key
    from thermozoo.parameters import option, parameter
    from thermozoo.problems.best_known import best_known
    from thermozoo.problems.edge_files import read_edges
    from thermozoo.problems.edge_table import EdgeTable
    from thermozoo.problems.exchange import ising_problem
    from thermozoo.problems.instances import (
        Planted,
        planted_spin_glass,
        random_max_cut,
        sherrington_kirkpatrick,
        toroidal_max_cut,
    )
    from thermozoo.problems.problem import IsingProblem
    from thermozoo.registry.catalogue import Catalogue, catalogue, load_catalogue
    from thermozoo.registry.hookspecs import hookimpl
    from thermozoo.runs.assemble import assemble_generation
    from thermozoo.runs.images import generate_images, images_of, judge_images, replay_image
    from thermozoo.runs.phases import generation_phases
    from thermozoo.runs.prototypes import choose_images, choose_prototypes
    from thermozoo.symbolic.contrast import contrast_weights
    from thermozoo.thermodynamics.advantage import (
        denoiser_cost_kT,
        denoiser_layers,
        denoiser_operations,
        operations_joule,
        operations_kT,
        thermodynamic_advantage,
    )
    from thermozoo.training.observed import ObservedSteps
    from thermozoo.training.result import Training

__version__ = "0.1.0"

#: Where each public name lives. It is imported when first used: ``import thermozoo`` itself imports nothing, so that
#: the pytest plugin, which every pytest run in the environment loads, costs nothing.
_HOMES = {
    "Account": "thermozoo.interfaces",
    "Annealed": "thermozoo.front.annealed",
    "Catalogue": "thermozoo.registry.catalogue",
    "Computer": "thermozoo.computer.computer",
    "Connectivity": "thermozoo.interfaces",
    "Cost": "thermozoo.interfaces",
    "Dataset": "thermozoo.interfaces",
    "Drive": "thermozoo.dynamics.engines.base",
    "Dynamics": "thermozoo.dynamics.engines.base",
    "EdgeTable": "thermozoo.problems.edge_table",
    "Encoding": "thermozoo.interfaces",
    "Engine": "thermozoo.interfaces",
    "Imperfection": "thermozoo.interfaces",
    "EnergyTerms": "thermozoo.dynamics.trajectories",
    "Integrator": "thermozoo.interfaces",
    "Interaction": "thermozoo.interfaces",
    "IsingProblem": "thermozoo.problems.problem",
    "KeptStates": "thermozoo.dynamics.trajectories",
    "Key": "thermozoo.keys",
    "NoiseKey": "thermozoo.dynamics.noise",
    "Objective": "thermozoo.interfaces",
    "ObservedSteps": "thermozoo.training.observed",
    "Phase": "thermozoo.interfaces",
    "Picture": "thermozoo.interfaces",
    "Planted": "thermozoo.problems.instances",
    "Potential": "thermozoo.interfaces",
    "Program": "thermozoo.computer.program",
    "Projection": "thermozoo.interfaces",
    "Protocol": "thermozoo.interfaces",
    "Run": "thermozoo.front.runs",
    "RunningHistogram": "thermozoo.dynamics.running",
    "RunningMoments": "thermozoo.dynamics.running",
    "Schedule": "thermozoo.dynamics.schedule",
    "Share": "thermozoo.interfaces",
    "Task": "thermozoo.interfaces",
    "Tempering": "thermozoo.dynamics.tempering",
    "TextTable": "thermozoo.interfaces",
    "ThermozooError": "thermozoo.errors",
    "Trace": "thermozoo.dynamics.running",
    "Training": "thermozoo.training.result",
    "anneal": "thermozoo.front.anneal",
    "assemble": "thermozoo.computer.computer",
    "assemble_generation": "thermozoo.runs.assemble",
    "autocorrelation": "thermozoo.dynamics.chains",
    "best_known": "thermozoo.problems.best_known",
    "catalogue": "thermozoo.registry.catalogue",
    "check_generation": "thermozoo.config.generation",
    "choose_images": "thermozoo.runs.prototypes",
    "choose_prototypes": "thermozoo.runs.prototypes",
    "contrast_weights": "thermozoo.symbolic.contrast",
    "couple": "thermozoo.computer.terms.couple",
    "denoiser_cost_kT": "thermozoo.thermodynamics.advantage",
    "denoiser_layers": "thermozoo.thermodynamics.advantage",
    "denoiser_operations": "thermozoo.thermodynamics.advantage",
    "directed_strengths": "thermozoo.computer.directed",
    "effective_sample_size": "thermozoo.dynamics.chains",
    "equilibrium_states": "thermozoo.dynamics.equilibrium",
    "formulas": "thermozoo.front.plugins",
    "generate_images": "thermozoo.runs.images",
    "generation_phases": "thermozoo.runs.phases",
    "get": "thermozoo.front.plugins",
    "hookimpl": "thermozoo.registry.hookspecs",
    "ising_problem": "thermozoo.problems.exchange",
    "images_of": "thermozoo.runs.images",
    "judge_images": "thermozoo.runs.images",
    "load": "thermozoo.front.runs",
    "load_catalogue": "thermozoo.registry.catalogue",
    "load_computer": "thermozoo.computer.files",
    "load_config": "thermozoo.config.load",
    "memory_left": "thermozoo.given_files",
    "operations_joule": "thermozoo.thermodynamics.advantage",
    "operations_kT": "thermozoo.thermodynamics.advantage",
    "option": "thermozoo.parameters",
    "parameter": "thermozoo.parameters",
    "planted_spin_glass": "thermozoo.problems.instances",
    "plus_minus": "thermozoo.digits",
    "project": "thermozoo.computer.terms.projections",
    "random_max_cut": "thermozoo.problems.instances",
    "read_array": "thermozoo.array_files",
    "read_arrays": "thermozoo.array_files",
    "replay_image": "thermozoo.runs.images",
    "read_edges": "thermozoo.problems.edge_files",
    "read_file": "thermozoo.given_files",
    "run": "thermozoo.front.runs",
    "save_computer": "thermozoo.computer.files",
    "sherrington_kirkpatrick": "thermozoo.problems.instances",
    "simulate": "thermozoo.front.simulate",
    "split_r_hat": "thermozoo.dynamics.chains",
    "toroidal_max_cut": "thermozoo.problems.instances",
    "thermodynamic_advantage": "thermozoo.thermodynamics.advantage",
    "train": "thermozoo.front.train",
    "verify": "thermozoo.front.plugins",
    "with_directed_strengths": "thermozoo.computer.directed",
}

__all__ = [
    "Account",
    "Annealed",
    "Catalogue",
    "Computer",
    "Connectivity",
    "Cost",
    "Dataset",
    "Drive",
    "Dynamics",
    "EdgeTable",
    "Encoding",
    "EnergyTerms",
    "Engine",
    "Imperfection",
    "Integrator",
    "Interaction",
    "IsingProblem",
    "KeptStates",
    "Key",
    "NoiseKey",
    "Objective",
    "ObservedSteps",
    "Phase",
    "Picture",
    "Planted",
    "Potential",
    "Program",
    "Projection",
    "Protocol",
    "Run",
    "RunningHistogram",
    "RunningMoments",
    "Schedule",
    "Share",
    "Task",
    "Tempering",
    "TextTable",
    "ThermozooError",
    "Trace",
    "Training",
    "anneal",
    "assemble",
    "assemble_generation",
    "autocorrelation",
    "best_known",
    "catalogue",
    "check_generation",
    "choose_images",
    "choose_prototypes",
    "contrast_weights",
    "couple",
    "denoiser_cost_kT",
    "denoiser_layers",
    "denoiser_operations",
    "directed_strengths",
    "effective_sample_size",
    "equilibrium_states",
    "formulas",
    "generate_images",
    "generation_phases",
    "get",
    "hookimpl",
    "images_of",
    "ising_problem",
    "judge_images",
    "load",
    "load_catalogue",
    "load_computer",
    "load_config",
    "memory_left",
    "operations_joule",
    "operations_kT",
    "option",
    "parameter",
    "planted_spin_glass",
    "plus_minus",
    "project",
    "random_max_cut",
    "read_array",
    "read_arrays",
    "read_edges",
    "read_file",
    "replay_image",
    "run",
    "save_computer",
    "sherrington_kirkpatrick",
    "simulate",
    "split_r_hat",
    "thermodynamic_advantage",
    "toroidal_max_cut",
    "train",
    "verify",
    "with_directed_strengths",
]


def __dir__() -> list[str]:
    """Return the public names, for the completion of a shell or a notebook."""
    return sorted([*__all__, "__version__", "__doc__", "__file__", "__name__", "__path__"])


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    near = ""
    if not name.startswith("_"):  # what a tool looks for is none of a user's mistakes
        from thermozoo.errors import nearest

        near = nearest(name, __all__)
    raise AttributeError(f"module 'thermozoo' has no attribute {name!r}{near}")
