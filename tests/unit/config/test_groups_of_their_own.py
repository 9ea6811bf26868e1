"""Keys that every group may have for itself: encodings, protocols, weights, sizes; and conditions."""

from __future__ import annotations

import tomllib

import pytest
import tomli_w

from thermozoo.config.load import check_config
from thermozoo.config.read import given_by, override
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue

TREE = """
seed = 1
[computer.units]
visible = 784
hidden = "auto"
label = {size = "auto", clamped = true}
[encoding.hidden]
plugin = "tree"
copies = 12
[encoding.label]
plugin = "one-hot"
role = "clamped"
[noising]
protocol = "hold-ramp"
amplitude = 3.0
fade = 0.5
width = 0.5
[noising.hidden]
amplitude = 2.0
[training.weights]
hidden = 0.1
[generation]
condition = [1, 2]
"""

PLAIN = "seed = 1\n[computer.units]\nvisible = 784\nhidden = 3\n"


def config(text, *assignments):
    tables = tomllib.loads(text)
    return check_config(override(tables, assignments), catalogue(), "x.toml", given_by(tables, assignments))


def faults(text, *assignments):
    with pytest.raises(ConfigError) as caught:
        config(text, *assignments)
    return list(caught.value.faults)


def read_again(one):
    return check_config(tomllib.loads(tomli_w.dumps(one.resolved)), catalogue(), "resolved.toml")


def names(one):
    return {group: [e.name for e in encodings] for group, encodings in one.encodings.items()}


def test_every_group_has_its_own():
    found = config(TREE)
    assert names(found) == {"visible": ["image"], "hidden": ["tree"], "label": ["one-hot"]}
    assert found.encodings["hidden"][0].copies == 12
    assert {g: (p.name, p.amplitude, p.fade, p.width) for g, p in found.protocols.items()} == {
        "visible": ("hold-ramp", 3.0, 0.5, 0.5),
        "hidden": ("hold-ramp", 2.0, 0.5, 0.5),
    }
    assert found.protocol == found.protocols["visible"]
    assert found.weights == {"hidden": 0.1}
    assert found.condition == (1, 2)
    assert (found.auto, found.clamped) == (("hidden", "label"), ("label",))
    assert read_again(found).resolved == found.resolved
    assert found.resolved["computer"]["units"]["hidden"] == {"size": "auto", "clamped": False}


def test_sizes_that_are_known_replace_those_that_wait():
    found = config(TREE).with_sizes({"hidden": 288, "label": 10})
    assert found.sizes == {"visible": 784, "hidden": 288, "label": 10}
    assert found.auto == ()
    assert read_again(found).sizes == found.sizes


def test_a_group_that_names_a_protocol_takes_nothing_from_the_common_one():
    found = config(TREE, "noising.hidden.protocol=linear-fade")
    assert (found.protocols["hidden"].name, found.protocols["hidden"].fade) == ("linear-fade", 0.75)
    assert read_again(found).protocols == found.protocols


def test_encodings_side_by_side():
    text = PLAIN + "".join(f"[[encoding.hidden]]\nplugin = '{name}'\n" for name in ("one-hot", "code"))
    found = config(text)
    assert names(found)["hidden"] == ["one-hot", "code"]
    assert read_again(found).encodings == found.encodings
    (line,) = faults(text.replace("'code'", "'code'\nscale = 0"))
    assert line.startswith("x.toml: encoding.hidden[1].scale: code.scale must lie in (0, inf), got 0")


@pytest.mark.parametrize(("hidden", "encoding"), [("projection", "projection"), ("crop", "crop")])
def test_former_keys_mean_what_they_meant(hidden, encoding):
    found = config(PLAIN + f"[noising]\nhidden = '{hidden}'\n" + "projection_seed = 7\n" * (hidden == "projection"))
    assert names(found) == {"visible": ["image"], "hidden": [encoding]}
    assert found.encoding.seed == (7 if hidden == "projection" else 42)
    # written out, they are the keys of today
    assert found.resolved["noising"] == {"protocol": "linear-fade", "amplitude": 2.0, "fade": 0.75}
    today = config(PLAIN + f"[encoding]\nseed = {found.encoding.seed}\n[encoding.hidden]\nplugin = '{encoding}'\n")
    assert today.resolved == found.resolved


