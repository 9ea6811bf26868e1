"""The compiled engine: kernels written from formulas, compiled by numba, run by threads.

It does what `thermozoo.dynamics.engines.reference` does, with the same noise. Products, noise and update of a
trajectory need nothing but its seed, its number and its computer, in an order that is written down: within a
precision, its bits are the same for any number of threads, any batch, split, stride and block width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.dynamics.engines.arguments import DriveArguments, NoiseArguments, Output, Scratch, Sharing
from thermozoo.dynamics.engines.arrangement import Arrangement, Load, ahead, arrange, widths
from thermozoo.dynamics.engines.availability import why_not_compiled
from thermozoo.dynamics.engines.base import Drive, Dynamics, check_held
from thermozoo.dynamics.engines.by_color import ColorStepper
from thermozoo.dynamics.engines.color_kernel import why_not_by_color
from thermozoo.dynamics.engines.driven_law import arguments_of_step
from thermozoo.dynamics.engines.kernel_cache import Kernel, compiled_before
from thermozoo.dynamics.engines.kernel_source import KernelSource
from thermozoo.dynamics.engines.laws import Law, LawFormulas, aligned, arrange_law
from thermozoo.dynamics.engines.philox import round_keys
from thermozoo.dynamics.engines.products import BLOCK, TILE
from thermozoo.dynamics.engines.term_forces import without_kernel
from thermozoo.dynamics.engines.thread_group import counters, run_threads
from thermozoo.dynamics.engines.vectors import LINE, vector_bytes
from thermozoo.dynamics.noise import NoiseKey, check_numbers
from thermozoo.dynamics.openblas import loaded_kernels
from thermozoo.dynamics.threads import available_threads
from thermozoo.errors import EngineError, ParameterError
from thermozoo.symbolic.trace import trace_step

__all__ = ["CompiledEngine", "CompiledStepper"]

Array = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@attrs.define(eq=False)
class CompiledStepper:
    """A law of motion, compiled when it is first advanced.

    Parameters
    ----------
    dynamics : Dynamics
        The law.
    threads : int or None
        Threads; None for as many as there are processors.
    width : int or None
        Trajectories side by side; None for the quickest.
    """

    dynamics: Dynamics
    threads: int | None = None
    width: int | None = None
    formulas: LawFormulas = attrs.field(init=False, repr=False)
    _laws: dict[bool, Law] = attrs.field(init=False, factory=dict, repr=False)

    @formulas.default
    def _formulas(self) -> LawFormulas:
        return LawFormulas(self.dynamics)

    def law(self, unit_layout: bool) -> Law:
        """Return the law as the arrays of one layout."""
        if unit_layout not in self._laws:
            self._laws[unit_layout] = arrange_law(self.formulas, unit_layout)
        return self._laws[unit_layout]

    def kernel_source(self, unit_layout: bool) -> KernelSource:
        """Return the kernel's source for one layout."""
        return self.formulas.source(unit_layout)

    def kernel(self, unit_layout: bool) -> Kernel:
        """Return the kernel for one layout, loaded but perhaps not yet compiled."""
        return self.law(unit_layout).kernel

    def compiled_before(self, trajectories: int, steps: int) -> bool:
        """Return whether the kernel for such a batch would not have to be compiled."""
        f, unit_layout = self.formulas, self.arrangement(trajectories, steps).unit_layout
        return compiled_before(f.name(unit_layout), f.source(unit_layout).text)

    def arrangement(self, trajectories: int, steps: int) -> Arrangement:
        """Return how a batch is laid out and shared out."""
        dense, sparse = self.formulas.multiplications
        load = Load(
            trajectories=trajectories,
            units=self.dynamics.computer.n,
            steps=steps,
            stages=max(1, len(self.formulas.step.stages)),
            dense=dense,
            sparse=sparse,
            itemsize=np.dtype(self.dynamics.dtype).itemsize,
        )
        return arrange(load, self.threads or available_threads(), self.width)

    def advance(
        self,
        x: Array,
        *,
        key: NoiseKey,
        first_step: int,
        steps: int,
        trajectories: npt.NDArray[np.int64],
        drive: Drive | None = None,
        record: Array | None = None,
        work: npt.NDArray[np.float64] | None = None,
        variables: dict[str, Array] | None = None,
    ) -> None:
        """See `thermozoo.dynamics.engines.base.Stepper.advance`."""
        check_numbers(first_step, steps, trajectories)
        check_held(self.dynamics, variables)
        if steps == 0 or len(x) == 0:
            return
        # threads are set to work in every call of the kernel, which of a driven law is every step
        chosen = self.arrangement(len(x), steps if self.dynamics.driven is None else 1)
        law = self.law(chosen.unit_layout)
        held = [variables[name] for name in self.formulas.step.variables] if variables else []
        run = _Batch(self.formulas, law, chosen, x, trajectories, drive, record, work, held)
        run.advance(key, first_step, steps)


