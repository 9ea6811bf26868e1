"""Training a computer on images, from arrays."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import choice, count, finite_array, instance, names_of
from thermozoo.dynamics.engines import Dynamics, Engine, engine_for
from thermozoo.errors import DataError, ShapeError
from thermozoo.interfaces import Encoding, Objective, Protocol
from thermozoo.training import METHODS
from thermozoo.training.methods import train_by
from thermozoo.training.noising import Noising, image_group
from thermozoo.training.result import Training
from thermozoo.training.signals import encode_groups

__all__ = ["train"]


@attrs.frozen
class _Settings:
    """What the methods read; see `thermozoo.training.methods.Settings`."""

    cycles: int
    learning_rate: float
    windows: int
    potential_parameters: tuple[str, ...]
    tolerance: float


def train(
    dynamics: Dynamics,
    images: npt.ArrayLike,
    steps: int,
    *,
    method: str = "exact",
    protocol: Protocol | None = None,
    objective: Objective | None = None,
    labels: npt.ArrayLike | None = None,
    hidden: Encoding | str = "projection",
    weights: Mapping[str, float] | None = None,
    projection_seed: int = 42,
    windows: int = 1,
    potential_parameters: Sequence[str] = (),
    cycles: int = 300,
    learning_rate: float = 4e-4,
    tolerance: float = 1e-8,
    seed: int | None = None,
    engine: Engine | str = "auto",
    progress: Callable[[int], None] | None = None,
) -> Training:
    """Train a computer so that its own dynamics, begun in noise, ends in images.

    The likelihood that the computer generates the reverse of noising trajectories of the images becomes largest.

    Parameters
    ----------
    dynamics : Dynamics
        The computer to train, its integrator and time step; couplings and trainable biases are what training changes.
    images : array_like, shape (images, height, width) or (images, pixels)
        What to learn; each is scaled to zero mean and unit variance. The group ``visible``, or the first that moves,
        has one unit for each pixel.
    steps : int
        Steps of noising; generation takes as many.
    method : str
        ``"exact"`` (no sampling), ``"moments"``, ``"descent"`` or ``"online"``.
    protocol : Protocol, optional
        Intensity of the imposed image (default: ``linear-fade`` as it comes).
    objective : Objective, optional
        Loss (default: ``reverse-likelihood``).
    labels : array_like of int, shape (images,), optional
        Label of each image, for encodings that look at it.
    hidden : Encoding or str
        Signal on free units that show no image: ``"projection"``, ``"crop"`` or another encoding.
    weights : mapping of str to float, optional
        What the loss of a group's units counts beside the others' (default: one); it is then a weighted likelihood.
    projection_seed : int
        Seed of what the encoding draws at random.
    windows : int
        Time windows with couplings of their own (exact, moments).
    potential_parameters : sequence of str
        On-site parameters to train as well (exact, moments).
    cycles : int
        Noising trajectories of each image (moments, descent, online).
    learning_rate : float
        Of descent and online [energy^2].
    tolerance : float
        Relative residual at which the exact solution stops.
    seed : int, optional
        Seed of noising trajectories (default: drawn; the details of the result say which).
    engine : Engine or str
        What advances noising trajectories.
    progress : callable, optional
        Called with the amount of work done since its last call.

    Returns
    -------
    Training
        ``program`` is the trained computer, of one time window or several; ``computer`` that of the last.

    Raises
    ------
    TrainingError
        When the method cannot be used with this computer, or does not converge.
    DataError, ShapeError
        When the images are no finite numbers, or have no contrast.
    EncodingError
        When images or labels do not fit the units, with every fault at once.

    Examples
    --------
    >>> import numpy as np, thermozoo as tz
    >>> stripes = np.kron([[[1, 0], [1, 0]], [[1, 1], [0, 0]]], np.ones((2, 2)))       # two images of 4 x 4 pixels
    >>> computer = tz.assemble({"visible": 16, "hidden": 4}, tz.get("quartic"), tz.get("dense"), temperature=0.1)
    >>> dynamics = tz.Dynamics(computer, tz.get("euler-maruyama"), dt=5e-3)
    >>> trained = tz.train(dynamics, stripes, 400)
    >>> trained.method, trained.computer.couplings.size
    ('exact', 190)
    """
    from thermozoo.front.plugins import get

    choice("method", method, METHODS)
    count("steps", steps, at_least=1)
    computer = instance("dynamics", dynamics, Dynamics, "Dynamics(computer, integrator, dt)").one_computer
    fading = get("linear-fade") if protocol is None else instance("protocol", protocol, Protocol)
    measure = get("reverse-likelihood") if objective is None else instance("objective", objective, Objective)
    layout = computer.layout
    encoding = get(f"encoding:{hidden}") if isinstance(hidden, str) else instance("hidden", hidden, Encoding)
    free = [group for group in layout.groups if group not in layout.clamped]
    others = {group: (encoding,) for group in free if group != image_group(layout)}
    driven = dict.fromkeys(free, fading)
    encoded = encode_groups(layout, others, _standardized(images), labels, projection_seed, driven)
    noising = Noising(attrs.evolve(dynamics, steps=steps), encoded.signals, encoded.protocols)
    seed = secrets.randbits(63) if seed is None else seed
    trained = names_of("potential_parameters", potential_parameters)
    settings = _Settings(cycles, learning_rate, windows, trained, tolerance)
    sampled = 0 if method == "exact" else cycles * len(encoded.kept)
    advancing: Any = engine_for(engine, dynamics, sampled, steps) if isinstance(engine, str) else engine

    result = train_by(
        method, computer, noising, noising.loss(measure, weights), advancing, settings, seed=seed, progress=progress
    )
    return attrs.evolve(result, details={**result.details, "seed": seed})


def _standardized(images: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return images as rows of zero mean and unit variance."""
    from thermozoo.quality.scaling import standardized

    remedy = "one image is images[np.newaxis]"
    values = finite_array("images", images, ("...", "width"), remedy)
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise ShapeError(
            f"images must have shape (images, height, width) or (images, pixels), got {values.shape}: {remedy}"
        )
    flat = values.reshape(len(values), -1)
    constant = np.flatnonzero(flat.max(axis=1) == flat.min(axis=1))
    if constant.size:
        raise DataError(f"image {constant[0]} is constant: it cannot be scaled to unit variance")
    return np.asarray(standardized(flat), dtype=np.float64)