def test_the_condition_each_is_every_class_that_is_learned():
    assert config(TREE, "generation.condition=each", "data.classes=[4, 0]").condition == (4, 0)
    assert config(PLAIN).condition == ()


def test_each_class_is_asked_for_where_clamped_units_hold_it_and_nothing_is_said():
    text = TREE.replace("condition = [1, 2]", "samples = 3")
    assert config(text, "data.classes=[4, 0]").condition == (4, 0)
    unlabeled = text.replace('[encoding.label]\nplugin = "one-hot"\nrole = "clamped"\n', "").replace(
        '"auto", cl', "4, cl"
    )
    assert config(unlabeled, "data.classes=[4, 0]").condition == ()


WRONG = [
    # encodings
    ("encoding.hiden={plugin='tree'}", "encoding.hiden", "no group is called 'hiden'; did you mean 'hidden'"),
    ("encoding.sed=3", "encoding.sed", "unknown key; did you mean 'seed'?; keys: seed, visible, hidden, label"),
    ("encoding.seed=-1", "encoding.seed", "expected a value of at least 0"),
    ("encoding=3", "encoding", "expected a table, got 3 (integer)"),
    ("encoding.hidden=3", "encoding.hidden", "expected a table that names an encoding plugin, got 3 (integer)"),
    ("encoding.hidden=[]", "encoding.hidden", "expected a table that names an encoding plugin, or a list of such"),
    ("encoding.hidden={copies=3}", "encoding.hidden", "expected a table that names an encoding plugin, got {copies"),
    ("encoding.hidden.plugin=tre", "encoding.hidden.plugin", "no encoding is called 'tre'; did you mean 'tree'"),
    ("encoding.hidden.copis=3", "encoding.hidden.copis", "did you mean 'copies'"),
    ("encoding.hidden.copies=0", "encoding.hidden.copies", "a whole number of 1 or more"),
    ("encoding.hidden.fade_step=-0.1", "encoding.hidden.fade_step", "must lie in [0, 1], got -0.1"),
    ("encoding.hidden.role=held", "encoding.hidden.role", "expected one of imposed, clamped, got \"held\""),
    ("encoding.hidden.role=clamped", "encoding.hidden.role", "group 'hidden' are free, so its encoding is imposed"),
    ("encoding.label.role=imposed", "encoding.label.role", "group 'label' are clamped, so its encoding is clamped"),
    (
        "encoding.visible=[{plugin='image'}, {plugin='ink'}]",
        "encoding.visible",
        "group 'visible' shows the image, in one encoding: got 2",
    ),
    (
        "encoding.hidden=[{plugin='code'}, {plugin='crop'}]",  # what was set is to blame
        "encoding.hidden",
        "the encoding 'code' takes any number of units; give a number",
    ),
    ("encoding.hidden={plugin='projection'}", "encoding.hidden", "'projection' takes any number of units"),
    # protocols
    ("noising.hiden={fade=0.5}", "noising.hiden", "no group is called 'hiden'; did you mean 'hidden'"),
    ("noising.label={fade=0.5}", "noising.label", "group 'label' is clamped, nothing is imposed on it"),
    ("noising.hidden.fad=0.5", "noising.hidden.fad", "unknown key; did you mean 'fade'"),
    ("noising.hidden.fade=1.5", "noising.hidden.fade", "must lie in (0, 1], got 1.5"),
    ("noising.hidden.fade=[0.5, 1.5]", "noising.hidden.fade", "must lie in (0, 1], got 1.5"),
    ("noising.hidden.protocol=3", "noising.hidden.protocol", "expected the name of a protocol, got 3"),
    ("noising.amplitud=3", "noising.amplitud", "unknown key; did you mean 'amplitude'?; keys of [noising] with"),
    ("noising.amplitude=[1.0, 2.0]", "noising.amplitude", "expected a number or 784 values, one a unit, got 2"),
    ("noising.visible=3", "noising.visible", "expected a table, got 3 (integer)"),
    # weights
    ("training.weights.hiden=1", "training.weights.hiden", "no group is called 'hiden'; did you mean 'hidden'"),
    ("training.weights.label=1", "training.weights.label", "group 'label' is clamped"),
    ("training.weights.hidden=-1", "training.weights.hidden", "expected a value above 0, got -1"),
    ("training.weights.hidden=0", "training.weights.hidden", "expected a value above 0, got 0"),
    ("training.weights.hidden=much", "training.weights.hidden", "expected a number, got \"much\""),
    ("training.weights=3", "training.weights", "expected a table, got 3 (integer)"),
    # conditions
    ("generation.condition=[7, 1]", "generation.condition[0]", "expected one of 0, 1, 2 or 'each', got 7 (integer)"),
    ("generation.condition=[]", "generation.condition", "expected one of 0, 1, 2 or 'each' in the list, got an empty"),
    ("generation.condition=all", "generation.condition", "expected 'each' or a list of integers, got \"all\""),
    ("generation.condition=[1.5]", "generation.condition", "expected 'each' or a list of integers, got [1.5]"),
    # sizes
    ("computer.units.hidden=-3", "computer.units.hidden", "expected a value of at least 1"),
    ("computer.units.hidden=large", "computer.units.hidden", "expected an integer, or \"auto\" for what its encodings "
     "need, got \"large\""),
    ("computer.units.seed=3", "computer.units.seed", "no group can be called 'seed', which is a key of [encoding]"),
]  # fmt: skip


