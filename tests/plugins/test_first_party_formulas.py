"""The first-party formulas, each against itself written out by hand, and against its claims."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.datasets import Digits
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import (
    Cosine,
    DoubleWell,
    LogCosh,
    Periodic,
    Quadratic,
    Quartic,
    Sextic,
    TiltedWell,
    Washboard,
)
from thermozoo_plugins.protocols import Constant, HoldRamp, LinearFade

from thermozoo.computer.layout import Layout
from thermozoo.computer.minima import stable_states
from thermozoo.computer.onsite import unit_energy
from thermozoo.errors import ParameterError
from thermozoo.interfaces import INTERFACES
from thermozoo.parameters import parameters_of
from thermozoo.registry.catalogue import catalogue
from thermozoo.symbolic.derive import loss_gradients, potential_formulas
from thermozoo.symbolic.trace import trace_intensity

FIRST_PARTY = [r for r in catalogue().records if r.source.distribution == "thermozoo" and r.plugin is not None]


@pytest.mark.parametrize("record", FIRST_PARTY, ids=lambda r: f"{r.kind}:{r.name}")
def test_a_first_party_plugin_is_documented(record):
    """Sentence and references; a unit, a symbol and a sentence for each parameter.

    tests/docs asks for the example, and runs it.
    """
    text = record.plugin.__doc__
    assert text.split("\n")[0].strip().endswith((".", ":"))
    assert "References" in text
    assert issubclass(record.plugin, INTERFACES[record.kind])
    for declared in parameters_of(record.plugin):
        assert declared.unit
        assert declared.doc
        assert declared.symbol


#: The energy of each potential written out by hand.
ENERGIES = {
    Quartic: lambda x, p: p["J2"] * x**2 + p["J4"] * x**4,
    DoubleWell: lambda x, p: p["J2"] * x**2 + p["J4"] * x**4,
    Quadratic: lambda x, p: p["J2"] * x**2,
    TiltedWell: lambda x, p: p["J2"] * x**2 + p["J4"] * x**4 + p["h"] * x,
    Sextic: lambda x, p: x**2 * (p["J2"] + x**2 * (p["J4"] + x**2 * p["J6"])),
    Cosine: lambda x, p: p["EL"] / 2 * x**2 - p["EJ"] * sympy.cos(x - p["phi"]),
    Periodic: lambda x, p: p["K"] * (2 * sympy.cos(x) ** 2 - 1),
    Washboard: lambda x, p: p["K"] * sympy.cos(x) - p["f"] * x,
    LogCosh: lambda x, p: p["K"] * p["w"] ** 2 * sympy.log(sympy.cosh(x / p["w"])),
}


@pytest.mark.parametrize("cls", list(ENERGIES))
def test_potentials(cls):
    formulas = potential_formulas(cls())
    x, p = formulas.x, formulas.parameters
    energy = ENERGIES[cls](x, p)
    assert sympy.simplify(formulas.energy - energy) == 0
    assert sympy.simplify(formulas.gradient - sympy.diff(energy, x)) == 0


@pytest.mark.parametrize(("h", "expected"), [(0.5, 2), (1.0886, 2), (1.0888, 1), (-1.0888, 1)])
def test_a_tilted_well_loses_a_state_where_its_docstring_says(h, expected):
    """27 h^2 J4 < 8 |J2|^3 is |h| < 1.08866 for J2 = -1, J4 = 1 / 4; from the roots of the slope."""
    slope = np.roots([4 * 0.25, 0.0, 2 * -1.0, h])
    assert np.sum(np.abs(slope.imag) < 1e-9) == 2 * expected - 1
    found = stable_states(unit_energy(TiltedWell(J2=-1.0, J4=0.25, h=h)), 0.1)
    assert len(found) == expected


@pytest.mark.parametrize(("J2", "J4", "places"), [(1.0, -2.0, (-1, 0, 1)), (1.0, -1.7, (0,)), (-1.0, 0.0, (-1, 1))])
def test_a_sextic_unit_has_the_states_that_its_docstring_says(J2, J4, places):
    J6 = 1 / 3 if J2 < 0 else 1.0
    found = stable_states(unit_energy(Sextic(J2=J2, J4=J4, J6=J6)), 0.1)
    assert [one.x for one in found] == pytest.approx(places, abs=1e-9)


@settings(max_examples=40)
@given(data=st.data())
def test_stable_states(drawn, data):
    """The claimed number of minima, counted on a grid; a double well's lie where its docstring says."""
    potential = data.draw(drawn.potentials())
    x = np.linspace(-12, 12, 400_001)
    energy = potential.J2 * x**2 + getattr(potential, "J4", 0.0) * x**4
    minima = x[1:-1][(energy[1:-1] < energy[:-2]) & (energy[1:-1] <= energy[2:])]
    assert len(minima) == potential.stable_states
    if potential.stable_states == 2:
        assert np.abs(minima) == pytest.approx(np.sqrt(-potential.J2 / (2 * potential.J4)) * np.ones(2), abs=1e-4)
        depth = energy[np.abs(x).argmin()] - energy.min()
        assert depth == pytest.approx(potential.J2**2 / (4 * potential.J4), rel=1e-4, abs=1e-9)


