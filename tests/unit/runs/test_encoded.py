"""What the build makes of encodings: sizes, signals, protocols, weights; and every fault that only images show."""

from __future__ import annotations

import tomllib

import attrs
import numpy as np
import pytest
import tomli_w

from thermozoo import Dataset
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.read import given_by, override
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import Catalogue, catalogue
from thermozoo.registry.discovery import Record, Source
from thermozoo.runs.assemble import assemble_machine
from thermozoo.training.noising_process import NoisingProcess

#: Four classes, one image each: a tree of 2 + 4 nodes.
TREE = """
seed = 1
[computer]
trainable_biases = ["visible", "hidden"]
[computer.units]
visible = 784
hidden = "auto"
label = {size = "auto", clamped = true}
[dynamics]
duration = 0.05
[data]
classes = [3, 0, 8, 5]
[encoding.hidden]
plugin = "tree"
copies = 2
fade_step = 0.25
[encoding.label]
plugin = "one-hot"
[noising]
protocol = "hold-ramp"
amplitude = 3.0
fade = 0.5
width = 0.5
[noising.hidden]
amplitude = 2.0
[training.weights]
hidden = 0.1
"""

PLAIN = "seed = 1\n[computer.units]\nvisible = 784\nhidden = 5\n[dynamics]\nduration = 0.05\n"


@attrs.frozen
class Unlabeled(Dataset):
    """Three images that nobody has labeled."""

    name = "unlabeled"

    def load(self):
        return np.random.default_rng(1).random((3, 28, 28)), np.zeros(3, dtype=int)


def plugins():
    source = Source("tests", "", "tests", "tests", load=dict)
    return Catalogue((*catalogue().records, Record("unlabeled", "dataset", source, plugin=Unlabeled)))


def machine(text, *assignments):
    tables = tomllib.loads(text)
    origin = Origin("x.toml", given_by(tables, assignments))
    return assemble_machine(parse(override(tables, assignments), plugins(), origin))


def faults(text, *assignments):
    with pytest.raises(ConfigError) as caught:
        machine(text, *assignments)
    return list(caught.value.faults)


def test_groups_are_as_large_as_their_encodings_need():
    made = machine(TREE)
    assert made.config.sizes == {"visible": 784, "hidden": 2 * (2 + 4), "label": 4}
    assert made.computer.n == 784 + 12 + 4
    assert made.config.auto == ()
    again = assemble_machine(parse(tomllib.loads(tomli_w.dumps(made.config.resolved)), plugins(), Origin("again")))
    assert again.config.sizes == made.config.sizes
    np.testing.assert_array_equal(again.noising.signals, made.noising.signals)


def test_every_group_has_its_signals_and_protocols():
    made = machine(TREE)
    signals, of = made.noising.signals, made.noising.protocol_of
    np.testing.assert_array_equal(signals[:, :784], made.prototypes.images)
    assert set(np.unique(signals[:, 784:796])) == {-3.0, 3.0}
    assert ((signals[:, 784:788] > 0).sum(axis=1) == 2).all()  # every image is in one of the first two nodes
    # clamped units hold the label: classes in the order of their numbers, images in that of the config
    np.testing.assert_array_equal(signals[:, 796:], np.eye(4)[[1, 0, 3, 2]])
    felt = [made.noising.protocols[p].protocol for p in of]
    assert {(one.amplitude, one.fade, one.width) for one in felt[:784]} == {(3.0, 0.5, 0.5)}
    assert {(one.amplitude, one.fade, one.width) for one in felt[784:788]} == {(2.0, 0.95, 0.25)}
    assert {(one.amplitude, one.fade, one.width) for one in felt[788:796]} == {(2.0, 0.7, 0.25)}


