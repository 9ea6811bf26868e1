"""PyTorch on the processor."""

from __future__ import annotations

import numpy as np
import torch
from work import DT, J2, J4, KICK, MOBILITY, VISIBLE, couplings, report

between, within = map(torch.from_numpy, couplings())
generator = torch.Generator().manual_seed(1)


@torch.no_grad()
def advance(start: np.ndarray, steps: int) -> np.ndarray:
    x = torch.from_numpy(start.copy())
    for _ in range(steps):
        visible, hidden = x[:, :VISIBLE], x[:, VISIBLE:]
        product = torch.cat([hidden @ between.T, torch.addmm(visible @ between, hidden, within)], dim=1)
        gradient = product + 2 * J2 * x + 4 * J4 * (x * x * x)
        x = x - MOBILITY * DT * gradient + KICK * torch.randn(x.shape, generator=generator)
    return x.numpy()


report("torch", advance)
