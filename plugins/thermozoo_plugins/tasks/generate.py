"""Images from noise: the task of a run that names none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from thermozoo import Cost, Phase, Task


@attrs.frozen
class Generate(Task):
    r"""Train a computer on images, let it turn thermal noise into others, and judge them.

    Noising trajectories push the units with the images, a(t) s_i, and the couplings are those for which the reverse of
    every step is likely; the trained, frozen computer then generates by relaxing, and what it releases is heat.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, Phys. Rev. Lett. 136, 037101 (2026); arXiv:2506.15121.

    Examples
    --------
    >>> from thermozoo import load_config
    >>> config = load_config("paper")
    >>> config.task.name, [phase.name for phase in config.task.phases(config)][2:6]
    ('generate', ['training', 'evaluation', 'generation', 'judging'])
    """

    name = "generate"
    tables = (
        "computer",
        "dynamics",
        "data",
        "encoding",
        "noising",
        "training",
        "generation",
        "schedule",
        "run",
    )

    def check(self, config: Any, faults: Any) -> None:
        """Check training, noising, data and generation against each other."""
        from thermozoo import check_generation  # looks at formulas: what lists plugins needs none of that

        check_generation(config, faults)

    def assemble(self, config: Any) -> Any:
        """Return the images with their signals, beside the computer."""
        from thermozoo import assemble_generation

        return assemble_generation(config)

    def phases(self, config: Any) -> Sequence[Phase]:
        """Return training, evaluation, generation, judging, and all around them."""
        from thermozoo import generation_phases

        return generation_phases(config)

    def replayable(self, config: Any) -> int:
        """Return the samples."""
        return int(config.generation.samples)

    def replay(self, run: Any, number: int) -> Mapping[str, tuple[Any, Any]]:
        """Let a sample be generated again."""
        from thermozoo import replay_image

        done = replay_image(run, number)
        samples, n = self.replayable(run.config), done.final.shape[1]
        run.read(np.zeros((samples, n)))  # a device reads the states before generation first, and then these
        final = run.read(np.repeat(done.final[:1], samples, axis=0))[number]
        kept = run.samples
        return {
            "state": (kept["state"].values[number], final),
            "heat": (kept["heat"].values[number], run.legs[-1].heat),
        }

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that training writes, and generation runs and is read, as the device does."""
        return ("realise", "nonreciprocal", "stored", "moved", "driven", "read")

    def cost(self, figures: Any, config: Any) -> Cost:
        """Return time and heat of a generation."""
        return Cost(config.duration * config.computer.mobility, figures.heat_mean_kT, "one image")

    def small(self) -> Mapping[str, Any]:
        """Return two digits and few units."""
        return {
            "computer": {
                "temperature": 0.1,
                "units": {"visible": 784, "hidden": 4},
                "connectivity": {"plugin": "bipartite"},
            },
            "dynamics": {"dt": 0.01, "duration": 0.2, "engine": "reference"},
            "data": {"plugin": "digits", "classes": [0, 1]},
            "training": {"held_out": 2},
            "generation": {"samples": 3},
        }
