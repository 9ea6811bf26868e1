"""Generation: uncoupled units in equilibrium, the trained parameters switched on, and noise that becomes an image."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, finite_array, instance, integer_array
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.dynamics.equilibrium import equilibrium_states, why_no_equilibrium
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.sharing import together
from thermozoo.dynamics.simulate import Simulation, simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.dynamics.variables import Variables
from thermozoo.errors import ParameterError
from thermozoo.runs.generated import SHOWN, Generated, joined
from thermozoo.shards.cutting import BLOCK, Shard
from thermozoo.thermodynamics.heat import HeatLedger, heat_by_window

__all__ = ["Held", "equilibration_of", "follow", "generate", "generation_bytes", "ledger_bytes"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]

#: Advances states by a law of motion, as `thermozoo.dynamics.simulate.simulate`.
Advance = Callable[..., Simulation]

#: Observations of states and energies during generation.
OBSERVATIONS = 50


def equilibration_of(untrained: Dynamics, asked: int | None = None) -> int:
    """Return how many steps units equilibrate from x = 0 before generation; 0: they start from exact samples.

    Parameters
    ----------
    untrained : Dynamics
        Of what equilibrates.
    asked : int, optional
        Steps that are asked for. None: 0 where the units have a Boltzmann distribution, else the steps of `untrained`.
    """
    if asked is not None:
        return count("equilibration", asked, at_least=1)
    return 0 if why_no_equilibrium(untrained) is None else untrained.steps


def generate(
    dynamics: Dynamics | Mapping[int, Dynamics],
    untrained: Dynamics,
    samples: int,
    *,
    seed: int,
    engine: Engine,
    equilibration: int | None = None,
    condition: npt.ArrayLike | None = None,
    clamped: npt.ArrayLike | None = None,
    progress: Callable[[int], None] | None = None,
    only: Shard | None = None,
) -> Generated:
    """Take uncoupled units in equilibrium, then run the trained computer, or program.

    Parameters
    ----------
    dynamics : Dynamics, or mapping of int to Dynamics
        Of the trained computer, with the steps of generation; or those of one for each condition. Switching between the
        windows of a program does work, which the ledger counts by term.
    untrained : Dynamics
        Of what is in equilibrium before; its couplings and biases are left out.
    samples : int
        Trajectories.
    seed : int
        Seed of the noise. That of a sample depends on its number alone, whatever is asked of it.
    engine : Engine
        What advances the states.
    equilibration : int, optional
        Steps for which the units equilibrate from x = 0 (default: none where they have a Boltzmann distribution, of
        which exact samples are drawn; else the steps of `untrained`).
    condition : array_like of int, shape (samples,), optional
        What is asked of each sample; where there are dynamics for each condition, it chooses them.
    clamped : array_like, shape (samples, clamped units), optional
        What clamped units hold from the beginning to the end (default: zero).
    progress : callable, optional
        Called with the number of steps of all samples done since its last call; there are those of equilibration and
        of generation in all.
    only : Shard, optional
        Those that are made (default: all). Energies are then summed up block by block, so that no bit of a sample
        depends on which others are made with it, if the engine's do not.

    Raises
    ------
    ParameterError
        When a condition has no dynamics, or the dynamics of conditions do not fit together.
    ShapeError
        When there are not as many conditions or clamped values as samples.
    """
    advance: Advance = functools.partial(simulate, engine=engine)
    begun = _begin(
        dynamics, untrained, samples, NoiseKey(seed), equilibration, condition, clamped, advance, progress, only
    )
    told = _Progress(progress, len(begun.numbers))
    parts = []
    for law, rows in begun.groups:
        with contextlib.nullcontext() if only is None else together(begun.numbers[rows] // BLOCK):
            parts.append(_run(law, begun, rows, advance, told))
    found = joined(parts, [begun.numbers[rows] for _, rows in begun.groups])
    return attrs.evolve(found, start=begun.start, equilibration=begun.equilibration, condition=begun.condition)


@attrs.frozen(eq=False)
class _Begun:
    """All samples before their generation, with their numbers, and what moves which of them, by row."""

    groups: list[tuple[Dynamics, Indices]]
    start: Array
    variables: Variables
    key: NoiseKey
    numbers: Indices
    equilibration: int
    condition: Indices | None


def _begin(
    dynamics: Dynamics | Mapping[int, Dynamics],
    untrained: Dynamics,
    samples: int,
    key: NoiseKey,
    equilibration: int | None,
    condition: npt.ArrayLike | None,
    clamped: npt.ArrayLike | None,
    advance: Advance,
    progress: Callable[[int], None] | None,
    only: Shard | None = None,
) -> _Begun:
    """Check what is asked for, and equilibrate; parameters as of `generate`."""
    samples = count("samples", samples, at_least=1)
    if condition is not None:
        condition = integer_array("condition", condition, (samples,), at_least=-(2**63))
    numbers = np.arange(samples, dtype=np.int64)
    if only is not None:
        numbers = numbers[only.first : only.stop]
        condition = None if condition is None else condition[numbers]
    groups = _groups(dynamics, condition, len(numbers))
    instance("untrained", untrained, Dynamics, "Dynamics(computer, integrator, dt, steps=...)")
    for one in (untrained, *(law for law, _ in groups)):
        count("steps", one.steps, at_least=1)
    uncoupled = attrs.evolve(untrained, computer=untrained.computer.bare())
    steps = equilibration_of(uncoupled, equilibration)
    exact, held = steps == 0, ~untrained.computer.layout.free
    start: Array = np.zeros((len(numbers), untrained.computer.n))
    if exact:
        start = equilibrium_states(uncoupled, key.named("generation"), numbers)
    if clamped is not None:
        given = finite_array("clamped", clamped, (samples, int(held.sum())), "one value for each clamped unit")
        start[:, held] = given[numbers]
    variables: Variables = {}
    if not exact:
        of = {"first_trajectory": int(numbers[0]), "key": key.named("equilibration")}
        equilibrated = advance(uncoupled, start, steps, progress=progress, **of)
        start, variables = equilibrated.final, equilibrated.variables
    return _Begun(groups, start, variables, key.named("generation"), numbers, steps, condition)


class _Progress:
    """Reports steps of all samples, where they are done in groups."""

    def __init__(self, report: Callable[[int], None] | None, samples: int) -> None:
        self._report, self._samples = report, samples
        self._done = self._told = 0

    def of(self, trajectories: int) -> Callable[[int], None] | None:
        """Return what is told of the steps of a group."""
        report = self._report
        if report is None:
            return None

        def steps(done: int) -> None:
            self._done += done * trajectories
            whole = self._done // self._samples
            report(whole - self._told)
            self._told = whole

        return steps


def _groups(
    dynamics: Dynamics | Mapping[int, Dynamics], condition: Indices | None, samples: int
) -> list[tuple[Dynamics, Indices]]:
    """Return which samples go by which law of motion."""
    if not isinstance(dynamics, Mapping):
        instance("dynamics", dynamics, Dynamics, "Dynamics(computer, integrator, dt, steps=...)")
        return [(dynamics, np.arange(samples))]
    names = ", ".join(map(str, dynamics)) or "none"
    if condition is None:
        raise ParameterError(f"with dynamics for each condition ({names}), say which each sample takes: condition=...")
    found = []
    for value in np.unique(condition).tolist():
        if value not in dynamics:
            raise ParameterError(f"no dynamics for the condition {value}; conditions: {names}")
        one = instance(f"dynamics of condition {value}", dynamics[value], Dynamics)
        found.append((one, np.flatnonzero(condition == value)))
    first, _ = found[0]
    for one, rows in found[1:]:
        for what in ("dt", "steps", "precision"):
            if getattr(one, what) != getattr(first, what):
                raise ParameterError(
                    f"dynamics of all conditions must have the same {what}, got {getattr(first, what)} and, of the "
                    f"condition {condition[rows[0]]}, {getattr(one, what)}"
                )
        if one.computer.layout != first.computer.layout or one.program.windows != first.program.windows:
            raise ParameterError(
                f"dynamics of all conditions must have the same units and as many windows, got {first.computer} and, "
                f"of the condition {condition[rows[0]]}, {one.computer}"
            )
    return found


def _run(law: Dynamics, begun: _Begun, rows: Indices, advance: Advance, told: _Progress) -> Generated:
    """Run the trained computer on some of the samples."""
    x, held = begun.start[rows], {name: values[rows] for name, values in begun.variables.items()}
    states, energies = KeptStates(SHOWN), EnergyTerms(law)
    shown = int((begun.numbers[rows] < SHOWN).sum())
    done = advance(
        law,
        x,
        law.steps,
        key=begun.key,
        variables=held or None,
        trajectories=begun.numbers[rows],
        every=max(1, law.steps // OBSERVATIONS),
        observers=[states, energies],
        progress=told.of(len(rows)),
    )
    work = [np.zeros(len(rows)), *(switch.work for switch in done.switches)]
    return Generated(
        start=x,
        final=done.final,
        shown=states.states[:, :shown],
        times=np.array(energies.steps) * law.dt,
        ledger=HeatLedger.of(energies, done.switches, done.driven),
        window_heat=heat_by_window(energies, done.switches, done.driven),
        window_work=np.stack(work),
        variables=done.variables,
    )


def follow(
    dynamics: Dynamics | Mapping[int, Dynamics],
    untrained: Dynamics,
    samples: int,
    sample: int,
    *,
    seed: int,
    advance: Advance,
    equilibration: int | None = None,
    condition: npt.ArrayLike | None = None,
    clamped: npt.ArrayLike | None = None,
) -> Simulation:
    """Return what one sample of `generate` did, alone, once `advance` has done the steps of its law of motion.

    Parameters
    ----------
    sample : int
        Its number.
    advance : callable
        As `thermozoo.dynamics.simulate.simulate`, which it is given the rows of all samples that have this law for.
    dynamics, untrained, samples, seed, equilibration, condition, clamped
        As of `generate`.
    """
    begun = _begin(dynamics, untrained, samples, NoiseKey(seed), equilibration, condition, clamped, advance, None)
    [(law, rows)] = [(law, rows) for law, rows in begun.groups if sample in rows]
    held = {name: values[rows] for name, values in begun.variables.items()}
    return advance(law, begun.start[rows], law.steps, key=begun.key, variables=held or None, trajectories=rows)


class Held(NamedTuple):
    """Bytes that a sample takes: what is kept, and what is held beside it while it is generated."""

    kept: int
    meanwhile: int


def ledger_bytes(terms: int) -> int:
    """Return the bytes of the energy of a sample by term, at every observation."""
    return 8 * terms * (OBSERVATIONS + 1)


def generation_bytes(n: int, itemsize: int, windows: int, terms: int) -> Held:
    """Return the bytes of generating a sample of `n` units whose energy has so many terms.

    Kept are its states, also in double precision, and the ledger: as it was observed, stacked and ordered in time, with
    work beside energies where there are windows. Meanwhile there are the first states, those that the engine works on,
    the last ones that were found finite, rows that are observed, and their gradients.
    """
    return Held(n * (itemsize + 8) + 3 * ledger_bytes(terms) * (2 if windows > 1 else 1), n * (4 * itemsize + 2 * 8))
