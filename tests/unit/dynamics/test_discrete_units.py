"""Discrete units: what is refused, and that both engines make the same updates with the same numbers."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
import sympy

import thermozoo as tz
from thermozoo import Connectivity, Integrator, Interaction, Potential, parameter
from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.computer.onsite import unit_energy
from thermozoo.computer.stability import largest_stable_dt
from thermozoo.computer.terms import TupleCouplings
from thermozoo.dynamics.engines import Drive
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.by_color import ColorStepper
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.kept_fields import can_keep
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.dynamics.noise import UNIFORM_DRAWS, NoiseKey, uniforms
from thermozoo.errors import EngineError, FormulaError, ParameterError, PluginClassError
from thermozoo.symbolic.action import transition_density
from thermozoo.symbolic.trace import trace_step
from thermozoo.testing.probes import record

KEY = NoiseKey(42)


@attrs.frozen(eq=False)
class Edges(Connectivity):
    name = "edges-of-a-test"
    pairs: object

    def edges(self, layout):
        return self.pairs


@attrs.frozen
class Shifted(Interaction):
    """Multilinear, but no product of two states: J (1 + a x)(1 + a y)."""

    name = "shifted"
    a: float = parameter(0.7, unit="1", doc="weight")

    def energy(self, x, y):
        return (1 + self.a * x) * (1 + self.a * y)


def random_pairs(n, degree, rng):
    upper = np.stack(np.triu_indices(n, 1), axis=1)
    return upper[np.sort(rng.choice(len(upper), n * degree // 2, replace=False))]


def sparse(rng, n=150, **options):
    return tz.assemble({"spins": n}, tz.get("spin", h=0.2), Edges(random_pairs(n, 6, rng)), temperature=1.3, **options)


def with_triples(rng):
    n = 60
    triples = np.sort(np.stack([rng.choice(n, 3, replace=False) for _ in range(50)]), axis=1)
    strengths = rng.standard_normal(len(triples))
    terms = {"triples": TupleCouplings(n, np.unique(triples, axis=0), strengths, tz.get("three-body"))}
    return attrs.evolve(sparse(rng, n), terms=terms)


def with_clamped(rng):
    pairs = random_pairs(100, 5, rng)
    return tz.assemble({"a": 40, "held": 20, "b": 40}, tz.get("spin"), Edges(pairs), clamped=["held"])


CASES = {
    "sparse": sparse,
    "sparse and triples": with_triples,
    "shifted": lambda rng: sparse(rng, 80, interaction=Shifted()),
    "clamped": with_clamped,
    "dense": lambda rng: tz.assemble({"spins": 40}, tz.get("spin"), tz.get("dense"), temperature=0.8),
    "two layers": lambda rng: tz.assemble({"visible": 70, "hidden": 30}, tz.get("spin"), tz.get("bipartite")),
    "uncoupled": lambda rng: tz.assemble({"spins": 5}, tz.get("spin", h=0.3), Edges(np.empty((0, 2), int))),
}


def case(name, rng):
    """Return a computer with random parameters and biases."""
    one = CASES[name](rng)
    one = one.with_parameters(rng.standard_normal(one.parameters.size))
    return attrs.evolve(one, biases=0.3 * rng.standard_normal(one.n))


def heat_bath(computer, **options):
    return tz.Dynamics(computer, tz.get("heat-bath"), dt=1.0, **options)


def by_hand(computer, x, key, steps, dtype):
    """The rule of the design, unit by unit, in the order of units and with energies of whole computers.

    Units of a color are not coupled, so that any order that keeps colors together gives the same.
    """
    from thermozoo.computer.coloring import units_by_color

    x = x.copy()
    for k in range(steps):
        u = uniforms(key, k, np.arange(len(x)), computer.n, UNIFORM_DRAWS, dtype)
        for unit in np.concatenate(units_by_color(computer)):
            up, down = x.copy(), x.copy()
            up[:, unit], down[:, unit] = 1, -1
            p = 1 / (1 + np.exp((computer.energy(up) - computer.energy(down)) / computer.temperature))
            x[:, unit] = np.where(u[:, unit] < p, 1, -1)
    return x


@pytest.mark.parametrize("precision", ["single", pytest.param("double", marks=pytest.mark.long)])
@pytest.mark.parametrize("name", CASES)
def test_engines_do_what_the_rule_says(name, precision):
    """The same uniform numbers, so the same states, unless one falls between probabilities that differ in rounding.

    In single precision they differ by about 1e-6: of the 7 x 20 x 8 x 100 updates here, none does.
    """
    rng = np.random.default_rng(list(CASES).index(name))
    computer = case(name, rng)
    dynamics = heat_bath(computer, precision=precision)
    x0 = rng.choice([-1.0, 1.0], (20, computer.n))
    expected = by_hand(computer, x0, KEY, 8, dynamics.dtype)
    reference = record(ReferenceEngine(), dynamics, x0, 8, KEY)
    assert np.array_equal(reference[-1], expected)
    assert not np.array_equal(reference[-1], x0)
    for width, threads in itertools.product((1, None), (1, 3)):
        found = record(CompiledEngine(threads, width), dynamics, x0, 8, KEY)
        assert np.array_equal(found, reference), (width, threads)


def test_bits_do_not_depend_on_batch_split_or_layout():
    rng = np.random.default_rng(3)
    computer = case("sparse and triples", rng)
    x0 = rng.choice([-1.0, 1.0], (37, computer.n)).astype(np.float32)
    dynamics = heat_bath(computer, precision="single")
    whole = x0.copy()
    numbers = np.arange(37)
    advance_rows(CompiledEngine(2).prepare(dynamics), whole, key=KEY, first_step=0, steps=30, trajectories=numbers)
    for width, rows in ((1, slice(20, 21)), (1, slice(0, 5)), (16, slice(20, 21))):
        part = x0[rows].copy()
        stepper = CompiledEngine(2, width).prepare(dynamics)
        advance_rows(stepper, part, key=KEY, first_step=0, steps=13, trajectories=numbers[rows])
        advance_rows(stepper, part, key=KEY, first_step=13, steps=17, trajectories=numbers[rows])
        assert np.array_equal(part, whole[rows])


def test_a_drive_and_its_work_are_those_of_the_reference():
    rng = np.random.default_rng(4)
    computer = case("clamped", rng)
    x0 = rng.choice([-1.0, 1.0], (9, computer.n))
    drive = Drive(
        signals=rng.standard_normal((2, computer.n)),
        which=rng.integers(0, 2, 9),
        intensity=rng.random((2, 12)),
        protocol_of=rng.integers(0, 2, computer.n),
    )
    results = []
    for engine in (ReferenceEngine(), CompiledEngine(2), CompiledEngine(2, 1)):
        work = np.zeros(9)
        states = record(engine, heat_bath(computer), x0, 11, KEY, drive=drive, work=work)
        results.append((states, work))
    for states, work in results[1:]:
        assert np.array_equal(states, results[0][0])
        assert work == pytest.approx(results[0][1], rel=1e-12)
    assert np.ptp(results[0][1]) > 0


def test_heat_and_energy_of_a_simulation():
    rng = np.random.default_rng(5)
    computer = case("sparse", rng)
    done = tz.simulate(heat_bath(computer), rng.choice([-1.0, 1.0], (4, computer.n)), 20, seed=1, every=5)
    energy = computer.energy(done.x.values)
    assert done.heat.values == pytest.approx(energy[0] - energy[-1])
    assert done.energy.sum("term").values == pytest.approx(energy)
    again = tz.simulate(heat_bath(computer), done.isel(observation=[0, 1]), 15)
    assert np.array_equal(again.x.values[-1], done.x.values[-1])


def test_states_are_states_of_the_units():
    computer = tz.assemble({"spins": 3}, tz.get("spin"), tz.get("dense"))
    with pytest.raises(ParameterError, match=r"unit 1 \(spins\) is discrete, with the states -1, 1, and got 0.5"):
        tz.simulate(heat_bath(computer), np.array([[1, 0.5, -1]]), 1, seed=1, engine="reference")


@pytest.mark.parametrize(
    ("potential", "integrator", "said"),
    [
        ("spin", "euler-maruyama", r"'spin' of group 'a' has the states -1, 1, and .*'euler-maruyama' .*'heat-bath'"),
        ("quartic", "heat-bath", r"'quartic' of group 'a' is that of continuous units, and .*'heat-bath'"),
        ({"a": "spin", "b": "quartic"}, "heat-bath", "'quartic' of group 'b' is that of continuous"),
        ({"a": "quartic", "b": "spin"}, "stochastic-heun", "'spin' of group 'b' has the states"),
    ],
)  # fmt: skip
def test_units_and_integrators_that_do_not_fit(potential, integrator, said):
    given = {g: tz.get(n) for g, n in potential.items()} if isinstance(potential, dict) else tz.get(potential)
    computer = tz.assemble({"a": 2, "b": 2}, given, tz.get("dense"))
    with pytest.raises(ParameterError, match=said):
        tz.Dynamics(computer, tz.get(integrator), dt=0.1)


def test_clamped_units_may_be_continuous():
    given = {"input": tz.get("quartic"), "spins": tz.get("spin")}
    computer = tz.assemble({"input": 2, "spins": 3}, given, tz.get("dense"), clamped=["input"])
    x0 = np.array([[0.3, -0.7, 1, 1, -1]])
    done = tz.simulate(heat_bath(computer), x0, 5, seed=1)
    assert np.array_equal(done.x.values[-1][:, :2], x0[:, :2])


@pytest.mark.parametrize("name", ["difference", "cosine"])
def test_interactions_that_are_not_linear_in_a_state(name):
    computer = tz.assemble({"a": 3}, tz.get("spin"), tz.get("dense"), interaction=tz.get(f"interaction:{name}"))
    with pytest.raises(ParameterError, match=f"the term 'coupling' .* the interaction '{name}', is not linear"):
        heat_bath(computer)


def test_a_potential_that_is_not_linear():
    @attrs.frozen
    class Square(Potential):
        name = "square"
        states = (-1, 1)

        def energy(self, x):
            return x**2 + x

    with pytest.raises(ParameterError, match=r"'square' of group 'a' .* an energy that is not linear"):
        heat_bath(tz.assemble({"a": 3}, Square(), tz.get("dense")))


def test_a_step_that_chooses_among_other_states():
    @attrs.frozen
    class Bit(Potential):
        name = "bit"
        states = (0, 1)

        def energy(self, x):
            return 0 * x

    with pytest.raises(ParameterError, match=r"has the states 0, 1, and the step of .* is a choice of -1, 1"):
        heat_bath(tz.assemble({"a": 3}, Bit(), tz.get("dense")))

    @attrs.frozen
    class Drift(Integrator):
        name = "drift"
        updates = "by color"

        def step(self, s):
            return s.x + s.uniform()

    with pytest.raises(ParameterError, match="no choice of numbers"):
        tz.Dynamics(tz.assemble({"a": 3}, tz.get("spin"), tz.get("dense")), Drift(), dt=1.0)


def test_steps_that_only_the_reference_engine_does():
    @attrs.frozen
    class Gaussian(Integrator):
        """A heat bath whose uniform number is made of a normal one."""

        name = "gaussian"
        updates = "by color"

        def step(self, s):
            u = (1 + sympy.erf(s.noise() / sympy.sqrt(2))) / 2
            return sympy.Piecewise((1, u < 1 / (1 + sympy.exp(-2 * s.force(s.x) / s.kT))), (-1, True))

    @attrs.frozen
    class Boxes(Integrator):
        """Euler-Maruyama with uniform noise of the right variance."""

        name = "boxes"

        def step(self, s):
            noise = sympy.sqrt(24 * s.mobility * s.kT * s.dt) * (s.uniform() - sympy.Rational(1, 2))
            return s.x + s.mobility * s.force(s.x) * s.dt + noise

    spins = tz.assemble({"a": 3}, tz.get("spin"), tz.get("dense"))
    units = tz.assemble({"a": 3}, tz.get("quadratic"), tz.get("dense"))
    for computer, integrator in ((spins, Gaussian()), (units, Boxes())):
        dynamics = tz.Dynamics(computer, integrator, dt=0.1)
        with pytest.raises(EngineError, match=r"take 'reference'"):
            CompiledEngine().prepare(dynamics)
        assert np.isfinite(record(ReferenceEngine(), dynamics, np.ones((2, 3)), 5, KEY)).all()


@pytest.mark.parametrize("states", [(1,), (1, -1), (0, 0), [-1, 1], (-1, float("nan")), ("a", "b"), 2])
def test_states_that_no_unit_has(states):
    with pytest.raises(PluginClassError, match="expected at least two different numbers in ascending order"):
        type("Strange", (Potential,), {"states": states, "name": "strange"})


def test_an_order_of_updates_that_there_is_not():
    with pytest.raises(PluginClassError, match="updates must be 'together' or 'by color', got 'at random'"):
        type("Strange", (Integrator,), {"updates": "at random", "name": "strange"})


def test_many_colors_are_said():
    computer = tz.assemble({"spins": 300}, tz.get("spin"), tz.get("dense"))
    with pytest.warns(UserWarning, match="300 colors for 300 discrete units"):
        tz.simulate(heat_bath(computer), np.ones((1, 300)), 1, seed=1, engine="compiled")


def test_what_needs_continuous_units_refuses_discrete_ones():
    computer = tz.assemble({"visible": 4, "hidden": 2}, tz.get("spin"), tz.get("bipartite"))
    said = r"needs units whose states are real numbers, and the potential 'spin' has the states -1, 1: .*'heat-bath'"
    with pytest.raises(ParameterError, match=f"a Boltzmann density {said}"):
        unit_boltzmann(unit_energy(tz.get("spin")), 1.0)
    dynamics = tz.Dynamics(computer, tz.get("heat-bath"), dt=0.1, steps=10)
    for method in ("exact", "moments", "descent", "online"):
        with pytest.raises(ParameterError, match=f"training, which undoes noising, {said}"):
            tz.train(dynamics, np.random.default_rng(0).standard_normal((3, 4)), method=method, seed=1)
    with pytest.raises(FormulaError, match="draws uniform numbers: its step has no closed transition density"):
        transition_density(tz.get("heat-bath"))


def test_no_time_step_is_too_long_for_discrete_units():
    computer = case("sparse", np.random.default_rng(1))
    assert largest_stable_dt(computer) == np.inf


def test_a_program_of_discrete_units():
    """Its windows switch at their steps, and the work of switching is in the ledger."""
    first = case("sparse", np.random.default_rng(8))
    second = first.with_parameters(-first.parameters)
    dynamics = heat_bath(tz.Program((first, second)), steps=10)
    x0 = np.random.default_rng(9).choice([-1.0, 1.0], (3, first.n))
    done = tz.simulate(dynamics, x0, seed=4, every=1, engine="compiled")
    other = tz.simulate(dynamics, x0, seed=4, every=1, engine="reference")
    assert np.array_equal(done.x, other.x)
    at = done.x.values[5]
    assert done.work.values == pytest.approx(second.energy(at) - first.energy(at))


@attrs.frozen(eq=False)
class Annealed(tz.Dynamics):
    """A law whose temperature, couplings and biases are other ones in every step."""

    def at(self, step):
        one = self.computer
        changed = {"temperature": one.temperature / (1 + step), "biases": one.biases * np.cos(step)}
        if step % 3 == 0:
            changed["couplings"] = one.couplings.scaled(1 + 0.3 * step)
            changed["terms"] = {name: term.scaled(1 - 0.2 * step) for name, term in one.terms.items()}
        return heat_bath(attrs.evolve(one, **changed), precision=self.precision)


@pytest.mark.parametrize("width", [1, None])
def test_values_that_are_driven(width):
    """Every step has the law that `at` returns: the same as one engine a step."""
    rng = np.random.default_rng(6)
    computer = case("sparse and triples", rng)
    dynamics = Annealed(computer, tz.get("heat-bath"), dt=1.0)
    x0 = rng.choice([-1.0, 1.0], (7, computer.n))
    x = x0.copy()
    numbers = np.arange(7)
    advance_rows(CompiledEngine(2, width).prepare(dynamics), x, key=KEY, first_step=0, steps=9, trajectories=numbers)
    expected = x0.copy()
    for k in range(9):
        stepper = ReferenceEngine().prepare(dynamics.at(k))
        advance_rows(stepper, expected, key=KEY, first_step=k, steps=1, trajectories=numbers)
    assert np.array_equal(x, expected)


def whole_numbers(rng):
    """Return spins whose strengths are whole numbers, so that fields are exact."""
    one = tz.assemble({"spins": 130}, tz.get("spin", h=1.0), Edges(random_pairs(130, 20, rng)), temperature=4.0)
    return one.with_parameters(rng.integers(-3, 4, one.parameters.size).astype(float))


def all_pairs(rng):
    """Return spins that are all coupled, whose strengths are no multiples of anything."""
    one = tz.assemble({"spins": 150}, tz.get("spin", h=0.2), tz.get("dense"), temperature=0.7)
    one = one.with_parameters(rng.standard_normal(one.parameters.size) / 12)
    return attrs.evolve(one, biases=0.1 * rng.standard_normal(one.n))


@pytest.mark.parametrize("precision", ["single", pytest.param("double", marks=pytest.mark.long)])
@pytest.mark.parametrize("make", [whole_numbers, all_pairs, lambda rng: case("sparse", rng)])
def test_fields_that_are_kept_give_the_same_bits(make, precision):
    """Cooling in one call, in parts, and step by step by the reference engine: 40 x 150 x 3 updates."""
    rng = np.random.default_rng(11)
    computer = make(rng)
    cooling = tz.Schedule({"temperature": computer.temperature * np.geomspace(4, 0.3, 41)})
    dynamics = heat_bath(computer, precision=precision, steps=40, schedule=cooling)
    x0 = rng.choice([-1.0, 1.0], (3, computer.n)).astype(dynamics.dtype)
    found = []
    for layout, parts in (("batch", [40]), ("kept", [40]), ("kept", [1, 22, 17])):
        x, first = x0.copy(), 0
        stepper = ColorStepper(dynamics, 2, layout=layout)
        for steps in parts:
            advance_rows(stepper, x, key=KEY, first_step=first, steps=steps, trajectories=np.arange(3))
            first += steps
        found.append(x)
    assert all(np.array_equal(one, found[0]) for one in found)
    assert np.array_equal(record(ReferenceEngine(), dynamics, x0, 40, KEY)[-1], found[0])
    assert not np.array_equal(found[0], x0)


@pytest.mark.long
@pytest.mark.parametrize("make", [whole_numbers, all_pairs])
def test_metropolis_has_the_same_bits_in_all_layouts(make):
    """Its bound rises for one state and falls for the other: 3 x 40 x 150 updates in each layout."""
    rng = np.random.default_rng(13)
    computer = make(rng)
    cooling = tz.Schedule({"temperature": computer.temperature * np.geomspace(4, 0.3, 41)})
    law = tz.Dynamics(computer, tz.get("metropolis"), dt=1.0, precision="single", steps=40, schedule=cooling)
    x0 = rng.choice([-1.0, 1.0], (3, computer.n)).astype(law.dtype)
    expected = record(ReferenceEngine(), law, x0, 40, KEY)[-1]
    assert not np.array_equal(expected, x0)
    for layout in ("batch", "unit", "kept"):
        x = x0.copy()
        stepper = ColorStepper(law, 2, layout=layout)
        advance_rows(stepper, x, key=KEY, first_step=0, steps=40, trajectories=np.arange(3))
        assert np.array_equal(x, expected), layout


def test_metropolis_flips_by_what_a_flip_costs():
    """The rule unit by unit, with energies of whole computers."""
    from thermozoo.computer.coloring import units_by_color

    rng = np.random.default_rng(14)
    computer = case("sparse and triples", rng)
    law = tz.Dynamics(computer, tz.get("metropolis"), dt=1.0)
    x0 = rng.choice([-1.0, 1.0], (6, computer.n))
    x = x0.copy()
    for k in range(4):
        u = uniforms(KEY, k, np.arange(len(x)), computer.n, UNIFORM_DRAWS, law.dtype)
        for unit in np.concatenate(units_by_color(computer)):
            turned = x.copy()
            turned[:, unit] *= -1
            cost = computer.energy(turned) - computer.energy(x)
            p = np.exp(-np.maximum(cost, 0.0) / computer.temperature)
            x[:, unit] = np.where(u[:, unit] < p, -x[:, unit], x[:, unit])
    assert np.array_equal(record(ReferenceEngine(), law, x0, 4, KEY)[-1], x)
    assert not np.array_equal(x, x0)


def placed(make):
    computer = make(np.random.default_rng(11))
    return ColorStepper(heat_bath(computer, precision="single"), 1, layout="kept").law("kept")


def test_kept_fields_are_exact_where_strengths_are_whole_numbers_and_within_their_margin_elsewhere():
    rng = np.random.default_rng(12)
    for make, exact in ((whole_numbers, True), (all_pairs, False)):
        law = placed(make)
        rows_of_places, kept = law.kept
        starts, [others], values = rows_of_places.starts, rows_of_places.others, rows_of_places.values
        assert (kept.margin == 0) == exact
        assert kept.matrix.size == (0 if exact else law.size**2)
        free = len(starts) - 1
        rows = np.repeat(np.arange(free), np.diff(starts))
        for _ in range(20):
            x = rng.choice([-1, 1], law.size)
            counted = kept.whole[:free].astype(np.int64)
            np.add.at(counted, rows, kept.doubled // 2 * x[others])
            # the same sums in twice the digits; what the kernel adds up in single precision is off by less
            field = law.arranged(law.field, 1)[:free].astype(np.float64)
            np.add.at(field, rows, values.astype(np.float64) * x[others])
            off = np.abs(counted * kept.quantum - field).max()
            assert off == 0 if exact else 0 < off < kept.margin
        if not exact:
            assert kept.matrix.dtype == np.int16
            assert kept.margin < 0.01


def test_fields_are_kept_where_it_pays_and_a_step_lets_them():
    dense, whole = heat_bath(all_pairs(np.random.default_rng(1))), heat_bath(whole_numbers(np.random.default_rng(1)))
    assert ColorStepper(dense).layout_of(1) == ColorStepper(dense).layout_of(1000) == "kept"
    assert ColorStepper(whole).layout_of(1) == "kept"
    assert ColorStepper(heat_bath(case("sparse and triples", np.random.default_rng(1)))).layout_of(1) != "kept"
    clamped = heat_bath(case("clamped", np.random.default_rng(1)))
    assert can_keep(clamped.one_computer, ColorStepper(clamped).rows, trace_step(clamped.integrator))

    @attrs.frozen
    class Window(Integrator):
        """Goes up where the force lies in a window: equal outcomes at both ends of an interval say nothing."""

        name = "window"
        updates = "by color"

        def step(self, s):
            force = s.force(s.x)
            return sympy.Piecewise((1, s.uniform() < sympy.exp(-(force**2) / s.kT)), (-1, True))

    rows = ColorStepper(dense).rows
    assert can_keep(
        dense.one_computer, rows, trace_step(tz.get("metropolis"))
    )  # rises for one state, falls for the other
    assert not can_keep(dense.one_computer, rows, trace_step(Window()))
