"""What every phase of a run holds, and the key with which that grows.

The constants are from peaks of whole runs, measured phase by phase (VmHWM, reset in between).
"""

from __future__ import annotations

from thermozoo.runs.evaluation import evaluation_shared, held_out_each
from thermozoo.runs.executors import workers_of
from thermozoo.runs.generation import generation_bytes, ledger_bytes
from thermozoo.runs.imperfect import heat_counted
from thermozoo.runs.judge import judging_bytes
from thermozoo.runs.phase import Share, Size
from thermozoo.runs.terms import pattern_bytes
from thermozoo.runs.training import sampling_shared
from thermozoo.runs.workers import COMPILING, COUPLING, LIBRARIES, PREPARED, PREPARING, worker_processes, worker_shares
from thermozoo.shards.cutting import BLOCK, shard_size
from thermozoo.training.evaluate import evaluation_bytes
from thermozoo.training.methods import stretch_bytes, sums_bytes, trained_bytes, training_bytes
from thermozoo.training.noising import intensity_bytes
from thermozoo.training.noising_process import equilibria_bytes

__all__ = [
    "assembly",
    "comparison",
    "computer_assembly",
    "computer_preparation",
    "computer_results",
    "drawing",
    "evaluation",
    "figures",
    "generation",
    "held_out_bytes",
    "judging",
    "moments_bytes",
    "preparation",
    "results",
    "shard_bytes",
    "training",
]

#: Bytes of drawing.
_DRAWING = 30 * 2**20

#: Double precision numbers for each coupling: of gradients of the trained computer; of files, and while they are
#: written; of a second direction, and of matrices of both.
_GRADIENT, _WRITTEN, _WRITING, _DIRECTED = 6, 4, 2, 3


def _couplings(size: Size, count: int, lasts: bool = False) -> Share:
    return Share(count, "computer.units", f"{size.couplings:,} couplings", ("computer.connectivity",), lasts)


def _samples(size: Size, count: int, lasts: bool = False) -> Share:
    samples = size.config.generation.samples
    return Share(samples * count, "generation.samples", f"{samples:,} samples", ("computer.units",), lasts)


def _noising(size: Size, images: int) -> Share:
    return Share(equilibria_bytes(size.n, images), "computer.units", f"{size.n:,} units", ("data",))


def assembly(size: Size) -> tuple[Share, ...]:
    """Couplings, signals and the imposed intensities."""
    steps = size.config.steps
    protocols = 1 if size.machine is None else sum(len(part.noising.protocols) for part in size.machine.parts)
    return (
        _couplings(size, 8 * (COUPLING + size.beside_strength) * size.couplings, lasts=True),
        Share(8 * size.images * size.n, "data.per_class", "the images", ("data",), lasts=True),
        Share(pattern_bytes(size.config, size.images), "computer.terms", "the patterns of terms", lasts=True),
        Share(
            intensity_bytes(steps, protocols),
            "dynamics.duration",
            f"{steps:,} time steps (duration / dt)",
            ("dynamics.dt",),
            lasts=True,
        ),
    )


def preparation(size: Size) -> tuple[Share, ...]:
    """Libraries, kernels, and a try of everything in small."""
    return *computer_preparation(size), _noising(size, min(2, size.images))


def computer_preparation(size: Size) -> tuple[Share, ...]:
    """Libraries and kernels, of a task that needs a computer alone."""
    compiling = 0 if size.config.dynamics.engine == "reference" else COMPILING
    return (
        Share(LIBRARIES + compiling, "dynamics.memory_limit", lasts=True),
        _couplings(size, 8 * PREPARED * size.couplings, lasts=True),
        _couplings(size, 8 * PREPARING * size.couplings),
    )


