"""``thermozoo run``, whole but tiny: every file, every figure of the report, and the seed."""

from __future__ import annotations

import hashlib
import html.parser
import json
import re
import tomllib

import numpy as np
import pytest
import xarray

from thermozoo.cli.app import run
from thermozoo.computer.files import load_computer, load_program

TINY = """
seed = 3
[computer.units]
visible = 784
hidden = 4
[computer.connectivity]
plugin = "bipartite"
within = ["hidden"]
[dynamics]
duration = 0.02
engine = "reference"
[training]
method = "descent"
cycles = 1
held_out = 3
[generation]
samples = 4
[hardware]
preset = "electrical"
"""

#: An objective that is no number for most steps.
OF_NOTHING = '''
"""An objective."""
import attrs
import sympy
from thermozoo import Objective, hookimpl


@attrs.frozen
class OfNothing(Objective):
    """The logarithm of what may be negative."""

    name = "of-nothing"
    quadratic = False

    def step_loss(self, s):
        return sympy.log(s.x_next - s.x + s.gradient_next)


@hookimpl
def thermozoo_objectives():
    return [OfNothing]
'''

#: A data set of small images, in a single plugin file.
TOY = '''
import attrs
import numpy as np
from thermozoo import Dataset, hookimpl


@attrs.frozen
class Stripes(Dataset):
    """Stripes."""

    name = "stripes"

    def load(self):
        images = np.zeros((4, 5, 5))
        for k in range(4):
            images[k, k] = 1.0
        return images, np.arange(4)


@hookimpl
def thermozoo_datasets():
    return [Stripes]
'''


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """One tiny run: exit code, folder, and what stands beside it."""
    place = tmp_path_factory.mktemp("tiny")
    (place / "tiny.toml").write_text(TINY)
    code = run(["run", str(place / "tiny.toml"), "--out", str(place / "out")])
    return code, place / "out"


@pytest.fixture(scope="module")
def report(tiny):
    return json.loads((tiny[1] / "report.json").read_text())


def test_it_ends_well_and_writes_every_file(tiny):
    code, folder = tiny
    assert code == 0
    assert sorted(p.name for p in folder.parent.iterdir()) == ["out", "tiny.toml"]
    names = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert {"config.toml", "manifest.json", "computer.nc", "samples.nc", "report.json", "report.html"} <= names
    figures = {n for n in names if n.startswith("figures/")}
    assert {
        f"figures/{n}.png" for n in ("noising", "prototypes", "generations", "outputs", "couplings", "heat", "ledger")
    } | {"figures/generation.gif"} <= figures
    for name in figures:
        begin = b"GIF89a" if name.endswith(".gif") else b"\x89PNG\r\n\x1a\n"
        assert (folder / name).read_bytes().startswith(begin)
    assert not [n for n in names if n.split("/")[-1].startswith(".")]


def test_every_key_of_the_report(report):
    numbers = (
        "loss_initial", "loss_final", "likelihood_gain_nats", "likelihood_gain_se", "heat_mean_kT", "heat_std_kT",
        "mean_best_correlation",
    )  # fmt: skip
    for key in numbers:
        assert isinstance(report[key], float), key
        assert np.isfinite(report[key]), key
    assert report["samples"] == 4
    assert report["seed"] == 3
    assert set(report["class_counts"]) == {"0", "1", "2"}
    assert sum(report["class_counts"].values()) == 4
    assert 0 <= report["inverted"] <= 4
    assert report["loss_perfect"] == 394.0
    advantage = report["thermodynamic_advantage"]
    cost = (784 * 128 + 128 * 128 + 128 * 784) * 1e-12 * 10 / (1.380649e-23 * 300)
    heat = report["heat_mean_kT"]
    assert advantage is None if heat <= 0 else advantage == pytest.approx(cost / heat)
    assert {"training", "evaluation", "generation", "figures"} <= set(report["seconds"])
    assert all(v >= 0 for v in report["seconds"].values())
    assert sum(report["heat_by_term_kT"].values()) == pytest.approx(report["heat_mean_kT"])
    assert report["hardware"]["preset"] == "electrical"


