"""Annealing of a problem without a file: spins that are cooled, or held at a ladder of temperatures."""

from __future__ import annotations

import math
import secrets
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import choice, count, instance, positive
from thermozoo.computer.coloring import units_by_color
from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.connect import Uncoupled
from thermozoo.computer.couplings import DenseCouplings, EdgeCouplings
from thermozoo.dynamics.engines import PRECISIONS, Dynamics, Engine, engine_named, reference_seconds, why_not
from thermozoo.dynamics.equilibrium import equilibrium_states
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.simulate import BYTE_LIMIT, simulate
from thermozoo.dynamics.simulation_arguments import check_progress
from thermozoo.dynamics.tempering import Tempering
from thermozoo.errors import ArgumentError, BudgetError, ParameterError
from thermozoo.front.annealed import Annealed
from thermozoo.front.plugins import get
from thermozoo.interfaces import Integrator
from thermozoo.problems.exchange import ising_problem
from thermozoo.problems.problem import IsingProblem
from thermozoo.problems.temperatures import local_scales, temperature_range

__all__ = ["METHODS", "anneal", "spins_of"]

Array = npt.NDArray[np.floating[Any]]

#: How a read looks for its best state.
METHODS = ("anneal", "tempering")

#: How often the states of a read that is cooled are looked at, at most, and the sweeps between two looks, at least: a
#: look at densely coupled spins takes as long as tens of sweeps, as their fields are added up anew.
_LOOKS, _BETWEEN = 4, 100

#: Sweeps from one exchange of rungs to the next.
_EXCHANGE = 10

#: Share of all pairs from which on they are held as a whole block: a color each, which needs no search.
_DENSE = 0.5

#: Seconds of the reference engine from which on compiling pays.
_COMPILING = 2.0

#: How far temperatures may lie from the strengths of the problem: beyond, numbers of single precision have no room.
_MOST_APART = 1e20


