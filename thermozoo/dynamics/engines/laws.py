"""A law of motion as arrays: everything that a kernel is given besides states, noise and drive."""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.computer.couplings import BilinearCouplings
from thermozoo.dynamics.engines.arguments import LawArguments, PackedCouplings, TermArguments
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.engines.kernel_cache import Kernel, load_kernel
from thermozoo.dynamics.engines.kernel_source import KernelSource, write_kernel
from thermozoo.dynamics.engines.packing import pack, room_of
from thermozoo.dynamics.engines.products import BLOCK
from thermozoo.dynamics.engines.term_forces import Force, no_number, term_forces
from thermozoo.dynamics.engines.term_packing import pack_terms
from thermozoo.dynamics.engines.vectors import LINE
from thermozoo.errors import ShapeError
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.derive import PotentialFormulas
from thermozoo.symbolic.formula import Bound, formula_key
from thermozoo.symbolic.trace import StepFormula, trace_step

__all__ = ["Law", "LawFormulas", "aligned", "arrange_law"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]

#: The factor of the on-site energy, where it has one: a parameter of every potential, by a name that none has.
_ONSITE = "on-site"


def aligned(count: int, dtype: Any) -> Array:
    """Return zeros that start on a cache line."""
    size = np.dtype(dtype).itemsize
    raw = np.zeros(count + LINE // size, dtype=dtype)
    start = -raw.ctypes.data % LINE // size
    return raw[start : start + count]


@attrs.frozen(eq=False)
class Law:
    """Everything about a law of motion that one layout needs, as arrays.

    Parameters
    ----------
    source : KernelSource
        The kernel's source.
    kernel : Kernel
        The kernel.
    couplings : PackedCouplings
        Main couplings that are products of two states.
    terms : TermArguments
        All other couplings.
    arguments : LawArguments
        What else the kernel is given of it.
    """

    source: KernelSource
    kernel: Kernel
    couplings: PackedCouplings
    terms: TermArguments
    arguments: LawArguments


@attrs.frozen(eq=False, slots=False)
class LawFormulas:
    """The formulas of a law of motion: its integrator's step, and the different potentials of free units.

    Parameters
    ----------
    dynamics : Dynamics
        The law.
    step : StepFormula
        The integrator, traced.
    """

    dynamics: Dynamics
    step: StepFormula = attrs.field(init=False, repr=False)
    _sources: dict[bool, KernelSource] = attrs.field(init=False, repr=False, factory=dict)

    @step.default
    def _step(self) -> StepFormula:
        return trace_step(self.dynamics.integrator)

    @functools.cached_property
    def potentials(self) -> list[tuple[str, PotentialFormulas, list[str]]]:
        """Return name, formulas and groups of every different potential of free units.

        Where the on-site energy has a factor, driven or not, that is one more parameter.
        """
        found: dict[Any, tuple[str, PotentialFormulas, list[str]]] = {}
        computer = self.dynamics.one_computer
        for group, site in computer.onsite.sites.items():
            if group in computer.layout.clamped or computer.layout.sizes[group] == 0:
                continue
            entry = found.setdefault(
                formula_key(site.potential), (site.potential.name, self._driven(site.formulas), [])
            )
            entry[2].append(group)
        return list(found.values())

    @functools.cached_property
    def terms(self) -> tuple[Force, ...]:
        """Return how every term acts that is neither of single units nor the main one by products of two states."""
        return term_forces(self.dynamics.one_computer)

    @property
    def multiplications(self) -> tuple[int, int]:
        """Multiply-adds of one evaluation of the force: of dense products, and of sparse ones and tuples."""
        couplings = self.dynamics.one_computer.couplings
        found = [one.multiplications for one in self.terms]
        if isinstance(couplings, BilinearCouplings):
            counted = 2 * couplings.size
            found.append((counted, 0) if couplings.blocks is not None else (0, counted))
        return sum(dense for dense, _ in found), sum(sparse for _, sparse in found)

    def _driven(self, formulas: PotentialFormulas) -> PotentialFormulas:
        driven = self.dynamics.driven
        scaled = any(one.onsite.amplitude != 1.0 for one in self.dynamics.program.computers)
        if not scaled and (driven is None or _ONSITE not in driven.amplitudes):
            return formulas
        factor = sympy.Symbol("onsite_amplitude", real=True)
        return attrs.evolve(
            formulas, parameters={**formulas.parameters, _ONSITE: factor}, gradient=factor * formulas.gradient
        )

    def name(self, unit_layout: bool) -> str:
        """Return the readable part of the name of a kernel."""
        d = self.dynamics
        names = (*(name for name, _, _ in self.potentials), *(one.plugin for one in self.terms))
        parts = [d.integrator.name, *names, *([] if d.baths is None else ["baths"]), d.precision]
        return "_".join(p.replace("-", "_") for p in [*parts, "unit" if unit_layout else "batch"])

    def source(self, unit_layout: bool) -> KernelSource:
        """Return the kernel's source for one layout."""
        if unit_layout not in self._sources:
            d = self.dynamics
            potentials = [(name, formulas) for name, formulas, _ in self.potentials]
            self._sources[unit_layout] = write_kernel(
                self.step,
                d.integrator.name,
                potentials,
                self.terms,
                single=d.precision == "single",
                unit_layout=unit_layout,
                baths=d.baths is not None,
            )
        return self._sources[unit_layout]

    def ranges(self, blocks: int) -> tuple[Indices, Indices]:
        """Return ranges of free units, with their potential, and which of them lie in each block."""
        layout = self.dynamics.computer.layout
        kinds = {g: kind for kind, (_, _, groups) in enumerate(self.potentials) for g in groups}
        ranges: list[tuple[int, int, int]] = []
        range_starts = [0]
        for block in range(blocks):
            for group, kind in kinds.items():
                where = layout.slice(group)
                start, stop = max(where.start, block * BLOCK), min(where.stop, (block + 1) * BLOCK)
                if start < stop:
                    ranges.append((kind, start, stop))
            range_starts.append(len(ranges))
        return np.array(ranges, dtype=np.int64).reshape(-1, 3), np.array(range_starts, dtype=np.int64)

    def coefficients(self, source: KernelSource, units: int, index: int = 0) -> Array:
        """Return the constants of each unit, in double precision until they are stored; `index` is of driven values."""
        computer, driven = self.dynamics.one_computer, self.dynamics.driven
        rows = max((len(c) for c in source.coefficients), default=0)
        table = aligned(max(1, rows + len(source.by_unit)) * units, self.dynamics.dtype).reshape(-1, units)
        if source.by_unit:
            bound = self._bound_step(self.dynamics.kT)
            for row, expression in enumerate(source.by_unit, start=rows):
                table[row, : computer.n] = bound.function("constant", [], expression)()[0]
        for (_, formulas, groups), expressions in zip(self.potentials, source.coefficients, strict=True):
            for group in groups:
                values, factor = computer.onsite.sites[group].values, computer.onsite.amplitude
                if driven is not None:
                    values = driven.values_of(group, values, index)
                    factor *= float(driven.amplitudes.get(_ONSITE, np.ones(index + 1))[index])
                bound = formulas.bind({**values, _ONSITE: factor})
                for row, expression in enumerate(expressions):
                    table[row, computer.layout.slice(group)] = bound.function("constant", [], expression)()[0]
        return table.ravel()

    def constants(self, source: KernelSource, kT: float | None = None) -> Array:
        """Return the constants of the step, at the computer's temperature or another."""
        d = self.dynamics
        reason = no_number(d.integrator)
        if reason is not None:
            raise ShapeError(reason)
        bound = self._bound_step(d.computer.temperature if kT is None else kT)
        result = aligned(max(1, len(source.constants)), d.dtype)
        for row, expression in enumerate(source.constants):
            result[row] = bound.function("constant", [], expression)()[0]
        return result

    def _bound_step(self, kT: float | Array) -> Bound:
        d = self.dynamics
        return self.step.bind(values_of(d.integrator), dt=d.dt, mobility=d.computer.mobility, kT=kT)


def arrange_law(formulas: LawFormulas, unit_layout: bool) -> Law:
    """Return a law of motion as the arrays of one layout."""
    dynamics = formulas.dynamics
    computer, dtype = dynamics.one_computer, dynamics.dtype
    source = formulas.source(unit_layout)
    units = room_of(computer.n, unit_layout)
    bias = aligned(units, dtype)
    bias[: computer.n] = computer.biases
    ranges, range_starts = formulas.ranges(-(-computer.n // BLOCK))
    return Law(
        source=source,
        kernel=load_kernel(formulas.name(unit_layout), source.text),
        couplings=pack(computer, dtype, unit_layout),
        terms=pack_terms(formulas.terms, computer.layout, dtype, unit_layout),
        arguments=LawArguments(
            bias=bias,
            coefficients=formulas.coefficients(source, units),
            constants=formulas.constants(source),
            ranges=ranges,
            range_starts=range_starts,
        ),
    )
