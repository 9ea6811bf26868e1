"""Noise that turns into images, as a moving picture: what is shown, and beside it the hidden units that decide."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermozoo.errors import ShapeError
from thermozoo.plotting.grid import state_limits
from thermozoo.plotting.style import finite_array, load_matplotlib

__all__ = ["LIMIT", "generation_gif"]

#: Bytes that the file may have.
LIMIT = 2_000_000

#: Duration of a frame and of the last one [ms]: the whole is seen in some five seconds.
_FRAME, _LAST = 80, 2000

#: Pixels of the longer side of the image, of the gaps and of the bar that shows the time.
_SIDE, _GAP, _BAR = 112, 8, 4

#: What is tried one after the other until the file is small enough: gray levels, then every so many frames.
_SMALLER = ((128, 1), (64, 1), (32, 1), (32, 2), (16, 2), (16, 4), (8, 8), (4, 16))

#: Colors beside the gray levels: of the page and of the bar, red, green and blue.
_PAPER, _BAR_COLOR = (255, 255, 255), (0, 99, 156)


def generation_gif(
    states: ArrayLike, groups: Mapping[str, slice], image: str, shape: tuple[int, int], *, limit: int = LIMIT
) -> bytes:
    """Return an animation of generations as a GIF file: a row a sample, the image first, then each other group.

    The units of a group that shows no image stand row by row in a rectangle as high as the image. Every group has a
    gray scale of its own, the same in all frames. A bar below grows with time. Where the file would be too large it has
    fewer gray levels, then fewer frames; the last state is always there.

    Parameters
    ----------
    states : (T, K, n) array
        States [1] of K samples at T times.
    groups : mapping of str to slice
        The units of every group.
    image : str
        The group that shows the image.
    shape : (int, int)
        Height and width of the image.
    limit : int
        Bytes that the file may have.

    Returns
    -------
    bytes
        The file; the same states give the same bytes.

    Raises
    ------
    ShapeError
        If the arrays do not match, hold values that are not finite, or nothing of them fits into `limit`.
    """
    array = finite_array(states, "states of the animation", 3)
    pixels = len(range(array.shape[2])[groups[image]])
    if pixels != math.prod(shape):
        raise ShapeError(
            f"animation: group {image!r} has {pixels} units but its image is {shape[0]} x {shape[1]} pixels; give the "
            "shape of its images"
        )
    names = [image, *(name for name in groups if name != image)]
    parts = [_levels(array[:, :, groups[name]]) for name in names]
    for levels, every in _SMALLER:
        kept = np.arange(len(array) - 1, -1, -every)[::-1]
        frames = [
            _frame([np.minimum((part[k] * levels).astype(np.uint8), levels - 1) for part in parts], shape, levels)
            for k in kept
        ]
        content = _gif(list(_with_time(frames, kept / max(len(array) - 1, 1), levels)), levels)
        if len(content) <= limit:
            return content
    raise ShapeError(f"animation: its states do not fit into {limit:,} bytes: show fewer samples or units")


def _levels(states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the states of a group between 0 and 1, on one scale for all times."""
    low, high = state_limits(states)
    return np.clip((states - low) / (high - low), 0.0, 1.0)


def _frame(parts: list[NDArray[np.uint8]], shape: tuple[int, int], levels: int) -> NDArray[np.uint8]:
    """Return a frame from the gray levels of each group, (samples, units) each; `levels` is the color of the page."""
    scale = max(1, _SIDE // max(shape))
    height = shape[0] * scale
    rows = []
    for sample in range(len(parts[0])):
        blocks = [np.kron(parts[0][sample].reshape(shape), np.ones((scale, scale), dtype=np.uint8))]
        blocks += [_rectangle(part[sample], height, levels) for part in parts[1:]]
        rows.append(_joined(blocks, levels, axis=1))
    return np.pad(_joined(rows, levels, axis=0), _GAP, constant_values=levels)


def _rectangle(values: NDArray[np.uint8], height: int, levels: int) -> NDArray[np.uint8]:
    """Return units row by row in squares as large as fit into a square of `height`, or a wider one where none do."""
    columns = math.isqrt(len(values) - 1) + 1
    size = max(1, height // columns)
    rows = min(-(-len(values) // columns), height // size)
    columns = -(-len(values) // rows)
    grid = np.full(rows * columns, levels, dtype=np.uint8)
    grid[: len(values)] = values
    block = np.kron(grid.reshape(rows, columns), np.ones((size, size), dtype=np.uint8))
    return np.pad(block, ((0, height - len(block)), (0, 0)), constant_values=levels)


def _joined(blocks: list[NDArray[np.uint8]], levels: int, axis: int) -> NDArray[np.uint8]:
    """Return blocks beside or below each other with gaps between them."""
    widths = [(0, 0), (0, 0)]
    widths[axis] = (0, _GAP)
    padded = [np.pad(block, widths, constant_values=levels) for block in blocks[:-1]]
    return np.concatenate([*padded, blocks[-1]], axis=axis)


def _with_time(frames: list[NDArray[np.uint8]], times: NDArray[np.float64], levels: int) -> Iterator[NDArray[np.uint8]]:
    """Yield frames with a bar below that is as long as the time, a fraction of the whole."""
    for frame, time in zip(frames, times, strict=True):
        bar = np.full((_BAR + _GAP, frame.shape[1]), levels, dtype=np.uint8)
        bar[:_BAR, _GAP : _GAP + round(time * (frame.shape[1] - 2 * _GAP))] = levels + 1
        yield np.concatenate([frame, bar])


def _gif(frames: list[NDArray[np.uint8]], levels: int) -> bytes:
    load_matplotlib()  # which needs Pillow and brings it
    from PIL import Image

    palette = [round(255 * k / (levels - 1)) for k in range(levels) for _ in range(3)] + [*_PAPER, *_BAR_COLOR]
    pictures = []
    for frame in frames:
        picture = Image.frombytes("P", frame.shape[::-1], frame.tobytes())
        picture.putpalette(palette)
        pictures.append(picture)
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=[_FRAME] * (len(frames) - 1) + [_LAST],
        loop=0,
        optimize=False,
    )
    return buffer.getvalue()
