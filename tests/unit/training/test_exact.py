"""Exact and sampled normal equations against direct least squares over all free parameters."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic
from thermozoo_plugins.protocols import Constant, LinearFade

from thermozoo import Connectivity, Objective, Potential, parameter
from thermozoo.computer.computer import assemble
from thermozoo.computer.couplings import EdgeCouplings
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.errors import ParameterError, TrainingError
from thermozoo.training.breakpoints import breakpoints
from thermozoo.training.evaluate import evaluate
from thermozoo.training.exact import signal_functions
from thermozoo.training.exact.exact_equations import exact_equations
from thermozoo.training.exact.refinement import solve_moments
from thermozoo.training.exact.train import WORK, train_exact
from thermozoo.training.exact.unit_grid import Unit
from thermozoo.training.least_squares.normal_equations import NormalEquations, Unknowns
from thermozoo.training.least_squares.pair_sums import DensePairs, SparsePairs, pair_sums
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Imposed, Noising
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.moments import sampled_equations, train_by_moments

DT, STEPS = 1e-3, 500
DURATION = DT * STEPS
FADE = LinearFade(amplitude=2.0, fade=0.75)
LOSS = StepLoss(ReverseLikelihood(), DT)


@attrs.frozen
class Ring(Connectivity):
    """Neighbors on a ring."""

    name = "test-ring"

    def edges(self, layout):
        i = np.arange(layout.n)
        return np.stack([i, (i + 1) % layout.n], axis=1)


@attrs.frozen
class Scattered(Connectivity):
    """Half of all pairs."""

    name = "test-scattered"

    def edges(self, layout):
        i, j = np.triu_indices(layout.n, k=1)
        return np.stack([i, j], axis=1)[(i * 7 + j * 3) % 2 == 0]


@attrs.frozen
class Nothing(Connectivity):
    """No pair."""

    name = "test-nothing"

    def edges(self, layout):
        return np.empty((0, 2), dtype=int)


def ring_of(count):
    return assemble({"visible": count}, Quartic(), Ring(), temperature=0.2, trainable_biases=["visible"])


def machines():
    sizes = {"visible": 5, "hidden": 3}
    mixed = {"visible": Quartic(J2=0.5), "hidden": DoubleWell(J2=-0.3)}
    keys = {"temperature": 0.2, "mobility": 1.3, "trainable_biases": ["hidden"]}
    yield "dense", assemble(sizes, Quartic(), Dense(), **keys)
    yield "bipartite", assemble(sizes, mixed, Bipartite(within=["hidden"]), **keys)
    yield "scattered", assemble(sizes, mixed, Scattered(), **keys)
    yield "nothing", assemble(sizes, mixed, Nothing(), **keys)
    yield "ring", ring_of(40)
    per_unit = {"visible": Quartic(J2=[0.5, 1.0, 0.5, 1.0, 2.0]), "hidden": Quartic()}
    yield "per-unit", assemble(sizes, per_unit, Dense(), **keys)
    yield "clamped", assemble(sizes | {"clamped": 2}, Quartic(), Dense(), clamped=["clamped"], **keys)
    biased = assemble(sizes, Quartic(), Dense(), **keys)
    yield "fixed-biases", attrs.evolve(biased, biases=np.linspace(-0.5, 0.7, 8))


MACHINES = dict(machines())


def signals(computer, images, seed=0):
    s = np.random.default_rng(seed).normal(size=(images, computer.n))
    s[:, ~computer.layout.free] = 0.0
    return s


def noised(computer, s, steps=STEPS, dt=DT):
    return Noising.of(Dynamics(computer, EulerMaruyama(), dt, steps=steps), s, FADE)


def quartic(J2, J4, computer):
    return Unit(
        lambda x: J2 * x**2 + J4 * x**4,
        lambda x: 2 * J2 * x + 4 * J4 * x**3,
        computer.temperature,
        computer.mobility,
    )


def unit_of(computer, i):
    """On-site functions of one unit of these machines, by hand, and its parameters."""
    for where, site in computer.onsite.parts():
        if where.start <= i < where.stop:
            J2, J4 = (v[i - where.start] if np.ndim(v) else v for v in (site.values["J2"], site.values["J4"]))
            return quartic(J2, J4, computer), (J2, J4)
    raise AssertionError


def fade_of(protocol, times):
    return protocol.amplitude * np.maximum(0, 1 - times / (protocol.fade * DURATION))


def least_squares(computer, s, window=(0.0, DURATION), weights=None, protocols=None):
    """Minimum over all free parameters as one least-squares problem, from independently averaged moments.

    For independent units, <(y + b + sum_j J_ij x_j)^2> = (y + b + sum_j J_ij m_j)^2 + sum_j J_ij^2 v_j + const: a row
    for every time, image and unit, and a row for every coupling; each with the root of its unit's weight. A clamped
    unit has its signal for a mean and no variance. Of several minima it is that of least norm.
    """
    edges, n = computer.couplings.edges, computer.n
    moving = np.flatnonzero(computer.layout.free)
    weights = np.ones(n) if weights is None else weights
    protocols = [FADE] * n if protocols is None else protocols
    solved, m = {}, None
    span = (float(s[:, moving].min()), float(s[:, moving].max()))
    cuts = [*window, *(one.fade * DURATION for one in protocols)]
    for i in moving:
        unit, key = unit_of(computer, i)
        key = (key, protocols[i])
        if key not in solved:
            solved[key] = solve_moments(
                unit, lambda t, i=i: fade_of(protocols[i], t), DURATION, span, breakpoints=cuts, tolerance=1e-4
            ).resampled(40)
        moments = solved[key]
        if m is None:
            times, quadrature = moments.times, moments.weights
            m, v, y = (np.zeros((times.size, len(s), n)) for _ in range(3))
            m[:] = s
        a = fade_of(protocols[i], times)
        m[:, :, i], v[:, :, i] = moments("mean", s[:, i]), moments("variance", s[:, i])
        y[:, :, i] = 2 * moments("force", s[:, i]) - a[:, None] * s[:, i]
    inside = (times > window[0]) & (times < window[1])
    m, v, y, quadrature = m[inside], v[inside], y[inside], quadrature[inside]
    free = np.flatnonzero(computer.trainable_biases & computer.layout.free)
    fixed = np.where(computer.trainable_biases, 0.0, computer.biases)
    root = np.sqrt(np.repeat(quadrature, len(s)))
    m, v, y = (z.reshape(-1, n) for z in (m, v, y))
    rows, targets = [], []
    for i in moving:
        row = np.zeros((len(m), len(edges) + len(free)))
        for e, (a, b) in enumerate(edges):
            if i in (a, b):
                row[:, e] = m[:, b if i == a else a]
        row[:, len(edges) :] = free == i
        rows.append(np.sqrt(weights[i]) * root[:, None] * row)
        targets.append(-np.sqrt(weights[i]) * root * (y[:, i] + fixed[i]))
    for e, (a, b) in enumerate(edges):
        both = sum(weights[k] * v[:, j] * (k in moving) for j, k in ((a, b), (b, a)))
        row = np.zeros((1, len(edges) + len(free)))
        row[0, e] = np.sqrt(root**2 @ both)
        rows.append(row)
        targets.append(np.zeros(1))
    return np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]


def sometimes(names, *rarely):
    """Return names as parameters; the long run alone takes those whose like another one is."""
    return [pytest.param(name, marks=pytest.mark.long) if name in rarely else name for name in names]


@pytest.mark.parametrize("name", sometimes(MACHINES, "nothing", "scattered", "bipartite"))
def test_exact_training_is_least_squares_over_all_free_parameters(name):
    computer = MACHINES[name]
    s = signals(computer, 3 if name == "ring" else 4)
    result = train_exact(computer, noised(computer, s), LOSS, tolerance=1e-10, moment_tolerance=1e-4)
    expected = least_squares(computer, s)
    np.testing.assert_allclose(result.computer.parameters, expected, atol=2e-3 * np.abs(expected).max())
    assert result.details["residual"][0] <= 1e-10
    clamped = ~computer.layout.free
    assert np.all(result.computer.couplings.matrix()[clamped] == 0)
    held = ~computer.trainable_biases
    assert np.array_equal(result.computer.biases[held], computer.biases[held])


@pytest.mark.long
def test_every_window_is_least_squares_over_its_time():
    computer = MACHINES["bipartite"]
    s = signals(computer, 4)
    result = train_exact(computer, noised(computer, s), LOSS, windows=2, moment_tolerance=1e-4)
    early, late = (least_squares(computer, s, w) for w in ((0.0, 0.25), (0.25, 0.5)))
    # The first steps of noising are the last of generation.
    np.testing.assert_allclose(result.program.computers[1].parameters, early, atol=2e-3 * np.abs(early).max())
    np.testing.assert_allclose(result.program.computers[0].parameters, late, atol=2e-3 * np.abs(late).max())
    assert result.computer is result.program.computers[1]


@pytest.mark.long
def test_uneven_windows_take_their_shares_of_the_time():
    computer = MACHINES["bipartite"]
    s = signals(computer, 4)
    result = train_exact(computer, noised(computer, s), LOSS, windows=[1.0, 3.0], moment_tolerance=1e-4)
    early, late = (least_squares(computer, s, w) for w in ((0.0, 0.125), (0.125, 0.5)))
    np.testing.assert_allclose(result.program.computers[1].parameters, early, atol=2e-3 * np.abs(early).max())
    np.testing.assert_allclose(result.program.computers[0].parameters, late, atol=2e-3 * np.abs(late).max())
    for strange, told in (([], "none"), ([0.0, 0.0], "0, 0"), ([0.5, -0.5], "0.5, -0.5")):
        with pytest.raises(ParameterError, match=rf"positive shares of the duration, .*, got {told}$"):
            train_exact(computer, noised(computer, s), LOSS, windows=strange)
    with pytest.raises(ParameterError, match=r"window 1, with a share of 0\.0005, takes none"):
        train_exact(computer, noised(computer, s), LOSS, windows=[0.9995, 0.0005])


def test_windows_are_solved_for_their_middle():
    """An average over a thousandth of the duration is that over an instant."""
    computer = MACHINES["bipartite"]
    s = signals(computer, 4)
    found = train_exact(
        computer, noised(computer, s), LOSS, windows=[1.0, 3.0], window_times="middle", moment_tolerance=1e-4
    )
    for middle, one in zip((0.0625, 0.3125), found.program.computers[::-1], strict=True):
        expected = least_squares(computer, s, (middle - 2.5e-4, middle + 2.5e-4))
        np.testing.assert_allclose(one.parameters, expected, atol=2e-3 * np.abs(expected).max())
    with pytest.raises(ParameterError, match="window_times"):
        train_exact(computer, noised(computer, s), LOSS, window_times="start")


@attrs.frozen
class NotToImage(Connectivity):
    """All pairs but those of the image with the labels."""

    name = "test-not-to-image"

    def edges(self, layout):
        i, j = np.triu_indices(layout.n, k=1)
        image, label = layout.slice("visible"), layout.slice("label")
        return np.stack([i, j], axis=1)[~((i < image.stop) & (j >= label.start))]


def conditioned():
    """Machines with clamped units, and the values that these hold for four images."""
    sizes, one_hot = {"visible": 5, "hidden": 3, "label": 3}, np.eye(3)[[0, 1, 2, 0]]
    keys = {"temperature": 0.2, "mobility": 1.3, "clamped": ["label"]}
    both, mixed = ["visible", "hidden"], {"visible": Quartic(J2=0.5), "hidden": DoubleWell(J2=-0.3), "label": Quartic()}
    yield "all", assemble(sizes, mixed, Dense(), trainable_biases=both, **keys), one_hot
    yield "some", assemble(sizes, mixed, NotToImage(), trainable_biases=["hidden"], **keys), one_hot
    biased = assemble(sizes, Quartic(), Bipartite(within=["hidden"]), **keys)
    yield "fixed-biases", attrs.evolve(biased, biases=np.linspace(-0.5, 0.7, 11)), one_hot
    ring = assemble({"visible": 37, "label": 3}, Quartic(), Ring(), trainable_biases=["visible"], **keys)
    yield "ring", ring, np.array([[0.5, 0, 2.0], [1.0, 0, -1.0], [-0.3, 0, 0.4], [0.1, 0, 0.7]])


CONDITIONED = {name: (computer, held) for name, computer, held in conditioned()}


def two_protocols(computer, held):
    """A noising of which every second unit has another protocol, and a loss with weights."""
    s, units = signals(computer, 4), np.flatnonzero(computer.layout.free)
    s[:, ~computer.layout.free] = held
    imposed = Imposed(FADE, units[::2]), Imposed(LinearFade(amplitude=1.5, fade=0.5), units[1::2])
    noising = Noising(Dynamics(computer, EulerMaruyama(), DT, steps=STEPS), s, imposed)
    return noising, noising.loss(ReverseLikelihood(), np.linspace(0.1, 1.5, computer.n))


@pytest.mark.parametrize("name", sometimes(CONDITIONED, "some", "fixed-biases"))
def test_weighted_training_with_clamped_units_and_two_protocols_is_least_squares(name):
    """Labels that add up to one beside a bias have many minima: the one of least norm is taken."""
    computer, held = CONDITIONED[name]
    noising, loss = two_protocols(computer, held)
    result = train_exact(computer, noising, loss, tolerance=1e-10, moment_tolerance=1e-4)
    by_unit = [noising.protocols[which].protocol for which in noising.protocol_of]
    expected = least_squares(computer, noising.signals, weights=loss.weights, protocols=by_unit)
    kept = ~computer.trainable_biases
    np.testing.assert_allclose(result.computer.parameters, expected, atol=2e-3 * np.abs(expected).max())
    assert np.array_equal(result.computer.biases[kept], computer.biases[kept])


def test_a_program_gains_no_less_than_one_of_fewer_nested_windows():
    """With weights, a clamped group and two protocols; the gain is the loss of a step, zero without couplings."""
    noising, loss = two_protocols(*CONDITIONED["some"])
    computer = CONDITIONED["some"][0]
    shares = ([1.0], [0.3, 0.7], [0.3, 0.2, 0.5], [0.1, 0.2, 0.2, 0.5])
    found = [train_exact(computer, noising, loss, windows=one).details["loss_decrease"][::-1] for one in shares]
    gains = [np.dot(share, gain) for share, gain in zip(shares, found, strict=True)]
    assert np.all(np.diff(gains) > 0)


def test_a_clamped_unit_that_holds_one_is_a_bias():
    """Units that are alike have means of one shape in time, which does not span the constant."""
    keys = {"temperature": 0.2, "clamped": ["label"]}
    held = assemble({"visible": 3, "label": 1}, Quartic(), Dense(), **keys)
    biased = assemble({"visible": 3}, Quartic(), Dense(), temperature=0.2, trainable_biases=["visible"])
    found = train_exact(held, noised(held, np.ones((1, 4))), LOSS, tolerance=1e-10).computer
    wanted = train_exact(biased, noised(biased, np.ones((1, 3))), LOSS, tolerance=1e-10).computer
    np.testing.assert_allclose(found.couplings.matrix()[:3, 3], wanted.biases, rtol=1e-6)
    np.testing.assert_allclose(found.couplings.matrix()[:3, :3], wanted.couplings.matrix(), rtol=1e-6)
    assert not found.biases.any()


@pytest.mark.parametrize("kind", [DensePairs, SparsePairs])
@pytest.mark.parametrize("rows", [12, 60])
def test_clamped_units_and_local_regressors_are_eliminated_together(kind, rows):
    """Weighted least squares over couplings, biases and one parameter a unit, by its design matrix.

    Fewer rows than a third of the units are kept as rows, and do not determine the couplings: a variance does.
    """
    random = np.random.default_rng(7)
    n, clamped = 40, np.array([3, 38, 39])
    i, j = np.triu_indices(n, k=1)
    edges = np.stack([i, j], axis=1)[(i * 5 + j * 3) % 7 < 2]
    structure = EdgeCouplings(n, edges, np.zeros(len(edges)))
    x, phi, y = random.normal(size=(3, rows, n))
    x[:, clamped] = np.eye(3)[random.integers(3, size=rows)]
    variance, weight = random.uniform(0.1, 0.5, n), random.uniform(0.2, 2.0, n)
    variance[clamped] = weight[clamped] = 0.0
    free = np.zeros((2, n), dtype=bool)
    free[0, ::2], free[1, : n // 2] = True, True
    free[:, clamped] = False
    pairs = kind(structure, clamped)
    for part in np.array_split(np.arange(rows), 3):
        pairs.add(x[part], np.ones(len(part)), phi[None, part])
    pairs.add_squares(variance)
    moments = np.stack(
        [np.stack([np.full(n, rows), phi.sum(axis=0)]), np.stack([phi.sum(axis=0), (phi**2).sum(axis=0)])]
    )
    local = weight * np.stack([y.sum(axis=0), (y * phi).sum(axis=0)])
    gradient = Unknowns(structure.contract(weight * y, x), local)
    equations = NormalEquations(pairs, moments, weight, gradient, free)
    solution = equations.solve(tolerance=1e-12)

    where = np.flatnonzero(free)
    design, targets = [], []
    for unit in np.flatnonzero(weight):
        row = np.zeros((rows, len(edges) + len(where)))
        for e, (a, b) in enumerate(edges):
            if unit in (a, b):
                row[:, e] = x[:, b if unit == a else a]
        for k, place in enumerate(where):
            if place % n == unit:
                row[:, len(edges) + k] = phi[:, unit] if place >= n else 1.0
        design.append(np.sqrt(weight[unit]) * row)
        targets.append(-np.sqrt(weight[unit]) * y[:, unit])
    spread = np.sqrt(weight[edges[:, 0]] * variance[edges[:, 1]] + weight[edges[:, 1]] * variance[edges[:, 0]])
    design.append(np.concatenate([np.diag(spread), np.zeros((len(edges), len(where)))], axis=1))
    design, targets = np.concatenate(design), np.concatenate([*targets, np.zeros(len(edges))])
    expected = np.linalg.lstsq(design, targets, rcond=None)[0]
    found = np.concatenate([solution.unknowns.couplings, solution.unknowns.local.ravel()[where]])
    np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())
    assert np.all(solution.unknowns.local[~free] == 0)
    change = (np.sum((design @ expected - targets) ** 2) - np.sum(targets**2)) / 2
    assert solution.decrease == pytest.approx(-change, rel=1e-9)

    # A ridge holds couplings among free units, relative to the mean of their second derivatives.
    inner = ~np.isin(edges, clamped).any(axis=1)
    squares = (design[:, : len(edges)][:, inner] ** 2).sum(axis=0)
    ridges = np.sqrt(0.3 * squares.mean()) * np.eye(design.shape[1])[: len(edges)][inner]
    expected = np.linalg.lstsq(np.concatenate([design, ridges]), np.append(targets, np.zeros(inner.sum())), rcond=None)[
        0
    ]
    solution = attrs.evolve(equations, ridge=0.3).solve(tolerance=1e-12)
    found = np.concatenate([solution.unknowns.couplings, solution.unknowns.local.ravel()[where]])
    np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())


def test_one_window_is_no_window():
    computer = MACHINES["dense"]
    s = signals(computer, 3)
    plain = train_exact(computer, noised(computer, s), LOSS)
    one = train_exact(computer, noised(computer, s), LOSS, windows=1)
    assert one.program.windows == 1
    assert np.array_equal(one.computer.parameters, plain.computer.parameters)


def test_decrease_is_the_loss_at_zero_less_the_loss_at_the_minimum():
    computer = MACHINES["dense"]
    s = signals(computer, 4)
    (equations,) = exact_equations(computer, noised(computer, s), LOSS).windows
    solution = equations.solve(tolerance=1e-12)
    zero = Unknowns(np.zeros(computer.couplings.size), np.zeros((1, computer.n)))
    assert equations.loss(zero) == 0
    assert solution.decrease == pytest.approx(-equations.loss(solution.unknowns))
    # A quadratic function falls by half of the product of gradient and step.
    linear = equations.gradient.couplings @ solution.unknowns.couplings
    linear += np.sum(equations.gradient.local * solution.unknowns.local)
    assert solution.decrease == pytest.approx(-linear / 2, rel=1e-9)


def process_for(computer, s, steps=60, dt=2e-3):
    return NoisingProcess(noised(computer, s, steps, dt), ReferenceEngine())


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("names", [(), ("J2",), ("J2", "J4")])
def test_sampled_training_is_least_squares_on_the_samples(name, names):
    computer = MACHINES[name]
    s = signals(computer, 2)
    process, loss = process_for(computer, s), StepLoss(ReverseLikelihood(), 2e-3)
    numbers = np.arange(6)
    (equations,) = sampled_equations(computer, process, loss, numbers, seed=4, potential_parameters=names)
    found = equations.solve(tolerance=1e-12).unknowns
    # Rows (-D / (mu dt) + U' + fixed bias) + J x' + b + sum_p theta_p phi_p for every step, by hand.
    from thermozoo.dynamics.noise import NoiseKey

    states = process.trajectory(NoiseKey(4).named("noising"), numbers, numbers % 2)
    x, x_next = (z.reshape(-1, computer.n) for z in (states[:-1], states[1:]))
    edges, moving = computer.couplings.edges, computer.layout.free
    bias = np.flatnonzero(computer.trainable_biases & moving)
    onsite = [(p, i) for p in names for i in np.flatnonzero(moving)]
    fixed = np.where(computer.trainable_biases, 0.0, computer.biases)
    rows, targets = [], []
    for i in np.flatnonzero(moving):
        row = np.zeros((len(x), len(edges) + len(bias) + len(onsite)))
        for e, (a, b) in enumerate(edges):
            if i in (a, b):
                row[:, e] = x_next[:, b if i == a else a]
        row[:, len(edges) : len(edges) + len(bias)] = bias == i
        for k, (p, j) in enumerate(onsite):
            if i == j:
                phi = 2 * x_next[:, i] if p == "J2" else 4 * x_next[:, i] ** 3
                row[:, len(edges) + len(bias) + k] = phi
        step = (x_next - x)[:, i] / (computer.mobility * 2e-3)
        rows.append(row)
        targets.append(step - unit_of(computer, i)[0].gradient(x_next[:, i]) - fixed[i])
    expected = np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]
    local = [found.local[0, bias]] + [[found.local[1 + names.index(p), i]] for p, i in onsite]
    np.testing.assert_allclose(np.concatenate([found.couplings, *local]), expected, atol=1e-6 * np.abs(expected).max())


def test_sampled_windows_split_the_steps():
    computer = MACHINES["dense"]
    s = signals(computer, 2)
    process, loss = process_for(computer, s), StepLoss(ReverseLikelihood(), 2e-3)
    whole = sampled_equations(computer, process, loss, np.arange(4), seed=1)[0]
    parts = sampled_equations(computer, process, loss, np.arange(4), seed=1, windows=3)
    np.testing.assert_allclose(whole.gradient.couplings, np.mean([p.gradient.couplings for p in parts], axis=0))


@attrs.frozen
class Midpoint(Objective):
    """The reverse likelihood with the force at both ends: uses g and g'."""

    name = "test-midpoint"

    def step_loss(self, s):
        force = (s.gradient + s.gradient_next) / 2
        return (-(s.x_next - s.x) + s.mobility * force * s.dt) ** 2 / (4 * s.mobility * s.kT * s.dt)


