"""Pictures of the task `classify`: images with their outputs over time, and what is taken for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo import Picture
from thermozoo_plugins.tasks.classify_figures import ClassifyFigures

__all__ = ["pictures_of"]


def pictures_of(figures: ClassifyFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the pictures by name."""
    return {
        "outputs": Picture(
            lambda figure: _outputs(figure, figures, samples),
            "Test images, as the clamped units hold them, and below each the outputs in a single shot; that of the "
            "image's own class in color, the answer is the largest in the end.",
            height=3.2,
        ),
        "confusion": Picture(
            lambda figure: _confusion(figure, figures, samples),
            "Left: share of single shots by the class of their image (rows) and by their answer (columns). Right: "
            "share that is right when outputs are read earlier, in single shots; dashed: the digital teacher.",
            height=3.4,
        ),
    }


def _outputs(figure: Any, figures: ClassifyFigures, samples: Any) -> None:
    images, outputs = samples["image"].values, samples["output"].values
    time, labels = samples["time"].values, samples["label"].values
    panels = figure.subplots(2, len(images), sharey="row", height_ratios=(1, 1.6))
    panels = np.asarray(panels).reshape(2, len(images))
    for k, image in enumerate(images):
        panels[0, k].imshow(image, cmap="gray", interpolation="nearest")
        panels[0, k].set_axis_off()
        answer = figures.classes[int(outputs[k, -1].argmax())]
        panels[0, k].set_title(f"{labels[k]}, taken for {answer}", fontsize=7.5)
        below = panels[1, k]
        for number, label in enumerate(figures.classes):
            own = label == labels[k]
            below.plot(
                time, outputs[k, :, number], color="C0" if own else "0.7", linewidth=1.4 if own else 0.7, zorder=2 + own
            )
        below.set_xlabel("time")
        below.set_xticks([0, float(time[-1])])
    panels[1, 0].set_ylabel("outputs")


def _confusion(figure: Any, figures: ClassifyFigures, samples: Any) -> None:
    left, right = figure.subplots(1, 2)
    counts = np.array(figures.confusion, dtype=np.float64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    left.imshow(share, cmap="Blues", vmin=0, vmax=1)
    place = np.arange(len(figures.classes))
    for axis, name in ((left.set_xticks, "answer"), (left.set_yticks, "image")):
        axis(place, [str(label) for label in figures.classes], fontsize=7)
        (left.set_xlabel if name == "answer" else left.set_ylabel)(name)
    left.grid(False)
    for (row, column), value in np.ndenumerate(share):
        if value >= 0.005:
            color = "white" if value > 0.5 else "black"
            left.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=5.5, color=color)
    right.plot(samples["time"].values[1:], samples["accuracy"].values[1:], color="C0")
    right.axhline(figures.teacher_accuracy, color="0.4", linestyle="--", linewidth=1)
    right.set_ylim(0, 1.02)
    right.set_xlabel("time of reading")
    right.set_ylabel("share that is right")
