"""Equilibrium sampling of any computer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from thermozoo import Account, Cost, Phase, Picture, Share, Task, option
from thermozoo.errors import ParameterError, ThermozooError
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.sample_account import account_of
from thermozoo_plugins.tasks.sample_figures import SampleFigures
from thermozoo_plugins.tasks.sample_pictures import pictures_of
from thermozoo_plugins.tasks.sampling import Watch, figures_of, samples_of, with_power

__all__ = ["Sample"]

#: Observations of the trace from which autocorrelation is found, at most.
_TRACED = 2000


def _number(name: str) -> Any:
    def convert(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ParameterError(f"{name} must be a finite number, got {value!r}")
        return float(value)

    return convert


def _fraction(value: Any) -> float:
    found: float = _number("relaxation")(value)
    if not 0 < found <= 100:
        raise ParameterError(f"relaxation must lie above 0, and be at most 100 times the duration, got {found:g}")
    return found


def _units(value: Any) -> tuple[int, ...]:
    return tuple(whole("a unit of units", 0)(one) for one in (value if isinstance(value, list | tuple) else (value,)))


@attrs.frozen
class Sample(Task):
    r"""Sample the equilibrium of a computer: means, covariances and energy, each with an error bar.

    .. math:: p(x) \propto \exp\left(-\frac{V(x)}{k_B T}\right)

    Chains begin in the equilibrium of uncoupled units, relax once couplings are on, and are then observed.
    What is observed is added up on the way, so that memory does not grow with the duration. Chains have noise of their
    own, so that the spread of their means is an error bar that needs no model of correlations. In equilibrium the mean
    of :math:`\sum_i x_i\, \partial_i V` is :math:`n k_B T`, whatever the energy: by that the time step shows its bias.

    References
    ----------
    A. Vehtari, A. Gelman, D. Simpson, B. Carpenter, P.-C. Buerkner, Rank-normalization, folding, and localization: an
    improved R-hat for assessing convergence of MCMC, Bayesian Analysis 16, 667 (2021).

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

    chains: int = option(64, converter=whole("chains", 4), doc="trajectories with noise of their own, 4 at least")
    observe_every: int = option(10, converter=whole("observe_every"), doc="time steps from one observation to the next")
    relaxation: float = option(
        0.25, converter=_fraction, doc="time before the first observation, as a fraction of dynamics.duration"
    )
    units: tuple[int, ...] = option(
        (), converter=_units, doc="units with covariances, histograms and a trace; none: the first 16 free ones"
    )
    bins: int = option(60, converter=whole("bins", 2), doc="bins of each histogram")
    coupling: float = option(
        0.0, converter=_number("coupling"), doc="strength of every coupling, where the connectivity states none"
    )
    bias: float = option(0.0, converter=_number("bias"), doc="bias of every unit")
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
        if self.parameters:
            return self._loaded(computer, faults)
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

    def trajectories(self, config: Any) -> int:
        """Return the chains."""
        return self.chains

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that states are read as the device reads them, and heat is counted by the path where it must be."""
        return (*Task.imperfect(self, config), "nonreciprocal", "read")

    def _relaxing(self, config: Any) -> int:
        return max(1, math.ceil(self.relaxation * int(config.steps)))

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return relaxation and sampling."""
        relaxing, steps = self._relaxing(config), config.steps
        states = "task.chains"

        def relaxing_bytes(size: Any) -> tuple[Share, ...]:
            relaxed = Share(self.chains * size.n * 32, states, f"{self.chains:,} chains")
            return relaxed, *size.shared_out(self.chains, size.n * 32, states)

        def sampling_bytes(size: Any) -> tuple[Share, ...]:
            shown = min(size.n, len(self.units) or 16)
            traced = min(_TRACED, steps // self.observe_every + 1) * (shown + 1)
            each = 8 * (6 * size.n + 2 * shown**2 + 4 * traced + (shown + 1) * self.bins)
            return (
                Share(self.chains * each, states, f"{self.chains:,} chains", ("task.bins",), lasts=True),
                *size.shared_out(self.chains, each, states),
            )

        def sampling_seconds(of: Any) -> float:
            look = of.machine.computer.energy
            return float(
                of.shared_out(self.chains, of.simulation(self.chains, steps, every=self.observe_every, look=look))
            )

        return [
            Phase(
                "relaxation",
                "relaxation",
                self._relax,
                lambda of: of.shared_out(self.chains, 2 * of.simulation(self.chains, relaxing)),
                relaxing_bytes,
                pieces=lambda config: 2,
                work=lambda run: 2 * relaxing,
            ),
            Phase(
                "sampling",
                "sampling",
                self._sample,
                sampling_seconds,
                sampling_bytes,
                pieces=lambda config: 2,
                work=lambda run: steps,
            ),
        ]

    def _relax(self, run: Any, progress: Any) -> None:
        """Equilibrate uncoupled units, switch couplings on, and relax."""
        run.outcome = run.share(self.relaxed_chains, self.chains, progress)

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
        dynamics, steps = run.machine.dynamics, self._relaxing(run.config)
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
        relaxed, heat = run.outcome["relaxed"], run.outcome["heat"]
        computer = run.machine.computer
        watch = self._watch(run)
        watch.begin(watch.edges_of(relaxed["final"]))
        edges = watch.histogram.edges
        found = run.share(self.sampled_chains, self.chains, progress, rows=relaxed, given={"edges": edges})
        watch.put_rows(found["watch"])
        step = run.config.dynamics.dt * self.observe_every * computer.mobility
        run.figures = figures_of(watch, heat, step)
        if "work" in found:
            duration = run.config.steps * run.config.dynamics.dt * computer.mobility
            run.figures = with_power(run.figures, found["work"] / (computer.temperature * duration))
        run.samples = samples_of(watch, step)
        run.warnings += _doubts(run.figures)

    def sampled_chains(self, part: Any) -> Mapping[str, Any]:
        """Return what is observed of some chains that have relaxed."""
        watch = self._watch(part)
        watch.begin(part.given["edges"])
        done = self._go_on(part, part.rows["final"], part.rows["variables"], part.progress, [watch])
        # forces without an energy do work
        return {"watch": watch.rows(), **({} if done.driven is None else {"work": done.work})}

    def _watch(self, run: Any) -> Watch:
        computer, observations = run.machine.computer, run.config.steps // self.observe_every
        return Watch(computer, self._shown(computer), self.bins, observations, _TRACED, run.read)

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
        """Return the chains."""
        return self.chains

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
        return 8 * (6 * n + 2 * shown**2 + (shown + 1) * (3 * self.bins + _TRACED))

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a chain."""
        return Cost(figures.duration, figures.heat_mean_kT, "one chain")

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return distributions, autocorrelation, covariances."""
        return pictures_of(figures, samples)


def _doubts(figures: SampleFigures) -> list[str]:
    """Return what is to be doubted about the figures."""
    found = []
    if figures.r_hat > 1.01:
        found.append(
            f"chains do not agree: split R-hat is {figures.r_hat:.3f}, above 1.01, so that error bars may be too "
            "small; take a longer dynamics.duration or task.relaxation"
        )
    if figures.virial is not None and figures.virial_se is not None:
        off = abs(figures.virial - 1)
        if off > 4 * figures.virial_se and off > 0.02:
            found.append(
                f"the virial is {figures.virial:.3f} and not 1: the time step is too long for this computer, or it "
                "has not relaxed; take a smaller dynamics.dt, or another integrator"
            )
    return found