def test_the_reverse_loss(objective):
    f = loss_gradients(objective).formula
    expected = (-(f.x_next - f.x) + f.mobility * f.gradient_next * f.dt) ** 2 / (4 * f.mobility * f.kT * f.dt)
    assert sympy.simplify(f.loss - expected) == 0
    assert ReverseLikelihood.quadratic is True


@given(t=st.floats(0, 1), amplitude=st.floats(-3, 3), fade=st.floats(0.05, 1))
def test_protocols(t, amplitude, fade):
    traced = trace_intensity(LinearFade())
    values = {traced.t: t, traced.duration: 1.0}
    values |= dict(zip(traced.parameters.values(), (amplitude, fade), strict=True))
    assert float(traced.intensity.subs(values)) == pytest.approx(amplitude * max(0.0, 1 - t / fade), abs=1e-12)
    assert Constant(amplitude=amplitude).intensity(t, 1.0) == amplitude


@given(t=st.floats(0, 2.5), amplitude=st.floats(-3, 3), fade=st.floats(0.05, 1), part=st.floats(0.05, 1))
def test_the_ramp_that_holds(t, amplitude, fade, part):
    """Three stretches: flat, a straight line between its ends, nothing."""
    duration, width = 2.5, part * fade
    a = float(HoldRamp(amplitude=amplitude, fade=fade, width=width).intensity(t, duration))
    ends = [0.0, (fade - width) * duration, fade * duration, duration + 1]
    assert a == pytest.approx(np.interp(t, ends, [amplitude, amplitude, 0.0, 0.0]), abs=1e-12)


def test_a_ramp_that_holds_no_longer_is_the_linear_fade():
    ramp, fade = HoldRamp(fade=0.6, width=0.6), LinearFade(fade=0.6)
    times = np.linspace(0, 1, 41)
    assert [float(ramp.intensity(t, 1.0)) for t in times] == pytest.approx([float(fade.intensity(t, 1)) for t in times])


def test_a_ramp_longer_than_its_signal_is_refused():
    with pytest.raises(ParameterError, match="width <= "):
        HoldRamp(fade=0.2, width=0.25)


SIZES = st.fixed_dictionaries({"a": st.integers(1, 4), "b": st.integers(0, 3), "c": st.integers(1, 3)})


@given(SIZES, st.sets(st.sampled_from("abc")))
def test_connectivities(sizes, within):
    from thermozoo.computer.connect import connect

    layout = Layout(sizes)
    group = np.repeat(list(sizes), list(sizes.values()))
    i, j = np.triu_indices(layout.n, 1)
    every = {frozenset(p) for p in zip(i.tolist(), j.tolist(), strict=True)}
    found = {frozenset(map(int, e)) for e in connect(Dense(), layout).edges}
    assert found == every
    allowed = {p for p in every if len({group[k] for k in p}) == 2 or group[min(p)] in within}
    found = {frozenset(map(int, e)) for e in connect(Bipartite(within=sorted(within)), layout).edges}
    assert found == allowed


def test_bipartite_names_an_unknown_group():
    with pytest.raises(ParameterError, match="within names the group 'hiden'; did you mean 'hidden'"):
        Bipartite(within=["hiden"]).blocks(Layout({"hidden": 1}))
    assert Bipartite(within="hidden") == Bipartite(within=["hidden"])


def test_digits():
    images, labels = Digits().load()
    assert images.shape == (1797, 28, 28)
    assert images.min() >= 0.0
    assert images.max() <= 1.0
    assert labels.shape == (1797,)
    assert labels.dtype.kind == "i"
    assert set(labels.tolist()) == set(range(10))
    from sklearn.datasets import load_digits

    small = load_digits().images / 16
    # resizing keeps the image: the mean over 28 x 28 pixels is that over 8 x 8 up to the clipped overshoot
    assert np.corrcoef(images.mean(axis=(1, 2)), small.mean(axis=(1, 2)))[0, 1] > 0.99
    assert np.corrcoef(images[:, 1::7, 1::7].ravel(), small[:, ::2, ::2].ravel())[0, 1] > 0.9
