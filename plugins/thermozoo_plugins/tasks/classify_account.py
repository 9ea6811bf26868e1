"""What the task `classify` tells of its figures."""

from __future__ import annotations

from thermozoo import Account, TextTable, plus_minus
from thermozoo_plugins.tasks.classify_figures import ClassifyFigures

__all__ = ["account_of", "doubts_of"]


def _percent(value: float, error: float) -> str:
    return f"{plus_minus(100 * value, 100 * error, 2)} %"


def account_of(figures: ClassifyFigures) -> Account:
    """Return the answer, and what stands behind it."""
    answer = (
        f"One shot takes {_percent(figures.accuracy, figures.accuracy_se)} of {figures.test_images:,} test images for "
        f"what they are, the mean of ten {_percent(figures.accuracy_of_10, figures.accuracy_of_10_se)}; the digital "
        f"teacher {100 * figures.teacher_accuracy:.4g} %."
    )
    short = {name: figures.reference[name] - value for name, value in _found(figures).items()}
    known = (
        f"Short of the teacher, on the same images: by {_percent(short['accuracy'], figures.error_bars['accuracy'])} "
        f"in one shot, by {_percent(short['accuracy_of_10'], figures.error_bars['accuracy_of_10'])} in the mean of "
        f"ten. Published: {100 * figures.published_accuracy:g} % in one shot, of MNIST with 60,000 images."
    )
    heat = plus_minus(figures.heat_per_inference_kT, figures.heat_se_kT, 2)
    advantage = (
        f"; the teacher's {figures.multiply_accumulates:,} multiply-accumulates, 1 pJ each at 300 K, are "
        f"{figures.advantage:.2g} times as much"
        if figures.advantage is not None
        else ""
    )
    cost = f"Cost: {heat} kT of heat and {figures.duration:g} units of time a shot{advantage}."
    free = figures.undetermined_among_free
    among = "too many hidden units to tell" if free is None else f"{free:,}"
    rank = (
        f"Rank: the ideal trajectories of {figures.training_images:,} images determine {figures.rank:,} of "
        f"{figures.unknowns:,} couplings and biases. Not determined are {figures.undetermined_by_pixels:,} of pixels "
        f"that are always dark or follow from others; among hidden units and outputs, {among}."
    )
    loss = f"Loss: {figures.loss:.4f} a unit and step, after {figures.iterations:,} iterations"
    if figures.noise == 1:
        loss += "; 1/2 is that of a computer that follows the ideal trajectories exactly"
    how = (
        f"A perceptron with {figures.hidden} hidden units, trained on the same images, says where hidden units and "
        "outputs should be in the end. Ideal trajectories take each there from zero in a straight line"
        + (f", with {figures.noise:g} times the noise of the computer" if figures.noise else "")
        + f", {figures.copies:,} for each image. Couplings and biases are those with which the computer takes their "
        "steps most likely: the solution of linear equations. Then the computer, which holds a test image, begins at "
        f"zero, and after {figures.duration:g} units of time the largest output is its answer. Images are "
        "independent of each other, and error bars are standard deviations over the root of their number."
    )
    head = ("image", *map(str, figures.classes), "right")
    rows = []
    for k, row in enumerate(figures.confusion):
        share = row[k] / sum(row) if sum(row) else 0.0
        rows.append((str(figures.classes[k]), *(f"{count:,}" for count in row), f"{100 * share:.1f} %"))
    return Account(
        title="Classification of images",
        answer=answer,
        paragraphs=[known, cost, rank, loss + ".", how],
        tables=[TextTable(head, rows, "Single shots, by the class of their image and by their answer")],
        lines=[known, cost, rank],
    )


def _found(figures: ClassifyFigures) -> dict[str, float]:
    return {"accuracy": figures.accuracy, "accuracy_of_10": figures.accuracy_of_10}


def doubts_of(figures: ClassifyFigures) -> list[str]:
    """Return what is to be doubted about the figures."""
    said = []
    if figures.undetermined_among_free:
        said.append(
            f"ideal trajectories leave {figures.undetermined_among_free:,} directions of couplings among hidden units "
            "and outputs undetermined: take task.noise above 0, or more images"
        )
    guess = max(map(sum, figures.confusion)) / sum(map(sum, figures.confusion))
    if figures.teacher_accuracy <= guess:
        said.append(
            f"the teacher takes {figures.teacher_accuracy:.1%} of the test images for what they are, no more than a "
            f"guess, {guess:.1%}: give it more images or task.passes, or fewer classes"
        )
    return said
