"""The command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 on success, 1 where a verified plugin fails, 2 for bad input."""
    from thermozoo.cli.app import run

    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))
