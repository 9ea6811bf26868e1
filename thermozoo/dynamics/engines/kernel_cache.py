"""Generated kernels on disk: source that can be read, machine code beside it, nothing compiled twice.

The folder is ``THERMOZOO_CACHE`` if set, else the user's cache folder. The name of a file holds a digest of the code
and of everything that is compiled into it. The head of a source, which says what it was written from, is no part of it:
formulas that come to the same code share a kernel. Where nothing can be written, kernels live in memory.
"""

from __future__ import annotations

import hashlib
import importlib.util
import linecache
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from thermozoo.dynamics.engines.elsewhere import has_machine_code, ready

__all__ = ["Kernel", "cache_folder", "compiled_before", "load_kernel"]

#: Modules whose code is compiled into a kernel.
_PARTS = (
    "arguments", "box_muller", "compiling", "elementary", "line_access", "lines", "number_writer", "panels", "philox",
    "products", "step_parts", "thread_group", "uniform_numbers", "vectors",
)  # fmt: skip

#: Kernels of this process, by their digests.
_LOADED: dict[str, Kernel] = {}


@attrs.define(eq=False)
class Kernel:
    """A loaded kernel.

    Parameters
    ----------
    name : str
        Name of its module.
    text : str
        Its source.
    advance : callable
        Its entry.
    path : Path or None
        Its file, None where it lives in memory.
    """

    name: str
    text: str
    advance: Callable[..., Any]
    path: Path | None

    def call_first(self, *arguments: Any) -> None:
        """Call it once, which compiles it or loads its machine code, before threads do."""
        if self.advance.signatures:  # type: ignore[attr-defined]
            return
        ready(self.path, arguments)
        try:
            self.advance(*arguments)
        except Exception:
            if self.path is None:
                raise
            # machine code that cannot be read or written must not stop a run: compile in memory
            self.advance, self.path = _in_memory(self.name, self.text).advance, None
            self.advance(*arguments)


def cache_folder() -> Path:
    """Return the folder of generated kernels; it need not exist."""
    chosen = os.environ.get("THERMOZOO_CACHE")
    if chosen:
        return Path(chosen).expanduser() / "kernels"
    import platformdirs

    return Path(platformdirs.user_cache_dir("thermozoo")) / "kernels"


def _code(text: str) -> str:
    """Return the source of a module without its docstring."""
    return text.split('"""', 2)[2] if text.startswith('"""') else text


def _digest(text: str) -> str:
    import llvmlite
    import numba

    sha = hashlib.sha256(_code(text).encode())
    sha.update(f"{numba.__version__} {llvmlite.__version__} {sys.version}".encode())
    here = Path(__file__).parent
    for part in _PARTS:
        sha.update((here / f"{part}.py").read_bytes())
    return sha.hexdigest()[:16]


def _path(name: str, digest: str) -> Path:
    """Return the file of a kernel: where the same code lies under another name already, that one."""
    path = cache_folder() / f"{name}_{digest}.py"
    try:
        return path if path.is_file() else min(path.parent.glob(f"*_{digest}.py"), default=path)
    except OSError:
        return path


def compiled_before(name: str, text: str) -> bool:
    """Return whether machine code of a kernel is in the cache folder (or already in this process)."""
    digest = _digest(text)
    if digest in _LOADED and _LOADED[digest].advance.signatures:  # type: ignore[attr-defined]
        return True
    path = _path(name, digest)
    try:
        return has_machine_code(path)
    except OSError:
        return False


def load_kernel(name: str, text: str) -> Kernel:
    """Return a generated module's kernel; it is compiled when it is first called.

    Parameters
    ----------
    name : str
        Readable part of the file's name.
    text : str
        Source of a module that defines ``advance``.
    """
    digest = _digest(text)
    if digest not in _LOADED:
        path = _path(name, digest)
        _LOADED[digest] = _from_file(path, text) or _in_memory(path.stem, text)
    return _LOADED[digest]


def _from_file(path: Path, text: str) -> Kernel | None:
    """Return the kernel of a file, which is written if need be; None where that is not possible."""
    try:
        if not path.is_file() or _code(path.read_text()) != _code(text):
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as file:
                file.write(text)
            os.replace(file.name, path)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # numba finds a cached function's module by name
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    except (OSError, RuntimeError):  # numba raises RuntimeError where it finds no place for machine code
        sys.modules.pop(path.stem, None)
        return None
    return Kernel(path.stem, text, module.advance, path)


def _in_memory(name: str, text: str) -> Kernel:
    """Return the kernel of a module without a file; tracebacks still show its source."""
    text = text.replace("cache=True", "cache=False")
    filename = f"<thermozoo kernel {name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    module = ModuleType(name)
    exec(compile(text, filename, "exec"), module.__dict__)
    return Kernel(name, text, module.advance, None)
