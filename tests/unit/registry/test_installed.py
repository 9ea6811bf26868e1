"""Installed distributions with odd or damaged metadata: what concerns us is read or reported, and nothing is stopped.

Each test has a folder of its own on the path, beside the installed distributions.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import io
import json
import os
import sys
import textwrap
import zipfile

import pytest

from thermozoo.cli.app import run
from thermozoo.errors import PluginLoadError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.registry.discovery import installed_sources
from thermozoo.registry.metadata import tolerant_metadata

PLUGIN = """
import attrs
from thermozoo import Potential, hookimpl

@attrs.frozen
class Toy(Potential):
    name = "toy"
    def energy(self, x):
        return x**2

@hookimpl
def thermozoo_potentials():
    return [Toy]
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return a folder at the end of the path that holds the module ``asymz``, and forget the module afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    (tmp_path / "asymz.py").write_text(PLUGIN)
    importlib.invalidate_caches()
    yield tmp_path
    for name in [n for n in sys.modules if n.partition(".")[0] == "asymz"]:
        del sys.modules[name]


def install(site, content="[thermozoo]\nasymz = asymz\n", name="asymz", version="1.0", *, metadata="", suffix="dist"):
    """Write the metadata of a distribution; return the file of its entry points."""
    info = site / f"{name}-{version}.{suffix}-info"
    info.mkdir()
    text = metadata or f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / ("METADATA" if suffix == "dist" else "PKG-INFO")).write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )
    file = info / "entry_points.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


#: Where the plugins of the first party are: engines are part of the core.
OURS = ("thermozoo_plugins", "thermozoo.dynamics.core_engines")


def own(site):
    """Return the sources that are not those of the first party."""
    first = {(s.distribution, s.entry_point) for s in installed_sources() if s.target.startswith(OURS)}
    assert len(first) == 12
    return [s for s in installed_sources() if not s.target.startswith(OURS)]


def loaded(site):
    """Return the one record of what the folder holds, beside all that the first party has."""
    catalogue = load_catalogue()
    assert {"quartic", "double-well", "quadratic"} <= set(catalogue.names("potential"))
    (record,) = [r for r in catalogue.records if not r.source.target.startswith(OURS)]
    return record


