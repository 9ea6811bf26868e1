"""The first-party encodings, each against its formula written out by hand and against the identities that it claims."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thermozoo_plugins.encodings import (
    BinaryFeatures,
    ClassCode,
    Code,
    Crop,
    Emphasis,
    Image,
    Ink,
    OneHot,
    ResidualBits,
    SignProjection,
    Table,
    Tree,
    Wrap,
)
from thermozoo_plugins.encodings.principal import principal_directions
from thermozoo_plugins.protocols import HoldRamp

from thermozoo.dynamics.counter_random import CounterRandom
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import DataError, ParameterError, ShapeError
from thermozoo.registry.catalogue import catalogue


def random():
    return CounterRandom(NoiseKey(5).named("projection"), 1)


def images_of(count, pixels=25, seed=0):
    images = np.random.default_rng(seed).standard_normal((count, pixels))
    return (images - images.mean(axis=1, keepdims=True)) / images.std(axis=1, keepdims=True)


IMAGES, LABELS = images_of(12), np.array([7, 4, 7, 9] * 3)


def encoded(plugin, images=IMAGES, labels=LABELS, size=None):
    size = plugin.units(images, labels) if size is None else size
    return plugin.encode(images, labels, size, random())


def test_pixels():
    assert np.array_equal(encoded(Image()), IMAGES)
    assert np.array_equal(encoded(Wrap(), size=60), np.tile(IMAGES, 3)[:, :60])
    assert np.array_equal(encoded(Crop(), size=4), IMAGES[:, 10:14])
    expected = 1 - 2 / (1 + np.exp(2 * 3.0 * (IMAGES - 0.5)))
    assert encoded(Ink(threshold=0.5, slope=3.0)) == pytest.approx(expected, abs=1e-14)


def test_random_patterns():
    code = encoded(Code(scale=2.0), size=400)
    assert set(np.unique(code)) == {-2.0, 2.0}
    # two of 66 pairs share more or less than half of 400 signs by six standard deviations in 1e-7 of seeds
    overlaps = code @ code.T / 4
    assert np.abs(overlaps[~np.eye(12, dtype=bool)]).max() < 6 * np.sqrt(400)
    by_class = encoded(ClassCode(), size=50)
    for i, j in itertools.combinations(range(12), 2):
        assert np.array_equal(by_class[i], by_class[j]) == (LABELS[i] == LABELS[j])


def test_one_hot():
    found = encoded(OneHot(on=2.0, off=-1.0))
    assert found.tolist() == [[2.0 if label == c else -1.0 for c in (4, 7, 9)] for label in LABELS]


def test_the_sides_of_random_planes():
    """Opposite images differ in all signs, images at a right angle in half of them: six standard deviations."""
    a, b = np.zeros((2, 25))
    a[:2], b[2:4] = (1, -1), (1, -1)
    signals = encoded(SignProjection(scale=0.5), np.array([a, -a, b]), np.arange(3), size=2000)
    assert set(np.unique(signals)) == {-0.5, 0.5}
    assert np.array_equal(signals[0], -signals[1])
    assert abs(np.mean(signals[0] == signals[2]) - 0.5) < 6 * 0.5 / np.sqrt(2000)


def nodes_of(plugin, images, labels):
    """Each level as a list of sets of images, read off the signals alone: a level ends where every image is on once."""
    signals = encoded(plugin, images, labels)
    levels, columns = [], list(signals.T)
    while columns:
        level, seen = [], np.zeros(len(images))
        while (seen < 1).any():
            on = columns.pop(0) > 0
            seen += on
            level.append(on)
        assert (seen == 1).all(), "every image is in one node of a level"
        levels.append(level)
    return levels


def children(level, below):
    """The nodes of the next level that lie inside each node."""
    return [[child for child in below if (child <= node).all()] for node in level]


@settings(max_examples=15, deadline=None)
@given(count=st.integers(2, 40), seed=st.integers(0, 5), scale=st.sampled_from([1.0, 3.0, 0.5]))
def test_siblings_of_a_tree(count, seed, scale):
    """s_L + s_R = s_parent - S exactly; halves are equal but for one image; every image ends alone."""
    images, labels = images_of(count, seed=seed), np.zeros(count, dtype=int)
    levels = nodes_of(Tree(scale=scale), images, labels)
    assert len(levels) == int(np.ceil(np.log2(count)))

    def signal(on):
        return np.where(on, scale, -scale)

    for level, below in itertools.pairwise([[np.ones(count, dtype=bool)], *levels]):
        families = children(level, below)
        assert sum(map(len, families)) == len(below)
        for node, own in zip(level, families, strict=True):
            if node.sum() == 1:
                assert [child.tolist() for child in own] == [node.tolist()]
                continue
            left, right = own
            assert np.array_equal(signal(left) + signal(right), signal(node) - scale)
            assert abs(int(left.sum()) - int(right.sum())) <= 1
    assert sorted(int(np.flatnonzero(leaf)[0]) for leaf in levels[-1]) == list(range(count))
    assert all(leaf.sum() == 1 for leaf in levels[-1])


def test_the_halves_of_a_node_lie_on_two_sides_of_its_first_principal_component():
    images, labels = images_of(30), np.zeros(30, dtype=int)
    levels = nodes_of(Tree(), images, labels)
    for level, below in itertools.pairwise(levels[:4]):
        for node, own in zip(level, children(level, below), strict=True):
            inside = images[node]
            component = np.linalg.svd(inside - inside.mean(axis=0))[2][0]
            left, right = ((images[child]) @ component for child in own)
            assert left.max() < right.min() or right.max() < left.min()


@pytest.mark.parametrize("count", [2, 3, 8])
def test_rounding_decides_nothing_in_a_tree(count):
    """Of images that are symmetric, any direction is a principal one; of equal images, none is."""
    symmetric = np.eye(count) * np.sqrt(count)
    noise = 1e-13 * np.random.default_rng(1).standard_normal(symmetric.shape)
    labels = np.zeros(count, dtype=int)
    expected = encoded(Tree(), symmetric, labels)
    assert np.array_equal(encoded(Tree(), symmetric + noise, labels), expected)
    equal = np.tile(images_of(1), (count, 1))
    expected = encoded(Tree(), equal, labels)
    noise = 1e-13 * np.random.default_rng(1).standard_normal(equal.shape)
    assert np.array_equal(encoded(Tree(), equal + noise, labels), expected)
    assert expected[0, 0] > 0  # the first image is in the first half


def test_the_order_of_images_is_no_matter_to_a_tree():
    images, labels = images_of(16), np.arange(16) % 2
    order = np.random.default_rng(2).permutation(16)
    for tree in (Tree(), Tree(per_class=True)):
        assert np.array_equal(encoded(tree, images[order], labels[order]), encoded(tree, images, labels)[order])


def test_the_units_of_the_published_trees():
    """Hidden units of the design's table: copies times nodes of all levels."""
    for count, copies, units in ((10, 12, 288), (30, 4, 240), (100, 4, 904)):
        assert Tree(copies=copies).units(images_of(count), np.zeros(count, dtype=int)) == units
    labels = np.repeat(np.arange(10), 100)
    tree = Tree(per_class=True, leaves=16, copies=[2, 2, 3, 5])
    assert tree.units(images_of(1000), labels) == 1160


