"""`tz.train`: what the training methods do with arrays."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.errors import ArgumentError, DataError, EncodingError, ParameterError, ShapeError, UnknownNameError


@pytest.fixture(scope="module")
def dynamics():
    computer = tz.assemble(
        {"visible": 9, "hidden": 2}, tz.get("quartic"), tz.get("dense"), temperature=0.2, trainable_biases=["hidden"]
    )
    return tz.Dynamics(computer, tz.get("euler-maruyama"), dt=1e-2)


IMAGES = np.array([[[1, 0, 0], [1, 0, 0], [1, 0, 0]], [[0, 0, 0], [2.0, 2, 2], [0, 0, 0]]])


def test_it_is_the_exact_minimum_of_scaled_images(dynamics):
    from thermozoo.training.exact.train import train_exact
    from thermozoo.training.noising import Noising

    rows = IMAGES.reshape(2, 9)
    scaled = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    matrix = normals(NoiseKey(42).named("projection"), 1, np.arange(2), 9) / 3
    signals = np.concatenate([scaled, scaled @ matrix.T], axis=1)
    noising = Noising.of(attrs.evolve(dynamics, steps=100), signals, tz.get("linear-fade"))
    wanted = train_exact(dynamics.computer, noising, noising.loss(tz.get("reverse-likelihood"))).computer
    for images in (IMAGES, IMAGES.reshape(2, 9), IMAGES.tolist()):
        assert np.array_equal(tz.train(dynamics, images, 100).computer.parameters, wanted.parameters)


@pytest.mark.parametrize("method", ["moments", "descent", "online"])
def test_sampled_methods_repeat_by_their_seed(dynamics, method):
    first = tz.train(dynamics, IMAGES, 30, method=method, cycles=5, engine="reference")
    again = tz.train(dynamics, IMAGES, 30, method=method, cycles=5, engine="reference", seed=first.details["seed"])
    other = tz.train(dynamics, IMAGES, 30, method=method, cycles=5, engine="reference", seed=5)
    assert np.array_equal(first.computer.parameters, again.computer.parameters)
    assert not np.array_equal(first.computer.parameters, other.computer.parameters)
    assert repr(first).startswith(f"Training ({method}, ")
    assert first._repr_html_().startswith(f"<div>trained by {method} in ")
    assert first.program._repr_html_() in first._repr_html_()


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (
            IMAGES[0, 0],
            ShapeError,
            r"images must have shape \(images, height, width\) or \(images, pixels\), got \(3,\)",
        ),
        (np.ones((2, 9)), DataError, "image 0 is constant"),
        (np.full((1, 9), np.nan), ParameterError, "images must be finite, got nan"),
        (IMAGES[:, :2], EncodingError, "group 'visible': the images have 6 pixels, but it has 9 units"),
        ("bars", ArgumentError, "images must be real numbers"),
    ],
)
def test_it_says_what_is_wrong_with_images(dynamics, images, error, message):
    with pytest.raises(error, match=message):
        tz.train(dynamics, images, 100)


def test_hidden_units_are_shown_any_encoding(dynamics):
    by_name = tz.train(dynamics, IMAGES, 30, hidden="code", projection_seed=3)
    given = tz.train(dynamics, IMAGES, 30, hidden=tz.get("code"), projection_seed=3)
    assert np.array_equal(by_name.computer.parameters, given.computer.parameters)
    labelled = tz.train(dynamics, IMAGES, 30, labels=[4, 7], hidden="one-hot")
    assert not np.array_equal(by_name.computer.parameters, labelled.computer.parameters)
    with pytest.raises(EncodingError, match="group 'hidden': the encoding 'one-hot': it needs the label of each image"):
        tz.train(dynamics, IMAGES, 30, hidden="one-hot")
    with pytest.raises(UnknownNameError, match="corp"):
        tz.train(dynamics, IMAGES, 30, hidden="corp")


def test_groups_may_count_less(dynamics):
    plain = tz.train(dynamics, IMAGES, 30)
    same = tz.train(dynamics, IMAGES, 30, weights={"hidden": 1.0})
    less = tz.train(dynamics, IMAGES, 30, weights={"hidden": 0.1})
    np.testing.assert_allclose(same.computer.parameters, plain.computer.parameters, rtol=1e-6)
    assert np.abs(less.computer.parameters - plain.computer.parameters).max() > 0.01
    with pytest.raises(ShapeError, match="hiden"):
        tz.train(dynamics, IMAGES, 30, weights={"hiden": 0.1})


def test_it_says_what_is_wrong_with_the_rest(dynamics):
    with pytest.raises(ParameterError, match="method must be one of exact, moments, descent, online, got 'exakt'; did"):
        tz.train(dynamics, IMAGES, 100, method="exakt")
    with pytest.raises(ArgumentError, match="dynamics must be a Dynamics"):
        tz.train(dynamics.computer, IMAGES, 100)
    with pytest.raises(ParameterError, match="steps must be a whole number of 1 or more"):
        tz.train(dynamics, IMAGES, 0)


def test_groups_may_have_encodings_and_protocols_of_their_own():
    """What `encode_groups` makes of the same, and as many steps as the dynamics has."""
    from thermozoo.training.exact.train import train_exact
    from thermozoo.training.noising import Noising
    from thermozoo.training.signals import encode_groups

    stripes = np.kron([[[1, 0], [1, 0]], [[1, 1], [0, 0]]], np.ones((2, 2)))
    computer = tz.assemble({"visible": 16, "hidden": 4}, tz.get("quartic"), tz.get("dense"), temperature=0.1)
    dynamics = tz.Dynamics(computer, tz.get("euler-maruyama"), dt=5e-3, steps=200)
    fades = {"visible": tz.get("linear-fade", fade=0.5), "hidden": tz.get("hold-ramp")}
    found = tz.train(dynamics, stripes, hidden={"hidden": tz.get("code", scale=2.0)}, protocol=fades, ridge=0.01)
    images = stripes - 0.5 * np.ones((2, 4, 4))  # half of the pixels of either are one
    flat = images.reshape(2, 16) / images.reshape(2, 16).std(axis=1, keepdims=True)
    encoded = encode_groups(computer.layout, {"hidden": (tz.get("code", scale=2.0),)}, flat, None, 42, fades)
    noising = Noising(dynamics, encoded.signals, encoded.protocols)
    expected = train_exact(computer, noising, noising.loss(tz.get("reverse-likelihood")), ridge=0.01)
    np.testing.assert_array_equal(found.computer.parameters, expected.computer.parameters)
    plain = tz.train(dynamics, stripes, 200, hidden={"hidden": "code"}, protocol=fades)
    assert np.linalg.norm(plain.computer.parameters) != np.linalg.norm(found.computer.parameters)
    with pytest.raises(EncodingError, match=r"group 'hiden': there is none; did you mean 'hidden'"):
        tz.train(dynamics, stripes, hidden={"hiden": "code"})


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("descent", {"windows": 3}),
        ("online", {"potential_parameters": ["J2"]}),
        ("descent", {"ridge": 0.1}),
        ("moments", {"ridge": 0.1}),
        ("moments", {"window_times": "middle"}),
    ],
)
def test_what_a_method_would_ignore_is_refused(dynamics, method, given):
    (name,) = given
    with pytest.raises(ParameterError, match=f"method '{method}' does nothing with {name}, which is for exact"):
        tz.train(dynamics, IMAGES, 30, method=method, cycles=5, engine="reference", **given)
