"""Coupling terms in the compiled engine, of any interaction: against the reference engine, and against itself."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
import sympy
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import EulerMaruyama, StochasticHeun
from thermozoo_plugins.interactions import Bilinear, Cosine, Difference, ThreeBody
from thermozoo_plugins.potentials import DoubleWell, Quartic
from thermozoo_plugins.projections import DenseMemory, ModernHopfield

from thermozoo import Interaction, Projection, parameter
from thermozoo.computer.computer import assemble
from thermozoo.computer.couplings import EdgeCouplings
from thermozoo.computer.layout import Layout
from thermozoo.computer.term import Term
from thermozoo.computer.terms.couple import couple
from thermozoo.computer.terms.projections import project
from thermozoo.computer.terms.separable import SeparableCouplings
from thermozoo.computer.terms.tuples import TupleCouplings
from thermozoo.dynamics.benchmark import lattice
from thermozoo.dynamics.engines import Drive, Dynamics, engine_for, why_not
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.dynamics.engines.term_forces import term_forces
from thermozoo.dynamics.engines.term_packing import pack_terms
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import EngineError, ShapeError

PRECISIONS = ["single", "double"]
LINE = {"single": 16, "double": 8}
SIZES = {"a": 130, "b": 9, "c": 45}
UNITS = sum(SIZES.values())


@attrs.frozen
class Bump(Interaction):
    """A pair energy that does not separate."""

    name = "bump"
    symmetric = True
    width: float = parameter(1.3, unit="1", above=0, doc="width")

    def energy(self, *x):
        return sympy.exp(-(((x[0] - x[1]) / self.width) ** 2))


@attrs.frozen
class Skew(Interaction):
    """A pair energy whose units may not be exchanged."""

    name = "skew"
    width: float = parameter(0.7, unit="1", above=0, doc="a parameter of the same name as another's")

    def energy(self, *x):
        return sympy.sin(self.width * x[0] + 2 * x[1]) * x[1]


@attrs.frozen
class Cubes(Interaction):
    """A pair energy that separates: of x^3 its slope is a sum over a row of J."""

    name = "cubes"
    a: float = parameter(0.3, unit="1", above=0, doc="strength of the cubes")

    def energy(self, *x):
        return self.a * (x[0] ** 3 + x[1] ** 3) + x[0] ** 2 * sympy.cos(x[1]) + x[1] ** 2 * sympy.cos(x[0])


@attrs.frozen
class FourBodies(Interaction):
    """Four units, none of them like another."""

    name = "four-bodies"
    order = 4

    def energy(self, *x):
        return x[0] * x[1] ** 2 * sympy.tanh(x[2]) * sympy.cos(x[3])


@attrs.frozen
class Mixed(Projection):
    """A sum of exponentials and another, in an energy that is linear in neither, nor in their logarithms."""

    name = "mixed"
    a: float = parameter(0.7, unit="1", above=0, doc="sharpness")

    def energy(self, s):
        return s.sum(sympy.exp(self.a * s.z)) ** sympy.Rational(1, 2) + sympy.cos(s.sum(sympy.tanh(s.z)))


@attrs.frozen
class Undefined(Interaction):
    """No force is defined where both states are the same: of no unit with itself, of none that is filled up with."""

    name = "undefined"

    def energy(self, *x):
        return sympy.sin(x[0] - x[1]) / (x[0] - x[1])


def tuples(random, interaction, count, n=UNITS, scale=0.05):
    """Couplings of random tuples, each once."""
    drawn = np.array([random.choice(n, interaction.order, replace=False) for _ in range(count)])
    kept = drawn[np.unique(np.sort(drawn, axis=1), axis=0, return_index=True)[1]]
    return TupleCouplings(n, kept, scale * random.standard_normal(len(kept)), interaction)


def blocks(random, interaction, layout, connectivity=None, scale=0.03):
    """Dense couplings, or those of another connectivity."""
    couplings = couple(connectivity or Dense(), layout, interaction)
    return couplings.with_vector(scale * random.standard_normal(couplings.size))


def computers(name, make_ring):
    """Two potentials, one group clamped; with as many kinds of terms at once as go together."""
    random = np.random.default_rng(3)
    potential = {"a": Quartic(), "b": Quartic(), "c": DoubleWell(J2=-0.8, J4=1.0)}
    computer = assemble(SIZES, potential, Bipartite(), temperature=0.3, mobility=1.3, clamped="b")
    computer = attrs.evolve(computer, biases=0.1 * random.standard_normal(UNITS))
    layout = computer.layout
    if name == "products":  # of functions of states, some of which are the state itself, a number, or polynomials
        terms = {
            "springs": blocks(random, Difference(), layout, Bipartite(within=["b", "c"])),
            "plain": blocks(random, None, layout),
            "cubes": blocks(random, Cubes(0.4), layout, Bipartite()),
        }
        return attrs.evolve(computer, couplings=blocks(random, Cosine(), layout), terms=terms)
    if name == "tuples":
        terms = {
            "skew": tuples(random, Skew(), 300),
            "three": tuples(random, ThreeBody(), 400),
            "four": tuples(random, FourBodies(), 200),
            "undefined": tuples(random, Undefined(), 20, scale=0.5),
            "ring": blocks(random, Cosine(), layout, make_ring(0)),
            "plain": blocks(random, None, layout, make_ring(0)),
        }
        return attrs.evolve(computer, couplings=tuples(random, Bump(), 500), terms=terms)
    if name == "projections":  # of three formulas, on different units, beside couplings of every kind
        more = {
            "memory": project(
                ModernHopfield(3.0), layout, random.standard_normal((70, 175)), groups=("a", "c"), normalize=True
            ),
            "sharp": project(ModernHopfield(40.0), layout, random.standard_normal((3, 45)), groups="c", normalize=True),
            "powers": project(
                DenseMemory(3), layout, 0.1 * random.standard_normal((130, 54)), groups=("c", "b"),
                weights=random.standard_normal(130),
            ).scaled(0.5),
            "mixed": project(
                Mixed(), layout, 0.1 * random.standard_normal((65, UNITS)), weights=random.uniform(0.2, 2, 65)
            ).scaled(0.5),
        }  # fmt: skip
        terms = {"phases": blocks(random, Cosine(), layout), "three": tuples(random, ThreeBody(), 400), **more}
        return attrs.evolve(computer, couplings=blocks(random, None, layout), terms=terms)
    main = {"beside dense": Dense(), "beside sparse": make_ring(0)}[name]
    terms = {"phases": blocks(random, Cosine(), layout), "three": tuples(random, ThreeBody(), 400)}
    return attrs.evolve(computer, couplings=blocks(random, None, layout, main), terms=terms)


def advance(engine, dynamics, rows=slice(None), *, steps=5, drive=None, split=()):
    """States after each step, and the work, of some of 300 trajectories."""
    start = np.random.default_rng(4).standard_normal((300, dynamics.computer.n))
    x = np.ascontiguousarray(start[rows]).astype(dynamics.dtype)
    record = np.empty((steps, *x.shape), dynamics.dtype)
    work = np.zeros(len(x))
    stepper = engine.prepare(dynamics)
    for a, b in itertools.pairwise([0, *split, steps]):
        advance_rows(
            stepper,
            x,
            key=NoiseKey(2**40 + 5, 9),
            first_step=3 + a,
            steps=b - a,
            trajectories=np.arange(300)[rows] + 7,
            drive=None if drive is None else drive.batch(rows),
            record=record[a:b],
            work=None if drive is None else work,
        )
    return record, work


def drive_for(n, protocols=None):
    random = np.random.default_rng(6)
    signals, which = random.standard_normal((3, n)), random.integers(0, 3, 300)
    if protocols is None:
        return Drive(signals, which, 0.3 * random.standard_normal(20))
    return Drive(signals, which, 0.3 * random.standard_normal((protocols, 20)), random.integers(0, protocols, n))


CASES = [
    ("products", "single", EulerMaruyama()),
    *(pytest.param(*case, marks=pytest.mark.long) for case in (
        ("projections", "single", EulerMaruyama()),
        ("tuples", "double", EulerMaruyama()),
        ("products", "double", StochasticHeun()),
        ("tuples", "single", StochasticHeun()),
        ("projections", "double", StochasticHeun()),
        ("beside dense", "single", EulerMaruyama()),
        ("beside sparse", "double", StochasticHeun()),
    )),
]  # fmt: skip


@pytest.mark.parametrize(("name", "precision", "integrator"), CASES)
def test_terms_do_what_the_reference_does(make_ring, name, precision, integrator):
    """Same noise, so the same states, to 50 units in the last place; in both layouts, driven and not, alone or not."""
    computer = computers(name, make_ring)
    dynamics = Dynamics(computer, integrator, 0.01, precision)
    eps = np.finfo(dynamics.dtype).eps
    for rows, drive in ((slice(0, 1), None), (slice(40, 57), drive_for(UNITS)), (slice(0, 9), drive_for(UNITS, 3))):
        expected, worked = advance(ReferenceEngine(), dynamics, rows, drive=drive)
        scale = 1 + np.abs(expected).max()
        for width in (1, LINE[precision]):
            got, work = advance(CompiledEngine(2, width), dynamics, rows, drive=drive)
            assert np.abs(got - expected).max() <= 50 * eps * scale
            assert np.abs(work - worked).max() <= 1e3 * eps * (1 + np.abs(worked).max())
    # every term counts: without it, states are others by far more than the rounding that is allowed above
    for term in computer.terms:
        less = attrs.evolve(computer, terms={k: v for k, v in computer.terms.items() if k != term})
        other, _ = advance(ReferenceEngine(), attrs.evolve(dynamics, computer=less), slice(0, 9))
        assert np.abs(other - advance(ReferenceEngine(), dynamics, slice(0, 9))[0]).max() > 1e3 * eps * scale


@pytest.mark.parametrize(("name", "precision", "integrator"), CASES)
def test_bits_depend_on_the_trajectory_only(make_ring, name, precision, integrator):
    """Threads 1, 2 and 3, widths, batches of 1 to 300, splits of steps and of the batch: not one bit differs."""
    dynamics = Dynamics(computers(name, make_ring), integrator, 0.01, precision)
    drive = drive_for(UNITS)
    whole, _ = advance(CompiledEngine(2), dynamics, steps=6, drive=drive)
    assert np.isfinite(whole).all()
    for threads, width in itertools.product((1, 2, 3), (1, LINE[precision])):
        for rows in (slice(0, 1), slice(40, 57), slice(0, 300)):
            split = (1, 4) if threads == 2 else ()
            part, _ = advance(CompiledEngine(threads, width), dynamics, rows, steps=6, drive=drive, split=split)
            assert np.array_equal(part, whole[:, rows])


@pytest.mark.long
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("interaction", [None, Bilinear(), Difference(), Cosine(), Bump()], ids=str)
def test_a_pair_energy_is_the_same_in_blocks_and_pair_by_pair(interaction, precision):
    """Dense couplings of 70 units, held as blocks and as pairs, in both engines."""
    random = np.random.default_rng(1)
    computer = assemble({"a": 60, "b": 10}, Quartic(), Dense(), clamped="b", temperature=0.2)
    dense = blocks(random, interaction, computer.layout)
    plain = interaction or Bilinear()
    pairs = TupleCouplings(computer.n, np.asarray(dense.edges), dense.vector, plain)
    eps = np.finfo(np.float32 if precision == "single" else np.float64).eps
    found = []
    for couplings in (dense, pairs):
        dynamics = Dynamics(attrs.evolve(computer, couplings=couplings), EulerMaruyama(), 0.01, precision)
        found += [advance(engine, dynamics, slice(0, 20))[0] for engine in (ReferenceEngine(), CompiledEngine(2))]
        found.append(advance(CompiledEngine(2, 1), dynamics, slice(0, 20))[0])
    for one in found[1:]:
        assert np.abs(one - found[0]).max() <= 50 * eps * (1 + np.abs(found[0]).max())


@pytest.mark.long
@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_lattice_of_phases(euler, precision):
    """Lines of consecutive units, rows' ends where they are not, open boundaries, and pairs that no lattice has."""
    regular = lattice(Quartic(), side=32)
    edges = np.asarray(regular.couplings.edges)
    inside = np.abs(np.diff(edges, axis=1)[:, 0]) != 31 * 32  # open in one direction, periodic in the other
    edges = np.concatenate([edges[inside], [[3, 700], [5, 1000], [64, 640], [1, 1023]]])
    pairs = EdgeCouplings(regular.n, edges, np.random.default_rng(4).standard_normal(len(edges)))
    computer = attrs.evolve(regular, couplings=SeparableCouplings(pairs, Cosine()))
    assert computer.couplings.blocks is None
    dynamics = Dynamics(computer, euler, 0.01, precision)
    expected, _ = advance(ReferenceEngine(), dynamics, slice(0, 3))
    for threads, width in itertools.product((1, 2), (1, LINE[precision])):
        got, _ = advance(CompiledEngine(threads, width), dynamics, slice(0, 3))
        assert np.abs(got - expected).max() <= 50 * np.finfo(dynamics.dtype).eps * (1 + np.abs(expected).max())