def test_one_tree_a_class():
    images, labels = images_of(20), np.array([3, 5] * 8 + [3, 3, 3, -1])
    signals = encoded(Tree(per_class=True, copies=2), images, labels)
    assert np.array_equal(signals[:, ::2], signals[:, 1::2])
    nodes = nodes_of(Tree(per_class=True), images, labels)
    assert [len(level) for level in nodes] == [1 + 2 + 2, 1 + 4 + 4, 1 + 8 + 8, 1 + 11 + 8]
    for level in nodes:
        assert all(len(set(labels[node])) == 1 for node in level), "a node has images of one class"
        own = [int(labels[node][0]) for node in level]
        assert own == sorted(own)
    alone = [encoded(Tree(), images[labels == c], labels[labels == c]) for c in (3, 5)]
    assert np.array_equal(signals[labels == 5][:, ::2][:, 3:5], alone[1][:, :2])
    assert np.array_equal(signals[labels == 3][:, ::2][:, 1:3], alone[0][:, :2])


@pytest.mark.parametrize("leaves", [2, 5, 8])
def test_a_tree_that_stops_and_its_medoids(leaves):
    images, labels = images_of(41), np.zeros(41, dtype=int)
    tree = Tree(leaves=leaves)
    last = nodes_of(tree, images, labels)[-1]
    assert len(last) == leaves
    halved = {2: [20, 21], 5: [5, 6, 10, 10, 10], 8: [5] * 7 + [6]}  # the largest first
    assert sorted(node.sum() for node in last) == halved[leaves]
    medoids = []
    for node in last:
        inside = np.flatnonzero(node)
        # the least sum of squared distances to all of the leaf, which is the mean's nearest
        sums = [sum(((images[i] - images[j]) ** 2).sum() for j in inside) for i in inside]
        medoids.append(inside[int(np.argmin(sums))])
    assert tree.keep(images, labels).tolist() == sorted(medoids)
    assert Tree(leaves=leaves, medoids=False).keep(images, labels).tolist() == list(range(41))
    assert Tree().keep(images, labels).tolist() == list(range(41))
    assert Tree(leaves=100).keep(images, labels).tolist() == list(range(41))


