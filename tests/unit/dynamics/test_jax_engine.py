"""The JAX engine against the reference engine, law by law; they are skipped where JAX is not installed."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.dynamics import availability, engines
from thermozoo.dynamics.benchmark import lattice, with_random_couplings
from thermozoo.dynamics.core_engines import JaxEngine, ReferenceEngine
from thermozoo.dynamics.engines import BatchState, Drive, Dynamics, engine_for
from thermozoo.dynamics.noise import UNIFORM_DRAWS, NoiseKey, normals, uniforms
from thermozoo.dynamics.variables import resting
from thermozoo.errors import EngineError, ParameterError

pytest.importorskip("jax", reason="JAX is not installed: pip install 'thermozoo[jax]'")

KEY, STEPS = NoiseKey(2**63 + 12345, 77), 12
NUMBERS = np.array([7, 0, 2**32 - 1, 12, 13])

#: Rounding of single precision, after a few steps of states of size one, and of double.
CLOSE = {"single": 3e-6, "double": 1e-13}


@pytest.mark.parametrize("n", [1, 17, pytest.param(40, marks=pytest.mark.long), 200])
def test_noise_is_that_of_every_engine(n):
    """Uniform numbers bit for bit, so that the words are the same; normal numbers to rounding."""
    import jax

    from thermozoo.dynamics.engines.jax_batch import wide_numbers
    from thermozoo.dynamics.engines.jax_noise import Counters, normal_numbers, uniform_numbers

    step = 2**32 - 2
    with wide_numbers():
        counters = Counters.of(KEY, NUMBERS)
        for dtype, close in ((np.float32, 1e-6), (np.float64, 1e-14)):
            uniform, normal = (
                np.array(jax.jit(f, static_argnums=(2, 3, 4))(counters, np.uint32(step), n, 3, dtype))
                for f in (uniform_numbers, normal_numbers)
            )
            assert np.array_equal(uniform, uniforms(KEY, step, NUMBERS, n, UNIFORM_DRAWS + 3, dtype))
            assert np.abs(normal - normals(KEY, step, NUMBERS, n, 3, dtype)).max() < close
            assert normal.dtype == uniform.dtype == dtype


def test_words_are_the_published_ones():
    """Known answers of Philox 4x32-10, of Random123."""
    import jax.numpy as jnp

    from thermozoo.dynamics.engines.jax_batch import wide_numbers
    from thermozoo.dynamics.engines.jax_noise import philox_words

    known = {0: "6627e8d5 e169c58d bc57ac4c 9b00dbd8", 2**32 - 1: "408f276d 41c83b0e a20bc7c6 6d5451fd"}
    with wide_numbers():
        for word, answer in known.items():
            one = jnp.asarray([word], jnp.uint32)
            found = philox_words((one, one, one, one), jnp.full(2, word, jnp.uint32))
            assert " ".join(f"{int(w[0]):08x}" for w in found) == answer


def coupled(computer):
    """The computer with random couplings of size 0.1."""
    weak = with_random_couplings(computer)
    return attrs.evolve(weak, couplings=weak.couplings.scaled(10.0))


def two_groups(**options):
    sizes = {"visible": 20, "hidden": 50}
    connectivity = tz.get("bipartite", within=("hidden",))
    return coupled(tz.assemble(sizes, tz.get("quartic"), connectivity, temperature=0.2, **options))


def with_patterns():
    base = two_groups()
    patterns = np.random.default_rng(5).standard_normal((9, 70)) / 8
    attention = tz.project(tz.get("modern-hopfield", beta=3.0), base.layout, patterns, weights=np.linspace(1, 2, 9))
    powers = tz.project(tz.get("dense-memory", n=3), base.layout, patterns[:, :50], groups=["hidden"]).scaled(0.5)
    return base.with_terms({"attention": attention, "powers": powers})


def of_interaction(name, connectivity):
    interaction = tz.get(name)
    return coupled(tz.assemble({"unit": 9}, tz.get("quartic"), connectivity, interaction=interaction, temperature=0.2))


def spins():
    couplings = tz.get("lattice", shape=(6, 4))
    machine = tz.assemble({"spin": 24}, tz.get("spin", h=0.2), couplings, temperature=1.3)
    return coupled(machine)


def per_unit():
    potential = {"visible": tz.get("quartic", J2=tuple(np.linspace(0.5, 2, 20))), "hidden": tz.get("double-well")}
    base = tz.assemble(
        {"visible": 20, "hidden": 50}, potential, tz.get("bipartite"), temperature=0.2, clamped=("hidden",)
    )
    return coupled(base)


COMPUTERS = {
    "two groups": (two_groups, "euler-maruyama"),
    "lattice": (lambda: lattice(tz.get("quartic"), 6), "euler-maruyama"),
    "a value a unit, clamped": (per_unit, "stochastic-heun"),
    "patterns": (with_patterns, "euler-maruyama"),
    "phases": (lambda: of_interaction("interaction:cosine", tz.get("dense")), "euler-maruyama"),
    "differences, sparse": (lambda: of_interaction("difference", tz.get("ring")), "euler-maruyama"),
    "spins": (spins, "heat-bath"),
    "a velocity": (two_groups, "baoab"),
    "two noises": (two_groups, "stochastic-heun"),
    "a last noise": (two_groups, "leimkuhler-matthews"),
    "colored": (two_groups, "coloured-noise"),
    "quarter": (two_groups, "quarter-noise"),
}
QUICK = ("two groups", "lattice", "patterns", "spins")


def cases():
    for name in COMPUTERS:
        for precision in ("double", "single"):
            slow = name not in QUICK or precision == "single"
            yield pytest.param(name, precision, marks=[pytest.mark.long] * slow, id=f"{name}, {precision}")


def law_of(name, precision, **more):
    computer, integrator = COMPUTERS[name]
    return Dynamics(computer(), tz.get(integrator), 0.02, precision, **more)


def advanced(engine, dynamics, drive=None, parts=(STEPS,), rows=slice(None)):
    """States after each step, variables and work."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((len(NUMBERS), dynamics.one_computer.n))
    if dynamics.integrator.updates == "by color":
        x = np.sign(x)
    held = resting(dynamics, len(x[rows]))
    start = BatchState(x.astype(dynamics.dtype)[rows], KEY, NUMBERS[rows], 0, held)
    batch = engine.prepare(dynamics).begin(start, drive)
    records = []
    for steps in parts:
        records.append(np.empty((steps, *start.x.shape), dynamics.dtype))
        batch.advance(steps, records[-1])
    return np.concatenate(records), batch.variables(), batch.work


