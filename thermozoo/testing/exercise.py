"""Calling all that an author wrote, in the smallest way that each kind allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np

from thermozoo.registry.files import file_source, from_file
from thermozoo.testing.context import Context

__all__ = ["Call", "calls_of"]


@attrs.frozen
class Call:
    """One call of an author's method.

    Parameters
    ----------
    method : str
        What is called, for messages.
    make : callable
        Calls it; errors that refuse what it is given are its own affair.
    given : object
        What it is given, which it is not to change.
    warm : bool
        Whether all that it imports has been imported.
    """

    method: str
    make: Callable[[], Any]
    given: Any = None
    warm: bool = False


def calls_of(context: Context) -> Iterator[Call]:
    """Yield the calls of a plugin: those of its kind, and where it is a single file, of what stands in the file."""
    if from_file(context.cls):
        source = file_source(_file_of(context.cls))
        yield Call(f"importing {source.distribution}", source.load, warm=True)
    yield from _BY_KIND.get(context.cls.kind, _formula)(context)


def _file_of(cls: type) -> str:
    import inspect

    return str(inspect.getsourcefile(cls))


def _formula(context: Context) -> Iterator[Call]:
    from thermozoo.symbolic.called import called

    yield Call(context.cls.formula_name(), lambda: called(context.plugin))


def _connectivity(context: Context) -> Iterator[Call]:
    from thermozoo.computer.layout import Layout
    from thermozoo.testing.layouts import for_layouts

    layouts: list[dict[str, int]] = []
    for_layouts(context, layouts.append, 3, 5, stream="exercise", examples=3)
    for sizes in layouts:
        layout = Layout(sizes)
        for method in ("blocks", "edges", "strengths"):
            yield Call(method, lambda method=method, layout=layout: getattr(context.plugin, method)(layout), layout)  # type: ignore[misc]


def _dataset(context: Context) -> Iterator[Call]:
    from thermozoo.testing.checks import dataset as checks

    checks._loaded(context)
    yield Call("load", context.plugin.load, warm=True)
    yield Call("class_names", context.plugin.class_names, warm=True)


def _encoding(context: Context) -> Iterator[Call]:
    from thermozoo.testing.checks import encoding as checks

    plugin, case = context.plugin, checks._case(context)
    size = checks._sizes(context, case)[-1]
    yield Call("encode", lambda: case.signals(context, size))
    yield Call("units", lambda: plugin.units(case.images, case.labels))
    yield Call("keep", lambda: plugin.keep(case.images, case.labels))
    yield Call("protocol_values", lambda: plugin.protocol_values(case.images, case.labels, size))


def _imperfection(context: Context) -> Iterator[Call]:
    from thermozoo.testing.checks import imperfection as checks

    plugin = context.plugin
    asked, values = checks._computer(context), context.rng("things").standard_normal(50)
    yield Call("realise", lambda: plugin.realise(asked, checks._random(context)))
    yield Call("stored", lambda: plugin.stored(values.copy(), checks._random(context)))
    yield Call("read", lambda: plugin.read(values.copy()[None], checks._random(context)))
    yield Call("driven", plugin.driven)
    yield Call("moved", lambda: checks._moved(plugin, context))


def _engine(context: Context) -> Iterator[Call]:
    from thermozoo.testing.checks import engine as checks

    if context.plugin.available() is not None:
        return
    for title, dynamics, drive in checks._laws(context):
        if context.plugin.refuses(dynamics) is not None:
            continue
        start = checks._start(context, dynamics)
        wanted = None if drive is None else attrs.evolve(drive, intensity=checks._from_five(drive.intensity))
        record = np.empty((2, *start.x.shape), dynamics.dtype)

        def advance(dynamics: Any = dynamics, start: Any = start, wanted: Any = wanted, record: Any = record) -> None:
            batch = context.plugin.prepare(dynamics).begin(start, wanted)
            batch.advance(2, record)
            batch.copy().states()

        yield Call(f"advancing a batch ({title})", advance, (start, wanted))


def _task(context: Context) -> Iterator[Call]:
    from thermozoo.testing.checks import task as checks
    from thermozoo.testing.small_run import small_run_of

    small_run_of(context, checks._SEED)  # libraries that it imports change settings as they are imported
    # another check may have gone through it already, unwatched
    yield Call("a small run of it", lambda: small_run_of(context, checks._OTHER, again=True), warm=True)


_BY_KIND: dict[str, Callable[[Context], Iterator[Call]]] = {
    "connectivity": _connectivity,
    "dataset": _dataset,
    "encoding": _encoding,
    "imperfection": _imperfection,
    "engine": _engine,
    "task": _task,
}
