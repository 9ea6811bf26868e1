"""Compiled training against NumPy's evaluation of the same formulas in double precision, and against plain loops."""

from __future__ import annotations

from types import SimpleNamespace

import attrs
import numpy as np
import pytest
import sympy
from numba import njit
from thermozoo_plugins.connectivities import Bipartite, Dense, Ring
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import DoubleWell, LogCosh, Quartic
from thermozoo_plugins.projections import ModernHopfield
from thermozoo_plugins.protocols import LinearFade

from thermozoo import Objective
from thermozoo.computer.computer import assemble
from thermozoo.computer.terms.projections import project
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.dynamics.engines.panels import add_product, product_of_transpose
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled import learning, moments
from thermozoo.training.sampled.compiled_gradient import CompiledGradient
from thermozoo.training.sampled.compiled_learner import CompiledDescent, CompiledOnline
from thermozoo.training.sampled.learner import PlainDescent, PlainOnline
from thermozoo.training.sampled.loss_law import loss_law

DT = 0.02
#: No group fills whole cache lines.
SIZES = {"visible": 21, "hidden": 34, "label": 5}


@attrs.frozen
class Midpoint(Objective):
    """Quadratic, of the gradients at both ends."""

    name = "midpoint"

    def step_loss(self, s):
        mean = (s.gradient + s.gradient_next) / 2
        return (-(s.x_next - s.x) + s.mobility * mean * s.dt) ** 2 / (4 * s.mobility * s.kT * s.dt)


@attrs.frozen
class Saturating(Objective):
    """Not quadratic: large residuals count less."""

    name = "saturating"

    def step_loss(self, s):
        z = (-(s.x_next - s.x) + s.mobility * s.gradient_next * s.dt) / sympy.sqrt(2 * s.mobility * s.kT * s.dt)
        return sympy.log(1 + z**2 / 3)


@attrs.frozen
class BothSaturating(Objective):
    """Not quadratic, of the gradients at both ends, one of them unequal to the other."""

    name = "both-saturating"

    def step_loss(self, s):
        z = (-(s.x_next - s.x) + s.mobility * (s.gradient + 2 * s.gradient_next) * s.dt / 3) / s.dt
        return sympy.sqrt(1 + z**2) + s.x * s.gradient / 7


OBJECTIVES = {one.name: one for one in (ReverseLikelihood(), Midpoint(), Saturating(), BothSaturating())}
STRUCTURES = {
    "dense": Dense(),
    "bipartite": Bipartite(),
    "within": Bipartite(within=["hidden"]),
}


def random_computer(structure, clamped=("label",), sizes=SIZES):
    random = np.random.default_rng(8)
    hidden = sizes["hidden"]
    computer = assemble(
        sizes,
        {
            "visible": Quartic(),
            "hidden": DoubleWell(J2=-random.uniform(0.2, 0.9, hidden), J4=0.8),
            "label": LogCosh(),
        },
        STRUCTURES[structure],
        temperature=0.4,
        mobility=1.3,
        trainable_biases=["hidden"],
        clamped=clamped,
    )
    with_numbers = computer.with_parameters(0.2 * random.standard_normal(len(computer.parameters)))
    return attrs.evolve(with_numbers, biases=with_numbers.biases + 0.1 * ~computer.trainable_biases)


def random_states(computer, rows, dtype=np.float64, seed=4):
    random = np.random.default_rng(seed)
    walk = 0.1 * np.cumsum(random.standard_normal((rows, computer.n)), axis=0) / np.sqrt(rows / 10)
    walk[:, ~computer.layout.free] = random.standard_normal(computer.n)[~computer.layout.free]
    return walk.astype(dtype)


def loss_of(computer, objective, weighted=True):
    weights = np.random.default_rng(2).uniform(0.2, 2.0, computer.n) if weighted else None
    return StepLoss(OBJECTIVES[objective], DT, weights)


def summed(computer, loss, states, lag, threads=1, **settings):
    law = loss_law(computer, loss, states.dtype)
    sums = CompiledGradient(law, threads=threads, **settings)
    sums.add(*sums.packed(computer), states, lag)
    return law.slots, sums


def found(computer, slots, sums):
    by_coupling = sums.by_coupling.copy()
    slots.symmetrize(by_coupling)
    return sums.losses.sum(), np.concatenate(
        [slots.unpack(by_coupling), sums.by_unit[slots.where][computer.trainable_biases]]
    )


@njit
def products(c, d, a, b, rows, depth):
    """C = A B and D = A^T B of matrices in panels: 2 panels of A, one of B."""
    add_product(c, 0, a, 0, rows * 8, b, 0, rows, depth)
    for panel in range(2):
        product_of_transpose(d, panel * 64, a, panel * rows * 8, b, 0, rows)


