"""How kernels and their parts are compiled.

Kernels allocate nothing, and whoever calls one holds its arrays. So numba counts no references: it would count, by
atomic additions, each time that a function is given an array, and a kernel is given forty.
"""

from __future__ import annotations

from typing import Any

__all__ = ["KERNEL", "PART"]

#: What is called from Python.
KERNEL: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True, "_nrt": False}

#: What is called from kernels only.
PART: dict[str, Any] = {**KERNEL, "no_cpython_wrapper": True}
