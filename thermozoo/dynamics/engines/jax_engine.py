"""The JAX engine: steps compiled by XLA, for accelerators; it does what the reference engine does, with its noise.

Nothing here imports JAX until a law of motion is prepared.
"""

from __future__ import annotations

import functools
import importlib.util
from typing import TYPE_CHECKING, Any

from thermozoo.arguments import choice
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.errors import EngineError

if TYPE_CHECKING:
    from thermozoo.dynamics.engines.jax_batch import JaxStepper

__all__ = ["PRODUCTS", "JaxEngine", "accelerator", "why_not_jax"]

#: How products of single precision are done on a device's matrix units, and what that means.
PRODUCTS = {
    "float32": "factors and sums in single precision",
    "tf32": "as the device prefers: on an NVIDIA card factors are rounded to 10 binary digits, sums are single",
    "bfloat16": "factors are rounded to 7 binary digits, sums are single precision",
}


@functools.cache
def why_not_jax() -> str | None:
    """Return None where JAX can be used, else what to install, as one sentence."""
    if importlib.util.find_spec("jax") is None:
        return "the engine 'jax' needs JAX, which is not installed: pip install 'thermozoo[jax]'"
    try:
        import jax

        jax.devices()
    except Exception as error:
        said = (str(error).splitlines() or [""])[0].rstrip(".")
        return f"the engine 'jax' needs JAX, which does not start here ({type(error).__name__}: {said})"
    return None


@functools.cache
def accelerator() -> str | None:
    """Return what JAX computes on where that is no processor of this machine, else None."""
    if why_not_jax() is not None:
        return None
    import jax

    device = jax.devices()[0]
    return None if device.platform == "cpu" else str(device.device_kind)


class JaxEngine:
    """JAX engine.

    Parameters
    ----------
    products : str
        How products of single precision are done, one of `PRODUCTS`; those of double precision are in double.

    Raises
    ------
    ParameterError
        When `products` is none of these.
    """

    name = "jax"

    def __init__(self, products: str = "float32") -> None:
        choice("products", products, tuple(PRODUCTS))
        self.products = products

    @property
    def details(self) -> dict[str, Any]:
        """What a manifest says of the engine."""
        if why_not_jax() is not None:
            return {}
        import jax

        device = accelerator() or "processor: JAX finds no accelerator"
        return {"jax": jax.__version__, "device": device, "products": self.products}

    def available(self) -> str | None:
        """Return None, or what to install."""
        return why_not_jax()

    def prepare(self, dynamics: Dynamics) -> JaxStepper:
        """Return the law of motion, its numbers on the device.

        Raises
        ------
        EngineError
            When JAX is not there, or products of low precision are asked of a law in double precision.
        """
        reason = self.available()
        if reason is not None:
            raise EngineError(reason)
        if dynamics.precision == "double" and self.products != "float32":
            raise EngineError(
                f"products = {self.products!r} rounds products of single precision, and the dynamics are in double: "
                "take precision = 'single', or leave products out"
            )
        from thermozoo.dynamics.engines.jax_batch import JaxStepper

        return JaxStepper(dynamics, self.products)
