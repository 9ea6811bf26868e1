"""A worker: a process of its own that does one shard after the other, until nobody asks any more.

It reads a JSON array a line, path and digest of a job with first trajectory and count, and answers each with what came
of it.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any

import attrs

from thermozoo.shards.cutting import Shard
from thermozoo.shards.job import Ticket, attempt

__all__ = ["serve"]


def serve() -> None:
    """Do what is asked on standard input; end with it, wherever this is at work then."""
    # what a plugin prints is none of the answers
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asked: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(asked,), daemon=True).start()
    while True:
        folder, digest, first, count = asked.get()
        answer = attempt(Ticket(folder, digest), Shard(first, count))
        print(json.dumps(attrs.asdict(answer)), file=answers, flush=True)


def _read(asked: queue.SimpleQueue[list[Any]]) -> None:
    """Read what is asked; whoever asked is gone where it ends, and with it whoever waits for an answer."""
    for line in sys.stdin:
        asked.put(json.loads(line))
    os._exit(0)
