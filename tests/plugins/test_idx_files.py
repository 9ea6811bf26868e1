"""IDX files as people have them: read by their first bytes, or refused in one line that names the file.

Names that lie about compression (tensorflow/tensorflow#15668, tolstikhin/adagan#1), other spellings
(sorki/python-mnist#19), web pages (carlini/nn_robust_attacks#51), QMNIST labels (facebookresearch/qmnist#1).
"""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from thermozoo_plugins.datasets import Idx, Mnist, idx_files

from thermozoo.config.load import parse_file
from thermozoo.errors import ConfigError, DataError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.assemble import assemble_machine

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9], dtype=np.uint8)


def idx(array, code=8, sizes=None):
    shape = array.shape if sizes is None else sizes
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


WHOLE = idx(IMAGES)
PACKED = gzip.compress(WHOLE)


def zipped(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("t10k-images-idx3-ubyte", data)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    """A folder with good labels."""
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS)))
    return tmp_path


READ = {
    "gz": ("t10k-images-idx3-ubyte.gz", PACKED),
    "raw": ("t10k-images-idx3-ubyte", WHOLE),
    "dotted": ("t10k-images.idx3-ubyte", WHOLE),
    "raw data under a gz name": ("t10k-images-idx3-ubyte.gz", WHOLE),
    "gz data under a raw name": ("t10k-images-idx3-ubyte", PACKED),
    "two gzip members": ("t10k-images-idx3-ubyte.gz", gzip.compress(WHOLE[:3000]) + gzip.compress(WHOLE[3000:])),
    "zeros behind the gzip data": ("t10k-images-idx3-ubyte.gz", PACKED + bytes(512)),
}


@pytest.mark.parametrize("name", list(READ))
def test_read(folder, name):
    file, content = READ[name]
    (folder / file).write_bytes(content)
    images, labels = Mnist(path=str(folder)).load()
    assert np.array_equal(images, IMAGES / 255.0)
    assert labels.tolist() == LABELS.tolist()


def test_of_both_the_packed_one_is_read(folder):
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(255 - IMAGES))
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(PACKED)
    assert np.array_equal(Mnist(path=str(folder)).load()[0], IMAGES / 255.0)


def test_an_archive_that_was_unpacked_into_a_folder_of_its_name(folder):
    """As from Kaggle: the name is a folder, and the file lies beside it under another spelling."""
    (folder / "t10k-images-idx3-ubyte").mkdir()
    (folder / "t10k-images.idx3-ubyte").write_bytes(WHOLE)
    assert len(Mnist(path=str(folder)).load()[0]) == 6


def corrupted():
    wrong = bytearray(PACKED)
    wrong[-6] ^= 1  # in the check sum
    return bytes(wrong)


