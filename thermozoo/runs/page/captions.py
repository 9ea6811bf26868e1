"""What the figures of a run show and how to read them, by the name of the figure's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermozoo.runs.page.numbers import count, number_of, plain

__all__ = ["caption", "imposed", "section_of"]

#: Methods whose loss figure follows the training; the others have one point before it and one after.
CURVES = frozenset({"descent", "online"})

#: Name of a figure: section of the page, title, how to read it.
_FIGURES = {
    "noising": (
        "training",
        "Noising.",
        "The visible units of one noising trajectory, from left to right. The gray scale is "
        "the same in all images. Training looks at such trajectories backwards.",
    ),
    "prototypes": (
        "training",
        "Prototypes.",
        "Images that the computer was trained on, scaled to zero mean and unit variance. Outputs "
        "are compared with them.",
    ),
    "loss": (
        "training",
        "Loss.",
        "Loss per time step.",
    ),
    "couplings": (
        "training",
        "Couplings.",
        "Each image shows the couplings of one hidden unit to all visible units: blue positive, "
        "red negative, white none. A positive coupling lowers the energy when the two units have "
        "opposite signs. A hidden unit has learned something when a picture appears here.",
    ),
    "generations": (
        "generation",
        "Generations.",
        "One row a sample: noise at the left, when the couplings are switched on, the output at "
        "the right. Nothing is imposed; the computer relaxes in its own energy.",
    ),
    "outputs": (
        "generation",
        "Outputs.",
        "The visible units at the end of the first generations, not selected. Light is "
        "positive, dark negative: an inverted output looks like the photographic negative of a "
        "prototype. Below each stands the class of the prototype that it resembles most, and its correlation r with "
        "that prototype: 1 is a copy, \u22121 an inverted one, 0 no resemblance.",
    ),
    "heat": (
        "cost",
        "Heat.",
        "How much heat single generations released.",
    ),
    "ledger": (
        "cost",
        "Heat ledger.",
        "Mean heat released since the couplings were switched on, split by the term of the energy "
        "that paid for it. A line above zero is energy given away as heat, a line below zero "
        "energy that the term has stored; the terms sum to the total.",
    ),
    "comparison": (
        "comparison",
        "Methods compared.",
        "One row a method; bars are what the axis says. Further left is cheaper for heat and "
        "time, further right is better for likelihood gain and correlation.",
    ),
}


def section_of(name: str) -> str:
    """Return the section of the page in which the figure belongs."""
    return _FIGURES.get(name, ("figures", "", ""))[0]


def caption(name: str, report: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[str, str]:
    """Return title and explanation of the figure; an unknown one is called by its name."""
    _, title, text = _FIGURES.get(name, ("", f"{name.capitalize()}.", ""))
    more = {"noising": imposed, "loss": _loss, "couplings": _window, "heat": _spread}.get(name)
    return title, f"{text} {more(report, config)}".rstrip() if more else text


def imposed(report: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Say what becomes of the imposed image, from the intensities that the protocol had in this run."""
    signal = report.get("imposed_signal")
    if not isinstance(signal, Mapping):
        return ""
    start, end, zero = (number_of(signal, key) for key in ("start_E0", "end_E0", "zero_from"))
    if start is None or end is None:
        return ""
    if signal.get("constant"):
        if start == 0:
            return "No image is imposed: the force on a pixel of value one is 0 throughout."
        return f"The imposed image does not fade: the force on a pixel of value one is {_short(start)} E₀ throughout."
    if zero is not None:
        # the figure has its times in this unit
        mobility = number_of(config.get("computer", {}), "mobility") or 1.0
        return (
            f"The imposed image is gone from t = {_short(mobility * zero)} 1/(µE₀) on (the force on a pixel of value "
            f"one starts at {_short(start)} E₀); from then on the units relax in their own energy, moved by thermal "
            "noise alone."
        )
    return (
        f"The force on a pixel of value one is {_short(start)} E₀ at the start and {_short(end)} E₀ at the "
        "end: the image is imposed to the last."
    )


def _spread(report: Mapping[str, Any], _: Mapping[str, Any]) -> str:
    """Say what line and bar of the heat figure are, as far as the number of samples defines them."""
    if report.get("samples") == 1:
        return "The vertical line is the only sample; one sample has no spread."
    return (
        "The vertical line is the mean, the bar the standard deviation between generations: it is the spread of a "
        "fluctuating quantity, not the uncertainty of the mean, which is smaller by the root of the number of samples."
    )


def _short(value: float) -> str:
    """Write a setting with at most four digits."""
    return plain(float(f"{value:.4g}"))


def _window(report: Mapping[str, Any], _: Mapping[str, Any]) -> str:
    """Say which couplings are shown where there are several sets of them."""
    windows = number_of(report, "windows")
    if windows is None or windows < 2:
        return ""
    return f"Shown are the couplings of the last of {count(int(windows))} time windows of generation."


def _loss(report: Mapping[str, Any], _: Mapping[str, Any]) -> str:
    """Say what the points of the loss figure are and how far down they can go."""
    perfect = number_of(report, "loss_perfect") is not None
    below = (
        "A perfect model has N/2 in the mean. Read the distance from N/2 at the right: the noise alone makes up nearly "
        "all of the loss, and a finite number of trajectories scatters about its mean, so that a value may lie "
        "slightly below N/2."
        if perfect
        else "What a perfect model would have in the mean is not known for this objective and integrator."
    )
    curve = (
        "The blue curve follows one fixed noising trajectory, of the first image, which no update uses: its course "
        "shows the progress. Its level is that of this one trajectory, not the mean over the held-out ones that the "
        "text gives."
        if report.get("method") in CURVES
        else "This training has no steps to draw a curve of: the two points are the computer before and after it, on "
        "the same held-out trajectories."
    )
    return f"{below} {curve}"
