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
from thermozoo.errors import DataError, ParameterError, ShapeError
from thermozoo.interfaces import Encoding, Objective, Protocol
from thermozoo.training import METHODS, WINDOW_TIMES
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
    window_times: str
    potential_parameters: tuple[str, ...]
    tolerance: float
    ridge: float


def train(
    dynamics: Dynamics,
    images: npt.ArrayLike,
    steps: int | None = None,
    *,
    method: str = "exact",
    protocol: Protocol | Mapping[str, Protocol] | None = None,
    objective: Objective | None = None,
    labels: npt.ArrayLike | None = None,
    hidden: Encoding | str | Mapping[str, Encoding | str] = "projection",
    weights: Mapping[str, float] | None = None,
    projection_seed: int = 42,
    windows: int = 1,
    window_times: str = WINDOW_TIMES[0],
    potential_parameters: Sequence[str] = (),
    cycles: int = 300,
    learning_rate: float = 4e-4,
    tolerance: float = 1e-8,
    ridge: float = 0.0,
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
    steps : int, optional
        Steps of noising; generation takes as many (default: those of the dynamics).
    method : str
        ``"exact"`` (no sampling), ``"moments"``, ``"descent"`` or ``"online"``.
    protocol : Protocol, or mapping of str to Protocol, optional
        Intensity of the imposed image (default: ``linear-fade`` as it comes), or that of each free group.
    objective : Objective, optional
        Loss (default: ``reverse-likelihood``).
    labels : array_like of int, shape (images,), optional
        Label of each image, for encodings that look at it.
    hidden : Encoding or str, or mapping of str to them
        Signal on free units that show no image: ``"projection"``, ``"crop"`` or another encoding; or that of each group
        that has one, clamped groups too, which hold it.
    weights : mapping of str to float, optional
        What the loss of a group's units counts beside the others' (default: one); it is then a weighted likelihood.
    projection_seed : int
        Seed of what the encoding draws at random.
    windows : int
        Time windows with couplings of their own (exact, moments).
    window_times : str
        Times of a window that the exact solution averages over: ``"all"``, or its ``"middle"`` alone.
    potential_parameters : sequence of str
        On-site parameters to train as well (exact, moments).
    cycles : int
        Noising trajectories of each image (moments, descent, online).
    learning_rate : float
        Of descent and online [energy^2].
    tolerance : float
        Relative residual at which the exact solution stops.
    ridge : float
        Added to the second derivative by each coupling, relative to their mean, in the exact solution.
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
    >>> dynamics = tz.Dynamics(computer, tz.get("euler-maruyama"), dt=5e-3, steps=400)
    >>> trained = tz.train(dynamics, stripes)
    >>> trained.method, trained.computer.couplings.size
    ('exact', 190)
    """
    from thermozoo.front.plugins import get

    choice("method", method, METHODS)
    computer = instance("dynamics", dynamics, Dynamics, "Dynamics(computer, integrator, dt, steps=...)").one_computer
    steps = count("steps", dynamics.steps if steps is None else steps, at_least=1)
    measure = get("reverse-likelihood") if objective is None else instance("objective", objective, Objective)
    if measure.direction != "reverse":
        raise ParameterError(
            f"the loss of {measure.name!r} is least for the computer that takes the steps of noising itself: take one "
            "whose direction is reverse, such as 'reverse-likelihood', or follow steps by ObservedSteps"
        )
    layout = computer.layout
    free = [group for group in layout.groups if group not in layout.clamped]
    if isinstance(hidden, Mapping):
        shown = {group: (_encoding(one),) for group, one in hidden.items()}
    else:
        shown = dict.fromkeys((group for group in free if group != image_group(layout)), (_encoding(hidden),))
    if isinstance(protocol, Mapping):
        driven = {group: instance(f"protocol of {group}", one, Protocol) for group, one in protocol.items()}
    else:
        one = get("linear-fade") if protocol is None else instance("protocol", protocol, Protocol)
        driven = dict.fromkeys(free, one)
    encoded = encode_groups(layout, shown, _standardized(images), labels, projection_seed, driven)
    noising = Noising(attrs.evolve(dynamics, steps=steps), encoded.signals, encoded.protocols)
    seed = secrets.randbits(63) if seed is None else seed
    trained = names_of("potential_parameters", potential_parameters)
    _check_used(
        method,
        windows=np.ndim(windows) > 0 or windows != 1,
        window_times=window_times != WINDOW_TIMES[0],
        potential_parameters=bool(trained),
        ridge=ridge != 0,
    )
    settings = _Settings(cycles, learning_rate, windows, window_times, trained, tolerance, ridge)
    sampled = 0 if method == "exact" else cycles * len(encoded.kept)
    advancing: Any = engine
    if isinstance(engine, str):
        advancing = engine_for(engine, dynamics, sampled, steps, accelerators=False)

    result = train_by(
        method, computer, noising, noising.loss(measure, weights), advancing, settings, seed=seed, progress=progress
    )
    return attrs.evolve(result, details={**result.details, "seed": seed})


def _check_used(method: str, **wanted: bool) -> None:
    """Raise ParameterError where something is wanted that the method does nothing with."""
    for name, one in wanted.items():
        users = ("exact",) if name in ("ridge", "window_times") else ("exact", "moments")
        if one and method not in users:
            raise ParameterError(
                f"method {method!r} does nothing with {name}, which is for {' and '.join(users)}: leave it out, or "
                "take another method"
            )


def _encoding(given: Encoding | str) -> Encoding:
    """Return an encoding, also by its name."""
    from thermozoo.front.plugins import get

    found: Encoding = get(f"encoding:{given}") if isinstance(given, str) else instance("hidden", given, Encoding)
    return found


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
