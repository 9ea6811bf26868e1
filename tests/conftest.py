"""What all tests share: reproducible hypothesis, drawn computers, and energies written out by hand as oracles."""

from __future__ import annotations

import os

# small products only: threads would cost more than they gain, and two test processes may share two cores
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import zlib
from types import SimpleNamespace

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# examples are the same in every run: a test that fails, fails for everybody
settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Call most combinations of parameters long where a test is thinned: by their names, the same in every run."""
    for item in items:
        thinned = item.get_closest_marker("thinned")
        if thinned is not None and zlib.crc32(item.name.encode()) % thinned.args[0]:
            item.add_marker(pytest.mark.long)


def _pairs(n, matrix):
    return [(i, j) for i in range(n) for j in range(i + 1, n) if matrix[i, j] != 0.0]


def onsite_energy(potential, x):
    """U(x) of the first-party potentials, written out by hand."""
    j2, j4 = potential.J2, getattr(potential, "J4", 0.0)
    return j2 * x * x + j4 * x * x * x * x


def onsite_gradient(potential, x):
    """dU/dx of the first-party potentials, written out by hand."""
    j2, j4 = potential.J2, getattr(potential, "J4", 0.0)
    return 2 * j2 * x + 4 * j4 * x * x * x


def plain_energy(computer, x):
    """V(x) of one state in (possibly complex) double precision: every pair once, no matrix product."""
    matrix = computer.couplings.matrix()
    total = sum(b * v for b, v in zip(computer.biases, x, strict=True))
    for group in computer.layout.groups:
        total = total + onsite_energy(computer.onsite.potentials[group], x[computer.layout.slice(group)]).sum()
    for i, j in _pairs(len(x), matrix):
        total = total + matrix[i, j] * x[i] * x[j]
    return total


def plain_gradient(computer, x, matrix=None, biases=None):
    """dV/dx of states (..., n) in double precision, with matrices that the caller may replace."""
    x = np.asarray(x, dtype=np.result_type(x, np.float64))
    matrix = computer.couplings.matrix() if matrix is None else matrix
    biases = computer.biases if biases is None else biases
    gradient = x @ matrix + biases
    for group in computer.layout.groups:
        where = computer.layout.slice(group)
        gradient[..., where] = gradient[..., where] + onsite_gradient(computer.onsite.potentials[group], x[..., where])
    return gradient


def plain_loss(computer, dt, x, x_next, matrix=None, biases=None):
    """W. eq. 7 summed over steps and moving units, written out by hand; complex parameters are welcome."""
    g = plain_gradient(computer, x_next, matrix, biases)
    residual = -(np.float64(1) * x_next - x) + computer.mobility * g * dt
    by_unit = residual**2 / (4 * computer.mobility * computer.temperature * dt)
    return by_unit[..., computer.layout.free].sum()


def complex_step(function, value, direction):
    """df/dv along a direction, exact to rounding: a finite difference that does not cancel."""
    h = 1e-30
    return np.imag(function(np.asarray(value, dtype=complex) + 1j * h * direction)) / h


@pytest.fixture(scope="session", autouse=True)
def patient():
    """Commands say how far they are after two seconds; on a slow machine that would stand between what tests expect."""
    from thermozoo.cli import progress

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "_PATIENCE", 3600.0)
        yield


@pytest.fixture(scope="session")
def plain():
    """Oracles that share no code with thermozoo."""
    return SimpleNamespace(energy=plain_energy, gradient=plain_gradient, loss=plain_loss, complex_step=complex_step)


class Killed(BaseException):
    """What ends work in a test as a signal that cannot be caught ends a process."""


@pytest.fixture
def killed_at_every_checkpoint(tmp_path, monkeypatch):
    """Do work that is killed right after each of its checkpoints, and goes on from it, until it is done.

    Returns what it returned in the end, how often it was killed, and what could not be kept.
    """
    from thermozoo.checkpoints import journal
    from thermozoo.checkpoints.store import Store

    monkeypatch.setattr(journal, "_SPARSE", 0)  # whatever they cost

    class Dying(journal.Journal):
        def _write(self, *arguments):
            super()._write(*arguments)
            raise Killed

    def do(work):
        folder = tmp_path / "checkpoints"
        for kills in range(200):
            complaints = []
            store = Store.read(folder, complaints.append) if folder.is_dir() else Store.new(folder)
            dying = Dying(store, dict, 0.0, complaints.append)
            try:
                with dying.open():
                    result = work()
            except Killed:
                continue
            finally:
                assert not complaints
            return SimpleNamespace(result=result, kills=kills, skipped=dying.skipped)
        raise AssertionError("never done")

    return do


def build(
    sizes,
    potential,
    connectivity,
    *,
    seed=0,
    scale=0.3,
    temperature=1.0,
    mobility=1.0,
    trainable=(),
    clamped=(),
):
    """A computer whose couplings and biases are drawn with the given scale."""
    from thermozoo.computer.computer import assemble

    computer = assemble(
        sizes,
        potential,
        connectivity,
        temperature=temperature,
        mobility=mobility,
        trainable_biases=trainable,
        clamped=clamped,
    )
    random = np.random.default_rng(seed)
    vector = scale * random.standard_normal(computer.couplings.size)
    biases = scale * random.standard_normal(computer.n)
    return attrs.evolve(computer, couplings=computer.couplings.with_vector(vector), biases=biases)


@pytest.fixture(scope="session")
def make_computer():
    return build


def _positive(low=0.1, high=4.0):
    return st.floats(low, high, allow_nan=False)


@st.composite
def potentials(draw):
    from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic

    kind = draw(st.sampled_from(["quartic", "double-well", "quadratic"]))
    if kind == "quartic":
        return Quartic(J2=draw(_positive()), J4=draw(_positive()))
    if kind == "double-well":
        return DoubleWell(J2=-draw(_positive()), J4=draw(_positive()))
    return Quadratic(J2=draw(_positive()))


def ring(n):
    """A connectivity given pair by pair."""
    from thermozoo import Connectivity

    @attrs.frozen
    class Ring(Connectivity):
        name = "ring"

        def edges(self, layout):
            # of one unit or two there is no way round
            i = np.arange(layout.n if layout.n > 2 else layout.n - 1)
            return np.stack([i, (i + 1) % layout.n], axis=1)

    return Ring()


@st.composite
def computers(draw, *, clamped=False):
    """Computers of two groups: drawn potentials, connectivities, temperature, mobility, couplings and biases."""
    from thermozoo_plugins.connectivities import Bipartite, Dense

    sizes = {"visible": draw(st.integers(2, 4)), "hidden": draw(st.integers(2, 3))}
    connectivity = draw(st.sampled_from([Dense(), Bipartite(within=["hidden"]), Bipartite(), ring(0)]))
    return build(
        sizes,
        {"visible": draw(potentials()), "hidden": draw(potentials())},
        connectivity,
        seed=draw(st.integers(0, 10**6)),
        temperature=draw(_positive(0.05, 3.0)),
        mobility=draw(_positive(0.2, 3.0)),
        trainable=draw(st.sampled_from([(), ("hidden",), ("visible", "hidden")])),
        clamped=("visible",) if clamped else (),
    )


@st.composite
def steps(draw, computer, count=5, dt=None):
    """Observed steps (x, x') of a computer, of the size that noise gives them, in double precision."""
    dt = draw(st.floats(1e-4, 0.05)) if dt is None else dt
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    x = draw(st.floats(0.1, 2.0)) * random.standard_normal((count, computer.n))
    kick = np.sqrt(2 * computer.mobility * computer.temperature * dt)
    return dt, x, x + kick * random.standard_normal(x.shape)


@pytest.fixture(scope="session")
def drawn():
    """Hypothesis strategies, for ``data.draw(drawn.computers())``."""
    return SimpleNamespace(computers=computers, potentials=potentials, steps=steps)


@pytest.fixture(scope="session")
def make_ring():
    return ring


@pytest.fixture(scope="session")
def euler():
    from thermozoo_plugins.integrators import EulerMaruyama

    return EulerMaruyama()


@pytest.fixture(scope="session")
def objective():
    from thermozoo_plugins.objectives import ReverseLikelihood

    return ReverseLikelihood()
