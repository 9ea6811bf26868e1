"""Sphinx configuration: MyST pages, numpydoc docstrings, generated reference pages (see _ext)."""

from __future__ import annotations

import sys
from pathlib import Path

import thermozoo

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "thermozoo"
author = "The thermozoo developers"
copyright = "The thermozoo developers, BSD-3-Clause"
version = release = thermozoo.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # formulas without a network
    "sphinx.ext.napoleon",
    "generated_pages",
    "reference_directives",
    "cross_references",
    "no_other_host",
]

root_doc = "index"
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"thermozoo {release}"
html_show_sphinx = False

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # types with shapes and units stand in the docstrings
napoleon_google_docstring = False
# without these two, every word of "ndarray, shape (B, n)" would be taken for the name of a class
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_use_ivar = True

nitpicky = True
# Names of other projects and of Python itself: there is no inventory of them in a build without a network.
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(io|numba|numpy|np|npt|sympy|scipy|xarray|pluggy|typer|jinja2|attrs|pathlib|collections|tomllib|typing|types|enum|abc)\..*",
    ),
    (
        r"py:.*",
        r"(ABC|Any|Exception|ArithmeticError|Callable|Expr|FloatingPointError|ImportError|LookupError|"
        r"MemoryError|None|OSError|Path|Protocol|Sequence|Symbol|TypeError|ValueError|"
        r"bool|bytes|callable|dict|expression|float|int|list|mapping|ndarray|object|optional|or|of|"
        r"str|to|tuple|type)",
    ),
]
