"""Whole runs from Python, and run folders as objects."""

from __future__ import annotations

import base64
import contextlib
import functools
import html
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from thermozoo.arguments import count, instance
from thermozoo.errors import DataError, ParameterError, shown
from thermozoo.given_files import read_regular

if TYPE_CHECKING:
    import xarray

    from thermozoo.computer.computer import Computer
    from thermozoo.computer.program import Program
    from thermozoo.registry.catalogue import Catalogue

__all__ = ["Run", "load", "run"]


@attrs.frozen(eq=False, repr=False)
class Run:
    """A run folder; each of its files is read when it is asked for.

    Parameters
    ----------
    folder : Path
        Where it lies.
    catalogue : Catalogue, optional
        Where the plugins of its computer are looked up (default: the installed ones).
    """

    folder: Path
    catalogue: Catalogue | None = None

    @functools.cached_property
    def report(self) -> dict[str, Any]:
        """What ``report.json`` holds: the figures of the run, by the keys of the reference."""
        return _json(self.folder / "report.json")

    @functools.cached_property
    def manifest(self) -> dict[str, Any]:
        """What ``manifest.json`` holds: versions, plugins, digests."""
        return _json(self.folder / "manifest.json")

    @functools.cached_property
    def config(self) -> dict[str, Any]:
        """The resolved config, as nested tables."""
        from thermozoo.config.read import parse_bytes
        from thermozoo.runs.place import LARGEST_TEXT

        path = self.folder / "config.toml"
        try:
            return parse_bytes(read_regular(path, LARGEST_TEXT))
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read {path}: {shown(error, 200)}") from error

    @functools.cached_property
    def program(self) -> Program:
        """The trained computer, of one time window or several; where each class has one, see `programs`."""
        from thermozoo.computer.files import load_all, load_computer
        from thermozoo.computer.program import Program

        found = load_all(self.folder / "computer.nc", self.catalogue)
        if not isinstance(found, Program):
            classes = ", ".join(map(str, found))
            raise DataError(
                f"the run {self.folder} trained a program for each class ({classes}): take them from programs, by class"
            )
        windows = int(self.report.get("windows", 1))
        if found.windows == windows:
            return found
        # folders of before had one file for each window
        files = [self.folder / f"computer-window-{w + 1}.nc" for w in range(windows)]
        return Program([load_computer(file, self.catalogue) for file in files])

    @functools.cached_property
    def programs(self) -> dict[int, Program]:
        """The programs by class, of a run that trained one for each."""
        from thermozoo.computer.files import load_all
        from thermozoo.computer.program import Program

        found = load_all(self.folder / "computer.nc", self.catalogue)
        if isinstance(found, Program):
            raise DataError(f"the run {self.folder} trained one program for all classes: take it from program")
        return found

    @property
    def computer(self) -> Computer:
        """The computer that was trained, of several time windows that of the last one; or that the task was about."""
        return self.program.computers[-1]

    @functools.cached_property
    def samples(self) -> xarray.Dataset:
        """What the task keeps: of `generate` final states, heat by sample, the ledger over time, and the prototypes."""
        from thermozoo.computer.datasets import read_dataset

        return read_dataset(self.folder / "samples.nc")

    def replay(self, trajectory: int, *, every: int | None = None, anyway: bool = False) -> xarray.Dataset:
        """Let one trajectory do again what it did, alone and bit for bit: ``thermozoo replay``, without a folder.

        Parameters
        ----------
        trajectory : int
            Its number, from 0.
        every : int, optional
            Steps from one observation to the next (default: about 200 observations of each part).
        anyway : bool
            Whether to go on where thermozoo, a plugin or the engine is not that of the run.

        Returns
        -------
        xarray.Dataset
            States (observation, unit), energy, work and heat (term, observation); parts of the trajectory by other laws
            of motion follow one another.

        Raises
        ------
        ConfigError
            With a line for each change, where something is not as it was.
        ParameterError
            When its task keeps no single trajectories, or it has none of this number.
        """
        from thermozoo.registry.catalogue import catalogue
        from thermozoo.runs.replay import prepare_replay
        from thermozoo.runs.replay_folder import trajectory_dataset

        prepared = prepare_replay(self.folder, trajectory, lambda: self.catalogue or catalogue(), every=every)
        if not anyway:
            prepared.check()
        legs, _ = prepared.do()
        return trajectory_dataset(prepared, legs)

    @property
    def figures(self) -> dict[str, Path]:
        """The pictures, by name."""
        files = sorted((self.folder / "figures").glob("*.*"))
        return {path.stem: path for path in files if path.suffix in (".png", ".gif")}

    def _summary(self) -> list[str]:
        from thermozoo.runs.report_file import read_report
        from thermozoo.runs.summary import summary, task_summary

        if "task" in self.report:
            from thermozoo.registry.catalogue import catalogue
            from thermozoo.runs.saved_task import task_and_report

            return task_summary(*task_and_report(self.folder, self.report, lambda: self.catalogue or catalogue()))
        return summary(read_report(self.report))

    def __repr__(self) -> str:
        return "\n".join([f"run {self.folder}", *(f"  {line}" for line in self._summary())])

    def _repr_html_(self) -> str:
        """Show the summary and the outputs in a notebook."""
        lines = "<br>".join(html.escape(line) for line in self._summary())
        page = self.folder / "report.html"
        link = f'<br><a href="{html.escape(str(page))}">{html.escape(str(page))}</a>' if page.is_file() else ""
        shown = "outputs"
        if "task" in self.report:
            shown = next(iter(self.manifest.get("pictures", ())), shown)
        picture = self.figures.get(shown)
        image = ""
        if picture is not None:
            data = base64.b64encode(picture.read_bytes()).decode()
            image = f'<br><img alt="{html.escape(shown)}" style="max-width: 640px" src="data:image/png;base64,{data}">'
        return f"<div><b>{html.escape(str(self.folder))}</b><br>{lines}{link}{image}</div>"


