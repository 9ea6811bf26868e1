"""What ``thermozoo show`` prints and draws of a plugin."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import attrs

from thermozoo.cli.new_file import new_file
from thermozoo.cli.stable_states import in_words, single_units, stable_places
from thermozoo.cli.streams import can_write
from thermozoo.constraints import constraints_of
from thermozoo.errors import OutputError, ParameterError, shown
from thermozoo.interfaces.tree import flat_parameters, values_of
from thermozoo.parameters import doc_of
from thermozoo.symbolic.defined import infinite_curvature, kinks
from thermozoo.symbolic.derive import potential_formulas
from thermozoo.symbolic.latex import formula_latex
from thermozoo.symbolic.overview import derived_formulas

if TYPE_CHECKING:
    from thermozoo.interfaces import Plugin, Potential

__all__ = ["describe", "draw", "kernel_source", "show_all"]

#: Temperature at which densities are drawn [energy].
KT = 0.5

#: What ``--plot`` writes, by the ending of the name.
_PICTURES = (".png", ".pdf", ".svg")

#: Kinks of one unit that are listed: a triangle wave has one at every turn.
_MOST_KINKS = 6

#: What is said of a field of a class that is neither declared as a parameter nor as an option.
_UNDECLARED = "a constant without a sentence; declare it with thermozoo.parameter() or thermozoo.option()"


def show_all(instances: list[Any], out: TextIO, *, as_json: bool, latex: bool, code: bool) -> None:
    """Print what was derived from plugins."""
    if as_json:
        tables = [describe(one, with_code=code) for one in instances]
        print(json.dumps(tables[0] if len(tables) == 1 else tables, indent=2), file=out)
        return
    for one in instances:
        if latex:
            for formula in derived_formulas(one):
                print(formula.latex, file=out)
            for constraint in constraints_of(one):
                print(formula_latex(one, constraint.relation), file=out)
        elif code:
            print(kernel_source(one), file=out)
        else:
            _print(one, out)


def _own_doc(plugin: Plugin) -> str:
    """Return the docstring of the plugin's own class, never the one that it inherits from its interface."""
    return inspect.cleandoc(vars(type(plugin)).get("__doc__") or "")


