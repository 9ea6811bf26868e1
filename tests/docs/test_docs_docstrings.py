"""Examples in docstrings are executed."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest
import thermozoo_plugins

import thermozoo


def _modules() -> list[str]:
    found = []
    for package in (thermozoo, thermozoo_plugins):
        found.append(package.__name__)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not info.name.endswith("__main__"):
                found.append(info.name)
    return found


def _tests(name: str) -> list[doctest.DocTest]:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        pytest.skip(f"needs {error.name}, which an extra brings")
    return [t for t in doctest.DocTestFinder(exclude_empty=True).find(module) if t.examples]


@pytest.mark.parametrize("name", _modules())
def test_examples_of_the_module(name):
    for test in _tests(name):
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
        runner.run(test, out=report.append)
        assert not runner.failures, "".join(report)


def test_every_first_party_plugin_but_those_that_need_files_has_an_example():
    from thermozoo.registry.catalogue import catalogue

    without = [
        record.name
        for record in catalogue().records
        if record.plugin is not None
        and record.source.distribution == "thermozoo"
        and ">>>" not in (record.plugin.__doc__ or "")
    ]
    assert without == ["mnist"]