@pytest.mark.parametrize(("assignment", "path", "said"), WRONG, ids=[case[0] for case in WRONG])
def test_one_fault(assignment, path, said):
    (line,) = faults(TREE, assignment)
    assert line.startswith(f"--set: {path}: "), line
    assert said in line


def test_a_condition_needs_units_that_hold_a_class():
    (line,) = faults(PLAIN + "[generation]\ncondition = 'each'\n")
    assert line.startswith("x.toml: generation.condition: no units hold a class: clamp a group and give it an encoding")


def test_what_holds_no_encoding_has_no_size():
    (line,) = faults(PLAIN + "label = {size = 'auto', clamped = true}\n")
    assert line == (
        "x.toml: computer.units.label: group 'label' cannot be as large as its encoding needs: it has no encoding; "
        "give a number"
    )


def test_two_that_take_any_number_of_units_do_not_say_how_they_share():
    (line,) = faults(PLAIN + "[[encoding.hidden]]\nplugin = 'code'\n[[encoding.hidden]]\nplugin = 'wrap'\n")
    assert line.startswith("x.toml: encoding.hidden: code and wrap take any number of units each")


def test_former_keys_beside_those_of_today():
    text = PLAIN + "[noising]\nprojection_seed = 3\n[encoding]\nseed = 4\n"
    (line,) = faults(text)
    assert line.startswith("x.toml: noising.projection_seed: is the former name of encoding.seed, which is given as we")
    (line,) = faults(PLAIN + "[noising]\nhidden = 'crop'\n[encoding.hidden]\nplugin = 'code'\n")
    assert line.startswith("x.toml: noising.hidden: nothing uses noising.hidden: every group has an encoding of its")
    # it seeds whatever draws
    assert config(PLAIN + "[noising]\nprojection_seed = 3\n[encoding.hidden]\nplugin = 'code'\n").encoding.seed == 3


def test_a_common_protocol_that_no_group_takes():
    own = "".join(f"[noising.{group}]\nprotocol = 'constant'\n" for group in ("visible", "hidden"))
    (line,) = faults(PLAIN + "[noising]\nfade = 0.5\n" + own)
    assert line.startswith("x.toml: noising.fade: nothing uses noising.fade: every group has a protocol of its own")


def test_all_faults_at_once():
    chosen = [
        "encoding.hidden.copies=0", "encoding.label.role=imposed", "noising.hidden.fade=2.0", "noising.fade=3.0",
        "training.weights.hidden=-1", "training.weights.nobody=1", "generation.condition=[7]", "data.clases=[1]",
    ]  # fmt: skip
    found = faults(TREE, *chosen)
    assert len(found) == len(chosen), "\n".join(found)
