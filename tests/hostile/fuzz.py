"""Inputs by the thousand for everything that reads: a number and its seed give the same input everywhere.

``python tests/hostile/fuzz.py 100000`` runs the long campaign in portions, each in a process with limits of time and
memory, and prints inputs, refusals and tracebacks.
"""

from __future__ import annotations

import collections
import contextlib
import gzip
import io
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import attrs
import numpy as np
from damage import mutated
from invented import changed_tables, invented_tables
from readers import ARRAY, COO, CSV, GRAPH, IMAGES, LISTED, MARKET, PAIRS, SPARSE, readers

from thermozoo.computer.datasets import read_dataset
from thermozoo.computer.files import load_all, write_sealed
from thermozoo.config.load import load_config
from thermozoo.config.packaged import packaged, packaged_text
from thermozoo.errors import ThermozooError
from thermozoo.problems.edge_files import read_edges
from thermozoo.problems.files import read_problem
from thermozoo.registry.catalogue import catalogue, load_catalogue

#: Seconds that an input may take, and bytes that the process that reads it may hold.
SECONDS, MEMORY = 30, 6 * 2**30

PLUGIN = b'''import attrs
import sympy
from thermozoo import Potential, hookimpl, parameter

@attrs.frozen
class Mine(Potential):
    """Mine."""
    name = "mine"
    a: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

    def energy(self, x):
        return self.a * x**2 / 2 + sympy.cos(x)

@hookimpl
def thermozoo_potentials():
    return [Mine]
'''


@attrs.frozen
class Target:
    """What is fuzzed: ``make(rng)`` gives name and bytes of a file, ``read(path)`` reads it; its share of inputs."""

    make: object
    read: object
    share: float


def _of(name, *contents):
    return lambda rng: (name, mutated(rng.choice(contents), rng, contents))


def _read_plugin(path):
    """What is wrong with a plugin file is said by its records."""
    before = set(sys.modules)
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python about its text
        records = load_catalogue([], files=[path]).records
    for name in set(sys.modules) - before:
        if name.startswith("thermozoo_file_"):
            del sys.modules[name]
    if any(record.error for record in records):
        raise ThermozooError(records[0].error)


def _odd_values(rng, like):
    """An array that is like another, or nearly."""
    way = rng.randrange(8)
    values = np.array(like)
    if way == 0:
        return np.full(values.shape, rng.choice((np.nan, np.inf, -1e308, 0.0)))
    if way == 1 and values.dtype.kind in "iufb":
        flat = values.astype(float).ravel()
        if flat.size:
            flat[rng.randrange(flat.size)] = rng.choice((np.nan, -1, 2.0**53, 1e300, 0, 7))
        return flat.reshape(values.shape)
    if way == 2 and values.dtype.kind in "iu":
        return np.full(values.shape, rng.choice((-1, 2**40, 2**62, 0, 99)), dtype=np.int64)
    if way == 3:
        return values.astype(str) if values.dtype.kind != "O" else values
    if way == 4 and values.dtype.kind == "O":
        texts = ("", "nothing-such", '{"x": 1}', "[1]", "[" * 3000, "null", '{"kind": "potential"}', "quartic", "spin")
        return np.full(values.shape, rng.choice(texts), dtype=object)
    return values.astype(float) * rng.choice((-1, 2, 10**6)) if values.dtype.kind in "fiu" else values


class Altered:
    """Files of computers with variables changed, sealed and with the digest of their contents."""

    def __init__(self, folder):
        self.folder = folder
        self.datasets = []
        for name in ("computer.nc", "program of two windows"):
            path = folder / "whole.nc"
            path.write_bytes(readers(folder)[name].content)
            self.datasets.append(read_dataset(path))

    def make(self, rng):
        path = self.folder / "altered.nc"
        altered(rng.choice(self.datasets), rng, path, write_sealed)
        return "altered.nc", path.read_bytes()


