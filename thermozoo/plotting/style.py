"""The look that all figures share: colors, sizes, and how a figure becomes a PNG."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermozoo.errors import LibraryError, ShapeError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "DPI",
    "GRAY",
    "INK",
    "PALETTE",
    "TIME_UNIT",
    "WIDTH",
    "axes_of",
    "finite_array",
    "label_width",
    "load_matplotlib",
    "new_figure",
    "png_bytes",
    "styled",
    "wrapped",
]

#: Dots an inch: 1,280 pixels over the width, twice what a page shows, so that it stays crisp on
#: dense screens.
DPI = 200
#: Width of every figure [inch]: the text width of a printed page, so that 9 point text stays 9
#: point in print.
WIDTH = 6.4
#: The unit of time of the equations of motion.
TIME_UNIT = r"1/($\mu E_0$)"

INK = "#1a1a1a"
GRAY = "#6b6b6b"
#: Okabe and Ito's colors, told apart by color-blind readers, without the yellow that vanishes on
#: paper.
PALETTE = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#AA4499",
    "orange": "#E69F00",
    "sky": "#56B4E9",
}

_SETTINGS: dict[Any, Any] = {
    "axes.edgecolor": GRAY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "font.size": 9,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "image.interpolation": "nearest",
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "mathtext.fontset": "dejavusans",
    "savefig.dpi": "figure",
    "text.color": INK,
    "xtick.color": GRAY,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": GRAY,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
}

P = ParamSpec("P")
R = TypeVar("R")


@functools.cache
def load_matplotlib() -> Any:
    """Import matplotlib and return it, whatever backend and settings its reader's environment names.

    Figures are drawn without a screen and from the defaults, so a backend that cannot be had (a notebook's, in
    ``MPLBACKEND``) or a matplotlibrc that cannot be read is of no concern here.

    Raises
    ------
    LibraryError
        When it cannot be imported at all.
    """
    try:
        return _imported_matplotlib()
    except Exception:  # of a reader's settings, of whatever kind
        for name in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
            del sys.modules[name]  # an import that fails leaves parts of it behind
        before = os.environ.pop("MPLBACKEND", None)
        try:
            # matplotlib looks for settings in the current folder first: there are its own
            with contextlib.chdir(_matplotlib_data()):
                return _imported_matplotlib()
        except Exception as error:
            raise LibraryError(
                f"the library matplotlib cannot be imported: {type(error).__name__}: {error}; install it again"
            ) from error
        finally:
            if before is not None:
                os.environ["MPLBACKEND"] = before


def _imported_matplotlib() -> Any:
    import matplotlib
    import matplotlib.backends.backend_agg
    import matplotlib.figure

    return matplotlib


def _matplotlib_data() -> Path:
    """Return the folder of matplotlib's own settings."""
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("it is not installed")
    return Path(found.origin).parent / "mpl-data"


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` under thermozoo's matplotlib settings, and restore the caller's afterwards."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        matplotlib = load_matplotlib()
        with matplotlib.rc_context():
            # From the defaults, not from the reader's matplotlibrc: a figure looks the same
            # everywhere.
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_SETTINGS)
            return function(*args, **kwargs)

    return wrapper


def new_figure(height: float, *, width: float = WIDTH, layout: str | None = "constrained") -> Figure:
    """Return an empty figure of `width` by `height` [inch] that draws without a screen."""
    load_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout)  # type: ignore[arg-type]
    FigureCanvasAgg(figure)
    return figure


def axes_of(figure: Figure) -> Axes:
    """Return the only axes of `figure`, made here."""
    return figure.add_subplot()


@styled
def png_bytes(figure: Figure) -> bytes:
    """Return `figure` as PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Any figure of this package.

    Returns
    -------
    bytes
        The file. No date and no version is written into it: the same figure gives the same bytes.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def label_width(text: str) -> float:
    """Return about how wide `text` is when written at 9 point [inch]."""
    return 0.073 * len(re.sub(r"[${}\\_^]", "", text))


def wrapped(text: str, width: float) -> str:
    """Break a 9 point `text` at blanks, formulas kept whole, into lines of about `width` [inch]."""
    lines: list[str] = []
    for word in re.findall(r"(?:\$[^$]*\$|\S)+", text):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and label_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def finite_array(values: ArrayLike, name: str, dimensions: int) -> NDArray[np.float64]:
    """Return `values` as a non-empty, finite float64 array with `dimensions` dimensions.

    Raises
    ------
    ShapeError
        If the array has another number of dimensions, is empty, or holds a value that is not
        finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions or array.size == 0:
        raise ShapeError(
            f"{name}: expected a non-empty array with {dimensions} dimension(s), got shape "
            f"{array.shape}; reshape it before plotting."
        )
    if not np.isfinite(array).all():
        raise ShapeError(
            f"{name}: {np.count_nonzero(~np.isfinite(array))} of {array.size} values are not "
            "finite; find where they arose, a figure would hide them."
        )
    return array
