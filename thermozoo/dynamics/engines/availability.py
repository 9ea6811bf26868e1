"""Whether this environment can compile kernels; asked without importing an engine."""

from __future__ import annotations

import functools
import os
import warnings

from thermozoo.arguments import told

__all__ = ["why_not_compiled"]

_INSTEAD = "; use engine = 'reference'"


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
    failure = _import_failure()
    if failure is not None:
        return failure + _INSTEAD
    import numba

    if numba.config.DISABLE_JIT:
        return f"the compiled engine needs numba's compiler, which NUMBA_DISABLE_JIT switches off{_INSTEAD}"
    features = os.environ.get("NUMBA_CPU_FEATURES", "")
    if any(feature.strip()[:1] not in ("+", "-") for feature in features.split(",") if feature.strip()):
        # LLVM aborts the whole process
        return f"NUMBA_CPU_FEATURES must be flags such as +avx2,-avx512f, got {told(features)}{_INSTEAD}"
    return None
