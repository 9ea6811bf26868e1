"""Images by oscillators: a trained computer of units with a mass, beside the same one without."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

import thermozoo as tz  # names that load libraries are taken from it when they are needed
from thermozoo import Account, Cost, Phase, Picture, Share, Task, option
from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.oscillators_account import account_of
from thermozoo_plugins.tasks.oscillators_figures import OscillatorsFigures
from thermozoo_plugins.tasks.oscillators_limit import figures_of, samples_of
from thermozoo_plugins.tasks.oscillators_pictures import pictures_of
from thermozoo_plugins.tasks.trained_images import IMPERFECT, TABLES, check_one_program, generating_phases, two_digits

__all__ = ["Oscillators"]

#: How many masses it takes at most.
_MASSES = 12


def _positive(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
        raise ParameterError(f"{name} must be a finite number above 0, got {value!r}")
    return float(value)


def _mass(value: Any) -> float:
    return _positive("mass", value)


def _multiples(value: Any) -> tuple[float, ...]:
    given = value if isinstance(value, list | tuple) else [value]
    found = tuple(_positive("each of multiples", one) for one in given)
    if not 2 <= len(found) <= _MASSES or list(found) != sorted(set(found)) or 1 not in found or found[0] == 1:
        raise ParameterError(
            f"multiples must be 2 to {_MASSES} rising numbers, with 1 and one below it among them, got {value!r}"
        )
    return found


@attrs.frozen
class Oscillators(Task):
    r"""Generate images by units with a mass, and by the same computer without: heat and likeness against the mass.

    .. math:: m\, dv_i = \left(-\partial_i V - \frac{v_i}{\mu}\right) dt + \sqrt{\frac{2 k_B T}{\mu}}\, dW_i

    Couplings are trained as those of `generate`, by the reverse of overdamped noising, which is that of units with a
    mass in the limit of none. The trained computer generates by overdamped steps, then by `baoab` with every mass, from
    the same states; velocities begin in equilibrium. Heat counts kinetic energy.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, Phys. Rev. Lett. 136, 037101 (2026); arXiv:2506.15121.
    S. Dago, J. Pereda, N. Barros, S. Ciliberto, L. Bellon, Information and thermodynamics: fast and precise approach to
    Landauer's bound in an underdamped micromechanical oscillator, Phys. Rev. Lett. 126, 170601 (2021).

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("oscillators")
    >>> [phase.name for phase in config.task.phases(config)]
    ['assembly', 'preparation', 'training', 'generation', 'oscillators']
    """

    name = "oscillators"
    tables = TABLES
    figures = OscillatorsFigures

    mass: float = option(0.1, converter=_mass, doc="mass of the units that the report speaks of first [energy time^2]")
    multiples: tuple[float, ...] = option(
        (0.1, 0.3, 1.0, 3.0),
        converter=_multiples,
        doc="multiples of mass with which units generate; through those up to 1 goes the line to no mass",
    )
    damping_steps: int = option(
        3,
        converter=whole("damping_steps", 2),
        doc="time steps in the damping time of a unit, mobility x mass, at least",
    )

    @property
    def masses(self) -> tuple[float, ...]:
        """The masses, rising, without what rounding adds to a product."""
        return tuple(self.mass if one == 1 else float(f"{self.mass * one:.12g}") for one in self.multiples)

    def check(self, config: Any, faults: Any) -> None:
        """Check what generation is checked for, and that nothing is asked for which this task leaves out."""
        check_one_program(config, faults)

    def integrators(self, config: Any) -> Mapping[str, Any]:
        """Return what moves units with a mass."""
        return {"task.mass": _heavy(self.mass)}

    def assemble(self, config: Any) -> Any:
        """Return the images with their signals, beside the computer."""
        return tz.assemble_generation(config)

    def time_step(self, config: Any, mass: float) -> float:
        """Return the time step with a mass: that of generation, or one that resolves damping [time]."""
        return float(min(config.generation_dt, config.computer.mobility * mass / self.damping_steps))

    def _steps(self, config: Any) -> list[int]:
        return [round(config.duration / self.time_step(config, mass)) for mass in self.masses]

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return training, generation by overdamped units, and by oscillators of every mass."""
        total = sum(self._steps(config))

        def held(size: Any) -> tuple[Share, ...]:
            samples, several = config.generation.samples, len(self.masses)
            cause, also = f"{samples:,} samples of {several} masses", ("task.multiples", "computer.units")
            return (
                Share(samples * size.n * 8 * 3 * several, "generation.samples", cause, also, lasts=True),
                Share(samples * size.n * 8 * 6, "generation.samples", f"{samples:,} samples", ("computer.units",)),
            )

        own = Phase(
            "oscillators",
            "oscillators",
            self._oscillate,
            lambda of: of.found["generation"] * total / config.generation_steps,
            held,
            work=lambda run: total,
        )
        return [*generating_phases(config), own]

    def _oscillate(self, run: Any, progress: Any) -> None:
        """Generate with every mass, and compare."""
        config, machine = run.config, run.machine
        found = [
            tz.generate_images(run, progress, integrator=_heavy(mass), dt=self.time_step(config, mass))
            for mass in self.masses
        ]
        run.figures = figures_of(machine, self.mass, self.masses, self._steps(config), run.outcome.generated, found)
        run.samples = samples_of(machine, self.masses, run.outcome.generated, found)
        run.warnings += _doubts(run.figures)

    def replayable(self, config: Any) -> int:
        """Return the samples."""
        return int(config.generation.samples)

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a sample be generated again, by overdamped units and with every mass."""
        kept = run.samples
        done = tz.replay_image(run, number)
        found = {"overdamped": (kept["overdamped"].values[number], done.final[0])}
        for k, mass in enumerate(self.masses):
            done = tz.replay_image(run, number, integrator=_heavy(mass), dt=self.time_step(run.config, mass))
            found[f"state of mass {mass:g}"] = kept["state"].values[k, number], done.final[0]
            found[f"velocity of mass {mass:g}"] = kept["velocity"].values[k, number], done.variables["v"][0]
        return found if run.read.exact else {}

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that training writes, and generation of every mass runs and is read, as the device does.

        What moves units with a mass is none of the config's integrators.
        """
        return IMPERFECT

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of states, velocities and heats."""
        n, samples = int(machine.computer.n), config.generation.samples
        numbers = (2 * len(self.masses) + 2) * n + 4 * len(self.masses)
        return 8 * int(samples) * numbers

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a generation with `mass`."""
        return Cost(figures.duration, figures.heat_mean_kT, "one image")

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return images, and heat and correlation against the mass."""
        return pictures_of(figures, samples)

    def small(self) -> Mapping[str, Any]:
        """Return two digits and few units."""
        return two_digits()


def _heavy(mass: float) -> Any:
    """Return what moves units of a mass."""
    from thermozoo_plugins.integrators import Baoab  # loads what derives formulas: a list of plugins needs none of that

    return Baoab(mass=mass)


def _doubts(figures: OscillatorsFigures) -> list[str]:
    """Return what is to be doubted about the figures."""
    off = abs(figures.heat_limit_kT - figures.reference["heat_limit_kT"])
    if off > 4 * figures.error_bars["heat_limit_kT"] and off > 0.01 * abs(figures.reference["heat_limit_kT"]):
        return [
            f"heat in the limit of no mass is {figures.heat_limit_kT:.4g} kT and not the {off:.2g} kT different one of "
            "overdamped units: the masses are too large for a straight line, or time steps too long; take a smaller "
            "task.mass, or a larger task.damping_steps"
        ]
    return []