def test_digests_are_those_of_the_files(tiny, report):
    _, folder = tiny
    assert report["config_digest"] == hashlib.sha256((folder / "config.toml").read_bytes()).hexdigest()
    assert report["parameter_digest"] == load_computer(folder / "computer.nc").digest()
    manifest = json.loads((folder / "manifest.json").read_text())
    for key in ("config_digest", "parameter_digest", "seed"):
        assert manifest[key] == report[key]
    assert report["engine"] == manifest["engine"]["name"] == "reference"
    assert {"thermozoo", "numpy", "sympy"} <= set(manifest["versions"])
    used = {(p["kind"], p["name"]) for p in manifest["plugins"]}
    assert used == {
        ("potential", "quartic"), ("connectivity", "bipartite"), ("integrator", "euler-maruyama"),
        ("objective", "reverse-likelihood"), ("protocol", "linear-fade"), ("dataset", "digits"), ("task", "generate"),
        ("encoding", "image"), ("encoding", "projection"),
    }  # fmt: skip
    assert all(p["distribution"] == "thermozoo" and p["version"] for p in manifest["plugins"])


def test_the_config_has_every_default_and_runs_again(tiny):
    _, folder = tiny
    config = tomllib.loads((folder / "config.toml").read_text())
    assert config["seed"] == 3
    assert config["noising"]["fade"] == 0.75
    assert config["computer"]["potential"]["J4"] == 1.0
    from thermozoo.config.load import load_config
    from thermozoo.registry.catalogue import catalogue

    assert load_config(folder / "config.toml", catalogue()).resolved == config


def test_the_samples_hold_together(tiny, report):
    """Heat by term sums to the heat, which is the report's; the states are the trained computer's."""
    _, folder = tiny
    with xarray.open_dataset(folder / "samples.nc", engine="h5netcdf") as samples:
        samples.load()
    assert dict(samples.sizes) | {"sample": 4, "unit": 788, "prototype": 3, "pixel": 784} == dict(samples.sizes)
    heat = samples["heat"].values
    terms = sum(samples[f"heat_{n}"].values[-1] for n in ("on_site", "coupling", "bias"))
    assert heat == pytest.approx(terms, abs=1e-9)
    assert heat.mean() / 0.1 == pytest.approx(report["heat_mean_kT"])
    assert heat.std(ddof=1) / 0.1 == pytest.approx(report["heat_std_kT"])
    computer = load_computer(folder / "computer.nc")
    energy = computer.energy(samples["shown_state"].values)
    assert (energy[0] - energy[-1]) == pytest.approx(heat[: energy.shape[1]], abs=1e-4 * np.abs(energy).max())
    assert np.array_equal(samples["shown_state"].values[-1], samples["state"].values[: energy.shape[1]])
    assert samples["heat"].attrs["units"] == "E0"


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.words = []

    def handle_starttag(self, tag, attrs):
        self.found += [
            (tag, k, v) for k, v in attrs if k in ("src", "href", "srcset", "data", "action", "poster", "xlink:href")
        ]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_stands_alone(tiny):
    page = (tiny[1] / "report.html").read_text("utf-8")
    links = Links()
    links.feed(page)
    outside = [x for x in links.found if not (x[2] or "").startswith(("data:", "#"))]
    assert outside == []
    assert "@import" not in page
    assert "url(http" not in page
    assert sum(x[0] == "img" for x in links.found) >= 7


@pytest.fixture
def no_pictures(monkeypatch):
    """The tiny run above draws them; drawing is most of the time that a small run takes."""
    from thermozoo.runs import phases

    monkeypatch.setattr(phases, "draw_figures", lambda *arguments, **options: {})


def small(tmp_path, name, *arguments):
    """A run on the toy data set; returns states, heat and couplings."""
    plugin = tmp_path / "stripes.py"
    plugin.write_text(TOY)
    config = tmp_path / "small.toml"
    config.write_text(
        TINY.replace("visible = 784", "visible = 25").replace(
            'engine = "reference"', 'engine = "reference"\nprecision = "double"'
        )
        + '[data]\nplugin = "stripes"\n'
    )
    out = tmp_path / name
    assert run(["run", str(config), "--plugin", str(plugin), "--out", str(out), *arguments]) == 0
    with xarray.open_dataset(out / "samples.nc", engine="h5netcdf") as samples:
        samples.load()
    return samples["state"].values, samples["heat"].values, load_program(out / "computer.nc").computers[-1].parameters


