"""Everything that reads a file, with a small valid one, and what an independent look at damaged bytes says of them.

A reading gives what can be compared. `says` is None where a checksum covers the file: then any reading of other bytes
must give the same values. Where no checksum can, it reads the damaged bytes itself, by a few plain lines, and returns
what they state, or None where they state nothing.
"""

from __future__ import annotations

import ast
import gzip
import io
import re
import struct
import zipfile

import attrs
import numpy as np
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.datasets import Idx
from thermozoo_plugins.datasets.class_names import read_mapping
from thermozoo_plugins.encodings.table_files import read_table
from thermozoo_plugins.potentials import DoubleWell, Quartic
from thermozoo_plugins.tasks.classify_teacher import read_teacher
from thermozoo_plugins.tasks.linear_files import read_numbers

import thermozoo as tz
from thermozoo.computer.datasets import read_dataset
from thermozoo.computer.files import load_all, save_computer
from thermozoo.computer.patterns import load_patterns
from thermozoo.computer.program import Program
from thermozoo.config.read import read_config
from thermozoo.problems.edge_files import read_edges
from thermozoo.problems.files import read_problem

RNG = np.random.default_rng(17)
MATRIX = np.round(RNG.standard_normal((3, 4)), 3)


@attrs.frozen
class Reader:
    """A reader: the name of its file, valid bytes, how it is called, how long the header is, and what bytes state."""

    file: str
    content: bytes
    read: object
    header: int = 64
    says: object = None


def frozen(value):
    """A value as one that == compares, data types and NaN included."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return tuple((k, frozen(v)) for k, v in sorted(value.items(), key=lambda kv: str(kv[0])))
    if isinstance(value, list | tuple):
        return tuple(map(frozen, value))
    return repr(value)


def numpy_file(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npy(content):
    """What a .npy file states, in double precision, if it states no more and no less."""
    if content[:6] != b"\x93NUMPY" or content[6] not in (1, 2) or content[7] != 0:
        return None
    size = 2 if content[6] == 1 else 4
    start = 8 + size
    length = int.from_bytes(content[8:start], "little")
    try:
        header = ast.literal_eval(content[start : start + length].decode("latin-1").strip())
        dtype, shape, fortran = np.dtype(header["descr"]), header["shape"], header["fortran_order"]
        if dtype.kind not in "iuf":
            return None
        flat = np.frombuffer(content[start + length :], dtype).astype(float)
        return flat.reshape(shape, order="F" if fortran else "C") if np.prod(shape) == flat.size else None
    except Exception:
        return None


def table(content):
    """What comma-separated numbers state."""
    try:
        lines = [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
        rows = [[float(cell) for cell in line.split(",")] for line in lines if not line.lstrip().startswith("#")]
        return np.array(rows)
    except ValueError:
        return None


def with_comments(content):
    """As `table`, where a # ends a line."""
    return table(re.sub(rb"#[^\r\n]*", b"", content).replace(b"\n\n", b"\n"))


def market(content):
    """What a Matrix Market file of real numbers states, dense."""
    try:
        lines = content.decode("latin-1").splitlines()
        words = lines[0].lower().split()
        body = [line.split() for line in lines[1:] if line.strip() and not line.lstrip().startswith("%")]
        rows, columns = int(body[0][0]), int(body[0][1])
        found = np.zeros((rows, columns))
        if words[2] == "array":
            numbers = [float(cell) for row in body[1:] for cell in row]
            if words[4] == "general":
                return np.array(numbers).reshape(columns, rows).T
            places = [(i, j) for j in range(columns) for i in range(j + (words[4] == "skew-symmetric"), rows)]
            entries = list(zip(places, numbers, strict=True))
        else:
            entries = [((int(i) - 1, int(j) - 1), float(rest[0]) if rest else 1.0) for i, j, *rest in body[1:]]
            if len(entries) != int(body[0][2]):
                return None
        for (i, j), value in entries:
            if not (0 <= i < rows and 0 <= j < columns):
                return None
            found[i, j] += value
            if i != j and words[4] != "general":
                found[j, i] += -value if words[4].startswith("skew") else value
        return found
    except (ValueError, IndexError):
        return None


def idx(content):
    """What an IDX file of three dimensions states."""
    if content[:4] != b"\0\0\x08\x03" or len(content) < 16:
        return None
    shape = struct.unpack(">3I", content[4:16])
    return (
        np.frombuffer(content[16:], np.uint8).reshape(shape)
        if np.prod(shape, dtype=object) == len(content) - 16
        else None
    )


