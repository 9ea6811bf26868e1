"""Whether this environment can compile kernels or has JAX; asked without importing what an engine is made of."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import warnings
from collections.abc import Iterator

from thermozoo.arguments import told

__all__ = ["accelerator", "only_looking", "why_not_compiled", "why_not_jax"]

_INSTEAD = "; use engine = 'reference'"
_looking = False
_OR_INSTEAD = "; or use engine = 'compiled' or 'reference'"


@contextlib.contextmanager
def only_looking() -> Iterator[None]:
    """Only look whether libraries are there, and import none: a list of plugins shall not wait for them."""
    global _looking
    _looking = True
    try:
        yield
    finally:
        _looking = False


@functools.cache
def _import_failure() -> str | None:
    """Return why numba cannot be imported. It reads some fifty environment variables and may fail at any of them."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import numba  # noqa: F401
        for one in caught:  # of a variable that it cannot read, numba says a traceback, and takes its default
            warnings.warn(str(one.message).partition("\n")[0], one.category, stacklevel=2)
    except Exception as error:
        said = (str(error).splitlines() or [""])[0].rstrip(".")
        return f"the compiled engine needs numba, whose import fails ({type(error).__name__}: {said})"
    return None


def why_not_compiled() -> str | None:
    """Return None where kernels can be compiled, else the reason and what to do, as one sentence."""
    if _looking:
        if importlib.util.find_spec("numba") is None:
            return f"the compiled engine needs numba, which is not installed{_INSTEAD}"
        off = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
    else:
        failure = _import_failure()
        if failure is not None:
            return failure + _INSTEAD
        import numba

        off = bool(numba.config.DISABLE_JIT)
    if off:
        return f"the compiled engine needs numba's compiler, which NUMBA_DISABLE_JIT switches off{_INSTEAD}"
    features = os.environ.get("NUMBA_CPU_FEATURES", "")
    if any(feature.strip()[:1] not in ("+", "-") for feature in features.split(",") if feature.strip()):
        # LLVM aborts the whole process
        return f"NUMBA_CPU_FEATURES must be flags such as +avx2,-avx512f, got {told(features)}{_INSTEAD}"
    return None


def why_not_jax() -> str | None:
    """Return None where JAX can be imported, else what to install or what fails, as one sentence."""
    if importlib.util.find_spec("jax") is None:
        return f"the engine 'jax' needs JAX, which is not installed: pip install 'thermozoo[jax]'{_OR_INSTEAD}"
    return None if _looking else _failure_of_jax()


@functools.cache
def _failure_of_jax() -> str | None:
    try:
        import jax  # noqa: F401
    except Exception as error:
        said = (str(error).splitlines() or [""])[0].rstrip(".")
        return f"the engine 'jax' needs JAX, whose import fails ({type(error).__name__}: {said}){_OR_INSTEAD}"
    return None


@functools.cache
def accelerator() -> str | None:
    """Return what JAX computes on where that is no processor of this machine, else None."""
    if why_not_jax() is not None:
        return None
    import jax

    try:
        device = jax.devices()[0]
    except RuntimeError:  # JAX_PLATFORMS asks for what there is not
        return None
    return None if device.platform == "cpu" else str(device.device_kind)
