"""``thermozoo show``: formulas, derived quantities, JSON, LaTeX, code, plot."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from thermozoo.cli.app import run


def shown(capsys, *arguments):
    assert run(["show", *arguments]) == 0
    return capsys.readouterr().out


def test_a_potential(capsys):
    out = shown(capsys, "double-well")
    for words in (
        "U(x) = J₂⋅x  + J₄⋅x",
        "-U'(x) =",
        "U''(x) =",
        "(-inf, 0)",
        "stiffness at the barrier",
        "x = -0.7071, 0.7071",
    ):
        assert words in out
    assert "arXiv:2506.15121" in out


def test_settings_move_the_stable_states(capsys):
    assert "x = -1, 1" in shown(capsys, "double-well", "--set", "J2=-2.0")


def test_one_value_per_unit_shows_the_stable_states_of_every_unit(capsys):
    values = ("--set", "J2=[-1, -2.0]", "--set", "J4=1")
    out = shown(capsys, "double-well", *values)
    assert "stable states at these values of unit 0: x = -0.7071, 0.7071" in out
    assert "stable states at these values of unit 1: x = -1, 1" in out
    table = json.loads(shown(capsys, "double-well", "--json", *values))
    assert table["stable_states_at"] == [[-0.707107, 0.707107], [-1.0, 1.0]]
    assert table["parameters"][0]["value"] == [-1.0, -2.0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("euler-maruyama", "S(x', x) ="),
        ("reverse-likelihood", "r ="),
        ("linear-fade", "a(t) ="),
        ("bipartite", "setting within"),
        ("digits", "dataset digits"),
        ("one-hot", "signals that depend on the label alone: True"),
    ],
)
def test_the_other_kinds(capsys, name, words):
    assert words in shown(capsys, name)


def test_a_potential_that_does_not_confine_is_shown_all_the_same(tmp_path, capsys):
    file = tmp_path / "hill.py"
    file.write_text(
        "import attrs\n"
        "from thermozoo import Potential, hookimpl, parameter\n"
        "@attrs.frozen\n"
        "class Hill(Potential):\n"
        "    name = 'hill'\n"
        "    k: float = parameter(1.0, unit='energy', doc='height')\n"
        "    def energy(self, x):\n"
        "        return -self.k * x**4\n"
        "@hookimpl\n"
        "def thermozoo_potentials():\n"
        "    return [Hill]\n"
    )
    out = shown(capsys, str(file))
    assert "stable states at these values: x = none: the energy does not rise on both sides; a run refuses it" in out
    assert "U(x) = -k⋅x" in out
    assert "On-site energy" not in out  # what the interface says of itself is not what this potential says


def test_a_cusp_is_shown_as_what_a_run_refuses(tmp_path, capsys):
    file = tmp_path / "cusp.py"
    file.write_text(
        "import attrs, sympy\n"
        "from thermozoo import Potential, hookimpl, parameter\n"
        "@attrs.frozen\n"
        "class Cusp(Potential):\n"
        "    name = 'cusp'\n"
        "    p: float = parameter(1.5, unit='1', at_least=1, doc='power')\n"
        "    def energy(self, x):\n"
        "        return sympy.Abs(x - 1) ** self.p\n"
        "@hookimpl\n"
        "def thermozoo_potentials():\n"
        "    return [Cusp]\n"
    )
    said = "curvature infinite at x = 1: no time step is stable; a run refuses it"
    assert said in shown(capsys, str(file))
    assert json.loads(shown(capsys, str(file), "--json"))["curvature_infinite_at"] == [1.0]
    assert "curvature infinite" not in shown(capsys, str(file), "--set", "p=1")
    assert "curvature_infinite_at" not in json.loads(shown(capsys, str(file), "--json", "--set", "p=2"))


def test_a_flat_bottom_is_shown_from_end_to_end(tmp_path, capsys):
    file = tmp_path / "box.py"
    file.write_text(
        "import attrs, sympy\n"
        "from thermozoo import Potential, hookimpl, parameter\n"
        "@attrs.frozen\n"
        "class Box(Potential):\n"
        "    name = 'box'\n"
        "    w: float = parameter(0.75, unit='1', above=0, doc='half width')\n"
        "    def energy(self, x):\n"
        "        return sympy.Max(0, sympy.Abs(x - 1) - self.w)**2\n"
        "@hookimpl\n"
        "def thermozoo_potentials():\n"
        "    return [Box]\n"
    )
    assert "stable states at these values: x = 0.25 to 1.75 (flat)\n" in shown(capsys, str(file))
    table = json.loads(shown(capsys, str(file), "--json"))
    assert table["flat_bottoms"] == [[0.25, 1.75]]
    assert 0.25 <= table["stable_states_at"][0] <= 1.75


def test_a_field_without_a_declaration_is_called_a_constant(tmp_path, capsys):
    file = tmp_path / "spring.py"
    file.write_text(
        "import attrs\n"
        "from thermozoo import Potential, hookimpl\n"
        "@attrs.frozen\n"
        "class Spring(Potential):\n"
        "    name = 'spring'\n"
        "    k: float = 1.0\n"
        "    def energy(self, x):\n"
        "        return self.k * x**2\n"
        "@hookimpl\n"
        "def thermozoo_potentials():\n"
        "    return [Spring]\n"
    )
    assert "setting k = 1.0: a constant without a sentence; declare it with thermozoo.parameter()" in shown(
        capsys, str(file)
    )


def test_json(capsys):
    table = json.loads(shown(capsys, "quartic", "--json", "--code"))
    assert table["formulas"]["energy"] == "J2*x**2 + J4*x**4"
    assert table["latex"]["energy"] == "U(x) = J_2 x^{2} + J_4 x^{4}"
    assert table["stable_states_at"] == [0.0]
    assert [p["range"] for p in table["parameters"]] == ["(0, inf)", "(0, inf)"]
    assert table["code"].startswith("# returns energy, force, curvature")


def test_code_computes_what_was_shown(capsys):
    source = shown(capsys, "quartic", "--code")
    namespace = {"np": np}
    exec(source, namespace)
    energy, force, curvature, by_j2, by_j4 = namespace["quartic"](2.0, 0.5, 0.25)
    assert (energy, force, curvature, by_j2, by_j4) == (6.0, -10.0, 13.0, 4.0, 16.0)
    assert shown(capsys, "euler-maruyama", "--code").startswith("# returns step, mean, variance, action\n")


def test_latex(capsys):
    assert shown(capsys, "quadratic", "--latex").splitlines() == [
        "U(x) = J_2 x^{2}",
        "-U'(x) = - 2 J_2 x",
        "U''(x) = 2 J_2",
        r"\frac{\partial U}{\partial J_2} = x^{2}",
    ]
    step, mean, variance, action = shown(capsys, "euler-maruyama", "--latex").splitlines()[1:]
    assert step == r"x' = \sqrt{2 \Delta t k_BT \mu} \xi_{1} + \Delta t F_{1} \mu + x"
    assert mean == r"m(x) = \Delta t F_{1} \mu + x"
    assert variance == r"\sigma^2 = 2 \Delta t k_BT \mu"
    assert action.endswith(r"{4 \Delta t k_BT \mu}")


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml"), (".PNG", b"\x89PNG")]
)
def test_plot(tmp_path, capsys, suffix, start):
    file = tmp_path / f"well{suffix}"
    shown(capsys, "double-well", "--latex", "--plot", str(file))
    assert file.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    found = os.umask(0)
    os.umask(found)
    return found


def test_plot_replaces_a_file_only_when_told_to(tmp_path, capsys):
    file = tmp_path / "thesis.png"
    file.write_bytes(b"precious")
    assert run(["show", "quartic", "--plot", str(file)]) == 2
    assert "thesis.png exists: choose another name, or replace it with --force" in capsys.readouterr().err
    assert file.read_bytes() == b"precious"
    shown(capsys, "quartic", "--latex", "--plot", str(file), "--force")
    assert file.read_bytes().startswith(b"\x89PNG")


def test_a_plot_that_fails_leaves_what_was_there(tmp_path, capsys, monkeypatch):
    from thermozoo.plotting import potential

    file = tmp_path / "thesis.png"
    file.write_bytes(b"precious")

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(potential, "plot_potential", full)
    assert run(["show", "quartic", "--plot", str(file), "--force"]) == 2
    assert "thesis.png: No space left on device" in capsys.readouterr().err
    assert file.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", [".", "..", "well", "well.", ".png", "well.gif", "/dev/full", "folder"])
def test_plot_wants_the_name_of_a_picture(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    assert run(["show", "quartic", "--plot", name]) == 2
    said = f"--plot {name}: expected a file name that ends in .png, .pdf or .svg, such as quartic.png"
    assert said in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_plot_where_no_file_can_be(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "gone.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    before = sorted(tmp_path.iterdir())
    for name, said in (
        ("folder.png", "folder.png is a folder"),
        ("loop.png", "cannot write loop.png: Too many levels of symbolic links"),
        ("gone.png", "gone.png is no file"),
        ("pipe.png", "pipe.png is no file"),
        ("a" * 300 + ".png", "File name too long"),
        ("a/" * 3000 + "b.png", "File name too long"),
        ("nowhere/x.png", "cannot write nowhere/x.png: No such file or directory"),
    ):
        for force in ([], ["--force"]):
            assert run(["show", "quartic", "--plot", name, *force]) == 2
            [line] = capsys.readouterr().err.splitlines()
            assert said in line
            assert len(line) < 400
    assert sorted(tmp_path.iterdir()) == before


def test_plot_of_a_file_with_several(tmp_path, capsys):
    file = tmp_path / "two.py"
    one = "@attrs.frozen\nclass {0}(Potential):\n    name = '{1}'\n    def energy(self, x):\n        return x**4\n"
    file.write_text(
        "import attrs\nfrom thermozoo import Potential, hookimpl\n"
        + one.format("A", "first")
        + one.format("B", "second")
        + "@hookimpl\ndef thermozoo_potentials():\n    return [A, B]\n"
    )
    picture = tmp_path / "x.png"
    assert run(["show", str(file), "--plot", str(picture)]) == 2
    assert "--plot draws one potential, the file has 2: give the name of one (first, second)" in capsys.readouterr().err
    shown(capsys, "first", "--plugin", str(file), "--latex", "--plot", str(picture))
    assert picture.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "dense", "--code"], "no code is generated"),
        (["show", "dense", "--plot", "x.png"], "draws potentials"),
        (["show", "quartic", "--set", "J2=[1, 2]", "--plot", "x.png"], "--plot draws one unit"),
        (["show", "quartic", "--set", "J2=[1, 2]", "--set", "J4=[1, 2, 3]"], "2 values of J2 and 3 of J4"),
        (["verify", "quartic", "--set", "J2=[1, 2]"], "J2 has one value per unit: give a number"),
        (["show", "nothing"], "no plugin is called 'nothing'"),
        (["show", "quartic", "--plot", "/no/such/folder/x.png"], "cannot write"),
    ],
)
def test_bad_input(arguments, words, capsys):
    assert run(arguments) == 2
    assert words in capsys.readouterr().err


SLOPE = '''
import attrs
from thermozoo import Potential, hookimpl, parameter

@attrs.frozen
class Slope(Potential):
    """A trap on a slope."""

    name = "slope"
    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness", symbol="k_0")
    f: float = parameter(0.5, unit="energy", doc="slope")

    def energy(self, x):
        return self.k * x**2 - self.f * x

    def constraints(self):
        return [abs(self.f) < self.k]

@hookimpl
def thermozoo_potentials():
    return [Slope]
'''


def test_constraints_are_shown_and_obeyed(capsys, tmp_path):
    file = tmp_path / "slope.py"
    file.write_text(SLOPE)
    assert "\nconstraint: |f| < k\n" in shown(capsys, str(file))
    assert shown(capsys, str(file), "--latex").splitlines()[-1] == r"\left|{f}\right| < k_0"
    table = json.loads(shown(capsys, str(file), "--json"))
    assert table["constraints"] == [{"text": "|f| < k", "latex": r"\left|{f}\right| < k_0", "parameters": ["k", "f"]}]
    assert json.loads(shown(capsys, "quartic", "--json"))["constraints"] == []
    assert run(["show", str(file), "--set", "f=-3"]) == 2
    said = "k = 1, f = -3 break the constraint |f| < k of 'slope': |-3| < 1 does not hold\n"
    assert capsys.readouterr().err.endswith(said)


def test_an_integrator_with_a_velocity(capsys):
    out = shown(capsys, "baoab")
    assert "force₁ = F(x')" in out
    assert "v' =" in out
    assert "m⋅v" in out.replace("mass⋅v", "m⋅v")
    assert "variable v [1 / time]: velocity, parity -1" in out
    table = json.loads(shown(capsys, "baoab", "--json"))
    assert table["variables"] == [{"name": "v", "doc": "velocity", "unit": "1 / time", "parity": -1}]
    assert table["formulas"]["energy"] == "mass*v**2/2"
    assert "variables" not in json.loads(shown(capsys, "euler-maruyama", "--json"))