def test_a_protocol_has_values_for_units_where_the_config_lists_them():
    """A step feels them unit by unit, and the resolved config keeps them."""
    made = machine(PLAIN, 'noising.hidden={protocol = "constant", amplitude = [1.0, 2.0, 2.0, 0.5, 1.0]}')
    again = assemble_machine(parse(tomllib.loads(tomli_w.dumps(made.config.resolved)), plugins(), Origin("again")))
    for one in (made, again):
        drive = NoisingProcess(one.noising, ReferenceEngine()).drive(np.zeros(1, dtype=int))
        assert drive.on_units(3)[784:].tolist() == [1.0, 2.0, 2.0, 0.5, 1.0]
    steep = ("dynamics.dt=0.05", "noising.hidden.amplitude=[1e9, 2.0, 2.0, 0.5, 1.0]")
    (fault,) = faults(PLAIN + '[noising.hidden]\nprotocol = "constant"\n', *steep)
    assert "the imposed force a(t) s is up to" in fault


def test_weights_of_groups_are_those_of_their_units():
    assert machine(PLAIN).loss.weights is None
    made = machine(TREE)
    free = made.computer.layout.free  # what clamped units weigh is no matter
    np.testing.assert_array_equal(made.loss.weights[free], [1.0] * 784 + [0.1] * 12)


def test_images_that_an_encoding_leaves_out_are_not_shown():
    made = machine(TREE, "data.classes=[3]", "data.per_class=6", "encoding.hidden.leaves=2", "encoding.hidden.copies=1")
    assert len(made.noising.signals) == len(made.prototypes.images) == len(made.prototypes.labels) == 2


@pytest.mark.parametrize("hidden", ["projection", "crop"])
def test_former_keys_make_the_same_signals(hidden):
    seed = "projection_seed = 7\n" if hidden == "projection" else ""
    former = machine(PLAIN + f"[noising]\nhidden = '{hidden}'\n{seed}")
    today = machine(PLAIN + f"[encoding]\nseed = 7\n[encoding.hidden]\nplugin = '{hidden}'\n")
    np.testing.assert_array_equal(former.noising.signals, today.noising.signals)
    assert len(former.noising.protocols) == 1
    if hidden == "crop":
        middle = former.prototypes.images[:, 389:394]  # (784 - 5) // 2 pixels lie before
        np.testing.assert_array_equal(former.noising.signals[:, 784:], middle)


WRONG = [
    (TREE, "computer.units.hidden=10", "computer.units.hidden", "'tree' needs 12 units for these 4 images, but it has"),
    (TREE, "computer.units.label=9", "computer.units.label", "'one-hot' needs 4 units"),
    (TREE, "data.classes=[3]", "data.classes", "it needs two or more, got 1"),
    (TREE, "data.plugin=unlabeled", "data.plugin", "needs the label of each image, and there are none"),
    (TREE, "encoding.hidden.fade_step=0.8", "encoding.hidden.fade_step", "would fade at 0.15 of the duration, earlier"),
    (TREE, "encoding.hidden.copies=[1, 2, 3]", "encoding.hidden.copies", "the tree of these images has 2 levels"),
    (TREE, "noising.hidden.protocol=linear-fade", "noising.hidden.protocol", "has no such parameter"),
    (TREE, "noising.hidden.fade=0.9", "noising.hidden.fade", "'tree' gives each unit a fade of its own"),
    (TREE, "noising.hidden.amplitude=[1.0, 2.0]", "noising.hidden.amplitude", "expected a number or 12 values"),
    (TREE, "computer.potential.hidden.J2=[1.0]", "computer.potential.hidden.J2", "expected a number or 12 values"),
    (TREE, "encoding.hidden=[{plugin='tree'}, {plugin='table', path='no.csv'}]", "encoding.hidden", "no.csv"),
    (PLAIN, "encoding.hidden=[{plugin='one-hot'}, {plugin='one-hot'}]", "encoding.hidden", "need 6"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "assignment", "path", "said"), WRONG, ids=[case[1] for case in WRONG])
def test_one_fault(text, assignment, path, said):
    extra = ["data.classes=[0]", "data.per_class=3"] if "unlabeled" in assignment else []
    found = faults(text, assignment, *extra)
    line = found[-1]
    assert len(found) == 1, found
    assert line.startswith(f"--set: {path}"), line
    assert said in line


def test_all_of_them_at_once_with_those_of_keys():
    wrong = ["computer.units.label=9", "computer.units.hidden=10", "training.tolerance=1e-6", "training.method=moments"]
    assert len(faults(TREE, *wrong)) == 3
