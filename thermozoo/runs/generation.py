"""Generation: equilibrate uncoupled units, switch the trained parameters on, let noise become an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.computer.computer import TERMS, Computer
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.interfaces import Integrator
from thermozoo.thermodynamics.heat import HeatLedger
from thermozoo.training.noising import window_edges

__all__ = ["LEDGER", "Generated", "Held", "generate", "generation_bytes"]

Array = npt.NDArray[np.floating[Any]]

#: Observations of states and energies during generation.
OBSERVATIONS = 50

#: Trajectories whose states are kept at every observation.
SHOWN = 3

#: Bytes of the energy of a sample by term, at every observation.
LEDGER = 8 * len(TERMS) * (OBSERVATIONS + 1)


@attrs.frozen(eq=False)
class Generated:
    """What a trained computer generated.

    Parameters
    ----------
    start : ndarray, shape (samples, n)
        States in equilibrium, before the parameters were switched on: what the untrained computer shows at any time.
    final : ndarray, shape (samples, n)
        States at the end.
    shown : ndarray, shape (observations, trajectories, n)
        States of the first trajectories over time.
    times : ndarray, shape (observations,)
        Times of the observations, from the moment the parameters were switched on [time].
    ledger : HeatLedger
        Heat by term, from that moment [energy].
    condition : ndarray of int, shape (samples,), optional
        What was asked of each sample.
    """

    start: Array
    final: Array
    shown: Array
    times: Array
    ledger: HeatLedger
    condition: npt.NDArray[np.int64] | None = None


def generate(
    untrained: Computer,
    computers: Sequence[Computer],
    integrator: Integrator,
    *,
    dt: float,
    steps: int,
    precision: str,
    samples: int,
    seed: int,
    engine: Engine,
    progress: Callable[[int], None] | None = None,
) -> Generated:
    """Equilibrate uncoupled units from x = 0 for `steps`, then run the trained computer for `steps`.

    Parameters
    ----------
    untrained : Computer
        What equilibrates: units without couplings, biases and trained on-site parameters.
    computers : sequence of Computer
        One computer, or one for each time window; switching between them does work, which the ledger counts by term.
    integrator, dt, precision, engine
        The dynamics.
    steps : int
        Steps of either phase.
    samples : int
        Trajectories.
    seed : int
        Seed of the noise.
    progress : callable, optional
        Called with the number of steps done since its last call; there are ``2 steps`` in all.
    """
    key = NoiseKey(seed)
    samples, steps = count("samples", samples, at_least=1), count("steps", steps, at_least=1)
    uncoupled = Dynamics(untrained.bare(), integrator, dt, precision)
    x: Array = np.zeros((samples, untrained.n))
    start = x = simulate(uncoupled, x, steps, key=key.named("equilibration"), engine=engine, progress=progress).final
    every = max(1, steps // OBSERVATIONS)
    edges = steps - window_edges(steps, len(computers))[::-1]
    kept: dict[int, Array] = {}
    terms: dict[int, dict[str, Array]] = {}
    work: dict[int, dict[str, Array]] = {}
    switching: dict[str, Array] = {name: np.zeros(samples) for name in TERMS}
    for w, computer in enumerate(computers):
        if w > 0:
            before, after = computers[w - 1].energy_terms(x), computer.energy_terms(x)
            switching = {name: switching[name] + after[name] - before[name] for name in TERMS}
        states, energies = KeptStates(SHOWN), EnergyTerms(computer)
        x = simulate(
            Dynamics(computer, integrator, dt, precision),
            x,
            int(edges[w + 1] - edges[w]),
            key=key.named("generation"),
            first_step=int(edges[w]),
            every=every,
            observers=[states, energies],
            engine=engine,
            progress=progress,
        ).final
        # both are stacked anew whenever they are asked for
        shown, of_states = states.states, energies.terms
        for k, step in enumerate(states.steps):
            kept[step] = shown[k]
            terms[step] = {name: values[k] for name, values in of_states.items()}
            work[step] = switching
    order = sorted(kept)
    return Generated(
        start=start,
        final=x,
        shown=np.stack([kept[s] for s in order]),
        times=np.array(order) * dt,
        ledger=HeatLedger(
            terms={name: np.stack([terms[s][name] for s in order]) for name in TERMS},
            work={name: np.stack([work[s][name] for s in order]) for name in TERMS} if len(computers) > 1 else {},
        ),
    )


class Held(NamedTuple):
    """Bytes that a sample takes: what is kept, and what is held beside it while it is generated."""

    kept: int
    meanwhile: int


def generation_bytes(n: int, itemsize: int, windows: int) -> Held:
    """Return the bytes of generating a sample of `n` units.

    Kept are its states, also in double precision, and the ledger: as it was observed, stacked and ordered in time, with
    work beside energies where there are windows. Meanwhile there are states side by side, copied, and their gradients.
    """
    return Held(n * (itemsize + 8) + 3 * LEDGER * (2 if windows > 1 else 1), n * (3 * itemsize + 2 * 8))