def test_the_perfect_loss_is_unknown_for_an_integrator_without_a_closed_density(tmp_path, capsys, no_pictures):
    small(tmp_path, "a", "--set", "dynamics.integrator=stochastic-heun")
    assert json.loads((tmp_path / "a" / "report.json").read_text())["loss_perfect"] is None
    assert "(perfect" not in capsys.readouterr().out
    assert " N/2" not in (tmp_path / "a" / "report.html").read_text("utf-8")


def test_the_same_seed_gives_the_same_run_and_another_another(tmp_path, capsys, no_pictures):
    first, second, third = (small(tmp_path, n, "--seed", s) for n, s in (("a", "7"), ("b", "7"), ("c", "8")))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one, other)
    for one, other in zip(first, third, strict=True):
        assert not np.any(one == other)
    out = capsys.readouterr().out
    assert "seed 7" in out
    plugins = json.loads((tmp_path / "a" / "manifest.json").read_text())["plugins"]
    file = tmp_path / "stripes.py"
    stripes = next(p for p in plugins if p["name"] == "stripes")
    assert (stripes["file"], stripes["sha256"]) == (str(file), hashlib.sha256(file.read_bytes()).hexdigest())
    assert not [p for p in plugins if p["name"] != "stripes" and ("file" in p or "sha256" in p)]


def test_trained_potentials_and_windows_are_reported(tmp_path, no_pictures):
    """The ranges are those of the computers that were written, window by window."""
    options = ["training.method=moments", "training.windows=2", "training.potential_parameters=['J2']"]
    options += ["training.cycles=40", "dynamics.dt=0.01", "dynamics.duration=2.5"]
    small(tmp_path, "a", *(word for o in options for word in ("--set", o)))
    report = json.loads((tmp_path / "a" / "report.json").read_text())
    assert report["windows"] == 2
    program = load_program(tmp_path / "a" / "computer.nc")
    assert report["parameter_digest"] == program.digest()
    computers = program.computers
    assert len(computers) == 2
    for group in ("visible", "hidden"):
        values = np.concatenate([c.onsite.sites[group].values["J2"] for c in computers])
        assert len(np.unique(values)) > 1
        assert report["trained_parameters"][group] == {"J2": [values.min(), values.max()]}
    assert report["imposed_signal"]["zero_from"] == 0.75 * 2.5


@pytest.mark.parametrize(
    ("duration", "said"),
    [("0.1", None), ("0.105", "duration: 0.1, in 10 whole steps of 0.01, instead of dynamics.duration = 0.105")],
)
def test_a_duration_that_is_rounded_is_said_to_be(tmp_path, capsys, no_pictures, duration, said):
    small(tmp_path, "a", "--set", f"dynamics.duration={duration}", "--set", "dynamics.dt=0.01")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("duration")]
    assert lines == ([] if said is None else [said])


def test_one_sample_is_no_mean(tmp_path, capsys, no_pictures):
    small(tmp_path, "a", "--set", "generation.samples=1")
    out = capsys.readouterr().out
    assert "generated 1 image (" in out
    assert re.search(r"heat -?[\d.]+ kT \(one sample\)", out)
    assert "standard deviation" not in out
    small(tmp_path, "b", "--set", "generation.samples=2")
    out = capsys.readouterr().out
    assert "generated 2 images (" in out
    assert re.search(
        r"heat -?[\d.]+ \+- [\d.]+ kT \(mean \+- standard deviation; standard error of the mean [\d.]+\)", out
    )


def test_force_replaces_a_run_and_nothing_else(tmp_path, capsys, no_pictures):
    small(tmp_path, "a")
    before = json.loads((tmp_path / "a" / "manifest.json").read_text())
    config, plugin, out = (str(tmp_path / n) for n in ("small.toml", "stripes.py", "a"))
    assert run(["run", config, "--plugin", plugin, "--out", out]) == 2
    assert "exists: choose another with --out, or replace it with --force" in capsys.readouterr().err
    assert json.loads((tmp_path / "a" / "manifest.json").read_text()) == before
    small(tmp_path, "a", "--force", "--seed", "99")
    assert json.loads((tmp_path / "a" / "manifest.json").read_text())["seed"] == 99
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "small.toml", "stripes.py"]


