"""How good generated images are: compared with real images that nothing was trained on, and with cheap imitations.

Everything here is a function of arrays: images in rows, their classes beside them. `splits` says which real images
serve for what, `evaluate` measures outputs, real held-out images and baselines alike.
"""

from __future__ import annotations

from thermozoo.quality.bootstrap import Estimate, frechet_estimate
from thermozoo.quality.evaluate import evaluate
from thermozoo.quality.frechet import frechet_distance
from thermozoo.quality.manifold import precision_recall
from thermozoo.quality.readout import Readout, thermal_readout
from thermozoo.quality.result import Quality, QualityRow
from thermozoo.quality.sets import Images, RealImages
from thermozoo.quality.splits import Splits, splits

__all__ = [
    "Estimate",
    "Images",
    "Quality",
    "QualityRow",
    "Readout",
    "RealImages",
    "Splits",
    "evaluate",
    "frechet_distance",
    "frechet_estimate",
    "precision_recall",
    "splits",
    "thermal_readout",
]
