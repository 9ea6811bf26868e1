"""Steps of several results in symbols: what an author may return, how variables start, what is solved for the noise."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from thermozoo_plugins.integrators import Baoab, ColouredNoise, EulerMaruyama, StochasticHeun

from thermozoo import Integrator, parameter
from thermozoo.errors import FormulaError, PluginClassError
from thermozoo.interfaces import Variable
from thermozoo.symbolic.action import is_reversible, transition_density
from thermozoo.symbolic.kernel_plan import stages_of
from thermozoo.symbolic.start import starts_of
from thermozoo.symbolic.trace import trace_step

V = Variable(parity=-1, doc="velocity")


def integrator(step, energy=None, variables=None):
    @attrs.frozen
    class Drawn(Integrator):
        name = "drawn"
        mass: float = parameter(0.5, unit="1", doc="a number", above=0)

    Drawn.step = lambda self, s: step(self, s)
    if energy is not None:
        Drawn.energy = lambda self, s: energy(self, s)
    Drawn.variables = {"v": V} if variables is None else variables
    Drawn.__abstractmethods__ = frozenset()
    return Drawn()


def test_baoab_traced():
    step = trace_step(Baoab())
    assert list(step.variables) == list(step.after) == ["v"]
    assert step.kinetic == step.parameters["mass"] * step.variables["v"] ** 2 / 2
    assert step.stages == (step.x, step.result)
    assert step.carries
    assert not trace_step(StochasticHeun()).carries
    assert not trace_step(EulerMaruyama()).carries


def test_the_plan_of_a_kernel_does_the_step():
    """Followed by hand with numbers; the state after it is the place of the last force, read and not computed again."""
    step = trace_step(Baoab())
    stages, constants = stages_of(step)
    numbers = {step.dt: 0.1, step.mobility: 1.3, step.kT: 0.2, step.parameters["mass"]: 0.7}
    known = {str(name): float(e.subs(numbers)) for e, name in constants.items()}
    known |= {"x": 0.4, "variable_v": -0.3, "noise_0": 0.8}
    for one in stages:
        known[f"force_{one.force}"] = -(known[one.at] ** 3)
        for to, value in one.values.items():
            assert {str(s) for s in value.free_symbols} <= {*known}
            known[f"{to}'"] = float(value.subs({s: known[str(s)] for s in value.free_symbols}))
        known |= {name[:-1]: known.pop(name) for name in [*known] if name.endswith("'")}
    c, s = np.exp(-0.1 / (1.3 * 0.7)), np.sqrt((1 - np.exp(-0.2 / (1.3 * 0.7))) * 0.2 / 0.7)
    v = -0.3 - 0.1 / 1.4 * 0.4**3
    x = 0.4 + 0.05 * v
    v = c * v + s * 0.8
    x = x + 0.05 * v
    v = v - 0.1 / 1.4 * x**3
    assert known["after"] == pytest.approx(x, rel=1e-14)
    assert known["variable_v"] == pytest.approx(v, rel=1e-14)
    assert str(stages[-1].value) == "point_1"
    assert stages[-1].reads == ["force_0", "noise_0", "point_1", "variable_v"]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (lambda self, s: s.x, r'must return {"x": ..., "v": ...}, got Symbol'),
        (lambda self, s: {"x": s.x}, "got the keys 'x'"),
        (lambda self, s: {"x": s.x, "v": s.v, "w": s.v}, "got the keys 'x', 'v', 'w'"),
        (lambda self, s: {"x": s.x, "v": None}, "returned None"),
        (lambda self, s: {"x": s.x, "v": s.w}, "no attribute 'w'"),
        (lambda self, s: {"x": s.x, "v": sympy.Symbol("q")}, "undeclared symbols: q"),
    ],
    ids=["one", "missing", "too many", "none", "unknown", "strange"],
)
def test_what_a_step_must_return(step, said):
    with pytest.raises(FormulaError, match=said):
        trace_step(integrator(step))


def test_a_step_without_variables_may_name_its_state():
    named = integrator(lambda self, s: {"x": s.x + s.noise()}, variables={})
    assert trace_step(named).result == trace_step(integrator(lambda self, s: s.x + s.noise(), variables={})).result


@pytest.mark.parametrize(
    "energy", [lambda self, s: s.v * s.noise(), lambda self, s: s.x**2, lambda self, s: s.force(s.x)]
)
def test_a_kinetic_energy_is_one_of_the_variables(energy):
    with pytest.raises(
        FormulaError, match="is the kinetic energy of the auxiliary variables: expected an expression of v"
    ):
        trace_step(integrator(lambda self, s: {"x": s.x, "v": s.v}, energy))


def test_variables_start_from_their_boltzmann_distribution():
    step, starts = starts_of(Baoab())
    assert sympy.simplify(starts["v"].spread ** 2 - step.kT / step.parameters["mass"]) == 0
    assert starts["v"].mean == 0
    step, starts = starts_of(ColouredNoise())
    assert starts["y"].spread == step.parameters["strength"]
    fixed = integrator(
        lambda self, s: {"x": s.x, "v": s.v}, variables={"v": Variable(parity=1, doc="clock", start=2.5)}
    )
    assert (starts_of(fixed)[1]["v"].mean, starts_of(fixed)[1]["v"].spread) == (2.5, 0)


@pytest.mark.parametrize(
    ("start", "energy", "said"),
    [
        (None, None, "does not say how v starts"),
        (None, lambda self, s: s.v**4, "does not say how v starts"),
        (None, lambda self, s: (s.v - 1) ** 2, "does not say how v starts"),
        (lambda plugin, s: s.noise() ** 2, None, "in which it is linear"),
        (lambda plugin, s: s.noise() + s.noise(), None, "at most one s.noise"),
        (lambda plugin, s: s.x, None, "the start of v must be an expression of parameters"),
    ],
)
def test_a_start_that_is_not_known_is_refused(start, energy, said):
    one = integrator(
        lambda self, s: {"x": s.x, "v": s.v}, energy, {"v": Variable(parity=-1, doc="velocity", start=start)}
    )
    with pytest.raises(FormulaError, match=said):
        starts_of(one)


def test_names_and_parities_of_variables():
    with pytest.raises(PluginClassError, match="expected 1 or -1, got 0"):
        Variable(parity=0, doc="none")
    for name in ("x", "kT", "heat", "not a name"):
        with pytest.raises(PluginClassError, match="names a variable"):
            type("Bad", (Integrator,), {"name": "bad", "variables": {name: V}})
    with pytest.raises(PluginClassError, match="maps names to Variable"):
        type("Bad", (Integrator,), {"name": "bad", "variables": {"v": -1}})


def test_the_action_of_baoab_is_half_the_square_of_its_noise():
    """With the noise put in: of the step, and of its reverse, whose noise is (c v4 - v3) / s by symmetry."""
    d = transition_density(Baoab())
    step = d.step
    x, v, xi = 0.3, -0.8, 1.7
    numbers = {step.x: x, step.variables["v"]: v, step.dt: 0.2, step.mobility: 1.4, step.kT: 0.3}
    numbers[step.parameters["mass"]] = 0.7
    force = lambda y: -(y**3)  # noqa: E731
    c = np.exp(-0.2 / (1.4 * 0.7))
    spread = np.sqrt((1 - c**2) * 0.3 / 0.7)
    v3 = v + 0.1 / 0.7 * force(x)
    v4 = c * v3 + spread * xi
    end = x + 0.1 * (v3 + v4)
    last = v4 + 0.1 / 0.7 * force(end)
    forward = {d.x_next: end, d.after["v"]: last, step.forces[0]: force(x), step.forces[1]: force(end)}
    assert float(d.action.subs({**numbers, **forward})) == pytest.approx(xi**2 / 2, rel=1e-12)
    assert float(d.support["x"].subs({**numbers, **forward})) == pytest.approx(0, abs=1e-14)
    turned = {step.x: end, step.variables["v"]: -last, d.x_next: x, d.after["v"]: -v}
    turned |= {step.forces[0]: force(end), step.forces[1]: force(x)}
    assert float(d.action.subs({**numbers, **turned})) == pytest.approx(((c * v4 - v3) / spread) ** 2 / 2, rel=1e-12)
    assert float(d.support["x"].subs({**numbers, **turned})) == pytest.approx(0, abs=1e-14)


def test_two_noises_of_two_results_are_both_solved_for():
    d = transition_density(ColouredNoise())
    assert d.support == {}
    step, y = d.step, d.step.variables["y"]
    numbers = {step.x: 0.3, y: 0.2, step.forces[0]: -0.5, step.dt: 0.1, step.mobility: 1.4, step.kT: 0.3}
    numbers |= {step.parameters["correlation_time"]: 0.8, step.parameters["strength"]: 0.6}
    a, b, c = 0.9, -1.3, np.exp(-0.1 / 0.8)
    ends = {
        d.x_next: 0.3 + 1.4 * 0.1 * (-0.5 + 0.2) + np.sqrt(2 * 1.4 * 0.3 * 0.1) * a,
        d.after["y"]: c * 0.2 + 0.6 * np.sqrt(1 - c**2) * b,
    }
    assert float(d.action.subs({**numbers, **ends})) == pytest.approx((a**2 + b**2) / 2, rel=1e-12)


def test_noise_that_cannot_be_solved_for_is_refused_by_name():
    noisy = integrator(lambda self, s: {"x": s.x + s.noise(), "v": s.v + s.force(s.x + s.v * s.noise())})
    with pytest.raises(FormulaError, match="Drawn evaluates a force at a position that depends on the noise"):
        transition_density(noisy)
    with pytest.raises(FormulaError, match=r"Drawn.step is not linear in its noise"):
        transition_density(integrator(lambda self, s: {"x": s.x, "v": s.v * s.noise() ** 2}))
    with pytest.raises(FormulaError, match=r"Drawn.step uses no noise"):
        transition_density(integrator(lambda self, s: {"x": s.x + s.v, "v": s.v}))


def test_which_steps_can_be_reversed():
    assert is_reversible(Baoab())
    assert not is_reversible(Baoab(), {"v": 1})
    assert is_reversible(EulerMaruyama())
    late = integrator(lambda self, s: {"x": s.x + s.v, "v": s.v / 2 + s.force(s.x + s.v) + s.noise()})
    assert not is_reversible(late)
