"""Machine code of one kernel on disk, in place of numba's own cache.

numba keeps an index and numbered files, unpickles whatever it finds there, and lets two processes that write at once
mix up whose file a number is. Here every signature and processor has a file of its own, behind a seal, see
`thermozoo.dynamics.engines.sealed_files`: what does not match is compiled anew and written over.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
from pathlib import Path
from typing import Any

from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from thermozoo.dynamics.engines.sealed_files import read_sealed, write_sealed

__all__ = ["MachineCode", "has_machine_code"]


def has_machine_code(path: Path) -> bool:
    """Return whether machine code lies beside the source of a kernel, for whatever processor and signature."""
    return path.is_file() and any(path.parent.glob(f"{path.stem}.*.nbc"))


class MachineCode(_Cache):  # type: ignore[misc]
    """What numba asks for machine code before it compiles, and gives it to after.

    Parameters
    ----------
    path : Path
        File of the kernel's source; machine code lies beside it.
    versions : str
        What was compiled by what: all that the machine code depends on beside its signature and processor.
    """

    def __init__(self, path: Path, versions: str) -> None:
        self._path, self._versions, self._enabled = path, versions, True

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(self._path.parent)

    def _place(self, signature: Any, codegen: Any) -> tuple[Path, str]:
        """Return the file of a signature on a processor, and what it is for."""
        purpose = repr((self._path.stem, self._versions, str(signature), codegen.magic_tuple()))
        number = hashlib.sha256(purpose.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return self._path.with_name(f"{self._path.stem}.{number}.nbc"), purpose

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled for a signature; None where it has to be compiled."""
        if not self._enabled:
            return None
        target_context.refresh()
        content = read_sealed(*self._place(sig, target_context.codegen()))
        if content is None:
            return None
        try:
            return CompileResult._rebuild(target_context, *pickle.loads(content))
        except Exception:  # whatever another build of a library says: what it cannot take is compiled
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled; that it cannot be kept takes nothing from this process."""
        if not self._enabled or data.library.has_dynamic_globals or any(not one.can_cache for one in data.lifted):
            return
        with contextlib.suppress(OSError, MemoryError):
            write_sealed(*self._place(sig, data.codegen), dumps(data._reduce()))

    def enable(self) -> None:
        """Keep and look up."""
        self._enabled = True

    def disable(self) -> None:
        """Neither keep nor look up."""
        self._enabled = False

    def flush(self) -> None:
        """Forget what was kept."""
        for file in self._path.parent.glob(f"{self._path.stem}.*.nbc"):
            with contextlib.suppress(OSError):
                file.unlink()
