"""Plugins that raise, exit or are not asked for, in a run: one line that names plugin, method, file and line."""

from __future__ import annotations

import locale
import os
import textwrap

import numpy as np
import pytest

import thermozoo as tz
from thermozoo.cli.app import run
from thermozoo.errors import PluginLoadError

#: A config of four units, sampled for a few steps.
SAMPLE = """
seed = 1
{top}
[task]
plugin = "sample"
chains = 4
observe_every = 2
coupling = 0.1
[computer]
temperature = 0.5
[computer.units]
spins = 4
[computer.potential]
plugin = "double-well"
[computer.connectivity]
plugin = "{connectivity}"
[dynamics]
integrator = "euler-maruyama"
dt = 0.01
duration = 0.2
engine = {engine}
"""

#: A plugin file: a class of a kind, and what its methods do.
FILE = '''
import attrs
import sys
from thermozoo import {interface}, hookimpl

@attrs.frozen
class Mine({interface}):
    """Mine."""
    name = "mine"
{members}

@hookimpl
def thermozoo_{plural}():
    return [Mine]
'''


def plugin(place, interface, plural, members):
    file = place / "mine.py"
    body = textwrap.indent(textwrap.dedent(members), "    ")
    file.write_text(FILE.format(interface=interface, plural=plural, members=body))
    return file


def config(place, text=SAMPLE, **more):
    values = {"top": "", "connectivity": "dense", "engine": '"reference"', **more}
    file = place / "config.toml"
    file.write_text(text.format(**values))
    return file


def line_of(file, text):
    return 1 + next(k for k, line in enumerate(file.read_text().splitlines()) if text in line)


HELPED = """
def helped(self, n):
    import json
    return json.loads("{")

def edges(self, layout):
    return self.helped(3)
"""