def test_each_level_fades_before_the_one_above():
    images, labels = images_of(10), np.zeros(10, dtype=int)
    tree = Tree(copies=(3, 1, 1, 2), fade=0.9, fade_step=0.1, width=0.25)
    values = tree.protocol_values(images, labels, 6 + 4 + 8 + 20)
    expected = [0.9] * 6 + [0.8] * 4 + [0.7] * 8 + [0.6] * 20
    assert values["fade"].tolist() == expected
    assert values["width"].tolist() == [0.25] * 38
    for fade, width in zip(values["fade"], values["width"], strict=True):
        HoldRamp(fade=fade, width=width)


def test_the_step_that_a_refusal_advises_is_taken():
    images, labels = images_of(100), np.zeros(100, dtype=int)
    size = Tree().units(images, labels)
    with pytest.raises(ParameterError, match=r"last of the 7 levels .*fade at 0\.23 .*fade_step of at most") as refused:
        Tree().protocol_values(images, labels, size)
    advised = float(re.search(r"at most ([\d.]+\d)", str(refused.value))[1])
    assert 0.25 <= Tree(fade_step=advised).protocol_values(images, labels, size)["fade"][-1] < 0.26
    with pytest.raises(ParameterError, match=r"fade at .* take a smaller width$"):  # which no step mends
        Tree(fade=0.2).protocol_values(images, labels, size)
    fades = Tree(fade=0.95, fade_step=0.1, width=0.35).protocol_values(images, labels, size)["fade"]
    assert fades[-1] == 0.35


def test_what_the_leaves_do_not_say():
    """Bits of a class, against a singular value decomposition of what its leaves leave."""
    images, labels = images_of(48), np.array([2, 6] * 24)
    signals = encoded(ResidualBits(leaves=4, bits=3, copies=2), images, labels)
    assert signals.shape == (48, 12)
    assert np.array_equal(signals[:, ::2], signals[:, 1::2])
    for c, label in enumerate((2, 6)):
        own = labels == label
        left = images[own].copy()
        for leaf in nodes_of(Tree(leaves=4), left, labels[own])[-1]:
            left[leaf] -= images[own][leaf].mean(axis=0)
        along = left @ np.linalg.svd(left)[2][:3].T
        for k in range(3):
            expected = np.sign(along[:, k] - np.median(along[:, k]))
            found = signals[own, 6 * c + 2 * k] / 3
            assert abs(expected @ found) == 24  # but for the sign of the component
            assert found.sum() == 0  # half of the images on each side
        assert (signals[~own, 6 * c : 6 * c + 6] == -3).all()


def solved(signals, features, ridge):
    """What features add, by least squares of an augmented system, and the error."""
    count = features.shape[1]
    design = np.column_stack([features, np.ones(len(signals))])
    penalty = np.sqrt(ridge) * np.eye(count, count + 1)
    rows = np.concatenate([design, penalty])
    right = np.concatenate([signals, np.zeros((count, signals.shape[1]))])
    added = np.linalg.lstsq(rows, right, rcond=None)[0]
    return added, ((right - rows @ added) ** 2).sum()


