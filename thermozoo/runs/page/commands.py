"""What to run next, from the folder of the run."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from thermozoo.runs.results import Report

__all__ = ["next_commands", "plugin_options"]


def plugin_options(manifest: Mapping[str, Any]) -> str:
    """Return the options that load the single files which plugins of the run came from, each file once.

    Of a file with a copy in the run folder, the copy is named.
    """
    return _options(entry.get("copy") or entry.get("file") for entry in _plugins(manifest))


def _plugins(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in manifest.get("plugins", ()) if isinstance(entry, Mapping)]


def _options(files: Iterable[str | None]) -> str:
    return "".join(f" --plugin {shlex.quote(file)}" for file in dict.fromkeys(files) if file)


def next_commands(
    report: Report, config: Mapping[str, Any], manifest: Mapping[str, Any], steps: int
) -> list[tuple[str, str]]:
    """Return three commands, each with what it tells; `steps` are the fewest that windows share out."""
    again = f"thermozoo run config.toml{plugin_options(manifest)}"
    seed = report.seed - 1 if report.seed else 1  # one more may be too large
    windows = 2 * report.windows if report.windows > 1 else 4
    if report.method in ("exact", "moments") and windows > steps:
        table = "generation" if "dt" in config.get("generation", {}) else "dynamics"
        change = f"{table}.dt={config[table]['dt'] / 2:.12g}", "the same in steps half as long"
    elif report.method in ("exact", "moments"):
        change = f"training.windows={windows}", f"the same with parameters that change in time, in {windows} windows"
    elif config["computer"].get("terms") or "interaction" in config["computer"]:
        cycles = 2 * int(config["training"]["cycles"])
        change = f"training.cycles={cycles}", "the same, trained by twice as many noising trajectories"
    else:
        change = "training.method=exact", "the same, trained to the minimum of the loss without a learning rate"
    potential = config["computer"]["potential"]["plugin"]
    own = [one for one in _plugins(manifest) if (one.get("kind"), one.get("name")) == ("potential", potential)]
    files = _options(one.get("copy") or one.get("file") for one in own)
    return [
        (f"{again} --seed {seed}", "the same with other noise: what stays is no accident"),
        (f"{again} --set {change[0]}", change[1]),
        (
            f"thermozoo show {shlex.quote(potential)}{files}",
            "the energy of one unit: its formula, its parameters with their limits, its stable states",
        ),
    ]
