"""Bad input: one clear line a fault on stderr, exit 2, nothing half-written."""

from __future__ import annotations

import gzip
import re
import signal

import pytest

import thermozoo
from thermozoo.checkpoints.store import FOLDER
from thermozoo.cli.app import COMMANDS, run

GOOD = """
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


#: What a run says of itself, on a slow machine also of its phases.
PROGRESS = re.compile(r"(memory: about|engine: |[\w ()-]+: (at work for|took|\d+ % after) )")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder that holds a config and nothing else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.toml").write_text(GOOD)
    return tmp_path


def tree(folder):
    """Everything below a folder, hidden names included."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def refused(place, capsys, *arguments, lines=1):
    """Run, and return the lines on stderr after checking what every refusal has in common."""
    before = tree(place)
    code = run(["run", *arguments])
    printed = capsys.readouterr()
    assert code == 2, printed
    assert printed.out == ""
    found = [line for line in printed.err.splitlines() if not PROGRESS.match(line)]
    assert len(found) == lines, printed.err
    assert all(line.startswith("thermozoo: ") for line in found)
    assert "Traceback" not in printed.err
    assert "Error:" not in printed.err  # no name of an exception class either
    assert tree(place) == before
    return found[0] if lines == 1 else found


SETTINGS = [
    # unknown plugin, key, group
    (
        "computer.potential.plugin=quartik",
        "computer.potential.plugin: no potential is called 'quartik'; did you mean 'quartic'",
    ),
    ("dynamics.integrator=heum", "dynamics.integrator: no integrator is called 'heum'"),
    ("computer.temprature=0.1", "computer.temprature: unknown key; did you mean 'temperature'"),
    ("generatoin.samples=2", "generatoin: unknown table; did you mean 'generation'"),
    ("computer.connectivity.within=['hiden']", "no group is called 'hiden'; did you mean 'hidden'"),
    (
        "computer.connectivity={plugin='lattice',shape=[28,28]}",
        "computer.connectivity: connectivity 'lattice': shape [28, 28] holds 28 x 28 = 784 units, but the computer",
    ),
    (
        "computer.connectivity={plugin='lattice',shape=[28,0]}",
        "computer.connectivity.shape: a side of shape must be a whole number of 1 or more, got 0",
    ),
    (
        "computer.connectivity={plugin='random-regular',degree=788}",
        "computer.connectivity: connectivity 'random-regular': degree = 788 needs more than 788 units",
    ),
    (
        "computer.connectivity={plugin='edges',path='nowhere.csv'}",
        "computer.connectivity: cannot read the edge file nowhere.csv: No such file or directory",
    ),
    ("computer.trainable_biases=['hiden']", "no group is called 'hiden'; did you mean 'hidden'"),
    ("computer.potential.hiden.J2=1.0", "no group is called 'hiden'; did you mean 'hidden'"),
    # wrong type
    ("computer.temperature=warm", 'computer.temperature: expected a number, got "warm" (string)'),
    ("generation.samples=1.5", "generation.samples: expected an integer"),
    ("computer.units.hidden=true", "computer.units.hidden: expected an integer, got true (boolean)"),
    # out of range
    ("computer.potential.J4=-1.0", "computer.potential.J4: quartic.J4 must lie in (0, inf), got -1"),
    ("computer.temperature=0", "computer.temperature: expected a value above 0, got 0"),
    ("computer.temperature=-1", "computer.temperature: expected a value above 0"),
    ("computer.mobility=0", "computer.mobility: expected a value above 0"),
    ("dynamics.dt=0", "dynamics.dt: expected a value above 0"),
    ("dynamics.dt=-1e-3", "dynamics.dt: expected a value above 0"),
    ("dynamics.dt=nan", "dynamics.dt: expected a finite number"),
    # sizes that do not match
    ("computer.units.visible=100", "the images have 784 pixels, but group 'visible' has 100 units"),
    ("computer.potential.hidden.J2=[1.0, 2.0]", "expected a number or 4 values, one a unit, got 2 values"),
    ("data.classes=[0, 12]", "has 0 images of class 12, expected at least 1; classes: 0, 1"),
    ("data.per_class=100000", "expected at least 100000"),
    ("data.skip=100000", "data.skip: data set 'digits' has"),
    ("data.classes=[]", "data.classes: expected at least one class to learn, got none"),
]


@pytest.mark.parametrize(("assignment", "said"), SETTINGS, ids=[s[0] for s in SETTINGS])
def test_bad_settings(place, capsys, assignment, said):
    line = refused(place, capsys, "good.toml", "--out", "new/folder/run", "--set", assignment)
    assert said in line


def test_a_time_step_above_the_stability_bound(place, capsys):
    line = refused(
        place, capsys, "good.toml", "--out", "run", "--set", "dynamics.dt=0.5", "--set", "dynamics.duration=1.0"
    )
    assert "dt = 0.5 is above the stability bound" in line
    assert "choose dt <=" in line