@pytest.mark.parametrize("method", ["exact", "moments"])
def test_what_noising_does_not_determine_stays(method):
    """Biases of a clamped group that are declared trainable, and couplings to it, are as they were given."""
    keys = {"temperature": 0.2, "trainable_biases": ["a", "in"], "clamped": ["in"]}
    computer = assemble({"a": 3, "in": 2}, Quartic(), Dense(), **keys)
    given = computer.with_parameters(np.arange(1.0, 1 + computer.parameters.size) / 10)
    s = signals(computer, 2)
    if method == "exact":
        result = train_exact(given, noised(given, s), LOSS).computer
    else:
        process, loss = process_for(given, s), StepLoss(ReverseLikelihood(), 2e-3)
        result = train_by_moments(given, process, loss, cycles=5, seed=3).computer
    clamped = ~computer.layout.free
    assert np.array_equal(result.biases[clamped], given.biases[clamped])
    outside = clamped[computer.couplings.edges].any(axis=1)
    assert np.array_equal(result.couplings.vector[outside], given.couplings.vector[outside])
    assert not np.any(result.couplings.vector[~outside] == given.couplings.vector[~outside])


def test_objectives_that_use_both_gradients_have_the_same_limit():
    computer = MACHINES["dense"]
    s = signals(computer, 3)
    end = train_exact(computer, noised(computer, s), LOSS).computer.parameters
    middle = train_exact(computer, noised(computer, s), StepLoss(Midpoint(), DT)).computer.parameters
    # Units are independent, so the forces at x and x' act alike on every other unit as dt -> 0.
    np.testing.assert_allclose(middle, end, atol=1e-9)