def anneal(
    problem: Any,
    kind: str | None = None,
    *,
    reads: int = 32,
    sweeps: int = 1000,
    seed: int | None = None,
    hot: float | None = None,
    cold: float | None = None,
    method: str = "anneal",
    rungs: int | None = None,
    integrator: Integrator | str = "metropolis",
    engine: Engine | str = "auto",
    precision: str = "single",
    threads: int | None = None,
    weight: str = "weight",
    progress: Callable[[int], None] | None = None,
    byte_limit: int = BYTE_LIMIT,
) -> Annealed:
    r"""Look for the largest cut of a graph, or the least energy of spins or bits, by p-bits that are cooled.

    .. math:: E(s) = c + \sum_i h_i s_i + \sum_{i<j} J_{ij} s_i s_j, \qquad s_i \in \{-1, 1\}

    Each read begins with random spins, has random numbers of its own, and answers with the lowest energy that it has
    shown: the temperature falls geometrically, and states are looked at after each quarter of the sweeps, and of 100 at
    least. Of tempering a read is a ladder: spins at several temperatures, of which neighbors exchange their states
    every ten sweeps, and are looked at then.

    Parameters
    ----------
    problem : IsingProblem, BinaryQuadraticModel, Graph, sparse matrix, array_like or path
        What `thermozoo.ising_problem` takes.
    kind : str, optional
        ``"ising"``, ``"qubo"`` or ``"max-cut"``, where `problem` does not say it.
    reads, sweeps : int
        How many answers, and how often every spin is updated for each: of tempering at each rung.
    seed : int, optional
        Seed of all random numbers. Without it one is drawn; the result's ``seed`` says which.
    hot, cold : float, optional
        kT of the first sweep or hottest rung, and of the last sweep or coldest rung [energy] (default: twice the
        largest root mean square local field of a variable, and a twentieth of the smallest; see
        `thermozoo.problems.temperatures.temperature_range`).
    method : str
        ``"anneal"`` or ``"tempering"``.
    rungs : int, optional
        Temperatures of tempering, geometric between cold and hot (default: the root of the number of variables, 8 at
        least and 64 at most).
    integrator : Integrator or str
        An integrator that updates by color, or its name: ``"metropolis"`` falls lower in as many sweeps than
        ``"heat-bath"`` does.
    engine : Engine or str
        ``"auto"``, ``"compiled"``, ``"reference"`` or an engine. What auto takes depends on the amount of work alone,
        so that the same seed gives the same bits.
    precision : str
        ``"single"`` or ``"double"``, of fields and probabilities; energies are found in double precision.
    threads : int, optional
        Threads of the compiled engine (default: ``THERMOZOO_THREADS``, else one a processor); no bit depends on them.
    weight : str
        The edge attribute of a NetworkX graph that holds the weights.
    progress : callable, optional
        Called with the number of sweeps done since its last call.
    byte_limit : int
        Bytes that the reads may take.

    Returns
    -------
    Annealed
        ``states`` (reads, n) with ``energies`` and ``objective``, ``best``, ``assignment`` by label, and
        ``to_sampleset()`` for dimod.

    Raises
    ------
    BudgetError
        When reads and sweeps would take more than `byte_limit`.
    DataError, ParameterError, ShapeError
        When the source is no problem, or an argument is out of its range.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, Optimization by simulated annealing, Science 220, 671 (1983). K.
    Hukushima and K. Nemoto, Exchange Monte Carlo method and application to spin glass simulations, J. Phys. Soc. Jpn.
    65, 1604 (1996).

    Examples
    --------
    >>> import networkx as nx, thermozoo as tz
    >>> graph = nx.petersen_graph()
    >>> found = tz.anneal(graph, reads=8, sweeps=100, seed=1)
    >>> found.best, found.states.shape
    (12.0, (8, 10))
    >>> nx.cut_size(graph, [vertex for vertex, side in found.assignment.items() if side == 1])
    12
    """
    asked = ising_problem(problem, kind, weight=weight)
    reads, sweeps = count("reads", reads, at_least=1), count("sweeps", sweeps, at_least=1)
    choice("precision", precision, tuple(PRECISIONS))
    check_progress(progress)
    tempered = choice("method", method, METHODS) == "tempering"
    if rungs is not None and not tempered:
        raise ParameterError("rungs are those of tempering: leave them out, or take method='tempering'")
    if tempered:
        few = max(8, min(64, round(asked.n**0.5)))
        rungs = few if rungs is None else count("rungs", rungs, at_least=2)
    hottest, coldest = _temperatures(asked, hot, cold, tempered)
    key = NoiseKey(secrets.randbits(63) if seed is None else seed)
    _check_bytes(asked, reads, sweeps, rungs or 1, precision, count("byte_limit", byte_limit))
    by = get(integrator) if isinstance(integrator, str) else integrator
    instance("integrator", by, Integrator, "tz.get('metropolis')")
    computer, scale = spins_of(asked)
    law = Dynamics(computer, by, 1.0, precision)
    chosen = _engine(engine, threads, law, reads * (rungs or 1), sweeps)
    x = equilibrium_states(attrs.evolve(law, computer=computer.bare()), key, range(reads * (rungs or 1)))
    common: dict[str, Any] = {
        "problem": asked, "method": method, "sweeps": sweeps, "integrator": by.name, "engine": chosen.name,
        "seed": key.seed,
    }  # fmt: skip
    if rungs is None:
        cooling = np.geomspace(hottest, coldest, sweeps + 1)
        driven = attrs.evolve(law, steps=sweeps, schedule=Schedule({"temperature": cooling / scale}))
        watch = _Lowest(computer, reads)
        with warnings.catch_warnings():  # many colors, of a dense problem, which nobody can give fewer
            warnings.filterwarnings("ignore", message=".* colors for .* discrete units")
            simulate(
                driven, x, sweeps, key=key, every=max(_BETWEEN, math.ceil(sweeps / _LOOKS)), observers=watch,
                engine=chosen, progress=progress, byte_limit=byte_limit,
            )  # fmt: skip
        states, ends = watch.states, np.array([hottest, coldest])
        return Annealed(**common, states=states, energies=asked.energies(states), temperatures=ends)
    ladder = np.geomspace(coldest, hottest, rungs)
    ladders = Tempering(law, ladder / scale, x.reshape(rungs, reads, -1), key=key, engine=chosen)
    for done in range(0, sweeps, _EXCHANGE):
        now = min(_EXCHANGE, sweeps - done)
        ladders.run(1, sweeps=now)
        if progress is not None:
            progress(now)
    states = ladders.lowest_state.astype(np.int8)
    return Annealed(
        **common,
        states=states,
        energies=asked.energies(states),
        temperatures=ladder,
        acceptance=ladders.acceptance,
        round_trips=ladders.round_trips.sum(axis=0),
    )


