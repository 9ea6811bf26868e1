"""Standard output and standard error, whatever they are: without our signs, on a full disk, with nobody who reads."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from thermozoo.errors import OutputError

__all__ = [
    "NobodyReadsError",
    "UnwritableError",
    "can_write",
    "close_quietly",
    "foreign_output",
    "guarded_streams",
    "open_missing",
]

#: Signs that thermozoo prints, and libraries in its name, with what stands for them where an encoding lacks them.
_IN_ASCII = {
    "±": "+-", "×": "x", "⋅": "*", "·": "*", "−": "-", "–": "-", "—": "--", "…": "...", "∞": "inf", "√": "sqrt",
    "∂": "d", "Δ": "Delta", "∑": "sum", "∏": "prod", "∫": "int", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∝": "~",
    "→": "->", "←": "<-", "⇒": "=>", "∈": "in", "′": "'", "″": "''", "‘": "'", "’": "'", "“": '"', "”": '"', "•": "*",
    "°": " deg", "⁻": "^-", "½": "1/2", "⟨": "<", "⟩": ">", "\N{NO-BREAK SPACE}": " ", "✓": "ok", "✗": "x",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "u", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "φ": "phi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Θ": "Theta",
    "Λ": "Lambda", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    **{sign: f"^{digit}" for sign, digit in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)},
    **dict.fromkeys("─━═╌╍╴╶╸╺", "-"), **dict.fromkeys("│┃║╎╏", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╷╵╞╡╪", "+"),
}  # fmt: skip

_HANDLER = "thermozoo.in-ascii"


class NobodyReadsError(Exception):
    """The reader of standard output has gone (``| head -1``): there is nothing more to say, and nothing is wrong."""


class UnwritableError(OutputError):
    """Standard output cannot be written."""


def _in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
    """Stand in for what an encoding lacks: our own signs by their names, others by their number, as in Python."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_IN_ASCII.get(c) or ascii(c)[1:-1] for c in lacking), error.end


codecs.register_error(_HANDLER, _in_ascii)


def can_write(text: str, stream: TextIO) -> bool:
    """Tell whether the encoding of a stream has all the characters of a text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


class _Guarded:
    """A text stream that calls `failed` with the error where the stream below it cannot be written."""

    def __init__(self, stream: TextIO, failed: Callable[[OSError], None]) -> None:
        self._stream = stream
        self._failed = failed

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._failed(error)
            return len(text)

    def writelines(self, lines: Any) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what waits to be written."""
        try:
            self._stream.flush()
        except OSError as error:
            self._failed(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _refuse(error: OSError) -> None:
    if error.errno == errno.EPIPE:
        raise NobodyReadsError
    raise UnwritableError(f"cannot write to standard output: {error.strerror or error}") from None


def _ignore(error: OSError) -> None:
    """Say nothing: there is no place left to say it."""


@contextlib.contextmanager
def guarded_streams() -> Iterator[None]:
    """Let standard output and standard error take every text within a block, and report what cannot be written.

    An encoding that lacks a character gets an ASCII spelling. Where standard output cannot be written,
    `UnwritableError` or `NobodyReadsError` is raised, often only when it is flushed. Where standard error cannot be
    written, there is nobody to tell.
    """
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as undo:
        for stream in before:
            if isinstance(stream, io.TextIOWrapper):
                undo.callback(_forgive, stream, stream.errors)
                stream.reconfigure(errors=_HANDLER)
        nowhere = undo.enter_context(open(os.devnull, "w", encoding="utf-8"))
        undo.callback(_restore, *before)
        sys.stdout = _Guarded(sys.stdout or nowhere, _refuse)
        sys.stderr = _Guarded(sys.stderr or nowhere, _ignore)
        yield


@contextlib.contextmanager
def foreign_output() -> Iterator[None]:
    """Let what plugins print within a block go to standard error: standard output is for what was asked for."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _forgive(stream: io.TextIOWrapper, errors: str | None) -> None:
    # to reconfigure flushes, which has been tried, and reported where it failed
    with contextlib.suppress(OSError, ValueError):
        stream.reconfigure(errors=errors)


def _restore(out: TextIO | None, error: TextIO | None) -> None:
    sys.stdout, sys.stderr = out, error


def open_missing() -> None:
    """Open what was closed before the program began (``>&-``) on nothing.

    The next file that is opened, a result perhaps, would else be what libraries take for standard output.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one


def close_quietly() -> None:
    """Flush standard output and standard error; what cannot be written is dropped, as reported before.

    The interpreter flushes them once more when it ends, and prints a traceback where it fails.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
