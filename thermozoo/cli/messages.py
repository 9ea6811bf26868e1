"""What is said of errors: one line a fault, what was given shortened, and whose fault it is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from thermozoo.errors import nearest, shown

__all__ = ["foreign_fault", "quoted", "usage_text"]

#: Most characters of a word that a message quotes, as most paths have; and how many it quotes of a longer one.
_LONG, _QUOTED = 200, 150

#: A word that is longer, and what is said of the length that it had before it was shortened elsewhere.
_LONG_WORD = re.compile(rf"(\S{{{_LONG + 1},}}+)( \([\d,]+ characters\))?")


def usage_text(error: Any) -> str:
    """Return what is wrong with the command line as one line, with the nearest valid word."""
    # only a bad value needs the text that typer builds around its message, which names the parameter
    message = error.format_message() if isinstance(error, typer.BadParameter) else error.message
    message = message.strip().rstrip(".").replace("Value error, ", "").removeprefix("Invalid value: ")
    option = getattr(error, "option_name", None)
    context = error.ctx
    hint = ""
    choice = re.search(r"'([^']*)' is not one of (.+)", message)
    if choice:
        hint = nearest(choice[1], re.findall(r"'([^']*)'", choice[2]))
    elif option and context is not None and message.startswith("No such option"):
        hint = nearest(option, [o for p in context.command.get_params(context) for o in p.opts])
    where = f" (thermozoo {context.info_name} --help)" if context is not None and context.parent is not None else ""
    return f"{message[:1].lower()}{message[1:]}{hint}{where}"


def quoted(message: str, arguments: Sequence[str]) -> str:
    """Return a message with what was given on the command line, and every very long word, fit to be read.

    Whoever words a message may quote an argument as it is: it is shortened, and kept on its line, here.
    """
    for word in _words(arguments):
        if len(word) > _LONG or not (word.isprintable() or word.isspace()):
            message = message.replace(word, shown(word, _QUOTED))
    return _LONG_WORD.sub(_shortened, message)


def _shortened(found: re.Match[str]) -> str:
    word, length = found.groups()  # whoever shortened it has said how long it was
    return f"{word[:_QUOTED]}...{length}" if length else shown(word, _QUOTED)


def foreign_fault(error: Exception, arguments: Sequence[str]) -> str | None:
    """Return what is wrong with a path of the command line that an operating system refused, None for other errors."""
    if isinstance(error, FileNotFoundError) and not _has_working_folder():
        return "the current folder has been removed: change into another one"
    named = list(_words(arguments))
    if isinstance(error, OSError) and isinstance(error.filename, (str, bytes)):
        path = os.fsdecode(error.filename)
        if any(_within(path, word) for word in named):
            return f"{shown(path, _QUOTED)}: {error.strerror or error}"
    if isinstance(error, UnicodeEncodeError):  # a name that the file system's encoding lacks
        found = next((word for word in named if _within(error.object, word)), None)
        return found and f"{shown(found, _QUOTED)}: no file can have this name here ({error.encoding})"
    if isinstance(error, ValueError) and "null" in str(error):
        found = next((word for word in named if "\0" in word), None)
        return found and f"{shown(found, _QUOTED)}: no file can have this name"
    return None


def _words(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the arguments, the longest first, and both sides of their equals signs."""
    words = {part for word in arguments for part in (word, *word.partition("=")[::2])}
    yield from sorted(words - {""}, key=len, reverse=True)


def _has_working_folder() -> bool:
    try:
        return bool(os.getcwd())
    except FileNotFoundError:
        return False


def _within(path: str, named: str) -> bool:
    """Tell whether a path is the one that was named, or lies in it."""
    path, named = os.path.abspath(path), os.path.abspath(named)
    return path == named or path.startswith(named.rstrip(os.sep) + os.sep)
