"""The classifiers of the judges, against those of scikit-learn, and a minimum against the points around it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from thermozoo.quality.logistic import linear_classifier
from thermozoo.quality.network import Network

BUNCH = load_digits()


def some(classes, spread=16.0):
    """Return digits of the first classes, of zero mean and about unit variance."""
    chosen = classes > BUNCH.target
    images = BUNCH.data[chosen]
    return (images - images.mean()) / spread, BUNCH.target[chosen]


@pytest.mark.parametrize("classes", [2, 10])
def test_a_pass_is_that_of_the_reference(classes):
    """Same first weights, same order of images, same steps of Adam: nothing but rounding is between them."""
    images, labels = some(classes)
    images = images.astype(np.float32)
    model = MLPClassifier((32, 16), alpha=1e-1, random_state=0, batch_size=100)
    network = Network((64, 32, 16, classes), penalty=1e-1, batch=100, seed=0)
    with threadpool_limits(1, user_api="blas"):
        model.partial_fit(images, labels, classes=np.arange(classes))
        network.learn(images, labels)
    expected = [*model.coefs_, *model.intercepts_]
    assert len(expected) == len([*network.weights, *network.biases])
    for mine, its in zip([*network.weights, *network.biases], expected, strict=True):
        assert mine == pytest.approx(its, abs=2e-6)
        assert np.abs(its).max() > 1e-2


def test_passes_go_on_from_each_other():
    """What is right rises from pass to pass."""
    images, labels = some(10)
    images = images.astype(np.float32)
    network = Network((64, 32, 10), penalty=1e-3, batch=100, seed=0)
    right = []
    for _ in range(10):
        network.learn(images, labels)
        hidden = np.maximum(images @ network.weights[0] + network.biases[0], 0)
        right.append(float(((hidden @ network.weights[1] + network.biases[1]).argmax(axis=1) == labels).mean()))
    assert right[-1] > 0.9
    assert right[0] < right[3] < right[-1]


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("penalty", [30.0, 1e3])
def test_the_linear_classifier_is_that_of_the_reference(classes, penalty):
    images, labels = some(classes, spread=5.0)
    model = LogisticRegression(C=1 / penalty, max_iter=300, tol=1e-4).fit(images, labels)
    mine = linear_classifier(images, labels, penalty)
    columns = slice(-len(model.coef_), None)
    expected = np.column_stack([model.coef_, model.intercept_])
    found = np.column_stack([mine.weights[:, columns].T, mine.biases[columns]])
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()  # both end at a gradient of 1e-4
    assert np.array_equal(mine.predict(images), model.predict(images))
    assert np.array_equal(mine.classes, np.arange(classes))


def test_the_linear_classifier_is_a_minimum():
    """No step in any of a few directions makes the loss of its docstring less, which is written out here."""
    images, labels = some(3, spread=5.0)
    found = linear_classifier(images, labels, 5.0)

    def loss(weights, biases):
        z = images @ weights + biases
        logs = z - np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)) - z.max(axis=1)[:, None]
        return -logs[np.arange(len(labels)), labels].sum() + 2.5 * (weights**2).sum()

    least = loss(found.weights, found.biases)
    random = np.random.default_rng(0)
    for _ in range(20):
        up, across = random.standard_normal(found.weights.shape), random.standard_normal(3)
        assert min(loss(found.weights + s * up, found.biases + s * across) for s in (-1e-2, 1e-2)) > least