def test_products_of_panels_are_those_of_matrices():
    """Small whole numbers, so that sums are exact in any order."""
    rows, depth, line = 24, 16, 8
    random = np.random.default_rng(1)
    a, b = random.integers(-9, 9, (rows, depth)), random.integers(-9, 9, (rows, line))
    panels = np.ascontiguousarray(a.reshape(rows, 2, line).transpose(1, 0, 2), dtype=float).ravel()
    c, d = aligned(rows * line, np.float64), aligned(depth * line, np.float64)
    products(c, d, panels, b.astype(float).ravel(), rows, depth)
    assert np.array_equal(c.reshape(rows, line), a @ b[:depth])
    assert np.array_equal(d.reshape(depth, line), a.T @ b)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("clamped", [(), ("label",), ("visible",)])
def test_strengths_survive_their_panels(structure, clamped):
    computer = random_computer(structure, clamped)
    slots = loss_law(computer, loss_of(computer, "midpoint"), np.float32).slots
    vector = computer.couplings.vector
    assert np.array_equal(slots.unpack(slots.pack(vector, np.float64)), vector)
    both = slots.pack(vector, np.float64)
    slots.symmetrize(both)
    twice = np.concatenate([np.full(b.part.part.stop - b.part.part.start, 1 + b.diagonal) for b in slots.blocks])
    assert np.array_equal(slots.unpack(both), twice * vector)


@pytest.mark.thinned(48)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(("clamped", "weighted"), [((), False), (("label",), True), (("visible",), True)])
@pytest.mark.parametrize(("lag", "dtype"), [(1, np.float64), (3, np.float32)])
def test_gradients_are_those_of_numpy(objective, structure, clamped, weighted, lag, dtype):
    computer = random_computer(structure, clamped)
    loss = loss_of(computer, objective, weighted)
    states = random_states(computer, 301, dtype)
    slots, sums = summed(computer, loss, states, lag)
    value, gradient = found(computer, slots, sums)
    wide = states.astype(float)
    expected, wanted = loss.gradient(computer, wide[:-lag], wide[lag:])
    # a sum of R terms of about one size, each a sum of n: their rounding errors, as if all pointed one way
    size = np.abs(wanted).max() + len(states) ** 0.5
    eps = float(np.finfo(dtype).eps)
    assert value == pytest.approx(expected, rel=200 * eps)
    assert np.abs(gradient - wanted).max() <= 200 * eps * size
    assert np.abs(wanted).max() > 1.0


@pytest.mark.thinned(3)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("code", ["compiled", "numpy"])
def test_gradients_are_the_slopes_of_the_loss(objective, code):
    """Central differences of NumPy's loss along random directions, in double precision, with weights."""
    computer = random_computer("within")
    loss = loss_of(computer, objective)
    states = random_states(computer, 40)
    if code == "compiled":
        _, gradient = found(computer, *summed(computer, loss, states, 1))
    else:
        _, gradient = loss.gradient(computer, states[:-1], states[1:])
    random, h = np.random.default_rng(6), 1e-4
    for _ in range(5):
        direction = random.standard_normal(len(gradient)) / len(gradient) ** 0.5
        up, down = (
            loss.value(computer.with_parameters(computer.parameters + s * h * direction), states[:-1], states[1:]).sum()
            for s in (1, -1)
        )
        assert gradient @ direction == pytest.approx((up - down) / (2 * h), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.long)])
def test_bits_do_not_depend_on_the_number_of_threads(dtype, monkeypatch):
    monkeypatch.setattr("thermozoo.training.sampled.compiled_gradient._ALONE", 0)
    computer = random_computer("within")
    loss, states = loss_of(computer, "both-saturating"), random_states(computer, 600, dtype)
    several = [
        summed(computer, loss, states, 2, threads, factors=((0.6, -0.8), (0.8, 0.6)))[1] for threads in (1, 2, 3)
    ]
    for name in ("losses", "by_unit", "by_coupling", "by_pair", "by_factor"):
        one, *others = (getattr(sums, name) for sums in several)
        assert one.any()
        assert all(np.array_equal(one, other) for other in others)


def process_of(computer, engine="compiled", precision="double", steps=90, images=3):
    signals = np.random.default_rng(3).normal(size=(images, computer.n))
    noising = Noising.of(Dynamics(computer, EulerMaruyama(), DT, precision, steps), signals, LinearFade())
    return NoisingProcess(noising, engine_named(engine))


