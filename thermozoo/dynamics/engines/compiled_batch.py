"""States of a batch in the layout of a compiled kernel, its scratch, and the calls of the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.arguments import DriveArguments, NoiseArguments, Output, Scratch, Sharing
from thermozoo.dynamics.engines.arrangement import Arrangement
from thermozoo.dynamics.engines.base import Drive
from thermozoo.dynamics.engines.driven_law import arguments_of_step
from thermozoo.dynamics.engines.laws import Law, LawFormulas, aligned
from thermozoo.dynamics.engines.philox import round_keys
from thermozoo.dynamics.engines.products import BLOCK, TILE
from thermozoo.dynamics.engines.thread_group import counters, run_threads
from thermozoo.dynamics.engines.vectors import LINE
from thermozoo.dynamics.noise import NoiseKey

__all__ = ["CompiledBatch"]

Array = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]


class CompiledBatch:
    """One call of `advance`: states in the kernel's layout, scratch, and the call itself."""

    def __init__(
        self,
        formulas: LawFormulas,
        law: Law,
        chosen: Arrangement,
        x: Array,
        trajectories: npt.NDArray[np.int64],
        drive: Drive | None,
        record: Array | None,
        work: npt.NDArray[np.float64] | None,
        held: Sequence[Array] = (),
    ) -> None:
        self.law, self.chosen, self.x, self.drive, self.record, self.work = law, chosen, x, drive, record, work
        self.formulas, self.dtype = formulas, np.dtype(formulas.dynamics.dtype)
        self.width = 1 if chosen.unit_layout else LINE // self.dtype.itemsize
        self.rows, self.n = x.shape
        self.chunks = -(-self.rows // self.width)
        self.blocks = len(law.arguments.range_starts) - 1
        # tiles of a product may end beyond the last block
        extra = BLOCK if chosen.unit_layout else TILE
        self.size = (self.blocks * BLOCK + extra) * self.width
        self.several = drive is not None and drive.intensity.ndim == 2 and len(drive.intensity) > 1
        self.states, self.held = self._chunks(x), held
        self.variables = aligned(len(held) * self.states.size, self.dtype).reshape(len(held), self.states.size)
        for values, packed in zip(held, self.variables, strict=True):
            packed[:] = self._chunks(values)
        self.scratch: tuple[bool, Scratch] | None = None
        self.numbers = np.zeros(self.chunks * self.width, dtype=np.int64)
        self.numbers[: self.rows] = trajectories

    def _chunks(self, rows: Array) -> Array:
        """Return rows in the kernel's layout, zero where there is no trajectory or no unit."""
        chunks = aligned(self.chunks * self.size, self.dtype)
        view = chunks.reshape(self.chunks, -1, self.width)
        whole = self.rows // self.width
        view[:whole, : self.n] = rows[: whole * self.width].reshape(whole, self.width, self.n).transpose(0, 2, 1)
        if whole < self.chunks:
            rest = rows[whole * self.width :]
            view[whole, : self.n, : len(rest)] = rest.T
        return chunks

    def _write_back(self) -> None:
        """Write the states and what units have beside them back."""
        for rows, packed in [(self.x, self.states), *zip(self.held, self.variables, strict=True)]:
            view = packed.reshape(self.chunks, -1, self.width)
            for chunk in range(self.chunks):
                into = rows[chunk * self.width : (chunk + 1) * self.width]
                into[:] = view[chunk, : self.n, : len(into)].T

    def _scratch(self, slots: int) -> tuple[bool, Scratch]:
        """Return whether states are updated where they are, and the kernel's scratch arrays."""
        source, couplings = self.law.source, self.law.couplings
        separated, tuples = source.products > 0, source.tuples
        chunk = slots * self.chosen.group * self.size
        # noise of a few blocks and, of sparse couplings, forces: threads that share out a chunk have each their own
        span = self.chosen.threads * (16 if self.chosen.unit_layout else 1) * BLOCK * self.width
        dense = couplings.packed.size > 0
        sparse = couplings.values.size > 0
        # other units still read a state where products and updates of blocks alternate
        in_place = not (sparse or tuples) and not ((dense or separated) and self.chosen.together)
        sums = slots * 2 * self.chosen.group * self.blocks * self.width
        return in_place, Scratch(
            spare=aligned(0 if in_place else chunk, self.dtype),
            force=aligned(chunk if dense else span * (sparse or tuples), self.dtype),
            point=aligned(source.points * chunk, self.dtype),
            kept=aligned(source.kept * chunk, self.dtype),
            normal=aligned(source.draws * (span if source.spans else chunk), self.dtype),
            imposed=aligned(chunk * self.several, self.dtype),
            partial=np.zeros(0 if self.work is None else sums),
            products=aligned(source.products * chunk, self.dtype),
            projected=aligned(slots * self.chosen.group * self.law.terms.weights.size * self.width, self.dtype),
            variables=self.variables.reshape(-1),
        )

    def _drive(self, first_step: int, steps: int) -> DriveArguments:
        """Return signals in the kernel's layout, intensities, and what the work is computed from."""
        working = self.drive is not None and self.work is not None
        signals, of_steps = np.zeros(0, self.dtype), np.zeros(steps, self.dtype)
        intensities = np.zeros((0, 1), self.dtype)
        protocols, runs = np.zeros(0, dtype=np.int64), np.zeros((0, 3), dtype=np.int64)
        changes: Doubles = np.zeros(steps)
        shares: Doubles = np.zeros((0, 1))
        sources, which = np.zeros((0, 0)), np.zeros(0, dtype=np.int64)
        if self.drive is not None:
            rows = np.atleast_2d(np.asarray(self.drive.intensity, dtype=np.float64))
            intensity = np.ascontiguousarray(rows.T[first_step : first_step + steps + 1])
            signals = self._chunks(self.drive.signals[self.drive.which].astype(self.dtype))
            of_steps = intensity[1:, 0].astype(self.dtype)
            if self.several:
                of_steps[:] = 1.0
                intensities = intensity[1:].astype(self.dtype)
                protocols = np.require(self.drive.protocol_of, np.int64, ["C", "W"])
                edges = np.flatnonzero(np.diff(protocols, prepend=-1, append=-1))
                runs = np.stack([edges[:-1], edges[1:], protocols[edges[:-1]]], axis=1)
            if working:
                difference = np.diff(intensity, axis=0)
                if self.several:
                    changes, shares = np.asarray(difference.any(axis=1), dtype=np.float64), difference
                else:
                    changes = difference.ravel()
                sources = np.require(self.drive.signals, np.float64, ["C", "W"])
                which = np.require(self.drive.which, np.int64, ["C", "W"])
        return DriveArguments(signals, of_steps, intensities, protocols, runs, working, changes, shares, sources, which)

    def advance(self, key: NoiseKey, first_step: int, steps: int) -> None:
        """Do the steps: all in one call of the kernel, or one by one where values are driven."""
        worked = np.zeros(self.rows)
        record = np.empty((0, 0, 0), self.dtype) if self.record is None else self.record
        target = np.require(record, self.dtype, ["C", "W"])
        stride = steps if self.formulas.dynamics.driven is None else 1
        for first in range(first_step, first_step + steps, stride):
            here = first - first_step
            output = Output(self.rows, worked, self.record is not None, target[here : here + stride])
            self._call(key, first, stride, output)
        self._write_back()
        if self.record is not None and target is not self.record:
            self.record[:] = target
        if self.work is not None:
            self.work += worked

    def _call(self, key: NoiseKey, first_step: int, steps: int, output: Output) -> None:
        """Call the kernel."""
        law, chosen = self.law, self.chosen
        members, slots = (chosen.threads, 1) if chosen.together else (1, chosen.threads)
        if self.scratch is None:
            self.scratch = self._scratch(slots)
        in_place, scratch = self.scratch
        couplings, terms, given = arguments_of_step(self.formulas, law, first_step)
        groups = (
            Sharing(members, slots, chosen.group, self.size, in_place),
            couplings,
            terms,
            given,
            NoiseArguments(key.stream, round_keys(key.words), self.numbers),
            self._drive(first_step, steps),
            scratch,
            output,
        )
        arguments = (first_step, steps, *map(tuple, groups))
        law.kernel.call_first(0, self.states[:0], counters(), *arguments)
        shared = counters()
        run_threads(lambda member: law.kernel.advance(member, self.states, shared, *arguments), chosen.threads)