def test_a_crop_larger_than_the_image(place, capsys):
    line = refused(place, capsys, "good.toml", "--set", "noising.hidden=crop", "--set", "computer.units.hidden=800")
    assert "group 'hidden': the encoding 'crop' takes the middle 800 pixels, but an image has only 784" in line


def test_all_faults_are_reported_at_once(place, capsys):
    bad = ("computer.temperature=0", "dynamics.dt=x", "training.method=sgd", "noising.amplitud=3", "bogus.key=1")
    lines = refused(place, capsys, "good.toml", *(w for b in bad for w in ("--set", b)), lines=5)
    assert all("--set: " in line for line in lines)


def test_faults_between_keys_and_of_the_data_are_reported_at_once(place, capsys):
    """What the config alone shows, and what shows once the data are loaded, before anything is said of memory."""
    (place / "good.toml").write_text(GOOD.replace('method = "descent"\ncycles = 1', "windows = 20"))
    sets = (
        "noising.projection_seed=42",
        "noising.hidden=crop",
        "training.potential_parameters=['J7']",
        "dynamics.dt=0.5",
        "dynamics.duration=2.0",
        "data.classes=[0, 12]",
        "computer.units.visible=100",
    )
    assert run(["run", "good.toml", *(w for one in sets for w in ("--set", one))]) == 2
    lines = [line.removeprefix("thermozoo: --set: ") for line in capsys.readouterr().err.splitlines()]
    expected = (
        'noising.projection_seed: nothing uses noising.projection_seed: hidden = "crop" projects nothing',
        "dynamics.dt: expected at most one time window a step, 4 in all",  # the file's windows and steps would do
        "training.potential_parameters[0]: no unit that moves has a parameter 'J7'",
        "dynamics.dt: dt = 0.5 is above the stability bound",
        "data.classes[1]: data set 'digits' has 0 images of class 12, expected at least 1",
        "computer.units.visible: the images have 784 pixels, but group 'visible' has 100 units",
    )
    assert len(lines) == len(expected)
    assert all(line.startswith(said) for line, said in zip(lines, expected, strict=True)), lines


def test_faults_that_need_the_assembled_computer_name_their_key(place, capsys):
    line = refused(place, capsys, "good.toml", "--set", "dynamics.dt=0.003", "--set", "noising.amplitude=1e5")
    assert line.startswith("thermozoo: --set: dynamics.dt: dt = 0.003 is above the stability bound")


def test_configs_that_are_none(place, capsys):
    assert "nowhere.toml: no such file; expected a TOML config" in refused(place, capsys, "nowhere.toml")
    (place / "broken.toml").write_text("[computer\n")
    assert "broken.toml: not valid TOML" in refused(place, capsys, "broken.toml")
    (place / "empty.toml").write_text("")
    assert "computer.units: expected a table of groups" in refused(place, capsys, "empty.toml")
    assert "--set dynamics.dt: expected table.key=value" in refused(place, capsys, "good.toml", "--set", "dynamics.dt")


def test_data_that_are_missing_truncated_or_foreign(place, capsys):
    def line():
        return refused(
            place, capsys, "good.toml", "--out", "a/b/run", "--set", "data.plugin=mnist", "--set", "data.path=mnist"
        )

    assert "mnist: no such folder: mnist (data.path)" in line()
    (place / "mnist").mkdir()
    assert "holds neither t10k-images-idx3-ubyte.gz nor" in line()
    images = place / "mnist" / "t10k-images-idx3-ubyte.gz"
    (place / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 1, 0])))
    images.write_bytes(gzip.compress(bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(100)))
    assert "is truncated or foreign: its header promises 784 bytes of data (1 x 28 x 28), got 100" in line()
    images.write_bytes(gzip.compress(b"a picture of a cat"))
    assert "is not an IDX file" in line()
    images.write_bytes(b"no archive")
    assert "is not an IDX file of 3-dimensional bytes" in line()


def test_an_output_folder_that_exists(place, capsys):
    (place / "photos").mkdir()
    (place / "photos" / "cat.png").write_text("cat")
    line = refused(place, capsys, "good.toml", "--out", "photos")
    assert "output folder photos exists: choose another with --out, or replace it with --force" in line
    line = refused(place, capsys, "good.toml", "--out", "photos", "--force")
    assert "photos is not the folder of a run" in line
    assert "good.toml exists" in refused(place, capsys, "good.toml", "--out", "good.toml")


def test_an_output_folder_that_cannot_be_written(place, capsys):
    """A path below a file: this also holds for a user whom no permission stops."""
    line = refused(place, capsys, "good.toml", "--out", "good.toml/below/run")
    assert "cannot write good.toml/below/run: Not a directory" in line


