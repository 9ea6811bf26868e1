"""The figures of a run, drawn from its results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import Couplings
from thermozoo.computer.terms import pairwise
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.plotting.animation import generation_gif
from thermozoo.plotting.codes import plot_codes
from thermozoo.plotting.comparison import plot_comparison
from thermozoo.plotting.couplings import plot_couplings
from thermozoo.plotting.generations import plot_generations
from thermozoo.plotting.heat import plot_heat
from thermozoo.plotting.ledger import plot_ledger
from thermozoo.plotting.loss import plot_loss
from thermozoo.plotting.noising import plot_noising
from thermozoo.plotting.outputs import plot_outputs
from thermozoo.plotting.style import label_width, png_bytes
from thermozoo.runs.machine import Machine
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.place import FIGURES
from thermozoo.runs.prototypes import Prototypes
from thermozoo.runs.results import ComparisonRow
from thermozoo.training.noising import Noising, image_group
from thermozoo.training.noising_process import NoisingProcess

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Results", "code_of", "draw_figures", "draw_results", "output_caption", "strongest"]

#: Times at which images are shown.
_TIMES = 11

#: Images in a row of prototypes and of outputs, where what stands below them is short; rows; width of an image [inch].
_COLUMNS, _ROWS, _CELL = 10, 3, 0.485

#: Rows of outputs where classes were asked for, and of codes.
_CONDITIONS, _CODES = 20, 16

#: Hidden units whose couplings are shown; units whose couplings are looked at in one go; cosine of couplings that are
#: alike.
_STRONGEST, _BATCH, _ALIKE = 16, 256, 0.99

#: A signal with more values than these is an image, not a code.
_VALUES = 3

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
    condition : ndarray of int, shape (samples,), optional
        The class that every sample was asked for.
    """

    computer: Computer
    windows: int
    prototypes: Prototypes
    times: Array
    final: Array
    shown: Array
    heat: Mapping[str, Array]
    comparison: Sequence[ComparisonRow] = ()
    condition: npt.NDArray[np.integer[Any]] | None = None

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
        condition=generated.condition,
    )
    drawings = draw_results(results) | {"noising": _drawing(lambda: _noising(machine, process, results))}
    if "trajectories" in training.history:
        drawings["loss"] = _drawing(lambda: _loss(outcome))
    if code_of(results, machine.noising.signals) is not None:
        drawings["codes"] = _drawing(lambda: _codes(results, machine.noising))
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
    if _hidden(results).size and results.computer.couplings.order == 2:
        drawings["couplings"] = lambda: _couplings(results)
    if results.comparison:
        drawings["comparison"] = lambda: plot_comparison([attrs.asdict(row) for row in results.comparison])
    found = {name: _drawing(plot) for name, plot in drawings.items()} | {"generation": lambda: _animation(results)}
    return {name: found[name] for name in FIGURES if name in found}


def _drawing(plot: Callable[[], Figure]) -> Drawing:
    return lambda: png_bytes(plot())


def _noising(machine: Machine, process: NoisingProcess, results: Results) -> Figure:
    chosen = np.linspace(0, process.steps, _TIMES).round().astype(int)
    noised = process.frames(NoiseKey(machine.config.seed).named("validation"), 0, 0, chosen)
    return plot_noising(
        results.pictures(noised),
        chosen * machine.config.dynamics.dt * results.computer.mobility,
        f"Noising of a prototype of class {_plain(machine.prototypes.name(machine.prototypes.labels[0]))}",
    )


def _generations(results: Results) -> Figure:
    chosen = np.linspace(0, len(results.times) - 1, _TIMES).round().astype(int)
    return plot_generations(results.pictures(results.shown[chosen].swapaxes(0, 1)), results.times[chosen])


def _animation(results: Results) -> bytes:
    layout = results.computer.layout
    groups = {name: layout.slice(name) for name in layout.groups}
    return generation_gif(results.shown, groups, image_group(layout), results.prototypes.shape)


def _outputs(results: Results) -> Figure:
    return _first_outputs(results) if results.condition is None else _outputs_asked_for(results, results.condition)


def _first_outputs(results: Results) -> Figure:
    columns = _columns([results.prototypes.name(label) for label in results.prototypes.labels])
    first = results.final[: _ROWS * columns, results.image_units].astype(np.float64)
    correlations = results.prototypes.correlations(first)
    best = np.abs(correlations).argmax(axis=1)
    return plot_outputs(
        first.reshape(-1, *results.prototypes.shape),
        captions=[
            output_caption(results.prototypes.name(results.prototypes.labels[b]), row[b])
            for b, row in zip(best, correlations, strict=True)
        ],
        note="below each: class of the nearest prototype, and correlation $r$ with it",
        columns=min(columns, len(first)),
        cell=_CELL * _COLUMNS / columns,
    )


