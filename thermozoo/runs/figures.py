"""The figures of a run, drawn from its results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thermozoo.computer.couplings import Couplings
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.plotting.comparison import plot_comparison
from thermozoo.plotting.couplings import plot_couplings
from thermozoo.plotting.generations import plot_generations
from thermozoo.plotting.heat import plot_heat
from thermozoo.plotting.ledger import plot_ledger
from thermozoo.plotting.loss import plot_loss
from thermozoo.plotting.noising import plot_noising
from thermozoo.plotting.outputs import plot_outputs
from thermozoo.plotting.style import png_bytes
from thermozoo.runs.assemble import Machine
from thermozoo.runs.method import Outcome
from thermozoo.training.noising import NoisingProcess, image_group

__all__ = ["draw_figures", "output_caption"]

#: Times at which images are shown.
_PANELS = 11


def draw_figures(
    machine: Machine, process: NoisingProcess, outcome: Outcome, comparison: Sequence[dict[str, Any]] = ()
) -> dict[str, bytes]:
    """Draw every figure of a run; return PNG files by name."""
    training, generated = outcome.training, outcome.generated
    initial, held_out = outcome.initial, outcome.held_out
    computer = training.computer
    kT = computer.temperature
    times = generated.times * computer.mobility  # figures show times in units of 1 / (mobility E0)
    height, width = machine.prototypes.shape
    shown = computer.layout.slice(image_group(computer))

    def pictures(states: Any) -> Any:
        return np.asarray(states)[..., shown].reshape(*np.shape(states)[:-1], height, width)

    figures = {}
    chosen = np.linspace(0, process.steps, _PANELS).round().astype(int)
    noised = process.frames(NoiseKey(machine.config.seed).named("validation"), 0, 0, chosen)
    figures["noising"] = plot_noising(
        pictures(noised),
        chosen * machine.config.dynamics.dt * computer.mobility,
        f"Noising of a prototype of class {_plain(machine.prototypes.name(machine.prototypes.labels[0]))}",
    )
    panels = np.linspace(0, len(generated.times) - 1, _PANELS).round().astype(int)
    figures["generations"] = plot_generations(pictures(generated.shown[panels].swapaxes(0, 1)), times[panels])
    first = generated.final[:25, shown].astype(np.float64)
    correlations = machine.prototypes.correlations(first)
    best = np.abs(correlations).argmax(axis=1)
    figures["outputs"] = plot_outputs(
        first.reshape(-1, height, width),
        captions=[
            output_caption(machine.prototypes.name(machine.prototypes.labels[b]), row[b])
            for b, row in zip(best, correlations, strict=True)
        ],
        note="below each: class of the nearest prototype, and correlation $r$ with it",
    )
    figures["prototypes"] = plot_outputs(
        machine.prototypes.images[:25].reshape(-1, height, width),
        captions=[_plain(machine.prototypes.name(v)) for v in machine.prototypes.labels[:25]],
        label="value [1]",
    )
    hidden = np.setdiff1d(np.arange(computer.n), np.arange(shown.start, shown.stop))[:16]
    if len(hidden):
        weights = _rows(computer.couplings, hidden)[:, shown]
        title = "Couplings of hidden units to the visible layer"
        if training.windows:
            title += f", last of {len(training.windows)} time windows"
        figures["couplings"] = plot_couplings(weights.reshape(-1, height, width), hidden.tolist(), title)
    history = training.history
    curve = "trajectories" in history
    figures["loss"] = plot_loss(
        history["trajectories"] if curve else np.array([0.0, 1.0]),
        history["training"] if curve else None,
        history["validation"] if curve else np.array([initial, held_out.loss]),
        validation_steps=history["validation_trajectories"] if curve else None,
        floor=outcome.figures["loss_perfect"],
        # the curve follows one fixed trajectory, the untrained level is the mean over all held-out ones
        initial=None if curve else initial,
        xlabel="noising trajectories" if curve else "before and after training",
    )
    figures["heat"] = plot_heat(generated.ledger.total / kT)
    means = generated.ledger.means()
    figures["ledger"] = plot_ledger(
        times,
        {name: part / kT for name, part in (means | {"total": sum(means.values())}).items()},
        spread=generated.ledger.heat.std(axis=1) / kT,
    )
    if comparison:
        figures["comparison"] = plot_comparison(comparison)
    return {name: png_bytes(figure) for name, figure in figures.items()}


def output_caption(name: str, correlation: float) -> str:
    """Return what stands below an output: class of the nearest prototype, and correlation with it."""
    return f"{_plain(name)}, $r$ = " + f"{correlation:.2f}".replace("-", "\u2212")


def _plain(name: str) -> str:
    """Return a name as it is: in a figure's text, a dollar begins a formula."""
    return name.replace("$", r"\$")


def _rows(couplings: Couplings, units: Any) -> Any:
    """Return rows of the symmetric matrix J, shape (units, n)."""
    chosen = np.zeros((len(units), couplings.n))
    chosen[np.arange(len(units)), units] = 1.0
    return couplings.product(chosen)
