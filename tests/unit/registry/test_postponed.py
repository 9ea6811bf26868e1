"""A postponed library is executed when something of it is used, once, and is then like any other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from thermozoo.registry.postponed import postpone

PACKAGE = "import sys\nsys.loads = getattr(sys, 'loads', 0) + 1\nfrom . import part\nvalue = 7\n"


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A package that counts how often it is executed."""
    (tmp_path / "a_library").mkdir()
    (tmp_path / "a_library" / "__init__.py").write_text(PACKAGE)
    (tmp_path / "a_library" / "part.py").write_text("import sys\nassert sys.loads == 1\nother = 8\n")
    (tmp_path / "broken_library.py").write_text("raise OSError('no such file')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "loads", 0, raising=False)
    yield
    for name in [n for n in sys.modules if n.startswith(("a_library", "broken_library"))]:
        del sys.modules[name]


def test_to_name_it_takes_nothing(library):
    postpone("a_library")
    import a_library
    import a_library as again

    assert again is a_library
    assert a_library.__file__.endswith("__init__.py")
    assert not hasattr(a_library, "__wrapped__")
    assert sys.loads == 0
    assert a_library.value == 7
    assert (sys.loads, type(a_library)) == (1, type(sys))
    assert a_library.part.other == 8
    assert sys.loads == 1
    with pytest.raises(AttributeError, match="module 'a_library' has no attribute 'nothing'"):
        a_library.nothing


@pytest.mark.parametrize(
    "statement", ["from a_library import value", "import a_library.part", "from a_library.part import other"]
)
def test_whatever_wants_a_part_of_it_executes_it(library, statement):
    postpone("a_library")
    exec(statement, {})
    assert sys.loads == 1
    assert sys.modules["a_library"].value == 7


def test_what_is_loaded_or_missing_stays_as_it_is(library):
    import a_library

    postpone("a_library")
    assert sys.modules["a_library"] is a_library
    postpone("no_such_library_at_all")
    with pytest.raises(ModuleNotFoundError):
        import no_such_library_at_all  # noqa: F401


def test_a_library_that_fails_says_so_each_time(library):
    for _ in range(2):
        postpone("broken_library")
        import broken_library

        with pytest.raises(OSError, match="no such file"):
            broken_library.anything


def test_sympy_works_after_it():
    code = (
        "import sys; from thermozoo.registry.postponed import postpone; postpone('sympy'); import sympy\n"
        "assert 'sympy.core' not in sys.modules; x = sympy.Symbol('x'); assert sympy.diff(x**2, x) == 2 * x\n"
        "from thermozoo_plugins.potentials import Cosine; from thermozoo.symbolic.derive import potential_formulas\n"
        "print(potential_formulas(Cosine()).gradient)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "sin" in done.stdout
