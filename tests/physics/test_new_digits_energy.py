"""What new digits cost, `examples/new_digits_energy.py`: arithmetic, bounds where they are known, a small run."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import attrs
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.dynamics.engines import engine_for
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.thermodynamics.paths import log_path_ratio
from thermozoo.training.evaluate import evaluate
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def footing(monkeypatch):
    """The modules of the example, by name."""
    monkeypatch.syspath_prepend(EXAMPLES)
    yield lambda name: importlib.import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] in ("footing", "new_digits_energy")]:
        del sys.modules[name]


@attrs.frozen(eq=False)
class Part:
    """What of a machine the bounds look at."""

    computer: tz.Computer
    noising: Noising


def part_of(potential, signals, amplitude, temperature=0.5, steps=200):
    """Uncoupled units, of which images impose signals for some time."""
    computer = tz.assemble(
        {"visible": signals.shape[1]}, potential, tz.get("dense"), temperature=temperature, trainable_biases=["visible"]
    )
    law = tz.Dynamics(computer, tz.get("euler-maruyama"), dt=2e-3, steps=steps)
    return Part(computer, Noising.of(law, signals, tz.get("hold-ramp", amplitude=amplitude, fade=0.8, width=0.5)))


def test_the_energy_of_an_image_against_constants_by_hand(footing):
    """784-128-128-784 in ten steps, 1 pJ each, at 300 K: Boltzmann's constant is 1.380649e-23 J/K (CODATA 2018)."""
    made = footing("footing.denoisers").Denoised(None, 10 * (784 * 128 + 128 * 128 + 128 * 784), 0)
    assert made.energy == pytest.approx(2_170_880e-12 / (1.380649e-23 * 300.0), rel=1e-12)
    assert made.energy == pytest.approx(5.2412e14, rel=1e-4)


def test_entropies_of_harmonic_units(footing):
    """In U = k x^2 / 2 a force moves a unit and leaves its entropy ln(2 pi e T / k) / 2 and its density normal."""
    bounds, random = footing("footing.bounds"), np.random.default_rng(0)
    part = part_of(tz.get("quadratic", J2=1.5), random.standard_normal((4, 6)), amplitude=2.0)
    found = bounds.Equilibria(part)
    exact = 6 * 0.5 * np.log(2 * np.pi * np.e * 0.5 / 3.0)
    assert (found.free, found.shown) == pytest.approx((exact, exact), abs=1e-3)
    x = random.standard_normal((5, 6))

    def normal(mean):
        return -0.5 * ((x - mean) ** 2 * 3.0 / 0.5 + np.log(2 * np.pi * 0.5 / 3.0)).sum(axis=1)

    assert found.log_free(x) == pytest.approx(normal(0.0), abs=1e-3)
    mixed = np.mean([np.exp(normal(2.0 * signal / 3.0)) for signal in part.noising.signals], axis=0)
    assert found.log_shown(x) == pytest.approx(np.log(mixed), abs=1e-3)


def test_a_bound_on_entropy_is_above_it_and_near_where_units_take_sides(footing):
    bounds, random = footing("footing.bounds"), np.random.default_rng(1)
    states = np.where(random.random((400, 50)) < 0.3, -1.0, 1.0) + 0.1 * random.standard_normal((400, 50))
    exact = 0.5 * np.log(2 * np.pi * np.e * 0.01) - 0.3 * np.log(0.3) - 0.7 * np.log(0.7)
    found = bounds.entropy_at_most(states) / 50
    assert exact < found < exact + 0.05
    normal = bounds.entropy_at_most(random.standard_normal((400, 50))) / 50
    assert 0.5 * np.log(2 * np.pi * np.e) < normal < 0.5 * np.log(2 * np.pi * np.e) + 0.25


