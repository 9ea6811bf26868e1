"""What a resolved config says of the computer, as far as it has to be worked out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import attrs

from thermozoo.computer.layout import Layout
from thermozoo.runs.results import Report
from thermozoo.training.noising import image_group

__all__ = ["Described"]


class Group(NamedTuple):
    """Size of a group of units, and whether it is clamped."""

    size: int
    clamped: bool


@attrs.frozen
class Described:
    """A computer and its time steps.

    Parameters
    ----------
    groups : dict of str to Group
        Its groups of units.
    trained_biases : list of str
        Groups whose biases are trained.
    steps : int
        Time steps of noising.
    duration : float
        Their time.
    rounded : bool
        Whether that is not the config's.
    generation_steps : int
        Time steps of generation.
    generation_dt : float
        How long each of these is [time].
    generator : str
        The integrator of generation.
    """

    groups: Mapping[str, Group]
    trained_biases: list[str]
    steps: int
    duration: float
    rounded: bool
    generation_steps: int
    generation_dt: float
    generator: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Described:
        """Return what a config describes."""
        computer, dynamics = config["computer"], config["dynamics"]
        groups = {
            name: Group(one["size"], one.get("clamped", False)) if isinstance(one, Mapping) else Group(one, False)
            for name, one in computer["units"].items()
        }
        steps = round(dynamics["duration"] / dynamics["dt"])
        # what the steps add up to, without the rounding of the product
        duration = float(f"{steps * dynamics['dt']:.12g}")
        generation = config["generation"]
        dt = generation.get("dt", dynamics["dt"])
        generator = generation.get("integrator", dynamics["integrator"])
        return cls(
            groups=groups,
            trained_biases=[name for name in computer["trainable_biases"] if not groups[name].clamped],
            steps=steps,
            duration=duration,
            rounded=not math.isclose(duration, dynamics["duration"], rel_tol=1e-9),
            generation_steps=round(duration / dt),
            generation_dt=dt,
            generator=generator["plugin"] if isinstance(generator, Mapping) else generator,
        )

    @property
    def units(self) -> int:
        """How many units there are."""
        return sum(group.size for group in self.groups.values())

    @property
    def pixels(self) -> int:
        """How many units show the image."""
        layout = Layout(
            {name: group.size for name, group in self.groups.items()},
            clamped=[name for name, group in self.groups.items() if group.clamped],
        )
        return layout.sizes[image_group(layout)]

    @staticmethod
    def trained(report: Report) -> list[tuple[str, str, float, float]]:
        """Return group, name and range of every on-site parameter that was trained."""
        return [
            (group, name, *limits)
            for group, names in report.trained_parameters.items()
            for name, limits in names.items()
        ]