def _outputs_asked_for(results: Results, condition: npt.NDArray[np.integer[Any]]) -> Figure:
    """Show a row of the first outputs for each class that was asked for, in the order of asking."""
    asked = list(dict.fromkeys(condition.tolist()))[:_CONDITIONS]
    found = [np.flatnonzero(condition == label) for label in asked]
    columns = min(_COLUMNS, *(len(samples) for samples in found))
    chosen = np.concatenate([samples[:columns] for samples in found])
    shown = results.final[chosen, results.image_units].astype(np.float64)
    return plot_outputs(
        shown.reshape(-1, *results.prototypes.shape),
        columns=columns,
        left=[_plain(results.prototypes.name(label)) for label in asked],
        note="left of each row: the class that was asked for",
        cell=_CELL,
    )


def _prototypes(results: Results) -> Figure:
    names = [_plain(results.prototypes.name(label)) for label in results.prototypes.labels]
    columns = _columns(names)
    count = min(_ROWS * columns, len(names))
    return plot_outputs(
        results.prototypes.images[:count].reshape(-1, *results.prototypes.shape),
        captions=names[:count],
        label="value",
        columns=min(columns, count),
        cell=_CELL * _COLUMNS / columns,
    )


def _columns(names: Sequence[str]) -> int:
    """Return how many images stand in a row, so that their names do not run into each other."""
    widest = max(label_width(name) for name in names)
    return int(np.clip(_CELL * _COLUMNS // (widest + 0.05), 3, _COLUMNS))


def code_of(results: Results, signals: Array) -> slice | None:
    """Return the units of the largest group that shows no image but a code: signals of a few values."""
    layout = results.computer.layout
    groups = [layout.slice(name) for name in sorted(layout.groups, key=layout.sizes.__getitem__, reverse=True)]
    coded = (one for one in groups if one != results.image_units and 1 < len(np.unique(signals[:, one])) <= _VALUES)
    return next(coded, None)


def _codes(results: Results, noising: Noising) -> Figure:
    units = code_of(results, noising.signals)
    prototypes, count = results.prototypes, min(_CODES, len(noising.signals))
    return plot_codes(
        prototypes.images[:count].reshape(-1, *prototypes.shape),
        noising.signals[:count, units],
        [_plain(prototypes.name(label)) for label in prototypes.labels[:count]],
        starts=(np.flatnonzero(np.diff(noising.protocol_of[units])) + 1).tolist(),
    )


def _hidden(results: Results) -> npt.NDArray[np.int64]:
    """Return the units that show no image."""
    shown = results.image_units
    return np.setdiff1d(np.arange(results.computer.n), np.arange(shown.start, shown.stop))


def strongest(results: Results, count: int = _STRONGEST) -> tuple[npt.NDArray[np.int64], Array]:
    """Return the hidden units with the strongest couplings to the image, the strongest first, and these couplings.

    Strength is the root of the sum of squares. Of units that have learned the same, as copies of one node of a code do,
    the strongest is taken. Couplings are looked at in parts, so that no large matrix is formed.
    """
    couplings, image = results.computer.couplings, results.image_units
    units = _hidden(results)

    def parts() -> Iterator[Array]:
        for start in range(0, len(units), _BATCH):
            yield _rows(couplings, units[start : start + _BATCH])[:, image]

    units = units[np.argsort(-np.concatenate([np.linalg.norm(rows, axis=1) for rows in parts()]), kind="stable")]
    found: list[int] = []
    kept = np.zeros((0, len(range(results.computer.n)[image])))
    for k, row in enumerate(row for rows in parts() for row in rows):
        if len(found) == count:
            break
        if not (kept @ row > _ALIKE * np.linalg.norm(kept, axis=1) * np.linalg.norm(row)).any():
            found.append(int(units[k]))
            kept = np.concatenate([kept, row[None]])
    return np.array(found, dtype=np.int64), kept


def _couplings(results: Results) -> Figure:
    units, weights = strongest(results)
    count = len(_hidden(results))
    title = "Couplings of hidden units to the image"
    if len(units) < count:
        title += f", {len(units)} strong ones of {count:,}"
    if results.windows > 1:
        title += f", last of {results.windows} time windows"
    return plot_couplings(weights.reshape(-1, *results.prototypes.shape), units.tolist(), title)


def _loss(outcome: Outcome) -> Figure:
    history = outcome.training.history
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


def _ledger(results: Results) -> Figure:
    total = np.sum(list(results.heat.values()), axis=0)
    means = {name: part.mean(axis=1) for name, part in results.heat.items()}
    return plot_ledger(results.times, means | {"total": total.mean(axis=1)}, spread=total.std(axis=1))


def output_caption(name: str, correlation: float) -> str:
    """Return what stands below an output: class of the nearest prototype, and correlation with it."""
    return f"{_plain(name)}\n" + f"{correlation:.2f}".replace("-", "\u2212")


def _plain(name: str) -> str:
    """Return a name as it is: in a figure's text, a dollar begins a formula."""
    return name.replace("$", r"\$")


def _rows(couplings: Couplings, units: Any) -> Any:
    """Return rows of the symmetric matrix of the strengths of pairs, shape (units, n)."""
    chosen = np.zeros((len(units), couplings.n))
    chosen[np.arange(len(units)), units] = 1.0
    return pairwise(couplings).product(chosen)
