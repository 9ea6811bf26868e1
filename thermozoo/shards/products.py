"""Products of shards: files whose names hold what they are of and their digests, so that one that is there is whole."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from pathlib import Path
from typing import Any

from thermozoo.checkpoints.values import file_digest, read_value, write_value
from thermozoo.errors import ShardError, shown
from thermozoo.shards.cutting import Shard

__all__ = ["Products"]

_NAME = re.compile(r"shard-([0-9]{1,19})-([0-9]{1,19})-([0-9a-f]{64})\.npz")

#: What a product is called while it is written.
_NEW = ".new-"


class Products:
    """The products of the shards of one job, in a folder.

    Parameters
    ----------
    folder : Path
        Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def finished(self) -> dict[Shard, str]:
        """Return the digests of shards whose products are there and whole; a damaged one is removed.

        Raises
        ------
        ShardError
            When a shard has two products that differ.
        """
        found: dict[Shard, str] = {}
        for path in sorted(self.folder.glob("shard-*.npz")):
            name = _NAME.fullmatch(path.name)
            if name is None:
                continue
            shard, digest = Shard(int(name[1]), int(name[2])), name[3]
            if file_digest(path)[0] != digest:
                path.unlink(missing_ok=True)
                continue
            if found.setdefault(shard, digest) != digest:
                raise _differs(self.folder, shard, found[shard], digest)
        return found

    def path(self, shard: Shard, digest: str) -> Path:
        """Return where a product is."""
        return self.folder / f"shard-{shard.first}-{shard.count}-{digest}.npz"

    def add(self, shard: Shard, value: Any) -> str:
        """Write a product beside its name, down to the disk, and rename it; return its digest.

        Raises
        ------
        ShardError
            When the shard was done before, and came to something else.
        """
        new = self.folder / f"{_NEW}{os.getpid()}-{secrets.token_hex(4)}"
        try:
            digest, _ = write_value(value, new)
            os.replace(new, self.path(shard, digest))
        finally:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
        others = [path.name[-68:-4] for path in self.folder.glob(f"shard-{shard.first}-{shard.count}-*.npz")]
        for other in others:
            if other != digest and file_digest(self.path(shard, other))[0] == other:
                raise _differs(self.folder, shard, other, digest)
        return digest

    def read(self, shard: Shard, digest: str) -> Any:
        """Return a product.

        Raises
        ------
        ShardError
            When it is damaged, or gone.
        """
        path = self.path(shard, digest)
        try:
            whole = file_digest(path)[0] == digest
        except OSError as error:
            raise ShardError(f"{shown(path, 200)} cannot be read: {error.strerror or error}; do it again") from error
        if not whole:
            raise ShardError(f"{shown(path, 200)} was changed since it was written, its SHA-256 differs: do it again")
        return read_value(path)


def _differs(folder: Path, shard: Shard, one: str, other: str) -> ShardError:
    return ShardError(
        f"{shard} were computed twice, with products that differ: SHA-256 {one[:16]}... and {other[:16]}...; a shard "
        "follows from the config alone, so a worker has computed wrongly, or a plugin depends on something else: look "
        f"for what differs between the workers, and remove {shown(folder, 200)}"
    )
