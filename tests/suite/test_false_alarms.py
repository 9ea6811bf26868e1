"""Checks that draw noise raise no false alarm on right plugins, and use their tolerance as normal deviations do."""

from __future__ import annotations

import numpy as np
import pytest
from false_alarms import RANDOM, tallies

from thermozoo.testing.statistics import FALSE_ALARM, z_limit


@pytest.mark.endurance
@pytest.mark.parametrize("plugin", RANDOM)
def test_no_false_alarm_over_two_hundred_seeds(plugin):
    """At 2e-6 a comparison, of a hundred a run at most, an alarm in 200 runs has probability below 200 x 2e-4 = 4 %."""
    for one in tallies(plugin, RANDOM[plugin], range(200)):
        assert one.alarms == (), one
        assert max(one.shares) < 1


def test_a_comparison_of_one_state_uses_its_tolerance_as_it_says():
    """Of the frequencies of a spin, 5 runs: a limit that is too narrow by two thirds would raise an alarm here."""
    [one] = tallies("spin", RANDOM["spin"], range(5))
    assert one.alarms == ()
    # each is the largest of a few normal deviations, in units of the limit
    assert 0.2 / z_limit() < np.median(one.shares) < 3.5 / z_limit()
    assert FALSE_ALARM == 2e-6
