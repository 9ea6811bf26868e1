"""A function of one variable by a computer out of equilibrium, that follows ideal trajectories, and then its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Account, Cost, Phase, Picture, Task, option
from thermozoo.errors import DataError, ParameterError, ThermozooError
from thermozoo_plugins.settings import between, is_whole, whole
from thermozoo_plugins.tasks.followers import check_followers
from thermozoo_plugins.tasks.mean_force import MeanForce
from thermozoo_plugins.tasks.regress_account import account_of, doubts_of
from thermozoo_plugins.tasks.regress_answers import Errors
from thermozoo_plugins.tasks.regress_costs import answering_bytes, training_bytes, training_seconds
from thermozoo_plugins.tasks.regress_curve import Curve, curve_of, function_named
from thermozoo_plugins.tasks.regress_figures import RegressFigures
from thermozoo_plugins.tasks.regress_pictures import pictures_of
from thermozoo_plugins.tasks.regress_results import KEPT, figures_of, samples_of, shoot, teacher_error
from thermozoo_plugins.tasks.regress_teacher import Teacher, fitted_teacher
from thermozoo_plugins.tasks.regress_training import resized, trained

__all__ = ["Regress"]

Array = npt.NDArray[np.float64]

#: Groups that the task needs, and how a config writes them.
_GROUPS = (
    "expected three groups, the input, which is clamped, hidden units, the output, such as input = {size = 1, clamped "
    "= true}, hidden = 16, output = 1"
)

#: Observations of a shot until its answer; the most computers of other sizes, and rounds of training.
_OBSERVED, _SIZES, _ROUNDS = 20, 8, 50


def _path(value: object) -> str:
    if not isinstance(value, str):
        raise ParameterError(f"path must be the path of a .csv or .npy file, got {value!r}")
    return value


def _sizes(value: Any) -> tuple[int, ...]:
    found = tuple(value) if isinstance(value, list | tuple) else (value,)
    if len(found) > _SIZES or not all(is_whole(one, 1) for one in found) or list(found) != sorted(set(found)):
        raise ParameterError(f"smaller must be up to {_SIZES} rising whole numbers of 1 or more, got {value!r}")
    return found


def _rounds(value: Any) -> int:
    if not is_whole(value, 0) or value > _ROUNDS:
        raise ParameterError(f"rounds must be a whole number from 0 to {_ROUNDS}, got {value!r}")
    return int(value)


@attrs.frozen
class Regress(Task):
    r"""Compute a function of one variable: a clamped input pushes hidden units, these push the output that is read.

    .. math:: y = \bar y + h\, \frac{x_\mathrm{out}(t_f)}{\mathrm{scale}}, \qquad
        \ell = \frac{(\Delta x_i + \mu\, \partial_i V(x)\, \Delta t)^2}{4 \mu k_B T \Delta t}

    with y from the middle of its range, half of which is h. A digital teacher gives every hidden unit a threshold, and
    says where units should be at the end of the run; the computer is the one most likely to take the steps of ideal
    trajectories, which go there in straight lines with the computer's own noise, by linear equations. It arrives
    elsewhere, because forces grow on the way. So `rounds` of bent trajectories follow: the computer's own, the output
    moved by what it missed on the average times t / t_f, and the couplings most likely to give those. Where nothing is
    missed, nothing changes.

    Nothing is in equilibrium: the answer is read at the end of `dynamics.duration`, and beside it at other times.

    References
    ----------
    S. Whitelam and C. Casert, Nonlinear thermodynamic computing out of equilibrium, arXiv:2412.17183. S. Whitelam,
    Training thermodynamic computers by gradient descent, arXiv:2509.15324.

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("regress")
    >>> [phase.name for phase in config.task.phases(config)]
    ['training', 'answers']
    """

    name = "regress"
    tables = ("computer", "dynamics")
    figures = RegressFigures

    function: str = option(
        "cosine",
        converter=function_named,
        doc='what is learned between -1 and 1: "cosine", "sine", "parabola" or "line"',
    )
    periods: float = option(
        1.0, converter=between("periods", 0, 100, open_low=True), doc="periods of a cosine or sine between -1 and 1"
    )
    points: int = option(51, converter=whole("points", 4), doc="inputs to train on; it is judged between each two")
    path: str = option(
        "", converter=_path, doc="file of points to learn instead, a row an input and its value: .csv or .npy"
    )
    test: float = option(
        0.25,
        converter=between("test", 0, 1, open_low=True, open_high=True),
        doc="share of the points of a file that it is judged by, and not trained on",
    )
    scale: float = option(
        1.5,
        converter=between("scale", 0, 100, open_low=True),
        doc="where the output should be for the largest value; for the least, where -scale is",
    )
    gain: float = option(
        60.0,
        converter=between("gain", 0, 1e4, open_low=True),
        doc="force on a hidden unit for half the range of inputs beyond its threshold [energy]",
    )
    reach: float = option(
        1.0,
        converter=between("reach", 0, 100, open_low=True),
        doc="where the outermost thresholds are; inputs reach from -1 to 1",
    )
    decay: float = option(1e-4, converter=between("decay", 0, 1e6), doc="weight of the teacher's squared weights")
    copies: int = option(20, converter=whole("copies"), doc="trajectories of each input in training")
    rounds: int = option(16, converter=_rounds, doc="rounds of bent trajectories")
    shots: int = option(200, converter=whole("shots", 2), doc="shots at each test input")
    beyond: float = option(
        2.0, converter=between("beyond", 1, 100), doc="the last time of reading, over dynamics.duration"
    )
    smaller: tuple[int, ...] = option(
        (), converter=_sizes, doc="hidden units of further computers that are trained beside, fewer than its own"
    )

    def check(self, config: Any, faults: Any) -> None:
        """Check groups, energy, time step and sizes."""
        check_followers(config, faults, _GROUPS)
        if faults.found_in("computer"):
            return
        first, hidden, last = config.sizes
        for group in (first, last):
            if group not in config.auto and config.sizes[group] != 1:
                faults.add(
                    f"computer.units.{group}",
                    f"expected 1 unit, of a function of one variable, got {config.sizes[group]:,}",
                )
        if self.smaller and self.smaller[-1] >= config.sizes[hidden]:
            faults.add(
                "task.smaller",
                f"expected numbers below the {config.sizes[hidden]:,} hidden units of the computer, got "
                f"{self.smaller[-1]:,}",
                also=[f"computer.units.{hidden}"],
            )

    def _curve(self, config: Any) -> Curve:
        return curve_of(self.function, self.periods, self.points, self.path, self.test, config.seed)

    def sizes(self, config: Any, faults: Any) -> Mapping[str, int]:
        """Return one unit for input and output, once the points of a file are there."""
        try:
            self._curve(config)
        except DataError as error:
            message = str(error)
            path = "task.test" if message.startswith("task.test: ") else "task.path"
            faults.add(path, message.removeprefix("task.test: "), also=["task.test", "task.path"])
        return dict.fromkeys(config.auto, 1)

    def computer(self, config: Any, computer: Any, faults: Any) -> Any:
        """Return the computer, once its units can go anywhere, and a teacher of its size fits the function."""
        curve = self._curve(config)
        try:
            teacher = self._teacher(computer, config.duration, curve)
        except ParameterError as error:
            faults.add("computer.potential", str(error), also=["dynamics.duration"])
            return computer
        off = teacher_error(teacher, curve, self.scale)
        if off >= curve.best_constant:
            faults.add(
                "task.path" if self.path else "task.periods",
                f"the teacher does not fit: {len(teacher.weights)} hidden units give an error of {off:.3g} where the "
                f"best constant has {curve.best_constant:.3g}; take more hidden units (computer.units) or a larger "
                "task.gain, more points, or a smoother function",
                also=["task.gain", "task.points", "computer.units"],
            )
        for units in self.smaller:
            try:  # potentials of single units, or couplings of a file, may be those of one size
                resized(config, computer, units)
            except ThermozooError as error:
                faults.add("task.smaller", f"with {units:,} hidden units: {error}", also=["computer"])
                break
        return computer

    def trajectories(self, config: Any) -> int:
        """Return the shots at all test inputs."""
        return self.shots * len(self._curve(config).test_inputs)

    def _all_sizes(self, config: Any) -> tuple[int, ...]:
        return (*self.smaller, list(config.sizes.values())[1])

    def _share(self, config: Any) -> float:
        """Return the units of all computers over those of the run's own."""
        sizes = self._all_sizes(config)
        return sum(units + 2 for units in sizes) / (sizes[-1] + 2)

    def _beyond(self, config: Any) -> int:
        """Return the time steps that follow the answer."""
        return round((self.beyond - 1) * int(config.steps))

    def _every(self, config: Any) -> int:
        """Return the time steps from one observation to the next."""
        return max(1, math.ceil(int(config.steps) / _OBSERVED))

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return training and the answers."""
        return [
            Phase(
                "training",
                "following trajectories",
                self._train,
                self._training_seconds,
                lambda size: training_bytes(size, self._curve(size.config), copies=self.copies),
                pieces=lambda config: 2,
                work=self._shown,
            ),
            Phase(
                "answers",
                "answering",
                self._answer,
                self._answering_seconds,
                lambda size: answering_bytes(size, self._curve(size.config), shots=self.shots),
                pieces=lambda config: 2,
                work=lambda run: len(self._all_sizes(run.config)) * run.config.steps + self._beyond(run.config),
            ),
        ]

    def _shown(self, run: Any) -> int:
        """Return the trajectories that all computers are trained on."""
        computers = len(self._all_sizes(run.config))
        return computers * (1 + self.rounds) * self.copies * len(self._curve(run.config).inputs)

    def _teacher(self, computer: Any, duration: float, curve: Curve) -> Teacher:
        """Return the teacher with as many hidden units as a computer has."""
        _, hidden, output = computer.layout.sizes
        forces = [
            MeanForce(computer.onsite.sites[group].at(0).energy, mobility=computer.mobility, duration=duration)
            for group in (hidden, output)
        ]
        return fitted_teacher(
            curve.held(curve.inputs),
            self.scale * curve.normal(curve.values),
            units=computer.layout.sizes[hidden],
            gain=self.gain,
            reach=self.reach,
            decay=self.decay,
            hidden=forces[0],
            output=forces[1],
        )

    def _train(self, run: Any, progress: Any) -> None:
        """Train the computers of all sizes; the last one is from here on that of the run."""
        curve, found, ideal = self._curve(run.config), [], run.machine.ideal
        for number, units in enumerate(self._all_sizes(run.config)):
            machine = attrs.evolve(ideal, computer=resized(run.config, ideal.computer, units))
            one = trained(
                run,
                machine,
                curve,
                self._teacher(machine.computer, run.config.duration, curve),
                scale=self.scale,
                copies=self.copies,
                rounds=self.rounds,
                stream=_SIZES + 1 + number * _ROUNDS,
                progress=progress,
            )
            device = attrs.evolve(run.machine, computer=run.realise(one.machine.computer))
            found.append(attrs.evolve(one, machine=device))
        run.machine = found[-1].machine
        run.outcome = curve, found

    def _answer(self, run: Any, progress: Any) -> None:
        """Show test inputs to the computers of all sizes, the run's own the last one, and judge."""
        curve, found = run.outcome
        results = []
        for number, one in enumerate(found):
            own = one is found[-1]
            answers, watch = shoot(
                run,
                one.machine,
                curve,
                scale=self.scale,
                shots=self.shots,
                stream=number,
                progress=progress,
                every=self._every(run.config) if own else 0,
                beyond=self._beyond(run.config) if own else 0,
            )
            results.append((one, answers))
        function = self.path or self.function
        run.figures = figures_of(curve, function, results, watch, scale=self.scale, shots=self.shots)
        run.samples = samples_of(curve, results[-1][1])
        run.warnings += doubts_of(run.figures)

    def _training_seconds(self, of: Any) -> float:
        config = of.machine.config
        return training_seconds(
            of, self._curve(config), copies=self.copies, rounds=self.rounds, share=self._share(config)
        )

    def _answering_seconds(self, of: Any) -> float:
        config = of.machine.config
        curve = self._curve(config)
        count, known = self.shots * len(curve.test_inputs), curve.test_values
        own = of.simulation(
            count,
            config.steps + self._beyond(config),
            every=self._every(config),
            look=lambda x: Errors.of(np.asarray(x[:, -1]).reshape(len(known), -1), known),
        )
        return float(own + (self._share(config) - 1) * own / self.beyond)

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of answers."""
        return 8 * (KEPT + 5) * len(self._curve(config).test_inputs)

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that the trained computers answer, and their outputs are read, as those of the device."""
        return (*Task.imperfect(self, config), "read")

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a shot."""
        return Cost(figures.duration, figures.heat_per_answer_kT, "one answer")

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return the function with its answers, and errors against time and size."""
        return pictures_of(figures, samples)

    def small(self) -> Mapping[str, Any]:
        """Return a few hidden units."""
        return {
            "computer": {
                "temperature": 1.0,
                "units": {"input": {"size": 1, "clamped": True}, "hidden": 4, "output": 1},
                "potential": {"plugin": "quartic"},
                "connectivity": {"plugin": "layered"},
            },
            "dynamics": {"integrator": "euler-maruyama", "dt": 0.002, "duration": 0.1, "engine": "reference"},
        }
