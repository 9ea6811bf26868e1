"""What OpenBLAS, which multiplies matrices in training and in reports, makes of this processor.

The compiled engine's own products need no OpenBLAS and use whatever vectors the processor has. NumPy and SciPy carry a
copy each, which chooses its kernels when it is loaded; on some processors with AVX-512 it chooses kernels without.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["loaded_kernels", "one_blas_thread", "recommended_core_type"]

#: What OpenBLAS's AVX-512 kernels use of AVX-512.
_NEEDED = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})

_CPUINFO = Path("/proc/cpuinfo")


@functools.lru_cache(maxsize=1)
def _libraries(modules: int) -> Any:
    """Return what holds libraries to some threads; to look for them takes long, and another import may load one."""
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold linear algebra to one thread, in a block or a function: its sums depend on how many threads share them.

    What is worth sharing is shared out to threads of our own, in parts that do not depend on their number.
    """
    with _libraries(len(sys.modules)).limit(limits=1, user_api="blas"):
        yield


def loaded_kernels() -> list[str]:
    """Return name, version, kernels of every linear algebra library of this process, such as ``openblas Haswell``."""
    import threadpoolctl

    found = [i for i in threadpoolctl.threadpool_info() if i["user_api"] == "blas"]
    return sorted({f"{i['internal_api']} {i['version']} {i.get('architecture', '')}".strip() for i in found})


def recommended_core_type(
    kernels: list[str], environment: Mapping[str, str] | None = None, cpuinfo: Path = _CPUINFO
) -> str | None:
    """Return the value of ``OPENBLAS_CORETYPE`` that would make OpenBLAS use AVX-512, None if nothing is to be gained.

    Nothing is to be gained where the processor has no (complete) AVX-512, where OpenBLAS uses it already, or where the
    user has chosen; a core type that the processor does not have stops the process with an illegal instruction.

    Parameters
    ----------
    kernels : list of str
        See `loaded_kernels`.
    environment : mapping, optional
        Environment of the process.
    cpuinfo : Path
        Description of the processor.
    """
    if (os.environ if environment is None else environment).get("OPENBLAS_CORETYPE"):
        return None
    try:
        lines = cpuinfo.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    flags = next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
    narrow = any(k.startswith("openblas") and k.split()[-1] in ("Haswell", "Zen") for k in kernels)
    return "SkylakeX" if narrow and flags >= _NEEDED else None
