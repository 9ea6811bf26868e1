"""Maximum cuts, Ising problems and QUBOs, by p-bits, double wells or phases that are cooled, locked or coupled."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from thermozoo import Account, Cost, Phase, Picture, Share, Task, option
from thermozoo.errors import DataError, ParameterError, ThermozooError
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks import anneal_settings as settings
from thermozoo_plugins.tasks.anneal_account import account_of
from thermozoo_plugins.tasks.anneal_bytes import bytes_held
from thermozoo_plugins.tasks.anneal_checks import check_settings, check_units
from thermozoo_plugins.tasks.anneal_figures import AnnealFigures
from thermozoo_plugins.tasks.anneal_pictures import pictures_of
from thermozoo_plugins.tasks.anneal_problem import MOST_ENUMERATED, Asked, asked_of, enumerated, seconds_to_enumerate
from thermozoo_plugins.tasks.anneal_reads import Known, Reads, figures_of
from thermozoo_plugins.tasks.anneal_samples import bytes_of, samples_of
from thermozoo_plugins.tasks.anneal_units import KINDS, Units
from thermozoo_plugins.tasks.anneal_watch import Ends, WatchEnergies
from thermozoo_plugins.tasks.tempering import TOGETHER, begun, ladders_of, rows_of, seconds_of
from thermozoo_plugins.tasks.tempering_account import doubts_of
from thermozoo_plugins.tasks.tempering_settings import TEMPERING, method_of, temperatures

__all__ = ["Anneal"]

#: Observations of a read, where a config does not say how often.
_LOOKS = 100

#: Bytes of the states that are enumerated at a time, and of their energies.
_ENUMERATED = 160 * 2**20


@attrs.frozen
class Anneal(Task):
    r"""Search for the largest cut of a graph, or the least energy of spins or bits, by annealing.

    .. math:: E(s) = c + \sum_i h_i s_i + \sum_{i<j} J_{ij} s_i s_j, \qquad s_i = \pm 1

    which is :math:`W - 2\,\text{cut}` of a graph with weights J, and the value of a QUBO in bits :math:`(1 + s) / 2`.
    The potential of the units says what a spin is: p-bits (``spin``), whose temperature falls; bistable units
    (``double-well``), in which the spin is the sign; phases (``periodic``, coupled by ``cosine``), which second
    harmonics lock at two angles. ``[schedule]`` says what is ramped. Where units sit in their wells, the energy of the
    computer is `strength` times that of the problem, but for a constant. Fields push p-bits and double wells; those of
    phases are couplings with one more unit. Each read begins with uncoupled units in equilibrium and has noise of its
    own; its answer is the lowest energy of the spins that were looked at.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, Optimization by simulated annealing, Science 220, 671 (1983).
    K. Y. Camsari, B. M. Sutton and S. Datta, p-bits for probabilistic spin logic, Appl. Phys. Rev. 6, 011305 (2019).
    T. Wang and J. Roychowdhury, OIM: oscillator-based Ising machines for solving combinatorial optimisation problems,
    arXiv:1903.07163 (2019). T. F. Ronnow et al., Defining and detecting quantum speedup, Science 345, 420 (2014), for
    the time to solution.

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("anneal")
    >>> [phase.name for phase in config.task.phases(config)]
    ['annealing']
    """

    name = "anneal"
    tables = ("computer", "dynamics", "schedule", "run")
    figures = AnnealFigures

    graph: str = option("", doc="the problem's file; none: a planted spin glass on a periodic square lattice is made")
    problem: str = option(
        "", converter=settings.kind, doc='what is asked, "max-cut", "ising" or "qubo", where the file does not say'
    )
    method: str = option(
        "anneal",
        converter=method_of("anneal"),
        doc='"anneal": [schedule] says what is ramped; "tempering": rungs of several temperatures exchange states',
    )
    reads: int = option(
        32, converter=whole("reads", 2), doc="anneals, or ladders of rungs, each with noise of its own, 2 at least"
    )
    temperatures: tuple[float, ...] = option(
        (), converter=temperatures, doc="of the rungs of tempering, the coldest first [energy]"
    )
    exchange_every: int = option(
        10, converter=whole("exchange_every"), doc="sweeps from one exchange of neighboring rungs to the next"
    )
    strength: float = option(
        1.0, converter=settings.multiple, doc="by what the problem's energy is multiplied in the computer [energy]"
    )
    target: Any = option(  # of a union of a text and a number, a config would take neither
        settings.AUTO,
        converter=settings.target,
        doc='cut, energy or value that a read succeeds by reaching; "auto": what is known, or else the best read',
    )
    within: float = option(
        0.0,
        converter=settings.fraction,
        doc="how far from the target a read that succeeds may be, relative to the target",
    )
    observe_every: int = option(
        0, converter=whole("observe_every", 0), doc="sweeps from one look at the spins to the next; 0: 100 looks"
    )
    side: int = option(
        32, converter=settings.side, doc="sites along each side of the lattice that is made, an even number"
    )
    problem_seed: int = option(1, converter=whole("problem_seed", 0), doc="seed of the spin glass that is made")

    @functools.cached_property
    def _asked(self) -> Asked:
        """The problem, read once."""
        return asked_of(self.graph, self.problem, self.side, self.problem_seed)

    @property
    def _known(self) -> Known | None:
        """What is known before the run."""
        asked = self._asked
        if isinstance(self.target, str):
            return asked.known
        return Known(float(asked.problem.energy_of_objective(self.target)), "task.target")

    def _units(self, config: Any) -> Units:
        [potential] = config.potentials.values()
        return KINDS[potential.name]

    def check(self, config: Any, faults: Any) -> None:
        """Check its settings, and that the computer is one of units that are spins."""
        check_settings(self, config, faults)
        check_units(config, faults)

    @property
    def _tempered(self) -> bool:
        return self.method == TEMPERING

    def sizes(self, config: Any, faults: Any) -> Mapping[str, int]:
        """Return the variables of the problem, and one unit more where its fields are couplings."""
        try:
            problem = self._asked.problem
        except (DataError, ParameterError) as error:
            faults.add("task.graph", str(error), also=["task.problem"])
            return {}
        n = problem.n + self._units(config).further(problem)
        for group, size in config.sizes.items():
            if group not in config.auto and size != n:
                faults.add(
                    f"computer.units.{group}",
                    f'the problem needs {n:,} units, got {size:,}: write "auto"',
                    also=["task.graph"],
                )
        return dict.fromkeys(config.auto, n)

    def couplings(self, config: Any) -> int:
        """Return the pairs of the problem; none before it is read."""
        return 0 if config.auto else self._units(config).couplings(self._asked.problem)

    def computer(self, config: Any, computer: Any, faults: Any) -> Any:
        """Return the computer of the problem."""
        from thermozoo import Dynamics, Schedule

        table, schedule = config.dynamics, Schedule(config.schedule) if config.schedule else None
        try:
            law = Dynamics(computer, config.integrator, table.dt, table.precision, config.steps, schedule)
        except ThermozooError as error:
            faults.add("schedule", str(error), also=["computer.potential", "dynamics"])
            return computer
        return self._units(config).computer(computer, _at_the_end(law), config, self._asked.problem, self.strength)

    def trajectories(self, config: Any) -> int:
        """Return the reads."""
        return self.reads

    def together(self, config: Any) -> int:
        """Return how many reads are computed together where they are shared out; ladders have many states each."""
        return TOGETHER if self._tempered else int(Task.together(self, config))

    def _every(self, config: Any) -> int:
        return self.observe_every or max(1, math.ceil(config.steps / _LOOKS))

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return annealing, and the enumeration of a problem of few variables of which nothing else is known."""
        steps, every = config.steps, self._every(config)

        def seconds(of: Any) -> float:
            if self._tempered:
                watch = self._watch(of.machine, self.reads, 1)
                looks = -(-steps // self.exchange_every)
                return seconds_of(of, self.temperatures, self.reads, steps, self.exchange_every, looks, watch)

            def look(x: Any) -> None:
                self._watch(of.machine, len(x), 1).observe(0, x)

            return float(of.simulation(self.reads, steps, every=every, look=look))

        def held(size: Any) -> tuple[Share, ...]:
            return bytes_held(size, self.reads, max(1, len(self.temperatures)))

        name, do = ("tempering", self._temper) if self._tempered else ("annealing", self._anneal)
        annealing = Phase(
            name,
            name,
            do,
            lambda of: of.shared_out(self.reads, seconds(of)),
            held,
            pieces=lambda config: 2,
            work=lambda run: steps,
        )
        if not self._enumerates:
            return [annealing]
        return [
            annealing,
            Phase(
                "enumeration",
                "enumeration",
                lambda run, progress: self._finish(run, enumerated(self._asked.problem)),
                lambda of: seconds_to_enumerate(self._asked.problem),
                lambda size: (Share(_ENUMERATED, "task.graph", "states that are enumerated"),),
            ),
        ]

    @property
    def _enumerates(self) -> bool:
        """Whether all states are gone through, to know the best one; not of a file that is refused later."""
        try:
            return self._known is None and self._asked.problem.n <= MOST_ENUMERATED
        except ThermozooError:
            return False

    def _watch(self, machine: Any, reads: int, observations: int) -> WatchEnergies:
        problem, units = self._asked.problem, self._units(machine.config)
        potential = _at_the_end(machine.dynamics)
        return WatchEnergies(problem, lambda x: units.spins(x, potential, problem), reads, observations)

    def _observations(self, config: Any) -> int:
        """Return how often the spins are looked at, before the first step among them."""
        every: int = self.exchange_every if self._tempered else self._every(config)
        return 1 + -(-int(config.steps) // every)

    def _anneal(self, run: Any, progress: Any) -> None:
        """Begin with uncoupled units in equilibrium, ramp what is driven, and look at the spins on the way."""
        found, seconds = self._shared(run, self.annealed_reads, progress)
        kT = run.machine.dynamics.computer_before(run.config.steps).temperature
        heat, work = (found["work"] - found["change"]) / kT, found["work"] / kT
        self._leave(run, found, seconds, heat=heat, work=work)

    def _shared(self, run: Any, do: Any, progress: Any) -> tuple[Mapping[str, Any], float]:
        """Return what comes of all reads, and how long it took [second]."""
        given, begun = {"problem": self._asked.digest}, time.perf_counter()
        found = run.share(do, self.reads, progress, given=given)
        return found, max(0.0, time.perf_counter() - begun)

    def annealed_reads(self, part: Any) -> Mapping[str, Any]:
        """Return what is seen of some reads, the work that was done on them, and by how much their energy changed."""
        self._asked.check(part.given["problem"], self.graph)
        observations = self._observations(part.config)
        watch = self._watch(part.machine, len(part.numbers), observations)
        ends = Ends(part.machine.dynamics, observations)
        done = self._annealed(part, every=self._every(part.config), observers=[watch, ends], progress=part.progress)
        return {"watch": watch.rows(), "work": np.asarray(done.work, np.float64), "change": ends.change}

    def _annealed(self, run: Any, **more: Any) -> Any:
        """Return how reads end that begin with uncoupled units in equilibrium."""
        from thermozoo import NoiseKey, equilibrium_states

        law = run.machine.dynamics
        bare = attrs.evolve(law, computer=law.computer_before(0).bare(), schedule=None)
        x = equilibrium_states(bare, NoiseKey(run.config.seed, 0), run.numbers)
        return run.simulate(x, run.config.steps, stream=0, **more)

    def replayable(self, config: Any) -> int:
        """Return the reads; replicas of a ladder exchange states, and none goes its way alone."""
        return 0 if self._tempered else self.reads

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a read be annealed again; samples hold its heat, and its best state, not its last."""
        done = self._annealed(run)
        energy = np.sum(list(run.legs[-1].ledger.terms.values()), axis=0)[:, 0]
        kT = run.machine.dynamics.computer_before(run.config.steps).temperature
        heat = (run.of_row(done.work) - (energy[-1] - energy[0])) / kT  # in the order of sums of the run
        return {"heat": (run.samples["heat"].values[number], heat)}

    def _temper(self, run: Any, progress: Any) -> None:
        """Let ladders exchange states, and look at the spins before each exchange."""
        found, seconds = self._shared(run, self.tempered_reads, progress)
        self._leave(run, found, seconds, ladders=ladders_of(self.temperatures, found["ladders"]))

    def tempered_reads(self, part: Any) -> Mapping[str, Any]:
        """Return what is seen of some reads, a ladder each, and of its exchanges."""
        self._asked.check(part.given["problem"], self.graph)
        watch = self._watch(part.machine, len(part.numbers), self._observations(part.config))
        ladders = begun(part, self.temperatures, part.numbers, self.reads, part.config.seed)
        ladders.follow(part.config.steps, every=self.exchange_every, observers=[watch], progress=part.progress)
        return {"watch": watch.rows(), "ladders": rows_of(ladders)}

    def _leave(self, run: Any, found: Mapping[str, Any], seconds: float, **more: Any) -> None:
        """Leave what was found; of what is enumerated, for the next phase."""
        observations = self._observations(run.config)
        watch = self._watch(run.machine, self.reads, observations)
        watch.put_rows(found["watch"])
        run.outcome = Reads(watch.lowest, watch.states, seconds, observations, **more), watch
        if not self._enumerates:
            self._finish(run, self._known)

    def _finish(self, run: Any, known: Known | None) -> None:
        """Leave figures, answers and doubts."""
        reads, watch = run.outcome
        config, units = run.config, self._units(run.config)
        mobility = config.computer.mobility if config.integrator.updates == "together" else 1.0
        run.figures = figures_of(
            self._asked.problem,
            reads,
            known,
            within=self.within,
            units=units.title,
            sweeps=config.steps * max(1, len(self.temperatures)),
            duration=config.duration * mobility,
        )
        run.samples = samples_of(self._asked, reads, watch)
        run.warnings += self._doubts(run.figures, watch)

    def _doubts(self, figures: AnnealFigures, watch: WatchEnergies) -> list[str]:
        """Return what is to be doubted about the figures."""
        said = []
        rounding = 1e-9 * max(1.0, abs(figures.target))
        if figures.reference and figures.best_energy < figures.target - rounding:
            said.append(
                f"a read is below the energy that was said to be known, {figures.target:,.9g} "
                f"({figures.target_source}): it is not the least one; give another task.target"
            )
        if not figures.reference:
            said.append(
                "nothing is known to compare with: success is the share of reads that reach the best of them; give "
                "task.target"
            )
        scale = abs(figures.target) or 1.0
        said += doubts_of(figures)
        if not self._tempered and watch.mean[-1] - watch.lowest.mean() > 0.05 * scale:
            said.append(
                "reads leave their best states again: the last energies are "
                f"{(watch.mean[-1] - watch.lowest.mean()) / scale:.1%} above the lowest on average; end the schedule "
                "colder, more strongly coupled, or more firmly locked"
            )
        return said

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of answers, of how energies fell, and of what is drawn."""
        return bytes_of(self._asked, self.reads)

    def cost(self, figures: Any, config: Any) -> Cost | None:
        """Return time and heat of a read; rungs of several temperatures exchange states, and have no heat."""
        heat = figures.heat_mean_kT
        return None if heat is None else Cost(figures.duration, heat, "one read")

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return energies against sweeps with those of the reads, and the best state."""
        return pictures_of(figures, samples)

    def small(self) -> Mapping[str, Any]:
        """Return p-bits that are cooled in few sweeps."""
        return {
            "computer": {"temperature": 1.0, "units": {"spins": "auto"}, "potential": {"plugin": "spin"}},
            "dynamics": {"integrator": "heat-bath", "dt": 1.0, "duration": 20.0, "engine": "reference"},
            "schedule": {"temperature": {"protocol": "ramp", "initial": 3.0, "final": 0.3}},
        }


def _at_the_end(law: Any) -> Any:
    """Return the potential of the units at the end of a law's schedule."""
    [potential] = law.computer_before(law.steps).onsite.potentials.values()
    return potential
