"""What cannot be simulated is said before anything is simulated, in one line; observers belong to one simulation."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

from thermozoo.dynamics import availability
from thermozoo.dynamics.engines import Drive, Dynamics, engine_for, engine_named, why_not
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.noise import NUMBERS, NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.errors import ArgumentError, EngineError, ParameterError, ShapeError, ThermozooError


@pytest.fixture
def dynamics(make_computer, euler):
    return Dynamics(make_computer({"a": 3}, Quartic(), Dense()), euler, 0.01)


class Deaf:
    def observe(self, step, x):
        pass


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"steps": -10}, ParameterError, "steps must be a whole number of 0 or more, got -10"),
        ({"steps": 2.5}, ArgumentError, "steps must be a whole number of 0 or more, got 2.5"),
        ({"steps": True}, ArgumentError, "steps must be a whole number of 0 or more, got True"),
        ({"every": 0}, ParameterError, "every must be a whole number of 1 or more, got 0"),
        ({"every": -3}, ParameterError, "every must be a whole number of 1 or more, got -3"),
        ({"every": 1.5}, ArgumentError, "every must be a whole number of 1 or more, got 1.5"),
        ({"first_step": -3}, ParameterError, "first_step must be a whole number of 0 or more, got -3"),
        ({"first_step": NUMBERS - 3}, ParameterError, "got 4 steps from number 4294967293: noise would repeat"),
        ({"first_trajectory": -1}, ParameterError, "first_trajectory must be a whole number"),
        ({"first_trajectory": NUMBERS - 1}, ParameterError, "got numbers 4294967295 to 4294967296: noise would repeat"),
        ({"first_trajectory": 10**40}, ParameterError, "first_trajectory must be a whole number"),
        ({"key": 5}, ArgumentError, r"key must be a NoiseKey, got 5: give NoiseKey\(seed\)"),
        ({"key": NoiseKey}, ArgumentError, r"key must be a NoiseKey, got the class NoiseKey: give an instance"),
        ({"dynamics": None}, ArgumentError, "dynamics must be a Dynamics, got None: make one of"),
        ({"drive": np.zeros(3)}, ArgumentError, "drive must be a Drive, got an array"),
        ({"initial": np.zeros(3)}, ShapeError, r"\(trajectories, 3\), got \(3,\): one trajectory is x\[None, :\]"),
        ({"initial": [[0, np.nan, 0]]}, ParameterError, r"initial states must be finite, got nan at \(0, 1\)"),
        ({"initial": [[0, 1j, 0]]}, ArgumentError, "initial states must be real numbers, got complex128"),
        ({"initial": "states"}, ArgumentError, "initial states must be real numbers, got strings"),
        ({"observers": KeptStates}, ArgumentError, "got the class KeptStates: give an instance"),
        ({"observers": [KeptStates(), 5]}, ArgumentError, "got 5: it has no method start, observe, bytes_needed"),
        ({"observers": 5}, ArgumentError, "observers must be observers, such as"),
        ({"observers": [Deaf()]}, ArgumentError, "it has no method start, bytes_needed"),
        (
            {"engine": CompiledEngine},
            ArgumentError,
            "engine must be compiled, jax, reference, auto or an engine, got the cl",
        ),
        ({"engine": None}, ArgumentError, "engine must be compiled, jax, reference, auto or an engine, got None"),
        ({"engine": "autos"}, ThermozooError, "no engine is called 'autos'; did you mean 'auto'"),
        ({"progress": 3}, ArgumentError, "progress must be a function"),
        ({"byte_limit": -1}, ParameterError, "byte_limit must be a whole number"),
    ],
)
def test_what_cannot_be_simulated(dynamics, changes, error, said):
    given = {"dynamics": dynamics, "initial": np.zeros((2, 3)), "steps": 4, "key": NoiseKey(1), **changes}
    with pytest.raises(error, match=said) as caught:
        simulate(given.pop("dynamics"), given.pop("initial"), given.pop("steps"), **given)
    assert "\n" not in str(caught.value)


def test_states_that_single_precision_cannot_hold(make_computer, euler):
    dynamics = Dynamics(make_computer({"a": 1}, Quartic(), Dense()), euler, 0.01, "single")
    with pytest.raises(ParameterError, match="must be finite in single precision"):
        simulate(dynamics, [[1e39]], 1, key=NoiseKey(1))


def test_the_last_step_and_trajectory_that_noise_can_count(dynamics):
    for engine in ("reference", "compiled"):
        at_the_end = {"first_step": NUMBERS - 2, "first_trajectory": NUMBERS - 2, "engine": engine}
        ended = simulate(dynamics, np.zeros((2, 3)), 2, key=NoiseKey(1), **at_the_end)
        assert np.isfinite(ended.final).all()
        stepper = engine_named(engine).prepare(dynamics)
        with pytest.raises(ParameterError, match="noise would repeat"):
            advance_rows(
                stepper, np.zeros((1, 3)), key=NoiseKey(1), first_step=NUMBERS, steps=1, trajectories=np.arange(1)
            )


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((None, EulerMaruyama(), 0.1), ArgumentError, "computer must be a Computer, got None: assemble one"),
        (("computer", EulerMaruyama, 0.1), ArgumentError, "integrator must be an Integrator, got the class EulerMaru"),
        (("computer", "euler-maruyama", 0.1), ArgumentError, "got 'euler-maruyama': give an instance; catalogue"),
        (("computer", EulerMaruyama(), "0.1"), ArgumentError, "dt must be positive and finite, got '0.1'"),
        (("computer", EulerMaruyama(), True), ArgumentError, "dt must be positive and finite, got True"),
        (("computer", EulerMaruyama(), 0.1, 64), ArgumentError, "precision must be one of single, double, got 64"),
    ],
)
def test_dynamics_that_are_none(dynamics, arguments, error, said):
    given = [dynamics.computer if one == "computer" else one for one in arguments]
    with pytest.raises(error, match=said):
        Dynamics(*given)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"signals": np.zeros(3)}, ShapeError, r"signals must have shape \(signals, n\), got \(3,\)"),
        ({"which": [0.0, 1.0]}, ArgumentError, "which must be whole numbers, got float64"),
        ({"which": [0, 2]}, ParameterError, "which must be whole numbers from 0 to 1, got 2"),
        ({"which": [0, -1]}, ParameterError, "which must be whole numbers of 0 or more, got -1"),
        ({"intensity": [0, np.nan]}, ParameterError, "intensity must be finite, got nan at 1"),
        ({"intensity": 1.0}, ShapeError, r"intensity must have shape \(..., steps \+ 1\), got \(\)"),
        (
            {"intensity": np.zeros((1, 2, 3))},
            ShapeError,
            r"\(steps \+ 1,\) or \(protocols, steps \+ 1\), got \(1, 2, 3\)",
        ),
        ({"intensity": np.zeros((0, 4)), "protocol_of": [0, 0, 0]}, ShapeError, r"\(steps \+ 1,\) or .*, got \(0, 4\)"),
        ({"intensity": np.zeros((2, 4))}, ShapeError, "needs protocol_of: give the row that each of 3 units feels"),
        (
            {"protocol_of": [0, 0, 0]},
            ShapeError,
            r"protocol_of chooses a row of an intensity .*, got \(2,\): leave it out",
        ),
        (
            {"intensity": np.zeros((2, 4)), "protocol_of": [0, 1]},
            ShapeError,
            r"protocol_of must have shape \(3,\), got \(2,\)",
        ),
        (
            {"intensity": np.zeros((2, 4)), "protocol_of": [0, 1, 2]},
            ParameterError,
            "protocol_of must be whole numbers from 0 to 1, got 2",
        ),
        (
            {"intensity": np.zeros((2, 4)), "protocol_of": [0, 1, 0.5]},
            ArgumentError,
            "protocol_of must be whole numbers, got float64",
        ),
    ],
)
def test_drives_that_are_none(changes, error, said):
    with pytest.raises(error, match=said):
        Drive(**{"signals": np.zeros((2, 3)), "which": [0, 1], "intensity": [1.0, 0.0], **changes})


def test_a_signal_that_is_no_number(dynamics):
    drive = Drive([[0, np.nan, 0], [0, 0, 0]], [1, 1], np.zeros(5))
    start = np.zeros((2, 3))
    assert simulate(dynamics, start, 4, key=NoiseKey(1), drive=drive).steps == 4  # nobody is shown that signal
    with pytest.raises(ParameterError, match="signals of a drive must be finite"):
        simulate(dynamics, start, 4, key=NoiseKey(1), drive=Drive(drive.signals, [0, 1], np.zeros(5)))


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "all"])
def test_a_number_of_kept_trajectories_that_is_none(value):
    with pytest.raises(ThermozooError, match="trajectories must be a whole number of 1 or more, got"):
        KeptStates(value)


def test_observers_start_anew(dynamics):
    states, energies = KeptStates(), EnergyTerms(dynamics.computer)
    start = np.ones((2, 3))
    simulate(dynamics, start, 10, key=NoiseKey(1), every=1, observers=[states, energies])
    first = states.states
    simulate(dynamics, 2 * start, 5, key=NoiseKey(2), every=1, observers=[states, energies])
    assert first.shape == (11, 2, 3)
    assert states.states.shape == (6, 2, 3)
    assert states.steps == energies.steps == [0, 1, 2, 3, 4, 5]
    assert energies.terms["on-site"][0] == pytest.approx(3 * (4.0 + 16.0))
    # a simulation that is refused takes nothing from them
    with pytest.raises(ParameterError):
        simulate(dynamics, start, -1, key=NoiseKey(1), observers=[states])
    assert len(states.steps) == 6


def test_one_observer_need_not_stand_in_a_list(dynamics):
    kept = KeptStates()
    simulate(dynamics, np.zeros((2, 3)), 4, key=NoiseKey(1), observers=kept)
    assert kept.steps == [0, 4]
    with pytest.raises(ParameterError, match="holds one observer twice"):
        simulate(dynamics, np.zeros((2, 3)), 4, key=NoiseKey(1), observers=[kept, kept])


def test_observers_that_have_seen_nothing(dynamics):
    with pytest.raises(ParameterError, match="this KeptStates has observed nothing yet"):
        _ = KeptStates().states
    with pytest.raises(ParameterError, match="this EnergyTerms has observed nothing yet"):
        _ = EnergyTerms(dynamics.computer).terms


def test_without_numbas_compiler(dynamics, monkeypatch):
    """The compiled engine refuses; auto goes without it, whatever the size."""
    from numba import config

    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    said = "needs numba's compiler, which NUMBA_DISABLE_JIT switches off; use engine = 'reference'"
    for refused in (
        lambda: engine_named("compiled"),
        lambda: CompiledEngine().prepare(dynamics),
        lambda: simulate(dynamics, np.zeros((1, 3)), 1, key=NoiseKey(1), engine="compiled"),
        lambda: simulate(dynamics, np.zeros((1, 3)), 1, key=NoiseKey(1), engine=CompiledEngine()),
    ):
        with pytest.raises(EngineError, match=said):
            refused()
    assert said in str(CompiledEngine().available())
    assert engine_for("auto", dynamics, 10**6, 10**6).name == "reference"
    assert engine_named("reference").available() is why_not("reference") is None


def test_processor_features_that_llvm_would_abort_at(monkeypatch):
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "+avx2,nonsense")
    assert "must be flags such as +avx2,-avx512f, got '+avx2,nonsense'" in str(why_not("compiled"))
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "+avx2, -avx512f,")
    assert why_not("compiled") is None


def test_a_numba_that_cannot_be_imported():
    """In a fresh interpreter; the reason is the library's own, in one line, whoever asks and however often."""
    code = (
        "from thermozoo.dynamics.engines import engine_named, why_not\n"
        "assert engine_named('reference').name == 'reference'\n"
        "print(why_not('compiled')); assert why_not('compiled') == why_not('compiled')\n"
    )
    environment = {**os.environ, "NUMBA_NUM_THREADS": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == (
        "the compiled engine needs numba, whose import fails (ValueError: Number of threads specified must be > 0); "
        "use engine = 'reference'\n"
    )
    assert availability.why_not_compiled() is None


def test_numba_s_word_on_a_variable_that_it_cannot_read_is_one_line(monkeypatch, tmp_path):
    """Itself it warns with a whole traceback (numba/core/config.py)."""
    said = "Environment variable 'NUMBA_NUM_THREADS' is defined but its value 'abc' could not be parsed."
    lines = f'import warnings\nwarnings.warn("""{said}\nTraceback (most recent call last):""", RuntimeWarning)\n'
    (tmp_path / "numba.py").write_text(lines)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    with pytest.warns(RuntimeWarning) as caught:
        assert availability._import_failure.__wrapped__() is None
    assert [str(one.message) for one in caught] == [said]
