"""Signals from encodings: their places, their protocols, and every fault at once."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from scipy import stats
from thermozoo_plugins.encodings import ClassCode, Code, Crop, Image, OneHot, Projection, Tree
from thermozoo_plugins.protocols import Constant, HoldRamp, LinearFade

from thermozoo import Encoding
from thermozoo.computer.layout import Layout
from thermozoo.dynamics.counter_random import CounterRandom
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.errors import EncodingError
from thermozoo.training.signals import encode_groups

LAYOUT = Layout({"visible": 6, "hidden": 4, "more": 3, "label": 2}, clamped=["label"])
FADE = LinearFade()
FREE = {"visible": FADE, "hidden": FADE, "more": FADE}
LABELS = np.array([7, 3, 7, 3])


def standardized(images):
    return (images - images.mean(axis=1, keepdims=True)) / images.std(axis=1, keepdims=True)


IMAGES = standardized(np.random.default_rng(0).standard_normal((4, 6)))


@attrs.frozen
class Levels(Encoding):
    """It gives its units fades, one after the other, and shows them their number."""

    name = "levels"
    fades: tuple = ()
    also: tuple = ()
    keeps: tuple = (0, 1, 2, 3)

    def units(self, images, labels):
        return len(self.fades)

    def keep(self, images, labels):
        return np.array(self.keeps)

    def encode(self, images, labels, size, random):
        return np.tile(np.arange(size, dtype=float), (len(images), 1))

    def protocol_values(self, images, labels, size):
        return {"fade": np.array(self.fades), **dict(self.also)}


@attrs.frozen
class Careless(Encoding):
    """What it returns is of the wrong shape, or no number."""

    name = "careless"
    value: float = 0.0
    more: int = 0

    def encode(self, images, labels, size, random):
        return np.full((len(images), size + self.more), self.value)


def faults_of(encodings, layout=LAYOUT, images=IMAGES, labels=LABELS, protocols=FREE):
    with pytest.raises(EncodingError) as caught:
        encode_groups(layout, encodings, images, labels, 42, protocols)
    assert str(caught.value) == "\n".join(message for _, _, message in caught.value.faults)
    return list(caught.value.faults)


@pytest.mark.parametrize("shown", [(), (Image(),)])
def test_a_projection_is_the_one_of_always_bit_for_bit(shown):
    found = encode_groups(LAYOUT, {"visible": shown, "hidden": (Projection(),)}, IMAGES, LABELS, 42, FREE)
    matrix = normals(NoiseKey(42).named("projection"), 1, np.arange(4), 6) / np.sqrt(6)
    assert np.array_equal(found.signals[:, :6], IMAGES)
    assert np.array_equal(found.signals[:, 6:10], IMAGES @ matrix.T)
    assert not found.signals[:, 10:].any()  # groups without an encoding are shown nothing
    assert np.array_equal(found.kept, np.arange(4))
    (one,) = found.protocols  # so that one intensity drives all, as ever
    assert one.protocol == FADE
    assert np.array_equal(one.units, np.arange(13))
    other = encode_groups(LAYOUT, {"hidden": (Projection(),)}, IMAGES, LABELS, 43, FREE)
    assert not np.any(found.signals[:, 6:10] == other.signals[:, 6:10])


def test_the_projection_has_entries_of_variance_one_over_pixels():
    """A unit image projects to unit variance; false-alarm rate 1e-6."""
    layout = Layout({"visible": 100, "hidden": 2000})
    image = standardized(np.random.default_rng(1).standard_normal((1, 100)))
    protocols = {"visible": FADE, "hidden": FADE}
    found = encode_groups(layout, {"hidden": (Projection(),)}, image, None, 7, protocols)
    assert stats.kstest(found.signals[0, 100:], stats.norm.cdf).pvalue > 1e-6


def test_a_crop_is_the_middle_of_the_image():
    found = encode_groups(LAYOUT, {"hidden": (Crop(),)}, IMAGES, None, 42, FREE)
    assert np.array_equal(found.signals[:, 6:10], IMAGES[:, 1:5])


def test_several_encodings_stand_side_by_side_and_clamped_groups_hold_theirs():
    """One takes what the others leave; each group has random numbers of its own, each encoding of a group others."""
    encodings = {"hidden": (OneHot(), Code()), "more": (Code(),), "label": (OneHot(off=-1.0),)}
    found = encode_groups(LAYOUT, encodings, IMAGES, LABELS, 5, FREE)
    hot = np.array([[0, 1], [1, 0], [0, 1], [1, 0]])
    assert np.array_equal(found.signals[:, 6:8], hot)
    assert np.array_equal(found.signals[:, 13:], 2 * hot - 1)
    for group, where in ((1, slice(8, 10)), (2, slice(10, 13))):
        drawn = CounterRandom(NoiseKey(5).named("projection"), group).signs(4, where.stop - where.start)
        assert np.array_equal(np.sign(found.signals[:, where]), drawn)
    (one,) = found.protocols
    assert np.array_equal(one.units, np.arange(13))  # nothing is imposed on clamped units


def test_protocols_are_those_of_groups_with_the_values_of_units_together_where_they_are_equal():
    protocols = {"visible": LinearFade(fade=0.5), "hidden": LinearFade(amplitude=3.0), "more": LinearFade(fade=0.5)}
    found = encode_groups(LAYOUT, {"hidden": (Levels((0.9, 0.75, 0.9, 0.4)),)}, IMAGES, LABELS, 1, protocols)
    assert [(one.protocol, one.units.tolist()) for one in found.protocols] == [
        (LinearFade(fade=0.5), [0, 1, 2, 3, 4, 5, 10, 11, 12]),
        (LinearFade(amplitude=3.0, fade=0.9), [6, 8]),
        (LinearFade(amplitude=3.0, fade=0.75), [7]),
        (LinearFade(amplitude=3.0, fade=0.4), [9]),
    ]


def test_a_protocol_may_have_a_value_for_each_unit_beside_what_an_encoding_says():
    """Units with equal values are together; an encoding's fade replaces the protocol's, unit by unit."""
    own = LinearFade(amplitude=np.array([1.0, 2.0, 1.0, 1.0, 2.0, 3.0]), fade=0.5)
    both = LinearFade(amplitude=np.array([1.0, 1.0, 2.0, 2.0]), fade=np.array([0.1, 0.2, 0.3, 0.4]))
    encodings = {"hidden": (Levels((0.9, 0.9, 0.9)), Code())}
    found = encode_groups(LAYOUT, encodings, IMAGES, LABELS, 1, {**FREE, "visible": own, "hidden": both})
    assert [(one.protocol, one.units.tolist()) for one in found.protocols] == [
        (LinearFade(amplitude=1.0, fade=0.5), [0, 2, 3]),
        (LinearFade(amplitude=2.0, fade=0.5), [1, 4]),
        (LinearFade(amplitude=3.0, fade=0.5), [5]),
        (LinearFade(amplitude=1.0, fade=0.9), [6, 7]),
        (LinearFade(amplitude=2.0, fade=0.9), [8]),
        (LinearFade(amplitude=2.0, fade=0.4), [9]),
        (FADE, [10, 11, 12]),
    ]
    few = {**FREE, "hidden": LinearFade(fade=np.array([0.5, 0.6, 0.7]))}
    ((group, _, message),) = faults_of({}, protocols=few)
    assert group == "hidden"
    assert "3 values of fade, expected one for all, or one for each of 4 units" in message


def test_a_tree_gives_each_level_its_own_ramp_beside_an_encoding_without_levels():
    layout = Layout({"visible": 6, "hidden": 8})
    protocols = {"visible": LinearFade(fade=0.5), "hidden": HoldRamp(amplitude=3.0)}
    found = encode_groups(layout, {"hidden": (Tree(copies=1), Code())}, IMAGES, None, 1, protocols)
    assert [(one.protocol, one.units.tolist()) for one in found.protocols] == [
        (LinearFade(fade=0.5), [0, 1, 2, 3, 4, 5]),
        # the code keeps the protocol of the group, which is that of the first level
        (HoldRamp(amplitude=3.0), [6, 7, 12, 13]),
        (HoldRamp(amplitude=3.0, fade=0.83), [8, 9, 10, 11]),
    ]


def test_images_that_all_encodings_keep_are_kept():
    encodings = {"hidden": (Levels((0.5,) * 4, keeps=(0, 2, 3)),), "more": (Levels((0.5,) * 3, keeps=(1, 2, 0)),)}
    found = encode_groups(LAYOUT, encodings, IMAGES, LABELS, 1, FREE)
    assert np.array_equal(found.kept, [0, 2])
    assert np.array_equal(found.signals[:, :6], IMAGES[[0, 2]])
    encodings["more"] = (Levels((0.5,) * 3, keeps=(1,)),)
    assert faults_of(encodings) == [("more", 0, "group 'more': the encoding 'levels' keeps no image that all keep")]


def test_an_empty_group_has_nothing_to_encode():
    layout = Layout({"visible": 6, "hidden": 0})
    protocols = {"visible": FADE, "hidden": Constant()}
    found = encode_groups(layout, {"hidden": (Projection(),)}, IMAGES, None, 1, protocols)
    assert [one.protocol for one in found.protocols] == [FADE]


def test_the_image_has_pixels_for_its_group_which_is_free():
    assert faults_of({}, images=IMAGES[:, :5]) == [
        (
            "visible",
            None,
            "group 'visible': the images have 5 pixels, but it has 6 units: set computer.units.visible = 5, or take "
            "other images",
        )
    ]
    clamped = Layout({"visible": 6, "hidden": 4}, clamped=["visible"])
    ((group, _, message),) = faults_of({}, layout=clamped, protocols={"hidden": FADE})
    assert group == "visible"
    assert message.startswith("group 'visible': it shows the image, and is clamped")


@pytest.mark.parametrize(
    ("encodings", "labels", "place", "said"),
    [
        ((OneHot(),), LABELS, None, "the encoding 'one-hot' needs 2 units for these 4 images, but it has 4: set "
         "computer.units.hidden = 2"),
        ((OneHot(), Levels((0.5,))), LABELS, None, "'one-hot' 2, 'levels' 1 need 3 units for these 4 images, but it "
         "has 4: set computer.units.hidden = 3"),
        ((Tree(copies=1),), LABELS, None, "the encoding 'tree' needs 6 units for these 4 images, but it has 4: set "
         "computer.units.hidden = 6"),
        ((Code(), OneHot(), Projection()), LABELS, None, "the encodings 'code' and 'projection' each take any number "
         "of units, so nothing says how many: one of them may stand in a group, give the others groups of their own"),
        ((OneHot(), OneHot(), Code()), LABELS, None, "its 4 units leave none to the encoding 'code', for 'one-hot' 2, "
         "'one-hot' 2 come first: set computer.units.hidden above 4"),
        ((Code(), OneHot()), None, 1, "the encoding 'one-hot': it needs the label of each image, and there are none: "
         "give labels, or take another encoding"),
        ((ClassCode(),), None, 0, "the encoding 'class-code': it needs the label of each image, and there are none: "
         "give labels, or take another encoding"),
        ((Tree(per_class=True),), None, 0, "the encoding 'tree': it needs the label of each image, and there are none: "
         "give labels, or take another encoding"),
        ((Levels((0.3, 0.5, 0.5, 0.5)),), LABELS, 0, "the encoding 'levels': its level 2 fades at 0.5 of the "
         "duration, after level 1 at 0.3: a child must fade before its parent, which generation decides first"),
        ((Levels((0.5,) * 4, also=(("slope", np.ones(4)),)),), LABELS, 0, "the encoding 'levels': it gives the "
         "protocol's slope a value for each unit, but protocol 'linear-fade' has no such parameter (it has amplitude, "
         "fade): take another protocol for the group"),
        ((Levels((0.5,) * 4, also=(("fade", np.ones(3)),)),), LABELS, 0, "the encoding 'levels': fade of the protocol "
         "must have shape (4,), got (3,)"),
        ((Careless(more=1),), LABELS, 0, "the encoding 'careless': signals must have shape (4, 4), got (4, 5)"),
        ((Careless(value=np.nan),), LABELS, 0, "the encoding 'careless': signals must be finite, got nan at (0, 0)"),
        ((Levels((0.5,) * 4, keeps=(0, 4)),), LABELS, 0, "the encoding 'levels': keep must be whole numbers from 0 to "
         "3, got 4"),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_group(encodings, labels, place, said):
    found = faults_of({"hidden": encodings}, labels=labels)
    assert found[0] == ("hidden", place, f"group 'hidden': {said}")
    assert {group for group, _, _ in found} == {"hidden"}


def test_a_value_of_a_unit_outside_the_bounds_of_the_parameter():
    ((group, place, message),) = faults_of({"hidden": (Levels((1.0, 0.5, 1.5, 0.4)),)})
    assert (group, place) == ("hidden", 0)
    assert message.startswith("group 'hidden': the encoding 'levels': ")
    assert "fade" in message
    assert "1.5" in message


def test_a_crop_of_more_than_the_image_is_refused_by_the_encoding():
    layout = Layout({"visible": 6, "hidden": 7})
    ((_, _, message),) = faults_of({"hidden": (Crop(),)}, layout=layout, protocols={"visible": FADE, "hidden": FADE})
    assert message.startswith("group 'hidden': the encoding 'crop' takes the middle 7 pixels")


def test_all_faults_are_said_at_once():
    encodings = {"hiden": (Code(),), "hidden": (OneHot(), OneHot()), "more": (Code(), Code()), "label": (ClassCode(),)}
    found = faults_of(encodings, images=IMAGES[:, :5], labels=None, protocols={"visible": FADE, "hidden": FADE})
    assert [(group, place) for group, place, _ in found] == [
        ("hiden", None),
        ("more", None),
        ("visible", None),
        ("hidden", 0),
        ("hidden", 1),
        ("more", None),
        ("label", 0),
    ]
    assert found[0][2] == ("group 'hiden': there is none; did you mean 'hidden'?; groups: visible, hidden, more, label")
    assert found[1][2] == "group 'more': its units are free, and no protocol is given for them"