def references(plugin: Plugin) -> str:
    """Return the References section of the docstring as one paragraph."""
    doc = _own_doc(plugin)
    found = re.search(r"^References\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", doc, flags=re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def kernel_source(plugin: Plugin) -> str:
    """Return the source code generated from a plugin's formulas."""
    from thermozoo.symbolic.codegen import array_function

    formulas = derived_formulas(plugin)
    if not formulas:
        raise ParameterError(f"no code is generated from a {plugin.kind}: --code is for formulas")
    # a force at a stage is the computer's, not the integrator's
    known = [f for f in formulas if not f.right.has(_undefined())]
    symbols = {symbol for f in known for symbol in f.right.free_symbols}
    ordered = sorted(symbols, key=lambda s: (str(s) != "x", str(s)))
    variable = next((s for s in ordered if str(s) == "x"), None)
    source = array_function(plugin.name.replace("-", "_"), ordered, [f.evaluable for f in known], variable).source
    return f"# returns {', '.join(f.name for f in known)}\n{source}".rstrip()


def _undefined() -> Any:
    import sympy

    return sympy.core.function.AppliedUndef


def describe(plugin: Any, *, with_code: bool = False) -> dict[str, Any]:
    """Return everything that ``thermozoo show --json`` prints."""
    formulas = derived_formulas(plugin)
    doc = _own_doc(plugin)
    table: dict[str, Any] = {
        "kind": plugin.kind,
        "name": plugin.name,
        "class": f"{type(plugin).__module__}.{type(plugin).__qualname__}",
        "summary": doc.partition("\n\n")[0].replace("\n", " "),
        "formulas": {f.name: str(f.right) for f in formulas},
        "latex": {f.name: f.latex for f in formulas},
        "parameters": [
            {
                "name": name,
                "symbol": spec.symbol,
                "unit": spec.unit,
                "range": spec.range,
                "default": spec.default,
                "value": value if isinstance(value, float) else list(value),
                "doc": spec.doc,
            }
            for name, spec, value in flat_parameters(plugin)
        ],
        "constraints": [
            {"text": one.text, "latex": formula_latex(plugin, one.relation), "parameters": list(one.names)}
            for one in constraints_of(plugin)
        ],
        "settings": [
            {"name": f.alias, "doc": doc_of(f), "value": repr(getattr(plugin, f.name))}
            for f in attrs.fields(type(plugin))
            if f.init and f.name not in values_of(plugin)
        ],
        "references": references(plugin),
    }
    table |= {claim: getattr(plugin, claim) for claim in plugin.declared.claims}
    if plugin.kind == "task":
        table["tables"] = list(plugin.tables)
        table["figures"] = _figures(plugin)
    if plugin.kind == "integrator" and plugin.updates != "together":
        table["updates"] = plugin.updates
    if plugin.kind == "integrator" and plugin.variables:
        table["variables"] = [
            {"name": name, "doc": one.doc, "unit": one.unit, "parity": one.parity}
            for name, one in plugin.variables.items()
        ]
    if plugin.kind == "potential" and plugin.states is not None:
        table["states"] = list(plugin.states)
        del table["stable_states"]
    elif plugin.kind == "potential":
        units = [stable_places(one, KT) for one in single_units(plugin)]
        places = [[place.x for place in one] for one in units]
        table["stable_states_at"] = places[0] if _of_one_unit(plugin) else places
        climb = potential_formulas(plugin).climb
        if climb is not None:
            table["energy_of_a_turn"] = str(climb)
        bent = [_kinks(one) for one in single_units(plugin)]
        if any(bent):
            table["kinks"] = bent[0] if _of_one_unit(plugin) else bent
        cusps = [_cusps(one) for one in single_units(plugin)]
        if any(cusps):
            table["curvature_infinite_at"] = cusps[0] if _of_one_unit(plugin) else cusps
        flat = [[place.flat for place in one] for one in units]
        if any(end for one in flat for end in one):
            table["flat_bottoms"] = flat[0] if _of_one_unit(plugin) else flat
    if with_code and formulas:
        table["code"] = kernel_source(plugin)
    return table


def _places(potential: Potential) -> str:
    """Return the stable states of one unit, as text; what an energy without any means for a run."""
    places = [in_words(place) for place in stable_places(potential, KT)]
    if not places and potential.period is not None:
        return "none: around the circle the force has one direction, or there is none"
    return ", ".join(places) or "none: the energy does not rise on both sides; a run refuses it as not confining a unit"


def _circle(potential: Potential) -> str:
    """Return what the circle means on which the states of one unit live, as text."""
    from thermozoo.computer.onsite import unit_energy

    climb = potential_formulas(potential).climb
    driven = unit_energy(potential).driven
    return f"states live on a circle of circumference {potential.period:.6g}" + (
        f"; the energy changes by {climb} a turn, so that a current flows: there is no Boltzmann weight" * driven
    )


def _kinks(potential: Potential) -> list[dict[str, float]]:
    """Return where the force of one unit jumps, and by how much; of many kinks, those nearest to zero."""
    found = kinks(potential_formulas(potential), values_of(potential))
    nearest = sorted(sorted(found, key=lambda kink: abs(kink[0]))[:_MOST_KINKS])
    return [{"x": x, "force_jumps_by": height} for x, height in nearest]


def _cusps(potential: Potential) -> list[float]:
    """Return a state at which the energy of one unit bends without bound, if there is one."""
    values = {name: value for name, _, value in flat_parameters(potential)}
    return infinite_curvature(potential_formulas(potential), values)


def _of_one_unit(plugin: Plugin) -> bool:
    """Whether every parameter is a number."""
    return all(isinstance(value, float) for value in values_of(plugin).values())


def _named_units(plugin: Any) -> list[tuple[str, Any]]:
    """Return the potential of each unit with what tells it from the others."""
    units = list(single_units(plugin))
    return [(f" of unit {k}" if len(units) > 1 else "", one) for k, one in enumerate(units)]


def _print(plugin: Plugin, out: TextIO) -> None:
    import sympy
    from rich.console import Console
    from rich.table import Table

    table = describe(plugin)
    console = Console(file=out, highlight=False, markup=False)
    console.print(f"{plugin.kind} {plugin.name}", style="bold")
    if table["summary"]:
        console.print(table["summary"])
    formulas = derived_formulas(plugin)
    pretty = [sympy.pretty(f.equation, use_unicode=True, wrap_line=False) for f in formulas]
    if not all(can_write(text, out) for text in pretty):
        pretty = [sympy.pretty(f.equation, use_unicode=False, wrap_line=False) for f in formulas]
    for formula, text in zip(formulas, pretty, strict=True):
        console.print(f"\n{formula.name}", style="dim")
        console.print("\n".join("  " + line for line in text.splitlines()), soft_wrap=True)
    if table["parameters"]:
        console.print()
        columns = ("parameter", "symbol", "default", "range", "unit", "meaning")
        rows = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for p in table["parameters"]:
            rows.add_row(p["name"], p["symbol"], f"{p['default']:g}", p["range"], p["unit"], p["doc"])
        console.print(rows)
    for constraint in table["constraints"]:
        console.print(f"\nconstraint: {constraint['text']}", soft_wrap=True)
    for setting in table["settings"]:
        console.print(
            f"\nsetting {setting['name']} = {setting['value']}: {setting['doc'] or _UNDECLARED}", soft_wrap=True
        )
    if "states" in table:
        console.print(f"\ndiscrete: the states are {', '.join(f'{s:g}' for s in table['states'])}")
    if "updates" in table:
        console.print("\nunits are updated one color after the other; those of one color are not coupled")
    if "stable_states_at" in table:
        console.print()
        for words, one in _named_units(plugin):
            if one.period is not None:
                console.print(f"{_circle(one)}{words and f' ({words.strip()})'}", soft_wrap=True)
            console.print(f"stable states at these values{words}: x = {_places(one)}", soft_wrap=True)
            for kink in _kinks(one):
                text = f"kink{words} at x = {kink['x']:.6g}: the force jumps by {kink['force_jumps_by']:.6g}"
                console.print(text, soft_wrap=True)
            for x in _cusps(one):
                text = f"curvature{words} infinite at x = {x:.6g}: no time step is stable; a run refuses it"
                console.print(text, soft_wrap=True)
    if "tables" in table:
        console.print(f"\nreads the tables {', '.join(f'[{name}]' for name in table['tables'])}", soft_wrap=True)
    for one in table.get("figures", ()):
        unit = f" [{one['unit']}]" if one["unit"] else ""
        console.print(f"\nfigure {one['name']}{unit}: {one['doc']}", soft_wrap=True)
    for one in table.get("variables", ()):
        console.print(f"\nvariable {one['name']} [{one['unit']}]: {one['doc']}, parity {one['parity']:+d}")
    for claim, words in plugin.declared.claims.items():
        if table.get(claim) is not None and "stable_states_at" not in table:  # those that there are say more
            console.print(f"\nclaims {words}: {table[claim]}")
    if table["references"]:
        console.print(f"\nreferences: {table['references']}", soft_wrap=True)


def _figures(task: Any) -> list[dict[str, str]]:
    """Return the figures that a task declares."""
    from thermozoo.runs.documented import documented

    declared = () if task.figures is None else documented(task.figures)
    return [{"name": name, "unit": key.unit, "doc": key.meaning} for name, _, key in declared]


def draw(plugins: list[Plugin], file: Path, force: bool) -> None:
    """Draw energy, force and Boltzmann density of a potential into a file."""
    import numpy as np

    from thermozoo.computer.boltzmann import unit_boltzmann, unit_interval
    from thermozoo.computer.onsite import unit_energy
    from thermozoo.plotting.potential import plot_potential

    if len(plugins) > 1:
        names = ", ".join(one.name for one in plugins)
        raise ParameterError(
            f"--plot draws one potential, the file has {len(plugins)}: give the name of one ({names}), and the file "
            "with --plugin"
        )
    [plugin] = plugins
    if plugin.kind != "potential":
        raise ParameterError(f"--plot draws potentials, {plugin.name!r} is a kind of {plugin.kind}")
    if not _of_one_unit(plugin):
        raise ParameterError("--plot draws one unit: give --set one number for each parameter")
    if file.suffix.lower() not in _PICTURES:
        raise OutputError(
            f"--plot {shown(file)}: expected a file name that ends in {', '.join(_PICTURES[:-1])} or {_PICTURES[-1]}, "
            f"such as {plugin.name}.png"
        )
    with new_file(file, force=force) as beside:
        one = unit_energy(plugin)  # type: ignore[arg-type]
        boltzmann = None if one.driven else unit_boltzmann(one, KT, points=1001)
        if one.period is not None or boltzmann is None:
            x = np.linspace(*unit_interval(one, KT), 801)
        else:
            likely = boltzmann.weight[0] > boltzmann.weight[0].max() * np.exp(-12.0)
            x = np.linspace(boltzmann.x[0][likely][0], boltzmann.x[0][likely][-1], 801)
        density = None
        if boltzmann is not None:
            density = np.interp(x, boltzmann.x[0], boltzmann.density[0], period=one.period)
        figure = plot_potential(
            x,
            one.energy(x),
            -one.gradient(x),
            density,
            title=plugin.name,
            formula=derived_formulas(plugin)[0].latex,
            density_label=f"Boltzmann density at kT = {KT:g}",
        )
        figure.savefig(beside, format=file.suffix[1:].lower(), dpi=150)
