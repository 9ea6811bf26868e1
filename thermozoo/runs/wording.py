"""A run in words: paragraphs and tables of the page, from the report and the resolved config.

Every function leaves out what the report or the config does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from thermozoo.runs.numbers import (
    count,
    duration,
    is_number,
    loss_pair,
    number_of,
    plain,
    plus_minus,
    quantity,
    significant,
)

__all__ = ["computer", "cost", "floor_of", "generation", "headline", "tiles", "training"]

#: Joules of one kT at 300 K.
_JOULES_PER_KT = 1.380649e-23 * 300.0
#: Multiply-accumulates of one step of the 784-128-128-784 perceptron.
_MULTIPLY_ACCUMULATES = 784 * 128 + 128 * 128 + 128 * 784

_METHODS = {
    "exact": (
        "It finds the minimum of the loss over all noising trajectories at once: because units "
        "are independent during noising, their moments follow from one-dimensional Fokker-Planck "
        "equations, and the loss is quadratic in couplings and biases. No trajectory is sampled "
        "and there is no learning rate."
    ),
    "moments": (
        "It solves the normal equations of the loss with moments measured on sampled noising "
        "trajectories."
    ),
    "descent": (
        "It follows the gradient of the loss and updates couplings and biases once after each "
        "noising trajectory."
    ),
    "online": (
        "It follows the gradient of the loss and updates couplings and biases at every time step "
        "of a noising trajectory."
    ),
}


def floor_of(report: Mapping[str, Any], config: Mapping[str, Any]) -> float | None:
    """Return N/2, N the units that are not frozen: the mean loss per step of a perfect model."""
    known = number_of(report, "loss_perfect")
    if known is not None:
        return known
    sizes = _groups(config)
    return sum(size for size, frozen in sizes.values() if not frozen) / 2 if sizes else None


def headline(report: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return the run in one sentence: units, samples, heat."""
    units = sum(size for size, _ in _groups(config).values())
    machine = f"A simulated Langevin computer of {count(units)} units" if units else "The computer"
    made = f"{machine} turned thermal noise into images"
    samples = number_of(report, "samples")
    if samples is not None:
        made += " once" if samples == 1 else f" {count(int(samples))} times"
    heat, deviation = number_of(report, "heat_mean_kT"), number_of(report, "heat_std_kT")
    if heat is None:
        return made + "."
    if samples is None or samples < 2 or deviation is None:
        return f"{made} and released {significant(heat, 4)} kT of heat."
    return (
        f"{made} and released {plus_minus(heat, deviation)} kT of heat each time (mean ± standard "
        f"deviation over {count(int(samples))} samples)."
    )


