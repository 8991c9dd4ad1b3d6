"""Images in a folder with one folder per class, as torchvision's ImageFolder takes them."""

from pathlib import Path
from typing import Any

import numpy as np

from joulesweep.datasets import _class_folders, base
from joulesweep.datasets._own_files import OwnFiles
from joulesweep.datasets.base import Examples
from joulesweep.errors import UserError

SETTINGS = {
    "folder": {
        "type": "string", "minLength": 1, "format": "folder", "part": "test",
        "description": "Folder with one folder of images per class.",
    },
    "train": {
        "type": "string", "minLength": 1, "format": "folder", "part": "train", "default": None,
        "description": "Folder with other images, likewise, with which int8 is calibrated.",
    },
    "classes": {
        "type": "string", "minLength": 1, "format": "file", "default": None,
        "description": "Text file with one class per line, in the order of the model's outputs. Without it, sorted by name.",
    },
    "resize": {
        "type": "integer", "minimum": 1, "maximum": 100000, "default": None,
        "description": "Pixels of the smaller side after resizing (bilinear); the other side keeps the ratio.",
    },
    "crop": {
        "type": ["integer", "array"], "minimum": 1, "maximum": 100000, "minItems": 2, "maxItems": 2,
        "items": {"type": "integer", "minimum": 1, "maximum": 100000}, "default": None,
        "expected": "a number of pixels, or height and width as in [48, 64]",
        "description": "The part that is cut out of the middle: the side of a square, or height and width.",
    },
    "channels": {
        "enum": [1, 3], "default": 3,
        "description": "3 for red, green and blue, 1 for shades of grey.",
    },
    "mean": {
        "type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "number"}, "default": None,
        "expected": "a list with one number per channel",
        "description": "Subtracted from the values, which go from 0 to 1, per channel.",
    },
    "std": {
        "type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "number"}, "default": None,
        "expected": "a list with one number per channel",
        "description": "What the values are divided by after that, per channel.",
    },
}  # fmt: skip

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
_MODES = {1: "L", 3: "RGB"}


class DataSet(OwnFiles):
    """Images [channels, height, width], decoded by Pillow."""

    test_setting = "folder"
    libraries = ("pillow",)

    @property
    def preprocessing(self) -> str:
        """In words."""
        resize, crop = self.settings["resize"], self.settings["crop"]
        words = [
            f"smaller side resized to {resize} pixels (bilinear)" if resize else "",
            "middle of {} × {} pixels cut out".format(*_sides(crop)) if crop else "",
            "shades of grey" if self.settings["channels"] == 1 else "",
            "values from 0 to 1",
            base.scaling(self.settings, self.settings["channels"])[2],
        ]
        return ", ".join(filter(None, words))

    def examples(self, folder: str) -> Examples:
        """The images of a folder."""
        with base.needs("images", "pillow"):
            import PIL.Image  # noqa: F401 - asked for here, so that its absence is one line
        files, labels, names = _class_folders.files_and_labels(Path(folder), _SUFFIXES, self.settings["classes"])
        mean, std, _ = base.scaling(self.settings, self.settings["channels"])
        mean, std = mean[:, None, None], std[:, None, None]

        def read(place: int) -> dict[str, np.ndarray]:
            return {"image": (self._decoded(files[place]) - mean) / std}

        return Examples(labels, read, _class_folders.content_of(files), names)

    def _decoded(self, file: Path) -> np.ndarray:
        """The image of a file, [channels, height, width], resized and cropped, values from 0 to 1."""
        from PIL import Image

        with Image.open(file) as opened:
            image: Any = opened.convert(_MODES[self.settings["channels"]])
        if resize := self.settings["resize"]:
            width, height = image.size
            smaller = min(width, height)
            # The other side is rounded down, as torchvision's Resize does.
            sides = (
                (resize, int(resize * height / smaller)) if width <= height else (int(resize * width / smaller), resize)
            )
            image = image.resize(sides, Image.Resampling.BILINEAR)
        if crop := self.settings["crop"]:
            image = _cropped(image, *_sides(crop), file)
        values = np.asarray(image, np.float32) / 255
        return values[None] if values.ndim == 2 else values.transpose(2, 0, 1)


def _sides(crop: int | list[int]) -> tuple[int, int]:
    """Height and width of what is cut out."""
    height, width = crop if isinstance(crop, list) else (crop, crop)
    return height, width


def _cropped(image: Any, height: int, width: int, file: Path) -> Any:
    """The middle of an image.

    Raises:
        UserError: the image is smaller than that.
    """
    if image.width < width or image.height < height:
        raise UserError(
            f"data: {file} has {image.height} x {image.width} pixels, fewer than crop takes ({height} x {width}); resize it first"
        )
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))