@attrs.frozen
class ByParts(Objective):
    """The reverse likelihood, its linear term summed by parts over a trajectory."""

    name = "test-by-parts"

    def step_loss(self, s):
        g = s.gradient_next
        return s.mobility * s.dt * g**2 / (4 * s.kT) + s.x * (g - s.gradient) / (2 * s.kT)


@pytest.mark.parametrize("objective", [ReverseLikelihood(), Midpoint(), ByParts()])
def test_gradient_of_the_sampled_equations_is_that_of_the_loss(objective):
    computer = MACHINES["scattered"]
    s = signals(computer, 2)
    process, loss = process_for(computer, s, steps=20), StepLoss(objective, 2e-3)
    (equations,) = sampled_equations(computer, process, loss, np.arange(2), seed=4)
    from thermozoo.dynamics.noise import NoiseKey

    states = process.trajectory(NoiseKey(4).named("noising"), np.arange(2), np.arange(2))
    rng = np.random.default_rng(1)
    theta = Unknowns(rng.normal(size=computer.couplings.size), np.zeros((1, computer.n)))
    theta.local[0, computer.trainable_biases] = rng.normal(size=3)
    values = np.concatenate([theta.couplings, theta.local[0, computer.trainable_biases]])
    _, expected = loss.gradient(computer.with_parameters(values), states[:-1], states[1:])
    image = equations.apply(theta)
    couplings = equations.gradient.couplings + image.couplings
    biases = (equations.gradient.local + image.local)[0, computer.trainable_biases]
    np.testing.assert_allclose(np.concatenate([couplings, biases]), expected / 40, rtol=1e-8)


