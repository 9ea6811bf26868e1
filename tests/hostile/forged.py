"""Checkpoints and run folders that somebody made to do harm: damaged, exchanged, or forged with the right digests.

``python tests/hostile/forged.py 2000`` runs the long campaign in portions, each in a process with limits of time and
memory, and prints inputs, refusals and tracebacks.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import hashlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
from damage import mutated
from fuzz import LateError, altered, campaign, in_time
from invented import at, places

from thermozoo.checkpoints import journal
from thermozoo.checkpoints.store import FOLDER, _digest
from thermozoo.cli.app import run
from thermozoo.computer.datasets import read_dataset, write_dataset
from thermozoo.computer.files import write_sealed

_REFERENCE = '[dynamics]\nengine = "reference"\ncheckpoint_interval = 0\n'

#: Small runs, and after how many checkpoints they are stopped: amid a simulation that is watched, amid rounds, and
#: amid what follows a training.
CONFIGS = {
    "sample": (6, 'seed = 5\n[task]\nplugin = "sample"\nchains = 4\nobserve_every = 1\n[computer.units]\nall = 2\n'
    '[computer.potential]\nplugin = "quadratic"\n' + _REFERENCE + "dt = 0.05\nduration = 5.0\n"),
    "boltzmann": (3, 'seed = 5\n[task]\nplugin = "boltzmann"\nupdates = 6\nchains = 4\nsamples = 4\n[computer]\n'
    'temperature = 1.0\n[computer.units]\nvisible = 64\nhidden = 3\n[computer.potential]\nplugin = "spin"\n'
    '[computer.connectivity]\nplugin = "bipartite"\n[data]\nplugin = "digits"\nside = 8\nclasses = [0, 1]\n'
    "per_class = 5\n" + _REFERENCE + 'integrator = "heat-bath"\ndt = 1.0\nduration = 5.0\n'),
    "online": (12, "seed = 5\n[computer]\ntemperature = 0.1\n[computer.units]\nvisible = 64\nhidden = 2\n[data]\n"
    'plugin = "digits"\nside = 8\nclasses = [0, 1]\n[generation]\nsamples = 4\n' + _REFERENCE
    + 'dt = 0.05\nduration = 0.5\n[training]\nmethod = "online"\ncycles = 4\nheld_out = 4\nlearning_rate = 1e-3\n'),
}  # fmt: skip

#: What the JSON of a checkpoint may say instead of what it says.
_JSON = (
    None, True, False, 0, 1, -1, 3, 2**31, 2**63, -(2**63) - 1, 10**4000, 0.5, -0.0, 1e300, float("nan"), float("inf"),
    "", "x", "nan", "1", "a0", "\ud800", "\x00", "../../secret", "/dev/zero", "a" * 3000, [], [None], [[]], [0, "x"],
    {}, {"array": 0}, {"array": -1}, {"array": 10**30}, {"array": "x"}, {"number": 0}, {"bytes": 1}, {"float": "x"},
    {"float": None}, {"list": None}, {"tuple": 5}, {"set": [{"array": 0}]}, {"set": [{"list": []}]}, {"frozenset": [1]},
    {"mapping": [[{"list": []}, 1]]}, {"mapping": [[1]]}, {"mapping": {"x": 1}}, {"object": "os.system"},
    {"array": 0, "list": []}, {"x": {"y": {"z": []}}}, "quadratic", "reference", "compiled", "under-way-000001.npz",
)  # fmt: skip


class Touch:
    """What leaves a trace when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("executed"),)


def stopped(name, folder):
    """Begin a run in a folder, interrupt it right after so many of its checkpoints, and return its files."""
    count, text = CONFIGS[name]
    (folder / "c.toml").write_text(text)
    seen, write = [], journal.Journal._write

    def stop(self, *arguments):
        write(self, *arguments)
        seen.append(self)
        if len(seen) == count:
            raise KeyboardInterrupt

    with mock.patch.object(journal.Journal, "_write", stop), mock.patch.object(journal, "_SPARSE", 0):
        assert run(["run", str(folder / "c.toml"), "--quiet", "--out", str(folder / "run")]) == 130
    return files_of(folder / "run")


def done(folder):
    """Do a run, and return its files but for the figures."""
    (folder / "c.toml").write_text(CONFIGS["sample"][1])
    assert run(["run", str(folder / "c.toml"), "--quiet", "--out", str(folder / "run")]) == 0
    return {name: content for name, content in files_of(folder / "run").items() if not name.startswith("figures")}


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@contextlib.contextmanager
def without_pictures():
    """Draw no picture: that is most of the time of a small run."""
    from thermozoo.runs import phases, replay_folder, surroundings

    with (
        mock.patch.object(phases, "draw_figures", return_value={}),
        mock.patch.object(surroundings, "drawings_of", return_value={}),
        mock.patch.object(replay_folder, "plot_trajectory"),
        mock.patch.object(replay_folder, "png_bytes", return_value=b""),
    ):
        yield


