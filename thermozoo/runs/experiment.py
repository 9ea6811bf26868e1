"""A whole run: config in, folder with results, figures and report out; or from where it was stopped."""

from __future__ import annotations

import contextlib
import importlib
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from thermozoo.checkpoints.journal import Journal
from thermozoo.checkpoints.stopping import left_behind
from thermozoo.checkpoints.store import Store
from thermozoo.config.schema import Config
from thermozoo.digits import bytes_text
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.errors import DataError, OutputError, ShardError, ThermozooError, shown
from thermozoo.registry.blame import said_of_plugin
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import check_memory
from thermozoo.runs.checkpoints import about_run, config_of, holds_shards, leave_plugins, remove
from thermozoo.runs.executors import executor_of
from thermozoo.runs.folder import RunFolder, run_folder
from thermozoo.runs.phase import Clock, Run
from thermozoo.runs.phases import phases_of
from thermozoo.runs.plugin_files import plugin_arguments
from thermozoo.runs.progress import Reporter

__all__ = ["resume_experiment", "run_experiment"]


def run_experiment(
    config: Config, catalogue: Catalogue, target: Path | None, *, force: bool = False, reporter: Reporter
) -> Run:
    """Assemble the computer of a config, do what its task says, and write its run folder.

    The folder is claimed before anything is computed. The results are written as soon as they are there; what comes
    after them, a comparison of methods, figures and the page, takes nothing with it where it fails or is interrupted.
    On the way there are checkpoints in the folder, which go with the end of the run; one that was stopped goes on from
    them by `resume_experiment`.
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
    _check_workers(config)
    about = about_run(config, catalogue)  # takes a moment, in which a folder would be claimed and hold nothing
    with run_folder(target, force, reporter.warn) as folder:
        try:
            remove(Store.new(folder.checkpoints))  # of an earlier run, which this one replaces
            store = Store.new(folder.checkpoints)
            leave_plugins(store.folder, config, catalogue)
            store.write(about, {}, {})
            folder.begin_record(force)
        except BaseException as error:  # an interruption as well leaves nothing
            remove(Store.new(folder.checkpoints))
            if isinstance(error, OSError):
                raise OutputError(f"cannot write {folder.path}: {error.strerror or error}") from error
            raise
        return _in_folder(folder, config, catalogue, store, reporter, begun={})


def resume_experiment(
    target: Path,
    catalogue: Catalogue,
    *,
    given: Callable[[Catalogue, Mapping[str, Any]], Config] | None = None,
    reporter: Reporter,
) -> Run:
    """Go on with a run that was stopped, to the same bits as if it had not been.

    Parameters
    ----------
    target : Path
        Its folder.
    catalogue : Catalogue
        Plugins that are installed or were asked for; plugin files of the run are among its checkpoints.
    given : callable, optional
        Returns the config that is given again, of a catalogue and the tables of the checkpoint.
    reporter : Reporter
        Shows progress.

    Raises
    ------
    CheckpointError
        When the run began with another version, plugin or config.
    DataError
        When no checkpoint is whole.
    OutputError
        When there is none.
    """
    with run_folder(target, note=reporter.warn, resume=True) as folder:
        folder.stay()
        store = Store.read(folder.checkpoints, reporter.warn)
        config, catalogue = config_of(store, str(folder.path), catalogue, given)
        _check_workers(config)
        return _in_folder(folder, config, catalogue, store, reporter, begun=dict(store.about))


def _check_workers(config: Config) -> None:
    """Refuse a run that nobody would do the shards of, before anything is computed or written."""
    if config.run is not None:
        executor_of(config).check()


def _in_folder(
    folder: RunFolder,
    config: Config,
    catalogue: Catalogue,
    store: Store,
    reporter: Reporter,
    begun: Mapping[str, Any],
) -> Run:
    """Do the phases of a run in a folder with checkpoints."""

    def assemble(config: Config) -> Any:
        machine = assemble_machine(config)
        reporter.note(f"memory: about {bytes_text(check_memory(config, machine))} at most")
        return machine

    # SciPy brings a linear algebra library of its own: it must be there to be held to one thread
    importlib.import_module("scipy.linalg")
    run = Run(config, catalogue, folder, reporter, assemble, clock=Clock(begun.get("seconds", {})), begun=begun)
    first, first_entries = dict(store.about), bool(store.entries)

    def about() -> dict[str, Any]:
        engine = getattr(run, "engine", None)
        known = {} if engine is None else {"engine": {"name": engine.name, "details": engine.details}}
        return {**first, **known, "seconds": run.clock.so_far}

    command = f"thermozoo run --resume {shlex.quote(str(folder.path))}{plugin_arguments(catalogue)}"
    journal = Journal(
        store, about, config.dynamics.checkpoint_interval, reporter.warn, command, lambda: holds_shards(store)
    )
    try:
        with contextlib.ExitStack() as around, journal.open(), one_blas_thread():
            around.callback(run.end_workers)
            for phase in phases_of(config):
                run.do(phase)
    except BaseException as failure:
        error = _of_checkpoint(failure, folder, catalogue) if begun and first_entries else failure
        lost = isinstance(error, ThermozooError) and not isinstance(error, OutputError | ShardError)
        if not lost:
            journal.save_finished(hurry=isinstance(error, KeyboardInterrupt))
        if begun or (journal.holds_work and not lost):
            folder.stay()
            if not lost:
                left_behind(journal.remark())
        else:
            remove(store)
        if error is failure:
            raise
        raise error from failure
    if run.extras.interrupted and journal.holds_work:
        folder.stay()
        reporter.warn(f"what was interrupted is made up for by {command}")
    else:
        remove(store)
    return run


def _of_checkpoint(failure: BaseException, folder: RunFolder, catalogue: Catalogue) -> BaseException:
    """Return what to say of a failure in work that went on from a checkpoint.

    Its files are whole, and still it may hold what no run of this config leaves: somebody made it. What fails then, and
    where, nobody can foresee.
    """
    known = isinstance(failure, ThermozooError | OSError | MemoryError) or not isinstance(failure, Exception)
    if known or said_of_plugin(failure, catalogue.records) is not None:
        return failure
    return DataError(
        f"cannot go on with {shown(folder.path, 200)}: what its checkpoint holds does not fit what the run does "
        f"({type(failure).__name__}: {shown(failure, 200)}); begin the run again with --force, and report it where "
        "that fails as well"
    )
