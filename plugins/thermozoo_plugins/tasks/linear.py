"""What the tasks of linear algebra share that observe an equilibrium: relaxation and observation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from thermozoo import Cost, Phase, Share, Task, option
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.linear_watch import POINTS
from thermozoo_plugins.tasks.matrix import MatrixTask, fraction

__all__ = ["LinearTask"]


@attrs.frozen
class LinearTask(MatrixTask):
    """A task that observes the equilibrium of such a computer."""

    chains: int = option(32, converter=whole("chains", 4), doc="trajectories with noise of their own, 4 at least")
    observe_every: int = option(10, converter=whole("observe_every"), doc="time steps from one observation to the next")
    relaxation: float = option(
        0.25, converter=fraction, doc="time before the first observation, as a fraction of dynamics.duration"
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
        super().check(config, faults)

    def trajectories(self, config: Any) -> int:
        """Return the chains."""
        return self.chains

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that states are read as the device reads them."""
        return (*Task.imperfect(self, config), "read")

    def relaxing(self, config: Any) -> int:
        """Return the steps of relaxation."""
        return max(1, math.ceil(self.relaxation * int(config.steps)))

    def phases_of(
        self, config: Any, sample: Callable[[Any, Any], None], look: Callable[[Any], Any], numbers: Callable[[int], int]
    ) -> Sequence[Phase]:
        """Return relaxation and sampling.

        Parameters
        ----------
        config : Config
            The run.
        sample : callable
            Observes.
        look : callable
            What an observation does with states.
        numbers : callable
            Returns what is held in sampling, as numbers of 8 bytes, of the number of units.
        """
        relaxing, steps = self.relaxing(config), config.steps
        several = f"{self.chains:,} chains"
        return [
            Phase(
                "relaxation",
                "relaxation",
                self._relax,
                lambda of: of.simulation(self.chains, relaxing),
                lambda size: (Share(self.chains * size.n * 48, "task.chains", several),),
                pieces=lambda config: 2,
                work=lambda run: relaxing,
            ),
            Phase(
                "sampling",
                "sampling",
                sample,
                lambda of: of.simulation(self.chains, steps, every=self.observe_every, look=look),
                lambda size: (
                    Share(8 * numbers(size.n), "task.chains", several, ("task.dimension", "task.matrix"), lasts=True),
                ),
                pieces=lambda config: 2,
                work=lambda run: steps,
            ),
        ]

    def _relax(self, run: Any, progress: Any) -> None:
        """Begin at zero, and let the computer find its equilibrium."""
        from thermozoo import EnergyTerms

        dynamics = run.machine.dynamics
        energies = EnergyTerms(dynamics)
        done = self._relaxed(run, progress, [energies])
        before, *_, after = np.sum(list(energies.terms.values()), axis=0)  # kinetic energy among them
        run.outcome = done, (before - after) / dynamics.computer.temperature

    def _relaxed(self, run: Any, progress: Any = None, observers: Sequence[Any] = ()) -> Any:
        """Return how relaxation ends."""
        x = np.zeros((self.chains, run.machine.computer.n))
        return run.simulate(x, self.relaxing(run.config), stream=0, observers=observers, progress=progress)

    def observe(self, run: Any, progress: Any, watch: Any) -> None:
        """Go on, and observe."""
        relaxed, _ = run.outcome
        self._go_on(run, relaxed, progress, [run.read.watching(watch)])

    def replayable(self, config: Any) -> int:
        """Return the chains."""
        return self.chains

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a chain relax and be observed again; samples are sums over chains."""
        self._go_on(run, self._relaxed(run))
        return {}

    def _go_on(self, run: Any, relaxed: Any, progress: Any = None, observers: Sequence[Any] = ()) -> Any:
        """Return how observation ends."""
        return run.simulate(
            relaxed.final,
            run.config.steps,
            stream=1,
            variables=relaxed.variables or None,
            every=self.observe_every,
            observers=observers,
            progress=progress,
        )

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of the answer and of its error over time."""
        return 24 * int(machine.computer.n) ** 2 + 24 * POINTS

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a chain."""
        return Cost(figures.duration, figures.heat_mean_kT, "one chain")

    def small(self) -> dict[str, Any]:
        """Return a config of seconds."""
        return {
            "computer": {"temperature": 0.5, "units": {"units": "auto"}, "potential": {"plugin": "quadratic"}},
            "dynamics": {"integrator": "quarter-noise", "dt": 0.1, "duration": 100.0, "engine": "reference"},
        }
