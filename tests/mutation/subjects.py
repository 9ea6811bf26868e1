"""What is changed, and the plugins that the suite is run on: one or two of each kind, cheap ones."""

from __future__ import annotations

import attrs

__all__ = ["CHOSEN", "COMPILED", "ROOMS", "SUBJECTS", "Subject"]


@attrs.frozen
class Subject:
    """A plugin, or some of its checks on some engines.

    Parameters
    ----------
    plugin : str
        Its name.
    engines : tuple of str
        What its checks run on.
    checks : tuple of str
        Which of them; none: all of the quick profile.
    """

    plugin: str
    engines: tuple[str, ...] = ("reference",)
    checks: tuple[str, ...] = ()

    @property
    def compiled(self) -> bool:
        """Whether kernels are compiled."""
        return "compiled" in self.engines

    def __str__(self) -> str:
        return self.plugin if self.engines == ("reference",) else f"{self.plugin} on {', '.join(self.engines)}"


_BOTH = ("compiled", "reference")

SUBJECTS = (
    Subject("double-well"),
    Subject("potential:cosine"),
    Subject("washboard"),
    Subject("spin"),
    Subject("bilinear"),
    Subject("difference"),
    Subject("three-body"),
    Subject("modern-hopfield"),
    Subject("euler-maruyama"),
    Subject("stochastic-heun"),
    Subject("baoab"),
    Subject("coloured-noise"),
    Subject("heat-bath"),
    Subject("reverse-likelihood"),
    Subject("forward-likelihood"),
    Subject("contrastive-divergence"),
    Subject("ring"),
    Subject("linear-fade"),
    Subject("coloured-bath"),
    Subject("engine:reference"),
    Subject("langevin_well.py"),
    Subject("rounded_power.py"),
    Subject("cosh_difference.py"),
    Subject(
        "engine:compiled",
        _BOTH,
        (
            "same-states",
            "same-variables",
            "same-work",
            "recording",
            "split",
            "batch-independence",
            "same-driven-states",
            "heat",
        ),
    ),
    Subject("heat-bath", _BOTH, ("engine-updates",)),
    Subject("difference", _BOTH, ("engine-force", "driven-strength")),
    Subject("modern-hopfield", _BOTH, ("engine-force",)),
    Subject("coloured-noise", _BOTH, ("variables-engines",)),
)

_SYMBOLIC = (
    "action", "calculus", "circle", "contrast", "coupling_plan", "derive", "identity", "interaction", "kernel_plan",
    "projection", "projection_plan", "removable", "reverse", "separable", "start", "trace",
)  # fmt: skip
_DYNAMICS = (
    "counter_random",
    "equilibrium",
    "intensity",
    "noise",
    "schedule",
    "simulate",
    "stationary",
    "tempering",
    "trajectories",
    "units",
    "variables",
    "windows",
    "work",
)
_REFERENCE = ("base", "batch", "drive", "reference")
_COMPILED = (
    "arrangement", "color_law", "color_rows", "compiled", "compiled_batch", "drive_packing", "driven_law",
    "kept_fields", "laws", "packed_states", "packing", "panels", "printing", "projection_forces", "projection_packing",
    "state_layout", "term_forces", "term_packing",
)  # fmt: skip
_INSIDE = (
    "box_muller",
    "elementary",
    "lines",
    "number_writer",
    "philox",
    "products",
    "step_parts",
    "uniform_numbers",
    "vectors",
    "line_access",
)
_COMPUTER = (
    "blocks",
    "boltzmann",
    "coloring",
    "computer",
    "couplings",
    "discrete",
    "onsite",
    "patterns",
    "stability",
    "terms.projections",
    "terms.separable",
    "terms.tuples",
)
_TRAINING = (
    "breakpoints", "expansion", "loss", "noising", "noising_process", "observed", "signals",
    "least_squares.noiseless", "least_squares.normal_equations", "least_squares.pair_base", "least_squares.pair_dense",
    "least_squares.pair_sparse", "exact.exact_equations", "exact.fokker_planck", "exact.refinement",
    "exact.signal_functions", "exact.unit_grid", "exact.unit_moments", "sampled.descent",
    "sampled.learner", "sampled.moment_blocks", "sampled.moments", "sampled.moving", "sampled.plain_moments",
    "sampled.loss_law", "sampled.slots",
)  # fmt: skip
_STEPS = (
    "integrators.euler_maruyama", "integrators.stochastic_heun", "integrators.baoab", "integrators.coloured_noise",
    "integrators.heat_bath", "objectives.reverse_likelihood", "objectives.forward_likelihood",
    "objectives.contrastive_divergence",
)  # fmt: skip
#: What an author chooses: another choice is another plugin, as sound as the first.
_DEFINITIONS = (
    "potentials.double_well", "potentials.cosine", "potentials.washboard", "potentials.spin", "interactions.bilinear",
    "interactions.difference", "interactions.three_body", "projections.modern_hopfield", "protocols.linear_fade",
    "connectivities.ring",
)  # fmt: skip


def _modules(package: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{package}.{name}" for name in names)


#: Modules whose code is changed, by what they are.
ROOMS = {
    "steps and losses of plugins": _modules("thermozoo_plugins", _STEPS),
    "energies, graphs, protocols": _modules("thermozoo_plugins", _DEFINITIONS),
    "reference engine": _modules("thermozoo.dynamics.engines", _REFERENCE),
    "derivations": _modules("thermozoo.symbolic", _SYMBOLIC),
    "computer": _modules("thermozoo.computer", _COMPUTER),
    "dynamics": _modules("thermozoo.dynamics", _DYNAMICS),
    "thermodynamics": _modules("thermozoo.thermodynamics", ("advantage", "heat", "paths")),
    "compiled engine": _modules("thermozoo.dynamics.engines", _COMPILED),
    "kernels": _modules("thermozoo.dynamics.engines", ("kernel_source",)),
    "inside kernels": _modules("thermozoo.dynamics.engines", _INSIDE),
    "training": _modules("thermozoo.training", _TRAINING),
}

#: Mutants of each room in a run of full size.
CHOSEN = {
    "steps and losses of plugins": 40,
    "energies, graphs, protocols": 20,
    "reference engine": 40,
    "derivations": 50,
    "computer": 30,
    "dynamics": 25,
    "thermodynamics": 14,
    "compiled engine": 21,
    "kernels": 21,
    "inside kernels": 7,
    "training": 28,
}

#: Modules of the compiled engine.
COMPILED = tuple(module for room in ("compiled engine", "kernels", "inside kernels") for module in ROOMS[room])
