"""Figures: one function a file, arrays in, a ``Figure`` out; matplotlib loads when one is drawn."""

from __future__ import annotations

from thermozoo.plotting.codes import plot_codes
from thermozoo.plotting.comparison import plot_comparison
from thermozoo.plotting.couplings import plot_couplings
from thermozoo.plotting.generations import plot_generations
from thermozoo.plotting.heat import plot_heat
from thermozoo.plotting.ledger import plot_ledger
from thermozoo.plotting.loss import plot_loss
from thermozoo.plotting.noising import plot_noising
from thermozoo.plotting.outputs import plot_outputs
from thermozoo.plotting.potential import plot_potential
from thermozoo.plotting.style import png_bytes

__all__ = [
    "plot_codes",
    "plot_comparison",
    "plot_couplings",
    "plot_generations",
    "plot_heat",
    "plot_ledger",
    "plot_loss",
    "plot_noising",
    "plot_outputs",
    "plot_potential",
    "png_bytes",
]
