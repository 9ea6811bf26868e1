"""Energies of projections in the compiled engine: by hand, driven, with clamped units, and what is compiled.

That it does what the reference engine does beside all other terms is shown in `test_compiled_terms`. Here all tests
but one share their kernels: the same terms by the same names.
"""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
import sympy
from scipy.special import softmax
from thermozoo_plugins.integrators import Baoab, EulerMaruyama
from thermozoo_plugins.projections import DenseMemory, ModernHopfield

import thermozoo as tz
from thermozoo import Projection
from thermozoo.computer.program import Program
from thermozoo.dynamics.engines import Dynamics, compiled, engine_for
from thermozoo.dynamics.engines.arrangement import Arrangement
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.simulate import simulate

#: Both layouts of both precisions.
PLACES = [
    ("single", 1),
    ("single", 16),
    *(pytest.param("double", width, marks=pytest.mark.long) for width in (1, 8)),
]
STATES = np.random.default_rng(2).standard_normal((3, 80))

#: How close forces of size one from one step are.
CLOSE = {"single": 5e-4, "double": 1e-11}


@attrs.frozen
class Inverse(Projection):
    """Nothing of it is finite at zero, where the projections are that lines of patterns are filled up with."""

    name = "inverse"

    def energy(self, s):
        return -sympy.log(s.sum(s.z**-2))


def computer(**options):
    return tz.assemble({"a": 70, "b": 10}, tz.get("quartic"), tz.get("dense"), temperature=1e-30, **options)


def forces(base, precision, width, states=STATES):
    """The derivative of the energy of projections, from one step without noise to speak of."""
    dynamics = Dynamics(base, EulerMaruyama(), 2.0**-7, precision)
    begin = states.astype(dynamics.dtype)
    x = begin.copy()
    stepper = CompiledEngine(2, width).prepare(dynamics)
    advance_rows(stepper, x, key=NoiseKey(1), first_step=0, steps=1, trajectories=np.arange(len(x)))
    found = (begin.astype(float) - x) * 2.0**7 - (2 * begin + 4 * begin.astype(float) ** 3)
    return np.where(base.layout.free, found, (begin - x) * 2.0**7)


@pytest.mark.long
@pytest.mark.parametrize(("precision", "width"), PLACES)
@pytest.mark.parametrize("beta", [2.0, 1e6])
def test_attention_by_hand(precision, width, beta):
    """Softmax of what is projected, of the logarithms of weights and all; exponents up to ten million."""
    base, random = computer(), np.random.default_rng(3)
    # projections that differ by far more than rounding: at a large beta the force is one pattern
    patterns = random.permutation(np.linspace(-1, 1, 100))[:, None] * np.sign(STATES[0]) / 8
    weights = random.uniform(0.1, 3, 100)
    memory = tz.project(ModernHopfield(beta), base.layout, patterns, weights=weights)
    nothing = tz.project(DenseMemory(3), base.layout, patterns).scaled(0.0)
    got = forces(base.with_terms({"memory": memory, "powers": nothing}), precision, width)
    share = softmax(beta * STATES @ patterns.T + np.log(weights), axis=1)
    assert np.abs(got[0] + share[0] @ patterns).max() < CLOSE[precision]
    assert np.isfinite(got).all()
    assert (share[0].max() == 1.0) == (beta > 1e3)


@pytest.mark.long
@pytest.mark.parametrize(("precision", "width"), PLACES[:1] + PLACES[2:])
def test_what_lines_are_filled_up_with_adds_nothing(precision, width):
    base, states = computer(), np.abs(STATES)
    patterns = np.abs(np.random.default_rng(4).standard_normal((3, 80)))
    got = forces(base.with_terms({"memory": tz.project(Inverse(), base.layout, patterns)}), precision, width, states)
    z = states @ patterns.T
    expected = (2 * z**-3 / (z**-2).sum(axis=1, keepdims=True)) @ patterns
    assert np.abs(expected).max() > 10 * CLOSE[precision]
    assert np.abs(got - expected).max() < CLOSE[precision]


@pytest.mark.parametrize(("precision", "width"), PLACES)
def test_clamped_units_act_and_are_not_acted_upon(precision, width):
    """Each force by hand, loop by loop; a memory of clamped units alone does nothing."""
    base = computer(clamped="b")
    patterns = np.random.default_rng(5).standard_normal((67, 80)) / 8
    alone = tz.project(ModernHopfield(3.0), base.layout, patterns[:, :10], groups="b")
    powers = tz.project(DenseMemory(3), base.layout, patterns, groups=["b", "a"]).scaled(0.5)
    got = forces(base.with_terms({"memory": alone, "powers": powers}), precision, width)
    expected = np.zeros((3, 80))
    for row, pattern in itertools.product(range(3), patterns):
        z = sum(p * s for p, s in zip(pattern, [*STATES[row, 70:], *STATES[row, :70]], strict=True))
        expected[row, :70] -= 0.5 * 3 * z**2 * pattern[10:]
    assert np.abs(got - expected).max() < CLOSE[precision] * (1 + np.abs(expected).max())
    assert not got[:, 70:].any()
    acting = sum(np.abs(3 * 0.5 * (STATES[:, 70:] @ p[:10])[:, None] * p[10:]).max() for p in patterns)
    assert acting > 100 * CLOSE[precision]