def test_a_failure_in_the_middle_leaves_no_results(place, capsys, monkeypatch):
    """The disk fills while the last files are written: what was computed is saved, and the run can go on."""
    from thermozoo.runs import outcome

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(outcome, "save_computer", full)
        assert run(["run", "good.toml", "--out", "deep/run"]) == 2
    *_, line, left = capsys.readouterr().err.splitlines()
    assert line == "thermozoo: cannot write deep/run: No space left on device"
    assert left.startswith("thermozoo: the work up to this moment is saved; go on with thermozoo run --resume deep/run")
    assert {path.split("/")[2] for path in tree(place) if path.startswith("deep/run/")} == {FOLDER}
    assert run(["run", "--resume", "deep/run"]) == 0
    assert (place / "deep/run/manifest.json").is_file()
    assert not (place / "deep/run" / FOLDER).exists()


def test_usage(place, capsys):
    for arguments, said in (
        (["run", "--outt", "x"], "no such option: --outt; did you mean '--out'? (thermozoo run --help)"),
        (["runn"], "no command is called 'runn'; did you mean 'run'?; commands: run, sweep, report"),
        (["--versoin"], "did you mean '--version'?"),
        (["new", "potental", "x"], "'engine'; did you mean 'potential'? (thermozoo new --help)"),
        (["run", "good.toml", "--seed", "x"], "'--seed'"),
        (["run", "good.toml", "--seed", "-1"], "'--seed'"),
        (["run", "good.toml", "more.toml"], "more.toml"),
        (["run", "--plugin"], "option --plugin requires a file"),
        (["verify"], "missing argument 'NAME|FILE.py' (thermozoo verify --help)"),
    ):
        assert run(arguments) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith("thermozoo: ")
        assert said in line
    assert tree(place) == ["good.toml"]


def test_a_seed_out_of_range(place, capsys):
    assert "seed: expected an integer below 2^63" in refused(place, capsys, "good.toml", "--seed", str(2**63))


def test_debug_shows_the_traceback(place, capsys):
    assert run(["run", "good.toml", "--set", "dynamics.dt=0", "--debug"]) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "thermozoo: --set: dynamics.dt: expected a value above 0" in err


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["plugins", "--help"]])
def test_help_has_an_example(arguments, capsys):
    assert run(arguments) == 0
    assert "Example: thermozoo" in " ".join(capsys.readouterr().out.split())


@pytest.fixture
def heeded():
    """Heed SIGINT, which a shell has its background processes ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize(
    ("received", "code", "said"),
    [
        (signal.SIGINT, 130, "interrupted: nothing was written"),
        (signal.SIGTERM, 143, "terminated: nothing was written"),
    ],
)
def test_an_interruption(place, capsys, monkeypatch, received, code, said):
    from thermozoo.runs import experiment

    def interrupted(*arguments, **options):
        assert "deep/run/.thermozoo-claim" in tree(place)  # the folder that must vanish
        signal.raise_signal(received)

    monkeypatch.setattr(experiment, "assemble_machine", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    assert run(["run", "good.toml", "--out", "deep/run"]) == code
    assert capsys.readouterr().err.splitlines()[-1] == said
    assert tree(place) == ["good.toml"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_version_and_bare_command(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"thermozoo {thermozoo.__version__}\n"
    assert run([]) == 0
    assert "Example: thermozoo run" in capsys.readouterr().out


@pytest.mark.parametrize("command", [[], *([c] for c in COMMANDS)])
def test_flags_are_shown_without_a_type(capsys, command):
    assert run([*command, "--help"]) == 0
    assert "<bool>" not in capsys.readouterr().out


def test_memory_that_runs_out(place, capsys, monkeypatch):
    from thermozoo.runs import experiment

    def greedy(*arguments, **options):
        raise MemoryError("Unable to allocate 9 TiB")

    monkeypatch.setattr(experiment, "assemble_machine", greedy)
    line = refused(place, capsys, "good.toml")
    assert line.startswith("thermozoo: out of memory: Unable to allocate 9 TiB; fewer samples, units, images or time")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,1\n2,2\n", "edges.csv, line 2: couples unit 2 with itself"),
        ("0,1\n1,0\n", "edges.csv, line 2: couples the units 0 and 1 again"),
        ("0,1\n0,788\n", "connectivity 'edges': edges.csv, line 2: no unit 788: the computer has 788 units"),
        ("i,j,strength\n0,1,nan\n", "edges.csv, line 2: expected a strength, a finite number, got 'nan'"),
        ("0,1,2\n", "connectivity 'edges' has tuples of 3 units, the interaction 'bilinear' couples 2"),
        ("", "edges.csv lists no tuple of units"),
        ("\0", "edges.csv, line 1: expected two or more columns of units, got 1"),
    ],
)
def test_faults_of_an_edge_file(place, capsys, text, said):
    (place / "edges.csv").write_text(text)
    line = refused(place, capsys, "good.toml", "--set", "computer.connectivity={plugin='edges'}")
    assert f"--set: computer.connectivity: {said}" in line