class _Batch:
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
        # tiles of a product may end beyond the last unit, and a line that is read ahead beyond the last of a block
        tiles = law.couplings.packed.size > 0 or law.terms.packed.size > 0
        extra = BLOCK if chosen.unit_layout else TILE * tiles
        self.size = (len(law.arguments.bias) + extra) * self.width
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
        block = (16 if self.chosen.unit_layout else 1) * BLOCK * self.width
        span = self.chosen.threads * max(block, self.chosen.group * self.size if self.blocks == 1 else 0)
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
            Sharing(members, slots, chosen.group, self.size, in_place, ahead(self.n, steps, chosen)),
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


class CompiledEngine:
    """Compiled engine.

    Parameters
    ----------
    threads : int or None
        Threads; None for ``THERMOZOO_THREADS`` if set, else one for each processor that this process may use.
    width : int or None
        Trajectories side by side: 1, or 16 in single and 8 in double precision; None for the quickest. Bits do not
        depend on it.

    Raises
    ------
    ParameterError
        When `threads` or `width` is none of these.
    """

    name = "compiled"

    def __init__(self, threads: int | None = None, width: int | None = None) -> None:
        self.threads = None if threads is None else count("threads", threads, at_least=1)
        self.width = None if width is None else count("width", width, at_least=1)
        if self.width not in (None, 1, 8, 16):
            raise ParameterError(f"width must be 1, or 16 in single and 8 in double precision, got {width}")

    @property
    def details(self) -> dict[str, Any]:
        """What a manifest says of the engine; trajectories' bits do not depend on it."""
        return {
            "threads": self.threads or available_threads(),
            "width": self.width or "quickest",
            "vector_bytes": vector_bytes(),
            "blas": loaded_kernels(),
        }

    def available(self) -> str | None:
        """Return None, or why numba cannot compile here."""
        return why_not_compiled()

    def prepare(self, dynamics: Dynamics) -> CompiledStepper | ColorStepper:
        """Return the law of motion; it is compiled when it is first advanced.

        Raises
        ------
        EngineError
            When numba cannot compile here, or no kernel is written for a term of the energy.
        ParameterError
            When the engine's width is not one of the precision.
        """
        reason = self.available()
        if reason is not None:
            raise EngineError(reason)
        if dynamics.integrator.updates == "by color":
            return self._by_color(dynamics)
        if trace_step(dynamics.integrator).uniforms:
            raise EngineError(
                f"the compiled engine has no uniform numbers for units that are updated together, which the integrator "
                f"{dynamics.integrator.name!r} draws: take 'reference'"
            )
        reason = without_kernel(dynamics.one_computer)
        if reason is not None:
            raise EngineError(reason)
        allowed = widths(np.dtype(dynamics.dtype).itemsize)
        if self.width is not None and self.width not in allowed:
            raise ParameterError(
                f"width must be {' or '.join(map(str, allowed))} in {dynamics.precision} precision, got {self.width}"
            )
        return CompiledStepper(dynamics, self.threads, self.width)

    def _by_color(self, dynamics: Dynamics) -> ColorStepper:
        """Return the law of motion of discrete units."""
        reason = why_not_by_color(trace_step(dynamics.integrator))
        if reason is not None:
            raise EngineError(
                f"the compiled engine updates units by color in steps of one force and uniform numbers, and the "
                f"integrator {dynamics.integrator.name!r} {reason}: take 'reference'"
            )
        return ColorStepper(dynamics, self.threads, self.width)