@pytest.mark.parametrize("kind", ["rows", "matrix"])
@pytest.mark.parametrize("name", ["ring", "scattered"])
def test_sparse_and_dense_sums_are_the_same(name, kind):
    computer = MACHINES[name] if name == "scattered" else ring_of(12)
    n, rng = computer.n, np.random.default_rng(3)
    rows = 2 if kind == "rows" else 30
    x, ones, local = rng.normal(size=(rows, n)), rng.normal(size=rows), rng.normal(size=(1, rows, n))
    squares, weight = rng.random(n), rng.random(n)
    vector, coefficients = rng.normal(size=computer.couplings.size), rng.normal(size=(2, n))
    results = []
    for pairs in (DensePairs(computer.couplings), SparsePairs(computer.couplings)):
        for half in (slice(0, 1), slice(1, None)):
            pairs.add(x[half], ones[half], local[:, half])
        pairs.add_squares(squares)
        backs = []
        image, _ = pairs.product(vector, lambda b, s=backs: (s.append(b), coefficients)[1], weight)
        results.append((image, backs[0], pairs.scale(weight), pairs.curvature(weight)))
    full = x.T @ x + np.diag(squares)
    J, edges = computer.couplings.with_vector(vector).matrix(), computer.couplings.edges
    cross = np.stack([np.outer(np.ones(n), ones @ x), local[0].T @ x])
    G = weight[:, None] * (J @ full + np.einsum("pi,pij->ij", coefficients, cross))
    coupled = np.unique(edges)
    for image, back, scale, curvature in results:
        np.testing.assert_allclose(image, (G + G.T)[edges[:, 0], edges[:, 1]])
        np.testing.assert_allclose(back[:, coupled], np.einsum("ij,pij->pi", J, cross)[:, coupled])
        np.testing.assert_allclose(
            scale, weight[edges] @ [0, 0] + (weight[edges] * squares[edges[:, ::-1]]).sum(axis=1)
        )
        np.testing.assert_allclose(curvature, (weight[edges] * np.diag(full)[edges[:, ::-1]]).sum(axis=1))


