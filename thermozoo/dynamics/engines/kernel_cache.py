"""Generated kernels on disk: source that can be read, machine code beside it, nothing compiled twice.

The folder is ``THERMOZOO_CACHE`` if set, else the user's cache folder. The name of a file holds a digest of the code
and of everything that is compiled into it. The head of a source, which says what it was written from, is no part of it:
formulas that come to the same code share a kernel. Where nothing can be written, kernels live in memory.

What lies in the folder is run, so it is trusted as code is: a folder that other users may write is not used. Machine
code that is damaged, or of another kernel, version or processor, is not read but compiled anew.
"""

from __future__ import annotations

import functools
import hashlib
import linecache
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from thermozoo.dynamics.engines.elsewhere import ready
from thermozoo.dynamics.engines.machine_code import MachineCode, has_machine_code
from thermozoo.dynamics.engines.sealed_files import why_not_trusted, write_whole

__all__ = ["Kernel", "cache_folder", "compiled_before", "load_kernel"]

#: Modules whose code is compiled into a kernel.
_PARTS = (
    "arguments", "box_muller", "compiling", "elementary", "integer_lines", "line_access", "lines", "number_writer",
    "panels", "philox", "products", "quarter_turn", "step_parts", "thread_group", "uniform_numbers", "vectors",
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
            # whatever is wrong with what was read must not stop a run: compile in memory
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


def _versions() -> str:
    import llvmlite
    import numba

    return f"{numba.__version__} {llvmlite.__version__} {sys.version}"


def _digest(text: str) -> str:
    sha = hashlib.sha256(_code(text).encode())
    sha.update(_versions().encode())
    here = Path(__file__).parent
    for part in _PARTS:
        sha.update((here / f"{part}.py").read_bytes())
    return sha.hexdigest()[:16]


@functools.lru_cache(maxsize=8)
def _warn(folder: Path, reason: str) -> None:
    """Say once that a folder is not used."""
    warnings.warn(
        f"the cache of compiled kernels is not used, since {reason}, and what lies in it is run as code: every process "
        f"compiles anew. Make {folder} a folder of yours that others cannot write (chmod 700), or set THERMOZOO_CACHE "
        "to one",
        stacklevel=2,
    )


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
    if (reason := why_not_trusted(path.parent)) is not None:
        _warn(path.parent, reason)
        return None
    try:
        found = _read(path)
        if found is None or _code(found) != _code(text):
            write_whole(path, text.encode())
            found = text
    except OSError:
        return None
    # what was compared is what is run, not what the file may hold by now, nor bytecode that lies beside it
    advance = _executed(path.stem, found, str(path))
    advance._cache = MachineCode(path, _versions())
    return Kernel(path.stem, text, advance, path)


def _read(path: Path) -> str | None:
    """Return the source in a file; None where there is none, or no text."""
    try:
        return path.read_text("utf-8") if path.is_file() else None
    except UnicodeDecodeError:
        return None


def _executed(name: str, text: str, filename: str) -> Any:
    """Return the entry of a kernel's source, as a module of its own: machine code that is read looks for it by name."""
    module = ModuleType(name)
    module.__file__ = filename
    sys.modules[name] = module
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), module.__dict__)
    return module.advance


def _in_memory(name: str, text: str) -> Kernel:
    """Return the kernel of a module without a file; tracebacks still show its source."""
    return Kernel(name, text, _executed(name, text, f"<thermozoo kernel {name}>"), None)
