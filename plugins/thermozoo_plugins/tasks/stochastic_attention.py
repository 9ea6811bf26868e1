"""Sampling of the modern Hopfield energy: new images by attention to stored ones, in thermal noise."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Account, Cost, Phase, Picture, Share, Task, option
from thermozoo.errors import DataError, ParameterError
from thermozoo_plugins.projections.modern_hopfield import ModernHopfield
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.stochastic_attention_account import account_of
from thermozoo_plugins.tasks.stochastic_attention_figures import StochasticAttentionFigures
from thermozoo_plugins.tasks.stochastic_attention_pictures import pictures_of
from thermozoo_plugins.tasks.stochastic_attention_reference import Protocol
from thermozoo_plugins.tasks.stochastic_attention_results import doubts_of, figures_of, samples_of
from thermozoo_plugins.tasks.stochastic_attention_statistics import Attended, attended

__all__ = ["StochasticAttention"]

Array = npt.NDArray[np.floating[Any]]

#: Inverse temperatures: how many at most, and how low and high one may be.
_TEMPERATURES, _LOWEST, _HIGHEST = 12, 1e-6, 1e6

#: The default of computer.temperature, and what the term of the stored images is called.
_TEMPERATURE, _TERM = 0.1, "memory"


def _number(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ParameterError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")
    return float(value)


def _temperatures(value: Any) -> tuple[float, ...]:
    given = value if isinstance(value, list | tuple) else [value]
    found = tuple(_number("each of inverse_temperatures", one, _LOWEST, _HIGHEST) for one in given)
    if not 1 <= len(found) <= _TEMPERATURES or len(set(found)) < len(found):
        raise ParameterError(f"inverse_temperatures must be 1 to {_TEMPERATURES} different numbers, got {value!r}")
    return found


@attrs.frozen
class StochasticAttention(Task):
    r"""Sample the modern Hopfield energy of stored images: attention to them is the force, and kT says what comes out.

    .. math:: E(x) = \tfrac{1}{2} x^2 - \frac{1}{\beta} \ln \sum_k \exp(\beta\, m_k \cdot x), \qquad k_B T = 1 / \beta

    with :math:`m_k` the stored images as vectors of length one. Where the inverse temperature :math:`\beta` is high a
    chain stays near the image at which it begins; where it is low, samples are new mixtures of all. Novelty is 1 less
    the largest cosine with a stored image, diversity the mean of 1 less the cosine over pairs of samples. Chains begin
    at images drawn at random and have noise of their own, so that error bars need no model of correlations.

    References
    ----------
    A. Alswaidan and J. D. Varner, arXiv:2603.06875; H. Ramsauer et al., Hopfield networks is all you need,
    arXiv:2008.02217.

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("stochastic-attention")
    >>> [phase.name for phase in config.task.phases(config)]
    ['sampling']
    """

    name = "stochastic-attention"
    tables = ("computer", "dynamics", "data")
    figures = StochasticAttentionFigures

    inverse_temperatures: tuple[float, ...] = option(
        (2000.0, 200.0),
        converter=_temperatures,
        doc="inverse temperatures, which are the sharpness of attention as well [1 / energy]",
    )
    chains: int = option(
        30, converter=whole("chains", 4), doc="trajectories of each temperature with noise of their own, 4 at least"
    )
    burn_in: int = option(2000, converter=whole("burn_in", 0), doc="time steps of a chain before snapshots count")
    snapshots: int = option(5, converter=whole("snapshots"), doc="states of each chain that are judged, evenly spaced")
    noise: float = option(
        0.01,
        converter=lambda value: _number("noise", value, 0.0, 1e3),
        doc="standard deviation of what is added to each pixel of a stored image at the start",
    )

    def check(self, config: Any, faults: Any) -> None:
        """Check its settings against steps and units."""
        if config.integrator and not faults.found_in("dynamics.integrator") and not type(config.integrator).thermal:
            faults.add(
                "dynamics.integrator",
                f"{config.integrator.name!r} does not relax to the Boltzmann distribution; take another integrator",
            )
        steps = config.dynamics.steps
        if steps and not faults.found_in("dynamics") and steps - self.burn_in < self.snapshots:
            faults.add(
                "task.burn_in",
                f"expected a time step for each of the {self.snapshots:,} snapshots after it, got a burn-in of "
                f"{self.burn_in:,} of {steps:,} time steps (duration / dt)",
                also=["task.snapshots", "dynamics.dt", "dynamics.duration"],
            )
        if faults.found_in("computer"):
            return
        hot = "computer.temperature"
        if config.computer.temperature != _TEMPERATURE or config.origin.given(hot):
            faults.add(hot, "nothing uses it: task.inverse_temperatures says how hot it is; leave it out")
        if len(config.sizes) != 1 or config.clamped:
            faults.add("computer.units", 'expected one group of units that move, one unit a pixel: write "auto" for it')
        for potential in config.potentials.values():
            if potential.name != "quadratic" or np.any(potential.J2 != 0.5):
                faults.add(
                    "computer.potential",
                    "the energy has x^2 / 2 of each unit beside the stored images: expected 'quadratic' with J2 = 0.5",
                )
        if config.connectivity.name != "dense" or config.interaction is not None:
            key = "connectivity" if config.interaction is None else "interaction"
            faults.add(f"computer.{key}", "nothing uses it: units are coupled by the stored images alone; leave it out")
        if config.terms:
            faults.add("computer.terms", "the stored images are those of [data], and the whole energy; leave them out")

    def _stored(self, config: Any, faults: Any) -> Array | None:
        """Return the stored images, shape (images, height, width), or None after adding the fault."""
        table = config.data
        try:
            images = _images(config.dataset, table.classes, table.per_class, table.skip)
        except DataError as error:
            keys = [f"data.{key}" for key in ("plugin", "path", "classes", "per_class", "skip")]
            faults.add("data", str(error), also=keys)
            return None
        dark = np.flatnonzero(~images.any(axis=(1, 2)))
        if len(dark):
            faults.add("data", f"stored image {dark[0]} is zero everywhere and has no length: leave it out")
            return None
        return images

    def sizes(self, config: Any, faults: Any) -> Mapping[str, int]:
        """Return the pixels of an image."""
        images = self._stored(config, faults)
        if images is None:
            return dict.fromkeys(config.auto, 1)  # what is wrong has been said
        pixels = images[0].size
        for group, size in config.sizes.items():
            if group not in config.auto and size != pixels:
                faults.add(
                    f"computer.units.{group}",
                    f'the images have {pixels:,} pixels, but the group {size:,} units: write "auto"',
                    also=["data.plugin"],
                )
        return dict.fromkeys(config.auto, pixels)

    def computer(self, config: Any, computer: Any, faults: Any) -> Any:
        """Return the computer of the stored images, at the first temperature."""
        images = self._stored(config, faults)
        if images is None:
            return computer
        rows = images.reshape(len(images), -1)
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return _at(computer.bare(), rows, self.inverse_temperatures[0])

    def terms(self, config: Any) -> tuple[str, ...]:
        """Return the term of the stored images."""
        return (_TERM,)

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that snapshots are read as the device reads them."""
        return (*Task.imperfect(self, config), "read")

    def trajectories(self, config: Any) -> int:
        """Return the chains."""
        return self.chains

    def _every(self, config: Any) -> int:
        """Return the time steps from one snapshot to the next."""
        return int((config.dynamics.steps - self.burn_in) // self.snapshots)

    def _steps(self, config: Any) -> int:
        return self.burn_in + self.snapshots * self._every(config)

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return the one phase, in which temperatures follow each other."""
        total = len(self.inverse_temperatures) * self._steps(config)
        images = len(config.data.classes) * max(1, config.data.per_class)
        several = f"{self.chains:,} chains"

        def held(size: Any) -> tuple[Share, ...]:
            looked_at = self.chains * self.snapshots
            kept = size.itemsize * len(self.inverse_temperatures) * looked_at * size.n
            return (
                Share(kept, "task.chains", several, ("task.snapshots",), lasts=True),
                Share(8 * looked_at * (8 * size.n + 4 * images), "task.chains", several, ("task.snapshots",)),
                Share(8 * self.chains * (8 * size.n + 2 * images), "task.chains", several),
                Share(8 * 4 * images * size.n, "data.per_class", "the stored images", ("data",), lasts=True),
            )

        return [
            Phase(
                "sampling",
                "sampling",
                self._sample,
                lambda of: of.simulation(self.chains, total),
                held,
                pieces=lambda config: 2,
                work=lambda run: total,
            )
        ]

    def _sample(self, run: Any, progress: Any) -> None:
        """Sample at one temperature after the other, and judge."""
        config, machine = run.config, run.machine
        patterns = machine.asked.terms[_TERM].patterns
        euler = config.integrator.name == "euler-maruyama"
        correction = config.computer.mobility * config.dynamics.dt / 2 if euler else 0.0
        found: list[Attended] = []
        states = []
        for k, beta in enumerate(self.inverse_temperatures):
            kept = _Snapshots()
            computer, begun, start, done = self._chains(run, k, beta, observers=[kept], progress=progress)
            x = np.stack(kept.states, axis=1)
            heat = beta * (computer.energy(start) - computer.energy(done.final))
            seen = run.read(x)
            both = x.astype(np.float64), seen.astype(np.float64)
            found.append(attended(computer, patterns, begun, *both, heat, correction))
            states.append(seen.astype(x.dtype))
        step = config.computer.mobility * config.dynamics.dt
        like = Protocol(config.integrator.name, step, self.burn_in, self._every(config), self.snapshots, self.noise)
        betas, table = self.inverse_temperatures, config.data
        run.figures = figures_of(patterns, found, like, betas, chains=self.chains, steps=self._steps(config))
        shape = _images(config.dataset, table.classes, table.per_class, table.skip).shape[1:]
        run.samples = samples_of(patterns, np.stack(states), betas, shape)
        run.warnings += doubts_of(run.figures)

    def _chains(
        self, run: Any, k: int, beta: float, *, observers: Sequence[Any] = (), progress: Any = None
    ) -> tuple[Any, Any, Array, Any]:
        """Return the computer of a temperature, the images at which chains begin, these states, and how they end."""
        machine, every = run.machine, self._every(run.config)
        patterns = machine.asked.terms[_TERM].patterns
        computer = machine.realised(_at(machine.asked, patterns, beta))
        dynamics = attrs.evolve(machine.dynamics, computer=computer)
        rng = np.random.default_rng((run.config.seed, k))
        # with replacement: chains are then independent of each other, as their error bars have it
        begun = rng.integers(len(patterns), size=self.chains)
        start = patterns[begun] + self.noise * rng.standard_normal((self.chains, computer.n))
        relaxed = run.simulate(start, self.burn_in, stream=2 * k, dynamics=dynamics, progress=progress)
        done = run.simulate(
            relaxed.final,
            every * self.snapshots,
            stream=2 * k + 1,
            dynamics=dynamics,
            variables=relaxed.variables or None,
            every=every,
            observers=observers,
            progress=progress,
        )
        return computer, begun, start, done

    def replayable(self, config: Any) -> int:
        """Return the chains."""
        return self.chains

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a chain be sampled again at every temperature; its last state is the last snapshot."""
        last = [self._chains(run, k, beta)[-1].final[0] for k, beta in enumerate(self.inverse_temperatures)]
        return {"state": (run.samples["state"].values[:, number, -1], last)} if run.read.exact else {}

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of stored images and snapshots."""
        states = 4 * len(self.inverse_temperatures) * self.chains * self.snapshots * int(machine.computer.n)
        return states + 2 * 8 * int(machine.computer.terms[_TERM].patterns.size)

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a chain at the first temperature."""
        return Cost(figures.duration, figures.heat_mean_kT[0], "one chain at the first temperature")

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return stored images beside samples, and how far they are from each other."""
        return pictures_of(figures, samples)

    def small(self) -> Mapping[str, Any]:
        """Return a few images, and as many steps as snapshots need."""
        return {
            "computer": {"units": {"pixels": "auto"}, "potential": {"plugin": "quadratic", "J2": 0.5}},
            "dynamics": {
                "integrator": "euler-maruyama",
                "dt": 0.01,
                "duration": (self.burn_in + 2 * self.snapshots) * 0.01,
                "engine": "reference",
            },
            "data": {"plugin": "digits", "classes": [3], "per_class": 4},
        }


@functools.lru_cache(maxsize=1)
def _images(dataset: Any, classes: tuple[int, ...], per_class: int, skip: int) -> Array:
    from thermozoo import choose_images

    return choose_images(dataset, classes, per_class, skip=skip)[0]


def _at(computer: Any, patterns: Array, beta: float) -> Any:
    """Return the computer at an inverse temperature, with attention to the patterns as sharp."""
    from thermozoo import project

    memory = project(ModernHopfield(beta=beta), computer.layout, patterns)
    return attrs.evolve(computer, temperature=1 / beta, terms={_TERM: memory})


class _Snapshots:
    """Keeps the states of every observation but the first, which is before any step."""

    def __init__(self) -> None:
        self.states: list[Array] = []
        self._skipped = False

    def start(self) -> None:
        """Do nothing: one observer sees one simulation."""

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Keep a copy."""
        if self._skipped:
            self.states.append(np.array(x))
        self._skipped = True

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return the bytes of all states."""
        return observations * trajectories * n * itemsize
