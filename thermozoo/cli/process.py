"""What every command stands on: streams that take every text, signals that end it cleanly, errors of the output itself.

Only the standard library is imported here: this is in place before anything that takes time.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from thermozoo.cli.signals import stoppable
from thermozoo.cli.streams import NobodyReadsError, guarded_streams
from thermozoo.errors import OutputError

__all__ = ["INTERRUPTED", "guarded"]

#: The exit code of a command that was interrupted; typer returns it too, where it catches KeyboardInterrupt.
INTERRUPTED = 128 + signal.SIGINT


def guarded(work: Callable[[], int], remark: str = "") -> int:
    """Do the work of a command; return its exit code, or that of what ended it.

    Parameters
    ----------
    work : callable
        Returns an exit code; its errors are its own affair.
    remark : str
        Said of a command that was interrupted.
    """
    with stoppable() as received, guarded_streams():
        try:
            code = work()
            if sys.stdout is not None:
                sys.stdout.flush()
        except NobodyReadsError:
            return 0
        except OutputError as error:
            print(f"thermozoo: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            code = INTERRUPTED
        except Exception:
            if not received:
                raise
            code = INTERRUPTED  # libraries turn an interruption into errors of their own
        if code != INTERRUPTED:
            return code
        by = received[0] if received else signal.SIGINT
        print(f"{'interrupted' if by == signal.SIGINT else 'terminated'}{remark}", file=sys.stderr)
        return 128 + by
