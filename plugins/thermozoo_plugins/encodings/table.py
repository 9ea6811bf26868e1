"""Signals from a file."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Encoding, option
from thermozoo.errors import DataError
from thermozoo.interfaces import Images, Labels, Random, Signals
from thermozoo_plugins.encodings.table_files import read_table


@attrs.frozen
class Table(Encoding):
    r"""Each image is shown the signals in its row of a file.

    .. math:: s_{ni} = T_{ni}

    with T the table: comma-separated numbers (``.csv``, lines that begin with # are comments), or a NumPy array
    (``.npy``); one row for each image, in the order of the images, and one column for each unit.

    References
    ----------
    None: the signals are the user's.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import Table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "codes.csv"
    ...     _ = file.write_text("1, -1, 1\n-1, 1, 1\n")
    ...     Table(path=str(file)).encode(np.zeros((2, 4)), np.array([0, 1]), 3, random=None)
    array([[ 1., -1.,  1.],
           [-1.,  1.,  1.]])
    """

    name = "table"

    path: str = option("signals.csv", doc="the file, .csv or .npy")

    def units(self, images: Images, labels: Labels) -> int:
        """Return the number of columns."""
        return int(self._rows(len(images)).shape[1])

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the rows of the table."""
        self.check_size(size, self.units(images, labels))
        return self._rows(len(images))

    def _rows(self, images: int) -> npt.NDArray[np.float64]:
        rows = read_table(Path(self.path).expanduser())
        if len(rows) != images:
            raise DataError(
                f"the encoding 'table' needs one row for each of {images} images, but {self.path} has {len(rows)} rows"
            )
        return rows