@pytest.mark.parametrize("precision", ["single", pytest.param("double", marks=pytest.mark.long)])
def test_threads_that_share_out_patterns(monkeypatch, precision):
    """Threads on one trajectory together, trajectories in turns or side by side: not one bit differs."""
    base, random = attrs.evolve(computer(), temperature=0.2), np.random.default_rng(6)
    layout, patterns = base.layout, random.standard_normal((300, 80)) / 8
    terms = {
        "memory": tz.project(ModernHopfield(5.0), layout, patterns),
        "powers": tz.project(DenseMemory(3), layout, patterns[:100]).scaled(0.3),
    }
    dynamics = Dynamics(base.with_terms(terms), EulerMaruyama(), 0.01, precision)
    found = []
    ways = [(True, 1, False, 1), (True, 2, False, 4), (True, 2, True, 1), (True, 3, True, 1), (False, 2, False, 1)]
    for way in ways:
        monkeypatch.setattr(compiled, "arrange", lambda *_, way=way: Arrangement(*way))
        x = np.random.default_rng(7).standard_normal((18, 80)).astype(dynamics.dtype)
        advance_rows(
            CompiledEngine(3).prepare(dynamics), x, key=NoiseKey(3), first_step=0, steps=50, trajectories=np.arange(18)
        )
        found.append(x)
    assert np.isfinite(found[0]).all()
    for one, way in zip(found, ways, strict=True):
        assert np.array_equal(one, found[0]), way


@pytest.mark.parametrize("precision", ["single", pytest.param("double", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "integrator", [EulerMaruyama(), pytest.param(Baoab(mass=0.5), marks=pytest.mark.long)], ids=lambda one: one.name
)
def test_a_driven_amplitude_and_a_program(precision, integrator):
    """Two memories, one of them driven, of a program of two computers: states and work of the reference engine."""
    base, random = attrs.evolve(computer(clamped="b"), temperature=0.2), np.random.default_rng(8)
    patterns = random.standard_normal((20, 80)) / 3
    terms = {
        "memory": tz.project(ModernHopfield(2.0), base.layout, patterns),
        "powers": tz.project(DenseMemory(3), base.layout, patterns / 5).scaled(0.1),
    }
    first = base.with_terms(terms)
    second = first.with_parameters(0.1 * random.standard_normal(first.parameters.size))
    schedule = Schedule({"memory": np.linspace(-1.0, 2.0, 21), "coupling": np.linspace(1.0, 0.5, 21)})
    program = Program([first, second], shares=[0.25, 0.75])
    dynamics = Dynamics(program, integrator, dt=0.01, precision=precision, steps=20, schedule=schedule)
    start = random.standard_normal((5, 80))
    expected, *found = (
        simulate(dynamics, start, 20, key=NoiseKey(4), engine=engine)
        for engine in (ReferenceEngine(), CompiledEngine(1, 1), CompiledEngine(2), CompiledEngine(3, 1))
    )
    allowed = 200 * np.finfo(dynamics.dtype).eps * (1 + np.abs(expected.final).max())
    for one in found:
        assert np.array_equal(one.final, found[0].final)
        assert np.abs(one.final - expected.final).max() < allowed
        assert np.abs(one.work_by_term["memory"] - expected.work_by_term["memory"]).max() < 100 * allowed
    plain = Schedule({"coupling": np.linspace(1.0, 0.5, 21)})
    other = simulate(attrs.evolve(dynamics, schedule=plain), start, 20, key=NoiseKey(4), engine=ReferenceEngine())
    assert np.abs(other.final - expected.final).max() > 30 * allowed


def test_numbers_are_no_part_of_what_is_compiled():
    """Other parameters, weights and patterns, one or several terms of a formula: one function of each formula."""
    base, random = computer(), np.random.default_rng(9)
    texts = set()
    for beta, count in ((0.5, 3), (20.0, 90)):
        patterns = random.standard_normal((count, 80))
        weights = random.uniform(1, 2, count)
        terms = {
            "memory": tz.project(ModernHopfield(beta), base.layout, patterns, weights=weights),
            "again": tz.project(ModernHopfield(beta + 1), base.layout, patterns[:2, :70], groups="a"),
            "powers": tz.project(DenseMemory(3), base.layout, patterns),
        }
        dynamics = Dynamics(base.with_terms(terms), EulerMaruyama(), 0.01)
        stepper = CompiledEngine().prepare(dynamics)
        texts.add(stepper.kernel_source(unit_layout=True).text)
        assert stepper.formulas.multiplications == (80 * 79 + 2 * 80 * count + 2 * 70 * 2 + 2 * 80 * count, 0)
        assert engine_for("auto", dynamics, 10**4, 10**4).name == "compiled"
    assert len(texts) == 1
    assert texts.pop().count("def weigh_patterns") == 2
