"""``thermozoo report``: the page of a run folder again, and nothing else touched."""

from __future__ import annotations

import html
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from thermozoo.cli.app import run
from thermozoo.runs.claim import take_claim

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run with every figure that it can have."""
    folder = tmp_path_factory.mktemp("report") / "run"
    words = ["run", str(EXAMPLES / "small-toy.toml"), "--plugin", str(EXAMPLES / "stripes.py"), "--out", str(folder)]
    for value in ("dynamics.duration=0.1", "dynamics.engine=reference", "training.compare=['exact', 'moments']"):
        words += ["--set", value]
    assert run(words) == 0
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_page_is_the_one_that_the_run_wrote(folder, capsys):
    before = contents(folder)
    assert len([name for name in before if name.startswith("figures/")]) == 9
    (folder / "report.html").write_text("stale")
    assert run(["report", str(folder)]) == 0
    assert capsys.readouterr().out == f"report: {folder / 'report.html'}\n"
    assert contents(folder) == before


def test_what_the_page_says_to_do_next_can_be_done(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    page = (folder / "report.html").read_text("utf-8")
    commands = [shlex.split(html.unescape(one)) for one in re.findall(r"<dt><code>(.*?)</code>", page)]
    assert [command[:2] for command in commands] == [["thermozoo", name] for name in ("run", "run", "show")]
    for words in commands:
        wanted = ["check" if word == "run" else word for word in words[1:]]
        assert run(wanted) == 0, words


def test_figures_are_drawn_again_from_the_results(folder, capsys):
    """All but the noising, for which the folder holds nothing: the same page, byte for byte."""
    before = contents(folder)
    for figure in (folder / "figures").iterdir():
        if figure.stem != "noising":
            figure.unlink()
    (folder / "figures" / "heat.png").write_text("no PNG")
    (folder / "figures" / "generation.gif").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run(["report", str(folder), "--plugin", str(folder / "plugins" / "stripes.py")]) == 0
    assert capsys.readouterr().err == ""
    assert (folder / "report.html").read_bytes() == before["report.html"]
    assert sorted(p.name for p in (folder / "figures").iterdir()) == ["generation.gif", "heat.png", "noising.png"]


def test_a_figure_that_cannot_be_drawn_is_named(folder, capsys):
    shutil.rmtree(folder / "figures")
    (folder / "samples.nc").write_bytes(b"damaged")
    assert run(["report", str(folder), "--plugin", str(folder / "plugins" / "stripes.py")]) == 0
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 9
    assert all("missing, it cannot be drawn again: " in line and "samples.nc" in line for line in err)
    page = (folder / "report.html").read_text("utf-8")
    assert page.count("This figure is missing: it cannot be drawn again") == 9


def test_a_loss_without_a_curve_is_no_figure_whatever_an_earlier_version_left(folder):
    before = contents(folder)
    shutil.copy(folder / "figures" / "heat.png", folder / "figures" / "loss.png")
    assert run(["report", str(folder)]) == 0
    assert (folder / "report.html").read_bytes() == before["report.html"]


def test_a_run_of_one_group_lacks_no_couplings_and_one_method_no_comparison(folder, capsys):
    report = json.loads((folder / "report.json").read_text())
    del report["comparison"]
    (folder / "report.json").write_text(json.dumps(report))
    text = (folder / "config.toml").read_text()
    (folder / "config.toml").write_text(text.replace("hidden = 8\n", "").replace('"hidden",', ""))
    shutil.rmtree(folder / "figures")
    (folder / "computer.nc").unlink()
    assert run(["report", str(folder)]) == 0
    named = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert named == [
        f"figure {n}" for n in ("prototypes", "outputs", "generation", "generations", "noising", "heat", "ledger")
    ]


def refused(capsys, folder):
    assert run(["report", str(folder)]) == 2
    err = capsys.readouterr().err.splitlines()
    assert all(line.startswith("thermozoo: ") and len(line) < 400 for line in err)
    return err


def test_what_is_no_run_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    for name, said in {
        "none": "no such folder; expected the folder of a run",
        "file": "no such folder; expected the folder of a run",
        ".": "is not the folder of a run: it has no config.toml, report.json, manifest.json",
        "n" * 300: "no such folder",
    }.items():
        [line] = refused(capsys, tmp_path / name)
        assert said in line
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("report.json", None, "report.json: cannot be read: No such file"),
        ("report.json", b"", "report.json: empty"),
        ("report.json", b"{", "report.json: damaged: "),
        ("report.json", b"[" * 100_000, "report.json: damaged: "),
        ("report.json", b"\xff\xfe", "report.json: not text"),
        ("report.json", b"[1]", "report.json: expected a table of what a run writes, got list"),
        ("report.json", b"{}", "report.json: not what a run writes: method, loss_initial, loss_final, "),
        ("report.json", b'{"seed": 1' + b"0" * 5000 + b"}", "report.json: damaged: "),
        ("manifest.json", b"{}", "manifest.json: not what a run writes: versions, plugins, engine missing"),
        ("config.toml", b"seed = ", "config.toml: damaged: "),
        ("config.toml", b"[computer.units]\nvisible = 5\n", "does not hold what a run writes: "),
        ("config.toml", b"[computer]\nunits = 5\n", "does not hold what a run writes: "),
    ],
)
def test_damaged_files_are_named_and_nothing_is_touched(folder, capsys, file, content, said):
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    before = contents(folder)
    [line] = refused(capsys, folder)
    assert said in line
    assert contents(folder) == before


def test_every_key_of_another_type_is_named(folder, capsys):
    report = json.loads((folder / "report.json").read_text())
    report |= {"seed": 1.5, "class_counts": {"0": "many"}, "comparison": report["comparison"][:1]}
    report["comparison"][0]["heat_std_kT"] = [1]
    del report["judge"], report["imposed_signal"]["constant"]
    (folder / "report.json").write_text(json.dumps(report))
    said = [line.partition("not what a run writes: ")[2] for line in refused(capsys, folder)]
    assert said[0] == "imposed_signal.constant, judge missing"
    assert sorted(said[1:]) == [
        "class_counts['0']: expected whole number",
        "comparison[0].heat_std_kT: expected number",
        "seed: expected whole number",
    ]


def test_a_number_that_was_not_finite_is_not_defined_on_the_page(folder):
    report = json.loads((folder / "report.json").read_text())
    report |= {"heat_mean_kT": None, "thermodynamic_advantage": None}
    (folder / "report.json").write_text(json.dumps(report))
    assert run(["report", str(folder)]) == 0
    assert "not defined" in (folder / "report.html").read_text("utf-8")


def test_every_damaged_file_is_named_at_once(folder, capsys):
    (folder / "report.json").write_text("{")
    (folder / "config.toml").unlink()
    assert [line.split(": ")[1].rpartition("/")[2] for line in refused(capsys, folder)] == [
        "config.toml",
        "report.json",
    ]


def test_values_of_another_type_are_no_internal_error(folder, capsys):
    report = json.loads((folder / "report.json").read_text())
    before = contents(folder)["report.html"]
    for key, value in report.items():
        for wrong in ("x", [1], {"a": "b"}, -1, 1e300):
            (folder / "report.json").write_text(json.dumps(report | {key: wrong}))
            code = run(["report", str(folder)])
            assert code in (0, 2), (key, value, wrong)
            if code == 2:
                assert "report.json" in capsys.readouterr().err
    (folder / "report.json").write_text(json.dumps(report))
    assert run(["report", str(folder)]) == 0
    assert (folder / "report.html").read_bytes() == before


def test_a_folder_that_a_run_is_writing(folder, capsys):
    claim = take_claim(folder)
    [line] = refused(capsys, folder)
    claim.release()
    assert "a run is writing this folder (process " in line


def test_a_page_that_cannot_be_written(folder, capsys):
    (folder / "report.html").unlink()
    (folder / "report.html").mkdir()
    [line] = refused(capsys, folder)
    assert "cannot write" in line
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]
