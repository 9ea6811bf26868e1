"""What came out, in words: the headline, what was generated and what it cost, from the report.

Every function leaves out what the report does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermozoo.runs.page.numbers import count, number_of, plus_minus, quantity, significant
from thermozoo.runs.page.wording import groups, pixels
from thermozoo.runs.results import GUESSING, NO_OTHER_CLASS, UNKNOWN_CLASS
from thermozoo.thermodynamics.advantage import denoiser_operations

__all__ = ["cost", "generation", "hardware", "headline", "quality", "tiles"]

#: Joules of one kT at 300 K.
_JOULES_PER_KT = 1.380649e-23 * 300.0


def headline(report: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return the run in one sentence: units, samples, heat."""
    units = sum(size for size, _ in groups(config).values())
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
        value = significant(heat, 4) if samples == 1 else plus_minus(heat, report.get("heat_std_kT"))
        remark = "of one sample" if samples == 1 else "mean ± standard deviation"
        found.append(("Heat per sample", f"{value} kT", remark))
    advantage = number_of(report, "thermodynamic_advantage")
    if advantage is not None:
        value = significant(advantage, 2)
        found.append(("Thermodynamic advantage", value, "digital denoiser's heat over this heat"))
    gain = number_of(report, "likelihood_gain_nats")
    if gain is not None:
        value = plus_minus(gain, report.get("likelihood_gain_se"), 2)
        found.append(("Likelihood gain", f"{value} nats", "per trajectory, ± standard error"))
    best = number_of(report, "mean_best_correlation")
    if best is not None:
        found.append(
            (
                "Best correlation",
                significant(best),
                "of the output with a prototype" if samples == 1 else "of outputs with a prototype, mean",
            )
        )
    return found


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
        share = f" ({100 * inverted / samples:.1f} %)" if samples else ""
        text.append(
            f"{count(int(inverted))}{share} of the outputs are inverted, white for black: the coupling energy does not "
            "change when all units change sign, so that only biases tell an image from its "
            "negative."
        )
    return [" ".join(text)] if text else []


def quality(report: Mapping[str, Any]) -> list[str]:
    """Say how different the outputs are, how far from prototypes, and what a classifier makes of them."""
    text: list[str] = []
    diversity, distance = number_of(report, "diversity"), number_of(report, "nearest_prototype_distance")
    if diversity is not None:
        text.append(
            f"The diversity of the outputs is {significant(diversity)}: the mean of 1 \u2212 |correlation| over pairs "
            "of them, 0 when all are copies of one image or of its negative."
        )
    if distance is not None:
        text.append(
            f"Their mean distance from the nearest prototype is {significant(distance)}, all scaled to unit norm and "
            "an inverted output turned back: 0 is a copy, 1.41 an image without any resemblance."
        )
    judge = report.get("judge")
    if isinstance(judge, Mapping):
        text.append(_judged(judge))
    return [" ".join(text)] if text else []


def _judged(judge: Mapping[str, Any]) -> str:
    """Say what the classifier is, how good it is, and what it sees in the outputs."""
    accuracy, noise, inside, entropy, coverage = (
        number_of(judge, key) for key in ("accuracy", "noise", "fraction_in_classes", "class_entropy_bits", "coverage")
    )
    text = (
        "A linear classifier, the judge, was trained on the data set's other images, none of which the computer has "
        "seen"
    )
    if noise is not None:
        text += f", with white noise of {significant(noise)} times their contrast as the outputs have it"
    if accuracy is not None:
        text += f"; it is right about {_percent(accuracy)} of such images that it was not trained on"
    text += "."
    text += _withheld(judge)
    if inside is not None:
        text += f" It puts {_percent(inside)} of the outputs into a class that the computer was trained on."
    if coverage is not None:
        text += (
            f" {_percent(coverage)} of these classes are covered: at least a tenth of an even share of the outputs "
            "falls to each."
        )
    if entropy is not None:
        text += f" The entropy of its verdicts is {significant(entropy)} bits; n classes in equal parts have log₂ n."
    return text


def _withheld(judge: Mapping[str, Any]) -> str:
    """Say why the judge is not quoted where its verdicts would mean nothing."""
    reason, chance = judge.get("withheld"), number_of(judge, "chance")
    if reason == GUESSING and chance is not None:
        return (
            f" Guessing among its {round(1 / chance)} classes would be right about {_percent(chance)}: in this noise "
            "the judge is not clearly better (by two standard errors), so what it makes of the outputs says nothing "
            "about them and is left out."
        )
    if reason == UNKNOWN_CLASS:
        return (
            " Of a class that the computer was trained on the data set has no other image, so the judge does not know "
            "it; what it makes of the outputs is left out."
        )
    if reason == NO_OTHER_CLASS:
        return (
            " The data set has no other class than those that the computer was trained on: every output falls into "
            "one of them, whatever it looks like."
        )
    return ""


def _percent(fraction: float) -> str:
    """Write a fraction in percent, without decimals where there are none to write."""
    return f"{100 * fraction:.1f}".removesuffix(".0") + " %"


def cost(report: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """Say what it cost: the heat, the digital denoiser and the ratio of the two."""
    heat, samples = number_of(report, "heat_mean_kT"), number_of(report, "samples")
    if heat is None:
        return []
    deviation = number_of(report, "heat_std_kT")
    several = deviation is not None and samples is not None and samples > 1
    sentence = f"One generation releases {plus_minus(heat, deviation if several else None)} kT of heat"
    if deviation is not None and samples is not None and samples > 1:
        error = significant(deviation / samples**0.5, 2)
        sentence += (
            f" (mean ± standard deviation over {count(int(samples))} samples; the standard error "
            f"of the mean is {error} kT)"
        )
    text = [
        f"{sentence}. At 300 K, where 1 kT is {quantity(_JOULES_PER_KT, 'J')}, {'that mean' if several else 'this'} is "
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
        size = pixels(config)
        layers, operations = "pixels-128-128-pixels", ""
        if size is not None:
            layers, operations = f"{size}-128-128-{size}", f"{count(denoiser_operations(size))} "
        text.append(
            "The thermodynamic advantage compares this with a digital denoiser for images of this size, a "
            f"{layers} perceptron: {operations}multiply-accumulates a step at 1 pJ each "
            f"({significant(1e-12 / _JOULES_PER_KT, 2)} kT at 300 K), ten steps, {digital} kT in "
            f"all. Divided by {'the mean heat' if several else 'that heat'} this is {significant(advantage, 2)}. It "
            "counts the heat of the computer's dynamics alone: neither training, nor writing parameters, nor "
            "reading the image out."
        )
    return text


def hardware(block: Any) -> list[str]:
    """Say which device the laboratory units stand for."""
    if not isinstance(block, Mapping) or not block:
        return []
    device = block.get("description") or "the physical scales in the config"
    return [f"Duration and heat of one generation in laboratory units, for {device}."]