def test_an_oracle_without_engines(euler):
    """One step without noise to speak of: each force by hand, over tuples, from the energy written out."""
    random = np.random.default_rng(5)
    n, dt = 12, 0.01
    triples, pairs = tuples(random, ThreeBody(), 30, n), tuples(random, Cosine(), 20, n)
    computer = assemble({"a": n}, Quartic(), Dense(), temperature=1e-30)
    computer = attrs.evolve(computer, couplings=triples, terms={"phases": pairs})
    x = random.standard_normal((1, n))
    got = x.copy()
    stepper = CompiledEngine(1, 1).prepare(Dynamics(computer, euler, dt))
    advance_rows(stepper, got, key=NoiseKey(1), first_step=0, steps=1, trajectories=np.arange(1))
    slope = 2 * x[0] + 4 * x[0] ** 3
    for (i, j, k), strength in zip(triples.tuples, triples.vector, strict=True):
        slope[[i, j, k]] += strength * np.array([x[0, j] * x[0, k], x[0, i] * x[0, k], x[0, i] * x[0, j]])
    for (i, j), strength in zip(pairs.tuples, pairs.vector, strict=True):
        slope[[i, j]] += strength * np.sin(x[0, i] - x[0, j]) * np.array([-1.0, 1.0])
    assert np.abs(got - (x - dt * slope)).max() < 1e-14


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("interaction", [Cosine(), Skew(), ThreeBody(), FourBodies()], ids=lambda one: one.name)
def test_packed_tuples_hold_every_tuple(dtype, interaction):
    """Unpacked by hand, each free unit has its tuples once, in the order of the other units; in both layouts."""
    random = np.random.default_rng(8)
    layout = Layout({"a": 100, "b": 12}, clamped=("b",))
    term = tuples(random, interaction, 150, layout.n)
    # some of them as in a lattice
    chain = np.array([np.arange(k, k + interaction.order) for k in range(20, 70)])
    both = np.concatenate([chain, term.tuples])
    both = both[np.unique(np.sort(both, axis=1), axis=0, return_index=True)[1]]
    term = TupleCouplings(layout.n, both, np.arange(1.0, len(both) + 1), interaction)
    computer = assemble({"a": 100, "b": 12}, Quartic(), Dense(), clamped="b")
    forces = term_forces(attrs.evolve(computer, couplings=term))
    symmetric = interaction.symmetric is True
    line, count = 64 // np.dtype(dtype).itemsize, interaction.order - 1
    for unit_layout in (False, True):
        packed = pack_terms(forces, layout, dtype, unit_layout)
        assert len(packed.places) == (1 if symmetric else interaction.order)
        for place, (start, head, value, column) in enumerate(packed.places.tolist()):
            for unit in range(128):
                row, lane = (unit // line, unit % line) if unit_layout else (unit, 0)
                entries = range(*packed.starts[start + row : start + row + 2].tolist())
                found = []
                for e in entries:
                    others = []
                    for k in range(count):
                        which = int(packed.heads[head + e * count + k])
                        if unit_layout and which >= 0:
                            which += lane
                        elif unit_layout:
                            which = int(packed.columns[column - (which + 1) * line + lane])
                        others.append(which)
                    strength = packed.values[value + e * line + lane] if unit_layout else packed.values[value + e]
                    if strength:
                        found.append((*others, float(strength)))
                expected = []
                for units, strength in zip(both.tolist(), term.vector, strict=True):
                    seen = [k for k, u in enumerate(units) if u == unit and (symmetric or k == place)]
                    for k in seen if unit < 100 else ():
                        rest = units[:k] + units[k + 1 :]
                        expected.append((*(sorted(rest) if symmetric else rest), float(strength)))
                assert found == sorted(expected)


def test_neighbors_of_a_lattice_are_read_at_once():
    """Inside of a lattice no column is read; a boundary alone does not break the lines beside it."""
    site = np.arange(64 * 64).reshape(64, 64)
    edges = np.concatenate([
        np.stack([site[:-1].ravel(), site[1:].ravel()], axis=1),
        np.stack([site[:, :-1].ravel(), site[:, 1:].ravel()], axis=1),
    ])  # fmt: skip
    computer = lattice(Quartic(), side=64)
    couplings = TupleCouplings(computer.n, edges, np.ones(len(edges)), Cosine())
    forces = term_forces(attrs.evolve(computer, couplings=couplings))
    packed = pack_terms(forces, computer.layout, np.float32, unit_layout=True)
    # the first unit of all has no unit before it that a line could begin with
    assert packed.columns.size <= 2 * 16
    assert packed.values.size == 16 * (4 * 256 - 2 * 4)


def test_numbers_are_no_part_of_what_is_compiled(euler):
    """Other parameters of an interaction, strengths and tuples: the same source."""
    texts = set()
    for width, seed, count in ((0.5, 1, 20), (2.0, 2, 30)):
        random = np.random.default_rng(seed)
        computer = assemble({"a": 40}, Quartic(), Dense())
        terms = {"skew": tuples(random, Skew(width), count, 40), "cubes": blocks(random, Cubes(width), computer.layout)}
        computer = attrs.evolve(computer, couplings=tuples(random, Bump(width), count, 40), terms=terms)
        texts.add(CompiledEngine().prepare(Dynamics(computer, euler, 0.01)).kernel_source(unit_layout=True).text)
    assert len(texts) == 1


def test_a_product_for_each_different_function(euler):
    """cos(x - y) needs two products with J, (x - y)^2 / 2 one, of the states themselves."""
    computer = assemble({"a": 40}, Quartic(), Dense())
    text = {}
    for interaction in (Cosine(), Difference()):
        couplings = couple(Dense(), computer.layout, interaction)
        stepper = CompiledEngine().prepare(Dynamics(attrs.evolve(computer, couplings=couplings), euler, 0.01))
        text[interaction.name] = stepper.kernel_source(unit_layout=False).text
        assert stepper.formulas.multiplications == ({"cosine": 2, "difference": 1}[interaction.name] * 40 * 39, 0)
    # besides the product of main couplings that are products of two states, of which there are none here
    assert text["cosine"].count("dense_product(products") == 2
    assert text["difference"].count("dense_product(products, base, size, state, origin") == 1
    # sine and cosine are worked out once: their derivatives read them again
    assert text["cosine"].count("sin(at)") == text["cosine"].count("cos(at)") == 1


@attrs.frozen(eq=False)
class Strange(Term):
    """A term that is no sum over tuples, nor of projections."""

    n: int
    vector = np.zeros(0)

    def energy(self, x):
        return (x.sum(-1)) ** 2

    def gradient(self, x):
        return 2 * np.broadcast_to(x.sum(-1, keepdims=True), x.shape)

    def contract(self, r, x):
        return self.vector

    def with_vector(self, vector):
        return self

    def scaled(self, factor):
        return self

    def identity(self):
        return b"strange"


def test_what_no_kernel_is_written_for(euler):
    """Of a term of another kind the engine says so; `auto` takes one that can do it."""
    computer = assemble({"a": 40}, Quartic(), Dense())
    strange = Dynamics(attrs.evolve(computer, terms={"odd": Strange(40)}), euler, 0.01)
    with pytest.raises(EngineError, match="no kernel is written for the term 'odd' of the energy"):
        CompiledEngine().prepare(strange)
    assert why_not("compiled", strange) is not None
    assert engine_for("auto", strange, 1000, 1000).name == "reference"
    coupled = attrs.evolve(computer, couplings=couple(Dense(), computer.layout, Cosine()))
    assert engine_for("auto", Dynamics(coupled, euler, 0.01), 1000, 10_000).name == "compiled"


def test_a_parameter_of_an_interaction_is_a_number(euler):
    couplings = tuples(np.random.default_rng(1), Bump(np.array([1.0, 2.0])), 5, 20)
    computer = attrs.evolve(assemble({"a": 20}, Quartic(), Dense()), couplings=couplings)
    with pytest.raises(ShapeError, match="width of the interaction 'bump' must be a number in the compiled engine"):
        advance(CompiledEngine(), Dynamics(computer, euler, 0.01), slice(0, 1))
