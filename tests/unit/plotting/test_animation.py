"""Noise that turns into images, as a moving picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from thermozoo.errors import ShapeError
from thermozoo.plotting.animation import LIMIT, generation_gif

GROUPS = {"hidden": slice(0, 5), "visible": slice(5, 11)}


def states(times=7, samples=2, n=11):
    return np.random.default_rng(3).normal(size=(times, samples, n))


def frames(content):
    """Every frame as gray levels or colors, (T, height, width, 3)."""
    with Image.open(io.BytesIO(content)) as picture:
        found = []
        for k in range(picture.n_frames):
            picture.seek(k)
            found.append(np.asarray(picture.convert("RGB")))
    return np.array(found).astype(int)


def test_every_state_is_seen_where_it_belongs():
    """Pixels are read back from the file: gray levels rise with states, on one scale for all times of a group."""
    x = states()
    drawn = frames(generation_gif(x, GROUPS, "visible", (2, 3)))
    assert len(drawn) == 7
    scale, gap = 112 // 3, 8
    height = 2 * scale
    for sample in range(2):
        top = gap + sample * (height + gap)
        image = drawn[:, top + scale // 2 : top + height : scale, gap + scale // 2 : gap + 3 * scale : scale, 0]
        hidden_left, size = gap + 3 * scale + gap, height // 3  # five units: two rows of three
        hidden = drawn[:, top + size // 2 : top + 2 * size : size, hidden_left + size // 2 :: size, 0][:, :, :3]
        for gray, values in ((image.reshape(7, 6), x[:, sample, 5:]), (hidden.reshape(7, 6)[:, :5], x[:, sample, :5])):
            order = np.argsort(values, axis=None)
            assert (np.diff(gray.ravel()[order]) >= 0).all()
            assert len(np.unique(gray)) > 20
            assert np.ptp(gray) > 200
    assert (hidden.reshape(7, 6)[:, 5] == 255).all()  # no sixth unit


def test_a_bar_grows_with_time():
    drawn = frames(generation_gif(states(), GROUPS, "visible", (2, 3)))
    lengths = (drawn[:, -12] == (0, 99, 156)).all(axis=2).sum(axis=1)
    width = drawn.shape[2] - 16
    assert lengths == pytest.approx(width * np.arange(7) / 6, abs=1)


def test_the_last_frame_stays_and_all_begins_again():
    with Image.open(io.BytesIO(generation_gif(states(), GROUPS, "visible", (2, 3)))) as picture:
        durations = []
        for k in range(picture.n_frames):
            picture.seek(k)
            durations.append(picture.info["duration"])
        assert picture.info["loop"] == 0
    assert durations[-1] == 2000
    assert set(durations[:-1]) == {80}


def test_the_same_states_give_the_same_bytes():
    assert generation_gif(states(), GROUPS, "visible", (2, 3)) == generation_gif(states(), GROUPS, "visible", (2, 3))


def test_a_file_that_would_be_too_large_has_fewer_levels_and_then_fewer_frames():
    """The last state is always there."""
    x = states(times=20)
    whole = generation_gif(x, GROUPS, "visible", (2, 3))
    coarse = generation_gif(x, GROUPS, "visible", (2, 3), limit=len(whole) - 1)
    assert len(coarse) < len(whole)
    assert len(frames(coarse)) == 20
    assert len(np.unique(frames(coarse)[..., 0])) < len(np.unique(frames(whole)[..., 0]))
    few = generation_gif(x, GROUPS, "visible", (2, 3), limit=len(whole) // 4)
    assert len(few) <= len(whole) // 4
    assert 1 < len(frames(few)) < 20
    last = frames(few)[-1].astype(int), frames(whole)[-1].astype(int)
    assert np.abs(last[0] - last[1]).max() <= 255 / 15 + 1  # 16 levels at least
    with pytest.raises(ShapeError, match="do not fit into 100 bytes"):
        generation_gif(x, GROUPS, "visible", (2, 3), limit=100)


def test_three_samples_of_nine_hundred_hidden_units_fit():
    """Noise to the last, which no file format makes smaller."""
    content = generation_gif(
        states(51, 3, 1684), {"visible": slice(0, 784), "hidden": slice(784, 1684)}, "visible", (28, 28)
    )
    assert content[:6] == b"GIF89a"
    assert len(content) <= LIMIT == 2_000_000


def test_an_image_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match="6 units but its image is 2 x 2"):
        generation_gif(states(), GROUPS, "visible", (2, 2))
    with pytest.raises(ShapeError, match="not finite"):
        generation_gif(states() * np.nan, GROUPS, "visible", (2, 3))