def edges(content, first=0, header=False):
    """Units and strengths of lines of three cells, numbered from 0."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").replace(",", " ")
        rows = [line.split() for line in text.split("\n") if line.strip() and not line.strip().startswith(("#", "%"))]
        rows = rows[1:] if header else rows
        return [(int(i) - first, int(j) - first, float(w)) for i, j, w in rows]
    except ValueError:
        return None


def of_table(found):
    strengths = found.strengths if found.strengths is not None else np.ones(len(found.units))
    return sorted((*map(int, pair), float(w)) for pair, w in zip(found.units, strengths, strict=True))


def same_numbers(got, stated):
    """Whether a reading is what the bytes state, as numbers."""
    if stated is None:
        return False
    if isinstance(stated, list):
        return list(got) == sorted(stated)
    stated = np.asarray(stated, dtype=float)
    got = np.asarray(got, dtype=float)
    return got.size == stated.size and np.array_equal(got.ravel(), stated.ravel())


def computer_bytes(folder, windows=1):
    computer = tz.assemble(
        {"visible": 3, "hidden": 2}, {"visible": Quartic(J2=[1.0, 2.0, 3.0]), "hidden": DoubleWell()}, Dense()
    )
    path = folder / "saved.nc"
    save_computer(computer if windows == 1 else Program([computer] * windows, [1 / windows] * windows), path)
    return path.read_bytes()


def digest_of(path):
    found = load_all(path)
    return found.digest()


def npz(arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


SIZES = (2, 3, 2)
TEACHER = {
    "weights_0": MATRIX[:2, :3], "biases_0": MATRIX[0, :3], "weights_1": MATRIX[:3, :2], "biases_1": MATRIX[0, :2],
}  # fmt: skip

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
IMAGES = b"\0\0\x08\x03" + struct.pack(">3I", 2, 3, 4) + PIXELS.tobytes()
LABELS = b"\0\0\x08\x01" + struct.pack(">I", 2) + b"\x03\x01"
CSV = b"# a comment\n" + b"\n".join(b",".join(b"%g" % v for v in row) for row in MATRIX) + b"\n"
MARKET = b"%%MatrixMarket matrix coordinate real symmetric\n% padding\n3 3 4\n1 1 2.5\n2 1 -0.5\n2 2 2\n3 3 1.25\n"
ARRAY = b"%%MatrixMarket matrix array real general\n% padding\n2 3\n1\n2\n3\n4\n5\n6.5\n"
PAIRS = b"%%MatrixMarket matrix coordinate real symmetric\n% padding\n4 4 3\n2 1 2.5\n3 1 -0.5\n4 2 2\n"
LISTED = b"i,j,strength\n# a comment\n0,1,0.5\n1,2,-1.25\n0,3,2\n"
GRAPH = b"4 3\n1 2 1\n2 3 -1\n1 4 2\n"
SPARSE = b"# padding\n4 3\n1 2 1\n2 2 -1\n1 4 2\n"
COO = b"# vartype=SPIN\n0 1 1\n2 2 -1.5\n1 3 2\n"
CONFIG = (
    b'# a comment\nseed = 17\n[computer.units]\nvisible = 4\nhidden = 2\n[computer.potential]\nplugin = "quartic"\n'
)


def images_of(path):
    (path.parent / "labels").write_bytes(LABELS)
    images, _ = Idx(path=str(path.parent), images=path.name, labels="labels").load()
    return np.rint(images * 255)


def problem(kind):
    def read(path):
        found = read_problem(path, kind)
        return found.energies(np.eye(len(found.labels)) * 2 - 1) if hasattr(found, "energies") else found

    return read


def dataset_of(path):
    found = read_dataset(path)
    return {str(name): np.asarray(found[name].values) for name in found.variables}


def readers(folder):
    """The readers by name; the folder is one to write into."""
    sealed = computer_bytes(folder)
    plain = {
        "computer.nc": Reader("computer.nc", sealed, digest_of, 96),
        "program of two windows": Reader("program.nc", computer_bytes(folder, 2), digest_of, 96),
        "samples.nc": Reader("samples.nc", sealed, dataset_of, 96),
        "teacher.npz": Reader("t.npz", npz(TEACHER), lambda p: _layers(read_teacher(str(p), SIZES)), 60),
        "gzipped IDX": Reader("images.gz", gzip.compress(IMAGES, mtime=0), images_of, 60),
        "IDX": Reader("images", IMAGES, images_of, 16, idx),
        "matrix.npy": Reader("m.npy", numpy_file(MATRIX), lambda p: read_numbers(str(p)), 128, npy),
        "table.npy": Reader("t.npy", numpy_file(MATRIX.astype("<f4")), read_table, 128, npy),
        "patterns.npy": Reader("p.npy", numpy_file(MATRIX), load_patterns, 128, npy),
        "table.csv": Reader("t.csv", CSV, read_table, 40, table),
        "patterns.csv": Reader("p.csv", CSV, load_patterns, 40, with_comments),
        "matrix.csv": Reader("m.csv", CSV, lambda p: read_numbers(str(p)), 40, table),
        "sparse matrix": Reader("m.mtx", MARKET, lambda p: read_numbers(str(p)), 70, market),
        "dense matrix": Reader("m.mtx", ARRAY, lambda p: read_numbers(str(p)), 60, market),
        "edges.csv": Reader("e.csv", LISTED, lambda p: of_table(read_edges(p)), 40, lambda b: edges(b, 0, True)),
        "edges.mtx": Reader("e.mtx", PAIRS, lambda p: of_table(read_edges(p)), 70, lambda b: edges(b, 1, True)),
        "G-set": Reader("graph", GRAPH, lambda p: of_table(read_edges(p)), 8, lambda b: edges(b, 1, True)),
        "mapping": Reader("map.txt", b"0 48\n1 65 97\n", lambda p: read_mapping("emnist", p), 12, mapping),
        "config": Reader("c.toml", CONFIG, lambda p: read_config(p)[1], 40, toml),
    }
    return plain


def _layers(teacher):
    return [*teacher.weights, *teacher.biases]


def mapping(content):
    """What a mapping states."""
    try:
        rows = [line.split() for line in content.decode("utf-8-sig").splitlines() if line.strip()]
        return {int(label): "/".join(chr(int(code)) for code in codes) for label, *codes in rows}
    except (ValueError, OverflowError):
        return None


def toml(content):
    """What a config states."""
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    except ValueError:
        return None


def bomb(promised):
    """A zip file whose array promises much and has zeros."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("weights_0.npy", "w") as opened:
        np.lib.format.write_array_header_1_0(
            opened, {"descr": "<f8", "fortran_order": False, "shape": (promised // 8,)}
        )
        opened.write(bytes(2**20))
    return file.getvalue()
