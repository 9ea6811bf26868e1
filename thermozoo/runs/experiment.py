"""A whole run: config in, folder with results, figures and report out."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from thermozoo.config.schema import Config
from thermozoo.digits import bytes_text
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import check_memory
from thermozoo.runs.folder import run_folder
from thermozoo.runs.phase import Run
from thermozoo.runs.phases import phases_of
from thermozoo.runs.progress import Reporter

__all__ = ["run_experiment"]


def run_experiment(
    config: Config, catalogue: Catalogue, target: Path | None, *, force: bool = False, reporter: Reporter
) -> Run:
    """Assemble the computer of a config, do what its task says, and write its run folder.

    The folder is claimed before anything is computed. The results are written as soon as they are there; what comes
    after them, a comparison of methods, figures and the page, takes nothing with it where it fails or is interrupted.
    Linear algebra keeps to one thread, so that no bit depends on how many there are: what is worth it, other threads
    share.

    Parameters
    ----------
    config : Config
        Checked config.
    catalogue : Catalogue
        Where its plugins came from.
    target : Path or None
        The run folder to make; None for the next free number.
    force : bool
        Whether a run folder of that name is replaced, once the results are there.
    reporter : Reporter
        Shows progress.

    Returns
    -------
    Run
        With ``report``, ``folder`` (another one where the results could not go where they should) and ``page``.
    """

    def assemble(config: Config) -> Any:
        machine = assemble_machine(config)
        reporter.note(f"memory: about {bytes_text(check_memory(config, machine))} at most")
        return machine

    # SciPy brings a linear algebra library of its own: it must be there to be held to one thread
    importlib.import_module("scipy.linalg")
    with run_folder(target, force, reporter.warn) as folder, one_blas_thread():
        run = Run(config, catalogue, folder, reporter, assemble)
        for phase in phases_of(config):
            run.do(phase)
    return run
