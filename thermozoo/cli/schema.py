"""``thermozoo schema``."""

from __future__ import annotations

import json

import typer

from thermozoo.cli.app import context_of

__all__ = ["schema"]


def schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of the config, for editors that complete and check TOML.

    Example: thermozoo schema > thermozoo.schema.json
    """
    from thermozoo.config.json_schema import json_schema

    print(json.dumps(json_schema(context_of(ctx).catalogue), indent=2))
