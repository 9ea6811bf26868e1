"""Configs that nobody would write: packaged ones with tables changed at random, and tables made from the schema."""

from __future__ import annotations

import copy
import functools
import tomllib

import tomli_w

from thermozoo.config.json_schema import json_schema
from thermozoo.config.packaged import packaged, packaged_text
from thermozoo.registry.catalogue import catalogue

#: Values of every type that TOML has, of every size, and what another language would evaluate.
VALUES = (
    0, 1, 2, -1, 3.5, -0.0, 1e-300, 1e300, float("nan"), float("inf"), -float("inf"), 2**31, 2**32, 2**63 - 1, -(2**63),
    10**15, True, False, "", "x", "quartic", "visible", "auto", "\u00e9\u4e2d", "a" * 3000, "__import__('os').abort()",
    "{{7*7}}", "$\\frac{", "../../etc/passwd", "/dev/zero", "/", "~nobody", "~", "nowhere.npy", "data", "1", "1.5",
    "nan", "\x7f", "<script>", [], [1], [1.5, 2.5], ["visible"], ["x", 1], [[1, 2], [3]], [[]], {},
    {"plugin": "quartic"},
    {"plugin": 1}, {"plugin": "nothing-such"}, {"x": {"y": {"z": []}}}, [{}], [{"plugin": "image"}],
)  # fmt: skip


@functools.cache
def known_tables():
    """The tables of the packaged configs."""
    return [tomllib.loads(packaged_text(name)) for name in packaged()]


def places(tables, found=None, path=()):
    """Every place in some tables, as the keys that lead there."""
    found = [] if found is None else found
    pairs = tables.items() if isinstance(tables, dict) else enumerate(tables)
    for key, value in pairs:
        found.append((*path, key))
        if isinstance(value, dict | list):
            places(value, found, (*path, key))
    return found


def at(tables, path):
    for key in path:
        tables = tables[key]
    return tables


def changed_tables(rng):
    """The tables of a packaged config with a few values, keys or whole tables of another, none, or anything."""
    tables = copy.deepcopy(rng.choice(known_tables()))
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        there = places(tables)
        if not there:
            break
        path = rng.choice(there)
        parent, key, way = at(tables, path[:-1]), path[-1], rng.randrange(6)
        if way == 0:
            del parent[key]
        elif way == 1:
            other = rng.choice(known_tables())
            parent[key] = copy.deepcopy(at(other, rng.choice(places(other))))
        elif way == 2 and isinstance(parent, dict):
            parent[rng.choice(("plugin", "x", "kind", "", "visible", "a.b", "\u00e9", "units"))] = rng.choice(VALUES)
        elif way == 3 and isinstance(parent, dict):
            other = rng.choice(known_tables())
            name = rng.choice(list(other))
            tables[name] = copy.deepcopy(other[name])
        elif way == 4 and isinstance(parent[key], int | float) and not isinstance(parent[key], bool):
            parent[key] = rng.choice((-parent[key], parent[key] * 10, parent[key] / 7, str(parent[key])))
        else:
            parent[key] = copy.deepcopy(rng.choice(VALUES))
    return written(tables)


def written(tables):
    """Tables as TOML, whatever they hold."""
    try:
        return tomli_w.dumps(tables).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError):
        return b"x = "


@functools.cache
def schema():
    """The JSON Schema of the config."""
    return json_schema(catalogue())


def invented_tables(rng):
    """Tables that the JSON Schema allows, or nearly."""
    return written(_object(schema(), rng, 0))


def _resolved(one):
    while "$ref" in one:
        found = schema()
        for part in one["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        one = found
    return one


def _made(one, rng, depth):
    one = _resolved(one)
    if rng.random() < 0.02:
        return copy.deepcopy(rng.choice(VALUES))
    for several in ("anyOf", "oneOf"):
        if several in one:
            return _made(rng.choice(one[several]), rng, depth + 1)
    if "const" in one:
        return one["const"]
    if "enum" in one:
        return rng.choice(one["enum"])
    if "default" in one and one["default"] is not None and rng.random() < 0.5:
        return copy.deepcopy(one["default"])
    kind = one.get("type")
    kind = rng.choice(kind) if isinstance(kind, list) else kind
    if kind == "object" or "properties" in one:
        return _object(one, rng, depth + 1)
    if kind == "array":
        return [_made(one.get("items", {}), rng, depth + 1) for _ in range(rng.choice((0, 1, 2, 3)))]
    low = one.get("minimum", one.get("exclusiveMinimum", -3))
    if kind == "integer":
        return max(int(low), rng.choice((0, 1, 2, 3, 4, 10, 64, 784)))
    if kind == "number":
        return low + rng.choice((0, 0.1, 0.5, 1, 2.0, 10.0))
    return {"boolean": rng.random() < 0.5}.get(kind, rng.choice(("", "x", "visible", "hidden", "data")))


def _object(one, rng, depth):
    found = {}
    properties = one.get("properties", {})
    for key, inner in properties.items():
        wanted = key in one.get("required", ()) or rng.random() < (0.25 if depth else 0.6)
        if wanted and depth < 6:
            found[key] = _made(inner, rng, depth)
    more = one.get("additionalProperties")
    if isinstance(more, dict) and depth < 6:
        for key in rng.sample(("visible", "hidden", "extra"), rng.randrange(3)):
            found[key] = _made(more, rng, depth)
    return found