def test_without_a_name_the_next_free_one_and_with_force_the_first(tmp_path, capsys, no_pictures, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small(tmp_path, "other")
    for arguments in ([], [], ["--force", "--seed", "99"]):
        assert run(["run", "small.toml", "--plugin", "stripes.py", *arguments]) == 0
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["other", "thermozoo-run", "thermozoo-run-2"]
    manifests = [tmp_path / name / "manifest.json" for name in ("thermozoo-run", "thermozoo-run-2")]
    assert [json.loads(m.read_text())["seed"] == 99 for m in manifests] == [True, False]


def test_the_engine_that_ran_is_kept(tmp_path, capsys, no_pictures):
    """What "auto" chooses depends on what has been compiled before; the same config again must not."""
    small(tmp_path, "a", "--set", "dynamics.engine=auto")
    kept = tomllib.loads((tmp_path / "a" / "config.toml").read_text())["dynamics"]["engine"]
    assert kept == json.loads((tmp_path / "a" / "manifest.json").read_text())["engine"]["name"] != "auto"
    assert "memory: about" in capsys.readouterr().err


def test_a_run_that_needs_too_much_memory_is_refused(tmp_path, capsys):
    assert run(["run", "--set", "generation.samples=1000000000", "--out", str(tmp_path / "a")]) == 2
    assert "of memory, above dynamics.memory_limit = 16 GiB" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("gain", "se", "said"),
    [
        (12.98, 0.133, "likelihood gain 12.98 +- 0.13 nats"),
        (12406.7, 153.9, "likelihood gain 12,407 +- 154 nats"),
        (212.7, 2.999, "likelihood gain 212.7 +- 3.0 nats"),
        (0.5, 0.0, "likelihood gain 0.5000 +- 0 nats"),
        (3e-9, 1.2e-9, "likelihood gain 3.000 × 10⁻⁹ +- 1.2 × 10⁻⁹ nats"),
    ],
)
def test_an_error_is_not_rounded_to_nothing(report, gain, se, said):
    from thermozoo.runs.report_file import read_report
    from thermozoo.runs.summary import summary

    figures = {"likelihood_gain_nats": gain, "likelihood_gain_se": se, "heat_std_kT": 0.25, "samples": 400}
    lines = summary(read_report({**report, **figures}))
    assert said in lines[0]
    assert "+- 0.25 kT (mean +- standard deviation; standard error of the mean 0.0125)" in lines[2]


def drawings(monkeypatch, **figures):
    """Let a run draw these figures."""
    from thermozoo.runs import phases

    monkeypatch.setattr(phases, "draw_figures", lambda *arguments: figures)


def fails(error):
    def work(*arguments, **options):
        raise error

    return work


PNG = b"\x89PNG"


def test_a_picture_that_fails_takes_nothing_with_it(tmp_path, capsys, monkeypatch):
    bad = fails(ValueError("'<bogus>' is not a valid value for backend"))
    drawings(monkeypatch, outputs=lambda: PNG, heat=bad, ledger=lambda: PNG)
    small(tmp_path, "a")
    out, err = capsys.readouterr()
    said = "ValueError: '<bogus>' is not a valid value for backend"
    assert [line for line in err.splitlines() if "heat" in line] == [
        f"figure heat: missing, {said}; the results are in {tmp_path / 'a'}"
    ]
    assert f"report: {tmp_path / 'a' / 'report.html'}" in out
    assert sorted(p.name for p in (tmp_path / "a" / "figures").iterdir()) == ["ledger.png", "outputs.png"]
    words = Links()
    words.feed((tmp_path / "a" / "report.html").read_text("utf-8"))
    assert f"Heat. This figure is missing: {said}." in " ".join(words.words)


