"""The figure of quality against energy and against duration."""

from __future__ import annotations

from thermozoo.plotting.style import GRAY, INK, PALETTE, new_figure, styled

from .table import BAR

#: Distances, with marker, how it is filled and how lines are drawn.
DISTANCES = (("components", "o", "full", "-"), ("features", "s", "none", "--"))

#: Rows that are points, with color and what they are called; and those that are levels.
POINTS = {
    "computer": (PALETTE["blue"], "computer"),
    "DDPM": (PALETTE["vermilion"], "denoiser, DDPM"),
    "DDIM": (PALETTE["orange"], "denoiser, DDIM"),
}
LEVELS = {BAR: (INK, "Gaussian in 40 components"), "real": (GRAY, "real, held out")}

#: Ticks of distances, of which those are drawn that fit.
TICKS = (5, 10, 20, 50, 100, 200, 500)


@styled
def drawn(rows):
    """Return a figure of rows, as values of a file: distances against energy and, of computers, against duration.

    The axis of energy is broken: there is nothing between heat and the energy of products.
    """
    figure = new_figure(3.9)
    heat, digital, time = figure.subplots(1, 3, sharey=True, gridspec_kw={"width_ratios": [1.0, 1.25, 1.35]})
    for axes in (heat, digital, time):
        axes.set_xscale("log")
        axes.set_yscale("log")
        for kind in LEVELS:
            _level(axes, _of(rows, kind), LEVELS[kind][0])
    computers = _of(rows, "computer")
    _points(heat, computers, "energy_kT", POINTS["computer"][0])
    _points(time, computers, "duration", POINTS["computer"][0])
    for kind in ("DDPM", "DDIM"):
        _points(digital, _of(rows, kind), "energy_kT", POINTS[kind][0])
    _points(digital, _of(rows, BAR), "energy_kT", INK)
    _ticks(heat, [row["energy_kT"] for row in computers], (1e3, 2e3, 3e3, 5e3, 1e4, 2e4, 5e4))
    _ticks(time, [row["duration"] for row in computers], sorted({row["duration"] for row in computers}))
    products = [row["energy_kT"] for kind in (BAR, "DDPM", "DDIM") for row in _of(rows, kind)]
    digital.set_xlim(min(products) / 3, max(products) * 3)
    heat.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    heat.set_ylim(*_range(rows))
    for axes in (heat, digital, time):
        axes.minorticks_off()
    heat.set_title("a  against energy")
    time.set_title("b  against duration")
    heat.set_ylabel("squared Fréchet distance from real digits")
    heat.set_xlabel("heat an image [$k_BT$]")
    digital.set_xlabel("products an image,\n1 pJ each [$k_BT$ at 300 K]")
    time.set_xlabel(r"duration [1/($\mu E_0$)]")
    _break(heat, digital)
    _legend(figure, {row["kind"] for row in rows})
    return figure


def _of(rows, kind):
    return [row for row in rows if row["kind"] == kind]


def _points(axes, rows, by, color):
    for name, marker, fill, line in DISTANCES:
        known = [row for row in rows if row[name] is not None]
        axes.errorbar(
            [row[by] for row in known],
            [row[name]["value"] for row in known],
            [row[name]["error"] for row in known],
            color=color,
            linestyle=line,
            linewidth=1.2,
            capsize=2,
            **_marker(marker, fill, color),
        )


def _marker(marker, fill, color):
    return {"marker": marker, "markersize": 4.5, "markerfacecolor": color if fill == "full" else "white"}


def _level(axes, rows, color):
    for name, _, _, line in DISTANCES:
        for row in rows:
            if row[name] is not None:
                axes.axhline(row[name]["value"], color=color, linestyle=line, linewidth=0.9, zorder=1)


def _ticks(axes, values, ticks):
    """Show all values, and of ticks those that are in sight."""
    if values:
        low, high = min(values) / 1.25, max(values) * 1.25
        shown = [tick for tick in ticks if low <= tick <= high]
        axes.set_xlim(low, high)
        axes.set_xticks(shown, [f"{tick:,g}" for tick in shown])


def _range(rows):
    """Return what distances are shown between."""
    found = [row[name]["value"] for row in rows for name, *_ in DISTANCES if row[name] is not None]
    return min(found) / 1.25, max(found) * 1.25


def _break(left, right):
    """Mark that the axis of energy is broken between two panels."""
    right.spines["left"].set_visible(False)
    right.tick_params(left=False)
    slash = {"marker": [(-1, -2), (1, 2)], "markersize": 7, "linestyle": "none", "color": GRAY, "clip_on": False}
    left.plot([1], [0], transform=left.transAxes, **slash)
    right.plot([0], [0], transform=right.transAxes, **slash)


def _legend(figure, kinds):
    """Name colors, and what is filled and what is not, above the panels."""
    from matplotlib.lines import Line2D

    named = [Line2D([], [], color=color, label=label) for kind, (color, label) in POINTS.items() if kind in kinds]
    named += [
        Line2D([], [], color=color, linewidth=0.9, label=label)
        for kind, (color, label) in LEVELS.items()
        if kind in kinds
    ]
    named += [
        Line2D([], [], label=f"in {name}", color=INK, linestyle=line, **_marker(marker, fill, INK))
        for name, marker, fill, line in DISTANCES
    ]
    figure.legend(handles=named, loc="outside upper center", ncols=3, handlelength=2.4)
