"""A batch under way in compiled kernels: its scratch, and the calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.arguments import NoiseArguments, Output, Scratch, Sharing
from thermozoo.dynamics.engines.arrangement import Arrangement, ahead
from thermozoo.dynamics.engines.batch import Batch
from thermozoo.dynamics.engines.drive_packing import undriven
from thermozoo.dynamics.engines.driven_law import arguments_of_step
from thermozoo.dynamics.engines.laws import Law, LawFormulas, aligned
from thermozoo.dynamics.engines.packed_states import PackedStates
from thermozoo.dynamics.engines.philox import round_keys
from thermozoo.dynamics.engines.products import BLOCK
from thermozoo.dynamics.engines.thread_group import counters
from thermozoo.dynamics.engines.workers import run_threads

__all__ = ["CompiledBatch"]

Array = npt.NDArray[np.floating[Any]]


class CompiledBatch(Batch):
    """A batch whose states stay in the layout of the kernel.

    Parameters
    ----------
    formulas : LawFormulas
        The law of motion.
    law : Law
        Its arrays, in the layout of the states.
    packed : PackedStates
        The states, which this batch changes in place.
    working : bool
        Whether the drive's work is added up.
    arrange : callable
        Returns how some steps are shared out.
    """

    def __init__(
        self,
        formulas: LawFormulas,
        law: Law,
        packed: PackedStates,
        working: bool,
        arrange: Callable[[int], Arrangement],
    ) -> None:
        drive = None if packed.drive is None else packed.drive.drive
        super().__init__(packed.key, packed.trajectories, packed.step, packed.work, drive, working)
        self.formulas, self.law, self.packed, self.arrange = formulas, law, packed, arrange
        self._room: tuple[Arrangement, tuple[bool, Scratch]] | None = None

    def states(self) -> Array:
        """Return a copy of the states."""
        return self.packed.rows()

    def variables(self) -> dict[str, Array]:
        """Return copies of the auxiliary variables."""
        return self.packed.variable_rows()

    def finite(self) -> bool:
        """Return whether all states and variables are finite, without copying them."""
        return self.packed.finite()

    def copy(self) -> CompiledBatch:
        """Return a batch in the same state."""
        return CompiledBatch(self.formulas, self.law, self.rest().copy(), self.working, self.arrange)

    def rest(self) -> PackedStates:
        """End, and return the states as they lie."""
        self.check_whole()
        return attrs.evolve(self.packed, step=self.step, work=self.work)

    def _scratch(self, chosen: Arrangement, slots: int) -> tuple[bool, Scratch]:
        """Return whether states are updated where they are, and the kernel's scratch arrays."""
        source, couplings, layout = self.law.source, self.law.couplings, self.packed.layout
        dtype, width, drive = layout.dtype, layout.width, self.packed.drive
        separated, tuples = source.products > 0, source.tuples
        chunk = slots * chosen.group * layout.size
        # noise of a few blocks and, of sparse couplings, forces: threads that share out a chunk have each their own
        block = (16 if layout.unit_layout else 1) * BLOCK * width
        span = chosen.threads * max(block, chosen.group * layout.size if layout.blocks == 1 else 0)
        dense = couplings.packed.size > 0
        sparse = couplings.values.size > 0
        # other units still read a state where products and updates of blocks alternate
        in_place = not (sparse or tuples) and not ((dense or separated) and chosen.together)
        sums = slots * 2 * chosen.group * layout.blocks * width
        return in_place, Scratch(
            spare=aligned(0 if in_place else chunk, dtype),
            force=aligned(chunk if dense else span * (sparse or tuples), dtype),
            point=aligned(source.points * chunk, dtype),
            kept=aligned(source.kept * chunk, dtype),
            normal=aligned(source.draws * (span if source.spans else chunk), dtype),
            imposed=aligned(chunk * (drive is not None and drive.several), dtype),
            partial=np.zeros(sums * self.working),
            products=aligned(source.products * chunk, dtype),
            projected=aligned(slots * chosen.group * self.law.terms.weights.size * width, dtype),
            variables=self.packed.variables.reshape(-1),
        )

    def _advance(self, steps: int, record: Array | None) -> None:
        """Do the steps: all in one call of the kernel, or one by one where values are driven."""
        layout = self.packed.layout
        target = np.empty((0, 0, 0), layout.dtype) if record is None else np.require(record, layout.dtype, ["C", "W"])
        stride = steps if self.formulas.dynamics.driven is None else 1
        # threads are set to work in every call of the kernel
        chosen = self.arrange(stride)
        for done in range(0, steps, stride):
            output = Output(layout.rows, self.work, record is not None, target[done : done + stride])
            self._call(chosen, self.step + done, stride, output)
        if record is not None and target is not record:
            record[:] = target

    def _call(self, chosen: Arrangement, first_step: int, steps: int, output: Output) -> None:
        """Call the kernel."""
        law, packed, layout = self.law, self.packed, self.packed.layout
        members, slots = (chosen.threads, 1) if chosen.together else (1, chosen.threads)
        if self._room is None or self._room[0] != chosen:
            self._room = chosen, self._scratch(chosen, slots)
        in_place, scratch = self._room[1]
        couplings, terms, given = arguments_of_step(self.formulas, law, first_step)
        drive = packed.drive
        groups = (
            Sharing(members, slots, chosen.group, layout.size, in_place, ahead(layout.units, steps, chosen)),
            couplings,
            terms,
            given,
            NoiseArguments(self.key.stream, round_keys(self.key.words), packed.numbers),
            undriven(layout.dtype, steps) if drive is None else drive.arguments(first_step, steps, self.working),
            scratch,
            output,
        )
        arguments = (first_step, steps, *map(tuple, groups))
        law.kernel.call_first(0, packed.states[:0], counters(), *arguments)
        shared = counters()
        run_threads(
            lambda member: law.kernel.advance(member, packed.states, shared, *arguments), chosen.threads, shared
        )
