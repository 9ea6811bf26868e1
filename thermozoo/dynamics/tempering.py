r"""Parallel tempering: one computer at several temperatures at once, whose states change places.

Between exchanges every rung of the ladder is a batch of its own at its own temperature. Then states of neighboring
rungs change places with Metropolis' probability, rungs 0 and 1, 2 and 3, ... after one round, 1 and 2, 3 and 4, ...
after the next, which leaves the product of the Boltzmann distributions of all rungs as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, instance, integer_array
from thermozoo.checkpoints.pieces import rounds as saved_rounds
from thermozoo.checkpoints.snapshot import Snapshots
from thermozoo.dynamics.engines import BatchState, Dynamics, Engine
from thermozoo.dynamics.ensemble import Ensemble
from thermozoo.dynamics.noise import UNIFORM_DRAWS, NoiseKey, check_numbers, uniforms
from thermozoo.dynamics.round_trips import RoundTrips
from thermozoo.dynamics.running import RunningMoments
from thermozoo.dynamics.simulation_arguments import engine_of
from thermozoo.dynamics.tempering_arguments import rung_states, rung_temperatures, tempered_computer
from thermozoo.dynamics.windows import PreparedDynamics

__all__ = ["RungObserver", "Tempering", "swap_probability"]

Array = npt.NDArray[np.float64]

#: The draw of the numbers that decide exchanges: below those of integrators' uniform numbers, above all normal ones.
_DRAW = UNIFORM_DRAWS - 1


def swap_probability(beta: npt.ArrayLike, other_beta: npt.ArrayLike, energy: Any, other_energy: Any) -> Array:
    r"""Return the probability with which the states of two rungs change places.

    .. math:: P = \min(1, e^{(\beta - \beta') (E - E')})

    with the inverse temperature :math:`\beta = 1 / k_B T` [1 / energy] and the energy E of the state of one rung, and
    :math:`\beta'`, E' those of the other. For the product of both Boltzmann distributions this is Metropolis' rule, so
    detailed balance holds.

    Parameters
    ----------
    beta, other_beta : array_like
        Inverse temperatures [1 / energy].
    energy, other_energy : array_like
        Energies of the states that are at them [energy].

    Examples
    --------
    The colder rung has the higher energy: they always change places.

    >>> from thermozoo.dynamics.tempering import swap_probability
    >>> swap_probability(2.0, 1.0, energy=1.0, other_energy=-1.0).item()
    1.0
    >>> round(swap_probability(2.0, 1.0, energy=-1.0, other_energy=1.0).item(), 4)
    0.1353
    """
    difference = (np.asarray(beta) - other_beta) * (np.asarray(energy) - other_energy)
    found: Array = np.exp(np.minimum(difference, 0.0))
    return found


class RungObserver(Protocol):
    """Looks at the states of all rungs."""

    def observe_rungs(self, step: int, x: npt.NDArray[Any]) -> None:
        """Look at states, shape (rungs, ladders, n), of which so many steps are done."""


class Tempering:
    r"""Ladders of replicas of one computer, under way.

    .. math:: p(x_1, \dots, x_R) \propto \prod_r e^{-V(x_r) / k_B T_r}

    A replica that has climbed to a hot rung comes down somewhere else, so cold rungs leave valleys in which they would
    stay for themselves. The trajectory of rung r in ladder m has the number r ladders + m, and what decides an exchange
    has a counter of its own: bits depend on the seed and on what was asked for, not on threads. The integrator has to
    keep Boltzmann's law: the heat bath does exactly, that of continuous units up to the error of its time step.

    Parameters
    ----------
    dynamics : Dynamics
        Of one computer, without schedule, and with an integrator whose units have a state and nothing else; the
        computer's own temperature is not used.
    temperatures : array_like, shape (rungs,)
        kT of each rung, rising [energy].
    initial : array_like, shape (ladders, n) or (rungs, ladders, n)
        Initial states; those of a ladder are given to all of its rungs.
    key : NoiseKey
        Seed and stream of all random numbers.
    engine : Engine or str
        ``"reference"``, ``"compiled"`` or ``"auto"``, as of `thermozoo.simulate`.
    numbers : array_like of int, shape (ladders,), optional
        Numbers of the ladders, where they are some of more (default: from 0 on). What each does depends on its own and
        on `among` alone, but for the rounding of energies, which depends on the batch.
    among : int, optional
        How many ladders there are in all (default: these).

    Attributes
    ----------
    step, rounds : int
        Steps done, and exchanges tried.
    states : ndarray, shape (rungs, ladders, n)
        The state at each rung.
    energies : ndarray, shape (rungs, ladders)
        Its energy [energy].
    replicas : ndarray of int, shape (rungs, ladders)
        Which replica of the ladder it is, by the rung where it began.
    moments : RunningMoments
        Mean and variance of the energy by ladder and rung, over the rounds, each before its exchange.
    tried, accepted : ndarray of int, shape (rungs - 1,)
        Exchanges of each rung with the next, in all ladders.
    lowest_energy, lowest_state : ndarray, shape (ladders,) and (ladders, n)
        The lowest energy that was seen in each ladder, at the start and before each exchange, and its state.

    Raises
    ------
    ParameterError
        When temperatures do not rise from above zero, there are fewer than two, initial states are none of the
        units', or the dynamics is of another kind.
    ShapeError
        When the initial states do not fit.

    References
    ----------
    K. Hukushima and K. Nemoto, Exchange Monte Carlo method and application to spin glass simulations, J. Phys. Soc.
    Jpn. 65, 1604 (1996).

    Examples
    --------
    Two spins, strongly coupled: by itself the cold rung would flip both once in e^10 sweeps.

    >>> import numpy as np, thermozoo as tz
    >>> pair = tz.assemble({"spins": 2}, tz.get("spin"), tz.get("dense")).with_couplings({(0, 1): -1.0})
    >>> dynamics = tz.Dynamics(pair, tz.get("heat-bath"), dt=1.0)
    >>> ladder = tz.Tempering(dynamics, [0.1, 0.3, 1.0, 3.0], np.ones((50, 2)), key=tz.NoiseKey(1), engine="reference")
    >>> ladder.run(200)
    >>> bool(abs(ladder.states[0, :, 0].mean()) < 0.5), bool(ladder.round_trips.sum() > 50)
    (True, True)
    """

    def __init__(
        self,
        dynamics: Dynamics,
        temperatures: npt.ArrayLike,
        initial: npt.ArrayLike,
        *,
        key: NoiseKey,
        engine: Engine | str = "auto",
        numbers: npt.ArrayLike | None = None,
        among: int | None = None,
    ) -> None:
        computer = tempered_computer(dynamics)
        self.temperatures = rung_temperatures(temperatures)
        self.key: NoiseKey = instance("key", key, NoiseKey, "give NoiseKey(seed)")
        self.states = rung_states(initial, len(self.temperatures), dynamics, computer)
        rungs, ladders, _ = self.states.shape
        self._laws = [
            attrs.evolve(dynamics, computer=attrs.evolve(computer, temperature=float(kT))) for kT in self.temperatures
        ]
        chosen = engine_of(engine, self._laws[0], ladders, 1)
        self._prepared = [PreparedDynamics(chosen, law) for law in self._laws]
        self._computer = computer
        among = ladders if among is None else count("among", among, at_least=ladders)
        several = np.arange(ladders) if numbers is None else numbers
        self._ladders = integer_array("numbers", several, (ladders,), at_most=among - 1)
        self._numbers = np.arange(rungs, dtype=np.int64)[:, None] * among + self._ladders
        check_numbers(0, 0, self._numbers.ravel())
        self.step, self.rounds = 0, 0
        self.replicas = np.repeat(np.arange(rungs)[:, None], ladders, axis=1)
        self._trips = RoundTrips(self.replicas)
        self.tried = np.zeros(rungs - 1, dtype=np.int64)
        self.accepted = np.zeros(rungs - 1, dtype=np.int64)
        self.moments = RunningMoments()
        self.lowest_energy = np.full(ladders, np.inf)
        self.lowest_state = self.states[0].copy()
        self.energies = self._evaluated()
        self._sums = Snapshots(self._trips, self.moments)

    @staticmethod
    def check(dynamics: Dynamics) -> None:
        """Refuse a law of motion whose states cannot be exchanged by the energies of one computer.

        Raises
        ------
        ArgumentError, ParameterError
            When it has a schedule, auxiliary variables, baths or asymmetric couplings, or does not relax to the
            Boltzmann distribution.
        """
        tempered_computer(dynamics)

    @property
    def acceptance(self) -> Array:
        """Share of the exchanges of each rung with the next that were accepted, shape (rungs - 1,); nan where none."""
        with np.errstate(invalid="ignore"):
            found: Array = self.accepted / self.tried
        return found

    @property
    def round_trips(self) -> npt.NDArray[np.int64]:
        """Round trips, coldest to hottest and back, of each replica of each ladder, shape (rungs, ladders)."""
        return self._trips.counts.copy()

    def run(self, rounds: int, *, sweeps: int = 1, observe: Callable[[Tempering], None] | None = None) -> None:
        """Do rounds, each of some steps at every rung and a try to exchange states.

        Parameters
        ----------
        rounds : int
            How many.
        sweeps : int
            Steps of a round.
        observe : callable, optional
            Called with this ladder before each exchange.

        Raises
        ------
        NonFiniteError
            At the first non-finite state.
        ParameterError
            When noise cannot count the steps.
        """
        rounds, sweeps = count("rounds", rounds), count("sweeps", sweeps, at_least=1)
        check_numbers(self.step, rounds * sweeps, self._numbers[:0])
        for _ in range(rounds):
            for rung, prepared in enumerate(self._prepared):
                start = BatchState(self.states[rung], self.key, self._numbers[rung], self.step)
                batch = Ensemble(prepared, start, stretch=sweeps)
                batch.advance(sweeps)
                self.states[rung] = batch.states()
            self.step += sweeps
            self.energies = self._evaluated()
            self.moments.add(self.energies.T)
            if observe is not None:
                observe(self)
            self._exchange()

    def follow(
        self,
        steps: int,
        *,
        every: int,
        observers: Sequence[RungObserver] = (),
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Do steps at every rung, with an exchange after each few of them; a run around it saves ladders and observers.

        Parameters
        ----------
        steps : int
            How many.
        every : int
            Steps from one exchange to the next; what is left over in the end is a shorter round.
        observers : sequence of RungObserver
            Are shown the states before the first step and before each exchange.
        progress : callable, optional
            Called with the number of steps done since its last call.

        Raises
        ------
        NonFiniteError
            At the first non-finite state.
        ParameterError
            When noise cannot count the steps.
        """
        steps, every = count("steps", steps), count("every", every, at_least=1)
        told: Callable[[int], None] = (lambda amount: None) if progress is None else progress
        held = Snapshots(*observers)

        def look(ladders: Tempering) -> None:
            for one in observers:
                one.observe_rungs(ladders.step, ladders.states)

        def put(value: Any) -> None:
            self.restore(value[0])
            held.put(value[1])

        for k in saved_rounds(
            "tempering",
            -(-steps // every),
            lambda: (self.checkpoint(), held.take()),
            put,
            progress=lambda done: told(min(done * every, steps)),
        ):
            if k == 0:
                look(self)
            sweeps = min(every, steps - k * every)
            self.run(1, sweeps=sweeps, observe=look)
            told(sweeps)

    #: What changes from round to round.
    _CHANGING = (
        "step",
        "rounds",
        "states",
        "energies",
        "replicas",
        "tried",
        "accepted",
        "lowest_energy",
        "lowest_state",
    )

    def checkpoint(self) -> dict[str, Any]:
        """Return all that it is beside its law of motion: numbers and arrays by name, which share nothing with it."""
        found: dict[str, Any] = {name: copy.copy(getattr(self, name)) for name in self._CHANGING}
        return {**found, "sums": self._sums.take()}

    def restore(self, value: Mapping[str, Any]) -> None:
        """Go on from what `checkpoint` of a ladder that was made alike returned, bit for bit."""
        for name in self._CHANGING:
            setattr(self, name, value[name])
        self._sums.put(value["sums"])

    def _evaluated(self) -> Array:
        """Return the energies of all states, and keep the lowest."""
        rungs, ladders, n = self.states.shape
        energies: Array = np.asarray(
            self._computer.energy(self.states.reshape(-1, n).astype(np.float64)), dtype=np.float64
        ).reshape(rungs, ladders)
        rung = energies.argmin(axis=0)
        here = np.arange(ladders)
        better = energies[rung, here] < self.lowest_energy
        self.lowest_energy[better] = energies[rung, here][better]
        self.lowest_state[better] = self.states[rung, here][better]
        return energies

    def _exchange(self) -> None:
        """Let states of every other pair of neighboring rungs change places."""
        rungs, ladders = self.energies.shape
        u = uniforms(self.key, self.rounds, self._ladders, rungs - 1, _DRAW).T
        below = np.arange(self.rounds % 2, rungs - 1, 2)
        beta = 1.0 / self.temperatures[:, None]
        chance = swap_probability(beta[below], beta[below + 1], self.energies[below], self.energies[below + 1])
        accepted = u[below] < chance
        self.tried[below] += ladders
        self.accepted[below] += accepted.sum(axis=1)
        pair, ladder = np.nonzero(accepted)
        low, high = below[pair], below[pair] + 1
        for kept in (self.states, self.energies, self.replicas):
            kept[low, ladder], kept[high, ladder] = kept[high, ladder], kept[low, ladder]
        self._trips.observe(self.replicas)
        self.rounds += 1