DAMAGED = {
    "an option twice": b"[console_scripts]\ntool = unrelated:main\ntool = unrelated:main\n",
    "a section twice": b"[console_scripts]\na = b:c\n[console_scripts]\nd = e:f\n",
    "no section": b"tool = unrelated:main\n",
    "a mark first": b"\xef\xbb\xbf[console_scripts]\na = b:c\n",
    "a byte that is not UTF-8": b"[console_scripts]\na = b:c\n# \xe9\n",
    "UTF-16": "[console_scripts]\na = b:c\n".encode("utf-16"),
    "a line without =": b"[console_scripts]\njust words\n",
    "a malformed reference": b"[console_scripts]\na = b:c:d [e\n",
    "NUL bytes": b"\0" * 100,
    "no bytes": b"",
    "a word of ours": b"[console_scripts]\nthermozoo\n",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_wrong_with_another_s_file_is_no_matter(site, content, capsys):
    install(site, content, "unrelated")
    assert own(site) == []
    assert load_catalogue().failures == ()
    assert run(["plugins"]) == 0
    shown = capsys.readouterr()
    assert "quartic" in shown.out
    assert "failed" not in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_wrong_elsewhere_in_a_file_does_not_hide_what_is_ours(site, content):
    if content.startswith((b"\xff\xfe", b"\0")):
        pytest.skip("nothing of it can be read")
    install(site, content + b"\n[thermozoo]\nasymz = asymz\n[console_scripts]\nmore words\n")
    record = loaded(site)
    assert (record.name, record.source.title, record.source.entry_point) == ("toy", "asymz 1.0", "asymz")


ODD = {
    "CRLF": "[thermozoo]\r\nasymz = asymz\r\n",
    "a mark first": "\ufeff[thermozoo]\nasymz = asymz\n",
    "extras": "[thermozoo]\nasymz = asymz [more, extras]\n",
    "spaces": "[ thermozoo ]\n  asymz=asymz  \n",
    "comments": "# one\n[thermozoo]\n; two\nasymz = asymz\n# three\n",
    "the same twice": "[thermozoo]\nasymz = asymz\nasymz = asymz\n",
    "a section twice": "[thermozoo]\nasymz = asymz\n[other]\na = b\n[thermozoo]\nasymz = asymz\n",
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_odd_files_that_mean_what_they_say(site, content):
    install(site, content)
    record = loaded(site)
    assert (record.name, record.error, record.source.target) == ("toy", None, "asymz")


@pytest.mark.parametrize("name", ["100%", "a:b", "{:.5f}", "%(here)s", "a b", "ns.name"])
def test_odd_names_of_entry_points(site, name):
    install(site, f"[thermozoo]\n{name} = asymz\n")
    assert (loaded(site).name, loaded(site).source.entry_point) == ("toy", name)


def test_an_object_of_a_module_in_a_namespace_package(site):
    package = site / "asymz_space" / "inner"
    package.mkdir(parents=True)
    (package / "plugin.py").write_text("class Holder:\n    import asymz as held\n")
    install(site, "[thermozoo]\nasymz = asymz_space.inner.plugin:Holder.held\n")
    assert (loaded(site).name, loaded(site).source.target) == ("toy", "asymz_space.inner.plugin:Holder.held")


MALFORMED = {
    "asymz = asymz:obj:more [extra": "got 'asymz = asymz:obj:more [extra'",
    "asymz": "got 'asymz'",
    "= asymz": "got '= asymz'",
    "asymz =": "got 'asymz ='",
    "asymz = a-b": "got 'asymz = a-b'",
    "asymz = as\udce9ymz": "is no entry point",
}


@pytest.mark.parametrize(("line", "said"), MALFORMED.items(), ids=range(len(MALFORMED)))
def test_a_line_of_ours_that_is_no_entry_point_is_reported(site, line, said, capsys, recwarn):
    file = install(site, b"[thermozoo]\n" + line.encode("utf-8", "surrogateescape") + b"\n")
    record = loaded(site)
    assert record.error.startswith(f"PluginLoadError: line 2 of {file} is no entry point: expected NAME = module")
    assert said in record.error
    assert run(["plugins"]) == 0
    (shown,) = [k for k in capsys.readouterr().out.splitlines() if k.startswith("failed: ")]
    assert "of asymz 1.0 (" in shown
    assert not recwarn.list
    with pytest.raises(PluginLoadError, match=r"asymz 1\.0"):
        load_catalogue(strict=True)


def test_what_an_entry_point_names_and_is_not_there(site):
    install(site, "[thermozoo]\na = asymz:missing\nb = asymz:Toy\nc = no_module_of_that_name\nd = ...\ne = asymz\n")
    records = {r.source.entry_point: r for r in load_catalogue().records if r.source.distribution == "asymz"}
    assert records["a"].error.startswith("AttributeError: ")
    assert "defines no hook" in records["b"].error
    assert records["c"].error.startswith("ModuleNotFoundError: ")
    assert records["d"].error
    assert (records["e"].name, records["e"].error) == ("toy", None)


def test_one_module_under_two_entry_points_names_both(site):
    install(site, "[thermozoo]\nfirst = asymz\nsecond = asymz\n")
    assert "toy" in load_catalogue().names("potential")
    (failure,) = load_catalogue().failures
    assert failure.name == "second"
    assert failure.error == (
        "HookError: entry point 'first' of asymz 1.0 names asymz too: remove one of the two entry points"
    )


def test_of_two_versions_in_one_folder_the_newer_counts(site):
    for version in ("1.9", "1.10", "1.2"):
        install(site, version=version)
    assert loaded(site).source.title == "asymz 1.10"


def test_of_two_formats_of_one_version_one_counts(site):
    install(site)
    install(site, suffix="egg")
    assert loaded(site).source.title == "asymz 1.0"


def test_the_first_on_the_path_hides_the_others(site, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    monkeypatch.setattr(sys, "path", [*sys.path, str(other)])
    install(site, name="As.ymz")
    install(other, name="as_ymz", version="2.0")
    assert loaded(site).source.title == "As.ymz 1.0"


def test_metadata_that_are_missing_stale_or_no_text(site):
    file = install(site, version="1.5")
    (file.parent / "METADATA").unlink()
    (site / "asymz-0.1.dist-info").mkdir()
    assert loaded(site).source.title == "asymz 1.5"
    (file.parent / "METADATA").write_bytes(b"Name: \xff\xfe\n")
    assert loaded(site).source.title == "asymz 1.5"


def test_a_file_that_cannot_be_read_may_concern_us(site, capsys):
    file = install(site)
    file.unlink()
    file.symlink_to(file)  # a loop: even a superuser cannot read it
    record = loaded(site)
    assert record.error == "PluginLoadError: the file cannot be read: Too many levels of symbolic links"
    assert (record.source.title, record.source.target) == ("asymz 1.0", str(file))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="a superuser reads every file")
def test_a_file_that_may_not_be_read_may_concern_us(site):
    install(site).chmod(0)
    assert loaded(site).error == "PluginLoadError: the file cannot be read: Permission denied"


def test_a_folder_where_the_file_belongs(site):
    file = install(site)
    file.unlink()
    file.mkdir()
    assert own(site) == []


def test_zip_files_and_eggs_on_the_path(site, tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("zipped")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("asymz-3.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: asymz\nVersion: 3.0\n")
        archive.writestr("asymz-3.0.dist-info/entry_points.txt", "[thermozoo]\nasymz = asymz\n")
    (folder / "good.zip").write_bytes(made.getvalue())
    (folder / "cut.zip").write_bytes(made.getvalue()[:60])
    (folder / "broken.egg").write_bytes(b"PK\x03\x04 no archive")
    monkeypatch.setattr(sys, "path", [str(folder / n) for n in ("cut.zip", "broken.egg", "good.zip")] + sys.path)
    assert loaded(site).source.title == "asymz 3.0"


def test_entries_of_the_path_that_are_no_folders(site, monkeypatch):
    install(site)
    odd = ["", "a\0b", str(site / "asymz.py"), str(site / "nowhere"), "x" * 5000, site, b"bytes", None, 3]
    monkeypatch.setattr(sys, "path", [*odd, *sys.path])
    assert loaded(site).source.title == "asymz 1.0"


def test_libraries_pass_over_what_cannot_be_read_while_a_command_runs(site):
    install(site, b"[numba_extensions]\ninit = \xe9\n", "unrelated")
    install(site)
    with pytest.raises(UnicodeDecodeError):
        importlib.metadata.entry_points()
    with tolerant_metadata():
        assert [p.value for p in importlib.metadata.entry_points(group="thermozoo", name="asymz")] == ["asymz"]
    with pytest.raises(UnicodeDecodeError):
        importlib.metadata.entry_points()


def test_what_a_plugin_prints_while_it_is_loaded_is_not_in_the_json(site, capsys):
    (site / "asymz.py").write_text(
        textwrap.dedent(PLUGIN).replace("    return [Toy]", "    print('hooked')\n    return [Toy]")
        + "print('imported')\n"
    )
    install(site)
    assert run(["plugins", "--json"]) == 0
    shown = capsys.readouterr()
    assert "toy" in {record["name"] for record in json.loads(shown.out)}
    assert shown.err.split() == ["imported", "hooked"]
