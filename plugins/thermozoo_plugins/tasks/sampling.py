"""What is observed of chains in equilibrium, and the figures that it gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.sample_figures import SampleFigures
from thermozoo_plugins.tasks.tempering import Ladders

if TYPE_CHECKING:
    import xarray

__all__ = ["Watch", "figures_of", "samples_of", "with_ladders", "with_power"]

Array = npt.NDArray[np.floating[Any]]

#: By how much of what was seen in relaxation a histogram reaches beyond it.
_MARGIN = 0.5


class Watch:
    """Observes states and energies of all chains, and adds up; what it keeps does not grow with the duration.

    Parameters
    ----------
    computer : Computer
        Whose energy.
    units : tuple of int
        Units with covariances, histograms and a trace.
    bins : int
        Bins of each histogram.
    observations : int
        How many there will be.
    traced : int
        Observations that the trace keeps at most.
    read : callable
        What is read of states; energies are those of the states.
    """

    #: What is added up, by chain.
    _OF_CHAINS = ("states", "energy", "histogram", "trace")

    def __init__(
        self,
        computer: Any,
        units: tuple[int, ...],
        bins: int,
        observations: int,
        traced: int,
        read: Callable[[Array], Array] = lambda states: states,
    ) -> None:
        from thermozoo import RunningMoments, Trace

        self.computer, self.units, self.bins, self.read = computer, units, bins, read
        self.states = RunningMoments(units)
        self.energy = RunningMoments()
        self.trace = Trace(observations, traced)
        free = [p for g, p in computer.onsite.potentials.items() if g not in computer.layout.clamped]
        self.confined = all(p.states is None and p.period is None for p in free)
        self._skipped = False

    def edges_of(self, x: Array) -> Array:
        """Return edges of bins, of each quantity, by what chains look like once they have relaxed."""
        seen = self.seen(x)
        return self.edges_between(seen.min(axis=0), seen.max(axis=0))

    def edges_between(self, low: Array, high: Array) -> Array:
        """Return edges of bins, of each quantity, by the least and the largest that was seen of it."""
        low, high = low.copy(), high.copy()
        # of units all chains have the same law where their potentials are alike; one range for all compares them
        low[1:], high[1:] = low[1:].min(initial=0.0), high[1:].max(initial=0.0)
        margin = _MARGIN * np.where(high > low, high - low, 1.0)
        return np.linspace(low - margin, high + margin, self.bins + 1, axis=1)

    def begin(self, edges: Array) -> None:
        """Take these edges."""
        from thermozoo import RunningHistogram

        self.histogram = RunningHistogram(edges)

    def rows(self) -> dict[str, Any]:
        """Return all that it has added up, one row for each chain."""
        return {name: getattr(self, name).rows() for name in self._OF_CHAINS}

    def put_rows(self, rows: Mapping[str, Any]) -> None:
        """Hold what `rows` of others, who watched parts of the chains, returned of all of them."""
        for name in self._OF_CHAINS:
            getattr(self, name).put_rows(rows[name])

    def seen(self, x: Array) -> Array:
        """Return energy [kT] and what is read of shown units, of each chain."""
        return self._seen(self.read(x), self.computer.energy(x))

    def _seen(self, x: Array, energy: Array) -> Array:
        return np.concatenate([energy[:, None] / self.computer.temperature, x[:, self.units]], axis=1)

    def start(self) -> None:
        """Do nothing: one watch observes one simulation."""

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Add an observation; the first one, before any step, is left out."""
        if not self._skipped:
            self._skipped = True
            return
        x = x.astype(np.float64)
        readings = self.read(x)
        seen = self._seen(readings, self.computer.energy(x))
        virial = np.zeros(len(x))
        if self.confined:
            free = self.computer.layout.free
            virial = np.einsum("ci,ci->c", x[:, free], self.computer.gradient(x)[:, free])
            virial /= self.computer.temperature * free.sum()
        self.states.add(readings)
        self.energy.add(np.stack([seen[:, 0], virial], axis=1))
        self.histogram.add(seen)
        self.trace.add(seen)

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes the sums take, which do not depend on the observations."""
        shown = len(self.units)
        kept = -(-observations // self.trace.every)
        return 8 * trajectories * (3 * n + shown**2 + (shown + 1) * (self.bins + kept))


def _mean(by_chain: Array) -> tuple[Any, Any]:
    """Return the mean over chains, along the first axis, and its standard error by their spread."""
    by_chain = np.asarray(by_chain, dtype=np.float64)
    return by_chain.mean(axis=0), by_chain.std(axis=0, ddof=1) / math.sqrt(len(by_chain))


def with_power(figures: SampleFigures, power: Array) -> SampleFigures:
    """Return figures with the work that each chain took in a unit of time, shape (chains,) [kT mobility E0]."""
    mean, se = _mean(power)
    return attrs.evolve(figures, power_kT=float(mean), power_se_kT=float(se))


def with_ladders(figures: SampleFigures, ladders: Ladders) -> SampleFigures:
    """Return figures with what is known of the exchanges of ladders, of which chains are the coldest rungs."""
    trips, trips_se = _mean(ladders.round_trips.astype(np.float64))
    return attrs.evolve(
        figures,
        temperatures=ladders.temperatures,
        acceptance=ladders.acceptance,
        round_trips=float(trips),
        round_trips_se=float(trips_se),
    )


def figures_of(watch: Watch, heat: Array | None, step: float) -> SampleFigures:
    """Return the figures of chains; `step` is the time from one observation to the next [1/(mobility E0)].

    `heat` is None where chains are rungs of ladders.
    """
    from thermozoo import effective_sample_size, split_r_hat

    shown = list(watch.units)
    mean, mean_se = _mean(watch.states.mean[:, shown])
    variance, variance_se = _mean(watch.states.variance_about_all[:, shown])
    (energy, virial), (energy_se, virial_se) = _mean(watch.energy.mean)
    spread, _ = _mean(watch.energy.variance_about_all)
    heat_mean, heat_se = (None, None) if heat is None else map(float, _mean(heat))
    trace = watch.trace.values
    moving = [k for k, one in enumerate(trace) if np.ptp(one) > 0]
    lag = step * watch.trace.every
    times = {k: lag * trace[k].size / effective_sample_size(trace[k], ranked=False) for k in moving}
    known = {"virial": 1.0} if watch.confined else {}
    return SampleFigures(
        chains=len(watch.states.mean),
        observations=watch.states.count,
        duration=step * watch.states.count,
        units=tuple(shown),
        mean=tuple(mean.tolist()),
        mean_se=tuple(mean_se.tolist()),
        variance=tuple(variance.tolist()),
        variance_se=tuple(variance_se.tolist()),
        energy_kT=float(energy),
        energy_se_kT=float(energy_se),
        energy_std_kT=math.sqrt(spread[0]),
        heat_mean_kT=heat_mean,
        heat_se_kT=heat_se,
        autocorrelation_time_energy=times.get(0, math.nan),
        autocorrelation_time_slowest=max(times.values(), default=math.nan),
        effective_samples_energy=effective_sample_size(trace[0], ranked=False),
        effective_samples_least=min((effective_sample_size(trace[k]) for k in moving), default=math.nan),
        r_hat=max((split_r_hat(trace[k]) for k in moving), default=math.nan),
        virial=float(virial) if known else None,
        virial_se=float(virial_se) if known else None,
        reference=known,
        error_bars={name: float(virial_se) for name in known},
    )


def samples_of(watch: Watch, step: float) -> xarray.Dataset:
    """Return moments, histograms and autocorrelations, with dimensions and units."""
    import xarray

    from thermozoo import autocorrelation

    mean, mean_se = _mean(watch.states.mean)
    variance, variance_se = _mean(watch.states.variance_about_all)
    covariance, covariance_se = _mean(watch.states.covariance_about_all)
    density, density_se = _mean(watch.histogram.density)
    middles = (watch.histogram.edges[:, 1:] + watch.histogram.edges[:, :-1]) / 2
    trace = watch.trace.values
    correlation = np.stack([autocorrelation(one) for one in trace])
    pair, of_pair = ("shown", "other"), ("quantity", "bin")
    return xarray.Dataset(
        {
            "mean": ("unit", mean, {"long_name": "mean state"}),
            "mean_se": ("unit", mean_se, {"long_name": "standard error of the mean"}),
            "variance": ("unit", variance, {"long_name": "variance of the state"}),
            "variance_se": ("unit", variance_se, {"long_name": "standard error of the variance"}),
            "covariance": (pair, covariance, {"long_name": "covariance of shown units"}),
            "covariance_se": (pair, covariance_se, {"long_name": "standard error of the covariance"}),
            "density": (of_pair, density, {"long_name": "probability density"}),
            "density_se": (of_pair, density_se, {"long_name": "standard error of the density"}),
            "value": (of_pair, middles, {"long_name": "middle of the bin; energy in kT"}),
            "autocorrelation": (("quantity", "lag"), correlation, {"long_name": "autocorrelation over all chains"}),
            "unit_shown": ("shown", np.array(watch.units, dtype=np.int64)),
        },
        coords={
            "quantity": ("quantity", ["energy", *(f"unit {unit}" for unit in watch.units)]),
            "lag": ("lag", step * watch.trace.every * np.arange(trace.shape[2]), {"units": "1 / (mobility E0)"}),
        },
    )
