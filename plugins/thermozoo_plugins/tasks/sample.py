"""Equilibrium sampling of any computer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from thermozoo import Account, Cost, Phase, Picture, Task, option
from thermozoo.errors import ThermozooError
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks import sample_costs as costs
from thermozoo_plugins.tasks import sample_settings as settings
from thermozoo_plugins.tasks.sample_account import account_of, doubts
from thermozoo_plugins.tasks.sample_figures import SampleFigures
from thermozoo_plugins.tasks.sample_pictures import pictures_of
from thermozoo_plugins.tasks.sample_tempering import check_law, check_tempering, relaxed_ladders, sampled_ladders
from thermozoo_plugins.tasks.sampling import Watch, figures_of, samples_of, with_ladders, with_power
from thermozoo_plugins.tasks.tempering import TOGETHER, ladders_of
from thermozoo_plugins.tasks.tempering_settings import TEMPERING, method_of, temperatures

__all__ = ["Sample"]


@attrs.frozen
class Sample(Task):
    r"""Sample the equilibrium of a computer: means, covariances and energy, each with an error bar.

    .. math:: p(x) \propto \exp\left(-\frac{V(x)}{k_B T}\right)

    Chains begin in the equilibrium of uncoupled units, relax once couplings are on, and are then observed.
    What is observed is added up on the way, so that memory does not grow with the duration. Chains have noise of their
    own, so that the spread of their means is an error bar that needs no model of correlations. In equilibrium the mean
    of :math:`\sum_i x_i\, \partial_i V` is :math:`n k_B T`, whatever the energy: by that the time step shows its bias.

    Tempering gives each chain hotter copies of the computer, the rungs of a ladder, which exchange states with their
    neighbors: what climbs comes down in another valley, and the chain, which is the coldest rung, keeps its Boltzmann
    distribution.

    References
    ----------
    A. Vehtari, A. Gelman, D. Simpson, B. Carpenter, P.-C. Buerkner, Rank-normalization, folding, and localization: an
    improved R-hat for assessing convergence of MCMC, Bayesian Analysis 16, 667 (2021).
    K. Hukushima and K. Nemoto, Exchange Monte Carlo method and application to spin glass simulations, J. Phys. Soc.
    Jpn. 65, 1604 (1996).

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("sample")
    >>> [phase.name for phase in config.task.phases(config)]
    ['relaxation', 'sampling']
    """

    name = "sample"
    tables = ("computer", "dynamics", "run")
    figures = SampleFigures

    method: str = option(
        "sample",
        converter=method_of("sample"),
        doc='"sample": chains at the temperature of the computer; "tempering": each is the coldest rung of a ladder, '
        "whose rungs of several temperatures exchange states",
    )
    chains: int = option(
        64, converter=whole("chains", 4), doc="trajectories, or ladders of rungs, with noise of their own, 4 at least"
    )
    temperatures: tuple[float, ...] = option(
        (),
        converter=temperatures,
        doc="of the rungs of tempering, the coldest first, which is that of the computer [energy]",
    )
    exchange_every: int = option(
        10, converter=whole("exchange_every"), doc="time steps from one exchange of neighboring rungs to the next"
    )
    observe_every: int = option(10, converter=whole("observe_every"), doc="time steps from one observation to the next")
    relaxation: float = option(
        0.25, converter=settings.fraction, doc="time before the first observation, as a fraction of dynamics.duration"
    )
    units: tuple[int, ...] = option(
        (), converter=settings.units, doc="units with covariances, histograms and a trace; none: the first 16 free ones"
    )
    bins: int = option(60, converter=whole("bins", 2), doc="bins of each histogram")
    coupling: float = option(
        0.0, converter=settings.number("coupling"), doc="strength of every coupling, where the connectivity states none"
    )
    bias: float = option(0.0, converter=settings.number("bias"), doc="bias of every unit")
    parameters: str = option(
        "", doc="a computer.nc of the same units and couplings, whose strengths and biases are taken; none: the above"
    )

    def check(self, config: Any, faults: Any) -> None:
        """Check its settings against steps and units."""
        steps = config.dynamics.steps
        if steps and not faults.found_in("dynamics") and steps // self.observe_every < 8:
            faults.add(
                "task.observe_every",
                f"expected 8 observations of a chain at least, got {steps // self.observe_every} of {steps:,} time "
                "steps (duration / dt)",
                also=["dynamics.dt", "dynamics.duration"],
            )
        check_tempering(self, config, faults)
        if len(set(self.units)) < len(self.units):
            faults.add("task.units", "expected each unit once")
        if self.parameters:
            for key in ("coupling", "bias"):
                if getattr(self, key):
                    faults.add(
                        f"task.{key}", f"nothing uses it: task.parameters brings strengths and biases; leave {key} out"
                    )

    def computer(self, config: Any, computer: Any, faults: Any) -> Any:
        """Return the computer with its strengths and biases."""
        if self.units and max(self.units) >= computer.n:
            faults.add(
                "task.units", f"no unit has the number {max(self.units)}: the computer has {computer.n:,}, from 0"
            )
        found = self._loaded(computer, faults) if self.parameters else self._stated(config, computer, faults)
        if self._tempered:
            check_law(config, found, faults)
        return found

    def _stated(self, config: Any, computer: Any, faults: Any) -> Any:
        if self.coupling and np.any(computer.couplings.vector):
            faults.add(
                "task.coupling",
                f"nothing uses it: connectivity {config.connectivity.name!r} states the strengths; leave it out",
                also=["computer.connectivity"],
            )
        elif self.coupling:
            strengths = np.full(computer.couplings.size, self.coupling)
            computer = attrs.evolve(computer, couplings=computer.couplings.with_vector(strengths))
        return attrs.evolve(computer, biases=np.full(computer.n, self.bias)) if self.bias else computer

    def _loaded(self, computer: Any, faults: Any) -> Any:
        from thermozoo import load_computer

        try:
            found = load_computer(self.parameters)
        except ThermozooError as error:
            faults.add("task.parameters", str(error))
            return computer
        same = (found.layout.sizes, found.couplings.identity()) == (
            computer.layout.sizes,
            computer.couplings.identity(),
        )
        if not same or found.term_names != computer.term_names:
            faults.add(
                "task.parameters",
                f"{self.parameters} holds a {found!r}, and [computer] describes a {computer!r}: give it the same "
                "groups, connectivity and terms",
                also=["computer"],
            )
            return computer
        return attrs.evolve(computer, couplings=found.couplings, biases=found.biases, terms=found.terms)

    @property
    def _tempered(self) -> bool:
        return self.method == TEMPERING

    def hottest(self, config: Any) -> float | None:
        """Return the temperature of the hottest rung."""
        return self.temperatures[-1] if self._tempered else None

    def trajectories(self, config: Any) -> int:
        """Return the chains, or the rungs of all ladders."""
        return self.chains * max(1, len(self.temperatures))

    def together(self, config: Any) -> int:
        """Return how many chains are computed together where they are shared out; ladders have many states each."""
        return TOGETHER if self._tempered else int(Task.together(self, config))

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that states are read as the device reads them, and heat is counted by the path where it must be."""
        return (*Task.imperfect(self, config), "nonreciprocal", "read")

    def relaxing(self, config: Any) -> int:
        """Return the steps of relaxation."""
        return max(1, math.ceil(self.relaxation * int(config.steps)))

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return relaxation and sampling."""
        relaxing, steps = self.relaxing(config), config.steps
        simulated = relaxing if self._tempered else 2 * relaxing  # ladders begin in equilibrium without couplings
        return [
            Phase(
                "relaxation",
                "relaxation",
                self._relax,
                lambda of: costs.relaxing_seconds(self, of, relaxing),
                lambda size: costs.relaxing_bytes(self, size),
                pieces=lambda config: 2,
                work=lambda run: simulated,
            ),
            Phase(
                "sampling",
                "sampling",
                self._sample,
                lambda of: costs.sampling_seconds(self, of, steps),
                lambda size: costs.sampling_bytes(self, size),
                pieces=lambda config: 2,
                work=lambda run: steps,
            ),
        ]

    def _relax(self, run: Any, progress: Any) -> None:
        """Equilibrate uncoupled units, switch couplings on, and relax."""
        run.outcome = run.share(self.relaxed_rungs if self._tempered else self.relaxed_chains, self.chains, progress)

    def relaxed_rungs(self, part: Any) -> Mapping[str, Any]:
        """Return the states of all rungs of some ladders that relax, and between what values the coldest one moves."""
        return relaxed_ladders(self, part, self.relaxing(part.config), self._watch(part))

    def relaxed_chains(self, part: Any) -> Mapping[str, Any]:
        """Return how some chains end that relax, and their heat from switching couplings on [kT]."""
        from thermozoo import EnergyTerms

        dynamics = part.machine.dynamics
        computer, energies = dynamics.computer, EnergyTerms(dynamics)
        done = self._relaxed(part, part.progress, [energies])
        before, *_, after = np.sum(list(energies.terms.values()), axis=0)  # kinetic energy among them
        # work is that of forces without an energy: there is none unless couplings are asymmetric
        heat = (done.work + before - after) / computer.temperature
        return {"heat": heat, "relaxed": {"final": done.final, "variables": done.variables}}

    def _relaxed(self, run: Any, progress: Any = None, observers: Sequence[Any] = ()) -> Any:
        """Return how relaxation ends, whose second half is observed."""
        dynamics, steps = run.machine.dynamics, self.relaxing(run.config)
        computer = dynamics.computer
        x = np.zeros((len(run.numbers), computer.n))
        for group, potential in computer.onsite.potentials.items():
            if potential.states is not None:
                x[:, computer.layout.slice(group)] = potential.states[0]
        bare = attrs.evolve(dynamics, computer=computer.bare())
        start = run.simulate(x, steps, stream=0, dynamics=bare, progress=progress)
        return run.simulate(
            start.final,
            steps,
            stream=1,
            variables=start.variables or None,
            observers=observers,
            progress=progress,
        )

    def _sample(self, run: Any, progress: Any) -> None:
        """Go on, and observe."""
        found, watch = self._sample_rungs(run, progress) if self._tempered else self._sample_chains(run, progress)
        watch.put_rows(found["watch"])
        computer = run.machine.computer
        step = run.config.dynamics.dt * self.observe_every * computer.mobility
        run.figures = figures_of(watch, run.outcome.get("heat"), step)
        run.samples = samples_of(watch, step)
        if "work" in found:
            duration = run.config.steps * run.config.dynamics.dt * computer.mobility
            run.figures = with_power(run.figures, found["work"] / (computer.temperature * duration))
        if "ladders" in found:
            ladders = ladders_of(self.temperatures, found["ladders"])
            run.figures = with_ladders(run.figures, ladders)
            trips = {"long_name": "round trips of a ladder's replicas"}
            run.samples["round_trips"] = ("chain", ladders.round_trips, trips)
        run.warnings += doubts(run.figures)

    def _sample_chains(self, run: Any, progress: Any) -> tuple[Mapping[str, Any], Watch]:
        relaxed, watch = run.outcome["relaxed"], self._watch(run)
        watch.begin(watch.edges_of(relaxed["final"]))
        given = {"edges": watch.histogram.edges}
        return run.share(self.sampled_chains, self.chains, progress, rows=relaxed, given=given), watch

    def _sample_rungs(self, run: Any, progress: Any) -> tuple[Mapping[str, Any], Watch]:
        relaxed, watch = run.outcome, self._watch(run)
        watch.begin(watch.edges_between(relaxed["low"].min(axis=0), relaxed["high"].max(axis=0)))
        rows, given = {"rungs": relaxed["rungs"]}, {"edges": watch.histogram.edges}
        return run.share(self.sampled_rungs, self.chains, progress, rows=rows, given=given), watch

    def sampled_rungs(self, part: Any) -> Mapping[str, Any]:
        """Return what is observed of the coldest rung of some ladders that have relaxed, and of their exchanges."""
        watch = self._watch(part)
        watch.begin(part.given["edges"])
        ladders = sampled_ladders(self, part, watch)
        return {"watch": watch.rows(), "ladders": ladders}

    def sampled_chains(self, part: Any) -> Mapping[str, Any]:
        """Return what is observed of some chains that have relaxed."""
        watch = self._watch(part)
        watch.begin(part.given["edges"])
        done = self._go_on(part, part.rows["final"], part.rows["variables"], part.progress, [watch])
        # forces without an energy do work
        return {"watch": watch.rows(), **({} if done.driven is None else {"work": done.work})}

    def _watch(self, run: Any) -> Watch:
        return self.watch(run.machine.computer, run.config.steps, run.read)

    def watch(self, computer: Any, steps: int, read: Any) -> Watch:
        """Return what watches chains of a computer for so many steps."""
        return Watch(computer, self._shown(computer), self.bins, steps // self.observe_every, costs.TRACED, read)

    def _go_on(
        self, run: Any, x: Any, variables: Mapping[str, Any], progress: Any = None, observers: Sequence[Any] = ()
    ) -> Any:
        """Return how sampling ends."""
        return run.simulate(
            x,
            run.config.steps,
            stream=2,
            variables=variables or None,
            every=self.observe_every,
            observers=observers,
            progress=progress,
        )

    def replayable(self, config: Any) -> int:
        """Return the chains; replicas of a ladder exchange states, and none goes its way alone."""
        return 0 if self._tempered else self.chains

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a chain relax and be sampled again; samples are sums over chains."""
        relaxed = self._relaxed(run)
        self._go_on(run, relaxed.final, relaxed.variables)
        return {}

    def _shown(self, computer: Any) -> tuple[int, ...]:
        free = np.flatnonzero(computer.layout.free)
        return self.units or tuple(free[:16].tolist())

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of moments, histograms, and what the trace says."""
        shown, n = len(self._shown(machine.computer)), int(machine.computer.n)
        trips = self.chains if self._tempered else 0
        return 8 * (6 * n + 2 * shown**2 + (shown + 1) * (3 * self.bins + costs.TRACED) + trips)

    def cost(self, figures: Any, config: Any) -> Cost | None:
        """Return time and heat of a chain; rungs of several temperatures exchange states, and have no heat."""
        heat = figures.heat_mean_kT
        return None if heat is None else Cost(figures.duration, heat, "one chain")

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return distributions, autocorrelation, covariances."""
        return pictures_of(figures, samples)
