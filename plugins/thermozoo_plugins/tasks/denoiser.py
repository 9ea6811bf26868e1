"""A digital denoiser and a thermodynamic computer that learn the same images: what each of theirs costs."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

import thermozoo as tz  # names that load libraries are taken from it when they are needed
from thermozoo import Account, Cost, Phase, Picture, Share, Task, option
from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.denoiser_account import account_of
from thermozoo_plugins.tasks.denoiser_figures import DenoiserFigures, JudgedImages
from thermozoo_plugins.tasks.denoiser_network import Denoised, Network, pairs, trained_network
from thermozoo_plugins.tasks.denoiser_pictures import pictures_of
from thermozoo_plugins.tasks.trained_images import IMPERFECT, TABLES, check_one_program, generating_phases, two_digits

__all__ = ["Denoiser"]

Array = npt.NDArray[np.floating[Any]]

#: Images of which the way out of noise is kept, updates by which the time of training is known, and noisy images by
#: which the error is measured.
_SHOWN, _TIMED, _MEASURED = 3, 5, 1000


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ParameterError(f"learning_rate must be a number above 0 and at most 1, got {value!r}")
    return float(value)


def _eta(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ParameterError(f"eta must be a number from 0 to 1, got {value!r}")
    return float(value)


@attrs.frozen
class Denoiser(Task):
    r"""Train a perceptron to take noise out of images in steps, beside a thermodynamic computer of the same images.

    .. math:: z_k = \cos\theta_k\, x + \sin\theta_k\, \epsilon, \qquad \theta_k = \frac{\pi k}{2 K}, \quad k = 1 \dots K

    The perceptron, of layers pixels-128-128-pixels, learns to say which image x is in :math:`z_k`; it is not told k.
    From noise alone it makes an image in K steps, each of which puts its answer and what is left of the noise together
    at the next angle. Its multiply-accumulates are counted as they are made, 1 pJ each, and stand beside the heat of
    the computer, which is trained and generates in the same run.

    References
    ----------
    J. Ho, A. Jain, P. Abbeel, Denoising diffusion probabilistic models, NeurIPS 2020; arXiv:2006.11239.
    J. Song, C. Meng, S. Ermon, Denoising diffusion implicit models, ICLR 2021; arXiv:2010.02502.
    S. Whitelam, Generative thermodynamic computing, Phys. Rev. Lett. 136, 037101 (2026); arXiv:2506.15121.

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("denoiser")
    >>> [phase.name for phase in config.task.phases(config)]
    ['assembly', 'preparation', 'training', 'generation', 'denoiser', 'judging']
    """

    name = "denoiser"
    tables = TABLES
    figures = DenoiserFigures

    levels: int = option(10, converter=whole("levels", 2), doc="noise levels, and steps from noise to an image")
    updates: int = option(200, converter=whole("updates"), doc="updates of training, by Adam")
    batch: int = option(100, converter=whole("batch"), doc="noisy images of each update")
    learning_rate: float = option(1e-3, converter=_rate, doc="learning rate")
    eta: float = option(
        1.0, converter=_eta, doc="fresh noise of a step: 0 for none (DDIM), 1 for as much as is taken out (DDPM)"
    )

    def check(self, config: Any, faults: Any) -> None:
        """Check what generation is checked for."""
        check_one_program(config, faults)

    def assemble(self, config: Any) -> Any:
        """Return the images with their signals, beside the computer."""
        return tz.assemble_generation(config)

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return training and generation of the computer, the denoiser, and judging of both."""
        samples = config.generation.samples

        def held(size: Any) -> tuple[Share, ...]:
            pixels = max(config.sizes.values())
            of_network = 8 * 12 * (tz.denoiser_operations(pixels) + sum(tz.denoiser_layers(pixels)))
            images, shown = f"{samples:,} samples", (self.levels + 1) * _SHOWN
            return (
                Share(of_network, "computer.units", "the perceptron"),
                Share(4 * 8 * max(self.batch, _MEASURED) * pixels, "task.batch", f"{self.batch:,} noisy images"),
                Share(8 * (4 * samples + shown) * pixels, "generation.samples", images, ("task.levels",), lasts=True),
            )

        own = Phase(
            "denoiser",
            "digital denoiser",
            self._denoise,
            self._seconds,
            held,
            pieces=lambda config: 1,
            work=lambda run: self.updates + 1,
        )
        (judging,) = [one for one in tz.generation_phases(config) if one.name == "judging"]
        once = judging.seconds
        judging = attrs.evolve(judging, run=self._judge, repeated=False, seconds=lambda of: 2 * once(of))
        return [*generating_phases(config), own, judging]

    def _seconds(self, of: Any) -> float:
        """Return how long training takes: a few updates are made."""
        from threadpoolctl import threadpool_limits

        images = of.machine.prototypes.images
        found = []
        with threadpool_limits(1, user_api="blas"):
            for updates in (1, 1 + _TIMED):
                begun = time.perf_counter()
                trained_network(images, self.levels, updates, self.batch, self.learning_rate, 0)
                found.append(max(0.0, time.perf_counter() - begun))
        of.progress(1)
        return found[0] + max(0.0, found[1] - found[0]) / _TIMED * self.updates

    def _denoise(self, run: Any, progress: Any) -> None:
        """Train the perceptron, let it make as many images as the computer has made, and count."""
        from threadpoolctl import threadpool_limits

        images, seed = run.machine.prototypes.images, run.config.seed
        with threadpool_limits(1, user_api="blas"):
            network = trained_network(
                images, self.levels, self.updates, self.batch, self.learning_rate, seed, progress, run.rounds
            )
            random = np.random.default_rng((seed, 1))
            noise = random.standard_normal((run.config.generation.samples, images.shape[1]), np.float32)
            before = network.operations
            made = network.denoise(noise, self.levels, self.eta, random, _SHOWN)
            counted = network.operations - before
            noisy, shown = next(
                pairs(images.astype(np.float32), self.levels, _MEASURED, np.random.default_rng((seed, 2)))
            )
            error = float(((network.image(noisy) - shown) ** 2).mean())
        progress(1)
        run.outcome = _Both(run.outcome, _Digital(network, made, counted / len(noise), error))

    def _judge(self, run: Any, progress: Any) -> None:
        """Judge the images of both sides alike, and compare what they cost."""
        config, machine, digital = run.config, run.machine, run.outcome.digital
        generated = run.outcome.computer.generated
        outputs = tz.images_of(machine, generated.final)
        heat = generated.ledger.total / machine.computer.temperature
        mean, error = float(heat.mean()), _standard_error(heat)
        pixels = machine.prototypes.images.shape[1]
        known = tz.denoiser_operations(pixels) * self.levels
        energy = tz.operations_kT(digital.operations)
        network = digital.network
        run.figures = DenoiserFigures(
            samples=len(heat),
            images=len(machine.prototypes.images),
            layers=tz.denoiser_layers(pixels),
            parameters=network.parameters,
            levels=self.levels,
            error=digital.error,
            operations=digital.operations,
            energy_joule=tz.operations_joule(digital.operations),
            energy_kT=energy,
            training_operations=network.training_operations,
            training_energy_joule=tz.operations_joule(network.training_operations),
            heat_mean_kT=mean,
            heat_se_kT=error,
            duration=config.duration * config.computer.mobility,
            units=int(machine.computer.n),
            advantage=energy / mean if mean > 0 else None,
            advantage_se=energy / mean**2 * error if mean > 0 else None,
            digital=_judged(run, digital.made.images.astype(np.float64)),
            computer=_judged(run, outputs),
            reference={"operations": float(known), "energy_kT": tz.operations_kT(known)},
            error_bars={"operations": 0.0, "energy_kT": 0.0},
        )
        run.samples = self._samples(machine, generated, outputs, digital.made)

    def _samples(self, machine: Any, generated: Any, outputs: Array, made: Denoised) -> Any:
        """Return images of both sides, the way of some, and the heat of the computer."""
        import xarray

        prototypes = machine.prototypes
        height, width = prototypes.shape
        way = np.stack([tz.images_of(machine, states) for states in generated.shown])
        return xarray.Dataset(
            {
                "digital": (("sample", "pixel"), made.images, {"long_name": "images of the denoiser"}),
                "computer": (("sample", "pixel"), outputs, {"long_name": "images of the thermodynamic computer"}),
                "heat": ("sample", generated.ledger.total, {"long_name": "heat released", "units": "E0"}),
                "digital_way": (("level", "shown", "pixel"), made.way, {"long_name": "noise on the way to an image"}),
                "computer_way": (("time", "shown", "pixel"), way, {"long_name": "states on the way to an image"}),
                "prototype": (("prototype", "pixel"), prototypes.images, {"long_name": "images that were learned"}),
            },
            coords={
                "time": ("time", generated.times * machine.computer.mobility, {"units": "1 / (mobility E0)"}),
            },
            attrs={"image_height": height, "image_width": width, "temperature_kT_in_E0": machine.computer.temperature},
        )

    def replayable(self, config: Any) -> int:
        """Return the samples of the thermodynamic computer."""
        return int(config.generation.samples)

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let the thermodynamic computer generate a sample again."""
        done = tz.replay_image(run, number)
        image = tz.images_of(run.machine, done.final[:1])[0]
        return {"computer": (run.samples["computer"].values[number], image)} if run.read.exact else {}

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that the computer trains, runs and is read as the device does; the perceptron is what it is."""
        return (*IMPERFECT, "moved")

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of images and ways."""
        pixels = int(machine.prototypes.images.shape[1])
        return 8 * pixels * (2 * int(config.generation.samples) + _SHOWN * (self.levels + 60))

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a generation by the thermodynamic computer."""
        return Cost(figures.duration, figures.heat_mean_kT, "one image of the thermodynamic computer")

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return images of both sides, and their ways."""
        return pictures_of(figures, samples)

    def small(self) -> Mapping[str, Any]:
        """Return two digits and few units."""
        return two_digits()


@attrs.frozen(eq=False)
class _Digital:
    """What the denoiser left: the network, its images, multiply-accumulates of each, and its error."""

    network: Network
    made: Denoised
    operations: float
    error: float


@attrs.frozen(eq=False)
class _Both:
    """What the computer left, and the denoiser."""

    computer: Any
    digital: _Digital


def _standard_error(values: Array) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def _judged(run: Any, outputs: Array) -> JudgedImages:
    """Return what judges make of images."""
    prototypes = run.machine.prototypes
    found = tz.judge_images(run, outputs)
    likeness = np.abs(prototypes.correlations(outputs))
    labels = prototypes.labels[likeness.argmax(axis=1)]
    judge, row = found.judge, found.quality.row("outputs") if found.quality is not None else None
    return JudgedImages(
        correlation=float(likeness.max(axis=1).mean()),
        correlation_se=_standard_error(likeness.max(axis=1)),
        class_counts={str(k): int((labels == k).sum()) for k in sorted(set(prototypes.labels.tolist()))},
        fraction_in_classes=None if judge is None else judge.fraction_in_classes,
        coverage=None if judge is None else judge.coverage,
        judged_right=None if row is None else row.judged_right,
        frechet_features=None if row is None else row.frechet_features,
        diversity=found.diversity,
    )
