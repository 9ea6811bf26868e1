"""The compiled engine: kernels written from formulas, compiled by numba, run by threads.

It does what `thermozoo.dynamics.engines.reference` does, with the same noise. Products, noise and update of a
trajectory need nothing but its seed, its number and its computer, in an order that is written down: within a
precision, its bits are the same for any number of threads, any batch, split, stride and block width.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.arrangement import Arrangement, Load, arrange, widths
from thermozoo.dynamics.engines.base import Drive, Dynamics
from thermozoo.dynamics.engines.box_muller import round_keys
from thermozoo.dynamics.engines.kernel_cache import Kernel, compiled_before, load_kernel
from thermozoo.dynamics.engines.kernel_source import KernelSource, write_kernel
from thermozoo.dynamics.engines.products import BLOCK, TILE, PackedCouplings, pack
from thermozoo.dynamics.engines.team import available_threads, counters, run_threads
from thermozoo.dynamics.engines.vectors import LINE, vector_bytes
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.openblas import loaded_kernels
from thermozoo.errors import ParameterError, ShapeError
from thermozoo.symbolic.codegen import array_function
from thermozoo.symbolic.derive import PotentialFormulas, formula_key
from thermozoo.symbolic.trace import StepFormula, flat_parameters, trace_step

__all__ = ["CompiledEngine", "CompiledStepper", "aligned"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


def aligned(count: int, dtype: Any) -> Array:
    """Return zeros that start on a cache line."""
    size = np.dtype(dtype).itemsize
    raw = np.zeros(count + LINE // size, dtype=dtype)
    start = -raw.ctypes.data % LINE // size
    return raw[start : start + count]


@attrs.frozen(eq=False)
class _Law:
    """Everything about a law of motion that one layout needs, as arrays.

    Parameters
    ----------
    source : KernelSource
        The kernel's source.
    kernel : Kernel
        The kernel.
    couplings : PackedCouplings
        Products.
    bias, coefficients, constants : ndarray
        b; constants of each unit, one row a constant; constants of the step.
    segments, pieces : ndarray of int
        Ranges of units that move, with their potential, and which of them lie in each block of units.
    """

    source: KernelSource
    kernel: Kernel
    couplings: PackedCouplings
    bias: Array
    coefficients: Array
    constants: Array
    segments: Indices
    pieces: Indices


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
    _laws: dict[bool, _Law] = attrs.field(init=False, factory=dict, repr=False)

    def kernel_source(self, rows: bool) -> KernelSource:
        """Return the kernel's source for one layout."""
        d = self.dynamics
        potentials = [(name, formulas) for name, formulas, _ in self._potentials()]
        single = d.precision == "single"
        return write_kernel(self._formula(), d.integrator.name, potentials, single=single, rows=rows)

    def kernel(self, rows: bool) -> Kernel:
        """Return the kernel for one layout, loaded but perhaps not yet compiled."""
        return self._law(rows).kernel

    def compiled_before(self) -> bool:
        """Return whether no kernel of this law would have to be compiled."""
        return all(compiled_before(self._name(rows), self.kernel_source(rows).text) for rows in (False, True))

    def arrangement(self, trajectories: int, steps: int) -> Arrangement:
        """Return how a batch is laid out and shared out."""
        couplings = self.dynamics.computer.couplings
        counted = couplings.size * 2
        load = Load(
            trajectories=trajectories,
            units=self.dynamics.computer.n,
            steps=steps,
            sweeps=max(1, len(self._formula().stages)),
            dense=counted if couplings.blocks is not None else 0,
            sparse=counted if couplings.blocks is None else 0,
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
    ) -> None:
        """See `thermozoo.dynamics.engines.base.Stepper.advance`."""
        if steps == 0 or len(x) == 0:
            return
        chosen = self.arrangement(len(x), steps)
        law = self._law(chosen.rows)
        run = _Batch(law, chosen, self.dynamics, x, trajectories, drive, record, work)
        run.advance(key, first_step, steps)

    def _formula(self) -> StepFormula:
        return trace_step(self.dynamics.integrator)

    def _name(self, rows: bool) -> str:
        d = self.dynamics
        parts = [d.integrator.name, *(name for name, _, _ in self._potentials()), d.precision]
        return "_".join(p.replace("-", "_") for p in [*parts, "rows" if rows else "lanes"])

    def _potentials(self) -> list[tuple[str, PotentialFormulas, list[str]]]:
        """Return name, formulas and groups of every different potential of units that move."""
        found: dict[Any, tuple[str, PotentialFormulas, list[str]]] = {}
        computer = self.dynamics.computer
        for group, site in computer.onsite.sites.items():
            if group in computer.layout.frozen or computer.layout.sizes[group] == 0:
                continue
            entry = found.setdefault(formula_key(site.potential), (site.potential.name, site.formulas, []))
            entry[2].append(group)
        return list(found.values())

    def _law(self, rows: bool) -> _Law:
        if rows not in self._laws:
            source = self.kernel_source(rows)
            computer, dtype = self.dynamics.computer, self.dynamics.dtype
            units = -(-computer.n // BLOCK) * BLOCK
            bias = aligned(units, dtype)
            bias[: computer.n] = computer.biases
            segments, pieces = self._segments(units // BLOCK)
            self._laws[rows] = _Law(
                source=source,
                kernel=load_kernel(self._name(rows), source.text),
                couplings=pack(computer, dtype, lanes=not rows),
                bias=bias,
                coefficients=self._coefficients(source, units),
                constants=self._constants(source),
                segments=segments,
                pieces=pieces,
            )
        return self._laws[rows]

    def _segments(self, blocks: int) -> tuple[Indices, Indices]:
        layout = self.dynamics.computer.layout
        kinds = {g: kind for kind, (_, _, groups) in enumerate(self._potentials()) for g in groups}
        segments: list[tuple[int, int, int]] = []
        pieces = [0]
        for block in range(blocks):
            for group, kind in kinds.items():
                where = layout.slice(group)
                start, stop = max(where.start, block * BLOCK), min(where.stop, (block + 1) * BLOCK)
                if start < stop:
                    segments.append((kind, start, stop))
            pieces.append(len(segments))
        return np.array(segments, dtype=np.int64).reshape(-1, 3), np.array(pieces, dtype=np.int64)

    def _coefficients(self, source: KernelSource, units: int) -> Array:
        """Return the constants of each unit, in double precision until they are stored."""
        computer = self.dynamics.computer
        rows = max((len(c) for c in source.coefficients), default=0)
        table = aligned(max(1, rows) * units, self.dynamics.dtype).reshape(-1, units)
        for (_, formulas, groups), expressions in zip(self._potentials(), source.coefficients, strict=True):
            for group in groups:
                values = computer.onsite.sites[group].values
                arguments = [np.asarray(v, dtype=np.float64) for v in values.values()]
                symbols = list(formulas.parameters.values())
                for row, expression in enumerate(expressions):
                    function = array_function("constant", symbols, [expression])
                    table[row, computer.layout.slice(group)] = function(*arguments)[0]
        return table.ravel()

    def _constants(self, source: KernelSource) -> Array:
        """Return the constants of the step."""
        d, f = self.dynamics, self._formula()
        own = {name: value for name, _, value in flat_parameters(d.integrator)}
        for name, value in own.items():
            if np.ndim(value):
                raise ShapeError(
                    f"{name} of integrator {d.integrator.name!r} must be a number in the compiled engine, got an "
                    f"array of shape {np.shape(value)}: take engine = 'reference'"
                )
        symbols = [f.dt, f.mobility, f.kT, *f.parameters.values()]
        values = [np.float64(v) for v in (d.dt, d.computer.mobility, d.computer.temperature, *own.values())]
        result = aligned(max(1, len(source.constants)), d.dtype)
        for row, expression in enumerate(source.constants):
            result[row] = array_function("constant", symbols, [expression])(*values)[0]
        return result


class _Batch:
    """One call of `advance`: states in the kernel's layout, scratch, and the call itself."""

    def __init__(
        self,
        law: _Law,
        chosen: Arrangement,
        dynamics: Dynamics,
        x: Array,
        trajectories: npt.NDArray[np.int64],
        drive: Drive | None,
        record: Array | None,
        work: npt.NDArray[np.float64] | None,
    ) -> None:
        self.law, self.chosen, self.x, self.drive, self.record, self.work = law, chosen, x, drive, record, work
        self.dtype = np.dtype(dynamics.dtype)
        self.lanes = 1 if chosen.rows else LINE // self.dtype.itemsize
        self.rows, self.n = x.shape
        self.panels = -(-self.rows // self.lanes)
        self.blocks = len(law.pieces) - 1
        # tiles of a product may end beyond the last block
        extra = BLOCK if chosen.rows else TILE
        self.size = (self.blocks * BLOCK + extra) * self.lanes
        self.states = self._panels(x)
        self.numbers = np.zeros(self.panels * self.lanes, dtype=np.int64)
        self.numbers[: self.rows] = trajectories

    def _panels(self, rows: Array) -> Array:
        """Return rows in the kernel's layout, zero where there is no trajectory or no unit."""
        panels = aligned(self.panels * self.size, self.dtype)
        view = panels.reshape(self.panels, -1, self.lanes)
        whole = self.rows // self.lanes
        view[:whole, : self.n] = rows[: whole * self.lanes].reshape(whole, self.lanes, self.n).transpose(0, 2, 1)
        if whole < self.panels:
            rest = rows[whole * self.lanes :]
            view[whole, : self.n, : len(rest)] = rest.T
        return panels

    def _rows(self) -> None:
        """Write the states back."""
        view = self.states.reshape(self.panels, -1, self.lanes)
        for panel in range(self.panels):
            into = self.x[panel * self.lanes : (panel + 1) * self.lanes]
            into[:] = view[panel, : self.n, : len(into)].T

    def _scratch(self, slots: int) -> tuple[bool, list[Array]]:
        """Return whether states are updated where they are, and the kernel's scratch arrays."""
        source, couplings = self.law.source, self.law.couplings
        panel = slots * self.chosen.group * self.size
        strip = slots * (16 if self.chosen.rows else 1) * BLOCK * self.lanes
        dense = couplings.packed.size > 0
        sparse = couplings.values.size > 0
        # other units still read a state where products and updates of blocks alternate
        in_place = not sparse and not (dense and self.chosen.together)
        sizes = (
            0 if in_place else panel,
            panel if dense else strip,
            source.points * panel,
            source.kept * panel,
            source.draws * (strip if source.strips else panel),
        )
        return in_place, [aligned(size, self.dtype) for size in sizes]

    def _drive(self, first_step: int, steps: int) -> tuple[Any, ...]:
        """Return signals in the kernel's layout, intensities, and what the work is computed from."""
        if self.drive is None:
            return np.zeros(0, self.dtype), np.zeros(steps, self.dtype), False, *_no_work(steps)
        intensity = np.asarray(self.drive.intensity, dtype=np.float64)[first_step : first_step + steps + 1]
        signals = self._panels(self.drive.signals[self.drive.which].astype(self.dtype))
        pushes = intensity[1:].astype(self.dtype)
        if self.work is None:
            return signals, pushes, False, *_no_work(steps)
        sources = np.require(self.drive.signals, np.float64, ["C", "W"])
        which = np.require(self.drive.which, np.int64, ["C", "W"])
        return signals, pushes, True, np.diff(intensity), sources, which

    def advance(self, key: NoiseKey, first_step: int, steps: int) -> None:
        """Do the steps."""
        law, chosen = self.law, self.chosen
        team = chosen.threads if chosen.together else 1
        slots = 1 if chosen.together else chosen.threads
        in_place, (spare, force, point, kept, normal) = self._scratch(slots)
        signals, pushes, working, changes, sources, which = self._drive(first_step, steps)
        sums = slots * 2 * chosen.group * self.blocks * self.lanes if working else 0
        worked = np.zeros(self.rows)
        record = np.empty((0, 0, 0), self.dtype) if self.record is None else self.record
        target = np.require(record, self.dtype, ["C", "W"])
        couplings = law.couplings

        arguments = (
            team, slots, chosen.group, self.size, in_place, spare, force, point, kept, normal,
            first_step, steps, key.stream, round_keys(key.words), self.numbers,
            law.bias, law.coefficients, law.constants, law.segments, law.pieces,
            couplings.packed.size > 0, couplings.table, couplings.packed,
            couplings.starts, couplings.columns, couplings.values, signals, pushes,
            working, changes, sources, which, np.zeros(sums), worked, self.record is not None, target, self.rows,
        )  # fmt: skip
        law.kernel.call_first(0, self.states[:0], counters(), *arguments)
        shared = counters()
        run_threads(lambda member: law.kernel.advance(member, self.states, shared, *arguments), chosen.threads)
        self._rows()
        if self.record is not None and target is not self.record:
            self.record[:] = target
        if self.work is not None:
            self.work += worked


def _no_work(steps: int) -> tuple[Array, Array, Indices]:
    return np.zeros(steps), np.zeros((0, 0)), np.zeros(0, dtype=np.int64)


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
        if threads is not None and threads < 1:
            raise ParameterError(f"threads must be a positive integer, got {threads}")
        if width not in (None, 1, 8, 16):
            raise ParameterError(f"width must be 1, or 16 in single and 8 in double precision, got {width}")
        self.threads, self.width = threads, width

    @property
    def details(self) -> dict[str, Any]:
        """What a manifest says of the engine; trajectories' bits do not depend on it."""
        return {
            "threads": self.threads or available_threads(),
            "width": self.width or "quickest",
            "vector_bytes": vector_bytes(),
            "blas": loaded_kernels(),
        }

    def prepare(self, dynamics: Dynamics) -> CompiledStepper:
        """Return the law of motion; it is compiled when it is first advanced."""
        allowed = widths(np.dtype(dynamics.dtype).itemsize)
        if self.width is not None and self.width not in allowed:
            raise ParameterError(
                f"width must be {' or '.join(map(str, allowed))} in {dynamics.precision} precision, got {self.width}"
            )
        return CompiledStepper(dynamics, self.threads, self.width)
