"""Measure what a picture costs in products, and what that leaves of its quality and heat, as a table in Markdown.

    python benchmarks/picture_cost.py [CONFIG ...] [--samples N] [--rows INTEGRATOR:DT[:WINDOWS[:DURATION]] ...]

A row is an integrator, its time step and, where they are not those of the config, time windows and duration. What is
trained does not depend on the time step, so that it is trained once for each number of windows and each duration; it is
then run in steps of dt and of dt / 4 from the same exact Boltzmann samples, with other noise. A product is one of all
couplings with one state: steps times forces a step. Errors are standard errors over samples. The likelihood gain is
known of steps with a transition density in closed form alone, and is that of noising in steps of dt.
"""

from __future__ import annotations

import argparse
import functools
import time

import attrs
import numpy as np

import thermozoo as tz
from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.config.load import parse_file
from thermozoo.dynamics.engines import engine_for
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms
from thermozoo.errors import ThermozooError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.metrics import images_of, judged_figures
from thermozoo.runs.training import train_parts
from thermozoo.symbolic.trace import trace_step
from thermozoo.thermodynamics.heat import HeatLedger
from thermozoo.training.evaluate import evaluate
from thermozoo.training.noising_process import NoisingProcess

EULER, QUARTER = "euler-maruyama", "quarter-noise"

#: Integrator, time step, windows and duration of each row; None: those of the config.
ROWS = {
    "ten-digits": [
        *((EULER, dt, None, None) for dt in (5e-3, 1e-2, 1.25e-2, 2e-2, 2.5e-2, 1 / 32, 0.05)),
        *(("leimkuhler-matthews", dt, None, None) for dt in (1e-2, 2e-2)),
        *(("stochastic-heun", dt, None, None) for dt in (1e-2, 2e-2, 1 / 32)),
        *((QUARTER, dt, None, None) for dt in (1e-2, 2e-2, 2.5e-2, 1 / 32, 1 / 28)),
        *((QUARTER, 1 / 32, windows, None) for windows in (12, 48)),
        *((QUARTER, 1 / 32, None, duration) for duration in (5.0, 20.0)),
    ],
    "paper": [
        *((EULER, dt, None, None) for dt in (1e-3, 5e-3, 1e-2, 2e-2)),
        *((QUARTER, dt, None, None) for dt in (1e-2, 2e-2, 2.5e-2)),
    ],
}

SAMPLES = {"ten-digits": 800, "paper": 300}


@attrs.frozen
class Measured:
    """What samples of one time step measure: mean and standard error of heat and correlation, negatives, states."""

    heat: tuple[float, float]
    correlation: tuple[float, float]
    inverted: int
    outputs: np.ndarray
    correlations: np.ndarray


class Config:
    """A config, what was trained of it, and what was measured."""

    def __init__(self, name, samples):
        self.name, self.samples = name, samples

    @functools.cache  # noqa: B019  # it lives as long as the script
    def trained(self, windows, duration):
        """Return the machine and its only program."""
        given = {"training.windows": windows, "dynamics.duration": duration}
        assignments = [f"{key}={value}" for key, value in given.items() if value is not None]
        machine = assemble_machine(parse_file(self.name, catalogue(), assignments=assignments, seed=None))
        if len(machine.parts) > 1:
            raise SystemExit(f"{self.name} trains a program for each class: measure a config with one")
        engine = engine_for("compiled", machine.dynamics, self.samples, machine.config.steps)
        return machine, engine, train_parts(machine, engine, machine.config.training.method)[0].program

    @functools.cache  # noqa: B019  # as above
    def measured(self, integrator, dt, windows, duration):
        """Return what generation in steps of dt gives."""
        machine, engine, program = self.trained(windows, duration)
        steps = round(machine.config.duration / dt)
        law = attrs.evolve(machine.dynamics, computer=program, integrator=tz.get(integrator), dt=dt, steps=steps)
        energies = EnergyTerms(law)
        done = simulate(
            law,
            boltzmann_samples(machine.computer, self.samples),
            steps,
            key=NoiseKey(round(1 / dt)),
            every=steps,
            observers=[energies],
            engine=engine,
        )
        outputs = images_of(machine, done.final)
        correlations = machine.prototypes.correlations(outputs)
        best = np.abs(correlations).argmax(axis=1)
        value = correlations[np.arange(len(best)), best]
        heat = HeatLedger.of(energies, done.switches, done.driven).total / machine.computer.temperature
        return Measured(
            mean_of(heat), mean_of(np.abs(value)), int((value < 0).sum()), outputs=outputs, correlations=correlations
        )

    def judged_right(self, integrator, dt, windows, duration):
        """Return the share of outputs that the judge takes for the class of the image that they resemble most."""
        found, machine = self.measured(integrator, dt, windows, duration), self.trained(windows, duration)[0]
        quality = judged_figures(machine, found.outputs, found.correlations).quality
        row = None if quality is None else quality.row("outputs")
        return None if row is None else row.judged_right

    @functools.cache  # noqa: B019  # as above
    def gain(self, integrator, dt, windows, duration):
        """Return the likelihood gain of noising in steps of dt and its error, or None."""
        machine, engine, program = self.trained(windows, duration)
        steps = round(machine.config.duration / dt)
        law = attrs.evolve(machine.noising.dynamics, integrator=tz.get(integrator), dt=dt, steps=steps)
        noising = attrs.evolve(machine.noising, dynamics=law)
        judged = machine.config.training.held_out
        loss = noising.loss(machine.config.objective, machine.config.weights or None)
        _, found = evaluate(program, NoisingProcess(noising, engine), loss, seed=1, trajectories=judged)
        return None if found.gain is None else (found.gain, found.gain_se)