def training(size: Size, *methods: str) -> tuple[Share, ...]:
    """The computer of every time window, and what the method holds meanwhile; of several methods, the largest."""
    table, pairs = size.config.training, size.n**2 if size.dense else 0
    meanwhile = []
    for method in methods or (table.method,):
        of_couplings, of_trajectories = training_bytes(method, size.couplings, pairs, size.images * table.cycles)
        cycles = Share(of_trajectories, "training.cycles", f"{table.cycles:,} cycles of training", ("data",))
        if sampling_shared(size.config, method, size.images // size.config.programs):
            meanwhile.append((*_summing(size, of_couplings), cycles))
            continue
        noising = _noising(size, size.images if of_trajectories else 0)
        states = stretch_bytes(method, size.n, size.config.steps, size.itemsize)
        followed = Share(states, "computer.units", f"{size.n:,} units", ("dynamics.precision",))
        meanwhile.append((_couplings(size, of_couplings), cycles, noising, followed))
    cause = f"{size.couplings:,} couplings"
    path = "computer.units"
    also: tuple[str, ...] = ("computer.connectivity",)
    if table.windows > 1:
        path, also, cause = "training.windows", (path, *also), f"{table.windows} time windows of {cause}"
    programs = size.config.programs
    if programs > 1:
        path, also, cause = "training.by_class", (path, *also), f"{programs} programs of {cause}"
    images = Share(2 * 8 * size.images * size.n, "data.per_class", "the images", ("data",))
    return (
        Share(programs * table.windows * trained_bytes(size.couplings), path, cause, also, lasts=True),
        images,
        *max(meanwhile, key=lambda shares: sum(share.bytes for share in shares)),
    )


def _summing(size: Size, solving: int) -> tuple[Share, ...]:
    """Workers that sum up noising trajectories; here, their sums come together, before the equations are solved."""
    trajectories = size.images // size.config.programs * size.config.training.cycles
    shard = _shard(size, trajectories)
    each = -(-moments_bytes(size, trajectories) // BLOCK)
    held = _held(trajectories) + 2 * _held(shard)  # beside a product, as it was read and as it is added
    return (
        _couplings(size, max(solving, held * _sums(size))),
        *worker_processes(size, trajectories, each, together=BLOCK, alone=equilibria_bytes(size.n, size.images)),
    )


def _shard(size: Size, trajectories: int) -> int:
    """Return how many trajectories a shard has, of workers elsewhere as far as it is known."""
    assert size.config.run is not None
    return min(trajectories, shard_size(trajectories, workers_of(size.config)[0], size.config.run.shard))


def _held(trajectories: int) -> int:
    """Return how many sums there are of blocks that come together in pairs."""
    return 1 + (-(-trajectories // BLOCK)).bit_length()


def _sums(size: Size) -> int:
    table, pairs = size.config.training, size.n**2 if size.dense else 0
    return sums_bytes(size.couplings, pairs, table.windows, len(table.potential_parameters))


def moments_bytes(size: Size, trajectories: int) -> int:
    """Return the bytes that a block of noising trajectories holds in a worker that sums up their moments."""
    states = stretch_bytes("moments", size.n, size.config.steps, size.itemsize)
    return _held(_shard(size, trajectories)) * _sums(size) + states


def evaluation(size: Size) -> tuple[Share, ...]:
    """Held-out trajectories, and the gradients of the trained computer; in workers where these judge."""
    held_out = size.config.training.held_out
    if evaluation_shared(size.config):
        alone = 8 * _GRADIENT * size.couplings + equilibria_bytes(size.n, size.images)
        trajectories = size.config.programs * held_out_each(size.config)
        return worker_processes(
            size, trajectories, held_out_bytes(size), together=BLOCK, computers=_programs(size), alone=alone
        )
    return (
        _couplings(size, 8 * _GRADIENT * size.couplings),
        _noising(size, min(held_out, size.images)),
        Share(
            evaluation_bytes(held_out, size.n, size.config.steps, size.itemsize),
            "training.held_out",
            f"{held_out:,} held-out trajectories",
            ("computer.units",),
        ),
    )


def held_out_bytes(size: Size) -> int:
    """Return the bytes that a held-out trajectory holds in a worker."""
    return evaluation_bytes(1, size.n, size.config.steps, size.itemsize)


def generation(size: Size) -> tuple[Share, ...]:
    """States and energies of all samples."""
    # of a schedule, and of forces without an energy, work is kept as of windows
    config = size.config
    booked = config.driven or heat_counted(config) is not None
    windows = max(config.training.windows, 2 if booked else 1)
    held = generation_bytes(size.n, size.itemsize, windows, size.terms)
    shares = (_samples(size, held.kept, lasts=True), _samples(size, held.meanwhile), *_workers(size))
    if not config.imperfections:
        return shares
    directed = 8 * _DIRECTED * size.couplings if heat_counted(config) is not None else 0
    realised = config.programs * config.training.windows * (trained_bytes(size.couplings) + directed)
    return *shares, _couplings(size, realised, lasts=True)


def shard_bytes(size: Size) -> int:
    """Return the bytes that a sample of a shard holds in a worker."""
    booked = size.config.driven or heat_counted(size.config) is not None
    held = generation_bytes(size.n, size.itemsize, max(size.config.training.windows, 2 if booked else 1), size.terms)
    return held.kept + held.meanwhile


def _workers(size: Size) -> tuple[Share, ...]:
    """Workers on this machine with their shards, and the products of all of them before they are joined."""
    samples = size.config.generation.samples
    return worker_shares(
        size, samples, shard_bytes(size), "generation.samples", cause="samples", computers=_programs(size)
    )


def _programs(size: Size) -> int:
    """Return how many computers are trained: of every window of every program."""
    return size.config.programs * size.config.training.windows


def judging(size: Size) -> tuple[Share, ...]:
    """Heat by term of all samples, and the images that the judge learns from."""
    images = 0 if size.machine is None else judging_bytes(size.machine.prototypes)
    return _samples(size, ledger_bytes(size.terms)), Share(images, "data.per_class", "the images", ("data",))


def results(size: Size) -> tuple[Share, ...]:
    """Files under way; of several windows or programs, in one array."""
    several = size.config.programs * size.config.training.windows
    return (
        _samples(size, ledger_bytes(size.terms)),
        Share(
            8 * size.couplings * several if several > 1 else 0,
            "training.windows" if size.config.training.windows > 1 else "training.by_class",
            f"{several:,} times {size.couplings:,} couplings",
            ("training.by_class", "computer.units"),
        ),
        _couplings(size, 8 * _WRITTEN * size.couplings, lasts=True),
        _couplings(size, 8 * _WRITING * size.couplings),
    )


def comparison(size: Size) -> tuple[Share, ...]:
    """What other methods hold beside the results, which are kept."""
    others = set(size.config.training.compare) - {size.config.training.method}
    phases = (training(size, *others), evaluation(size), generation(size)) if others else ()
    kept = [share for shares in phases for share in shares if share.lasts]
    meanwhile = [[share for share in shares if not share.lasts] for shares in phases]
    return *kept, *max(meanwhile, key=lambda shares: sum(share.bytes for share in shares), default=())


def figures(size: Size) -> tuple[Share, ...]:
    """Heat by term, a noising, and what draws."""
    return _samples(size, ledger_bytes(size.terms)), _noising(size, 1), Share(_DRAWING, "dynamics.memory_limit")


def computer_assembly(size: Size) -> tuple[Share, ...]:
    """Couplings and patterns, of a task that needs a computer alone."""
    return (
        _couplings(size, 8 * (COUPLING + size.beside_strength) * size.couplings, lasts=True),
        Share(pattern_bytes(size.config, 0), "computer.terms", "the patterns of terms", lasts=True),
    )


def computer_results(size: Size) -> tuple[Share, ...]:
    """Files under way, of such a task."""
    return (
        _couplings(size, 8 * _WRITTEN * size.couplings, lasts=True),
        _couplings(size, 8 * _WRITING * size.couplings),
    )


def drawing(size: Size) -> tuple[Share, ...]:
    """What draws."""
    return (Share(_DRAWING, "dynamics.memory_limit"),)
