"""torchsde: Euler-Maruyama with fixed steps and additive noise."""

from __future__ import annotations

import numpy as np
import torch
import torchsde
from work import DT, J2, J4, KICK, MOBILITY, VISIBLE, couplings, report

between, within = map(torch.from_numpy, couplings())


class Computer(torch.nn.Module):
    """The computer as torchsde takes it."""

    noise_type = "diagonal"
    sde_type = "ito"

    def f(self, t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the drift."""
        visible, hidden = x[:, :VISIBLE], x[:, VISIBLE:]
        product = torch.cat([hidden @ between.T, torch.addmm(visible @ between, hidden, within)], dim=1)
        return -MOBILITY * (product + 2 * J2 * x + 4 * J4 * (x * x * x))

    def g(self, t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the size of the noise."""
        return torch.full_like(x, KICK / DT**0.5)


@torch.no_grad()
def advance(start: np.ndarray, steps: int) -> np.ndarray:
    x = torch.from_numpy(start.copy())
    times = torch.tensor([0.0, steps * DT])
    # half a step beyond the end keeps rounding of times from adding a last, tiny step
    brownian = torchsde.BrownianInterval(t0=0.0, t1=(steps + 0.5) * DT, size=x.shape, dtype=x.dtype, dt=DT)
    return torchsde.sdeint(Computer(), x, times, bm=brownian, method="euler", dt=DT)[-1].numpy()


report("torchsde", advance)
