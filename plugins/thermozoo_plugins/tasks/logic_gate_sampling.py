"""What is counted of chains of a gate, and the figures that it gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.logic_gate_figures import LogicGateFigures
from thermozoo_plugins.tasks.logic_gate_hamiltonians import Gate, matches

if TYPE_CHECKING:
    import xarray

__all__ = ["Counter", "Found", "figures_of", "found_of", "samples_of"]

Array = npt.NDArray[np.floating[Any]]


class Counter:
    """Counts in which state of its bits each chain is; what it keeps does not grow with the duration.

    Parameters
    ----------
    trajectories, n : int
        Chains, and bits.
    """

    def __init__(self, trajectories: int, n: int) -> None:
        self.counts = np.zeros((trajectories, 2**n), dtype=np.int64)
        self.observations = 0
        self._place = 2 ** np.arange(n)[::-1]
        self._row = np.arange(trajectories)
        self._skipped = False

    def start(self) -> None:
        """Do nothing: one counter observes one simulation."""

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Count; the first observation, before any step, is left out."""
        if not self._skipped:
            self._skipped = True
            return
        self.counts[self._row, (x > 0) @ self._place] += 1
        self.observations += 1

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes the counts take, which do not depend on the observations."""
        return self.counts.nbytes


@attrs.frozen(eq=False)
class Found:
    """What chains of one pattern of clamped bits have shown.

    Parameters
    ----------
    pattern : str
        The clamped bits.
    mean, se, exact : ndarray, shape (states,)
        Probabilities, their standard errors, and enumeration.
    satisfied, satisfied_se, satisfied_exact : float
        The same of the share of rows of the truth table.
    effective : float
        Effective samples of all chains.
    """

    pattern: str
    mean: Array
    se: Array
    exact: Array
    satisfied: float
    satisfied_se: float
    satisfied_exact: float
    effective: float


def _mean(by_chain: Array) -> tuple[Any, Any]:
    """Return the mean over chains, along the first axis, and its standard error by their spread."""
    return by_chain.mean(axis=0), by_chain.std(axis=0, ddof=1) / math.sqrt(len(by_chain))


def found_of(gate: Gate, pattern: str, shares: Array, observations: int, temperature: float) -> Found:
    """Return what the shares of states that chains were seen in say, shape (chains, states)."""
    mean, spread = _mean(shares)
    # as one sample is in one state, N independent ones have variances p (1 - p) / N: the sum over states gives N
    scatter = float((spread**2).sum())
    most = float(len(shares) * observations)
    effective = min(most, float((mean * (1 - mean)).sum()) / scatter) if scatter > 0 else most
    open_states = np.array([matches(state, pattern) for state in gate.states])
    rows = np.array([gate.satisfied(state) for state in gate.states])
    satisfied, satisfied_se = _mean(shares[:, rows].sum(axis=1))
    exact = gate.boltzmann(temperature, pattern)
    ruled = not (rows & open_states).any()  # then no sample can be a row, and no error bar is needed
    return Found(
        pattern=pattern,
        mean=mean,
        se=np.where(open_states, np.maximum(spread, 1 / effective), 0.0),
        exact=exact,
        satisfied=float(satisfied),
        satisfied_se=0.0 if ruled else max(float(satisfied_se), 1 / effective),
        satisfied_exact=float(exact[rows].sum()),
        effective=effective,
    )


def _table(found: Sequence[Found], what: str) -> dict[str, float]:
    return {one.pattern: getattr(one, what) for one in found}


def figures_of(
    gate: Gate,
    chosen: Found,
    forwards: Sequence[Found],
    backwards: Sequence[Found],
    *,
    temperature: float,
    chains: int,
    observations: int,
    sweeps: int,
    heat: Array,
) -> LogicGateFigures:
    """Return the figures of what chains of all patterns have shown."""

    def by_state(values: Array) -> dict[str, float]:
        return dict(zip(gate.states, values.tolist(), strict=True))

    heat_mean, heat_se = _mean(heat)
    exact = chosen.exact
    # the mean of |z| is sqrt(2 / pi) for a standard normal z
    expected = float(np.sqrt(2 * exact * (1 - exact) / (math.pi * chosen.effective)).sum()) / 2
    return LogicGateFigures(
        gate=gate.name,
        bits=gate.names,
        clamp=chosen.pattern,
        temperature=temperature,
        chains=chains,
        observations=observations,
        sweeps=sweeps,
        possible=sum(gate.satisfied(state) and matches(state, chosen.pattern) for state in gate.states),
        probabilities=by_state(chosen.mean),
        probabilities_se=by_state(chosen.se),
        effective_samples=chosen.effective,
        total_variation=float(np.abs(chosen.mean - exact).sum()) / 2,
        total_variation_expected=expected,
        satisfied=chosen.satisfied,
        satisfied_se=chosen.satisfied_se,
        satisfied_exact=chosen.satisfied_exact,
        forwards=_table(forwards, "satisfied"),
        forwards_se=_table(forwards, "satisfied_se"),
        forwards_exact=_table(forwards, "satisfied_exact"),
        backwards=_table(backwards, "satisfied"),
        backwards_se=_table(backwards, "satisfied_se"),
        backwards_exact=_table(backwards, "satisfied_exact"),
        heat_mean_kT=float(heat_mean),
        heat_se_kT=float(heat_se),
        reference=by_state(exact),
        error_bars=by_state(chosen.se),
    )


def samples_of(gate: Gate, found: Sequence[Found]) -> xarray.Dataset:
    """Return the probabilities of all states under each pattern, with dimensions."""
    import xarray

    dims = ("pattern", "state")
    return xarray.Dataset(
        {
            "probability": (dims, np.stack([one.mean for one in found]), {"long_name": "share of samples"}),
            "probability_se": (dims, np.stack([one.se for one in found]), {"long_name": "its standard error"}),
            "probability_exact": (dims, np.stack([one.exact for one in found]), {"long_name": "by enumeration"}),
            "effective_samples": ("pattern", np.array([one.effective for one in found])),
        },
        coords={"pattern": [one.pattern for one in found], "state": list(gate.states)},
    )