def test_an_interruption_of_the_pictures_keeps_the_results(tmp_path, capsys, monkeypatch):
    drawings(monkeypatch, outputs=lambda: PNG, heat=fails(KeyboardInterrupt()), ledger=fails(AssertionError()))
    small(tmp_path, "a")
    err = capsys.readouterr().err
    assert "figure heat: missing, interrupted; the results are in" in err
    assert "figure ledger: missing, interrupted; the results are in" in err
    assert "This figure is missing: interrupted." in (tmp_path / "a" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("error", [RuntimeError("no page"), KeyboardInterrupt()])
def test_a_page_that_fails_takes_nothing_with_it(tmp_path, capsys, monkeypatch, no_pictures, error):
    from thermozoo.runs import extras

    monkeypatch.setattr(extras, "render_page", fails(error))
    small(tmp_path, "a")
    out, err = capsys.readouterr()
    assert f"results: {tmp_path / 'a'}\n" in out
    assert "page: missing, " in err
    assert json.loads((tmp_path / "a" / "report.json").read_text())["seconds"]["figures"] >= 0


def test_a_comparison_that_fails_takes_nothing_with_it(tmp_path, capsys, monkeypatch, no_pictures):
    from thermozoo.runs import phases

    monkeypatch.setattr(phases, "comparison_row", fails(RuntimeError("no method")))
    small(tmp_path, "a", "--set", "training.compare=['descent', 'online']")
    assert "comparison: missing, RuntimeError: no method; the results are in" in capsys.readouterr().err
    assert "comparison" not in json.loads((tmp_path / "a" / "report.json").read_text())


def test_a_figure_that_is_no_number_takes_nothing_with_it(tmp_path, capsys, monkeypatch, no_pictures):
    from thermozoo.runs import phases
    from thermozoo.runs.results import QualityFigures

    found = QualityFigures(diversity=float("nan"), nearest_prototype_distance=0.5, judge=None)
    monkeypatch.setattr(phases, "judged_figures", lambda *arguments, **options: found)
    small(tmp_path, "a")
    assert "report: diversity is no finite number" in capsys.readouterr().err
    assert json.loads((tmp_path / "a" / "report.json").read_text())["diversity"] is None


def test_what_the_heat_says_of_the_program_is_said(tmp_path, capsys, monkeypatch, no_pictures):
    """On standard error, in the report and on the page."""
    from thermozoo.runs import phases

    monkeypatch.setattr(phases, "run_warnings", lambda *arguments: ("window 3 of 9 has \u22121 % of the heat",))
    small(tmp_path, "a")
    assert "window 3 of 9 has -1 % of the heat" in capsys.readouterr().err.splitlines()
    assert json.loads((tmp_path / "a" / "report.json").read_text())["warnings"] == [
        "window 3 of 9 has \u22121 % of the heat"
    ]
    assert "window 3 of 9 has" in (tmp_path / "a" / "report.html").read_text("utf-8")


def untrained(monkeypatch):
    """Fail where a run begins to train."""
    from thermozoo.runs import phases

    monkeypatch.setattr(phases, "train_parts", fails(AssertionError("training began")))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("computer.mobility=1e-300", "--set: computer.mobility: expected a value of at least 1e-30, got 1e-300"),
        ("training.objective=of-nothing", "--set: training.objective: the loss of noising steps is nan before any"),
        ("training.held_out=100000000", "--set: training.held_out: the run needs about "),
        ("training.cycles=1000000000", "--set: training.cycles: the run needs about "),
        ("hardware.time_unit=1e-323", "--set: hardware.time_unit: expected a value of at least 1e-30, got"),
    ],
)
def test_what_config_and_machine_show_is_refused_before_training(tmp_path, capsys, monkeypatch, setting, said):
    untrained(monkeypatch)
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "nothing.py").write_text(OF_NOTHING)
    plugin = ["--plugin", str(tmp_path / "nothing.py")]
    assert run(["run", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "a"), *plugin, "--set", setting]) == 2
    assert said in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["nothing.py", "tiny.toml"]


def test_a_library_that_the_end_needs_is_missed_before_training(tmp_path, capsys, monkeypatch):
    from thermozoo.runs import preflight

    untrained(monkeypatch)
    real = preflight.importlib.import_module

    def broken(name):
        return fails(ImportError("libgomp: cannot allocate memory"))() if name == "h5netcdf" else real(name)

    monkeypatch.setattr(preflight.importlib, "import_module", broken)
    (tmp_path / "tiny.toml").write_text(TINY)
    assert run(["run", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "a")]) == 2
    assert "the library h5netcdf cannot be imported: ImportError: libgomp" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.toml"]


