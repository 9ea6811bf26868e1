"""A few mutants of several classes, and the check that must notice each: ``python tests/mutation/sample.py``.

It prints one line of JSON a mutant. Nothing of thermozoo may be imported before, so that it runs by itself.
"""

from __future__ import annotations

import json
import sys

from mutants import Mutant
from processes import alone, checks_of, first_to_fail, import_libraries
from subjects import Subject

__all__ = ["SAMPLE"]

_REFERENCE = "thermozoo.dynamics.engines.reference"
_INTEGRATORS = "thermozoo_plugins.integrators"

#: Module, class, change, plugin, and the check that notices it.
SAMPLE = (
    ("", "", "", "engine:reference", "same-states"),
    (
        _REFERENCE,
        "stale",
        "ReferenceStepper.do_steps: normals(key, k, trajectories, layout.n, draw, x.dtype) -> "
        "normals(key, 0, trajectories, layout.n, draw, x.dtype)",
        "engine:reference",
        "same-driven-states",
    ),
    (_REFERENCE, "off by one", "ReferenceStepper._of_step: step + 1 -> step", "engine:reference", "same-driven-states"),
    (
        "thermozoo.thermodynamics.heat",
        "sign",
        "HeatLedger._of_switches: sums[-1] + switch.after[name] - switch.before[name] -> "
        "sums[-1] + switch.after[name] + switch.before[name]",
        "engine:reference",
        "heat",
    ),
    (
        f"{_INTEGRATORS}.euler_maruyama",
        "missing term",
        "EulerMaruyama.step: s.x + drift -> s.x",
        "euler-maruyama",
        "deterministic-limit",
    ),
    (
        "thermozoo_plugins.objectives.reverse_likelihood",
        "factor",
        "ReverseLikelihood.step_loss: 4 * s.mobility * s.kT * s.dt -> s.dt",
        "reverse-likelihood",
        "likelihood-scale",
    ),
    (
        "thermozoo.training.loss",
        "stale",
        "StepLoss.value: losses *= self.weights.astype(losses.dtype) -> pass",
        "reverse-likelihood",
        "training-loss",
    ),
)


def main() -> int:
    """Judge them; return how many go unnoticed."""
    import_libraries()
    for plugin in {one[3] for one in SAMPLE}:  # once, for all mutants of functions that have not run by then
        checks_of(Subject(plugin))
    unnoticed = 0
    for module, kind, text, plugin, check in SAMPLE:
        mutant = Mutant(module, kind, text) if module else None
        found = alone(lambda m=mutant, p=plugin, c=check: first_to_fail(m, [(Subject(p), c)], None))
        found |= {"mutant": text, "expected": check}
        unnoticed += bool(module) and found["by"] != "check"
        print(json.dumps(found), flush=True)
    return unnoticed


if __name__ == "__main__":
    sys.exit(main())