def altered(dataset, rng, path, write):
    """Write a data set with a few variables, attributes or sizes changed, or nothing where no file can hold it."""
    dataset = dataset.copy(deep=True)
    for _ in range(rng.choice((1, 1, 2, 3))):
        name = rng.choice([str(one) for one in dataset.variables])
        way = rng.randrange(5)
        if way == 0:
            dataset = dataset.drop_vars(name, errors="ignore")
        elif way == 1:
            key = rng.choice([*dataset.attrs, "format"])
            value = rng.choice((np.nan, -1.0, 0.0, "x", "", "thermozoo computer 1", "thermozoo computer 3", 1e300))
            dataset.attrs[key] = value
        elif way == 2 and dataset.sizes:
            dimension = rng.choice([str(one) for one in dataset.sizes])
            dataset = dataset.isel({dimension: slice(0, rng.choice((0, 1, 2)))})
        else:
            old = dataset[name]
            dataset[name] = (old.dims, _odd_values(rng, old.values), old.attrs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            write(dataset, path)
        except (ValueError, TypeError, OverflowError):  # what no file can hold
            path.write_bytes(b"")


def targets(folder):
    """The targets by name."""
    known = readers(folder)
    texts = [packaged_text(name).encode() for name in packaged()]
    altered = Altered(folder)
    plugins = catalogue()
    found = {
        "config, bytes": Target(_of("c.toml", *texts), lambda p: load_config(p, plugins, seed=1), 0.05),
        "config, tables": Target(
            lambda rng: ("c.toml", changed_tables(rng)), lambda p: load_config(p, plugins, seed=1), 0.04
        ),
        "config, JSON Schema": Target(
            lambda rng: ("c.toml", invented_tables(rng)), lambda p: load_config(p, plugins, seed=1), 0.02
        ),
        "edges": Target(
            lambda rng: (rng.choice(("e.csv", "e.mtx", "e")), mutated(rng.choice(_EDGES), rng, _EDGES)),
            read_edges,
            0.14,
        ),
        "graphs and problems": Target(
            lambda rng: (rng.choice(("p", "p.sparse", "p.csv", "p.coo")), mutated(rng.choice(_EDGES), rng, _EDGES)),
            lambda p: read_problem(p, _KINDS[len(p.read_bytes()) % 4]),
            0.14,
        ),
        "NetCDF, bytes": Target(_of("c.nc", known["computer.nc"].content), load_all, 0.06),
        "NetCDF, values": Target(altered.make, load_all, 0.001),
        "plugin": Target(_of("mine.py", PLUGIN), _read_plugin, 0.04),
        "IDX": Target(_of("images", IMAGES, gzip.compress(IMAGES, mtime=0)), known["IDX"].read, 0.08),
    }
    for name in ("matrix.npy", "teacher.npz", "patterns.npy", "patterns.csv", "mapping", "table.csv"):
        found[name] = Target(_of(known[name].file, known[name].content), known[name].read, 0.03)
    found["matrix"] = Target(_of("m.mtx", MARKET, ARRAY, CSV), known["dense matrix"].read, 0.08)
    return found


_EDGES = (LISTED, GRAPH, SPARSE, COO, PAIRS)
_KINDS = ("ising", "qubo", "max-cut", None)


class LateError(BaseException):  # which no library takes for its own
    """An input that takes longer than it may."""


def _late(*_):
    raise LateError


@contextlib.contextmanager
def in_time():
    """Let a block take so many seconds, and not more."""
    before = signal.signal(signal.SIGALRM, _late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzz(total, seed, only=None, folder=None):
    """Return how often each target read its input, refused it, or failed, and each failure with its input."""
    counts, failures = collections.Counter(), {}
    with tempfile.TemporaryDirectory() as own:
        folder = Path(folder or own)
        known = {name: one for name, one in targets(folder).items() if only is None or name in only}
        whole = sum(one.share for one in known.values())
        for name, target in known.items():
            for k in range(round(total * target.share / whole)):
                file, content = target.make(random.Random(f"{name} {seed} {k}"))
                said, failure = outcome(target.read, folder, file, content)
                counts[name, said] += 1
                if failure:
                    failures.setdefault(f"{name}: {failure}", content)
    return counts, failures


def outcome(read, folder, file, content):
    """Read bytes; return "read", "refused" or "failed", and what failed."""
    path = folder / file
    path.write_bytes(content)
    try:
        with in_time():
            read(path)
    except ThermozooError as error:
        return "refused", "" if str(error).strip() else "an error without a word"
    except (Exception, SystemExit, LateError) as error:
        where = [f for f in traceback.extract_tb(error.__traceback__) if "thermozoo" in f.filename][-1]
        return (
            "failed",
            f"{type(error).__name__}: {str(error)[:100]} ({Path(where.filename).name}, line {where.lineno})",
        )
    return "read", ""


def _portion(work, total, seed, only, out):
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    counts, failures = work(total, seed, only)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found = {
        "counts": [[*key, n] for key, n in counts.items()],
        "failures": {key: value.decode("latin-1") for key, value in failures.items()},
        "peak": peak,
    }
    Path(out).write_text(json.dumps(found))


def _say(text):
    print(text, flush=True)


def campaign(total, seed=0, portion=10_000, only=None, say=_say, work=fuzz):
    """Run portions one after the other, each in a process of its own; return counts and failures of all."""
    counts, failures, peak = collections.Counter(), {}, 0
    context = multiprocessing.get_context("spawn")
    for k in range(-(-total // portion)):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "found.json"
            size = min(portion, total - k * portion)
            process = context.Process(target=_portion, args=(work, size, seed + k, only, str(out)))
            process.start()
            process.join()
            if not out.exists():
                failures[f"portion {seed + k}: the process ended with {process.exitcode}"] = ""
                continue
            found = json.loads(out.read_text())
        counts.update({(name, said): n for name, said, n in found["counts"]})
        failures |= {f"{key} [portion {seed + k}]": value for key, value in found["failures"].items()}
        peak = max(peak, found["peak"])
        say(f"{sum(counts.values())} inputs, {len(failures)} failures, {time.monotonic() - began:.0f} s, {peak} MiB")
    return counts, failures


if __name__ == "__main__":
    os.nice(5)
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    chosen = sys.argv[3:] or None
    counted, failed = campaign(int(sys.argv[1]), first, only=chosen)
    for (target_name, what), number in sorted(counted.items()):
        print(f"{target_name:22} {what:8} {number}")
    for failure_text, failing in failed.items():
        print(f"FAILURE {failure_text}\n    {failing[:300]!r}")
