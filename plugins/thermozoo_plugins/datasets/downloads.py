"""Files that are downloaded: whole, as their checksum says, and within a time, or not at all."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from thermozoo import memory_left
from thermozoo.errors import DataError, shown

__all__ = ["downloaded"]

#: Seconds to wait for a connection and for the next bytes; and for all of a file.
_CONNECT, _STALL, _WHOLE = 10.0, 30.0, 900.0

#: Bytes above which no file of a data set is.
_LARGEST = 2**30

_CHUNK = 2**16


def downloaded(who: str, url: str, sha256: str, folder: Path) -> Path:
    """Return the file of an address in a folder, downloaded where it is not there or has another checksum.

    Proxies (``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``) and certificates (``REQUESTS_CA_BUNDLE``) are those of the
    environment. A file gets its name after its checksum was looked at.

    Parameters
    ----------
    who : str
        Who wants it, for messages.
    url : str
        Where it is.
    sha256 : str
        Its checksum.
    folder : Path
        Where it is put, or was put by somebody who has no network.

    Raises
    ------
    DataError
        When it cannot be had: with the place where the file may be put by hand. Nothing of it is left.
    """
    import pooch

    name = url.rpartition("/")[2]
    try:
        return Path(pooch.retrieve(url, known_hash=f"sha256:{sha256}", fname=name, path=folder, downloader=_fetch))
    except Exception as error:  # whatever the transport raises
        raise DataError(
            f"{who}: could not download {url} ({type(error).__name__}: {shown(error, 200)}); put the file {name} "
            f"(SHA-256 {sha256}) into {folder}, set data.path to a folder that holds the IDX files, or use "
            "data.plugin = 'digits', which needs no download"
        ) from error


def _fetch(url: str, file: str, _pooch: Any) -> None:
    """Write what an address has into a file; raise an error for what does not come whole, or in time."""
    import requests

    began, size, limit = time.monotonic(), 0, min(_LARGEST, memory_left())
    with (
        open(file, "wb") as out,
        requests.get(url, stream=True, timeout=(_CONNECT, _STALL)) as answer,
        _Bar(url) as bar,
    ):
        answer.raise_for_status()
        promised = int(answer.headers.get("Content-Length", 0))
        if promised > limit:
            raise ValueError(f"the server promises {promised} bytes, expected at most {limit}")
        # what is there so far, so that time is looked at; as it is sent: what is packed by gzip stays so
        take = getattr(answer.raw, "read1", answer.raw.read)
        while part := take(_CHUNK, decode_content=False):
            size += len(part)
            if size > limit:
                raise ValueError(f"more than {limit} bytes came")
            if time.monotonic() - began > _WHOLE:
                raise TimeoutError(f"{size} bytes came in {_WHOLE:g} s")
            out.write(part)
            bar.update(len(part), promised)
    if size < promised:
        raise ValueError(f"{size} of {promised} bytes came")


class _Bar:
    """A bar of progress on a terminal."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._bar: Any = None

    def __enter__(self) -> _Bar:
        return self

    def update(self, count: int, total: int) -> None:
        """Say that so many bytes more are there."""
        if self._bar is None and sys.stderr.isatty():
            from tqdm import tqdm  # type: ignore[import-untyped]

            self._bar = tqdm(total=total or None, unit="B", unit_scale=True, desc=self._url.rpartition("/")[2])
        if self._bar is not None:
            self._bar.update(count)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
