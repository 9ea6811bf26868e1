"""[hardware.imperfections.NAME]: what a device does to what it was asked to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from thermozoo.config.faults import Faults, describe, inside
from thermozoo.config.groups import GROUP_NAME, LONGEST_GROUP_NAME
from thermozoo.config.plugins import build_plugin
from thermozoo.config.values import no_group
from thermozoo.dynamics.schedule import target_groups
from thermozoo.errors import ThermozooError, nearest
from thermozoo.interfaces import Imperfection
from thermozoo.registry.catalogue import Catalogue

if TYPE_CHECKING:
    from thermozoo.config.schema import Config

__all__ = ["CHILD", "HOME", "check_imperfections", "imperfections_of"]

#: The key of [hardware] under which they stand, and its path.
CHILD = "imperfections"
HOME = f"hardware.{CHILD}"

#: What a task that does not have a method's effect is said not to do.
_DOES = {
    "realise": "realise its computer",
    "nonreciprocal": "count by the path the heat of forces that have no energy",
    "stored": "write parameters in training",
    "moved": "move units by the integrator of the config",
    "driven": "drive its computer by a schedule",
    "read": "read states as a device would",
}

#: Terms with strengths that every computer has.
_STRENGTHS = ("coupling", "bias")

#: Training methods with updates.
_UPDATING = ("descent", "online")


def imperfections_of(raw: Any, sizes: Collection[str], catalogue: Catalogue, faults: Faults) -> dict[str, Imperfection]:
    """Return the imperfections of [hardware.imperfections] by name, in order, without those that have faults.

    Parameters
    ----------
    raw : Any
        The table as it was given.
    sizes : collection of str
        The groups of units; none where they are not known.
    catalogue : Catalogue
        The installed plugins.
    faults : Faults
        Receives the faults.
    """
    if not isinstance(raw, Mapping):
        faults.add(HOME, f"expected a table of imperfections by name, got {describe(raw)}")
        return {}
    found = {}
    for name, table in raw.items():
        path = inside(HOME, name)
        if not GROUP_NAME.fullmatch(name) or len(name) > LONGEST_GROUP_NAME:
            faults.add(
                path,
                "expected a name of an imperfection: a letter from a to z, then letters, digits, - or _, at most "
                f"{LONGEST_GROUP_NAME} characters",
            )
            continue
        if not isinstance(table, Mapping) or "plugin" not in table:
            faults.add(path, f"expected a table that names an imperfection plugin, got {describe(table)}")
            continue
        options = {key: value for key, value in table.items() if key != "plugin"}
        plugin = build_plugin(
            Imperfection,
            table["plugin"],
            options,
            f"{path}.plugin",
            path,
            catalogue,
            faults,
            beside=("plugin",),
            units=1,
        )
        if isinstance(plugin, Imperfection):
            for group in plugin.groups():
                if sizes and group not in sizes:
                    faults.add(path, no_group(group, sizes))
            found[name] = plugin
    return found


def check_imperfections(config: Config, faults: Faults) -> None:
    """Add a fault for an imperfection that cannot be had: of a term that is not there, or with this task.

    Parameters
    ----------
    config : Config
        The config; where some of its keys have faults, with the plugins that could be built.
    faults : Faults
        Receives the faults.
    """
    driven: dict[str, str] = dict.fromkeys(config.schedule, "schedule")
    for name, one in config.imperfections.items():
        path = inside(HOME, name)
        _check_terms(config, one, path, faults)
        missing = [method for method in one.acts() if method not in config.task.imperfect(config)]
        if missing:
            faults.add(
                path,
                f"the task {config.task.name!r} does not {_DOES[missing[0]]}, which {one.name!r} is about: leave it "
                "out",
                also=[f"{path}.plugin", "task"],
            )
            continue
        if "stored" in one.acts():
            _check_updates(config, one, path, faults)
        if "moved" in one.acts():
            _check_motion(config, one, path, faults)
        for target in one.driven():
            try:
                target_groups(target, ("on-site", *_STRENGTHS, *config.terms), config.potentials)
            except ThermozooError as error:
                faults.add(path, str(error), also=[f"{path}.term", path])
            if target in driven:
                faults.add(
                    path,
                    f"{one.name!r} changes {target!r} in time, and so does [{driven[target]}]: leave one of them out",
                    also=[path, driven[target]],
                )
            driven.setdefault(target, path)


def _check_terms(config: Config, one: Imperfection, path: str, faults: Faults) -> None:
    known = (*_STRENGTHS, *config.terms, *config.task.terms(config))
    for term in one.terms():
        if term in known or faults.found_in("computer.terms"):
            continue
        what = "has no strengths" if term == "on-site" else "is not there"
        faults.add(
            path,
            f"{one.name!r} is about the term {term!r} of the energy, which {what}{nearest(term, known)}; terms with "
            f"strengths: {', '.join(known)}",
            also=[f"{path}.term", path, "computer.terms"],
        )


def _check_updates(config: Config, one: Imperfection, path: str, faults: Faults) -> None:
    if "training" not in config.reads:
        return  # the task has updates of its own
    for method in dict.fromkeys((config.training.method, *config.training.compare)):
        if method not in _UPDATING:
            faults.add(
                path,
                f"{one.name!r} is about updates of training, and the method {method!r} has none: train by "
                f"{' or '.join(_UPDATING)}, or leave it out",
                also=["training.method", "training.compare", path],
            )


def _check_motion(config: Config, one: Imperfection, path: str, faults: Faults) -> None:
    if config.generation_integrator is None or faults.found_in("dynamics.integrator", "generation.integrator"):
        return  # none could be built, or one of another name
    try:
        one.moved(config.generation_integrator)
    except ThermozooError as error:
        faults.add(path, str(error), also=[path, "generation.integrator", "dynamics.integrator"])
