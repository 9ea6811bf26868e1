"""Classification of images by a computer that follows the ideal trajectories of a digital teacher."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Account, Cost, Phase, Picture, Task, option
from thermozoo.errors import DataError, ParameterError
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.classify_account import account_of, doubts_of
from thermozoo_plugins.tasks.classify_data import Split, split_of
from thermozoo_plugins.tasks.classify_figures import ClassifyFigures
from thermozoo_plugins.tasks.classify_memory import classifying_bytes, following_bytes, teaching_bytes
from thermozoo_plugins.tasks.classify_pictures import pictures_of
from thermozoo_plugins.tasks.classify_seconds import following_seconds, teaching_seconds
from thermozoo_plugins.tasks.classify_settings import between, path_of_teacher
from thermozoo_plugins.tasks.classify_teacher import Teacher, read_teacher, trained_teacher
from thermozoo_plugins.tasks.classify_verdicts import SHOTS, SHOWN, Answers, Outputs, figures_of, samples_of
from thermozoo_plugins.tasks.followers import check_followers
from thermozoo_plugins.tasks.ideal_trajectories import follow_ideal
from thermozoo_plugins.tasks.mean_force import MeanForce

__all__ = ["Classify"]

Array = npt.NDArray[np.float64]

#: Groups that the task needs, and how a config writes them.
_GROUPS = (
    'expected three groups, pixels, which are clamped, hidden units, outputs, such as pixels = {size = "auto", '
    'clamped = true}, hidden = 64, outputs = "auto"'
)

#: Observations of a shot, at most.
_OBSERVED = 50


@attrs.frozen
class Classify(Task):
    r"""Classify images: clamped pixels push hidden units, these push outputs, and the largest is the answer.

    .. math:: x_i(t) = a_i\, t / t_f, \qquad
        \ell = \frac{(\Delta x_i + \mu\, \partial_i V(x)\, \Delta t)^2}{4 \mu k_B T \Delta t}

    A digital teacher, a perceptron with as many hidden units, says for each training image where hidden units and
    outputs should be at the end of the run: :math:`a` is `hidden_scale` times its hidden activations. The mean force
    that takes an output there is proportional to the teacher's output less the mean of all, which hidden units can
    give it; one of root mean square should end at `output_scale`. The computer is the one most likely to take the
    steps of ideal trajectories, which go there in straight lines, with `noise` times the computer's own noise. That
    likelihood is quadratic in couplings and biases, and its maximum the solution of linear equations. Without noise,
    hidden units and outputs nearly follow from each other and determine couplings among them badly.

    Nothing is in equilibrium: the answer is read at the end of `dynamics.duration`.

    References
    ----------
    S. Whitelam, Training thermodynamic computers by gradient descent, arXiv:2509.15324.

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("classify")
    >>> [phase.name for phase in config.task.phases(config)]
    ['teacher', 'training', 'classification']
    """

    name = "classify"
    tables = ("computer", "dynamics", "data")
    figures = ClassifyFigures

    test: float = option(
        0.2,
        converter=between("test", 0, 1, open_low=True, open_high=True),
        doc="share of the images that nothing is trained on, and that teacher and computer are judged by",
    )
    teacher: str = option("", converter=path_of_teacher, doc=".npz file of a teacher; empty: one is trained")
    passes: int = option(200, converter=whole("passes"), doc="passes of the teacher over the images, at most")
    decay: float = option(1e-4, converter=between("decay", 0, 1e6), doc="weight of the teacher's squared weights")
    hidden_scale: float = option(
        2.5,
        converter=between("hidden_scale", 0, 100, open_low=True),
        doc="where a hidden unit should be at an activation of 1",
    )
    output_scale: float = option(
        2.0,
        converter=between("output_scale", 0, 100, open_low=True),
        doc="where an output should be that is the root mean square of all",
    )
    noise: float = option(
        1.0, converter=between("noise", 0, 100), doc="noise of ideal trajectories over that of the computer"
    )
    copies: int = option(
        1, converter=whole("copies"), doc="ideal trajectories of each image, each with noise of its own"
    )
    ridge: float = option(
        0.0, converter=between("ridge", 0, 1e6), doc="keeps couplings small that ideal trajectories determine badly"
    )

    scatter: float = option(
        0.0,
        converter=between("scatter", 0, 100),
        doc="standard deviation of pixels about those of an image, as far as training knows; it keeps couplings small "
        "to pixels that are hardly ever lit",
    )

    def check(self, config: Any, faults: Any) -> None:
        """Check groups, energy and time step."""
        if not self.noise and self.copies > 1:
            faults.add(
                "task.copies", f"copies without noise are alike: expected 1, got {self.copies}", also=["task.noise"]
            )
        if not faults.found_in("data.classes") and len(config.data.classes) < 2:
            faults.add(
                "data.classes", f"there is nothing to tell apart: expected two classes, got {config.data.classes}"
            )
        check_followers(config, faults, _GROUPS)

    def _split(self, config: Any, faults: Any = None) -> Split | None:
        """Return the images, or None after adding the fault."""
        try:
            return split_of(config.dataset, config.data, self.test, config.seed)
        except DataError as error:
            if faults is None:
                raise
            message = str(error)
            path = "task.test" if message.startswith("task.test: ") else "data"
            also = [f"data.{key}" for key in ("plugin", "path", "classes", "per_class", "skip")]
            faults.add(path, message.removeprefix(f"{path}: "), also=also)
            return None

    def _known_split(self, config: Any) -> Split:
        split = self._split(config)
        assert split is not None  # what was wrong with the images stopped the run before
        return split

    def sizes(self, config: Any, faults: Any) -> Mapping[str, int]:
        """Return the pixels of an image and the number of classes."""
        split = self._split(config, faults)
        if split is None or len(config.sizes) != 3:
            return dict.fromkeys(config.auto, 1)  # what is wrong has been said
        first, _, last = config.sizes
        wanted = {first: split.pixels.shape[1], last: len(split.classes)}
        for group, size in wanted.items():
            if group not in config.auto and config.sizes[group] != size:
                what = f"the images have {size:,} pixels" if group == first else f"there are {size} classes"
                faults.add(
                    f"computer.units.{group}", f'{what}, but the group has {config.sizes[group]:,} units: write "auto"'
                )
        return {group: wanted.get(group, 1) for group in config.auto}

    def computer(self, config: Any, computer: Any, faults: Any) -> Any:
        """Return the computer, once its outputs can go anywhere and a teacher that is given fits the images."""
        if not faults.found_in("computer") and not faults.found_in("dynamics"):
            try:
                self._force(computer, config.duration).inverse(np.array([0.0]))
            except ParameterError as error:
                faults.add("computer.potential", f"outputs: {error}", also=["dynamics.duration"])
        if self.teacher and not faults.found_in("computer") and not faults.found_in("data"):
            split = self._split(config, faults)
            if split is not None:
                self._read(split, computer.layout, faults)
        return computer

    def _read(self, split: Split, layout: Any, faults: Any) -> None:
        """Add what is wrong with the teacher of a file."""
        try:
            teacher = read_teacher(self.teacher, tuple(layout.sizes.values()))
        except DataError as error:
            faults.add("task.teacher", str(error))
            return
        right = float(teacher.right(split.pixels, split.labels).mean())
        guess = float(np.bincount(split.labels).max() / len(split.labels))
        if right <= guess:
            faults.add(
                "task.teacher",
                f"the teacher {self.teacher} does not fit the data: it takes {right:.1%} of the training images for "
                f"what they are, and a guess {guess:.1%}; are its outputs in the order of data.classes?",
                also=["data.classes"],
            )

    def trajectories(self, config: Any) -> int:
        """Return the shots of all test images."""
        split = self._split(config)
        return 1 if split is None else SHOTS * len(split.test_labels)

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return the training of the teacher, that of the computer, and the classification."""
        return [
            Phase(
                "teacher", "training the teacher", self._teach, self._teaching_seconds, self._bytes_of(teaching_bytes)
            ),
            Phase(
                "training",
                "following ideal trajectories",
                self._follow,
                self._following_seconds,
                self._bytes_of(following_bytes),
                work=lambda run: len(run.outcome[0].pixels) * self.copies,
            ),
            Phase(
                "classification",
                "classifying",
                self._classify,
                self._classifying_seconds,
                self._bytes_of(classifying_bytes),
                pieces=lambda config: 2,
                work=lambda run: run.config.steps,
            ),
        ]

    def _force(self, computer: Any, duration: float) -> MeanForce:
        """Return the mean force that an output needs, the first of them."""
        outputs = computer.onsite.sites[list(computer.layout.sizes)[-1]].at(0)
        return MeanForce(outputs.energy, mobility=computer.mobility, duration=duration)

    def _targets(self, machine: Any, teacher: Teacher, pixels: Array) -> Array:
        """Return where free units should be in the end."""
        hidden, outputs = teacher.activations(pixels)
        outputs = outputs - outputs.mean(axis=1, keepdims=True)
        force = self._force(machine.computer, machine.config.duration)
        [scale] = force(np.array([self.output_scale]))
        return np.concatenate([self.hidden_scale * hidden, force.inverse(scale * outputs / outputs.std())], axis=1)

    def _teach(self, run: Any, progress: Any) -> None:
        """Load the images, and train the teacher or read it."""
        config = run.config
        split = self._known_split(config)
        sizes = tuple(run.machine.computer.layout.sizes.values())
        teacher = (
            read_teacher(self.teacher, sizes)
            if self.teacher
            else trained_teacher(
                split.pixels, split.labels, hidden=sizes[1], passes=self.passes, decay=self.decay, seed=config.seed
            )
        )
        run.outcome = split, teacher

    def _follow(self, run: Any, progress: Any) -> None:
        """Train the computer; from here on it is that of the run."""
        split, teacher = run.outcome
        ideal = run.machine.ideal
        followed = follow_ideal(
            ideal,
            split.pixels,
            self._targets(ideal, teacher, split.pixels),
            noise=self.noise,
            copies=self.copies,
            ridge=self.ridge,
            scatter=self.scatter,
            seed=run.config.seed,
            progress=progress,
        )
        run.machine = attrs.evolve(run.machine, computer=run.realise(followed.computer))
        run.outcome = split, teacher, followed

    def _every(self, config: Any) -> int:
        """Return the time steps from one observation to the next."""
        return max(1, math.ceil(int(config.steps) / _OBSERVED))

    def _classify(self, run: Any, progress: Any) -> None:
        """Show test images, ten times each, and judge."""
        split, teacher, followed = run.outcome
        computer = run.machine.computer
        *_, last = (computer.layout.slice(group) for group in computer.layout.sizes)
        start = self._shots(run.machine.computer, split)
        watch = Outputs(last, np.repeat(split.test_labels, SHOTS))
        watching = {"every": self._every(run.config), "observers": [run.read.watching(watch)]}
        done = run.simulate(start, run.config.steps, stream=0, progress=progress, **watching)
        heat = np.concatenate(
            [
                (computer.energy(start[rows]) - computer.energy(done.final[rows])) / computer.temperature
                for rows in (slice(k, k + SHOTS) for k in range(0, len(start), SHOTS))
            ]
        )
        answers = Answers.of(np.asarray(run.read(done.final)[:, last], dtype=np.float64), heat, split.test_labels)
        run.figures = figures_of(
            split,
            teacher,
            followed,
            answers,
            duration=run.config.steps * run.config.dynamics.dt * computer.mobility,
            noise=self.noise,
            copies=self.copies,
        )
        run.samples = samples_of(split, watch, run.config.dynamics.dt)
        run.warnings += doubts_of(run.figures)

    def _shots(self, computer: Any, split: Any) -> Array:
        """Return states that show test images, each so many times."""
        first, *_ = computer.layout.sizes
        start = np.zeros((SHOTS * len(split.test_pixels), computer.n))
        start[:, computer.layout.slice(first)] = np.repeat(split.test_pixels, SHOTS, axis=0)
        return start

    def replayable(self, config: Any) -> int:
        """Return the shots at test images, as many at each."""
        split = self._split(config)
        return 0 if split is None else SHOTS * len(split.test_pixels)

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a shot at an image be taken again; samples hold the outputs in the first shot at some images."""
        computer, kept = run.machine.computer, run.samples["output"].values
        done = run.simulate(self._shots(computer, self._split(run.config)), run.config.steps, stream=0)
        image, shot = divmod(number, SHOTS)
        *_, last = computer.layout.sizes
        outputs = done.final[0, computer.layout.slice(last)]
        return {} if shot or image >= len(kept) or not run.read.exact else {"output": (kept[image, -1], outputs)}

    def _teaching_seconds(self, of: Any) -> float:
        if self.teacher:
            return 0.0
        hidden = list(of.machine.computer.layout.sizes.values())[1]
        split = self._known_split(of.machine.config)
        return teaching_seconds(split, hidden=hidden, passes=self.passes, decay=self.decay)

    def _following_seconds(self, of: Any) -> float:
        return following_seconds(of.machine, self._known_split(of.machine.config), copies=self.copies)

    def _classifying_seconds(self, of: Any) -> float:
        config, computer = of.machine.config, of.machine.computer
        split = self._known_split(config)
        last = computer.layout.slice(list(computer.layout.sizes)[-1])
        labels = np.repeat(split.test_labels, SHOTS)
        return float(
            of.simulation(
                len(labels),
                config.steps,
                every=self._every(config),
                look=lambda x: Outputs(last, labels).observe(0, x),
            )
        )

    def _images(self, size: Any) -> tuple[int, int]:
        """Return images in all, as far as this is known before they are loaded, and those to be judged by."""
        table = size.config.data
        split = None if table.per_class else self._split(size.config)
        count = len(table.classes) * table.per_class if split is None else len(split.pixels) + len(split.test_pixels)
        return count, max(1, round(count * self.test))

    def _bytes_of(self, shares: Any) -> Any:
        return lambda size: shares(size, *self._images(size))

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of outputs over time and of the images beside them."""
        first, _, last = config.sizes.values()
        return int(8 * (SHOWN * (first + _OBSERVED * last) + 2 * _OBSERVED))

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that the trained computer classifies, and its outputs are read, as those of the device."""
        return (*Task.imperfect(self, config), "read")

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a shot."""
        return Cost(figures.duration, figures.heat_per_inference_kT, "one shot at an image")

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return outputs over time, and what is taken for what."""
        return pictures_of(figures, samples)

    def small(self) -> Mapping[str, Any]:
        """Return two digits of few pixels and few units."""
        return {
            "computer": {
                "temperature": 1.0,
                "units": {"pixels": {"size": "auto", "clamped": True}, "hidden": 4, "outputs": "auto"},
                "potential": {"plugin": "quartic"},
                "connectivity": {"plugin": "layered"},
            },
            "dynamics": {"integrator": "euler-maruyama", "dt": 0.01, "duration": 0.2, "engine": "reference"},
            "data": {"plugin": "digits", "side": 8, "classes": [0, 1], "per_class": 20},
        }
