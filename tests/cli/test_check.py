"""``thermozoo check``, configs from standard input, ``--quiet``."""

from __future__ import annotations

import io
import sys

import pytest

from thermozoo.cli.app import run
from thermozoo.errors import TrainingError

CONFIG = """
seed = 1
[computer.units]
visible = 784
hidden = 4
[computer.connectivity]
plugin = "bipartite"
[dynamics]
duration = 0.01
engine = "reference"
[training]
method = "descent"
cycles = 1
held_out = 2
[generation]
samples = 2
"""

#: What `CONFIG` is: 784 * 4 couplings, 10 steps, one prototype of each of three classes.
SUMMARY = [
    "units: 788 (visible 784, hidden 4)",
    "couplings: 3,136 (bipartite)",
    "time steps: 10 of 0.001 (euler-maruyama)",
    "training: descent, 3 images of digits; then 2 samples",
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.toml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def piped(monkeypatch):
    """Put bytes into standard input."""
    return lambda content: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), "ascii"))


def test_a_config_without_faults_is_summed_up(place, capsys):
    assert run(["check", "good.toml"]) == 0
    printed = capsys.readouterr()
    first, *summary, memory, engine = printed.out.splitlines()
    assert first == "good.toml: no faults"
    assert summary == SUMMARY
    assert memory.startswith("memory: about ")
    assert engine == "engine: reference, as dynamics.engine says"
    assert printed.err == ""
    assert [p.name for p in place.iterdir()] == ["good.toml"]


def test_every_fault_is_said_at_once(place, capsys):
    """Of keys, between keys, and with the data, as a run says them."""
    faults = ("training.windows=90", "dynamics.dt=0.5", "data.classes=[0,12]")
    sets = [word for one in faults for word in ("--set", one)]
    assert run(["check", "good.toml", *sets]) == 2
    checked = capsys.readouterr()
    assert checked.out == ""
    places = [line.split(": ")[2] for line in checked.err.splitlines()]
    assert places == ["training.windows", "dynamics.dt", "data.classes[1]"]
    assert run(["run", "good.toml", *sets]) == 2
    assert capsys.readouterr().err == checked.err


def test_memory_is_checked_too(place, capsys):
    assert run(["check", "good.toml", "--set", "generation.samples=100000000"]) == 2
    assert "generation.samples: the run needs about" in capsys.readouterr().err


def test_a_plugin_file_is_known(place, capsys):
    (place / "well.py").write_text(
        "import attrs\n"
        "from thermozoo import Potential, hookimpl, parameter\n"
        "@attrs.frozen\n"
        "class Well(Potential):\n"
        "    name = 'well'\n"
        "    k: float = parameter(1.0, unit='energy', doc='stiffness', above=0)\n"
        "    def energy(self, x):\n"
        "        return self.k * x**2\n"
        "@hookimpl\n"
        "def thermozoo_potentials():\n"
        "    return [Well]\n"
    )
    arguments = ["check", "good.toml", "--set", "computer.potential.plugin=well"]
    assert run(arguments) == 2
    assert "no potential is called 'well'" in capsys.readouterr().err
    assert run([*arguments, "--plugin", "well.py"]) == 0


def test_a_config_may_come_through_standard_input(place, piped, capsys):
    piped(CONFIG.encode())
    assert run(["check", "-"]) == 0
    assert capsys.readouterr().out.startswith("standard input: no faults\nunits: 788 ")
    piped(CONFIG.encode())
    assert run(["check", "-", "--set", "generation.samples=5"]) == 0
    assert "then 5 samples" in capsys.readouterr().out


@pytest.fixture
def untrained(monkeypatch):
    """Let runs end where their training would begin."""
    from thermozoo.runs import phases

    def refuse(*arguments, **options):
        raise TrainingError("no training today")

    monkeypatch.setattr(phases, "train_parts", refuse)


@pytest.mark.usefixtures("untrained")
def test_a_run_takes_standard_input_and_says_what_it_does(place, piped, capsys):
    piped(CONFIG.encode())
    assert run(["run", "-"]) == 2
    printed = capsys.readouterr()
    first, *_, engine, last = printed.err.splitlines()
    assert first.startswith("memory: about ")
    assert engine == "engine: reference, as dynamics.engine says"
    assert last == "thermozoo: no training today"
    assert printed.out == ""


@pytest.mark.usefixtures("untrained")
def test_quiet_leaves_only_what_is_wrong(place, piped, capsys):
    piped(CONFIG.encode())
    assert run(["run", "-", "--quiet"]) == 2
    assert capsys.readouterr().err == "thermozoo: no training today\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"seed = 'x'" + CONFIG.encode().replace(b"seed = 1", b""),
            'standard input: seed: expected an integer, got "x"',
        ),
        (b"seed = ", "standard input: not valid TOML"),
        (b"\xff\xfe\x00", "standard input: not "),
        (b"", "standard input: computer.units: expected a table of groups"),
    ],
)
def test_faults_name_standard_input(piped, capsys, content, said):
    for command in ("check", "run", "estimate"):
        piped(content)
        assert run([command, "-"]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"thermozoo: {said}")


def test_standard_input_that_is_closed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert run(["check", "-"]) == 2
    assert capsys.readouterr().err == "thermozoo: standard input: it is closed; expected a TOML config\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[dynamics]", '[computer.potential]\nplugin = "spin"\n[dynamics]', "group 'visible' is trained"),
        ("[dynamics]", '[dynamics]\nintegrator = "heat-bath"', "dynamics.integrator: the potential 'quartic' of group"),
    ],
)  # fmt: skip
def test_discrete_units_are_a_fault_of_one_line(tmp_path, capsys, old, new, said):
    file = tmp_path / "spins.toml"
    file.write_text(CONFIG.replace(old, new))
    assert run(["check", str(file)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
