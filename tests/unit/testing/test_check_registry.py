"""The registry of checks: order, and what a check needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from thermozoo.errors import ParameterError
from thermozoo.interfaces import INTERFACES
from thermozoo.testing import check, checks_for
from thermozoo.testing import registry as module

#: Prints every check with what it needs, after importing the modules of checks as named on the command line.
LISTED = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"thermozoo.testing.checks.{name}")
from thermozoo.interfaces import INTERFACES
from thermozoo.testing import checks_for
for kind in INTERFACES:
    print(kind, [(c.name, c.needs) for c in checks_for(kind)])
"""


@pytest.fixture
def registry(monkeypatch):
    """A registry that forgets what the test adds."""
    checks_for("protocol")
    monkeypatch.setattr(module, "_CHECKS", list(module._CHECKS))


def test_checks_and_needs_are_the_same_in_whatever_order_modules_are_imported():
    names = {name for interface in INTERFACES.values() for name in interface.declared.checks}
    done = subprocess.run(
        [sys.executable, "-c", LISTED, *sorted(names, reverse=True)], capture_output=True, text=True, check=True
    )
    expected = [f"{kind} {[(c.name, c.needs) for c in checks_for(kind)]}" for kind in INTERFACES]
    assert done.stdout.splitlines() == expected


def test_a_check_of_ones_own_runs_last_and_may_need_any(registry):
    @check("protocol", claim="It is mine.", needs=("work", "finite"))
    def my_own(context):
        return None

    assert checks_for("protocol")[-1].name == "my-own"
    assert checks_for("protocol")[-1].needs == ("work", "finite")


@pytest.mark.parametrize(
    ("need", "said"),
    [
        ("finit", r"before it: documented, .*work, side-effects; did you mean 'finite'\?"),
        ("my-own", "before it: documented"),
    ],
)
def test_a_need_that_is_no_earlier_check_is_refused(registry, need, said):
    @check("protocol", claim="It is mine.", needs=(need,))
    def my_own(context):
        return None

    with pytest.raises(ParameterError, match=f"the check 'my-own' of a protocol needs '{need}', expected .*{said}"):
        checks_for("protocol")


def test_a_check_is_left_out_where_it_concerns_nothing():
    import attrs
    from thermozoo_plugins.potentials import Quartic

    from thermozoo import Potential, parameter

    @attrs.frozen
    class Slope(Potential):
        name = "slope"
        k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")
        f: float = parameter(0.5, unit="energy", doc="slope")

        def energy(self, x):
            return self.k * x**2 - self.f * x

        def constraints(self):
            return [self.f < self.k]

    discrete = {"linear", "state-probabilities"}
    names = [check.name for check in checks_for("potential") if check.name not in discrete]
    assert "constraints" in names
    assert [check.name for check in checks_for(Slope)] == [check.name for check in checks_for(Slope())] == names
    assert [check.name for check in checks_for(Quartic)] == [name for name in names if name != "constraints"]


def test_discrete_units_and_updates_by_color_have_checks_of_their_own():
    from thermozoo_plugins.integrators import EulerMaruyama, HeatBath
    from thermozoo_plugins.potentials import Spin

    shared, last = ["documented", "round-trip", "one-formula"], ["side-effects"]
    assert [check.name for check in checks_for(Spin)] == [*shared, "finite", "linear", "state-probabilities", *last]
    by_color = ["choice", "update-balance", "step-stationary", "engine-updates"]
    assert [check.name for check in checks_for(HeatBath)] == [*shared, *by_color, *last]
    assert not {*by_color} & {check.name for check in checks_for(EulerMaruyama)}
