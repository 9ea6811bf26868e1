"""The table: as text, and as values for a file."""

from __future__ import annotations

from .measures import AVERAGED

#: The row that others are measured against: the best that is as simple.
BAR = "gaussian-40"

HEAD = (
    "row",
    "components",
    "over the bar",
    "features",
    "over the bar",
    "precision",
    "recall",
    "judged right",
    "nearest",
    "grain",
    "heat [kT]",
)


def table(rows):
    """Return the rows of a split as a table in Markdown."""
    bar = rows.get(BAR)
    lines = [HEAD, ["---"] * len(HEAD)]
    for row in rows.values():
        distances = []
        for name in ("components", "features"):
            own, other = getattr(row, name), None if bar is None or bar is row else getattr(bar, name)
            distances += [_distance(own), _distance(None if own is None or other is None else own - other, "+")]
        shares = [_number(row.averaged[name], 3) for name in ("precision", "recall", "judged_right", "nearest")]
        heat = "" if row.heat is None else f"{row.heat[0]:,.0f} ± {row.heat[1]:,.0f}"
        lines.append([row.title, *distances, *shares, _number(row.grain, 2), heat])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def values(rows):
    """Return the rows of a split by name, as a file may hold them."""
    return {
        name: {
            "title": row.title,
            **{
                of: None if found is None else {"value": found.value, "error": found.error}
                for of, found in (("components", row.components), ("features", row.features))
            },
            **{of: row.averaged[of] for of in AVERAGED},
            "grain": row.grain,
            "heat_kT": None if row.heat is None else {"mean": row.heat[0], "std": row.heat[1]},
        }
        for name, row in rows.items()
    }


def moments_table(found):
    """Return the moments of rows over those of memories as a table in Markdown."""
    head = ["row", "distance of means", "variance in components 1 to 10", "11 to 40", "beyond"]
    lines = [head, ["---"] * len(head), *([name, *(f"{one:.3f}" for one in row)] for name, row in found.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def codes_table(found):
    """Return how features differ from those of learned images as a table in Markdown."""
    head = ["features", "means, rms difference", "covariances, rms difference", "of it by sampling", "slope"]
    lines = [head, ["---"] * len(head)]
    lines += [
        [name, *(f"{row[key]:.3f}" for key in ("means", "covariances", "sampling", "slope"))]
        for name, row in found.items()
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _distance(found, sign=""):
    return "" if found is None else f"{found.value:{sign}.1f} ± {found.error:.1f}"


def _number(value, digits):
    return "" if value is None else f"{value:.{digits}f}"


def energy_table(rows):
    """Return rows, as values of a file, beside what an image costs as a table in Markdown."""
    head = ["row", "components", "features", "precision", "recall", "judged right", "energy an image [kT]"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        distances = [
            "" if row[of] is None else f"{row[of]['value']:.1f} ± {row[of]['error']:.1f}"
            for of in ("components", "features")
        ]
        shares = [_number(row[name], 3) for name in ("precision", "recall", "judged_right")]
        lines.append([row["title"], *distances, *shares, _energy(row)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _energy(row):
    if row["heat_kT"] is not None:
        return f"{row['heat_kT']['mean']:,.0f} ± {row['heat_kT']['std']:,.0f}"
    return f"{row['energy_kT']:.2e}" if "energy_kT" in row else ""


def bounds_table(content):
    """Return what bounds heat and likelihood of computers as a table in Markdown."""
    head = [
        "computer",
        "heat [kT]",
        "entropy lost [nat]: at least",
        "by learned images",
        "heat over it",
        "likelihood gain [nat]",
        "divergence of paths [nat]",
    ]
    lines = [head, ["---"] * len(head)]
    for row in (one for one in content["rows"] if one["kind"] == "computer"):
        found = row["bounds"]
        least, learned = found["free"] - found["generated_at_most"], found["free"] - found["shown"]
        paths = [f"{found[name]['value']:,.0f} ± {found[name]['error']:,.0f}" for name in ("gain", "divergence")]
        heat = f"{row['energy_kT']:,.0f} ± {row['energy_se_kT']:,.0f}"
        lines.append(
            [row["title"], heat, f"{least:,.0f}", f"{learned:,.0f}", f"{row['energy_kT'] / least:.2f}", *paths]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
