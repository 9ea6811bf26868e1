"""The reference is complete: public names, hooks, commands, keys of the config and of the report, plugins."""

from __future__ import annotations

import json
import re
import shlex
import sys
import tomllib
import types
from pathlib import Path

import pytest
from doc_blocks import DOCS, EXAMPLES, ROOT, blocks_of

import thermozoo
from thermozoo.cli import app as command_line
from thermozoo.config.schema import COMPUTER_TABLES, TABLES, settings_of
from thermozoo.interfaces import INTERFACES
from thermozoo.parameters import parameters_of
from thermozoo.registry.catalogue import catalogue
from thermozoo.registry.hookspecs import hooks


@pytest.fixture(scope="module")
def extensions():
    """The modules that write the generated pages; they need no Sphinx."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        import generated_pages
        import reference_texts

        yield generated_pages, reference_texts
    finally:
        sys.path.remove(str(DOCS / "_ext"))


@pytest.mark.parametrize("name", thermozoo.__all__)
def test_public_name_is_documented(name, extensions):
    pages = extensions[0].api_pages()
    assert re.search(rf"[`~. ]{name}[` <]", pages["thermozoo.rst"])
    assert getattr(thermozoo, name).__doc__


def test_every_public_module_and_name_is_in_the_api(extensions):
    text = "".join(extensions[0].api_pages().values())
    missing = []
    for path in sorted((ROOT / "thermozoo").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1].startswith("_"):
            continue
        name = ".".join(parts)
        if f".. automodule:: {name}\n" not in text and not extensions[0].lacks_extra(name):
            missing.append(name)
    assert not missing


@pytest.mark.parametrize("hook", hooks())
def test_hook_is_documented_with_an_example(hook, extensions):
    page = DOCS / "reference" / "hooks.md"
    section = re.search(rf"^## `{hook}`\n(.*?)(?=^## |\Z)", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/reference/hooks.md has no section for {hook}"
    assert f"```{{hook}} {hook}" in section[1]
    assert f"def {hook}():" in section[1]
    text = extensions[1].hook_text(hook)
    kind = hooks()[hook].kind
    assert hooks()[hook].__name__ in text
    assert all(f"`{name}`" in text for name in catalogue().names(kind) if _first_party(kind, name))


#: Kinds whose checks take milliseconds rather than seconds.
_QUICK = ("connectivity", "dataset", "encoding")


@pytest.mark.parametrize(
    "hook", [pytest.param(h, marks=() if one.kind in _QUICK else pytest.mark.long) for h, one in hooks().items()]
)
def test_the_plugin_of_the_hooks_page_holds_every_check(hook, monkeypatch):
    """But that of the docstring: the page keeps equations and references out of its examples."""
    from thermozoo.testing import verify

    page = types.ModuleType("__docs__")
    monkeypatch.setitem(sys.modules, page.__name__, page)  # where annotations of its classes are looked up
    namespace = vars(page)
    for block in blocks_of(DOCS / "reference" / "hooks.md"):
        if block.language == "python" and ">>>" not in block.text:
            exec(block.text, namespace)
    [plugin] = namespace[hook]()
    report = verify(plugin, expected_failures={"documented": "an example of a page"})
    assert report.holds, [(o.check, o.reason, o.counterexample) for o in report.outcomes if o.reason]


def _first_party(kind: str, name: str) -> bool:
    return catalogue().record(kind, name).source.distribution == "thermozoo"


def test_every_command_is_in_the_reference_with_an_example(extensions):
    text = extensions[1].command_line_text()
    for command in command_line.COMMANDS:
        section = re.search(rf"^## `thermozoo {command}`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert section is not None, f"{command} is missing"
        assert f"\nthermozoo {command}" in section[1], f"{command} has no example"


def test_options_of_the_reference_are_those_of_the_application(extensions, capsys):
    text = extensions[1].command_line_text()
    for command in command_line.COMMANDS:
        section = re.search(rf"^## `thermozoo {command}`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        documented = set(re.findall(r"`(--[a-z-]+)", section[1]))
        group = command_line._application()
        real = {o for p in group.get_command(None, command).params for o in p.opts if o.startswith("--")}
        assert real - {"--help"} <= documented, command


def test_every_check_is_in_the_reference(extensions):
    from thermozoo.testing import checks_for

    text = extensions[1].checks_text()
    for kind in INTERFACES:
        section = re.search(rf"^## Checks of an? {kind}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert section is not None, kind
        for check in checks_for(kind):
            assert f"| `{check.name}` | {check.claim}" in section[1].replace(r"\|", "|")


def test_every_key_of_the_config_is_in_the_reference(extensions):
    text = extensions[1].config_text()
    inside = {f"computer.{name}": table for name, table in COMPUTER_TABLES.items()}
    for name, table in (TABLES | inside).items():
        section = re.search(rf"^## `\[{re.escape(name)}\]`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert section is not None, name
        for key, one in settings_of(table.settings).items():
            assert f"| `{key}` |" in section[1], f"{name}.{key}"
            assert one.doc in section[1].replace(r"\|", "|")


def test_every_first_party_plugin_has_a_page_with_its_parameters_and_formulas(extensions):
    pages = extensions[0].zoo_pages()
    for record in catalogue().records:
        if record.plugin is None or record.source.distribution != "thermozoo":
            continue
        page = pages[f"{record.kind}-{record.name}.rst"]
        assert record.plugin.__doc__
        for parameter in parameters_of(record.plugin):
            assert f"``{parameter.name}``" in page
            assert parameter.doc in page
            assert parameter.range in page
        if record.kind in ("potential", "integrator", "objective", "protocol"):
            assert ".. math::" in page
    assert "F_{1} = -" in pages["integrator-euler-maruyama.rst"]
    assert "-U'(x) = - 2 J_2 x - 4 J_4 x^{3}" in pages["potential-quartic.rst"]


def test_report_keys_and_files_of_a_run_are_documented(tmp_path, monkeypatch, extensions):
    from thermozoo.cli.app import run

    monkeypatch.chdir(tmp_path)
    words = ["run", str(EXAMPLES / "small-toy.toml"), "--plugin", str(EXAMPLES / "stripes.py"), "--out", "toy"]
    extra = ["dynamics.duration=0.2", "generation.samples=3", "hardware.preset=electrical"]
    extra += ['hardware.imperfections.few={plugin="storage-bits"}', 'hardware.imperfections.w={plugin="asymmetry"}']
    extra += ["training.windows=2", "training.compare=['exact']"]
    assert run([*words, *(w for e in extra for w in ("--set", e))]) == 0
    report = json.loads(Path("toy/report.json").read_text("utf-8"))
    text, _, others = extensions[1].report_text().partition("\n## Any other task\n")  # than the default one
    assert "| `task` | text |" in others.partition("\n## ")[0]
    documented = re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE)
    assert set(report) == {key for key in documented if "." not in key}
    for table in ("imposed_signal", "judge", "hardware"):
        assert [f"{table}.{key}" for key in report[table]] == [key for key in documented if key.startswith(f"{table}.")]
    inside = [key.removeprefix("quality.") for key in documented if key.startswith("quality.")]
    assert [*report["quality"]] == [key for key in inside if "." not in key]
    rows = report["quality"]["rows"]
    assert [f"rows.{key}" for key in rows[0]] == [key for key in inside if "." in key]
    assert {"outputs", "real held-out", "untrained computer", "noise"} < {row["name"] for row in rows}
    files = (DOCS / "reference" / "run-folder.md").read_text("utf-8")
    for path in Path("toy").iterdir():
        name = re.sub(r"window-\d+", "window-K", path.name)
        assert any(f"`{name}{end}`" in files for end in ("", "/NAME.png", "/NAME.py")), f"{name} is not documented"


def test_readme_marks_its_two_commands():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    for name, last in (("run", "thermozoo run"), ("test", "pytest")):
        at = lines.index(f"<!-- command: {name} -->")
        assert lines[at + 1] == "```bash"
        assert lines[at + 3] == "```"
        parts = lines[at + 2].split(" && ")
        assert len(parts) == 3
        assert shlex.split(parts[0])[:3] == ["python3", "-m", "venv"]
        assert parts[2].endswith(last)


def test_links_of_the_readme_lead_somewhere():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (ROOT / target).exists(), f"{page.name} links to {target}"


def test_toml_of_the_docs_parses():
    for page in DOCS.rglob("*.md"):
        for block in blocks_of(page):
            if block.language == "toml" and "_build" not in page.parts:
                tomllib.loads(block.text)


def test_the_page_of_a_plugin_states_its_constraints(extensions):
    import attrs

    from thermozoo import Potential, parameter
    from thermozoo.registry.catalogue import Record
    from thermozoo.registry.discovery import Source

    @attrs.frozen
    class Slope(Potential):
        """A trap on a slope."""

        name = "slope"
        k: float = parameter(1.0, unit="energy", above=0, doc="stiffness", symbol=r"\kappa")
        f: float = parameter(0.5, unit="energy", doc="slope")

        def energy(self, x):
            return self.k * x**2 - self.f * x

        def constraints(self):
            return [abs(self.f) < self.k]

    source = Source("tests", "", "tests", "tests", load=dict)
    page = extensions[0]._zoo_page(Record("slope", "potential", source, plugin=Slope))
    stated = page[page.index("must hold") :]
    assert r"\left|{f}\right| < \kappa" in stated[: stated.index("Derived from the formula")]
    assert "must hold" not in extensions[0].zoo_pages()["potential-quartic.rst"]