def boltzmann_samples(computer, samples):
    """Return exact samples of uncoupled units."""
    x, random = np.zeros((samples, computer.n)), np.random.default_rng(1)
    for where, one in computer.bare().onsite.parts():
        shape = (samples, where.stop - where.start)
        x[:, where] = unit_boltzmann(one, computer.temperature, np.zeros(shape[1])).quantile(random.uniform(size=shape))
    return x


def mean_of(values):
    """Return mean and standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def line(config, row):
    """Return a row of the table."""
    integrator, dt, windows, duration = row
    machine = config.trained(windows, duration)[0]
    table = machine.config
    forces = len(trace_step(tz.get(integrator)).stages)
    steps = round(table.duration / dt)
    what = f"`{integrator}` | {dt:.4g} | {table.training.windows} | {table.duration:g} | {steps * forces:,}"
    try:
        found = config.measured(*row)
    except ThermozooError as error:
        # no step is tamed: a trajectory that blows up ends the row
        return f"| {what} | {type(error).__name__}: {str(error).partition(',')[0]} {'| ' * (len(HEADER) - 5)}"
    finer = config.measured(integrator, dt / 4, windows, duration)
    (heat, error), (least, its) = found.heat, finer.heat
    relative = 100 * (heat / least - 1), 100 * np.hypot(error, its * heat / least) / least
    right, gain = config.judged_right(*row), config.gain(*row)
    cells = [
        f"{found.correlation[0]:.4f} ± {found.correlation[1]:.4f}",
        f"{finer.correlation[0]:.4f} ± {finer.correlation[1]:.4f}",
        f"{found.inverted}",
        "–" if right is None else f"{right:.3f}",
        f"{heat:,.0f} ± {error:.0f}",
        f"{least:,.0f} ± {its:.0f}",
        f"{relative[0]:+.1f} ± {relative[1]:.1f}",
        "–" if gain is None else f"{gain[0]:,.0f} ± {gain[1]:.0f}",
    ]
    return f"| {what} | {' | '.join(cells)} |"


HEADER = (
    *("integrator", "dt", "windows", "duration", "products a picture", "correlation", "at dt / 4", "negatives"),
    *("judged as itself", "heat [kT]", "at dt / 4", "difference [%]", "likelihood gain [nat]"),
)


def row_of(text):
    """Return a row that was given as NAME:DT[:WINDOWS[:DURATION]]."""
    name, dt, windows, duration, *_ = [*text.split(":"), "", ""]
    return name, float(dt), int(windows) if windows else None, float(duration) if duration else None


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("configs", nargs="*", default=list(ROWS))
    words.add_argument("--samples", type=int)
    words.add_argument("--rows", type=row_of, nargs="+", metavar="NAME:DT[:WINDOWS[:DURATION]]")
    given = words.parse_args()
    for name in given.configs:
        config = Config(name, given.samples or SAMPLES.get(name, 400))
        print(f"\n{name}, {config.samples} samples\n\n| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}", flush=True)
        began = time.monotonic()
        for row in given.rows or ROWS.get(name, [(EULER, 1e-2, None, None), (QUARTER, 1 / 32, None, None)]):
            print(line(config, row), flush=True)
        print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