#: By kind: interface, plural, methods, what makes a run use it, and the method that is to be named.
MISBEHAVING = {
    "connectivity": (
        "Connectivity", "connectivities", "def edges(self, layout):\n    raise ValueError('no edges today')\n",
        {"connectivity": "mine"}, "Mine.edges", "raise ValueError('no edges today')",
    ),
    "connectivity, by a library": (
        "Connectivity", "connectivities", HELPED, {"connectivity": "mine"}, "Mine.edges", "json.loads",
    ),
    "engine": (
        "Engine", "engines",
        "def available(self):\n    return None\ndef prepare(self, dynamics):\n    raise RuntimeError('no device')\n",
        {"engine": '{plugin = "mine"}'}, "Mine.prepare", "raise RuntimeError('no device')",
    ),
    "engine, by exiting": (
        "Engine", "engines",
        "def available(self):\n    return None\ndef prepare(self, dynamics):\n    sys.exit(0)\n",
        {"engine": '{plugin = "mine"}'}, "Mine.prepare", "sys.exit(0)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MISBEHAVING)
def test_what_a_plugin_raises_in_a_run_is_one_line_that_names_it(tmp_path, capsys, what):
    interface, plural, members, keys, method, at = MISBEHAVING[what]
    file = plugin(tmp_path, interface, plural, members)
    words = ["run", str(config(tmp_path, **keys)), "--plugin", str(file), "--out", str(tmp_path / "out"), "--quiet"]
    assert run(words) == 2
    out, err = capsys.readouterr()
    line = next(line for line in err.splitlines() if line.startswith("thermozoo: "))
    assert "Traceback" not in out + err
    assert method in line
    assert f"{file}, line {line_of(file, at)}" in line
    assert not (tmp_path / "out").exists()


def test_an_interruption_is_no_fault_of_a_plugin(tmp_path, capsys):
    members = "def available(self):\n    return None\ndef prepare(self, dynamics):\n    raise KeyboardInterrupt\n"
    file = plugin(tmp_path, "Engine", "engines", members)
    words = ["run", str(config(tmp_path, engine='{plugin = "mine"}')), "--plugin", str(file), "--quiet"]
    assert run([*words, "--out", str(tmp_path / "out")]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_errors_of_our_own_are_called_internal(monkeypatch, tmp_path, capsys):
    def broken(*given, **named):
        raise RuntimeError("ours")

    monkeypatch.setattr("thermozoo.runs.experiment.run_experiment", broken)
    assert run(["run", str(config(tmp_path)), "--out", str(tmp_path / "out")]) == 70
    assert "internal error: RuntimeError: ours" in capsys.readouterr().err


def test_what_a_file_sets_while_it_is_loaded_is_put_back(tmp_path, capsys):
    """With numpy.seterr(all="raise"), a number that is rounded to zero in our own code would end a run."""
    file = plugin(tmp_path, "Connectivity", "connectivities", "def edges(self, layout):\n    return None\n")
    setting = "import locale, os\nimport numpy\nnumpy.seterr(all='raise')\nos.chdir('/')\n"
    setting += "locale.setlocale(locale.LC_CTYPE, 'C' if locale.setlocale(locale.LC_CTYPE) != 'C' else 'C.UTF-8')\n"
    file.write_text(setting + file.read_text())
    before = np.geterr(), os.getcwd(), locale.setlocale(locale.LC_ALL)
    assert run(["plugins", "--plugin", str(file)]) == 0
    assert "mine" in capsys.readouterr().out
    assert (np.geterr(), os.getcwd(), locale.setlocale(locale.LC_ALL)) == before


#: What leaves a file behind when it is imported.
MARKING = "from pathlib import Path\nPath({mark!r}).touch()\n"


def test_no_file_is_run_that_nobody_asked_for(tmp_path, capsys, monkeypatch):
    """Not one in the working folder, beside the config, in a folder called plugins, or named in a config."""
    mark = tmp_path / "ran"
    names = ("mine", "sitecustomize", "conftest", "thermozoo_plugins_mine", "double-well", "plugins/mine")
    (tmp_path / "plugins").mkdir()
    for name in names:
        (tmp_path / f"{name}.py").write_text(MARKING.format(mark=str(mark)))
    monkeypatch.chdir(tmp_path)
    assert run(["plugins"]) == 0
    assert run(["check", str(config(tmp_path))]) == 0
    for given in ("mine", "mine.py", "plugins/mine.py", str(tmp_path / "mine.py"), "plugins.mine", "mine:Mine"):
        assert run(["check", str(config(tmp_path, connectivity=given))]) == 2
    for key in ("plugin", "plugins", "plugin_files"):
        for value in ('"mine.py"', '["mine.py"]'):
            assert run(["check", str(config(tmp_path, top=f"{key} = {value}"))]) == 2
    assert not mark.exists()
    capsys.readouterr()
    assert run(["plugins", "--plugin", "mine.py"]) == 2  # and asked for, it is run
    assert mark.exists()


def run_folder(place, mark, name="mine"):
    """A folder as a run leaves it, whose plugin file is that of its manifest."""
    import hashlib
    import json

    (place / "plugins").mkdir(parents=True)
    copy = place / "plugins" / "mine.py"
    copy.write_text(MARKING.format(mark=str(mark)))
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    entry = {"kind": "connectivity", "name": name, "copy": "plugins/mine.py", "sha256": digest}
    (place / "manifest.json").write_text(json.dumps({"plugins": [entry]}))
    (place / "report.json").write_text('{"task": "mine"}')
    (place / "computer.nc").write_bytes(b"")
    return config(place, connectivity=name)


def test_the_plugin_files_of_a_run_folder_are_not_run_unasked(tmp_path, capsys):
    """Though the manifest, which whoever made the folder wrote, has their digests."""
    mark, folder = tmp_path / "ran", tmp_path / "it's a run"
    file = run_folder(folder, mark)
    for words in (["check", str(file)], ["estimate", str(file)], ["run", str(file), "--out", str(tmp_path / "out")]):
        assert run(words) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert "plugins/mine.py (connectivity 'mine'): it is a program, which is not run unasked" in line
        assert "--plugin '" in line
    assert run(["report", str(folder)]) == 2
    with pytest.raises(PluginLoadError, match="not run unasked"):
        tz.load(folder)
    with pytest.raises(PluginLoadError, match="not run unasked"):
        tz.run(file, out=tmp_path / "out")
    assert not mark.exists()
    assert not (tmp_path / "out").exists()
