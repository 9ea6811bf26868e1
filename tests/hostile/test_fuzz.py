"""Thousands of inputs for everything that reads: each is read or refused, in bounded time, and nothing of it is run."""

from __future__ import annotations

import ast
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import PLUGIN, campaign, fuzz
from invented import changed_tables

from thermozoo.cli.app import run
from thermozoo.config.load import load_config
from thermozoo.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.filterwarnings("ignore")
def test_two_thousand_inputs(tmp_path):
    counts, failures = fuzz(2000, seed=17, folder=tmp_path)
    assert not failures, "\n".join(failures)
    assert sum(counts.values()) >= 1990
    assert all(counts[name, "refused"] for name, _ in counts)
    assert sum(n for (_, said), n in counts.items() if said == "read") > 50  # not all are refused at the door


@pytest.mark.parametrize(
    ("name", "also"),
    [
        ("log-determinant", ()),
        ("erasure", ()),
        ("stochastic-attention", ()),
        ("classify", ()),
        ("ten-digits", ("hardware.imperfections.bath={plugin='coloured-bath'}",)),
    ],
)
def test_an_integrator_that_could_not_be_built(name, also):
    """Inputs that were found to end with a traceback: an unknown key beside what looks at the integrator."""
    with pytest.raises(ConfigError, match=r"dynamics\.x: unknown key"):
        load_config(name, assignments=["dynamics.x=true", *also], seed=1)


@pytest.mark.endurance
def test_a_hundred_thousand_inputs():
    """In processes that may hold 6 GiB, each input in at most half a minute."""
    counts, failures = campaign(100_000)
    assert not failures, "\n".join(failures)
    assert sum(counts.values()) >= 99_900


def test_the_command_line_ends_with_0_or_2(tmp_path, monkeypatch, capfd):
    """Within this process, which would see a crash."""
    monkeypatch.chdir(tmp_path)
    codes = set()
    for k in range(12):
        (tmp_path / "c.toml").write_bytes(changed_tables(random.Random(f"command {k}")))
        code = run(["check", "c.toml"])
        printed = capfd.readouterr()
        assert code in (0, 2), printed.err
        assert "Traceback" not in printed.err
        assert bool(printed.err) or code == 0
        codes.add(code)
    assert codes == {0, 2}
    assert os.listdir(tmp_path) == ["c.toml"]


def command(*words, folder, memory=8 * 2**30):
    """Run the command line in a process of its own with limits; return its code and what it printed."""

    def limit():
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    done = subprocess.run(
        [sys.executable, "-m", "thermozoo", *words], cwd=folder, capture_output=True, timeout=300, preexec_fn=limit
    )
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process")
@pytest.mark.parametrize("k", [pytest.param(k, marks=() if k < 1 else pytest.mark.long) for k in range(60)])
def test_a_process_ends_with_0_or_2(tmp_path, k):
    """Configs by check, and now and then by run; plugin files by show."""
    rng = random.Random(f"process {k}")
    before = {"c.toml", "mine.py"}
    (tmp_path / "c.toml").write_bytes(changed_tables(rng))
    from damage import mutated

    (tmp_path / "mine.py").write_bytes(mutated(PLUGIN, rng))
    words = ["show", "./mine.py"] if k % 3 == 2 else ["check", "c.toml"]
    code, _, error = command(*words, folder=tmp_path)
    assert code in (0, 2), error
    assert "Traceback" not in error
    assert set(os.listdir(tmp_path)) == before


#: Where text becomes code: expressions of plugins, and kernels made of them. A new place is looked at by a person.
EVALUATED = {
    "thermozoo/dynamics/engines/jax_step.py": {"exec", "compile"},
    "thermozoo/dynamics/engines/kernel_cache.py": {"exec", "compile"},
    "thermozoo/dynamics/engines/machine_code.py": {"pickle"},  # kernels, once their seal holds
    "thermozoo/dynamics/plain_loops.py": {"exec", "compile"},
    "thermozoo/symbolic/codegen.py": {"exec", "compile"},
    "thermozoo/testing/apart.py": {"pickle"},  # what a process of its own says of a plugin that it runs
}


def test_no_other_place_turns_text_into_code():
    """A config is data: nothing reads a formula, a module or an object from text."""
    names = {"eval", "exec", "compile", "__import__", "parse_expr"}
    found = {}
    for path in [*(ROOT / "thermozoo").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "id", None)
                pickled = getattr(node.func, "attr", "") in ("load", "loads") and (
                    getattr(getattr(node.func, "value", None), "id", "") in ("pickle", "marshal", "shelve", "yaml")
                )
                if called in names or pickled:
                    found.setdefault(str(path.relative_to(ROOT)), set()).add(called or "pickle")
    assert found == EVALUATED


#: What would be seen if it were evaluated, in every language that something here speaks.
TRAPS = (
    "__import__('pathlib').Path('executed').touch()",
    "{{ cycler.__init__.__globals__.os.system('touch executed') }}",
    "$(touch executed)", "`touch executed`", "; touch executed", "!!python/object/apply:os.system ['touch executed']",
    "@lambda: open('executed', 'w')",
)  # fmt: skip


def test_a_config_is_data(tmp_path, monkeypatch, capfd):
    """Code in the place of every value, and of names of groups and of terms."""
    from invented import at, known_tables, places, written

    monkeypatch.chdir(tmp_path)
    import copy

    rng = random.Random(5)
    for k in range(28):
        tables = copy.deepcopy(rng.choice(known_tables()))
        path = rng.choice(places(tables))
        parent, trap = at(tables, path[:-1]), TRAPS[k % len(TRAPS)]
        if k % 2 and isinstance(parent, dict):
            parent[trap] = parent.pop(path[-1])
        else:
            parent[path[-1]] = trap
        (tmp_path / "c.toml").write_bytes(written(tables))
        assert run(["check", "c.toml"]) in (0, 2)
        capfd.readouterr()
    assert os.listdir(tmp_path) == ["c.toml"]
