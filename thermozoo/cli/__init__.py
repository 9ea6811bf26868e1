"""The command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 on success, 1 where a verified plugin fails, 2 for bad input."""
    from thermozoo.cli.signals import end_at_once, heed_early

    heed_early()  # all that is imported from here on takes a second

    from thermozoo.cli.process import guarded
    from thermozoo.cli.streams import close_quietly, open_missing

    words = list(sys.argv[1:] if arguments is None else arguments)

    def work() -> int:
        from thermozoo.cli.app import execute

        return execute(words)

    open_missing()
    code, stopped = guarded(work, remark_on(words))
    end_at_once()
    close_quietly()
    if stopped:
        # Python ends as if by Ctrl-C, whatever the exit code, where KeyboardInterrupt once passed through exec()
        os._exit(code)
    sys.exit(code)


def remark_on(arguments: Sequence[str]) -> str:
    """Return what is to be said of an interrupted command beside that it was interrupted."""
    if "--resume" in arguments:
        return ": nothing was lost; go on again"
    return ": nothing was written" if "run" in arguments else ""
