"""Parameters of plugins: a value with symbol, unit, bounds and a sentence, declared once.

Everything that shows or checks a parameter (help texts, documentation, the config, the verification suite) reads
this declaration.
"""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import told
from thermozoo.errors import ParameterError

__all__ = ["Parameter", "doc_of", "fields_of", "is_symbolic", "option", "parameter", "parameters_of"]

_KEY = "thermozoo.parameter"
_DOC = "thermozoo.doc"


@attrs.frozen
class Parameter:
    """The declaration of one physical parameter.

    Parameters
    ----------
    name : str
        Attribute name on the plugin class.
    default : float
        Default value.
    unit : str
        Physical unit as a word: ``"energy"``, ``"1"``, ``"time"``.
    doc : str
        One sentence.
    symbol : str
        How the parameter is written in formulas; the name unless given.
    above, below : float or None
        Bounds that exclude their end.
    at_least, at_most : float or None
        Bounds that include their end.
    """

    name: str
    default: float
    unit: str
    doc: str
    symbol: str
    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def range(self) -> str:
        """The bounds in interval notation, as ``(0, inf)``."""
        low = (
            f"({self.above:g}"
            if self.above is not None
            else (f"[{self.at_least:g}" if self.at_least is not None else "(-inf")
        )
        high = (
            f"{self.below:g})"
            if self.below is not None
            else (f"{self.at_most:g}]" if self.at_most is not None else "inf)")
        )
        return f"{low}, {high}"

    def inside(self, values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
        """Return which values are finite and within the bounds."""
        bounds: tuple[tuple[float | None, Callable[..., Any]], ...] = (
            (self.above, np.greater),
            (self.below, np.less),
            (self.at_least, np.greater_equal),
            (self.at_most, np.less_equal),
        )
        inside: npt.NDArray[np.bool_] = np.isfinite(values)
        for bound, holds in bounds:
            if bound is not None:
                inside &= holds(values, bound)
        return inside

    def check(self, owner: str, value: Any) -> None:
        """Raise ParameterError unless every entry of `value` is finite and within the bounds."""
        array = np.asarray(value, dtype=np.float64)
        if array.ndim > 1:
            raise ParameterError(
                f"{owner}.{self.name} must be a number or one value per unit, got an array of shape {array.shape}"
            )
        if array.ndim == 1 and array.size == 0:
            raise ParameterError(f"{owner}.{self.name} must have at least one value, got an empty list")
        inside = self.inside(array)
        if not np.all(inside):
            first = float(array.ravel()[int(np.argmin(inside.ravel()))])
            raise ParameterError(f"{owner}.{self.name} must lie in {self.range}, got {first:g}")


def is_symbolic(value: Any) -> bool:
    """Whether `value` is a sympy object (asked without importing sympy)."""
    return type(value).__module__.partition(".")[0] == "sympy"


def _convert(value: Any, instance: Any, attribute: attrs.Attribute[Any]) -> Any:
    if is_symbolic(value):
        return value
    expected = f"{type(instance).__name__}.{attribute.name} must be a number or one value per unit, got {told(value)}"
    try:
        # NumPy would take booleans, strings of digits and the real part of a complex number
        if np.asarray(value).dtype.kind not in "iufO":
            raise ParameterError(expected)
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(expected) from None
    if array.ndim == 0:
        return float(array)
    array.setflags(write=False)
    return array


def _validate(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not is_symbolic(value):
        _declaration(attribute).check(type(instance).__name__, value)


def _declaration(attribute: attrs.Attribute[Any]) -> Parameter:
    raw: dict[str, Any] = attribute.metadata[_KEY]
    return Parameter(name=attribute.name, **{**raw, "symbol": raw["symbol"] or attribute.name})


def _same(left: Any, right: Any) -> bool:
    return bool(np.array_equal(left, right))


def _assigned_name(frame: FrameType) -> str:
    """Return the name that a frame's line of source assigns to, for a message; empty where there is no source."""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    found = re.match(r"\s*(\w+)\s*[:=]", line)
    return found[1] if found else ""


def parameter(
    default: float,
    *,
    unit: str,
    doc: str,
    symbol: str | None = None,
    above: float | None = None,
    below: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Any:
    """Declare a physical parameter of a plugin: a number or one value per unit.

    Parameters
    ----------
    default : float
        Default value; must lie within the bounds.
    unit : str
        Physical unit as a word, ``"1"`` for a pure number.
    doc : str
        One sentence that says what it is.
    symbol : str, optional
        How it is written in formulas (default: the attribute's name).
    above, below : float, optional
        Bounds that exclude their end. The bounds are a promise: the verification suite draws from all of them.
    at_least, at_most : float, optional
        Bounds that include their end.

    Returns
    -------
    Any
        An attrs field.

    Raises
    ------
    ParameterError
        When the default breaks the bounds, or two bounds stand on one side.
    """
    if None not in (above, at_least) or None not in (below, at_most):
        raise ParameterError("give one bound a side: above or at_least, below or at_most")
    raw = {
        "default": default,
        "unit": unit,
        "doc": doc,
        "symbol": symbol,
        "above": above,
        "below": below,
        "at_least": at_least,
        "at_most": at_most,
    }
    check = Parameter(name="default", **{**raw, "symbol": ""}).check  # type: ignore[arg-type]
    check(_assigned_name(sys._getframe(1)) or "parameter()", default)
    return attrs.field(
        default=float(default),
        converter=attrs.Converter(_convert, takes_self=True, takes_field=True),
        validator=_validate,
        metadata={_KEY: raw, _DOC: doc},
        eq=attrs.cmp_using(eq=_same),
        hash=False,
    )


def option(default: Any = attrs.NOTHING, *, doc: str, **field: Any) -> Any:
    """Declare a setting of a plugin that is not a physical parameter (a list of groups, a path).

    Parameters
    ----------
    default : Any
        Default value; without one the setting is required.
    doc : str
        One sentence that says what it is.
    **field
        Passed to `attrs.field`.
    """
    return attrs.field(default=default, metadata={_DOC: doc}, **field)


def parameters_of(plugin: Any) -> tuple[Parameter, ...]:
    """Return the declared parameters of a plugin class or instance, in order."""
    cls = plugin if isinstance(plugin, type) else type(plugin)
    if not attrs.has(cls):
        return ()
    return tuple(_declaration(a) for a in attrs.fields(cls) if _KEY in a.metadata)


def fields_of(plugin: Any) -> tuple[attrs.Attribute[Any], ...]:
    """Return the attrs fields of a plugin class or instance, in order."""
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(plugin if isinstance(plugin, type) else type(plugin))
    return fields


def doc_of(attribute: attrs.Attribute[Any]) -> str:
    """Return the sentence of a field declared with `parameter` or `option`."""
    return str(attribute.metadata.get(_DOC, ""))