@pytest.mark.parametrize(("name", "precision"), list(cases()))
def test_it_does_what_the_reference_does(name, precision):
    dynamics = law_of(name, precision)
    expected, found = (advanced(engine, dynamics) for engine in (ReferenceEngine(), JaxEngine()))
    assert found[0].dtype == dynamics.dtype
    assert np.abs(found[0] - expected[0]).max() < CLOSE[precision]
    for one, values in expected[1].items():
        assert np.abs(found[1][one] - values).max() < 10 * CLOSE[precision]
    assert np.abs(expected[0][-1] - expected[0][0]).max() > 0.1  # something happened


def test_schedules_and_drives():
    """Everything that can be driven, and signals by two protocols: states and work."""
    along = np.linspace(0.0, 1.0, STEPS + 1)
    targets = {"temperature": 0.1 + along, "coupling": along, "bias": 1 - along, "on-site": 1 + along}
    schedule = tz.Schedule({**targets, "potential.hidden.J2": 0.5 + along})
    dynamics = law_of("two groups", "double", steps=STEPS, schedule=schedule)
    rng = np.random.default_rng(4)
    drive = Drive(
        rng.standard_normal((3, 70)), np.array([0, 2, 1, 1, 0]), rng.random((2, STEPS + 1)), np.arange(70) % 2
    )
    expected, found = (advanced(engine, dynamics, drive) for engine in (ReferenceEngine(), JaxEngine()))
    assert np.abs(found[0] - expected[0]).max() < CLOSE["double"]
    assert np.abs(found[2] - expected[2]).max() < CLOSE["double"] * np.abs(expected[2]).max()
    assert np.abs(expected[2]).min() > 0.01