def test_a_second_run_of_the_name_is_refused_at_once_and_one_without_a_name_goes_elsewhere(
    tmp_path, capsys, monkeypatch, no_pictures
):
    """The second begins while the first trains, and is whole before it."""
    from thermozoo.runs import phases

    monkeypatch.chdir(tmp_path)
    real, codes = phases.train_parts, []

    def with_others(*arguments):
        monkeypatch.setattr(phases, "train_parts", real)
        words = ["run", "small.toml", "--plugin", "stripes.py"]
        codes.extend(run([*words, *more]) for more in (["--out", "thermozoo-run"], ["--force"], []))
        return real(*arguments)

    monkeypatch.setattr(phases, "train_parts", with_others)
    small(tmp_path, "thermozoo-run")
    assert codes == [2, 2, 0]
    err = capsys.readouterr().err
    assert err.count("output folder thermozoo-run: a run is writing it (process ") == 2
    for name in ("thermozoo-run", "thermozoo-run-2"):
        assert (tmp_path / name / "report.html").exists()
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["thermozoo-run", "thermozoo-run-2"]


def edited(text):
    """The toy data set with other images."""
    return text.replace("images[k, k] = 1.0", "images[k, :, k] = 1.0")


def kept_couplings(folder):
    return load_computer(folder / "computer.nc").parameters


def test_a_run_folder_runs_again_by_itself(tmp_path, capsys, monkeypatch, no_pictures):
    """Also where the file that was given has changed since, or is given again, and from within the folder."""
    small(tmp_path, "a")
    assert (tmp_path / "a" / "plugins" / "stripes.py").read_text() == TOY
    (tmp_path / "stripes.py").write_text(edited(TOY))
    folder = tmp_path / "a"
    copy = str(folder / "plugins" / "stripes.py")
    assert run(["run", str(folder / "config.toml"), "--out", str(tmp_path / "b"), "--plugin", copy]) == 0
    assert run(["estimate", str(folder / "config.toml"), "--plugin", copy]) == 0
    monkeypatch.chdir(folder)
    assert run(["run", "config.toml", "--out", "../c", "--plugin", "plugins/stripes.py"]) == 0
    monkeypatch.chdir(tmp_path)
    for name in ("b", "c"):
        assert np.array_equal(kept_couplings(tmp_path / name), kept_couplings(folder))
        assert (tmp_path / name / "plugins" / "stripes.py").read_text() == TOY
    capsys.readouterr()
    # who names a file wants that one
    assert run(["run", "a/config.toml", "--out", "e", "--plugin", "stripes.py"]) == 0
    assert not np.array_equal(kept_couplings(tmp_path / "e"), kept_couplings(folder))
    assert (tmp_path / "e" / "plugins" / "stripes.py").read_text() == edited(TOY)


def test_a_copied_plugin_file_that_was_changed_is_not_executed_unasked(tmp_path, capsys, no_pictures):
    small(tmp_path, "a")
    folder, copy = tmp_path / "a", tmp_path / "a" / "plugins" / "stripes.py"
    copy.write_text("raise SystemExit(7)\n")
    words = ["run", str(folder / "config.toml"), "--out", str(tmp_path / "b")]
    capsys.readouterr()
    assert run(words) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert (
        "stripes.py is not the plugin file that the run in this folder used for dataset 'stripes', its SHA-256 differs"
        in line
    )
    copy.write_text(edited(TOY))
    assert run([*words, "--plugin", str(copy)]) == 0
    copy.unlink()
    capsys.readouterr()
    assert run([*words, "--force"]) == 2
    assert "stripes.py (dataset 'stripes'), which is not there: restore it" in capsys.readouterr().err
    (folder / "manifest.json").write_text("{")
    assert run([*words, "--force"]) == 2
    assert "manifest.json is no JSON" in capsys.readouterr().err


def test_a_plugin_file_that_is_edited_during_the_run_is_kept_as_it_was_loaded(tmp_path, monkeypatch, no_pictures):
    from thermozoo.runs import phases

    real = phases.train_parts

    def edit(*arguments):
        (tmp_path / "stripes.py").unlink()
        return real(*arguments)

    monkeypatch.setattr(phases, "train_parts", edit)
    small(tmp_path, "a")
    assert (tmp_path / "a" / "plugins" / "stripes.py").read_text() == TOY