# -- damage, which digests show ---------------------------------------------------------------------------------------


def damaged(files, rng, folder):
    """Leave files in a folder with one or two of them cut, changed, exchanged, removed, or no plain files."""
    files, odd = dict(files), {}
    for _ in range(rng.choice((1, 1, 2))):
        name, other = rng.choice(list(files)), rng.choice(list(files))
        way = rng.randrange(8)
        if way == 0:
            files[name] = files[name][: rng.randrange(len(files[name]) + 1)]
        elif way == 1:
            files[name], files[other] = files[other], files[name]
        elif way == 2:
            files[name] = files[other]
        elif way in (3, 4):
            odd[name] = rng.choice(("none", "folder", "itself", "zeros", "elsewhere", "pipe", "nowhere"))
        else:
            files[name] = mutated(files[name], rng)
    leave(files, folder)
    for name, what in odd.items():
        path = folder / name
        path.unlink(missing_ok=True)
        if what == "folder":
            path.mkdir()
        elif what == "pipe":
            os.mkfifo(path)
        elif what != "none":
            to = {"itself": path, "zeros": "/dev/zero", "nowhere": folder / "x"}
            path.symlink_to(to.get(what, folder.parent / "secret"))
    return name_of_way("damaged", odd)


def name_of_way(name, odd):
    return f"{name}, no plain file" if odd else name


def leave(files, folder):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


# -- forgery, which they do not ---------------------------------------------------------------------------------------


def forged(files, rng, folder):
    """Leave a checkpoint in a folder that says something else, with the digests of what it says."""
    content, files, newest = _newest(files)
    what = rng.choice(("index", "tree", "array", "array", "archive"))
    if what == "index":
        content = _other_json(content, rng) if rng.random() < 0.6 else _exchanged(content, rng)
    else:
        there = list(content["files"])
        change = {"tree": _other_tree, "array": _other_array, "archive": _other_archive}[what]
        for name in rng.sample(there, min(len(there), rng.choice((1, 1, 2)))):
            _replace(content, files, name, change(files[f"{FOLDER}/{name}"], rng))
    try:
        files[newest] = json.dumps({"digest": _digest(content), **content}).encode()
    except (TypeError, ValueError):  # an index that is no mapping any more
        files[newest] = json.dumps(content).encode()
    leave(files, folder)
    return f"forged, {what}"


def _newest(files):
    """Return what the newest index says, files without the older ones, and its name."""
    newest = max(name for name in files if name.endswith(".json") and "/checkpoint-" in name)
    content = json.loads(files[newest])
    content.pop("digest")
    return content, {name: one for name, one in files.items() if name == newest or not name.endswith(".json")}, newest


def _replace(content, files, name, new):
    """Replace a file of an index, with its digest."""
    files[f"{FOLDER}/{name}"] = new
    content["files"][name] = [hashlib.sha256(new).hexdigest(), len(new)]


def resealed(files, change):
    """Return files in which ``change(arrays, tree)`` was done to the work under way, with the right digests."""
    content, files, newest = _newest(files)
    name = max(one for one in content["files"] if one.startswith("under-way"))
    members = {one: np.load(io.BytesIO(npy)) for one, npy in _members(files[f"{FOLDER}/{name}"]).items()}
    tree = json.loads(members["tree.npy"].tobytes())
    change(members, tree)
    members["tree.npy"] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    _replace(content, files, name, packed({one: _npy(array) for one, array in members.items()}))
    files[newest] = json.dumps({"digest": _digest(content), **content}).encode()
    return files


