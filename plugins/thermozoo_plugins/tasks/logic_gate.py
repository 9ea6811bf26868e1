"""Invertible logic: gates of p-bits, read forwards and backwards."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from thermozoo import Account, Cost, Phase, Picture, Share, Task, option
from thermozoo.errors import ParameterError, nearest, shown
from thermozoo_plugins.settings import whole
from thermozoo_plugins.tasks.logic_gate_account import account_of, clamped_bits
from thermozoo_plugins.tasks.logic_gate_figures import LogicGateFigures
from thermozoo_plugins.tasks.logic_gate_hamiltonians import GATES, Gate
from thermozoo_plugins.tasks.logic_gate_pictures import pictures_of
from thermozoo_plugins.tasks.logic_gate_sampling import Counter, Found, figures_of, found_of, samples_of

__all__ = ["LogicGate"]

#: Effective samples a chain below which chains are said not to have forgotten where they began.
_MIXED = 10


def _gate(value: Any) -> str:
    if not isinstance(value, str) or value not in GATES:
        raise ParameterError(
            f"no gate is called {shown(repr(value))}{nearest(str(value), GATES)}; gates: {', '.join(GATES)}"
        )
    return value


def _pattern(value: Any) -> str:
    if not isinstance(value, str):
        raise ParameterError(f'clamp must be text such as "..1", got {shown(repr(value))}')
    strange = next((one for one in value if one not in "01."), None)
    if strange is not None:
        raise ParameterError(f"clamp has a character for each bit: 0, 1, or a point where it is free; got {strange!r}")
    return value


def _fraction(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100:
        raise ParameterError(f"relaxation must lie above 0, and be at most 100 times the duration, got {value!r}")
    return float(value)


@attrs.frozen
class LogicGate(Task):
    r"""Let p-bits compute logic, forwards and backwards: the states of least energy are the rows of a truth table.

    .. math:: p(m) \propto e^{-E(m) / k_B T}, \qquad E(m) = -\sum_{i<j} J_{ij} m_i m_j - \sum_i h_i m_i

    Bits 0 and 1 are the states -1 and 1. With inputs clamped, the output bits follow; with outputs clamped, the input
    bits visit all that give them. Three kinds of chains are sampled by heat bath: under `clamp`, under every pattern of
    inputs, and under every pattern of outputs that the gate can have. Each chain has noise of its own, so that the
    spread of their shares is an error bar. The Boltzmann distribution is enumerated beside it, only to be compared.

    AND has J = [[0, -1, 2], [-1, 0, 2], [2, 2, 0]] and h = [1, 1, -2] in the order A, B, C. NAND is it with the output
    inverted, which changes the sign of that row and column of J and of h: J = [[0, -1, -2], [-1, 0, -2], [-2, -2, 0]],
    h = [1, 1, 2]. OR has all three inverted: J of AND, h = [-1, -1, 2]. The full adder has no hidden p-bits: in the
    order A, B, Cin, S, Cout it is J = [[0, -1, -1, 1, 2], [-1, 0, -1, 1, 2], [-1, -1, 0, 1, 2], [1, 1, 1, 0, -2],
    [2, 2, 2, -2, 0]] and h = 0, the square of A + B + Cin - S - 2 Cout over 2, less a constant.

    References
    ----------
    K. Y. Camsari, R. Faria, B. M. Sutton and S. Datta, Stochastic p-bits for invertible logic, Phys. Rev. X 7, 031014
    (2017), arXiv:1610.00377. J. Kaiser and S. Datta, Probabilistic computing with p-bits, Appl. Phys. Lett. 119, 150503
    (2021), arXiv:2108.09836.

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("logic-gate")
    >>> [phase.name for phase in config.task.phases(config)]
    ['chosen', 'forwards', 'backwards']
    """

    name = "logic-gate"
    tables = ("computer", "dynamics")
    figures = LogicGateFigures

    gate: str = option("and", converter=_gate, doc=f"which gate: {', '.join(GATES)}")
    clamp: str = option(
        "", converter=_pattern, doc='a character a bit, inputs first: 0, 1, or a point where it is free; "": all free'
    )
    chains: int = option(
        64, converter=whole("chains", 4), doc="trajectories of each pattern of clamped bits, 4 at least"
    )
    observe_every: int = option(1, converter=whole("observe_every"), doc="sweeps from one observation to the next")
    relaxation: float = option(
        0.25, converter=_fraction, doc="sweeps before the first observation, as a fraction of dynamics.duration"
    )

    @property
    def _of(self) -> Gate:
        return GATES[self.gate]

    @property
    def _clamp(self) -> str:
        return self.clamp or "." * self._of.n

    def check(self, config: Any, faults: Any) -> None:
        """Check its settings against the gate, and that the computer is one of p-bits."""
        gate = self._of
        order = f"the gate {gate.name!r} has {gate.n} bits, {' '.join(gate.names)}"
        if self.clamp and len(self.clamp) != gate.n:
            faults.add("task.clamp", f"{order}: expected as many characters, got {len(self.clamp)} ({self.clamp!r})")
        elif self.clamp and "." not in self.clamp:
            faults.add("task.clamp", f"{self.clamp!r} leaves no bit free, so that nothing is sampled: expected a point")
        steps = config.dynamics.steps
        if steps and not faults.found_in("dynamics") and steps // self.observe_every < 8:
            faults.add(
                "task.observe_every",
                f"expected 8 observations of a chain at least, got {steps // self.observe_every} of {steps:,} sweeps "
                "(duration / dt)",
                also=["dynamics.dt", "dynamics.duration"],
            )
        if faults.found_in("computer"):
            return
        if len(config.sizes) != 1:
            faults.add("computer.units", f'{order}, in one group: write "auto" for it, and leave the others out')
            return
        [(group, size)] = config.sizes.items()
        if group not in config.auto and size != gate.n:
            faults.add(f'computer.units.{group}', f'{order}, got {size}: write "auto"')  # fmt: skip
        if group in config.clamped:
            faults.add(f"computer.units.{group}", "task.clamp says which bits are clamped; leave clamped out")
        potential = config.potentials[group]
        if potential.name != "spin" or np.any(potential.h):
            faults.add(
                "computer.potential",
                "a gate is made of p-bits whose fields it states itself: expected potential 'spin' with h = 0",
            )
        if config.connectivity.name != "dense":
            faults.add(
                "computer.connectivity", f"a gate states its couplings itself: expected 'dense', got "
                f"{config.connectivity.name!r}; leave it out",
            )  # fmt: skip
        if config.interaction is not None and config.interaction.name != "bilinear":
            faults.add("computer.interaction", "a gate couples pairs by products of states; leave it out")
        if config.terms:
            faults.add("computer.terms", "a gate states its energy itself; leave them out")

    def sizes(self, config: Any, faults: Any) -> Mapping[str, int]:
        """Return the number of bits."""
        return dict.fromkeys(config.auto, self._of.n)

    def computer(self, config: Any, computer: Any, faults: Any) -> Any:
        """Return the computer with the couplings and biases of the gate."""
        return self._programmed(computer)

    def _programmed(self, computer: Any) -> Any:
        gate = self._of
        pairs = {(i, j): -float(gate.strengths[i][j]) for i in range(gate.n) for j in range(i + 1, gate.n)}
        return attrs.evolve(computer.with_couplings(pairs), biases=-np.array(gate.fields, dtype=np.float64))

    def _clamped(self, machine: Any, pattern: str) -> Any:
        """Return the dynamics in which the bits that a pattern gives are clamped: a group a bit."""
        from thermozoo import assemble

        whole_one = machine.computer
        [potential] = whole_one.onsite.potentials.values()
        computer = assemble(
            dict.fromkeys(self._of.names, 1),
            potential,
            machine.config.connectivity,
            temperature=whole_one.temperature,
            mobility=whole_one.mobility,
            clamped=[name for name, bit in zip(self._of.names, pattern, strict=True) if bit != "."],
        )
        return attrs.evolve(machine.dynamics, computer=machine.realised(self._programmed(computer)))

    def trajectories(self, config: Any) -> int:
        """Return the chains of the kind that has most patterns."""
        return self.chains * len(self._of.forwards())

    def _relaxing(self, config: Any) -> int:
        return max(1, math.ceil(self.relaxation * int(config.steps)))

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return the sampling of the chosen pattern, of those of inputs, and of those of outputs."""
        return [self._phase(config, number, *kind) for number, kind in enumerate(self._kinds())]

    def _kinds(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """Return name, title and clamped patterns of each phase."""
        return (
            ("chosen", "sampling", (self._clamp,)),
            ("forwards", "sampling with inputs clamped", self._of.forwards()),
            ("backwards", "sampling with outputs clamped", self._of.backwards()),
        )

    def _phase(self, config: Any, number: int, name: str, title: str, patterns: tuple[str, ...]) -> Phase:
        relaxing, trajectories = self._relaxing(config), self.chains * len(patterns)
        sweeps = 1 + relaxing + config.steps  # one draws random bits
        states = 2**self._of.n
        held = Share(
            trajectories * (24 * states + 64 * self._of.n), "task.chains", f"{trajectories:,} chains", lasts=True
        )

        def look(x: Any) -> None:
            Counter(len(x), x.shape[1]).observe(0, x)

        def seconds(of: Any) -> float:
            found: float = of.simulation(trajectories, sweeps, every=self.observe_every, look=look)
            return found

        return Phase(
            name,
            title,
            lambda run, progress: self._sample(run, progress, number, patterns),
            seconds,
            lambda size: (held,),
            pieces=lambda config: 2,
            work=lambda run: sweeps,
        )

    def _sample(self, run: Any, progress: Any, number: int, patterns: tuple[str, ...]) -> None:
        """Draw free bits at random, relax, and count; each pattern has chains of its own."""
        gate, computer = self._of, self._clamped(run.machine, patterns[0]).computer
        counter = Counter(self.chains * len(patterns), gate.n)
        start, relaxed = self._chains(run, number, patterns, observers=[counter], progress=progress)
        shares = (counter.counts / counter.observations).reshape(len(patterns), self.chains, -1)
        found = [
            found_of(gate, pattern, share, counter.observations, computer.temperature)
            for pattern, share in zip(patterns, shares, strict=True)
        ]
        released = (computer.energy(start.final) - computer.energy(relaxed.final)) / computer.temperature
        run.outcome = [*(run.outcome or []), (found, released)]
        if len(run.outcome) == 3:
            self._finish(run, counter.observations)

    def _chains(
        self, run: Any, number: int, patterns: tuple[str, ...], *, observers: Sequence[Any] = (), progress: Any = None
    ) -> tuple[Any, Any]:
        """Advance all chains; return how random bits and how relaxation ended."""
        dynamics, stream = self._clamped(run.machine, patterns[0]), 3 * number
        states = np.array([[1.0 if bit == "1" else -1.0 for bit in pattern] for pattern in patterns])
        x = np.repeat(states, self.chains, axis=0)
        # a free bit without couplings and bias is a fair coin
        bare = attrs.evolve(dynamics, computer=dynamics.computer.bare())
        start = run.simulate(x, 1, stream=stream, dynamics=bare, progress=progress)
        relaxed = run.simulate(
            start.final, self._relaxing(run.config), stream=stream + 1, dynamics=dynamics, progress=progress
        )
        run.simulate(
            relaxed.final,
            run.config.steps,
            stream=stream + 2,
            dynamics=dynamics,
            every=self.observe_every,
            observers=observers,
            progress=progress,
        )
        return start, relaxed

    def replayable(self, config: Any) -> int:
        """Return the chains: those of the clamp, then each forward pattern's, then each backward one's."""
        return self.chains * sum(len(patterns) for _, _, patterns in self._kinds())

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a chain draw its free bits, relax and be sampled again; samples are shares of all chains."""
        run.row = number
        for phase, (_, _, patterns) in enumerate(self._kinds()):
            if run.row < self.chains * len(patterns):
                self._chains(run, phase, patterns)
                break
            run.row -= self.chains * len(patterns)
        return {}

    def _finish(self, run: Any, observations: int) -> None:
        """Leave figures, probabilities and doubts."""
        ([chosen], heat), (forwards, _), (backwards, _) = run.outcome
        run.figures = figures_of(
            self._of,
            chosen,
            forwards,
            backwards,
            temperature=float(run.machine.computer.temperature),
            chains=self.chains,
            observations=observations,
            sweeps=run.config.steps,
            heat=heat,
        )
        run.samples = samples_of(self._of, [chosen, *forwards, *backwards])
        run.warnings += self._doubts(run.figures, [chosen, *forwards, *backwards])

    def _doubts(self, figures: LogicGateFigures, found: Sequence[Found]) -> list[str]:
        """Return what is to be doubted about the figures."""
        said = []
        if not figures.possible:
            said.append(
                f"the gate {self.gate!r} cannot have {clamped_bits(figures.bits, figures.clamp)}: it is frustrated, "
                "and no sample is a row of its truth table; clamp fewer bits, or others"
            )
        slowest = min(found, key=lambda one: one.effective)
        if slowest.effective < _MIXED * self.chains:
            said.append(
                f"chains have not forgotten where they began: {slowest.effective:,.0f} effective samples of "
                f"{self.chains:,} chains under {slowest.pattern!r}; take a longer dynamics.duration, or a higher "
                "computer.temperature"
            )
        return said

    def disk(self, config: Any, machine: Any) -> int:
        """Return the bytes of probabilities."""
        gate = self._of
        patterns = 1 + len(gate.forwards()) + len(gate.backwards())
        return int(8 * 3 * 2**gate.n * patterns)

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a chain."""
        return Cost(
            figures.sweeps * config.dynamics.dt, figures.heat_mean_kT, "one chain, whose sweeps last dynamics.dt"
        )

    def account(self, figures: Any) -> Account:
        """Return what was found, with its error bars."""
        return account_of(figures)

    def pictures(self, figures: Any, samples: Any) -> Mapping[str, Picture]:
        """Return the probabilities beside enumeration."""
        return pictures_of(figures, samples)

    def small(self) -> Mapping[str, Any]:
        """Return a config of as many p-bits as the gate has."""
        return {
            "computer": {"temperature": 1.0, "units": {"bits": self._of.n}, "potential": {"plugin": "spin"}},
            "dynamics": {"integrator": "heat-bath", "dt": 1.0, "duration": 40.0, "engine": "reference"},
        }
