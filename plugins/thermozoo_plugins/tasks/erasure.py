"""One bit in a double well, erased: what it costs, and how that depends on the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from thermozoo import Account, Cost, Phase, Picture, Share, Task, option
from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import finite, numbers, parts_of_duration, whole
from thermozoo_plugins.tasks.driven import driven_bytes, driven_seconds
from thermozoo_plugins.tasks.erasure_account import account_of
from thermozoo_plugins.tasks.erasure_cycle import Cycle, Erased, barrier, begun, erased, escape_rate
from thermozoo_plugins.tasks.erasure_figures import ErasureFigures
from thermozoo_plugins.tasks.erasure_fit import figures_of
from thermozoo_plugins.tasks.erasure_pictures import pictures_of

__all__ = ["Erasure"]

#: Time steps that the fastest erasure has at least.
_STEPS = 20


def _stages(value: Any) -> tuple[float, ...]:
    found: tuple[float, ...] = numbers("stages")(value)
    if len(found) != 4 or min(found) < 1e-3 or abs(sum(found) - 1) > 1e-9:
        raise ParameterError(f"stages must be 4 parts of an erasure, 0.001 at least, which add up to 1, got {value!r}")
    return found


def _left(value: Any) -> float:
    found = finite("left", value)
    if not 0 < found < 1:
        raise ParameterError(f"left must lie between 0 and 1, got {found:g}")
    return found


def _tilt(value: Any) -> float:
    found = finite("tilt", value)
    if not found > 0:
        raise ParameterError(f"tilt must lie above 0, got {found:g}")
    return found


@attrs.frozen
class Erasure(Task):
    r"""Erase a bit: lower the barrier of a double well, tilt it, raise the barrier, and take the tilt away.

    .. math:: \langle W \rangle \to k_B T \ln 2 + \frac{a}{t_f}

    with W the work on a bit, t_f the duration of its erasure, and a what the way costs. Bits begin in equilibrium, each
    state as likely as the other, and have noise of their own, so that error bars need no model. The energy in the end
    is that of the beginning; over the bits that end in the half of the states asked for, the mean of exp(-W / kT) is
    1/2 in any duration, and over all it is 1.

    References
    ----------
    R. Landauer, Irreversibility and heat generation in the computing process, IBM J. Res. Dev. 5, 183 (1961).
    K. Proesmans, J. Ehrich, J. Bechhoefer, Finite-time Landauer principle, Phys. Rev. Lett. 125, 100602 (2020).
    S. Dago, J. Pereda, N. Barros, S. Ciliberto, L. Bellon, Information and thermodynamics: fast and precise approach to
    Landauer's bound in an underdamped micromechanical oscillator, Phys. Rev. Lett. 126, 170601 (2021).
    G. Hummer, A. Szabo, Free energy reconstruction from nonequilibrium single-molecule pulling experiments, Proc. Natl.
    Acad. Sci. USA 98, 3658 (2001), for the mean over those that end in a part of the states.

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("erasure")
    >>> [phase.name for phase in config.task.phases(config)]
    ['erasure']
    """

    name = "erasure"
    tables = ("computer", "dynamics")
    figures = ErasureFigures

    durations: tuple[float, ...] = option(
        (0.0078125, 0.015625, 0.03125, 0.0625, 0.125, 0.25, 0.5, 1.0),
        converter=parts_of_duration,
        doc="durations of the erasures, as parts of dynamics.duration, which is that of the slowest",
    )
    followed: int = option(4000, converter=whole("followed", 10), doc="bits that are erased in each duration")
    tilt: float = option(6.0, converter=_tilt, doc="the largest tilt, the change of h [energy]")
    left: float = option(
        0.05, converter=_left, doc="part of the stiffness J2 that is left while the barrier is lowered"
    )
    stages: tuple[float, ...] = option(
        (0.3, 0.2, 0.4, 0.1),
        converter=_stages,
        doc="parts of the duration in which the barrier is lowered, the well tilted, the barrier raised, and the tilt "
        "taken away",
    )

    @property
    def _cycle(self) -> Cycle:
        return Cycle(self.stages, self.left, self.tilt)

    def check(self, config: Any, faults: Any) -> None:
        """Check that the computer is one bit at rest, and that the fastest erasure has time steps enough."""
        if config.integrator and not faults.found_in("dynamics.integrator") and not type(config.integrator).thermal:
            faults.add(
                "dynamics.integrator",
                f"{config.integrator.name!r} does not relax to the Boltzmann distribution, and work has no bound with "
                "it; take another integrator",
            )
        if not faults.found_in("dynamics"):
            fastest = self._steps(config)[0]
            if fastest < _STEPS:
                faults.add(
                    "task.durations",
                    f"expected {_STEPS} time steps in the fastest erasure at least, got {fastest} (durations x "
                    "duration / dt)",
                    also=["dynamics.dt", "dynamics.duration"],
                )
        if faults.found_in("computer"):
            return
        if list(config.sizes.values()) != [1] or config.clamped or config.auto:
            units = sum(config.sizes.values())
            faults.add("computer.units", f"expected one free unit, the bit, got {units} in {len(config.sizes)} groups")
            return
        (potential,) = config.potentials.values()
        if potential.name != "tilted-well":
            faults.add(
                "computer.potential",
                f"expected 'tilted-well', which has a tilt to drive, got {potential.name!r}",
            )
        elif np.any(potential.h):
            faults.add("computer.potential.h", "expected 0: the tilt is driven from there and back; see task.tilt")

    def _steps(self, config: Any) -> list[int]:
        """Return the time steps of each erasure."""
        return [round(part * config.dynamics.steps) for part in self.durations]

    def trajectories(self, config: Any) -> int:
        """Return the bits that are erased at once."""
        return self.followed

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return the one phase, in which all durations follow each other."""
        steps = self._steps(config)

        def seconds(of: Any) -> float:
            rest = of.machine.dynamics
            return driven_seconds(of, self._cycle.law(rest, sum(steps)), self.followed)

        def held(size: Any) -> tuple[Share, ...]:
            kept = 8 * self.followed * 6 * len(steps)
            recorded = driven_bytes(self.followed, 1, max(steps), size.itemsize)
            return (
                Share(kept, "task.followed", f"{self.followed:,} bits", ("task.durations",), lasts=True),
                Share(recorded, "task.followed", "states of which the work is found"),
            )

        return [
            Phase(
                "erasure",
                "erasure",
                self._erase,
                seconds,
                held,
                pieces=lambda config: 2,
                work=lambda run: sum(steps),
            )
        ]

    def _erase(self, run: Any, progress: Any) -> None:
        """Erase as many bits in each duration, and see what it cost."""
        computer, dt = run.machine.computer, run.config.dynamics.dt
        (potential,) = computer.onsite.potentials.values()
        steps = self._steps(run.config)
        found = [erased(run, self._cycle, self.followed, count, number, progress) for number, count in enumerate(steps)]
        durations = [count * dt for count in steps]
        run.figures = figures_of(durations, found, barrier(potential) / computer.temperature)
        run.samples = self._samples(durations, found, potential)
        lost = escape_rate(potential, computer.mobility, computer.temperature) * durations[-1]
        run.warnings += _doubts(run.figures, lost)

    def _samples(self, durations: Sequence[float], found: Sequence[Erased], potential: Any) -> Any:
        """Return works, heats and states of all bits, and what was driven."""
        import xarray

        of_bits, cycle = ("duration", "trajectory"), self._cycle
        energy = {"units": "energy"}
        return xarray.Dataset(
            {
                "work": (of_bits, np.stack([one.work for one in found]), {"long_name": "work on a bit", "units": "kT"}),
                "heat": (of_bits, np.stack([one.heat for one in found]), {"long_name": "heat released", "units": "kT"}),
                "state": (of_bits, np.stack([one.final for one in found]), {"long_name": "state in the end"}),
                "part": ("stage", list(cycle.times), {"long_name": "part of the duration at which a stage begins"}),
                "stiffness": ("stage", list(cycle.stiffnesses(float(potential.J2))), energy | {"long_name": "J2"}),
                "tilt": ("stage", list(cycle.tilts), energy | {"long_name": "h"}),
                "quartic": ((), float(potential.J4), energy | {"long_name": "J4, which is not driven"}),
            },
            coords={"duration": ("duration", list(durations), {"units": "time"})},
        )

    def replayable(self, config: Any) -> int:
        """Return the bits."""
        return self.followed

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a bit be erased again, in every duration."""
        for k, steps in enumerate(self._steps(run.config)):
            begun(run, self._cycle, self.followed, steps, k)
        kT, legs = run.machine.computer.temperature, run.legs
        again = {
            "state": [leg.states[-1, 0] for leg in legs],
            "work": [leg.ledger.total_work[0] / kT for leg in legs],
            "heat": [leg.heat / kT for leg in legs],
        }
        return {name: (run.samples[name].values[:, number], values) for name, values in again.items()}

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of works, heats and states."""
        return 3 * 8 * self.followed * len(self.durations)

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that the bit is that of the device; its work has a bound only where it relaxes to equilibrium."""
        return ("realise",)

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of an erasure."""
        return Cost(
            figures.durations[-1] * config.computer.mobility, figures.heat_mean_kT, "the slowest erasure of a bit"
        )

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return work against duration with the heat's distribution, and the cycle."""
        return pictures_of(figures, samples)

    def small(self) -> Mapping[str, Any]:
        """Return one bit, and a short slowest duration."""
        return {
            "computer": {
                "temperature": 1.0,
                "units": {"bit": 1},
                "potential": {"plugin": "tilted-well", "J2": -20.0, "J4": 10.0, "h": 0.0},
            },
            "dynamics": {"integrator": "stochastic-heun", "dt": 0.002, "duration": 6.0, "engine": "compiled"},
        }


def _doubts(figures: ErasureFigures, lost: float) -> list[str]:
    """Return what is to be doubted about the figures; so many times a bit at rest would lose its state."""
    found = []
    if lost > 0.05:
        found.append(
            f"a bit at rest would lose its state {lost:.2g} times within the slowest erasure, with a barrier of "
            f"{figures.barrier_kT:.3g} kT: its work may fall below ln 2; raise the barrier (computer.potential), or "
            "take a shorter dynamics.duration"
        )
    if figures.success < 0.99:
        found.append(
            f"the slowest erasure leaves {1 - figures.success:.1%} of the bits in the other state: take a larger "
            "task.tilt or a longer dynamics.duration"
        )
    off = abs(figures.jarzynski - 1)
    if off > 4 * figures.jarzynski_se and off > 0.02:
        found.append(
            f"Jarzynski's mean is {figures.jarzynski:.3f} and not 1: the time step is too long, or few bits decide; "
            "take a smaller dynamics.dt, or a larger task.followed"
        )
    return found