def test_a_sparse_connectivity_is_summed_sparsely():
    assert isinstance(pair_sums(ring_of(200).couplings), SparsePairs)
    assert isinstance(pair_sums(MACHINES["scattered"].couplings), DensePairs)
    assert isinstance(pair_sums(MACHINES["dense"].couplings), DensePairs)


@pytest.mark.long
def test_large_data_sets_are_served_from_a_table(monkeypatch):
    computer = MACHINES["bipartite"]
    s = signals(computer, 70)
    exact = train_exact(computer, noised(computer, s), LOSS).computer.parameters
    errors = []
    for points in (12, 24, 48):
        monkeypatch.setattr(signal_functions, "_TABLE", points)
        tabled = train_exact(computer, noised(computer, s), LOSS).computer.parameters
        errors.append(np.abs(tabled - exact).max())
    # Linear interpolation: the error falls sixteenfold when the spacing is quartered, if the table resolves it.
    assert errors[2] < errors[0] / 4


def test_progress_ends_at_all_of_the_work():
    computer, calls = MACHINES["dense"], []
    train_exact(computer, noised(computer, signals(computer, 2)), LOSS, progress=calls.append)
    assert sum(calls) == WORK
    assert min(calls) > 0


@attrs.frozen
class Fourth(Objective):
    name = "test-fourth"

    def step_loss(self, s):
        return (-(s.x_next - s.x) + s.mobility * s.gradient_next * s.dt) ** 4