@pytest.mark.parametrize("objective", ["reverse-likelihood", "midpoint"])
@pytest.mark.parametrize("windows", [pytest.param(1, marks=pytest.mark.long), 3])
def test_moments_are_those_of_numpy(objective, windows, monkeypatch):
    computer = random_computer("within")
    loss, process = loss_of(computer, objective), process_of(computer)

    def equations():
        return moments.sampled_equations(computer, process, loss, np.arange(7), seed=5, windows=windows)

    compiled = equations()
    monkeypatch.setattr(moments, "compiled_law", lambda *_: None)
    plain = equations()
    assert len(compiled) == len(plain) == windows
    for one, other in zip(compiled, plain, strict=True):
        assert one.free.tolist() == other.free.tolist()
        for what in (
            lambda e: e.gradient.couplings,
            lambda e: e.gradient.local,
            lambda e: e.moments,
            lambda e: e.weight,
            lambda e: e.pairs._gram,
            lambda e: e.pairs._mean,
        ):
            np.testing.assert_allclose(what(one), what(other), rtol=1e-12, atol=1e-12 * np.abs(what(other)).max())
        vector = np.random.default_rng(9).standard_normal(computer.couplings.size)
        found, wanted = (e.pairs.product(vector, lambda back: back, e.weight)[0] for e in (one, other))
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10 * np.abs(wanted).max())


@pytest.mark.thinned(24)
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("clamped", [(), ("label",), ("hidden",)])
@pytest.mark.parametrize(("dtype", "most"), [(np.float64, 1e-10), (np.float32, 3e-4)])
def test_online_does_an_update_a_step(structure, clamped, dtype, most):
    """A loss that is not quadratic, with weights, over a stretch of two groups of held-back updates and a part."""
    computer = random_computer(structure, clamped)
    loss, rate = loss_of(computer, "saturating"), 2e-2
    states = random_states(computer, 80, dtype)
    learner = CompiledOnline(loss_law(computer, loss, dtype), rate)
    learner.learn(states)
    total = learner.finish()
    plainly, expected = computer, 0.0
    wide = states.astype(float)
    for before, after in zip(wide[:-1, None], wide[1:, None], strict=True):
        value, gradient = loss.gradient(plainly, before, after)
        plainly = plainly.with_parameters(plainly.parameters - rate * gradient)
        expected += value
    moved = np.abs(plainly.parameters - computer.parameters).max()
    assert moved > 0.02
    assert np.abs(learner.computer.parameters - plainly.parameters).max() <= most * moved
    assert total == pytest.approx(expected, rel=most)
    assert learner.value(states) == pytest.approx(loss.value(plainly, wide[:-1], wide[1:]).sum(), rel=most)
    assert not np.isclose(expected, loss.value(computer, wide[:-1], wide[1:]).sum(), rtol=most)


def test_longer_stretches_are_done_in_pieces():
    computer = random_computer("bipartite")
    loss, states = loss_of(computer, "reverse-likelihood"), random_states(computer, 1100)
    law = loss_law(computer, loss, states.dtype)
    descent = CompiledDescent(law, 1e-4)
    value = descent.value(states)
    descent.learn(states)
    expected, gradient = loss.gradient(computer, states[:-1], states[1:])
    assert value == pytest.approx(expected)
    assert descent.finish() == pytest.approx(expected)
    np.testing.assert_allclose(
        descent.computer.parameters, computer.parameters - 1e-4 * gradient, rtol=1e-9, atol=1e-12
    )


def chosen(computer, method, engine="compiled", objective="reverse-likelihood"):
    process = SimpleNamespace(engine=SimpleNamespace(name=engine), dynamics=SimpleNamespace(dtype=np.float64))
    return type(learning.learner_for(method, computer, process, loss_of(computer, objective), 1e-3))


def test_what_kernels_are_not_for_is_left_to_numpy():
    computer = random_computer("dense")
    assert chosen(computer, "descent") is CompiledDescent
    assert chosen(computer, "online") is CompiledOnline
    assert chosen(computer, "descent", "reference") is PlainDescent
    edges = assemble({"visible": 30}, Quartic(), Ring(), temperature=0.3)
    assert chosen(edges, "descent") is PlainDescent
    assert chosen(edges, "online") is PlainOnline
    patterns = np.random.default_rng(0).choice([-1.0, 1.0], (3, computer.n))
    terms = computer.with_terms({"memory": project(ModernHopfield(), computer.layout, patterns)})
    assert chosen(terms, "descent") is PlainDescent
    many = assemble({f"g{k}": 2 for k in range(70)}, Quartic(), Dense(), temperature=0.3)
    assert chosen(many, "descent") is PlainDescent


@pytest.mark.parametrize(
    ("method", "online"),
    [
        ("descent", False),
        *(pytest.param(*one, marks=pytest.mark.long) for one in (("online", True), ("moments", False))),
    ],
)
def test_kernels_are_compiled_ahead(method, online, tmp_path, monkeypatch):
    """In a folder of their own, so that no other test has compiled them."""
    monkeypatch.setenv("THERMOZOO_CACHE", str(tmp_path))
    monkeypatch.setattr("thermozoo.dynamics.engines.kernel_cache._LOADED", {})
    computer = random_computer("bipartite")
    loss, process = loss_of(computer, "reverse-likelihood"), process_of(computer, steps=2)
    law = loss_law(computer, loss, np.float64)
    kernel = law.kernel(law.source(online), online)
    assert not kernel.advance.signatures
    learning.compile_ahead(method, computer, process, loss)
    assert kernel.advance.signatures