def tiles(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the figures to read first, as (name, value with unit, remark)."""
    found = []
    heat, samples = number_of(report, "heat_mean_kT"), number_of(report, "samples")
    if heat is not None:
        value = (
            significant(heat, 4) if samples == 1 else plus_minus(heat, report.get("heat_std_kT"))
        )
        remark = "of one sample" if samples == 1 else "mean ± standard deviation"
        found.append(("Heat per sample", f"{value} kT", remark))
    advantage = number_of(report, "thermodynamic_advantage")
    if advantage is not None:
        value = significant(advantage, 2)
        found.append(("Thermodynamic advantage", value, "digital denoiser's heat over this heat"))
    gain = number_of(report, "likelihood_gain_nats")
    if gain is not None:
        value = plus_minus(gain, report.get("likelihood_gain_se"))
        found.append(("Likelihood gain", f"{value} nats", "per trajectory, ± standard error"))
    best = number_of(report, "mean_best_correlation")
    if best is not None:
        found.append(("Best correlation", significant(best), "of outputs with a prototype, mean"))
    return found


def computer(config: Mapping[str, Any]) -> list[str]:
    """Say what the computer is: groups, potential, connectivity, temperature, dynamics."""
    machine = config.get("computer", {})
    text: list[str] = []
    groups = _groups(config)
    if groups:
        parts = [
            Markup("<b>{}</b> ({} {})").format(
                name, count(size), "units, frozen" if frozen else "units"
            )
            for name, (size, frozen) in groups.items()
        ]
        total = count(sum(size for size, _ in groups.values()))
        text.append(Markup("It has {} units in these groups: {}.").format(total, _list(parts)))
    potential = machine.get("potential", {})
    if "plugin" in potential:
        sentence = Markup("Every unit has the on-site energy {}").format(_plugin(potential))
        for name, override in potential.items():
            if isinstance(override, Mapping):
                sentence += Markup("; those of <b>{}</b> {}").format(
                    name, _plugin({"plugin": potential["plugin"], **override})
                )
        text.append(sentence + ".")
    connectivity = machine.get("connectivity", {})
    if "plugin" in connectivity:
        text.append(Markup("Units are coupled as in {}.").format(_plugin(connectivity)))
    biases = machine.get("trainable_biases")
    if biases is not None:
        names = _list([Markup("<b>{}</b>").format(name) for name in biases])
        text.append(
            Markup("Biases are trained in {}.").format(names) if biases else "No bias is trained."
        )
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
        scheme = dynamics.get("integrator", "the integrator")
        unit = " 1/(µE₀)" if mobility == 1 else ""
        text.append(
            Markup("Time advances by <code>{}</code> in {} steps of {} for {}{}.").format(
                scheme if isinstance(scheme, str) else scheme.get("plugin", "the integrator"),
                count(round(length / step)),
                plain(step),
                plain(length),
                unit,
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
            Markup("Each is imposed on the units and let fade by {}.").format(
                _plugin({"plugin": noising["protocol"], **settings})
            )
        )
    method = report.get("method", config.get("training", {}).get("method"))
    if method is not None:
        first.append(Markup("The method is <code>{}</code>.").format(method))
        first.append(_METHODS.get(method, ""))
    phases = report.get("seconds")
    spent = number_of(phases, "training") if isinstance(phases, Mapping) else None
    if spent is not None:
        first.append(f"Training took {duration(spent)}.")
    if first:
        text.append(Markup(" ").join(part for part in first if part))
    initial, final = number_of(report, "loss_initial"), number_of(report, "loss_final")
    if initial is not None and final is not None:
        before, after = loss_pair(initial, final)
        sentence = (
            f"On held-out noising trajectories the reverse loss per time step went from {before} "
            f"(untrained) to {after}"
        )
        floor = floor_of(report, config)
        known = f"; N/2 = {plain(floor)} is the mean of a perfect model" if floor else ""
        if floor and final < floor:
            known += " (a finite number of trajectories scatters to both sides of it)"
        text.append(sentence + known + ".")
    norm = number_of(report, "coupling_norm")
    if norm is not None:
        text.append(f"The matrix of couplings has the Frobenius norm {significant(norm)} E₀.")
    gain = number_of(report, "likelihood_gain_nats")
    if gain is not None:
        value = plus_minus(gain, report.get("likelihood_gain_se"))
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


def generation(report: Mapping[str, Any]) -> list[str]:
    """Say what came out: correlation with prototypes, inverted images."""
    text: list[str] = []
    best = number_of(report, "mean_best_correlation")
    if best is not None:
        deviation = number_of(report, "best_correlation_std")
        value = significant(best)
        if deviation:
            value = f"{plus_minus(best, deviation, 2)} (mean ± standard deviation over samples)"
        text.append(
            "Each output is assigned to the prototype with which it correlates most, by absolute "
            f"value. This best correlation is {value}; 1 would be a perfect copy."
        )
    inverted, samples = number_of(report, "inverted"), number_of(report, "samples")
    if inverted is not None:
        # A whole number counts samples, any other is their fraction.
        if not isinstance(inverted, int):
            share = f"{100 * inverted:.1f} %"
        elif samples:
            share = f"{count(inverted)} ({100 * inverted / samples:.1f} %)"
        else:
            share = count(inverted)
        text.append(
            f"{share} of the outputs are inverted, white for black: the coupling energy does not "
            "change when all units change sign, so that only biases tell an image from its "
            "negative."
        )
    return [" ".join(text)] if text else []


def cost(report: Mapping[str, Any]) -> list[str]:
    """Say what it cost: the heat, the digital denoiser and the ratio of the two."""
    heat, samples = number_of(report, "heat_mean_kT"), number_of(report, "samples")
    if heat is None:
        return []
    deviation = number_of(report, "heat_std_kT")
    several = deviation is not None and samples is not None and samples > 1
    sentence = (
        f"One generation releases {plus_minus(heat, deviation if several else None)} kT of heat"
    )
    if deviation is not None and samples is not None and samples > 1:
        error = significant(deviation / samples**0.5, 2)
        sentence += (
            f" (mean ± standard deviation over {count(int(samples))} samples; the standard error "
            f"of the mean is {error} kT)"
        )
    text = [
        f"{sentence}. At 300 K, where 1 kT is {quantity(_JOULES_PER_KT, 'J')}, that mean is "
        f"{quantity(heat * _JOULES_PER_KT, 'J')}."
    ]
    work = number_of(report, "work_mean_kT")
    if work:
        text.append(
            f"Switching parameters while it generates does {significant(work)} kT of work in the "
            "mean, which the heat includes."
        )
    advantage = number_of(report, "thermodynamic_advantage")
    if advantage is not None:
        digital = significant(advantage * heat, 2)
        text.append(
            "The thermodynamic advantage compares this with a digital denoiser for images of this "
            "size, a 784-128-128-784 perceptron: "
            f"{count(_MULTIPLY_ACCUMULATES)} multiply-accumulates a step at 1 pJ each "
            f"({significant(1e-12 / _JOULES_PER_KT, 2)} kT at 300 K), ten steps, {digital} kT in "
            f"all. Divided by the mean heat this is {significant(advantage, 2)}. It counts the "
            "heat of the computer's dynamics alone: neither training, nor writing parameters, nor "
            "reading the image out."
        )
    return text


def _groups(config: Mapping[str, Any]) -> dict[str, tuple[int, bool]]:
    """Return size and whether it is frozen for each group of units in the config."""
    found = {}
    for name, value in config.get("computer", {}).get("units", {}).items():
        size = value.get("size") if isinstance(value, Mapping) else value
        if isinstance(size, int):
            frozen = bool(value.get("frozen")) if isinstance(value, Mapping) else False
            found[name] = (size, frozen)
    return found


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
