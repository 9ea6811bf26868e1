"""A plugin and those that it holds: named, read and replaced as one tree."""

import attrs
import numpy as np
import pytest

from thermozoo import Potential, option, parameter
from thermozoo.errors import ParameterError
from thermozoo.interfaces.symbolic_copy import symbolic_copy
from thermozoo.interfaces.tree import flat_parameters, folded, members, values_of, with_values


@attrs.frozen
class Spring(Potential):
    name = "spring-of-a-tree"

    k: float = parameter(1.0, above=0, unit="energy", doc="Stiffness.")

    def energy(self, x):
        return self.k * x**2


@attrs.frozen
class Moved(Potential):
    name = "moved-of-a-tree"

    _inner: Potential = option(attrs.Factory(Spring), doc="What is moved.")
    shift: float = parameter(0.5, unit="1", doc="By how much.")
    labels: tuple = option(("a",), doc="Names.")
    stiffer: Potential = attrs.field(init=False)

    @stiffer.default
    def _stiffer(self):
        return Spring(2 * values_of(self._inner)["k"]) if isinstance(self._inner, Spring) else Spring()

    def energy(self, x):
        return self._inner.energy(x - self.shift)


TWICE = Moved(Moved(Spring(3.0), 1.0), 2.0)


def test_parameters_go_by_dotted_names_outermost_first():
    assert [(prefix, type(one)) for prefix, one in members(TWICE)] == [
        ("", Moved),
        ("_inner.", Moved),
        ("_inner._inner.", Spring),
    ]
    assert list(values_of(TWICE).items()) == [("shift", 2.0), ("_inner.shift", 1.0), ("_inner._inner.k", 3.0)]
    assert [spec.unit for _, spec, _ in flat_parameters(TWICE)] == ["1", "1", "energy"]


def test_values_are_replaced_at_any_depth_and_what_is_derived_follows():
    changed = with_values(Moved(), {"_inner.k": np.array([4.0, 5.0])})
    assert changed.shift == 0.5
    np.testing.assert_array_equal(changed._inner.k, [4.0, 5.0])
    np.testing.assert_array_equal(changed.stiffer.k, [8.0, 10.0])
    assert with_values(TWICE, values_of(TWICE)) == TWICE


def test_a_replaced_value_is_checked():
    with pytest.raises(ParameterError, match=r"Spring\.k must lie in \(0, inf\), got -1"):
        with_values(TWICE, {"_inner._inner.k": -1.0})


def test_a_twin_derives_what_is_not_given_from_symbols():
    copied, symbols = symbolic_copy(Moved())
    assert list(symbols) == ["shift", "_inner.k"]
    assert copied.stiffer.k == 2 * symbols["_inner.k"]


def test_a_tree_is_folded_from_the_leaves_up():
    def depth(plugin, fields):
        return 1 + max((value for _, value in fields if isinstance(value, int)), default=0)

    assert folded(TWICE, depth, leaf=str) == 3
