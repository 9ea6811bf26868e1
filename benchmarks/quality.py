"""Measure real MNIST digits and Gaussians of every class as if a computer showed them: what generators compare with.

    MNIST=FOLDER python benchmarks/quality.py [SEED ...]

Another seed than 0 deals the images anew. The folder holds the test images of MNIST. Pixels are read out as those of a
quartic unit at k_BT = 0.1: `grey` with J2 = 1 under the image itself, `ink` with J2 = -0.5 under tanh(2 (image - 1)).
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np
from thermozoo_plugins.datasets import Mnist

from thermozoo.quality import RealImages, evaluate, splits, thermal_readout
from thermozoo.quality.result import MEASURES


def readouts():
    """Return how grey and ink images are shown."""
    return {
        "grey": thermal_readout(lambda x: x**2 + x**4, 3.0, 0.1),
        "ink": thermal_readout(lambda x: -0.5 * x**2 + x**4, 4.0, 0.1, lambda image: np.tanh(2.0 * (image - 1.0))),
    }


def measured(images, labels, readout, seed):
    """Return the quality of held-out digits, shown twice; another seed than 0 deals the images anew."""
    order = np.random.default_rng(seed).permutation(len(labels)) if seed else np.arange(len(labels))
    real = RealImages.of(images[order], labels[order], splits(labels[order]))
    outputs = readout.show(real.held_out.pixels, np.random.default_rng((seed, 1)))
    return evaluate(outputs, real, asked=real.held_out.labels, readout=readout)


def main(folder, seeds):
    images, labels = Mnist(path=folder).load()
    for seed in seeds:
        for name, readout in readouts().items():
            start = time.process_time()
            found = measured(images, labels, readout, seed)
            print(f"\n{name}, seed {seed}, {time.process_time() - start:.1f} s of one core")
            print(f"{'':34s}", *(f"{key[:12]:>12s}" for key in MEASURES))
            for row in found.rows:
                print(f"{row.name:34s}", *(f"{getattr(row, key):12.3f}" for key in MEASURES), flush=True)


if __name__ == "__main__":
    if "MNIST" not in os.environ:
        sys.exit("MNIST names no folder: MNIST=FOLDER python benchmarks/quality.py")
    main(os.environ["MNIST"], [int(word) for word in sys.argv[1:]] or [0])