def test_divergence_of_paths(footing):
    """None where nothing is imposed and nothing coupled, but for what a finite step makes; the gain is that of runs."""
    bounds, random = footing("footing.bounds"), np.random.default_rng(2)
    still = part_of(tz.get("quartic"), np.zeros((1, 4)), amplitude=2.0)
    bare = tz.Program.of(still.noising.dynamics.one_computer)
    engine = engine_for("reference", still.noising.dynamics, 400, 200)
    found = bounds.paths(still, bare, engine, bounds.Equilibria(still), 400, seed=1)
    assert abs(found.divergence.mean()) < 0.05
    assert found.gain == pytest.approx(np.zeros(400), abs=1e-12)
    part = part_of(tz.get("quartic"), random.standard_normal((3, 4)), amplitude=1.0)
    computers = [part.computer.with_parameters(0.2 * random.normal(size=10)) for _ in range(2)]
    program = tz.Program(computers, shares=[0.35, 0.65])
    both = [bounds.paths(part, one, engine, bounds.Equilibria(part), 400, seed=1) for one in (bare, program)]
    assert both[1].gain == pytest.approx(both[0].divergence - both[1].divergence, abs=1e-8)
    # the force of step k is that at k dt, as the protocol's formula has it
    which, bare_law = np.arange(400) % 3, part.noising.dynamics
    x = NoisingProcess(part.noising, engine).trajectory(NoiseKey(1).named("held-out"), np.arange(400), which)
    force = np.clip((0.8 - np.arange(200) / 200) / 0.5, 0.0, 1.0)[:, np.newaxis, np.newaxis]
    still = bare_law.one_computer
    ratio = log_path_ratio(bare_law.integrator, 2e-3, x, still, still, force * part.noising.signals[which])
    ends = bounds.Equilibria(part)
    assert both[0].divergence == pytest.approx(ends.log_shown(x[0]) + ratio - ends.log_free(x[-1]), abs=1e-8)
    loss = part.noising.loss(tz.get("reverse-likelihood"))
    _, known = evaluate(program, NoisingProcess(part.noising, engine), loss, seed=1, trajectories=400)
    assert both[1].gain.mean() == pytest.approx(known.gain, rel=1e-9)
    for one in both:
        assert one.divergence.mean() > 5 * one.divergence.std() / 20
        ratio = np.exp(-one.divergence)  # of mean one, as any ratio of path probabilities
        assert ratio.mean() == pytest.approx(1.0, abs=5 * ratio.std() / 20)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "nowhere"], "nowhere"),
        (["--data", "nowhere", "--outputs", "7"], "--outputs must be at least 100"),
        (["--data", "nowhere", "--levels", "1"], "--levels must be at least 2"),
        (["--data", "nowhere", "--durations", "0"], "--durations must be above 0"),
        (["--data", "nowhere", "--figure", "no/such/file.png"], "there is no folder"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(footing, monkeypatch, capsys, words, told):
    monkeypatch.setattr(sys, "argv", ["new_digits_energy.py", *words])
    with pytest.raises(SystemExit) as stopped:
        footing("new_digits_energy").main()
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.long
def test_a_small_run(tmp_path):
    """Three classes, 300 outputs: what is true by far more than the error bars of so few."""
    if "THERMOZOO_TEST_MNIST" not in os.environ:
        pytest.skip("THERMOZOO_TEST_MNIST names no folder with MNIST")
    files = ["--json", tmp_path / "energy.json", "--figure", tmp_path / "energy.png"]
    words = ["--data", os.environ["THERMOZOO_TEST_MNIST"], "--quick", *files]
    command = [sys.executable, EXAMPLES / "new_digits_energy.py", *words]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = json.loads((tmp_path / "energy.json").read_text("utf-8"))["rows"]
    assert all(row["title"] in printed for row in rows)
    assert (tmp_path / "energy.png").read_bytes()[:4] == b"\x89PNG"
    by = {kind: [row for row in rows if row["kind"] == kind] for kind in ("real", "gaussian-40", "DDPM", "computer")}
    (real,), (bar,), (two, five), (fast, slow) = by.values()
    assert real["components"]["value"] < bar["components"]["value"] < five["components"]["value"]
    assert five["components"]["value"] < two["components"]["value"]
    assert (two["operations"], five["operations"]) == (2 * 217_088, 5 * 217_088)
    # four times the time: nearer to real digits, for less than half the heat, which is more than entropy asks for
    assert slow["components"]["value"] < 0.7 * fast["components"]["value"]
    assert 2 * slow["energy_kT"] < fast["energy_kT"]
    for row in (fast, slow):
        found = row["bounds"]
        assert found["shown"] < found["generated_at_most"] < found["free"] < row["energy_kT"]
        assert found["divergence"]["value"] > 10 * found["divergence"]["error"]
