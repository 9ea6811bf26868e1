"""One test for each check, expected failures, the profile option, and what is imported at start-up."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from thermozoo.errors import ParameterError
from thermozoo.testing import parametrize_with_checks

PLUGIN = """
import attrs
from thermozoo import Connectivity
from thermozoo.testing import parametrize_with_checks

@attrs.frozen
class Bare(Connectivity):
    name = "bare"

    def blocks(self, layout):
        return []

@parametrize_with_checks(Bare)
def test_plugin(check):
    check()

@parametrize_with_checks(Bare, expected_failures={'documented': 'a toy'})
def test_expected(check):
    check()

@parametrize_with_checks(Bare, expected_failures={'documented': 'a toy', 'pairs': 'hm'})
def test_mistaken(check):
    check()
"""


def run_pytest(folder, source, *options):
    (folder / "test_it.py").write_text(textwrap.dedent(source))
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What pytest prints of the three; of the last two, only checks that they name or that pass."""
    done = run_pytest(tmp_path_factory.mktemp("author"), PLUGIN, "-k", "test_plugin or documented or pairs")
    assert done.returncode == 1
    return done.stdout


def test_ids_failures_and_skips(printed):
    assert "FAILED test_it.py::test_plugin[documented]" in printed
    assert "PASSED test_it.py::test_plugin[pairs]" in printed
    assert "does not apply" in printed
    assert "claim: The docstring states the equation" in printed


def test_expected_failures_are_strict(printed):
    assert "XFAIL test_it.py::test_expected[documented]" in printed
    assert "FAILED test_it.py::test_expected[" not in printed
    assert "XFAIL test_it.py::test_mistaken[documented]" in printed
    assert "FAILED test_it.py::test_mistaken[pairs]" in printed


def test_an_expected_failure_must_name_a_check():
    from thermozoo_plugins.connectivities import Dense

    with pytest.raises(ParameterError, match=r"no check is called 'pears'"):
        parametrize_with_checks(Dense, expected_failures={"pears": "?"})


def test_the_profile_option(tmp_path):
    source = """
    import os
    from thermozoo.testing import registry

    def test_profile():
        assert os.environ["THERMOZOO_PROFILE"] == "full"

    def test_modules_are_those_that_anybody_imports():
        assert "Rewriting" in type(__loader__).__name__
        assert "Rewriting" not in type(registry.__loader__).__name__
    """
    # pytest finds the plugin by the entry point of the installed thermozoo: nothing names it here
    done = run_pytest(tmp_path, source, "--verbose", "--thermozoo-profile", "full")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "thermozoo profile: full" in done.stdout
    done = run_pytest(tmp_path, source, "--thermozoo-profile", "fast")
    assert done.returncode == 4
    assert "invalid choice: 'fast'" in done.stderr


def test_the_pytest_plugin_imports_nothing_heavy():
    script = (
        "import sys; import thermozoo.testing.pytest_plugin; "
        "print([m for m in ('sympy', 'numba', 'hypothesis', 'scipy', 'xarray', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
