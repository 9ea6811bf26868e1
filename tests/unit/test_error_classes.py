"""One base class, and every subclass also is the builtin that it refines."""

from __future__ import annotations

import inspect

import pytest

from thermozoo import errors

CLASSES = [
    c
    for c in vars(errors).values()
    if inspect.isclass(c) and issubclass(c, errors.ThermozooError) and c is not errors.ThermozooError
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_every_error_has_the_base_class_and_is_public(cls):
    assert issubclass(cls, errors.ThermozooError)
    assert cls.__name__ in errors.__all__
    assert cls.__doc__


@pytest.mark.parametrize("cls", [c for c in CLASSES if c is not errors.PluginError], ids=lambda c: c.__name__)
def test_every_error_is_also_a_builtin(cls):
    builtin = [b for b in cls.__mro__ if b.__module__ == "builtins" and b not in (Exception, BaseException, object)]
    assert builtin


def test_config_error_keeps_all_faults():
    error = errors.ConfigError(["a: b", "c: d"])
    assert error.faults == ("a: b", "c: d")
    assert str(error) == "a: b\nc: d"


@pytest.mark.parametrize(
    ("name", "said"),
    [("quartik", "; did you mean 'quartic'?"), ("zzz", ""), ("double_well", "; did you mean 'double-well'?")],
)
def test_nearest(name, said):
    assert errors.nearest(name, ["quartic", "double-well"]) == said
