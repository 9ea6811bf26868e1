"""A Boltzmann machine of images: learned by contrastive divergence, and sampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Account, Cost, Phase, Picture, Task, option
from thermozoo.errors import DataError, ParameterError
from thermozoo_plugins.objectives import ContrastiveDivergence
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.boltzmann_account import account_of
from thermozoo_plugins.tasks.boltzmann_bytes import FOLLOWED, TRACED, judging_bytes, learning_bytes, sampling_bytes
from thermozoo_plugins.tasks.boltzmann_figures import BoltzmannFigures
from thermozoo_plugins.tasks.boltzmann_learning import START, VISIBLE, Learner, Watch, begun, shown_by
from thermozoo_plugins.tasks.boltzmann_pictures import pictures_of
from thermozoo_plugins.tasks.boltzmann_results import Sampled, doubts_of, figures_of, samples_of

__all__ = ["Boltzmann"]

Array = npt.NDArray[np.floating[Any]]

#: Numbers of the noise after those of learning: generation, and the relaxation that follows.
_GENERATION, _RELAXATION = 3, 4

#: Seconds in which outputs are judged twice, the judge's training included: it hardly depends on the config.
_JUDGING = 10.0


def _positive(name: str) -> Any:
    def convert(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1e6:
            raise ParameterError(f"{name} must be a number above 0, and at most 1e6, got {value!r}")
        return float(value)

    return convert


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ParameterError(f"persistent must be true or false, got {value!r}")
    return value


@attrs.frozen
class Boltzmann(Task):
    r"""Train a Boltzmann machine on images by contrastive divergence, and sample it: quality, heat, time.

    .. math:: p(x) \propto e^{-V(x) / k_B T}, \qquad \Delta J_{ij} = -\alpha\,
        \frac{\langle x_i x_j \rangle_\text{data} - \langle x_i x_j \rangle_\text{model}}{k_B T}

    with alpha the learning rate. Units are p-bits or continuous. Means over the data are of states whose visible units
    are clamped to images while all others relax; means over the model of chains in which all units are free. An image
    is then generated as by the Langevin computer: couplings are switched on while units are in equilibrium without
    them, the units relax for the duration, and what they release is heat. The same chains go on, and tell how long the
    machine takes to forget an image.

    References
    ----------
    D. H. Ackley, G. E. Hinton and T. J. Sejnowski, A learning algorithm for Boltzmann machines, Cogn. Sci. 9, 147
    (1985); T. Tieleman, Training restricted Boltzmann machines using approximations to the likelihood gradient, Proc.
    ICML (2008).

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("boltzmann")
    >>> [phase.name for phase in config.task.phases(config)]
    ['learning', 'sampling', 'judging']
    """

    name = "boltzmann"
    tables = ("computer", "dynamics", "data")
    figures = BoltzmannFigures

    updates: int = option(50, converter=whole("updates"), doc="changes of couplings and biases")
    learning_rate: float = option(
        0.02, converter=_positive("learning_rate"), doc="alpha, what the mean gradient is multiplied by [energy^2]"
    )
    batch: int = option(
        100, converter=whole("batch"), doc="images of an update, drawn at random; all if there are fewer"
    )
    chains: int = option(64, converter=whole("chains", 2), doc="chains of the model, where they are persistent")
    persistent: bool = option(
        True,
        converter=_flag,
        doc="whether chains of the model go on from update to update; else they begin at the data",
    )
    data_steps: int = option(1, converter=whole("data_steps"), doc="time steps of an update with an image clamped")
    model_steps: int = option(5, converter=whole("model_steps"), doc="time steps of an update with all units free")
    amplitude: float = option(
        0.5,
        converter=_positive("amplitude"),
        doc="of an image on continuous units, whose standard deviation it is; p-bits show a bright pixel as 1, else -1",
    )
    samples: int = option(200, converter=whole("samples", 4), doc="chains that generate an image each, 4 at least")
    relaxation: float = option(
        20.0, converter=_positive("relaxation"), doc="time that they go on after it, in units of dynamics.duration"
    )
    observe_every: int = option(1, converter=whole("observe_every"), doc="time steps between observations of it")

    def _relaxing(self, config: Any) -> int:
        return max(1, round(self.relaxation * int(config.dynamics.steps)))

    def check(self, config: Any, faults: Any) -> None:
        """Check its settings against steps and units."""
        if not faults.found_in("dynamics"):
            integrator, seen = config.integrator, self._relaxing(config) // self.observe_every
            if not type(integrator).thermal or type(integrator).variables:
                faults.add(
                    "dynamics.integrator",
                    f"a Boltzmann machine needs the Boltzmann distribution of states alone, and {integrator.name!r} "
                    + ("moves velocities" if type(integrator).thermal else "does not relax to it")
                    + ": take another integrator",
                )
            if seen < 8:
                faults.add(
                    "task.observe_every",
                    f"expected 8 observations of the relaxation at least, got {seen} of {self._relaxing(config):,} "
                    "time steps (relaxation times duration / dt)",
                    also=["task.relaxation", "dynamics.dt", "dynamics.duration"],
                )
        if faults.found_in("computer"):
            return
        if VISIBLE not in config.sizes:
            faults.add("computer.units", f"no group is called {VISIBLE!r}, whose units show the image: expected one")
            return
        for group in config.clamped:
            faults.add(f"computer.units.{group}", "the task clamps units itself while it learns; leave clamped out")
        potential = config.potentials[VISIBLE]
        if potential.states not in (None, (-1, 1)) or potential.period is not None:
            faults.add(
                f"computer.potential.{VISIBLE}" if len(config.sizes) > 1 else "computer.potential",
                f"units of {potential.name!r} cannot show an image: expected real states, or -1 and 1",
                also=["computer.potential"],
            )
        for group in config.sizes:
            if group != VISIBLE and group in config.auto:
                faults.add(f"computer.units.{group}", "nothing says how large it is: give a number")
        if config.interaction is not None and config.interaction.name != "bilinear":
            faults.add("computer.interaction", "learning counts products of two states: leave it out")
        if config.terms:
            faults.add("computer.terms", "learning changes couplings and biases alone; leave them out")
        if config.origin.given("task.chains") and not self.persistent:
            faults.add(
                "task.chains", "nothing uses it: chains that begin at the data are as many as images; leave it out"
            )

    def _images(self, config: Any, faults: Any) -> Any:
        """Return the images, or None after adding the fault."""
        from thermozoo import choose_prototypes

        table = config.data
        try:
            return choose_prototypes(config.dataset, table.classes, table.per_class, seed=config.seed, skip=table.skip)
        except DataError as error:
            keys = [f"data.{key}" for key in ("plugin", "path", "classes", "per_class", "skip")]
            faults.add("data", str(error), also=keys)
            return None

    def sizes(self, config: Any, faults: Any) -> Mapping[str, int]:
        """Return the pixels of an image."""
        images = self._images(config, faults)
        if images is None:
            return dict.fromkeys(config.auto, 1)  # what is wrong has been said
        pixels = images.images.shape[1]
        if VISIBLE not in config.auto and config.sizes[VISIBLE] != pixels:
            faults.add(
                f"computer.units.{VISIBLE}",
                f'the images have {pixels:,} pixels, but the group {config.sizes[VISIBLE]:,} units: write "auto"',
                also=["data.plugin"],
            )
        return dict.fromkeys(config.auto, pixels)

    def computer(self, config: Any, computer: Any, faults: Any) -> Any:
        """Return the computer, of which learning may change every coupling and every bias."""
        if np.any(computer.couplings.vector):
            faults.add(
                "computer.connectivity",
                f"connectivity {config.connectivity.name!r} states strengths, which learning finds: take another one",
            )
        return attrs.evolve(computer, trainable_biases=computer.layout.free)

    def trajectories(self, config: Any) -> int:
        """Return the chains of whichever phase has more."""
        return max(self.samples, self.chains)

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return learning, sampling and judging."""
        steps, relaxing = config.dynamics.steps, self._relaxing(config)
        images = len(config.data.classes) * max(1, config.data.per_class)
        batch = min(self.batch, images)
        model = self.chains if self.persistent else batch
        learning = self.updates * (self.data_steps + self.model_steps)

        def learning_seconds(of: Any) -> float:
            data, free = of.simulation(batch, self.data_steps), of.simulation(model, self.model_steps)
            return float(self.updates * (data + free))

        return [
            Phase(
                "learning",
                "learning",
                self._learn,
                learning_seconds,
                learning_bytes(model, images, batch),
                pieces=lambda config: 4,
                work=lambda run: learning,
            ),
            Phase(
                "sampling",
                "sampling",
                self._sample,
                lambda of: of.simulation(
                    self.samples, steps + relaxing, every=self.observe_every, look=of.machine.computer.energy
                ),
                sampling_bytes(self.samples, images, relaxing // self.observe_every),
                pieces=lambda config: 2,
                work=lambda run: steps + relaxing,
            ),
            Phase(
                "judging",
                "",
                self._judge,
                lambda of: _JUDGING,
                judging_bytes(self.samples),
            ),
        ]

    def _learn(self, run: Any, progress: Any) -> None:
        """Learn, update after update."""
        from thermozoo import contrast_weights

        config, dynamics = run.config, run.machine.ideal.dynamics
        images = self._images(config, None)
        random = np.random.default_rng((config.seed, 0))
        discrete = config.potentials[VISIBLE].states is not None
        shown = shown_by(images.images, discrete, self.amplitude)
        computer = begun(dynamics.computer, shown, random)
        computer = computer.with_parameters(run.store(computer.parameters))

        def advance(x: Array, steps: int, number: int, law: Any, first: int) -> Array:
            done = run.simulate(x, steps, stream=number, dynamics=law, first_step=first, progress=progress)
            return np.asarray(done.final)

        learner = Learner(
            dynamics=attrs.evolve(dynamics, computer=computer),
            weights=contrast_weights(ContrastiveDivergence(), computer.temperature),
            shown=shown,
            model=self._begun(run, range(self.chains)),
            advance=advance,
            random=random,
            rate=self.learning_rate,
            batch=self.batch,
            data_steps=self.data_steps,
            model_steps=self.model_steps,
            persistent=self.persistent,
            store=run.store,
        )
        steps = self.data_steps + self.model_steps
        for _ in run.rounds(
            "learning", self.updates, learner.checkpoint, learner.restore, lambda done: progress(done * steps)
        ):
            learner.update()
        run.machine = attrs.evolve(run.machine, computer=run.realise(learner.dynamics.computer))
        run.outcome = Sampled(images=images, shown=shown, gaps=np.array(learner.gaps))

    def _sample(self, run: Any, progress: Any) -> None:
        """Generate images from uncoupled units in equilibrium, and go on."""
        from thermozoo import Trace

        config, machine, sampled, read = run.config, run.machine, run.outcome, run.read
        computer, images = machine.computer, sampled.images
        where = computer.layout.slice(VISIBLE)
        start = self._begun(run, self._generated)
        steps, relaxing = config.dynamics.steps, self._relaxing(config)
        done = run.simulate(start, steps, stream=_GENERATION, progress=progress)
        watch = Watch(
            lambda x: computer.energy(x) / computer.temperature,
            lambda x: images.correlations(read(x)[:, where])[:, :FOLLOWED],
            Trace(relaxing // self.observe_every + 2, TRACED),
        )
        after = run.simulate(
            done.final,
            relaxing,
            stream=_RELAXATION,
            variables=done.variables or None,
            every=self.observe_every,
            observers=[watch],
            progress=progress,
        )
        energies = [computer.energy(x) / computer.temperature for x in (start, done.final, after.final)]
        run.outcome = attrs.evolve(
            sampled,
            start=read(start)[:, where],
            generated=read(done.final)[:, where],
            relaxed=read(after.final)[:, where],
            heat=energies[0] - energies[1],
            heat_relaxed=energies[0] - energies[2],
            trace=watch.trace,
        )

    def _begun(self, run: Any, numbers: range) -> Array:
        """Return states of uncoupled units in equilibrium, by the numbers of their trajectories."""
        from thermozoo import NoiseKey, equilibrium_states

        return np.asarray(equilibrium_states(run.machine.ideal.dynamics, NoiseKey(run.config.seed, START), numbers))

    @property
    def _generated(self) -> range:
        """The numbers of the samples: those before them are of chains that learn."""
        return range(self.chains, self.chains + self.samples)

    def replayable(self, config: Any) -> int:
        """Return the samples."""
        return self.samples

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a sample be generated again, and go on."""
        done = run.simulate(self._begun(run, self._generated), run.config.dynamics.steps, stream=_GENERATION)
        after = run.simulate(done.final, self._relaxing(run.config), stream=_RELAXATION)
        where = run.machine.computer.layout.slice(VISIBLE)
        both = {"generated": done.final[0, where], "relaxed": after.final[0, where]} if run.read.exact else {}
        return {name: (run.samples[name].values[number].ravel(), values) for name, values in both.items()}

    def _judge(self, run: Any, progress: Any) -> None:
        """Judge the images, and leave figures and samples."""
        config, computer = run.config, run.machine.computer
        run.figures = figures_of(self, config, computer, run.outcome)
        step = config.dynamics.dt * computer.mobility
        run.samples = samples_of(run.outcome, step * self.observe_every)
        run.warnings += doubts_of(run.figures)

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of images, traces and gaps."""
        images = len(config.data.classes) * max(1, config.data.per_class)
        pixels = int(machine.computer.layout.sizes[VISIBLE])
        return int(4 * pixels * (3 * self.samples + 2 * images) + 8 * (self.updates + 18 * TRACED))

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that updates are stored, and the trained machine runs and is read, as the device does."""
        return (*Task.imperfect(self, config), "stored", "read")

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a generation."""
        return Cost(figures.generated.time, figures.heat_mean_kT, "one image")

    def account(self, figures: Any) -> Account:
        """Return what was found, beside the Langevin computer."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return images, learning and relaxation."""
        return pictures_of(figures, samples)

    def small(self) -> Mapping[str, Any]:
        """Return two digits and few hidden units."""
        return {
            "computer": {
                "temperature": 1.0,
                "units": {"visible": 784, "hidden": 2},
                "potential": {"plugin": "spin"},
                "connectivity": {"plugin": "bipartite"},
            },
            "dynamics": {"integrator": "heat-bath", "dt": 1.0, "duration": 1.0, "engine": "reference"},
            "data": {"plugin": "digits", "classes": [0, 1]},
        }