@attrs.frozen
class Weighted(Objective):
    name = "test-weighted"

    def step_loss(self, s):
        return s.x**2 * (-(s.x_next - s.x) + s.mobility * s.gradient_next * s.dt) ** 2


@attrs.frozen
class Maximum(Objective):
    name = "test-maximum"

    def step_loss(self, s):
        return -(s.gradient_next**2)


@attrs.frozen
class Change(Objective):
    """Mostly the square of the change of the gradient."""

    name = "test-change"

    def step_loss(self, s):
        return (s.gradient_next - s.gradient) ** 2 / s.dt + s.dt * s.gradient_next**2


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (Fourth(), "not quadratic"),
        (Weighted(), "depends on x"),
        (Maximum(), "no minimum"),
        (ByParts(), "does not vanish for a step that ends where it began"),
        (Change(), "cancel as the time step falls"),
    ],
)
def test_an_objective_that_does_not_qualify_is_refused_by_property(objective, message):
    computer = MACHINES["dense"]
    with pytest.raises(TrainingError, match=message):
        train_exact(computer, noised(computer, signals(computer, 2)), StepLoss(objective, DT))


@attrs.frozen
class Squared(Potential):
    """Depends on the square of its parameter."""

    name = "test-squared"
    k: float = parameter(1.0, unit="energy", doc="root of the stiffness")

    def energy(self, x):
        return self.k**2 * x**2


