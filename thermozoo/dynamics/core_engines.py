"""The engines that come with thermozoo, as plugins.

Their code is in `thermozoo.dynamics.engines`, and is imported when it is used: a list of plugins needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from thermozoo.arguments import choice, count
from thermozoo.errors import EngineError, ParameterError
from thermozoo.interfaces import Engine
from thermozoo.parameters import option
from thermozoo.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from thermozoo.dynamics.engines.base import Dynamics
    from thermozoo.dynamics.engines.by_color import ColorStepper
    from thermozoo.dynamics.engines.compiled import CompiledStepper
    from thermozoo.dynamics.engines.jax_batch import JaxStepper
    from thermozoo.dynamics.engines.reference import ReferenceStepper

__all__ = ["CORE_ENGINES", "PRODUCTS", "CompiledEngine", "JaxEngine", "ReferenceEngine"]

#: How the engine ``jax`` does products of single precision, and what that means.
PRODUCTS = {
    "float32": "factors and sums in single precision",
    "tf32": "as the device prefers: on an NVIDIA card factors are rounded to 10 binary digits, sums are single",
    "bfloat16": "factors are rounded to 7 binary digits, sums are single precision",
}


@attrs.frozen
class ReferenceEngine(Engine):
    """NumPy, written to be read: what every other engine is held against.

    NumPy sums products up in an order that depends on their size, and bits of a trajectory may with it.

    References
    ----------
    C. R. Harris et al., Array programming with NumPy, Nature 585, 357 (2020).

    Examples
    --------
    >>> ReferenceEngine().available() is None
    True
    """

    name = "reference"
    same_bits = False

    @property
    def details(self) -> dict[str, Any]:
        """What a manifest says of the engine: the linear algebra library that sums its products up."""
        from thermozoo.dynamics.openblas import loaded_kernels

        return {"blas": loaded_kernels()}

    def prepare(self, dynamics: Dynamics) -> ReferenceStepper:
        """Return the law of motion as a loop over steps."""
        from thermozoo.dynamics.engines.reference import ReferenceStepper

        return ReferenceStepper(dynamics)


@attrs.frozen
class CompiledEngine(Engine):
    """Kernels written from formulas, compiled by numba, run by threads.

    References
    ----------
    S. K. Lam, A. Pitrou and S. Seibert, Numba: a LLVM-based Python JIT compiler, LLVM-HPC (2015).

    Raises
    ------
    ParameterError
        When `threads` or `width` is none of these.

    Examples
    --------
    >>> CompiledEngine(threads=2).details["threads"]
    2
    """

    name = "compiled"

    threads: int | None = option(
        None, doc="threads; by default THERMOZOO_THREADS if set, else one for each processor that the process may use"
    )
    width: int | None = option(
        None,
        doc="trajectories side by side: 1, or 16 in single and 8 in double precision; by default the quickest. Bits do "
        "not depend on it",
    )

    def __attrs_post_init__(self) -> None:
        if self.threads is not None:
            count("threads", self.threads, at_least=1)
        if self.width is not None and count("width", self.width, at_least=1) not in (1, 8, 16):
            raise ParameterError(f"width must be 1, or 16 in single and 8 in double precision, got {self.width}")

    @property
    def details(self) -> dict[str, Any]:
        """What a manifest says of the engine; trajectories' bits do not depend on it."""
        from thermozoo.dynamics.engines.vectors import vector_bytes
        from thermozoo.dynamics.openblas import loaded_kernels
        from thermozoo.dynamics.threads import available_threads

        return {
            "threads": self.threads or available_threads(),
            "width": self.width or "quickest",
            "vector_bytes": vector_bytes(),
            "blas": loaded_kernels(),
        }

    def available(self) -> str | None:
        """Return None, or why numba cannot compile here."""
        from thermozoo.dynamics.availability import why_not_compiled

        return why_not_compiled()

    def refuses(self, dynamics: Dynamics) -> str | None:
        """Return None, or for what no kernel is written."""
        from thermozoo.dynamics.engines.term_forces import without_kernels

        return without_kernels(dynamics)

    def prepare(self, dynamics: Dynamics) -> CompiledStepper | ColorStepper:
        """Return the law of motion; it is compiled when it is first advanced.

        Raises
        ------
        EngineError
            When numba cannot compile here, or no kernel is written for a term of the energy.
        ParameterError
            When the engine's width is not one of the precision.
        """
        reason = self.available()
        if reason is not None:
            raise EngineError(reason)
        from thermozoo.dynamics.engines.compiled import compiled_stepper

        return compiled_stepper(dynamics, self.threads, self.width)


@attrs.frozen
class JaxEngine(Engine):
    """Steps compiled by XLA, for accelerators; products are done on their matrix units.

    Bits of a trajectory may depend on the batch, as XLA chooses how products are summed up by their size, and on the
    device. Those of a run do not depend on how it is split into calls.

    References
    ----------
    J. Bradbury et al., JAX: composable transformations of Python+NumPy programs, https://github.com/jax-ml/jax (2018).

    Examples
    --------
    >>> JaxEngine(products="bfloat16").products
    'bfloat16'
    """

    name = "jax"
    same_bits = False

    products: str = option("float32", doc=f"how products of single precision are done: {', '.join(PRODUCTS)}")

    def __attrs_post_init__(self) -> None:
        choice("products", self.products, tuple(PRODUCTS))

    @property
    def details(self) -> dict[str, Any]:
        """What a manifest says of the engine."""
        from thermozoo.dynamics.availability import accelerator, why_not_jax

        if why_not_jax() is not None:
            return {}
        import jax

        device = accelerator() or "processors, as JAX finds no accelerator"
        return {"jax": jax.__version__, "device": device, "products": self.products}

    def available(self) -> str | None:
        """Return None, or what to install."""
        from thermozoo.dynamics.availability import why_not_jax

        return why_not_jax()

    def refuses(self, dynamics: Dynamics) -> str | None:
        """Return None, or which setting or term it cannot do."""
        from thermozoo.computer.terms.circulating import circulating_force
        from thermozoo.dynamics.engines.term_forces import without_kernel

        if dynamics.precision == "double" and self.products != "float32":
            return (
                f"products = {self.products!r} rounds products of single precision, and the dynamics are in double: "
                "take precision = 'single', or leave products out"
            )
        computer = dynamics.at(0).one_computer
        if circulating_force(computer) is not None:
            return "the engine 'jax' takes no asymmetric couplings: take 'compiled' or 'reference'"
        return without_kernel(computer)

    def prepare(self, dynamics: Dynamics) -> JaxStepper:
        """Return the law of motion, its numbers on the device.

        Raises
        ------
        EngineError
            When JAX is not there, or products of low precision are asked of a law in double precision.
        """
        reason = self.available() or self.refuses(dynamics)
        if reason is not None:
            raise EngineError(reason)
        from thermozoo.dynamics.engines.jax_batch import JaxStepper

        return JaxStepper(dynamics, self.products)


#: By name, in the order in which they are listed.
CORE_ENGINES: dict[str, type[Engine]] = {one.name: one for one in (CompiledEngine, JaxEngine, ReferenceEngine)}


@hookimpl
def thermozoo_engines() -> list[type[Engine]]:
    """Return the engines that come with thermozoo."""
    return list(CORE_ENGINES.values())
