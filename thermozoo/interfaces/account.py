"""What a task tells of what it found: its answer in a sentence, paragraphs, tables, pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

__all__ = ["Account", "Cost", "Picture", "TextTable"]


@attrs.frozen
class TextTable:
    """A table of the page of a run.

    Parameters
    ----------
    head : sequence of str
        The titles of its columns.
    rows : sequence of sequence of str
        Its rows.
    caption : str
        What stands above it.
    numbers : bool
        Whether all columns but the first hold numbers, which are aligned to the right.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    numbers: bool = True


@attrs.frozen
class Account:
    """What the page of a run says of it, and the terminal.

    Parameters
    ----------
    answer : str
        The answer in a sentence: page and terminal begin with it.
    paragraphs : sequence of str
        What follows on the page.
    tables : sequence of TextTable
        What follows these.
    lines : sequence of str
        Further lines on the terminal.
    title : str
        The page's heading; the task's name unless given.
    """

    answer: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[TextTable] = ()
    lines: Sequence[str] = ()
    title: str = ""


@attrs.frozen
class Cost:
    """What one result of a run takes, for hardware: its report turns this into seconds, joules and watts.

    Parameters
    ----------
    time : float
        How long it takes [1 / (mobility E0)].
    heat_kT : float
        Mean heat that is released meanwhile [kT].
    of : str
        What one result is: ``"one erasure"``.
    """

    time: float
    heat_kT: float
    of: str


@attrs.frozen
class Picture:
    """A picture of a run.

    Parameters
    ----------
    draw : callable
        Draws on the empty matplotlib figure that it is given, in the style of all figures.
    caption : str
        What it shows; the page's text below it, and what it is called where it cannot be seen.
    height : float
        Height of the figure [inch]; its width is that of the page.
    """

    draw: Callable[[Any], Any]
    caption: str
    height: float = 3.0
