"""The task `logic-gate` against enumeration, done again here, and the error bars that it states."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from intervals import check_cover, few_and_many

import thermozoo as tz
from thermozoo.cli.app import run as command
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.phase import Run

#: The rows of each truth table, written out.
ROWS = {
    "and": {"000", "010", "100", "111"},
    "or": {"000", "011", "101", "111"},
    "nand": {"001", "011", "101", "110"},
    "full-adder": {"00000", "00110", "01010", "01101", "10010", "10101", "11001", "11111"},
}

#: The energies of AND by hand: with m = -1 or 1, E = ab - 2ac - 2bc - a - b + 2c. States 000, 001, ... 111.
AND = (-3, 9, -3, 1, -3, 1, 1, -3)


def energy(gate, state):
    """E of a state, from logic: AND inverts bits where the gate does, the adder compares what it adds."""
    m = [2 * int(bit) - 1 for bit in state]
    if gate == "full-adder":
        # the square itself has the diagonal terms (1 + 1 + 1 + 1 + 4) / 2, which J has not
        return (m[0] + m[1] + m[2] - m[3] - 2 * m[4]) ** 2 / 2 - 4
    signs = {"and": (1, 1, 1), "nand": (1, 1, -1), "or": (-1, -1, -1)}[gate]
    as_and = "".join("1" if s * one > 0 else "0" for s, one in zip(signs, m, strict=True))
    return AND[int(as_and, 2)]


def boltzmann(gate, kT, clamp=""):
    """Probabilities by state, where the bits of a pattern are clamped."""
    states = ["".join(bits) for bits in itertools.product("01", repeat=5 if gate == "full-adder" else 3)]
    weights = {
        state: math.exp(-energy(gate, state) / kT)
        if all(want in (".", bit) for want, bit in zip(clamp or "." * len(state), state, strict=True))
        else 0.0
        for state in states
    }
    total = sum(weights.values())
    return {state: weight / total for state, weight in weights.items()}


def share_of_rows(gate, kT, clamp=""):
    return sum(p for state, p in boltzmann(gate, kT, clamp).items() if state in ROWS[gate])


def tables(seed, *, gate="and", chains=64, duration=600.0, temperature=1.0, **task):
    return {
        "seed": seed,
        "task": {"plugin": "logic-gate", "gate": gate, "chains": chains, **task},
        "computer": {"temperature": temperature, "units": {"bits": "auto"}, "potential": {"plugin": "spin"}},
        "dynamics": {"integrator": "heat-bath", "dt": 1.0, "duration": duration, "engine": "reference"},
    }


def sampled(given):
    """The run after the work of the task, without a run folder."""
    config = parse(given, catalogue(), Origin("test"))
    run = Run(config, catalogue(), None, None, assemble_machine)
    run.machine, run.engine = assemble_machine(config), engine_named("reference")
    for phase in config.task.phases(config):
        phase.run(run, lambda amount: None)
    return run


def holds(value, error, exact):
    """Within 5 standard errors of 64 chains, which 63 degrees of freedom exceed once in 200,000 times."""
    return 0 < error < 0.05 and abs(value - exact) < 5 * error


@pytest.mark.parametrize("gate", ROWS)
def test_the_states_of_least_energy_are_the_rows_of_the_truth_table(gate):
    """Of the computer that is assembled, and all other energies are those of the enumeration here."""
    computer = assemble_machine(parse(tables(1, gate=gate), catalogue(), Origin("test"))).computer
    states = list(boltzmann(gate, 1.0))
    found = computer.energy(np.array([[2.0 * int(bit) - 1 for bit in state] for state in states]))
    assert found.tolist() == [energy(gate, state) for state in states]
    least = min(found)
    assert {state for state, one in zip(states, found, strict=True) if one == least} == ROWS[gate]


def test_the_enumeration_of_and_by_hand():
    """Four rows of weight e^3, three states e^-1 and one e^-9: the reference of the task says the same."""
    total = 4 * math.exp(3) + 3 * math.exp(-1) + math.exp(-9)
    exact = dict.fromkeys(("000", "010", "100", "111"), math.exp(3) / total)
    exact |= dict.fromkeys(("011", "101", "110"), math.exp(-1) / total) | {"001": math.exp(-9) / total}
    found = sampled(tables(1, duration=8.0)).figures
    assert found.reference == pytest.approx(exact, rel=1e-12)
    assert found.satisfied_exact == pytest.approx(4 * math.exp(3) / total, rel=1e-12)
    assert found.forwards_exact["11."] == pytest.approx(1 / (1 + math.exp(-4)), rel=1e-12)
    assert found.forwards_exact["00."] == pytest.approx(1 / (1 + math.exp(-12)), rel=1e-12)
    assert found.backwards_exact["..0"] == pytest.approx(3 / (3 + math.exp(-4)), rel=1e-12)
    assert found.backwards_exact["..1"] == pytest.approx(1 / (1 + 2 * math.exp(-4) + math.exp(-12)), rel=1e-12)


@pytest.mark.parametrize(
    ("gate", "clamp"),
    [
        ("and", ""),
        ("and", "..1"),
        *(
            pytest.param(*one, marks=pytest.mark.long)
            for one in (("and", "..0"), ("or", "0.."), ("nand", ""), ("full-adder", ""), ("full-adder", "...01"))
        ),
    ],
)
def test_states_have_their_boltzmann_probabilities(gate, clamp):
    """At kT = 1.5, where all states are seen: 7 runs of at most 46 figures, one in 600 runs of the test errs."""
    found = sampled(tables(5, gate=gate, clamp=clamp, temperature=1.5)).figures
    exact = boltzmann(gate, 1.5, clamp)
    for state, p in exact.items():
        if p == 0:
            assert found.probabilities[state] == found.probabilities_se[state] == 0
        else:
            assert holds(found.probabilities[state], found.probabilities_se[state], p), (state, p, found)
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-12)
    assert holds(found.satisfied, found.satisfied_se, share_of_rows(gate, 1.5, clamp))
    off = sum(abs(found.probabilities[state] - p) for state, p in exact.items()) / 2
    assert found.total_variation == pytest.approx(off, abs=1e-12)
    assert found.total_variation < 4 * found.total_variation_expected
    assert found.possible == sum(exact[state] > 0 for state in ROWS[gate])
    inputs = 3 if gate == "full-adder" else 2
    cut = len(next(iter(exact))) - inputs
    assert set(found.forwards) == {row[:inputs] + "." * cut for row in ROWS[gate]}
    assert set(found.backwards) == {"." * inputs + row[inputs:] for row in ROWS[gate]}
    for shares, errors in ((found.forwards, found.forwards_se), (found.backwards, found.backwards_se)):
        for pattern, share in shares.items():
            assert holds(share, errors[pattern], share_of_rows(gate, 1.5, pattern)), (pattern, share)


@pytest.mark.long
def test_an_adder_run_backwards_visits_all_that_add_up():
    """S = 0 and Cout = 1 is 2: three rows, as likely as each other, and likelier than all else together."""
    found = sampled(tables(6, gate="full-adder", clamp="...01", temperature=0.8)).figures
    shares = [found.probabilities[bits + "01"] for bits in ("011", "101", "110")]
    errors = [found.probabilities_se[bits + "01"] for bits in ("011", "101", "110")]
    assert max(shares) - min(shares) < 5 * math.hypot(*errors)
    assert sum(shares) > 0.8


def test_a_state_that_is_never_seen_has_an_error_bar():
    found = sampled(tables(2, temperature=0.9, duration=200.0)).figures
    assert found.probabilities["001"] == 0
    assert found.probabilities_se["001"] == pytest.approx(1 / found.effective_samples, rel=1e-12)
    assert found.reference["001"] < 2 * found.probabilities_se["001"]


@pytest.mark.long
def test_a_gate_that_cannot_have_its_clamped_bits_is_said_to_be_frustrated():
    """A = 0 and C = 1: B = 1 has energy 1 and B = 0 energy 9, in none of which AND is satisfied."""
    run = sampled(tables(3, clamp="0.1", temperature=4.0))
    found = run.figures
    assert found.possible == 0
    assert (found.satisfied, found.satisfied_se, found.satisfied_exact) == (0, 0, 0)
    assert holds(found.probabilities["011"], found.probabilities_se["011"], 1 / (1 + math.exp(-2)))
    assert any(text.startswith("the gate 'and' cannot have A = 0, C = 1: it is frustrated") for text in run.warnings)
    answer = run.config.task.account(found).answer
    assert answer.startswith(
        "The gate 'and' cannot have A = 0, C = 1: it is frustrated, and its likeliest state is 011"
    )


@pytest.mark.long
def test_chains_that_do_not_mix_are_said_to_remember():
    """At kT = 0.2 a row is left once in exp(4 / 0.2) sweeps or so."""
    run = sampled(tables(4, temperature=0.2, duration=100.0))
    assert any(text.startswith("chains have not forgotten where they began") for text in run.warnings)
    assert sampled(tables(4, temperature=1.5)).warnings == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"task": {"gate": "nandd"}},
            "task.gate: no gate is called 'nandd'; did you mean 'nand'\\?; gates: and, or, nand",
        ),
        ({"task": {"clamp": "..2"}}, "task.clamp: clamp has a character for each bit: 0, 1, or a point .* got '2'"),
        (
            {"task": {"clamp": ".."}},
            r"task.clamp: the gate 'and' has 3 bits, A B C: expected as many .* got 2 \('..'\)",
        ),
        ({"task": {"clamp": "110"}}, "task.clamp: '110' leaves no bit free"),
        ({"task": {"clamp": 3}}, "task.clamp: expected a string, got 3"),
        ({"task": {"relaxation": 0}}, "task.relaxation: .*must lie above 0"),
        ({"task": {"observe_every": 200}}, "task.observe_every: expected 8 observations of a chain at least, got 3 of"),
        ({"computer": {"units": {"bits": 4}}}, "computer.units.bits: the gate 'and' has 3 bits, A B C, got 4"),
        ({"computer": {"units": {"a": 1, "b": 2}}}, "computer.units: the gate 'and' has 3 bits, A B C, in one group"),
        (
            {"computer": {"units": {"bits": {"size": 3, "clamped": True}, "x": 1}}},
            "computer.units: the gate 'and' has 3 bits",
        ),
        ({"computer": {"potential": {"plugin": "spin", "h": 0.5}}}, "computer.potential: .*'spin' with h = 0"),
        (
            {"computer": {"connectivity": {"plugin": "ring"}}},
            "computer.connectivity: a gate states its couplings itself",
        ),
        ({"computer": {"interaction": {"plugin": "cosine"}}}, "computer.interaction: "),
    ],
)
def test_what_is_no_gate_is_refused_by_name(change, said):
    given = tables(1)
    for table, keys in change.items():
        given[table] = given[table] | keys
    with pytest.raises(ConfigError, match=said):
        assemble_machine(parse(given, catalogue(), Origin("test")))


def test_a_run_leaves_its_figures_and_draws_its_picture(tmp_path, capsys):
    out = tmp_path / "run"
    settings = ("task.gate=full-adder", "task.chains=8", "dynamics.duration=50", "task.clamp=...10")
    given = [part for one in settings for part in ("--set", one)]
    assert command(["run", "logic-gate", *given, "--quiet", "--out", str(out)]) == 0
    assert "The gate 'full-adder' with S = 1, Cout = 0 clamped is satisfied in" in capsys.readouterr().out
    found = json.loads((out / "report.json").read_text())["logic_gate"]
    assert list(found["probabilities"])[:2] == ["00000", "00001"]
    assert len(found["probabilities"]) == 32
    assert (out / "figures" / "truth-table.png").is_file()
    samples = tz.load(out).samples
    assert samples["probability"].sizes == {"pattern": 1 + 8 + 4, "state": 32}
    assert samples["probability"].sum("state").values == pytest.approx(1, abs=1e-12)


@few_and_many
def test_error_bars_cover_what_they_promise(seeds):
    """95 % intervals. And the total variation: its mean over its expected size scatters by 6 % over 50 seeds."""
    from scipy.stats import t

    chains, kT = 16, 1.5
    width = float(t.ppf(0.975, chains - 1))
    hits, ratios = np.zeros(5), []
    exact = boltzmann("and", kT)
    for seed in range(seeds):
        found = sampled(tables(seed, chains=chains, duration=200.0, temperature=kT)).figures
        triples = (
            (found.probabilities["000"], found.probabilities_se["000"], exact["000"]),
            (found.probabilities["111"], found.probabilities_se["111"], exact["111"]),
            (found.satisfied, found.satisfied_se, share_of_rows("and", kT)),
            (found.forwards["11."], found.forwards_se["11."], share_of_rows("and", kT, "11.")),
            (found.backwards["..1"], found.backwards_se["..1"], share_of_rows("and", kT, "..1")),
        )
        hits += [abs(value - expected) < width * error for value, error, expected in triples]
        ratios.append(found.total_variation / found.total_variation_expected)
    check_cover(hits, seeds)
    assert 0.85 < np.mean(ratios) < 1.15
