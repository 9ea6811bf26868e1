"""What shots at test images say: right or wrong, and the figures that this gives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.classify_data import Split
from thermozoo_plugins.tasks.classify_figures import ClassifyFigures
from thermozoo_plugins.tasks.classify_teacher import Teacher

if TYPE_CHECKING:
    import xarray

__all__ = ["SHOTS", "SHOWN", "Answers", "Outputs", "figures_of", "samples_of"]

Array = npt.NDArray[np.floating[Any]]

#: Shots at each test image, and images whose outputs are kept over time.
SHOTS, SHOWN = 10, 6

#: Energy of a multiply-accumulate of a digital accelerator [joule], and kT at 300 kelvin.
_JOULE, _ROOM = 1e-12, 1.380649e-23 * 300


class Outputs:
    """Watches the outputs: the share that is right at each observation, and the outputs of the first images.

    Parameters
    ----------
    where : slice
        The outputs among the units.
    labels : ndarray of int, shape (trajectories,)
        The class of the image of each trajectory; `SHOTS` in a row have the same image.
    """

    def __init__(self, where: slice, labels: npt.NDArray[np.int64]) -> None:
        self._where, self._labels = where, labels
        self.steps: list[int] = []
        self.right: list[float] = []
        self.shown: list[Array] = []

    def start(self) -> None:
        """Do nothing: one observer sees one simulation."""

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Look at the outputs."""
        outputs = x[:, self._where]
        self.steps.append(step)
        self.right.append(float((outputs.argmax(axis=1) == self._labels).mean()))
        self.shown.append(np.array(outputs[: SHOTS * SHOWN : SHOTS], dtype=np.float64))

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes are kept."""
        return 8 * observations * (2 + SHOWN * int(self._where.stop - self._where.start))


@attrs.frozen(eq=False)
class Answers:
    """What came of the shots.

    Parameters
    ----------
    right : ndarray, shape (images,)
        Share of the shots at each image that are right.
    right_of_10 : ndarray, shape (images,)
        Whether the outputs averaged over shots are: 0 or 1.
    heat : ndarray, shape (images,)
        Mean heat of the shots at each [kT].
    confusion : ndarray of int, shape (classes, classes)
        Shots by class and answer.
    """

    right: Array
    right_of_10: Array
    heat: Array
    confusion: npt.NDArray[np.int64]

    @classmethod
    def of(cls, outputs: Array, heat: Array, labels: npt.NDArray[np.int64]) -> Answers:
        """Return what outputs, shape (images x shots, classes), and heats of shots say."""
        classes = outputs.shape[1]
        found = outputs.argmax(axis=1).reshape(-1, SHOTS)
        mean = outputs.reshape(-1, SHOTS, classes).mean(axis=1).argmax(axis=1)
        confusion = np.zeros((classes, classes), dtype=np.int64)
        np.add.at(confusion, (np.repeat(labels, SHOTS), found.ravel()), 1)
        return cls(
            (found == labels[:, None]).mean(axis=1),
            (mean == labels).astype(np.float64),
            heat.reshape(-1, SHOTS).mean(axis=1),
            confusion,
        )


def _mean(by_image: Array) -> tuple[float, float]:
    """Return the mean over images, and its standard error by their spread."""
    count = len(by_image)
    spread = float(by_image.std(ddof=1) / math.sqrt(count)) if count > 1 else 0.0
    return float(by_image.mean()), spread


def figures_of(
    split: Split,
    teacher: Teacher,
    followed: Any,
    answers: Answers,
    *,
    duration: float,
    noise: float,
    copies: int,
) -> ClassifyFigures:
    """Return the figures of teacher, training and shots."""
    known = teacher.right(split.test_pixels, split.test_labels).astype(np.float64)
    heat, heat_se = _mean(answers.heat)
    accuracy, accuracy_se = _mean(answers.right)
    of_10, of_10_se = _mean(answers.right_of_10)
    operations = teacher.multiply_accumulates
    pixels, hidden = teacher.weights[0].shape
    return ClassifyFigures(
        accuracy=accuracy,
        accuracy_se=accuracy_se,
        accuracy_of_10=of_10,
        accuracy_of_10_se=of_10_se,
        heat_per_inference_kT=heat,
        heat_se_kT=heat_se,
        multiply_accumulates=operations,
        advantage=operations * _JOULE / _ROOM / heat if heat > 0 else None,
        duration=duration,
        pixels=pixels,
        hidden=hidden,
        classes=split.classes,
        training_images=len(split.pixels),
        test_images=len(split.test_pixels),
        teacher_accuracy=float(known.mean()),
        teacher_training_accuracy=float(teacher.right(split.pixels, split.labels).mean()),
        noise=noise,
        copies=copies,
        unknowns=followed.rank.unknowns,
        rank=followed.rank.rank,
        undetermined_by_pixels=followed.rank.undetermined_by_clamped,
        undetermined_among_free=followed.rank.undetermined_among_free,
        loss=followed.loss,
        iterations=followed.solution.iterations,
        confusion=tuple(tuple(row) for row in answers.confusion.tolist()),
        reference={"accuracy": float(known.mean()), "accuracy_of_10": float(known.mean())},
        error_bars={
            "accuracy": _mean(answers.right - known)[1],
            "accuracy_of_10": _mean(answers.right_of_10 - known)[1],
        },
    )


def samples_of(split: Split, watch: Outputs, dt: float) -> xarray.Dataset:
    """Return the outputs of the first test images over time, and the share that is right."""
    import xarray

    shown = split.test_pixels[:SHOWN]
    return xarray.Dataset(
        {
            "image": (("image_number", "row", "column"), shown.reshape(-1, *split.shape), {"long_name": "test image"}),
            "output": (
                ("image_number", "time", "class"),
                np.stack(watch.shown, axis=1),
                {"long_name": "state of the outputs in a single shot"},
            ),
            "accuracy": ("time", np.array(watch.right), {"long_name": "share of single shots that is right"}),
            "label": ("image_number", np.array([split.classes[k] for k in split.test_labels[:SHOWN]])),
        },
        coords={"time": ("time", dt * np.array(watch.steps)), "class": np.array(split.classes)},
    )
