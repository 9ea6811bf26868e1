"""The figures of a run, drawn from its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import Couplings
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.plotting.animation import generation_gif
from thermozoo.plotting.comparison import plot_comparison
from thermozoo.plotting.couplings import plot_couplings
from thermozoo.plotting.generations import plot_generations
from thermozoo.plotting.heat import plot_heat
from thermozoo.plotting.ledger import plot_ledger
from thermozoo.plotting.loss import plot_loss
from thermozoo.plotting.noising import plot_noising
from thermozoo.plotting.outputs import plot_outputs
from thermozoo.plotting.style import png_bytes
from thermozoo.runs.machine import Machine
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.place import FIGURES
from thermozoo.runs.prototypes import Prototypes
from thermozoo.runs.results import ComparisonRow
from thermozoo.training.noising import NoisingProcess, image_group

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Results", "draw_figures", "draw_results", "output_caption", "plot_losses"]

#: Times at which images are shown.
_PANELS = 11

Array = npt.NDArray[np.floating[Any]]

#: Draws a figure and returns its file.
Drawing = Callable[[], bytes]


@attrs.frozen(eq=False)
class Results:
    """What a run folder holds and figures show.

    Parameters
    ----------
    computer : Computer
        The trained computer.
    windows : int
        Time windows of generation.
    prototypes : Prototypes
        What it was trained on.
    times : ndarray, shape (observations,)
        Times of the observations [1 / (mobility E0)].
    final : ndarray, shape (samples, n)
        States at the end.
    shown : ndarray, shape (observations, trajectories, n)
        States of the first trajectories over time.
    heat : dict of str to ndarray, shape (observations, samples)
        Heat released so far by term [kT].
    comparison : sequence of ComparisonRow
        One row a method.
    """

    computer: Computer
    windows: int
    prototypes: Prototypes
    times: Array
    final: Array
    shown: Array
    heat: Mapping[str, Array]
    comparison: Sequence[ComparisonRow] = ()

    @property
    def image_units(self) -> slice:
        """The units that show the image."""
        return self.computer.layout.slice(image_group(self.computer))

    def pictures(self, states: Any) -> Any:
        """Return the images in states of shape (..., n)."""
        return np.asarray(states)[..., self.image_units].reshape(*np.shape(states)[:-1], *self.prototypes.shape)


def draw_figures(
    machine: Machine, process: NoisingProcess, outcome: Outcome, comparison: Sequence[ComparisonRow] = ()
) -> dict[str, Drawing]:
    """Return what draws each figure of a run, by name."""
    training, generated = outcome.training, outcome.generated
    kT = training.computer.temperature
    results = Results(
        computer=training.computer,
        windows=training.program.windows,
        prototypes=machine.prototypes,
        times=generated.times * training.computer.mobility,  # figures show times in units of 1 / (mobility E0)
        final=generated.final,
        shown=generated.shown,
        heat={name: part / kT for name, part in generated.ledger.by_term.items()},
        comparison=comparison,
    )
    drawings = draw_results(results) | {
        "noising": _drawing(lambda: _noising(machine, process, results)),
        "loss": _drawing(lambda: _loss(outcome)),
    }
    return {name: drawings[name] for name in FIGURES if name in drawings}


def draw_results(results: Results) -> dict[str, Drawing]:
    """Return what draws the figures of which a run folder holds all that they show, by name."""
    drawings: dict[str, Callable[[], Figure]] = {
        "generations": lambda: _generations(results),
        "outputs": lambda: _outputs(results),
        "prototypes": lambda: _prototypes(results),
        "heat": lambda: plot_heat(sum(part[-1] for part in results.heat.values())),
        "ledger": lambda: _ledger(results),
    }
    if _hidden(results).size:
        drawings["couplings"] = lambda: _couplings(results)
    if results.comparison:
        drawings["comparison"] = lambda: plot_comparison([attrs.asdict(row) for row in results.comparison])
    found = {name: _drawing(plot) for name, plot in drawings.items()} | {"generation": lambda: _animation(results)}
    return {name: found[name] for name in FIGURES if name in found}


def _drawing(plot: Callable[[], Figure]) -> Drawing:
    return lambda: png_bytes(plot())


def _noising(machine: Machine, process: NoisingProcess, results: Results) -> Figure:
    chosen = np.linspace(0, process.steps, _PANELS).round().astype(int)
    noised = process.frames(NoiseKey(machine.config.seed).named("validation"), 0, 0, chosen)
    return plot_noising(
        results.pictures(noised),
        chosen * machine.config.dynamics.dt * results.computer.mobility,
        f"Noising of a prototype of class {_plain(machine.prototypes.name(machine.prototypes.labels[0]))}",
    )


def _generations(results: Results) -> Figure:
    panels = np.linspace(0, len(results.times) - 1, _PANELS).round().astype(int)
    return plot_generations(results.pictures(results.shown[panels].swapaxes(0, 1)), results.times[panels])


def _animation(results: Results) -> bytes:
    layout = results.computer.layout
    groups = {name: layout.slice(name) for name in layout.groups}
    return generation_gif(results.shown, groups, image_group(layout), results.prototypes.shape)


def _outputs(results: Results) -> Figure:
    first = results.final[:25, results.image_units].astype(np.float64)
    correlations = results.prototypes.correlations(first)
    best = np.abs(correlations).argmax(axis=1)
    return plot_outputs(
        first.reshape(-1, *results.prototypes.shape),
        captions=[
            output_caption(results.prototypes.name(results.prototypes.labels[b]), row[b])
            for b, row in zip(best, correlations, strict=True)
        ],
        note="below each: class of the nearest prototype, and correlation $r$ with it",
    )


def _prototypes(results: Results) -> Figure:
    return plot_outputs(
        results.prototypes.images[:25].reshape(-1, *results.prototypes.shape),
        captions=[_plain(results.prototypes.name(v)) for v in results.prototypes.labels[:25]],
        label="value [1]",
    )


def _hidden(results: Results) -> npt.NDArray[np.int64]:
    """Return the first units that show no image."""
    shown = results.image_units
    return np.setdiff1d(np.arange(results.computer.n), np.arange(shown.start, shown.stop))[:16]


def _couplings(results: Results) -> Figure:
    hidden = _hidden(results)
    weights = _rows(results.computer.couplings, hidden)[:, results.image_units]
    title = "Couplings of hidden units to the visible layer"
    if results.windows > 1:
        title += f", last of {results.windows} time windows"
    return plot_couplings(weights.reshape(-1, *results.prototypes.shape), hidden.tolist(), title)


def _loss(outcome: Outcome) -> Figure:
    history = outcome.training.history
    if "trajectories" not in history:
        return plot_losses(outcome.initial, outcome.held_out.loss, outcome.figures.loss_perfect)
    return plot_loss(
        history["trajectories"],
        history["training"],
        history["validation"],
        validation_steps=history["validation_trajectories"],
        floor=outcome.figures.loss_perfect,
        # the curve follows one fixed trajectory, the untrained level is the mean over all held-out ones
        initial=outcome.initial,
        xlabel="noising trajectories",
    )


def plot_losses(initial: float, final: float, perfect: float | None) -> Figure:
    """Return the figure of the held-out loss before and after a training that has no curve."""
    return plot_loss(
        np.array([0.0, 1.0]), None, np.array([initial, final]), floor=perfect, xlabel="before and after training"
    )


def _ledger(results: Results) -> Figure:
    total = np.sum(list(results.heat.values()), axis=0)
    means = {name: part.mean(axis=1) for name, part in results.heat.items()}
    return plot_ledger(results.times, means | {"total": total.mean(axis=1)}, spread=total.std(axis=1))


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
