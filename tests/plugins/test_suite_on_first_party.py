"""The verification suite on every plugin that thermozoo brings along: what `thermozoo verify` asks of strangers.

Plugins are collected from the hooks, so a new one is covered by itself. Kinds whose checks follow ensembles are long.
"""

from __future__ import annotations

import gzip
import struct

import attrs
import numpy as np
import pytest

from thermozoo.registry.catalogue import catalogue
from thermozoo.testing import parametrize_with_checks
from thermozoo.testing.checks.encoding import IMAGES

FIRST_PARTY = [r.plugin for r in catalogue().records if r.source.distribution == "thermozoo" and r.plugin is not None]

#: Kinds whose checks take a second in all.
QUICK = ("connectivity", "dataset", "encoding", "protocol")

#: Files of the data sets that read some, by name.
FILES = {
    "mnist": "t10k-{}-ubyte.gz",
    "emnist": "emnist-balanced-test-{}-ubyte.gz",
    "idx": "train-{}-ubyte.gz",
}


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory):
    """Toy files under the names that data sets look for by default: no test asks the network for any."""
    folder = tmp_path_factory.mktemp("idx")
    images = np.random.default_rng(0).integers(0, 256, (20, 7, 5), dtype=np.uint8)
    labels = np.arange(20, dtype=np.uint8) % 4
    for name in FILES.values():
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / name.format(kind)).write_bytes(gzip.compress(header + array.tobytes()))
    return folder


@parametrize_with_checks(*[cls for cls in FIRST_PARTY if cls.kind in QUICK])
def test_first_party(check, data_folder):
    if check.plugin.kind == "encoding" and check.plugin.name == "table":
        table = data_folder / "signals.csv"
        np.savetxt(table, np.random.default_rng(0).standard_normal((IMAGES, 5)), delimiter=",")
        check = attrs.evolve(check, plugin=check.plugin(path=str(table)))
    elif check.plugin.name == "edges":
        triangle = data_folder / "triangle.csv"
        triangle.write_text("i, j, strength\n0, 1, -1\n1, 2, 0.5\n2, 0, 1\n")
        check = attrs.evolve(check, plugin=check.plugin(path=str(triangle)))
    elif any(field.name == "path" for field in attrs.fields(check.plugin)):
        assert check.plugin.name in FILES, "a data set that reads files needs toy files here"
        check = attrs.evolve(check, plugin=check.plugin(path=str(data_folder)))
    check("quick")


@pytest.mark.long
@parametrize_with_checks(*[cls for cls in FIRST_PARTY if cls.kind not in QUICK])
def test_first_party_with_ensembles(check):
    check("quick")


def test_every_plugin_is_covered():
    """The hooks name at least one plugin of each kind, and all of them are here."""
    from thermozoo.interfaces import INTERFACES

    assert {cls.kind for cls in FIRST_PARTY} == set(INTERFACES)
    assert {"quartic", "bipartite", "linear-fade", "tree", "emnist", "reverse-likelihood"} <= {
        cls.name for cls in FIRST_PARTY
    }
