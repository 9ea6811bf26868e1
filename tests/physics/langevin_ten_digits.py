"""What the packaged run ``ten-digits`` of the generative Langevin computer gives: figures that a run is held against.

``python tests/physics/langevin_ten_digits.py`` runs it with three seeds and prints mean and standard error of each
figure that a Boltzmann machine of the same ten images reports as well.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np

import thermozoo as tz

SEEDS = (1, 2, 3)
ROW = ("nearest", "judged_right", "diversity", "frechet_components", "frechet_features", "precision", "recall")


def figures_of(seed):
    with tempfile.TemporaryDirectory() as folder:
        report = tz.run("ten-digits", out=Path(folder) / "run", seed=seed, quiet=True).report
    outputs = report["quality"]["rows"][0]
    config = tz.load_config("ten-digits")
    return {
        "heat_mean_kT": report["heat_mean_kT"],
        "duration": config.duration * config.computer.mobility,
        **{name: outputs[name] for name in ROW},
    }


if __name__ == "__main__":
    found = [figures_of(seed) for seed in SEEDS]
    for name in found[0]:
        values = np.array([one[name] for one in found])
        print(f'"{name}": ({values.mean():.6g}, {values.std(ddof=1) / math.sqrt(len(values)):.3g}),')
