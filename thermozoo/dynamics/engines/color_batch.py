"""A batch of discrete units under way: states in the layout of the kernel that updates by color, and its calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.arrangement import chunks_abreast
from thermozoo.dynamics.engines.batch import Batch, BatchState
from thermozoo.dynamics.engines.color_law import BLOCK, ColorLaw
from thermozoo.dynamics.engines.drive import Drive
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.dynamics.engines.philox import round_keys
from thermozoo.dynamics.engines.thread_group import counters
from thermozoo.dynamics.engines.workers import run_threads

__all__ = ["ColorBatch"]

Array = npt.NDArray[np.floating[Any]]


class ColorBatch(Batch):
    """A batch whose states stay in the layout of the kernel.

    Parameters
    ----------
    law : ColorLaw
        The law of motion.
    start : BatchState
        Where it begins.
    drive : Drive, optional
        Imposed signal.
    working : bool
        Whether its work is added up.
    threads : int
        How many threads there may be.
    """

    def __init__(self, law: ColorLaw, start: BatchState, drive: Drive | None, working: bool, threads: int) -> None:
        super().__init__(start.key, start.trajectories, start.step, start.work, drive, working)
        rows, dtype = len(start.x), law.dynamics.dtype
        self._prepared, self._allowed = law, threads
        self.packed = law.arranged(np.asarray(start.x, dtype), rows)
        chunks, width = (rows, 1) if law.unit_layout else (-(-rows // law.line), law.line)
        self.numbers = np.zeros(chunks * width, dtype=np.int64)
        self.numbers[:rows] = start.trajectories
        together = law.layout == "unit" and chunks < threads
        self.threads = threads if together else min(threads, chunks)
        self.members = threads if together else 1
        units = law.computer.n
        # few units: the random numbers of several chunks are drawn at once
        self.group = 1 if law.unit_layout else chunks_abreast(-(-chunks // self.threads), units)
        room = -(-units // BLOCK) * BLOCK * width
        self.uniform = aligned((1 if together else self.threads) * law.source.draws * room, dtype)
        several = (1 if together else self.threads) if law.layout == "kept" else 0
        self._kept = aligned(several * law.size, np.dtype(f"i{np.dtype(dtype).itemsize}"))
        self._scratch = aligned(several * law.line, dtype)
        self._signal = None if drive is None else drive.signals.astype(np.float64)[drive.which]
        self._take(law)

    def states(self) -> Array:
        """Return a copy of the states."""
        return self.law.rows_of(self.packed, len(self.trajectories))

    def variables(self) -> dict[str, Array]:
        """Return none: discrete units have no variables."""
        return {}

    def finite(self) -> bool:
        """Return whether all states are finite; rows are looked at only if something is not."""
        return bool(np.isfinite(self.packed).all()) or super().finite()

    def copy(self) -> ColorBatch:
        """Return a batch in the same state."""
        return ColorBatch(self._prepared, self.state(), self.drive, self.working, self._allowed)

    def _advance(self, steps: int, record: Array | None) -> None:
        """Do the steps: in one call of the kernel, or one by one where something is imposed, driven or recorded."""
        drive, dynamics = self.drive, self._prepared.dynamics
        # a law whose values are driven is another one in each step; of one that is only cooled, constants are
        driven = self._cooling is None and dynamics.at(self.step) is not dynamics
        if drive is None and record is None and not driven:
            self._call(self.step, steps)
            return
        rows = self.states() if self.working else None
        for k in range(self.step, self.step + steps):
            if driven:
                self._take(self._prepared.of(dynamics.at(k)))
            if drive is not None and self._signal is not None:
                if rows is not None:
                    self.work -= drive.work(self._signal, k, rows.astype(np.float64))
                force = drive.on_units(k + 1) * self._signal
                self.field, self.own_field = self.law.arranged(self.law.field - force, len(force)), True
            self._call(k, 1)
            if rows is not None or record is not None:
                rows = self.states()
            if record is not None:
                record[k - self.step] = rows

    @property
    def _cooling(self) -> Array | None:
        """The temperatures of all steps, where they are driven and nothing else is."""
        driven = self._prepared.dynamics.driven
        return None if driven is None or driven.amplitudes or driven.parameters else driven.temperature

    def _take(self, law: ColorLaw) -> None:
        """Go on by a law of other values."""
        self.law, self.field, self.own_field = law, law.arranged(law.field, 1), False

    def _call(self, first_step: int, steps: int) -> None:
        """Call the kernel."""
        law, constants, several, hottest = self.law, self.law.constants, 0, self.law.computer.temperature
        if (cooling := self._cooling) is not None:
            temperatures = cooling[np.minimum(np.arange(first_step, first_step + steps) + 1, len(cooling) - 1)]
            constants, several = law.constants_at(temperatures), len(law.source.constants)
            hottest = float(temperatures.max())
        arguments = (
            first_step,
            steps,
            self.members,
            law.size,
            self.field,
            self.own_field,
            *law.structure,
            law.entries if law.layout != "kept" else law.kept_entries(hottest),
            constants,
            several,
            self.numbers,
            self.key.stream,
            round_keys(self.key.words),
            self.uniform,
            self.group,
            self._kept,
            self._scratch,
        )
        alone = (*arguments[:2], 1, *arguments[3:])
        law.kernel.call_first(0, self.packed[:0], counters(), *alone)
        shared = counters()
        run_threads(lambda member: law.kernel.advance(member, self.packed, shared, *arguments), self.threads, shared)
