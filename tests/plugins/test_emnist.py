"""EMNIST: names of the release, upright letters, labels beyond 9, names of classes. Toy files; no network.

Transposed images have been trained on by many (tensorflow/datasets#812, pytorch/vision PR#2673, myleott/mnist_png#3).
"""

from __future__ import annotations

import gzip
import json
import struct

import numpy as np
import pytest
from matplotlib.text import Text
from thermozoo_plugins.datasets import Emnist, Idx

from thermozoo.cli.app import run
from thermozoo.errors import DataError


def write(folder, split, part, images, labels, packed=True):
    for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
        data = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
        name = f"emnist-{split}-{part}-{kind}-ubyte"
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(data) if packed else data)


@pytest.mark.parametrize("split", ["balanced", "byclass", "bymerge", "digits", "letters", "mnist"])
@pytest.mark.parametrize(("part", "packed"), [("test", True), ("train", False)])
def test_a_byte_of_the_file_is_shown_upright(tmp_path, split, part, packed):
    """Byte 28 r + c of the file is shown at row c, column r."""
    row, column = 3, 17
    images = np.zeros((2, 28, 28), dtype=np.uint8)
    images[0].ravel()[28 * row + column] = 255
    write(tmp_path, split, part, images, np.array([61, 1], dtype=np.uint8), packed)
    found, labels = Emnist(path=str(tmp_path), split=split, part=part).load()
    assert np.argwhere(found[0]).tolist() == [[column, row]]
    assert found[0].max() == 1.0
    assert labels.tolist() == [61, 1]
    lying, _ = Emnist(path=str(tmp_path), split=split, part=part, transpose=False).load()
    assert np.argwhere(lying[0]).tolist() == [[row, column]]
    # the same by explicit names
    stem = f"emnist-{split}-{part}"
    explicit = Idx(
        path=str(tmp_path), images=f"{stem}-images-idx3-ubyte", labels=f"{stem}-labels-idx1-ubyte", transpose=True
    )
    assert np.array_equal(explicit.load()[0], found)


def test_names_of_classes(tmp_path):
    plugin = Emnist(path=str(tmp_path), split="letters")
    file = tmp_path / "emnist-letters-mapping.txt"
    assert plugin.class_names() == {}
    file.write_text("1 65 97\r\n2 66 98\r\n\r\n61 122\n")
    assert plugin.class_names() == {1: "A/a", 2: "B/b", 61: "z"}
    explicit = Idx(path=str(tmp_path), mapping=file.name)
    assert explicit.class_names() == plugin.class_names()
    with pytest.raises(DataError, match=r"idx: cannot read the mapping .*nowhere.txt: No such file"):
        Idx(path=str(tmp_path), mapping="nowhere.txt").class_names()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"1 A\n", r"mapping.txt, line 1: expected a label and the code points .* got '1 A'"),
        (b"1 65\n2\n", "line 2: expected a label"),
        (b"1 65\n1 66\n", "line 2: the label 1 has a name already, 'A'"),
        (b"1 1114112\n", "line 1: expected a label"),
        (b"1 55296\n", "line 1: expected a label"),
        (b"1 10\n", "line 1: expected a label"),
        (b"1 -65\n", "line 1: expected a label"),
        (b"<html>\n", "line 1: expected a label"),
        (b"\n\n", "is empty: expected lines"),
        (b"1 65 \xff\n", "cannot read the mapping"),
    ],
)
def test_a_malformed_mapping(tmp_path, text, said):
    (tmp_path / "emnist-letters-mapping.txt").write_bytes(text)
    with pytest.raises(DataError, match=said) as caught:
        Emnist(path=str(tmp_path), split="letters").class_names()
    assert "\n" not in str(caught.value)


def test_unknown_splits_and_parts():
    with pytest.raises(DataError, match=r"split must be one of balanced, .* got 'leters'; did you mean 'letters'"):
        Emnist(split="leters")
    with pytest.raises(DataError, match="part must be 'test' or 'train', got 'letters'"):
        Emnist(part="letters")


CONFIG = """
seed = 1
[computer.units]
visible = 16
hidden = 4
[dynamics]
dt = 1e-2
duration = 0.2
engine = "reference"
[data]
plugin = "emnist"
path = "emnist"
split = "letters"
classes = [26, 1]
[generation]
samples = 4
[training]
held_out = 2
"""


@pytest.fixture
def letters(tmp_path, monkeypatch):
    """A release of 26 letters of 4 x 4 pixels, ten of each."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "emnist").mkdir()
    random = np.random.default_rng(1)
    labels = np.tile(np.arange(1, 27, dtype=np.uint8), 10)
    clean = random.integers(0, 2, (27, 4, 4)) * 200
    images = (clean[labels] + random.integers(0, 40, (260, 4, 4))).astype(np.uint8)
    write(tmp_path / "emnist", "letters", "test", images, labels)
    mapping = "".join(f"{k} {64 + k} {96 + k}\n" for k in range(1, 27))
    (tmp_path / "emnist" / "emnist-letters-mapping.txt").write_text(mapping)
    (tmp_path / "letters.toml").write_text(CONFIG)
    return tmp_path


def test_a_run_shows_letters(letters, capsys, monkeypatch):
    """Labels stay those of the file; what people read are names."""
    texts = []

    def note(figure):
        texts.extend(text.get_text() for text in figure.findobj(Text))
        return b""

    monkeypatch.setattr("thermozoo.runs.figures.png_bytes", note)
    assert run(["run", "letters.toml", "--out", "out"]) == 0
    printed = capsys.readouterr().out
    assert "A/a: " in printed
    assert "Z/z: " in printed
    report = json.loads((letters / "out" / "report.json").read_text("utf-8"))
    assert set(report["class_counts"]) == {"1", "26"}
    assert report["class_names"]["26"] == "Z/z"
    assert {"A/a", "Z/z", "Noising of a prototype of class Z/z"} <= set(texts)
    assert any(text.startswith(("A/a\n", "Z/z\n")) for text in texts)
    page = (letters / "out" / "report.html").read_text("utf-8")
    assert "<td>Z/z</td>" in page or ">Z/z<" in page


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("data.classes=[0]", "data.classes[0]: data set 'emnist' has 0 images of class 0, expected at least 1; "),
        ("data.classes=[1, 99]", "data.classes[1]: data set 'emnist' has 0 images of class 99"),
        ("data.split=leters", "data.split: emnist: split must be one of balanced"),
        ("data.part=valid", "data.part: emnist: part must be 'test' or 'train', got 'valid'"),
        ("data.split=byclass", "emnist: emnist holds neither emnist-byclass-test-images-idx3-ubyte.gz nor"),
        ("data.path=nowhere", "emnist: no such folder: nowhere (data.path); expected a folder that holds emnist"),
        ("data.transpose=1", "data.transpose: expected true or false, got 1"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line(letters, capsys, setting, said):
    assert run(["run", "letters.toml", "--out", "out", "--set", setting]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("thermozoo: --set: data.")
    assert said in lines[0]


def test_a_malformed_mapping_is_one_line(letters, capsys):
    (letters / "emnist" / "emnist-letters-mapping.txt").write_text("A\n")
    assert run(["run", "letters.toml", "--out", "out"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "mapping.txt, line 1: expected a label and the code points of its characters" in lines[0]
    assert not (letters / "out").exists()