def test_on_site_parameters_that_do_not_qualify_are_refused():
    computer = MACHINES["dense"]
    s = signals(computer, 2)
    with pytest.raises(TrainingError, match="'J3'; parameters: J2, J4"):
        train_exact(computer, noised(computer, s), LOSS, potential_parameters=["J3"])
    squared = assemble({"a": 3}, Squared(), Dense())
    with pytest.raises(TrainingError, match="Squared is not linear in k"):
        train_exact(squared, noised(squared, np.ones((1, 3))), LOSS, potential_parameters=["k"])
    with pytest.raises(ParameterError, match="windows"):
        train_exact(computer, noised(computer, s), LOSS, windows=0)


def test_on_site_parameters_stop_at_their_bounds():
    computer = assemble({"a": 3, "b": 2}, Quartic(J2=0.2, J4=0.3), Dense(), temperature=0.1, trainable_biases=["a"])
    s = signals(computer, 3, seed=5)
    result = train_exact(computer, noised(computer, s), LOSS, potential_parameters=["J2", "J4"], tolerance=1e-10)
    trained = np.stack(
        [np.concatenate([result.computer.onsite.sites[g].values[p] for g in "ab"]) for p in ("J2", "J4")]
    )
    at_bound = trained < 1.1e-6
    assert 0 < at_bound.sum() == result.details["parameters_at_bounds"][0] < 10
    assert np.all(trained > 0)
    # The conditions of Karush, Kuhn and Tucker: no slope where free, an uphill one at the lower bound.
    (equations,) = exact_equations(computer, noised(computer, s), LOSS, potential_parameters=["J2", "J4"]).windows
    local = np.concatenate([result.computer.biases[None], trained - [[0.2], [0.3]]])
    image = equations.apply(Unknowns(result.computer.couplings.vector, local)).local + equations.gradient.local
    scale = np.abs(equations.gradient.local).max()
    assert np.all(np.abs(image[1:][~at_bound]) < 1e-7 * scale)
    assert np.all(image[1:][at_bound] > 1e-5 * scale)


def test_parameters_that_the_data_cannot_tell_apart_are_named():
    computer = assemble({"a": 2}, Quadratic(), Dense(), trainable_biases=["a"])
    x = np.ones((3, 2))
    pairs = pair_sums(computer.couplings)
    pairs.add(x, np.ones(3), x[None])
    moments = np.full((2, 2, 2), 3.0)
    with pytest.raises(TrainingError, match="told apart"):
        NormalEquations(
            pairs, moments, np.ones(2), Unknowns(np.zeros(1), np.zeros((2, 2))), np.ones((2, 2), dtype=bool)
        )


