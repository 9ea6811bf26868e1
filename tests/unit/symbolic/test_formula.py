"""Numbers put for the symbols of a formula."""

import attrs
import numpy as np
from thermozoo_plugins.protocols import Constant, LinearFade

from thermozoo import Protocol, option, parameter
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.formula import cached_by_formula
from thermozoo.symbolic.trace import trace_intensity


@attrs.frozen
class Scaled(Protocol):
    name = "scaled-of-a-formula"

    factor: float = parameter(1.0, unit="1", doc="By which the other is multiplied.")
    inner: Protocol = option(attrs.Factory(LinearFade), doc="The other.")

    def intensity(self, t, duration):
        return self.factor * self.inner.intensity(t, duration)


def test_numbers_are_put_by_name_and_by_dotted_name():
    plugin = Scaled(3.0, LinearFade(amplitude=2.0, fade=0.5))
    formula = trace_intensity(plugin)
    bound = formula.bind(values_of(plugin), duration=8.0)
    assert bound.numbers == {
        formula.duration: 8.0,
        formula.parameters["factor"]: 3.0,
        formula.parameters["inner.amplitude"]: 2.0,
        formula.parameters["inner.fade"]: 0.5,
    }
    function = bound.function("intensity", [formula.t], formula.intensity, formula.t * formula.duration)
    intensity, product = function(np.array([0.0, 1.0, 4.0, 8.0]))
    np.testing.assert_allclose(intensity, [6.0, 4.5, 0.0, 0.0], rtol=1e-15)
    np.testing.assert_array_equal(product, [0.0, 8.0, 32.0, 64.0])


def test_one_value_per_unit_broadcasts_and_the_first_argument_gives_the_data_type():
    plugin = Scaled(np.array([1.0, 2.0]))
    formula = trace_intensity(plugin)
    function = formula.bind(values_of(plugin), duration=1.0).function("intensity", [formula.t], formula.intensity)
    (found,) = function(np.zeros((3, 1), dtype=np.float32))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.tile([1.0, 2.0], (3, 1)) * plugin.inner.amplitude)


def test_what_is_derived_is_kept_for_all_numbers_and_made_anew_for_other_settings():
    asked = []

    @cached_by_formula(4)
    def derived(plugin):
        """Return the intensity."""
        asked.append(plugin)
        return trace_intensity(plugin).intensity

    assert derived(Scaled(1.0)) is derived(Scaled(2.0, LinearFade(fade=0.5)))
    assert derived(Scaled(1.0, Constant())) != derived(Scaled(1.0))
    assert [type(one.inner) for one in asked] == [LinearFade, Constant]
    assert derived.__doc__ == "Return the intensity."