def _other_json(content, rng):
    """JSON with other values at a few of its places."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        found = places(content)
        path = rng.choice(found)
        parent, key = at(content, path[:-1]), path[-1]
        way = rng.randrange(5)
        if way == 0:
            del parent[key]
        elif way == 1:
            parent[key] = copy.deepcopy(at(content, rng.choice(found)))
        elif way == 2 and isinstance(parent[key], int | float):
            parent[key] = rng.choice((-parent[key], parent[key] + 1, parent[key] * 10**9, -(10**15), str(parent[key])))
        elif way == 3 and isinstance(parent, list):
            parent[:] = parent * rng.choice((0, 2))
        elif isinstance(parent[key], str) and "seed = " in parent[key]:  # a config: as whatever a run may be asked for
            parent[key] = rng.choice(("", "x", "[" * 5000, "seed = 5", parent[key].replace("seed = 5", "seed = 6")))
        else:
            parent[key] = rng.choice(_JSON)
        if not isinstance(content, dict) or not places(content):
            break
    return content


def _exchanged(content, rng):
    """An index whose pieces of work have the values, digests, places or states of one another."""
    entries = content["entries"]
    one, other, what = rng.choice(list(entries)), rng.choice(list(entries)), rng.choice(("file", "digest", "name", "x"))
    if what == "x" or one == other:
        entries[one]["done"] = not entries[one]["done"]
        entries[other + rng.choice(("", "/0-x", "x"))] = dict(entries[one])
    else:
        entries[one][what], entries[other][what] = entries[other][what], entries[one][what]
    return content


def _members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {one: archive.read(one) for one in archive.namelist()}


def packed(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def _other_tree(content, rng):
    """An archive whose JSON nests values another way."""
    members = _members(content)
    tree = json.loads(np.load(io.BytesIO(members["tree.npy"])).tobytes())
    if rng.random() < 0.1:
        text = rng.choice((b"[" * 10**5, b'{"list":[' * 10**4, b"", b"null", b"\xff", b"1" * 5000, b"NaN"))
    else:
        text = json.dumps(_other_json({"top": tree}, rng).get("top")).encode()
    members["tree.npy"] = _npy(np.frombuffer(text, np.uint8))
    return packed(members)


def _other_array(content, rng):
    """An archive with arrays of other shapes, types and values."""
    members = _members(content)
    names = [name for name in members if name != "tree.npy"] or ["tree.npy"]
    for name in rng.choices(names, k=rng.choice((1, 1, 3))):
        old = np.load(io.BytesIO(members[name]), allow_pickle=False)
        members[name] = _npy(_odd(old, rng))
    return packed(members)


def _odd(old, rng):
    way = rng.randrange(12)
    if way == 0:
        return np.full(old.shape, rng.choice((np.nan, np.inf, -1e308, 1e308, 0.0)))
    if way == 1 and old.dtype.kind in "iufb":
        numbers = (-1, 0, 1, 7, 2**31, 2**40, 2**62, -(2**62), -(10**15), 10**12)
        return np.full(old.shape, rng.choice(numbers), np.int64)
    if way == 2:
        return old.astype(rng.choice(("f4", "f8", "c16", "i1", "?", ">f8"))) if old.dtype.kind in "iufb" else old[:0]
    if way == 3:
        return np.zeros(rng.choice(((), (0,), (0, 0), (1,), (1, 1), (3, 5), (2, 2, 2), (7,))), old.dtype)
    if way == 4:
        return old.T if old.ndim > 1 else np.tile(old, (2, 1))
    if way == 5:
        return old.ravel()
    if way == 6 and old.ndim:
        return np.concatenate([old, old[:1]])
    if way == 7 and old.ndim:
        return old[: len(old) // 2]
    if way == 8:
        return np.array(["x"] * 3) if rng.random() < 0.5 else old.astype("S")
    flat = old.copy().ravel()
    if flat.size and flat.dtype.kind in "iuf":
        with np.errstate(all="ignore"):
            flat[rng.randrange(flat.size)] = rng.choice((flat.max() + 1, flat.min() // 2, 0, 1, 99))
            if flat.dtype.kind == "f" and rng.random() < 0.5:
                flat[rng.randrange(flat.size)] = rng.choice((np.nan, np.inf, -1e300))
    return flat.reshape(old.shape)


def _other_archive(content, rng):
    """An archive of objects, of sizes that it has not, compressed, encrypted, or with other members."""
    members = _members(content)
    name, way = rng.choice(list(members)), rng.randrange(9)
    if way == 0:
        members[name] = _npy(np.array([Touch()], dtype=object))
    elif way == 1:
        huge = rng.choice(("(1099511627776,)", "(4611686018427387904, 4)", "(-1,)", "(0, 1099511627776)", "(10**9,)"))
        kind = rng.choice(("<f8", "|O", "|V9", "<U1000000000", "|S0"))
        header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {huge}, }}".ljust(117).encode() + b"\n"
        version = rng.choice((b"\1\0v\0", b"\2\0v\0\0\0", b"\3\0v\0\0\0", b"\2\0\xff\xff\xff\x7f"))
        members[name] = b"\x93NUMPY" + version + header + bytes(16)
    elif way == 2:
        return packed(members, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
    elif way == 3:
        del members[name]
    elif way == 4:
        members[rng.choice(("a99.npy", "../a0.npy", "tree", "a-1.npy", "x"))] = members[name]
    elif way == 5:
        whole = bytearray(packed(members))
        for at_header in (6, whole.rindex(b"PK\x01\x02") + 8):
            whole[at_header] |= 1  # encrypted
        return bytes(whole)
    elif way == 6:
        members[name] = mutated(members[name], rng)
    elif way == 7:
        return mutated(content, rng)
    else:
        return rng.choice((b"", b"PK\x05\x06" + bytes(18), b"\x93NUMPY", b"PK\x03\x04" * 9, members[name]))
    return packed(members)


def forged_results(files, rng, folder):
    """Leave a run folder that says something else, with the digests of what it says."""
    leave(files, folder)
    what = rng.choice(("computer.nc", "samples.nc", "samples.nc", "manifest.json", "config.toml"))
    if what.endswith(".nc"):
        write = write_sealed if what == "computer.nc" else write_dataset
        altered(read_dataset(folder / what), rng, folder / what, write)
    elif what == "manifest.json":
        (folder / what).write_text(json.dumps(_other_json(json.loads(files[what]), rng)))
    else:
        (folder / what).write_bytes(mutated(files[what], rng))
    return f"forged, {what}"


# -- the campaign -----------------------------------------------------------------------------------------------------


class Stopped:
    """Runs that were stopped, one that was not, and what they have to end with."""

    def __init__(self, folder, names):
        self.files, self.whole = {}, {}
        for name in names:
            for work, files in ((stopped, self.files), (_ended, self.whole)):
                own = folder / f"{name}-{work.__name__}"
                own.mkdir()
                files[name] = work(name, own)
        own = folder / "done"
        own.mkdir()
        self.done = done(own)


def _ended(name, folder):
    """Return the samples of an undisturbed run."""
    (folder / "c.toml").write_text(CONFIGS[name][1])
    assert run(["run", str(folder / "c.toml"), "--quiet", "--out", str(folder / "run")]) == 0
    return samples_of(folder / "run")


def samples_of(folder):
    found = read_dataset(folder / "samples.nc")
    return {str(name): repr(found[name].values.tolist()) for name in found.variables}


def forge(total, seed, only=None, folder=None):
    """Return how often inputs were gone on with or refused, and each failure with its input, by its number."""
    counts, failures = collections.Counter(), {}
    with tempfile.TemporaryDirectory() as own, without_pictures():
        base = Path(folder or own)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            known = Stopped(base, only or CONFIGS)
        with contextlib.chdir(base), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy, about numbers that overflow
            for k in range(total):
                kind, said, failure = one(known, random.Random(f"forged {seed} {k}"), base)
                counts[kind, said] += 1
                if failure:
                    failures.setdefault(f"{kind}: {failure}", f"seed {seed}, number {k}".encode())
    return counts, failures


def one(known, rng, base):
    """Do one command on one folder; return what was done to it, what came of it, and what is wrong with that."""
    folder, secret, name = base / "input", base / "secret", rng.choice(list(known.files))
    secret.write_bytes(b"nobody else's")
    again = rng.random() < 0.2
    make = rng.choice((damaged, forged_results)) if again else rng.choice((damaged, forged, forged, forged))
    folder.mkdir()
    how = make(known.done if again else known.files[name], rng, folder)
    words = ["replay", str(folder), "--trajectory", "1", "--quiet", "--out", str(base / "again")]
    if again and rng.random() < 0.5 and "config" not in how:
        words.append("--anyway")
    words = words if again else ["run", "--resume", str(folder), "--quiet"]
    output, errors = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors), in_time():
            code = run(words)
    except (Exception, SystemExit, LateError) as error:
        code, _ = None, errors.write(f"{type(error).__name__}: {error}")
    failure = wrong(code, errors.getvalue(), base, secret)
    if (
        not failure
        and code == 0
        and not again
        and how.startswith("damaged")
        and samples_of(folder) != known.whole[name]
    ):
        failure = "other bits than those of the undisturbed run"
    for path in (folder, base / "again", base / "executed"):
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
    for more in base.glob("input-*"):
        shutil.rmtree(more)
    return f"{words[0]}, {how}", "went on" if code == 0 else "refused", failure


def wrong(code, said, base, secret):
    """Return what is wrong with how a command has ended, if anything is."""
    lines = said.splitlines()
    if code not in (0, 2) or "Traceback" in said or "internal error" in said:
        return f"code {code}: {said[-300:]}"
    if code == 2 and not (lines and all(line.startswith("thermozoo") for line in lines if "going on from" not in line)):
        return f"not one line a fault: {said[-300:]}"
    if any(len(line) > 1500 for line in lines):
        return f"a line of {max(map(len, lines))} characters"
    if (base / "executed").exists():
        return "code was run"
    if secret.read_bytes() != b"nobody else's":
        return "a file elsewhere was changed"
    return ""


if __name__ == "__main__":
    os.nice(5)
    counted, failed = campaign(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, 500, work=forge)
    for (target_name, what), number in sorted(counted.items()):
        print(f"{target_name:34} {what:8} {number}")
    for failure_text, failing in failed.items():
        print(f"FAILURE {failure_text}\n    {failing[:300]!r}")