def test_bits_do_not_depend_on_how_a_run_is_split():
    dynamics = law_of("two groups", "single")
    whole, parts = (advanced(JaxEngine(), dynamics, parts=parts) for parts in ((STEPS,), (1, 7, STEPS - 8)))
    assert np.array_equal(whole[0], parts[0])


@pytest.mark.long
@pytest.mark.parametrize("name", ["a velocity", "two noises"])
def test_bits_of_forces_that_are_carried_do_not_depend_on_splits_either(name):
    dynamics = law_of(name, "single")
    whole, parts = (advanced(JaxEngine(), dynamics, parts=parts) for parts in ((STEPS,), (1, 7, STEPS - 8)))
    assert np.array_equal(whole[0], parts[0])
    assert all(np.array_equal(whole[1][one], parts[1][one]) for one in whole[1])


def test_laws_that_differ_in_numbers_share_what_is_compiled():
    from thermozoo.dynamics.engines.jax_step import advance

    first = law_of("two groups", "double")
    advanced(JaxEngine(), first)
    before = advance._cache_size()
    other = attrs.evolve(first, computer=attrs.evolve(two_groups(), temperature=0.7), dt=0.01)
    advanced(JaxEngine(), other)
    assert advance._cache_size() == before
    assert JaxEngine().prepare(first).plan == JaxEngine().prepare(other).plan


def test_bfloat16_rounds_factors_and_nothing_else():
    dynamics = law_of("two groups", "single")
    exact, rounded = (advanced(JaxEngine(products), dynamics)[0] for products in ("float32", "bfloat16"))
    assert 1e-6 < np.abs(exact - rounded).max() < 1e-2
    uncoupled = attrs.evolve(dynamics, computer=two_groups().bare())
    exact, rounded = (advanced(JaxEngine(products), uncoupled)[0] for products in ("float32", "bfloat16"))
    assert np.array_equal(exact, rounded)


def test_what_it_refuses():
    with pytest.raises(ParameterError, match="products must be one of float32, tf32, bfloat16, got 'fp8'"):
        JaxEngine("fp8")
    with pytest.raises(EngineError, match="the dynamics are in double: take precision = 'single'"):
        JaxEngine("tf32").prepare(law_of("two groups", "double"))


def test_the_whole_process_keeps_its_precision():
    import jax.numpy as jnp

    advanced(JaxEngine(), law_of("two groups", "double"))
    assert jnp.ones(2).dtype == jnp.float32


@pytest.mark.parametrize(
    ("trajectories", "steps", "device", "chosen"),
    [
        (4096, 10**6, "a card", "jax"),
        (4096, 10**6, None, "other"),
        (40, 10**9, "a card", "other"),
        (4096, 100, "a card", "other"),
    ],
)
def test_auto_takes_it_where_it_is_quicker(trajectories, steps, device, chosen, monkeypatch):
    monkeypatch.setattr(availability, "accelerator", lambda: device)
    engine = engine_for("auto", law_of("two groups", "single"), trajectories, steps)
    assert (engine.name == "jax") == (chosen == "jax")
    assert engine_for("auto", law_of("two groups", "single"), trajectories, steps, accelerators=False).name != "jax"
    assert engines.why_not("jax") is None


def test_units_have_baths_of_their_own():
    unit = {"a": tz.get("quartic"), "b": tz.get("double-well")}
    five = tz.assemble({"a": 3, "b": 2}, unit, tz.get("dense"), temperature=0.5)
    coupled = five.with_couplings(0.3 * (np.ones((5, 5)) - np.eye(5)))
    law = tz.Dynamics(coupled, tz.get("baoab"), dt=0.01, baths=[0.1, 0.5, 2.0, 0.0, 1.0])
    ours, other = (tz.simulate(law, np.zeros((4, 5)), 50, seed=3, engine=e).x.values for e in ("jax", "reference"))
    assert np.abs(ours - other).max() < 1e-13
