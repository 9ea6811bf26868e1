"""Side effects are named, and put back, so that the next plugin is verified in the process as it was."""

from __future__ import annotations

import locale
import os
import sys
import warnings

import numpy as np
import pytest
from wrong_citizens import CITIZENS

from thermozoo.testing import Status

CHEAP = [one for one in CITIZENS if one.plugin.kind != "task"]


def state():
    return (
        np.geterr(),
        np.get_printoptions(),
        repr(np.random.get_state()),
        list(warnings.filters),
        locale.setlocale(locale.LC_ALL),
        dict(os.environ),
        os.getcwd(),
        list(sys.path),
        sys.getrecursionlimit(),
    )


@pytest.mark.parametrize("one", CHEAP, ids=[one.title for one in CHEAP])
def test_a_side_effect_is_named_with_its_method_and_undone(one):
    before = state()
    outcome = one.named_outcome()
    assert outcome.status is Status.FAILED, outcome
    assert outcome.reason.partition(": ")[2] or outcome.reason
    assert one.title.partition(": ")[2] in outcome.reason
    assert one.plugin.__name__ in outcome.reason or one.plugin.kind == "engine"
    assert state() == before
