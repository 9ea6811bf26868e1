"""What kernels are written for of the terms of the energy."""

from __future__ import annotations

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import BilinearCouplings

__all__ = ["without_kernel"]


def without_kernel(computer: Computer) -> str | None:
    """Return None where kernels can be written for every term of the energy, else which not and what to do."""
    for name, term in {"coupling": computer.couplings, **computer.terms}.items():
        if name != "coupling" or not isinstance(term, BilinearCouplings):
            kind = type(term).__name__
            return f"no kernel is written for the term {name!r} of the energy ({kind}); use engine = 'reference'"
    return None
