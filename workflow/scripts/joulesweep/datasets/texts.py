"""Texts in a CSV file: a column of texts, a column of labels, and the tokenizer of the model."""

from typing import Any

import numpy as np

from joulesweep import digest
from joulesweep.datasets import _csv_file, _labels, base
from joulesweep.datasets._own_files import OwnFiles
from joulesweep.datasets.base import Examples
from joulesweep.errors import UserError

SETTINGS = {
    "file": {
        "type": "string", "minLength": 1, "format": "file", "part": "test",
        "description": "CSV file in UTF-8 with commas, whose first line names the columns.",
    },
    "train": {
        "type": "string", "minLength": 1, "format": "file", "part": "train", "default": None,
        "description": "File with other examples, likewise, with which int8 is calibrated.",
    },
    "text": {
        "type": "string", "minLength": 1, "default": "text",
        "description": "Column with the texts.",
    },
    "label": {
        "type": "string", "minLength": 1, "default": "label",
        "description": "Column with the labels: whole numbers, real numbers, or names of classes.",
    },
    "classes": {
        "type": "string", "minLength": 1, "format": "file", "default": None,
        "description": "Text file with one class per line, in the order of the model's outputs. Without it, sorted by name.",
    },
    "tokenizer": {
        "type": "string", "minLength": 1, "format": "file",
        "description": "The model's `tokenizer.json`, as the library `tokenizers` writes it.",
    },
    "length": {
        "type": "integer", "minimum": 1, "maximum": 1000000,
        "description": "Tokens per example: longer texts are cut, shorter ones are padded.",
    },
}  # fmt: skip

_PADS = ("[PAD]", "<pad>", "<|endoftext|>", "</s>")  # tokens that tokenizers without settings for padding have


class DataSet(OwnFiles):
    """Tokens `input_ids` with `attention_mask` and `token_type_ids`, each [length]."""

    libraries = ("tokenizers",)

    @property
    def preprocessing(self) -> str:
        """In words."""
        return f"split into tokens, cut or padded to {self.settings['length']}"

    def examples(self, file: str) -> Examples:
        """The rows of a file."""
        text, label = self.settings["text"], self.settings["label"]
        cells = _csv_file.columns(file, [text, label])
        labels, names = _labels.of_cells(cells[label], self.settings["classes"], file)
        tokenizer = _tokenizer(self.settings["tokenizer"], self.settings["length"])
        texts = cells[text]

        def read(place: int) -> dict[str, np.ndarray]:
            encoded = tokenizer.encode(texts[place])
            return {
                "input_ids": np.array(encoded.ids, np.int64),
                "attention_mask": np.array(encoded.attention_mask, np.int64),
                "token_type_ids": np.array(encoded.type_ids, np.int64),
            }

        return Examples(labels, read, digest.of_text(str(texts)), names)


def _tokenizer(file: str, length: int) -> Any:
    """The tokenizer of a file, which makes `length` tokens of every text.

    Raises:
        UserError: the library is missing, or cannot read the file.
    """
    with base.needs("texts", "tokenizers"):
        from tokenizers import Tokenizer
    try:
        tokenizer = Tokenizer.from_file(file)
    except Exception as error:  # the library raises Exception itself
        raise UserError(f"data: {file} is no tokenizer.json ({error})") from error
    own = tokenizer.padding or {}
    pad = next((token for token in _PADS if tokenizer.token_to_id(token) is not None), None)
    if not own and pad is not None:
        own = {"pad_id": tokenizer.token_to_id(pad), "pad_token": pad}
    kept = {name: own[name] for name in ("direction", "pad_id", "pad_type_id", "pad_token") if name in own}
    tokenizer.enable_padding(length=length, **kept)
    tokenizer.enable_truncation(length)
    return tokenizer
