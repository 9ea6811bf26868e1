"""MNIST files by their names. Toy files in the IDX format; no network. What is in a file: see test_idx_files."""

from __future__ import annotations

import gzip
import os
import struct

import numpy as np
import pytest
from thermozoo_plugins.datasets import Mnist

from thermozoo.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9], dtype=np.uint8)


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES)))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS)))
    return tmp_path


def test_gzipped_files(folder):
    images, labels = Mnist(path=str(folder)).load()
    assert np.array_equal(images, IMAGES / 255.0)
    assert labels.tolist() == LABELS.tolist()
    assert labels.dtype == np.int64


@pytest.mark.parametrize("name", ["train-{}-idx{}-ubyte", "train-{}.idx{}-ubyte"])
def test_plain_files_and_the_other_split(tmp_path, name):
    (tmp_path / name.format("images", 3)).write_bytes(idx(IMAGES))
    (tmp_path / name.format("labels", 1)).write_bytes(idx(LABELS))
    images, labels = Mnist(path=str(tmp_path), split="train").load()
    assert images.shape == (6, 28, 28)
    assert len(labels) == 6


def test_missing(tmp_path, folder):
    with pytest.raises(DataError, match=r"no such folder: .*nowhere .*data.path"):
        Mnist(path=str(tmp_path / "nowhere")).load()
    file = folder / "t10k-labels-idx1-ubyte.gz"
    with pytest.raises(DataError, match=r"mnist: not a folder: .*ubyte.gz \(data.path\); expected a folder that holds"):
        Mnist(path=str(file)).load()
    file.unlink()
    with pytest.raises(DataError, match=r"holds neither t10k-labels-idx1-ubyte.gz nor t10k-labels-idx1-ubyte"):
        Mnist(path=str(folder)).load()


def test_an_unknown_split():
    with pytest.raises(DataError, match="split must be 'test' or 'train', got 'validation'"):
        Mnist(split="validation")


@pytest.mark.skipif("THERMOZOO_TEST_MNIST" not in os.environ, reason="THERMOZOO_TEST_MNIST names no folder with MNIST")
def test_the_real_files():
    images, labels = Mnist(path=os.environ["THERMOZOO_TEST_MNIST"]).load()
    assert images.shape == (10_000, 28, 28)
    assert labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
