"""What was run, in words: the computer and its training, from resolved config and report.

Every function leaves out what the report or the config does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from thermozoo.runs.page.captions import imposed
from thermozoo.runs.page.numbers import (
    count,
    duration,
    is_number,
    loss_pair,
    number_of,
    plain,
    plus_minus,
    significant,
)

__all__ = ["computer", "groups", "pixels", "training"]

_METHODS = {
    "exact": (
        "It finds the minimum of the loss over all noising trajectories at once: because units "
        "are independent during noising, their moments follow from one-dimensional Fokker-Planck "
        "equations, and the loss is quadratic in couplings and biases. No trajectory is sampled "
        "and there is no learning rate."
    ),
    "moments": ("It solves the normal equations of the loss with moments measured on sampled noising trajectories."),
    "descent": (
        "It follows the gradient of the loss and updates couplings and biases once after each noising trajectory."
    ),
    "online": (
        "It follows the gradient of the loss and updates couplings and biases at every time step "
        "of a noising trajectory."
    ),
}


def computer(report: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """Say what the computer is: groups, potential, connectivity, temperature, dynamics."""
    machine = config.get("computer", {})
    text: list[str] = []
    layout = groups(config)
    if layout:
        parts = [
            Markup("<b>{}</b> ({} {})").format(name, count(size), "units, frozen" if frozen else "units")
            for name, (size, frozen) in layout.items()
        ]
        total = count(sum(size for size, _ in layout.values()))
        text.append(Markup("It has {} units in these groups: {}.").format(total, _list(parts)))
    potential = machine.get("potential", {})
    if "plugin" in potential:
        trained = _trained(report)
        before = "Before training, and while it is noised, every" if trained else "Every"
        sentence = Markup("{} unit has the on-site energy {}").format(before, _plugin(potential))
        for name, override in potential.items():
            if isinstance(override, Mapping) and name in layout:
                sentence += Markup("; those of <b>{}</b> {}").format(
                    name, _plugin({"plugin": potential["plugin"], **override})
                )
        text.append(sentence + ".")
        if trained:
            text.append(trained)
    connectivity = machine.get("connectivity", {})
    if "plugin" in connectivity:
        text.append(Markup("Units are coupled as in {}.").format(_plugin(connectivity)))
    biases = machine.get("trainable_biases")
    if biases is not None:
        biases = [name for name in biases if name not in layout or not layout[name][1]]  # clamped units feel no bias
        names = _list([Markup("<b>{}</b>").format(name) for name in biases])
        text.append(Markup("Biases are trained in {}.").format(names) if biases else "No bias is trained.")
    bath = []
    temperature, mobility = number_of(machine, "temperature"), number_of(machine, "mobility")
    if temperature is not None:
        bath.append(f"in a heat bath at kT = {plain(temperature)} E₀")
    if mobility is not None:
        bath.append(f"with mobility µ = {plain(mobility)}")
    dynamics = config.get("dynamics", {})
    if bath:
        text.append(f"It moves {' '.join(bath)}.")
    step, length = number_of(dynamics, "dt"), number_of(dynamics, "duration")
    if step and length:
        count_of_steps = round(length / step)
        # what the steps add up to, without the rounding of the product
        whole = float(f"{count_of_steps * step:.12g}")
        rounded = "" if math.isclose(whole, length, rel_tol=1e-9) else f" (the config's {plain(length)} in whole steps)"
        unit = " 1/(µE₀)" if mobility == 1 else ""
        text.append(
            Markup("Time advances by <code>{}</code> in {} steps of {} for {}{}{}.").format(
                dynamics.get("integrator", "the integrator"),
                count(count_of_steps),
                plain(step),
                plain(whole),
                unit,
                rounded,
            )
        )
    return [Markup(" ").join(text)] if text else []


def training(report: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """Say how it was trained: images, noising, method, loss, likelihood gain."""
    text: list[str] = []
    first: list[str] = []
    if "plugin" in config.get("data", {}):
        first.append(Markup("The images are {}.").format(_plugin(config["data"])))
    noising = config.get("noising", {})
    if "protocol" in noising:
        settings = {k: v for k, v in noising.items() if k != "protocol"}
        first.append(
            Markup("Each is imposed on the units by the protocol {}.").format(
                _plugin({"plugin": noising["protocol"], **settings})
            )
        )
        first.append(imposed(report, config))
    method = report.get("method", config.get("training", {}).get("method"))
    if method is not None:
        first.append(Markup("The method is <code>{}</code>.").format(method))
        first.append(_METHODS.get(method, ""))
    phases = report.get("seconds")
    spent = number_of(phases, "training") if isinstance(phases, Mapping) else None
    if spent is not None:
        first.append(f"Training took {duration(spent)}.")
    windows = number_of(report, "windows")
    several = windows is not None and windows > 1
    if windows is not None and several:
        first.append(
            f"Generation has {count(int(windows))} time windows, each with trained parameters of its own; where one "
            "window ends and the next begins, the parameters are switched."
        )
    norm = number_of(report, "coupling_norm")
    if norm is not None:
        last = " of the last window" if several else ""
        first.append(f"The trained couplings{last} have the Frobenius norm {significant(norm)} E₀.")
    if first:
        text.append(Markup(" ").join(part for part in first if part))
    initial, final = number_of(report, "loss_initial"), number_of(report, "loss_final")
    if initial is not None and final is not None:
        before, after = loss_pair(initial, final)
        sentence = (
            f"On held-out noising trajectories the reverse loss per time step went from {before} (untrained) to {after}"
        )
        floor = number_of(report, "loss_perfect")
        known = f"; N/2 = {plain(floor)} is the mean of a perfect model" if floor else ""
        if floor and final < floor:
            known += " (a finite number of trajectories scatters to both sides of it)"
        text.append(sentence + known + ".")
    gain = number_of(report, "likelihood_gain_nats")
    if gain is not None:
        value = plus_minus(gain, report.get("likelihood_gain_se"), 2)
        text.append(
            f"Run backwards, a held-out noising trajectory is {value} nats more likely under the "
            "trained computer than under the untrained one (mean ± standard error). This is the "
            "figure to compare methods by: the loss per step hides it in noise."
        )
    text.append(
        "The loss is not the heat. The loss averages over noising trajectories, which the "
        "training imposes; the heat averages over trajectories that the trained computer takes "
        "by itself. A lower loss need not mean less heat."
    )
    return text


def groups(config: Mapping[str, Any]) -> dict[str, tuple[int, bool]]:
    """Return size and whether it is frozen for each group of units in the config."""
    found = {}
    for name, value in config.get("computer", {}).get("units", {}).items():
        size = value.get("size") if isinstance(value, Mapping) else value
        if isinstance(size, int):
            frozen = bool(value.get("frozen")) if isinstance(value, Mapping) else False
            found[name] = (size, frozen)
    return found


def pixels(config: Mapping[str, Any]) -> int | None:
    """Return the units that show the image: those of ``visible``, or of the first group that moves."""
    sizes = groups(config)
    if "visible" in sizes:
        return sizes["visible"][0]
    return next((size for size, frozen in sizes.values() if not frozen), None)


def _trained(report: Mapping[str, Any]) -> Markup:
    """Say which on-site parameters were trained and what range they have now."""
    ranges = report.get("trained_parameters")
    if not isinstance(ranges, Mapping):
        return Markup()
    parts = [
        Markup("{} of <b>{}</b> from {} to {}").format(name, group, significant(low), significant(high))
        for group, names in ranges.items()
        for name, (low, high) in names.items()
    ]
    if not parts:
        return Markup()
    return Markup("On-site parameters were trained as well, with one value per unit; now they are {}.").format(
        _list(parts)
    )


def _plugin(table: Mapping[str, Any]) -> str:
    """Return a plugin's name with its parameters in brackets."""
    parts = [
        f"{key} = {_value(value)}"
        for key, value in table.items()
        if key != "plugin" and value is not None and not isinstance(value, Mapping)
    ]
    name = Markup("<code>{}</code>").format(table["plugin"])
    return name + (Markup(" ({})").format(", ".join(parts)) if parts else "")


def _value(value: Any) -> str:
    """Write a value of the config as a reader wants it."""
    if is_number(value):
        return plain(value)
    if isinstance(value, list):
        shown = ", ".join(_value(item) for item in value[:12])
        return shown + (f", … ({len(value)} in all)" if len(value) > 12 else "")
    return str(value)


def _list(parts: list[Markup]) -> Markup:
    """Join parts with commas and a final "and"."""
    if len(parts) < 2:
        return Markup("").join(parts)
    return Markup(", ").join(parts[:-1]) + " and " + parts[-1]
