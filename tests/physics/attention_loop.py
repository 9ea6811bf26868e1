"""Sampling by attention in a plain loop of NumPy, with noise of its own: where stored reference figures come from.

    python tests/physics/attention_loop.py digits
    python tests/physics/attention_loop.py mnist FOLDER

prints them for a hundred threes. Nothing here uses the package but for the images.
"""

from __future__ import annotations

import sys

import numpy as np

#: Time step, steps, steps before the first snapshot counts, snapshots of a chain, noise of the start.
DT, STEPS, BURN_IN, SNAPSHOTS, NOISE = 0.01, 5000, 2000, 5, 0.01


def unit_images(images):
    """Images as unit vectors of their grey values."""
    rows = images.reshape(len(images), -1).astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def energy(x, patterns, beta):
    """x^2 / 2 - (1 / beta) ln sum_k exp(beta m_k.x)."""
    z = beta * x @ patterns.T
    largest = z.max(axis=1)
    return (x**2).sum(axis=1) / 2 - (largest + np.log(np.exp(z - largest[:, None]).sum(axis=1))) / beta


def chains(patterns, beta, count, rng, *, dt=DT, steps=STEPS, burn_in=BURN_IN, snapshots=SNAPSHOTS, noise=NOISE):
    """Snapshots of chains that begin at stored patterns drawn at random, shape (count, snapshots, units)."""
    start = patterns[rng.integers(len(patterns), size=count)]
    x = start + noise * rng.standard_normal(start.shape)
    every, taken = (steps - burn_in) // snapshots, []
    for step in range(1, burn_in + snapshots * every + 1):
        z = beta * x @ patterns.T
        weights = np.exp(z - z.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        x = x + dt * (weights @ patterns - x) + np.sqrt(2 * dt / beta) * rng.standard_normal(x.shape)
        if step > burn_in and (step - burn_in) % every == 0:
            taken.append(x)
    return np.stack(taken, axis=1)


def figures(x, patterns, beta):
    """Novelty, cosine within a chain and between two, and energy: each with its standard error by the chains."""
    count, snapshots, _ = x.shape
    directions = x / np.linalg.norm(x, axis=2, keepdims=True)
    novelty = 1 - (directions @ patterns.T).max(axis=2).mean(axis=1)
    energies = np.array([energy(one, patterns, beta).mean() for one in x])
    sums = directions.sum(axis=1)
    within = ((sums**2).sum(axis=1) - snapshots) / max(1, snapshots * (snapshots - 1))
    total = sums.sum(axis=0)
    own = (sums**2).sum(axis=1)
    pairs = snapshots**2 * count * (count - 1)
    between = (total @ total - own.sum()) / pairs
    # twice the spread of the mean cosine of a chain with all others (Hoeffding's first term)
    projections = (sums @ total - own) / (snapshots**2 * (count - 1))
    root = np.sqrt(count)
    return {
        "novelty": (novelty.mean(), novelty.std(ddof=1) / root),
        "within": (within.mean(), within.std(ddof=1) / root),
        "between": (between, 2 * projections.std(ddof=1) / root),
        "energy": (energies.mean(), energies.std(ddof=1) / root),
    }


def main(name, *path):
    """Print the figures of a hundred threes at both temperatures."""
    import thermozoo as tz

    images, labels = tz.get(name, **({"path": path[0]} if path else {})).load()
    patterns = unit_images(images[labels == 3][:100])
    gram = patterns @ patterns.T
    print(f"{name}: mean cosine {gram.mean():.10f}, mean square {(gram**2).mean():.10f}", flush=True)
    for beta in (2000.0, 200.0):
        rng = np.random.default_rng(20260306)
        x = np.concatenate([chains(patterns, beta, 100, rng) for _ in range(6)])
        for what, (value, error) in figures(x, patterns, beta).items():
            print(f"  {beta:g} {what} {value:.5f} {error:.5f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
