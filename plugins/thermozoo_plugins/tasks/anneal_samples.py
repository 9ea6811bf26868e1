"""What the task `anneal` keeps of its reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thermozoo_plugins.tasks.anneal_pictures import MOST_DRAWN
from thermozoo_plugins.tasks.anneal_problem import Asked
from thermozoo_plugins.tasks.anneal_reads import Reads
from thermozoo_plugins.tasks.anneal_watch import POINTS, WatchEnergies

if TYPE_CHECKING:
    import xarray

__all__ = ["bytes_of", "samples_of"]


def samples_of(asked: Asked, reads: Reads, watch: WatchEnergies) -> xarray.Dataset:
    """Return the answer of each read, how energies fell, and, of a problem that can be drawn, its couplings."""
    import xarray

    of_read = "read"
    problem, energy = asked.problem, {"units": "energy"}
    found = {
        "energy": (of_read, reads.energies, energy | {"long_name": "lowest energy of a read"}),
        "found": (of_read, watch.found, {"long_name": "sweeps after which it was seen", "units": "sweeps"}),
        "state": ((of_read, "variable"), reads.states, {"long_name": "spins of that state"}),
        "energy_mean": ("sweep", watch.mean, energy | {"long_name": "mean over reads of the energy of the spins"}),
        "energy_std": ("sweep", watch.spread, energy | {"long_name": "its standard deviation over reads"}),
        "energy_least": ("sweep", watch.least, energy | {"long_name": "lowest energy of all reads"}),
        "energy_so_far": ("sweep", watch.so_far, energy | {"long_name": "lowest energy of all reads so far"}),
    }
    if reads.heat is not None:
        found["heat"] = (of_read, reads.heat, {"long_name": "heat released", "units": "kT"})
    if reads.ladders is not None:
        found["round_trips"] = (of_read, reads.ladders.round_trips, {"long_name": "round trips of a ladder's replicas"})
    if problem.n <= MOST_DRAWN[0] and 0 < len(problem.edges) <= MOST_DRAWN[1]:
        found["pair"] = (("coupling", "end"), problem.edges, {"long_name": "variables of a coupling"})
        found["strength"] = ("coupling", problem.strengths, energy | {"long_name": "its strength"})
        if asked.planted is not None:
            found["planted"] = ("variable", asked.planted, {"long_name": "the planted state"})
            found["side"] = ((), asked.side, {"long_name": "sites along a side of the lattice"})
    labels = list(problem.labels)
    same = all(isinstance(one, type(labels[0])) for one in labels) and isinstance(labels[0], int | str)
    return xarray.Dataset(
        found,
        coords={
            "sweep": ("sweep", watch.steps, {"units": "sweeps"}),
            "variable": labels if same else list(map(str, labels)),
        },
    )


def bytes_of(asked: Asked, reads: int) -> int:
    """Return about how many bytes that will be."""
    n, pairs = asked.problem.n, len(asked.problem.edges)
    drawn = 24 * pairs if n <= MOST_DRAWN[0] and pairs <= MOST_DRAWN[1] else 0
    return int(reads * (n + 24) + 40 * POINTS + 9 * n + drawn)
