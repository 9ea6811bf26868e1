"""Built pages load nothing from another host: the check that ends a build finds what does."""

from __future__ import annotations

import importlib.util

import pytest
from doc_blocks import DOCS


@pytest.fixture
def lacks():
    spec = importlib.util.spec_from_file_location("no_other_host", DOCS / "_ext" / "no_other_host.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.what_pages_lack


PAGE = """<html><head>
<link rel="next" href="https://example.org/next.html">
<link rel="stylesheet" href="_static/a.css?v=1">
<script src="_static/mathjax/tex-chtml.js"></script></head>
<body><a href="https://doi.org/10.1103/1">a paper</a><img src="data:image/png;base64,AA=="></body></html>"""


@pytest.fixture
def built(tmp_path):
    (tmp_path / "_static" / "mathjax").mkdir(parents=True)
    (tmp_path / "_static" / "mathjax" / "tex-chtml.js").write_text("")
    (tmp_path / "_static" / "a.css").write_text("body { background: url(a.png) }")
    (tmp_path / "index.html").write_text(PAGE)
    return tmp_path


def test_a_page_that_stands_alone(lacks, built):
    assert lacks(built) == []


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('<script src="https://cdn.example/mathjax.js"></script>', "loads https://cdn.example/mathjax.js from"),
        ('<script defer src="//cdn.example/m.js"></script>', "index.html loads //cdn.example/m.js from another host"),
        ('<link rel="stylesheet" href="https://cdn.example/a.css">', "loads https://cdn.example/a.css from another"),
        ('<img src="http://example.org/badge.svg">', "loads http://example.org/badge.svg from another host"),
        ('<script src="_static/gone.js"></script>', "loads _static/gone.js, which is not there"),
    ],
)  # fmt: skip
def test_a_page_that_does_not(lacks, built, added, said):
    (built / "index.html").write_text(PAGE + added)
    assert len(lacks(built)) == 1
    assert said in lacks(built)[0]


def test_a_style_that_does_not(lacks, built):
    (built / "_static" / "a.css").write_text("@import 'https://fonts.example/x.css';")
    assert lacks(built) == ["_static/a.css loads https://fonts.example/x.css"]


def test_formulas_are_bundled():
    """The build itself runs the check, and copies MathJax to where its pages look for it."""
    text = (DOCS / "conf.py").read_text("utf-8")
    assert '"sphinx-mathjax-offline"' in text
    assert '"no_other_host"' in text
