"""The interface of a task: what a run does with the computer."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from thermozoo.interfaces.account import Account, Cost, Picture
from thermozoo.interfaces.phase import Phase
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Task"]


class Task(Plugin, kind="task", formula="phases", table="task", equation=False):
    """What a run does with the computer.

    The fields of a task are its settings, which stand in ``[task]`` beside its name. The author writes `phases`, the
    work; what comes before (assembly, preparation) and after it (results, figures, page) is the same for all, and asks
    the task for what it has to say: `account` and `pictures`, of the figures that the work has left.

    Attributes
    ----------
    tables : tuple of str
        Tables of a config that it reads, beside its own; another one is a fault. ``"run"`` among them says that it
        shares out work, by ``run.share``.
    figures : type
        The attrs class of what it finds: every field with `thermozoo.Key`, what it means. The report holds an instance
        under the task's name, with underscores for hyphens, and the reference a table of its keys.
    own_potentials : bool
        Whether `computer` gives units other parameters than ``[computer.potential]`` does; the time step is then
        checked for the computer that it returns alone.
    own_stability : bool
        Whether `computer` itself refuses a time step that is too long: the general bound, of overdamped units, is then
        not asked of the computer that it returns.
    """

    __slots__ = ()

    tables: ClassVar[tuple[str, ...]] = ("computer", "dynamics")
    figures: ClassVar[type[Any] | None] = None
    own_potentials: ClassVar[bool] = False
    own_stability: ClassVar[bool] = False

    @abc.abstractmethod
    def phases(self, config: Any) -> Sequence[Phase]:
        """Return the phases of the work, in order.

        Each adds to the run that it is given (`thermozoo.runs.phase.Run`): the last one leaves ``run.figures``, an
        instance of the class `figures`, and may leave ``run.samples``, an xarray data set that goes into
        ``samples.nc``. Where a name is that of a phase which all runs have (``assembly``, ``preparation``, ``results``,
        ``figures``, ``page``), it stands in its place.
        """

    def check(self, config: Any, faults: Any) -> None:
        """Add what is wrong with its settings, or between them and the config; optional.

        Parameters
        ----------
        config : Config
            The config; where some of its keys have faults, with what could be read.
        faults : Faults
            Has ``faults.add(path, message)``, for a key such as ``"task.matrix"``, and ``faults.found_in(path)``.
        """

    def integrators(self, config: Any) -> Mapping[str, Any]:
        """Return further integrators that it moves units by, by the key that says so; optional.

        Hardware of a preset without inertia has no units that one with a mass could move.
        """
        return {}

    def sizes(self, config: Any, faults: Any) -> Mapping[str, int]:
        """Return the sizes of groups whose size is ``"auto"``, by name; optional. Faults are as in `check`."""
        return {}

    def couplings(self, config: Any) -> int | None:
        """Return how many couplings the computer has, where `computer` brings all of them; optional.

        None, the default: those of ``[computer.connectivity]`` are there. Otherwise it is not asked, and the computer
        that `computer` is given has none.
        """
        return None

    def computer(self, config: Any, computer: Any, faults: Any) -> Any:
        """Return the computer that the run is about, of the one that ``[computer]`` describes; optional.

        That one has zero biases, and zero couplings but for strengths that its connectivity states, or none; see
        `couplings`. Faults are as in `check`.
        """
        return computer

    def terms(self, config: Any) -> tuple[str, ...]:
        """Return the names of further terms of the energy that `computer` adds; optional: none."""
        return ()

    def baths(self, config: Any) -> Any:
        """Return the temperature of the bath of each unit [energy], shape (n,); optional: None, and all have one.

        It is asked for once the computer has been made; see `thermozoo.Dynamics`.
        """
        return None

    def hottest(self, config: Any) -> float | None:
        """Return the highest temperature at which it moves the units [energy]; optional: None, that of the computer.

        The time step has to be stable there as well, where states lie further out.
        """
        return None

    def assemble(self, config: Any) -> Any:
        """Return what the run is about where it is more than a computer; optional: None, and the core assembles it."""
        return None

    def trajectories(self, config: Any) -> int:
        """Return how many trajectories the work follows at once; optional: it decides about the engine."""
        return 1

    def together(self, config: Any) -> int:
        """Return how many trajectories are computed together where ``run.share`` shares them out; optional: 64.

        Sums of products are rounded as the size of a batch has it. So whatever shards are, a part of the work is of so
        many trajectories, the same ones always: the first 64, the next ones, ...
        """
        return 64

    def replayable(self, config: Any) -> int:
        """Return how many trajectories `replay` knows, numbered from 0; optional: 0, it keeps no single ones."""
        return 0

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let one trajectory do again what it did in the run; optional, see `replayable`.

        The author calls what his phases call, ``run.simulate`` with the initial states of all trajectories, and nothing
        else of them: of these, the row of the trajectory is advanced, by the same noise, and every row of what comes
        back is that row. Observers are not asked.

        Parameters
        ----------
        run : thermozoo.runs.replayed.Replayed
            Has ``simulate``, ``config``, ``machine`` and ``read`` like a run; ``trained``, what ``computer.nc`` holds;
            ``samples``, what ``samples.nc`` holds, or None. ``row`` is that of the trajectory, by default its number.
        number : int
            Number of the trajectory, below `replayable`.

        Returns
        -------
        mapping of str to (ndarray, ndarray)
            By its name, what the samples of the run keep of the trajectory, and what it is now; none where they keep
            nothing.
        """
        return {}

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return which methods of imperfections of the device act on it; one with another is refused.

        A task that assembles what it is about itself must see to them itself, and has none unless it says so. Else the
        core realises the computer and its motion (``"realise"``, ``"moved"``), and, where the task reads
        ``[schedule]``, what drifts (``"driven"``). A task that trains its computer trains ``run.machine.ideal`` and
        goes on with what ``run.realise`` makes of it; one that passes what updates write through ``run.store`` adds
        ``"stored"``, one that looks at states through ``run.read`` adds ``"read"``, one that adds the ``work`` of
        simulations to the heat ``"nonreciprocal"``: some of its forces have no energy.
        """
        if type(self).assemble is not Task.assemble:
            return ()
        return ("realise", "moved", "driven") if "schedule" in self.tables else ("realise", "moved")

    def disk(self, config: Any, machine: Any) -> int:
        """Return about how many bytes its data set takes in a file; optional."""
        return 0

    def account(self, figures: Any) -> Account:
        """Return what the page and the terminal say of the figures that a report holds."""
        return Account(f"The task {self.name} is done.")

    def cost(self, figures: Any, config: Any) -> Cost | None:
        """Return time and heat of one result, which ``[hardware]`` turns into seconds and joules; optional: None."""
        return None

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return the pictures by name, the most telling first; optional.

        Parameters
        ----------
        figures : object
            An instance of the class `figures`.
        samples : xarray.Dataset or None
            What ``samples.nc`` holds.
        """
        return {}

    def small(self) -> Mapping[str, Any]:
        """Return a config that takes seconds, without ``[task]``, for the verification suite.

        Two units that are coupled, unless the author needs others.
        """
        return {
            "computer": {
                "temperature": 0.5,
                "units": {"units": 2},
                "potential": {"plugin": "quartic"},
                "connectivity": {"plugin": "dense"},
            },
            "dynamics": {"integrator": "euler-maruyama", "dt": 0.01, "duration": 2.0, "engine": "reference"},
        }