IMAGES_NAME = "t10k-images-idx3-ubyte.gz"
REFUSED = {
    "a web page": (b"<!DOCTYPE html><html>404</html>", "is no IDX file but a web page"),
    "a picture": (b"\x89PNG\r\n\x1a\n" * 9, "is no IDX file but a PNG picture"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid", "is no IDX file but a pointer of Git LFS"),
    "text": (b"not an IDX file at all", "expected magic number 00000803, got 6e6f7420"),
    "bzip2": (bz2.compress(WHOLE), "is no IDX file but bzip2 data; expected an IDX file, plain or gzipped"),
    "xz": (lzma.compress(WHOLE), "is no IDX file but xz data"),
    "zip": (zipped(WHOLE), "is no IDX file but a zip archive"),
    "packed twice": (gzip.compress(PACKED), "is no IDX file but gzip data, packed twice"),
    "empty": (b"", "got an empty file"),
    "packed nothing": (gzip.compress(b""), "got an empty file"),
    "cut gzip": (PACKED[:-300], "cannot read .*: Compressed file ended"),
    "cut in the gzip header": (PACKED[:5], "cannot read "),
    "wrong check sum": (corrupted(), "cannot read .*: CRC check failed"),
    "broken gzip": (PACKED[:2000] + bytes(200) + PACKED[2200:], "cannot read "),
    "garbage behind gzip": (PACKED + b"garbage", "cannot read .*: Not a gzipped file"),
    "garbage behind": (WHOLE + b"x", "promises 4704 bytes of data \\(6 x 28 x 28\\), and more bytes follow"),
    "garbage inside": (gzip.compress(WHOLE + b"x"), "promises 4704 bytes of data .*and more bytes follow"),
    "cut": (WHOLE[:-1], "promises 4704 bytes of data \\(6 x 28 x 28\\), got 4703"),
    "cut header": (WHOLE[:9], "truncated: expected a header of 16 bytes, got 9"),
    "cut magic": (WHOLE[:3], "expected magic number 00000803, got 000008$"),
    "float": (idx(IMAGES / 255.0, 0x0E), "got 00000e03: float64 of 3 dimensions"),
    "int32": (idx(IMAGES.astype(">i4"), 0x0C), "got 00000c03: int32 of 3 dimensions"),
    "RGB": (idx(np.stack([IMAGES] * 3, axis=3)), "got 00000804: unsigned bytes of 4 dimensions"),
    "labels": (idx(LABELS), "got 00000801: these are labels in the place of images"),
    "little-endian": (b"\x03\x08\0\0" + WHOLE[4:], "expected magic number 00000803, got 03080000"),
    "2^32 - 1 images": (idx(IMAGES, sizes=(2**32 - 1, 28, 28)), "promises 3367254359280 bytes of data .*got 4704"),
    "sizes that overflow": (idx(IMAGES, sizes=(2**32 - 1,) * 3), "promises 79228162458924105385300197375 bytes"),
    "zero after overflow": (idx(IMAGES, sizes=(2**31, 2**31, 4)), "promises 18446744073709551616 bytes"),
    "no image": (idx(IMAGES[:0]), "holds no image: .*0, 28, 28|holds 0 images but .* holds 6 labels"),
    "no pixel": (idx(IMAGES[:, :0]), "holds no image: its header says \\(6, 0, 28\\)"),
    "one short": (idx(IMAGES[:5]), "holds 5 images but .* holds 6 labels"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(folder, name):
    content, said = REFUSED[name]
    (folder / IMAGES_NAME).write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        Mnist(path=str(folder)).load()
    message = str(caught.value)
    assert message.startswith("mnist: ")
    assert IMAGES_NAME in message
    assert "\n" not in message


LABEL_FILES = {
    "swapped": (WHOLE, "got 00000803: these are images in the place of labels"),
    "QMNIST": (idx(np.zeros((6, 8), ">i4"), 0x0C), "got 00000c02: int32 of 2 dimensions"),
    "one short": (idx(LABELS[:5]), "holds 6 images but .* holds 5 labels: they do not belong together"),
}


@pytest.mark.parametrize("name", list(LABEL_FILES))
def test_labels_refused(folder, name):
    content, said = LABEL_FILES[name]
    (folder / IMAGES_NAME).write_bytes(PACKED)
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(content)
    with pytest.raises(DataError, match=f"labels.*{said}|{said}"):
        Mnist(path=str(folder)).load()


def test_a_missing_file_says_what_is_there(folder):
    with pytest.raises(DataError, match=r"holds neither t10k-images-idx3-ubyte.gz nor .*; it holds t10k-labels-idx1"):
        Mnist(path=str(folder)).load()


def test_a_folder_or_a_link_in_the_place_of_a_file(folder):
    (folder / IMAGES_NAME).mkdir()
    with pytest.raises(DataError, match=r"images-idx3-ubyte.gz is a folder; expected an IDX file"):
        Mnist(path=str(folder)).load()
    (folder / IMAGES_NAME).rmdir()
    (folder / IMAGES_NAME).symlink_to(folder / IMAGES_NAME)
    with pytest.raises(DataError, match=r"images-idx3-ubyte.gz is a link that leads to no file"):
        Mnist(path=str(folder)).load()
    (folder / "loop").symlink_to(folder / "loop")
    with pytest.raises(DataError, match=r"no such folder: .*loop \(data.path\)"):
        Mnist(path=str(folder / "loop")).load()


def test_a_file_that_may_not_be_read(folder, monkeypatch):
    """As the system says it; root, which may run these tests, reads everything."""

    def refuse(file, mode):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))

    (folder / IMAGES_NAME).write_bytes(PACKED)
    monkeypatch.setattr(idx_files, "open", refuse, raising=False)
    with pytest.raises(DataError, match=r"cannot read .*: Permission denied"):
        Mnist(path=str(folder)).load()


@pytest.mark.parametrize("path", ["x" * 300, "y/" * 4000, "~nobody-of-this-name/mnist", "a\0b"], ids=lambda p: p[:9])
def test_paths_that_no_file_system_takes(path):
    with pytest.raises(DataError, match="mnist: no such folder: "):
        Mnist(path=path).load()


def test_home_and_the_working_folder(folder, monkeypatch):
    """``~`` is the home of the user, and a relative path starts where the command runs."""
    (folder / IMAGES_NAME).write_bytes(PACKED)
    monkeypatch.setenv("HOME", str(folder.parent))
    assert len(Mnist(path=f"~/{folder.name}").load()[0]) == 6
    monkeypatch.chdir(folder.parent)
    assert len(Mnist(path=folder.name).load()[0]) == 6


def test_a_promise_takes_no_memory(folder):
    """A header that promises 2 GiB is refused without asking for them."""
    (folder / IMAGES_NAME).write_bytes(idx(IMAGES, sizes=(2**31 // 784, 28, 28)))
    tracemalloc.start()
    with pytest.raises(DataError, match="got 4704"):
        Mnist(path=str(folder)).load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


def test_files_of_any_name(tmp_path):
    images = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    (tmp_path / "pictures").write_bytes(idx(images))
    (tmp_path / "kinds.gz").write_bytes(gzip.compress(idx(np.array([7, 70, 7], dtype=np.uint8))))
    found, labels = Idx(path=str(tmp_path), images="pictures", labels="kinds").load()
    assert np.allclose(found, images / 255, atol=1e-7)
    assert labels.tolist() == [7, 70, 7]
    turned, _ = Idx(path=str(tmp_path), images="pictures", labels="kinds", transpose=True).load()
    assert np.array_equal(turned, found.swapaxes(1, 2))
    with pytest.raises(DataError, match=r"idx: .* holds neither photos nor photos.gz"):
        Idx(path=str(tmp_path), images="photos", labels="kinds").load()
    with pytest.raises(DataError, match=r"idx: .* is a folder; expected an IDX file"):
        Idx(path=str(tmp_path), images="", labels="kinds").load()


def test_a_constant_image_is_refused_by_the_run(folder, tmp_path):
    """One line with the key, before anything runs."""
    blank = IMAGES.copy()
    blank[0] = 7
    (folder / IMAGES_NAME).write_bytes(idx(blank))
    config = tmp_path / "c.toml"
    config.write_text(
        f"[computer.units]\nvisible = 784\nhidden = 2\n[data]\nplugin = 'mnist'\npath = '{folder}'\nclasses = [3]\n"
    )
    with pytest.raises(ConfigError, match="image 0 is constant: it cannot be scaled to unit variance"):
        assemble_machine(parse_file(config, load_catalogue()))
