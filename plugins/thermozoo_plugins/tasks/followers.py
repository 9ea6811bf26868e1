"""What tasks ask of a computer whose units follow ideal trajectories: inputs, hidden units, outputs."""

from __future__ import annotations

from typing import Any

__all__ = ["check_followers"]


def check_followers(config: Any, faults: Any, groups: str) -> None:
    """Add what keeps a computer from being one that ideal trajectories are shown to.

    Parameters
    ----------
    config : Config
        The config.
    faults : Faults
        Where they are added.
    groups : str
        Says which three groups are expected, of which the first alone is clamped.
    """
    moves = config.integrator
    if moves and not faults.found_in("dynamics.integrator") and moves.name != "euler-maruyama":
        faults.add(
            "dynamics.integrator",
            f"ideal trajectories are followed step by step as 'euler-maruyama' takes them, got {moves.name!r}",
        )
    if faults.found_in("computer"):
        return
    if len(config.sizes) != 3 or list(config.clamped) != list(config.sizes)[:1]:
        faults.add("computer.units", groups)
    if config.interaction is not None and config.interaction.name != "bilinear":
        faults.add("computer.interaction", "pairs are coupled by products of states here; leave it out")
    if config.terms:
        faults.add("computer.terms", "couplings of pairs and biases are all that is trained; leave them out")
    discrete = {group: one.name for group, one in config.potentials.items() if type(one).states is not None}
    if discrete:
        whole = len(discrete) == len(config.potentials)
        names = " and ".join(dict.fromkeys(map(repr, discrete.values())))
        faults.add(
            "computer.potential" if whole else f"computer.potential.{next(iter(discrete))}",
            f"ideal trajectories take units from 0 to any value, and those of {names} are discrete",
            also=["computer.potential"],
        )