def test_no_flip_of_a_binary_feature_lowers_the_error():
    """Neither with what features add held, nor is the error above that of the signs that it started from."""
    images, labels = images_of(40, pixels=30), np.zeros(40, dtype=int)
    plugin = BinaryFeatures(features=5, copies=2, scale=2.0, ridge=0.7, of=Image())
    signals = encoded(plugin, images, labels)
    assert np.array_equal(signals[:, ::2], signals[:, 1::2])
    features = signals[:, ::2] / 2
    assert set(np.unique(features)) == {-1.0, 1.0}
    added, error = solved(images, features, 0.7)
    for image, feature in itertools.product(range(40), range(5)):
        flipped = features.copy()
        flipped[image, feature] *= -1
        here, there = (
            ((images[image] - added[-1] - row @ added[:-1]) ** 2).sum() for row in (features[image], flipped[image])
        )
        assert there >= here - 1e-9
    components = np.linalg.svd(images - images.mean(axis=0))[2][:5]
    along = (images - images.mean(axis=0)) @ components.T
    start = np.where(along > np.median(along, axis=0), 1.0, -1.0)
    assert error < solved(images, start, 0.7)[1]


def test_rounds_of_flips_are_those_of_brute_force():
    """Features are solved for with what all images share left free, then flipped one after another."""
    images = 1.0 + images_of(40, pixels=12)
    components = np.linalg.svd(images - images.mean(axis=0))[2][:10]
    components *= np.sign(components[np.arange(10), np.abs(components).argmax(axis=1)])[:, None]
    along = (images - images.mean(axis=0)) @ components.T
    features = np.where(along > np.median(along, axis=0), 1.0, -1.0)
    for _ in range(6):
        added = solved(images, features, 10.0)[0]
        for _, k, n in itertools.product(range(4), range(10), range(40)):
            both = [features[n].copy(), features[n].copy()]
            both[1][k] *= -1
            errors = [((images[n] - added[-1] - row @ added[:-1]) ** 2).sum() for row in both]
            features[n] = both[int(errors[1] < errors[0])]
    plugin = BinaryFeatures(features=10, scale=1.0, ridge=10.0, rounds=6, of=Image())
    assert np.array_equal(encoded(plugin, images, np.zeros(40, dtype=int)), features)


def test_principal_directions_of_equal_variance_are_orthogonal_and_in_one_order():
    corners = np.eye(5)
    found = principal_directions(corners, corners.mean(axis=0), 4)
    assert found @ found.T == pytest.approx(np.eye(4), abs=1e-12)
    assert found @ np.ones(5) == pytest.approx(np.zeros(4), abs=1e-12)
    # of the space that is left, what has most of the first corner that it can have
    assert found[0] == pytest.approx(np.array([4, -1, -1, -1, -1]) / np.sqrt(20), abs=1e-12)
    assert found[1] == pytest.approx(np.array([0, 3, -1, -1, -1]) / np.sqrt(12), abs=1e-12)
    assert len(principal_directions(corners, corners.mean(axis=0), 5)) == 4


def test_features_of_which_images_are_made_are_found():
    rng = np.random.default_rng(3)
    has = np.where(rng.random((60, 3)) < 0.5, 1.0, -1.0)
    parts = np.linalg.qr(rng.standard_normal((20, 3)))[0].T * np.array([[4.0], [3.0], [2.0]])
    images = has @ parts + 0.05 * rng.standard_normal((60, 20))
    found = encoded(BinaryFeatures(features=3, scale=1.0, of=Image()), images, np.zeros(60, dtype=int))
    assert (np.abs(found.T @ has) == 60).sum() == 3  # each once, but for order and sign


def test_features_are_those_of_the_signals_that_are_shown():
    labels = np.zeros(30, dtype=int)
    images = images_of(30)
    plugin = BinaryFeatures(features=4)
    ink = np.tanh(2 * (images - 1))
    assert np.array_equal(encoded(plugin, images, labels), encoded(BinaryFeatures(features=4, of=Image()), ink, labels))
    assert not np.array_equal(
        encoded(plugin, images, labels), encoded(BinaryFeatures(features=4, of=Image()), images, labels)
    )


