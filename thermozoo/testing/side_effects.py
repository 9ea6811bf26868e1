"""What calling an author's method changes beside what it returns: settings of the process, output, what it is given."""

from __future__ import annotations

import contextlib
import io
import locale
import os
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np

__all__ = ["SideEffects", "fingerprint", "watched"]


#: A seed that no plugin uses.
_UNUSUAL = 1_618_033_989


@attrs.define
class SideEffects:
    """What was seen.

    Parameters
    ----------
    changed : list of str
        Global random states that were changed.
    settings : list of str
        Other settings of the process that were changed.
    printed : str
        What was written to the standard output.
    """

    changed: list[str] = attrs.field(factory=list)
    settings: list[str] = attrs.field(factory=list)
    printed: str = ""

    def in_words(self) -> str:
        """Return all side effects as the end of a sentence, and what to do instead; empty where there is none."""
        found = []
        if self.settings:
            found.append(
                f"changes {', '.join(self.settings)} for everything that runs after it: change it only within a block "
                "that puts it back"
            )
        if self.changed:
            found.append(
                f"changes the global random state of {' and of '.join(self.changed)}: programs that draw from it are "
                "no longer repeatable; use a generator of your own"
            )
        if self.printed.strip():
            first = self.printed.strip().splitlines()[0][:60]
            found.append(f"prints to the standard output ({first!r}), which is for results: use logging")
        return ". It also ".join(found)


class _Tee(io.TextIOBase):
    """Keeps what is written and hands it to the standard error, where it stands in nobody's way."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def write(self, text: str) -> int:
        self.kept.append(text)
        return sys.stderr.write(text)


def _recursion(value: int) -> None:
    sys.setrecursionlimit(value)


def _environment(value: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(value)


def _filters(value: list[Any]) -> None:
    warnings.filters[:] = value  # type: ignore[index]
    warnings._filters_mutated()  # type: ignore[attr-defined]


def _error_call(value: Any) -> None:
    np.seterrcall(value)


def _unusual_call(kind: str, flag: int) -> None:
    """Do nothing about a floating-point error."""


_FILTERS = "the warnings filters"
_ERRORS = "NumPy's handling of floating-point errors (numpy.seterr)"
_CALLBACK = "NumPy's error callback (numpy.seterrcall)"

#: Libraries whose own warnings a run may filter, as it imports them and as they write its files.
_LIBRARIES = ("scipy", "numpy", "xarray", "pandas", "matplotlib")

#: What messages begin with that these libraries filter without a category of their own.
_OF_LIBRARIES = ("decode_timedelta", "the matrix subclass is not the recommended way")


def _read_filters() -> list[Any]:
    """Return the filters that are not of libraries, which set some of them again whenever they are called."""

    def of_a_library(one: Any) -> bool:
        message = getattr(one[1], "pattern", "") or ""
        return message.startswith(_OF_LIBRARIES) or one[2].__module__.partition(".")[0] in _LIBRARIES

    return [one for one in warnings.filters if not of_a_library(one)]


#: Stands before all filters, so that one of them that is set again shows.
_UNUSUAL_FILTER = ("default", None, ImportWarning, re.compile("thermozoo watches"), _UNUSUAL)

#: Settings of the process: how each is read, and put back.
_SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    _ERRORS: (np.geterr, lambda value: np.seterr(**value)),
    _CALLBACK: (np.geterrcall, _error_call),
    "how NumPy prints (numpy.set_printoptions)": (np.get_printoptions, lambda value: np.set_printoptions(**value)),
    _FILTERS: (_read_filters, _filters),
    "the locale": (
        lambda: locale.setlocale(locale.LC_ALL),
        lambda value: locale.setlocale(locale.LC_ALL, value),
    ),
    "environment variables": (lambda: dict(os.environ), _environment),
    "the working folder": (os.getcwd, os.chdir),
    "the search path of modules (sys.path)": (
        lambda: list(sys.path),
        lambda value: sys.path.__setitem__(slice(None), value),
    ),
    "the recursion limit": (sys.getrecursionlimit, _recursion),
}


@contextlib.contextmanager
def watched() -> Iterator[SideEffects]:
    """Watch random states, settings of the process, standard output; put the former back, send the latter to stderr."""
    seen, tee = SideEffects(), _Tee()
    numpy_state, python_state = np.random.get_state(), random.getstate()
    settings = {name: read() for name, (read, _) in _SETTINGS.items()}
    # states that nobody else sets: a plugin that seeds with the same number again would not show
    np.random.seed(_UNUSUAL)
    random.seed(_UNUSUAL)
    # nobody handles errors so: a setting that an earlier call of the plugin has made already shows as well
    np.seterrcall(_unusual_call)
    np.seterr(all="call")
    all_filters = list(warnings.filters)
    _filters([_UNUSUAL_FILTER, *all_filters])
    before = _states()
    known = {name: read() for name, (read, _) in _SETTINGS.items()}
    try:
        with contextlib.redirect_stdout(tee):
            yield seen
    finally:
        seen.changed = [name for name, state in _states().items() if state != before[name]]
        seen.printed = "".join(tee.kept)
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        for name, (read, put_back) in _SETTINGS.items():
            if read() != known[name]:
                seen.settings.append(name)
                put_back(settings[name])
        np.seterr(**settings[_ERRORS])
        np.seterrcall(settings[_CALLBACK])
        _filters(all_filters)


def _states() -> dict[str, Any]:
    return {"NumPy (numpy.random)": repr(np.random.get_state()), "Python (random)": random.getstate()}


def fingerprint(given: Any) -> Any:
    """Return what two things have in common only if all arrays and values within them are equal; to compare with."""
    if isinstance(given, np.ndarray):
        return given.dtype.str, given.shape, given.tobytes() if given.dtype.kind != "O" else repr(given.tolist())
    if isinstance(given, Mapping):
        return tuple((repr(key), fingerprint(value)) for key, value in given.items())
    if isinstance(given, list | tuple):
        return type(given).__name__, tuple(map(fingerprint, given))
    if isinstance(given, set | frozenset):
        return tuple(sorted(map(repr, given)))
    if attrs.has(type(given)):
        names = [field.name for field in attrs.fields(type(given))]
        return type(given).__name__, tuple((name, fingerprint(getattr(given, name, None))) for name in names)
    return repr(given)