def load(path: str | Path, *, catalogue: Catalogue | None = None) -> Any:
    """Load a run folder, or a computer's file.

    Parameters
    ----------
    path : str or path
        A folder that ``thermozoo run`` or `run` made, or a ``computer.nc``.
    catalogue : Catalogue, optional
        Where plugins are looked up (default: the installed ones). Plugin files of a run folder are programs, and are
        run only where they are asked for: ``load_catalogue(files=[folder / "plugins" / "mine.py"])``.

    Returns
    -------
    Run, Computer, Program or dict of int to Program
        Of a file with several windows, a Program; of one with a program for each condition, these by condition.

    Raises
    ------
    DataError
        When there is nothing, or it is something else, or it is damaged.
    PluginLoadError
        When the run used a plugin file that was not asked for.
    """
    place = Path(instance("path", path, str | Path, "a run folder or a computer.nc"))
    if place.is_file():
        from thermozoo.computer.files import load_all

        program = load_all(place, catalogue)
        if isinstance(program, dict):
            return program
        return program if program.windows > 1 else program.computers[0]
    if not place.is_dir():
        raise DataError(f"nothing lies at {place}: give a run folder or a computer.nc")
    missing = [name for name in ("config.toml", "report.json", "computer.nc") if not (place / name).is_file()]
    if missing:
        raise DataError(f"{place} is not a whole run folder: it has no {', '.join(missing)}")
    if catalogue is None:
        from thermozoo.registry.catalogue import catalogue as installed
        from thermozoo.runs.plugin_files import with_copies

        catalogue = with_copies(place / "config.toml", installed())
    return Run(place, catalogue)


def run(
    config: str | Path | Mapping[str, Any] | None = None,
    *,
    out: str | Path | None = None,
    seed: int | None = None,
    force: bool = False,
    catalogue: Catalogue | None = None,
    quiet: bool = False,
    resume: str | Path | None = None,
) -> Run:
    """Assemble the computer of a config, do what its task says, and write its run folder: ``thermozoo run``.

    Parameters
    ----------
    config : str, path or mapping, optional
        Name of a built-in config (``"paper"``), TOML file, or its tables as nested mappings (default: the config that
        ``thermozoo run`` takes).
    out : str or path, optional
        Run folder to make (default: ``thermozoo-run``, or the next free number).
    seed : int, optional
        Overrides the config's; where neither gives one, a seed is drawn and recorded.
    force : bool
        Whether a run folder of that name is replaced.
    catalogue : Catalogue, optional
        The plugins that the config may name; ``tz.load_catalogue(files=["mine.py"])`` adds those of a file.
    quiet : bool
        Whether to show no progress.
    resume : str or path, optional
        Folder of a run that was stopped: it goes on there, to the same bits; nothing but `catalogue` and `quiet` is
        given beside it.

    Returns
    -------
    Run
        The run folder as an object.

    Raises
    ------
    CheckpointError
        When the run that was stopped began with another version or plugin.
    ConfigError
        With every fault of the config, a line each.
    OutputError
        When the folder exists, or cannot be written; raised before anything is computed.
    ParameterError
        When the seed is no whole number from 0 to 2^63 - 1.
    """
    from thermozoo.cli.progress import Bars
    from thermozoo.config.faults import Origin
    from thermozoo.config.load import parse_file
    from thermozoo.config.parse import parse
    from thermozoo.registry.catalogue import catalogue as installed
    from thermozoo.runs.experiment import resume_experiment, run_experiment
    from thermozoo.runs.plugin_files import with_copies

    if resume is not None:
        if config is not None or out is not None or seed is not None or force:
            raise ParameterError("a run that goes on has its config and its folder: give nothing beside resume")
        place = Path(instance("resume", resume, str | Path, "the folder of a run"))
        plugins = installed() if catalogue is None else catalogue
        with _last_words():
            resumed = resume_experiment(place, plugins, reporter=Bars(quiet))
        return Run(resumed.folder.path, plugins)
    if seed is not None:  # a fault of the argument, and of no config
        seed = count("seed", seed, at_most=2**63 - 1)
    plugins = installed() if catalogue is None else catalogue
    if isinstance(config, Mapping):
        tables = dict(config) if seed is None else {**config, "seed": seed}
        loaded = parse(tables, plugins, Origin("config"))
    else:
        expected = "a built-in name, a TOML file, or its tables"
        chosen: str | Path | None = None if config is None else instance("config", config, str | Path, expected)
        plugins = with_copies(chosen, plugins)
        loaded = parse_file(chosen, plugins, seed=seed)
    with _last_words():
        done = run_experiment(loaded, plugins, None if out is None else Path(out), force=force, reporter=Bars(quiet))
    return Run(done.folder.path, plugins)


@contextlib.contextmanager
def _last_words() -> Iterator[None]:
    """Say of a run that is interrupted what it has saved, and how to go on."""
    from thermozoo.checkpoints.stopping import left_behind

    try:
        yield
    except BaseException:
        said = left_behind()
        if said:
            print(f"interrupted{said}", file=sys.stderr)
        raise


def _json(path: Path) -> dict[str, Any]:
    from thermozoo.runs.place import LARGEST_TEXT

    try:
        content = json.loads(read_regular(path, LARGEST_TEXT))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"cannot read {path}: {shown(error, 200)}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} does not hold a JSON object")
    return content
