"""A perceptron that takes noise out of images in steps, and what it multiplies on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import attrs
import numpy as np
import numpy.typing as npt

import thermozoo as tz  # names that load libraries are taken from it when they are needed

__all__ = ["Denoised", "Network", "angles", "trained_network"]

Array = npt.NDArray[np.floating[Any]]

#: What an update changes of a perceptron, beside its optimizer and its random numbers.
_CHANGING = ("coefs_", "intercepts_", "t_", "n_iter_", "loss_", "best_loss_", "loss_curve_", "_no_improvement_count")


class Denoised(NamedTuple):
    """Images out of noise, shape (samples, pixels), and on the way there, shape (levels + 1, shown, pixels)."""

    images: Array
    way: Array


@attrs.define(eq=False)
class Network:
    """A perceptron pixels-128-128-pixels, and the multiply-accumulates of what it was used for.

    Parameters
    ----------
    model : sklearn.neural_network.MLPRegressor
        Trained to return the image in a noisy one.
    operations : int
        Multiply-accumulates so far of `image`.
    training_operations : int
        Those of training.
    """

    model: Any
    operations: int = 0
    training_operations: int = 0

    @property
    def sizes(self) -> list[int]:
        """The weights of each layer, each of which is multiplied once for an image."""
        return [weights.size for weights in self.model.coefs_]

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return int(sum(self.sizes) + sum(biases.size for biases in self.model.intercepts_))

    def image(self, noisy: Array) -> Array:
        """Return what the network takes for the images in noisy ones, shape (rows, pixels)."""
        self.operations += len(noisy) * sum(self.sizes)
        found: Array = self.model.predict(noisy)
        return found

    def learn(self, noisy: Array, images: Array) -> None:
        """Make an update by pairs of noisy images and images, of shape (rows, pixels) each."""
        self.model.partial_fit(noisy, images)
        first, *others = self.sizes
        # forward, gradients of weights, and errors of all layers but the one that is read
        self.training_operations += len(noisy) * (2 * first + 3 * sum(others))

    def checkpoint(self) -> dict[str, Any]:
        """Return all that updates have changed, as a value, once there was one."""
        model, optimizer = self.model, self.model._optimizer
        return {
            "model": {name: getattr(model, name) for name in _CHANGING if hasattr(model, name)},
            "optimizer": {name: getattr(optimizer, name) for name in ("t", "ms", "vs")},
            "random": model._random_state.get_state(legacy=False),
            "operations": (self.operations, self.training_operations),
        }

    def restore(self, value: Mapping[str, Any]) -> None:
        """Go on from what `checkpoint` of a network that was made alike returned, once it had an update."""
        for name, held in value["model"].items():
            setattr(self.model, name, held)
        for name, held in value["optimizer"].items():
            setattr(self.model._optimizer, name, held)
        self.model._random_state.set_state(value["random"])
        self.operations, self.training_operations = value["operations"]

    def denoise(self, noise: Array, levels: int, eta: float, random: np.random.Generator, shown: int) -> Denoised:
        """Turn noise into images, level by level; of the first so many rows the way is kept.

        Of z = cos(theta) x + sin(theta) e the network says what x is, which leaves e; the next z is made of these at
        the next angle, with fresh noise in place of a part of e where `eta` is above zero.
        """
        z, way = noise, [noise[:shown]]
        theta = angles(levels)
        for k in range(levels, 0, -1):
            image = self.image(z)
            left = (z - np.cos(theta[k]) * image) / np.sin(theta[k])
            clean, noisy = np.cos(theta[k - 1]), np.sin(theta[k - 1])
            fresh = eta * noisy / np.sin(theta[k]) * np.sqrt(max(0.0, 1 - (np.cos(theta[k]) / clean) ** 2))
            z = clean * image + np.sqrt(max(0.0, noisy**2 - fresh**2)) * left
            if fresh:
                z = z + fresh * random.standard_normal(z.shape, np.float32)
            z = z.astype(np.float32)
            way.append(z[:shown])
        return Denoised(z, np.stack(way))


def angles(levels: int) -> Array:
    """Return the angle theta of each noise level, from 0, the image, to pi / 2, noise alone."""
    found: Array = np.linspace(0.0, np.pi / 2, levels + 1)
    return found


def pairs(images: Array, levels: int, batch: int, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Yield batches of noisy images and images without end; image and noise level are drawn anew for each row."""
    theta = angles(levels).astype(np.float32)
    while True:
        shown = images[random.integers(len(images), size=batch)]
        angle = theta[random.integers(1, levels + 1, size=batch)][:, np.newaxis]
        noise = random.standard_normal(shown.shape, np.float32)
        yield np.cos(angle) * shown + np.sin(angle) * noise, shown


def trained_network(
    images: Array,
    levels: int,
    updates: int,
    batch: int,
    learning_rate: float,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
    rounds: Callable[..., Iterable[int]] = lambda name, count, take, put, progress: range(count),
) -> Network:
    """Return a network that has learned to find images of shape (n, pixels), unit variance each, in noise.

    Single precision, and one thread: with the same libraries on the same kind of processor, the same seed gives the
    same bits. `rounds` is that of a run, by which training that was stopped goes on.
    """
    from sklearn.neural_network import MLPRegressor

    hidden = tz.denoiser_layers(images.shape[1])[1:-1]
    network = Network(
        MLPRegressor(hidden_layer_sizes=hidden, batch_size=batch, learning_rate_init=learning_rate, random_state=seed)
    )
    random = np.random.default_rng((seed, 0))
    drawn = pairs(images.astype(np.float32), levels, batch, random)
    network.learn(*next(drawn))  # makes what others change
    progress(1)

    def take() -> Any:
        return network.checkpoint(), random.bit_generator.state

    def put(value: Any) -> None:
        network.restore(value[0])
        random.bit_generator.state = value[1]

    for _ in rounds("denoiser", updates - 1, take, put, progress):
        network.learn(*next(drawn))
        progress(1)
    return network