@attrs.frozen
class Vee(Potential):
    name = "test-vee"
    k: float = parameter(1.0, unit="energy", above=0, doc="slope")
    J4: float = parameter(1.0, unit="energy", above=0, doc="quartic stiffness")

    def energy(self, x):
        return self.k * sympy.Abs(x) + self.J4 * x**4


def test_a_parameter_whose_force_jumps_is_refused_and_others_of_its_potential_are_not():
    """Ito's formula takes the derivative of what a parameter multiplies, which at a jump no average sees."""
    computer = assemble({"a": 2}, Vee(), Dense(), temperature=0.5, trainable_biases=["a"])
    signals = np.array([[0.5, -1.0], [1.0, 0.3]])
    with pytest.raises(TrainingError, match=r"force that k of Vee exerts jumps at x = 0, .*moments"):
        train_exact(computer, noised(computer, signals), LOSS, potential_parameters=["J4", "k"])
    train_exact(computer, noised(computer, signals), LOSS, potential_parameters=["J4"])


class Saddle(DensePairs):
    """A quadratic form that falls along every second coupling."""

    def product(self, vector, respond, weight):
        return vector * (-1.0) ** np.arange(vector.size), respond(np.zeros((1, self.n)))


def test_equations_without_a_minimum_fail_clearly():
    computer = assemble({"a": 6}, Quadratic(), Dense())
    x = np.random.default_rng(0).normal(size=(1, 6))
    pairs = pair_sums(computer.couplings)
    pairs.add(x, np.ones(1), np.zeros((0, 1, 6)))
    pairs.add_squares(np.full(6, 1e-3))
    gradient = Unknowns(np.random.default_rng(1).normal(size=15), np.zeros((1, 6)))
    equations = NormalEquations(pairs, np.ones((1, 1, 6)), np.ones(6), gradient, np.zeros((1, 6), dtype=bool))
    with pytest.raises(TrainingError, match="in 2 iterations"):
        equations.solve(tolerance=1e-14, most_iterations=2)
    saddle = Saddle(computer.couplings)
    saddle.add_squares(np.ones(6))
    with pytest.raises(TrainingError, match="positive definite"):
        attrs.evolve(equations, pairs=saddle).solve()


def test_moments_choose_a_ridge_where_data_are_few():
    computer = MACHINES["dense"]
    s = signals(computer, 2)
    process, loss = process_for(computer, s), StepLoss(ReverseLikelihood(), 2e-3)
    done = []
    few = train_by_moments(computer, process, loss, cycles=5, seed=3, progress=done.append)
    assert sum(done) == 10
    assert few.details["ridge"][0] > 0
    unridged = train_by_moments(computer, process, loss, cycles=5, seed=3, ridges=[0.0])
    assert few.computer.couplings.norm() < unridged.computer.couplings.norm()
    with pytest.raises(ParameterError, match="at least 5 cycles"):
        train_by_moments(computer, process, loss, cycles=4, seed=3)


@pytest.mark.parametrize("steps", [4, 10, 20])
def test_few_samples_leave_a_computer_no_worse_than_untrained(steps):
    """Fewer rows than a third of the units, about as many, more: the ridge has one unit, whatever holds the sums.

    Held-out gain of 30 trajectories, which a useless fit lowers by thousands of nats; five standard errors.
    """
    computer = assemble({"a": 90}, Quartic(), Dense(), temperature=0.1, trainable_biases=["a"])
    s = np.random.default_rng(0).standard_normal((1, 90))
    process, loss = process_for(computer, s, steps=steps, dt=1e-2), StepLoss(ReverseLikelihood(), 1e-2)
    result = train_by_moments(computer, process, loss, cycles=5, seed=1)
    _, held_out = evaluate(result.program, process, loss, seed=1)
    assert result.computer.couplings.norm() > 0
    assert held_out.gain > -5 * held_out.gain_se


def test_few_samples_in_single_precision_still_precondition():
    """Fewer rows than units, products in single precision: the smallest eigenvalue of the gram matrix is rounding."""
    random = np.random.default_rng(3)
    pairs = DensePairs(assemble({"a": 200}, Quartic(), Dense()).couplings)
    rows = (random.standard_normal((70, 4)) @ random.standard_normal((4, 200)) * 1e3).astype(np.float32)
    rows[:, 0] += 1e4
    pairs.add(rows, np.ones(70), np.zeros((0, 70, 200)))
    spread = pairs.spread()
    assert np.all(spread > 0)
    assert np.all(spread <= np.diag(rows.astype(np.float64).T @ rows) * 1.2)


def test_breakpoints_are_where_a_formula_is_not_smooth():
    assert breakpoints(Constant(), 2.0) == ()
    np.testing.assert_allclose(breakpoints(FADE, 2.0), [1.5], rtol=1e-12)
    assert breakpoints(LinearFade(fade=1.0), 2.0) == ()
