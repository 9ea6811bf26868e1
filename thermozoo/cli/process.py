"""What every command stands on: streams that take every text, signals that end it cleanly, errors of the output itself.

Only the standard library is imported here: this is in place before anything that takes time.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from thermozoo.cli.signals import Stoppable, word_of
from thermozoo.cli.streams import NobodyReadsError, UnwritableError, guarded_streams

__all__ = ["INTERRUPTED", "guarded", "left_behind"]

#: The exit code of a command that was interrupted; typer returns it too, where it catches KeyboardInterrupt.
INTERRUPTED = 128 + signal.SIGINT


def guarded(work: Callable[[], int], remark: str = "") -> tuple[int, bool]:
    """Do the work of a command; return its exit code, or that of what ended it, and whether a signal came.

    Parameters
    ----------
    work : callable
        Returns an exit code; its errors are its own affair.
    remark : str
        Said of a command that was interrupted.
    """
    left_behind()  # of an earlier command in this process
    with Stoppable() as stoppable, guarded_streams():
        try:
            code = work()
            sys.stdout.flush()
        except NobodyReadsError:
            code = 0
        except UnwritableError as error:
            print(f"thermozoo: {error}", file=sys.stderr)
            code = 2
        except KeyboardInterrupt:
            code = INTERRUPTED
        except Exception:
            if not stoppable.received:
                raise
            code = INTERRUPTED  # libraries turn an interruption into errors of their own
        if code == INTERRUPTED:
            by = stoppable.received[0] if stoppable.received else signal.SIGINT
            print(f"{word_of(by)}{left_behind() or remark}", file=sys.stderr)
            code = 128 + by
        return code, bool(stoppable.received)


def left_behind() -> str:
    """Return what a run that was stopped has said of what it leaves; nothing is imported to know."""
    module = sys.modules.get("thermozoo.checkpoints.stopping")
    return str(module.left_behind()) if module is not None else ""