def spins_of(problem: IsingProblem) -> tuple[Computer, float]:
    """Return the computer of p-bits whose energy is that of a problem but for its offset, and the unit of that energy.

    The unit is the power of two next to the largest local field: states then have the same bits, whatever unit a
    problem is stated in, and single precision has room for it.

    Parameters
    ----------
    problem : IsingProblem
        The problem.

    Examples
    --------
    >>> computer, unit = spins_of(IsingProblem([0, 8], [(0, 1)], [-6], offset=1))
    >>> unit, float(unit * computer.energy([-1.0, 1.0]) + 1)
    (8.0, 15.0)
    """
    largest = float(local_scales(problem).max())
    unit = 2.0 ** round(math.log2(largest)) if largest else 1.0
    n, strengths = problem.n, problem.strengths / unit
    couplings: DenseCouplings | EdgeCouplings = EdgeCouplings(n, problem.edges, strengths)
    pairs = n * (n - 1) // 2
    if len(strengths) > _DENSE * pairs:
        i, j = problem.edges.T
        vector = np.zeros(pairs)
        vector[i * n - i * (i + 1) // 2 + j - i - 1] = strengths  # row by row, of the upper half
        couplings = DenseCouplings(n, ((slice(0, n), slice(0, n)),), vector)
    bare = assemble({"spins": n}, get("spin"), Uncoupled())
    return attrs.evolve(bare, couplings=couplings, biases=problem.fields / unit), unit


class _Lowest:
    """Keeps the lowest state that each read has shown, by the energies of the computer."""

    def __init__(self, computer: Computer, reads: int) -> None:
        self.computer = computer
        self.energies = np.full(reads, np.inf)
        self.states = np.zeros((reads, computer.n), dtype=np.int8)

    def start(self) -> None:
        """Do nothing: it observes one simulation."""

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Look at the states."""
        energies = np.asarray(self.computer.energy(x.astype(np.float64)))
        better = energies < self.energies
        self.energies[better], self.states[better] = energies[better], x[better]

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return how many bytes it keeps."""
        return self.states.nbytes + self.energies.nbytes


def _temperatures(problem: IsingProblem, hot: Any, cold: Any, tempered: bool) -> tuple[float, float]:
    """Return the hottest and the coldest temperature."""
    by_itself = temperature_range(problem)
    scale = by_itself[0]
    given = {"hot": hot, "cold": cold}
    found = [positive(name, by_itself[k] if one is None else one) for k, (name, one) in enumerate(given.items())]
    for (name, one), kT in zip(given.items(), found, strict=True):
        if one is not None and not 1 / _MOST_APART < kT / scale < _MOST_APART:
            raise ParameterError(
                f"{name} is kT in the unit of the problem's energies, which are about {scale:.3g}, got {kT:g}: give a "
                "temperature that is nearer to them"
            )
    hottest, coldest = found
    if coldest > hottest or (tempered and coldest == hottest):
        raise ParameterError(
            f"cold must be {'below' if tempered else 'at most'} hot, got cold {coldest:g} and hot {hottest:g}"
            + (", by default: give hot and cold" if hot is None or cold is None else "")
        )
    return hottest, coldest


def _check_bytes(problem: IsingProblem, reads: int, sweeps: int, rungs: int, precision: str, limit: int) -> None:
    """Refuse reads and sweeps that take too much memory."""
    states = rungs * reads * problem.n * (4 * np.dtype(PRECISIONS[precision]).itemsize + 18)
    needed = states + reads * problem.n + 64 * sweeps
    if needed > limit:
        what = f" at {rungs} rungs" if rungs > 1 else ""
        raise BudgetError(
            f"{reads:,} reads of {problem.n:,} variables and {sweeps:,} sweeps{what} need {needed / 2**30:.1f} GiB, "
            f"above the limit of {limit / 2**30:.1f} GiB: take fewer, or raise byte_limit"
        )


def _engine(engine: Engine | str, threads: int | None, law: Dynamics, trajectories: int, sweeps: int) -> Engine:
    """Return the engine that is named, or, of auto, the one that suits the work."""
    if threads is not None:
        count("threads", threads, at_least=1, at_most=1024)
    if not isinstance(engine, str):
        if isinstance(engine, type) or not hasattr(engine, "prepare"):
            raise ArgumentError("engine must be auto, compiled, reference or an engine")
        if threads is not None:
            raise ParameterError("threads are those of the compiled engine: give them to the engine itself")
        return engine
    if threads is not None and engine == "reference":
        raise ParameterError("threads are those of the compiled engine, and the engine is 'reference': leave one out")
    name = engine
    if name == "auto":
        colors = len(units_by_color(law.one_computer))  # which the reference engine updates one by one
        seconds = reference_seconds(law.computer.n, trajectories, sweeps) + reference_seconds(0, 1, sweeps) * colors
        name = "compiled" if seconds > _COMPILING and why_not("compiled", law) is None else "reference"
    if name == "compiled" and threads is not None and why_not(name) is None:
        from thermozoo.dynamics.engines.compiled import CompiledEngine

        return CompiledEngine(threads)
    return engine_named(name)
