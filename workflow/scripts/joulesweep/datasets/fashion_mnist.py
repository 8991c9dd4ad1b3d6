"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 28 x 28 pixels, 10 kinds of clothes, 60,000 images for training, 10,000 for the test.

Read from the four compressed files in which it is published and which Debian packages; their format is that of MNIST (IDX).
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from joulesweep.datasets import base
from joulesweep.datasets.base import Examples
from joulesweep.errors import UserError

SETTINGS = {
    "folder": {
        "type": "string",
        "minLength": 1,
        "format": "folder",
        "default": "/usr/share/datasets/fashion-mnist",
        "missing": "apt-get install dataset-fashion-mnist, or without root: apt-get download dataset-fashion-mnist && "
        "dpkg-deb -x dataset-fashion*.deb data, then folder: data/usr/share/datasets/fashion-mnist",
        "description": "Folder with the four files of Fashion-MNIST, where Debian's package `dataset-fashion-mnist` has them.",
    },
}

_CLASSES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
_UNSIGNED_BYTE = 8  # the type of the elements, in the third byte of an IDX file


class DataSet(base.DataSet):
    """Images [1, 28, 28]."""

    libraries = ()

    @property
    def preprocessing(self) -> str:
        """In words."""
        return "values from 0 to 1"

    def test(self) -> Examples:
        """10,000 images."""
        return self._part("t10k")

    def train(self) -> Examples:
        """60,000 images."""
        return self._part("train")

    def _part(self, name: str) -> Examples:
        folder = Path(self.settings["folder"])
        images = read_idx(folder / f"{name}-images-idx3-ubyte.gz")
        labels = read_idx(folder / f"{name}-labels-idx1-ubyte.gz")
        if images.shape != (len(labels), 28, 28) or labels.max(initial=0) >= len(_CLASSES):
            raise UserError(
                f"data: {folder}: images of shape {images.shape} and {len(labels)} labels are no Fashion-MNIST"
            )
        raw = base.in_memory(labels.astype(np.int64), image=images)
        return Examples(
            raw.labels,
            lambda place: {"image": raw.read(place)["image"][None].astype(np.float32) / 255},
            raw.content,
            _CLASSES,
        )


def read_idx(file: Path) -> np.ndarray:
    """The bytes of a compressed IDX file, in the shape that its header says.

    Raises:
        UserError: there is no such file, or it is damaged or something else.
    """
    try:
        content = gzip.decompress(file.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"data: {file} cannot be read: {error}") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise UserError(f"data: {file} is no IDX file of bytes")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise UserError(f"data: {file} ends within its header")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) - start != np.prod(shape, dtype=np.int64):
        raise UserError(
            f"data: {file} holds {len(content) - start} bytes; its header says {' x '.join(map(str, shape))}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
