"""The registry of checks: plain functions with a name, a one-sentence claim and a level."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from thermozoo.errors import ParameterError, nearest
from thermozoo.interfaces import INTERFACES, Declaration, Plugin

if TYPE_CHECKING:
    from thermozoo.testing.context import Context
    from thermozoo.testing.measured import Measured

__all__ = ["LEVELS", "Check", "check", "checks_for", "kind_of"]

#: Levels, each of which includes the ones before it.
LEVELS = ("quick", "full")


@attrs.frozen
class Check:
    """A check: a plain function of a context that returns what it measured or raises.

    Parameters
    ----------
    name : str
        Lower-case with hyphens; the function's name.
    kinds : tuple of str
        The kinds of plugin that it is for; none: every kind that declares what it is about.
    claim : str
        What holds when it passes, in one sentence.
    level : str
        ``"quick"`` or ``"full"``.
    needs : tuple of str
        Checks without which this one says nothing: it is not run when one of them fails.
    function : callable
        ``function(context)``.
    concerns : callable
        Of a plugin's class: whether there is anything that it would look at. Where not, it is left out for that plugin.
    about : callable
        Of what an interface declares of its kind: whether it is for that kind, where it is for no named ones.
    """

    name: str
    kinds: tuple[str, ...]
    claim: str
    level: str
    needs: tuple[str, ...]
    function: Callable[[Context], Measured | None]
    concerns: Callable[[Any], bool] = lambda cls: True
    about: Callable[[Declaration], bool] = lambda kind: True

    def __str__(self) -> str:
        return self.name

    def is_for(self, kind: Declaration) -> bool:
        """Tell whether it is for a kind."""
        return kind.name in self.kinds if self.kinds else self.about(kind)


_CHECKS: list[Check] = []

#: The module of the checks of every kind that run after those of the kind.
_LAST = "side_effects"

Function = Callable[["Context"], "Measured | None"]


def check(
    *kinds: str,
    claim: str,
    level: str = "quick",
    needs: tuple[str, ...] = (),
    concerns: Callable[[Any], bool] = lambda cls: True,
    about: Callable[[Declaration], bool] = lambda kind: True,
) -> Callable[[Function], Function]:
    """Register a function as a check of one or more kinds of plugin.

    Parameters
    ----------
    *kinds : str
        Kinds of plugin; none: every kind, those to come included.
    claim : str
        One sentence.
    level : str
        The smallest profile that runs it.
    needs : tuple of str
        Checks of the same kind that must hold first; `checks_for` refuses names of none.
    concerns : callable
        Of a plugin's class: whether there is anything that it would look at.
    about : callable
        Of what an interface declares of its kind: which kinds it is for, where none are named.
    """

    def register(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        _CHECKS.append(Check(name, kinds, claim, level, needs, function, concerns, about))
        return function

    return register


def kind_of(plugin: Any) -> str:
    """Return the kind of a plugin class or instance.

    Raises
    ------
    TypeError
        When it is no plugin.
    """
    cls = plugin if isinstance(plugin, type) else type(plugin)
    if not (isinstance(cls, type) and issubclass(cls, Plugin)):
        raise TypeError(f"expected a plugin class or instance, got {plugin!r}")
    return cls.kind


def checks_for(plugin: Any) -> tuple[Check, ...]:
    """Return the checks of a plugin (class or instance) or of a kind (its name), in the order in which they run.

    Raises
    ------
    ParameterError
        When a check needs one that is not there or does not run before it.

    Examples
    --------
    >>> from thermozoo.testing import checks_for
    >>> [check.name for check in checks_for("protocol")]
    ['documented', 'round-trip', 'one-formula', 'constraints', 'finite', 'work', 'side-effects']
    """
    kind = plugin if isinstance(plugin, str) else kind_of(plugin)
    declared = INTERFACES[kind].declared
    homes = [f"thermozoo.testing.checks.{module}" for module in ("common", "constraints", *declared.checks, _LAST)]
    for home in homes:
        importlib.import_module(home)
    # these modules may have been imported in another order; what others register runs last
    rank = {home: place for place, home in enumerate(homes)}
    found = sorted(
        (one for one in _CHECKS if one.is_for(declared)), key=lambda one: rank.get(one.function.__module__, len(homes))
    )
    for place, one in enumerate(found):
        before = [c.name for c in found[:place]]
        for need in one.needs:
            if need not in before:
                raise ParameterError(
                    f"the check {one.name!r} of a {kind} needs {need!r}, expected the name of a check that runs "
                    f"before it: {', '.join(before) or 'there is none'}{nearest(need, before)}"
                )
    if isinstance(plugin, str):
        return tuple(found)
    cls: Any = plugin if isinstance(plugin, type) else type(plugin)
    others = {f"thermozoo.testing.checks.{module}" for module in {*declared.checks} - {*cls.check_modules()}}
    return tuple(one for one in found if one.concerns(cls) and one.function.__module__ not in others)
