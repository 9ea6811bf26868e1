"""The command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 on success, 1 where a verified plugin fails, 2 for bad input."""
    from thermozoo.cli.process import INTERRUPTED, guarded
    from thermozoo.cli.signals import end_at_once
    from thermozoo.cli.streams import close_quietly, open_missing

    words = list(sys.argv[1:] if arguments is None else arguments)

    def work() -> int:
        from thermozoo.cli.app import execute  # takes a second: not before signals are heeded

        return execute(words)

    code = INTERRUPTED  # where a signal comes between the lines below
    try:
        open_missing()
        code = guarded(work, remark_on(words))
        end_at_once()
        close_quietly()
    except KeyboardInterrupt:
        pass
    sys.exit(code)


def remark_on(arguments: Sequence[str]) -> str:
    """Return what is to be said of an interrupted command beside that it was interrupted."""
    return ": nothing was written" if "run" in arguments else ""
