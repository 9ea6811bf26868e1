"""Plugins by name, and their verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from thermozoo.arguments import told
from thermozoo.errors import ParameterError, ThermozooError, nearest
from thermozoo.interfaces import Plugin

if TYPE_CHECKING:
    from thermozoo.registry.catalogue import Catalogue
    from thermozoo.testing.outcomes import Outcome, Report

__all__ = ["formulas", "get", "verify"]


def get(name: str | Path, /, *, catalogue: Catalogue | None = None, **settings: Any) -> Any:
    """Return the plugin of a name, or of a file, with its settings.

    Parameters
    ----------
    name : str or path
        Name of an installed plugin (``"quartic"``; ``"potential:quartic"`` where several kinds have one of that name),
        or a plugin file (``"tilted_quartic.py"``) that registers one plugin.
    catalogue : Catalogue, optional
        Where to look (default: the installed plugins).
    **settings
        Parameters and settings of the plugin; what is left out has its default.

    Returns
    -------
    Plugin
        An instance.

    Raises
    ------
    UnknownNameError
        When no plugin has that name; it lists those that there are.
    PluginLoadError
        When the file does not load.
    ParameterError
        When a setting is unknown or missing, or a value is refused.

    Examples
    --------
    >>> import thermozoo as tz
    >>> tz.get("quartic", J2=2.0)
    Quartic(J2=2.0, J4=1.0)
    """
    cls = _class_of(name, catalogue)
    fields = {str(f.alias): f for f in attrs.fields(cls) if f.init}
    known = ", ".join(fields) or "none"
    for key in settings:
        if key not in fields:
            raise ParameterError(f"{cls.name!r} has no setting {key!r}{nearest(key, fields)}; settings: {known}")
    missing = [key for key, field in fields.items() if field.default is attrs.NOTHING and key not in settings]
    if missing:
        raise ParameterError(f"{cls.name!r} needs {', '.join(missing)}: get({cls.name!r}, {missing[0]}=...)")
    try:
        return cls(**settings)
    except ThermozooError:
        raise
    except (TypeError, ValueError, ArithmeticError) as error:  # from a validator that the plugin's author wrote
        raise ParameterError(f"{cls.name!r} refuses its settings: {type(error).__name__}: {error}") from error


def formulas(plugin: Plugin | str | Path, /) -> Any:
    """Return what is derived from a plugin's formula, in sympy's symbols.

    Parameters
    ----------
    plugin : Plugin, str or path
        A potential, an interaction, a projection, an objective or an integrator: an instance, or what `get` takes.

    Returns
    -------
    PotentialFormulas, InteractionFormulas, ProjectionFormulas, LossGradients, ContrastGradients or TransitionDensity
        Of a potential its energy, ``gradient``, ``curvature`` and derivatives by parameters; of an interaction its
        energy, ``gradients`` and, where it separates, ``products``; of a projection its energy, its ``sums`` over
        patterns and ``force``; of an objective the derivatives of its loss, or of its contrast of states; of an
        integrator the density of its step, None where it has no closed one.

    Raises
    ------
    FormulaError
        When the formula cannot be read, or cannot be differentiated.
    ParameterError
        For a plugin that has no formula of its own.

    Examples
    --------
    >>> import thermozoo as tz
    >>> tz.formulas("quartic").gradient
    2*J2*x + 4*J4*x**3
    """
    from thermozoo.symbolic.action import transition_density
    from thermozoo.symbolic.contrast import contrast_gradients
    from thermozoo.symbolic.derive import loss_gradients, potential_formulas
    from thermozoo.symbolic.interaction import interaction_formulas
    from thermozoo.symbolic.projection import projection_formulas

    given: Any = get(plugin) if isinstance(plugin, (str, Path)) else plugin
    derivations: dict[str, Callable[[Any], Any]] = {
        "potential": potential_formulas,
        "interaction": interaction_formulas,
        "projection": projection_formulas,
        "objective": lambda one: (contrast_gradients if one.of_states() else loss_gradients)(one),
        "integrator": transition_density,
    }
    kind = getattr(given, "kind", type(given).__name__)
    if isinstance(given, type) or kind not in derivations:
        raise ParameterError(f"formulas are derived from a {', '.join(derivations)}, got {told(given)} ({kind})")
    return derivations[kind](given)


def verify(
    plugin: Plugin | type[Plugin] | str | Path,
    *,
    profile: str = "quick",
    seed: int = 0,
    expected_failures: Mapping[str, str] | None = None,
    progress: Callable[[Outcome], None] | None = None,
) -> Report:
    """Run the verification suite on a plugin.

    Parameters
    ----------
    plugin : Plugin, type, str or path
        An instance, a class, a name or a plugin file as `get` takes them.
    profile : str
        ``"quick"`` or ``"full"``.
    seed : int
        Of everything that is drawn.
    expected_failures : mapping of str to str
        Reason by name of the check; strict.
    progress : callable, optional
        Called with each outcome.

    Returns
    -------
    Report
        ``report.holds``, and an outcome for each check; it prints as ``thermozoo verify`` does.

    Examples
    --------
    >>> import thermozoo as tz
    >>> tz.verify("constant").holds
    True
    """
    from thermozoo.testing.runner import verify as run

    given = _class_of(plugin, None) if isinstance(plugin, (str, Path)) else plugin
    if not (isinstance(given, Plugin) or (isinstance(given, type) and issubclass(given, Plugin))):
        raise ParameterError(
            f"expected a plugin, its class, its name or its file, got {type(given).__name__}: for example "
            "verify('quartic')"
        )
    return run(given, profile=profile, seed=seed, expected_failures=expected_failures, progress=progress)


def _class_of(name: str | Path, catalogue: Catalogue | None) -> type[Any]:
    """Return the plugin class of a name or a file."""
    from thermozoo.registry.catalogue import catalogue as installed
    from thermozoo.registry.catalogue import load_catalogue

    if not isinstance(name, (str, Path)):
        raise ParameterError(f"expected the name of a plugin, such as 'quartic', got {type(name).__name__}")
    if isinstance(name, Path) or name.endswith(".py") or "/" in name:
        found = [r for r in load_catalogue([], files=[name]).records if r.plugin is not None]
        if len(found) != 1:
            names = ", ".join(r.name for r in found)
            raise ParameterError(
                f"{name} registers {len(found)} plugins ({names}): load them with "
                f"load_catalogue(files=[{str(name)!r}]) and give it as catalogue="
            )
        cls = found[0].plugin
    else:
        cls = (installed() if catalogue is None else catalogue).find(name).plugin
    assert cls is not None
    return cls