def test_differences_from_the_mean_are_emphasized():
    """The mean stays, differences of any two images are so many times as large, and ink is what is emphasized."""
    images, labels = images_of(30), np.zeros(30, dtype=int)
    ink, signals = encoded(Ink(), images, labels), encoded(Emphasis(gain=1.7), images, labels)
    assert signals.mean(axis=0) == pytest.approx(ink.mean(axis=0), abs=1e-13)
    assert signals[:-1] - signals[1:] == pytest.approx(1.7 * (ink[:-1] - ink[1:]), abs=1e-13)
    assert encoded(Emphasis(gain=1.0, of=Image()), images, labels) == pytest.approx(images, abs=1e-13)
    tree = Tree(leaves=4)
    assert np.array_equal(Emphasis(of=tree).keep(images, labels), tree.keep(images, labels))
    units = tree.units(images, labels)
    assert Emphasis(of=tree).units(images, labels) == units
    faded, expected = (one.protocol_values(images, labels, units) for one in (Emphasis(of=tree), tree))
    assert faded.keys() == expected.keys() == {"fade", "width"}
    assert all(np.array_equal(faded[name], expected[name]) for name in expected)


def test_a_table(tmp_path):
    rows = np.random.default_rng(0).standard_normal((12, 3))
    np.save(tmp_path / "codes.npy", rows)
    np.savetxt(tmp_path / "codes.csv", rows, delimiter=",", header="a, b, c", fmt="%.17g")
    for name in ("codes.npy", "codes.csv"):
        assert np.array_equal(encoded(Table(path=str(tmp_path / name))), rows)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2\n3\n", "line 2 has 1 numbers, the first row 2; expected comma-separated numbers"),
        ("1,x\n", "line 1: could not convert string to float: 'x'"),
        ("# nothing\n\n", r"holds float64 of shape \(0, 0\); expected numbers with a row for each image"),
        ("1,nan\n", "has nan in row 1, column 2; expected finite numbers"),
        ("1,2\n3,4\n", "needs one row for each of 12 images, but .* has 2 rows"),
        (b"\xff\xfe\x00", "cannot read the table"),
    ],
)
def test_a_table_that_is_none(tmp_path, text, said):
    file = tmp_path / "codes.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=said):
        encoded(Table(path=str(file)))


def test_an_array_of_objects_is_not_unpickled(tmp_path):
    np.save(tmp_path / "codes.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"cannot read the table .*allow_pickle=False; expected"):
        encoded(Table(path=str(tmp_path / "codes.npy")))
    (tmp_path / "codes.npy").write_bytes(b"")
    with pytest.raises(DataError, match="cannot read the table"):
        encoded(Table(path=str(tmp_path / "codes.npy")))


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: Tree(copies=0), ParameterError, "copies must be a whole number of 1 or more, or a list with one for"),
        (lambda: Tree(copies=[]), ParameterError, r"copies must be .*, got \[\]"),
        (lambda: Tree(copies=[2, 0]), ParameterError, r"copies must be .*, got \[2, 0\]"),
        (lambda: Tree(leaves=1), ParameterError, "leaves must be 0 .* or 2 or more, got 1"),
        (lambda: Tree(leaves=-1), ParameterError, "leaves must be a whole number of 0 or more, got -1"),
        (lambda: BinaryFeatures(features=True), ParameterError, "features must be a whole number .*, got True"),
        (lambda: Emphasis(gain=0.0), ParameterError, "Emphasis.gain must lie in .*, got 0"),
        (lambda: encoded(Image(), size=24), ShapeError, "needs 25 units for these images, but its group has 24: "),
        (lambda: encoded(OneHot(), size=2), ShapeError, "the encoding 'one-hot' needs 3 units"),
        (lambda: encoded(Crop(), size=26), ShapeError, "middle 26 pixels, but an image has only 25.* or take 'wrap'"),
        (lambda: encoded(Tree(copies=[1, 2])), ShapeError, "2 numbers of copies, but .* 4 levels: give 4 numbers"),
        (lambda: encoded(Tree(), IMAGES[:1], LABELS[:1]), DataError, "tells images apart: it needs two or more, got 1"),
        (lambda: encoded(ResidualBits(leaves=2)), DataError, "finds 1 components in what 2 leaves leave of the 3 "),
        (lambda: encoded(BinaryFeatures(features=12)), DataError, "12 images have 11, but features = 12: take fewer"),
    ],
)  # fmt: skip
def test_what_cannot_be(make, error, said):
    with pytest.raises(error, match=said):
        make()


def test_which_encodings_need_no_image():
    names = catalogue().names("encoding")
    by_label = {n for n in names if catalogue().record("encoding", n).plugin.by_label}
    assert by_label == {"one-hot", "class-code"}
