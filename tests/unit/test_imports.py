"""The tree is layered, and stays so: these tests read the import statements."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "thermozoo"
PLUGINS = ROOT / "plugins" / "thermozoo_plugins"

#: Rooms from the foundation to the roof; a room imports from its own level or below.
LEVELS = {
    "errors": 0,
    "arguments": 1,
    "array_files": 1,
    "digits": 1,
    "given_files": 1,
    "keys": 1,
    "clock": 1,
    "checkpoints": 2,
    "parameters": 1,
    "interfaces": 2,
    "constraints": 2,
    "problems": 2,
    "shards": 3,
    "symbolic": 3,
    "registry": 3,
    "computer": 4,
    "dynamics": 5,
    "thermodynamics": 6,
    "quality": 6,
    "training": 7,
    "config": 8,
    "plotting": 9,
    "runs": 10,
    "scaffold": 10,
    "sweeps": 11,
    "testing": 11,
    "cli": 12,
    "front": 13,
    "__main__": 13,
}

#: Rooms of one level that are strangers to each other.
STRANGERS = [
    ("symbolic", "registry"),
    ("thermodynamics", "quality"),
    ("testing", "plotting"),
    ("runs", "scaffold"),
    ("sweeps", "testing"),
]

#: What a plugin may import of thermozoo.
PUBLIC = {"thermozoo", "thermozoo.errors", "thermozoo.interfaces"}


def sources(folder):
    return sorted(p for p in folder.rglob("*.py"))


@functools.cache
def imports(path):
    """Absolute names of the modules that a file imports at run time, wherever in the file."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for part in node.body
        for child in ast.walk(part)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import: write the whole name"
            found.append(node.module)
            # `from thermozoo import config` imports a room, not a name
            found += [f"{node.module}.{a.name}" for a in node.names if node.module == "thermozoo"]
    return found


def room(path):
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def test_imports_point_one_way():
    wrong = []
    for path in sources(CORE):
        own = room(path)
        if own == "__init__":
            continue  # the front door opens on every room, lazily
        for name in imports(path):
            parts = name.split(".")
            if parts[0] != "thermozoo" or len(parts) < 2 or parts[1] not in LEVELS:
                continue
            other = parts[1]
            if LEVELS[other] > LEVELS[own]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}, which stands above it")
            if (own, other) in STRANGERS or (other, own) in STRANGERS:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}, a stranger")
    assert not wrong, "\n".join(wrong)


def test_every_room_has_a_level():
    rooms = {room(p) for p in sources(CORE)} - {"__init__"}
    assert rooms <= set(LEVELS)


def test_the_core_knows_no_plugin():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(CORE)
        for name in imports(path)
        if name.split(".")[0] == "thermozoo_plugins"
    ]
    assert not wrong, "\n".join(wrong)


def test_plugins_import_only_public_names():
    import thermozoo

    wrong = []
    for path in sources(PLUGINS):
        for name in imports(path):
            parent, _, last = name.rpartition(".")
            public = name in PUBLIC or (parent == "thermozoo" and last in thermozoo.__all__)
            if name.split(".")[0] == "thermozoo" and not public:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join([*wrong, f"a plugin uses {', '.join(sorted(PUBLIC))} only"])


def test_a_file_holds_one_thing():
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in sources(CORE) + sources(PLUGINS)}
    long = [
        f"{path.relative_to(ROOT)} has {n} lines: it holds two things, split it" for path, n in lines.items() if n > 400
    ]
    assert not long, "\n".join(long)


def test_import_is_light():
    """In a fresh interpreter, ``import thermozoo`` leaves the slow libraries alone."""
    slow = ("sympy", "numba", "matplotlib", "xarray", "sklearn", "scipy", "pooch")
    code = f"import sys, thermozoo; print([m for m in {slow!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_is_light():
    """It reads what every command says of itself, and derives nothing."""
    slow = ["sympy", "scipy", "numba", "matplotlib", "xarray", "sklearn"]
    code = (
        "import contextlib, io, sys; from thermozoo.cli.app import run\n"
        "with contextlib.redirect_stdout(io.StringIO()) as out: assert run(['--help']) == 0\n"
        f"assert 'verify' in out.getvalue(); print([m for m in {slow!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]"]


def test_the_list_of_plugins_is_light():
    """It loads every plugin's module, and no library that formulas or kernels need; sympy is named, not executed."""
    slow = ["sympy.core", "scipy", "numba", "matplotlib", "xarray", "pandas", "sklearn"]
    code = (
        "import contextlib, io, sys; from thermozoo.cli.app import run\n"
        "with contextlib.redirect_stdout(io.StringIO()) as out: assert run(['plugins']) == 0\n"
        "assert 'heat-bath' in out.getvalue(); assert 'thermozoo_plugins.protocols.hold_ramp' in sys.modules\n"
        f"print([m for m in {slow!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.long
def test_a_run_takes_no_library_that_it_does_not_need(tmp_path):
    """What is quick to leave out; of what takes long, scikit-learn and what it takes are needed by the judges."""
    slow = [
        "matplotlib.pyplot",
        "hypothesis",
        "networkx",
        "pooch",
        "tqdm",
        "thermozoo.testing",
    ]
    small = ["dynamics.duration=0.02", "generation.samples=3", "training.held_out=2", "computer.units.hidden=16"]
    small += ["dynamics.engine=reference"]
    options = [word for one in small for word in ("--set", one)]
    code = (
        "import sys; from thermozoo.cli.app import run\n"
        f"assert run(['run', 'paper', '--quiet', '--out', {str(tmp_path / 'run')!r}, *{options!r}]) == 0\n"
        f"print([m for m in {slow!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_plugins_with_plain_constraints_are_light():
    """A class states its constraints when it is made: arithmetic loads no SciPy, and of NumPy only what it needs."""
    slow = ("scipy", "numpy.f2py", "numba", "matplotlib")
    code = f"import sys, thermozoo_plugins.protocols; print([m for m in {slow!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_can_be_had():
    import thermozoo

    for name in thermozoo.__all__:
        assert getattr(thermozoo, name) is not None
    with pytest.raises(AttributeError, match=r"no attribute 'Potentail'; did you mean 'Potential'\?"):
        thermozoo.Potentail
    with pytest.raises(AttributeError, match=r"no attribute '__wrapped__'$"):
        thermozoo.__wrapped__


def test_public_names_can_be_completed():
    """In a fresh interpreter as well, before any of them was used: `dir` imports nothing."""
    import thermozoo

    assert {*thermozoo.__all__, "__version__"} <= set(dir(thermozoo))
    assert sorted(thermozoo._HOMES) == sorted(thermozoo.__all__)
    assert not [name for name in dir(thermozoo) if name.startswith("_") and not name.startswith("__")]
