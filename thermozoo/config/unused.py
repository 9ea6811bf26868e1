"""Keys that are given and that nothing in the run uses: whoever gave one expects something of it.

A key with its default is no fault, unless ``--set`` gave it: a resolved config writes every key out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from thermozoo.computer.layout import Layout
from thermozoo.config.encodings import FORMER, former_keys, group_tables
from thermozoo.config.faults import Faults
from thermozoo.config.schema import TABLES, Config
from thermozoo.config.settings import settings_of
from thermozoo.config.tables import EncodingTable
from thermozoo.errors import shown
from thermozoo.interfaces import Plugin, Potential, Protocol, Task
from thermozoo.training.noising import image_group

__all__ = ["check_unused", "check_unused_of_training"]


def check_unused(config: Config, faults: Faults) -> None:
    """Add a fault for every key that was given and that no run uses."""
    hardware, biases = config.hardware, config.computer.trainable_biases
    if biases and "training" not in config.reads:
        path = "computer.trainable_biases"
        faults.add(
            path, f"nothing uses {path}: the task {config.task.name!r} trains nothing; leave it out", also=["task"]
        )
    if hardware is not None and type(config.task).cost is Task.cost:
        reason = f"the task {config.task.name!r} does not say what time and heat its result takes"
        faults.add("hardware", f"nothing uses [hardware]: {reason}; leave it out", also=["task"])
    if hardware is not None and None not in (hardware.time_unit, hardware.temperature):
        default = settings_of(TABLES["hardware"].settings)["preset"].default
        reason = "time_unit and temperature stand in place of both its values"
        _unused(config, faults, "hardware", "preset", default, reason, "hardware")
    _check_common(Potential, config, list(config.sizes), faults)


def check_unused_of_training(config: Config, faults: Faults) -> None:
    """Add a fault for every key of training and of noising that was given and is not used."""
    training = config.training
    if not faults.found_in("training.method", "training.compare"):
        methods = dict.fromkeys((training.method, *training.compare))
        for key, one in settings_of(TABLES["training"].settings).items():
            if one.methods and not set(one.methods) & set(methods):
                users = f"method{'s' * (len(one.methods) > 1)} {', '.join(one.methods)}"
                reason = f"it is for {users}, got {', '.join(methods)}"
                _unused(config, faults, "training", key, one.default, reason, "training.method", "training.compare")
    if config.sizes and not faults.found_in("noising.hidden", "computer.units"):
        for key, (reason, *because) in _former(config).items():
            default = FORMER[key].default or EncodingTable().seed
            _unused(config, faults, "noising", key, default, reason, *because)
    _check_common(Protocol, config, list(config.protocols), faults)


def _unused(config: Config, faults: Faults, table: str, key: str, default: Any, reason: str, *because: str) -> None:
    """Add a fault for a key that is not used, where it was given and is not the default."""
    path = f"{table}.{key}"
    given = _table(config.given, table)
    if key not in given or isinstance(given[key], Mapping) or faults.found_in(path):
        return
    if config.origin.given(path) or given[key] != default:
        faults.add(path, f"nothing uses {path}: {reason}; leave it out", also=because)


def _former(config: Config) -> dict[str, tuple[str, ...]]:
    """Return why nothing uses the former keys of [noising] which nothing uses, and the keys behind that."""
    own = {group for group, _, _ in group_tables(_table(config.given, "encoding"))}
    left = [g for g in config.sizes if g not in (*config.clamped, *own)]
    image = image_group(Layout(config.sizes, clamped=config.clamped))
    if [g for g in left if g != image]:
        hidden = former_keys(_table(config.given, "noising")).get("hidden", "projection")
        if hidden == "projection" or own:
            return {}
        return {"projection_seed": (f'hidden = "{hidden}" projects nothing',)}
    if own:  # of which any may draw
        return {"hidden": ("every group has an encoding of its own", "encoding")}
    return {"projection_seed": ("every unit that moves shows the image", "computer.units")}


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name)
    return found if isinstance(found, Mapping) else {}


def _check_common(interface: type[Plugin], config: Config, having: Sequence[str], faults: Faults) -> None:
    """Add a fault for each key of a kind's common plugin where every group has one of its own."""
    home, key = interface.declared.table, interface.declared.key
    raw: Mapping[str, Any] = config.given
    for part in home.split("."):
        raw = _table(raw, part)
    if not having or faults.found_in(home, "computer.units"):
        return
    if all(isinstance(raw.get(group), Mapping) and key in raw[group] for group in having):
        for name in raw:
            if name not in config.sizes and name not in former_keys(raw):
                path = f"{home}.{name}"
                faults.add(
                    path,
                    f"nothing uses {shown(path)}: every group has a {interface.kind} of its own; leave it out",
                    also=[home],
                )
